"""The dashboard of logs, and with pages, that mean it ill: it says what is wrong, and goes on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.summary.series import Histograms, PrecisionRecall
from minitensor_widgets import Dashboard, dashboard
from minitensor_widgets.summaries.samples import Log


def whole(shown: Any) -> Dashboard:
    """Draw and say all of it; what JSON cannot hold is an error."""
    json.dumps(shown._state(), allow_nan=False)
    assert shown.to_svg()
    assert shown.description()
    assert shown.to_html()
    return shown


def series(kind: Any, values: Any) -> Log:
    steps = np.arange(len(values))
    return Log([kind("a", "tag", steps, steps * 1.0, values)])


@pytest.mark.parametrize("count", [1e308, np.inf, np.nan, -5.0])
def test_counts_that_no_sum_can_hold_are_said_to_be_lost(count):
    rows = np.array([[0.0, 1.0, count], [1.0, 2.0, count], [2.0, 3.0, 4.0]])
    shown = whole(dashboard(series(Histograms, [rows])))
    (card,) = shown.record["kinds"]["histograms"]
    assert card["sizes"] == [4]
    assert (card["lost"][0] is None) == (count == -5)


@pytest.mark.parametrize("size", [0, 3])
def test_a_precision_recall_curve_without_numbers_is_left_out(size):
    curves = np.full((2, 6, size), 0.5)
    curves[1, 4, 1:2] = np.nan
    shown = whole(dashboard(series(PrecisionRecall, curves)))
    (card,) = shown.record["kinds"]["pr_curves"]
    assert len(card["entries"]) == (1 if size else 0)
    assert card["note"].endswith("without thresholds or with NaN: left out.")


@pytest.fixture
def embedded(tmp_path):
    with mt.summary.create_file_writer(tmp_path).as_default():
        pictures = np.ones((5, 2, 2, 1), np.float32)
        mt.summary.embedding("points", np.eye(5, 3), images=pictures)
    return tmp_path


def test_an_embedding_of_nothing_but_nan_does_not_hide_the_others(embedded):
    (vectors,) = embedded.glob("projector/*points.tsv")
    vectors.write_text("nan\tnan\tnan\n" * 5)
    shown = whole(dashboard(embedded))
    assert "projector" not in shown.record["kinds"]
    assert "each of its points holds NaN or infinity" in shown.record["problems"][0]


@pytest.mark.parametrize("size", [8, 18, 23])
def test_thumbnails_that_are_cut_off_are_left_out(embedded, size):
    (sprite,) = embedded.glob("projector/*.png")
    sprite.write_bytes(sprite.read_bytes()[:size])
    (card,) = whole(dashboard(embedded)).record["kinds"]["projector"]
    assert card["sprite"] is None

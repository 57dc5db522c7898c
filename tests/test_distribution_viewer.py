"""Histograms and distributions of tensors: their axes, records, figures and words."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from minitensor_widgets import Histogram, HistogramWidget, histogram

RANDOM = np.random.default_rng(5)


def words(figure):
    """All texts of a figure in order."""
    return [
        node.text for node in ElementTree.fromstring(figure).iter() if node.tag.endswith("}text")
    ]


# ---- one histogram


def test_a_histogram_has_an_axis_of_counts():
    found = words(histogram(np.repeat([0.0, 1.0], [30, 70]), bins=2).to_svg())
    assert [text for text in found if re.fullmatch(r"\d+", text or "")][:4] == [
        "0",
        "20",
        "40",
        "60",
    ]
    assert "elements; most in a bin: 70" in found


def test_the_axis_of_logarithms_has_powers_of_ten():
    found = words(histogram(np.repeat([0.0, 1.0], [3, 2000]), bins=2, log=True).to_svg())
    assert {"1", "10", "100", "1000"} <= set(found)


@pytest.mark.parametrize(
    "edges", [[], [0.0, 1.0], [0.0, 1.0, None]], ids=["none", "too few", "not finite"]
)
def test_counts_without_edges_that_fit_are_said_and_not_drawn(edges):
    widget = HistogramWidget([1.0, 2.0], bins=2)
    widget.histogram = {"version": 1, "counts": [1, 2], "edges": edges}
    assert widget.histogram["counts"] == []
    assert "2 counts without edges that fit: no bars." in " ".join(words(widget.to_svg()))
    assert "no bars" in widget.island().description()


def test_an_older_histogram_without_edges_is_let_go():
    record = histogram([1.0, 2.0], bins=2).record
    shown = Histogram({**record, "before": {"counts": [1, 2], "edges": []}})
    assert shown.record["before"] is None
    assert shown.record["counts"] == [1, 1]
    ElementTree.fromstring(shown.to_svg())

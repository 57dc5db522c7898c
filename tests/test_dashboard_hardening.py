"""The dashboard of logs, and with pages, that mean it ill: it says what is wrong, and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from typing import Any

import numpy as np
import pytest
import traitlets

import minitensor as mt
from minitensor.summary.series import Histograms, PrecisionRecall
from minitensor_widgets import Dashboard, DashboardWidget, dashboard
from minitensor_widgets.summaries import following, samples
from minitensor_widgets.summaries.news import News
from minitensor_widgets.summaries.records import dashboard_record
from minitensor_widgets.summaries.samples import Log
from minitensor_widgets.summaries.sources import Source


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


def test_steps_and_times_that_are_far_apart_stay_where_they_are():
    steps, times = np.array([-(2**63), 2**63 - 1, 0]), np.array([np.nan, np.inf, 2.0])
    shown = whole(dashboard(Log([samples.Scalars("a", "tag", steps, times, np.arange(3.0))])))
    (line,) = shown.record["kinds"]["scalars"][0]["lines"]
    assert np.cumsum(np.array(line["x"], object)).tolist() == [-(2**63), 2**63, 0]
    assert np.cumsum(line["t"]).tolist() == [0, 8.64e15, 2000]


@pytest.mark.parametrize("odd", [np.nan, np.inf, 1e38, -1.0])
@pytest.mark.parametrize("size", [0, 3])
def test_a_precision_recall_curve_without_numbers_is_left_out(size, odd):
    curves = np.full((2, 6, size), 0.5)
    curves[1, 4, 1:2] = odd
    shown = whole(dashboard(series(PrecisionRecall, curves)))
    (card,) = shown.record["kinds"]["pr_curves"]
    assert len(card["entries"]) == (1 if size else 0)
    assert card["note"].endswith("without thresholds or of no use: left out.")


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


ODD = [None, -1, 1.5, 10**400, "../../etc/passwd", [], [[1]], {}, {"a": 1}, True]


@pytest.fixture
def widget():
    log = samples.training(runs=2, points=20)
    made = DashboardWidget(dashboard_record(log, "runs", 50_000, live=True), log)
    yield made
    made.close()


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_what_a_page_asks_and_says_it_sees_never_ends_who_answers(widget, odd):
    sent = []
    widget.send = lambda content, buffers=None: sent.append(content)
    widget._asked(widget, odd, [])
    widget._asked(widget, {"ask": 1, "what": odd, "args": odd}, [])
    widget._asked(widget, {"ask": 2, "what": "scalars", "args": {"tag": odd, "low": odd}}, [])
    widget._asked(widget, {"visible": {"scalars": odd, "hparams": odd, "x": [odd]}}, [])
    assert [content["answer"] for content in sent] == [1, 2]
    news = News(widget._source, widget.dashboard)
    news.visible = widget.visible
    assert all(head for head, _ in news.messages())


@pytest.mark.parametrize("odd", [odd for odd in ODD if isinstance(odd, dict)], ids=repr)
def test_a_page_cannot_take_the_record_away(widget, odd):
    with pytest.raises(traitlets.TraitError, match="no record of a dashboard"):
        widget.set_state({"dashboard": odd})
    assert len(widget.dashboard["runs"]) == 2
    whole(widget.island())


@pytest.mark.parametrize("damage", [b"", b"\0" * 5000])
def test_a_run_that_is_written_anew_does_not_end_the_dashboard(tmp_path, damage):
    with mt.summary.create_file_writer(tmp_path).as_default():
        for step in range(40):
            mt.summary.scalar("loss", float(step), step=step)
            mt.summary.histogram("weights", [1.0, 2.0], step=step)
    log = mt.summary.read(tmp_path)
    news = News(log, dashboard_record(log, "runs", 50_000))
    news.visible = {kind: ["loss", "weights"] for kind in ("scalars", "histograms")}
    (file,) = tmp_path.glob("*tfevents*")
    whole_file = file.read_bytes()
    file.write_bytes(damage)
    log.refresh()
    assert list(news.messages()) == []
    file.write_bytes(whole_file[: len(whole_file) // 2])
    log.refresh()
    (lines,) = [content["news"]["lines"] for content, _ in news.messages() if "news" in content]
    assert 0 < lines[0][2] < 40
    assert lines[0][3] is True  # what the page knows of the old file goes


def test_arguments_that_are_wrong_are_lessons(tmp_path):
    with pytest.raises(TypeError, match="a regex, such as"):
        dashboard(tmp_path, tags=5)  # pyright: ignore[reportArgumentType]
    assert dashboard(tmp_path, title=7).title == "7"  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("odd", [None, "x", "0.5", True, [0.5], 1j])
def test_a_smoothing_that_is_no_number_is_a_lesson(odd):
    with pytest.raises(TypeError, match=r"smoothing=.*, which is no number\. It is a number from"):
        dashboard(samples.training(points=3), smoothing=odd)


@pytest.mark.parametrize("odd", [np.nan, -0.1, 1.5, np.inf])
def test_a_smoothing_that_is_out_of_range_is_a_lesson(odd):
    with pytest.raises(ValueError, match=r"smoothing=.*It is a number from 0, as recorded"):
        dashboard(samples.training(points=3), smoothing=odd)


def test_a_smoothing_may_be_any_number_from_0_to_1():
    weights: list[Any] = [0, 1, np.float32(0.5), mt.constant(0.25)]
    log = samples.training(points=3)
    looks = [dashboard(log, smoothing=weight)._state()["smoothing"] for weight in weights]
    assert looks == [0.0, 0.99, 0.5, 0.25]


def test_a_link_to_what_may_not_be_looked_at_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "closed").symlink_to(tmp_path / "elsewhere")

    def stat(path, *args, _stat=os.stat, **options):
        if str(path).endswith("closed") and options.get("follow_symlinks", True):
            raise PermissionError(13, "Permission denied", str(path))
        return _stat(path, *args, **options)

    monkeypatch.setattr(os, "stat", stat)
    assert mt.summary.read(tmp_path).runs == []


def test_the_thread_has_nothing_large_to_import():
    code = """
import sys
from minitensor_widgets.summaries import following
following._has_widgets()
print("minitensor.views" in sys.modules, "minitensor_widgets.live.summaries" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "True"]


def test_a_fault_while_it_follows_leaves_an_island_and_not_a_dead_widget(monkeypatch):
    class Place:
        shown: Any = None

        def update(self, shown: Any, **_: Any) -> None:
            self.shown = shown

    def broken() -> float:
        raise OSError("a fault of ours")

    made = following.LiveDashboard(Source(samples.training(runs=1), None, None, {}))
    place = Place()
    made._handles = [place]
    monkeypatch.setattr(made, "tick", broken)
    with pytest.raises(OSError, match="a fault of ours"):
        following._follow(weakref.ref(made))
    assert isinstance(place.shown, Dashboard)
    assert made._closed


def test_curves_of_precision_have_the_colour_of_their_run():
    rows = np.ones((1, 6, 3), np.float32)
    curve = PrecisionRecall("b", "tag", np.arange(1), np.arange(1.0), rows)
    scalars = samples.curve("a", "loss", np.arange(3.0))
    svg = dashboard(Log([scalars, curve])).to_svg()
    assert [hue in svg for hue in ("#0072b2", "#b35900", "#00755a")] == [True, True, False]

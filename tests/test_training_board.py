"""What stays of a run: bounded series, records, figures, islands and the board widget."""

from __future__ import annotations

import gc
import json
import math
import re
import weakref
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import Board, BoardFigure, BoardWidget, assets, samples, track
from minitensor_widgets.training.bars import Bar
from minitensor_widgets.training.ridges import rebin
from minitensor_widgets.training.run import Run
from minitensor_widgets.training.series import (
    MOST_HISTOGRAMS,
    MOST_POINTS,
    Histograms,
    Series,
    histogram,
    thin,
)

from .conftest import Clock

# ---- numbers over steps


def test_a_long_series_stays_small_and_keeps_its_ends_and_extremes() -> None:
    series = Series()
    values = np.random.default_rng(0).normal(size=50_000)
    values[31_234], values[17] = 99.0, -99.0
    for value in values:
        series.add(None, float(value))
    assert series.count == 50_000
    assert len(series.x) <= 2 * MOST_POINTS
    assert (series.x[0], series.x[-1], series.y[-1]) == (0, 49_999, values[-1])
    pairs = dict(zip(series.x, series.y, strict=True))
    assert (pairs[31_234], pairs[17]) == (99.0, -99.0)


def test_thinning_keeps_the_envelope_and_marks_what_is_no_number() -> None:
    x = list(range(10_000))
    y = [math.sin(i / 300) + (0.2 if i % 2 else -0.2) for i in x]
    y[5_000] = math.nan
    a, b = thin(x, y, 900)
    assert len(a) <= 900
    assert a == sorted(set(a))
    assert 5_000 in a
    for low in range(0, 10_000, 1000):
        near = [v for i, v in zip(a, b, strict=True) if low - 40 <= i < low + 1040]
        real = [v for v in y[low : low + 1000] if not math.isnan(v)]
        assert np.nanmax(near) >= max(real), "no slice is wider than 40 steps"
        assert np.nanmin(near) <= min(real)


@pytest.mark.parametrize("x", [[0.0] * 5000, [float(i % 7) for i in range(5000)]])
def test_steps_that_do_not_rise_are_thinned_too(x: list[float]) -> None:
    assert len(thin(x, [float(i) for i in range(5000)], 100)[0]) <= 100


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "bool"])
def test_a_histogram_counts_what_numpy_counts(dtype: str) -> None:
    array = (np.random.default_rng(0).normal(size=(20, 30)) * 5).astype(dtype)
    found = histogram(array)
    wanted, edges = np.histogram(array.astype(np.float64), bins=64)
    assert found["counts"] == wanted.tolist()
    assert (found["low"], found["high"]) == (edges[0], edges[-1])


@pytest.mark.parametrize(
    ("array", "size", "nans"),
    [([], 0, 0), ([math.nan, math.inf], 2, 2), (3.0, 1, 0), ([1e8, 1e8], 2, 0), ([0, 1e300], 2, 0)],
)
def test_a_histogram_of_anything(array: Any, size: int, nans: int) -> None:
    found = histogram(array)
    assert (found["size"], found["nans"]) == (size, nans)
    assert sum(found["counts"]) == size - nans
    assert found["low"] < found["high"]


@pytest.mark.parametrize("array", ["words", [1j], object()])
def test_what_cannot_be_counted_is_refused(array: Any) -> None:
    with pytest.raises(TypeError, match="counts real numbers"):
        histogram(array)


def test_names_and_steps_may_be_of_any_kind() -> None:
    board = Board("kinds")
    steps = mt.Variable(3, dtype=mt.int64)
    board.scalar(1, 2, step=steps)  # type: ignore[arg-type]
    steps.assign_add(1)
    board.scalar(1, 10**30, step=steps)  # type: ignore[arg-type]
    board.histogram("w", [1.0], step=np.float64(2.5))
    for step in (math.nan, math.inf):
        with pytest.raises(ValueError, match="no place on an axis"):
            board.scalar("loss", 1.0, step=step)
    with pytest.raises(TypeError, match="'huge'"):
        board.scalar("huge", 10**400)
    record = board.record()
    assert record["scalars"] == [
        {"name": "1", "lines": [{"run": "", "x": [3, 4], "y": [2.0, 1e30], "count": 2}]}
    ]
    assert record["histograms"][0]["lines"][0]["items"][0]["step"] == 2.5
    ET.fromstring(board.figure().to_svg())
    board.close()


def test_histograms_stay_bounded_and_keep_the_last() -> None:
    kept = Histograms()
    for step in range(2000):
        kept.add(step, {"counts": []})
    steps = [item["step"] for item in kept.items]
    assert len(steps) <= MOST_HISTOGRAMS
    assert (steps[0], steps[-1], kept.count) == (0, 1999, 2000)
    assert max(np.diff(steps)) <= 20, "no hole is wider than a hundredth"


def test_other_bins_hold_the_same_numbers() -> None:
    item = {"low": -1.0, "high": 3.0, "counts": [3, 0, 5, 2]}
    found = rebin(item, -5.0, 5.0, 20)
    assert sum(found) == pytest.approx(10)
    assert found[8:10] == [1.5, 1.5]
    assert sum(rebin(item, -1e9, 1e9)) == pytest.approx(10)


# ---- figures and records


def finished(points: int = 40) -> Run:
    run = Run("A run")
    for i in range(points):
        run.log("loss", 2.0 * math.exp(-i / 9), i, "training")
        run.log("loss", 2.2 * math.exp(-i / 9), i, "validation")
        if i % 10 == 0:
            run.add_histogram("kernel", np.linspace(-1 - i, 1, 50), i)
    run.bars = [Bar("Epoch 4/4", points, "step", done=points, values={"loss": 0.1})]
    run.end("finished")
    return run


def test_a_figure_is_well_formed_the_same_each_time_and_without_times() -> None:
    one, two = (BoardFigure(finished().record(timed=False)) for _ in range(2))
    assert one.to_html() == two.to_html()
    root = ET.fromstring(one.to_svg())
    words = " ".join(root.itertext())
    assert "loss, training: last 0.026" in words
    assert "Epoch 4/4" in words
    assert not re.search(r"\d s\b|\bms\b", words)
    sizes = [
        float(size) for size in re.findall(r"font(?:-size)?:(?:\d+ )?([\d.]+)px", one.to_svg())
    ]
    assert min(sizes) >= 10
    assert re.search(r"after \d", BoardFigure(finished().record()).title)


def test_an_island_stays_below_its_size_however_much_was_logged() -> None:
    run = Run("much")
    random = np.random.default_rng(0)
    for i in range(6000):
        for name in range(6):
            run.log(f"value {name}", float(random.normal()), i)
    for i in range(300):
        for name in range(6):
            run.add_histogram(f"layer {name}", random.normal(size=1000), i)
    run.end("finished")
    assert len(BoardFigure(run.record()).to_html(static=False)) < 250_000
    small = BoardFigure(finished(200).record()).to_html(static=False)
    assert len(small) < 80_000


def test_a_bar_alone_is_text_and_needs_no_script() -> None:
    run = Run("short")
    run.bars = [Bar("reading", 3, done=3)]
    run.end("finished")
    html = BoardFigure(run.record(timed=False)).to_html(static=False)
    assert "<script" not in html
    assert len(html) < 3000
    assert BoardFigure(run.record(timed=False)).description() == "reading ━━━━━━━━━━━━━━━━━━━━ 3/3"


@pytest.mark.parametrize("name", samples.HOSTILE)
def test_hostile_names_are_text(name: str) -> None:
    run = Run(name)
    for i in range(3):
        run.log(name, i, i, name)
        run.add_histogram(name, [i, i + 1], i)
    run.bars = [Bar(name, 3, name, words=name, values={name: 1.0})]
    run.end("failed", name)
    figure = BoardFigure(run.record(), selected=name)
    ET.fromstring(figure.to_svg())
    html = figure.to_html(static=False)
    assert "<img onerror" not in html
    assert "alert(1)</script>" not in html
    assert "<svg onload" not in html


@pytest.mark.parametrize("values", [[], [1.0], [math.nan], [math.inf, 1e8, -1e-9], [0.0] * 5])
def test_any_values_become_a_figure(values: list[float]) -> None:
    run = Run("any")
    for value in values:
        run.log("x", value)
    run.add_histogram("empty", [], None)
    run.add_histogram("scalar", 3.0, None)
    run.add_histogram("nan", [math.nan], None)
    run.end("finished")
    figure = BoardFigure(run.record())
    ET.fromstring(figure.to_svg())
    json.dumps(figure.record, allow_nan=False)
    assert figure.alt


def test_the_code_of_the_viewer_is_small() -> None:
    assert len(assets.loading("training/board")) * 3 // 4 < 14_000
    assert len(BoardWidget._esm) < 25_000


# ---- the widget


def test_a_widget_sends_what_is_new_and_all_of_it_now_and_then(clock: Clock) -> None:
    run = Run("sent")
    widget = BoardWidget(run)
    sent: list[Any] = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))  # type: ignore
    run.log("loss", 1.0)
    run.log("loss", math.nan)
    run.add_histogram("w", [1.0, 2.0], 5)
    run.settle()
    widget.follow()
    (content, buffers), head = sent[0], sent[0][0]["new"]
    assert head["scalars"] == [["loss", "", 2]]
    assert np.frombuffer(buffers[0]).tolist()[:3] == [0.0, 1.0, 1.0]
    assert np.frombuffer(buffers[1]).sum() == 2
    assert head["histograms"][0][2]["step"] == 5
    json.dumps(content, allow_nan=False)
    widget.follow()
    assert len(sent) == 1, "nothing new, nothing sent"
    clock.now += 1.0
    run.log("loss", 3.0)
    run.settle()
    widget.follow()
    assert len(sent) == 1
    assert widget.board["scalars"][0]["lines"][0]["y"] == [1.0, None, 3.0]
    widget.close()


def test_no_message_is_larger_than_64_kilobytes(clock: Clock) -> None:
    run = Run("large")
    widget = BoardWidget(run)
    sizes = []

    def size(content: Any, buffers: Any = None) -> None:
        sizes.append(len(json.dumps(content)) + sum(map(len, buffers)))

    widget.send = size  # type: ignore[assignment]
    for i in range(20_000):
        for name in range(12):
            run.log(f"v{name}", i % 17, i)
    for i in range(500):
        run.add_histogram("w", [i, i + 1.0], i)
    run.settle()
    widget.follow()
    assert 0 < max(sizes) < 64_000
    snapshot = json.dumps(widget._snapshot())
    assert len(snapshot) < 100_000
    widget.close()


def test_a_widget_is_clamped_watched_and_becomes_an_island() -> None:
    widget = BoardWidget(finished().record(), smoothing=7.0)
    assert widget.smoothing == 0.99
    seen = []
    widget.observe(lambda change: seen.append(change.new), "selected")
    widget.selected = "loss"
    assert seen == ["loss"]
    island = widget.island()
    assert isinstance(island, BoardFigure)
    assert island.looks["smoothing"] == 0.99
    with pytest.raises(TypeError, match="is no board"):
        BoardWidget(3)
    widget.close()


def test_a_board_is_shown_by_the_widget_made_for_it_and_nowhere_else(clock: Clock) -> None:
    board = Board("given")
    widget = BoardWidget(board)
    sent: list[Any] = []
    widget.send = lambda content, buffers=None: sent.append(content)  # type: ignore
    board.scalar("loss", 1.0)
    assert [head[0] for head in sent[0]["new"]["scalars"]] == ["loss"]
    clock.now += 1.0
    board.scalars({"loss": 0.5, "accuracy": 0.25})
    board.close()
    assert widget.board["state"] == "finished"
    assert [plot["name"] for plot in widget.board["scalars"]] == ["loss", "accuracy"]
    assert widget.comm is not None, "it stays open: it may be one of several in a box"
    widget.close()


def test_no_board_is_kept() -> None:
    gone = []
    for name in ("one", "one", "two"):
        with Board(name) as board:
            board.scalar("loss", mt.constant(1.0))
            board.histogram("w", mt.ones(3))
        gone += [weakref.ref(board), weakref.ref(board._stage), weakref.ref(board._stage.run)]
        del board
    walked = track([1, 2])
    list(walked)
    gone.append(weakref.ref(walked))
    del walked
    gc.collect()
    assert [ref() for ref in gone if ref() is not None] == []


# ---- numbers at the ends of what there is


def test_infinity_is_not_called_nan_and_is_marked_to_the_end() -> None:
    run = Run("inf")
    for step in range(200):
        run.log("loss", 1.0 if step < 10 else math.inf)
    run.end("finished")
    figure = BoardFigure(run.record())
    text = figure.description()
    assert "last inf" in text
    assert "190 infinite" in text
    assert "not a number" not in text
    assert re.search(r"finished after \S+ \S+ · loss became infinite at step 10", text)
    (marks,) = re.findall(r'class="nn" d="([^"]+)"', figure.to_svg())
    places = [float(x) + 4 for x in re.findall(r"M([\d.]+),", marks)]
    right = (700 - 2 * 12 - 14) / 2 - 12
    assert max(places) > right - 10, "crosses reach the last step"
    assert len(places) < 45


@pytest.mark.parametrize(
    "values", [[1e308, -1e308], [1.7e308] * 2, [1.0, 1.0 + 2**-52], [5e-324, 0.0]]
)
def test_the_largest_and_smallest_numbers_are_drawn(values: list[float]) -> None:
    run = Run("ends")
    for value in values:
        run.log("loss", value)
    run.add_histogram("h", values, None)
    run.end("finished")
    svg = BoardFigure(run.record()).to_svg()
    ET.fromstring(svg)
    assert not re.search(r"nan|inf", re.sub(r">[^<]*<", "><", svg))
    assert sum(run.histograms["h", ""].items[0]["counts"]) == 2


def test_the_largest_numbers_fall_into_the_outer_bins() -> None:
    found = histogram([1e308, -1e308])
    assert (found["counts"][0], found["counts"][-1]) == (1, 1)
    again = rebin(found, -1.5e308, 1.5e308)
    assert sum(again) == pytest.approx(2)


def test_ragged_lists_are_refused_with_a_lesson() -> None:
    with pytest.raises(ValueError, match=r"Board\.histogram.*rows differ in length"):
        Board("ragged").histogram("h", [[1], [1, 2]])


def test_a_widget_clamps_any_smoothing_and_waits_for_numbers() -> None:
    widget = BoardWidget(Board("w"), smoothing=10**400)
    assert widget.smoothing == 0.99
    widget.smoothing = -(10**400)
    assert widget.smoothing == 0.0
    assert "waiting for numbers" in widget.island().description()
    widget.close()

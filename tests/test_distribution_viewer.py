"""Histograms and distributions of tensors: their axes, records, figures and words."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import (
    DistributionWidget,
    Histogram,
    HistogramWidget,
    distribution,
    histogram,
    inspect,
    samples,
)

RANDOM = np.random.default_rng(5)


def words(figure):
    """All texts of a figure in order."""
    return [
        node.text or ""
        for node in ElementTree.fromstring(figure).iter()
        if node.tag.endswith("}text")
    ]


# ---- one histogram


def test_a_histogram_has_an_axis_of_counts():
    found = words(histogram(np.repeat([0.0, 1.0], [30, 70]), bins=2).to_svg())
    assert [text for text in found if re.fullmatch(r"\d+", text)][:4] == [
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


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([-0.54, 0.7, 0.1], ["-0.5", "0", "0.5"]),
        ([-3.2e-300, 2.8e-300, 0.0], ["-2.00e-300", "0", "2.00e-300"]),
        ([1e8, 1e8 + 1], ["100000000", "100000001"]),
        ([7.0, 7.0], ["4", "6", "8", "10"]),
    ],
)
def test_a_histogram_has_round_numbers_along_its_values(values, marks):
    for shown in (histogram(values).to_svg(), HistogramWidget(values).to_svg()):
        found = re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="s m">(.*?)</text>', shown)
        assert [text for _, text in found] == marks
        places = [float(x) for x, _ in found]
        assert all(b - a > 6 * len(text) for (a, b), text in
                   zip(itertools.pairwise(places), marks, strict=False))  # fmt: skip


# ---- distributions


@pytest.mark.parametrize("values", [RANDOM.normal(size=(40, 7)), RANDOM.exponential(size=501)])
def test_the_percentiles_of_a_tensor_are_exact(values):
    (found,) = distribution(mt.constant(values)).record["columns"]
    points = [0, 6.68, 15.87, 30.85, 50, 69.15, 84.13, 93.32, 100]
    np.testing.assert_allclose(found["bands"], np.percentile(values, points), rtol=1e-12)
    assert found["size"] == values.size


def test_percentiles_of_many_numbers_are_near_those_of_tensorboard():
    compressor = pytest.importorskip("tensorboard.plugins.distribution.compressor")
    values = RANDOM.normal(size=100_000)
    wanted = compressor.compress_histogram(mt.summary.bucketed(values, buckets=2000))
    (found,) = distribution(values).record["columns"]
    np.testing.assert_allclose(found["bands"], [v for _, v in wanted], atol=0.01)


def test_what_is_no_ordinary_number_is_counted_apart():
    shown = distribution([0.0, 0.0, 3.0, np.nan, np.inf, -np.inf], name="w")
    (found,) = shown.record["columns"]
    assert (found["size"], found["zeros"], found["nans"], found["infs"]) == (6, 2, 1, 2)
    assert found["bands"][0] == 0
    assert found["bands"][-1] == 3
    assert shown.description().endswith("maximum 3, 33.3 % zeros, 1 NaN, 2 infinite")
    assert "w: 33.3 % zeros, 1 NaN, 2 infinite" in words(shown.to_svg())


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]], ids=["empty", "NaN"])
def test_without_a_finite_number_there_are_no_bands(values):
    shown = distribution(values)
    assert shown.record["columns"][0]["bands"] is None
    assert 'class="bm" d="MM' not in shown.to_svg()
    ElementTree.fromstring(shown.to_svg())


def test_the_largest_numbers_have_percentiles():
    (found,) = distribution([-1.7e308, 1.7e308]).record["columns"]
    assert found["bands"][0] == -1.7e308
    assert found["bands"][4] == 0
    ElementTree.fromstring(distribution([-1.7e308, 1.7e308]).to_svg())


def test_tensors_stand_side_by_side_by_name():
    shown = distribution({"a": mt.constant([1.0, 2.0]), "b": [3]})
    assert [item["name"] for item in shown.record["columns"]] == ["a", "b"]
    assert shown.record["steps"] is None
    dense = mt.keras.layers.Dense(3)
    dense.build((None, 2))
    names = [item["name"] for item in distribution(dense.trainable_variables).record["columns"]]
    assert names == [variable.path for variable in dense.trainable_variables]
    assert [item["name"] for item in distribution([np.ones(2), np.ones(3)]).record["columns"]] == [
        "0", "1"
    ]  # fmt: skip
    assert len(distribution([[1, 2], [3, 4]]).record["columns"]) == 1


def test_tensors_over_steps_stand_at_their_steps():
    shown = distribution([np.arange(k, k + 5) for k in range(4)], over=range(0, 40, 10))
    assert shown.record["steps"] == [0, 10, 20, 30]
    assert [item["bands"][4] for item in shown.record["columns"]] == [2, 3, 4, 5]
    assert shown.title == "Distribution of 4 steps"
    assert "step 30: minimum 3" in shown.description()


def test_many_columns_and_steps_are_thinned_and_that_is_said():
    columns = distribution({str(i): [i] for i in range(200)}).record
    assert len(columns["columns"]) == 60
    assert columns["note"].startswith("60 of 200 are shown")
    steps = distribution([[i] for i in range(1200)], over=range(1200)).record
    assert len(steps["steps"]) == 500
    assert (steps["steps"][0], steps["steps"][-1]) == (0, 1199)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: distribution(["a"]), TypeError, "counts real numbers"),
        (lambda: distribution([1j]), TypeError, "mt.abs"),
        (lambda: distribution([[1], [1, 2]]), ValueError, "rows differ in length"),
        (lambda: distribution([[1], [2]], over=[0]), ValueError, "2 tensors and 1 step"),
        (lambda: distribution([[1], [2]], over=[1, 0]), ValueError, "do not rise"),
        (lambda: distribution({"a": [1]}, over=[1]), TypeError, "steps go with a list"),
        (lambda: distribution([[1], [2]], over=3), TypeError, "over=3: each tensor has a step"),
        (lambda: distribution([[1], [2]], over="x"), TypeError, "over='x': each tensor has a"),
        (lambda: distribution([[1], [2]], over=["1", "2"]), TypeError, "got the step '1' in"),
        (lambda: distribution([[1], [2]], over=[None, 1]), TypeError, "got the step None in"),
        (lambda: distribution([[1], [2]], over=[[1], 1]), TypeError, r"got the step \[1\] in"),
        (lambda: distribution([[1], [2]], over=[np.nan, 1]), ValueError, "the step nan in"),
        (lambda: distribution([[1], [2]], over=[1, np.inf]), ValueError, "is a finite number"),
        (lambda: histogram({"a": [1]}), TypeError, "one tensor; it got a dict with 'a'"),
        (lambda: inspect({"a": [1]}), TypeError, "side by side with distribution"),
        (lambda: distribution({"version": 1, "counts": []}), TypeError, "another viewer"),
    ],
)
def test_what_cannot_be_shown_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_widget_grows_while_a_loop_runs():
    widget = DistributionWidget(name="w")
    assert widget.island().title == "w: distribution of 0 steps"
    for step in range(4):
        widget.add(np.arange(step + 1.0), 5 * step)
    widget.add([9.0])
    assert widget.distribution["steps"] == [0, 5, 10, 15, 16]
    with pytest.raises(ValueError, match="not beyond the last, 16"):
        widget.add([1.0], 16)
    assert len(widget.distribution["columns"]) == 5
    widget.update({"a": [1.0]})
    with pytest.raises(ValueError, match="side by side"):
        widget.add([1.0])


def test_a_widget_keeps_at_most_500_steps():
    widget = DistributionWidget()
    for step in range(1100):
        widget.add([step])
    assert 250 <= len(widget.distribution["steps"]) <= 500
    assert widget.distribution["steps"][-1] == 1099


def test_figure_and_words_hold_hostile_names():
    shown = distribution({name: [1.0, 2.0] for name in samples.HOSTILE}, name=samples.HOSTILE[0])
    ElementTree.fromstring(shown.to_svg())
    assert "<img onerror" not in shown.to_html(static=True)
    assert samples.HOSTILE[0] in shown.description()


def test_an_island_of_sixty_columns_is_small():
    shown = distribution({f"block_{i}/dense/kernel": RANDOM.normal(size=99) for i in range(60)})
    assert len(shown.to_html(static=False)) < 80_000

"""Histograms and distributions over steps: their cards, figures and words."""

import itertools
import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minitensor as mt
from minitensor.summary.series import Histograms
from minitensor_widgets import dashboard
from minitensor_widgets.summaries import bands, distributions, histograms
from minitensor_widgets.training import ridges

RANDOM = np.random.default_rng(7)
RUNS = [{"name": "a"}, {"name": "b"}]


class Log:
    """What `read` gives, of histograms that need no file."""

    def __init__(self, **tags):
        self.found = {tag: series_of(tag, items) for tag, items in tags.items()}

    def tags(self):
        return {"a": dict.fromkeys(self.found, "histograms")}

    def histograms(self, tag, run=None):
        return self.found[tag]


def series_of(tag, items):
    """A series of arrays of numbers, or of rows as they are."""
    rows = [item if np.ndim(item) == 2 else mt.summary.bucketed(item) for item in items]
    steps = 10 * np.arange(len(rows))
    return Histograms("a", tag, steps, 1e9 + steps / 2.0, [np.asarray(r, float) for r in rows])


def card_of(*items):
    (card,) = histograms.record(Log(w=items), 100_000)
    return card


def overlap(rows, low, high, bins):
    """TensorBoard's rule, written out: each bin takes its share of every bucket that it meets."""
    wide, found = (high - low) / bins, np.zeros(bins)
    for left, right, count in rows:
        for i in range(bins):
            a, b = low + i * wide, low + (i + 1) * wide
            if right > left:
                found[i] += count * max(0.0, min(right, b) - max(left, a)) / (right - left)
            else:
                found[i] += count * (a <= left and (left < b or i == bins - 1))
    return found


# ---- cards of histograms


def test_all_steps_of_a_card_have_the_same_edges_and_keep_their_counts():
    items = [RANDOM.normal(k, 1 + k, 400) for k in range(5)]
    card = card_of(*items)
    assert card["low"] == pytest.approx(min(map(np.min, items)))
    assert card["high"] == pytest.approx(max(map(np.max, items)))
    assert [len(counts) for counts in card["counts"]] == [64] * 5
    assert [sum(counts) for counts in card["counts"]] == pytest.approx([400] * 5, rel=1e-3)
    assert card["ends"] == [[pytest.approx(i.min()), pytest.approx(i.max())] for i in items]
    assert card["steps"] == [0, 10, 20, 30, 40]
    assert card["times"][1] - card["times"][0] == 5.0


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_shared_out_by_overlap(seed):
    random = np.random.default_rng(seed)
    edges = np.unique(random.integers(-6, 7, 9)).astype(float)
    rows = [[a, b, random.integers(0, 50)] for a, b in itertools.pairwise(edges)]
    rows.insert(1, [edges[1], edges[1], 5.0])
    found = histograms.rebinned(np.array(rows), -7.0, 8.0, 12)
    np.testing.assert_allclose(found, overlap(rows, -7.0, 8.0, 12), atol=1e-9)


def test_the_edges_of_old_summaries_may_grow_by_a_tenth_each():
    limits = 1e-3 * 1.1 ** np.arange(60)
    rows = np.stack([limits[:-1], limits[1:], np.arange(59.0)], 1)
    (card,) = histograms.record(Log(w=[rows]), 100_000)
    expected = overlap(rows[1:], limits[1], limits[-1], 64)
    np.testing.assert_allclose(card["counts"][0], expected, rtol=1e-3)


def test_no_values_and_a_single_value_are_told_apart():
    empty, alone = card_of([]), card_of(np.full(9, -3.0))
    assert (empty["sizes"], empty["ends"], sum(empty["counts"][0])) == ([0], [None], 0)
    assert alone["ends"] == [[-3.0, -3.0]]
    assert alone["low"] < -3 < alone["high"]
    assert sorted(alone["counts"][0])[-2:] == [0, 9]
    assert "no number" in histograms.words([empty], RUNS[:1])[0]
    assert "9 numbers from -3 to -3" in histograms.words([alone], RUNS[:1])[0]


def test_the_largest_numbers_have_bins():
    card = card_of([[-1.7e308, 0, 32], [0, 1.7e308, 64]], np.array([1.7e308]))
    assert card["counts"][0] == [1] * 32 + [2] * 32
    assert card["counts"][1][-1] == 1
    json.dumps(card, allow_nan=False)


@pytest.mark.parametrize(
    "rows",
    [
        [[0, 5e-324, 2]],
        [[0, 1e-320, 2], [1e-320, 2e-320, 3]],
        [[4e-323, 0, 5]],
        [[5e-324, 5e-324, 4]],
        [[1e20, np.nextafter(1e20, 2e20), 9]],
        [[0, 5e-324, 4], [5e-324, 1, 1]],
    ],
    ids=["one", "two", "turned", "alone", "neighbours", "narrow"],
)
def test_the_least_numbers_and_turned_edges_keep_their_counts_and_are_drawn(rows):
    log = Log(w=[np.array(rows, float), np.array(rows, float)])
    (card,) = histograms.record(log, 100_000)
    assert [sum(counts) for counts in card["counts"]] == pytest.approx(
        [sum(row[2] for row in rows)] * 2, rel=1e-3
    )
    json.dumps(card, allow_nan=False)
    (words,) = histograms.words([card], RUNS[:1])
    low, high = card["ends"][0]
    assert low <= float(words.rpartition(" ")[2]) <= high * 1.1
    for pane in (histograms, distributions):
        ElementTree.fromstring(f"<svg>{pane.figure(pane.record(log, 100_000), RUNS)[0]}</svg>")
    items = histograms.plot(card)["lines"][0]["items"]
    assert sum(ridges.rebin(items[0], card["low"], card["high"])) == pytest.approx(
        sum(card["counts"][0])
    )


@pytest.mark.parametrize(
    ("values", "lost", "sentence"),
    [
        ([1.0, np.nan], 0, "; at step 10 a NaN or an infinity was among the values"),
        ([1.0, 2.0, np.inf], 2, "mt.summary.health finds where it came from"),
    ],
)
def test_edges_that_are_not_finite_are_said(values, lost, sentence):
    log = Log(w=[[1.0, 2.0], values, [1.0, 3.0]])
    for pane in (histograms, distributions):
        (card,) = pane.record(log, 100_000)
        assert card["lost"] == [None, lost, None]
        assert card["sizes"] == [2, 0, 2]
        json.dumps(card, allow_nan=False)
        assert sentence in pane.words([card], RUNS[:1])[0]
        ElementTree.fromstring(f"<svg>{pane.figure([card], RUNS)[0]}</svg>")
    assert card["bands"][1] is None


def test_zeros_are_counted_where_a_bucket_holds_nothing_else():
    assert card_of(np.zeros(5), [0.0, 1.0])["zeros"] == [5, None]


def test_a_budget_thins_steps_evenly_and_says_so():
    log = Log(**{f"w{i}": [RANDOM.normal(size=50) for _ in range(60)] for i in range(3)})
    for pane, budget in ((histograms, 30_000), (distributions, 9_000)):
        cards = pane.record(log, budget)
        assert len(json.dumps(cards)) <= budget
        for card in cards:
            assert 2 <= len(card["steps"]) < 60
            assert (card["steps"][0], card["steps"][-1], card["count"]) == (0, 590, 60)
            assert card["note"].startswith(f"{len(card['steps'])} of 60 steps are kept here")


def test_a_saved_board_of_a_lesson_keeps_every_step_and_one_of_many_says_where_they_are(tmp_path):
    rng = np.random.default_rng(0)
    for name, tags in (("few", 4), ("many", 60)):
        with mt.summary.create_file_writer(tmp_path / name).as_default():
            for step in range(20):
                mt.summary.scalar("loss", 1 / (1 + step), step=step)
                for tag in range(tags):
                    mt.summary.histogram(f"h{tag}", rng.normal(size=500), step=step)
    few, many = (dashboard(tmp_path / name) for name in ("few", "many"))
    for kind in ("histograms", "distributions"):
        assert {len(card["steps"]) for card in few.record["kinds"][kind]} == {20}
        assert "With live=True, dashboard() shows all." in many.record["kinds"][kind][0]["note"]
    assert max(len(board.to_html(static=False)) for board in (few, many)) < 250_000


def test_at_most_500_histograms_are_kept():
    card = card_of(*[[float(i), i + 1.0] for i in range(5)] * 120)
    assert card["count"] == 600
    assert len(card["steps"]) <= 500
    assert card["steps"][-1] == 5990


def test_a_page_may_ask_for_more_steps_of_a_card():
    log = Log(w=[RANDOM.normal(size=90) for _ in range(300)])
    for pane in (histograms, distributions):
        (thin,) = pane.record(log, 5_000)
        content, buffers = pane.answer(log, {"tag": "w", "run": "a"})
        assert len(content["card"]["steps"]) > 3 * len(thin["steps"])
        assert len(json.dumps(content)) <= 65_000
        assert buffers == []
        for asked in ({}, {"tag": "other", "run": "a"}, {"tag": ["w"], "run": {}}):
            with pytest.raises(LookupError, match="No histograms"):
                pane.answer(log, asked)


# ---- cards of distributions


def test_bands_are_those_of_tensorboard():
    compressor = pytest.importorskip("tensorboard.plugins.distribution.compressor")
    items = [RANDOM.normal(k, 2.0**k, 300) for k in range(4)] + [RANDOM.exponential(size=77)]
    (card,) = distributions.record(Log(w=items), 100_000)
    for item, found in zip(items, card["bands"], strict=True):
        wanted = compressor.compress_histogram(mt.summary.bucketed(item))
        assert [point for point, _ in wanted][1:4] == [668, 1587, 3085]
        np.testing.assert_allclose(found, [v for _, v in wanted], rtol=1e-6, atol=1e-6)


def test_bands_are_told_by_name():
    rows = [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    (card,) = distributions.record(Log(w=[[], rows]), 100_000)
    assert card["bands"][0] is None
    assert distributions.words([card], RUNS[:1]) == [
        "w: 2 distributions; at step 10, about: minimum 0, 7 % 0.3006, 16 % 0.7141, 31 % 1.259, "
        "median 1.833, 69 % 2.306, 84 % 2.643, 93 % 2.85, maximum 3; read within a bucket 1 wide"
    ]


def test_a_bucket_that_is_wide_beside_the_values_is_said():
    even = RANDOM.normal(size=500)
    (card,) = distributions.record(Log(w=[even, np.append(even, 1e6), [2.0, 2.0]]), 100_000)
    wide = (1e6 - even.min()) / 30
    assert card["within"] == [None, pytest.approx(wide, rel=5e-3), None]
    assert "read within" not in distributions.words([card], RUNS[:1])[0]
    (card,) = distributions.record(Log(w=[np.append(even, 1e6)]), 100_000)
    assert "; read within a bucket 33300 wide" in distributions.words([card], RUNS[:1])[0]
    (card,) = distributions.record(Log(w=[[[-1.7e308, 1.7e308, 64]]]), 100_000)
    json.dumps(card, allow_nan=False)


@pytest.mark.parametrize("values", [[], [1.0, np.nan]], ids=["empty", "NaN"])
def test_what_has_no_values_in_a_bin_says_so_in_place_of_an_axis(values):
    for pane in (histograms, distributions):
        drawn, _ = pane.figure(pane.record(Log(w=[values]), 100_000), RUNS)
        assert "no values to draw" in drawn
        assert not re.search(r">[\d.]*\.\d<", drawn)


def test_bands_have_the_colour_of_their_run_and_the_legend_none_of_them():
    (card,) = distributions.record(Log(w=[RANDOM.normal(size=60)] * 2), 100_000)
    for run, hue in (("a", "#4c9cc9"), ("b", "#ca8b4c")):
        drawn, _ = distributions.figure([{**card, "run": run}], RUNS)
        fills = re.findall('class="bd"[^>]* fill="(.*?)"', drawn)
        assert fills[3] == "#888888"
        assert fills[-1] == hue


# ---- figures


def test_ridges_have_the_colour_of_their_run_paler_for_earlier_steps():
    items = [RANDOM.normal(size=60) for _ in range(3)]
    (card,) = histograms.record(Log(w=items), 100_000)
    for run, hue, pale in (("a", "#0072b2", "#4c9cc9"), ("b", "#b35900", "#ca8b4c")):
        drawn, _ = histograms.figure([{**card, "run": run}], RUNS)
        fills = re.findall('class="rg" fill="(.*?)"', drawn)
        assert (fills[0], fills[-1]) == (pale, hue)
    alone, _ = histograms.figure([card_of(items[0])], RUNS)
    assert 'class="rg" fill="#0072b2"' in alone


def test_the_figure_holds_no_points_within_a_straight_line():
    (path,) = re.findall('class="rg".*? d="(.*?)"', histograms.figure([card_of([0, 9])], RUNS)[0])
    tops = [float(point.partition(",")[2]) for point in path.strip("Mz").split("L")]
    assert not any(a == b == c for a, b, c in zip(tops[1:-1], tops[2:-1], tops[3:-1], strict=False))
    assert (max(tops), min(tops)) == (150, 12)


@pytest.mark.parametrize("scale", [1e-300, 1.0])
def test_the_numbers_along_the_values_differ_and_have_room(scale):
    values = [1 + 1e-7, 1 - 1e-7] if scale == 1 else [-3e-300, 3e-300]
    card = card_of(values)
    drawn, _ = histograms.figure([card], RUNS)
    found = re.findall('<text x="([\\d.]+)" y="164.0" class="s m">(.*?)</text>', drawn)
    marks = [(float(x), text) for x, text in found]
    assert len({text for _, text in marks}) == len(marks) >= 2
    for (x, text), (right, other) in itertools.pairwise(marks):
        assert right - x > 3.0 * (len(text) + len(other))
    assert len(set(re.findall(r"from (\S+) to (\S+),", histograms.words([card], RUNS)[0])[0])) == 2


@pytest.mark.parametrize("pane", [histograms, distributions])
def test_the_figure_shows_the_first_cards_and_says_how_many_more(pane):
    items = [RANDOM.normal(size=60) for _ in range(4)]
    cards = pane.record(Log(**{f"tag<{i}>": items for i in range(7)}), 200_000)
    drawn, height = pane.figure(cards, RUNS)
    texts = [node.text or "" for node in ElementTree.fromstring(f"<svg>{drawn}</svg>").iter()]
    assert "tag<0> · a" in texts
    assert any(text.startswith("… and 3 more plots of") for text in texts)
    assert 400 < height < 520
    assert len(pane.words(cards, RUNS)) == 7


def test_the_legend_of_the_bands_names_all_lines():
    drawn = bands.legend(0, 0)
    for name in ("min to max", "7 to 93 %", "16 to 84 %", "31 to 69 %", "median"):
        assert f">{name}</text>" in drawn


def test_a_gap_ends_a_band():
    row = list(range(9))
    drawn = bands.over_steps([0, 1, 2, 3], [row, row, None, row], 300, 200)
    (middle,) = re.findall('class="bm" d="(.*?)"', drawn)
    assert middle.count("M") == 2
    assert middle.count("L") == 2


def test_no_card_makes_an_empty_figure():
    assert histograms.figure([], [])[1] == 0
    assert histograms.words([], []) == distributions.words([], []) == []

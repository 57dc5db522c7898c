"""Loop nests on recording arrays: every count against numpy, closed forms and a second cache."""

import itertools
import json
import re
import xml.dom.minidom

import numpy as np
import pytest

from minitensor_widgets import Cache, LoopNest, LoopsWidget, loops, samples
from minitensor_widgets.kernels import nests
from minitensor_widgets.kernels.cache import traffic
from minitensor_widgets.kernels.loops import menu
from minitensor_widgets.kernels.recording import MOST_KEPT


def naive(addresses, line, lines, ways):
    """Hits, misses and write-backs, with a time stamp for each line and nothing clever."""
    sets = lines // ways
    held, last, dirty = [set() for _ in range(sets)], {}, set()
    hits = misses = written = 0
    for time, (address, write) in enumerate(addresses):
        tag = address // line
        group = held[tag % sets]
        if tag in group:
            hits += 1
        else:
            misses += 1
            if len(group) == ways:
                oldest = min(group, key=last.__getitem__)
                group.discard(oldest)
                written += oldest in dirty
                dirty.discard(oldest)
            group.add(tag)
        last[tag] = time
        if write:
            dirty.add(tag)
    return hits, misses, written, len(dirty)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("lines", "ways"), [(4, None), (8, 2), (8, 1), (6, 3)])
def test_the_cache_agrees_with_a_naive_one(seed, lines, ways):
    random = np.random.default_rng(seed)
    addresses = random.integers(0, 120, size=600).tolist()
    writes = random.integers(0, 2, size=600).tolist()
    for line in (4, 8, 16):
        found = traffic(
            [2 * a + w for a, w in zip(addresses, writes, strict=True)], Cache(line, lines, ways)
        )
        expected = naive(zip(addresses, writes, strict=True), line, lines, ways or lines)
        assert (found.hits, found.misses, found.written, found.changed) == expected


def expected_matmul(order, shape):
    """The accesses of a matmul, from loops over numpy's own order of indices."""
    rows, columns, inner = shape
    turns = {"i": rows, "j": columns, "k": inner}
    bases, at = {}, 0
    for name, size in (("A", rows * inner), ("B", inner * columns), ("C", rows * columns)):
        bases[name] = at
        at += -(-size // 16) * 16
    for values in itertools.product(*(range(turns[letter]) for letter in order)):
        of = dict(zip(order, values, strict=True))
        c = bases["C"] + int(np.ravel_multi_index((of["i"], of["j"]), (rows, columns)))
        yield c, 0
        yield bases["A"] + int(np.ravel_multi_index((of["i"], of["k"]), (rows, inner))), 0
        yield bases["B"] + int(np.ravel_multi_index((of["k"], of["j"]), (inner, columns))), 0
        yield c, 1


@pytest.mark.parametrize("order", nests.ORDERS["matmul"])
@pytest.mark.parametrize("shape", [(6, 6, 6), (3, 5, 7), (1, 4, 2)])
def test_every_access_of_a_matmul_in_order(order, shape):
    made = loops("matmul", shape=shape, order=order, cache=Cache(4, 8, 2))
    expected = list(expected_matmul(order, shape))
    assert made.record["events"] == [2 * address + write for address, write in expected]
    hits, misses, written, changed = naive(expected, 4, 8, 2)
    assert (made.hits, made.misses, made.moved) == (hits, misses, (misses + written + changed) * 16)
    assert made.operations == 2 * np.prod(shape)
    assert made.intensity == pytest.approx(made.operations / made.moved)


@pytest.mark.parametrize(
    ("order", "tile"),
    [("ijk", None), ("kji", None), ("ikj", (2, 2, 2)), ("jik", (4, 1, 3)), ("ijk", (9, 9, 9))],
)
def test_a_matmul_computes_a_matmul(order, tile):
    arrays = loops("matmul", shape=(5, 4, 6), order=order, tile=tile).arrays
    np.testing.assert_array_equal(arrays["C"], arrays["A"] @ arrays["B"])
    assert arrays["C"].any()


@pytest.mark.parametrize(
    ("order", "tile"), [("ijuv", None), ("uvji", None), ("ijuv", (2, 2, 3, 3))]
)
def test_a_convolution_computes_a_correlation(order, tile):
    arrays = loops("conv2d", shape=(7, 6, 3, 2), order=order, tile=tile).arrays
    windows = np.lib.stride_tricks.sliding_window_view(arrays["X"], (3, 2))
    np.testing.assert_array_equal(arrays["Y"], np.einsum("ijuv,uv->ij", windows, arrays["K"]))
    assert arrays["Y"].any()


def test_counts_have_closed_forms():
    n = 8
    whole = loops("matmul", shape=(n, n, n), cache=Cache(4, 64))
    assert (whole.reads, whole.writes, whole.operations) == (3 * n**3, n**3, 2 * n**3)
    assert whole.misses == 3 * n * n // 4  # everything fits: each line is fetched once
    # Of B by columns nothing is left when the next column begins: one line for each k, j and i.
    # A row of A and the element of C stay: 2 lines of A per i and 2 of C per i.
    tight = loops("matmul", shape=(n, n, n), order="ijk", cache=Cache(4, 8))
    by_line = traffic(tight.record["events"], Cache(4, 8)).by_line
    of_b = sum(times for line, times in by_line.items() if 16 <= line < 32)
    assert of_b == n**3
    # Row by row through B: each of its n * n / 4 lines once for each i.
    rows = loops("matmul", shape=(n, n, n), order="ikj", cache=Cache(4, 8))
    by_line = traffic(rows.record["events"], Cache(4, 8)).by_line
    assert sum(times for line, times in by_line.items() if 16 <= line < 32) == n * n * n // 4


def test_orders_are_compared_in_every_cache_of_the_menus():
    made = loops("matmul", cache=Cache(4, 8))
    compared = {item["name"]: item for item in made.record["compare"]}
    assert set(nests.ORDERS["matmul"]) < set(compared)
    assert [name for name, item in compared.items() if item["current"]] == ["ijk"]
    assert compared["ijk"]["misses"]["4,8"] == made.misses
    for cache in menu(Cache(4, 8)):
        other = loops("matmul", order="kji", cache=cache)
        assert compared["kji"]["misses"][f"{cache.line},{cache.lines}"] == other.misses
    misses = {name: item["misses"]["4,8"] for name, item in compared.items()}
    assert misses["ikj"] < misses["ijk"] < misses["jki"]
    assert misses["ikj, tiles 2×2×2"] < misses["ikj"]


def test_an_order_not_among_the_compared_is_added_to_them():
    made = loops("conv2d", order="vuji", tile=(2, 2, 1, 1))
    assert [item["name"] for item in made.record["compare"] if item["current"]] == [
        "vuji, tiles 2×2×1×1"
    ]


def test_each_access_knows_its_line_and_loop_variables():
    record = loops("matmul", shape=(2, 2, 2), order="ikj").record
    assert record["variables"] == ["i", "k", "j"]
    assert record["visits"] == [
        part for i in range(2) for k in range(2) for j in range(2) for part in (5, 4, 2, i, k, j)
    ]


# ---- a learner's own nest


def prefix(a, out):
    total = 0.0
    for i in range(len(a)):
        total += a[i]
        out[i] = total


def test_a_nest_of_ones_own_is_recorded():
    given = np.array([1.0, 2.0, 4.0])
    made = loops(prefix, given, np.zeros(3))
    assert made.arrays["out"].tolist() == [1.0, 3.0, 7.0]
    assert given.tolist() == [1.0, 2.0, 4.0]
    assert (made.reads, made.writes, made.operations) == (3, 3, 3)
    assert made.record["events"] == [0, 33, 2, 35, 4, 37]
    assert made.record["variables"] == ["i"]
    assert made.record["visits"] == [part for i in range(3) for part in (4, 1, 1, i, 5, 1, 0, i)]
    assert made.ok
    assert made.record["source"][0] == "def prefix(a, out):"


def test_rows_of_rows_are_elements_too():
    def swap(a):
        for i in range(2):
            a[i][0], a[i][1] = a[i][1], a[i][0]

    made = loops(swap, np.arange(4.0).reshape(2, 2))
    assert made.arrays["a"].tolist() == [[1, 0], [3, 2]]
    assert made.record["events"] == [2, 0, 1, 3, 6, 4, 5, 7]


def test_numbers_of_scalars_pass_through_and_arithmetic_is_counted():
    def scale(a, factor):
        for i in range(2):
            a[i] = 2 - factor / a[i] ** 2

    made = loops(scale, [1.0, 2.0], 4)
    assert made.arrays["a"].tolist() == [-2.0, 1.0]
    assert made.operations == 6


def beyond(a):
    for i in range(4):
        a[i] = a[i + 1]


@pytest.mark.parametrize(
    ("nest", "words"),
    [
        (beyond, r"Line 3: a\[4\] is outside of a of shape \(4,\)"),
        (lambda a: a[1:3], "one element at a time"),
        (lambda a: a[0, 1], r"has 1 indices, and 2 were given"),
        (lambda a: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_mistake_becomes_part_of_the_picture(nest, words):
    made = loops(nest, np.zeros(4))
    assert not made.ok
    problem = made.record["problems"][0]["text"]
    assert re.search(words, problem)
    assert problem in made.description()
    assert "✕" in made.to_svg()


def test_long_nests_are_added_up_by_turns_and_say_so():
    def rows(a):
        for i in range(100):
            for j in range(300):
                a[i, j] = 1.0

    made = loops(rows, (100, 300))
    assert MOST_KEPT < 100 * 300
    assert made.record["events"] == []
    assert "30,000 accesses" in made.record["note"]
    assert sum(row["writes"] for row in made.record["rows"]) == 30_000
    assert sum(row["misses"] for row in made.record["rows"]) == made.misses == 7500
    assert made.record["rows"][0]["label"] == "i = 0 … 1"


def test_what_makes_no_nest_is_refused_with_a_lesson():
    for call, words in [
        (lambda: loops("gemm"), "'matmul' and 'conv2d'"),
        (lambda: loops("matmul", shape=(2, 2)), "each at least 1"),
        (lambda: loops("conv2d", shape=(2, 2, 3, 3)), "K fits into X"),
        (lambda: loops("matmul", order="iij"), "each of the loops ijk once"),
        (lambda: loops("matmul", tile=(2, 2)), "an edge of at least 1 for each of the 3"),
        (lambda: loops("matmul", [1.0]), "makes its own arrays"),
        (lambda: loops(prefix, [1.0], [0.0], order="i"), "has its own loops"),
        (lambda: Cache(5), "4, 8 or 16"),
        (lambda: Cache(4, 8, 3), "3 must divide 8"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()
    for call, words in [
        (lambda: loops(3), "expected 'matmul'"),  # type: ignore[arg-type]
        (lambda: loops(prefix, [1.0]), "missing a required argument: 'out'"),
        (lambda: loops(prefix, ["a"], [1.0]), "no array of numbers"),
    ]:
        with pytest.raises(TypeError, match=words):
            call()


# ---- outputs


@pytest.mark.parametrize("shape", [(1, 1, 1), (6, 6, 6), (2, 40, 3), (16, 16, 16)])
def test_the_figure_is_well_formed_and_the_island_small(shape):
    made = loops("matmul", shape=shape)
    xml.dom.minidom.parseString(made.to_svg())
    html = made.to_html()
    assert len(html) < 250_000
    assert html == loops("matmul", shape=shape).to_html()


@pytest.mark.parametrize("data", [np.zeros((0, 3)), np.array(2.0), np.array([[np.nan, 1e8]])])
def test_odd_arrays_are_drawn(data):
    def touch(a):
        for i in range(a.shape[0] if a.shape else 0):
            for j in range(a.shape[1]):
                a[i, j] = a[i, j] + 1

    made = loops(touch, data)
    assert made.ok
    xml.dom.minidom.parseString(made.to_svg())
    json.dumps(made._state(), allow_nan=False)


def test_words_say_what_the_figure_shows():
    made = loops("matmul")
    assert repr(made) == "LoopNest('matmul, order ijk', 648 reads, 216 writes, 240 misses)"
    assert "The fewest misses of all orders: ikj, tiles 2×2×2, 54." in made.alt
    assert "  1. ikj, tiles 2×2×2: 54 misses" in made.description()


def test_hostile_names_are_text():
    record = loops("matmul", shape=(2, 2, 2)).record
    for words in samples.HOSTILE:
        record["title"] = record["note"] = record["arrays"][0]["name"] = words
        record["source"] = [words] * 5
        record["variables"] = [words, "j", "k"]
        record["compare"][0]["name"] = words
        record["problems"] = [{"line": 1, "text": words}]
        made = LoopNest(record)
        xml.dom.minidom.parseString(made.to_svg())
        assert "<img onerror" not in made.to_html()


def test_the_widget_holds_step_and_cache():
    widget = LoopsWidget("matmul", shape=(2, 2, 2), step=99, lines=4)
    assert (widget.step, widget.line, widget.lines) == (32, 4, 4)
    widget.step, widget.line, widget.lines = -3, 7, 0
    assert (widget.step, widget.line, widget.lines) == (0, 8, 1)
    island = widget.island()
    assert isinstance(island, LoopNest)
    assert island._state()["line"] == 8
    assert repr(widget) == "LoopsWidget('matmul, order ijk', 24 reads, 8 writes, 3 misses)"
    widget.close()


# ---- what is refused, and how bytes are counted


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"shape": (10**6,) * 3}, ValueError, "at most 4,194,304"),
        ({"shape": 5}, TypeError, "tuple of whole numbers"),
        ({"shape": ("a", 1, 1)}, TypeError, "tuple of whole numbers"),
        ({"order": 5}, TypeError, "an order is a text"),
        ({"tile": 5}, TypeError, r"tile=\(2, 2, 2\)"),
        ({"tile": (2, "a", 2)}, TypeError, "tuple of whole numbers"),
        ({"cache": 5}, TypeError, r"Cache\(line=4, lines=8\)"),
    ],
)
def test_what_makes_no_nest_is_told_before_anything_is_made(given, error, words):
    with pytest.raises(error, match=words):
        loops("matmul", **given)


def test_a_shape_too_large_and_rows_of_different_length_are_lessons():
    def nest(a):
        a[0] = 1

    with pytest.raises(ValueError, match="1,000,000,000,000 elements"):
        loops(nest, (10**12,))
    with pytest.raises(ValueError, match="at least 0"):
        loops(nest, (-1,))
    with pytest.raises(TypeError, match="different lengths"):
        loops(nest, [[1.0], [1.0, 2.0]])


def test_a_record_of_another_kind_is_a_lesson_and_one_with_gaps_is_filled():
    with pytest.raises(TypeError, match="loops\\(function"):
        LoopNest(5)
    xml.dom.minidom.parseString(LoopNest({"version": 1, "visits": []}).to_svg())


def test_bytes_are_counted_by_the_elements_that_were_given():
    def copy(a, out):
        for i in range(8):
            out[i] = a[i]

    single = loops(copy, np.ones(8, np.float32), np.zeros(8, np.float32))
    double = loops(copy, np.ones(8), np.zeros(8))
    assert (single.moved, double.moved) == (6 * 16, 6 * 32)  # two lines of a, two of out each way
    assert "at 8 bytes an element" in double.description()
    assert loops(copy, (8,), (8,)).moved == single.moved

"""Tensors looked at: statistics, records, figures, literals, broadcasting, displays; no browser."""

import base64
import itertools
import json
import math
import os
import re
import subprocess
import sys
import time
import tracemalloc
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest

import minitensor as mt
from minitensor.backend import NAMESPACE
from minitensor.views import histogram_view, tensor_view, to_json, value_view, window_view
from minitensor_widgets import (
    Broadcast,
    BroadcastWidget,
    Histogram,
    HistogramWidget,
    Inspection,
    TensorWidget,
    broadcast,
    display,
    histogram,
    inspect,
    samples,
)
from minitensor_widgets.tensors.alignment import alignment
from minitensor_widgets.tensors.records import cell_text, grid, tensor_record, unpacked

RANDOM = np.random.default_rng(5)
WILD = RANDOM.normal(size=(64, 64)).astype(np.float32)
WILD[3, 4], WILD[5, 6], WILD[7, 8], WILD[0, 1] = np.nan, np.inf, -np.inf, 300.0
SHAPES = [(), (3,), (5, 7), (64, 64), (8, 3, 32, 32), (0, 3), (100,), (1000, 3), (33, 65), (2, 1)]


@pytest.fixture(autouse=True)
def interactive(monkeypatch):
    monkeypatch.delenv("MINITENSOR_DISPLAY", raising=False)


def every_kind():
    """One value of every kind that can be inspected."""
    rows = mt.IndexedSlices(mt.constant([[1.0, 2.0], [3.0, 4.0]]), mt.constant([5, 2]), (10**8, 2))
    return {
        "scalar": mt.constant(3.0), "vector": mt.constant([1, 2, 30_000]), "wild": WILD,
        "image": mt.constant(RANDOM.normal(size=(8, 3, 32, 32))), "empty": np.zeros((0, 3)),
        "only NaN": np.full((9, 9), np.nan), "bfloat16": mt.cast([[1.5, 2.5]], "bfloat16"),
        "half": np.float16([0.1, np.inf]), "bool": mt.constant([True, False]),
        "complex": np.array([3 + 4j, 1j]), "text": mt.constant(["a", "b" * 900]),
        "variable": mt.Variable([[1.0, 2.0]], name="w"), "rows": rows, "list": [[1, 2], [3, 4]],
        "number": 7, "symbol": mt.keras.Input((4,)), "objects": np.array([None, {}], object),
        "big integers": np.array([2**62, -5]), "wide": np.array([[1e308, -1e308]]),
        "thinned": RANDOM.normal(size=(200, 300)), "strided": np.arange(96.0).reshape(8, 12).T[::2],
    }  # fmt: skip


KINDS = every_kind()


# ---- statistics and thumbnails


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_statistics_are_numpys(shape):
    array = RANDOM.normal(3.0, 2.0, size=shape).astype(np.float32)
    view = value_view(array)
    if not array.size:
        assert view.mean is view.minimum is view.std is None
        return
    wide = array.astype(np.float64)
    found = [view.minimum, view.mean, view.maximum, view.std]
    expected = [wide.min(), wide.mean(), wide.max(), wide.std()]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_statistics_leave_out_what_is_no_finite_number():
    view = value_view(WILD)
    finite = WILD[np.isfinite(WILD)].astype(np.float64)
    np.testing.assert_allclose([view.mean, view.std], [finite.mean(), finite.std()], rtol=1e-12)
    assert (view.nans, view.infs) == (1 / 4096, 2 / 4096)
    assert view.maximum == 300.0
    assert value_view(np.full(100, np.nan)).mean is None


def test_the_deviation_of_large_numbers_is_not_lost():
    array = 1e9 + RANDOM.normal(size=200_000)
    assert value_view(array).std == pytest.approx(array.std(), rel=1e-6)


def test_thumbnails_hold_the_means_of_blocks_however_small_they_are():
    array = RANDOM.normal(size=(70, 45)) * 1e-9
    heat = np.array(value_view(array).heat, float)
    blocks = [np.array_split(part, 32, axis=1) for part in np.array_split(array, 32)]
    expected = [[block.mean() for block in row] for row in blocks]
    np.testing.assert_allclose(heat, expected, rtol=1e-3, atol=1e-13)


def test_a_block_with_a_nan_has_no_mean():
    array = np.ones((64, 64))
    array[2, 3] = np.inf
    heat = value_view(array).heat
    assert [(i, j) for i, j in itertools.product(range(32), range(32)) if heat[i][j] is None] == [
        (1, 1)
    ]


def test_a_hundred_million_elements_take_little_memory_and_time():
    array = np.broadcast_to(np.float32(2.0), (100, 10**6)).copy()
    value_view(np.ones(100))
    tracemalloc.start()
    tensor_view(array)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000  # a quarter of the array itself
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        view = value_view(array)
        taken.append(time.perf_counter() - start)
    assert (view.mean, view.std, view.sampled) == (2.0, 0.0, 0)
    assert min(taken) < 1.0  # 0.2 s alone on the machine


def test_more_than_that_is_sampled_and_says_so():
    view = value_view(np.broadcast_to(np.float32(2.0), (10**5, 10**5)))
    assert 0 < view.sampled < 10**8
    assert view.mean == 2.0
    output = inspect(np.broadcast_to(np.float32(2.0), (10**5, 10**5)))
    assert "of a sample of" in output.description()


def test_sparse_rows_are_counted_without_being_made_dense():
    rows = mt.IndexedSlices(mt.constant([[1.0], [2.0], [4.0]]), mt.constant([7, 1, 7]), (10**9, 1))
    view = value_view(rows)
    assert (view.maximum, view.minimum) == (5.0, 0.0)
    assert view.mean == pytest.approx(7e-9)
    assert view.zeros == pytest.approx(1 - 2e-9)


def test_long_texts_are_cut_short():
    assert max(map(len, value_view(mt.constant(["x" * 10**6])).text)) <= 70


# ---- arrays elsewhere


class Elsewhere:
    """An array on a pretended device: any look at its elements that is not `get` is refused."""

    fetched: list

    def __init__(self, array):
        self.array = array

    def __getattr__(self, name):
        if name in ("shape", "dtype", "size", "ndim", "nbytes", "strides", "flags"):
            return getattr(self.array, name)
        if name in ("ravel", "reshape", "astype", "view", "sum", "min", "max"):
            return lambda *args, **named: Elsewhere(getattr(self.array, name)(*args, **named))
        raise AttributeError(name)

    @property
    def T(self):
        return Elsewhere(self.array.T)

    def get(self):
        self.fetched.append(self.array.nbytes)
        return self.array.copy()

    def __getitem__(self, index):
        return Elsewhere(self.array[index])

    def __setitem__(self, index, value):
        self.array[index] = there(value)

    def refuse(self, *_):
        raise AssertionError("this waits for the device")

    __bool__ = __int__ = __float__ = __index__ = __iter__ = __len__ = __array__ = refuse


def there(value):
    if isinstance(value, Elsewhere):
        return value.array
    if isinstance(value, list | tuple):
        return type(value)(map(there, value))
    return value


def _operator(name):
    return lambda self, *others: Elsewhere(
        np.asarray(getattr(self.array, name)(*map(there, others)))
    )


for _name in ("add", "sub", "mul", "truediv", "rmul", "rsub", "radd", "eq", "invert"):
    setattr(Elsewhere, f"__{_name}__", _operator(f"__{_name}__"))


class Namespace:
    """numpy for arrays elsewhere."""

    uint8 = np.uint8

    def __getattr__(self, name):
        call = getattr(np, name)
        return lambda *args, **named: Elsewhere(
            np.asarray(call(*map(there, args), **{k: there(v) for k, v in named.items()}))
        )


@pytest.fixture
def device(monkeypatch):
    monkeypatch.setitem(NAMESPACE, Elsewhere, Namespace())
    Elsewhere.fetched = []
    return Elsewhere.fetched


@pytest.mark.parametrize("shape", [(), (3,), (5, 7), (300, 400), (4, 3, 64, 64)], ids=str)
def test_one_small_transfer_shows_an_array_on_a_device(device, shape):
    array = RANDOM.normal(size=shape).astype(np.float32)
    found = to_json(tensor_view(Elsewhere(array), gradient=Elsewhere(array), learning_rate=0.1))
    assert len(device) == 1
    assert sum(device) <= 16_384
    expected = to_json(tensor_view(array))
    for name in ("dtype", "shape", "value", "strides", "edges", "counts"):
        assert found[name] == expected[name], name


def test_an_array_alone_crosses_in_at_most_16_kilobytes(device):
    tensor_view(Elsewhere(WILD))
    value_view(Elsewhere(WILD))
    histogram_view(Elsewhere(WILD))
    assert len(device) == 3
    assert max(device) <= 16_384


def test_a_window_of_a_device_is_all_that_crosses(device):
    array = RANDOM.normal(size=(300, 400)).astype(np.float32)
    part = to_json(window_view(Elsewhere(array), [40, 64], 0, 1))
    assert device == [32 * 32 * 4]
    np.testing.assert_array_equal(unpacked(part), array[40:72, 64:96].ravel())


# ---- records


def test_every_kind_of_value_becomes_a_small_complete_output():
    for name, value in KINDS.items():
        output = inspect(value)
        html = output.to_html(static=False)
        assert len(html) < 200_000, name
        assert len(output.description()) < 4_000, name
        ElementTree.fromstring(output.to_svg())
        assert output.to_html(static=False) == html, name
        json.dumps(output.record, allow_nan=False)


def test_the_first_line_says_what_made_a_tensor_where():
    a = mt.constant([[1.0, 2.0]])
    y = mt.matmul(a, mt.constant([[1.0], [2.0]]))
    output = inspect(y)
    assert output.title == "y: Tensor float32 (1, 1) · made by matmul · on CPU:0"
    assert output.record["source"]["text"] == "y = mt.matmul(a, mt.constant([[1.0], [2.0]]))"
    variable = inspect(KINDS["variable"])
    assert variable.title == "w: Variable float32 (1, 2) · trainable · on CPU:0"
    dense = mt.keras.layers.Dense(2)
    dense.build((None, 3))
    assert "Variable float32 (3, 2)" in inspect(dense.weights[0]).title


def test_a_symbolic_tensor_says_when_its_values_come():
    output = inspect(KINDS["symbol"])
    assert "Its values come when the function runs." in output.description()
    assert output.record["elements"] is None
    seen = []

    @mt.function(autograph=False)
    def doubled(x):
        seen.append(inspect(x * 2.0))
        return x * 2.0

    doubled(mt.constant([1.0]))
    assert "symbolic tensor float32 (1,) · made by multiply" in seen[0].title


def test_memory_is_described_as_numpy_has_it():
    base = np.zeros((8, 12))
    view = tensor_view(base.T[::2])
    assert view.strides == list(base.T[::2].strides) == [16, 96]
    assert "not contiguous" in view.layout
    assert view.memory == "a view of an array of shape (8, 12)"
    assert tensor_view(base.copy()).memory == "its own"
    assert "the other way" in tensor_view(base.T).layout


@pytest.mark.parametrize("dtype", [
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float16", "float32",
    "float64",
])  # fmt: skip
def test_elements_travel_as_they_are(dtype):
    array = (RANDOM.normal(size=(4, 5)) * 50).astype(dtype)
    found = unpacked(tensor_record(array)["elements"])
    np.testing.assert_array_equal(np.array(found).reshape(4, 5), array)


def test_many_floats_travel_in_half_precision_whatever_their_size():
    for scale in (1e-30, 1.0, 1e30):
        array = RANDOM.normal(size=(100, 100)) * scale
        record = tensor_record(array)
        assert record["elements"]["code"] == "f2"
        found = np.array(unpacked(record["elements"])).reshape(100, 100)
        np.testing.assert_allclose(found, array, rtol=1e-3, atol=3e-7 * scale)
        assert any("half precision" in note for note in record["notes"])


def test_windows_of_a_thinned_tensor_name_the_true_indices():
    array = np.arange(400 * 300).reshape(400, 300)
    record = tensor_record(array)
    rows, columns = record["steps"]
    assert rows * columns > 1
    cells = grid(record, "elements", (0, 1), [200, 0])
    assert cells[1][2] == array[200 + rows, 2 * columns]
    across = grid(record, "elements", (1, 0), [200, 0])
    assert across[2][1] == array[200 + rows, 2 * columns]


def test_a_vector_is_wrapped():
    cells = grid(tensor_record(np.arange(70)), "elements", (-1, 0), [0])
    assert [len(row) for row in cells] == [32, 32, 6]
    assert cells[2][5] == 69


def test_the_colour_scale_is_not_ruled_by_one_outlier():
    limit = tensor_record(WILD)["elements"]["limit"]
    ordinary = np.sort(np.abs(WILD[np.isfinite(WILD)]))
    assert ordinary[int(0.99 * ordinary.size)] < limit < 5
    assert tensor_record(np.zeros(70))["elements"]["limit"] == 1.0


def test_signs_are_named_only_where_they_occur():
    assert "× NaN · ▲ +∞ · ▼ −∞ · • clipped" in inspect(WILD).alt
    assert "NaN" not in inspect(RANDOM.normal(size=(20, 20))).alt
    assert cell_text(math.nan, "float32") == "NaN"
    assert cell_text(-math.inf, "float32") == "−∞"


def test_a_gradient_of_another_shape_becomes_a_sentence():
    output = inspect(np.ones((2, 3)), gradient=np.ones(3), learning_rate=0.1)
    assert output.record["gradient"] is None
    assert "The gradient has shape (3,), the value (2, 3)" in output.description()


def test_large_arrays_are_cut_with_counts_in_text():
    text = inspect(np.zeros((1000, 1000))).description()
    assert "… 999856 more elements" in text


@pytest.mark.parametrize("value", [
    WILD[:9, :9], np.float16([0.1, 3]), np.array([1e-300, 2.0]), np.zeros((0, 3)), np.array(7),
    np.array([True, False]), np.array([3 + 4j, np.inf]), np.array([2**62]),
], ids=lambda value: f"{value.dtype}{value.shape}")  # fmt: skip
def test_a_literal_makes_the_same_array_again(value):
    again = eval(inspect(value).to_numpy_literal(), {"np": np})
    assert again.dtype == value.dtype
    np.testing.assert_array_equal(again, value)


def test_literals_refuse_what_cannot_be_written():
    with pytest.raises(ValueError, match="At most 10000 can be written out"):
        inspect(np.zeros(20_000)).to_numpy_literal()
    with pytest.raises(ValueError, match="no elements yet"):
        inspect(KINDS["symbol"]).to_numpy_literal()
    with pytest.raises(ValueError, match="made from a record"):
        Inspection(inspect([1.0]).record).to_numpy_literal()


# ---- broadcasting


def test_shapes_align_as_numpys_do():
    shapes = [(), (1,), (2,), (3,), (2, 3), (1, 1), (0,), (3, 1), (2, 1, 3), (4, 2, 3)]
    for a, b, c in itertools.product(shapes, repeat=3):
        try:
            expected = np.broadcast_shapes(a, b, c)
        except ValueError:
            expected = None
        record = alignment("abc", [a, b, c], [None] * 3)
        assert (tuple(record["shape"]) if record["fits"] else None) == expected
        assert bool(record["hint"]) == (expected is None)


def test_cells_show_what_is_repeated():
    record = broadcast(np.array([[1], [2]]), np.array([10, 20, 30])).record
    first, second = (item["stretched"] for item in record["operands"])
    assert first["text"] == [["1", "1", "1"], ["2", "2", "2"]]
    assert second["copy"] == [[False] * 3, [True] * 3]
    assert record["pairs"][1] == ["2, 10", "2, 20", "2, 30"]


@pytest.mark.parametrize(("shapes", "words"), [
    (((3,), (3, 4)), "mt.expand_dims(a, -1)"), (((2, 3), (3, 2)), "mt.transpose(a)"),
    (((2, 3), (4, 5)), "keepdims=True"), (((-1, 3), (3,)), "cannot be negative"),
    (((2,), (2, 3, 4)), "mt.reshape(a, (2, 1, 1))"),
])  # fmt: skip
def test_a_clash_says_what_to_do(shapes, words):
    output = broadcast(*shapes)
    assert not output.record["fits"]
    assert words in output.description()
    assert words in output.alt
    ElementTree.fromstring(output.to_svg())


def test_hints_keep_their_word():
    shapes = [s for n in (1, 2, 3) for s in itertools.product((2, 3, 4), repeat=n)]
    for a, b in itertools.product(shapes, repeat=2):
        tip = alignment("ab", [a, b], [None, None])["hint"]
        if found := re.search(r"mt\.reshape\((\w), (\(.*?\))\)", tip):
            changed = {"a": a, "b": b} | {found[1]: eval(found[2])}
            np.broadcast_shapes(*changed.values())


def test_anything_with_a_shape_can_be_broadcast():
    output = broadcast(mt.ones((2, 1)), 3.0, [[1, 2, 3]], KINDS["variable"][:, :1], names="pqrs")
    assert output.record["shape"] == [2, 3]
    assert broadcast(KINDS["symbol"], (4,)).record["shape"] == [None, 4]
    for wrong in ([(1,)], [], [(1,), "text"], [(1,), {}], [(1,), object()]):
        with pytest.raises(TypeError, match=r"broadcast\(\)"):
            broadcast(*wrong)


# ---- histograms


def test_counts_are_numpys():
    array = RANDOM.normal(size=(40, 30))
    for bins in (1, 30, [-1.0, 0.0, 0.5, 2.0]):
        record = histogram(array, bins).record
        counts, edges = np.histogram(array, bins)
        assert record["counts"] == counts.tolist()
        np.testing.assert_allclose(record["edges"], edges, rtol=1e-12)
    assert record["outside"] == np.count_nonzero((array < -1) | (array > 2))


def test_what_is_no_number_is_counted_apart():
    output = histogram(WILD, bins=[-5, 0, 5])
    finite = WILD[np.isfinite(WILD)]
    assert sum(output.record["counts"]) == np.count_nonzero(np.abs(finite) <= 5)
    assert "NaN 0.0244 %" in output.description()
    for empty in (np.zeros(0), np.full(5, np.nan), mt.constant(["a"]), KINDS["symbol"]):
        output = histogram(empty)
        assert output.record["counts"] == []
        assert output.record["note"]
        ElementTree.fromstring(output.to_svg())


def test_equal_elements_fill_one_bin():
    record = histogram(np.full(9, 4.0), bins=3).record
    assert record["counts"] == [0, 9, 0]
    assert record["edges"][0] < 4.0 < record["edges"][-1]


@pytest.mark.parametrize("bins", [0, 501, [1.0], [1.0, 1.0], [0.0, math.inf]], ids=str)
def test_bins_that_are_none_are_refused(bins):
    with pytest.raises(ValueError, match="bins"):
        histogram([1.0], bins)


# ---- figures and strings


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text_in_figures(bad):
    record = tensor_record(WILD)
    record.update(
        kind=bad, name=bad, dtype=bad, made_by=bad, device=bad, layout=bad, memory=bad, notes=[bad],
        source={"file": bad, "line": 1, "text": bad},
    )  # fmt: skip
    words = tensor_record(mt.constant([[bad]]))
    outputs = [Inspection(record), Inspection(words), broadcast((1,), (2,), names=[bad, bad])]
    outputs.append(Histogram({**histogram(WILD).record, "name": bad, "note": bad, "dtype": bad}))
    for output in outputs:
        tags = {
            item.tag.rpartition("}")[2] for item in ElementTree.fromstring(output.to_svg()).iter()
        }
        assert tags <= {"svg", "style", "rect", "text", "path", "image"}
        assert "<script>alert" not in output.to_html(static=False)
        assert json.dumps(output._state())


def test_figures_are_legible_and_say_what_they_show():
    for output in (inspect(WILD), broadcast((3,), (3, 4)), histogram(WILD)):
        svg = ElementTree.fromstring(output.to_svg())
        assert svg.get("aria-label") == output.alt
        assert float(svg.get("width", "0")) <= 700
        assert not re.search(r"font-size:[0-9]px", output.to_svg())


# ---- widgets


def test_a_widget_keeps_its_place_inside_the_tensor():
    widget = TensorWidget(np.zeros((4, 50)), selected="1, 2")
    widget.at, widget.axes = [9, -3], [1, 0]
    assert (widget.at, widget.axes) == ([3, 0], [1, 0])
    widget.axes = [1, 1]
    assert widget.axes == [0, 1]
    widget.update(np.zeros(7))
    assert (widget.at, widget.axes, widget.tensor["shape"]) == ([0], [-1, 0], [7])
    assert repr(widget) == "TensorWidget(numpy array float64 (7,))"


def test_a_widget_reads_the_window_it_is_asked_for():
    array = RANDOM.normal(size=(3, 200, 300)).astype(np.float32)
    widget = TensorWidget(array, gradient=-array)
    sent = []
    widget.send = sent.append
    widget._asked(widget, {"kind": "window", "at": [2, 100, 290], "axes": [1, 2]}, [])
    widget._asked(widget, {"kind": "window", "at": "nonsense", "axes": [7]}, [])
    widget._asked(widget, "nonsense", [])
    assert len(sent) == 2
    expected = array[2, 100:132, 290:].ravel()
    np.testing.assert_array_equal(unpacked(sent[0]["elements"]), expected)
    np.testing.assert_array_equal(unpacked(sent[0]["gradient"]), -expected)
    assert len(json.dumps(sent[0])) < 64_000


def test_a_histogram_widget_draws_the_new_over_the_old():
    widget = HistogramWidget([1.0, 2.0], bins=2)
    widget.update([1.0, 2.0, 2.0])
    assert widget.histogram["before"]["counts"] == [1, 1]
    widget.update([3.0])
    assert widget.histogram["before"]["counts"] == [1, 2]
    assert 'class="o"' in widget.to_svg()
    assert "before" not in widget.histogram["before"]


def test_a_broadcast_widget_clamps_its_step():
    widget = BroadcastWidget((2, 1), (3,))
    widget.step = 99
    assert widget.step == 3
    assert isinstance(widget.island(), Broadcast)


# ---- displays in notebooks


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    assert display.register(shell)
    yield shell
    shell.clear_instance()


def shown(shell, value):
    return shell.display_formatter.format(value)[0]


def test_tensors_are_tables_or_figures_and_scalars_stay_a_line(shell):
    for value, most in ((mt.constant([1, 2]), 1_000), (mt.ones((8, 8)), 12_000),
                        (mt.random.normal((64, 64), seed=1), 20_000), (KINDS["rows"], 2_000),
                        (KINDS["variable"], 2_000), (KINDS["image"], 20_000)):  # fmt: skip
        bundle = shown(shell, value)
        assert bundle["text/plain"] == repr(value)
        assert "<script" not in bundle["text/html"]
        assert len(bundle["text/html"]) <= most
    assert list(shown(shell, mt.constant(3.0))) == ["text/plain"]
    assert list(shown(shell, np.ones(3))) == ["text/plain"]


def test_graphs_tapes_and_functions_are_drawn(shell):
    @mt.function(autograph=False)
    def double(x):
        return x * 2.0

    assert list(shown(shell, double)) == ["text/plain"]
    double(mt.constant(1.0))
    assert "1 trace in its cache" in shown(shell, double)["text/html"]
    assert "<img" in shown(shell, double.get_concrete_function(mt.constant(1.0)))["text/html"]
    with mt.GradientTape() as tape:
        x = mt.Variable(2.0)
        x * x
    assert "<img" in shown(shell, tape)["text/html"]
    assert list(shown(shell, mt.GradientTape())) == ["text/plain"]


def test_displays_can_be_switched_off_and_loaded_again(shell):
    display.unregister(shell)
    assert list(shown(shell, mt.ones(3))) == ["text/plain"]
    shell.run_line_magic("load_ext", "minitensor_widgets")
    assert "text/html" in shown(shell, mt.ones(3))
    shell.run_line_magic("unload_ext", "minitensor_widgets")
    assert list(shown(shell, mt.ones(3))) == ["text/plain"]


def test_a_display_that_fails_leaves_the_text(shell, monkeypatch):
    broken = mt.ones(3)
    object.__setattr__(broken, "_array", None)
    assert display._quiet(display.tensor_html)(broken) is None


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text_in_displays(shell, bad):
    shell.user_ns[bad] = value = mt.constant([bad])
    html = shown(shell, value)["text/html"]
    assert "<script" not in html
    assert "<img" not in html
    assert "<svg" not in html


def test_importing_registers_without_loading_anything_heavy():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "import sys, minitensor_widgets\n"
        "print([m for m in ('numpy', 'minitensor', 'anywidget') if m in sys.modules])\n"
        "shell.run_cell('import minitensor as mt; mt.ones(2)')\n"
        "import minitensor as mt\n"
        "print('text/html' in shell.display_formatter.format(mt.ones(2))[0])\n"
    )
    env = {**os.environ, "IPYTHONDIR": os.devnull}
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, env=env, check=True).stdout
    assert out.splitlines()[0] == "[]"
    assert out.splitlines()[-1] == "True"


def test_a_record_is_shown_without_numpy_or_the_engine():
    record = json.dumps(inspect(WILD).record)
    code = (
        "import json, sys, minitensor_widgets as w\n"
        "shown = w.Inspection(json.loads(sys.stdin.read()))\n"
        "shown.to_html(), shown.description()\n"
        "print(sorted({'numpy', 'minitensor', 'anywidget'} & set(sys.modules)))\n"
    )
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, input=record, check=True).stdout
    assert out == "[]\n"


def test_islands_stay_within_their_budget():
    sizes = {name: len(inspect(value).to_html(static=False)) for name, value in KINDS.items()}
    assert max(sizes.values()) < 250_000
    assert sorted(sizes.values())[len(sizes) // 2] < 80_000


def test_states_survive_the_journey():
    html = inspect(WILD).to_html(static=False)
    data = re.search(r'await inflate\("([^"]+)"\)', html)
    assert data
    state = json.loads(zlib.decompress(base64.b64decode(data[1])))
    assert state["axes"] == [0, 1]
    np.testing.assert_array_equal(unpacked(state["tensor"]["elements"]), WILD.ravel())

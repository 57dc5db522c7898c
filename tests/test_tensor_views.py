"""Tensors looked at: their statistics, records, windows and literals; no browser."""

import itertools
import json
import math
import time
import tracemalloc
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minitensor as mt
from minitensor.backend import NAMESPACE
from minitensor.views import histogram_view, tensor_view, to_json, value_view, window_view
from minitensor_widgets import (
    Inspection,
    TensorWidget,
    inspect,
)
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


@pytest.mark.parametrize("scale", [1e-310, 1e-300, 1e-170, 1e160, 1e300])
@pytest.mark.parametrize("size", [7, 200_000])
def test_the_spread_of_the_least_and_the_largest_numbers_has_a_size(scale, size):
    array = np.random.default_rng(3).normal(size=size)
    found = value_view(array * scale).std
    assert found == pytest.approx(array.std() * scale, rel=1e-6, abs=0)
    assert value_view(np.append(array * scale, np.nan)).std == pytest.approx(found, abs=0)


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


# ---- what is hard to look at


@pytest.mark.parametrize("value", [3.0, [3.0, 3.0], [0.1] * 7, 1.7e308, [-1.7e308, 1.7e308],
                                   [np.nextafter(3.0, 4.0), 3.0], [5e-324, 0.0]])  # fmt: skip
def test_no_count_of_a_histogram_is_negative_and_its_edges_are_finite_and_rise(value):
    view = histogram_view(value)
    array = np.ravel(value)
    assert min(view.counts) >= 0
    assert sum(view.counts) == array.size
    assert np.isfinite(view.edges).all()
    assert all(a <= b for a, b in itertools.pairwise(view.edges))


def test_a_text_alone_is_looked_at():
    made = inspect(mt.constant("hi"))
    assert "hi" in made.description()
    ElementTree.fromstring(made.to_svg())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "neither numbers nor texts"),
        (object(), "neither numbers nor texts"),
        ([[1.0], [2.0, 3.0]], "different lengths"),
        (np.zeros(3, [("a", int), ("b", float)]), r"look at one field: x\['a'\]"),
    ],
)
def test_what_has_no_elements_to_look_at_is_a_lesson(value, words):
    for look in (tensor_view, histogram_view):
        with pytest.raises(ValueError, match=words):
            look(value)


def test_images_are_looked_at_by_rows_and_columns_of_pixels():
    images = RANDOM.normal(size=(8, 28, 28, 1))
    assert inspect(images).axes == [1, 2]
    assert TensorWidget(images).axes == [1, 2]
    assert inspect(images[0]).axes == [0, 1]
    assert inspect(np.zeros((2, 3, 4))).axes == [1, 2]
    assert "28 by 28 cells" in inspect(images).alt


def test_how_many_are_not_numbers_is_counted():
    assert "NaN 14.3 % (1)" in inspect([np.nan, *range(6)]).description()

"""`mt.function`: when it traces, what counts in a call, what comes back."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import functools
import gc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitensor as mt

t = mt.constant


class Counted:
    """A traced function that counts how often Python runs it."""

    def __init__(self, body: Any = None, **options: Any):
        self.count = 0

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            return None if body is None else body(*args, **kwargs)

        self.function = mt.function(counted, autograph=False, **options)

    def traces(self, *calls: Any) -> list[int]:
        """How many traces each call makes, called with one argument."""
        found = []
        for value in calls:
            before = self.count
            self.function(value)
            found.append(self.count - before)
        return found


def traces(*calls: Any, **options: Any) -> list[int]:
    return Counted(**options).traces(*calls)


class Thing:
    pass


class Color(enum.Enum):
    RED, GREEN = 1, 2


Pair = collections.namedtuple("Pair", "x y")


@dataclasses.dataclass
class Both:
    a: Any
    b: Any


ONE, OTHER = Thing(), Thing()


# What counts, row by row.


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([t([1.0]), t([2.0]), t([3.0])], [1, 0, 0]),
        ([t([1.0]), t([2.0, 1.0]), t([3]), t([1.0]), t([0.0, 0.0])], [1, 1, 1, 0, 0]),
        ([1, 2, 1, 3, 1], [1, 1, 0, 1, 0]),
        ([1, 1.0, True, 1, 1.0, True], [1, 1, 1, 0, 0, 0]),
        ([0.0, -0.0, 0.0, -0.0], [1, 1, 0, 0]),
        ([float("nan"), float("nan"), -float("nan")], [1, 0, 0]),
        ([1j, 1j, 2j, complex(0.0, -0.0)], [1, 0, 1, 1]),
        (["a", "b", "a", b"a", None, None], [1, 1, 0, 1, 1, 0]),
        ([mt.float32, mt.int32, mt.float32], [1, 1, 0]),
        ([mt.TensorShape([1]), mt.TensorShape([1]), mt.TensorShape(None)], [1, 0, 1]),
        ([range(3), range(3), range(4)], [1, 0, 1]),
        ([slice(1, 2), slice(1, 2), slice(1, 3), slice(1, 2, 1)], [1, 0, 1, 1]),
        ([int, int, float, len, len, np.sin, np.sin], [1, 0, 1, 1, 0, 1, 0]),
        ([Color.RED, Color.RED, Color.GREEN], [1, 0, 1]),
        ([frozenset({1}), frozenset({1}), frozenset({2})], [1, 0, 1]),
        ([np.float32([1.0]), t([1.0]), np.float32([2.0]), np.float64([2.0])], [1, 0, 0, 1]),
        ([np.float32(1.0), t(1.0), np.int64(1), np.bool_(True), np.str_("a")], [1, 0, 1, 1, 1]),
        ([[t(1.0)], (t(1.0),), [t(2.0)], [t(1.0), t(1.0)], [[t(1.0)]]], [1, 1, 0, 1, 1]),
        ([{"a": t(1.0), "b": 2}, {"b": 2, "a": t(3.0)}, {"a": t(1.0)}, {}], [1, 0, 1, 1]),
        ([Pair(t(1.0), 2), Pair(t(2.0), 2), Pair(t(2.0), 3), (t(1.0), 2)], [1, 0, 1, 1]),
        ([Both(t(1.0), 2), Both(t(2.0), 2), Both(t(2.0), 3)], [1, 0, 1]),
        ([ONE, OTHER, ONE, OTHER, Thing(), Thing()], [1, 1, 0, 0, 1, 1]),
        ([ONE.__init__, ONE.__init__, OTHER.__init__], [1, 0, 1]),
        ([mt.Variable(1.0), mt.Variable(2.0), mt.Variable([1.0])], [1, 0, 1]),
        ([mt.Variable(1.0), t(1.0)], [1, 1]),
        ([mt.Variable(1.0), mt.Variable(1.0, trainable=False)], [1, 1]),
    ],
)
def test_what_tells_calls_apart(calls: list, expected: list[int]) -> None:
    assert traces(*calls) == expected


def test_the_type_of_a_number_is_part_of_it() -> None:
    same = mt.function(lambda x: x)
    assert [same(x).dtype.name for x in (1, 1.0, True)] == ["int32", "float32", "bool"]


def test_which_variables_are_the_same_counts() -> None:
    add = Counted(lambda v, w: v.assign_add(w * 2.0))
    v, w = mt.Variable(1.0), mt.Variable(10.0)
    found = [add.function(*pair).numpy() for pair in ((v, w), (w, v), (v, v), (w, w))]
    assert found == [21.0, 52.0, 63.0, 156.0]
    assert add.count == 2


def test_a_variable_among_the_arguments_is_not_one_of_the_closure() -> None:
    kept = mt.Variable(1.0)

    @mt.function
    def read(v: Any) -> Any:
        v.assign(5.0)
        return kept + v

    other = mt.Variable(0.0)
    assert (read(kept).numpy(), read(other).numpy()) == (10.0, 10.0)
    assert (kept.numpy(), other.numpy()) == (5.0, 5.0)
    kept.assign(1.0)
    assert read(other).numpy() == 6.0


def test_variables_of_a_call_get_its_gradients() -> None:
    square = mt.function(lambda v: v * v)
    for value in (3.0, 5.0):
        v = mt.Variable(value)
        with mt.GradientTape() as tape:
            y = square(v)
        assert tape.gradient(y, v).numpy() == 2 * value


def test_however_a_call_is_written_it_is_the_same() -> None:
    count = []

    @mt.function
    def f(x: Any, y: int = 2, *, z: int = 3) -> Any:
        count.append(1)
        return x * y + z

    x = t(5)
    found = [f(x), f(x, 2), f(x, y=2), f(y=2, x=x, z=3)]
    assert [r.numpy() for r in found] == [13] * 4
    assert len(count) == 1


def test_further_arguments() -> None:
    def total(*args: Any, **kwargs: Any) -> Any:
        return sum(args, t(0.0)) + sum(kwargs.values(), t(0.0))

    f = Counted(total)
    assert f.function(t(1.0), t(2.0)).numpy() == 3.0
    assert f.function(a=t(1.0), b=t(2.0)).numpy() == 3.0
    assert f.function(b=t(2.0), a=t(1.0)).numpy() == 3.0
    assert f.count == 2


def test_objects_are_not_kept_alive() -> None:
    seen = mt.function(lambda thing: t(1.0))
    thing = Thing()
    seen(thing)
    alive = weakref.ref(thing)
    del thing
    assert alive() is None
    assert seen.concrete_functions == []
    seen(Thing())
    assert seen.experimental_get_tracing_count() == 2


def test_an_object_that_says_what_equals_it_is_looked_up_so() -> None:
    class Point:
        def __init__(self, x: int):
            self.x = x

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Point) and other.x == self.x

        def __hash__(self) -> int:
            return hash(self.x)

    one, same, other = Point(1), Point(1), Point(2)
    assert traces(one, same, other) == [1, 0, 1]


@pytest.mark.parametrize(
    ("value", "where", "fix"),
    [
        ({1}, "args_0, a set", "frozenset"),
        ([{"a": {1}}], r"args_0\[0\]\['a'\], a set", "frozenset"),
        (bytearray(b"a"), "args_0, a bytearray", "pass tensors"),
    ],
)
def test_what_cannot_be_looked_up_is_refused(value: Any, where: str, fix: str) -> None:
    f = Counted()
    f.function(1)
    with pytest.raises(TypeError, match="Could not generate a generic TraceType for") as caught:
        f.function(value)
    assert caught.match(f"It is the argument {where}")
    assert caught.match(f"To fix it: .*{fix}")
    assert len(f.function.concrete_functions) == 1


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested too deeply"):
        Counted().function(endless)


# Open shapes.


def test_an_open_trace_serves_all_sizes() -> None:
    f = Counted(lambda x: x * 2.0)
    concrete = f.function.get_concrete_function(mt.TensorSpec([None]))
    assert f.function(t([1.0, 2.0])).numpy().tolist() == [2.0, 4.0]
    assert f.function(t([1.0])).numpy().tolist() == [2.0]
    assert (f.count, f.function.concrete_functions) == (1, [concrete])
    f.function(t([[1.0]]))
    assert f.count == 2


def test_of_several_open_traces_the_closest_serves() -> None:
    f = Counted(lambda x: mt.constant(str(x.shape)))
    for shape in ([None, 2], [None, None], None):
        f.function.get_concrete_function(mt.TensorSpec(shape))
    found = [f.function(mt.ones(shape)).numpy() for shape in ((3, 2), (3, 3), (3,), ())]
    assert found == [b"(None, 2)", b"(None, None)", b"<unknown>", b"<unknown>"]
    assert f.count == 3


def test_reduce_retracing_leaves_open_what_differs() -> None:
    f = Counted(lambda x: x * 2.0, reduce_retracing=True)
    shapes = [(1, 2), (2, 2), (3, 3), (3,), (4, 4), (1, 2)]
    found = f.traces(*(mt.ones(shape) for shape in shapes))
    assert found == [1, 1, 1, 1, 0, 0]
    specs = [str(c.inputs[0].shape) for c in f.function.concrete_functions]
    assert specs == ["(1, 2)", "(None, 2)", "(None, None)", "<unknown>"]
    assert f.traces(1, 2) == [1, 1]  # Python numbers are never left open


def test_a_trace_of_unknown_rank_computes() -> None:
    f = mt.function(lambda x: mt.exp(x) + x)
    concrete = f.get_concrete_function(mt.TensorSpec(None))
    assert concrete.outputs[0].shape.rank is None
    for x in (t(0.0), t([0.0, 0.0]), mt.zeros((2, 0))):
        assert f(x).shape == x.shape
    assert f.experimental_get_tracing_count() == 1


# What comes back.


def test_results_keep_their_structure() -> None:
    @mt.function
    def f(p: Any) -> Any:
        rest = Both([p.y], (1, 2.5, "s", True, b"b", 1j))
        return {"z": Pair(p.x + 1.0, None), "d": rest, "n": np.arange(3), "e": [], "x": ()}

    for _ in range(2):
        found = f(Pair(t(1.0), t(2)))
        assert list(found) == ["z", "d", "n", "e", "x"]
        assert isinstance(found["z"], Pair)
        assert (found["z"].x.numpy(), found["z"].y) == (2.0, None)
        assert isinstance(found["d"], Both)
        assert [x.dtype.name for x in found["d"].b] == [
            "int32", "float32", "string", "bool", "string", "complex128"]  # fmt: skip
        assert found["n"].numpy().tolist() == [0, 1, 2]
        assert (found["e"], found["x"]) == ([], ())


def test_a_result_is_a_structure_of_its_own() -> None:
    kept = [t(1.0)]
    f = mt.function(lambda: kept)
    first, second = f(), f()
    first.append(1)
    kept.append(t(2.0))
    assert len(second) == len(f()) == 1


def test_an_argument_and_a_variable_come_back_as_tensors() -> None:
    v = mt.Variable([1.0, 2.0])
    f = mt.function(lambda x, w: (x, w, v))
    x = t([3.0])
    found = f(x, v)
    assert found[0] is not x
    assert all(type(y) is mt.Tensor for y in found)
    v.assign([5.0, 6.0])
    assert found[2].numpy().tolist() == [1.0, 2.0]
    assert f(x, v)[1].numpy().tolist() == [5.0, 6.0]


def test_rows_go_in_and_come_out() -> None:
    table = mt.Variable(mt.ones((3, 2)))

    @mt.function
    def rows(scale: Any) -> Any:
        with mt.GradientTape() as tape:
            y = mt.reduce_sum(mt.gather(table, [0, 2, 0])) * scale
        return tape.gradient(y, table)

    found = rows(t(2.0))
    assert isinstance(found, mt.IndexedSlices)
    assert found.indices.numpy().tolist() == [0, 2, 0]
    assert mt.convert_to_tensor(found).numpy().tolist() == [[4.0, 4.0], [0.0, 0.0], [2.0, 2.0]]
    double = mt.function(lambda s: mt.IndexedSlices(s.values * 2.0, s.indices, s.dense_shape))
    again = double(mt.IndexedSlices(mt.ones((1, 2)), t([2]), (3, 2)))
    assert mt.convert_to_tensor(again).numpy().tolist() == [[0.0, 0.0], [0.0, 0.0], [2.0, 2.0]]


@pytest.mark.parametrize("value", [object(), mt.float32, {1}, len, iter([])])
def test_what_is_no_tensor_cannot_come_back(value: Any) -> None:
    f = mt.function(lambda: [value])
    with pytest.raises(TypeError, match="To be compatible with tf") as c:
        f()
    assert c.match(f"found return value of type {type(value).__name__}, which is not a Tensor")
    assert f.concrete_functions == []


numbers = st.one_of(st.integers(-9, 9), st.floats(-9, 9, width=32), st.booleans(), st.none())
leaves = st.one_of(numbers, numbers.filter(lambda x: x is not None).map(mt.constant))
structures = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        st.builds(Pair, inner, inner),
        st.builds(Both, inner, inner),
    ),
)


def told(structure: Any) -> str:
    """A structure with its tensors written out, so that equal ones have equal texts."""
    return repr(mt.nest.map_structure(
        lambda x: None if x is None else (mt.constant(x).dtype, mt.constant(x).numpy().tolist())
        if not isinstance(x, mt.Tensor) else (x.dtype, x.numpy().tolist()), structure))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(structures)
def test_any_structure_goes_in_and_out(structure: Any) -> None:
    f = mt.function(lambda x, *, y: (x, [y]), autograph=False)
    for _ in range(2):
        found = f(structure, y=structure)
        assert told(found) == told((structure, [structure]))
    assert f.experimental_get_tracing_count() == 1


def test_a_deep_structure_goes_in_and_out() -> None:
    deep: Any = t(1.0)
    for _ in range(100):
        deep = [{"a": (deep,)}]
    f = mt.function(lambda x: x, autograph=False)
    found = f(deep)
    for _ in range(100):
        found = found[0]["a"][0]
    assert found.numpy() == 1.0


# The object.


def test_it_looks_like_the_function() -> None:
    def area(r: float, scale: float = 1.0) -> Any:
        """The area of a disc."""
        return scale * r * r

    f = mt.function(area)
    assert (f.__name__, f.name, f.__doc__) == ("area", "area", "The area of a disc.")
    assert f.__wrapped__ is f.python_function is area
    assert f.input_signature is None
    assert list(f.function_type.parameters) == ["r", "scale"]
    assert repr(f) == "<tf.function area(r, scale=<captured_default_value>): 0 traces>"


def test_forms_of_the_decorator() -> None:
    @mt.function(jit_compile=True, autograph=False, experimental_implements="x")
    def plain(x: Any) -> Any:
        return x + 1

    assert plain(t(1)).numpy() == 2
    assert mt.function(plain)(t(1)).numpy() == 2
    assert mt.function(functools.partial(plain, t(2)))().numpy() == 3
    assert mt.function(abs)(t(-2)).numpy() == 2
    for wrong in (3, "f", None.__class__(), [plain]):
        if wrong is not None:
            with pytest.raises(TypeError, match="is not a callable object"):
                mt.function(wrong)


def test_old_names_still_work(caplog: pytest.LogCaptureFixture) -> None:
    f = mt.function(lambda x: x, experimental_relax_shapes=True, experimental_compile=True)
    assert [r.getMessage() for r in caplog.records] == [
        "experimental_relax_shapes is deprecated, use reduce_retracing instead",
        "experimental_compile is deprecated, use jit_compile instead",
    ]
    for n in (1, 2, 3):
        f(mt.ones(n))
    assert f.experimental_get_tracing_count() == 2


def test_a_copy_starts_anew() -> None:
    f = mt.function(lambda x: x + 1)
    f(t(1))
    for again in (copy.copy(f), copy.deepcopy(f)):
        assert again.experimental_get_tracing_count() == 0
        assert again(t(1)).numpy() == 2


def test_a_function_and_its_traces_can_go() -> None:
    f = mt.function(lambda x: x + 1)
    f(t(1))
    alive = [weakref.ref(f), weakref.ref(f.concrete_functions[0])]
    del f
    gc.collect()
    assert [r() for r in alive] == [None, None]

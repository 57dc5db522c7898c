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
FIVE, UNIT = t(5.0), np.float32(1.0)


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


def test_defaults_that_are_tensors_and_variables() -> None:
    v = mt.Variable(10.0)

    @mt.function
    def f(x: Any, y: Any = FIVE, z: Any = v, *, w: Any = UNIT) -> Any:
        return x + y + z + w

    for _ in range(3):
        assert f(t(1.0)).numpy() == 17.0
        assert f(t(1.0), t(2.0)).numpy() == 14.0
        assert f(t(1.0), w=t(0.0)).numpy() == 16.0
    v.assign(0.0)
    assert f(t(1.0)).numpy() == 7.0
    assert f.experimental_get_tracing_count() == 1


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
    assert mt.function(mt.add)(t(1), t(2)).numpy() == 3
    assert mt.function(mt.reduce_sum)(t([[1, 2]]), axis=1).numpy().tolist() == [3]
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

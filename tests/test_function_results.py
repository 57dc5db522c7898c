"""What comes back from traced functions: structures, tensors for values, errors for the rest."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitensor as mt

t = mt.constant
Pair = collections.namedtuple("Pair", "x y")


@dataclasses.dataclass
class Both:
    a: Any
    b: Any


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
    return repr(mt.nest.map_structure(_told, structure))


def _told(x: Any) -> Any:
    if x is None:
        return None
    x = mt.constant(x) if not isinstance(x, mt.Tensor) else x
    return x.dtype, np.asarray(x.numpy()).tolist()


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


def test_the_short_way_tells_the_same_calls_apart() -> None:
    f = mt.function(lambda *args, **kwargs: [*args, *(kwargs[k] for k in sorted(kwargs))])
    one, two = t(1.0), t(2.0)
    calls: list[tuple] = [
        ((one, 2), {}), ((one, 0.0), {}), ((one, -0.0), {}), ((one, True), {}), ((one, None), {}),
        ((one,), {"a": 2}), ((one,), {"b": 2}), ((), {"a": one}), ((), {"b": one, "a": two}),
        ((), {"a": two, "b": one}), ((one, "a"), {}), ((None, one), {}), ((), {}), (("a",), {}),
        ((one, two), {}), ((two, one), {}),
    ]  # fmt: skip
    for _ in range(3):
        for args, kwargs in calls:
            expected = [*args, *(kwargs[k] for k in sorted(kwargs))]
            assert told(f(*args, **kwargs)) == told(expected)

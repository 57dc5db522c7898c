"""Shapes: the public TensorShape, and the rules that find out what fits."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitensor as mt
from minitensor.errors import Fault, InvalidArgumentError
from minitensor.shapes import (
    Spec,
    axes_of,
    axis_of,
    broadcast_shapes,
    matrix_product,
    reduced,
    reshaped,
)

UNKNOWN = mt.TensorShape(None)


def test_text():
    assert repr(mt.TensorShape([None, 2])) == "TensorShape([None, 2])"
    assert str(mt.TensorShape([None, 2])) == "(None, 2)"
    assert str(mt.TensorShape([2])) == "(2,)"
    assert repr(UNKNOWN) == "TensorShape(None)"
    assert str(UNKNOWN) == "<unknown>"


def test_it_is_a_tuple_to_numpy():
    shape = mt.TensorShape([2, 3])
    assert np.zeros(shape).shape == (2, 3)
    assert tuple(shape) == (2, 3)
    assert shape == (2, 3)
    assert shape == [2, 3]
    assert shape != [2]
    assert shape[0] == 2
    assert isinstance(shape[1:], mt.TensorShape)
    assert shape + [4] == [2, 3, 4]
    assert [1] + shape == [1, 2, 3]
    assert (shape.rank, shape.ndims, len(shape)) == (2, 2, 2)
    assert (shape.dims, shape.as_list(), shape.num_elements()) == ([2, 3], [2, 3], 6)
    assert hash(shape) == hash(mt.TensorShape((2, 3)))
    assert mt.TensorShape(5) == [5]
    assert mt.TensorShape([np.int64(3)]) == [3]
    assert mt.TensorShape(shape) is shape
    assert mt.TensorShape([]) == ()
    assert mt.TensorShape([]).num_elements() == 1


def test_unknown_sizes():
    shape = mt.TensorShape([None, 3])
    assert not shape.is_fully_defined()
    assert shape.num_elements() is None
    assert shape.is_compatible_with([7, 3])
    assert not shape.is_compatible_with([7, 4])
    assert not shape.is_compatible_with([3])
    assert shape.merge_with([7, None]) == [7, 3]
    assert shape.concatenate([1]) == [None, 3, 1]
    with pytest.raises(InvalidArgumentError, match="never be equal"):
        shape.assert_is_compatible_with([7, 4])
    with pytest.raises(ValueError, match="To fix it"):
        shape.merge_with([1])


def test_unknown_rank():
    assert UNKNOWN.rank is None
    assert UNKNOWN.dims is None
    assert not UNKNOWN
    assert not UNKNOWN.is_fully_defined()
    assert UNKNOWN.is_compatible_with([1, 2])
    assert mt.TensorShape([1]).is_compatible_with(None)
    assert UNKNOWN.merge_with([2]) == [2]
    assert UNKNOWN + [2] == UNKNOWN
    assert mt.TensorShape(None) == UNKNOWN
    assert mt.TensorShape([]) != UNKNOWN
    with pytest.raises(ValueError, match="rank is not known"):
        UNKNOWN.as_list()
    with pytest.raises(ValueError, match="rank"):
        len(UNKNOWN)
    with pytest.raises(ValueError, match="rank"):
        iter(UNKNOWN)


def test_pickles():
    for shape in (mt.TensorShape([None, 2]), UNKNOWN, mt.TensorShape([])):
        assert pickle.loads(pickle.dumps(shape)) == shape


@pytest.mark.parametrize("dims", ["ab", [1.5], [-1], 2.5, [[1]]])
def test_what_is_no_shape(dims):
    with pytest.raises((TypeError, ValueError)):
        mt.TensorShape(dims)


@given(hnp.mutually_broadcastable_shapes(num_shapes=3))
def test_broadcasting_is_numpys(shapes):
    assert broadcast_shapes(*shapes.input_shapes) == shapes.result_shape


@given(hnp.array_shapes(min_dims=0, max_dims=3), hnp.array_shapes(min_dims=0, max_dims=3))
def test_what_numpy_refuses_to_broadcast_is_a_fault(a, b):
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(Fault):
            broadcast_shapes(a, b)
    else:
        assert broadcast_shapes(a, b) == expected


def test_broadcasting_with_unknown_sizes():
    assert broadcast_shapes((None, 3), (1, 3)) == (None, 3)
    assert broadcast_shapes((None,), (5,)) == (5,)
    assert broadcast_shapes((None,), (None,)) == (None,)
    assert broadcast_shapes() == ()
    with pytest.raises(Fault, match="axis -2 has sizes 2 and 4"):
        broadcast_shapes((2, 1), (4, 1))


def test_axes():
    assert axis_of(-1, 3) == 2
    assert axes_of(None, 2) == (0, 1)
    assert axes_of((-1, 0), 3) == (0, 2)
    assert axes_of(1, 2) == (1,)
    for bad in (2, -3):
        with pytest.raises(Fault, match=f"axis {bad} does not exist"):
            axis_of(bad, 2)
    with pytest.raises(Fault, match="twice"):
        axes_of((0, -2), 2)
    with pytest.raises(Fault, match="does not exist"):
        axis_of(0, 0)


@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0), st.data())
def test_reductions_are_numpys(shape, data):
    axis = data.draw(st.one_of(st.none(), hnp.valid_tuple_axes(len(shape))))
    keepdims = data.draw(st.booleans())
    expected = np.sum(np.zeros(shape), axis=axis, keepdims=keepdims).shape
    assert reduced(Spec(shape, np.dtype("f4")), axis=axis, keepdims=keepdims).shape == expected


@pytest.mark.parametrize(
    ("size", "target", "expected"),
    [
        ((2, 3), (3, 2), (3, 2)), ((2, 3), (-1,), (6,)), ((2, 3), (2, -1, 1), (2, 3, 1)),
        ((), (1,), (1,)),
        ((0, 3), (0, 5), (0, 5)), ((None, 3), (-1, 3), (None, 3)), ((1,), (), ()),
    ],
)  # fmt: skip
def test_reshapes(size, target, expected):
    assert reshaped(size, target) == expected


@pytest.mark.parametrize(
    ("size", "target"),
    [((6,), (4, 2)), ((6,), (-1, 4)), ((6,), (-1, -1)), ((6,), (-2, 3)), ((0,), (-1, 0))],
)
def test_reshapes_that_do_not_fit(size, target):
    with pytest.raises(Fault):
        reshaped(size, target)


def test_matrix_products():
    def product(a: tuple, b: tuple) -> tuple:
        return matrix_product(Spec(a, np.dtype("f4")), Spec(b, np.dtype("f4"))).shape

    assert product((2, 3), (3, 4)) == (2, 4)
    assert product((5, 2, 3), (3, 4)) == (5, 2, 4)
    assert product((5, 1, 2, 3), (6, 3, 4)) == (5, 6, 2, 4)
    assert product((None, 3), (3, 4)) == (None, 4)
    with pytest.raises(Fault, match="last axis of the left has size 3"):
        product((2, 3), (2, 3))
    with pytest.raises(Fault, match="ranks are 1 and 2"):
        product((3,), (3, 2))

"""Shapes and indices in general: whatever hypothesis thinks of, the answer is numpy's."""

from __future__ import annotations

from math import prod
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitensor as mt
from minitensor import nest

generated = settings(deadline=None, max_examples=60, derandomize=True)

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
SOLID = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def numbered(shape: tuple) -> np.ndarray:
    """An array whose elements all differ."""
    return np.arange(prod(shape), dtype=np.float32).reshape(shape)


def same(result: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    assert tuple(result.shape) == expected.shape
    np.testing.assert_array_equal(result.numpy(), expected)


def gradient(fn: Any, x: np.ndarray) -> np.ndarray:
    """The gradient of the sum of `fn(x)`, as an array."""
    tensor = mt.constant(x)
    with mt.GradientTape() as tape:
        tape.watch(tensor)
        y = fn(tensor)
    return np.asarray(mt.convert_to_tensor(tape.gradient(y, tensor)))


@generated
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4, min_side=0))
def test_broadcasting_is_numpys(shapes: Any) -> None:
    a, b = (numbered(shape) for shape in shapes.input_shapes)
    same(mt.constant(a) + mt.constant(b), a + b)
    assert mt.broadcast_static_shape(a.shape, b.shape) == shapes.result_shape
    assert gradient(lambda x: x + b, a).shape == a.shape
    np.testing.assert_array_equal(
        gradient(lambda x: x + b, a), np.full(a.shape, prod(shapes.result_shape) / max(a.size, 1))
    )


@generated
@given(SHAPES, SHAPES)
def test_shapes_broadcast_exactly_when_numpys_do(a: tuple, b: tuple) -> None:
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(mt.errors.InvalidArgumentError, match="equal or contain a 1"):
            mt.zeros(a) + mt.zeros(b)
    else:
        assert (mt.zeros(a) + mt.zeros(b)).shape == expected


@st.composite
def indexed(draw: Any) -> tuple[np.ndarray, Any]:
    """An array and a basic index into it: integers, slices, None and an ellipsis."""
    shape = draw(SOLID)
    index = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    return numbered(shape), draw(index)


@generated
@given(indexed())
def test_basic_indexing_is_numpys(case: tuple) -> None:
    x, index = case
    same(mt.constant(x)[index], x[index])
    touched = np.zeros_like(x)
    touched[index] = 1
    np.testing.assert_array_equal(gradient(lambda t: t[index], x), touched)


@st.composite
def masked(draw: Any) -> tuple[np.ndarray, np.ndarray, int]:
    shape = draw(SOLID)
    first = draw(st.integers(0, len(shape) - 1))
    last = draw(st.integers(first + 1, len(shape)))
    return numbered(shape), draw(hnp.arrays(bool, shape[first:last])), first


@generated
@given(masked())
def test_masks_select_like_numpys(case: tuple) -> None:
    x, mask, axis = case
    index = (slice(None),) * axis + (mask,)
    same(mt.boolean_mask(x, mask, axis=axis), x[index])
    if axis == 0:
        same(mt.constant(x)[mask], x[mask])
        same(mt.constant(x)[mt.constant(mask)], x[mask])
    touched = np.zeros_like(x)
    touched[index] = 1
    np.testing.assert_array_equal(
        gradient(lambda t: mt.boolean_mask(t, mask, axis=axis), x), touched
    )


@st.composite
def strided(draw: Any) -> tuple[np.ndarray, list, list, list]:
    shape = draw(SOLID)
    count = draw(st.integers(1, len(shape)))
    ends = st.lists(st.integers(-6, 6), min_size=count, max_size=count)
    steps = st.lists(st.sampled_from([-2, -1, 1, 2, 3]), min_size=count, max_size=count)
    return numbered(shape), draw(ends), draw(ends), draw(steps)


@generated
@given(strided(), st.integers(0, 15), st.integers(0, 15))
def test_strided_slice_is_a_slice(case: tuple, begin_mask: int, end_mask: int) -> None:
    x, begin, end, strides = case
    index = tuple(
        slice(None if begin_mask >> i & 1 else b, None if end_mask >> i & 1 else e, s)
        for i, (b, e, s) in enumerate(zip(begin, end, strides, strict=True))
    )
    same(mt.strided_slice(x, begin, end, strides, begin_mask, end_mask), x[index])


@st.composite
def taken(draw: Any) -> tuple[np.ndarray, np.ndarray, int]:
    shape = draw(SOLID)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    places = st.integers(0, shape[axis] - 1)
    dtype = draw(st.sampled_from([np.int32, np.int64]))
    wanted = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)
    return numbered(shape), draw(hnp.arrays(dtype, draw(wanted), elements=places)), axis


@generated
@given(taken())
def test_gather_is_numpys_take(case: tuple) -> None:
    x, indices, axis = case
    same(mt.gather(x, indices, axis=axis), np.take(x, indices, axis=axis))
    counts = np.bincount(indices.reshape(-1), minlength=x.shape[axis])
    wide = [1] * x.ndim
    wide[axis] = -1
    np.testing.assert_array_equal(
        gradient(lambda t: mt.gather(t, indices, axis=axis), x),
        np.broadcast_to(counts.reshape(wide), x.shape),
    )


@generated
@given(SOLID, st.data())
def test_gather_nd_and_scatter_nd_are_transposes(shape: tuple, data: Any) -> None:
    depth = data.draw(st.integers(0, len(shape)))
    count = data.draw(st.integers(0, 4))
    columns = [data.draw(hnp.arrays(np.int32, count, elements=st.integers(0, d - 1)))
               for d in shape[:depth]]  # fmt: skip
    indices = np.stack(columns, axis=1) if depth else np.zeros((count, 0), np.int32)
    x = numbered(shape)
    expected = np.stack([x[tuple(i)] for i in indices]) if count else np.zeros((0, *shape[depth:]))
    same(mt.gather_nd(x, indices), expected)
    updates = numbered((count, *shape[depth:])) + 1
    scattered = mt.scatter_nd(indices, updates, shape).numpy()
    np.testing.assert_allclose(np.sum(scattered * x), np.sum(updates * expected), rtol=1e-5)


@generated
@given(SOLID, st.data())
def test_concat_and_split_undo_each_other(shape: tuple, data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    cuts = sorted(data.draw(st.lists(st.integers(0, shape[axis]), max_size=3)))
    sizes = np.diff([0, *cuts, shape[axis]]).tolist()
    x = numbered(shape)
    pieces = mt.split(x, sizes, axis=axis)
    for piece, expected in zip(pieces, np.split(x, cuts, axis=axis), strict=True):
        same(piece, expected)
    same(mt.concat(pieces, axis=axis), x)
    same(mt.stack(mt.unstack(x, axis=axis), axis=axis), x)


@generated
@given(SHAPES, st.data())
def test_reshape_keeps_the_order_of_elements(shape: tuple, data: Any) -> None:
    x = numbered(shape)
    sizes = [d for d in range(1, x.size + 1) if x.size % d == 0] or [0]
    rows = data.draw(st.sampled_from(sizes))
    target = (rows, x.size // rows if rows else 3)
    same(mt.reshape(x, target), x.reshape(target))
    if x.size:
        same(mt.reshape(x, (-1, target[1])), x.reshape(target))
    order = data.draw(st.permutations(range(x.ndim)))
    same(mt.transpose(x, list(order)), x.transpose(order))
    same(mt.transpose(x), x.transpose())


@generated
@given(SOLID, st.data())
def test_padding_is_numpys(shape: tuple, data: Any) -> None:
    mode = data.draw(st.sampled_from(["CONSTANT", "REFLECT", "SYMMETRIC"]))
    most = {"CONSTANT": lambda d: 3, "REFLECT": lambda d: d - 1, "SYMMETRIC": lambda d: d}[mode]
    pads = [[data.draw(st.integers(0, most(d))) for _ in range(2)] for d in shape]
    x = numbered(shape)
    same(mt.pad(x, pads, mode), np.pad(x, pads, mode=mode.lower()))
    if mode == "CONSTANT":
        begin = [before for before, _ in pads]
        same(mt.slice(mt.pad(x, pads), begin, shape), x)


@generated
@given(SOLID, st.data())
def test_repetitions_are_numpys(shape: tuple, data: Any) -> None:
    x, axis = numbered(shape), data.draw(st.integers(-len(shape), len(shape) - 1))
    counts = data.draw(st.lists(st.integers(0, 3), min_size=shape[axis], max_size=shape[axis]))
    same(mt.repeat(x, counts, axis=axis), np.repeat(x, counts, axis=axis))
    multiples = data.draw(st.lists(st.integers(0, 3), min_size=x.ndim, max_size=x.ndim))
    same(mt.tile(x, multiples), np.tile(x, multiples))
    shift = data.draw(st.integers(-9, 9))
    same(mt.roll(x, shift, axis), np.roll(x, shift, axis))
    same(mt.reverse(x, [axis]), np.flip(x, axis))


@generated
@given(hnp.arrays(np.int32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5, min_side=0),
                  elements=st.integers(-3, 3)), st.data())  # fmt: skip
def test_sorting_is_numpys(x: np.ndarray, data: Any) -> None:
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    same(mt.sort(x, axis=axis), np.sort(x, axis=axis))
    same(mt.argsort(x, axis=axis), np.argsort(x, axis=axis, kind="stable"))
    same(mt.sort(x, axis=axis, direction="DESCENDING"), np.flip(np.sort(x, axis=axis), axis))
    y, idx, count = mt.unique_with_counts(x.reshape(-1))
    same(mt.gather(y, idx), x.reshape(-1))
    assert y.numpy().tolist() == list(dict.fromkeys(x.reshape(-1).tolist()))
    assert count.numpy().sum() == x.size


LEAVES = st.integers() | st.text(max_size=2) | st.none()
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@generated
@given(TREES)
def test_nests_survive_a_round_trip(tree: Any) -> None:
    flat = nest.flatten(tree)
    assert nest.pack_sequence_as(tree, flat) == tree
    doubled = nest.map_structure(lambda leaf: (leaf, leaf), tree)
    assert nest.flatten(doubled) == [part for leaf in flat for part in (leaf, leaf)]

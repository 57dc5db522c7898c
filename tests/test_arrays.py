"""Making, cutting and rearranging tensors: TensorFlow's arguments and results, and its errors.

Numbers and dtypes in the tables are TensorFlow 2.21's.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minitensor as mt
from minitensor import ops

# call, values, dtype
RESULTS = [
    (lambda: mt.range(5), [0, 1, 2, 3, 4], "int32"),
    (lambda: mt.range(5, delta=2), [0, 2, 4], "int32"),
    (lambda: mt.range(5, 0, -2), [5, 3, 1], "int32"),
    (lambda: mt.range(1, 2.5), [1.0, 2.0], "float32"),
    (lambda: mt.range(np.int64(3)), [0, 1, 2], "int64"),
    (lambda: mt.range(3, dtype=mt.float64), [0.0, 1.0, 2.0], "float64"),
    (lambda: mt.linspace(0.0, 1.0, 3), [0.0, 0.5, 1.0], "float32"),
    (lambda: mt.linspace(0, 5, 3), [0.0, 2.5, 5.0], "float64"),
    (lambda: mt.linspace([0.0, 1.0], [2.0, 3.0], 2, axis=-1), [[0.0, 2.0], [1.0, 3.0]], "float32"),
    (lambda: mt.eye(2, 3, dtype=mt.int32), [[1, 0, 0], [0, 1, 0]], "int32"),
    (lambda: mt.fill([2], 7), [7, 7], "int32"),
    (lambda: mt.zeros([2], mt.int64), [0, 0], "int64"),
    (lambda: mt.zeros([1], mt.string), [b""], "string"),
    (lambda: mt.ones([2], mt.bool), [True, True], "bool"),
    (lambda: mt.ones_like([1, 2], dtype=mt.float32), [1.0, 1.0], "float32"),
    (lambda: mt.one_hot([0, 2, -1], 3), [[1, 0, 0], [0, 0, 1], [0, 0, 0]], "float32"),
    (lambda: mt.one_hot([1], 2, on_value=3), [[0, 3]], "int32"),
    (lambda: mt.one_hot([0, 1], 2, 5.0, -1.0, 0), [[5.0, -1.0], [-1.0, 5.0]], "float32"),
    (lambda: mt.one_hot([1], 2, True, False), [[False, True]], "bool"),
    (lambda: mt.sequence_mask([1, 0]), [[True], [False]], "bool"),
    (lambda: mt.sequence_mask([1, 3], 2, mt.int32), [[1, 0], [1, 1]], "int32"),
    (lambda: mt.shape(mt.zeros([2, 3])), [2, 3], "int32"),
    (lambda: mt.size(mt.zeros([2, 3]), mt.int64), 6, "int64"),
    (lambda: mt.rank(mt.zeros([2, 3])), 2, "int32"),
    (lambda: mt.slice([1, 2, 3], [1], [-1]), [2, 3], "int32"),
    (lambda: mt.pad([1, 2], [[1, 1]], constant_values=9), [9, 1, 2, 9], "int32"),
    (lambda: mt.gather([[1, 2], [3, 4]], [1, 0], axis=1), [[2, 1], [4, 3]], "int32"),
    (lambda: mt.gather([[1, 2], [3, 4]], [1, 0], batch_dims=1), [2, 3], "int32"),
    (lambda: mt.gather_nd([[1, 2], [3, 4]], [[0], [1]], batch_dims=1), [1, 4], "int32"),
    (lambda: mt.scatter_nd([[2], [2]], [5, 6], [4]), [0, 0, 11, 0], "int32"),
    (lambda: mt.tensor_scatter_nd_update([1, 2], [[0], [0]], [8, 9]), [9, 2], "int32"),
    (lambda: mt.tensor_scatter_nd_max([1, 2], [[0], [1]], [8, 0]), [8, 2], "int32"),
    (lambda: mt.searchsorted([1, 3, 3, 5], [3, 9], side="right"), [3, 4], "int32"),
    (lambda: mt.reverse_sequence([[1, 2, 3]], [2], seq_axis=1), [[2, 1, 3]], "int32"),
    (lambda: mt.broadcast_dynamic_shape([2, 1], [3]), [2, 3], "int32"),
    (lambda: ops.diag([1, 2], k=1), [[0, 1, 0], [0, 0, 2], [0, 0, 0]], "int32"),
    (lambda: ops.diag_part([[1, 2, 3], [4, 5, 6]], k=(-1, 1)), [[2, 6], [1, 5], [4, 0]], "int32"),
    (lambda: ops.set_diag([[1, 2], [3, 4]], [8, 9]), [[8, 2], [3, 9]], "int32"),
    (lambda: ops.band_part([[1, 2], [3, 4]], 0, -1), [[1, 2], [0, 4]], "int32"),
    (lambda: ops.tensor_diag([1, 2]), [[1, 0], [0, 2]], "int32"),
    (lambda: ops.tensor_diag_part([[1, 2], [3, 4]]), [1, 4], "int32"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "values", "dtype"), RESULTS)
def test_results(call, values, dtype):
    result = call()
    assert result.dtype == dtype
    assert_array_equal(result.numpy(), np.asarray(values, result.numpy().dtype))


def test_lists_come_as_lists():
    assert isinstance(mt.unstack([1, 2]), list)
    assert isinstance(mt.split([1, 2], 2), list)
    first, second = mt.meshgrid([1, 2, 3], [4, 5])
    assert first.numpy().tolist() == [[1, 2, 3], [1, 2, 3]]
    assert second.numpy().tolist() == [[4, 4, 4], [5, 5, 5]]
    assert mt.meshgrid([1, 2, 3], [4, 5], indexing="ij")[0].shape == (3, 2)
    assert [s.numpy().tolist() for s in mt.shape_n([[1], [1, 2]])] == [[1], [2]]
    assert [x.numpy() for x in mt.identity_n([1, 2])] == [1, 2]
    x = mt.constant([1, 2])
    assert x[:, mt.newaxis].shape == (2, 1)


def test_blocks_of_pixels():
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    deep = ops.space_to_depth(x, 2)
    assert deep.shape == (1, 2, 2, 4)
    assert deep[0, 0, 0].numpy().tolist() == [0, 1, 4, 5]
    assert_array_equal(ops.depth_to_space(deep, 2).numpy(), x)
    first = np.transpose(x, (0, 3, 1, 2))
    assert_array_equal(
        ops.depth_to_space(ops.space_to_depth(first, 2, "NCHW"), 2, "NCHW").numpy(), first
    )


def gradient(function, x):
    tensor = mt.constant(x)
    with mt.GradientTape() as tape:
        tape.watch(tensor)
        y = function(tensor)
    return tape.gradient(y, tensor)


def test_the_gradient_of_gather_is_the_rows_used():
    table = mt.Variable(np.ones((5, 2), np.float32))
    with mt.GradientTape(persistent=True) as tape:
        once = mt.gather(table, [0, 2, 0])
        twice = once * 2.0 + mt.gather(table, [1, 1, 1])
        dense = mt.reduce_sum(once) + mt.reduce_sum(table)
        columns = mt.gather(table, [1], axis=1)
    rows = tape.gradient(once, table)
    assert isinstance(rows, mt.IndexedSlices)
    assert rows.indices.numpy().tolist() == [0, 2, 0]
    assert rows.values.shape == (3, 2)
    assert rows.dense_shape.numpy().tolist() == [5, 2]
    assert mt.convert_to_tensor(rows).numpy()[:, 0].tolist() == [2, 0, 1, 0, 0]
    both = tape.gradient(twice, table)
    assert isinstance(both, mt.IndexedSlices)
    assert mt.convert_to_tensor(both).numpy()[:, 0].tolist() == [4, 3, 2, 0, 0]
    assert tape.gradient(dense, table).numpy()[:, 0].tolist() == [3, 1, 2, 1, 1]
    assert tape.gradient(columns, table).numpy()[0].tolist() == [0, 1]


def test_only_the_last_of_equal_updates_counts():
    def function(updates):
        return mt.tensor_scatter_nd_update([1.0, 2.0], [[0], [0]], updates)

    assert gradient(function, [5.0, 6.0]).numpy().tolist() == [0.0, 1.0]


def test_scattered_ties_share_the_gradient():
    def function(x):
        return mt.tensor_scatter_nd_max(x, [[0], [1]], [3.0, 9.0])

    assert gradient(function, [3.0, 2.0]).numpy().tolist() == [0.5, 0.0]


def test_variables_are_scattered_into():
    v = mt.Variable([1.0, 2.0, 3.0])
    rows = mt.IndexedSlices(mt.constant([10.0, 10.0, 10.0]), mt.constant([0, 2, 0]))
    v.scatter_add(rows)
    assert v.numpy().tolist() == [21.0, 2.0, 13.0]
    v.scatter_mul(rows)
    assert v.numpy().tolist() == [2100.0, 2.0, 130.0]
    v.scatter_nd_update([[1]], [7.0])
    assert v.numpy().tolist() == [2100.0, 7.0, 130.0]


@pytest.mark.parametrize(
    ("align", "expected"),
    [("RIGHT_LEFT", [[9, 2], [1, 4], [3, 9]]), ("LEFT_RIGHT", [[2, 9], [1, 4], [9, 3]]),
     ("LEFT_LEFT", [[2, 9], [1, 4], [3, 9]]), ("RIGHT_RIGHT", [[9, 2], [1, 4], [9, 3]])],
)  # fmt: skip
def test_diagonals_are_aligned(align, expected):
    matrix = [[1, 2], [3, 4]]
    bands = ops.diag_part(matrix, k=(-1, 1), padding_value=9, align=align)
    assert bands.numpy().tolist() == expected
    assert ops.diag(bands, k=(-1, 1), align=align).numpy().tolist() == matrix


def test_linspace_moves_with_its_ends():
    start, stop = mt.constant(1.0), mt.constant(3.0)
    with mt.GradientTape() as tape:
        tape.watch([start, stop])
        y = mt.linspace(start, stop, 5)
    assert_allclose([g.numpy() for g in tape.gradient(y, [start, stop])], [2.5, 2.5])


ERRORS = [
    (lambda: mt.stack([[1, 2], [1, 2, 3]]),
     "stack: got shapes (2,) int32 and (3,) int32. Values[0].shape = [2] != values[1].shape = [3]. "
     "Shapes of all inputs must match. To fix it: reshape or pad them, or use mt.concat along an "
     "existing axis."),
    (lambda: mt.concat([mt.zeros([2, 3]), mt.zeros([3, 2])], 0),
     "concat: got shapes (2, 3) float32 and (3, 2) float32, axis=0. Axis 1 has sizes 3 and 2. All "
     "axes but axis 0 must agree. To fix it: reshape, pad or slice."),
    (lambda: mt.reshape(mt.range(6), [4, 2]),
     "reshape: got shape (6,) int32, shape=(4, 2). It has 6 elements and the new shape (4, 2) has "
     "8. A reshape keeps the number of elements. To fix it: choose sizes whose product is 6, or "
     "one -1."),
    (lambda: mt.gather([1, 2, 3], [0, 7]),
     "gather: got shapes (3,) int32 and (2,) int32. Indices[1] = 7 is not in [0, 3). An index "
     "counts from 0, and there are 3 rows along that axis. To fix it: check where the indices "
     "come from; -1 is not the last row."),
    (lambda: mt.gather([1, 2, 3], -1), "Indices = -1 is not in [0, 3)"),
    (lambda: mt.gather([1], mt.constant([0.5])), "'indices' has dtype float32"),
    (lambda: mt.gather_nd([[1, 2]], [[0, 5]]),
     "Indices[0] = [0, 5] does not index into param shape [1, 2]"),
    (lambda: mt.scatter_nd([[5]], [1], [3]), "[0] = [5] does not index into param shape [3]"),
    (lambda: mt.constant([[1], [2], [3]])[5], "Slice index 5 of dimension 0 out of bounds"),
    (lambda: mt.boolean_mask([1, 2], True), "Mask cannot be scalar"),
    (lambda: mt.boolean_mask([1, 2, 3], [True, False]), "The mask has shape (2,)"),
    (lambda: mt.strided_slice([1, 2], [0], [2], [0]), "Strides[0] must be non-zero"),
    (lambda: mt.split(mt.range(5), 2), "should evenly divide the split dimension"),
    (lambda: mt.split(mt.range(5), [2, 2]), "must sum to that of the axis"),
    (lambda: mt.unstack(mt.range(3), num=2), "Input shape axis 0 must equal 2, got shape [3]"),
    (lambda: mt.slice([1, 2, 3], [1], [5]), "Expected size[0] in [0, 2], but got 5"),
    (lambda: mt.pad([1, 2, 3], [[3, 0]], "REFLECT"), "must be less than the dimension size"),
    (lambda: mt.pad([1, 2, 3], [[4, 0]], "SYMMETRIC"), "no greater than the dimension size"),
    (lambda: mt.pad([1], [[1, 1]], "reflct"), "did you mean 'REFLECT'?"),
    (lambda: mt.tile([1, 2], [1, 2]), "There is one number of copies for each axis"),
    (lambda: mt.repeat([1, 2, 3], [1, 2]), "Repeats has 2 entries and axis 0 has size 3"),
    (lambda: mt.range(0, 5, 0), "Requires delta != 0"),
    (lambda: mt.range(5, 0), "Requires start <= limit when delta > 0"),
    (lambda: mt.fill([-1], 0), "The shape (-1,) has a negative size"),
    (lambda: mt.one_hot([0], -1), "Depth must be non-negative"),
    (lambda: mt.one_hot([0], 2, on_value=5, off_value=1.0), "on_value int32, off_value float32"),
    (lambda: mt.squeeze([[1, 2]], axis=1), "Only axes of size 1 can be removed"),
    (lambda: mt.transpose([[1]], [0, 0]), "does not name each of the 2 axes once"),
    (lambda: mt.meshgrid([1], [2], indexing="ji"), "must be either 'xy' or 'ij'"),
    (lambda: mt.stack([mt.constant(1), mt.constant(1.0)]), "Dtypes are never promoted silently"),
    (lambda: ops.space_to_depth(mt.zeros([1, 3, 3, 1]), 2), "should be divisible by block_size"),
    (lambda: ops.band_part([[1.0]], 3, 0), "less or equal to the number of rows (1)"),
    (lambda: ops.diag_part([1.0]), "Input must be at least 2-dim"),
    (lambda: mt.reverse_sequence([[1, 2]], [3], seq_axis=1), "at most the size 2 of axis 1"),
    (lambda: mt.broadcast_static_shape([2], [3]), "Axis -1 has sizes 2 and 3"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text):
    with pytest.raises(mt.errors.InvalidArgumentError) as caught:
        call()
    assert text in str(caught.value)

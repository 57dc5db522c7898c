"""Taking rows and elements at given places. The ways back are in `scattering`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.ops.scattering import (
    check_places,
    check_rows,
    flat_rows,
    put_along_axis,
    scatter_nd,
    scatter_rows,
)
from minitensor.ops.slices import IndexedSlices
from minitensor.shapes import Spec, axis_of, broadcast_shapes

__all__ = ["gather", "gather_nd", "take_along_axis"]


def _gather_axes(
    params: tuple, indices: tuple, axis: int | None, batch_dims: int
) -> tuple[int, int]:
    """The axis to gather along and the number of batch axes, both from 0 up."""
    axis = batch_dims if axis is None else axis
    batch = batch_dims + len(indices) if batch_dims < 0 else batch_dims
    if not 0 <= batch <= len(indices):
        raise Fault(f"batch_dims = {batch_dims} for indices of rank {len(indices)}",
                    "the batch axes are the first axes of the indices",
                    "lower batch_dims")  # fmt: skip
    axis = axis_of(axis, len(params))
    if axis < batch:
        raise Fault(f"batch_dims = {batch} is more than axis = {axis}",
                    "the batch axes come before the axis gathered along",
                    "lower batch_dims or raise axis")  # fmt: skip
    for i, (a, b) in enumerate(zip(params[:batch], indices[:batch], strict=False)):
        if None not in (a, b) and a != b:
            raise Fault(f"batch axis {i} has sizes {a} and {b}",
                        "params and indices share their batch axes",
                        "lower batch_dims")  # fmt: skip
    return axis, batch


def _gather_spec(
    params: Spec, indices: Spec, *, validate_indices: Any = None, axis: int | None = None,
    batch_dims: int = 0,
) -> Spec:  # fmt: skip
    axis, batch = _gather_axes(params.shape, indices.shape, axis, batch_dims)
    taken = indices.shape[batch:]
    return Spec((*params.shape[:axis], *taken, *params.shape[axis + 1 :]), params.dtype)


@op(infer=_gather_spec, types="AI",
    samples=samples.cases((((4, 3), [0, 2, 0]), {}),
                          (((4, 3), 2), {}),
                          (((2, 4, 3), [[1, 0], [3, 3]]), {"axis": 1}),
                          (((2, 4, 3), [[1, 0], [3, 3]]), {"axis": -1 - 1, "batch_dims": 1}),
                          (((2, 3, 4), [[1, 0, 1], [3, 3, 2]]), {"axis": 2, "batch_dims": 1}),
                          (((2, 3), [[1], [2]]), {"batch_dims": -1}),
                          (((3, 2), np.zeros(0, np.int32)), {})))  # fmt: skip
def gather(xp, params, indices, *, validate_indices=None, axis=None, batch_dims=0):
    """The slices of `params` along `axis` that `indices` name.

    The first `batch_dims` axes of both belong together: each batch has its own indices. `axis`
    is by default `batch_dims`, so the first after them. `validate_indices` has no effect: indices
    are always checked.

    Shape: params (b…, p…, n, q…), indices (b…, i…) → (b…, p…, i…, q…). The gradient along axis 0
    is IndexedSlices, so that a large table costs no more than the rows that were used.

    Raises:
        InvalidArgumentError: for an index below 0 or past the end.

    Example:
        >>> import minitensor as mt
        >>> mt.gather([10, 20, 30], [2, 0, 2]).numpy().tolist()
        [30, 10, 30]
    """
    axis, batch = _gather_axes(tuple(params.shape), tuple(indices.shape), axis, batch_dims)
    check_rows(xp, indices, params.shape[axis])
    if not batch:
        taken = xp.take(params, xp.reshape(indices, (-1,)), axis=axis)
        shape = (*params.shape[:axis], *indices.shape, *params.shape[axis + 1 :])
        return xp.reshape(taken, tuple(shape))
    table, rows = _as_rows(xp, params, indices, axis, batch)
    taken = xp.take(table, xp.reshape(rows, (-1,)), axis=0)
    shape = (*indices.shape, *params.shape[batch:axis], *params.shape[axis + 1 :])
    return xp.permute_dims(xp.reshape(taken, tuple(shape)), _order(params, indices, axis, batch))


def _as_rows(xp: Any, params: Any, indices: Any, axis: int, batch: int) -> tuple[Any, Any]:
    """`params` as a table whose rows are what is gathered, and the row numbers."""
    rank = len(params.shape)
    front = (*range(batch), axis)
    moved = xp.permute_dims(params, front + tuple(i for i in range(rank) if i not in front))
    leading = tuple(moved.shape[: batch + 1])
    table = xp.reshape(moved, (prod(leading), *moved.shape[batch + 1 :]))
    return table, flat_rows(xp, indices[..., None], leading[batch:], leading[:batch])


def _order(params: Any, indices: Any, axis: int, batch: int) -> tuple[int, ...]:
    """The permutation from (b…, i…, p…, q…) to (b…, p…, i…, q…)."""
    rank = len(indices.shape)
    before = tuple(range(rank, rank + axis - batch))
    after = tuple(range(rank + axis - batch, rank + len(params.shape) - 1 - batch))
    return (*range(batch), *before, *range(batch, rank), *after)


@gather.gradient
def gather_gradient(
    xp, g, out, params, indices, *, validate_indices=None, axis=None, batch_dims=0
):  # fmt: skip
    """`rows of g added up at indices`, and nothing for the indices."""
    axis, batch = _gather_axes(tuple(params.shape), tuple(indices.shape), axis, batch_dims)

    def to_rows() -> IndexedSlices:
        count = prod(indices.shape)
        values = xp.reshape(g, (count, *params.shape[1:]))
        return IndexedSlices(values, xp.reshape(indices, (count,)), tuple(params.shape))

    def to_params() -> Any:
        order = _order(params, indices, axis, batch)
        slices = xp.permute_dims(g, tuple(order.index(i) for i in range(len(order))))
        leading = (*params.shape[:batch], params.shape[axis])
        rows = flat_rows(xp, indices[..., None], leading[batch:], tuple(leading[:batch]))
        rest = (*params.shape[batch:axis], *params.shape[axis + 1 :])
        table = scatter_rows.on(xp, slices, rows, rows=prod(leading))
        moved = xp.reshape(table, (*leading, *rest))
        front = (*range(batch), axis)
        forth = front + tuple(i for i in range(len(params.shape)) if i not in front)
        return xp.permute_dims(moved, tuple(forth.index(i) for i in range(len(forth))))

    return (to_params if axis or batch else to_rows), None


def _gather_nd_spec(params: Spec, indices: Spec, *, batch_dims: int = 0) -> Spec:
    if not indices.shape or batch_dims >= len(indices.shape):
        raise Fault(f"the indices have rank {len(indices.shape)} and batch_dims is {batch_dims}",
                    "the last axis of the indices holds one entry per axis addressed",
                    "wrap them: [[i, j]] for one element")  # fmt: skip
    depth = indices.shape[-1]
    if depth is None:
        raise Fault("the size of the last axis of the indices is not known",
                    "it says how many axes of params are addressed",
                    "reshape the indices")  # fmt: skip
    if batch_dims + depth > len(params.shape):
        raise Fault(f"the last axis of the indices has size {depth} for "
                    f"{len(params.shape) - batch_dims} axes",
                    "one index entry per axis at most", "shorten the last axis")  # fmt: skip
    _gather_axes(params.shape, indices.shape, batch_dims if depth else None, batch_dims)
    return Spec((*indices.shape[:-1], *params.shape[batch_dims + depth :]), params.dtype)


@op(infer=_gather_nd_spec, types="AI",
    samples=samples.cases((((3, 4), [[0, 1], [2, 2], [0, 1]]), {}),
                          (((3, 4), [[[2], [0]]]), {}),
                          (((2, 3, 2), [[[1], [0]], [[2], [2]]]), {"batch_dims": 1}),
                          (((3,), np.zeros((2, 0), int)), {}),
                          (((3,), np.zeros((0, 1), int)), {})))  # fmt: skip
def gather_nd(xp, params, indices, *, batch_dims=0):
    """The elements or slices of `params` that the index tuples in `indices` point at.

    Shape: params (b…, n0, …, nk, q…), indices (b…, i…, k) → (b…, i…, q…).

    Raises:
        InvalidArgumentError: for an index outside `params`.

    Example:
        >>> import minitensor as mt
        >>> mt.gather_nd([[1, 2], [3, 4]], [[0, 0], [1, 0]]).numpy().tolist()
        [1, 3]
    """
    shape, depth = tuple(params.shape), indices.shape[-1]
    front = batch_dims + depth
    check_places(xp, indices, shape[batch_dims:front])
    rows = flat_rows(xp, indices, shape[batch_dims:front], shape[:batch_dims])
    table = xp.reshape(params, (prod(shape[:front]), *shape[front:]))
    taken = xp.take(table, xp.reshape(rows, (-1,)), axis=0)
    return xp.reshape(taken, (*indices.shape[:-1], *shape[front:]))


@gather_nd.gradient
def gather_nd_gradient(xp, g, out, params, indices, *, batch_dims=0):
    """`elements of g added up at indices`, and nothing for the indices."""
    shape = tuple(params.shape)
    if not batch_dims:
        return lambda: scatter_nd.on(xp, indices, g, shape=shape), None
    front = batch_dims + indices.shape[-1]

    def to_params() -> Any:
        rows = flat_rows(xp, indices, shape[batch_dims:front], shape[:batch_dims])
        table = scatter_rows.on(xp, g, rows, rows=prod(shape[:front]))
        return xp.reshape(table, shape)

    return to_params, None


def _take_along_spec(params: Spec, indices: Spec, *, axis: int) -> Spec:
    if len(params.shape) != len(indices.shape):
        raise Fault(f"their ranks are {len(params.shape)} and {len(indices.shape)}",
                    "there is one index for each element of the result",
                    "use mt.gather to take whole slices")  # fmt: skip
    axis = axis_of(axis, len(params.shape))
    others = [(*s.shape[:axis], 1, *s.shape[axis + 1 :]) for s in (params, indices)]
    shape = broadcast_shapes(*others)
    return Spec((*shape[:axis], indices.shape[axis], *shape[axis + 1 :]), params.dtype)


@op(infer=_take_along_spec, types="AI",
    samples=samples.cases((((2, 4), [[0, 1, 0], [3, 2, 1]]), {"axis": 1}),
                          (((2, 3), [[0, 1, 0]]), {"axis": 0}),
                          (((0, 3), np.zeros((0, 1), int)), {"axis": -1})))  # fmt: skip
def take_along_axis(xp, params, indices, *, axis):
    """For each index, the element at that position along `axis` and at the same place elsewhere.

    Shape: (…, n, …), (…, m, …) → (…, m, …).
    """
    check_rows(xp, indices, params.shape[axis])
    return xp.take_along_axis(params, indices, axis=axis)


@take_along_axis.gradient
def take_along_axis_gradient(xp, g, out, params, indices, *, axis):
    size = params.shape[axis]
    return lambda: put_along_axis.on(xp, g, indices, axis=axis, size=size), None

"""Reductions into given memory, for compiled graphs.

Numpy reduces short rows one by one and pays for each; BLAS multiplies a whole matrix by ones, and
`reduceat` walks over all rows in one go. Sums are taken over at most `LONGEST` elements at a time,
so that the rounding errors of long ones do not add up. Read `sum_into`, then the kernels.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from minitensor.ops.reduction import (
    argmax,
    argmin,
    reduce_all,
    reduce_any,
    reduce_euclidean_norm,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
)
from minitensor.shapes import Spec, axes_of, reduced

__all__: list[str] = []

LONGEST = 4096


@lru_cache(maxsize=256)
def ones(n: int, dtype: np.dtype) -> np.ndarray:
    """A vector of ones, for sums by BLAS."""
    vector = np.ones(n, dtype)
    vector.flags.writeable = False
    return vector


@lru_cache(maxsize=256)
def row_starts(rows: int, width: int) -> np.ndarray:
    """Where each row begins in a matrix of that width."""
    starts = np.arange(0, rows * width, width)
    starts.flags.writeable = False
    return starts


def in_blas(array: np.ndarray) -> bool:
    """Whether BLAS knows this dtype, of real numbers."""
    return array.dtype.kind == "f" and array.dtype.itemsize in (4, 8)


@lru_cache(maxsize=1024)
def split_axes(shape: tuple, axes: tuple) -> tuple[int, int, int] | None:
    """(before, reduced, after) when the axes to reduce lie side by side, else None."""
    if not axes or axes != tuple(range(axes[0], axes[-1] + 1)):
        return None
    return prod(shape[: axes[0]]), prod(shape[axes[0] : axes[-1] + 1]), prod(shape[axes[-1] + 1 :])


def sum_rows(matrix: np.ndarray, out: np.ndarray) -> None:
    """The sum of each row; the matrix is contiguous, of a dtype that BLAS knows."""
    rows, width = matrix.shape
    if width > LONGEST or rows == 1:
        np.add.reduce(matrix, axis=1, out=out)
    else:
        np.matmul(matrix, ones(width, matrix.dtype), out=out)


def sum_columns(matrix: np.ndarray, out: np.ndarray) -> None:
    """The sum of each column; the matrix is contiguous, of a dtype that BLAS knows."""
    first = matrix[:LONGEST]
    np.matmul(ones(len(first), matrix.dtype), first, out=out)
    for start in range(LONGEST, len(matrix), LONGEST):
        part = matrix[start : start + LONGEST]
        out += ones(len(part), matrix.dtype) @ part


def max_rows(matrix: np.ndarray, out: np.ndarray, ufunc: Any = np.maximum) -> None:
    """The largest of each row of a contiguous matrix, or what `ufunc` makes of them."""
    rows, width = matrix.shape
    for start in range(0, rows, LONGEST):
        part = matrix[start : start + LONGEST]
        ufunc.reduceat(part.reshape(-1), row_starts(len(part), width),
                       out=out[start : start + LONGEST])  # fmt: skip


def sum_into(out: np.ndarray, x: np.ndarray, axes: tuple) -> None:
    """Write the sum of contiguous x over axes (from 0 up, sorted) into contiguous memory."""
    parts = split_axes(x.shape, axes)
    if parts is None or not in_blas(x) or not x.size or len(axes) == x.ndim:
        rest = tuple(d for i, d in enumerate(x.shape) if i not in axes)
        np.add.reduce(x, axis=axes, dtype=x.dtype, out=out.reshape(rest))
        return
    before, size, after = parts
    if after == 1:
        sum_rows(x.reshape(before, size), out.reshape(before))
    elif before == 1:
        sum_columns(x.reshape(size, after), out.reshape(after))
    elif size <= LONGEST and size * after >= 1024:
        line = ones(size, x.dtype).reshape(1, size)
        np.matmul(line, x.reshape(parts), out=out.reshape(before, 1, after))
    else:
        np.add.reduce(x.reshape(parts), axis=1, out=out.reshape(before, after))


def extreme_into(out: np.ndarray, x: np.ndarray, axes: tuple, ufunc: Any) -> None:
    """Write the maximum (or minimum, …) of contiguous x, which is not empty, over axes."""
    parts = split_axes(x.shape, axes)
    if parts is not None and parts[2] == 1 < parts[0]:
        max_rows(x.reshape(parts[:2]), out.reshape(parts[0]), ufunc)
    else:
        rest = tuple(d for i, d in enumerate(x.shape) if i not in axes)
        ufunc.reduce(x, axis=axes, out=out.reshape(rest))


@lru_cache(maxsize=1024)
def sorted_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes that an argument names, from 0 up, sorted; all for None."""
    return tuple(sorted(axes_of(axis, rank)))


@reduce_sum.into
def reduce_sum_into(out, input_tensor, *, axis=None, keepdims=False):
    sum_into(out, input_tensor, sorted_axes(axis, input_tensor.ndim))


@reduce_mean.into
def reduce_mean_into(out, input_tensor, *, axis=None, keepdims=False):
    x, axes = input_tensor, sorted_axes(axis, input_tensor.ndim)
    if not x.size or x.dtype.itemsize == 2 or x.dtype.kind not in "fc":
        out[...] = reduce_mean.forward(np, x, axis=axis, keepdims=keepdims)
        return
    sum_into(out, x, axes)
    np.divide(out, prod(x.shape[a] for a in axes), out=out)


def _register_extreme(op: Any, ufunc: Any) -> None:
    @op.into
    def into(out, input_tensor, *, axis=None, keepdims=False):
        if not input_tensor.size:
            out[...] = op.forward(np, input_tensor, axis=axis, keepdims=keepdims)
        else:
            extreme_into(out, input_tensor, sorted_axes(axis, input_tensor.ndim), ufunc)


_register_extreme(reduce_max, np.maximum)
_register_extreme(reduce_min, np.minimum)
_register_extreme(reduce_any, np.logical_or)
_register_extreme(reduce_all, np.logical_and)


@reduce_prod.into
def reduce_prod_into(out, input_tensor, *, axis=None, keepdims=False):
    x = input_tensor
    axes = sorted_axes(axis, x.ndim)
    rest = tuple(d for i, d in enumerate(x.shape) if i not in axes)
    np.multiply.reduce(x, axis=axes, dtype=x.dtype, out=out.reshape(rest))


def _logsumexp_workspace(x: Spec, *, axis: Any = None, keepdims: bool = False) -> tuple[Spec, ...]:
    return x, reduced(x, axis=axis, keepdims=True)


@reduce_logsumexp.into(workspace=_logsumexp_workspace)
def reduce_logsumexp_into(out, work, input_tensor, *, axis=None, keepdims=False):
    x, (powers, top) = input_tensor, work
    if not x.size or not in_blas(x):
        out[...] = reduce_logsumexp.forward(np, x, axis=axis, keepdims=keepdims)
        return
    axes = sorted_axes(axis, x.ndim)
    extreme_into(top, x, axes, np.maximum)
    top[~np.isfinite(top)] = 0
    np.subtract(x, top, out=powers)
    np.exp(powers, out=powers)
    sum_into(out, powers, axes)
    np.log(out, out=out)
    np.add(out, top.reshape(out.shape), out=out)


@reduce_variance.into(workspace=_logsumexp_workspace)
def reduce_variance_into(out, work, input_tensor, *, axis=None, keepdims=False):
    x, (squares, mean) = input_tensor, work
    if not x.size or not in_blas(x):
        out[...] = reduce_variance.forward(np, x, axis=axis, keepdims=keepdims)
        return
    axes = sorted_axes(axis, x.ndim)
    count = prod(x.shape[a] for a in axes)
    sum_into(mean, x, axes)
    np.divide(mean, count, out=mean)
    np.subtract(x, mean, out=squares)
    np.multiply(squares, squares, out=squares)
    sum_into(out, squares, axes)
    np.divide(out, count, out=out)


@reduce_std.into(workspace=_logsumexp_workspace)
def reduce_std_into(out, work, input_tensor, *, axis=None, keepdims=False):
    reduce_variance_into(out, work, input_tensor, axis=axis, keepdims=keepdims)
    np.sqrt(out, out=out)


@reduce_euclidean_norm.into(workspace=_logsumexp_workspace)
def reduce_euclidean_norm_into(out, work, input_tensor, *, axis=None, keepdims=False):
    x, squares = input_tensor, work[0]
    if not in_blas(x):
        out[...] = reduce_euclidean_norm.forward(np, x, axis=axis, keepdims=keepdims)
        return
    np.multiply(x, x, out=squares)
    sum_into(out, squares, sorted_axes(axis, x.ndim))
    np.sqrt(out, out=out)


def _register_place(op: Any, find: Any) -> None:
    @op.into
    def into(out, input, *, axis=None, output_type="int64"):
        if out.dtype == np.int64:
            find(input, axis=axis or 0, out=out)
        else:
            out[...] = find(input, axis=axis or 0)


_register_place(argmax, np.argmax)
_register_place(argmin, np.argmin)

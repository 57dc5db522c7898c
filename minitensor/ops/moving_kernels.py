"""Copies, cuts and joins into given memory, for compiled graphs: elements move, none is computed.

All but a few read their inputs with any strides, so that a view costs no copy before them.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.ops.array import broadcast_to, cast, concat, stack, transpose
from minitensor.ops.creation import fill_, one_hot_, ones, ones_like, zeros, zeros_like
from minitensor.ops.gathering import gather
from minitensor.ops.indexing import getitem, put, strided_index, strided_slice
from minitensor.ops.linalg import matrix_transpose
from minitensor.ops.padding import block_of, inside, pad, slice_
from minitensor.ops.rearranging import repeat, reverse, tile
from minitensor.ops.scan import cumprod, cumsum
from minitensor.ops.scattering import check_rows, scatter_rows
from minitensor.ops.selection import WORDS, keep_where, where_
from minitensor.ops.splitting import split_, unstack_
from minitensor.ops.windows import sizes_of
from minitensor.shapes import Spec, axes_of, axis_of

__all__: list[str] = []


@cast.into(strided=True)
def cast_into(out, x, *, dtype):
    np.copyto(out, x.real if x.dtype.kind == "c" != out.dtype.kind else x, casting="unsafe")


@broadcast_to.into(strided=True)
def broadcast_to_into(out, input, *, shape):
    np.copyto(out, input)


@fill_.into(strided=True)
def fill_into(out, value, *, dims):
    np.copyto(out, value)


@zeros.into
def zeros_into(out, *, shape, dtype=None):
    out[...] = zeros.forward(np, shape=(), dtype=dtype or "float32")


@ones.into
def ones_into(out, *, shape, dtype=None):
    out[...] = ones.forward(np, shape=(), dtype=dtype or "float32")


@zeros_like.into(strided=True)
def zeros_like_into(out, input, *, dtype=None):
    out[...] = zeros.forward(np, shape=(), dtype=as_dtype(out.dtype))


@ones_like.into(strided=True)
def ones_like_into(out, input, *, dtype=None):
    out[...] = ones.forward(np, shape=(), dtype=as_dtype(out.dtype))


@transpose.into(strided=True)
def transpose_into(out, a, *, perm=None):
    np.copyto(out, a.transpose(perm))


@matrix_transpose.into(strided=True)
def matrix_transpose_into(out, a, *, conjugate=False):
    if conjugate and a.dtype.kind == "c":
        np.conjugate(a.swapaxes(-1, -2), out=out)
    else:
        np.copyto(out, a.swapaxes(-1, -2))


@reverse.into(strided=True)
def reverse_into(out, tensor, *, axis):
    np.copyto(out, np.flip(tensor, axes_of(axis, tensor.ndim)))


@concat.into(strided=True)
def concat_into(out, *values, axis):
    np.concatenate(values, axis=axis, out=out)


@stack.into(strided=True)
def stack_into(out, *values, axis=0):
    np.stack(values, axis=axis, out=out)


def _copy_all(out: Any, parts: tuple) -> None:
    for memory, part in zip(out if isinstance(out, tuple) else (out,), parts, strict=True):
        np.copyto(memory, part)


@split_.into(strided=True)
def split_into(out, value, *, num_or_size_splits, axis=0):
    _copy_all(out, split_.forward(np, value, num_or_size_splits=num_or_size_splits, axis=axis))


@unstack_.into(strided=True)
def unstack_into(out, value, *, num=None, axis=0):
    _copy_all(out, unstack_.forward(np, value, num=num, axis=axis))


@getitem.into(strided=True)
def getitem_into(out, input, *, index):
    np.copyto(out, input[index])


@strided_slice.into(strided=True)
def strided_slice_into(
    out, input_, *, begin, end, strides=None, begin_mask=0, end_mask=0, ellipsis_mask=0,
    new_axis_mask=0, shrink_axis_mask=0, var=None,
):  # fmt: skip
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    np.copyto(out, input_[strided_index(begin, end, strides, masks)])


@slice_.into(strided=True)
def slice_into(out, input_, *, begin, size):
    np.copyto(out, input_[block_of(begin, size)])


@put.into(strided=True)
def put_into(out, values, *, index, shape):
    out[...] = np.zeros((), out.dtype)
    out[index] = values


@pad.into(strided=True)
def pad_into(out, tensor, *, paddings, mode="CONSTANT", constant_values=0):
    if mode.upper() != "CONSTANT":
        out[...] = pad.forward(np, tensor, paddings=paddings, mode=mode)
        return
    out[...] = constant_values
    out[inside(tensor.shape, paddings)] = tensor


@tile.into
def tile_into(out, input, *, multiples):
    pairs = tuple(zip(multiples, input.shape, strict=True))
    copies = out.reshape([size for pair in pairs for size in pair])
    copies[...] = input.reshape([size for _, d in pairs for size in (1, d)])


@repeat.into
def repeat_into(out, input, *, repeats, axis=None):
    if np.ndim(repeats):
        out[...] = repeat.forward(np, input, repeats=repeats, axis=axis)
        return
    if axis is None:
        input, axis = input.reshape(-1), 0
    axis = axis_of(axis, input.ndim) + 1
    copies = out.reshape(*input.shape[:axis], repeats, *input.shape[axis:])
    copies[...] = np.expand_dims(input, axis)


@gather.into
def gather_into(out, params, indices, *, validate_indices=None, axis=None, batch_dims=0):
    if batch_dims or not out.size:
        out[...] = gather.forward(np, params, indices, axis=axis, batch_dims=batch_dims)
        return
    axis = axis_of(axis or 0, params.ndim)
    check_rows(np, indices, params.shape[axis])
    shape = (*params.shape[:axis], indices.size, *params.shape[axis + 1 :])
    # The indices are right; with mode="raise" numpy would copy the result.
    np.take(params, indices.reshape(-1), axis=axis, out=out.reshape(shape), mode="clip")


def _places(values: Spec, indices: Spec, *, rows: int) -> tuple[Spec, ...]:
    """Memory for the place of each element."""
    count = prod(sizes_of(indices))
    width = prod(sizes_of(values)[len(indices.shape) :])
    return (Spec((count, width), np.dtype(np.int64)),)


@scatter_rows.into(workspace=_places)
def scatter_rows_into(out, work, values, indices, *, rows):
    (places,) = work
    width = places.shape[1]
    np.multiply(indices.reshape(-1, 1), width, out=places, casting="unsafe")
    np.add(places, np.arange(width), out=places)
    out[...] = 0
    np.add.at(out.reshape(-1), places.reshape(-1), values.reshape(-1))


@one_hot_.into
def one_hot_into(out, indices, *, depth, on_value=1, off_value=0, axis=None, dtype=None):
    axis = axis_of(-1 if axis is None else axis, out.ndim)
    if on_value != 1 or off_value != 0 or out.dtype.kind not in "fiub":
        dtype = as_dtype(out.dtype)
        out[...] = one_hot_.forward(np, indices, depth=depth, on_value=on_value,
                                    off_value=off_value, axis=axis, dtype=dtype)  # fmt: skip
        return
    places = np.arange(depth).reshape((depth,) + (1,) * (indices.ndim - axis))
    np.equal(np.expand_dims(indices, axis), places, out=out, casting="unsafe")


@keep_where.into(strided=True)
def keep_where_into(out, x, condition):
    word = WORDS.get(x.dtype.itemsize)
    if word is None:
        out[...] = 0
        np.copyto(out, x, where=condition)
    else:  # as integers times 0 or 1: no branch, and exact for inf and NaN
        np.multiply(x.view(word), condition, out=out.view(word))


@where_.into(strided=True)
def where_into(out, condition, x, y):
    word = WORDS.get(x.dtype.itemsize)
    if word is None or x.dtype.kind in "Ob":
        np.copyto(out, y)
        np.copyto(out, x, where=condition)
        return
    bits, other = out.view(word), y.view(word)
    np.bitwise_xor(x.view(word), other, out=bits)
    np.multiply(bits, condition, out=bits)
    np.bitwise_xor(bits, other, out=bits)


def _register_scan(op: Any, ufunc: Any, first: int) -> None:
    @op.into
    def into(out, x, *, axis=0, exclusive=False, reverse=False):
        axis = axis_of(axis, x.ndim)
        if reverse:
            x, out = np.flip(x, axis), np.flip(out, axis)
        if exclusive and x.shape[axis]:
            before = (slice(None),) * axis
            out[(*before, slice(0, 1))] = first
            x, out = x[(*before, slice(0, -1))], out[(*before, slice(1, None))]
        ufunc.accumulate(x, axis=axis, dtype=x.dtype, out=out)


_register_scan(cumsum, np.add, 0)
_register_scan(cumprod, np.multiply, 1)

"""numpy's names for ops, so that a rule written for numpy also runs with `xp = minitensor.ops`.

Only names whose spelling or arguments differ from TensorFlow's stand here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import float32, float64, int32, int64
from minitensor.op import convert
from minitensor.ops.array import cast, transpose
from minitensor.ops.creation import fill, zeros_like
from minitensor.ops.creation import range as arange
from minitensor.ops.gathering import gather
from minitensor.ops.rearranging import reverse
from minitensor.ops.reduction import (
    argmax,
    argmin,
    reduce_all,
    reduce_any,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)
from minitensor.ops.scan import cumprod, cumsum
from minitensor.ops.selection import where

__all__ = [
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "asarray",
    "astype",
    "cumulative_prod",
    "cumulative_sum",
    "flip",
    "float32",
    "float64",
    "full",
    "int32",
    "int64",
    "max",
    "mean",
    "min",
    "moveaxis",
    "permute_dims",
    "prod",
    "sum",
    "take",
    "tril",
    "triu",
]

astype = cast
permute_dims = transpose
all, any = reduce_all, reduce_any
max, mean, min = reduce_max, reduce_mean, reduce_min


def asarray(x: Any, dtype: Any = None) -> Any:
    """Numpy's name for convert_to_tensor."""
    return convert(x, dtype)


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Numpy's name for gather."""
    return gather(x, indices, axis=axis)


def sum(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Numpy's name for reduce_sum."""
    return reduce_sum(x if dtype is None else cast(x, dtype), axis=axis, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Numpy's name for reduce_prod."""
    return reduce_prod(x if dtype is None else cast(x, dtype), axis=axis, keepdims=keepdims)


def cumulative_sum(x: Any, axis: int = 0, dtype: Any = None) -> Any:
    """Numpy's name for cumsum."""
    return cumsum(x if dtype is None else cast(x, dtype), axis=axis)


def cumulative_prod(x: Any, axis: int = 0, dtype: Any = None) -> Any:
    """Numpy's name for cumprod."""
    return cumprod(x if dtype is None else cast(x, dtype), axis=axis)


def flip(x: Any, axis: Any = None) -> Any:
    """Numpy's name for reverse; over all axes by default."""
    return reverse(x, axis=tuple(range(len(x.shape))) if axis is None else axis)


def full(shape: Any, value: Any, dtype: Any = None) -> Any:
    """Numpy's name for fill."""
    return fill(shape, convert(value, dtype))


def moveaxis(x: Any, source: int, destination: int) -> Any:
    """One axis moved to another place; the others keep their order."""
    rank = len(x.shape)
    order = [i for i in range(rank) if i != source % rank]
    order.insert(destination % rank, source % rank)
    return transpose(x, perm=tuple(order))


def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle, up to diagonal k; zeros above it."""
    rows, columns = x.shape[-2:]
    return where(convert(np.tri(rows, columns, k, dtype=np.bool_)), x, zeros_like(x))


def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle, from diagonal k on; zeros below it."""
    rows, columns = x.shape[-2:]
    return where(convert(~np.tri(rows, columns, k - 1, dtype=np.bool_)), x, zeros_like(x))

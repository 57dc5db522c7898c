"""numpy's names for ops, so that a rule written for numpy also runs with `xp = minitensor.ops`.

Only names whose spelling or arguments differ from TensorFlow's stand here.
"""

from __future__ import annotations

from typing import Any

from minitensor.dtypes import float32, float64, int32, int64
from minitensor.op import convert
from minitensor.ops.array import cast, transpose
from minitensor.ops.creation import range as arange
from minitensor.ops.gathering import gather
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
    "float32",
    "float64",
    "int32",
    "int64",
    "max",
    "mean",
    "min",
    "permute_dims",
    "prod",
    "sum",
    "take",
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

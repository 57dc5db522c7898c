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
from minitensor.ops.reduction import reduce_sum

__all__ = [
    "arange",
    "asarray",
    "astype",
    "float32",
    "float64",
    "int32",
    "int64",
    "permute_dims",
    "sum",
    "take",
]

astype = cast
permute_dims = transpose


def asarray(x: Any, dtype: Any = None) -> Any:
    """Numpy's name for convert_to_tensor."""
    return convert(x, dtype)


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Numpy's name for gather."""
    return gather(x, indices, axis=axis)


def sum(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Numpy's name for reduce_sum."""
    return reduce_sum(x, axis=axis, keepdims=keepdims)

"""numpy's names for ops, so that a rule written for numpy also runs with `xp = minitensor.ops`.

Only names whose spelling or arguments differ from TensorFlow's stand here.
"""

from __future__ import annotations

from typing import Any

from minitensor.op import convert
from minitensor.ops.array import broadcast_to, cast, transpose
from minitensor.ops.reduction import reduce_sum

__all__ = ["astype", "ones", "permute_dims", "sum", "zeros"]

astype = cast
permute_dims = transpose


def sum(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Numpy's name for reduce_sum."""
    return reduce_sum(x, axis=axis, keepdims=keepdims)


def zeros(shape: Any, dtype: Any = "float32") -> Any:
    """Zeros of a shape, as numpy orders the arguments."""
    return broadcast_to(convert(0, dtype), shape=tuple(shape))


def ones(shape: Any, dtype: Any = "float32") -> Any:
    """Ones of a shape, as numpy orders the arguments."""
    return broadcast_to(convert(1, dtype), shape=tuple(shape))

"""Random tensors: the public functions, made of the draws in `draws`.

The functions of the first half take their seed from the program's streams (`set_seed`), those
named `stateless_…` from their argument: the same seed always gives the same numbers.
"""

from __future__ import annotations

from typing import Any

from minitensor.dtypes import as_dtype, float32
from minitensor.op import convert
from minitensor.ops.draws import (
    next_seed,
    random_normal,
    random_uniform,
)

__all__: list[str] = []


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Numbers from `minval` (may be reached) to `maxval` (may not), all equally likely.

    Integers need `maxval`.

    Shape: → shape.

    Example:
        >>> import minitensor as mt
        >>> mt.random.set_seed(1)
        >>> mt.random.uniform([3]).shape
        TensorShape([3])
    """
    return stateless_uniform(shape, next_seed(seed=seed), minval, maxval, dtype, name)


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Numbers from the normal distribution.

    Shape: → shape.
    """
    return stateless_normal(shape, next_seed(seed=seed), mean, stddev, dtype, name)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """As `uniform`, for a seed of two integers."""
    dtype = as_dtype(dtype)
    drawn = random_uniform(seed, shape=shape, dtype=dtype, name=name)
    high = 1 if maxval is None else maxval
    if isinstance(minval, (int, float)) and isinstance(high, (int, float)):
        scaled = drawn if high - minval == 1 else drawn * float(high - minval)
        return scaled + float(minval) if minval else scaled
    low = convert(minval, dtype)
    return drawn * (convert(high, dtype) - low) + low


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """As `normal`, for a seed of two integers."""
    dtype = as_dtype(dtype)
    drawn = random_normal(seed, shape=shape, dtype=dtype, name=name)
    return _shifted(drawn, mean, stddev)


def _shifted(drawn: Any, mean: Any, stddev: Any) -> Any:
    if not (isinstance(stddev, (int, float)) and stddev == 1):
        drawn = drawn * stddev
    return drawn if isinstance(mean, (int, float)) and mean == 0 else drawn + mean

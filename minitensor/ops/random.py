"""Random tensors: the public functions, made of the draws in `draws` and `distributions`.

The functions of the first half take their seed from the program's streams (`set_seed`), those
named `stateless_…` from their argument: the same seed always gives the same numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype, float32, int32, int64
from minitensor.errors import InvalidArgumentError, message
from minitensor.op import convert
from minitensor.ops.array import cast, stack
from minitensor.ops.distributions import (
    random_binomial,
    random_categorical,
    random_gamma,
    random_integers,
    random_permutation,
    random_poisson,
    random_truncated_normal,
)
from minitensor.ops.draws import next_seed, random_bits, random_normal, random_uniform

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

    Floats are from [0, 1) by default; integers need `maxval`. Differentiable in both bounds.

    Shape: → shape; bounds broadcast.

    Raises:
        InvalidArgumentError: (also a ValueError) for integers without `maxval`.

    Example:
        >>> import minitensor as mt
        >>> mt.random.set_seed(1)
        >>> mt.random.uniform([3], maxval=10, dtype=mt.int32)
        <tf.Tensor: shape=(3,), dtype=int32, numpy=array([8, 2, 4], dtype=int32)>
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
    """Numbers from the normal distribution. Differentiable in mean and standard deviation.

    Shape: → shape; parameters broadcast.
    """
    return stateless_normal(shape, next_seed(seed=seed), mean, stddev, dtype, name)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """As `normal`, drawn again where they are 2 or more standard deviations from the mean.

    Shape: → shape; parameters broadcast.
    """
    return stateless_truncated_normal(shape, next_seed(seed=seed), mean, stddev, dtype, name)


def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draws from each of the gamma distributions that `alpha` and `beta` (1 / scale) describe.

    Differentiable in beta; the derivative in alpha is not implemented.

    Shape: → shape + parameters' broadcast shape.
    """
    alpha = convert(alpha, dtype)
    parameters = alpha.shape if beta is None else (alpha + convert(beta, dtype) * 0).shape
    full = (*_sizes(shape), *parameters)
    return stateless_gamma(full, next_seed(seed=seed), alpha, beta, dtype, name)


def poisson(
    shape: Any,
    lam: Any,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """How many events happen when `lam` are expected; draws for each element of `lam`.

    Shape: → shape + lam.shape.
    """
    lam = _floating(lam)
    full = (*_sizes(shape), *lam.shape)
    return stateless_poisson(full, next_seed(seed=seed), lam, dtype, name)


def categorical(
    logits: Any,
    num_samples: int,
    dtype: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Class numbers, each as probable as the softmax of its logit.

    Shape: (batch, classes) → (batch, num_samples) int64.
    """
    return stateless_categorical(logits, num_samples, next_seed(seed=seed), dtype or int64, name)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The rows of `value` in random order. The gradient goes back to each row's old place.

    Shape: (n, …) → same.
    """
    return stateless_shuffle(value, next_seed(seed=seed), name)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """As `uniform`, for a seed of two integers.

    Example:
        >>> import minitensor as mt
        >>> mt.random.stateless_uniform([2], seed=[1, 2])
        <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.90313745, 0.5505031 ], dtype=float32)>
    """
    dtype = as_dtype(dtype)
    if dtype.is_integer:
        return _uniform_integers(shape, seed, minval, maxval, dtype, name)
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
    return _shifted(random_normal(seed, shape=shape, dtype=dtype, name=name), mean, stddev)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """As `truncated_normal`, for a seed of two integers."""
    drawn = random_truncated_normal(seed, shape=shape, dtype=dtype, name=name)
    return _shifted(drawn, mean, stddev)


def stateless_gamma(
    shape: Any,
    seed: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """As `gamma`, for a seed of two integers; `shape` is the whole shape of the result."""
    drawn = random_gamma(seed, convert(alpha, dtype), shape=shape, name=name)
    return drawn if beta is None else drawn / convert(beta, dtype)


def stateless_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = int32, name: str | None = None
) -> Any:
    """As `poisson`, for a seed of two integers; `shape` is the whole shape of the result."""
    return random_poisson(seed, _floating(lam), shape=shape, dtype=dtype, name=name)


def stateless_binomial(
    shape: Any,
    seed: Any,
    counts: Any,
    probs: Any,
    output_dtype: Any = int32,
    name: str | None = None,
) -> Any:
    """How many of `counts` trials succeed when each does with probability `probs`.

    Shape: → shape; parameters broadcast.
    """
    counts, probs = _floating(counts), _floating(probs)
    return random_binomial(seed, counts, probs, shape=shape, dtype=output_dtype, name=name)


def stateless_categorical(
    logits: Any, num_samples: int, seed: Any, dtype: Any = int64, name: str | None = None
) -> Any:
    """As `categorical`, for a seed of two integers."""
    return random_categorical(seed, logits, num_samples=num_samples, dtype=dtype, name=name)


def stateless_shuffle(value: Any, seed: Any, name: str | None = None) -> Any:
    """As `shuffle`, for a seed of two integers."""
    from minitensor.ops.gathering import gather

    value = convert(value)
    if not len(value.shape):
        return value
    return gather(value, random_permutation(seed, size=value.shape[0]), name=name)


def stateless_split(seed: Any, num: int = 2) -> Any:
    """`num` new seeds made from one; do not draw with that one afterwards.

    Shape: (2,) → (num, 2).

    Example:
        >>> import minitensor as mt
        >>> first, second = mt.random.stateless_split(mt.constant([1, 2]))
        >>> bool(mt.reduce_all(first == second))
        False
    """
    seed = convert(seed)
    return random_bits(seed, shape=(num, 2), dtype=seed.dtype)


def stateless_fold_in(seed: Any, data: Any) -> Any:
    """A new seed made from one and a number, such as a step or the number of a replica.

    Shape: (2,), () → (2,).
    """
    seed = convert(seed)
    mixed = random_bits(seed, shape=(), dtype=seed.dtype)
    return stack([mixed, cast(convert(data), dtype=seed.dtype)], axis=0)


def _uniform_integers(
    shape: Any, seed: Any, minval: Any, maxval: Any, dtype: Any, name: str | None
) -> Any:
    if maxval is None:
        raise InvalidArgumentError(
            message("random.uniform", f"dtype={dtype.name} without maxval",
                    f"must specify maxval for integer dtype {dtype.name!r}",
                    "integers have no natural upper end",
                    "pass maxval, or use uniform_full_int of a Generator")
        )  # fmt: skip
    low, high = convert(minval, dtype), convert(maxval, dtype)
    return random_integers(seed, low, high, shape=shape, name=name)


def _shifted(drawn: Any, mean: Any, stddev: Any) -> Any:
    if not (isinstance(stddev, (int, float)) and stddev == 1):
        drawn = drawn * stddev
    return drawn if isinstance(mean, (int, float)) and mean == 0 else drawn + mean


def _floating(value: Any) -> Any:
    """A parameter as a float tensor: whole numbers are allowed where rates are meant."""
    tensor = convert(value)
    return tensor if tensor.dtype.is_floating else cast(tensor, dtype=float32)


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in np.asarray(shape).reshape(-1))

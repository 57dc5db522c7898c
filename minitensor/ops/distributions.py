"""Draws from distributions that take more than a line: by rejection, by inversion, by sorting.

Parameters are inputs and broadcast against the shape of the draw. All of it is computed in float64
and then rounded, as in `draws`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.ops.draws import NO_GRADIENT, SEED, check_seed, drawing, float_spec
from minitensor.ops.philox import doubled, fill, fraction, rejection, unit
from minitensor.shapes import Spec, broadcast_shapes

__all__ = [
    "random_binomial",
    "random_categorical",
    "random_gamma",
    "random_integers",
    "random_permutation",
    "random_poisson",
    "random_truncated_normal",
]


def _fits(seed: Spec, parameters: tuple[Spec, ...], shape: Any) -> tuple:
    check_seed(seed)
    shape = tuple(shape)
    if broadcast_shapes(shape, *(p.shape for p in parameters)) != shape:
        raise Fault(f"parameters of shape {' and '.join(str(tuple(p.shape)) for p in parameters)} "
                    f"do not broadcast to {shape}", "each parameter stretches to the draw's shape",
                    "give the draw the parameters' shape, with more axes in front")  # fmt: skip
    return shape


def _spread(xp: Any, parameter: Any, shape: Any) -> Any:
    """A parameter for each element of the draw, flat and in float64."""
    return xp.broadcast_to(parameter, tuple(shape)).astype(np.float64).reshape(-1)


def _normal(xp: Any, four: tuple) -> Any:
    return xp.sqrt(-2.0 * xp.log(unit(four[0]))) * xp.cos((2.0 * np.pi) * fraction(four[1]))


@op(infer=float_spec, samples=drawing(), types="I", portable=False, why_none=NO_GRADIENT)
def random_truncated_normal(xp, seed, *, shape, dtype):
    """Normal numbers, drawn again where they are 2 or more from 0.

    Shape: (2,) → shape.
    """

    def propose(four: tuple, elements: Any) -> tuple:
        r, angle = xp.sqrt(-2.0 * xp.log(unit(four[0]))), (2.0 * np.pi) * fraction(four[1])
        first, second = r * xp.cos(angle), r * xp.sin(angle)
        z = xp.where(xp.abs(first) < 2.0, first, second)
        return z, xp.abs(z) < 2.0

    found = rejection(xp, seed, prod(shape), propose)
    return found.astype(as_dtype(dtype).numpy).reshape(shape)


def _integers_spec(seed: Spec, minval: Spec, maxval: Spec, *, shape: Any) -> Spec:
    return Spec(_fits(seed, (minval, maxval), shape), minval.dtype)


@op(infer=_integers_spec, types="ITT", kinds="iu", portable=False, why_none=NO_GRADIENT,
    samples=samples.cases(
        ((SEED, np.int32(-3), np.int32(4)), {"shape": (2, 3)}),
        ((SEED, np.array([0, 5]), np.array([9, 6])), {"shape": (4, 2)}),
        ((SEED, np.uint8(0), np.uint8(9)), {"shape": ()}),
    ))  # fmt: skip
def random_integers(xp, seed, minval, maxval, *, shape):
    """Integers from minval to maxval - 1.

    minval + word mod (maxval − minval) with words of 64 bits: values differ in probability by less
    than (maxval − minval) / 2⁶⁴.

    Shape: (2,), parameters that broadcast to shape → shape.
    """
    if not bool(xp.all(minval < maxval)):
        raise Fault("minval is not below maxval", "need minval < maxval: maxval is never drawn",
                    "raise maxval")  # fmt: skip
    low = xp.broadcast_to(minval, tuple(shape)).astype(np.uint64)
    high = xp.broadcast_to(maxval, tuple(shape)).astype(np.uint64)
    found = fill(xp, seed, prod(shape), np.uint64, 2, doubled).reshape(shape)
    return (low + found % (high - low)).astype(minval.dtype)


def _gamma_spec(seed: Spec, alpha: Spec, *, shape: Any) -> Spec:
    return Spec(_fits(seed, (alpha,), shape), alpha.dtype)


@op(infer=_gamma_spec, types="IF", portable=False,
    why_none="how a draw follows alpha is not implemented; scale draws by 1 / beta instead",
    samples=samples.cases(
        ((SEED, np.array([0.3, 1.0, 7.0])), {"shape": (4, 3)}), ((SEED, 2.0), {"shape": ()})
    ))  # fmt: skip
def random_gamma(xp, seed, alpha, *, shape):
    """Numbers from the gamma distribution with shape parameter alpha and scale 1.

    Shape: (2,), parameters that broadcast to shape → shape.
    Source: Marsaglia & Tsang, A simple method for generating gamma variables (2000); below 1,
    Gamma(α) = Gamma(α + 1) · U^(1/α), ibid. section 6.
    """
    flat = _spread(xp, alpha, shape)
    if not bool(xp.all(flat > 0)):
        raise Fault("an alpha is not positive", "alpha must be above 0", "check its elements")

    def propose(four: tuple, elements: Any) -> tuple:
        a = flat[elements]
        d = xp.where(a < 1.0, a + 1.0, a) - 1.0 / 3.0
        x = _normal(xp, four)
        v = (1.0 + x / xp.sqrt(9.0 * d)) ** 3
        safe = xp.where(v > 0, v, 1.0)
        good = (v > 0) & (xp.log(unit(four[2])) < 0.5 * x * x + d - d * v + d * xp.log(safe))
        return d * v * xp.where(a < 1.0, unit(four[3]) ** (1.0 / a), 1.0), good

    found = rejection(xp, seed, prod(shape), propose)
    return found.astype(alpha.dtype).reshape(shape)


def _poisson_spec(seed: Spec, lam: Spec, *, shape: Any, dtype: Any) -> Spec:
    return Spec(_fits(seed, (lam,), shape), as_dtype(dtype).numpy)


@op(infer=_poisson_spec, types="IF", portable=False, why_none="counts are not differentiable",
    samples=samples.cases(
        ((SEED, np.array([0.0, 0.5, 40.0])), {"shape": (4, 3), "dtype": "int32"}),
        ((SEED, 9.5), {"shape": (), "dtype": "float32"}),
    ))  # fmt: skip
def random_poisson(xp, seed, lam, *, shape, dtype):
    """How many events happen when `lam` are expected.

    Shape: (2,), parameters that broadcast to shape → shape.
    Source: from 10, PTRS of Hörmann, The transformed rejection method for generating Poisson
    random variables (1993); below, inversion of the distribution function.
    """
    flat = _spread(xp, lam, shape)
    if not bool(xp.all(flat >= 0)):
        raise Fault("a rate is negative", "lam must be 0 or more", "check its elements")

    def small(rate: Any, u: Any) -> Any:
        return _inverted(xp, u, xp.exp(-rate), lambda k: rate / k)

    def propose(four: tuple, elements: Any) -> tuple:
        rate = flat[elements]
        large = xp.maximum(rate, 10.0)
        b = 0.931 + 2.53 * xp.sqrt(large)
        a = -0.059 + 0.02483 * b
        u, v = fraction(four[0]) - 0.5, unit(four[1])
        us = 0.5 - xp.abs(u) + 2.0**-33
        k = xp.floor((2.0 * a / us + b) * u + large + 0.43)
        safe = xp.maximum(k, 0.0)
        ratio = v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b)
        exact = xp.log(ratio) <= safe * xp.log(large) - large - _log_factorial(xp, safe)
        good = (us >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2.0))
        good = (k >= 0) & (good | (((us >= 0.013) | (v <= us)) & exact))
        low = rate < 10.0
        return xp.where(low, small(xp.minimum(rate, 10.0), fraction(four[2])), k), good | low

    found = rejection(xp, seed, prod(shape), propose)
    return found.astype(as_dtype(dtype).numpy).reshape(shape)


def _binomial_spec(seed: Spec, counts: Spec, probs: Spec, *, shape: Any, dtype: Any) -> Spec:
    return Spec(_fits(seed, (counts, probs), shape), as_dtype(dtype).numpy)


@op(infer=_binomial_spec, types="IFF", portable=False, why_none="counts are not differentiable",
    samples=samples.cases(
        ((SEED, np.array([1.0, 9.0, 400.0]), 0.3), {"shape": (4, 3), "dtype": "int32"}),
        ((SEED, 5.0, np.array([0.0, 1.0])), {"shape": (2,), "dtype": "int64"}),
    ))  # fmt: skip
def random_binomial(xp, seed, counts, probs, *, shape, dtype):
    """How many of `counts` trials succeed when each does with probability `probs`.

    Shape: (2,), parameters that broadcast to shape → shape.
    Source: from 10 expected successes, BTRS of Hörmann, The generation of binomial random variates
    (1993); below, inversion of the distribution function.
    """
    n, p = _spread(xp, counts, shape), _spread(xp, probs, shape)
    if not bool(xp.all((n >= 0) & (p >= 0) & (p <= 1))):
        raise Fault("a count is negative or a probability not between 0 and 1",
                    "counts ≥ 0 and 0 ≤ probs ≤ 1", "check their elements")  # fmt: skip
    flipped = p > 0.5
    q = xp.where(flipped, 1.0 - p, p)

    def propose(four: tuple, elements: Any) -> tuple:
        trials, chance = n[elements], q[elements]
        low = trials * chance < 10.0
        few = xp.where(low, chance, 0.0)
        start = xp.exp(trials * xp.log1p(-few))
        odds = few / (1.0 - few)
        small = _inverted(xp, fraction(four[2]), start, lambda k: odds * (trials - k + 1.0) / k)
        k, good = _btrs(xp, xp.where(low, 40.0, trials), xp.where(low, 0.5, chance), four)
        return xp.where(low, small, k), good | low

    found = rejection(xp, seed, prod(shape), propose)
    return xp.where(flipped, n - found, found).astype(as_dtype(dtype).numpy).reshape(shape)


def _btrs(xp: Any, n: Any, p: Any, four: tuple) -> tuple[Any, Any]:
    """A proposal for the number of successes, and whether it is accepted."""
    deviation = xp.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    mode = xp.floor((n + 1.0) * p)
    u, v = fraction(four[0]) - 0.5, unit(four[1])
    us = 0.5 - xp.abs(u) + 2.0**-33
    k = xp.floor((2.0 * a / us + b) * u + n * p + 0.5)
    safe = xp.minimum(xp.maximum(k, 0.0), n)
    bound = _log_factorial(xp, mode) + _log_factorial(xp, n - mode)
    bound = bound - _log_factorial(xp, safe) - _log_factorial(xp, n - safe)
    bound = bound + (safe - mode) * xp.log(p / (1.0 - p))
    exact = xp.log(v * (2.83 + 5.1 / b) * deviation / (a / (us * us) + b)) <= bound
    quick = (us >= 0.07) & (v <= 0.92 - 4.2 / b)
    return k, (k >= 0) & (k <= n) & (quick | exact)


def _inverted(xp: Any, u: Any, start: Any, ratio: Any) -> Any:
    """The first k at which the sum of probabilities exceeds u; ratio(k) is p(k) / p(k - 1)."""
    k, mass = xp.zeros(u.shape), start
    below = start
    for step in range(1, 128):  # fewer than 10 are expected: 127 is far beyond any 32-bit u
        beyond = u >= below
        if not bool(xp.any(beyond)):
            break
        k = k + beyond
        mass = mass * xp.maximum(ratio(float(step)), 0.0)
        below = below + mass
    return k


def _log_factorial(xp: Any, k: Any) -> Any:
    """Log k! for whole numbers: Stirling's series at k + 11, where it is exact to 1e-12."""
    x = k + 11.0
    series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x**3) + 1.0 / (1260.0 * x**5)
    above = (x - 0.5) * xp.log(x) - x + 0.5 * np.log(2.0 * np.pi) + series
    skipped = k + 1.0
    for i in range(2, 11):
        skipped = skipped * (k + i)
    return above - xp.log(skipped)


def _categorical_spec(seed: Spec, logits: Spec, *, num_samples: int, dtype: Any) -> Spec:
    check_seed(seed)
    if len(logits.shape) != 2:
        raise Fault(f"logits should be a matrix, got rank {len(logits.shape)}",
                    "one row of logits per distribution: (batch, classes)",
                    "write logits[None, :] for a single one")  # fmt: skip
    return Spec((logits.shape[0], num_samples), as_dtype(dtype).numpy)


@op(infer=_categorical_spec, types="IF", portable=False, why_none="classes are not differentiable",
    samples=samples.cases(
        ((SEED, (3, 4)), {"num_samples": 5, "dtype": "int64"}),
        ((SEED, (1, 1)), {"num_samples": 0, "dtype": "int32"}),
    ))  # fmt: skip
def random_categorical(xp, seed, logits, *, num_samples, dtype):
    """Class numbers, each as probable as the softmax of its logit.

    The first class whose cumulative probability exceeds a uniform number. A class of probability
    zero is never drawn.

    Shape: (2,), (batch, classes) → (batch, num_samples).
    """
    batch, classes = logits.shape
    wide = logits.astype(np.float64)
    top = xp.max(wide, axis=1, keepdims=True) if classes else xp.full((batch, 1), -xp.inf)
    if not bool(xp.all(xp.isfinite(top))):
        raise Fault("a row has no finite logit, or a NaN", "each row needs a class of positive "
                    "probability", "check the logits")  # fmt: skip
    cumulative = xp.cumsum(xp.exp(wide - top), axis=1)
    rows = xp.arange(batch, dtype=np.float64)[:, None]
    edges = (cumulative / cumulative[:, -1:] + rows).reshape(-1)
    drawn = fill(xp, seed, batch * num_samples, np.float64, 4, lambda four: map(fraction, four))
    u = drawn.reshape(batch, num_samples) + rows
    found = xp.searchsorted(edges, u.reshape(-1), side="right").reshape(batch, num_samples)
    return (found - (rows * classes).astype(np.int64)).astype(as_dtype(dtype).numpy)


def _permutation_spec(seed: Spec, *, size: int) -> Spec:
    check_seed(seed)
    return Spec((size,), np.dtype(np.int64))


@op(infer=_permutation_spec, types="I", portable=False, why_none=NO_GRADIENT,
    samples=samples.cases(((SEED,), {"size": 6}), ((SEED,), {"size": 0})))  # fmt: skip
def random_permutation(xp, seed, *, size):
    """The numbers from 0 to size - 1 in random order: the order of random 64-bit keys.

    Shape: (2,) → (size,) int64.
    """
    keys = fill(xp, seed, size, np.uint64, 2, doubled)
    return xp.argsort(keys, kind="stable").astype(np.int64)

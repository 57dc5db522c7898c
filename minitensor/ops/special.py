"""Functions defined by integrals and series: error function, gamma function and its derivatives.

numpy has none of them, so they are computed here from rational approximations and series that use
nothing but arithmetic, exp, log and sin; cupy has its own, which its kernels call. All are accurate
to about 1e-14 of their size, except next to a zero, where that holds of the distance to it.

Read `erf`, then `lgamma`; half precision is computed in single (`_wide`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from math import log, pi, sqrt
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.op import Op, op
from minitensor.ops.selection import where_
from minitensor.shapes import broadcast, same

__all__ = ["digamma", "erf", "erfc", "lgamma", "polygamma", "zeta"]


PIECE = 16384
"""So many elements at a time, so that all that is computed on the way stays in the cache."""

choose = where_.on


def in_pieces(op: Op, single: Callable | None = None) -> None:
    """Give an elementwise op a kernel for numpy that computes large arrays piece by piece.

    `single` is a shorter formula that is as exact as float32 can show.
    """

    def kernel(xp: Any, *arrays: Any) -> Any:
        formula = single if single and arrays[0].dtype == np.float32 else op.forward
        whole = np.broadcast_arrays(*arrays)
        if whole[0].size <= PIECE:
            return formula(xp, *arrays)
        flat = [a.reshape(-1) for a in whole]
        out = np.empty(flat[0].size, flat[0].dtype)
        for start in range(0, out.size, PIECE):
            part = slice(start, start + PIECE)
            out[part] = formula(xp, *(a[part] for a in flat))
        return out.reshape(whole[0].shape)

    op.kernel("numpy")(kernel)


@cache
def _cupy_special() -> Any:
    return import_module("cupyx.scipy.special")


def _wide(xp: Any, x: Any) -> Any:
    """Half precision as single: polynomials of high degree overflow in less."""
    return xp.astype(x, xp.float32) if getattr(x.dtype, "itemsize", 4) < 4 else x


def _polynomial(x: Any, coefficients: tuple) -> Any:
    """The polynomial with these coefficients, highest power first, by Horner's rule."""
    total = coefficients[0]
    for c in coefficients[1:]:
        total = total * x + c
    return total


def _at_most(xp: Any, x: Any, bound: float) -> Any:
    return xp.minimum(x, xp.full_like(x, bound))


def _at_least(xp: Any, x: Any, bound: float) -> Any:
    return xp.maximum(x, xp.full_like(x, bound))


# Rational approximations of erf near 0, and of erfc · exp(x²) further out.
ERF_TOP = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
           3.77485237685302021e2, 3.20937758913846947e3)  # fmt: skip
ERF_BOTTOM = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
              2.84423683343917062e3)  # fmt: skip
MIDDLE_TOP = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
              6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
              1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3)  # fmt: skip
MIDDLE_BOTTOM = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
                 1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
                 3.43936767414372164e3, 1.23033935480374942e3)  # fmt: skip
TAIL_TOP = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
            1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
TAIL_BOTTOM = (1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1,
               6.05183413124413191e-2, 2.33520497626869185e-3)  # fmt: skip


def _erf_small(x: Any) -> Any:
    """The error function for |x| ≤ 0.46875."""
    square = x * x
    return x * _polynomial(square, ERF_TOP) / _polynomial(square, ERF_BOTTOM)


def _erfc_large(xp: Any, y: Any) -> Any:
    """Its complement to 1 for y ≥ 0.46875."""
    middle = _at_most(xp, y, 4.0)
    scaled = _polynomial(middle, MIDDLE_TOP) / _polynomial(middle, MIDDLE_BOTTOM)
    far = _at_least(xp, y, 4.0)
    inverse = 1 / (far * far)
    tail = inverse * _polynomial(inverse, TAIL_TOP) / _polynomial(inverse, TAIL_BOTTOM)
    scaled = choose(xp, y > 4, (1 / sqrt(pi) - tail) / far, scaled)
    # exp(-y²) loses digits when y² is rounded: split y into a part with few bits, and the rest.
    y = _at_most(xp, y, 30.0)
    part = xp.floor(y * 16) / 16
    return scaled * (xp.exp(-part * part) * xp.exp(-(y - part) * (y + part)))


@op(infer=same, samples=samples.unary(-3, 3), scalar="erf({0})", kinds="f", fast=True)
def erf(xp, x):
    """Error function, 2/√π ∫ exp(-t²) dt from 0 to x; in (-1, 1).

    Shape: any → same.

    Source: Cody, Rational Chebyshev Approximations for the Error Function (1969).

    Example:
        >>> import minitensor as mt
        >>> mt.math.erf([0.0, 1.0]).numpy()
        array([0.       , 0.8427008], dtype=float32)
    """
    wide = _wide(xp, x)
    size = xp.abs(wide)
    large = xp.sign(wide) * (1 - _erfc_large(xp, _at_least(xp, size, 0.4)))
    near = choose(xp, size <= 0.46875, wide, xp.zeros_like(wide))
    return xp.astype(choose(xp, size <= 0.46875, _erf_small(near), large), x.dtype)


# Minimax quotient of degrees 9 and 12 on |x| ≤ 3.8325, from where on erf is 1 in float32: as in
# XLA's ErfImpl32.
SINGLE_TOP = (2.2905065861350646e-4, 3.4082910107109506e-3, 5.0955695062380861e-2,
              1.8520832239976145e-1, 1.128379143519084)  # fmt: skip
SINGLE_BOTTOM = (-1.1791602954361697e-7, 2.3547966471313185e-5, 1.0179625278914885e-3,
                 1.4070470171167667e-2, 1.1098505178285362e-1, 4.9746925110067538e-1,
                 1.0)  # fmt: skip


def _erf_single(xp: Any, x: Any) -> Any:
    bounded = xp.clip(x, -3.8325, 3.8325)
    square = bounded * bounded
    return bounded * _polynomial(square, SINGLE_TOP) / _polynomial(square, SINGLE_BOTTOM)


@erf.kernel("cupy")
def erf_cupy(xp, x):
    return xp.astype(_cupy_special().erf(x), x.dtype, copy=False)


@erf.gradient
def erf_gradient(xp, g, out, x):
    """`g · 2 / √π · exp(-x²)`."""
    return g * xp.asarray(2 / sqrt(pi), dtype=x.dtype) * xp.exp(-x * x)


@op(infer=same, samples=samples.unary(-3, 3), scalar="erfc({0})", kinds="f", fast=True)
def erfc(xp, x):
    """1 - erf(x), without the digits that the subtraction would lose for large x.

    Shape: any → same.

    Source: Cody, Rational Chebyshev Approximations for the Error Function (1969).
    """
    wide = _wide(xp, x)
    size = xp.abs(wide)
    large = _erfc_large(xp, _at_least(xp, size, 0.4))
    large = choose(xp, wide < 0, 2 - large, large)
    near = choose(xp, size <= 0.46875, wide, xp.zeros_like(wide))
    return xp.astype(choose(xp, size <= 0.46875, 1 - _erf_small(near), large), x.dtype)


@erfc.kernel("cupy")
def erfc_cupy(xp, x):
    return xp.astype(_cupy_special().erfc(x), x.dtype, copy=False)


@erfc.gradient
def erfc_gradient(xp, g, out, x):
    """`-g · 2 / √π · exp(-x²)`."""
    return -g * xp.asarray(2 / sqrt(pi), dtype=x.dtype) * xp.exp(-x * x)


EULER_GAMMA = 0.57721566490153286060651209008240243
# B_2, B_4, … of the asymptotic series.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
             43867 / 798, -174611 / 330, 854513 / 138, -236364091 / 2730)  # fmt: skip
ASYMPTOTIC = 8.0
"""From here on, ten terms of the asymptotic series are exact to rounding."""


@cache
def _lgamma_series() -> tuple:
    """Coefficients of lgamma(2 + z): (-1)^k (ζ(k) - 1) / k for k = 27 to 2, then 1 - γ and 0."""
    tails = [(k, float(zeta.forward(np, np.float64(k), np.float64(2)))) for k in range(27, 1, -1)]
    return (*((-1) ** k * tail / k for k, tail in tails), 1 - EULER_GAMMA, 0.0)


def _lgamma_positive(xp: Any, y: Any) -> Any:
    """The logarithm of Γ for y ≥ 0.5."""
    # Below 8: step down into (1.5, 2.5] by lgamma(y) = lgamma(y - 1) + log(y - 1), then the series.
    low = choose(xp, y < ASYMPTOTIC, y, xp.ones_like(y))
    product = xp.ones_like(y)
    for _ in range(6):
        step = low > 2.5
        low = choose(xp, step, low - 1, low)
        product = choose(xp, step, product * low, product)
    around_1 = low < 1.5
    z = choose(xp, around_1, low - 1, low - 2)
    near = _polynomial(z, _lgamma_series()) + xp.log(product)
    near = choose(xp, around_1, near - xp.log1p(z), near)
    # From 8 on: Stirling's series.
    high = _at_least(xp, y, ASYMPTOTIC)
    inverse = 1 / high
    terms = tuple(BERNOULLI[k] / ((2 * k + 2) * (2 * k + 1)) for k in range(9, -1, -1))
    rest = inverse * _polynomial(inverse * inverse, terms)
    far = (high - 0.5) * (xp.log(high) - 1) + (0.5 * log(2 * pi) - 0.5) + rest
    return choose(xp, y < ASYMPTOTIC, near, far)


@op(infer=same, samples=samples.unary(0.3, 4), scalar="lgamma({0})", kinds="f", fast=True)
def lgamma(xp, x):
    """Logarithm of |Γ(x)|, where Γ(n) = (n - 1)!; inf at 0, -1, -2, ….

    Shape: any → same.

    Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), 6.1.33 around 1 and 2,
    6.1.41 from 8 on, 6.1.15 in between, 6.1.17 below -1/2.

    Example:
        >>> import minitensor as mt
        >>> mt.math.lgamma([1.0, 5.0]).numpy()
        array([0.       , 3.1780539], dtype=float32)
    """
    wide = _wide(xp, x)
    small = xp.abs(wide) < 0.5
    mirrored = wide <= -0.5
    moved = choose(xp, small, 1 + wide, choose(xp, mirrored, 1 - wide, wide))
    value = _lgamma_positive(xp, moved)
    value = choose(xp, small, value - xp.log(xp.abs(wide)), value)
    sine = xp.abs(xp.sin(pi * (wide - xp.round(wide))))
    value = choose(xp, mirrored, xp.log(pi / sine) - value, value)
    return xp.astype(choose(xp, xp.isinf(wide), xp.abs(wide), value), x.dtype)


@lgamma.kernel("cupy")
def lgamma_cupy(xp, x):
    return xp.astype(_cupy_special().gammaln(x), x.dtype, copy=False)


@lgamma.gradient
def lgamma_gradient(xp, g, out, x):
    return g * digamma.on(xp, x)


@op(infer=same, samples=samples.unary(0.3, 4), kinds="f", fast=True)
def digamma(xp, x):
    """Derivative of lgamma; NaN at 0, -1, -2, ….

    Shape: any → same.

    Source: Bernardo, Algorithm AS 103: Psi (Digamma) Function (1976); Abramowitz & Stegun (1964),
    6.3.7, for negative x.
    """
    wide = _wide(xp, x)
    mirrored = wide <= 0
    y = choose(xp, mirrored, 1 - wide, wide)
    total = xp.zeros_like(y)
    for _ in range(int(ASYMPTOTIC)):
        step = y < ASYMPTOTIC
        total = choose(xp, step, total - 1 / y, total)
        y = choose(xp, step, y + 1, y)
    inverse = 1 / y
    terms = tuple(BERNOULLI[k] / (2 * k + 2) for k in range(9, -1, -1))
    series = _polynomial(inverse * inverse, terms) * (inverse * inverse)
    total = total + (xp.log(y) - 0.5 * inverse - series)
    offset = wide - xp.round(wide)
    pole = xp.logical_and(mirrored, offset == 0)
    total = choose(xp, mirrored, total - pi / xp.tan(pi * offset), total)
    return xp.astype(choose(xp, pole, xp.full_like(total, float("nan")), total), x.dtype)


@digamma.gradient
def digamma_gradient(xp, g, out, x):
    """`g · polygamma(1, x)`."""
    return g * polygamma.on(xp, xp.ones_like(x), x)


def _zeta_positive(xp: Any, x: Any, q: Any) -> Any:
    """Hurwitz zeta function for x > 1, q > 0: nine terms, the rest by Euler and Maclaurin."""
    total = xp.zeros_like(x + q)
    for k in range(9):
        total = total + (q + k) ** -x
    a = q + 9
    power = a**-x
    total = total + power * (a / (x - 1) + 0.5)
    factor, term = 1.0, x * power / a
    for k, bernoulli in enumerate(BERNOULLI):
        factor /= (2 * k + 1) * (2 * k + 2)
        total = total + bernoulli * factor * term
        term = term * ((x + 2 * k + 1) / a) * ((x + 2 * k + 2) / a)
    return total


def _zeta_samples(rng: np.random.Generator) -> samples.Samples:
    for a, b in (((2, 3), (2, 3)), ((2, 1), (1, 3)), ((), (4,)), ((0, 2), (2,))):
        yield (rng.integers(2, 6, a).astype(np.float64), rng.uniform(0.5, 4, b)), {}


@op(infer=broadcast, samples=_zeta_samples, kinds="f", fast=True,
    why_none="the derivative with respect to the exponent x has no closed form")  # fmt: skip
def zeta(xp, x, q):
    """Hurwitz zeta function, Σ (q + k)^-x over k = 0, 1, 2, …; q = 1 gives Riemann's.

    Shape: broadcast of both. inf for x = 1 and for q = 0, -1, …; NaN for x < 1, and for other
    negative q unless x is whole. Only q has a gradient.

    Source: Johansson, Rigorous high-precision computation of the Hurwitz zeta function (2015),
    equation 5.
    """
    s, p = _wide(xp, x), _wide(xp, q)
    whole = xp.floor(p)
    below = p < 0
    # For q = f - m the sum has m terms below 0, which are those of 1 - f, with a sign.
    f = choose(xp, below, p - whole, p)
    s = choose(xp, s > 1, s, xp.full_like(s, float("nan")))
    total = _zeta_positive(xp, s, f)
    if xp.any(below):
        back = choose(xp, below, 1 - f, xp.ones_like(f))
        rest = _zeta_positive(xp, s, back) - _zeta_positive(xp, s, choose(xp, below, 1 - p, back))
        sign = choose(xp, s == xp.floor(s), 1 - 2 * (s % 2), xp.full_like(s, float("nan")))
        total = choose(xp, below, total + sign * rest, total)
    pole = xp.logical_or(x == 1, xp.logical_and(p <= 0, xp.logical_and(p == whole, s > 1)))
    return xp.astype(choose(xp, pole, xp.full_like(total, float("inf")), total), x.dtype)


@zeta.gradient
def zeta_gradient(xp, g, out, x, q):
    return None, lambda: -g * x * zeta.on(xp, x + 1, q)


def _polygamma_samples(rng: np.random.Generator) -> samples.Samples:
    for a, b in (((2, 3), (2, 3)), ((2, 1), (1, 3)), ((), (4,)), ((0, 2), (2,))):
        yield (rng.integers(0, 4, a).astype(np.float64), rng.uniform(0.5, 4, b)), {}


@op(infer=broadcast, samples=_polygamma_samples, kinds="f", fast=True,
    why_none="the order a of a derivative is a whole number")  # fmt: skip
def polygamma(xp, a, x):
    """The a-th derivative of digamma, for whole a = 0, 1, 2, …; NaN for other a.

    Shape: broadcast of both. Computed as (-1)^(a + 1) a! zeta(a + 1, x). Only x has a gradient.

    Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), 6.4.10.
    """
    order, wide = _wide(xp, a), _wide(xp, x)
    valid = xp.logical_and(order >= 0, order == xp.floor(order))
    order = choose(xp, valid, order, xp.full_like(order, float("nan")))
    scale = (2 * (order % 2) - 1) * xp.exp(lgamma.on(xp, order + 1))
    higher = scale * zeta.on(xp, order + 1, wide)
    return xp.astype(choose(xp, order == 0, digamma.on(xp, wide), higher), x.dtype)


@polygamma.gradient
def polygamma_gradient(xp, g, out, a, x):
    return None, lambda: g * polygamma.on(xp, a + 1, x)


in_pieces(erf, single=_erf_single)
for _op in (erfc, lgamma, digamma, zeta, polygamma):
    in_pieces(_op)

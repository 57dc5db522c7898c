"""Functions of single elements: exponentials, logarithms, roots, rounding, tests for NaN.

Sines and their kin are in `trigonometric`, functions defined by integrals in `special`, choosing
between elements in `selection`, what networks put between their layers in `activation`.
"""

from __future__ import annotations

from minitensor import samples
from minitensor.op import op
from minitensor.ops.arithmetic import multiply_no_nan
from minitensor.ops.selection import keep_where
from minitensor.shapes import broadcast, predicate, same

__all__ = [
    "ceil",
    "exp",
    "expm1",
    "floor",
    "is_finite",
    "is_inf",
    "is_nan",
    "log",
    "log1p",
    "logaddexp",
    "rint",
    "round",
    "rsqrt",
    "sqrt",
    "xdivy",
    "xlog1py",
    "xlogy",
]

_STEPS = "rounding is piecewise constant"
_TEST = "truth values carry no gradient"


@op(infer=same, samples=samples.unary(), scalar="exp({0})", kinds="fc", fast=True)
def exp(xp, x):
    """Exponential function, e to the x.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mt.exp([0.0, 1.0]).numpy()
        array([1.       , 2.7182817], dtype=float32)
    """
    return xp.exp(x)


@exp.gradient
def exp_gradient(xp, g, out, x):
    return g * out


@op(infer=same, samples=samples.unary(), scalar="expm1({0})", kinds="fc", fast=True)
def expm1(xp, x):
    """exp(x) - 1, without the digits that the subtraction would lose near 0.

    Shape: any → same.
    """
    return xp.expm1(x)


@expm1.gradient
def expm1_gradient(xp, g, out, x):
    return g * xp.exp(x)


@op(infer=same, samples=samples.unary(0.1, 3), scalar="log({0})", kinds="fc", fast=True)
def log(xp, x):
    """Natural logarithm; -inf at 0 and NaN below.

    Shape: any → same.
    """
    return xp.log(x)


@log.gradient
def log_gradient(xp, g, out, x):
    return g / x


@op(infer=same, samples=samples.unary(-0.5, 2), scalar="log1p({0})", kinds="fc", fast=True)
def log1p(xp, x):
    """log(1 + x), without the digits that the sum would lose near 0.

    Shape: any → same.
    """
    return xp.log1p(x)


@log1p.gradient
def log1p_gradient(xp, g, out, x):
    return g / (1 + x)


@op(infer=broadcast, samples=samples.binary(), kinds="f", fast=True)
def logaddexp(xp, x, y):
    """log(exp(x) + exp(y)) of matching elements, without overflow.

    Shape: broadcast of both. Computed as max(x, y) + log1p(exp(-|x - y|)).
    """
    return xp.logaddexp(x, y)


@logaddexp.gradient
def logaddexp_gradient(xp, g, out, x, y):
    return lambda: g * xp.exp(x - out), lambda: g * xp.exp(y - out)


@op(infer=broadcast, samples=samples.binary(-2, 2, 0.2, 2), kinds="fc", fast=True,
    scalar="({0} == T(0) ? T(0) : {0} * log({1}))")  # fmt: skip
def xlogy(xp, x, y):
    """Product x · log(y), and 0 where x is 0, even if the logarithm is infinite or NaN.

    Shape: broadcast of both.
    """
    return keep_where.on(xp, x * xp.log(y), x != 0)


@xlogy.gradient
def xlogy_gradient(xp, g, out, x, y):
    return (
        lambda: g * xlogy.on(xp, xp.astype(x != 0, x.dtype), y),
        lambda: g * xdivy.on(xp, x, y),
    )


@op(infer=broadcast, samples=samples.binary(-2, 2, -0.5, 2), kinds="fc", fast=True,
    scalar="({0} == T(0) ? T(0) : {0} * log1p({1}))")  # fmt: skip
def xlog1py(xp, x, y):
    """Product x · log(1 + y), and 0 where x is 0, even if the logarithm is infinite or NaN.

    Shape: broadcast of both.
    """
    return keep_where.on(xp, x * xp.log1p(y), x != 0)


@xlog1py.gradient
def xlog1py_gradient(xp, g, out, x, y):
    return (
        lambda: g * xlog1py.on(xp, xp.astype(x != 0, x.dtype), y),
        lambda: g * xdivy.on(xp, x, y + 1),
    )


@op(infer=broadcast, samples=samples.binary(-2, 2, 0.5, 2), kinds="fc", fast=True,
    scalar="({0} == T(0) ? T(0) : {0} / {1})")  # fmt: skip
def xdivy(xp, x, y):
    """Quotient x / y, and 0 where x is 0, even if y is 0.

    Shape: broadcast of both.
    """
    return keep_where.on(xp, x / y, x != 0)


@xdivy.gradient
def xdivy_gradient(xp, g, out, x, y):
    return (
        lambda: g * xdivy.on(xp, xp.astype(x != 0, x.dtype), y),
        lambda: g * xdivy.on(xp, -x, y * y),
    )


@op(infer=same, samples=samples.unary(0.1, 3), scalar="sqrt({0})", kinds="fc", fast=True)
def sqrt(xp, x):
    """Square root; NaN below 0.

    Shape: any → same. The slope at 0 is infinite; where no gradient arrives, none is sent on.
    """
    return xp.sqrt(x)


@sqrt.gradient
def sqrt_gradient(xp, g, out, x):
    """`g / (2 · out)`."""
    return xdivy.on(xp, g, 2 * out)


@op(infer=same, samples=samples.unary(0.1, 3), scalar="T(1) / sqrt({0})", kinds="fc", fast=True)
def rsqrt(xp, x):
    """One divided by the square root.

    Shape: any → same.
    """
    return 1 / xp.sqrt(x)


@rsqrt.gradient
def rsqrt_gradient(xp, g, out, x):
    """`-g · out³ / 2`."""
    return multiply_no_nan.on(xp, out * out * out / -2, g)


@op(infer=same, samples=samples.unary(-4, 4), scalar="ceil({0})", kinds="f", fast=True,
    why_none=_STEPS)  # fmt: skip
def ceil(xp, x):
    """The next whole number at or above each element.

    Shape: any → same.
    """
    return xp.ceil(x)


@op(infer=same, samples=samples.unary(-4, 4), scalar="floor({0})", kinds="f", fast=True,
    why_none=_STEPS)  # fmt: skip
def floor(xp, x):
    """The next whole number at or below each element.

    Shape: any → same.
    """
    return xp.floor(x)


@op(infer=same, samples=samples.unary(-4, 4), scalar="rint({0})", kinds="fciu", fast=True,
    why_none=_STEPS)  # fmt: skip
def round(xp, x):
    """The nearest whole number; of two that are equally near, the even one.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mt.round([0.5, 1.5, 2.5]).numpy()
        array([0., 2., 2.], dtype=float32)
    """
    return xp.round(x)


rint = round


@op(infer=predicate, samples=samples.unary(), kinds="f", fast=True, why_none=_TEST)
def is_nan(xp, x):
    """Whether each element is NaN, "not a number".

    Shape: any → same; bool.
    """
    return xp.isnan(x)


@op(infer=predicate, samples=samples.unary(), kinds="f", fast=True, why_none=_TEST)
def is_inf(xp, x):
    """Whether each element is inf or -inf.

    Shape: any → same; bool.
    """
    return xp.isinf(x)


@op(infer=predicate, samples=samples.unary(), kinds="f", fast=True, why_none=_TEST)
def is_finite(xp, x):
    """Whether each element is a number: neither inf, -inf nor NaN.

    Shape: any → same; bool.
    """
    return xp.isfinite(x)

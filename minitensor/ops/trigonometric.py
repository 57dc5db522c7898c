"""Circular and hyperbolic functions and their inverses. Angles are in radians."""

from __future__ import annotations

from minitensor import samples
from minitensor.op import op
from minitensor.shapes import broadcast, same

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


@op(infer=same, samples=samples.unary(), scalar="sin({0})", kinds="fc", fast=True)
def sin(xp, x):
    """Sine.

    Shape: any → same.
    """
    return xp.sin(x)


@sin.gradient
def sin_gradient(xp, g, out, x):
    return g * xp.cos(x)


@op(infer=same, samples=samples.unary(), scalar="cos({0})", kinds="fc", fast=True)
def cos(xp, x):
    """Cosine.

    Shape: any → same.
    """
    return xp.cos(x)


@cos.gradient
def cos_gradient(xp, g, out, x):
    return -g * xp.sin(x)


@op(infer=same, samples=samples.unary(-1.4, 1.4), scalar="tan({0})", kinds="fc", fast=True)
def tan(xp, x):
    """Tangent.

    Shape: any → same. The slope is 1 + tan², which needs no cosine.
    """
    return xp.tan(x)


@tan.gradient
def tan_gradient(xp, g, out, x):
    return g * (1 + out * out)


@op(infer=same, samples=samples.unary(-0.9, 0.9), scalar="asin({0})", kinds="fc", fast=True)
def asin(xp, x):
    """Inverse sine, in [-π/2, π/2]; NaN outside [-1, 1].

    Shape: any → same.
    """
    return xp.asin(x)


@asin.gradient
def asin_gradient(xp, g, out, x):
    return g / xp.sqrt(1 - x * x)


@op(infer=same, samples=samples.unary(-0.9, 0.9), scalar="acos({0})", kinds="fc", fast=True)
def acos(xp, x):
    """Inverse cosine, in [0, π]; NaN outside [-1, 1].

    Shape: any → same.
    """
    return xp.acos(x)


@acos.gradient
def acos_gradient(xp, g, out, x):
    return -g / xp.sqrt(1 - x * x)


@op(infer=same, samples=samples.unary(), scalar="atan({0})", kinds="fc", fast=True)
def atan(xp, x):
    """Inverse tangent, in (-π/2, π/2).

    Shape: any → same.
    """
    return xp.atan(x)


@atan.gradient
def atan_gradient(xp, g, out, x):
    return g / (1 + x * x)


@op(infer=broadcast, samples=samples.binary(-2, 2, 0.3, 2), scalar="atan2({0}, {1})", kinds="f",
    fast=True)  # fmt: skip
def atan2(xp, y, x):
    """The angle of the point (x, y), in [-π, π]. Mind the order: y comes first.

    Shape: broadcast of both. At (0, 0) the gradient is NaN.
    """
    return xp.atan2(y, x)


@atan2.gradient
def atan2_gradient(xp, g, out, y, x):
    """`g · x / (x² + y²)`, `-g · y / (x² + y²)`."""
    squares = x * x + y * y
    return lambda: g * (x / squares), lambda: g * (-y / squares)


@op(infer=same, samples=samples.unary(), scalar="sinh({0})", kinds="fc", fast=True)
def sinh(xp, x):
    """Hyperbolic sine, (exp(x) - exp(-x)) / 2.

    Shape: any → same.
    """
    return xp.sinh(x)


@sinh.gradient
def sinh_gradient(xp, g, out, x):
    return g * xp.cosh(x)


@op(infer=same, samples=samples.unary(), scalar="cosh({0})", kinds="fc", fast=True)
def cosh(xp, x):
    """Hyperbolic cosine, (exp(x) + exp(-x)) / 2.

    Shape: any → same.
    """
    return xp.cosh(x)


@cosh.gradient
def cosh_gradient(xp, g, out, x):
    return g * xp.sinh(x)


@op(infer=same, samples=samples.unary(), scalar="tanh({0})", kinds="fc", fast=True)
def tanh(xp, x):
    """Hyperbolic tangent, in (-1, 1).

    Shape: any → same. The slope is 1 - tanh².
    """
    return xp.tanh(x)


@tanh.gradient
def tanh_gradient(xp, g, out, x):
    return g * (1 - out * out)


@op(infer=same, samples=samples.unary(), scalar="asinh({0})", kinds="fc", fast=True)
def asinh(xp, x):
    """Inverse hyperbolic sine.

    Shape: any → same.
    """
    return xp.asinh(x)


@asinh.gradient
def asinh_gradient(xp, g, out, x):
    return g / xp.cosh(out)


@op(infer=same, samples=samples.unary(1.2, 3), scalar="acosh({0})", kinds="fc", fast=True)
def acosh(xp, x):
    """Inverse hyperbolic cosine; NaN below 1.

    Shape: any → same.
    """
    return xp.acosh(x)


@acosh.gradient
def acosh_gradient(xp, g, out, x):
    return g / xp.sinh(out)


@op(infer=same, samples=samples.unary(-0.9, 0.9), scalar="atanh({0})", kinds="fc", fast=True)
def atanh(xp, x):
    """Inverse hyperbolic tangent; NaN outside [-1, 1].

    Shape: any → same.
    """
    return xp.atanh(x)


@atanh.gradient
def atanh_gradient(xp, g, out, x):
    return g / (1 - x * x)

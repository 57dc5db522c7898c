"""Arithmetic on matching elements: the ops behind `+ - * / // % **` and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import convert, op
from minitensor.ops.selection import keep_where
from minitensor.shapes import Spec, broadcast, same

__all__ = [
    "abs",
    "add",
    "divide",
    "divide_no_nan",
    "floordiv",
    "floormod",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "multiply_no_nan",
    "negative",
    "pow",
    "reciprocal",
    "reciprocal_no_nan",
    "scalar_mul",
    "sign",
    "square",
    "squared_difference",
    "subtract",
    "truediv",
]

NUMBERS = "fciu"


@op(infer=broadcast, samples=samples.binary(), scalar="{0} + {1}", kinds="fciuO", fast=True)
def add(xp, x, y):
    """Sum of matching elements, x + y; strings are joined.

    Shape: broadcast of both.
    """
    return x + y


@add.gradient
def add_gradient(xp, g, out, x, y):
    return lambda: g, lambda: g


@op(infer=broadcast, samples=samples.binary(), scalar="{0} - {1}", kinds=NUMBERS, fast=True)
def subtract(xp, x, y):
    """Difference of matching elements, x - y.

    Shape: broadcast of both.
    """
    return x - y


@subtract.gradient
def subtract_gradient(xp, g, out, x, y):
    return lambda: g, lambda: -g


@op(infer=broadcast, samples=samples.binary(), scalar="{0} * {1}", kinds=NUMBERS, fast=True)
def multiply(xp, x, y):
    """Product of matching elements, x * y.

    Shape: broadcast of both.
    """
    return x * y


@multiply.gradient
def multiply_gradient(xp, g, out, x, y):
    return lambda: g * y, lambda: g * x


@op(infer=broadcast, samples=samples.binary(-2, 2, 0.5, 2), scalar="{0} / {1}", kinds="fc",
    fast=True)  # fmt: skip
def divide(xp, x, y):
    """Quotient of matching floating elements, x / y; `truediv` takes integers too.

    Shape: broadcast of both.
    """
    return x / y


@divide.gradient
def divide_gradient(xp, g, out, x, y):
    return lambda: g / y, lambda: -g * out / y


def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """Quotient as Python's `/`: integers are divided as floats.

    Shape: broadcast of both. int8, uint8, int16, uint16 → float32; wider integers → float64.

    Example:
        >>> import minitensor as mt
        >>> mt.truediv(3, 2)
        <tf.Tensor: shape=(), dtype=float64, numpy=1.5>
    """
    from minitensor.ops.array import cast

    x = convert(x) if not hasattr(x, "dtype") else x
    y = convert(y, x.dtype) if not hasattr(y, "dtype") else y
    x, y = (_as_floats(cast, v) for v in (x, y))
    return divide(x, y, name=name)


def _as_floats(cast: Any, x: Any) -> Any:
    if x.dtype.kind not in "iu":
        return x
    return cast(x, "float32" if x.dtype.itemsize <= 2 else "float64")


def _is_whole(xp: Any, x: Any) -> bool:
    kind = getattr(x.dtype, "kind", None)  # numpy's and cupy's dtypes know it at once
    return kind in "iu" if kind else xp.isdtype(x.dtype, "integral")


def _check_divisor(xp: Any, y: Any) -> None:
    if _is_whole(xp, y) and not xp.all(y != 0):
        raise Fault("a divisor is 0: integer division by zero",
                    "integers have no infinity",
                    "use floats, or mt.math.divide_no_nan")  # fmt: skip


@op(infer=broadcast, samples=samples.binary(-9, 9, 1.1, 3), kinds="fiu",
    why_none="the floor of a quotient is piecewise constant")  # fmt: skip
def floordiv(xp, x, y):
    """Quotient of matching elements, rounded down, as Python's `//`.

    Shape: broadcast of both.

    Raises:
        InvalidArgumentError: when an integer divisor is 0.
    """
    _check_divisor(xp, y)
    return x // y


@op(infer=broadcast, samples=samples.binary(-9, 9, 1.1, 3), kinds="fiu")
def floormod(xp, x, y):
    """Remainder of the division rounded down, with the sign of y, as Python's `%`.

    Shape: broadcast of both.

    Raises:
        InvalidArgumentError: when an integer divisor is 0.
    """
    _check_divisor(xp, y)
    return x % y


@floormod.gradient
def floormod_gradient(xp, g, out, x, y):
    return lambda: g, lambda: -g * (x // y)


mod = floormod


def _check_exponent(xp: Any, x: Any, y: Any) -> None:
    if _is_whole(xp, x) and xp.any(y < 0):
        raise Fault("an exponent is negative", "integers to negative integer powers are not "
                    "allowed, since the result is no integer",
                    "cast to a float dtype first")  # fmt: skip


def _pow_samples(rng: Any) -> samples.Samples:
    yield from samples.binary(0.3, 2, -2, 3)(rng)
    for exponent in (-1.0, 2.0, 3.0, 4.0):
        yield (rng.uniform(0.5, 2, (2, 3)), np.asarray(exponent)), {}


@op(infer=broadcast, samples=_pow_samples, kinds="fci", scalar="pow({0}, {1})")
def pow(xp, x, y):
    """Power of matching elements, x to the y.

    Shape: broadcast of both.

    Raises:
        InvalidArgumentError: when integers are raised to a negative power.
    """
    _check_exponent(xp, x, y)
    return x**y


# numpy computes every power as exp(y · log(x)), 20 to 500 times slower than these.
_PRODUCTS = {-1.0: lambda x: 1 / x, 2.0: lambda x: x * x, 3.0: lambda x: x * x * x,
             4.0: lambda x: (x * x) * (x * x)}  # fmt: skip


@pow.kernel("numpy")
def pow_numpy(xp, x, y):
    if y.ndim == 0 and x.dtype.kind == "f" and float(y) in _PRODUCTS:
        return _PRODUCTS[float(y)](x)
    return pow.forward(xp, x, y)


@pow.gradient
def pow_gradient(xp, g, out, x, y):
    """`g · y · x^(y - 1)`, `g · out · log(x), 0 where x ≤ 0`."""
    return (
        lambda: g * y * pow.on(xp, x, y - 1),
        lambda: (
            g * out * xp.log(xp.where(x > 0, x, xp.ones_like(x)))
            if x.dtype.kind != "c"
            else g * out * xp.log(xp.where(x == 0, xp.ones_like(x), x))
        ),
    )


@op(infer=same, samples=samples.unary(), scalar="-{0}", kinds=NUMBERS, fast=True)
def negative(xp, x):
    """Each element with the other sign, -x.

    Shape: any → same.
    """
    return -x


@negative.gradient
def negative_gradient(xp, g, out, x):
    return -g


def _real_part(x: Spec) -> Spec:
    """The shape of the input; real numbers."""
    return Spec(x.shape, np.dtype(f"f{x.dtype.itemsize // 2}")) if x.dtype.kind == "c" else x


@op(infer=_real_part, samples=samples.unary(0.1, 2), scalar="abs({0})", kinds=NUMBERS, fast=True,
    conjugate=False)  # fmt: skip
def abs(xp, x):
    """Absolute value; of complex numbers the distance from 0. The gradient at 0 is 0.

    Shape: any → same; complex64 → float32, complex128 → float64.
    """
    return xp.abs(x)


@abs.gradient
def abs_gradient(xp, g, out, x):
    """`g · sign(x)`."""
    if x.dtype.kind == "c":
        return xp.astype(g, x.dtype) * sign.on(xp, x)
    return g * xp.sign(x)


@op(infer=same, samples=samples.unary(0.1, 2), kinds=NUMBERS, fast=True, conjugate=False)
def sign(xp, x):
    """-1, 0 or 1 for each element, with gradient 0; of complex numbers x / |x|.

    Shape: any → same.
    """
    return xp.sign(x)


@sign.gradient
def sign_gradient(xp, g, out, x):
    """`0`."""
    if x.dtype.kind != "c":
        return xp.zeros_like(g)
    # x / |x| turns as x moves round 0 and stays as x moves away: the part of g along it vanishes.
    along = xp.astype(xp.real(xp.conj(out) * g), x.dtype)
    return divide_no_nan.on(xp, g - out * along, xp.astype(xp.abs(x), x.dtype))


@op(infer=same, samples=samples.unary(), scalar="{0} * {0}", kinds=NUMBERS, fast=True)
def square(xp, x):
    """Each element times itself.

    Shape: any → same.
    """
    return x * x


@square.gradient
def square_gradient(xp, g, out, x):
    return g * (2 * x)


@op(infer=same, samples=samples.unary(0.5, 2), scalar="T(1) / {0}", kinds="fc", fast=True)
def reciprocal(xp, x):
    """One divided by each element.

    Shape: any → same. Where no gradient arrives, none is sent on, even from an element 0.
    """
    return 1 / x


@reciprocal.gradient
def reciprocal_gradient(xp, g, out, x):
    """`-g · out²`."""
    return multiply_no_nan.on(xp, -out * out, g)


@op(infer=broadcast, samples=samples.binary(), scalar="({0} - {1}) * ({0} - {1})", kinds=NUMBERS,
    fast=True)  # fmt: skip
def squared_difference(xp, x, y):
    """Square of the difference of matching elements, (x - y)².

    Shape: broadcast of both.
    """
    difference = x - y
    return difference * difference


@squared_difference.gradient
def squared_difference_gradient(xp, g, out, x, y):
    return lambda: g * (2 * (x - y)), lambda: g * (2 * (y - x))


@op(infer=broadcast, samples=samples.binary(), scalar="max({0}, {1})", kinds="fiu", fast=True)
def maximum(xp, x, y):
    """The larger of matching elements; NaN where either is. At a tie the gradient goes to x.

    Shape: broadcast of both.
    """
    return xp.maximum(x, y)


@maximum.gradient
def maximum_gradient(xp, g, out, x, y):
    """`g where x ≥ y, else 0`, `g where x < y, else 0`."""
    first = x >= y
    return (
        lambda: keep_where.on(xp, g, first),
        lambda: keep_where.on(xp, g, xp.logical_not(first)),
    )


@op(infer=broadcast, samples=samples.binary(), scalar="min({0}, {1})", kinds="fiu", fast=True)
def minimum(xp, x, y):
    """The smaller of matching elements; NaN where either is. At a tie the gradient goes to x.

    Shape: broadcast of both.
    """
    return xp.minimum(x, y)


@minimum.gradient
def minimum_gradient(xp, g, out, x, y):
    """`g where x ≤ y, else 0`, `g where x > y, else 0`."""
    first = x <= y
    return (
        lambda: keep_where.on(xp, g, first),
        lambda: keep_where.on(xp, g, xp.logical_not(first)),
    )


@op(infer=broadcast, samples=samples.binary(-2, 2, 0.5, 2), kinds="fc", fast=True)
def divide_no_nan(xp, x, y):
    """Quotient of matching elements, and 0 where the divisor is 0.

    Shape: broadcast of both.
    """
    return keep_where.on(xp, x / y, y != 0)


@divide_no_nan.gradient
def divide_no_nan_gradient(xp, g, out, x, y):
    return (
        lambda: divide_no_nan.on(xp, g, y),
        lambda: divide_no_nan.on(xp, -g * out, y),
    )


@op(infer=broadcast, samples=samples.binary(), kinds="fc", fast=True)
def multiply_no_nan(xp, x, y):
    """Product of matching elements, and 0 where y is 0, even if x is NaN or infinite.

    Shape: broadcast of both.
    """
    return keep_where.on(xp, x * y, y != 0)


@multiply_no_nan.gradient
def multiply_no_nan_gradient(xp, g, out, x, y):
    return lambda: multiply_no_nan.on(xp, g, y), lambda: multiply_no_nan.on(xp, x, g)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """One divided by each element, and 0 where the element is 0.

    Shape: any → same.
    """
    x = convert(x)
    return divide_no_nan(convert(1, x.dtype), x, name=name)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A tensor times a number.

    Shape: (), any → the second.

    Raises:
        InvalidArgumentError: (also a ValueError) when the scalar has axes.
    """
    x = convert(x)
    scalar = convert(scalar, x.dtype)
    if len(scalar.shape):
        raise multiply.error(
            Fault(f"the scalar has shape {tuple(scalar.shape)}",
                  "only a scalar multiplier is allowed", "use mt.multiply, which broadcasts"),
            [Spec(tuple(scalar.shape), scalar.dtype), Spec(tuple(x.shape), x.dtype)], {},
        )  # fmt: skip
    return multiply(scalar, x, name=name)

"""Mathematics by name: `mt.math`. Much of it is also at the top, as `mt.exp` and `mt.reduce_sum`.

The ops are imported family by family; what is defined here is made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.op import convert
from minitensor.ops.activation import log_sigmoid as log_sigmoid
from minitensor.ops.activation import sigmoid as sigmoid
from minitensor.ops.activation import softplus as softplus
from minitensor.ops.activation import softsign as softsign
from minitensor.ops.arithmetic import abs as abs
from minitensor.ops.arithmetic import add as add
from minitensor.ops.arithmetic import divide_no_nan as divide_no_nan
from minitensor.ops.arithmetic import floordiv as floordiv
from minitensor.ops.arithmetic import floormod as floormod
from minitensor.ops.arithmetic import maximum as maximum
from minitensor.ops.arithmetic import minimum as minimum
from minitensor.ops.arithmetic import mod as mod
from minitensor.ops.arithmetic import multiply as multiply
from minitensor.ops.arithmetic import multiply_no_nan as multiply_no_nan
from minitensor.ops.arithmetic import negative as negative
from minitensor.ops.arithmetic import pow as pow
from minitensor.ops.arithmetic import reciprocal as reciprocal
from minitensor.ops.arithmetic import reciprocal_no_nan as reciprocal_no_nan
from minitensor.ops.arithmetic import scalar_mul as scalar_mul
from minitensor.ops.arithmetic import sign as sign
from minitensor.ops.arithmetic import square as square
from minitensor.ops.arithmetic import squared_difference as squared_difference
from minitensor.ops.arithmetic import subtract as subtract
from minitensor.ops.arithmetic import truediv as divide
from minitensor.ops.arithmetic import truediv as truediv
from minitensor.ops.array import reshape
from minitensor.ops.comparison import approximate_equal as approximate_equal
from minitensor.ops.comparison import equal as equal
from minitensor.ops.comparison import greater as greater
from minitensor.ops.comparison import greater_equal as greater_equal
from minitensor.ops.comparison import less as less
from minitensor.ops.comparison import less_equal as less_equal
from minitensor.ops.comparison import logical_and as logical_and
from minitensor.ops.comparison import logical_not as logical_not
from minitensor.ops.comparison import logical_or as logical_or
from minitensor.ops.comparison import logical_xor as logical_xor
from minitensor.ops.comparison import not_equal as not_equal
from minitensor.ops.complex_numbers import angle as angle
from minitensor.ops.complex_numbers import conj as conj
from minitensor.ops.complex_numbers import imag as imag
from minitensor.ops.complex_numbers import real as real
from minitensor.ops.elementwise import ceil as ceil
from minitensor.ops.elementwise import exp as exp
from minitensor.ops.elementwise import expm1 as expm1
from minitensor.ops.elementwise import floor as floor
from minitensor.ops.elementwise import is_finite as is_finite
from minitensor.ops.elementwise import is_inf as is_inf
from minitensor.ops.elementwise import is_nan as is_nan
from minitensor.ops.elementwise import log as log
from minitensor.ops.elementwise import log1p as log1p
from minitensor.ops.elementwise import logaddexp as logaddexp
from minitensor.ops.elementwise import rint as rint
from minitensor.ops.elementwise import round as round
from minitensor.ops.elementwise import rsqrt as rsqrt
from minitensor.ops.elementwise import sqrt as sqrt
from minitensor.ops.elementwise import xdivy as xdivy
from minitensor.ops.elementwise import xlog1py as xlog1py
from minitensor.ops.elementwise import xlogy as xlogy
from minitensor.ops.lists import accumulate_n as accumulate_n
from minitensor.ops.lists import add_n as add_n
from minitensor.ops.neural import in_top_k as in_top_k
from minitensor.ops.neural import log_softmax as log_softmax
from minitensor.ops.neural import softmax as softmax
from minitensor.ops.norms import l2_normalize as l2_normalize
from minitensor.ops.ordering import top_k as top_k
from minitensor.ops.reduction import argmax as argmax
from minitensor.ops.reduction import argmin as argmin
from minitensor.ops.reduction import count_nonzero as count_nonzero
from minitensor.ops.reduction import reduce_all as reduce_all
from minitensor.ops.reduction import reduce_any as reduce_any
from minitensor.ops.reduction import reduce_euclidean_norm as reduce_euclidean_norm
from minitensor.ops.reduction import reduce_logsumexp as reduce_logsumexp
from minitensor.ops.reduction import reduce_max as reduce_max
from minitensor.ops.reduction import reduce_mean as reduce_mean
from minitensor.ops.reduction import reduce_min as reduce_min
from minitensor.ops.reduction import reduce_prod as reduce_prod
from minitensor.ops.reduction import reduce_std as reduce_std
from minitensor.ops.reduction import reduce_sum as reduce_sum
from minitensor.ops.reduction import reduce_variance as reduce_variance
from minitensor.ops.scan import cumprod as cumprod
from minitensor.ops.scan import cumsum as cumsum
from minitensor.ops.scan import cumulative_logsumexp as cumulative_logsumexp
from minitensor.ops.segment import segment_max as segment_max
from minitensor.ops.segment import segment_mean as segment_mean
from minitensor.ops.segment import segment_min as segment_min
from minitensor.ops.segment import segment_prod as segment_prod
from minitensor.ops.segment import segment_sum as segment_sum
from minitensor.ops.segment import unsorted_segment_max as unsorted_segment_max
from minitensor.ops.segment import unsorted_segment_mean as unsorted_segment_mean
from minitensor.ops.segment import unsorted_segment_min as unsorted_segment_min
from minitensor.ops.segment import unsorted_segment_prod as unsorted_segment_prod
from minitensor.ops.segment import unsorted_segment_sum as unsorted_segment_sum
from minitensor.ops.special import digamma as digamma
from minitensor.ops.special import erf as erf
from minitensor.ops.special import erfc as erfc
from minitensor.ops.special import lgamma as lgamma
from minitensor.ops.special import polygamma as polygamma
from minitensor.ops.special import zeta as zeta
from minitensor.ops.statistics import bincount as bincount
from minitensor.ops.statistics import confusion_matrix as confusion_matrix
from minitensor.ops.statistics import zero_fraction as zero_fraction
from minitensor.ops.trigonometric import acos as acos
from minitensor.ops.trigonometric import acosh as acosh
from minitensor.ops.trigonometric import asin as asin
from minitensor.ops.trigonometric import asinh as asinh
from minitensor.ops.trigonometric import atan as atan
from minitensor.ops.trigonometric import atan2 as atan2
from minitensor.ops.trigonometric import atanh as atanh
from minitensor.ops.trigonometric import cos as cos
from minitensor.ops.trigonometric import cosh as cosh
from minitensor.ops.trigonometric import sin as sin
from minitensor.ops.trigonometric import sinh as sinh
from minitensor.ops.trigonometric import tan as tan
from minitensor.ops.trigonometric import tanh as tanh

__all__ = [
    "abs",
    "accumulate_n",
    "acos",
    "acosh",
    "add",
    "add_n",
    "angle",
    "approximate_equal",
    "argmax",
    "argmin",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bincount",
    "ceil",
    "confusion_matrix",
    "conj",
    "cos",
    "cosh",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "cumulative_logsumexp",
    "digamma",
    "divide",
    "divide_no_nan",
    "equal",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "floor",
    "floordiv",
    "floormod",
    "greater",
    "greater_equal",
    "imag",
    "in_top_k",
    "is_finite",
    "is_inf",
    "is_nan",
    "is_non_decreasing",
    "is_strictly_increasing",
    "l2_normalize",
    "lbeta",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "multiply_no_nan",
    "negative",
    "not_equal",
    "polygamma",
    "polyval",
    "pow",
    "real",
    "reciprocal",
    "reciprocal_no_nan",
    "reduce_all",
    "reduce_any",
    "reduce_euclidean_norm",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "rint",
    "round",
    "rsqrt",
    "scalar_mul",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
    "tan",
    "tanh",
    "top_k",
    "truediv",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sum",
    "xdivy",
    "xlog1py",
    "xlogy",
    "zero_fraction",
    "zeta",
]


def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether no element is smaller than the one before it, in row-major order.

    Shape: any → (); bool. True for fewer than two elements.

    Example:
        >>> import minitensor as mt
        >>> mt.math.is_non_decreasing([1, 1, 2]).numpy()
        np.True_
    """
    flat = reshape(convert(x), (-1,))
    return reduce_all(greater_equal(flat[1:], flat[:-1]), name=name)


def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether each element is larger than the one before it, in row-major order.

    Shape: any → (); bool. True for fewer than two elements.
    """
    flat = reshape(convert(x), (-1,))
    return reduce_all(greater(flat[1:], flat[:-1]), name=name)


def lbeta(x: Any, name: str | None = None) -> Any:
    """Logarithm of the multivariate beta function, Σ lgamma(x) - lgamma(Σ x) over the last axis.

    Shape: (…, n) → (…).
    """
    x = convert(x)
    return subtract(reduce_sum(lgamma(x), axis=-1), lgamma(reduce_sum(x, axis=-1)), name=name)


def polyval(coeffs: Sequence, x: Any, name: str | None = None) -> Any:
    """The polynomial with a list of coefficients, highest power first, by Horner's rule.

    Shape: a list of shapes that broadcast with x → broadcast of all.

    Raises:
        InvalidArgumentError: (also a ValueError) when `coeffs` is not a list.

    Example:
        >>> import minitensor as mt
        >>> mt.math.polyval([1.0, 0.0, 2.0], 3.0).numpy()
        np.float32(11.0)
    """
    if not isinstance(coeffs, (list, tuple)):
        raise InvalidArgumentError(
            message("polyval", f"coeffs of type {type(coeffs).__name__}",
                    "argument coeffs must be list type", "each coefficient may be a tensor",
                    "write [highest, …, lowest], or list(coeffs)")
        )  # fmt: skip
    x = convert(x)
    if not coeffs:
        return multiply(x, 0, name=name)
    total = convert(coeffs[0], None if hasattr(coeffs[0], "dtype") else x.dtype)
    for c in coeffs[1:]:
        total = add(multiply(total, x), c, name=name)
    return total

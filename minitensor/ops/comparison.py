"""Comparisons of matching elements and logic on truth values. None of them has a gradient."""

from __future__ import annotations

from minitensor import samples
from minitensor.op import op
from minitensor.shapes import comparison, predicate

__all__ = [
    "approximate_equal",
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
]

_CONSTANT = "a comparison is piecewise constant"
_TRUTH = "truth values carry no gradient"
_ORDERED = "fiu"


@op(infer=comparison, samples=samples.binary(), kinds="fciubO", fast=True, why_none=_CONSTANT)
def equal(xp, x, y):
    """Whether matching elements are equal; NaN equals nothing.

    Shape: broadcast of both; bool.
    """
    return x == y


@op(infer=comparison, samples=samples.binary(), kinds="fciubO", fast=True, why_none=_CONSTANT)
def not_equal(xp, x, y):
    """Whether matching elements differ; NaN differs from everything.

    Shape: broadcast of both; bool.
    """
    return x != y


@op(infer=comparison, samples=samples.binary(), kinds="fciu", fast=True, why_none=_CONSTANT)
def approximate_equal(xp, x, y, *, tolerance=1e-5):
    """Whether matching elements differ by less than the tolerance.

    Shape: broadcast of both; bool.
    """
    return xp.abs(x - y) < tolerance


@op(infer=comparison, samples=samples.binary(), kinds=_ORDERED, fast=True, why_none=_CONSTANT)
def less(xp, x, y):
    """Whether each element of x is below that of y.

    Shape: broadcast of both; bool.
    """
    return x < y


@op(infer=comparison, samples=samples.binary(), kinds=_ORDERED, fast=True, why_none=_CONSTANT)
def less_equal(xp, x, y):
    """Whether each element of x is at most that of y.

    Shape: broadcast of both; bool.
    """
    return x <= y


@op(infer=comparison, samples=samples.binary(), kinds=_ORDERED, fast=True, why_none=_CONSTANT)
def greater(xp, x, y):
    """Whether each element of x is above that of y.

    Shape: broadcast of both; bool.
    """
    return x > y


@op(infer=comparison, samples=samples.binary(), kinds=_ORDERED, fast=True, why_none=_CONSTANT)
def greater_equal(xp, x, y):
    """Whether each element of x is at least that of y.

    Shape: broadcast of both; bool.
    """
    return x >= y


@op(infer=comparison, samples=samples.bools(2), kinds="b", fast=True, why_none=_TRUTH)
def logical_and(xp, x, y):
    """Whether both of matching truth values hold.

    Shape: broadcast of both; bool.
    """
    return xp.logical_and(x, y)


@op(infer=comparison, samples=samples.bools(2), kinds="b", fast=True, why_none=_TRUTH)
def logical_or(xp, x, y):
    """Whether one or both of matching truth values hold.

    Shape: broadcast of both; bool.
    """
    return xp.logical_or(x, y)


@op(infer=comparison, samples=samples.bools(2), kinds="b", fast=True, why_none=_TRUTH)
def logical_xor(xp, x, y):
    """Whether exactly one of matching truth values holds.

    Shape: broadcast of both; bool.
    """
    return xp.logical_xor(x, y)


@op(infer=predicate, samples=samples.bools(1), kinds="b", fast=True, why_none=_TRUTH)
def logical_not(xp, x):
    """The opposite of each truth value.

    Shape: any → same; bool.
    """
    return xp.logical_not(x)

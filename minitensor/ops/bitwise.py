"""Arithmetic on the bits of integers. None of it has a gradient."""

from __future__ import annotations

from minitensor import samples
from minitensor.op import op
from minitensor.shapes import broadcast, same

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]

_WHOLE = "integers carry no gradient"


@op(infer=broadcast, samples=samples.integer_pairs(), kinds="iu", scalar="({0} & {1})", fast=True,
    why_none=_WHOLE)  # fmt: skip
def bitwise_and(xp, x, y):
    """The bits that are set in both.

    Shape: broadcast of both.

    Example:
        >>> import minitensor as mt
        >>> mt.bitwise.bitwise_and(0b1100, 0b1010).numpy()
        np.int32(8)
    """
    return x & y


@op(infer=broadcast, samples=samples.integer_pairs(), kinds="iu", scalar="({0} | {1})", fast=True,
    why_none=_WHOLE)  # fmt: skip
def bitwise_or(xp, x, y):
    """The bits that are set in one or both.

    Shape: broadcast of both.
    """
    return x | y


@op(infer=broadcast, samples=samples.integer_pairs(), kinds="iu", scalar="({0} ^ {1})", fast=True,
    why_none=_WHOLE)  # fmt: skip
def bitwise_xor(xp, x, y):
    """The bits that are set in exactly one of the two.

    Shape: broadcast of both.
    """
    return x ^ y


def _integers(rng):
    for arrays, attrs in samples.integer_pairs(-9, 9)(rng):
        yield arrays[:1], attrs


@op(infer=same, samples=_integers, kinds="iu", scalar="~{0}", fast=True, why_none=_WHOLE)
def invert(xp, x):
    """Every bit the other way round; of a signed integer that is -x - 1.

    Shape: any → same.
    """
    return ~x


@op(infer=broadcast, samples=samples.integer_pairs(), kinds="iu", fast=True, why_none=_WHOLE)
def left_shift(xp, x, y):
    """The bits moved y places up, x · 2^y; bits beyond the top are lost.

    Shape: broadcast of both.
    """
    return x << y


@op(infer=broadcast, samples=samples.integer_pairs(), kinds="iu", fast=True, why_none=_WHOLE)
def right_shift(xp, x, y):
    """The bits moved y places down, x / 2^y rounded down.

    Shape: broadcast of both.
    """
    return x >> y

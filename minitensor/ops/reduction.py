"""Reductions: many elements become one, over all axes or some."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.op import op
from minitensor.shapes import axes_of, reduced

__all__ = ["reduce_sum"]


def spread(xp: Any, g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Give a reduced tensor back its axes, with size 1, so that it broadcasts against `x`."""
    if keepdims or not len(x.shape):
        return g
    axes = axes_of(axis, len(x.shape))
    return xp.reshape(g, tuple(1 if i in axes else d for i, d in enumerate(x.shape)))


def as_axes(axis: Any) -> Any:
    """An axis argument as numpy takes it: None, a number or a tuple."""
    return tuple(axis) if np.ndim(axis) else axis


@op(infer=reduced, samples=samples.reductions(), kinds="fciu")
def reduce_sum(xp, input_tensor, *, axis=None, keepdims=False):
    """Sum over `axis`, over all axes by default.

    Shape: the axes summed over vanish, or keep size 1 with keepdims.
    """
    return xp.sum(input_tensor, axis=as_axes(axis), keepdims=keepdims, dtype=input_tensor.dtype)


@reduce_sum.gradient
def reduce_sum_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    return xp.broadcast_to(spread(xp, g, input_tensor, axis, keepdims), input_tensor.shape)

"""Choosing between elements: by a condition, or by bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.shapes import Spec, broadcast_shapes

__all__ = ["clip_by_value", "indices_where", "where", "where_"]


def _clipped(t: Spec, clip_value_min: Spec, clip_value_max: Spec) -> Spec:
    bounds = broadcast_shapes(clip_value_min.shape, clip_value_max.shape)
    if broadcast_shapes(t.shape, bounds) != t.shape:
        raise Fault(f"the bounds have shape {bounds}, larger than that of t",
                    "bounds are stretched to the tensor, never the tensor to the bounds",
                    "stretch it first with mt.broadcast_to")  # fmt: skip
    return t


def _clip_samples(rng: np.random.Generator) -> samples.Samples:
    for t, low, high in (
        ((2, 3), (), ()),
        ((2, 3), (3,), (2, 1)),
        ((), (), ()),
        ((0, 2), (2,), ()),
    ):
        yield (rng.uniform(-2, 2, t), rng.uniform(-1, -0.5, low), rng.uniform(0.5, 1, high)), {}


@op(infer=_clipped, samples=_clip_samples, types="TTT", kinds="fiu",
    scalar="max(min({0}, {2}), {1})")  # fmt: skip
def clip_by_value(xp, t, clip_value_min, clip_value_max):
    """Each element, moved to the nearer bound if it lies outside the bounds.

    Shape: t, with bounds that broadcast to it → t. On a bound the gradient goes to t.

    Example:
        >>> import minitensor as mt
        >>> mt.clip_by_value([-3.0, 0.5, 3.0], -1.0, 1.0).numpy()
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return xp.maximum(xp.minimum(t, clip_value_max), clip_value_min)


@clip_by_value.gradient
def clip_by_value_gradient(xp, g, out, t, clip_value_min, clip_value_max):
    low = xp.minimum(t, clip_value_max) < clip_value_min
    high = xp.logical_and(t > clip_value_max, xp.logical_not(low))
    return (
        lambda: xp.where(xp.logical_or(low, high), xp.zeros_like(g), g),
        lambda: xp.where(low, g, xp.zeros_like(g)),
        lambda: xp.where(high, g, xp.zeros_like(g)),
    )


def _chosen(condition: Spec, x: Spec, y: Spec) -> Spec:
    return Spec(broadcast_shapes(condition.shape, x.shape, y.shape), x.dtype)


def _where_samples(rng: np.random.Generator) -> samples.Samples:
    for c, a, b in (((2, 3), (2, 3), (2, 3)), ((3,), (2, 1), ()), ((), (), ()), ((0, 2), (2,), ())):
        yield (np.asarray(rng.random(c) < 0.5), rng.normal(size=a), rng.normal(size=b)), {}


@op(infer=_chosen, samples=_where_samples, types="BTT", kinds="fciubO", conjugate=False,
    scalar="({0} ? {1} : {2})")  # fmt: skip
def where_(xp, condition, x, y):
    """Elements of x where the condition holds, of y elsewhere; `mt.where` is the public name.

    Shape: broadcast of all three.
    """
    return xp.where(condition, x, y)


@where_.gradient
def where_gradient(xp, g, out, condition, x, y):
    return (
        None,
        lambda: xp.where(condition, g, xp.zeros_like(g)),
        lambda: xp.where(condition, xp.zeros_like(g), g),
    )


def _index_spec(condition: Spec) -> Spec:
    return Spec((None, len(condition.shape)), np.dtype(np.int64))


@op(infer=_index_spec, types="A", why_none="positions are whole numbers", portable=False,
    samples=samples.cases(((np.array([[True, False], [True, True]]),), {}),
                          ((np.zeros((2, 3)),), {}), ((np.array(True),), {})))  # fmt: skip
def indices_where(xp, condition):  # the array API has no argwhere
    """The positions of the elements that are not 0 or False, in row-major order.

    Shape: any of rank r → (how many, r); int64.
    """
    return xp.argwhere(condition).astype(np.int64)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Elements of x where the condition holds, of y elsewhere; without both, where it holds.

    Shape: broadcast of all three; of positions (how many, rank of condition), int64. The gradient
    is 0 on the side not chosen, but 0 · inf is NaN: keep infinite slopes out of both sides.

    Example:
        >>> import minitensor as mt
        >>> mt.where([True, False], [1, 2], 0).numpy()
        array([1, 0], dtype=int32)
        >>> mt.where([[True, False], [True, True]]).numpy()
        array([[0, 0],
               [1, 0],
               [1, 1]])
    """
    if x is None and y is None:
        return indices_where(condition, name=name)
    if x is None or y is None:
        fault = Fault("only one of x and y is given", "x and y must both be given, or neither",
                      "pass both to choose, neither to get positions")  # fmt: skip
        raise where_.error(fault, [], {})
    return where_(condition, x, y, name=name)

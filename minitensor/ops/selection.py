"""Choosing between elements: by a condition, or by bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.shapes import Spec, broadcast_shapes

__all__ = ["clip_by_value", "indices_where", "keep_where", "where", "where_"]

# numpy's where tests element by element; on a random mask, the bits of a number as an integer,
# times 0 or 1, are ten times faster, and exact for inf and NaN. Below this size it makes no odds.
FEW = 4096
WORDS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def _kept_spec(x: Spec, condition: Spec) -> Spec:
    return Spec(broadcast_shapes(x.shape, condition.shape), x.dtype)


def _keep_samples(rng: np.random.Generator) -> samples.Samples:
    for x, c in (((2, 3), (2, 3)), ((3,), (2, 1)), ((), ()), ((0, 2), (2,)), ((50, 90), (50, 90))):
        yield (rng.normal(size=x), np.asarray(rng.random(c) < 0.5)), {}


@op(infer=_kept_spec, samples=_keep_samples, types="TB", kinds="fciu", conjugate=False,
    scalar="({1} ? {0} : T(0))")  # fmt: skip
def keep_where(xp, x, condition):
    """The elements where the condition holds, 0 elsewhere, even in the place of inf and NaN.

    Shape: broadcast of both.
    """
    return xp.where(condition, x, xp.zeros_like(x))


@keep_where.gradient
def keep_where_gradient(xp, g, out, x, condition):
    return lambda: keep_where.on(xp, g, condition), None


@keep_where.kernel("numpy")
def keep_where_numpy(xp, x, condition):
    word = WORDS.get(x.dtype.itemsize)
    if x.size < FEW or condition.shape != x.shape or word is None:
        return keep_where.forward(xp, x, condition)
    return np.multiply(x.view(word), condition).view(x.dtype)


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
    """`g within the bounds, else 0`, `g below, else 0`, `g above, else 0`."""
    low = xp.minimum(t, clip_value_max) < clip_value_min
    high = xp.logical_and(t > clip_value_max, xp.logical_not(low))
    return (
        lambda: keep_where.on(xp, g, xp.logical_not(xp.logical_or(low, high))),
        lambda: keep_where.on(xp, g, low),
        lambda: keep_where.on(xp, g, high),
    )


def _chosen(condition: Spec, x: Spec, y: Spec) -> Spec:
    return Spec(broadcast_shapes(condition.shape, x.shape, y.shape), x.dtype)


def _where_samples(rng: np.random.Generator) -> samples.Samples:
    for c, a, b in (
        ((2, 3), (2, 3), (2, 3)),
        ((3,), (2, 1), ()),
        ((), (), ()),
        ((0, 2), (2,), ()),
        ((50, 90), (50, 90), (50, 90)),
    ):
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
        lambda: keep_where.on(xp, g, condition),
        lambda: keep_where.on(xp, g, xp.logical_not(condition)),
    )


@where_.kernel("numpy")
def where_numpy(xp, condition, x, y):
    word = WORDS.get(x.dtype.itemsize)
    if condition.size < FEW or not condition.shape == x.shape == y.shape or x.dtype.kind in "Ob":
        word = None
    if word is None:
        return np.where(condition, x, y)
    other = y.view(word)
    bits = x.view(word) ^ other
    np.multiply(bits, condition, out=bits)
    np.bitwise_xor(bits, other, out=bits)
    return bits.view(x.dtype)


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

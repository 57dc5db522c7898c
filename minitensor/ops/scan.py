"""Running totals along an axis: each element of the result sums up all elements before it.

`linear_recurrence` is the floor: running products, and the gradients of running products and of
running logarithms of sums, are recurrences h[i] = a[i]·h[i-1] + b[i]. So is the gradient of a
recurrence, and therefore every derivative is exact, with zeros among the factors too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype
from minitensor.op import op
from minitensor.shapes import Spec, axis_of, same

__all__ = ["cumprod", "cumsum", "cumulative_logsumexp", "linear_recurrence"]


def _same_with_axis(x: Spec, *more: Spec, axis: int = 0, **_: Any) -> Spec:
    axis_of(axis, len(x.shape))
    return same(x)


def _along(axis: int, rank: int, part: Any) -> tuple:
    """An index that takes `part` along one axis and everything along the others."""
    return (slice(None),) * (axis % rank) + (part,) + (slice(None),) * (rank - 1 - axis % rank)


def shifted(xp: Any, x: Any, axis: int, reverse: bool, first: Any) -> Any:
    """Every element one place on; `first` (a number) comes in, and the last one falls out."""
    rank = len(x.shape)
    if not x.shape[axis]:
        return x
    entering = xp.zeros(tuple(1 if i == axis % rank else d for i, d in enumerate(x.shape)),
                        dtype=x.dtype) + xp.asarray(first, dtype=x.dtype)  # fmt: skip
    if reverse:
        return xp.concat([x[_along(axis, rank, slice(1, None))], entering], axis=axis)
    return xp.concat([entering, x[_along(axis, rank, slice(None, -1))]], axis=axis)


def _pairs(rng: np.random.Generator) -> samples.Samples:
    for shape, axis, reverse in (((5,), 0, False), ((2, 4), -1, True), ((3, 2), 0, False),
                                 ((1,), 0, True), ((0, 2), 0, False)):  # fmt: skip
        yield (rng.normal(size=shape), rng.normal(size=shape)), {"axis": axis, "reverse": reverse}


@op(infer=_same_with_axis, samples=_pairs, types="TT", kinds="fciu")
def linear_recurrence(xp, a, b, *, axis=0, reverse=False):
    """The sequence h[i] = a[i]·h[i-1] + b[i] along an axis, with 0 before the first.

    Shape: both alike → same. With reverse, from the end: h[i] = a[i]·h[i+1] + b[i].

    Steps that lie next to each other are joined, then pairs of pairs, and so on, so that n steps
    take log₂ n passes over whole arrays.

    Source: Hillis & Steele, Data parallel algorithms, CACM 29 (1986); Blelloch, Prefix sums and
    their applications (1990), section 1.4.
    """
    rank, size = a.ndim, a.shape[axis]
    a, b = (xp.flip(x, axis=axis) if reverse else x for x in (a, b))
    distance = 1
    while distance < size:
        early = _along(axis, rank, slice(None, -distance))
        late = _along(axis, rank, slice(distance, None))
        start = _along(axis, rank, slice(None, distance))
        b = xp.concat([b[start], a[late] * b[early] + b[late]], axis=axis)
        a = xp.concat([a[start], a[late] * a[early]], axis=axis)
        distance *= 2
    return xp.flip(b, axis=axis) if reverse else b


@linear_recurrence.gradient
def linear_recurrence_gradient(xp, g, out, a, b, *, axis=0, reverse=False):
    """The cotangents run the other way: c[i] = g[i] + a[i+1]·c[i+1]."""
    following = shifted(xp, a, axis, not reverse, 0)

    def to_b() -> Any:
        return linear_recurrence.on(xp, following, g, axis=axis, reverse=not reverse)

    return lambda: to_b() * shifted(xp, out, axis, reverse, 0), to_b


def _scans(low: float, high: float) -> Any:
    def make(rng: np.random.Generator) -> samples.Samples:
        for axis in (0, -1):
            for exclusive in (False, True):
                for reverse in (False, True):
                    yield (
                        (rng.uniform(low, high, (2, 3)),),
                        {"axis": axis, "exclusive": exclusive, "reverse": reverse},
                    )
        yield (rng.uniform(low, high, (0, 3)),), {"axis": 0, "exclusive": True}
        yield (rng.uniform(low, high, 4),), {}

    return make


@op(infer=_same_with_axis, samples=_scans(-2, 2), kinds="fciu")
def cumsum(xp, x, *, axis=0, exclusive=False, reverse=False):
    """Running sums along an axis.

    Shape: any → same. With exclusive, the sum of what comes before each element; with reverse,
    from the end.

    Example:
        >>> import minitensor as mt
        >>> mt.cumsum([1, 2, 3]).numpy().tolist()
        [1, 3, 6]
        >>> mt.cumsum([1, 2, 3], exclusive=True).numpy().tolist()
        [0, 1, 3]
    """
    x = xp.flip(x, axis=axis) if reverse else x
    x = shifted(xp, x, axis, False, 0) if exclusive else x
    total = xp.cumulative_sum(x, axis=axis, dtype=x.dtype)
    return xp.flip(total, axis=axis) if reverse else total


@cumsum.gradient
def cumsum_gradient(xp, g, out, x, *, axis=0, exclusive=False, reverse=False):
    """`cumsum of g, the other way round`."""
    return cumsum.on(xp, g, axis=axis, exclusive=exclusive, reverse=not reverse)


def _products(rng: np.random.Generator) -> samples.Samples:
    yield from _scans(0.5, 2)(rng)
    with_zeros = np.array([[2.0, 0.0, 3.0, 0.0, 5.0], [0.0, 1.5, -2.0, 4.0, 1.0]])
    yield (with_zeros,), {"axis": 1}
    yield (with_zeros,), {"axis": -1, "exclusive": True, "reverse": True}


@op(infer=_same_with_axis, samples=_products, kinds="fciu")
def cumprod(xp, x, *, axis=0, exclusive=False, reverse=False):
    """Running products along an axis.

    Shape: any → same. With exclusive, the product of what comes before each element; with
    reverse, from the end. The gradient never divides, so zeros among the factors do no harm.
    """
    x = xp.flip(x, axis=axis) if reverse else x
    x = shifted(xp, x, axis, False, 1) if exclusive else x
    total = xp.cumulative_prod(x, axis=axis, dtype=x.dtype)
    return xp.flip(total, axis=axis) if reverse else total


@cumprod.gradient
def cumprod_gradient(xp, g, out, x, *, axis=0, exclusive=False, reverse=False):
    """∂out[j]/∂x[i] is the product before i, times the product from i to j, without x[i]."""
    if exclusive:
        g = shifted(xp, g, axis, not reverse, 0)
    before = cumprod.on(xp, x, axis=axis, exclusive=True, reverse=reverse)
    following = shifted(xp, x, axis, not reverse, 0)
    return before * linear_recurrence.on(xp, following, g, axis=axis, reverse=not reverse)


_LOGARITHMS = samples.cases((((2, 3),), {"axis": 0}), (((2, 3),), {"axis": -1, "reverse": True}),
                            (((4,),), {}), (((0, 3),), {}), (((1, 5),), {"axis": 1}))  # fmt: skip


@op(infer=_same_with_axis, samples=_LOGARITHMS, kinds="f")
def cumulative_logsumexp(xp, x, *, axis=0, exclusive=False, reverse=False):
    """Running log(Σ exp(x)) along an axis, without ever computing a large exponential.

    Shape: any → same. With exclusive, over what comes before each element (-inf where nothing
    does); with reverse, from the end.
    """
    x = xp.flip(x, axis=axis) if reverse else x
    x = shifted(xp, x, axis, False, -np.inf) if exclusive else x
    rank, distance = x.ndim, 1
    while distance < x.shape[axis]:
        early, late = slice(None, -distance), slice(distance, None)
        joined = xp.logaddexp(x[_along(axis, rank, early)], x[_along(axis, rank, late)])
        x = xp.concat([x[_along(axis, rank, slice(None, distance))], joined], axis=axis)
        distance *= 2
    return xp.flip(x, axis=axis) if reverse else x


@cumulative_logsumexp.gradient
def cumulative_logsumexp_gradient(xp, g, out, x, *, axis=0, exclusive=False, reverse=False):
    """∂out[j]/∂x[i] = exp(x[i] - out[j]): a recurrence whose factors are at most 1."""
    if exclusive:
        g = shifted(xp, g, axis, not reverse, 0)
        out = cumulative_logsumexp.on(xp, x, axis=axis, reverse=reverse)
    lowest = xp.asarray(as_dtype(x.dtype).min, dtype=x.dtype)
    finite = xp.where(out > lowest, out, lowest)
    following = shifted(xp, finite, axis, not reverse, np.inf)
    shares = linear_recurrence.on(xp, xp.exp(finite - following), g, axis=axis, reverse=not reverse)
    return shares * xp.exp(x - finite)

"""Reductions: many elements become one, over all axes or some.

`axis` is None for all axes, a number, or several; with keepdims the axes stay, with size 1.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, int64, kind_of
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.ops.scan import cumprod
from minitensor.shapes import Spec, axes_of, axis_of, reduced

__all__ = [
    "argmax",
    "argmin",
    "count_nonzero",
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
]


def spread(xp: Any, g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Give a reduced tensor back its axes, with size 1, so that it broadcasts against `x`."""
    if keepdims or not len(x.shape):
        return g
    axes = axes_of(axis, len(x.shape))
    return xp.reshape(g, tuple(1 if i in axes else d for i, d in enumerate(x.shape)))


def as_axes(axis: Any) -> Any:
    """An axis argument as numpy takes it: None, a number or a tuple."""
    return tuple(axis) if np.ndim(axis) else axis


def count_reduced(x: Any, axis: Any) -> int:
    """How many elements become one."""
    return prod(x.shape[a] for a in axes_of(axis, len(x.shape)))


@op(infer=reduced, samples=samples.reductions(), kinds="fciu")
def reduce_sum(xp, input_tensor, *, axis=None, keepdims=False):
    """Sum over `axis`, over all axes by default.

    Shape: the axes summed over vanish, or keep size 1 with keepdims.

    Example:
        >>> import minitensor as mt
        >>> mt.reduce_sum([[1, 2], [3, 4]], axis=0).numpy().tolist()
        [4, 6]
    """
    return xp.sum(input_tensor, axis=as_axes(axis), keepdims=keepdims, dtype=input_tensor.dtype)


@reduce_sum.gradient
def reduce_sum_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """Every element summed gets a copy: `broadcast(g)`."""
    return xp.broadcast_to(spread(xp, g, input_tensor, axis, keepdims), input_tensor.shape)


# portable=False: the standard has neither `.kind` nor means of integers.
@op(infer=reduced, samples=samples.reductions(), kinds="fciu", portable=False)
def reduce_mean(xp, input_tensor, *, axis=None, keepdims=False):
    """Mean over `axis`, over all axes by default; of no elements NaN.

    Shape: the axes averaged over vanish, or keep size 1 with keepdims. Integers stay integers:
    the mean is cut off towards 0.

    Example:
        >>> import minitensor as mt
        >>> mt.reduce_mean([[1.0, 2.0], [3.0, 6.0]]).numpy(), mt.reduce_mean([1, 2]).numpy()
        (np.float32(3.0), np.int32(1))
    """
    x, axes = input_tensor, as_axes(axis)
    if x.dtype.kind not in "iu":
        if not x.size and not count_reduced(x, axis):  # numpy warns
            return xp.sum(x, axis=axes, keepdims=keepdims) + xp.asarray(np.nan, dtype=x.dtype)
        return xp.mean(x, axis=axes, keepdims=keepdims)
    wide = xp.uint64 if x.dtype.kind == "u" else xp.int64
    total = xp.sum(x, axis=axes, keepdims=keepdims, dtype=wide)
    mean = xp.abs(total) // wide(max(count_reduced(x, axis), 1))
    return (mean * xp.sign(total)).astype(x.dtype)


@reduce_mean.gradient
def reduce_mean_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """Every element gets its share: `broadcast(g) / count`."""
    share = spread(xp, g, input_tensor, axis, keepdims) / count_reduced(input_tensor, axis)
    return xp.broadcast_to(share, input_tensor.shape)


def _of_none(xp: Any, x: Any, axis: Any, keepdims: bool, sign: int) -> Any:
    """What the maximum (sign -1) or minimum (1) of no elements is: the least or largest number."""
    shape = reduced(Spec(tuple(x.shape), x.dtype), axis=axis, keepdims=keepdims).shape
    if kind_of(x.dtype) == "f":
        return xp.full(shape, sign * np.inf, dtype=x.dtype)
    info = np.iinfo(x.dtype)
    return xp.full(shape, info.min if sign < 0 else info.max, dtype=x.dtype)


def _extremes(rng: np.random.Generator) -> samples.Samples:
    for (x,), attrs in samples.reductions()(rng):
        yield (np.asarray(rng.permutation(x.size).reshape(x.shape) / 7.0),), attrs


def _extreme_gradient(xp: Any, g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Equal parts to all elements that are as large (or small) as the result."""
    chosen = xp.astype(x == spread(xp, out, x, axis, keepdims), g.dtype)
    count = xp.sum(chosen, axis=as_axes(axis), keepdims=True)
    return spread(xp, g, x, axis, keepdims) / xp.reshape(
        count, tuple(spread(xp, out, x, axis, keepdims).shape)) * chosen  # fmt: skip


@op(infer=reduced, samples=_extremes, kinds="fiu")
def reduce_max(xp, input_tensor, *, axis=None, keepdims=False):
    """The largest element over `axis`; at a tie the gradient is split evenly.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims. Of no elements: -inf, or the
    least integer.
    """
    if not input_tensor.size and not count_reduced(input_tensor, axis):
        return _of_none(xp, input_tensor, axis, keepdims, -1)
    return xp.max(input_tensor, axis=as_axes(axis), keepdims=keepdims)


@reduce_max.gradient
def reduce_max_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """`g where input_tensor = out, shared among ties`."""
    return _extreme_gradient(xp, g, out, input_tensor, axis, keepdims)


@op(infer=reduced, samples=_extremes, kinds="fiu")
def reduce_min(xp, input_tensor, *, axis=None, keepdims=False):
    """The smallest element over `axis`; at a tie the gradient is split evenly.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims. Of no elements: inf, or the
    largest integer.
    """
    if not input_tensor.size and not count_reduced(input_tensor, axis):
        return _of_none(xp, input_tensor, axis, keepdims, 1)
    return xp.min(input_tensor, axis=as_axes(axis), keepdims=keepdims)


@reduce_min.gradient
def reduce_min_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """`g where input_tensor = out, shared among ties`."""
    return _extreme_gradient(xp, g, out, input_tensor, axis, keepdims)


def _factors(rng: np.random.Generator) -> samples.Samples:
    yield from samples.reductions(0.5, 1.5)(rng)
    with_zeros = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0], [1.0, 2.0, 5.0]])
    for axis in (None, 0, 1):
        yield (with_zeros,), {"axis": axis}
    yield (np.zeros((0, 3)),), {"axis": 0}


@op(infer=reduced, samples=_factors, kinds="fciu")
def reduce_prod(xp, input_tensor, *, axis=None, keepdims=False):
    """Product over `axis`, over all axes by default; of no elements 1.

    Shape: the axes multiplied over vanish, or keep size 1 with keepdims. The gradient is the
    product of all others, computed without dividing, so it is right with zeros too.
    """
    return xp.prod(input_tensor, axis=as_axes(axis), keepdims=keepdims, dtype=input_tensor.dtype)


@reduce_prod.gradient
def reduce_prod_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """`g · product of the other elements`."""
    x = input_tensor
    rank, axes = len(x.shape), axes_of(axis, len(x.shape))
    forth = tuple(i for i in range(rank) if i not in axes) + axes
    lines = xp.permute_dims(x, forth)
    lines = xp.reshape(lines, (*lines.shape[: rank - len(axes)], count_reduced(x, axis)))
    before = cumprod.on(xp, lines, axis=-1, exclusive=True)
    after = cumprod.on(xp, lines, axis=-1, exclusive=True, reverse=True)
    others = xp.reshape(before * after, tuple(x.shape[i] for i in forth))
    others = xp.permute_dims(others, tuple(forth.index(i) for i in range(rank)))
    return spread(xp, g, x, axis, keepdims) * others


def _truths(rng: np.random.Generator) -> samples.Samples:
    for (x,), attrs in samples.reductions()(rng):
        yield (np.asarray(x > 0),), attrs
    yield (np.zeros((0, 2), bool),), {"axis": 0}


_TRUTH = "truth values carry no gradient"


@op(infer=reduced, samples=_truths, types="B", why_none=_TRUTH)
def reduce_any(xp, input_tensor, *, axis=None, keepdims=False):
    """Whether any element over `axis` is True; of no elements False.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims; bool.
    """
    return xp.any(input_tensor, axis=as_axes(axis), keepdims=keepdims)


@op(infer=reduced, samples=_truths, types="B", why_none=_TRUTH)
def reduce_all(xp, input_tensor, *, axis=None, keepdims=False):
    """Whether all elements over `axis` are True; of no elements True.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims; bool.
    """
    return xp.all(input_tensor, axis=as_axes(axis), keepdims=keepdims)


@op(infer=reduced, samples=samples.reductions(), kinds="f")
def reduce_logsumexp(xp, input_tensor, *, axis=None, keepdims=False):
    """log(Σ exp(x)) over `axis`, over all axes by default; of no elements -inf.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims. The largest element is taken
    out of the sum first, so that nothing overflows.

    Example:
        >>> import minitensor as mt
        >>> mt.reduce_logsumexp([1000.0, 1000.0]).numpy()
        np.float32(1000.6931)
    """
    x, axes = input_tensor, as_axes(axis)
    if not x.size and not count_reduced(x, axis):
        return _of_none(xp, x, axis, keepdims, -1)
    top = xp.max(x, axis=axes, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))
    total = xp.log(xp.sum(xp.exp(x - top), axis=axes, keepdims=keepdims))
    return total + xp.reshape(top, total.shape)


@reduce_logsumexp.gradient
def reduce_logsumexp_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """Every element gets its softmax share: `g · exp(input_tensor - out)`."""
    x = input_tensor
    shares = xp.exp(x - spread(xp, out, x, axis, keepdims))
    return spread(xp, g, x, axis, keepdims) * shares


def _real_reduced(x: Spec, *, axis: Any = None, keepdims: bool = False) -> Spec:
    """Reduced, and real: the spread of complex numbers is a real number."""
    shape = reduced(x, axis=axis, keepdims=keepdims).shape
    return Spec(shape, as_dtype(x.dtype).real_dtype.numpy)


def _deviations(xp: Any, x: Any, axis: Any) -> Any:
    return x - reduce_mean.on(xp, x, axis=axis, keepdims=True)


_SPREADS = samples.cases((((2, 3, 4),), {}), (((2, 3, 4),), {"axis": 1}), (((5,),), {"axis": -1}),
                         (((2, 3),), {"axis": (0, 1), "keepdims": True}))  # fmt: skip


# portable=False: the standard has neither `.kind` nor complex variances.
@op(infer=_real_reduced, samples=_SPREADS, kinds="fc", conjugate=False, portable=False)
def reduce_variance(xp, input_tensor, *, axis=None, keepdims=False):
    """The mean of the squared distances from the mean over `axis`.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims; of complex numbers real.
    The mean is subtracted before squaring, so that large means cost no digits.
    """
    away = xp.abs(_deviations(xp, input_tensor, axis))
    return reduce_mean.on(xp, away * away, axis=axis, keepdims=keepdims)


@reduce_variance.gradient
def reduce_variance_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """`g · 2 / n · (input_tensor - mean)`."""
    x = input_tensor
    share = spread(xp, g, x, axis, keepdims) * (2 / max(count_reduced(x, axis), 1))
    return xp.astype(share, x.dtype) * _deviations(xp, x, axis)


@op(infer=_real_reduced, samples=_SPREADS, kinds="fc", conjugate=False, portable=False)
def reduce_std(xp, input_tensor, *, axis=None, keepdims=False):
    """The standard deviation over `axis`: the root of the variance.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims; of complex numbers real.
    Where all elements are equal the gradient is NaN: the root has no slope at 0.
    """
    return xp.sqrt(reduce_variance.on(xp, input_tensor, axis=axis, keepdims=keepdims))


@reduce_std.gradient
def reduce_std_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """`g / (n · out) · (input_tensor - mean)`."""
    x = input_tensor
    share = spread(xp, g / out, x, axis, keepdims) / max(count_reduced(x, axis), 1)
    return xp.astype(share, x.dtype) * _deviations(xp, x, axis)


# portable=False: the standard has no `.kind`.
@op(infer=reduced, samples=samples.reductions(), kinds="fciu", conjugate=False, portable=False)
def reduce_euclidean_norm(xp, input_tensor, *, axis=None, keepdims=False):
    """The length √(Σ|x|²) over `axis`; the gradient of the zero vector is NaN.

    Shape: the axes reduced over vanish, or keep size 1 with keepdims.
    """
    size = xp.abs(input_tensor)
    total = xp.sum(size * size, axis=as_axes(axis), keepdims=keepdims, dtype=size.dtype)
    return xp.sqrt(total).astype(input_tensor.dtype)


@reduce_euclidean_norm.gradient
def reduce_euclidean_norm_gradient(xp, g, out, input_tensor, *, axis=None, keepdims=False):
    """`g · input_tensor / out`."""
    return spread(xp, g / out, input_tensor, axis, keepdims) * input_tensor


def _count_spec(
    input: Spec, *, axis: Any = None, keepdims: Any = None, dtype: Any = "int64"
) -> Spec:  # fmt: skip
    shape = reduced(input, axis=axis, keepdims=bool(keepdims)).shape
    return Spec(shape, as_dtype(dtype).numpy)


@op(infer=_count_spec, types="A", portable=False, why_none="a count is a whole number",
    samples=samples.cases((((2, 3),), {}), (([0.0, 1.0, -0.0],), {"axis": 0}),
                          (([[1, 0], [2, 2]],), {"axis": -1, "keepdims": True})))  # fmt: skip
def count_nonzero(xp, input, *, axis=None, keepdims=None, dtype=int64):
    """How many elements over `axis` are not 0 (of strings: not empty).

    Shape: the axes counted over vanish, or keep size 1 with keepdims; `dtype`.
    """
    filled = input != (b"" if input.dtype.kind == "O" else 0)
    dtype = as_dtype(dtype).numpy
    return xp.sum(filled, axis=as_axes(axis), keepdims=bool(keepdims), dtype=dtype)


def _place_spec(input: Spec, *, axis: Any = None, output_type: Any = "int64") -> Spec:
    axis = axis_of(0 if axis is None else axis, len(input.shape))
    if input.shape[axis] == 0:
        raise Fault(f"axis {axis} has size 0", "reduction axis is empty: nothing is largest there",
                    "check for empty tensors first")  # fmt: skip
    return Spec(input.shape[:axis] + input.shape[axis + 1 :], as_dtype(output_type).numpy)


_PLACES = samples.cases((((2, 3),), {}), (((2, 3),), {"axis": -1}), (([3, 1, 3, 1],), {}),
                        (((2, 3),), {"axis": 1, "output_type": "int32"}))  # fmt: skip
_WHERE = "a position is a whole number"


@op(infer=_place_spec, kinds="fiub", samples=_PLACES, portable=False, why_none=_WHERE)
def argmax(xp, input, *, axis=None, output_type=int64):
    """Where along `axis` (0 by default) the largest element is; the first of equals.

    Shape: the axis vanishes; `output_type`.
    """
    return xp.argmax(input, axis=axis or 0).astype(as_dtype(output_type).numpy)


@op(infer=_place_spec, kinds="fiub", samples=_PLACES, portable=False, why_none=_WHERE)
def argmin(xp, input, *, axis=None, output_type=int64):
    """Where along `axis` (0 by default) the smallest element is; the first of equals.

    Shape: the axis vanishes; `output_type`.
    """
    return xp.argmin(input, axis=axis or 0).astype(as_dtype(output_type).numpy)

"""Counting and describing: histograms, confusion matrices, mean and variance."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, int32, kind_of
from minitensor.errors import Fault, InvalidArgumentError, message
from minitensor.op import convert, op, state
from minitensor.ops.array import cast, reshape, squeeze
from minitensor.ops.assertions import assert_less, assert_non_negative
from minitensor.ops.comparison import equal
from minitensor.ops.creation import ones_like
from minitensor.ops.reduction import reduce_max, reduce_mean, reduce_variance
from minitensor.ops.scattering import add_rows, scatter_nd
from minitensor.shapes import Spec

__all__ = [
    "bincount",
    "bincount_",
    "confusion_matrix",
    "histogram_fixed_width",
    "moments",
    "zero_fraction",
]


def _bincount_spec(
    arr: Spec, weights: Spec, *, minlength: int | None = None, maxlength: int | None = None,
    axis: int | None = None, binary_output: bool = False,
) -> Spec:  # fmt: skip
    if len(arr.shape) != len(weights.shape) or any(
        None not in (a, b) and a != b for a, b in zip(arr.shape, weights.shape, strict=True)
    ):
        raise Fault(f"arr has shape {tuple(arr.shape)} and weights {tuple(weights.shape)}",
                    "each number has one weight", "reshape the weights")  # fmt: skip
    if axis not in (None, 0, -1) or (axis == -1 and len(arr.shape) > 2):
        raise Fault(f"axis is {axis} and arr has {len(arr.shape)} axes",
                    "axis is 0 or None to count all numbers, -1 to count each row of a matrix",
                    "reshape arr")  # fmt: skip
    rows = arr.shape[:1] if axis == -1 and len(arr.shape) == 2 else ()
    return Spec((*rows, None), weights.dtype)


def _counted(xp: Any, arr: Any, minlength: int | None, maxlength: int | None) -> int:
    """How many different numbers there are places for."""
    found = int(xp.max(arr)) + 1 if arr.size else 0
    if arr.size and xp.min(arr) < 0:
        raise Fault(f"arr holds {int(xp.min(arr))}", "input arr must be non-negative",
                    "bincount counts 0, 1, 2, …")  # fmt: skip
    found = max(found, minlength or 0)
    return found if maxlength is None else min(found, maxlength)


# portable=False in this file: the standard has neither counts nor additions at repeated places.
@op(infer=_bincount_spec, types="IT", kinds="fiu", portable=False,
    samples=samples.cases((([0, 2, 2, 1], (4,)), {}), (([0, 3], (2,)), {"minlength": 6}),
                          (([0, 3, 1], (3,)), {"maxlength": 2}),
                          (([[0, 1], [1, 1]], (2, 2)), {"axis": -1}),
                          ((np.zeros(0, int), (0,)), {"minlength": 2}),
                          (([0, 2, 2], np.ones(3, int)), {"binary_output": True})))  # fmt: skip
def bincount_(
    xp, arr, weights, *, minlength=None, maxlength=None, axis=None, binary_output=False
):  # fmt: skip
    """For each number 0, 1, …, the sum of the weights where `arr` holds it.

    Shape: any, same → (n,); with axis=-1 (rows, columns), same → (rows, n).
    """
    size = _counted(xp, arr, minlength, maxlength)
    rows = arr.shape[0] if axis == -1 and arr.ndim == 2 else 1
    lines = xp.arange(rows)[:, None] * size + arr.reshape((rows, arr.size // max(rows, 1)))
    kept = (arr < size).reshape(-1)
    total = add_rows(xp, rows * size, lines.reshape(-1)[kept], weights.reshape(-1)[kept])
    if binary_output:
        total = (total != 0).astype(weights.dtype)
    return total.reshape((rows, size)) if axis == -1 and arr.ndim == 2 else total


@bincount_.gradient
def bincount_gradient(
    xp, g, out, arr, weights, *, minlength=None, maxlength=None, axis=None, binary_output=False
):  # fmt: skip
    """Each weight's share is the cotangent of its number; numbers past the end have none."""

    def to_weights() -> Any:
        if binary_output:
            return xp.zeros_like(weights)
        size = g.shape[-1]
        inside = xp.astype(arr < size, g.dtype)
        place = xp.astype(arr, xp.int64) * xp.astype(arr < size, xp.int64)
        if len(g.shape) == 2:
            return xp.take_along_axis(g, place, axis=-1) * inside
        return xp.take(g, place, axis=0) * inside if size else xp.zeros_like(weights)

    return None, to_weights


def bincount(
    arr: Any, weights: Any = None, minlength: int | None = None, maxlength: int | None = None,
    dtype: Any = int32, name: str | None = None, axis: int | None = None,
    binary_output: bool = False,
) -> Any:  # fmt: skip
    """How often each of the numbers 0, 1, … occurs, or the sum of the weights where it does.

    Shape: any → (n,), n the largest number + 1, at least minlength and at most maxlength; with
    axis=-1 (rows, columns) → (rows, n). The dtype is that of the weights, else `dtype`. With
    binary_output 1 for each number that occurs.

    Example:
        >>> import minitensor as mt
        >>> mt.math.bincount([1, 1, 2, 3, 2, 4, 4, 5]).numpy().tolist()
        [0, 2, 2, 1, 2, 1]
    """
    if weights is not None and binary_output:
        raise InvalidArgumentError(
            message("bincount", "weights and binary_output=True",
                    "arguments `binary_output` and `weights` are mutually exclusive",
                    "a yes or no has no weight", "leave out one of them")
        )  # fmt: skip
    arr = convert(arr)
    weights = ones_like(arr, dtype=dtype) if weights is None else weights
    return bincount_(arr, weights, minlength=minlength, maxlength=maxlength, axis=axis,
                     binary_output=binary_output, name=name)  # fmt: skip


def _histogram_spec(
    values: Spec, value_range: Spec, *, nbins: int = 100, dtype: Any = int32
) -> Spec:  # fmt: skip
    if tuple(value_range.shape) not in ((2,), (None,)):
        raise Fault(f"value_range has shape {tuple(value_range.shape)}",
                    "value_range should be a vector of 2 elements: lowest and highest",
                    "pass [lowest, highest]")  # fmt: skip
    if nbins <= 0:
        raise Fault(f"nbins is {nbins}", "nbins should be a positive number", "raise nbins")
    return Spec((nbins,), as_dtype(dtype).numpy)


@op(infer=_histogram_spec, types="TT", kinds="fiu", portable=False,
    samples=samples.cases((([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0]), {"nbins": 5}),
                          ((np.zeros(0), [0.0, 1.0]), {"nbins": 2})),
    why_none="a count is a whole number")  # fmt: skip
def histogram_fixed_width(xp, values, value_range, *, nbins=100, dtype=int32):
    """How many values fall into each of `nbins` equal parts of a range.

    Shape: any, (2,) → (nbins,). Values outside count in the first or last part.

    Example:
        >>> import minitensor as mt
        >>> values = [-1.0, 0.0, 1.5, 2.0, 5.0, 15.0]
        >>> mt.histogram_fixed_width(values, [0.0, 5.0], nbins=5).numpy().tolist()
        [2, 1, 1, 0, 2]
    """
    low, high = (float(v) for v in value_range)
    if not low < high:
        raise Fault(f"value_range is [{low:g}, {high:g}]",
                    "value_range should satisfy value_range[0] < value_range[1]",
                    "exchange the two")  # fmt: skip
    scaled = xp.floor((values.reshape(-1) - low) / (high - low) * nbins)
    places = xp.clip(scaled, 0, nbins - 1).astype(xp.int64)
    return xp.bincount(places, minlength=nbins).astype(as_dtype(dtype).numpy)


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """The mean and the variance over `axes`.

    Shape: the axes vanish, or keep size 1 with keepdims; twice. float16 is averaged in float32.
    `shift` has no effect: the mean is always subtracted before squaring.

    Example:
        >>> import minitensor as mt
        >>> mean, variance = mt.nn.moments([1.0, 3.0], axes=[0])
        >>> mean.numpy(), variance.numpy()
        (np.float32(2.0), np.float32(1.0))
    """
    x = convert(x)
    wide = cast(x, "float32") if x.dtype in ("float16", "bfloat16") else x
    mean = reduce_mean(wide, axis=axes, keepdims=keepdims)
    variance = reduce_variance(wide, axis=axes, keepdims=keepdims)
    return cast(mean, x.dtype), cast(variance, x.dtype)


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """The share of elements that are 0; of no elements NaN.

    Shape: any → (); float32.
    """
    value = convert(value)
    zero = equal(value, convert(0, value.dtype))
    return reduce_mean(cast(zero, "float32"), name=name)


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: int | None = None, weights: Any = None,
    dtype: Any = int32, name: str | None = None,
) -> Any:  # fmt: skip
    """How often each label (row) was predicted as each class (column).

    Shape: (n,), (n,) → (num_classes, num_classes); num_classes is by default the largest + 1, and
    has to be given while a function is being traced.

    Raises:
        InvalidArgumentError: (also a ValueError) for a label or prediction that is negative or
            not below num_classes.

    Example:
        >>> import minitensor as mt
        >>> mt.math.confusion_matrix([1, 2, 2], [1, 2, 0]).numpy().tolist()
        [[0, 0, 0], [0, 1, 0], [1, 0, 1]]
    """
    labels, predictions = (cast(_as_vector(convert(x)), "int64") for x in (labels, predictions))
    if num_classes is None:
        largest = [int(reduce_max(x)) if x.shape[0] else -1 for x in (labels, predictions)]
        num_classes = max(largest) + 1
    for what, x in (("labels", labels), ("predictions", predictions)):
        _check_classes(what, x, int(num_classes))
    from minitensor.ops.array import stack

    if weights is None:
        weights = ones_like(labels, dtype=dtype)
    pairs = stack([labels, predictions], axis=1)
    shape = (int(num_classes), int(num_classes))
    return scatter_nd(pairs, cast(convert(weights), dtype), shape=shape, name=name)


def _as_vector(x: Any) -> Any:
    if kind_of(x.dtype) not in "iuf":
        raise InvalidArgumentError(
            message("confusion_matrix", f"dtype {x.dtype.name}", "classes are numbered",
                    "labels and predictions are whole numbers", "mt.cast(x, mt.int64)")
        )  # fmt: skip
    return squeeze(x, axis=-1) if len(x.shape) == 2 else reshape(x, shape=(-1,))


def _check_classes(what: str, classes: Any, num_classes: int) -> None:
    if getattr(state.interpreter, "cond", None) is not None:  # in a graph they are known later
        rule = f"`{what}` out of bound: classes are 0 to {num_classes - 1}"
        assert_non_negative(classes, message=rule)
        assert_less(classes, convert(num_classes, "int64"), message=rule)
        return
    x = np.asarray(classes)
    if x.size and (x.min() < 0 or x.max() >= num_classes):
        wrong = x[(x < 0) | (x >= num_classes)][0]
        raise InvalidArgumentError(
            message("confusion_matrix", f"num_classes={num_classes}",
                    f"`{what}` out of bound: {wrong}", f"classes are 0 to {num_classes - 1}",
                    "raise num_classes, or check the data")
        )  # fmt: skip

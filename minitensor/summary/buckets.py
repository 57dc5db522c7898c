"""From many numbers to few: the buckets of a histogram, and percentiles read off them."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.summary.arguments import array as as_array
from minitensor.summary.arguments import check_room, whole_number

__all__ = ["BUCKETS", "POINTS", "bucketed", "check_numbers", "number_of_buckets", "percentiles"]

BUCKETS = 30
POINTS = (0, 668, 1587, 3085, 5000, 6915, 8413, 9332, 10000)
"""Where percentiles are read off, in hundredths of a percent: the minimum, every half standard
deviation of a normal distribution, and the maximum."""

_TILE = 1 << 14
"""Elements that are divided at once: few enough to stay in the cache."""


def bucketed(array: Any, buckets: int | None = None) -> np.ndarray:
    """How many elements of an array lie in each of so many intervals of equal width.

    Intervals hold their left edge, and the last one also its right edge. Elements that are all
    equal are counted in the last row. NaN and infinite elements belong to no interval, and leave
    edges that are no numbers.

    Args:
        array: numbers or bools, of any shape.
        buckets: how many intervals; 30 by default, and none for a negative number.

    Returns:
        Rows (left edge, right edge, count).

    Shape: any → (buckets, 3) float64.

    Raises:
        ArgumentError: (also a TypeError) when `buckets` is no whole number.
        DTypeError: (also a TypeError) for elements that are no real numbers.

    Example:
        >>> bucketed([0.0, 1.0, 1.5, 4.0], buckets=2)
        array([[0., 2., 3.],
               [2., 4., 1.]])

    Source: `histogram` in tensorboard/plugins/histogram/summary_v2.py.
    """
    flat, k = as_array("bucketed", "array", array).reshape(-1), number_of_buckets(buckets)
    check_numbers(flat.dtype)
    if not flat.size or not k:
        return np.zeros((k, 3))
    low, high = float(flat.min()), float(flat.max())
    rows = np.empty((k, 3))
    if low == high and np.isfinite(low):
        rows[:] = low, low, 0
        rows[-1, 2] = flat.size
        return rows
    with np.errstate(all="ignore"):
        width = (np.float64(high) - low) / k
        edges = low + width * np.arange(k + 1)
        edges[0], edges[-1] = low, high
        rows[:, 0], rows[:, 1], rows[:, 2] = edges[:-1], edges[1:], _counts(flat, low, width, k)
    return rows


def _counts(flat: np.ndarray, low: float, width: np.float64, k: int) -> np.ndarray:
    counts = np.zeros(k, np.int64)
    for start in range(0, flat.size, _TILE):
        place = flat[start : start + _TILE].astype(np.float64)
        place -= low
        place /= width
        if not np.isfinite(width) or not width:
            place = place[np.isfinite(place)]
        np.minimum(place, k - 1, out=place)
        counts += np.bincount(place.astype(np.intp), minlength=k)
    return counts


def check_numbers(dtype: Any) -> None:
    """Say what is wrong with a dtype that has no order.

    Raises:
        DTypeError: (also a TypeError) for one that is not of real numbers or bools.
    """
    if kind_of(dtype) not in "fiub":
        raise DTypeError(
            message("histogram", f"a tensor of dtype {name_of(dtype)}",
                    "its elements are no real numbers", "a histogram counts numbers by their size",
                    "convert it, for example with mt.cast, or record text with summary.text")
        )  # fmt: skip


def number_of_buckets(buckets: Any) -> int:
    """How many intervals a histogram has, as an int from 0.

    Raises:
        ArgumentError: (also a TypeError) when it is no whole number.
        InvalidArgumentError: (also a ValueError) for more than a million.
    """
    if buckets is None:
        return BUCKETS
    first = "tensor must be of type tf.int32; got tf.float32\n" if type(buckets) is float else ""
    fix = f"write buckets={BUCKETS}"
    number = max(0, whole_number("histogram", "buckets", buckets, fix, first))
    check_room("histogram", "buckets", number, "bucket", fix)
    return number


def percentiles(buckets: Any) -> np.ndarray:
    """Percentiles of the numbers that were counted in the buckets of a histogram.

    They are the minimum, 6.68 %, 15.87 %, 30.85 %, the median, 69.15 %, 84.13 %, 93.32 % and the
    maximum: `min, 7, 16, 31, 50, 69, 84, 93, max` in TensorBoard's distributions. Within a bucket
    numbers are taken to lie evenly.

    Args:
        buckets: rows (left edge, right edge, count), in order; several histograms with the same
            number of rows can be given at once.

    Shape: (..., k, 3) → (..., 9) float64.

    Raises:
        InvalidArgumentError: (also a ValueError) for an array that has no such rows.

    Example:
        >>> percentiles([[0, 1, 2], [1, 2, 4], [2, 3, 2]]).round(2).tolist()
        [0.0, 0.27, 0.63, 1.12, 1.5, 1.88, 2.37, 2.73, 3.0]

    Source: `compress_histogram` in tensorboard/plugins/distribution/compressor.py.
    """
    rows = as_array("percentiles", "buckets", buckets, np.float64)
    if rows.shape == (0,):
        return np.zeros(len(POINTS))
    if rows.ndim < 2 or rows.shape[-1] != 3:
        raise InvalidArgumentError(
            message("percentiles", f"an array of shape {rows.shape}",
                    "its last axis has not the size 3", "rows are (left edge, right edge, count)",
                    "make them of your numbers with mt.summary.bucketed")
        )  # fmt: skip
    if not rows.shape[-2]:
        return np.zeros((*rows.shape[:-2], len(POINTS)))
    right, count = rows[..., 1], rows[..., 2]
    first, last = rows[..., :1, 0], right[..., -1:]
    total = count.sum(-1, keepdims=True)
    points = np.array(POINTS, np.float64)
    with np.errstate(all="ignore"):
        reached = np.cumsum(count * points[-1] / np.where(total == 0, 1, total), -1)
        beyond = ~(reached[..., None, :] <= points[:, None])
        at = beyond.argmax(-1)
        earlier = np.maximum(at - 1, 0)
        before = np.where(at, np.take_along_axis(reached, earlier, -1), 0)
        edge = np.take_along_axis(right, earlier, -1)
        start = np.where((before == 0) | (first > edge), first, edge)
        edge = np.take_along_axis(right, at, -1)
        end = np.where(last < edge, last, edge)
        share = np.take_along_axis(reached, at, -1) - before
        found = start + (points - before) * (end - start) / share
    return np.where(beyond.any(-1), found, last)

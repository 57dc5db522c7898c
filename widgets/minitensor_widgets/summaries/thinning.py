"""Curves in fewer points: real ones, and what is needed to smooth as if none were missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Points:
    """Some points of a curve.

    `x`, `time` and `y` are those of recorded points; each stands for itself and the `many` - 1
    points before it, whose mean (of finite values) is `mean`. `nans` and `infinite` count over all.
    """

    x: np.ndarray
    time: np.ndarray
    y: np.ndarray
    mean: np.ndarray
    many: np.ndarray
    nans: int
    infinite: int
    count: int

    @property
    def whole(self) -> bool:
        """Whether no point was left out."""
        return len(self.x) == self.count


def kept(values: np.ndarray, most: int) -> np.ndarray:
    """Which points to keep: of each of equal slices the least and the greatest, and both ends.

    The first value of a run of what are no finite numbers is kept, too.

    Example:
        >>> kept(np.array([5.0, 1, 9, 5, 5, 5, 5, 5, 5, 4]), 6).tolist()
        [0, 1, 2, 9]

    Source: Steinarsson, "Downsampling Time Series for Visual Representation" (2013), section 2.3.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    slices = max(1, (most - 2) // 3)
    wide = -(-count // slices)
    finite = np.isfinite(values)
    padded = np.full(slices * wide, np.nan)
    padded[:count][finite] = values[finite]
    grid, starts = padded.reshape(slices, wide), np.arange(slices) * wide
    least = np.where(np.isnan(grid), np.inf, grid).argmin(1) + starts
    greatest = np.where(np.isnan(grid), -np.inf, grid).argmax(1) + starts
    found = np.concatenate([[0, count - 1], least, greatest, _breaks(finite, wide)])
    return np.unique(found[found < count])


def _breaks(finite: np.ndarray, wide: int) -> np.ndarray:
    """Where values cease to be finite, at most once in each slice."""
    begins = np.flatnonzero(~finite & np.concatenate([[True], finite[:-1]]))
    return begins[np.unique(begins // wide, return_index=True)[1]]


def thinned(series: Any, most: int, first: int = 0, last: int | None = None) -> Points:
    """A series of scalars, or its points from `first` to `last`, in at most about `most` points.

    Args:
        series: `Scalars` of `minitensor.summary`.
        most: how many points there may be.
        first: the first point to look at.
        last: the first one after those.
    """
    part = slice(first, last)
    values = np.asarray(series.value[part], np.float64)
    at = kept(values, most)
    finite = np.isfinite(values)
    many = np.diff(at, prepend=-1)
    if len(at) == len(values):
        mean = values
    else:
        ends = np.concatenate([[0], at[:-1] + 1]) if len(at) else at
        with np.errstate(invalid="ignore", divide="ignore"):
            sums = np.add.reduceat(np.where(finite, values, 0.0), ends)
            mean = sums / np.add.reduceat(finite.astype(np.float64), ends)
    return Points(
        np.asarray(series.step[part])[at],
        np.asarray(series.time[part])[at],
        values[at],
        mean,
        many,
        int(np.isnan(values).sum()),
        int(np.isinf(values).sum()),
        len(values),
    )


def shortened(values: np.ndarray, digits: int = 6) -> np.ndarray:
    """Numbers in so many digits, or as many as show how they differ: 0.1 as float32 is 0.1 again.

    Example:
        >>> shortened(np.float32([0.1, -123456.789])).tolist()
        [0.1, -123457.0]
        >>> shortened(np.array([1.00000012345, 1.0000012345])).tolist()
        [1.00000012345, 1.0000012345]
    """
    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        wide = finite.max() / 2 - finite.min() / 2 if len(finite) else 0.0
        apart = digits - 2 - np.floor(np.log10(wide)) if wide else -np.inf
        exact = 14 - np.floor(np.log10(np.abs(values)))
        places = np.minimum(np.maximum(digits - 15 + exact, apart), exact)
        scale = 10.0**places
        short = np.where(places > 0, np.round(values * scale) / scale,
                         np.round(values / 10.0**-places) * 10.0**-places)  # fmt: skip
    return np.where(np.isfinite(short), short, values)

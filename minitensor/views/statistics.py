"""Numbers about an array, of any size and on any device: statistics, block means, thinner copies.

Everything is computed where the array lies, chunk by chunk, and crosses to the host in one
transfer: an array on a GPU is never copied as a whole, and one of 100 million elements needs no
second copy of itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitensor.backend import NAMESPACE, Quiet
from minitensor.dtypes import kind_of

MOST_MEASURED, MOST_SAMPLED, MOST_PICTURED, MOST_COUNTED = 2**27, 2**24, 2**20, 2**21
CHUNK, DEVICE_CHUNKS, BLOCKS = 2**16, 32, 32


@dataclass(frozen=True)
class Statistics:
    """What is known of the elements; `measured` of `count` were looked at."""

    count: int
    measured: int
    finite: int
    minimum: float | None
    mean: float | None
    maximum: float | None
    std: float | None
    zeros: int
    nans: int
    above: int
    below: int


def is_numeric(array: Any) -> bool:
    """Whether elements can be ordered: real numbers and truth values."""
    return kind_of(array.dtype) in "fiub"


def thinned(array: Any, most: int) -> tuple[Any, list[int]]:
    """A view with every second, fourth, … index of the longest axes, and those steps.

    Example:
        >>> thinned(np.zeros((3, 1000)), 100)[1]
        [1, 32]
    """
    steps = [1] * array.ndim
    sizes = list(array.shape)
    while math.prod(sizes) > most:
        axis = sizes.index(max(sizes))
        steps[axis] *= 2
        sizes[axis] = -(-array.shape[axis] // steps[axis])
    return array[(*(slice(None, None, step) for step in steps), ...)], steps


def fetch(xp: Any, arrays: Sequence[Any]) -> list[np.ndarray]:
    """Arrays on the host; from a device in one transfer, whatever their number."""
    if xp is np:
        return list(arrays)
    packed = [xp.ascontiguousarray(a).reshape(-1).view(xp.uint8) for a in arrays]
    data = xp.concatenate(packed).get().tobytes()
    found, at = [], 0
    for array in arrays:
        dtype = np.dtype(array.dtype)
        size = math.prod(array.shape)
        found.append(np.frombuffer(data, dtype, size, at).reshape(array.shape))
        at += size * dtype.itemsize
    return found


def measurements(xp: Any, array: Any) -> Any:
    """One row of sums for each chunk, still on the device; `statistics` adds them up."""
    if array.size > MOST_MEASURED:
        array = thinned(array, MOST_SAMPLED)[0]
    flat = array.ravel(order="K")
    size = CHUNK if xp is np else max(CHUNK, -(-flat.size // DEVICE_CHUNKS))
    with Quiet():
        return xp.stack([_measured(xp, flat[i : i + size]) for i in range(0, flat.size, size)])


def _measured(xp: Any, part: Any) -> Any:
    """Of a chunk: finite, low, high, mean, length of the rest, zeros, NaN, +inf, −inf."""
    numbers = part.astype(np.float64)
    known = xp.isfinite(numbers)
    zeros = xp.count_nonzero(numbers == 0)
    if xp is np and known.all():
        count, mean = numbers.size, numbers.mean()
        low, high, nans, above, below = numbers.min(), numbers.max(), 0, 0, 0
        rest = numbers - mean
    else:
        count = xp.count_nonzero(known)
        mean = xp.where(known, numbers, 0.0).sum() / xp.maximum(count, 1)
        low = xp.where(known, numbers, math.inf).min()
        high = xp.where(known, numbers, -math.inf).max()
        nans = xp.count_nonzero(xp.isnan(numbers))
        above, below = (xp.count_nonzero(numbers == end) for end in (math.inf, -math.inf))
        rest = xp.where(known, numbers - mean, 0.0)
    far = xp.maximum(high - mean, mean - low)
    far = xp.where(xp.isfinite(far), far, 1.0)
    far = xp.where(far == 0, 1.0, far)
    rest = rest / far  # the squares of the least numbers are 0, of the largest infinite
    found = [count, low, high, mean, far * xp.sqrt((rest * rest).sum()), zeros, nans, above, below]
    return xp.stack([xp.asarray(item, dtype=np.float64) for item in found])


def statistics(rows: np.ndarray, count: int) -> Statistics:
    """The statistics of all chunks together.

    Source: Chan, Golub, LeVeque, "Algorithms for Computing the Sample Variance" (1983), eq. 2.1.
    """
    finite, low, high, means, lengths, *counts = rows.T
    known = int(finite.sum())
    zeros, nans, above, below = (int(column.sum()) for column in counts)
    measured = known + nans + above + below
    if not known:
        return Statistics(count, measured, 0, None, None, None, None, 0, nans, above, below)
    with Quiet():
        mean = float(finite @ means) / known
        parts = np.append(lengths, np.sqrt(finite) * (means - mean))
        far = float(np.abs(parts).max()) or 1.0
        std = far * math.sqrt(((parts / far) ** 2).sum() / known)
    return Statistics(
        count, measured, known, float(low.min()), mean, float(high.max()), std, zeros, nans, above,
        below,
    )  # fmt: skip


def block_means(xp: Any, array: Any) -> Any:
    """At most 32 × 32 means of blocks of rows and columns; NaN where one element is not finite."""
    array = thinned(array, MOST_PICTURED)[0]
    last = array.shape[-1]
    numbers = array.reshape(-1, last).astype(np.float64)
    known = xp.isfinite(numbers)
    places = xp.asarray(known, dtype=np.float64)
    with Quiet():
        sums, counts = (
            _block_sums(xp, _block_sums(xp, picture).T).T
            for picture in (xp.where(known, numbers, 0.0), places)
        )
    cells = _block_sums(xp, _block_sums(xp, xp.ones_like(places)).T).T
    return xp.where(counts == cells, sums / cells, math.nan)


def _block_sums(xp: Any, rows: Any) -> Any:
    """Sums of at most 32 groups of rows whose sizes differ by one at most."""
    length, width = rows.shape
    groups = min(BLOCKS, length)
    size, longer = divmod(length, groups)
    cut = longer * (size + 1)
    first = rows[:cut].reshape(longer, size + 1, width).sum(axis=1)
    rest = rows[cut:].reshape(groups - longer, size, width).sum(axis=1)
    return xp.concatenate([first, rest])


def histogram_of(edges: np.ndarray, counts: np.ndarray) -> tuple[list[float], list[int]]:
    """Edges and counts on the host; equal elements get bins of some width, none get no bins."""
    if not np.isfinite(edges).all():
        return [], []
    if edges[0] == edges[-1]:
        room = np.finfo(np.float64).max - abs(edges[0])
        wide = min(abs(edges[0]) / 2, room) or 0.5
        counts = np.roll(counts, len(counts) // 2 + 1)
        edges = edges[0] + np.linspace(-wide, wide, len(edges))
    return edges.tolist(), counts.astype(int).tolist()


def binned(xp: Any, array: Any, bins: int | np.ndarray) -> tuple[Any, Any]:
    """The edges of bins, equal ones from the least to the largest unless given, and their counts.

    Sorting keeps this on the device: no number has to be known on the host to place the bins.
    Edges that are not finite say that no element is.
    """
    numbers = thinned(array, MOST_COUNTED)[0].ravel(order="K").astype(np.float64)
    known = xp.isfinite(numbers)
    count = xp.count_nonzero(known)
    ordered = xp.sort(xp.where(known, numbers, math.inf))
    if isinstance(bins, int):
        low, high = ordered[0], xp.where(known, numbers, -math.inf).max()
        share = xp.arange(bins + 1) / bins
        with Quiet():
            edges = low * (1 - share) + high * share  # high - low could be infinite
        edges = xp.sort(xp.clip(edges, low, high))  # rounding may put one before the last
    else:
        edges = xp.asarray(bins)
    places = xp.searchsorted(ordered, edges)
    last = xp.searchsorted(ordered, edges[-1:], side="right")  # the last bin has both its ends
    places[-1:] = count if isinstance(bins, int) else xp.minimum(last, count)
    return edges, places[1:] - places[:-1]


def namespace(array: Any) -> Any:
    """The module that computes with an array: numpy, or cupy."""
    return NAMESPACE[np.ndarray if isinstance(array, np.ndarray) else type(array)]

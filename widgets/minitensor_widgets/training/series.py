"""Numbers over steps, and histograms over steps, in bounded memory however long a run is."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Sequence
from typing import Any

from ..arrays import real

MOST_POINTS = 2000
MOST_HISTOGRAMS = 500
BINS = 64
FLOAT_MAX = sys.float_info.max

Points = tuple[list[float], list[float]]


def thin(x: Sequence[float], y: Sequence[float], most: int) -> Points:
    """Keep the shape of a curve in fewer points.

    Of each of many slices of equal width along x the least and the greatest value are kept, and one
    that is not a number, if there is any; of the whole the first and the last point, too.

    Example:
        >>> thin([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [5, 1, 9, 5, 5, 5, 5, 5, 5, 4], 8)
        ([0, 1, 2, 5, 9], [5, 1, 9, 5, 4])

    Source: Steinarsson, "Downsampling Time Series for Visual Representation" (2013), section 2.3.
    """
    if len(x) <= most:
        return list(x), list(y)
    slices = max(1, (most - 2) // 3)
    kept = {0, len(x) - 1}
    for part in _slices(x, slices):
        known = [i for i in part if math.isfinite(y[i])]
        kept.update(i for i in part if not math.isfinite(y[i]) and (i == part[0] or _ends(y, i)))
        if known:
            kept |= {min(known, key=y.__getitem__), max(known, key=y.__getitem__)}
    order = sorted(kept)
    if len(order) > most:
        order = [order[round(k * (len(order) - 1) / (most - 1))] for k in range(most)]
    return [x[i] for i in order], [y[i] for i in order]


def _ends(y: Sequence[float], i: int) -> bool:
    """Whether a run of what are no numbers begins here."""
    return math.isfinite(y[i - 1])


def _slices(x: Sequence[float], count: int) -> list[range]:
    """Neighbours that fall into the same of `count` slices between the first and the last x."""
    first, wide = x[0], x[-1] - x[0]
    rising = wide > 0 and all(a <= b for a, b in itertools.pairwise(x))
    places = [int((v - first) / wide * count) if rising else i * count // len(x)
              for i, v in enumerate(x)]  # fmt: skip
    starts = [i for i in range(len(x)) if not i or places[i] != places[i - 1]]
    return [range(a, b) for a, b in zip(starts, [*starts[1:], len(x)], strict=True)]


class Series:
    """One curve: the values of a name in a run over its steps.

    Example:
        >>> loss = Series()
        >>> steps = [loss.add(None, 1 / (1 + step)) for step in range(100_000)]
        >>> steps[-1], loss.count, len(loss.x) <= 2 * MOST_POINTS
        (99999, 100000, True)
    """

    def __init__(self) -> None:
        self.x: list[float] = []
        self.y: list[float] = []
        self.count = 0

    def add(self, step: float | None, value: float) -> float:
        """Add a value, by default at the next step; returns the step."""
        if step is None:
            step = self.x[-1] + 1 if self.x else 0
        self.x.append(step)
        self.y.append(value)
        self.count += 1
        if len(self.x) > 2 * MOST_POINTS:
            self.x, self.y = thin(self.x, self.y, MOST_POINTS)
        return step


def histogram(value: Any) -> dict[str, Any]:
    """Count the numbers of an array in 64 bins between the least and the greatest, its `ends`.

    Example:
        >>> found = histogram([0.0, 1.0, 1.0, float("nan")])
        >>> found["low"], found["high"], found["counts"][0], found["counts"][-1], found["nans"]
        (0.0, 1.0, 1, 2, 1)

    Raises:
        TypeError: for what are no real numbers.
        ValueError: for lists whose rows differ in length.
    """
    import numpy as np

    array = real(value, "Board.histogram()")
    finite = np.isfinite(array)
    known = array[finite]
    ends = (float(known.min()), float(known.max())) if known.size else None
    low, high = ends or (0.0, 1.0)
    near = high / BINS - low / BINS
    if low + near == low or high - near == high:  # one value, or all but: in the middle
        wide = max(abs(low), 1e-3) / 2
        low, high = max(low - wide, -FLOAT_MAX), min(high + wide, FLOAT_MAX)
    scale = 1.0 if math.isfinite(high - low) else 0.5  # halves, where the whole width overflows
    counts, _ = np.histogram(known * scale, bins=BINS, range=(low * scale, high * scale))
    return {
        "low": low,
        "high": high,
        "ends": ends,
        "counts": counts.tolist(),
        "size": int(array.size),
        "nans": int(array.size - known.size),
    }


class Histograms:
    """The histograms of a name over its steps; of more than 500, some on the way are let go."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.count = 0

    def add(self, step: float | None, found: dict[str, Any]) -> dict[str, Any]:
        """Add a histogram, by default at the next step; returns it with its step."""
        if step is None:
            step = self.items[-1]["step"] + 1 if self.items else 0
        made = {"step": step, **found}
        self.items.append(made)
        self.count += 1
        if len(self.items) > MOST_HISTOGRAMS:
            self.items = evenly(self.items, MOST_HISTOGRAMS // 2)
        return made


def evenly(items: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Choose some at even distances of their steps, the first and the last among them.

    Example:
        >>> [item["step"] for item in evenly([{"step": i} for i in range(9)], 3)]
        [0, 4, 8]
    """
    if len(items) <= most or most < 2:
        return items if len(items) <= most else items[-1:]
    first, wide = items[0]["step"], items[-1]["step"] - items[0]["step"]
    if wide <= 0:
        return [items[round(k * (len(items) - 1) / (most - 1))] for k in range(most)]
    kept, due = [], float(first)
    for item in items[:-1]:
        if item["step"] >= due and len(kept) < most - 1:
            kept.append(item)
            due = first + wide * len(kept) / (most - 1)
    return [*kept, items[-1]]


def trend(y: Sequence[float | None]) -> str:
    """Where the end of a curve is heading: falling, rising or level.

    The mean of its last quarter is compared with that of the quarter before; a difference of less
    than a fiftieth of the whole range is level.

    Example:
        >>> trend([4.0, 3.0, 2.0, 1.0]), trend([1.0, 1.0, 1.0]), trend([1.0])
        ('falling', 'level', '')
    """
    known = [v for v in y if v is not None and math.isfinite(v)]
    if len(known) < 2:
        return ""
    part = max(1, len(known) // 4)
    late, before = known[-part:], known[-2 * part : -part]
    change = sum(late) / len(late) - sum(before) / len(before)
    if abs(change) <= (max(known) - min(known)) / 50:
        return "level"
    return "falling" if change < 0 else "rising"

"""Curves smoothed, and where one begins anew. `smoothed` of `static/series.js` is the twin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any


def smoothed(line: Mapping, weight: float) -> list[float]:
    """The values of a line as an exponential mean that does not lean to the first of them.

    A point may stand for `n` points with the mean `m`. Where the steps begin anew, so does the
    mean; what is no finite number stays as it is.

    Example:
        >>> smoothed({"x": [0, 1, 2, 0], "y": [1.0, 1.0, 4.0, 9.0]}, 0.5)
        [1.0, 1.0, 2.7142857142857144, 9.0]

    Source: Kingma & Ba, "Adam" (2015), section 3; TensorBoard smooths so.
    """
    if not weight:
        return list(line["y"])
    made, mean, trust, before = [], 0.0, 0.0, -math.inf
    many = line.get("n") or [1] * len(line["x"])
    for x, y, stands, count in zip(line["x"], line["y"], _means(line), many, strict=True):
        if x < before:
            mean = trust = 0.0
        if math.isfinite(stands):
            keep = weight**count
            mean = keep * mean + (1 - keep) * stands
            trust = keep * trust + 1 - keep
        made.append(mean / trust if math.isfinite(y) and trust else y)
        before = x
    return made


def _means(line: Mapping) -> list[float]:
    if line.get("m") is None:
        return line["y"]
    return [math.nan if v is None else float(v) for v in line["m"]]


def begins_anew(steps: Any) -> int:
    """How often the steps fall: a writer went on in the files of an earlier training.

    Example:
        >>> begins_anew([0, 1, 2, 0, 1])
        1
    """
    return sum(b < a for a, b in pairwise(steps))


def broken(line: Mapping) -> dict[str, Any]:
    """The points of a line, with a gap wherever its steps begin anew.

    Example:
        >>> broken({"name": "a", "x": [0, 1, 0], "y": [5.0, 4.0, 5.0]})["x"]
        [0, 1, 1, 0]
    """
    x, y = [], []
    for at, value in zip(line["x"], line["y"], strict=True):
        if x and at < x[-1]:
            x.append(x[-1])
            y.append(math.nan)
        x.append(at)
        y.append(value)
    return {**line, "x": x, "y": y}

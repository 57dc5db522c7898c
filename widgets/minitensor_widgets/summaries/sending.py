"""Curves as the page is sent them: a head for JSON, and buffers of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .thinning import shortened, thinned

Part = tuple[str, Any, int, int | None, bool]
"""A tag, a series, its points from one to another, and whether they replace all that are known."""


def packed(parts: Sequence[Part], most: int) -> tuple[dict[str, Any], list[bytes]]:
    """Some curves, each in at most about `most` points.

    The first buffer has steps, times and values as float64, the second means and how many points
    each stands for as float32: curve by curve.
    """
    head, exact, rough = [], [], []
    for tag, series, first, last, anew in parts:
        found = thinned(series, most, first, last)
        head.append([tag, series.run, len(found.x), anew, found.count, found.nans, found.infinite])
        exact += [found.x, found.time, shortened(found.y)]
        rough += [found.mean, found.many]
    return {"lines": head}, [_bytes(exact, np.float64), _bytes(rough, np.float32)]


def _bytes(arrays: Sequence[np.ndarray], dtype: Any) -> bytes:
    return np.concatenate([np.empty(0), *arrays]).astype(dtype).tobytes()

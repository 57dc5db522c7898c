"""A value in short, for passes with too many steps to draw each value whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.tensor import IndexedSlices
from minitensor.views.records import ValueView
from minitensor.views.values import array_of, value_view

FEW = 4


def glance(value: Any) -> ValueView:
    """All of a value with at most four elements; of others the shape and a few statistics.

    Example:
        >>> glance(np.arange(10.0)).mean, glance(np.arange(10.0)).text
        (4.5, [])
    """
    if isinstance(value, IndexedSlices):
        return value_view(value)
    array = np.asarray(to_numpy(array_of(value)))
    if array.size <= FEW or array.dtype.kind not in "fiub":
        return value_view(value)
    finite = array if array.dtype.kind != "f" else array[np.isfinite(array)]
    if not finite.size:
        return value_view(value)
    nans = int(np.isnan(array).sum()) if finite.size < array.size else 0
    return ValueView(
        list(array.shape), array.dtype.name, [], [], _short(finite.min()),
        _short(finite.mean(dtype=np.float64)), _short(finite.max()),
        _short(1 - np.count_nonzero(array) / array.size), _short(nans / array.size),
        _short(finite.std(dtype=np.float64)),
        _short((array.size - finite.size - nans) / array.size),
    )  # fmt: skip


def _short(number: Any) -> float:
    return float(f"{float(number):.4g}")

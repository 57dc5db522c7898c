"""How the elements of a tensor are distributed, counted where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message
from minitensor.shapes import NoElements
from minitensor.tensor import IndexedSlices
from minitensor.views.records import VERSION, ValueView
from minitensor.views.statistics import (
    MOST_COUNTED,
    binned,
    fetch,
    histogram_of,
    is_numeric,
    namespace,
    thinned,
)
from minitensor.views.values import elements_in, view_of, wanted

BINS = 30


@dataclass(frozen=True)
class HistogramView:
    """How many elements fall between each two edges; NaN and infinities are counted in `value`.

    `counted` finite elements were looked at, `outside` of which are beyond the outer edges.
    `note` says why there is nothing to count, or that a sample was counted.
    """

    name: str
    dtype: str
    shape: list[int | None]
    value: ValueView | None
    edges: list[float]
    counts: list[int]
    counted: int
    outside: int = 0
    note: str = ""
    version: int = VERSION


def histogram_view(value: Any, bins: int | Sequence[float] = BINS, name: str = "") -> HistogramView:
    """The distribution of a tensor's finite elements.

    Args:
        value: a tensor, variable, array, IndexedSlices (of which the given rows count) or lists.
        bins: how many bins of equal width, or the edges of the bins.
        name: what to call it.

    Raises:
        InvalidArgumentError: (also a ValueError) for no bins, or edges that do not rise.

    Example:
        >>> view = histogram_view([0.0, 0.5, 0.6, 2.0], bins=2)
        >>> view.edges, view.counts
        ([0.0, 1.0, 2.0], [3, 1])
    """
    edges = _checked(bins)
    array = elements_in("histogram", value.values if isinstance(value, IndexedSlices) else value)
    label = name or getattr(value, "_label", "")
    if isinstance(array, NoElements):
        sizes: list[int | None] = [*(array.shape or ())]
        return HistogramView(label, value.dtype.name, sizes, None, [], [], 0,
                             note="Its values come when the function runs.")  # fmt: skip
    xp = namespace(array)
    if not is_numeric(array) or not array.size:
        found = view_of(array, fetch(xp, wanted(xp, array)))
        why = "It has no elements." if not array.size else "Only real numbers can be counted."
        return HistogramView(label, found.dtype, list(found.shape), found, [], [], 0, note=why)
    first = wanted(xp, array)
    pair = binned(xp, array, edges)
    host = fetch(xp, [*first, *pair])
    found = view_of(array, host[:-2])
    ends, counts = histogram_of(*host[-2:])
    return _view(label, found, ends, counts, array)


def _view(
    name: str, found: ValueView, edges: list[float], counts: list[int], array: Any
) -> HistogramView:
    looked = array.size if array.size <= MOST_COUNTED else thinned(array, MOST_COUNTED)[0].size
    finite = round(looked * (1 - found.nans - found.infs))
    note = "" if counts else "None of its elements is a finite number."
    if looked < array.size:
        note = f"A sample of {looked} of {array.size} elements was counted."
    outside = max(0, finite - sum(counts)) if looked == array.size else 0
    return HistogramView(name, found.dtype, list(found.shape), found, edges, counts, sum(counts),
                         outside, note)  # fmt: skip


def _checked(bins: int | Sequence[float]) -> np.ndarray | int:
    """How many bins, or their edges as numbers that rise."""
    if isinstance(bins, (int, np.integer)) and not isinstance(bins, bool):
        if 1 <= bins <= 500:
            return int(bins)
        fault, fix = f"{bins} is not from 1 to 500", "pass bins=30"
    else:
        fault, fix = "these edges do not rise from one to the next", "pass bins=[-1, 0, 1]"
        try:
            edges = np.asarray(bins, np.float64)
        except (TypeError, ValueError):
            edges, fault = np.zeros(0), "these are no numbers"
        known = edges.ndim == 1 and 2 <= edges.size <= 501 and np.isfinite(edges).all()
        if known and (edges[1:] > edges[:-1]).all():
            return edges
    raise InvalidArgumentError(
        message("histogram_view", f"bins={bins!r}", fault,
                "bins are a number, or two or more edges in rising order", fix)
    )  # fmt: skip

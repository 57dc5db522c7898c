"""The rows of one tag of one run, from all files of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from minitensor.summary.reading.columns import POINT
from minitensor.summary.reading.decoding import number
from minitensor.summary.reading.stored import Stored
from minitensor.summary.reading.tail import Tagged, Tail

__all__ = ["Merged", "conflicts", "merged"]


class Merged(NamedTuple):
    """The rows of a tag, file after file."""

    run: str
    tag: str
    first: Tagged
    tails: Sequence[Tail]
    which: np.ndarray
    """The number of the file of each row."""
    rows: np.ndarray

    @property
    def series(self) -> tuple[str, str, np.ndarray, np.ndarray]:
        """What every series begins with."""
        return self.run, self.tag, self.rows["step"].copy(), self.rows["time"].copy()

    def stored(self, decode: Callable, empty: Callable) -> Any:
        """The values, which are read when they are asked for."""
        return Stored(self.tag, self.tails, self.which, self.rows, decode, empty)


def merged(
    run: str, tag: str, held: Sequence[tuple[Tail, Tagged, np.ndarray]], most: int | None
) -> Merged:
    """Put the rows of several files together.

    Args:
        run: what the run is called.
        tag: what the rows are called.
        held: for each file what it holds under the tag, and the rows. The first says what kind the
            tag is of; files that say something else are left out.
        most: how many rows to give at most; None for all.
    """
    first = held[0][1]
    fitting = [(tail, rows, tagged) for tail, tagged, rows in held if _fits(first, tagged)]
    tails = [tail for tail, _, _ in fitting]
    pieces = [
        _as_points(tag, tail, rows) if first.kind == "scalars" and not tagged.kind else rows
        for tail, rows, tagged in fitting
    ]
    which = np.repeat(np.arange(len(pieces)), [len(rows) for rows in pieces])
    chosen = _chosen(len(which), most)
    return Merged(run, tag, first, tails, which[chosen], np.concatenate(pieces)[chosen])


def conflicts(tails: Iterable[Tail]) -> list[tuple[Tail, str, str, str]]:
    """The tags that hold another kind in an earlier file of the run.

    Returns:
        The later file, the tag, what it holds in the earlier file, and what it holds in this one.
    """
    found = []
    for _, group in groupby(sorted(tails, key=_place), key=lambda tail: tail.run):
        files = list(group)
        first: dict[str, Tagged] = {}
        for tail in files if len(files) > 1 else []:
            for tag, tagged in tail.tags.items():
                before = first.setdefault(tag, tagged)
                if not _fits(before, tagged):
                    found.append((tail, tag, before.kind or "tensors", tagged.kind))
    return found


def _place(tail: Tail) -> tuple[str, str]:
    return tail.run, tail.path.name


def _fits(first: Tagged, tagged: Tagged) -> bool:
    """Whether rows of a later file are of the kind of the first; those that do not say it are."""
    return tagged.kind in ("", first.kind or "tensors")


def _as_points(tag: str, tail: Tail, places: np.ndarray) -> np.ndarray:
    """Points of a curve whose file does not say that it is one."""
    found = np.empty(len(places), POINT)
    found["step"], found["time"] = places["step"], places["time"]
    which = np.zeros(len(places), np.int64)
    found["value"] = list(Stored(tag, [tail], which, places, number, lambda: float("nan")))
    return found


def _chosen(count: int, most: int | None) -> np.ndarray | slice:
    """Which rows to give: evenly spaced ones, with the first and the last."""
    if most is None or count <= most:
        return slice(None)
    return np.linspace(0, count - 1, most).round().astype(np.int64)

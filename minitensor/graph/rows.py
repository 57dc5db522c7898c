"""What a loop keeps of each iteration: rows, stacked; or side by side where their shapes differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.backend import NAMESPACE

__all__ = ["Ragged", "collected"]


class Ragged:
    """Rows of different shapes, as an array-like whose first axis is known.

    Only loops make these, for the way back: an iteration's row is read again, or two of these are
    added. No learner ever meets one.
    """

    def __init__(self, rows: Sequence[np.ndarray]):
        self.rows = list(rows)
        self.dtype = self.rows[0].dtype
        self.shape = (len(self.rows), *[None] * self.rows[0].ndim)
        self.ndim = len(self.shape)
        self.nbytes = sum(row.nbytes for row in self.rows)
        self.flags = np.zeros(()).flags  # compiled code asks whether memory lies in one piece

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.rows[index[0] if isinstance(index, tuple) else index]

    def __len__(self) -> int:
        return len(self.rows)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        """What numpy's functions do of this: only `zeros_like`."""
        if function is not np.zeros_like:
            return NotImplemented
        return Ragged([np.zeros_like(row) for row in self.rows])

    def __add__(self, other: Any) -> Ragged:
        return Ragged([a + b for a, b in zip(self.rows, other, strict=True)])


NAMESPACE[Ragged] = np


def collected(rows: Sequence[Any], spec: Any) -> Any:
    """The rows along a new first axis; `spec` is that of the result, for a loop that never ran."""
    if not rows:
        return np.zeros((0, *(d or 0 for d in (spec.shape or (0,))[1:])), spec.dtype)
    first = rows[0].shape
    if all(row.shape == first for row in rows):
        found = np.empty((len(rows), *first), rows[0].dtype)
        for i, row in enumerate(rows):
            found[i] = row
        return found
    return Ragged(rows)

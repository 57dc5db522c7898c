"""Arrays that grow at their end."""

from __future__ import annotations

import numpy as np

__all__ = ["Rows"]


class Rows:
    """Rows of one dtype; adding is cheap because room is made for as many again.

    Example:
        >>> rows = Rows(np.dtype(np.int64))
        >>> rows.add(np.arange(3))
        >>> rows.add(np.arange(2))
        >>> rows.array
        array([0, 1, 2, 0, 1])
    """

    def __init__(self, dtype: np.dtype):
        self._room = np.empty(4, dtype)
        self._count = 0

    def add(self, rows: np.ndarray) -> None:
        """Put rows at the end."""
        count = self._count + len(rows)
        if count > len(self._room):
            room = np.empty(max(count, 2 * len(self._room)), self._room.dtype)
            room[: self._count] = self.array
            self._room = room
        self._room[self._count : count] = rows
        self._count = count

    @property
    def array(self) -> np.ndarray:
        """All rows."""
        return self._room[: self._count]

    def __len__(self) -> int:
        return self._count

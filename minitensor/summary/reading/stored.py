"""Values that stay in their files until they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np

from minitensor.summary.reading.decoding import MALFORMED, Outline
from minitensor.summary.reading.tail import Tail

__all__ = ["Stored"]

T = TypeVar("T")


class Stored(Sequence, Generic[T]):
    """A list whose items are read and decoded when they are asked for, each time anew.

    Args:
        tag: what they are called.
        tails: the files.
        which: the number of the file of each item.
        places: where they lie, of dtype `PLACE`.
        decode: makes an item of a value.
        empty: what stands for one that cannot be read; a problem of its file says why.
    """

    def __init__(
        self, tag: str, tails: Sequence[Tail], which: np.ndarray, places: np.ndarray,
        decode: Callable[[Outline], T], empty: Callable[[], T],
    ):  # fmt: skip
        self._tag, self._tails, self._which, self._places = tag, tails, which, places
        self._decode, self._empty = decode, empty

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Stored[T]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            which, places = self._which[at], self._places[at]
            return Stored(self._tag, self._tails, which, places, self._decode, self._empty)
        place = self._places[at]
        tail = self._tails[int(self._which[at])]
        try:
            return self._decode(tail.value(*(int(place[x]) for x in ("at", "size", "index"))))
        except (OSError, *MALFORMED) as error:
            tail.unfit(self._tag, int(place["step"]), error)
            return self._empty()

    def __repr__(self) -> str:
        return f"<{len(self)} values of {self._tag!r} in event files>"

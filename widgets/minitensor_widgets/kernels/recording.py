"""Arrays that note each read and write, in order, while a loop nest runs on them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from types import CodeType
from typing import Any

ALIGNED = 16  # every array starts at a line of its own, whatever the size of lines
MOST_ACCESSES = 1_100_000
MOST_KEPT = 20_000
MOST_ELEMENTS = 2**22  # of an array


class TooManyError(Exception):
    """The nest made more accesses than are counted."""


class Number(float):
    """A number that came from an array: arithmetic with it is counted."""

    __slots__ = ("_recorder",)

    def __new__(cls, value: float, recorder: Recorder) -> Number:
        """A number, and who counts what is done with it."""
        made = super().__new__(cls, value)
        made._recorder = recorder
        return made


def _counted(name: str) -> Any:
    plain = getattr(float, name)

    def operate(self: Number, other: Any) -> Any:
        result = plain(self, other)
        if result is NotImplemented:
            return result
        self._recorder.operations += 1
        return Number(result, self._recorder)

    return operate


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Number, f"__{_name}__", _counted(f"__{_name}__"))
    setattr(Number, f"__r{_name}__", _counted(f"__r{_name}__"))


class Recorder:
    """Everything that happened: the accesses in order, and the line and loop variables of each.

    `visits` groups accesses that share a line and loop variables: line, number of accesses,
    operations, values of the variables. Only the first MOST_KEPT accesses have a visit.
    """

    def __init__(self, code: CodeType, variables: Sequence[str]) -> None:
        self.code, self.variables = code, variables
        self.codes: list[int] = []
        self.visits: list[list[int]] = []
        self.rows: list[list[int]] = []
        """First access of each turn of the outermost loop: value of its variable, position."""
        self.operations = 0
        self.size = 0
        self._place: tuple[int, ...] | None = None
        self._done = 0

    def room(self, size: int) -> int:
        """The address of an array of this many elements."""
        base = self.size
        self.size += -(-max(size, 1) // ALIGNED) * ALIGNED
        return base

    def note(self, address: int, write: int) -> None:
        """An access to an element."""
        codes = self.codes
        if len(codes) >= MOST_ACCESSES:
            raise TooManyError
        frame = sys._getframe(2)
        while frame is not None and frame.f_code is not self.code:
            frame = frame.f_back
        if frame is not None:
            self._visit(frame)
        codes.append(2 * address + write)

    def _visit(self, frame: Any) -> None:
        found = frame.f_locals
        values = [found.get(name, -1) for name in self.variables]
        first = values[0] if values else 0
        if not self.rows or self.rows[-1][0] != first:
            self.rows.append([first, len(self.codes)])
        if len(self.codes) >= MOST_KEPT:
            return
        place = (frame.f_lineno, *values)
        if place != self._place:
            self.finish()
            self._place = place
            self.visits.append([frame.f_lineno, 0, 0, *values])
        self.visits[-1][1] += 1

    def finish(self) -> None:
        """Give the operations since the last visit began to it."""
        if self.visits:
            self.visits[-1][2] = self.operations - self._done
        self._done = self.operations


class Traced:
    """An array of numbers that tells a recorder what is read and written.

    Example:
        >>> recorder = Recorder((lambda: None).__code__, [])
        >>> a = Traced("a", (2, 3), [0.0] * 6, recorder)
        >>> a[1, 2] = a[0, 1] + 1.0
        >>> recorder.codes, recorder.operations
        ([2, 11], 1)
    """

    def __init__(
        self, name: str, shape: Sequence[int], data: list[float], recorder: Recorder
    ) -> None:
        self.name, self.shape, self.data, self._recorder = name, tuple(shape), data, recorder
        self.base, self._start = recorder.room(prod(shape)), 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        place, rest = self._find(index)
        if rest:
            row = object.__new__(Traced)
            row.__dict__.update(self.__dict__, shape=rest, _start=place)
            return row
        self._recorder.note(self.base + place, 0)
        return Number(self.data[place], self._recorder)

    def __setitem__(self, index: Any, value: Any) -> None:
        place, rest = self._find(index)
        if rest:
            raise IndexError(self._whole(index))
        self._recorder.note(self.base + place, 1)
        self.data[place] = float(value)

    def _find(self, index: Any) -> tuple[int, tuple[int, ...]]:
        parts = index if isinstance(index, tuple) else (index,)
        rest = self.shape[len(parts) :]
        if len(parts) > len(self.shape):
            raise IndexError(
                f"{self.name}[{_written(parts)}]: {self.name} has shape {self.shape}, so an "
                f"element has {len(self.shape)} indices, and {len(parts)} were given."
            )
        place = 0
        for part, length in zip(parts, self.shape, strict=False):
            if not hasattr(part, "__index__"):
                raise IndexError(self._whole(index))
            at = part.__index__()
            if not -length <= at < length:
                raise IndexError(
                    f"{self.name}[{_written(parts)}] is outside of {self.name} of shape "
                    f"{self.shape}: an index of this axis is at least 0 and less than {length}."
                )
            place = place * length + at % length
        for length in rest:
            place *= length
        return self._start + place, rest

    def _whole(self, index: Any) -> str:
        return (
            f"{self.name}[{_written(index if isinstance(index, tuple) else (index,))}]: a recorded "
            "array is read and written one element at a time, so that each access can be seen. "
            "Write a loop over the elements."
        )


def _written(parts: Sequence[Any]) -> str:
    shown = (":" if isinstance(part, slice) else repr(part) for part in parts)
    return ", ".join(shown)


def check_size(name: str, shape: Sequence[int]) -> None:
    """Refuse an array whose sizes are none, or which is too large to be recorded.

    Raises:
        ValueError: says how large it may be.
    """
    if min(shape, default=0) < 0:
        raise ValueError(f"The argument {name} has shape {tuple(shape)}: a size is at least 0.")
    if prod(shape) > MOST_ELEMENTS:
        raise ValueError(
            f"The array {name} of shape {tuple(shape)} has {prod(shape):,} elements, and each read "
            f"and write of a recorded array is kept: at most {MOST_ELEMENTS:,} can be. Give small "
            "sizes, such as 6 or 64; the pattern is the same."
        )


def flattened(value: Any, name: str) -> tuple[tuple[int, ...], list[float]]:
    """Shape and numbers of an array, a nested list, or a tuple that is a shape (of zeros).

    Raises:
        TypeError: for what holds no numbers.
        ValueError: for what is too large.
    """
    if isinstance(value, tuple) and all(type(size) is int for size in value):
        check_size(name, value)
        return value, [0.0] * prod(value)
    import numpy as np

    try:
        made = np.asarray(value)
    except ValueError:
        raise TypeError(
            f"The argument {name} is a nested list whose parts have different lengths: it has no "
            "shape. Give each row as many numbers."
        ) from None
    if made.dtype.kind not in "biuf":
        raise TypeError(
            f"The argument {name} is {type(value).__name__}, which is no array of numbers. Give a "
            "numpy array, a nested list, or a tuple of sizes for an array of zeros."
        )
    check_size(name, made.shape)
    return made.shape, made.astype(float).ravel().tolist()

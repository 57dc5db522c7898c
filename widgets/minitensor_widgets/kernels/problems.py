"""What goes wrong in kernels, in words: who, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Index = tuple[int, ...]


@dataclass
class Problem:
    """One mistake of a kernel.

    Args:
        kind: "out of bounds", "race", "uninitialised", "barrier", "endless", "error", "memory".
        text: what happened: thread, line and cell.
        fix: what to do.
        line: the line of the kernel, from 1 at its `def`.
        block: the number of the block.
        thread: the number of the thread in its block.
        array: the name of the array; empty where there is none.
        cell: the element of the array, or -1.
        at: how many accesses had happened.
        count: how often the same happened at the same line.
        other: the other line of a race; 0 where there is none.
    """

    kind: str
    text: str
    fix: str
    line: int
    block: int = 0
    thread: int = 0
    array: str = ""
    cell: int = -1
    at: int = 0
    count: int = 1
    other: int = 0

    def __str__(self) -> str:
        again = f" This happens {self.count:,} times." if self.count > 1 else ""
        return f"{self.kind}: {self.text}{again} {self.fix}"


def coordinates(number: int, sizes: Sequence[int]) -> Index:
    """The indices (x, y, z) of a thread or block from its number; x runs fastest.

    Example:
        >>> coordinates(7, (4, 3, 1))
        (3, 1, 0)
    """
    x, rest = number % sizes[0], number // sizes[0]
    return x, rest % sizes[1], rest // sizes[1]


def index_text(number: int, sizes: Sequence[int]) -> str:
    """A thread or block as a kernel sees it: one index, or as many as its grid has.

    Example:
        >>> index_text(7, (8, 1, 1)), index_text(7, (4, 3, 1))
        ('7', '(3, 1)')
    """
    place = coordinates(number, sizes)
    if sizes[1] == sizes[2] == 1:
        return str(place[0])
    return str(place if sizes[2] > 1 else place[:2])


def cell_text(name: str, shape: Sequence[int], flat: int) -> str:
    """An element of an array as Python writes it.

    Example:
        >>> cell_text("a", (2, 3), 5)
        'a[1, 2]'
    """
    parts = []
    for length in reversed(shape):
        parts.append(str(flat % length))
        flat //= length
    return f"{name}[{', '.join(reversed(parts))}]"


def threads_text(numbers: Sequence[int], sizes: Sequence[int]) -> str:
    """Several threads: the first and the last of each run.

    Example:
        >>> threads_text([0, 1, 2, 5], (8, 1, 1))
        'threads 0 to 2 and 5'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    parts = [" to ".join(index_text(end, sizes) for end in run) for run in runs[:3]]
    more = " and others" if len(runs) > 3 else ""
    word = "thread" if len(numbers) == 1 else "threads"
    if more or len(parts) == 1:
        return f"{word} {', '.join(parts)}{more}"
    return f"{word} {', '.join(parts[:-1])} and {parts[-1]}"


class Problems:
    """The problems of a launch: the same mistake of another thread is counted, not told again."""

    def __init__(self) -> None:
        self._found: dict[tuple, Problem] = {}

    def add(self, problem: Problem, *key: object) -> None:
        """Note a problem; `key` is what makes it the same as an earlier one, else its line."""
        same = (problem.kind, problem.array, *(key or (problem.line,)))
        if same in self._found:
            self._found[same].count += 1
        else:
            self._found[same] = problem

    def all(self) -> list[Problem]:
        """In the order in which they happened."""
        return sorted(self._found.values(), key=lambda problem: problem.at)

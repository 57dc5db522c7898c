"""What memory makes of the accesses of a warp: 32 threads that run one instruction together.

Global memory is fetched in segments of 32 bytes: the fewer a warp touches, the better. Shared
memory has 32 banks of 4 bytes: threads that want different words of one bank wait for each other.

Source: NVIDIA, "CUDA C++ Best Practices Guide", sections on coalesced access and shared memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .races import Event

WARP, SEGMENT, BANKS, WORD = 32, 32, 32, 4


def segments(cells: Iterable[int], size: int) -> int:
    """How many segments of 32 bytes hold these elements.

    Example:
        >>> segments(range(8), 4), segments(range(0, 256, 8), 4)
        (1, 32)
    """
    return len({cell * size // SEGMENT for cell in cells})


def fewest(cells: Sequence[int], size: int) -> int:
    """How many segments would do if the elements lay side by side."""
    return -(-len(set(cells)) * size // SEGMENT)


def conflicts(cells: Iterable[int], size: int) -> int:
    """How many more turns a warp takes because of words in the same bank.

    Example:
        >>> conflicts(range(32), 4), conflicts(range(0, 64, 2), 4), conflicts([7] * 32, 4)
        (0, 1, 0)
    """
    words = {cell * size // WORD for cell in cells}
    return max(Counter(word % BANKS for word in words).values(), default=1) - 1


def groups(log: Sequence[Event], sites: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Site and cells of each instruction of each warp: what its threads touch together.

    Threads run the same instruction together when each has met it as often before. `sites` says
    where the instruction begins that an event's site is a part of.
    """
    found: dict[tuple[int, int], list[int]] = {}
    warp, thread, times = 0, -1, {}
    for number, cell, _, site, _ in log:
        if number != thread:
            thread, times = number, {}
            if number // WARP != warp:
                yield from ((site, cells) for (site, _), cells in found.items())
                warp, found = number // WARP, {}
        begin = sites[site]
        time = times[begin] = times.get(begin, -1) + 1
        together = (begin, time)
        if together in found:
            found[together].append(cell)
        else:
            found[together] = [cell]
    yield from ((site, cells) for (site, _), cells in found.items())


@dataclass
class LineTraffic:
    """The memory traffic of one line of a kernel.

    Args:
        line: the line.
        array: the array it touches.
        space: "global" or "shared".
        requests: how many times a warp asked.
        segments: how many segments of global memory it touched.
        fewest: how many it had to.
        conflicts: turns lost to bank conflicts in shared memory.
    """

    line: int
    array: str
    space: str
    requests: int = 0
    segments: int = 0
    fewest: int = 0
    conflicts: int = 0

"""A cache that keeps the lines used last. `static/kernels/lru.js` is its twin.

A line is a run of elements that travel together; an element has four bytes unless said otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

ELEMENT = 4  # bytes, as float32
LINE_SIZES = (4, 8, 16)
LINE_COUNTS = (4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Cache:
    """How large a cache is.

    Args:
        line: elements of a line: 4, 8 or 16.
        lines: how many lines fit.
        ways: how many lines share a set; None lets every line stand anywhere.

    Raises:
        ValueError: when the numbers make no cache.

    Example:
        >>> Cache(line=4, lines=8, ways=2).sets
        4
    """

    line: int = 4
    lines: int = 8
    ways: int | None = None

    def __post_init__(self) -> None:
        if self.line not in LINE_SIZES or self.lines < 1:
            raise ValueError(
                f"Cache(line={self.line}, lines={self.lines}): a line has 4, 8 or 16 elements, and "
                "there is at least one line. Give for example Cache(line=4, lines=8)."
            )
        if self.ways is not None and (self.ways < 1 or self.lines % self.ways):
            raise ValueError(
                f"Cache(lines={self.lines}, ways={self.ways}): the lines are dealt to sets of "
                f"{self.ways}, so {self.ways} must divide {self.lines}."
            )

    @property
    def sets(self) -> int:
        """How many sets there are; a line stands only in the set its address names."""
        return self.lines // (self.ways or self.lines)


@dataclass
class Traffic:
    """What passed between a cache and memory."""

    hits: int = 0
    misses: int = 0
    written: int = 0
    """Changed lines that went back to memory to make room."""
    changed: int = 0
    """Changed lines that are still in the cache and have to go back one day."""
    by_line: Counter[int] = field(default_factory=Counter)
    """How often each line was fetched."""

    def moved(self, line: int, element: int = ELEMENT) -> int:
        """Bytes between cache and memory, those still to come among them."""
        return (self.misses + self.written + self.changed) * line * element


class Running:
    """A cache while accesses go through it."""

    def __init__(self, cache: Cache) -> None:
        self.cache, self._seen = cache, Traffic()
        self._sets: list[dict[int, int]] = [{} for _ in range(cache.sets)]

    def send(self, codes: Iterable[int]) -> None:
        """Let accesses through; the code of an access is 2 * address + (1 for a write)."""
        cache, seen, sets = self.cache, self._seen, self._sets
        room, width, count = cache.lines // cache.sets, 2 * cache.line, cache.sets
        for code in codes:
            line = code // width
            held = sets[line % count]  # oldest first: a dict keeps the order of insertion
            changed = held.pop(line, -1)
            if changed < 0:
                seen.by_line[line] += 1
                changed = 0
                if len(held) == room:
                    seen.written += held.pop(next(iter(held)))
            else:
                seen.hits += 1
            held[line] = changed | (code & 1)

    def traffic(self) -> Traffic:
        """What has passed until now."""
        self._seen.misses = sum(self._seen.by_line.values())
        self._seen.changed = sum(sum(held.values()) for held in self._sets)
        return self._seen


def traffic(codes: Iterable[int], cache: Cache) -> Traffic:
    """Send accesses through an empty cache.

    Example:
        >>> found = traffic([0, 2, 4, 6, 8], Cache(line=4, lines=1))  # reads of five elements
        >>> found.hits, found.misses
        (3, 2)
    """
    running = Running(cache)
    running.send(codes)
    return running.traffic()

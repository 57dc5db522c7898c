"""Data races: two threads at one cell with nothing between them, and one of them writes.

For each cell it is enough to remember one plain write, two reads and two atomic operations of
different threads: any later access of a third thread meets one of them. A cell that only one thread
touched, as most are, needs less: its one event, or its write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .memory import ATOMIC, READ, WRITE

Event = tuple[int, int, int, int, Any]
"""thread, cell, kind, site, value"""
Met = tuple[int, Event]
"""Who was there, a thread or a block, and what it did."""
Told = Callable[[Met, Met], None]


class Cell:
    """Who was at a cell since the last barrier.

    Example:
        >>> cell = Cell()
        >>> cell.meet(0, (0, 5, WRITE, 0, 1.0)), cell.meet(1, (1, 5, READ, 2, 1.0))
        (None, (0, (0, 5, 1, 0, 1.0)))
    """

    __slots__ = ("atomics", "reads", "write")

    def __init__(self) -> None:
        self.write: Met | None = None
        self.reads: list[Met] = []
        self.atomics: list[Met] = []

    def meet(self, who: int, event: Event) -> Met | None:
        """Another who was here and may not come in either order; then remember this one."""
        kind, write = event[2], self.write
        other = write if write is not None and write[0] != who else None
        if other is None and kind != ATOMIC:
            other = _another(self.atomics, who)
        if other is None and kind != READ:
            other = _another(self.reads, who)
        if kind == WRITE:
            self.write = (who, event)
        else:
            seen = self.reads if kind == READ else self.atomics
            if not seen or (len(seen) == 1 and seen[0][0] != who):
                seen.append((who, event))
        return other

    def everyone(self) -> list[Event]:
        """What was remembered."""
        found = [*self.reads, *self.atomics, *([self.write] if self.write else [])]
        return [event for _, event in found]


def _another(seen: list[Met], who: int) -> Met | None:
    for met in seen:
        if met[0] != who:
            return met
    return None


class Races:
    """The cells of a phase of a block, and of the blocks of a launch."""

    def __init__(self, tell: Told, tell_blocks: Told) -> None:
        self._tell, self._tell_blocks = tell, tell_blocks
        self._across: dict[int, tuple[int, list[Event]] | Cell] = {}

    def phase(self, log: list[Event], block: int, shared_from: int) -> None:
        """Look at what the threads of a block did between two barriers."""
        cells: dict[int, Event | Cell] = {}
        for event in log:
            place = event[1]
            met: Any = cells.get(place)
            if met is None:
                cells[place] = event
            elif met.__class__ is Cell:
                self._meet(met, event)
            elif met[0] == event[0] and WRITE in (met[2], event[2]):  # one thread: keep its write
                cells[place] = met if met[2] == WRITE else event
            elif met[0] != event[0] or met[2] != event[2]:
                cell = cells[place] = Cell()
                self._meet(cell, met)
                self._meet(cell, event)
        for place, last in cells.items():
            if place < shared_from:
                seen = last.everyone() if isinstance(last, Cell) else [last]
                self._between_blocks(place, seen, block)

    def _meet(self, cell: Any, event: Any) -> None:
        other = cell.meet(event[0], event)
        if other is not None:
            self._tell(other, (event[0], event))

    def _between_blocks(self, place: int, events: list[Event], block: int) -> None:
        met = self._across.get(place)
        if met is None:
            self._across[place] = (block, events)
            return
        if not isinstance(met, Cell):
            first, seen = met
            if first == block:
                seen += events
                return
            met = self._across[place] = Cell()
            for event in seen:
                met.meet(first, event)
        for event in events:
            other = met.meet(block, event)
            if other is not None:
                self._tell_blocks(other, (block, event))

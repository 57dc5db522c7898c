"""Blocks of threads in plain Python: each thread runs to its next barrier, then the next one does.

Threads of a block take turns in order of their numbers, and blocks follow one another. A GPU keeps
no such order, so whatever depends on it is reported, whatever the numbers are.
"""

from __future__ import annotations

import dis
import traceback
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import prod
from types import CodeType
from typing import Any

from .device import Arrays, Dim3, EndlessError, Thread
from .guards import guard, written_index
from .memory import ATOMIC, READ, SIZES, Memory, dtype_name
from .problems import Problem, Problems, cell_text, coordinates, index_text, threads_text
from .races import Event, Met, Races
from .source import Kernel
from .warps import LineTraffic, conflicts, fewest, groups, segments

MOST_TURNS, MOST_ACCESSES, MOST_KEPT = 100_000, 2_000_000, 20_000
MOST_SHARED = 48 * 1024
APART = 64  # arrays begin at multiples of this many cells, as memory on a GPU is aligned
COUNTS = ("global reads", "global writes", "shared reads", "shared writes", "atomics", "barriers")


def _sites(code: CodeType) -> list[int]:
    """Where the instruction begins that holds each offset of the code.

    CPython 3.11 and later rewrite instructions while they run; then a frame says where the last
    part of one lies, and said before where it begins.
    """
    found, start = [], 0
    begins = {instruction.offset for instruction in dis.get_instructions(code)}
    for offset in range(len(code.co_code)):
        start = offset if offset in begins else start
        found.append(start)
    return found


class Machine:
    """A simulated launch.

    Args:
        kernel: what every thread runs.
        grid: how many blocks.
        block: how many threads each has.
    """

    def __init__(self, kernel: Kernel, grid: Dim3, block: Dim3) -> None:
        self.kernel, self.grid, self.block = kernel, grid, block
        self.most_accesses = MOST_ACCESSES  # of a launch
        self.log: list[Event] = []
        self.thread, self._block, self.turns_left = 0, 0, MOST_TURNS
        self.problems = Problems()
        self.arrays: list[Memory] = []
        self.shared, self.local = Arrays(self, "shared"), Arrays(self, "local")
        self.phases: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.accesses = 0
        self.cut = False
        """Whether there were more accesses than are kept."""
        self.tallies: dict[tuple[int, int], list[int]] = {}
        self.traffic: dict[tuple[int, str], LineTraffic] = {}
        self._next, self._starts = 0, [0]
        self._of_block: dict[int, Memory] = {}
        self._offsets: dict[int, int] = {}
        self._names = kernel.allocations()
        self._shared_from = 0
        self._diverged = False
        self._steps = kernel.steps()
        self.code = self._steps.__code__
        self._lines = {
            at: line or 0 for start, end, line in self.code.co_lines() for at in range(start, end)
        }
        self._threads = [
            Thread(self, Dim3(*coordinates(number, block))) for number in range(prod(block))
        ]
        self._unknown: list[tuple[Event, Memory]] = []
        self.sites = _sites(self.code)
        self._races = Races(self._race, self._race_of_blocks)

    # ---- what arrays and threads ask for

    def line(self, site: int) -> int:
        """The line of the kernel with this instruction."""
        return self._lines.get(site, 0)

    def kernel_frame(self, frame: Any) -> Any:
        """The kernel's own frame, called from a function that the kernel calls."""
        while frame.f_code is not self.code:
            frame = frame.f_back
        return frame

    def place(self, memory: Memory) -> Memory:
        """Give an array its numbers of cells."""
        memory.offset = self._next
        self._next += -(-max(memory.size, 1) // APART) * APART
        self.arrays.append(memory)
        self._starts.append(self._next)
        return memory

    def owner(self, cell: int) -> Memory:
        """The array a cell belongs to."""
        return self.arrays[bisect_right(self._starts, cell) - 1]

    def allocate(self, space: str, site: int, shape: Any, dtype: Any) -> Memory:
        """A shared array, the same for all threads of a block, or a local one."""
        sizes = (shape,) if isinstance(shape, int) else tuple(shape)
        site, line = self.sites[site], self.line(site)
        name = self._names.get(line, f"{space} array")
        if space == "local":
            return Memory(name, sizes, dtype_name(dtype), space, self)
        if site not in self._of_block:
            made = Memory(name, sizes, dtype_name(dtype), space, self)
            if site in self._offsets:
                made.offset = self._offsets[site]
            else:
                self._offsets[site] = self.place(made).offset
                self._check_room(line)
            self._of_block[site] = made
        return self._of_block[site]

    def _check_room(self, line: int) -> None:
        shared = [array for array in self.arrays if array.space == "shared"]
        size = sum(array.size * SIZES[array.dtype] for array in shared)
        if size > MOST_SHARED:
            text = (
                f"Line {line}: the shared arrays of a block have {size:,} bytes, and there are "
                f"{MOST_SHARED:,}."
            )
            self._add("memory", line, text, "Work on smaller tiles, one after the other.")

    # ---- problems

    def _who(self) -> str:
        return self._named(self._block, self.thread)

    def _named(self, block: int, thread: int) -> str:
        of = f" of block {index_text(block, self.grid)}" if prod(self.grid) > 1 else ""
        return f"thread {index_text(thread, self.block)}{of}"

    def _add(
        self, kind: str, line: int, text: str, fix: str, array: str = "", cell: int = -1,
        thread: int | None = None, key: tuple = (),
    ) -> None:  # fmt: skip
        who = self.thread if thread is None else thread
        at = self.accesses + len(self.log)
        problem = Problem(kind, text, fix, line, self._block, who, array, cell, at)
        self.problems.add(problem, *key)

    def out_of_bounds(self, memory: Memory, index: Sequence[Any], verb: str, site: int) -> None:
        """A thread missed an array."""
        line = self.line(site)
        shown = ", ".join(str(int(part)) for part in index)
        axes = " and ".join(f"0 to {size - 1}" for size in memory.shape) or "none"
        text = (
            f"Line {line}: {self._who()} {verb} {memory.name}[{shown}], but {memory.name} has "
            f"shape {memory.shape}: its indices are {axes}."
        )
        written = written_index(self.code, self.kernel.source, self.sites[site])
        fix = guard(memory.name, memory.shape, [int(part) for part in index], written)
        self._add("out of bounds", line, text, fix, memory.name)

    def uninitialised(self, memory: Memory, flat: int, site: int, value: Any) -> None:
        """A thread read what nobody had written. If another does so later, it is a race."""
        event = (self.thread, memory.offset + flat, READ, site, value)
        if memory.space == "shared":
            self.log.append(event)
            self._unknown.append((event, memory))
        else:
            self._unwritten(event, memory, flat)

    def _unwritten(self, event: Event, memory: Memory, flat: int) -> None:
        line, cell = self.line(event[3]), cell_text(memory.name, memory.shape, flat)
        who = self._named(self._block, event[0])
        text = (
            f"Line {line}: {who} reads {cell} of {memory.space} memory before anything is written "
            "there. It holds whatever was left by others."
        )
        fix = "Write every element first, 0 where there is no data."
        self._add("uninitialised", line, text, fix, memory.name, flat, event[0])

    def _race(self, other: Met, this: Met) -> None:
        first, second = self._named(self._block, other[0]), self._named(self._block, this[0])
        fix = "Put cuda.syncthreads() between the two, where every thread of the block comes by."
        if other[1][2] != READ != this[1][2]:
            fix = "Give each thread an element of its own, or use cuda.atomic.add(array, index, x)."
        if self.line(other[1][3]) == self.line(this[1][3]) and READ in (other[1][2], this[1][2]):
            fix += " Where all are to add to it, use cuda.atomic.add(array, index, x)."
        ending = "with no barrier between them: either may come first."
        self._clash(other[1], this[1], first, second, ending, fix)

    def _race_of_blocks(self, other: Met, this: Met) -> None:
        first = self._named(other[0], other[1][0])
        second = self._named(this[0], this[1][0])
        ending = "and blocks run in any order: no barrier holds between them."
        fix = (
            "Give each block elements of its own, use cuda.atomic.add(array, index, x), or make "
            "two launches: the second begins when the first has ended."
        )
        self._clash(other[1], this[1], first, second, ending, fix)

    def _clash(
        self, one: Event, two: Event, first: str, second: str, ending: str, fix: str
    ) -> None:
        memory = self.owner(two[1])
        flat = two[1] - memory.offset
        cell = cell_text(memory.name, memory.shape, flat)
        before, line = self.line(one[3]), self.line(two[3])
        lines = f"Line {line}" if before == line else f"Lines {before} and {line}"
        verbs = ("reads", "writes", "changes")
        text = f"{lines}: {first} {verbs[one[2]]} {cell} and {second} {verbs[two[2]]} it, {ending}"
        across = ending.startswith("and")
        kind = "race between blocks" if across else "race"
        key = (min(before, line), max(before, line))
        at = self.accesses + len(self.log)
        problem = Problem(
            kind, text, fix, line, self._block, two[0], memory.name, flat, at, other=before
        )
        self.problems.add(problem, *key)

    # ---- running

    def run(self, args: Sequence[Any]) -> None:
        """Run all blocks, one after the other."""
        self._shared_from = self._next
        try:
            for block in range(prod(self.grid)):
                self._block = block
                self._run_block(args)
        except EndlessError:
            if self.log:
                self._end_of_phase({})

    def _run_block(self, args: Sequence[Any]) -> None:
        self._of_block, self._diverged = {}, False
        place = Dim3(*coordinates(self._block, self.grid))
        running: list[tuple[int, Iterator[int]]] = []
        for number, thread in enumerate(self._threads):
            thread.blockIdx = place
            names = [thread] * len(self.kernel.devices)
            running.append((number, self._steps(*names, *args)))
        while running:
            stops = [(number, steps, self._advance(number, steps)) for number, steps in running]
            waiting = {number: line for number, _, line in stops if line is not None}
            self._end_of_phase(waiting)
            running = [(number, steps) for number, steps, line in stops if line is not None]
            if waiting and len(set(waiting.values())) + (len(waiting) < prod(self.block)) > 1:
                self._divergence(waiting)

    def _advance(self, number: int, steps: Iterator[int]) -> int | None:
        """Let a thread run to its next barrier: the line of it, or None at the end."""
        self.thread, self.turns_left = number, MOST_TURNS
        try:
            return next(steps)
        except StopIteration:
            return None
        except EndlessError as error:
            self._endless(self._line_of(error))
            raise
        except Exception as error:  # a learner's own: it becomes a problem of the launch
            self._failure(error)
            return None

    def _line_of(self, error: Exception) -> int:
        frames = traceback.walk_tb(error.__traceback__)
        return next((line for frame, line in frames if frame.f_code is self.code), 0)

    def _endless(self, line: int) -> None:
        text = (
            f"Line {line}: {self._who()} turned round a loop {MOST_TURNS:,} times"
            if self.turns_left < 0
            else f"The threads made more than {self.most_accesses:,} accesses"
        )
        fix = (
            "Check what ends the loop, or give less to do. A loop that waits for another thread "
            "never ends: threads meet only at cuda.syncthreads()."
        )
        self._add("endless", line, f"{text}, and the launch was stopped.", fix)

    def _failure(self, error: Exception) -> None:
        line = self._line_of(error)
        text = f"Line {line}: {self._who()} stopped with {type(error).__name__}: {error}"
        fix = "Mend this line; the same would be wrong on a GPU, where no error is shown."
        self._diverged = True  # what others now miss at barriers has this one cause
        self._add("error", line, text if text.endswith(".") else f"{text}.", fix)

    def _divergence(self, waiting: dict[int, int]) -> None:
        if self._diverged:
            return
        self._diverged = True
        lines = sorted(set(waiting.values()))
        missing = [number for number in range(prod(self.block)) if number not in waiting]
        told = []
        for line in lines:
            here = [number for number, at in waiting.items() if at == line]
            told.append(f"{threads_text(here, self.block)} wait at line {line}")
        if missing:
            told.append(f"{threads_text(missing, self.block)} never come to it")
        of = f" of block {index_text(self._block, self.grid)}" if prod(self.grid) > 1 else ""
        text = f"Line {lines[0]}: at cuda.syncthreads(){of}, {', but '.join(told)}."
        fix = (
            "On a GPU the block hangs or goes on with wrong numbers. Let all threads of a block "
            "come to the same barrier: take it out of the if, or out of the loop."
        )
        first = missing[0] if missing else next(iter(waiting))
        self._add("barrier", lines[0], text, fix, thread=first)

    # ---- what is kept

    def _end_of_phase(self, waiting: dict[int, int]) -> None:
        log = self.log
        written = {event[1] for event in log if event[2] != READ} if self._unknown else set()
        for event, memory in self._unknown:
            if event[1] not in written:
                self._unwritten(event, memory, event[1] - memory.offset)
        self._unknown.clear()
        self._races.phase(log, self._block, self._shared_from)
        self._count(log)
        self._memory_traffic(log)
        for number in waiting:
            self.tallies.setdefault((self._block, number), [0] * len(COUNTS))[5] += 1
        room = MOST_KEPT - len(self.events)
        self.cut = self.cut or len(log) > room
        start = len(self.events)
        self.events += log[: max(room, 0)]
        self.accesses += len(log)
        lines = sorted(set(waiting.values()))
        if start < MOST_KEPT:
            phase = {"block": self._block, "start": start, "end": len(self.events), "stops": lines}
            self.phases.append(phase)
        log.clear()
        if self.accesses > self.most_accesses:
            self._endless(0)
            raise EndlessError

    def _count(self, log: list[Event]) -> None:
        thread, border = -1, self._shared_from
        tally: list[int] = []
        for event in log:
            if event[0] != thread:
                thread = event[0]
                tally = self.tallies.setdefault((self._block, thread), [0] * len(COUNTS))
            kind = event[2]
            tally[4 if kind == ATOMIC else kind if event[1] < border else 2 + kind] += 1

    def _memory_traffic(self, log: list[Event]) -> None:
        for site, cells in groups(log, self.sites):
            memory, line = self.owner(cells[0]), self.line(site)
            size = SIZES[memory.dtype]
            key = (line, memory.name)
            found = self.traffic.get(key)
            if found is None:
                found = self.traffic[key] = LineTraffic(line, memory.name, memory.space)
            found.requests += 1
            if memory.space == "shared":
                found.conflicts += conflicts(cells, size)
            else:
                found.segments += segments(cells, size)
                found.fewest += fewest(cells, size)

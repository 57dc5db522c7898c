"""The plan of a graph: where each result of its program is kept.

Every value is followed to its last use. Those that nobody outside will see get buffers, which are
used again as soon as they are free, so that a graph's intermediates need no allocation once it has
run. The next value of a variable is computed right in the variable's own memory where nobody reads
the old one any more.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minitensor.graph.flat import merge_alike
from minitensor.graph.ir import Graph
from minitensor.graph.lower import PYTHON, Lowering, Region, Slot, Step
from minitensor.graph.tables import write_rows_in_place
from minitensor.ops.reduction import reduce_mean, reduce_sum

__all__ = ["Plan"]

ALIGNMENT = 64
TILE = 16384
"""Elements of a tile: the arrays of a region's calls then fit into a core's own cache."""


class Plan:
    """The steps of a graph's program, in order, and the memory that they work in."""

    def __init__(self, graph: Graph):
        lowered = Lowering(graph)
        self.graph, self.arguments, self.outputs = graph, lowered.arguments, lowered.outputs
        self.steps, self.arenas = merge_alike(lowered.steps, lowered.outputs)
        self.steps = write_rows_in_place(self.steps, self.outputs)
        self._sum_in_tiles()
        self._follow()
        self.size = self._place_buffers()

    def _sum_in_tiles(self) -> None:
        """Sum over a large region's result tile by tile, where nothing but its sum is needed."""
        readers: dict[int, list[Step]] = {}
        for step in self.steps:
            for slot in step.inputs:
                for root in slot.roots if isinstance(slot, Slot) else ():
                    readers.setdefault(id(root), []).append(step)
        leaving = {id(root) for out in self.outputs for root in out.roots}
        summed: set[int] = set()
        for region in [s for s in self.steps if isinstance(s, Region) and is_tiled(s)]:
            for recorder, slot in list(region.exits):
                users = readers.get(id(slot), [])
                if len(users) != 1 or id(slot) in leaving or not _is_total(users[0], slot):
                    continue
                count = 1 if users[0].node.op is reduce_sum else prod(slot.spec.shape)
                region.exits = [exit_ for exit_ in region.exits if exit_[1] is not slot]
                region.sums.append((recorder, users[0].outputs[0], float(count)))
                region.outputs = [x for x in region.outputs if x is not slot]
                region.outputs.append(users[0].outputs[0])
                summed.add(id(users[0]))
        self.steps = [step for step in self.steps if id(step) not in summed]

    def _follow(self) -> None:
        self._find_last_uses()
        leaving = {root for out in self.outputs for root in out.roots}
        for root in leaving:
            root.last = len(self.steps)
        for at, step in enumerate(self.steps):
            if step.kind == "assign" and not self._claims(at, step):
                leaving |= set(step.inputs[0].roots)
        for root in leaving:
            if root.place == "buffer":
                root.place = "fresh"
        for at, step in enumerate(self.steps):
            if isinstance(step, Region):
                self._take_over(at, step)

    def _find_last_uses(self) -> None:
        for at, step in enumerate(self.steps):
            for slot in (*step.outputs, *step.work):
                slot.first = slot.last = at
                for root in slot.roots:
                    root.first = at if root.first < 0 else root.first
                    root.last = max(root.last, at)
            for slot in step.inputs:
                for root in slot.roots if isinstance(slot, Slot) else ():
                    root.last = at

    def _claims(self, at: int, step: Step) -> bool:
        """Whether an assigned value can be computed right in the variable's own memory.

        It comes from an elementwise region, nobody reads the old value after the call that writes
        the new one, and nothing fails later: a run that fails leaves variables as they were.
        """
        if step.claimed:
            return True
        slot, variable = step.inputs[0], step.variable
        for other in self.steps:
            inside = any(variable is x for graph in other.node.op.graphs for x in graph.variables)
            if inside or other.node.op.name in PYTHON:
                return False
        if slot.place != "buffer" or slot.spec.shape != variable.shape:
            return False
        made = self.steps[slot.first]
        if not isinstance(made, Region) or any(s.may_raise for s in self.steps[slot.first :]):
            return False
        old = [s.outputs[0] for s in self.steps[:at] if s.kind == "read" and s.variable is variable]
        recorder = next(r for r, exit_ in made.exits if exit_ is slot)
        if any(s.last > slot.first or made.reads_after(s, recorder) for s in old):
            return False
        slot.place, step.claimed = "claimed", True
        return True

    def _take_over(self, at: int, region: Region) -> None:
        """Let a result use the memory of an input that is read for the last time."""
        taken: set[int] = set()
        for recorder, slot in region.exits:
            for entered in region.inputs if slot.place == "buffer" else ():
                if (
                    entered.place == "buffer" and entered.last == at and id(entered) not in taken
                    and entered.spec == slot.spec and slot.spec.shape == region.shape
                    and not region.reads_after(entered, recorder)
                ):  # fmt: skip
                    slot.takes = entered
                    taken.add(id(entered))
                    break

    def buffers(self) -> list[Slot]:
        """The slots that need planned memory."""
        found = [root for step in self.steps for s in (*step.outputs, *step.work)
                 for root in s.roots if root.place == "buffer"]  # fmt: skip
        return list(dict.fromkeys(found))

    def _place_buffers(self) -> int:
        """Give each buffer an offset, so that buffers alive at the same time do not overlap.

        First fit over free intervals, in the order of first use. Source: linear scan register
        allocation, Poletto & Sarkar (1999), with sizes.
        """
        live: list[Slot] = []
        size = 0
        for slot in sorted(self.buffers(), key=lambda s: s.first):
            live = [other for other in live if other.last >= slot.first]
            live.sort(key=lambda other: other.offset)
            offset = 0
            for other in live:
                if other.offset - offset >= slot.nbytes:
                    break
                offset = max(offset, _aligned(other.offset + other.nbytes))
            slot.offset = offset if slot.takes is None else slot.takes.offset
            live.append(slot)
            size = max(size, offset + slot.nbytes)
        return size


def is_tiled(region: Region) -> bool:
    """Whether a region is large enough to be run in tiles."""
    return prod(region.shape) > 2 * TILE


def _is_total(step: Step, slot: Slot) -> bool:
    """Whether a step adds up all elements of a floating slot."""
    whole = tuple(range(len(slot.spec.shape)))
    axis = step.node.attrs.get("axis")
    every = axis is None or tuple(np.sort(np.atleast_1d(axis) % max(len(whole), 1))) == whole
    return (
        step.kind == "kernel" and step.node.op in (reduce_sum, reduce_mean) and every
        and slot.spec.dtype.kind == "f" and step.inputs[0] is slot and slot.place == "buffer"
    )  # fmt: skip


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT

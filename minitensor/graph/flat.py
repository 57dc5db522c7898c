"""Regions that do the same to different arrays, merged into one over all their elements together.

An optimiser updates each variable by the same formula. One after the other, that is a dozen numpy
calls per variable, most of them on few elements. Laid end to end, it is a dozen in all: gradients
are computed right into their places in one long array, and the variables (and their moments) live
in another one, their arena. A variable's array is then a piece of the arena; to everybody else it
is an array like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import attrgetter, is_
from sys import getrefcount
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from minitensor.graph.elementwise import Call, Recorder
from minitensor.graph.lower import PYTHON, Region, Slot, Step
from minitensor.shapes import Spec
from minitensor.tensor import Tensor

__all__ = ["Arena", "merge_alike"]

_value = attrgetter("_value")


class Arena:
    """One long array in which the values of several variables lie, one after the other."""

    def __init__(self, variables: Sequence):
        self.variables = list(variables)
        self.tensors: list[Tensor] = []
        self.pieces: list[np.ndarray] = []
        self.flat = np.empty(0)
        self._held: list[Any] = []
        self._alone = -1

    def claim(self) -> np.ndarray:
        """The long array, to be written to.

        The variables move into a new one when one of them has been given another value, or when
        somebody else holds a value: what was read keeps its elements.
        """
        if (
            all(map(is_, map(_value, self.variables), self.tensors))
            and self._count() == self._alone
        ):
            return self.flat
        return self._move()

    def _count(self) -> int:
        """How many references there are to the values and what they lie in."""
        return sum(map(getrefcount, self._held))

    def _move(self) -> np.ndarray:
        self.flat = np.concatenate([v._value._array.reshape(-1) for v in self.variables])
        self.pieces, self.tensors, start = [], [], 0
        for variable in self.variables:
            start = self._settle(variable, start)
        self._held = [*self.tensors, *self.pieces, self.flat]
        self._alone = self._count()
        return self.flat

    def _settle(self, variable: Any, start: int) -> int:
        """Make a variable's value a piece of the long array; where the next one begins."""
        old = variable._value
        end = start + old._array.size
        piece = self.flat[start:end].reshape(old._array.shape)
        variable._value = Tensor(piece, old._device)
        self.pieces.append(piece)
        self.tensors.append(variable._value)
        return end


_arenas: WeakValueDictionary[tuple, Arena] = WeakValueDictionary()


def arena_of(variables: Sequence) -> Arena:
    """The arena that these variables share, in this order; one for all programs."""
    key = tuple(map(id, variables))
    found = _arenas.get(key)
    if found is None:
        found = _arenas[key] = Arena(variables)
    return found


def merge_alike(steps: list[Step], outputs: Sequence[Slot]) -> tuple[list[Step], list[Slot]]:
    """Merge regions of equal form; returns the steps, and the slots of the arenas."""
    families: dict[tuple, list[Region]] = {}
    for step in steps:
        if isinstance(step, Region):
            form = _form(step)
            if form is not None:
                families.setdefault(form, []).append(step)
    arenas: list[Slot] = []
    for regions in families.values():
        if len(regions) > 1:
            merger = _Merger(steps, outputs, regions)
            if merger.possible():
                steps = merger.merged()
                arenas += merger.arenas
    return steps, arenas


def _form(region: Region) -> tuple | None:
    """What a region does, whatever it does it to; None unless all is whole arrays and numbers."""
    numbers: dict[int, int] = {}
    form: list = []
    for key, slot in region.entries.items():
        recorder = region.recorders[key]
        whole = recorder.shape == region.shape and not _is_strided(slot)
        if not whole and prod(recorder.shape) != 1:
            return None
        numbers[key] = len(numbers)
        form.append(("whole", recorder.dtype) if whole else ("number", id(slot)))
    for call in region.calls:
        if call.result.shape != region.shape:
            return None
        arguments = tuple(_argument_form(x, numbers) for x in call.arguments)
        form.append((call.function, arguments, call.result.dtype))
        numbers[id(call.result)] = len(numbers)
    form.append(tuple(numbers[id(recorder)] for recorder, _ in region.exits))
    return tuple(form) if region.shape != () else None


def _argument_form(x: Any, numbers: dict[int, int]) -> Any:
    if isinstance(x, Recorder):
        return numbers[id(x)]
    return (x.tobytes(), x.dtype.str) if x.size == 1 else id(x)


def _is_strided(slot: Slot) -> bool:
    return slot.sample is not None and not slot.sample.flags.c_contiguous


class _Merger:
    """Merges regions that do the same."""

    def __init__(self, steps: list[Step], outputs: Sequence[Slot], regions: list[Region]):
        self.steps, self.outputs, self.regions = steps, outputs, regions
        self.arenas: list[Slot] = []
        self.assigns = {id(s.inputs[0]): s for s in steps if s.kind == "assign"}
        self.readers: dict[int, list[Step]] = {}
        for step in steps:
            for slot in step.inputs:
                for root in slot.roots if isinstance(slot, Slot) else ():
                    self.readers.setdefault(id(root), []).append(step)
        for out in outputs:
            for root in out.roots:
                self.readers.setdefault(id(root), []).append(steps[-1])

    def possible(self) -> bool:
        """Whether every region may wait for the last one, and each result is a variable's next.

        Nobody reads their results but the assignments, nobody writes what they read, the old values
        are not read later, and nothing fails later.
        """
        places = {id(step): at for at, step in enumerate(self.steps)}
        first, last = (places[id(r)] for r in (self.regions[0], self.regions[-1]))
        if any(s.node.op.graphs or s.node.op.name in PYTHON for s in self.steps):
            return False
        if any(step.may_raise for step in self.steps[last:]):
            return False
        leaving = {id(root) for out in self.outputs for root in out.roots}
        for region in self.regions:
            for _, slot in region.exits:
                readers = self.readers.get(id(slot), [])
                assign = self.assigns.get(id(slot))
                if assign is None or readers != [assign] or id(slot) in leaving:
                    return False
                if assign.variable.shape != tuple(slot.spec.shape):
                    return False
        variables = [self.assigns[id(slot)].variable for r in self.regions for _, slot in r.exits]
        if len({id(v) for v in variables}) < len(variables) or first < 0:
            return False
        return all(self._may_change(v, last, places, leaving) for v in variables)

    def _may_change(self, variable: Any, last: int, places: dict, leaving: set[int]) -> bool:
        for step in self.steps:
            if step.kind == "read" and step.variable is variable:
                slot = step.outputs[0]
                late = any(places[id(s)] > last for s in self.readers.get(id(slot), []))
                if late or id(slot) in leaving:
                    return False
        return True

    def merged(self) -> list[Step]:
        """The steps with one region in the place of the last."""
        pattern, sizes = self.regions[0], [prod(r.shape) for r in self.regions]
        region = Region(pattern.node, (sum(sizes),))
        region._nodes = [node for r in self.regions for node in r.nodes]
        copies: list[Step] = []
        renamed: dict[int, Recorder] = {}
        arenas: dict[tuple, Slot] = {}
        for i, (recorder, _) in enumerate(pattern.exits):
            variables = [self.assigns[id(r.exits[i][1])].variable for r in self.regions]
            slot = Slot(Spec(region.shape, recorder.dtype), "arena")
            slot.value = arena_of(variables)
            arenas[tuple(map(id, variables))] = slot
            self.arenas.append(slot)
        for i, (key, entered) in enumerate(pattern.entries.items()):
            group = [list(r.entries.values())[i] for r in self.regions]
            old = pattern.recorders[key]
            whole = old.shape == pattern.shape
            new = Recorder(region.calls, region.shape if whole else old.shape, old.dtype)
            renamed[key] = region.recorders[id(new)] = new
            region.entries[id(new)] = self._gathered(group, arenas, copies) if whole else entered
        for call in pattern.calls:
            arguments = tuple(renamed.get(id(x), x) for x in call.arguments)
            result = renamed[id(call.result)] = Recorder(
                region.calls, region.shape, call.result.dtype
            )
            region.calls.append(Call(call.function, arguments, result))
            region.made_by[id(result)] = pattern.made_by[id(call.result)]
        for (recorder, _), slot in zip(pattern.exits, arenas.values(), strict=True):
            region.exits.append((renamed[id(recorder)], slot))
        region.inputs = list(dict.fromkeys(region.entries.values()))
        return self._replaced(region, copies)

    def _gathered(self, group: list[Slot], arenas: dict, copies: list[Step]) -> Slot:
        """One slot for what the regions read at one place: an arena, or pieces of a buffer."""
        variables = [self._read_from(slot) for slot in group]
        arena = arenas.get(tuple(map(id, variables)))
        if arena is not None:
            return arena
        flat = Slot(Spec((sum(prod(s.spec.shape) for s in group),), group[0].spec.dtype), "buffer")
        start = 0
        for slot in group:
            size = prod(slot.spec.shape)
            if self._is_own_buffer(slot):
                slot.place, slot.roots, slot.start = "piece", (flat,), start
            else:
                piece = Slot(slot.spec, "piece")
                piece.roots, piece.start = (flat,), start
                copies.append(Step("copy", self.regions[-1].node, [slot], [piece]))
            start += size
        return flat

    def _is_own_buffer(self, slot: Slot) -> bool:
        leaves = any(slot in out.roots for out in self.outputs)
        assigned = any(slot in s.inputs[0].roots for s in self.steps if s.kind == "assign")
        shared = any(slot in out.roots and out is not slot for s in self.steps for out in s.outputs)
        return slot.place == "buffer" and not leaves and not assigned and not shared

    def _read_from(self, slot: Slot) -> Any:
        """The variable whose old value a slot is; None for other slots."""
        for step in self.steps:
            if step.kind == "read" and step.outputs[0] is slot:
                return step.variable
        return None

    def _replaced(self, region: Region, copies: list[Step]) -> list[Step]:
        gone = {id(r) for r in self.regions[:-1]}
        gone |= {id(self.assigns[id(slot)]) for r in self.regions for _, slot in r.exits}
        steps: list[Step] = []
        for step in self.steps:
            if step is self.regions[-1]:
                steps += [*copies, region]
            elif id(step) not in gone:
                steps.append(step)
        used = {
            id(root) for s in steps for x in s.inputs if isinstance(x, Slot) for root in x.roots
        }
        used |= {id(root) for out in self.outputs for root in out.roots}
        return [s for s in steps if s.kind != "read" or id(s.outputs[0]) in used]

"""Following the links of a computation that a tape remembers, whole and broken ones.

For `explain`. Values are named by their weak references' ids; see `trail`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

import numpy as np

from minitensor.trail import ASSIGNED, NUMPY, RECORDED, Event, Leaf, leaf

if TYPE_CHECKING:
    from minitensor.tape import GradientTape

__all__ = ["History", "Trace"]


class Trace(NamedTuple):
    """What became of a source on the way to a target."""

    connected: bool
    """Whether a gradient flows all the way."""
    broken: list[Event]
    """Events on the way that got a differentiable input and passed nothing on; earliest first."""
    came: dict[int, tuple[Event, int]]
    """For each value that a gradient flows from: the event that made it, and from which value."""
    events: list[Event]
    """Everything that leads to the target, in the order it happened."""
    start: int
    goal: int | None


class History:
    """The events of a tape, and the questions that `explain` asks about them."""

    def __init__(self, tape: GradientTape):
        self.tape, self.graph = tape, tape.graph()
        self.events = tape.events()
        self._kept: list[ref] = []

    def key(self, value: Any) -> int:
        """What names a value among the events."""
        self._kept.append(ref(value))
        return id(self._kept[-1])

    def trace(self, source: Any, target: Any) -> Trace:
        """Follow a source forward along everything that leads to the target (or all there is)."""
        start = self.key(source)
        goal = None if target is None else self.key(target)
        events = self.events if goal is None else self._leading_to(goal)
        came: dict[int, tuple[Event, int]] = {}
        touched, flowing, broken = {start}, {start}, []
        for event in events:
            inputs = [id(x) for x in event.inputs]
            if touched.isdisjoint(inputs):
                continue
            touched.update(id(x) for x in event.outputs)
            through = [i for i, key in enumerate(inputs) if key in flowing]
            if not through:
                continue
            passed = self._passed_on(event, through)
            if not passed:
                broken.append(event)
            for key in passed - flowing:
                flowing.add(key)
                came[key] = (event, inputs[through[0]])
        return Trace(goal in flowing, broken, came, events, start, goal)

    def _leading_to(self, goal: int) -> list[Event]:
        wanted, found = {goal}, []
        for event in reversed(self.events):
            made = {id(x) for x in event.outputs}
            if wanted & made:
                found.append(event)
                if event.kind == ASSIGNED:
                    wanted -= made
                wanted |= {id(x) for x in event.inputs}
        return found[::-1]

    def _passed_on(self, event: Event, through: list[int]) -> set[int]:
        """The results of an event that a gradient reaches by one of these inputs."""
        if event.kind != RECORDED or event.op is None or event.op.gradient_rule is None:
            return set()
        if set(through) <= set(getattr(event.op, "stopped", ())):
            return set()
        pairs = zip(event.outputs, self.outputs(event), strict=True)
        return {id(x) for x, made in pairs if made.dtype.is_differentiable}

    def way(self, trace: Trace, event: Event | None) -> list[Event]:
        """The events by which a gradient flows from the source to an event, or to the target."""
        key = trace.goal
        if event is not None:
            known = trace.came.keys() | {trace.start}
            key = next((id(x) for x in event.inputs if id(x) in known), None)
        found: list[Event] = []
        while key is not None and key in trace.came:
            step, key = trace.came[key]
            found.append(step)
        return found[::-1]

    def rest(self, trace: Trace, event: Event) -> list[Event]:
        """The events that lead from a broken one to the target."""
        place = next(i for i, other in enumerate(trace.events) if other is event)
        later = trace.events[place + 1 :]
        return self._between({id(x) for x in event.outputs}, later, trace.goal)

    def from_outside(self, entry: Leaf, target: Any) -> list[Event]:
        """The events that lead from a value that came from outside to the target."""
        goal = self.key(target)
        return self._between({id(entry.value)}, self._leading_to(goal), goal)

    def _between(self, starts: set[int], events: Iterable[Event], goal: int | None) -> list[Event]:
        made_by: dict[int, tuple[Event, int]] = {}
        reached = set(starts)
        for event in events:
            origin = next((id(x) for x in event.inputs if id(x) in reached), None)
            if origin is not None:
                for out in event.outputs:
                    if id(out) not in reached:
                        made_by[id(out)] = (event, origin)
                        reached.add(id(out))
        found: list[Event] = []
        while goal in made_by:
            step, goal = made_by[goal]
            found.append(step)
        return found[::-1]

    def entered(self, target: Any) -> list[Leaf]:
        """The values from outside that the target was computed from, or the target itself."""
        goal = self.key(target)
        events = self._leading_to(goal)
        made = {id(x) for event in events for x in event.outputs}
        left = {id(x.value): x for x in self.tape.past().leaves}
        found: dict[int, Leaf] = {}
        for event in events:
            for x, origin in zip_longest(event.inputs, event.origins):
                if id(x) not in made and id(x) not in found:
                    found[id(x)] = left.get(id(x)) or _what_is_left(x, origin)
        if not events:
            found[goal] = leaf(target)
        return list(found.values())

    def detour_from(self, source: Any, entered: list[Leaf] | None) -> Event | None:
        """The last trip to numpy from the source before one of these constants was used."""
        flowing = {self.key(source)} | self.trace(source, None).came.keys()
        end = len(self.events)
        if entered is not None:
            users = [event for entry in entered for event in self.users(entry)]
            places = [i for i, event in enumerate(self.events) if any(event is u for u in users)]
            end = places[-1] if places else end if entered else 0
        trips = (e for e in reversed(self.events[:end]) if e.kind == NUMPY)
        return next((e for e in trips if id(e.inputs[0]) in flowing), None)

    def users(self, entry: Leaf) -> list[Event]:
        """The events that took a value from outside."""
        return [e for e in self.events if any(x is entry.value for x in e.inputs)]

    def uses(self, source: Any) -> bool:
        """Whether anything that the tape saw used the source."""
        key = self.key(source)
        return any(id(x) == key for event in self.events for x in event.inputs)

    def made(self, value: Any) -> bool:
        """Whether the tape saw how a value was made."""
        key = self.key(value)
        return any(id(x) == key for event in self.events for x in event.outputs)

    def watches(self, source: Any) -> bool:
        """Whether the tape watches the source now."""
        key = self.key(source)
        return any(id(x.value) == key for x in self.tape.inputs())

    def outputs(self, event: Event) -> list:
        """The results of a recorded op: tensors, or their shapes and dtypes once released."""
        return list(self.graph.nodes[event.at].outputs)

    def name(self, event: Event) -> str:
        """What to call an event in a path: its node's name, if it has one."""
        if event.kind == RECORDED:
            return self.graph.name_of(self.graph.nodes[event.at])
        if event.kind == ASSIGNED:
            return "assign"
        return event.op.name if event.op is not None else event.kind


def _what_is_left(reference: ref, origin: tuple | None) -> Leaf:
    value = reference()
    if value is None:
        return Leaf(reference, (), np.dtype(object), None, origin)
    return leaf(value)

"""The traces of one function, found by the arguments of a call or made when there is none yet."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from weakref import ref

from minitensor.graph.concrete import ConcreteFunction, Record, traced
from minitensor.graph.retracing import (
    LEFT_OPEN,
    ONE_FOR_ALL,
    Calls,
    Retraces,
    Trace,
    compare,
)
from minitensor.graph.signature import Arguments
from minitensor.graph.trace import Tracer
from minitensor.op import state

__all__ = ["Traces"]

MOST_MATCHES = 256
"""How many shapes are remembered for which an open trace was found."""
MOST_RECORDS = 1000
"""How many traces are told of."""
NEAR = 100
"""How many earlier ones each is compared with."""
Shape = Sequence[int | None] | None


class Traces:
    """The traces of one function, or of a method of one object.

    `cache` has one entry per trace, by the key of the arguments it was made for. `ways` are
    remembered by `Function` for calls with tensors only.
    """

    def __init__(self, label: str, calls: Calls, relaxes: bool):
        self.label, self.calls, self._relaxes = label, calls, relaxes
        self.cache: dict[tuple, ConcreteFunction] = {}
        self.ways: dict[tuple, ConcreteFunction] = {}
        self.count = 0
        """How often the Python function was traced."""
        self._lock = threading.RLock()
        self._alike: dict[tuple, list[tuple[Sequence[Shape], ConcreteFunction]]] = {}
        self._matches: dict[tuple, ConcreteFunction] = {}
        self._records: deque[Record] = deque(maxlen=MOST_RECORDS)
        self._watched: dict[tuple, list[ref]] = {}
        self._settled = False

    def find(
        self, call: Arguments, template: Arguments, function: Callable[[], Callable]
    ) -> tuple[ConcreteFunction, bool]:
        """The trace for a call, and whether it is new.

        Args:
            call: the arguments.
            template: what to trace with: the arguments, or the specs that they were brought to.
            function: gives the Python function that is traced if need be.
        """
        key = template.key
        found = self._known(key)
        if found is not None:
            return found, False
        with self._lock:
            found = self._known(key)
            if found is not None:
                return found, False
            return self._trace(call, template, function()), True

    def _known(self, key: tuple) -> ConcreteFunction | None:
        found = self.cache.get(key) or self._matches.get(key)
        if found is None and isinstance(state.interpreter, Tracer):
            found = state.interpreter.local.get((self, key))
        if found is None and self._alike:
            found = self._fitting(key)
            if found is not None:
                if len(self._matches) >= MOST_MATCHES:
                    self._matches.clear()
                self._matches[key] = found
        return found

    def _fitting(self, key: tuple) -> ConcreteFunction | None:
        """The trace with the fewest open sizes that takes tensors of these shapes."""
        skeleton, shapes = key
        fitting = [
            (sum(map(_openness, open_shapes)), number, concrete)
            for number, (open_shapes, concrete) in enumerate(self._alike.get(skeleton, ()))
            if all(map(_takes, open_shapes, shapes))
        ]
        return min(fitting)[2] if fitting else None

    def _trace(self, call: Arguments, template: Arguments, function: Callable) -> ConcreteFunction:
        skeleton, shapes = template.key
        if self._relaxes:
            for known, _ in self._alike.get(skeleton, ()):
                shapes = tuple(map(_common, known, shapes))
        record = Record(signature=call.described())
        try:
            creates = not self._settled
            result = self._traced(function, template, shapes, call, creates, record)
            if result.made:
                result = self._traced(function, template, shapes, call, False, record)
        except Exception as error:
            self._note(error, record)
            raise
        self._settled = True
        record.number, record.nodes, record.bytes = (
            self.count,
            len(result.graph),
            size(result.graph),
        )
        self._records.append(record)
        concrete = ConcreteFunction(self.label, template, result, record)
        self._keep((skeleton, shapes), template, concrete)
        return concrete

    def _note(self, error: Exception, record: Record) -> None:
        """Say on an error which trace it ended; once, where a function calls itself for ever."""
        signature = ", ".join(f"{name}: {what}" for name, what in record.signature)
        note = (
            f"This happened while mt.function traced {self.label}({signature}). Nothing was "
            "kept of the trace: the next call traces again."
        )
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)

    def _traced(
        self, function: Callable, template: Arguments, shapes: Sequence, call: Arguments,
        creates: bool, record: Record,
    ) -> Any:  # fmt: skip
        self.count += 1
        result = traced(function, template, shapes, call.tensors, self.label, creates)
        record.seconds += result.seconds
        return result

    def _keep(self, key: tuple, template: Arguments, concrete: ConcreteFunction) -> None:
        tracer: Any = state.interpreter
        if concrete.is_local:
            tracer.local[self, template.key] = concrete  # of use inside that trace only
            return
        concrete.graph.tracer.outer = None
        self.cache[key] = concrete
        self._alike.setdefault(key[0], []).append((key[1], concrete))
        if key != template.key:
            self._matches[template.key] = concrete
        alive = [weak.ref() for weak in template.objects]
        forget = partial(_forget, ref(self), key)
        self._watched[key] = [ref(x, forget) for x in alive if x is not None]

    def forget(self, key: tuple) -> None:
        """Drop a trace: an object among its arguments is gone, so no call can ask for it."""
        self.cache.pop(key, None)
        self._alike.pop(key[0], None)
        self._watched.pop(key, None)
        self._matches.clear()

    # What a learner asks.

    def records(self) -> list[Trace]:
        """Each trace, with what differed from the nearest before it."""
        records = list(self._records)
        found = []
        for number, record in enumerate(records):
            earlier = records[max(0, number - NEAR) : number]
            differs, fix = compare(record.signature, [r.signature for r in earlier])
            if self._relaxes and fix.startswith(ONE_FOR_ALL):
                fix = LEFT_OPEN
            found.append(Trace(record.number, list(record.signature), record.calls, record.seconds,
                               record.nodes, record.bytes, differs, fix))  # fmt: skip
        return found

    def report(self) -> Retraces:
        """The same as a text."""
        return Retraces(self.label, self.records(), self.calls.functions)


def _forget(traces: ref, key: tuple, _: Any) -> None:
    alive = traces()
    if alive is not None:
        alive.forget(key)


def size(graph: Any) -> int:
    """The bytes of all results in a graph, as far as sizes are known."""
    outputs = [out._array for node in graph.nodes for out in node.outputs]
    total = 0
    for spec in outputs:
        if spec.shape is not None and None not in spec.shape:
            count = 1
            for length in spec.shape:
                count *= length
            total += count * spec.dtype.itemsize
    return total


def _openness(shape: Shape) -> int:
    return 1000 if shape is None else list(shape).count(None)


def _takes(known: Shape, given: Shape) -> bool:
    """Whether every tensor of the given shape has the known one."""
    if known is None:
        return True
    if given is None or len(known) != len(given):
        return False
    return all(a is None or a == b for a, b in zip(known, given, strict=True))


def _common(first: Shape, second: Shape) -> Shape:
    """The closest shape that takes both."""
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))

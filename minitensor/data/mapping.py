"""Stages that compute: a function of each element, in this thread or in several; and a scan."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any
from weakref import finalize

from minitensor import nest, threads
from minitensor.data.columns import pack, unpack
from minitensor.data.elements import components, flat, same_kind, spec_of
from minitensor.data.functions import ElementFunction
from minitensor.data.stage import AUTOTUNE, Cursor, Stage
from minitensor.errors import ArgumentError, InvalidArgumentError, message
from minitensor.op import state

__all__ = ["Map", "Scan"]


class Map(Stage):
    """What a function makes of each element."""

    def __init__(self, before: Stage, function: Callable, calls: int | None):
        self.kind = "Map" if calls is None else "ParallelMap"
        if calls is not None and calls != AUTOTUNE and calls < 1:
            raise InvalidArgumentError(
                message("Dataset.map", f"num_parallel_calls={calls}", "num_parallel_calls must be "
                        "greater than zero", "so many elements are computed at once",
                        "pass a number from 1, mt.data.AUTOTUNE, or None")
            )  # fmt: skip
        self.function = ElementFunction(function, before.spec, "map")
        super().__init__(self.function.spec, before.size, [before])
        self.function.label_of_stage = f"MapDataset:{sum(1 for _ in self.tree())}"
        self.draws = self.function.draws
        self.calls = calls

    def cursor(self, run: int) -> Cursor:
        """Calls the function here, or in as many threads as were asked for."""
        inner = self.inputs[0].elements(run)
        calls = threads.count() if self.calls == AUTOTUNE else self.calls or 1
        if calls == 1:
            return _Mapping(self.function, inner, run)
        return _MappingInThreads(self, inner, run, calls)


class _Mapping(Cursor):
    def __init__(self, function: ElementFunction, inner: Cursor, run: int):
        self.compute, self.inner, self.run, self.index = function.at, inner, run, 0

    def __next__(self) -> Any:
        element = next(self.inner)
        index = self.index
        self.index = index + 1
        return self.compute(element, self.run, index)

    def save_state(self) -> dict:
        return {"index": self.index, "waiting": [], "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.index = state["index"]
        self.inner.restore_state(state["input"])


class _MappingInThreads(Cursor):
    """Hands elements to threads, and gives their results in the order of the elements.

    Its place is the number of results that it gave, and the elements whose results still wait.
    """

    def __init__(self, stage: Map, inner: Cursor, run: int, calls: int):
        self.stage, self.inner, self.run, self.calls = stage, inner, run, calls
        self.index = 0
        self.waiting: deque[tuple[tuple, Future]] = deque()
        self._pool = ThreadPoolExecutor(calls, thread_name_prefix="minitensor.data.map")
        finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)

    def __next__(self) -> Any:
        for element in islice(self.inner, self.calls - len(self.waiting)):
            self._begin(element)
        if not self.waiting:
            raise StopIteration
        found = self.waiting.popleft()[1]
        self.index += 1
        return found.result()

    def _begin(self, element: tuple) -> None:
        index = self.index + len(self.waiting)
        result = self._pool.submit(
            _compute, self.stage.function, state.summaries, element, self.run, index
        )
        self.waiting.append((element, result))

    def save_state(self) -> dict:
        waiting = pack([element for element, _ in self.waiting])
        return {"index": self.index, "waiting": waiting, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.index = state["index"]
        for element in unpack(state["waiting"], self.stage.inputs[0].spec):
            self._begin(element)
        self.inner.restore_state(state["input"])


def _compute(
    function: ElementFunction, summaries: Any, element: tuple, run: int, index: int
) -> Any:
    """What a thread does; its summaries go where those of the thread that asked for it go."""
    state.summaries = summaries
    return function.at(element, run, index)


class Scan(Stage):
    """A function of a state and an element, which gives the next state and a result."""

    kind = "Scan"

    def __init__(self, before: Stage, initial: Any, function: Callable):
        first = components(initial, "Dataset.scan: initial_state")
        self.first, state = flat(first), spec_of(first)
        while True:
            self.function = ElementFunction(function, (state, before.spec), "scan", several=True)
            found = self.function.spec
            if type(found) is not tuple or len(found) != 2:
                raise ArgumentError(
                    "Invalid `scan_func`. `scan_func` should return a pair consisting of new state "
                    f"and the output value but its return type is {found}.\nTo fix it: return "
                    "new_state, output."
                )
            wider = same_kind(state, found[0], "Dataset.scan")
            if wider == state:
                break
            state = wider
        super().__init__(found[1], before.size, [before])
        self.state_spec, self.function.label_of_stage = state, self.label
        self.draws = self.function.draws

    def cursor(self, run: int) -> Cursor:
        """Carries the state along."""
        return _Scanning(self, self.inputs[0].elements(run), run)


class _Scanning(Cursor):
    def __init__(self, stage: Scan, inner: Cursor, run: int):
        self.stage, self.inner, self.run = stage, inner, run
        self.state, self.index = stage.first, 0
        self.parts = len(nest.flatten(stage.state_spec))

    def __next__(self) -> Any:
        element = next(self.inner)
        found = self.stage.function.at((*self.state, *element), self.run, self.index)
        self.index += 1
        self.state = tuple(found[: self.parts])
        return tuple(found[self.parts :])

    def save_state(self) -> dict:
        held = pack([self.state])
        return {"index": self.index, "state": held, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.index = state["index"]
        self.state = unpack(state["state"], self.stage.state_spec)[0]
        self.inner.restore_state(state["input"])

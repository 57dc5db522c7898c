"""Windows: datasets of a few neighbouring elements, or of elements with a key in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.data.columns import Held, pack, unpack
from minitensor.data.elements import DatasetSpec
from minitensor.data.functions import ElementFunction
from minitensor.data.seeds import part
from minitensor.data.stage import INFINITE, UNKNOWN, Cursor, Stage
from minitensor.errors import ArgumentError, InvalidArgumentError, message
from minitensor.tensor import TensorSpec

__all__ = ["GroupByWindow", "Window"]


class Window(Stage):
    """Datasets of `size` elements, each beginning `shift` after the one before."""

    kind = "Window"

    def __init__(self, before: Stage, size: int, shift: int, stride: int, drop: bool):
        for name, number in (("size", size), ("shift", shift), ("stride", stride)):
            if number < 1:
                raise InvalidArgumentError(
                    message("Dataset.window", f"{name}={number}", f"Window {name} must be greater "
                            "than zero", "a window is some elements, the next begins some later",
                            "pass a number from 1")
                )  # fmt: skip
        span = (size - 1) * stride + 1
        count = before.size
        if count >= 0:
            count = max(0, -(-(count - span + 1) // shift)) if drop else -(-count // shift)
        leaves = [DatasetSpec(leaf) for leaf in nest.flatten(before.spec)]
        spec = nest.pack_sequence_as(before.spec, leaves)
        details = f"{size}, {shift}, {stride}, {drop}"
        super().__init__(spec, count, [before], details=details)
        self.length, self.shift, self.stride, self.drop = size, shift, stride, drop

    def cursor(self, run: int) -> Cursor:
        """Gathers the elements of one window after the other."""
        return _Windowing(self, self.inputs[0].elements(run))


class _Windowing(Cursor):
    """Keeps the elements of the current window; of a pair, one dataset for each component."""

    def __init__(self, stage: Window, inner: Cursor):
        self.stage, self.inner = stage, inner
        self.span = (stage.length - 1) * stage.stride + 1
        self.buffer: list = []
        self.to_skip = 0

    def __next__(self) -> tuple:
        if self.to_skip:
            self.to_skip -= len(self.inner.many(self.to_skip))
        missing = self.span - len(self.buffer)
        if missing > 0 and not self.to_skip:
            self.buffer += self.inner.many(missing)
        if not self.buffer or (self.stage.drop and len(self.buffer) < self.span):
            raise StopIteration
        chosen = self.buffer[:: self.stage.stride]
        self.to_skip = max(0, self.stage.shift - len(self.buffer)) if len(
            self.buffer) == self.span else 0  # fmt: skip
        self.buffer = self.buffer[self.stage.shift :]
        columns = zip(*chosen, strict=True)
        specs = nest.flatten(self.stage.spec)
        return tuple([_window(c, s) for c, s in zip(columns, specs, strict=True)])

    def save_state(self) -> dict:
        held = pack(self.buffer)
        return {"buffer": held, "to_skip": self.to_skip, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.buffer = unpack(state["buffer"], self.stage.inputs[0].spec)
        self.to_skip = state["to_skip"]
        self.inner.restore_state(state["input"])


def _window(column: Any, spec: DatasetSpec) -> Any:
    return as_dataset(Held(spec.element_spec, [(leaf,) for leaf in column]))


def as_dataset(stage: Stage) -> Any:
    """The dataset that a learner's function gets to see."""
    from minitensor.data.dataset import Dataset

    return Dataset(stage)


class GroupByWindow(Stage):
    """Elements grouped by a key; full groups become datasets by a function."""

    kind = "GroupByWindow"

    def __init__(self, before: Stage, key: Callable, reduce: Callable, size: Any):
        self.key = ElementFunction(key, before.spec, "group_by_window")
        _check_integer(self.key.spec, "key_func", "int64")
        key_spec = TensorSpec((), "int64")
        self.size_of = None
        if callable(size):
            self.size_of = ElementFunction(size, (key_spec,), "group_by_window")
            _check_integer(self.size_of.spec, "window_size_func", "int64")
        elif size < 1:
            raise InvalidArgumentError(
                message("Dataset.group_by_window", f"window_size={size}", "Window size must be "
                        "greater than zero", "a group is some elements", "pass a number from 1")
            )  # fmt: skip
        arguments = (key_spec, DatasetSpec(before.spec))
        self.reduce = ElementFunction(reduce, arguments, "group_by_window", several=True,
                                      python=True)  # fmt: skip
        if not isinstance(self.reduce.spec, DatasetSpec):
            raise ArgumentError(
                f"`reduce_func` must return a `Dataset`. Got {self.reduce.spec}.\n"
                "Dataset.group_by_window goes on with its elements. To fix it: return for example "
                "window.batch(window_size)."
            )
        count = INFINITE if before.size == INFINITE else UNKNOWN
        super().__init__(self.reduce.spec.element_spec, count if before.size else 0, [before])
        for function in (self.key, self.reduce):
            function.label_of_stage = self.label
        self.window: Any = size
        self.draws = True

    def cursor(self, run: int) -> Cursor:
        """Sorts elements by key, and hands windows on as they fill."""
        return _Grouping(self, self.inputs[0].elements(run), run)

    def size_for(self, key: int) -> int:
        """How many elements make a group with this key full."""
        if self.size_of is None:
            return self.window
        return int(self.size_of((np.array(key, dtype=np.int64),))[0])


def _check_integer(spec: Any, name: str, dtype: str) -> None:
    good = isinstance(spec, TensorSpec) and spec.dtype.name == dtype
    if not good or spec.shape.rank not in (0, None):
        raise InvalidArgumentError(
            f"Invalid `{name}`. `{name}` must return a single `tf.{dtype}` scalar tensor but its "
            f"return type is {spec}.\nTo fix it: mt.cast(result, mt.{dtype})."
        )


class _Grouping(Cursor):
    def __init__(self, stage: GroupByWindow, inner: Cursor, run: int):
        self.stage, self.inner, self.run = stage, inner, run
        self.groups: dict[int, list] = {}
        self.index = self.begun = 0
        self.window: tuple[int, list] | None = None
        self.current: Cursor | None = None

    def __next__(self) -> Any:
        while True:
            if self.current is not None:
                for token in self.current:
                    return token
                self.window = self.current = None
            full = self._next_full()
            if full is None:
                raise StopIteration
            self._begin(*full)
            self.begun += 1

    def _next_full(self) -> tuple[int, list] | None:
        """The next group that is full; when the input has ended, any."""
        for element in self.inner:
            key = int(self.stage.key.at(element, self.run, self.index)[0])
            self.index += 1
            group = self.groups.setdefault(key, [])
            group.append(element)
            if len(group) >= self.stage.size_for(key):
                return key, self.groups.pop(key)
        for key in sorted(self.groups):
            return key, self.groups.pop(key)
        return None

    def _begin(self, key: int, elements: list) -> None:
        self.window = key, elements
        dataset = as_dataset(Held(self.stage.inputs[0].spec, elements))
        arguments = (np.array(key, dtype=np.int64), dataset)
        stage = self.stage.reduce.datasets(arguments, self.run, self.begun)
        self.current = stage.elements(part(self.run, self.begun))

    def save_state(self) -> dict:
        groups = [{"key": k, "elements": pack(e)} for k, e in self.groups.items()]
        window = None
        if self.window is not None and self.current is not None:
            key, elements = self.window
            at = self.current.save_state()
            window = {"key": key, "elements": pack(elements), "at": at}
        return {"groups": groups, "window": window, "index": self.index, "begun": self.begun,
                "input": self.inner.save_state()}  # fmt: skip

    def restore_state(self, state: dict) -> None:
        spec = self.stage.inputs[0].spec
        self.groups = {g["key"]: unpack(g["elements"], spec) for g in state["groups"]}
        self.index, self.begun = state["index"], state["begun"]
        if state["window"] is not None:
            self.begun -= 1
            self._begin(state["window"]["key"], unpack(state["window"]["elements"], spec))
            self.begun += 1
            self.current.restore_state(state["window"]["at"])  # type: ignore[union-attr]
        self.inner.restore_state(state["input"])

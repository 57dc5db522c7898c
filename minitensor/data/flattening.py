"""Datasets inside of datasets: made by a function of each element, read in turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.data.columns import pack, unpack
from minitensor.data.elements import DatasetSpec
from minitensor.data.functions import ElementFunction
from minitensor.data.seeds import part
from minitensor.data.stage import UNKNOWN, Cursor, Stage
from minitensor.errors import ArgumentError, InvalidArgumentError, message

__all__ = ["Interleave"]


class Interleave(Stage):
    """The elements of the datasets that a function makes of the input's elements.

    `cycle` of them are open at a time; each gives `block` elements, then it is the next one's turn.
    With a cycle of one, they come one after the other: `flat_map`.
    """

    def __init__(self, kind: str, method: str, before: Stage, function: Callable, cycle: int,
                 block: int):  # fmt: skip
        self.kind = kind
        for name, number in (("cycle_length", cycle), ("block_length", block)):
            if number < 1:
                raise InvalidArgumentError(
                    message("Dataset.interleave", f"{name}={number}", f"{name} must be greater "
                            "than zero", "datasets take turns: so many at a time, so many elements "
                            "each", "pass a number from 1")
                )  # fmt: skip
        self.function = ElementFunction(function, before.spec, method, python=True)
        if not isinstance(self.function.spec, DatasetSpec):
            raise ArgumentError(
                f"The `map_func` of Dataset.{method} must return a `Dataset` object. Got "
                f"{self.function.spec}.\nIts elements become elements of the result. To fix it: "
                "use map for a function that gives tensors, or return a dataset, for example "
                "mt.data.Dataset.from_tensor_slices(x)."
            )
        super().__init__(self.function.spec.element_spec, UNKNOWN, [before],
                         details=f"{cycle}, {block}")  # fmt: skip
        self.function.label_of_stage = self.label
        self.draws = True
        self.cycle, self.block = cycle, block

    def cursor(self, run: int) -> Cursor:
        """Walks over several datasets in turns."""
        return _Interleaving(self, self.inputs[0].elements(run), run)


class _Open:
    """A dataset that takes part, made of the input's element number `index`."""

    def __init__(self, stage: Interleave, element: tuple, run: int, index: int):
        self.element, self.index = element, index
        self.cursor = stage.function.datasets(element, run, index).elements(part(run, index))


class _Interleaving(Cursor):
    def __init__(self, stage: Interleave, inner: Cursor, run: int):
        self.stage, self.inner, self.run = stage, inner, run
        self.open: list[_Open | None] = [None] * stage.cycle
        self.turn = self.given = self.begun = 0
        self.over = False

    def __next__(self) -> Any:
        idle = 0
        while idle < self.stage.cycle:
            here = self._here()
            if here is None:
                idle += 1
                self._pass_on()
                continue
            idle = 0
            for token in here.cursor:
                self.given += 1
                if self.given == self.stage.block:
                    self._pass_on()
                return token
            self.open[self.turn] = None
            self._pass_on()
        raise StopIteration

    def _here(self) -> _Open | None:
        """The dataset whose turn it is; one is made if there is none and the input goes on."""
        if self.open[self.turn] is None and not self.over:
            element = next(self.inner, None)
            if element is None:
                self.over = True
            else:
                self.open[self.turn] = _Open(self.stage, element, self.run, self.begun)
                self.begun += 1
        return self.open[self.turn]

    def _pass_on(self) -> None:
        self.turn, self.given = (self.turn + 1) % self.stage.cycle, 0

    def save_state(self) -> dict:
        taking_part = [
            None if o is None else
            {"element": pack([o.element]), "index": o.index, "at": o.cursor.save_state()}
            for o in self.open
        ]  # fmt: skip
        counts = {"turn": self.turn, "given": self.given, "begun": self.begun, "over": self.over}
        return {**counts, "open": taking_part, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.turn, self.given = state["turn"], state["given"]
        self.begun, self.over = state["begun"], state["over"]
        spec = self.stage.inputs[0].spec
        for place, saved in enumerate(state["open"]):
            if saved is not None:
                element = unpack(saved["element"], spec)[0]
                one = self.open[place] = _Open(self.stage, element, self.run, saved["index"])
                one.cursor.restore_state(saved["at"])
        self.inner.restore_state(state["input"])

"""Several datasets as one: side by side, one after the other, or in turns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.data.elements import same_kind
from minitensor.data.seeds import Dice, new_seed, part
from minitensor.data.sources import Slices
from minitensor.data.stage import INFINITE, UNKNOWN, Cursor, Rows, Stage
from minitensor.errors import InvalidArgumentError, message
from minitensor.tensor import TensorSpec

__all__ = ["Choose", "Concatenate", "Enumerate", "Sample", "zipped"]


def zipped(structure: Any, stages: Sequence[Stage]) -> Stage:
    """Elements of several datasets side by side.

    Rows of arrays in memory stay what they are: the rows of all arrays together.
    """
    spec = nest.pack_sequence_as(structure, [stage.spec for stage in stages])
    finite = [stage.size for stage in stages if stage.size != INFINITE]
    size = min(finite, default=INFINITE) if UNKNOWN not in finite else UNKNOWN
    if size == UNKNOWN and 0 in finite:
        size = 0
    if all(isinstance(stage, Slices) for stage in stages):
        return Slices("Zip", spec, size, _SideBySide([s.rows for s in stages]))  # type: ignore[misc]
    return _Zip(spec, size, stages)


class _SideBySide(Rows):
    def __init__(self, rows: Sequence[Rows]):
        self.rows = list(rows)

    def row(self, number: int) -> tuple:
        return tuple([leaf for rows in self.rows for leaf in rows.row(number)])

    def take(self, numbers: Any) -> tuple:
        return tuple([leaf for rows in self.rows for leaf in rows.take(numbers)])


class _Zip(Stage):
    kind = "Zip"

    def __init__(self, spec: Any, size: int, stages: Sequence[Stage]):
        super().__init__(spec, size, stages)

    def cursor(self, run: int) -> Cursor:
        return _Zipping([stage.elements(part(run, i)) for i, stage in enumerate(self.inputs)])


class _Zipping(Cursor):
    def __init__(self, inner: list[Cursor]):
        self.inner, self.over = inner, False

    def __next__(self) -> tuple:
        leaves: list = []
        if self.over:
            raise StopIteration
        for cursor in self.inner:
            for element in cursor:
                leaves += element
                break
            else:
                self.over = True
                raise StopIteration
        return tuple(leaves)

    def save_state(self) -> dict:
        return {"over": self.over, "inputs": [cursor.save_state() for cursor in self.inner]}

    def restore_state(self, state: dict) -> None:
        self.over = state["over"]
        for cursor, saved in zip(self.inner, state["inputs"], strict=True):
            cursor.restore_state(saved)


class Enumerate(Stage):
    """Elements with their numbers before them."""

    kind = "Zip"

    def __init__(self, before: Stage, start: int):
        spec = (TensorSpec((), "int64"), before.spec)
        super().__init__(spec, before.size, [before], details=f"from {start}")
        self.start = start

    def cursor(self, run: int) -> Cursor:
        """Counts along with the elements."""
        return _Numbering(self.inputs[0].elements(run), self.start)


class _Numbering(Cursor):
    def __init__(self, inner: Cursor, at: int):
        self.inner, self.at = inner, at

    def __next__(self) -> tuple:
        element = next(self.inner)
        at = self.at
        self.at = at + 1
        return (np.array(at, np.int64), *element)

    def save_state(self) -> dict:
        return {"at": self.at, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.at = state["at"]
        self.inner.restore_state(state["input"])


class Concatenate(Stage):
    """The elements of one dataset, then those of another."""

    kind = "Concatenate"

    def __init__(self, first: Stage, second: Stage):
        spec = same_kind(first.spec, second.spec, "Dataset.concatenate")
        sizes = (first.size, second.size)
        size = INFINITE if INFINITE in sizes else UNKNOWN if UNKNOWN in sizes else sum(sizes)
        super().__init__(spec, size, [first, second])

    def cursor(self, run: int) -> Cursor:
        """Walks over one input after the other."""
        return _InTurn([stage.elements(part(run, i)) for i, stage in enumerate(self.inputs)])


class _InTurn(Cursor):
    def __init__(self, inner: list[Cursor]):
        self.inner, self.turn = inner, 0

    def __next__(self) -> Any:
        while self.turn < len(self.inner):
            for token in self.inner[self.turn]:
                return token
            self.turn += 1
        raise StopIteration

    def save_state(self) -> dict:
        return {"turn": self.turn, "inputs": [cursor.save_state() for cursor in self.inner]}

    def restore_state(self, state: dict) -> None:
        self.turn = state["turn"]
        for cursor, saved in zip(self.inner, state["inputs"], strict=True):
            cursor.restore_state(saved)


class _Mixture(Stage):
    """Something decides for each element which dataset it comes from."""

    kind = "DirectedInterleave"

    def __init__(self, stages: Sequence[Stage], inputs: Sequence[Stage], stop: bool, details: Any):
        spec = reduce(lambda a, b: same_kind(a, b, "Dataset"), [s.spec for s in stages])
        endless = all(stage.size == INFINITE for stage in inputs)
        super().__init__(spec, INFINITE if endless else UNKNOWN, inputs, details=details)
        self.count, self.stop = len(stages), stop


class Choose(_Mixture):
    """The last input says which of the others is next."""

    def __init__(self, stages: Sequence[Stage], choice: Stage, stop: bool):
        super().__init__(stages, [*stages, choice], stop, stop)

    def cursor(self, run: int) -> Cursor:
        """Walks over all inputs, as the choices say."""
        inner = [stage.elements(part(run, i)) for i, stage in enumerate(self.inputs)]
        return _Directed(inner[:-1], _Told(inner[-1], self.count), self.stop)


class Sample(_Mixture):
    """A die says which is next: sides by weights, those of datasets that have ended left out."""

    def __init__(self, stages: Sequence[Stage], weights: Sequence[float], seed: Any, stop: bool,
                 again: bool):  # fmt: skip
        super().__init__(stages, stages, stop, f"{list(weights)}, seed {seed}, {stop}")
        self.weights, self.seed, self.again = list(weights), new_seed(seed), again
        self.draws = again

    def cursor(self, run: int) -> Cursor:
        """Walks over all inputs, as the dice say."""
        inner = [stage.elements(part(run, i)) for i, stage in enumerate(self.inputs)]
        dice = Dice(part(self.seed, run if self.again else 0))
        return _Directed(inner, _Thrown(dice, self.weights), self.stop)


class _Told(Cursor):
    """Numbers of datasets, as a dataset gives them."""

    def __init__(self, inner: Cursor, count: int):
        self.inner, self.count = inner, count

    def __next__(self) -> int:
        number = int(next(self.inner)[0])
        if not 0 <= number < self.count:
            raise InvalidArgumentError(
                message("Dataset.choose_from_datasets", f"the choice {number}", "Selector index "
                        f"out of range: {number} >= {self.count}", "the choice is the number of "
                        "one of the datasets, from 0", "check the elements of choice_dataset")
            )  # fmt: skip
        return number

    def without(self, number: int) -> None:
        """Nothing: what was chosen stays chosen, and is passed over."""

    def save_state(self) -> Any:
        return self.inner.save_state()

    def restore_state(self, state: Any) -> None:
        self.inner.restore_state(state)


class _Thrown(Cursor):
    """Numbers of datasets, by chance."""

    def __init__(self, dice: Dice, weights: list[float]):
        self.dice, self.weights = dice, list(weights)

    def __next__(self) -> int:
        total = sum(self.weights)
        if not total > 0:
            raise StopIteration
        left = self.dice.uniform() * total
        for number, weight in enumerate(self.weights):
            left -= weight
            if left < 0 and weight:
                return number
        return max(i for i, weight in enumerate(self.weights) if weight)

    def without(self, number: int) -> None:
        """Leave out a dataset that has ended."""
        self.weights[number] = 0.0

    def save_state(self) -> dict:
        return {"drawn": self.dice.at, "weights": self.weights}

    def restore_state(self, state: dict) -> None:
        self.dice.at, self.weights = state["drawn"], list(state["weights"])


class _Directed(Cursor):
    def __init__(self, inner: list[Cursor], chosen: Any, stop: bool):
        self.inner, self.chosen, self.stop = inner, chosen, stop
        self.ended = [False] * len(inner)

    def __next__(self) -> Any:
        while not all(self.ended):
            number = next(self.chosen)
            if self.ended[number]:
                continue
            for token in self.inner[number]:
                return token
            self.ended = [True] * len(self.inner) if self.stop else self.ended
            self.ended[number] = True
            self.chosen.without(number)
        raise StopIteration

    def save_state(self) -> dict:
        inputs = [cursor.save_state() for cursor in self.inner]
        return {"ended": self.ended, "chosen": self.chosen.save_state(), "inputs": inputs}

    def restore_state(self, state: dict) -> None:
        self.ended = list(state["ended"])
        self.chosen.restore_state(state["chosen"])
        for cursor, saved in zip(self.inner, state["inputs"], strict=True):
            cursor.restore_state(saved)

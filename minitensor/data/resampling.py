"""Rejection: elements left out by chance, so that classes become as frequent as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitensor.data.functions import ElementFunction
from minitensor.data.seeds import Dice, new_seed, part
from minitensor.data.stage import UNKNOWN, Cursor, Stage
from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, message
from minitensor.tensor import TensorSpec

__all__ = ["Resample"]


class Resample(Stage):
    """Pairs of a class and an element; of class c, a share of `target[c] / initial[c]` stays.

    The shares are scaled so that the rarest class, relative to its target, stays whole.
    """

    kind = "DirectedInterleave"

    def __init__(self, before: Stage, classes: Callable, target: Any, initial: Any, seed: Any):
        self.function = ElementFunction(classes, before.spec, "rejection_resample")
        spec = self.function.spec
        good = isinstance(spec, TensorSpec) and spec.dtype.name in ("int32", "int64")
        if not good or spec.shape.rank not in (0, None):
            raise InvalidArgumentError(
                message("Dataset.rejection_resample", f"class_func that gives {spec}",
                        "`class_func` must return an int32 scalar", "a class is a number from 0",
                        "mt.cast(label, mt.int32)")
            )  # fmt: skip
        self.target = _distribution(target, "target_dist")
        self.initial = None if initial is None else _distribution(initial, "initial_dist")
        if self.initial is not None and len(self.initial) != len(self.target):
            raise InvalidArgumentError(
                message("Dataset.rejection_resample", f"{len(self.target)} and "
                        f"{len(self.initial)} classes", "target_dist and initial_dist differ in "
                        "length", "both have one number per class", "pass lists of equal length")
            )  # fmt: skip
        details = f"{self.target.tolist()}, seed {seed}"
        super().__init__((spec, before.spec), UNKNOWN, [before], details=details)
        self.seed, self.draws = new_seed(seed), True
        self.function.label_of_stage = self.label

    def cursor(self, run: int) -> Cursor:
        """Lets elements through with the odds of their class."""
        return _Resampling(self, self.inputs[0].elements(run), run)


def _distribution(given: Any, name: str) -> np.ndarray:
    numbers = convert_to_tensor(given).numpy().astype(np.float64)
    if numbers.ndim != 1 or not (numbers >= 0).all() or not numbers.sum() > 0:
        raise InvalidArgumentError(
            message("Dataset.rejection_resample", f"{name}={given!r}", "it is no distribution",
                    "it has one number per class, none negative and not all zero",
                    "pass for example [0.5, 0.5]")
        )  # fmt: skip
    return numbers / numbers.sum()


class _Resampling(Cursor):
    def __init__(self, stage: Resample, inner: Cursor, run: int):
        self.stage, self.inner, self.run, self.index = stage, inner, run, 0
        self.dice = Dice(part(stage.seed, run))
        self.seen = np.zeros(len(stage.target))

    def __next__(self) -> tuple:
        for element in self.inner:
            label = self.stage.function.at(element, self.run, self.index)[0]
            self.index += 1
            number = int(label)
            if not 0 <= number < len(self.seen):
                raise InvalidArgumentError(
                    message("Dataset.rejection_resample", f"class {number} at element "
                            f"{self.index - 1}", f"there are {len(self.seen)} classes",
                            "classes are counted from 0", "give target_dist one number per class")
                )  # fmt: skip
            self.seen[number] += 1
            if self.dice.uniform() < self._share(number):
                return (label, *element)
        raise StopIteration

    def _share(self, number: int) -> float:
        initial = self.stage.initial
        initial = self.seen if initial is None else initial
        target = self.stage.target
        known = initial > 0
        most = (target[known] / initial[known]).max()
        return target[number] / initial[number] / most if most and initial[number] else 0.0

    def save_state(self) -> dict:
        return {"index": self.index, "drawn": self.dice.at, "seen": self.seen.tolist(),
                "input": self.inner.save_state()}  # fmt: skip

    def restore_state(self, state: dict) -> None:
        self.index, self.dice.at = state["index"], state["drawn"]
        self.seen = np.array(state["seen"])
        self.inner.restore_state(state["input"])

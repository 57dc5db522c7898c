"""The results of a step as the numbers that callbacks see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, message, shorten
from minitensor.tensor import Operand

__all__ = ["MetricResults", "as_numbers"]


class MetricResults(dict):
    """The results of the metrics of a model.

    A step that returns them as they are need not compute them: they are read from the metrics when
    somebody looks.
    """

    _noted: tuple = ()

    def noted(self) -> MetricResults:
        """Remember what is in it now."""
        self._noted = tuple((name, id(value)) for name, value in self.items())
        return self

    def is_untouched(self) -> bool:
        """Whether nothing was added or changed."""
        return self._noted == tuple((name, id(value)) for name, value in self.items())


def as_numbers(results: Any) -> dict[str, Any]:
    """Tensors of one element as Python numbers, others as arrays, in the order of their names.

    Raises:
        ArgumentError: (also a TypeError) when a step did not give a dict.
    """
    if not isinstance(results, Mapping):
        raise ArgumentError(
            message("train_step", shorten(results), "it did not return a dict",
                    "a step returns its results by name, for the history and the progress bar",
                    "return {'loss': loss}, or {m.name: m.result() for m in self.metrics}")
        )  # fmt: skip
    numbers: dict[str, Any] = {}
    for name, value in sorted(results.items()):
        if isinstance(value, Mapping):
            numbers |= as_numbers(value)
        else:
            numbers[name] = _number(value)
    return numbers


def _number(value: Any) -> Any:
    if isinstance(value, (Operand, np.ndarray, np.generic)):
        array = np.asarray(value)
        return float(array.item()) if array.size == 1 else array
    return value

"""The loss that `compile` was given: one for each output, weighted and added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minitensor import nest, ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras import losses
from minitensor.keras.losses import Loss, LossFunctionWrapper
from minitensor.keras.metrics import Mean
from minitensor.keras.training.labels import loss_of
from minitensor.keras.training.outputs import each_output, numbered

__all__ = ["CompiledLoss", "batch_size_of"]


class CompiledLoss:
    """The sum of the losses of all outputs, each times its weight.

    Losses are made when it is made, so that a wrong name is told at once. Which belongs to which
    output is settled when the first predictions are there.

    Args:
        names_of: gives the names of outputs.
        loss: a loss, or a list or dict of them by output.
        loss_weights: numbers, by output in the same way.
    """

    def __init__(self, names_of: Callable, loss: Any, loss_weights: Any = None):
        self._names_of, self._weights = names_of, loss_weights
        self._loss = _made(loss)
        self._parts: list[tuple[Any, Any, Mean | None]] | None = None
        self._names: list[str | None] = []

    @property
    def trackers(self) -> list[Mean]:
        """The means of the losses of the outputs, where there are several."""
        return [tracker for _, _, tracker in self._parts or () if tracker is not None]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch, and note it for each output.

        Raises:
            InvalidArgumentError: (also a ValueError) without labels, or when there is not one loss,
                label or weight for each output.
        """
        if y_true is None:
            raise InvalidArgumentError(
                message("fit", "no y", "the loss needs labels, and y is missing",
                        "a loss compares predictions with labels",
                        "pass y beside x: fit(x, y), validation_data=(x, y); or let a dataset give "
                        "pairs (x, y)")
            )  # fmt: skip
        if self._parts is None:
            self._parts = self._settled(y_pred)
        predicted = nest.flatten(y_pred)
        labels = each_output("y", y_true, self._names)
        weights = each_output("sample_weight", sample_weight, self._names)
        total: Any = None
        for (loss, factor, tracker), y, p, w in zip(
            self._parts, labels, predicted, weights, strict=True
        ):
            if loss is None:
                continue
            value = loss_of(loss, y, p, w)
            if tracker is not None:
                tracker.update_state(value, sample_weight=batch_size_of(p))
            value = value if factor is None else value * factor
            total = value if total is None else total + value
        return total

    def _settled(self, y_pred: Any) -> list[tuple[Any, Any, Mean | None]]:
        """Loss, weight and mean for each output."""
        self._names = self._names_of(y_pred)
        found = each_output("loss", self._loss, self._names)
        factors = each_output("loss_weights", self._weights, self._names)
        if sum(loss is not None for loss in found) < 2:
            return [(loss, factor, None) for loss, factor in zip(found, factors, strict=True)]
        parts: list = []
        taken = {"loss"}
        for loss, factor, output in zip(found, factors, self._names, strict=True):
            tracker = None
            if loss is not None:
                name = numbered(f"{output or loss.name}_loss", taken)
                taken.add(name)
                tracker = Mean(name)
            parts.append((loss, factor, tracker))
        return parts


def _made(given: Any) -> Any:
    """Losses for names and functions, in the same structure."""
    if isinstance(given, Mapping) and "class_name" not in given:
        return {key: _made(value) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [_made(value) for value in given]
    found = losses.get(given)
    if found is None or isinstance(found, Loss):
        return found
    name = given if isinstance(given, str) else getattr(found, "__name__", type(found).__name__)
    return LossFunctionWrapper(found, name="lambda" if name == "<lambda>" else name)


def batch_size_of(x: Any) -> Any:
    """How many samples a tensor holds."""
    shape = x.shape
    if not len(shape):
        return 1
    return shape[0] if shape[0] is not None else ops.shape(x)[0]

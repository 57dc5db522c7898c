"""What `compile` was given, made into the objects that training uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.configuration import serialize
from minitensor.keras.metrics import Mean
from minitensor.keras.training.compiled_loss import CompiledLoss
from minitensor.keras.training.compiled_metrics import CompiledMetrics

__all__ = ["Settings"]


class Settings:
    """Loss, metrics, and how steps are run.

    Args:
        names_of: gives the names of outputs.
        given: the arguments of `compile`.
    """

    def __init__(self, names_of: Callable, given: dict[str, Any]):
        self.given = given
        self.eagerly = bool(given["run_eagerly"])
        self.together = _checked_steps(given["steps_per_execution"])
        self.tracker = Mean("loss")
        self.loss: CompiledLoss | None = None
        self.metrics: CompiledMetrics | None = None
        if given["loss"] is not None:
            self.loss = CompiledLoss(names_of, given["loss"], given["loss_weights"])
        if given["metrics"] or given["weighted_metrics"]:
            self.metrics = CompiledMetrics(names_of, given["metrics"], given["weighted_metrics"])

    @property
    def all_metrics(self) -> list:
        """The loss, the losses of the outputs, the metrics."""
        trackers = [] if self.loss is None else self.loss.trackers
        return [self.tracker, *trackers, *([] if self.metrics is None else [self.metrics])]

    def get_config(self, optimizer: Any) -> dict[str, Any]:
        """The arguments as plain data, with the optimiser as it is now."""
        return {name: serialize(optimizer if name == "optimizer" else value)
                for name, value in self.given.items()}  # fmt: skip


def _checked_steps(steps: Any) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InvalidArgumentError(
            message("compile", f"steps_per_execution={shorten(steps)}",
                    "it is not a positive whole number", "it is how many steps one call runs",
                    "leave it out, or pass for example steps_per_execution=8")
        )  # fmt: skip
    return steps

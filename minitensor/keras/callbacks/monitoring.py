"""Watching one result of each epoch: which direction is better, and whether it got better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minitensor.errors import InvalidArgumentError, message, suggest
from minitensor.keras.callbacks.callback import Callback
from minitensor.keras.training.compiled_metrics import CompiledMetrics
from minitensor.keras.warning import warn

__all__ = ["Monitoring"]


class Monitoring(Callback):
    """The base of callbacks that watch a result.

    Args:
        monitor: its name: "val_loss".
        mode: "min" or "max" is better; "auto" asks the metric.
        min_delta: how much better counts as better.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float):
        if mode not in ("auto", "min", "max"):
            kind = type(self).__name__
            warn(f"{kind} mode {mode!r} is unknown, fallback to auto mode.")
            mode = "auto"
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self._sign: int | None = None
        self.best: float | None = None

    def _direction(self) -> int:
        """1 where more is better, -1 where less is.

        Raises:
            InvalidArgumentError: (also a ValueError) where nothing tells.
        """
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return -1
        found = _metric_directions(self.model).get(name)
        if found is not None:
            return 1 if found == "up" else -1
        kind = type(self).__name__
        raise InvalidArgumentError(
            message(kind, f"monitor={self.monitor!r}",
                    f"{kind} callback received monitor={self.monitor}, but Keras isn't able to "
                    "automatically determine whether that metric should be maximized or minimized",
                    "less of a loss is better, and metrics of Keras know their direction",
                    "Pass `mode='max'` in order to monitor based on the highest metric value, or "
                    "pass `mode='min'` in order to use the lowest value")
        )  # fmt: skip

    def _value(self, logs: Mapping[str, Any]) -> float | None:
        """What is watched; None, with a warning, where it is not there."""
        found = logs.get(self.monitor)
        if found is None:
            warn(
                f"{self._purpose} conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs)}; {suggest(self.monitor, logs)}"
            )
        return found

    _purpose = "Callback"
    """What it does, as warnings say it."""

    def _is_better(self, value: float, best: float | None) -> bool:
        if self._sign is None:
            self._sign = self._direction()
        return best is None or self._sign * (value - best) > self.min_delta


def _metric_directions(model: Any) -> dict[str, str]:
    """Whether "up" or "down" is better, by the names of the metrics of a model."""
    known: dict[str, str] = {}
    for metric in model.metrics:
        parts = metric.parts if isinstance(metric, CompiledMetrics) else {metric.name: metric}
        found = {name: getattr(part, "_direction", None) for name, part in parts.items()}
        known |= {name: direction for name, direction in found.items() if direction}
    return known

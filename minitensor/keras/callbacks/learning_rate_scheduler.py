"""`LearningRateScheduler`: the learning rate of each epoch, by a function."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.callbacks.callback import Callback

__all__ = ["LearningRateScheduler", "rate_of", "set_rate"]


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    Args:
        schedule: takes the number of the epoch, from 0, and the learning rate so far, and gives the
            new one, a float.
        verbose: 1 to say so.

    Raises:
        InvalidArgumentError: (also a ValueError) in training, when the function does not give a
            float, and when the optimiser has a schedule of its own.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> halve = mt.keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> history = model.fit(*data, epochs=2, verbose=0, callbacks=[halve])
        >>> [round(rate, 4) for rate in history.history["learning_rate"]]
        [0.005, 0.0025]
    """

    def __init__(self, schedule: Callable, verbose: int = 0):
        self.schedule, self.verbose = schedule, verbose
        parameters = inspect.signature(schedule).parameters.values()
        fixed = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._takes_rate = len(fixed) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the learning rate."""
        rate = rate_of(self.model)
        found = self.schedule(epoch, rate) if self._takes_rate else self.schedule(epoch)
        if isinstance(found, bool) or not isinstance(found, (float, np.floating)):
            dtype = getattr(found, "dtype", None)
            if dtype is None or not getattr(dtype, "is_floating", False):
                raise InvalidArgumentError(
                    message("LearningRateScheduler", f"{shorten(found)} for epoch {epoch}",
                            "The output of the `schedule` function should be a float. Got: "
                            f"{found}",
                            "a learning rate is a floating number", "return float(…)")
                )  # fmt: skip
        set_rate(self.model, float(found))
        if self.verbose:
            sys.stdout.write(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to "
                             f"{float(found)}.\n")  # fmt: skip

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the learning rate among the results."""
        if logs is not None:
            logs["learning_rate"] = rate_of(self.model)


def rate_of(model: Any) -> float:
    """The learning rate of a model's optimiser now."""
    return float(np.asarray(model.optimizer.learning_rate))


def set_rate(model: Any, rate: float) -> None:
    """Change the learning rate of a model's optimiser."""
    model.optimizer.learning_rate = rate

"""`ReduceLROnPlateau`: a smaller learning rate when a result has not got better for a while."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.callbacks.learning_rate_scheduler import rate_of, set_rate
from minitensor.keras.callbacks.monitoring import Monitoring

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(Monitoring):
    """Multiplies the learning rate by `factor` when what it watches does not get better.

    Args:
        monitor: the name of the result: "val_loss".
        factor: what the learning rate is multiplied by.
        patience: how many epochs without anything better are borne.
        verbose: 1 to say so.
        mode: "min" where less is better, "max" where more is, "auto" to ask the metric.
        min_delta: how much better counts as better.
        cooldown: how many epochs it waits after a reduction before it watches again.
        min_lr: the least learning rate.

    Raises:
        InvalidArgumentError: (also a ValueError) for a factor of 1 or more; in training, when it
            cannot tell which direction is better.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> reduce = mt.keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> history = model.fit(*data, epochs=4, verbose=0, callbacks=[reduce])
        >>> [round(rate, 4) for rate in history.history["learning_rate"]]
        [0.01, 0.01, 0.01, 0.005]
    """

    _purpose = "Learning rate reduction is"

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0,
        mode: str = "auto", min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0,
    ):  # fmt: skip
        super().__init__(monitor, mode, min_delta)
        if factor >= 1.0:
            raise InvalidArgumentError(
                message("ReduceLROnPlateau", f"factor={factor}",
                        "ReduceLROnPlateau does not support a factor >= 1.0. Received factor="
                        f"{factor}", "the learning rate is multiplied by it, and gets smaller",
                        "pass for example factor=0.5")
            )  # fmt: skip
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin to count."""
        self.wait = self.cooldown_counter = 0
        self.best = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look whether it got better, and reduce the learning rate if it has not for too long."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = rate = rate_of(self.model)
        value = self._value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience and rate > np.float32(self.min_lr):
                self._reduce(epoch, rate)

    def _reduce(self, epoch: int, rate: float) -> None:
        rate = max(rate * self.factor, self.min_lr)
        set_rate(self.model, rate)
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            sys.stdout.write(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to "
                             f"{rate}.\n")  # fmt: skip

"""`EarlyStopping`: stop when a result has not got better for a while."""

from __future__ import annotations

import sys
from typing import Any

from minitensor.keras.callbacks.monitoring import Monitoring

__all__ = ["EarlyStopping"]


class EarlyStopping(Monitoring):
    """Stops training when what it watches does not get better.

    Args:
        monitor: the name of the result: "val_loss".
        min_delta: how much better counts as better.
        patience: how many epochs without anything better are borne.
        verbose: 1 to say so when it stops.
        mode: "min" where less is better, "max" where more is, "auto" to ask the metric.
        baseline: what has to be reached within `patience` epochs, and beaten to count as better.
        restore_best_weights: whether the model takes back the weights of its best epoch at the end.
        start_from_epoch: how many epochs pass before it watches.

    Raises:
        InvalidArgumentError: (also a ValueError) in training, when it cannot tell which direction
            is better.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> stop = mt.keras.callbacks.EarlyStopping("loss", patience=2, verbose=1)
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> history = model.fit(*data, epochs=100, verbose=0, callbacks=[stop])
        Epoch 3: early stopping
    """

    _purpose = "Early stopping"

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):  # fmt: skip
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin to count."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = None, None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look whether it got better, and stop if it has not for too long."""
        value = self._value(logs or {})
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Say that it stopped, and take back the best weights."""
        if self.stopped_epoch > 0 and self.verbose:
            sys.stdout.write(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                sys.stdout.write("Restoring model weights from the end of the best epoch: "
                                 f"{self.best_epoch + 1}.\n")  # fmt: skip
            self.model.set_weights(self.best_weights)

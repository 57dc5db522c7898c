"""`TerminateOnNaN`: stop when the loss is no number any more."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from minitensor.keras.callbacks.callback import Callback

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Stops training when the loss of a batch is NaN or infinite.

    Looking at the loss costs time at each step, a few microseconds.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> stop = mt.keras.callbacks.TerminateOnNaN()
        >>> data = mt.ones((4, 2)) / 0.0, mt.zeros((4, 1))
        >>> history = model.fit(*data, epochs=100, verbose=0, callbacks=[stop])
        Batch 0: Invalid loss, terminating training
        >>> history.epoch
        [0]
    """

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            sys.stdout.write(f"Batch {batch}: Invalid loss, terminating training\n")
            self.model.stop_training = True

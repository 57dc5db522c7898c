"""`History`: the results of all epochs."""

from __future__ import annotations

from typing import Any

from minitensor.keras.callbacks.callback import Callback

__all__ = ["History"]


class History(Callback):
    """What `fit` returns: `history`, a dict of lists, and `epoch`, the numbers of the epochs.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(mt.ones((4, 2)), mt.zeros((4, 1)), epochs=2, verbose=0)
        >>> history.history, history.epoch
        ({'loss': [0.0, 0.0]}, [0, 1])
        >>> history
        <History epochs=2, loss 0 → 0>
    """

    def __init__(self) -> None:
        self.history: dict[str, list] = {}
        self.epoch: list[int] = []

    def __repr__(self) -> str:
        """The number of epochs, and the first and the last value of each result."""
        told = [f"epochs={len(self.epoch)}"]
        told += [f"{name} {_short(values)}" for name, values in self.history.items() if values]
        return f"<{type(self).__name__} {', '.join(told)}>"

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Count epochs from the beginning; what earlier calls of `fit` noted stays."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the results."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


def _short(values: list) -> str:
    """The first and the last of some values, or the only one."""
    ends = [values[0], values[-1]] if len(values) > 1 else values
    return " → ".join(f"{x:.4g}" if isinstance(x, (int, float)) else "…" for x in ends)

"""`LambdaCallback`: a callback of functions."""

from __future__ import annotations

from collections.abc import Callable

from minitensor.errors import ArgumentError, message, suggest
from minitensor.keras.callbacks.callback import Callback

__all__ = ["LambdaCallback"]


class LambdaCallback(Callback):
    """Calls functions at the moments that they are given for.

    Args:
        on_epoch_begin: called with the number of the epoch, and a dict.
        on_epoch_end: the same, with the results.
        on_train_begin: called with a dict.
        on_train_end: the same.
        on_train_batch_begin: called with the number of the batch, and a dict.
        on_train_batch_end: the same, with the results so far.
        **kwargs: functions for the other moments of `Callback`, by name.

    Raises:
        ArgumentError: (also a TypeError) for a moment that does not exist, with the nearest.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> tell = mt.keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))
        >>> data = mt.ones((4, 2)), mt.zeros((4, 1))
        >>> history = model.fit(*data, verbose=0, callbacks=[tell])
        {'loss': 0.0}
    """

    def __init__(
        self, on_epoch_begin: Callable | None = None, on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None, on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None, on_train_batch_end: Callable | None = None,
        **kwargs: Callable | None,
    ):  # fmt: skip
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin, "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin, "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }  # fmt: skip
        moments = [name for name in dir(Callback) if name.startswith("on_")]
        for name, function in given.items():
            if name not in moments:
                raise ArgumentError(
                    message("LambdaCallback", f"{name}=…", f"there is no moment {name!r}",
                            "functions are given for the moments of Callback",
                            suggest(name, moments))
                )  # fmt: skip
            if function is not None:
                setattr(self, name, function)

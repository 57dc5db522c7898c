"""`CallbackList`: several callbacks as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from minitensor import nest
from minitensor.errors import ArgumentError, message, shorten
from minitensor.keras.callbacks.callback import Callback
from minitensor.keras.callbacks.history import History
from minitensor.keras.callbacks.progbar_logger import ProgbarLogger

__all__ = ["CallbackList"]


class CallbackList:
    """Callbacks in the order in which they are called.

    Args:
        callbacks: a callback, or a list of them.
        add_history: whether a `History` is added, if there is none.
        add_progbar: whether a `ProgbarLogger` is added, if there is none.
        model: their model.
        **params: what `set_params` tells them.

    Raises:
        ArgumentError: (also a TypeError) for what is no callback.

    Example:
        >>> import minitensor as mt
        >>> callbacks = mt.keras.callbacks.CallbackList(add_history=True, epochs=1)
        >>> callbacks.on_train_begin()
        >>> callbacks.on_epoch_end(0, {"loss": 0.5})
        >>> callbacks.callbacks[0].history
        {'loss': [0.5]}
    """

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False,
        model: Any = None, **params: Any,
    ):  # fmt: skip
        self.callbacks: list[Any] = list(nest.flatten(callbacks)) if callbacks else []
        for callback in self.callbacks:
            if not hasattr(callback, "set_model") or isinstance(callback, type):
                raise ArgumentError(
                    message("callbacks", shorten(callback), "it is no callback",
                            "callbacks are objects of subclasses of keras.callbacks.Callback",
                            f"pass callbacks=[{callback.__name__}()]"
                            if isinstance(callback, type) else
                            "a function becomes one by LambdaCallback(on_epoch_end=f)")
                )  # fmt: skip
        self.history = self._found(History)
        if self.history is None and add_history:
            self.history = History()
            self.callbacks.append(self.history)
        self.progress = self._found(ProgbarLogger)
        if self.progress is None and add_progbar:
            self.progress = ProgbarLogger()
            self.callbacks.append(self.progress)
        self._settle()
        self.set_params(params)
        if model is not None:
            self.set_model(model)

    def _found(self, kind: type) -> Any:
        return next((x for x in self.callbacks if isinstance(x, kind)), None)

    def _settle(self) -> None:
        """Find who wants to hear of batches."""
        self._batch_hooks = {
            name: [getattr(x, name) for x in self.callbacks if _defines(x, name)]
            for name in _BATCH_HOOKS
        }
        self.looks = [x._see_batch for x in self.callbacks if hasattr(x, "_see_batch")]
        """Who wants to see each batch before it is trained on."""

    def append(self, callback: Any) -> None:
        """Add a callback."""
        self.callbacks.append(callback)
        self._settle()

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all of them."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell all of them."""
        self.model = model
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def close(self) -> None:
        """End what did not come to its end: the line of a progress bar, the files of callbacks."""
        if self.progress is not None:
            self.progress.close()
        for callback in self.callbacks:
            if hasattr(callback, "_close"):
                callback._close()

    def wants(self, name: str) -> bool:
        """Whether a callback defines a method for batches."""
        return bool(self._batch_hooks[name])

    def _batch(self, name: str, batch: int, logs: Mapping | None) -> None:
        logs = logs or {}
        for hook in self._batch_hooks[name]:
            hook(batch, logs=logs)

    def _all(self, name: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, name)(*args)

    # The moments.

    def on_batch_begin(self, batch: int, logs: Mapping | None = None) -> None:
        """As `on_train_batch_begin`."""
        self._batch("on_train_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: Mapping | None = None) -> None:
        """As `on_train_batch_end`."""
        self._batch("on_train_batch_end", batch, logs)

    def on_train_batch_begin(self, batch: int, logs: Mapping | None = None) -> None:
        """Before a step of training."""
        self._batch("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Mapping | None = None) -> None:
        """After a step of training."""
        self._batch("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Mapping | None = None) -> None:
        """Before a step of evaluation."""
        self._batch("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Mapping | None = None) -> None:
        """After a step of evaluation."""
        self._batch("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Mapping | None = None) -> None:
        """Before a step of prediction."""
        self._batch("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Mapping | None = None) -> None:
        """After a step of prediction."""
        self._batch("on_predict_batch_end", batch, logs)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Before an epoch."""
        self._all("on_epoch_begin", epoch, _given(logs))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """After an epoch."""
        self._all("on_epoch_end", epoch, _given(logs))

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Before training."""
        self._all("on_train_begin", _given(logs))

    def on_train_end(self, logs: dict | None = None) -> None:
        """After training."""
        self._all("on_train_end", _given(logs))

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Before evaluation."""
        self._all("on_test_begin", _given(logs))

    def on_test_end(self, logs: dict | None = None) -> None:
        """After evaluation."""
        self._all("on_test_end", _given(logs))

    def on_predict_begin(self, logs: dict | None = None) -> None:
        """Before prediction."""
        self._all("on_predict_begin", _given(logs))

    def on_predict_end(self, logs: dict | None = None) -> None:
        """After prediction."""
        self._all("on_predict_end", _given(logs))


_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin",
                "on_test_batch_end", "on_predict_batch_begin", "on_predict_batch_end")  # fmt: skip
_OLDER = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def _given(logs: dict | None) -> dict:
    return {} if logs is None else logs


def _defines(callback: Any, name: str) -> bool:
    """Whether a callback has a method of its own for batches, under the new name or the old."""
    own = any(_differs(callback, each) for each in (name, _OLDER.get(name)) if each)
    idle = name in getattr(callback, "_idle", ())  # it has nothing to do there this time
    return own and not idle and not isinstance(callback, ProgbarLogger)


def _differs(callback: Any, name: str) -> bool:
    found: Callable | None = getattr(callback, name, None)
    plain = getattr(Callback, name)
    return found is not None and getattr(found, "__func__", found) is not plain


CallbackLike = Callback | Iterable[Callback] | None

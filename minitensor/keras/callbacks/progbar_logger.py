"""`ProgbarLogger`: the progress of `fit`, `evaluate` and `predict` on the screen.

`progress_display` lets others show it in another way, as the widgets do in notebooks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.callbacks.callback import Callback
from minitensor.keras.callbacks.progress_bar import Progbar, can_rewrite, end_open_line

__all__ = ["ProgbarLogger", "ProgressDisplay", "progress_display", "settled_verbose"]

INTERVAL = 0.2
"""The seconds between two drawings of the bar."""


class ProgressDisplay(Protocol):
    """What shows the progress of one call of `fit`, `evaluate` or `predict` in place of the bar."""

    interval: float
    """The least seconds between two calls of `step`."""

    def begin(self, epoch: int, steps: int | None) -> None:
        """An epoch of so many steps begins, or an evaluation; None if nobody knows."""

    def step(self, done: int, logs: Callable[[], Mapping[str, Any]]) -> None:
        """Steps of this epoch are done; `logs` reads the results."""

    def end(self, done: int, logs: Mapping[str, Any]) -> None:
        """The epoch and its validation are over, or the evaluation, with these results."""

    def close(self, error: BaseException | None) -> None:
        """The call is over: because of an exception, or of none."""


DisplayMaker = Callable[[str, Mapping[str, Any]], ProgressDisplay | None]
_makers: list[DisplayMaker] = []


def progress_display(make: DisplayMaker | None) -> None:
    """Show the progress of `fit`, `evaluate` and `predict` by something else than a bar of text.

    It is asked where `verbose` is 1, or "auto" and a line can be written again.

    Args:
        make: called as `make(kind, params)` when a call begins, with "fit", "evaluate" or "predict"
            and the `params` of callbacks; gives a `ProgressDisplay`, or None for the bar of text.
            None in its place brings that back for good.

    Example:
        >>> import minitensor as mt
        >>> class Dots:
        ...     interval = 0.0
        ...     def begin(self, epoch, steps): self.text = ""
        ...     def step(self, done, logs): self.text += "*"
        ...     def end(self, done, logs): print(self.text, sorted(logs))
        ...     def close(self, error): print("the end")
        >>> mt.keras.callbacks.progress_display(lambda kind, params: Dots())
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(mt.ones((8, 2)), mt.zeros((8, 1)), batch_size=2, verbose=1)
        **** ['loss']
        the end
        >>> mt.keras.callbacks.progress_display(None)
    """
    _makers[:] = [] if make is None else [make]


def settled_verbose(verbose: Any) -> int:
    """What "auto" means: a bar where a line can be written again, a line per epoch in a file.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything but "auto", 0, 1 and 2.
    """
    if verbose == "auto":
        return 1 if can_rewrite(sys.stdout) else 2
    if verbose not in (0, 1, 2):
        raise InvalidArgumentError(
            message("fit", f"verbose={shorten(verbose)}", "it is neither 'auto' nor 0, 1 or 2",
                    "0 is silent, 1 shows a progress bar, 2 writes a line per epoch",
                    "leave it out")
        )  # fmt: skip
    return int(verbose)


class ProgbarLogger(Callback):
    """Shows a bar with the loss and the metrics. `fit` adds one by itself, unless `verbose=0`.

    It is not told of each batch by the hooks: it is asked whether it is time to draw, and only then
    are the results of the steps read.
    """

    def __init__(self) -> None:
        self._bar: Progbar | None = None
        self._display: ProgressDisplay | None = None
        self._error: BaseException | None = None
        self._testing = False
        self._next = 0.0
        self._done = 0

    def _begin(self, kind: str, steps: int | None, epoch: int = 0) -> None:
        self._next, self._done = 0.0, 0
        if self._display is None and self._verbose == 1 and _makers:
            self._display = _makers[0](kind, self.params or {})
            self._error = sys.exception()
        if self._display is not None:
            self._display.begin(epoch, steps)
        self._bar = Progbar(steps, verbose=self._verbose, interval=0.0)

    @property
    def _verbose(self) -> int:
        return settled_verbose((self.params or {}).get("verbose", 1))

    def step(self, done: int, logs: Callable[[], Mapping[str, Any]]) -> None:
        """Say that steps are done; the results are read if it is time to draw."""
        if self._testing:
            return
        self._done = done
        now = time.perf_counter()
        if now < self._next or self._bar is None:
            return
        if self._display is not None:
            self._next = now + self._display.interval
            self._display.step(done, logs)
            return
        self._next = now + INTERVAL
        if self._verbose == 1 and (self._bar.target is None or done < self._bar.target):
            self._show(done, logs(), False)

    def _show(self, done: int, logs: Mapping[str, Any], finalize: bool) -> None:
        assert self._bar is not None
        numbers = {k: v for k, v in logs.items() if isinstance(v, (int, float))}
        self._bar.stateful_metrics |= set(numbers)
        self._bar.update(done, list(numbers.items()), finalize)

    def close(self) -> None:
        """End the line, when something else is to be written."""
        display, self._display = self._display, None
        if display is not None:
            error = sys.exception()  # of this call, not one that is handled around it
            display.close(None if error is self._error else error)
            self._bar = None
        if self._bar is not None:
            self._bar.close()

    # The moments.

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The number of the epoch, and a new bar."""
        params = self.params or {}
        self._begin("fit", params.get("steps"), epoch)
        if self._display is not None:
            return
        if self._verbose and params.get("epochs", 1) >= 1:
            end_open_line()
            sys.stdout.write(f"Epoch {epoch + 1}/{params.get('epochs', 1)}\n")
            sys.stdout.flush()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The results, also of validation."""
        self._finish(logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A bar, unless it is validation."""
        self._testing = self._bar is not None
        if not self._testing:
            self._begin("evaluate", (self.params or {}).get("steps"))

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """The results, unless it is validation."""
        if not self._testing:
            self._finish(logs)
        self._testing = False

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A bar."""
        self._begin("predict", (self.params or {}).get("steps"))

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """The end of the bar."""
        self._finish({})

    def _finish(self, logs: dict[str, Any] | None) -> None:
        if self._bar is None:
            return
        if self._display is not None:
            self._display.end(self._done, logs or {})
            self._bar = None
            return
        self._bar.target = self._bar.target or self._done
        self._show(self._done, logs or {}, True)
        self._bar = None

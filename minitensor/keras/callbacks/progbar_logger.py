"""`ProgbarLogger`: the progress of `fit`, `evaluate` and `predict` on the screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.callbacks.callback import Callback
from minitensor.keras.callbacks.progress_bar import Progbar, can_rewrite, end_open_line

__all__ = ["ProgbarLogger", "settled_verbose"]

INTERVAL = 0.2
"""The seconds between two drawings of the bar."""


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
        self._testing = False
        self._next = 0.0
        self._done = 0

    def _begin(self, steps: int | None) -> None:
        self._bar = Progbar(steps, verbose=self._verbose, interval=0.0)
        self._next, self._done = 0.0, 0

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
        if self._bar is not None:
            self._bar.close()

    # The moments.

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The number of the epoch, and a new bar."""
        params = self.params or {}
        self._begin(params.get("steps"))
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
            self._begin((self.params or {}).get("steps"))

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """The results, unless it is validation."""
        if not self._testing:
            self._finish(logs)
        self._testing = False

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """A bar."""
        self._begin((self.params or {}).get("steps"))

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """The end of the bar."""
        self._finish({})

    def _finish(self, logs: dict[str, Any] | None) -> None:
        if self._bar is None:
            return
        self._bar.target = self._bar.target or self._done
        self._show(self._done, logs or {}, True)
        self._bar = None

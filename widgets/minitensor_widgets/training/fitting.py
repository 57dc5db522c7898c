"""The progress of `fit`, `evaluate` and `predict` in a notebook, through the engine's own door.

`open_door` is called when the widgets are imported in a notebook, and by `track`: `fit` inside a
loop puts its bar below that of the loop, in a terminal too.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .bars import Bar
from .screens import shell_with_kernel
from .stage import Stage, current, words_of

TITLES = {"fit": "Training", "evaluate": "Evaluation", "predict": "Prediction"}


class FitDisplay:
    """The bar of one call of `fit`, `evaluate` or `predict`, and the curves of `fit`.

    Args:
        kind: which of these.
        params: what the callbacks know: `epochs` and `steps`.
    """

    interval = 0.1

    def __init__(self, kind: str, params: Mapping[str, Any]) -> None:
        outer = current()
        self._own = outer is None
        self._kind = kind
        self._stage = outer or Stage(TITLES[kind])
        if self._own:
            self._stage.run.axis = "epoch"
        self._epochs = params.get("epochs", 1) if kind == "fit" else 1
        self._epoch = 0
        self._bar = Bar(TITLES[kind], None, "step")
        self._has_bar = self._stage.add_bar(self._bar)
        self._error_before = sys.exception()

    def begin(self, epoch: int, steps: int | None) -> None:
        """An epoch begins, or an evaluation."""
        self._epoch, self._steps = epoch, steps
        if self._kind == "fit":
            self._bar.label = f"Epoch {epoch + 1}/{self._epochs}"
        self._bar.total = None if steps is None else steps * self._epochs
        self._reach(0)
        self._stage.tick()

    def _reach(self, done: int) -> None:
        before = 0 if self._steps is None else self._epoch * self._steps
        self._bar.reach(before + done)
        if self._epochs > 1:
            self._bar.count = f"step {done}" + (f"/{self._steps}" if self._steps else "")
        if not self._has_bar:
            self._stage.run.bars[-1].inner = f"{self._bar.label}: {self._bar.counted()}"

    def step(self, done: int, logs: Callable[[], Mapping[str, Any]]) -> None:
        """Steps are done; the results are read."""
        self._reach(done)
        self._note(logs(), f"seen at step {done} of epoch {self._epoch + 1}")
        self._stage.tick()

    def _note(self, logs: Mapping[str, Any], where: str) -> None:
        found = {k: float(v) for k, v in logs.items() if isinstance(v, (int, float))}
        self._bar.values |= found
        for name, value in found.items():
            if not math.isfinite(value):
                self._stage.run.note_nan(name, value, where)

    def end(self, done: int, logs: Mapping[str, Any]) -> None:
        """An epoch is over, or an evaluation: a point on each curve."""
        self._steps = self._steps or done
        self._bar.total = self._steps * self._epochs
        self._reach(done)
        self._note(logs, f"since epoch {self._epoch + 1}")
        if self._own and self._kind == "fit":
            for name, value in logs.items():
                if isinstance(value, (int, float)):
                    run = "validation" if name.startswith("val_") else "training"
                    plot = name.removeprefix("val_")
                    self._stage.run.log(plot, float(value), self._epoch + 1, run)
        self._stage.tick()

    def close(self, error: BaseException | None) -> None:
        """All is over: it ended, was stopped, or was left by an exception."""
        state, words = words_of(error)
        bar = self._bar
        if error is None and bar.total is not None and bar.done < bar.total:
            state, words = "stopped", f"stopped after epoch {self._epoch + 1}"
        elif error is not None and self._kind == "fit":
            words = f"{words} in epoch {self._epoch + 1}"
        bar.end(state, words)
        if not self._has_bar:
            self._stage.run.bars[-1].inner = ""
        if self._own:
            self._stage.end(state, words)
        else:
            self._stage.tick()


def display_for(kind: str, params: Mapping[str, Any]) -> FitDisplay | None:
    """The display of a call, where there is one: in a notebook, and inside a loop under `track`."""
    if shell_with_kernel() is None and current() is None:
        return None
    return FitDisplay(kind, params)


def open_door() -> None:
    """Show the progress of `fit` by `display_for` from now on."""
    import minitensor as mt

    mt.keras.callbacks.progress_display(display_for)


def open_in_notebooks() -> None:
    """Open the door where outputs are more than text."""
    if shell_with_kernel() is not None:
        open_door()

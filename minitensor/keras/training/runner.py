"""`Runner`: one epoch of steps, with everything around them that callbacks and people see.

The loop in `epoch` is what `fit` adds to each step of training, so it does nothing that nobody
asked for: no hook is called that no callback defines, and no result is read that nobody looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.errors import OpError
from minitensor.keras.callbacks.callback_list import CallbackList
from minitensor.keras.training.hints import hint
from minitensor.keras.training.interrupts import Interrupts
from minitensor.keras.training.logs import as_numbers
from minitensor.keras.training.walks import Walks

__all__ = ["Runner"]


class Runner:
    """Runs steps over batches.

    Args:
        model: the model, whose attribute `stop_training` (`stop_evaluating`, `stop_predicting`)
            ends an epoch early.
        kind: "train", "test" or "predict".
        callbacks: who is told.
        interrupts: what holds Ctrl-C back during a step.
    """

    def __init__(self, model: Any, kind: str, callbacks: CallbackList,
                 interrupts: Interrupts | None = None):  # fmt: skip
        self._model, self._kind, self._callbacks = model, kind, callbacks
        self._interrupts = interrupts or Interrupts()
        self.done = 0
        """How many steps of this epoch are done."""
        self.results: Any = None
        """What the last step gave; None where the metrics of the model hold it."""

    def epoch(self, walks: Walks, keep: Callable[[Any], Any] | None = None) -> None:
        """Run a step on each batch of an epoch.

        Args:
            walks: the batches.
            keep: called with what each call of the step gives.
        """
        self.done, self.results = 0, None
        try:
            self._steps(walks, keep)
        except OpError as error:
            if not self.done:
                hint(error, walks.batches.specs, self._model)
            raise

    def _steps(self, walks: Walks, keep: Callable[[Any], Any] | None) -> None:
        """The loop of `epoch`."""
        begins, ends = (f"on_{self._kind}_batch_{when}" for when in ("begin", "end"))
        begin = getattr(self._callbacks, begins) if self._callbacks.wants(begins) else None
        end = getattr(self._callbacks, ends) if self._callbacks.wants(ends) else None
        model, interrupts = self._model, self._interrupts
        step = model._step(self._kind, told=end is not None)
        progress = self._callbacks.progress
        looks = self._callbacks.looks if self._kind == "train" else ()
        stops, varies = _STOPS[self._kind], walks.batches.varies
        for skeleton, leaves, count in walks.epoch():
            if begin is not None:
                begin(self.done)
            for look in looks:
                look(self.done, skeleton, leaves, count)
            interrupts.in_step = True
            self.results = results = step(skeleton, leaves, varies, count)
            self.done += count
            interrupts.end_step()
            if keep is not None:
                keep(results)
            if end is not None:
                end(self.done - 1, self.numbers())
            if progress is not None:
                progress.step(self.done, self.numbers)
            if getattr(model, stops):
                break

    def numbers(self) -> dict[str, Any]:
        """The results of the last step as callbacks see them."""
        if not self.done:
            return {}
        if self._kind == "predict":
            return {"outputs": self.results[0] if len(self.results) == 1 else self.results}
        held = self.results is None
        return as_numbers(self._model.get_metrics_result() if held else self.results)


_STOPS = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}

"""The health of a model as a widget that follows `fit`."""

from __future__ import annotations

import time
from typing import Any

import traitlets

import minitensor as mt

from .. import assets
from ..output import Output
from ..summaries.health import ModelHealth, complete_health
from .viewer import Viewer

SENT = 6000
"""Numbers that are sent while a model is trained; all of them when it is over."""
SOONEST, SHARE = 0.3, 0.03
"""It is sent at most so often, in seconds, and takes at most this share of the time."""


class HealthWidget(Viewer):
    """The health of a model as a widget; `step` is the look that is chosen, counted from 0.

    While it shows the last look, it goes on to newer ones.

    Args:
        source: what `mt.summary.health` gave, a list of such, `keras.callbacks.Health`, a record.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> mt.keras.utils.set_random_seed(0)
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(4, activation="relu"),
        ...                              mt.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> watch = mt.keras.callbacks.Health(every=2)
        >>> widget = HealthWidget(watch)
        >>> x = mt.random.normal((32, 2))
        >>> watching = [watch, widget.callback()]
        >>> log = model.fit(x, x[:, :1], batch_size=8, verbose=0, callbacks=watching)
        >>> widget.health["steps"], widget.step
        ([0, 2], 1)
    """

    _esm, _css = assets.esm("summaries/health"), assets.css("summaries/health")
    health = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(self, source: Any, **traits: Any) -> None:
        self._source = source
        record = complete_health(source)
        last = max(0, len(record["steps"]) - 1)
        super().__init__(health=record, **{"step": last, **traits})

    def refresh(self, most: int | None = None) -> None:
        """Look again at what the callback has found since.

        Args:
            most: how many numbers to send at most; by default as many as an island holds.
        """
        record = (
            complete_health(self._source) if most is None else complete_health(self._source, most)
        )
        if record == self.health:
            return
        at_end = self.step >= len(self.health["steps"]) - 1
        with self.hold_sync():
            self.health = record
            self.step = max(0, len(record["steps"]) - 1) if at_end else self.step

    def callback(self) -> HealthCallback:
        """A callback for `fit` that keeps the widget up to date; put it after `Health`."""
        return HealthCallback(self)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return ModelHealth(self.health, self.step, self.selected)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), max(0, len(self.health.get("steps", [])) - 1)))

    @traitlets.validate("health")
    def _complete(self, proposal: Any) -> dict:
        return complete_health(proposal["value"])


class HealthCallback(mt.keras.callbacks.Callback):
    """Shows what `callbacks.Health` finds while it is found; `HealthWidget.callback` makes it.

    Args:
        widget: what to keep up to date.
    """

    def __init__(self, widget: HealthWidget) -> None:
        self._widget = widget
        self._due = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Send what is new, if it is due."""
        began = time.perf_counter()
        if began < self._due:
            return
        self._widget.refresh(SENT)
        now = time.perf_counter()
        self._due = now + max(SOONEST, (now - began) / SHARE)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Send all."""
        self._widget.refresh()

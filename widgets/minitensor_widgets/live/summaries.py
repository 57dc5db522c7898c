"""The dashboard as a widget: what is new is sent to the page while runs are written."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..summaries.figures import LOOKS, Dashboard, main_of
from ..summaries.records import PANES, complete, pane
from .viewer import Viewer

AXES = ("step", "relative", "wall")
MOST_ASKED = 100


class DashboardWidget(Viewer):
    """A dashboard as a widget: what its page asks for is answered from a log.

    `dashboard(logdir, live=True)` makes one and keeps it up to date; by itself it shows a record
    that you give, and change, as a trait.

    Args:
        record: the record of a dashboard.
        source: what `minitensor.summary.read` gave: of it the page asks for more than it has.
        **traits: `smoothing`, `axis`, `log`, `outliers`, `hidden`, `filter`, `layout` and others.

    Example:
        >>> widget = DashboardWidget({"version": 1, "title": "runs", "kinds": {}}, smoothing=2.0)
        >>> widget, widget.smoothing
        (DashboardWidget('runs', 0 runs, 0 charts), 0.99)
    """

    dashboard = traitlets.Dict().tag(sync=True)
    smoothing = traitlets.Float(LOOKS["smoothing"]).tag(sync=True)
    axis = traitlets.Unicode(LOOKS["axis"]).tag(sync=True)
    log = traitlets.Bool(LOOKS["log"]).tag(sync=True)
    outliers = traitlets.Bool(LOOKS["outliers"]).tag(sync=True)
    hidden = traitlets.List(LOOKS["hidden"]).tag(sync=True)
    filter = traitlets.Unicode(LOOKS["filter"]).tag(sync=True)

    def __init__(self, record: Any, source: Any = None, **traits: Any) -> None:
        record = complete(record)
        self._source = source
        self._orders: collections.deque[dict[str, Any]] = collections.deque(maxlen=MOST_ASKED)
        self._answering = threading.Lock()
        self.visible: dict[str, list[str]] | None = None
        self.wake: Callable[[], None] = self.answer_all
        # Only the panes there are: the code of all of them is more than a page should be sent.
        self._main = main_of(record)
        self._esm, self._css = assets.esm(self._main), assets.css(self._main)
        super().__init__(dashboard=record, **traits)
        self.on_msg(self._asked)

    def give(self, record: Any) -> None:
        """Show another record; a kind that was not there before brings its pane."""
        record = complete(record)
        main = main_of(record)
        if main != self._main:
            self._main = main
            self._css, self._esm = assets.css(main), assets.esm(main)
        self.dashboard = record

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Dashboard(self.dashboard, **self.looks())

    def looks(self) -> dict[str, Any]:
        """How the reader has set it: what the island that replaces it begins with."""
        return {name: getattr(self, name) for name in LOOKS}

    # What the page asks: callbacks may run on any thread, so they only put it into a queue.

    def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        if isinstance(content.get("visible"), dict):
            self.visible = _tags_of(content["visible"])
        if "ask" in content:
            self._orders.append(content)
        self.wake()

    def answer_all(self) -> None:
        """Answer what was asked."""
        with self._answering:
            while self._orders:
                order = self._orders.popleft()
                content, buffers = self._answer(order)
                self.send({**content, "answer": order["ask"]}, buffers)

    def _answer(self, order: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        kind, args = str(order.get("what")), order.get("args")
        if self._source is None or kind not in PANES or not hasattr(pane(kind), "answer"):
            return {"fault": "there is no Python to ask"}, []
        try:
            return pane(kind).answer(self._source, args if isinstance(args, dict) else {})
        except Exception as error:  # what the page gets wrong must not end the thread that answers
            return {"fault": str(error)[:300]}, []

    @traitlets.validate("smoothing")
    def _in_range(self, proposal: Any) -> float:
        value = float(proposal["value"])
        return max(0.0, min(value, 0.99)) if value == value else 0.0

    @traitlets.validate("axis")
    def _known(self, proposal: Any) -> str:
        return proposal["value"] if proposal["value"] in AXES else AXES[0]

    @traitlets.validate("dashboard")
    def _complete(self, proposal: Any) -> dict:
        try:
            return complete(proposal["value"])
        except (TypeError, ValueError) as error:  # only after this one is the old value kept
            raise traitlets.TraitError(str(error)) from None


def _tags_of(visible: dict) -> dict[str, list[str]]:
    """What a page says it shows, of which only lists of names are kept."""
    return {
        kind: [tag for tag in tags if isinstance(tag, str)]
        for kind, tags in visible.items()
        if isinstance(tags, list)
    }

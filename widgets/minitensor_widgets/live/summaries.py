"""The dashboard as a widget: what is new is sent to the page while runs are written."""

from __future__ import annotations

from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..summaries.figures import Dashboard
from ..summaries.records import complete
from .viewer import Viewer

MAIN = assets.whole("summaries/dashboard")


class DashboardWidget(Viewer):
    """A dashboard as a widget.

    Args:
        record: the record of a dashboard.
        **traits: `smoothing`, `axis`, `log`, `outliers`, `hidden`, `filter`, `layout` and others.
    """

    _esm, _css = assets.esm(MAIN), assets.css(MAIN)
    dashboard = traitlets.Dict().tag(sync=True)
    smoothing = traitlets.Float(0.6).tag(sync=True)
    axis = traitlets.Unicode("step").tag(sync=True)
    log = traitlets.Bool(False).tag(sync=True)
    outliers = traitlets.Bool(False).tag(sync=True)
    hidden = traitlets.List().tag(sync=True)
    filter = traitlets.Unicode("").tag(sync=True)

    def __init__(self, record: Any, **traits: Any) -> None:
        super().__init__(dashboard=complete(record), **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Dashboard(self.dashboard, **self.looks())

    def looks(self) -> dict[str, Any]:
        """How the reader has set it."""
        names = ("smoothing", "axis", "log", "outliers", "hidden", "filter")
        return {name: getattr(self, name) for name in names}

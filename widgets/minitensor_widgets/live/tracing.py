"""The cache of a function and the slider through the passes as widgets."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..records import as_view
from ..tracing.cache import Traces
from ..tracing.records import passes_record, traces_record
from ..tracing.slider import Passes
from .viewer import Viewer


class TracesWidget(Viewer):
    """The cards of a function's cache as a widget; `step` says how many cards are dealt.

    In a notebook it is looked up again after each cell that runs, so that new traces appear;
    `refresh` does so at once.

    Args:
        function: a function under `mt.function`, a TracesView or the dict of one.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets.samples import cache
        >>> TracesWidget(cache()).step
        3
    """

    _esm, _css = assets.esm("tracing/traces"), assets.css("tracing/traces")
    traces = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(self, function: Any, **traits: Any) -> None:
        record = traces_record(function)
        super().__init__(traces=record, **{"step": len(record["traces"]), **traits})
        self._function = function if as_view(function) is None else None
        if self._function is not None:
            _after_each_cell(self)

    def refresh(self) -> None:
        """Look at the cache again: cards of new traces are dealt, counters rise.

        Example:
            >>> import minitensor as mt
            >>> square = mt.function(lambda x: x * x)
            >>> widget = TracesWidget(square)
            >>> _ = square(mt.constant(3.0)), widget.refresh()
            >>> widget
            TracesWidget('<lambda>', 1 trace, 0 hits)
        """
        if self._function is None:
            return
        record = traces_record(self._function)
        all_dealt = self.step >= len(self.traces["traces"])
        if record != self.traces:
            self.traces = record
            if all_dealt:
                self.step = len(record["traces"])

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Traces(self.traces, self.step, self.selected)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), len(self.traces.get("traces", []))))

    @traitlets.validate("traces")
    def _complete(self, proposal: Any) -> dict:
        return traces_record(proposal["value"])


def _after_each_cell(widget: TracesWidget) -> None:
    """Refresh a widget whenever IPython has run a cell, for as long as somebody holds it open."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return
    seen = weakref.ref(widget)

    def ran(*_: Any) -> None:
        found = seen()
        if found is None or found.comm is None:  # closed
            shell.events.unregister("post_run_cell", ran)
        else:
            found.refresh()

    shell.events.register("post_run_cell", ran)


class PassesWidget(Viewer):
    """The slider through the optimiser's passes as a widget; `step` is the pass looked at.

    Args:
        concrete: a concrete function, a function under `mt.function`, a PassesView or its dict.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets.samples import optimised
        >>> PassesWidget(optimised()).step
        2
    """

    _esm, _css = assets.esm("tracing/passes"), assets.css("tracing/passes")
    passes = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    collapsed = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self, concrete: Any, collapsed: Iterable[str] | None = None, **traits: Any
    ) -> None:
        first = Passes(concrete, collapsed=collapsed)
        last = max(0, len(first.record["passes"]) - 1)
        traits = {"step": last, "collapsed": first.collapsed, **traits}
        super().__init__(passes=first.record, **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Passes(self.passes, self.step, self.collapsed)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        last = max(0, len(self.passes.get("passes", [])) - 1)
        return max(0, min(int(proposal["value"]), last))

    @traitlets.validate("passes")
    def _complete(self, proposal: Any) -> dict:
        return passes_record(proposal["value"])

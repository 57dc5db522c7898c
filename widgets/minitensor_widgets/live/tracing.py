"""The cache of a function and the slider through the passes as widgets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..tracing.cache import Traces
from ..tracing.records import passes_record, traces_record
from ..tracing.slider import Passes
from .viewer import Viewer


class TracesWidget(Viewer):
    """The cards of a function's cache as a widget; `step` says how many cards are dealt.

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

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Traces(self.traces, self.step, self.selected)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), len(self.traces.get("traces", []))))

    @traitlets.validate("traces")
    def _complete(self, proposal: Any) -> dict:
        return traces_record(proposal["value"])


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

"""The same viewers as live widgets, for when Python is in the loop.

`selected`, `step` and `collapsed` are in step with the page, so that Python can watch what a
learner looks at, or lead. This is the only module that imports anywidget.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from . import assets
from .cache import Traces
from .island import Island, show, step
from .output import Output, is_static
from .records import passes_record, traces_record
from .slider import Passes


class _Viewer(anywidget.AnyWidget):
    """What all viewers share: how they are shown, saved and printed."""

    _css = assets.css()
    selected = traitlets.Unicode("").tag(sync=True)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        raise AssertionError("each viewer makes its own island")

    def to_svg(self) -> str:
        """The static figure."""
        return self.island().to_svg()

    def save(self, path: str | Path) -> None:
        """Write the figure (`.svg`) or an interactive page (`.html`)."""
        self.island().save(path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({repr(self.island()).partition('(')[2]}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        island = self.island()
        if is_static():
            return dict(island._repr_mimebundle_()), {}
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/plain"] = island.description()
        return bundle


class GraphWidget(_Viewer):
    """The graph viewer as a widget; `selected` holds the id of the node a learner looks at.

    Args:
        x: a GradientTape, a Graph, a GraphView or the dict of one.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        **traits: `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets.samples import matmul_steps
        >>> GraphWidget(matmul_steps()["graph"])
        GraphWidget('loss = sum(x @ w + b)', 6 nodes, 5 edges)
    """

    _esm = assets.esm("graph")
    graph = traitlets.Dict().tag(sync=True)
    collapsed = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, x: Any, collapsed: Iterable[str] | None = None, **traits: Any) -> None:
        first = show(x, collapsed=collapsed)
        super().__init__(graph=first.graph, collapsed=first.collapsed, **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Island(self.graph, self.collapsed, selected=self.selected)

    @traitlets.validate("graph")
    def _complete(self, proposal: Any) -> dict:
        return show(proposal["value"]).graph


class StepperWidget(_Viewer):
    """The backward stepper as a widget; `step` says how many steps have been taken.

    Args:
        tape: a GradientTape, a StepsView or the dict of one.
        target: the value whose gradient is taken; not needed for a view.
        sources: what the gradient is taken with respect to; None means all watched variables.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets.samples import scalar_steps
        >>> StepperWidget(scalar_steps(), step=4).step
        4
    """

    _esm = assets.esm("stepper")
    steps = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    collapsed = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self,
        tape: Any,
        target: Any = None,
        sources: Any = None,
        collapsed: Iterable[str] | None = None,
        **traits: Any,
    ) -> None:
        first = step(tape, target, sources, collapsed=collapsed)
        super().__init__(steps=first.record, collapsed=first.collapsed, **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Island(self.steps, self.collapsed, self.step, self.selected)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), len(self.steps.get("steps", []))))

    @traitlets.validate("steps")
    def _complete(self, proposal: Any) -> dict:
        return step(proposal["value"]).record


class TracesWidget(_Viewer):
    """The cards of a function's cache as a widget; `step` says how many cards are dealt.

    Args:
        function: a function under `mt.function`, a TracesView or the dict of one.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets.samples import cache
        >>> TracesWidget(cache()).step
        3
    """

    _esm = assets.esm("traces")
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


class PassesWidget(_Viewer):
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

    _esm = assets.esm("passes")
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

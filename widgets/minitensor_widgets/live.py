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
from .island import Island, is_static, show, step


class _Viewer(anywidget.AnyWidget):
    """What both viewers share: how they are shown, saved and printed."""

    _css = assets.css()
    collapsed = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    _record: str  # the trait that holds the record

    def island(self) -> Island:
        """The present state without Python: what stays in a saved notebook."""
        taken = self.step if isinstance(self, StepperWidget) else 0
        return Island(getattr(self, self._record), self.collapsed, taken, self.selected)

    def to_svg(self) -> str:
        """The static figure."""
        return self.island().to_svg()

    def save(self, path: str | Path) -> None:
        """Write the figure (`.svg`) or an interactive page (`.html`)."""
        self.island().save(path)

    def __repr__(self) -> str:
        return repr(self.island()).replace("Island", type(self).__name__, 1)

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
    _record = "graph"
    graph = traitlets.Dict().tag(sync=True)

    def __init__(self, x: Any, collapsed: Iterable[str] | None = None, **traits: Any) -> None:
        first = show(x, collapsed=collapsed)
        super().__init__(graph=first.graph, collapsed=first.collapsed, **traits)

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
    _record = "steps"
    steps = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

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

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), len(self.steps.get("steps", []))))

    @traitlets.validate("steps")
    def _complete(self, proposal: Any) -> dict:
        return step(proposal["value"]).record

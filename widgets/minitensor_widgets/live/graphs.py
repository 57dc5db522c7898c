"""The graph viewer and the backward stepper as widgets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import traitlets

from .. import assets
from ..graphs.difference import Difference, difference_record
from ..graphs.stepping import step
from ..graphs.viewers import Island, show
from ..output import Output
from .viewer import Viewer


class GraphWidget(Viewer):
    """The graph viewer as a widget; `selected` holds the id of the node a learner looks at.

    Args:
        x: a GradientTape, a Graph, a GraphView or the dict of one.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        **traits: `selected`, `direction` ("TB" or "LR"), `pinned` (leaves drawn as one box),
            `grouped`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets.samples import matmul_steps
        >>> GraphWidget(matmul_steps()["graph"])
        GraphWidget('loss = sum(x @ w + b)', 6 nodes, 5 edges)
    """

    _esm, _css = assets.esm("graphs/graph"), assets.css("graphs/graph")
    graph = traitlets.Dict().tag(sync=True)
    collapsed = traitlets.List(traitlets.Unicode()).tag(sync=True)
    direction = traitlets.Unicode("TB").tag(sync=True)
    pinned = traitlets.List(traitlets.Unicode()).tag(sync=True)
    grouped = traitlets.Bool(True).tag(sync=True)

    def __init__(self, x: Any, collapsed: Iterable[str] | None = None, **traits: Any) -> None:
        first = show(x, collapsed=collapsed, grouped=traits.get("grouped", True))
        super().__init__(graph=first.graph, collapsed=first.collapsed, **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Island(
            self.graph,
            self.collapsed,
            selected=self.selected,
            direction=self.direction,
            pinned=self.pinned,
            grouped=self.grouped,
        )

    @traitlets.validate("direction")
    def _known(self, proposal: Any) -> str:
        return "LR" if proposal["value"] == "LR" else "TB"

    @traitlets.validate("graph")
    def _complete(self, proposal: Any) -> dict:
        return show(proposal["value"]).graph


class DifferenceWidget(GraphWidget):
    """The difference of two graphs as a widget.

    Args:
        before: a GradientTape, a traced function, a model, a Graph, a GraphView or its dict.
        after: the same. Without it, a traced function is compared with what the optimiser made.
        collapsed: the scopes drawn closed at first; None closes what did not change.
        **traits: those of `GraphWidget`.

    Example:
        >>> from minitensor_widgets.samples import matmul_steps
        >>> graph = matmul_steps()["graph"]
        >>> DifferenceWidget(graph, {**graph, "title": "the same"}).graph["note"]
        '0 added, 0 removed, 0 changed, 6 the same'
    """

    def __init__(
        self,
        before: Any,
        after: Any = None,
        collapsed: Iterable[str] | None = None,
        **traits: Any,
    ) -> None:
        super().__init__(difference_record(before, after), collapsed, **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Difference(
            self.graph,
            None,
            self.collapsed,
            selected=self.selected,
            direction=self.direction,
            pinned=self.pinned,
            grouped=self.grouped,
        )


class StepperWidget(Viewer):
    """The backward stepper as a widget; `step` says how many steps have been taken.

    Args:
        tape: a GradientTape, a function, a tape of your own (see `step`), a StepsView or the dict
            of one.
        *args: of a tape the target and, if wanted, the sources; of a function its arguments.
        target: the value whose gradient is taken; not needed for a view or a function.
        sources: what the gradient is taken with respect to; None means everything watched.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets.samples import scalar_steps
        >>> StepperWidget(scalar_steps(), step=4).step
        4
    """

    _esm, _css = assets.esm("graphs/stepper"), assets.css("graphs/stepper")
    steps = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    collapsed = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self,
        tape: Any,
        *args: Any,
        target: Any = None,
        sources: Any = None,
        collapsed: Iterable[str] | None = None,
        **traits: Any,
    ) -> None:
        first = step(tape, *args, target=target, sources=sources, collapsed=collapsed)
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

"""Graphs and backward passes as outputs: what they share, and `show`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .. import assets
from ..output import MOST_BYTES, Output
from .collapse import auto_collapse, with_parts
from .describe import describe_graph, describe_steps, graph_alt, plural, steps_alt
from .grouping import step_groups
from .records import graph_record, is_steps, steps_record
from .svg import graph_svg, steps_svg
from .thinning import thinner

MOST_NODES = 5000


def prepared(record: dict) -> dict:
    """Check the size of a record and group what is too much to show at once."""
    graph = record["graph"] if "steps" in record else record
    if len(graph["nodes"]) > MOST_NODES:
        raise ValueError(
            f"{graph['title'] or 'The graph'} has {len(graph['nodes'])} nodes, and the viewer "
            f"reads at most {MOST_NODES}. Record a smaller part: one step of training is enough."
        )
    graph = with_parts(graph)
    if "steps" not in record:
        return graph
    record = {**record, "graph": graph}
    return {**record, "groups": step_groups(record)}


class Island(Output):
    """A picture of a record: static where it must be, interactive where it can be.

    Args:
        view: a GraphView, a StepsView, the dict of one, or anything `minitensor.views` can view.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        step: how many steps of a StepsView are taken at first.
        selected: the id of the node selected at first.

    Raises:
        TypeError: when there is nothing to draw.
        ValueError: when the view contradicts itself or is too big.

    Example:
        >>> from minitensor_widgets.samples import scalar_steps
        >>> Island(scalar_steps())
        Island('y = a * b + sin(a)', 5 nodes, 5 edges, 9 steps)
    """

    def __init__(
        self,
        view: Any,
        collapsed: Iterable[str] | None = None,
        step: int = 0,
        selected: str = "",
    ) -> None:
        stepping = is_steps(view)
        self.record = prepared(steps_record(view) if stepping else graph_record(view))
        self.stepping = stepping
        self.main = "graphs/stepper" if stepping else "graphs/graph"
        self.graph: dict = self.record["graph"] if stepping else self.record
        self.collapsed = auto_collapse(self.graph) if collapsed is None else list(collapsed)
        self.step = step
        self.selected = selected

    def __repr__(self) -> str:
        counts = [
            plural(len(self.graph["nodes"]), "node"),
            plural(len(self.graph["edges"]), "edge"),
        ]
        if self.stepping:
            counts.append(plural(len(self.record["steps"]), "step"))
        return f"Island({self.graph['title']!r}, {', '.join(counts)})"

    @property
    def title(self) -> str:
        """What stands above the picture."""
        return self.graph["title"] or "Computation graph"

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        return steps_alt(self.record) if self.stepping else graph_alt(self.graph)

    def description(self) -> str:
        """The whole record as a numbered list, for those who do not see the picture."""
        return describe_steps(self.record) if self.stepping else describe_graph(self.graph)

    def to_svg(self) -> str:
        """The static figure; of a backward pass, the finished one."""
        draw = steps_svg if self.stepping else graph_svg
        return draw(self.record, self.collapsed, self.alt)

    def _state(self, record: dict | None = None) -> dict:
        state: dict[str, Any] = {"collapsed": self.collapsed, "selected": self.selected}
        if self.stepping:
            state["step"] = max(0, min(self.step, len(self.record["steps"])))
        state["steps" if self.stepping else "graph"] = record or self.record
        return state

    def _packed(self) -> str:
        """The state for the script; heat maps get coarser when it would be too much to carry."""
        packed = ""
        for record in thinner(self.record):
            state = self._state(record)
            packed = assets.pack(json.dumps(state, ensure_ascii=False, separators=(",", ":")))
            if len(packed) <= MOST_BYTES // 2:
                break
        return packed


def show(obj: Any, *, collapsed: Iterable[str] | None = None, selected: str = "") -> Island:
    """Draw the graph of a tape, a traced function or a view.

    Click, Enter or Space open and close scopes and inspect nodes; nothing needs the kernel.

    Args:
        obj: a GradientTape, a Graph, a GraphView or the dict of one.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        selected: the id of the node inspected at first.

    Raises:
        TypeError: when `obj` holds no graph.
        ValueError: when it has more than 5000 nodes, or a view contradicts itself.

    Example:
        >>> from minitensor_widgets.samples import scoped_graph
        >>> show(scoped_graph())
        Island('residual network', 200 nodes, 217 edges)
    """
    return Island(obj, collapsed, selected=selected)

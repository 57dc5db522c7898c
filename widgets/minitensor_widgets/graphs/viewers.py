"""Graphs and backward passes as outputs: what they share, and `show`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .. import assets
from ..output import MOST_BYTES, Output
from ..records import plain
from .blocks import without_series
from .collapse import auto_collapse, with_parts
from .describe import describe_graph, describe_steps, graph_alt, plural, steps_alt
from .exports import Exports
from .grouping import step_groups
from .limits import bounded, clipped, refuse_too_much
from .records import graph_record, is_steps, steps_record
from .svg import graph_svg, steps_svg
from .thinning import thinner

MOST_FIGURE = 90_000


def prepared(record: dict) -> dict:
    """Check the size of a record and group what is too much to show at once."""
    refuse_too_much(record["graph"] if "steps" in record else record)
    record = clipped(record)
    graph = record["graph"] if "steps" in record else record
    graph = with_parts(graph)
    if "steps" not in record:
        return graph
    record = {**record, "graph": graph}
    return {**record, "groups": step_groups(record)}


class Island(Exports, Output):
    """A picture of a record: static where it must be, interactive where it can be.

    Args:
        view: a GraphView, a StepsView, the dict of one, or anything `minitensor.views` can view.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        step: how many steps of a StepsView are taken at first.
        selected: the id of the node selected at first.
        direction: "TB", from top to bottom, or "LR", from left to right.
        pinned: ids of leaves drawn as one box though they have many users.
        grouped: whether repeated blocks are held together in a scope of their own.

    Raises:
        TypeError: when there is nothing to draw.
        ValueError: when the view contradicts itself or is too big, or the direction is another.

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
        *,
        direction: str = "TB",
        pinned: Iterable[str] = (),
        grouped: bool = True,
    ) -> None:
        if direction not in ("TB", "LR"):
            raise ValueError(
                f"direction={direction!r} given: a graph runs from top to bottom, "
                'direction="TB", or from left to right, direction="LR".'
            )
        stepping = is_steps(view)
        self.record = prepared(steps_record(view) if stepping else graph_record(view))
        self.stepping = stepping
        self.main = "graphs/stepper" if stepping else "graphs/graph"
        self.graph: dict = self.record["graph"] if stepping else self.record
        self.direction, self.grouped = direction, grouped
        self.pinned, self.selected = plain(list(pinned)), plain(selected)
        shown = self._shown()
        wanted = auto_collapse(shown) if collapsed is None else plain(list(collapsed))
        self.collapsed, said = bounded(shown, wanted)
        if said:
            self.graph["note"] = ", ".join(filter(None, [self.graph["note"], said]))
        self.step = step

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
        figure = self._figure(self.collapsed)
        closed = auto_collapse(self._shown())
        if len(figure) > MOST_FIGURE and closed != self.collapsed:
            figure = self._figure(closed)
        if len(figure) <= MOST_FIGURE or self.stepping:
            return figure
        said = "lines left out: there are too many to draw"
        note = ", ".join(filter(None, [self.graph["note"], said]))
        bare = {**self._shown(), "edges": [], "note": note}
        return graph_svg(bare, closed, self.alt, self.direction, self.pinned)

    def _figure(self, collapsed: list[str]) -> str:
        if self.stepping:
            return steps_svg(self.record, collapsed, self.alt, self.direction)
        return graph_svg(self._shown(), collapsed, self.alt, self.direction, self.pinned)

    def _shown(self) -> dict:
        return self.graph if self.grouped else without_series(self.graph)

    def _state(self, record: dict | None = None) -> dict:
        state: dict[str, Any] = {
            "collapsed": self.collapsed,
            "selected": self.selected,
            "direction": self.direction,
            "pinned": self.pinned,
            "grouped": self.grouped,
        }
        if self.stepping:
            state["step"] = max(0, min(self.step, len(self.record["steps"])))
        state["steps" if self.stepping else "graph"] = record or self.record
        return state

    def _packed(self) -> str:
        """The state for the script; heat maps get coarser when it would be too much to carry."""
        packed, room = "", 0
        for record in thinner(self.record):
            state = self._state(record)
            packed = assets.pack(json.dumps(state, ensure_ascii=False, separators=(",", ":")))
            if len(packed) <= MOST_BYTES // 4:
                break
            room = room or self._room()
            if len(packed) <= room:
                break
        return packed

    def _room(self) -> int:
        """What the figure and the code leave of an output's bytes."""
        taken = len(self.to_svg()) * 4 // 3 + len(assets.loading(self.main))
        return min(MOST_BYTES // 2, MOST_BYTES - taken - 2000)


def show(
    obj: Any,
    *,
    collapsed: Iterable[str] | None = None,
    selected: str = "",
    direction: str = "TB",
    pinned: Iterable[str] = (),
    grouped: bool = True,
) -> Island:
    """Draw the graph of a tape, a traced function, a model or a saved graph.

    Click, Enter or Space open and close scopes and inspect nodes; nothing needs the kernel.
    Branches, loops and calls are scopes that are closed at first, and so are repeated blocks.

    Args:
        obj: a GradientTape; a function under `mt.function` that was called, or a concrete
            function; a Keras model or layer that is built; what `mt.saved_model.load` gave, or the
            folder; a Graph; a GraphView or the dict of one.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        selected: the id of the node inspected at first.
        direction: "TB", from top to bottom, or "LR", from left to right.
        pinned: ids of leaves drawn as one box though they have many users: in a big picture these
            are drawn at each of their users.
        grouped: whether repeated blocks are held together in a scope of their own.

    Raises:
        TypeError: when `obj` holds no graph, or is a function that was never called.
        ValueError: when a model is not built, the graph has more than 5000 nodes or 10000 edges,
            a view
            contradicts itself, or the direction is another.

    Example:
        >>> from minitensor_widgets.samples import scoped_graph
        >>> show(scoped_graph())
        Island('residual network', 200 nodes, 217 edges)
    """
    return Island(
        obj, collapsed, selected=selected, direction=direction, pinned=pinned, grouped=grouped
    )

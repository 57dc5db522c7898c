"""The difference of two graphs as an output: what was added, removed and changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..records import as_view, plain
from ..values import clip
from .describe import MOST_LINES, describe_node, heading, inputs_of
from .scene import CHANGED
from .viewers import Island


def difference_record(before: Any, after: Any = None) -> Any:
    """The record of a difference; one that is given is complete already."""
    if after is None:
        record = as_view(before) if isinstance(before, Mapping) or _is_difference(before) else None
        if record is not None and record.get("kind") == "difference":
            return record
    from minitensor.views import difference_view

    return plain(difference_view(before, after))


def _is_difference(value: Any) -> bool:
    return getattr(value, "kind", "") == "difference"


class Difference(Island):
    """A picture of two graphs as one, in which each node says what became of it.

    Args:
        before: a GradientTape, a traced function, a model, a Graph, a GraphView or its dict.
        after: the same. Without it, a traced function is compared with what the optimiser made.
        collapsed: the scopes drawn closed at first; None closes what did not change, if there is
            much of it.
        **options: those of `show`.

    Raises:
        TypeError: when there is nothing to compare.

    Example:
        >>> from minitensor_widgets.samples import scalar_steps
        >>> before = scalar_steps()["graph"]
        >>> after = {**before, "nodes": [{**n, "shape": [2]} for n in before["nodes"]]}
        >>> Difference(before, after)
        Difference('Difference: y = a * b + sin(a)', 0 added, 0 removed, 5 changed, 0 the same)
    """

    def __init__(
        self,
        before: Any,
        after: Any = None,
        collapsed: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(difference_record(before, after), collapsed, **options)

    def __repr__(self) -> str:
        return f"Difference({self.graph['title']!r}, {self.graph['note']})"

    @property
    def alt(self) -> str:
        """How much changed, and the first changes."""
        told = [
            f"{node['change']} {node['label']}" for node in self.graph["nodes"] if node["change"]
        ]
        more = f": {', '.join(told[:10])}{' and more' if len(told) > 10 else ''}" if told else ""
        return clip(f"{self.graph['title']}. {self.graph['note']}{more}.", 600)

    def description(self) -> str:
        """The changes as a numbered list."""
        title, note = heading(self.graph)
        inputs = inputs_of(self.graph)
        changed = [node for node in self.graph["nodes"] if node["change"]]
        lines = [f"{title} ({note})"]
        for i, node in enumerate(changed[:MOST_LINES], 1):
            source = f", from {', '.join(inputs[node['id']])}" if inputs[node["id"]] else ""
            sign = CHANGED.get(node["change"], "")
            lines.append(f"{i:3}. {sign} {describe_node(node)}{source}")
        if len(changed) > MOST_LINES:
            lines.append(f"     … and {len(changed) - MOST_LINES} more")
        return "\n".join(lines if changed else [*lines, "Nothing is different."])


def difference(before: Any, after: Any = None, **options: Any) -> Difference:
    """Compare two graphs: a tape with a traced function, two traces, before and after optimising.

    Nodes are matched by name first, then by what they do and where they stand.

    Args:
        before: a GradientTape, a traced function, a model, a Graph, a GraphView or its dict.
        after: the same. Without it, a traced function is compared with what the optimiser made.
        **options: `collapsed` and the other options of `show`.

    Raises:
        TypeError: when there is nothing to compare.

    Example:
        >>> from minitensor_widgets.samples import matmul_steps
        >>> graph = matmul_steps()["graph"]
        >>> difference(graph, {**graph, "nodes": graph["nodes"][:-1], "edges": graph["edges"][:-1]})
        Difference('Difference: loss = sum(x @ w + b)', 0 added, 1 removed, 0 changed, 5 the same)
    """
    return Difference(before, after, **options)

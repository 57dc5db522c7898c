"""Regions that no gradient reaches: what leads only to ops through which none comes back."""

from __future__ import annotations

from dataclasses import replace

from minitensor.views.records import GraphView, NodeView
from minitensor.views.scopes import is_backward

_HARMLESS = {"assign_variable", "ones_like", "rank", "shape", "size", "zeros_like"}


def silenced(view: GraphView) -> GraphView:
    """The view in which operations and variables say so when no gradient can come back to them.

    Writing a variable and asking for a shape hold no gradient back.
    """
    nodes = {node.id: node for node in view.nodes}
    users: dict[str, list[str]] = {}
    for edge in view.edges:
        if nodes[edge.target].op not in _HARMLESS:
            users.setdefault(edge.source, []).append(edge.target)
    found: dict[str, NodeView] = {}
    for node in reversed(view.nodes):
        ends = [found.get(user, nodes[user]) for user in users.get(node.id, ())]
        if _may_hold(node) and ends and all(end.no_grad for end in ends):
            names = list(dict.fromkeys(end.op or end.label for end in ends))
            node = replace(node, no_grad=f"leads only to {', '.join(names[:3])}")
        found[node.id] = node
    return replace(view, nodes=[found[node.id] for node in view.nodes])


def _may_hold(node: NodeView) -> bool:
    """Whether what follows a node decides about its gradient."""
    outside = node.kind in ("op", "variable") and not is_backward(node.scope)
    return outside and not node.no_grad and not node.output

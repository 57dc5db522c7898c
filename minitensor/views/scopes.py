"""Where leaves stand: variables and constants inside the scope that uses them."""

from __future__ import annotations

import re
from dataclasses import replace

from minitensor.views.records import GraphView, NodeView

GRADIENTS = re.compile(r"gradients(_[0-9]+)?")
"""How a scope is called that a trace writes the operations of a gradient into."""


def is_backward(scope: str) -> bool:
    """Whether a scope is inside a backward pass."""
    return any(GRADIENTS.fullmatch(part) for part in scope.split("/"))


def told_apart(view: GraphView) -> GraphView:
    """The view of a tape with a scope for each backward pass that it saw: `gradients_1`, ….

    A tape writes all of them into scopes of one name; another one begins after other operations.
    """
    number, last = -1, False
    nodes = []
    for node in view.nodes:
        inside = node.kind == "op" and "gradients" in node.scope.split("/")
        if node.kind == "op":
            number += inside and not last
            last = inside
        if inside and number:
            parts = node.scope.split("/")
            parts[parts.index("gradients")] = f"gradients_{number}"
            node = replace(node, scope="/".join(parts))
        nodes.append(node)
    return replace(view, nodes=nodes)


def settled(view: GraphView) -> GraphView:
    """The view with each variable and constant in the innermost scope around what uses it.

    Where the forward pass uses a variable, the scopes of the backward pass and of updates do not
    count: the weights of a layer stand in the layer. Its name need not repeat the layer's there.
    A reading stands where it is used, and the ones that a backward pass begins with stand in it.
    What a tape was given from outside as a whole array stays outside.
    """
    scope = {node.id: node.scope for node in view.nodes}
    updates = {node.id for node in view.nodes if node.op.startswith("assign")}
    users: dict[str, list[str]] = {}
    for edge in view.edges:
        users.setdefault(edge.source, []).append(edge.target)
    nodes = []
    for node in view.nodes:
        all_users = users.get(node.id, [])
        written = {scope[x] for x in all_users if x in updates}
        among = [x for x in all_users if x not in updates]
        first = [x for x in among if not is_backward(scope[x]) and not _is_in(scope[x], written)]
        data = view.kind == "tape" and node.kind == "constant" and bool(node.shape)
        if node.kind in ("variable", "constant") and all_users and not data:
            ends = first or among or all_users
            node = replace(node, scope=_shared([scope[x] for x in ends]))
            node = replace(node, label=_within(node))
        elif among and (node.op == "read_variable" or (node.op == "ones_like" and not first)):
            node = replace(node, scope=_shared([scope[x] for x in among]))
        nodes.append(node)
    return replace(view, nodes=nodes)


def _is_in(scope: str, among: set[str]) -> bool:
    """Whether a scope is one of these, or inside of one."""
    return any(outer and f"{scope}/".startswith(f"{outer}/") for outer in among)


def _within(node: NodeView) -> str:
    """The name of a variable without the scopes that it stands in."""
    home, _, name = node.label.rpartition("/")
    inside = node.scope and home.rpartition("/")[2] == node.scope.rpartition("/")[2]
    return name if node.kind == "variable" and inside else node.label


def _shared(scopes: list[str]) -> str:
    """The innermost scope that holds all of these."""
    first, *others = ([part for part in scope.split("/") if part] for scope in set(scopes))
    for other in others:
        same = (i for i, (a, b) in enumerate(zip(first, other, strict=False)) if a != b)
        first = first[: next(same, min(len(first), len(other)))]
    return "/".join(first)

"""Gradients of gradients: which operations an inner gradient recorded, and what each is part of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minitensor.graph.ir import Node
from minitensor.tape import GradientTape

SCOPE = "gradients"


def derived(tape: GradientTape) -> dict[int, int]:
    """From each node that an inner gradient recorded to the node whose rule it is part of; ids."""
    makers = {id(out): id(node) for node in tape.nodes for out in node.outputs}
    found: dict[int, int] = {}
    start = 0
    for end, differentiated in tape.derived:
        for node in tape.nodes[start:end]:
            if SCOPE in node.scope.split("/") and differentiated in makers:
                found[id(node)] = makers[differentiated]
        start = end
    return found


def with_seeds(nodes: Sequence[Node], of: Mapping[int, int]) -> list[Node]:
    """The same nodes; what an inner gradient started with lies in its scope, too."""
    users: dict[int, list[Node]] = {}
    for node in nodes:
        for x in node.inputs:
            users.setdefault(id(x), []).append(node)
    found = []
    for node in nodes:
        using = [user for out in node.outputs for user in users.get(id(out), [])]
        if node.op.name == "ones_like" and using and all(id(user) in of for user in using):
            node = node._replace(scope=using[0].scope)
        found.append(node)
    return found

"""Errors of running graphs: which node failed, and which line of the program made it."""

from __future__ import annotations

from typing import Any

from minitensor.errors import OpError
from minitensor.graph.ir import Node

__all__ = ["located"]


def located(error: OpError, function: str) -> OpError:
    """An error of the same class that names the node and the learner's line, where it is known.

    What ran the graph leaves the node as `error.node`.
    """
    node: Any = getattr(error, "node", None)
    if not isinstance(node, Node) or node.origin is None or not error.args:
        return error
    line, name = node.source, node.name or node.op.name
    assert line is not None
    text = f"\n    {line.text}" if line.text else ""
    lesson = type(error)(
        f"Graph execution error:\n\nDetected at node {name} defined at (most recent call last):\n"
        f'  File "{line.file}", line {line.line}, in {node.origin[1].co_name}{text}\n\n'
        f"{error.args[0]}\n\t [[{{{{node {name}}}}}]] [Op:{function}]"
    )
    lesson.located = True  # type: ignore[attr-defined]
    return lesson

"""What the details of a node say beside its inputs: its attributes, and the graphs inside it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from minitensor.dtypes import DType
from minitensor.graph.ir import Graph, Node
from minitensor.variable import Variable

MOST_OPS = 12


def attributes(node: Node) -> dict[str, str]:
    """Attributes as text, and for each graph inside the op what it holds."""
    found = {key: _text(value) for key, value in node.attrs.items()}
    for name, graph in zip(_names_of_graphs(node), node.op.graphs, strict=True):
        found[f"inside {name}"] = contents(graph)
    return found


def _text(value: Any) -> str:
    return value.name if isinstance(value, DType) else str(value)


def attributes_of_leaf(value: Any) -> dict[str, str]:
    """What is to be said of a value that no op made: of a variable, how much is learned in it."""
    if not isinstance(value, Variable):
        return {}
    count = value.shape.num_elements()
    known = {} if count is None else {"parameters": f"{count:,}"}
    path = getattr(value, "path", "")
    trained = {"trainable": "yes" if value.trainable else "no"}
    return known | trained | ({"path": path} if path else {})


def _names_of_graphs(node: Node) -> list[str]:
    """What each graph inside a node is for, as far as its op tells."""
    count = len(node.op.graphs)
    if node.op.name == "cond":
        return ["if true", "if false"] if count == 2 else [f"branch {i}" for i in range(count)]
    if node.op.name == "while_loop" and count == 2:
        return ["condition", "body"]
    names = [graph.name or graph.kind for graph in node.op.graphs]
    return [name if names.count(name) == 1 else f"{name} {i}" for i, name in enumerate(names)]


def contents(graph: Graph) -> str:
    """What a graph inside a node holds: `3 operations: 2 × multiply, add`."""
    counts = Counter(node.op.name for node in graph.nodes)
    names = [f"{n} × {name}" if n > 1 else name for name, n in counts.items()]
    more = f" and {len(names) - MOST_OPS} more kinds" if len(names) > MOST_OPS else ""
    size = len(graph.nodes)
    found = f"{size} operation{'' if size == 1 else 's'}"
    return f"{found}: {', '.join(names[:MOST_OPS])}{more}" if names else "nothing: it passes on"

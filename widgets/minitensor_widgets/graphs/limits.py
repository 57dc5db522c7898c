"""Keep a picture within what a page can carry: clip texts, join deep scopes, close what is much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..values import clip
from .collapse import auto_collapse, visible_count
from .layout import scope_prefixes

MOST_NODES, MOST_EDGES = 5000, 10_000
MOST_DRAWN, MOST_LINES = 500, 2000
DEEPEST = 40
_LONGEST = {"label": 200, "title": 200, "op": 200, "dtype": 200, "text": 2000}
_NAMES = {"id", "node", "to", "target", "sources", "derives", "path", "members", "closed", "scope"}


def refuse_too_much(graph: Mapping) -> None:
    """Say which part of a graph to record when the whole is more than the viewer reads.

    Raises:
        ValueError: for more than 5000 nodes or 10000 edges.
    """
    for what, most in (("nodes", MOST_NODES), ("edges", MOST_EDGES)):
        if len(graph[what]) > most:
            raise ValueError(
                f"{graph['title'] or 'The graph'} has {len(graph[what])} {what}, and the viewer "
                f"reads at most {most}. Record a smaller part: one step of training is enough."
            )


def clipped(value: Any, name: str = "") -> Any:
    """A copy in which no text is longer than a reader would read; names of things stay whole.

    Example:
        >>> len(clipped({"doc": "x" * 900})["doc"])
        500
    """
    if isinstance(value, str):
        return clip(value, _LONGEST.get(name, 500))
    if isinstance(value, list):
        return [clipped(item, name) for item in value]
    if isinstance(value, dict):
        return {
            clip(key, 200) if name == "attrs" else key: item
            if key in _NAMES or (key == "source" and isinstance(item, str))
            else clipped(item, key)
            for key, item in value.items()
        }
    return value


def joined(scope: str) -> str:
    """A scope of at most 40 levels: the names of deeper ones become one.

    Example:
        >>> joined("a/b"), joined("/".join("x" * 50)).count("/")
        ('a/b', 39)
    """
    parts = scope.split("/")
    deep = parts[DEEPEST - 1 :]
    return scope if len(deep) < 2 else "/".join([*parts[: DEEPEST - 1], clip("·".join(deep), 200)])


def is_too_much(graph: Mapping, collapsed: list[str]) -> bool:
    """Whether more than 500 boxes or 2000 lines would be seen."""
    if visible_count(graph, collapsed) > MOST_DRAWN:
        return True
    if len(graph["edges"]) <= MOST_LINES:
        return False
    closed = set(collapsed)
    box = {
        node["id"]: next((p for p in scope_prefixes(node["scope"]) if p in closed), (node["id"],))
        for node in graph["nodes"]
    }
    ends = {(box[edge["source"]], box[edge["target"]]) for edge in graph["edges"]}
    return sum(a != b for a, b in ends) > MOST_LINES


def bounded(graph: Mapping, collapsed: list[str]) -> tuple[list[str], str]:
    """The scopes to close at first, and what to say where more are closed than was asked."""
    if not is_too_much(graph, collapsed):
        return collapsed, ""
    return auto_collapse(graph), "scopes closed: all at once would be too much to see"

"""Decide what is closed when a picture opens, so that at most 40 boxes are to be seen at first."""

from __future__ import annotations

from collections.abc import Mapping

from .layout import is_backward, scope_prefixes

MOST_VISIBLE = 40


def visible_count(record: Mapping, collapsed: list[str]) -> int:
    """How many nodes and closed scopes a picture shows."""
    closed = set(collapsed)
    seen = {
        next((path for path in scope_prefixes(node["scope"]) if path in closed), (node["id"],))
        for node in record["nodes"]
    }
    return len(seen)


def scope_paths(record: Mapping) -> list[str]:
    """All scopes of a graph in the order of first use, outer ones before inner ones."""
    return list(
        dict.fromkeys(path for node in record["nodes"] for path in scope_prefixes(node["scope"]))
    )


def auto_collapse(record: Mapping, most: int = MOST_VISIBLE) -> list[str]:
    """Scopes to close: none if all fits, else backward passes, else the deepest level that fits.

    Example:
        >>> nodes = [{"id": str(i), "scope": f"block{i % 2}"} for i in range(100)]
        >>> auto_collapse({"nodes": nodes})
        ['block0', 'block1']
    """
    if visible_count(record, []) <= most:
        return []
    paths = scope_paths(record)
    backward = [path for path in paths if is_backward(path)]
    if visible_count(record, backward) <= most:
        return backward
    deepest = max((path.count("/") for path in paths), default=0)
    closed: list[str] = []
    for depth in range(deepest, -1, -1):
        closed = [path for path in paths if path.count("/") >= depth]
        if visible_count(record, closed) <= most:
            break
    return closed


def with_parts(record: Mapping, most: int = MOST_VISIBLE) -> dict:
    """Group a graph into numbered parts when its outermost boxes alone are too many to show.

    Parts are consecutive in the order of the record, so that lines still run forward.
    """
    outer = [(scope_prefixes(node["scope"]) or [f"\n{node['id']}"])[0] for node in record["nodes"]]
    order = {key: i for i, key in enumerate(dict.fromkeys(outer))}
    if len(order) <= most:
        return dict(record)
    size = max(20, -(-len(order) // most))
    nodes = [
        {**node, "scope": "/".join(filter(None, [f"part {order[key] // size + 1}", node["scope"]]))}
        for node, key in zip(record["nodes"], outer, strict=True)
    ]
    return {**record, "nodes": nodes}

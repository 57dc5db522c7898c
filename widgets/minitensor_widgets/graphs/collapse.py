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
    """Scopes to close: those that are closed by themselves, and more where not all fits.

    Then backward passes are closed, and else the deepest level that fits.

    Example:
        >>> nodes = [{"id": str(i), "scope": f"block{i % 2}"} for i in range(100)]
        >>> auto_collapse({"nodes": nodes})
        ['block0', 'block1']
    """
    paths = scope_paths(record)
    first = _closed_by_themselves(record, paths, most)
    if visible_count(record, first) <= most:
        return first
    backward = [path for path in paths if path in first or is_backward(path)]
    if visible_count(record, backward) <= most:
        return backward
    deepest = max((path.count("/") for path in paths), default=0)
    closed: list[str] = []
    for depth in range(deepest, -1, -1):
        closed = [path for path in paths if path in first or path.count("/") >= depth]
        if visible_count(record, closed) <= most:
            break
    return closed


def _closed_by_themselves(record: Mapping, paths: list[str], most: int) -> list[str]:
    """What the record closes; the members of a long series too, lest opening it show them all."""
    wanted = set(record.get("closed", ()))
    for series in record.get("series", ()):
        inside = f"{series['path']}/"
        if sum(node["scope"].startswith(inside) for node in record["nodes"]) > most:
            wanted |= {inside + name for name in series["members"]}
    return [path for path in paths if path in wanted]


def with_parts(record: Mapping, most: int = MOST_VISIBLE) -> dict:
    """Group a graph into numbered parts when its outermost boxes alone are too many to show.

    Parts are consecutive in the order of the record, so that lines still run forward. A backward
    pass is a part of its own, with its own name.
    """
    outer = [(scope_prefixes(node["scope"]) or [f"\n{node['id']}"])[0] for node in record["nodes"]]
    boxes = list(dict.fromkeys(outer))
    if len(boxes) <= most:
        return dict(record)
    part = _parts(boxes, max(20, -(-len(boxes) // most)))

    def moved(path: str) -> str:
        return "/".join(filter(None, [part.get(path.split("/")[0], ""), path]))

    nodes = [
        {**node, "scope": "/".join(filter(None, [part[key], node["scope"]]))}
        for node, key in zip(record["nodes"], outer, strict=True)
    ]
    series = [{**one, "path": moved(one["path"])} for one in record.get("series", ())]
    closed = [moved(path) for path in record.get("closed", ())]
    return {**record, "nodes": nodes, "closed": closed, "series": series}


def _parts(boxes: list[str], size: int) -> dict[str, str]:
    """The part that each outermost box belongs to: `size` boxes each, none for backward passes."""
    found, number, count = {}, 1, 0
    for key in boxes:
        if count == size or (is_backward(key) and count):
            number, count = number + 1, 0
        found[key] = "" if is_backward(key) else f"part {number}"
        count += not is_backward(key)
    return found

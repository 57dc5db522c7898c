"""Take away the scopes that hold repeated blocks together. Twin: `static/graphs/blocks.js`."""

from __future__ import annotations

from collections.abc import Mapping

from .layout import scope_prefixes


def without_series(record: Mapping) -> dict:
    """A graph record whose repeated blocks stand one by one.

    Example:
        >>> graph = {"nodes": [{"scope": "net/block ×10/block3"}], "closed": [],
        ...          "series": [{"path": "net/block ×10"}]}
        >>> without_series(graph)["nodes"]
        [{'scope': 'net/block3'}]
    """
    wraps = {series["path"]: None for series in record["series"]}

    def plain(scope: str) -> str:
        kept = [path for path in scope_prefixes(scope) if path not in wraps]
        return "/".join(path.rpartition("/")[2] for path in kept)

    nodes = [{**node, "scope": plain(node["scope"])} for node in record["nodes"]]
    closed = [plain(path) for path in record["closed"] if path not in wraps]
    return {**record, "nodes": nodes, "closed": closed, "series": []}

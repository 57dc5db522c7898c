"""Records in fewer bytes: heat maps coarser, statistics shorter, when all would be too much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..values import clip, number

_SHORT = {"minimum": None, "maximum": None, "std": None, "zeros": 0.0, "heat": []}
_WORDS = ("title", "text", "rule", "rule_numbers", "doc", "attrs")
_READABLE = ("upstream", "before", "value")


def thinner(record: dict) -> Iterator[dict]:
    """Copies of a record, each smaller than the one before; the last ones say so in their note."""
    if not record.get("groups"):
        for most in (32, 12, 0):
            yield _thinned(record, most)
    if "steps" in record:
        short = _brief(record)
        yield _noted(short, "values in short")
        yield _noted(_terse(short), "in short: the pass is long")
    else:
        yield _without(record, ["value"])
        bare = _without(record, ["value", "doc", "attrs", "source", "rule"])
        yield bare
        yield {**bare, "nodes": [{**n, "label": clip(n["label"], 24)} for n in bare["nodes"]]}


def _without(graph: dict, names: Sequence[str]) -> dict:
    """A graph whose nodes are without some details; its note says so."""
    empty = {"value": None, "doc": "", "attrs": {}, "source": None, "rule": []}
    nodes = [{**node, **{name: empty[name] for name in names}} for node in graph["nodes"]]
    said = "values left out" if len(names) == 1 else "details left out"
    note = ", ".join(filter(None, [graph["note"], f"{said}: the graph is big"]))
    return {**graph, "nodes": nodes, "note": note}


def _noted(record: dict, note: str) -> dict:
    graph = record["graph"]
    return {**record, "graph": {**graph, "note": f"{graph['note']}, {note}"}}


def _terse(record: dict) -> dict:
    """A copy without sentences, formulas and what can be read off other steps."""
    graph = record["graph"]
    steps = [step if step["phase"] == "seed" else _emptied(step) for step in record["steps"]]
    nodes = [{**_emptied(node), "value": node["value"]} for node in graph["nodes"]]
    return {**record, "steps": steps, "graph": {**graph, "nodes": nodes}}


def _emptied(value: Any) -> Any:
    """A copy in which words are empty, at any depth; elements of values stay."""
    if isinstance(value, list):
        return [_emptied(item) for item in value]
    if not isinstance(value, dict) or "mean" in value:
        return value
    copy = {name: _emptied(item) for name, item in value.items() if name not in _WORDS}
    words = {name: type(value[name])() for name in _WORDS if name in value}
    return {**copy, **words, **{n: None for n in _READABLE if (value.get(n) or {}).get("shape")}}


def _thinned(value: Any, most: int) -> Any:
    """A copy with rounded heat maps of at most `most` rows and columns; 0 leaves them out."""
    if isinstance(value, list):
        return [_thinned(item, most) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {name: _thinned(item, most) for name, item in value.items() if name != "heat"}
    if "heat" in value:
        rows = _every(value["heat"], most)
        copy["heat"] = [[_rounded(cell) for cell in _every(row, most)] for row in rows]
    return copy


def _brief(value: Any) -> Any:
    """A copy in which large values are a shape and a mean, and all numbers have three digits."""
    if isinstance(value, list):
        return [_brief(item) for item in value]
    if isinstance(value, float):
        return _rounded(value)
    if not isinstance(value, dict):
        return value
    if "mean" in value and "shape" in value and not value.get("text"):
        value = {**value, **{name: it for name, it in _SHORT.items() if name in value}}
    return {name: _brief(item) for name, item in value.items()}


def _every(items: Sequence, most: int) -> Sequence:
    return items[:: -(-len(items) // most)] if items and most else []


def _rounded(cell: float | None) -> float | None:
    return None if cell is None else float(number(cell, 3))

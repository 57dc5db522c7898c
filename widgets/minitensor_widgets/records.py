"""From whatever a learner passes to a clean, complete record: plain dicts ready for JSON.

The only floor that asks the engine for anything, and only through `minitensor.views`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

VERSION = 1

# Control characters are no XML, lone surrogates no UTF-8, and bidi overrides let a label lie.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_NODE = {
    "label": "", "kind": "op", "output": False, "scope": "", "shape": None, "dtype": "", "op": "",
    "doc": "", "rule": [], "attrs": {}, "source": None, "value": None,
}  # fmt: skip
_EDGE = {"shape": None, "dtype": "", "slot": 0}
_GRAPH = {"version": VERSION, "title": "", "kind": "tape", "nodes": [], "edges": [], "note": ""}
_STEP = {
    "title": "", "rule": "", "source": None, "value": None, "upstream": None, "sends": [],
    "text": "",
}  # fmt: skip
_SEND = {
    "rule": "", "rule_numbers": "", "raw": None, "unbroadcast": "", "value": None, "before": None,
    "after": None, "arrived": 1, "expected": 1,
}  # fmt: skip
_STEPS = {"version": VERSION, "steps": [], "target": "", "sources": []}
_VALUE = {
    "shape": [], "dtype": "", "text": [], "heat": [], "minimum": None, "mean": None,
    "maximum": None, "zeros": 0.0, "nans": 0.0,
}  # fmt: skip
_TRACES = {
    "version": VERSION, "title": "", "traces": [], "calls": 0, "hits": 0, "misses": 0, "bytes": 0,
    "note": "",
}  # fmt: skip
_TRACE = {
    "signature": [], "calls": 1, "hits": 0, "seconds": 0.0, "nodes": 0, "bytes": 0, "differs": [],
    "fix": "",
}  # fmt: skip
_PASSES = {"version": VERSION, "title": "", "passes": [], "source": "", "note": ""}
_PASS = {
    "summary": "", "nodes_before": 0, "nodes_after": 0, "bytes_saved": 0, "operations_saved": 0,
    "picture": "", "added": [], "removed": [],
}  # fmt: skip
_VIEWS = [
    {"version", "nodes", "edges"},
    {"version", "steps", "graph"},
    {"version", "traces"},
    {"version", "passes"},
]


def plain(value: Any) -> Any:
    """Copy a view into JSON types; NaN and infinity become None, unprintable characters "�"."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if value is None or isinstance(value, bool | int):
        return value
    number = float(value)  # pyright: ignore[reportArgumentType]  numpy numbers come here too
    return number if math.isfinite(number) else None


def _filled(item: Mapping, defaults: Mapping) -> dict:
    return {**plain(defaults), **item}


def _values(item: dict, *names: str) -> dict:
    for name in names:
        if item[name] is not None:
            item[name] = _filled(item[name], _VALUE)
    return item


def _complete_graph(record: Mapping) -> dict:
    record = _filled(record, _GRAPH)
    _check_version(record)
    record["nodes"] = [_values(_filled(node, _NODE), "value") for node in record["nodes"]]
    record["edges"] = [_filled(edge, _EDGE) for edge in record["edges"]]
    known = {node["id"]: node for node in record["nodes"]}
    if len(known) < len(record["nodes"]):
        names = [node["id"] for node in record["nodes"]]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ValueError(
            f"GraphView {record['title']!r}: the node id {twice!r} is used more than once. "
            "Ids name the ends of edges and must be unique: number the nodes n0, n1, …"
        )
    for node in record["nodes"]:
        node["label"] = node["label"] or node["op"] or node["id"]
        node["scope"] = "/".join(part for part in node["scope"].split("/") if part)
    for edge in record["edges"]:
        _check_end(record, known, edge["source"])
        _check_end(record, known, edge["target"])
    return record


def _check_version(record: Mapping) -> None:
    if record["version"] != VERSION:
        raise ValueError(
            f"View of version {record['version']!r} given; these widgets read version {VERSION}. "
            "Install matching versions of minitensor and its widgets."
        )


def _check_end(record: Mapping, known: Mapping, name: str) -> None:
    if name not in known:
        raise ValueError(
            f"GraphView {record['title']!r}: {name!r} is used, but no node has this id. "
            f"The ids are {', '.join(list(known)[:8]) or 'none at all'}."
        )


def _complete_steps(record: Mapping) -> dict:
    record = _filled(record, _STEPS)
    _check_version(record)
    record["graph"] = graph = _complete_graph(record["graph"])
    known = {node["id"]: node for node in graph["nodes"]}
    steps = []
    for step in record["steps"]:
        step = _values(_filled(step, _STEP), "value", "upstream")
        _check_end(graph, known, step["node"])
        step["sends"] = [
            _values(_filled(send, _SEND), "raw", "value", "before", "after")
            for send in step["sends"]
        ]
        for send in step["sends"]:
            _check_end(graph, known, send["to"])
        steps.append(step)
    record["steps"] = steps
    target = known.get(record["target"])
    graph["title"] = graph["title"] or (
        f"Backward pass of {target['label'].split(' = ')[0]}" if target else "Backward pass"
    )
    return record


def _as_view(value: Any) -> dict | None:
    """A view or its dict as plain data; None when the value is something of the engine."""
    if isinstance(value, Mapping):
        names = set(value)
    elif dataclasses.is_dataclass(value):
        names = {field.name for field in dataclasses.fields(value)}
    else:
        return None
    if any(needed <= names for needed in _VIEWS):
        return plain(value)
    if isinstance(value, Mapping):
        raise TypeError(
            f"A dict with the keys {sorted(map(str, value))[:6]} is no view. A GraphView has "
            "version, nodes and edges; a StepsView has version, graph and steps."
        )
    return None


def is_steps(value: Any) -> bool:
    """Whether a value is a StepsView or the dict of one."""
    record = _as_view(value) if isinstance(value, Mapping) or hasattr(value, "steps") else None
    return record is not None and "steps" in record


def graph_record(value: Any) -> dict:
    """The complete record of a GraphView, its dict, a tape, a graph or a traced function.

    Raises:
        TypeError: when the value holds no graph.
        ValueError: when a view contradicts itself.
    """
    record = _as_view(value)
    if record is None:
        from minitensor.views import graph_view

        record = plain(graph_view(value))
    return _complete_graph(record)


def steps_record(value: Any, target: Any = None, sources: Any = None) -> dict:
    """The complete record of a StepsView, its dict, or of a tape's backward pass to `target`.

    Raises:
        TypeError: when a tape comes without a target.
        ValueError: when a view contradicts itself.
    """
    record = _as_view(value)
    if record is None:
        if target is None:
            raise TypeError(
                f"Stepping through {type(value).__name__} needs a target: the value whose gradient "
                "is taken, as in step(tape, loss)."
            )
        from minitensor.views import steps_view

        record = plain(steps_view(value, target, sources))
    elif "steps" not in record:
        raise TypeError(
            "A GraphView has no steps to walk through. Pass the tape and a target, or show(view)."
        )
    return _complete_steps(record)


def traces_record(value: Any) -> dict:
    """The complete record of a TracesView, its dict, or of a function under `mt.function`.

    Raises:
        TypeError: when the value has no traces.
        ValueError: when the view is of another version.
    """
    record = _as_view(value)
    if record is None:
        from minitensor.views import traces_view

        record = plain(traces_view(value))
    record = _of_kind(record, "traces", _TRACES)
    record["traces"] = [
        {"number": i, **_filled(trace, _TRACE)} for i, trace in enumerate(record["traces"], 1)
    ]
    return record


def passes_record(value: Any) -> dict:
    """The complete record of a PassesView, its dict, or of a concrete function.

    Raises:
        TypeError: when the value has no passes.
        ValueError: when a view contradicts itself.
    """
    record = _as_view(value)
    if record is None:
        from minitensor.views import passes_view

        record = plain(passes_view(value))
    record = _of_kind(record, "passes", _PASSES)
    record["passes"] = [
        {**_filled(item, _PASS), "graph": _complete_graph(item["graph"])}
        for item in record["passes"]
    ]
    return record


def _of_kind(record: dict, kind: str, defaults: Mapping) -> dict:
    if kind not in record:
        raise TypeError(f"This view has no {kind}: it is one for show() or step().")
    record = _filled(record, defaults)
    _check_version(record)
    return record

"""The complete records of graphs and of backward passes, from whatever a learner passes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..records import VERSION, as_view, check_version, filled, plain, values
from .limits import joined

_NODE = {
    "label": "", "kind": "op", "output": False, "scope": "", "shape": None, "dtype": "", "op": "",
    "doc": "", "rule": [], "attrs": {}, "source": None, "value": None,
    "no_grad": "", "change": "", "changes": [],
}  # fmt: skip
_EDGE = {"shape": None, "dtype": "", "slot": 0, "marks": []}
_SERIES = {"label": "", "path": "", "members": []}
_GRAPH = {
    "version": VERSION, "title": "", "kind": "tape", "nodes": [], "edges": [], "note": "",
    "closed": [], "series": [],
}  # fmt: skip
_STEP = {
    "title": "", "rule": "", "source": None, "value": None, "upstream": None, "sends": [],
    "text": "", "norm": None,
}  # fmt: skip
_SEND = {
    "rule": "", "rule_numbers": "", "raw": None, "unbroadcast": "", "value": None, "before": None,
    "after": None, "arrived": 1, "expected": 1, "local": "", "norm": None,
}  # fmt: skip
_STEPS = {
    "version": VERSION, "steps": [], "target": "", "sources": [], "checks": [], "trouble": None,
    "derives": {}, "lines": {}, "groups": [],
}  # fmt: skip
_CHECK = {"text": "", "agrees": None, "rows": []}
_TROUBLE = {"phase": "forward", "text": "", "source": None}


def complete_graph(record: Mapping) -> dict:
    """A GraphView with every field, ids that are unique and edges that lead somewhere."""
    record = filled(record, _GRAPH)
    check_version(record)
    record["nodes"] = [values(filled(node, _NODE), "value") for node in record["nodes"]]
    record["edges"] = [filled(edge, _EDGE) for edge in record["edges"]]
    record["series"] = [filled(series, _SERIES) for series in record["series"]]
    _check_names(record)
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
        node["scope"] = joined("/".join(part for part in node["scope"].split("/") if part))
    for edge in record["edges"]:
        _check_end(record, known, edge["source"])
        _check_end(record, known, edge["target"])
    return record


def _check_names(record: Mapping) -> None:
    for kind, names in (("node", ["id"]), ("edge", ["source", "target"])):
        for i, item in enumerate(record[kind + "s"]):
            for name in names:
                if not isinstance(item.get(name), str) or not item[name]:
                    raise ValueError(
                        f"GraphView {record['title']!r}: {kind} number {i} has no {name}. A node "
                        "has an id, a text such as n0; an edge has those of its source and target."
                    )


def _check_end(record: Mapping, known: Mapping, name: str) -> None:
    if name not in known:
        raise ValueError(
            f"GraphView {record['title']!r}: {name!r} is used, but no node has this id. "
            f"The ids are {', '.join(list(known)[:8]) or 'none at all'}."
        )


def _complete_steps(record: Mapping) -> dict:
    record = filled(record, _STEPS)
    check_version(record)
    record["graph"] = graph = complete_graph(record["graph"])
    known = {node["id"]: node for node in graph["nodes"]}
    steps = []
    for step in record["steps"]:
        step = values(filled(step, _STEP), "value", "upstream")
        _check_end(graph, known, step.get("node", ""))
        step["sends"] = [
            values(filled(send, _SEND), "raw", "value", "before", "after") for send in step["sends"]
        ]
        for send in step["sends"]:
            _check_end(graph, known, send.get("to", ""))
        steps.append(step)
    record["steps"] = steps
    record["checks"] = [filled(check, _CHECK) for check in record["checks"]]
    record["trouble"] = record["trouble"] and filled(record["trouble"], _TROUBLE)
    for item in (*record["checks"], *filter(None, [record["trouble"]])):
        _check_end(graph, known, item["node"])
    for pair in record["derives"].items():
        for name in pair:
            _check_end(graph, known, name)
    target = known.get(record["target"])
    graph["title"] = graph["title"] or (
        f"Backward pass of {target['label'].split(' = ')[0]}" if target else "Backward pass"
    )
    return record


def is_steps(value: Any) -> bool:
    """Whether a value is a StepsView or the dict of one."""
    if isinstance(value, Mapping):
        return "steps" in value
    return dataclasses.is_dataclass(value) and hasattr(value, "steps")


def graph_record(value: Any) -> dict:
    """The complete record of a GraphView, its dict, or anything that `graph_view` draws.

    Raises:
        TypeError: when the value holds no graph.
        ValueError: when a view contradicts itself.
    """
    record = as_view(value)
    if record is None:
        from minitensor.views import graph_view

        record = plain(graph_view(value))
    return complete_graph(record)


def steps_record(value: Any) -> dict:
    """The complete record of a StepsView or its dict.

    Raises:
        TypeError: when it has no steps.
        ValueError: when it contradicts itself.
    """
    record = as_view(value)
    if record is None or "steps" not in record:
        raise TypeError(
            "A GraphView has no steps to walk through. Pass the tape and a target, or show(view)."
        )
    return _complete_steps(record)


def steps_of(
    value: Any, *args: Any, target: Any = None, sources: Any = None, check: bool = True
) -> Any:
    """A StepsView or its dict, as it is; else one of the backward pass of a tape or function.

    Args:
        value: a view, a tape or a function.
        *args: of a tape the target and the sources, of a function its arguments.
        target: the value whose gradient is taken.
        sources: what it is taken with respect to.
        check: whether to measure slopes beside the gradients.

    Raises:
        TypeError: when a tape comes without a target, or when a view has no steps.
    """
    if isinstance(value, Mapping) or hasattr(value, "version"):
        return value if is_steps(value) else steps_record(value)
    from minitensor.views import steps_view

    if not callable(value) or hasattr(value, "backward_steps"):
        target, sources, args = _asked(value, args, target, sources)
    elif target is not None:
        raise TypeError(
            f"step({getattr(value, '__name__', 'f')}, …) takes no target: what the function "
            "returns is differentiated. Return the value that you mean."
        )
    return steps_view(value, target, sources, args, check)


def _asked(tape: Any, args: tuple, target: Any, sources: Any) -> tuple:
    """Target and sources of a tape, given by position or by name."""
    if len(args) > 2:
        raise TypeError(
            f"step(tape, …) takes a target and sources; {len(args)} values were given. Put several "
            "targets, or several sources, into a list: step(tape, loss, [w, b])."
        )
    if args:
        target, sources = args if len(args) == 2 else (args[0], sources)
    if target is None:
        raise TypeError(
            f"Stepping through {type(tape).__name__} needs a target: the value whose gradient "
            "is taken, as in step(tape, loss)."
        )
    return target, sources, ()

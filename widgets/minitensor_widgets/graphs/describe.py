"""Say in words what a picture shows: for screen readers, terminals and plain-text output.

Everything is made from the record, so it is as deterministic as the record is.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..units import plural as plural
from ..values import clip, shape_text
from .layout import scope_name
from .replay import gradient_text, replay, value_text
from .scene import op_apart

MOST_LINES = 60


def label_of_scope(path: str, count: int, closed: bool) -> str:
    """What is written on a scope box; the tip of the triangle tells open from closed."""
    name = scope_name(path)
    return f"▸ {name} ({count})" if closed else f"▾ {name}"


def heading(record: Mapping) -> tuple[str, str]:
    """Title of a figure, and the line under it: which kind of record, and how big it is."""
    kind = {
        "tape": "recorded by an eager tape",
        "function": "traced function",
        "learner": "drawn by the learner",
    }
    counts = f"{plural(len(record['nodes']), 'node')}, {plural(len(record['edges']), 'edge')}"
    note = record["note"] or kind.get(record["kind"], record["kind"])
    return record["title"] or "Computation graph", f"{note} · {counts}"


def describe_node(node: Mapping) -> str:
    """One node in one phrase.

    Example:
        >>> describe_node({"label": "w", "kind": "variable", "op": "", "shape": [2, 3],
        ...                "dtype": "float32", "output": False, "scope": "dense"})
        'w: variable, (2, 3) float32, in dense'
    """
    what = node["kind"]
    if what == "op":
        what = f"operation {op_apart(node)}".strip()
    parts = [f"{node['label']}: {what}", f"{shape_text(node['shape'])} {node['dtype']}".strip()]
    if node["scope"]:
        parts.append(f"in {node['scope']}")
    if node["output"]:
        parts.append("output")
    if node.get("no_grad"):
        parts.append(f"no gradient: {node['no_grad']}")
    if node.get("change"):
        changes = node.get("changes") or []
        parts.append(": ".join(filter(None, [node["change"], "; ".join(changes)])))
    return ", ".join(parts)


def inputs_of(record: Mapping) -> dict[str, list[str]]:
    """Labels of the inputs of each node, in the order of the op's arguments."""
    label = {node["id"]: node["label"] for node in record["nodes"]}
    found: dict[str, list[str]] = {node["id"]: [] for node in record["nodes"]}
    for edge in sorted(record["edges"], key=lambda edge: edge["slot"]):
        found[edge["target"]].append(label[edge["source"]])
    return found


def describe_graph(record: Mapping) -> str:
    """A numbered list of all nodes: the graph for those who do not see the picture."""
    title, note = heading(record)
    inputs = inputs_of(record)
    lines = [f"{title} ({note})"]
    for i, node in enumerate(record["nodes"][:MOST_LINES], 1):
        source = f", from {', '.join(inputs[node['id']])}" if inputs[node["id"]] else ""
        lines.append(f"{i:3}. {describe_node(node)}{source}")
    return "\n".join(lines + _rest(len(record["nodes"])))


def describe_steps(record: Mapping) -> str:
    """A numbered list of all steps, then what every node ends up with."""
    title, note = heading(record["graph"])
    lines = [f"{title} ({note}; {plural(len(record['steps']), 'step')})"]
    for i, step in enumerate(record["steps"][:MOST_LINES], 1):
        lines.append(f"{i:3}. {step['text'] or step['title']}")
    lines += _rest(len(record["steps"]))
    if record["trouble"]:
        lines.append(record["trouble"]["text"])
    labels = {node["id"]: node["label"] for node in record["graph"]["nodes"]}
    final = replay(record)
    for name in record["sources"]:
        if name in final:
            lines.append(f"{labels[name]} {value_text(final[name])}, {gradient_text(final[name])}")
    return "\n".join(lines)


def _rest(count: int) -> list[str]:
    return [f"     … and {count - MOST_LINES} more"] if count > MOST_LINES else []


def graph_alt(record: Mapping) -> str:
    """One or two sentences for the `alt` of the figure of a graph."""
    title, note = heading(record)
    outputs = [node["label"] for node in record["nodes"] if node["output"]]
    inputs = [node["label"] for node in record["nodes"] if node["kind"] != "op"]
    ways = f" From {', '.join(inputs[:8])}" if inputs else " A graph"
    goal = f" to {', '.join(outputs[:4])}" if outputs else ""
    ops = [node["op"] or node["label"] for node in record["nodes"] if node["kind"] == "op"]
    through = f", through {', '.join(ops[:12])}{' and more' if len(ops) > 12 else ''}"
    return clip(f"{title}: {note}.{ways}{goal}{through if ops else ''}.", 600)


def steps_alt(record: Mapping) -> str:
    """One or two sentences for the `alt` of the figure of a finished backward pass."""
    title, note = heading(record["graph"])
    labels = {node["id"]: node["label"] for node in record["graph"]["nodes"]}
    final = replay(record)
    results = [
        f"{labels[name]} {gradient_text(final[name])}"
        for name in record["sources"][:8]
        if name in final
    ]
    ends = f" Gradients: {'; '.join(results)}." if results else ""
    return clip(f"{title}, finished backward pass: {note}.{ends}", 600)

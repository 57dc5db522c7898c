"""A graph as text that a person reads: one line per node, in columns, scopes as headings.

    function f(x: float32[?, 2])
      variables: dense/w: float32[2, 3]
      dense/
        matmul/ReadVariableOp: float32[2, 3] = read_variable(dense/w)                  # cell:4
        matmul:                float32[?, 3] = matmul(x, dense/matmul/ReadVariableOp)
      Relu:                    float32[?, 3] = relu(dense/matmul)                      # cell:5
      return Relu

The graphs inside of a node (branches, loop bodies) stand below it, further to the right. The line
of the program is given where it changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from minitensor.errors import shorten
from minitensor.graph.ir import Graph, Node, is_variable, short_file, type_text
from minitensor.shapes import TensorShape

__all__ = ["text"]

INDENT = "  "
WIDEST = 48
"""Columns wider than this are not aligned: one long name would push all others away."""
LONGEST = 60
"""How much of an attribute is shown."""
_PARTS = {"CondOp": ("true", "false"), "WhileOp": ("cond", "body")}


class _Line(NamedTuple):
    indent: int
    name: str
    type: str
    rest: str
    line: str = ""


def text(graph: Graph) -> str:
    """The graph in lines and columns."""
    lines = _header(graph, 0)
    _body(graph, 1, lines)
    return "\n".join(_aligned(lines))


def _header(graph: Graph, indent: int, title: str = "") -> list[_Line]:
    values = (
        [x for x in graph.inputs if not is_variable(x)] if graph.kind != "tape" else graph.inputs
    )
    what = title or (
        "graph" if graph.kind == "tape" or not graph.name else f"{graph.kind} {graph.name}"
    )
    head = ", ".join(f"{graph.name_of(x)}: {type_text(x)}" for x in values)
    lines = [_Line(indent, "", "", f"{what}({head})")]
    variables = [] if graph.kind == "tape" else graph.variables
    for word, found in (("variables", variables), ("captures", _shown_captures(graph))):
        if found:
            listed = ", ".join(f"{graph.name_of(x)}: {type_text(x)}" for x in found)
            lines.append(_Line(indent + 1, "", "", f"{word}: {listed}"))
    return lines


def _shown_captures(graph: Graph) -> list:
    return [inner for _, inner in graph.captures if graph.name_of(inner) == inner._label]


def _body(graph: Graph, indent: int, lines: list[_Line]) -> None:
    made = {graph.name_of(node) for node in graph.nodes}
    scope, source = "", ""
    for node in graph.nodes:
        around = _scope(node, made)
        if around != scope:
            scope = around
            if scope:
                lines.append(_Line(indent, "", "", f"{scope}/"))
        depth = indent + bool(scope)
        line = node.source
        where = f"{short_file(line.file)}:{line.line}" if line else ""
        lines.append(_node(graph, node, scope, depth, "" if where == source else where))
        source = where or source
        for i, inner in enumerate(node.op.graphs):
            lines += _header(inner, depth + 1, _title(node, inner, i))
            _body(inner, depth + 2, lines)
    results = ", ".join(graph.name_of(x) for x in graph.outputs)
    lines.append(_Line(indent, "", "", f"return {results}".strip()))


def _title(node: Node, inner: Graph, i: int) -> str:
    names: Sequence[str] = _PARTS.get(type(node.op).__name__, ())
    count = len(node.op.graphs)
    if len(names) >= count > 1:
        return names[i]
    return names[-1] if names and count == 1 else inner.name or f"{inner.kind} {i}"


def _scope(node: Node, made: set[str]) -> str:
    """The heading that a node stands below; what an op has read for itself stands beside it."""
    scope = node.scope
    while scope in made:
        scope = scope.rpartition("/")[0]
    return scope


def _node(graph: Graph, node: Node, scope: str, indent: int, where: str) -> _Line:
    start = len(scope) + 1 if scope else 0
    names = [graph.name_of(out) for out in node.outputs] or [graph.name_of(node)]
    names = [name[start:] if name.startswith(f"{scope}/") else name for name in names]
    args = [graph.name_of(x) for x in node.inputs]
    args += [f"{key}={_attr(value)}" for key, value in node.attrs.items()]
    types = ", ".join(type_text(out) for out in node.outputs)
    return _Line(
        indent, f"{', '.join(names)}:", types, f"= {node.op.name}({', '.join(args)})", where
    )


def _attr(value: Any) -> str:
    if isinstance(value, slice):
        ends = ["" if x is None else str(x) for x in (value.start, value.stop, value.step)]
        return ":".join(ends if value.step is not None else ends[:2])
    if isinstance(value, TensorShape):
        return str(value)
    if isinstance(value, tuple) and any(isinstance(x, slice) for x in value):
        return f"[{', '.join(map(_attr, value))}]"
    return "..." if value is Ellipsis else shorten(value, LONGEST)


def _aligned(lines: list[_Line]) -> list[str]:
    """Names, types, formulas and sources, each in a column."""
    names = _width([len(x.name) + len(INDENT) * x.indent for x in lines if x.name])
    types = _width([len(x.type) for x in lines], 24)
    found = []
    for x in lines:
        margin = INDENT * x.indent
        if x.name:
            found.append(f"{(margin + x.name).ljust(names)} {x.type.ljust(types)} {x.rest}")
        else:
            found.append(margin + x.rest)
    ends = _width([len(line) for line, x in zip(found, lines, strict=True) if x.line], 100)
    return [
        f"{line.ljust(ends)}  # {x.line}" if x.line else line
        for line, x in zip(found, lines, strict=True)
    ]


def _width(lengths: list[int], most: int = WIDEST) -> int:
    return max((length for length in lengths if length <= most), default=0)

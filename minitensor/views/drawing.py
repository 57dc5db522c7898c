"""A tape's graph as a viewer draws it: nodes with ids, labels and rules, edges between them."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from minitensor.formula import formulas
from minitensor.graph.ir import ENGINE, Graph, Node, SourceLine, learners_frame, short_file
from minitensor.shapes import NoElements
from minitensor.tensor import Operand
from minitensor.variable import Variable
from minitensor.views.attributes import attributes, attributes_of_leaf
from minitensor.views.marks import marks, why_no_gradient, why_no_leaf
from minitensor.views.records import EdgeView, GraphView, NodeView, SourceView, ValueView
from minitensor.views.values import array_of, number_text, value_view

MOST_FINE = 100
"""Nodes up to which all pictures of values are carried as they are."""
MADE = {"tape": "recorded by an eager tape", "graph": "of a graph that sessions run"}


class Drawing:
    """Gives every value of a graph an id and a label; a variable and its reading are one node."""

    def __init__(
        self, graph: Graph, names: dict[int, str] | None, target: Any = None,
        prefix: str = "", given: dict[Any, str] | None = None,
    ):  # fmt: skip
        """`given` are the ids of values drawn elsewhere; `prefix` begins all others."""
        self.graph, self.target, self.prefix = graph, target, prefix
        self.names = callers_names() if names is None else names
        readings = self.readings()
        self.hidden = {id(node) for node in readings}
        self.aliases = {id(node.outputs[0]): node.inputs[0] for node in readings}
        self.ids: dict[Any, str] = dict(given or {})
        self.keys: dict[str, Any] = {}
        self.order: list[tuple[str, Any]] = []
        for value in graph.inputs:
            self._add(id(value), value)
        for node in graph.nodes:
            self._place(node)

    def readings(self) -> list[Node]:
        """The readings of variables that are drawn as the variable itself."""
        reads: dict[int, list[Node]] = {}
        for node in self.graph.nodes:
            if node.op.name == "read_variable":
                reads.setdefault(id(node.inputs[0]), []).append(node)
        return [nodes[0] for nodes in reads.values() if len(nodes) == 1]

    def _add(self, key: Any, thing: Any) -> str:
        if key not in self.ids:
            self.ids[key] = f"{self.prefix}n{len(self.order)}"
            self.keys[self.ids[key]] = key
            self.order.append((self.ids[key], thing))
        return self.ids[key]

    def _place(self, node: Node) -> None:
        if id(node) in self.hidden:
            self.ids[id(node.outputs[0])] = self._add(id(node.inputs[0]), node.inputs[0])
            return
        for slot, x in enumerate(node.inputs):
            if id(x) not in self.ids:
                self._add(self._key(x, node, slot), x)
        identity = self._add(id(node), node)
        for out in node.outputs:
            self.ids[id(out)] = identity

    def id_of(self, value: Any, node: Node | None = None, slot: int = 0) -> str:
        """The id of the drawn node that a value belongs to."""
        found = self.ids.get(id(value))
        return self.ids[(id(node), slot)] if found is None else found

    def _key(self, value: Any, node: Node, slot: int) -> Any:
        """What stands for a leaf: itself, but a nameless number once for each use."""
        if value.ndim or id(value) in self.names:
            return id(value)
        return id(node), slot

    def knows(self, value: Any) -> bool:
        """Whether a value is part of the graph."""
        return id(value) in self.ids

    def shown(self) -> list[Node]:
        """The op nodes that are drawn, in the order they ran."""
        return [node for node in self.graph.nodes if id(node) not in self.hidden]

    def label(self, value: Any) -> str:
        """What to call a value in a formula."""
        value = self.aliases.get(id(value), value)
        given = self.names.get(id(value)) or getattr(value, "_label", None)
        if given:
            return given
        if not value.ndim and self.graph.is_constant(value):
            return number_text(array_of(value)[()])
        return self.graph.name_of(value).rpartition("/")[2]

    def view(self) -> GraphView:
        """Nodes and edges in the order they were recorded."""
        nodes = [
            self._op_view(identity, thing) if isinstance(thing, Node)
            else self._leaf_view(identity, thing)
            for identity, thing in self.order
        ]  # fmt: skip
        edges = [
            EdgeView(self.id_of(x, node, slot), self.ids[id(node)], shape_of(x), dtype_of(x), slot,
                     marks(node, slot))
            for node in self.shown()
            for slot, x in enumerate(node.inputs)
        ]  # fmt: skip
        count = len(self.shown())
        made = MADE.get(self.graph.kind, "of a traced function")
        return GraphView("", self.graph.kind, nodes, edges,
                         f"{count} operation{'' if count == 1 else 's'} {made}")  # fmt: skip

    def _op_view(self, identity: str, node: Node) -> NodeView:
        out = node.outputs[0]
        name = self.names.get(id(out))
        label = node.name or node.op.name
        last = {id(o) for o in self.graph.outputs}
        return NodeView(
            identity, f"{name} = {label}" if name else label, "op",
            out is self.target or id(out) in last, node.scope, shape_of(out), dtype_of(out),
            node.op.name, (node.op.__doc__ or "").split("\n")[0],
            rules(node, self.rule_names(node)),
            self.attributes(node), self.source(node),
            self.picture(out), why_no_gradient(node),
        )  # fmt: skip

    def _leaf_view(self, identity: str, value: Any) -> NodeView:
        watched = any(value is x for x in self.graph.inputs)
        kind = "variable" if isinstance(value, Variable) else "input" if watched else "constant"
        label = self.label(value)
        if kind == "constant" and label.startswith("constant"):
            label = "constant"
        return NodeView(identity, label, kind, False, "", shape_of(value), dtype_of(value),
                        attrs=attributes_of_leaf(value), value=_picture(value),
                        no_grad="" if kind != "variable" or watched else why_no_leaf(value),
                        )  # fmt: skip

    def picture(self, value: Any) -> ValueView | None:
        """The value that is shown of a result."""
        return _picture(value)

    def source(self, node: Node) -> SourceView | None:
        """The learner's line that ran a node."""
        return source_view(node)

    def attributes(self, node: Node) -> dict[str, str]:
        """What the details of a node say beside its inputs."""
        return attributes(node)

    def rule_names(self, node: Node) -> dict[str, str]:
        """What the names in the op's rule stand for in this graph."""
        pairs = zip(node.op.input_names, node.inputs, strict=False)
        return {name: self.label(x) for name, x in pairs} | {"out": self.label(node.outputs[0])}


def rules(node: Node, names: dict[str, str]) -> list[str]:
    """The formulas of a node's gradient rule; none where graphs inside the op stand for it."""
    return [] if node.op.graphs else formulas(node.op, names, len(node.inputs))


NOT_LEARNERS = (
    ENGINE,
    *(
        f"{Path(__file__).parents[2] / folder}{os.sep}"
        for folder in ("widgets", "minitensor_widgets")
    ),
)


def callers_names() -> dict[int, str]:
    """The names of tensors among the variables of the innermost frame that is the learner's."""
    frame = learners_frame(sys._getframe(1), NOT_LEARNERS)
    found: dict[int, str] = {}
    for name, value in {**frame.f_globals, **frame.f_locals}.items():
        if isinstance(value, Operand) and not name.startswith("_"):
            found.setdefault(id(value), name)
    return found


def coarser(view: GraphView) -> GraphView:
    """The view of a big graph, where pictures of values are small: a third of rows and columns."""
    if len(view.nodes) <= MOST_FINE:
        return view
    nodes = [
        node if node.value is None or not node.value.heat
        else replace(node, value=replace(node.value, heat=[r[::3] for r in node.value.heat[::3]]))
        for node in view.nodes
    ]  # fmt: skip
    return replace(view, nodes=nodes)


def _picture(value: Any) -> ValueView | None:
    """The elements; None for a value that a tape has let go of."""
    return None if isinstance(value._array, NoElements) else value_view(value)


def shape_of(value: Any) -> list[int | None] | None:
    """The sizes of a value, None for one not known; None where not even the rank is known."""
    if isinstance(value, Operand) and isinstance(value._array, NoElements):
        return None if value._array.shape is None else list(value._array.shape)
    return list(value.shape) if isinstance(value, Operand) else []


def dtype_of(value: Any) -> str:
    """The name of a value's type."""
    return value.dtype.name if isinstance(value, Operand) else type(value).__name__


def source_view(node: Node) -> SourceView | None:
    """The learner's line that ran a node."""
    line = node.source
    return None if line is None else source_of(line)


def source_of(line: SourceLine) -> SourceView:
    """A line of a program, its file named as a learner knows it."""
    return SourceView(short_file(line.file), line.line, line.text)

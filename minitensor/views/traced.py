"""A traced graph as a viewer draws it: no values but constants, and what lies inside its nodes."""

from __future__ import annotations

from typing import Any

from minitensor.graph.ir import Graph, Node, type_text
from minitensor.graph.symbol import Symbol
from minitensor.variable import Variable
from minitensor.views.attributes import attributes_of_leaf
from minitensor.views.drawing import Drawing, callers_names, dtype_of, rules, shape_of
from minitensor.views.marks import why_no_gradient, why_no_leaf
from minitensor.views.records import GraphView, NodeView
from minitensor.views.values import number_text, value_view

DOCS = {
    "input": "An argument: its value comes with each call.",
    "variable": "A variable: read anew each time the graph runs.",
    "constant": "A constant: written into the graph while it was traced.",
    "capture": "Taken from outside the function while it was traced.",
}


class TracedDrawing(Drawing):
    """Draws what a trace wrote down: symbols have a shape and a dtype, and no elements."""

    def __init__(
        self, graph: Graph, names: dict[int, str] | None,
        prefix: str = "", given: dict[Any, str] | None = None,
    ):  # fmt: skip
        names = callers_names() if names is None else names
        plain: Any = getattr(graph, "plain", None)
        graph = graph if plain is None else plain()
        self.outside = {id(inner): outer for outer, inner in graph.captures}
        taken = {key: names.get(id(x)) or getattr(x, "_label", None)
                 for key, x in self.outside.items()}  # fmt: skip
        self.homes: dict[Any, str] = {}
        names = names | {key: name for key, name in taken.items() if name}
        super().__init__(graph, names, None, prefix, given)
        for value in graph.outputs:
            if id(value) not in self.ids:
                self._add(id(value), value)

    def inside(self, node: Node, graph: Graph, prefix: str, given: dict[Any, str]) -> TracedDrawing:
        """The drawing of a graph inside of an op."""
        return TracedDrawing(graph, self.names, prefix, given)

    def readings(self) -> list[Node]:
        """Readings before anything wrote the variable: all of them give the same value."""
        written: set[int] = set()
        found = []
        for node in self.graph.nodes:
            if node.op.name == "read_variable":
                found += [] if id(node.inputs[0]) in written else [node]
            elif node.op.stateful:
                written |= {id(x) for x in node.inputs if isinstance(x, Variable)}
                written |= {id(x) for graph in node.op.graphs for x in graph.variables}
        return found

    def label(self, value: Any) -> str:
        """What to call a value in a formula."""
        value = self.aliases.get(id(value), value)
        if id(value) in self.names:
            return self.names[id(value)]
        if not isinstance(value, Symbol):
            return value._label
        if not self._is_leaf_constant(value):
            return value._label.rpartition("/")[2]
        known = self._elements(value)
        return number_text(known[()]) if known is not None and known.ndim == 0 else "constant"

    def view(self) -> GraphView:
        """Nodes and edges in the order they were traced; the title is the signature."""
        drawn = super().view()
        given = [f"{self.label(x)}: {type_text(x)}" for x in self.graph.inputs]
        title = f"{self.graph.name or self.graph.kind}({', '.join(given)})"
        return GraphView(title, drawn.kind, drawn.nodes, drawn.edges, drawn.note)

    def _key(self, value: Any, node: Node, slot: int) -> Any:
        nameless = value._array.shape == () and id(value) not in self.names
        key = (id(node), slot) if nameless and isinstance(value, Symbol) else id(value)
        self.homes.setdefault(key, node.scope)
        return key

    def _is_leaf_constant(self, value: Symbol) -> bool:
        return id(value) in self.outside or self.graph.is_constant(value)

    def _elements(self, value: Symbol) -> Any:
        """The elements of a constant; of a tensor from outside, those it had when traced."""
        outer = self.outside.get(id(value))
        if outer is None or isinstance(outer, Symbol):
            return value.known
        return outer._array

    def _op_view(self, identity: str, node: Node) -> NodeView:
        last = {id(x) for x in self.graph.outputs}
        made = node.outputs[0] if node.outputs else node.inputs[-1]
        return NodeView(
            identity, node.name or node.op.name, "op", any(id(x) in last for x in node.outputs),
            node.scope, shape_of(made), dtype_of(made), node.op.name,
            (node.op.__doc__ or "").split("\n")[0],
            rules(node, self.rule_names(node)) if node.outputs else [], self.attributes(node),
            self.source(node), no_grad=why_no_gradient(node),
        )  # fmt: skip

    def _leaf_view(self, identity: str, value: Any) -> NodeView:
        kind = self._kind(value)
        key = self.keys[identity]
        elements = self._elements(value) if kind in ("constant", "capture") else None
        return NodeView(
            identity, self.label(value), "constant" if kind == "capture" else kind,
            any(value is x for x in self.graph.outputs),
            self.homes.get(key, "") if kind == "constant" else "",
            shape_of(value), dtype_of(value), doc=DOCS[kind], attrs=attributes_of_leaf(value),
            value=None if elements is None else value_view(elements),
            no_grad="" if kind in ("constant", "capture") else why_no_leaf(value),
        )  # fmt: skip

    def _kind(self, value: Any) -> str:
        if isinstance(value, Variable):
            return "variable"
        outer = self.outside.get(id(value))
        if any(value is x for x in self.graph.inputs) or isinstance(outer, Symbol):
            return "input"
        return "constant" if outer is None else "capture"

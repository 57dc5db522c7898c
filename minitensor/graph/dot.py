"""A graph for Graphviz: nodes shaped by what they are, name scopes as boxes, types on the edges.

The package graphviz is imported when a graph is exported, never before. What a learner named
stands in the description escaped, as data.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from minitensor.backend import optional
from minitensor.errors import UnavailableError, message
from minitensor.graph.ir import Graph, Node, type_text

__all__ = ["digraph"]

FONT = {"fontname": "sans-serif"}
SHAPES = {
    "op": {"shape": "box", "style": "rounded"},
    "variable": {"shape": "cylinder"},
    "input": {"shape": "ellipse"},
    "constant": {"shape": "plaintext"},
}


def digraph(graph: Graph, **attributes: str) -> Any:
    """The graph as a `graphviz.Digraph`; `attributes` are Graphviz's own, such as rankdir="LR".

    Ops are rounded boxes (results have a double border), variables cylinders, watched or fed
    values ellipses, constants plain text; the name of an op's source line is its tooltip.

    Raises:
        UnavailableError: (also an ImportError) without the package graphviz; when it is drawn,
            without the program `dot`.
    """
    return _Drawing(graph, attributes).draw()


class _Drawing:
    """Gives every node and leaf of a graph an identifier, and writes them down."""

    def __init__(self, graph: Graph, attributes: dict[str, str]):
        self.graph, self.package = graph, optional("graphviz", "graphviz", "graph.to_graphviz")
        self.dot = _digraph_class()(graph_attr=attributes, node_attr=FONT, edge_attr=FONT)
        self.ids: dict[Any, str] = {}
        self.ports: dict[int, int] = {}
        self.boxes = 0
        self.results = {id(x) for x in graph.outputs}

    def draw(self) -> Any:
        for x in self.graph.inputs:
            kind = "input" if getattr(x, "_label", None) is None else "variable"
            self._leaf(id(x), x, kind)
        self._scope(self.dot, _tree(self.graph.nodes))
        for node in self.graph.nodes:
            for slot, x in enumerate(node.inputs):
                self._edge(node, slot, x)
        return self.dot

    def _scope(self, dot: Any, tree: dict) -> None:
        for node in tree.get(None, ()):
            self._op(dot, node)
        for name, inner in tree.items():
            if name is not None:
                label = self.package.escape(name)
                self.boxes += 1
                with dot.subgraph(name=f"cluster_{self.boxes}") as box:
                    box.attr(label=label, style="rounded")
                    self._scope(box, inner)

    def _op(self, dot: Any, node: Node) -> None:
        identity = self._new(id(node))
        for i, out in enumerate(node.outputs):
            self.ids[id(out)] = identity
            if i:
                self.ports[id(out)] = i
        name = self.graph.name_of(node).rpartition("/")[2]
        label = node.op.name if name == node.op.name else f"{name}\n{node.op.name}"
        borders = "2" if any(id(out) in self.results for out in node.outputs) else "1"
        tooltip = self.package.escape(str(node.source or node.op.name))
        look = {"peripheries": borders, "tooltip": tooltip, **SHAPES["op"]}
        dot.node(identity, self.package.escape(label), **look)

    def _leaf(self, key: Any, value: Any, kind: str) -> str:
        identity = self._new(key)
        label = self.package.escape(self.graph.name_of(value))
        self.dot.node(identity, label, **SHAPES[kind])
        return identity

    def _edge(self, node: Node, slot: int, value: Any) -> None:
        # A number is drawn once for each use, so that the constant 2 does not tie all together.
        number = self.graph.is_constant(value) and not len(value.shape)
        key = (id(node), slot) if number else id(value)
        start = self.ids.get(key) or self._leaf(key, value, "constant")
        which = self.ports.get(id(value))
        text = type_text(value) if which is None else f"{which}: {type_text(value)}"
        self.dot.edge(start, self.ids[id(node)], self.package.escape(text))

    def _new(self, key: Any) -> str:
        self.ids[key] = f"n{len(self.ids)}"
        return self.ids[key]


def _tree(nodes: list[Node]) -> dict:
    """The nodes by name scope: inner dicts for inner scopes, the nodes themselves under None."""
    root: dict = {}
    for node in nodes:
        place = root
        for part in filter(None, node.scope.split("/")):
            place = place.setdefault(part, {})
        place.setdefault(None, []).append(node)
    return root


@cache
def _digraph_class() -> type:
    """`graphviz.Digraph`, with an error that says what is missing when nothing can draw."""
    graphviz = optional("graphviz", "graphviz", "graph.to_graphviz")

    class Digraph(graphviz.Digraph):
        def pipe(self, *args: Any, **kwargs: Any) -> Any:
            return _drawn(super().pipe, args, kwargs)

        def render(self, *args: Any, **kwargs: Any) -> Any:
            return _drawn(super().render, args, kwargs)

    def _drawn(draw: Any, args: tuple, kwargs: dict) -> Any:
        try:
            return draw(*args, **kwargs)
        except graphviz.ExecutableNotFound:
            raise UnavailableError(
                message("graph.to_graphviz", "a graph to draw", "the program `dot` was not found",
                        "the package graphviz writes the description, the program draws it",
                        "install Graphviz (apt install graphviz, brew install graphviz, conda "
                        "install graphviz), or keep the description: graph.to_graphviz().source")
            ) from None  # fmt: skip

    return Digraph

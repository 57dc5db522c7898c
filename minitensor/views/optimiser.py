"""What the optimiser made of a graph, pass by pass, and the program that came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from minitensor.errors import DTypeError, message
from minitensor.graph.function import Function
from minitensor.graph.fusion import FusedOp
from minitensor.graph.ir import Graph, Node
from minitensor.graph.rewrite import label_of
from minitensor.views.drawing import callers_names
from minitensor.views.equality import compared
from minitensor.views.records import GraphView, PassesView, PassView
from minitensor.views.sources import latest
from minitensor.views.traced import TracedDrawing


def passes_view(obj: Any) -> PassesView:
    """The passes over the graph of a concrete function, or over the latest trace of a function.

    Raises:
        InvalidArgumentError: (also a ValueError) for a function that was never traced.
        DTypeError: (also a TypeError) for anything that no pass ran over.
    """
    concrete = latest(obj) if isinstance(obj, Function) else obj
    passes = getattr(concrete, "passes", None)
    if not isinstance(passes, list | tuple):
        raise DTypeError(
            message("passes", f"an object of type {type(obj).__name__}",
                    "no pass ran over it", "graphs of traced functions are optimised",
                    "pass fn, or fn.get_concrete_function(…)")
        )  # fmt: skip
    names = callers_names()
    graphs = [_slim(TracedDrawing(item.graph, names).view()) for item in passes]
    views = []
    same = compared(passes, concrete)
    for i, (item, graph) in enumerate(zip(passes, graphs, strict=True)):
        added, removed = _changes(passes[max(i - 1, 0)].graph, item.graph)
        views.append(
            PassView(
                item.name, item.summary, graph, item.nodes_before, item.nodes_after,
                item.bytes_saved, item.operations_saved, getattr(item, "picture", ""),
                added, removed, same[i],
            )
        )  # fmt: skip
    title = graphs[0].title if graphs else ""
    return PassesView(title, views, concrete.source or "", lines=_lines(concrete))


def _lines(concrete: Any) -> list[list]:
    """For each line of the program that computes something: its number, and what it is of.

    A line in which nodes run together names the node inside, and the one that it was fused into.
    """
    executable = getattr(concrete, "_executable", None)
    if executable is None:
        return []
    homes = {label_of(inner): label_of(node) for node in concrete.passes[-1].graph.nodes
             for inner in _inside(node)}  # fmt: skip
    found = []
    for number, node in sorted(executable().program.lines.items()):
        name = label_of(node)
        found.append([number, *dict.fromkeys([name, homes.get(name, name)])])
    return found


def _inside(node: Node) -> Iterator[Node]:
    """The nodes that were fused into one, whatever the depth."""
    if isinstance(node.op, FusedOp):
        for inner in node.op.graphs[0].nodes:
            yield inner
            yield from _inside(inner)


def _slim(graph: GraphView) -> GraphView:
    """The same without what is no concern of a pass: several of these travel together."""
    nodes = [replace(node, doc="", rule=[]) for node in graph.nodes]
    return replace(graph, nodes=nodes)


def _changes(before: Graph, after: Graph) -> tuple[list[str], list[str]]:
    """The operations that came and that went; one of another kind counts as another one."""
    old, new = _names(before), _names(after)
    return list((new - old).elements()), list((old - new).elements())


def _names(graph: Graph) -> Counter[str]:
    """Operations as a viewer can find them again: scope, label and kind."""
    found: Counter[str] = Counter()
    for node in graph.nodes:
        place = f"{node.scope}/{node.name or node.op.name}".lstrip("/")
        found[f"{place}: {node.op.name}"] += 1
    return found

"""Whether a graph is one: what tests ask after each pass."""

from __future__ import annotations

from minitensor import ops
from minitensor.graph.ir import Graph, Node, is_variable, type_text
from minitensor.graph.rewrite import agrees, label_of, spec_of
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import infer
from minitensor.shapes import NoElements, Spec

__all__ = ["verify"]


def verify(graph: Graph) -> None:
    """Raise an AssertionError unless the graph can run, and is what its ops say.

    Every value is an input, a constant, or computed earlier, once; every shape and dtype is what
    the op infers; names are unique; variables appear only where they are read or written.
    """
    known = {id(x) for x in (*graph.inputs, *(inner for _, inner in graph.captures))}
    labels: set[str] = set()
    for node in graph.nodes:
        where = f"{label_of(node)} ({node.op.name})"
        for x in node.inputs:
            _check_input(node, x, known, where)
        for out in node.outputs:
            assert id(out) not in known, f"{where}: {out!r} is computed twice"
            assert isinstance(out, Symbol), f"{where}: gives {out!r}"
            known.add(id(out))
        assert label_of(node).lower() not in labels, f"{where}: the name is taken"
        labels.add(label_of(node).lower())
        _check_specs(node, where)
        for inner in node.op.graphs:
            verify(inner)
    for out in graph.outputs:
        assert id(out) in known or getattr(out, "known", None) is not None, f"no {out!r} to return"


def _check_input(node: Node, x: object, known: set[int], where: str) -> None:
    if is_variable(x):
        own = node.op in (ops.read_variable, ops.assign_variable) and x is node.inputs[0]
        assert own or node.op.graphs, f"{where}: reads a variable by itself"
        return
    assert isinstance(x, Symbol), f"{where}: reads {x!r}"
    assert id(x) in known or x.known is not None, f"{where}: {x!r} is used before it is computed"


def _check_specs(node: Node, where: str) -> None:
    specs = infer(node.op, [spec_of(x) for x in node.inputs], node.attrs)
    specs = [specs] if isinstance(specs, (Spec, NoElements)) else list(specs)
    assert len(specs) == len(node.outputs), f"{where}: {len(node.outputs)} results, not {specs}"
    for out, spec in zip(node.outputs, specs, strict=True):
        given = f"{type_text(out)}, inferred {spec}"
        assert agrees(out._array, spec) or agrees(spec, out._array), f"{where}: {given}"

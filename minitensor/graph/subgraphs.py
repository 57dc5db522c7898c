"""What branches and loop bodies have in common: graphs inside of ops.

Such a graph is *closed*: whatever it took from outside is an explicit input. Variables that are
only read inside are read outside instead, so that tapes and passes see the reading; those that are
written stay inside, and are inputs of the op itself, after all others.

The gradient of a closed graph is a graph again (`derivative`). It takes cotangents of the outputs
and values from inside the graph; so the op whose graph it is gives these values as further results
(`replace`): nothing is computed twice, and what is random or read from outside stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minitensor import backward, ops
from minitensor.graph.gradient import pull_back
from minitensor.graph.ir import Graph, Node, is_variable
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import Tracer, replay, trace
from minitensor.op import state
from minitensor.ops.state import read_variable
from minitensor.shapes import NoElements, Spec
from minitensor.tensor import IndexedSlices

__all__ = [
    "Derivative",
    "close",
    "derivative",
    "find",
    "flowing",
    "publish",
    "replace",
    "retraced",
    "spec_of",
    "written_in",
    "zeros",
]


def spec_of(x: Any) -> Any:
    """Shape and dtype of a symbol, tensor, array or variable."""
    if is_variable(x):
        return Spec(tuple(x.shape), x._numpy_dtype) if x.shape else NoElements(None, x._numpy_dtype)
    array = getattr(x, "_array", x)
    return NoElements(None, array.dtype) if array.shape is None else Spec(array.shape, array.dtype)


def close(graphs: Sequence[Graph]) -> tuple[list[Graph], list, list]:
    """Graphs with explicit inputs for what they took from outside.

    Returns the graphs, each with the same further inputs; the outside values of these; and the
    variables that are written inside.
    """
    written = {id(v): v for graph in graphs for v in written_in(graph)}
    outside: dict[int, Any] = {}
    inside: list[dict[int, Any]] = []
    for graph in graphs:
        taken = {}
        for value, inner in [*graph.captures, *_hoisted(graph, written)]:
            key = id(value)
            outside.setdefault(key, value.value() if is_variable(value) else value)
            taken[key] = inner
        inside.append(taken)
    closed = [
        graph.replaced(
            inputs=[*graph.inputs, *(_entry(graph, taken.get(k), x) for k, x in outside.items())],
            captures=[],
        )
        for graph, taken in zip(graphs, inside, strict=True)
    ]
    return closed, list(outside.values()), list(written.values())


def retraced(graph: Graph, specs: Sequence) -> Graph:
    """The graph for inputs of these specs."""
    labels = [x._label for x in graph.inputs]
    return trace(lambda *xs: replay(graph, xs), specs, graph.name, labels, graph.kind)


def written_in(graph: Graph) -> list:
    """The variables that a graph writes, also in graphs inside of it."""
    return [
        x
        for node in graph.nodes
        for x in node.inputs
        if is_variable(x) and node.op is not read_variable
    ]


def _hoisted(graph: Graph, written: dict) -> list[tuple]:
    """Take readings of variables that nobody writes out of a graph: (variable, symbol inside)."""
    found = [
        node for node in graph.nodes
        if node.op is read_variable and id(node.inputs[0]) not in written
    ]  # fmt: skip
    gone = {id(node) for node in found}
    graph.nodes[:] = [node for node in graph.nodes if id(node) not in gone]
    return [(node.inputs[0], node.outputs[0]) for node in found]


def _entry(graph: Graph, inner: Any, value: Any) -> Any:
    if inner is None:
        return Symbol(graph.tracer, spec_of(value), getattr(value, "_label", "unused"))
    return inner


class Derivative(NamedTuple):
    """The gradient of a closed graph.

    `graph` takes the cotangents, then `further` inputs that were asked for, then the values
    `needs` of the original graph; it gives one result for each of `gives`.
    """

    graph: Graph
    needs: list
    gives: list


def derivative(
    graph: Graph, sources: Sequence, among: Sequence[int], arrange: Callable, name: str
) -> Derivative:
    """The gradient graph of a closed graph.

    Args:
        graph: what to differentiate.
        sources: the inputs and variables that cotangents are wanted for.
        among: the outputs that cotangents arrive at.
        arrange: takes the cotangents by value id; gives the outputs, and what they are for.
        name: what to call it.
    """
    gives: list = []

    def back(*cotangents: Any) -> list:
        found: dict[int, Any] = {}
        for i, g in zip(among, cotangents, strict=True):
            key = id(graph.outputs[i])
            found[key] = g if key not in found else found[key] + g
        wanted = {id(x) for x in sources}
        reached = backward.reaching(graph.nodes, sources)
        found = pull_back(graph.nodes, found, reached, wanted)
        outputs, for_what = arrange({key: dense(g) for key, g in found.items() if key in wanted})
        gives.extend(for_what)
        return outputs

    specs = [spec_of(graph.outputs[i]) for i in among]
    traced = trace(back, specs, name, kind="body", outer=graph.tracer)
    _measure(traced, graph)
    needs = [value for value, _ in traced.captures]
    inputs = [*traced.inputs, *(inner for _, inner in traced.captures)]
    return Derivative(traced.replaced(inputs=inputs, captures=[]), needs, gives)


def _measure(back: Graph, graph: Graph) -> None:
    """Where a gradient needs only the sizes of a value, let the graph itself take them."""
    uses: dict[int, list[Node]] = {}
    for node in back.nodes:
        for x in node.inputs:
            uses.setdefault(id(x), []).append(node)
    given = {id(x) for x in back.outputs}
    captures = []
    for value, inner in back.captures:
        users = uses.get(id(inner), [])
        if id(inner) in given or not users or any(n.op not in _MEASURES for n in users):
            captures.append((value, inner))
            continue
        for node in users:
            [size] = node.outputs
            taken = Symbol(graph.tracer, size.spec, f"{node.name}_of_{value._label}", size.known)
            graph.nodes.append(node._replace(inputs=(value,), outputs=(taken,)))
            back.nodes.remove(node)
            captures.append((taken, size))
    back.captures[:] = captures


_MEASURES = (ops.shape, ops.size, ops.rank)


def dense(g: Any) -> Any:
    """A cotangent as one tensor."""
    return g.to_dense() if isinstance(g, IndexedSlices) else g


def flowing(graph: Graph, outputs: Sequence) -> set[int]:
    """The ids of the values that outputs depend on differentiably."""
    active = {id(x) for x in outputs if x.dtype.is_differentiable}
    for node in reversed(graph.nodes):
        if node.op.gradient_rule is not None and any(id(x) in active for x in node.outputs):
            active |= {id(x) for x in node.inputs if x.dtype.is_differentiable}
    return active


def find(outputs: Sequence) -> tuple[list[Node], int]:
    """Where the node that made these results stands now: the list that it is in, and its place."""
    first = next(x for x in outputs if isinstance(x, Symbol))
    nodes = first._tracer.graph.nodes
    for place in range(len(nodes) - 1, -1, -1):
        if any(x is first for x in nodes[place].outputs):
            return nodes, place
    raise AssertionError(f"{first!r} was not made in the graph that it belongs to")


def replace(nodes: list[Node], place: int, op: Any, specs: Sequence) -> Node:
    """Let a node give further results, of these specs; tapes that know it learn of them."""
    node = nodes[place]
    tracer: Tracer = node.outputs[0]._tracer
    base = f"{node.scope}/{node.name}".strip("/")
    outputs = list(node.outputs)
    for spec in specs:
        symbol = Symbol(tracer, spec, f"{base}:{len(outputs)}")
        symbol._origin = node.origin
        outputs.append(symbol)
    new = node._replace(op=op, outputs=tuple(outputs))
    nodes[place] = new
    publish(new)
    return new


def publish(node: Node) -> None:
    """Let tapes that recorded a node know all the results that it gives by now."""
    first, last = node.outputs[0], node.outputs[-1]
    for tape in state._tapes:
        if tape.watching and id(first) in tape.known and id(last) not in tape.known:
            places = [
                i for i, old in enumerate(tape.nodes) if old.outputs and old.outputs[0] is first
            ]
            for place in places:
                tape.nodes[place] = node
            tape.known.update((id(x), x) for x in node.outputs)


def zeros(spec: Any, like: Any) -> Any:
    """Zeros for a value that no cotangent arrived at."""
    if spec.shape is not None and None not in spec.shape:
        return ops.zeros(shape=spec.shape, dtype=spec.dtype)
    return ops.zeros_like(like)

"""What passes over a graph share: writing it again with values replaced, and what it costs.

A pass walks over the nodes in order and hands each to a `Rewrite`: kept, replaced by a value that
exists already, or by new nodes. Passes never change a graph, so that every stage can be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from operator import is_not
from typing import Any, NamedTuple

import numpy as np

from minitensor import ops
from minitensor.graph.ir import Graph, Node
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import infer
from minitensor.op import NO_ATTRS, REGISTRY, Op
from minitensor.python_function import call_python
from minitensor.shapes import NoElements, Spec

__all__ = [
    "VIEWS",
    "Cost",
    "Rewrite",
    "agrees",
    "cost",
    "fits",
    "has_sizes",
    "is_elementwise",
    "label_of",
    "spec_of",
    "uses",
    "writes",
]

FEW = 64
"""Up to this many equal elements are stored; more are one number, spread out where it is used."""
UNIFORM = 4096
"""Constants up to this size are searched for being one number everywhere."""

VIEWS = {ops.reshape, ops.expand_dims, ops.squeeze}
"""Ops that give the same elements in the same order."""
_FREE = VIEWS | {ops.transpose, ops.matrix_transpose, ops.broadcast_to, ops.identity, ops.getitem,
                 ops.stop_gradient, ops.read_variable, ops.ensure_shape, ops.fill_}  # fmt: skip


def is_elementwise(op: Op) -> bool:
    """Whether each element of the result follows from the matching elements of the inputs."""
    if type(op) is not Op or op is ops.matmul:
        return False
    return op.fast or op.scalar is not None or op is ops.cast


def spec_of(x: Any) -> Any:
    """Shape and dtype of a symbol or variable."""
    if isinstance(x, Symbol):
        shape: Any = x._array.shape
        return Spec(shape, x._array.dtype)
    known: Any = None if x.shape.rank is None else tuple(x.shape)
    return Spec(known, x._numpy_dtype)


def fits(value: Any, place: Any) -> bool:
    """Whether all that is said of `place` (dtype, known sizes) holds for `value`."""
    return agrees(value._array, place._array)


def agrees(given: Any, wanted: Any) -> bool:
    """The same of two specs."""
    if given.dtype != wanted.dtype:
        return False
    if wanted.shape is None or given.shape is None:
        return wanted.shape is None
    return len(given.shape) == len(wanted.shape) and all(
        b is None or a == b for a, b in zip(given.shape, wanted.shape, strict=True)
    )


def has_sizes(x: Any) -> bool:
    """Whether all sizes of a value are known."""
    return x._array.shape is not None and None not in x._array.shape


def label_of(node: Node) -> str:
    """The name of a node with its scope."""
    return f"{node.scope}/{node.name}" if node.scope else node.name or node.op.name


def uses(graph: Graph) -> dict[int, int]:
    """How often each value is read, by its id; being an output counts too."""
    counts: dict[int, int] = {}
    for node in graph.nodes:
        for x in node.inputs:
            counts[id(x)] = counts.get(id(x), 0) + 1
    for x in graph.outputs:
        counts[id(x)] = counts.get(id(x), 0) + 1
    return counts


def writes(node: Node) -> Sequence | None:
    """The variables that a node may write; None when it may be any."""
    if not node.op.stateful:
        return ()
    if node.op is ops.assign_variable:
        return (node.inputs[0],)
    if node.op is call_python:  # the learner's own code can do anything
        return None
    if not node.op.graphs:
        return () if REGISTRY.get(node.op.name) is node.op else None
    inner = [writes(n) for graph in node.op.graphs for n in graph.nodes]
    return None if None in inner else [v for found in inner for v in found or ()]


class Rewrite:
    """A graph that is being written again, node by node, with values replaced."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.nodes: list[Node] = []
        self.maker: dict[int, Node] = {}
        """The node that makes a value of the new graph."""
        self.uses = uses(graph)
        """How often a value of the old graph is read."""
        self.changed = False
        self._now: dict[int, Any] = {}
        self._before: dict[int, Any] = {}
        self._numbers: dict[int, tuple[Any, np.ndarray | None]] = {}
        self._taken: set[str] = set()
        self._given: set[str] = set()

    def walk(self) -> Iterator[Node]:
        """The nodes, reading what has replaced their inputs; shapes follow those of the inputs."""
        now = self._now
        for node in self.graph.nodes:
            inputs = tuple([now.get(id(x), x) for x in node.inputs])
            if any(map(is_not, inputs, node.inputs)):
                self.changed = True
                node = node._replace(inputs=inputs, outputs=self._refined(node, inputs))
            yield node

    def keep(self, node: Node) -> None:
        """Take over a node."""
        self.nodes.append(node)
        for out in node.outputs:
            self.maker[id(out)] = node

    def replace(self, node: Node, values: Sequence) -> None:
        """Let others read `values` in place of the node's results."""
        self.changed = True
        for out, value in zip(node.outputs, values, strict=True):
            self._now[id(out)] = value
            if id(out) in self._before:
                self._now[id(self._before[id(out)])] = value

    def add(self, like: Node, op: Op, inputs: Sequence, attrs: dict = NO_ATTRS) -> Symbol:
        """The result of a new node, which stands where `like` stood."""
        label = self._unique(label_of(like))
        spec = infer(op, [spec_of(x) for x in inputs], attrs)
        out = self._symbol(spec, label, like)
        scope, _, leaf = label.rpartition("/")
        self.keep(Node(op, tuple(inputs), attrs, (out,), leaf, scope, like.origin))
        self.changed = True
        return out

    def constant(self, like: Node, array: np.ndarray) -> Symbol:
        """A constant, named after the node that it came from."""
        spec = NoElements(array.shape, array.dtype)
        return Symbol(self.graph.tracer, spec, label_of(like), array)

    def filled(self, like: Node, number: np.ndarray, shape: tuple) -> Symbol:
        """One number everywhere: a constant, or a scalar that is spread out where it is used."""
        if prod(shape) <= FEW:
            return self.constant(like, np.full(shape, number, number.dtype))
        return self.add(like, ops.broadcast_to, [self.constant(like, number)], {"shape": shape})

    def number(self, x: Any) -> np.ndarray | None:
        """The one number that all elements of a value are, as a 0-d array; None if not known."""
        known = getattr(x, "known", None)
        if known is None:
            node = self.maker.get(id(x))
            spread = node is not None and node.op in (ops.broadcast_to, ops.fill_)
            return self.number(node.inputs[0]) if node is not None and spread else None
        if not isinstance(known, np.ndarray) or not 0 < known.size <= UNIFORM:
            return None
        if id(x) not in self._numbers:
            first = known.reshape(-1)[:1]
            same = known.dtype.kind != "O" and known.tobytes() == first.tobytes() * known.size
            self._numbers[id(x)] = x, (first.reshape(()).copy() if same else None)
        return self._numbers[id(x)][1]

    def done(self) -> Graph:
        """The new graph; the old one itself if nothing changed."""
        if not self.changed:
            return self.graph
        outputs = [self._now.get(id(x), x) for x in self.graph.outputs]
        return self.graph.replaced(nodes=self.nodes, outputs=outputs)

    def _refined(self, node: Node, inputs: Sequence) -> tuple:
        """The results; new ones where more is known of the inputs' shapes than there was."""
        specs = [spec_of(x) for x in inputs]
        if node.op.graphs or specs == [spec_of(x) for x in node.inputs]:
            return tuple(node.outputs)
        found = infer(node.op, specs, node.attrs)
        found = [found] if isinstance(found, (Spec, NoElements)) else found
        outputs = []
        for out, spec in zip(node.outputs, found, strict=True):
            if tuple(spec) == tuple(out._array) or not agrees(spec, out._array):
                outputs.append(out)
                continue
            outputs.append(new := self._symbol(spec, out._label, node))
            self._now[id(out)], self._before[id(new)] = new, out
        return tuple(outputs)

    def _symbol(self, spec: Any, label: str, like: Node) -> Symbol:
        out = Symbol(self.graph.tracer, spec, label)
        out._origin = like.origin
        return out

    def _unique(self, wanted: str) -> str:
        """A name that no node has; that of the node which is being replaced is free again."""
        if not self._taken:
            self._taken = {label_of(node).lower() for node in self.graph.nodes}
        label, count = wanted, 0
        while label.lower() in self._given or (count and label.lower() in self._taken):
            count += 1
            label = f"{wanted}_{count}"
        self._given.add(label.lower())
        return label


class Cost(NamedTuple):
    """What running a graph once takes."""

    bytes: int
    """Read and written by its nodes."""
    operations: int
    """Additions, multiplications and the like."""


def cost(graph: Graph, known: dict[Node, Cost] | None = None) -> Cost:
    """The bytes that nodes read and write, and the arithmetic they do, as far as sizes are known.

    Views move nothing. The nodes inside a fused one share what they read, and keep their results
    to themselves. `known` keeps the costs of nodes, for graphs that share many.
    """
    known = {} if known is None else known
    moved = done = 0
    for node in graph.nodes:
        found = known.get(node)
        if found is None:
            found = known[node] = _cost_of(node)
        moved += found.bytes
        done += found.operations
    return Cost(moved, done)


def _cost_of(node: Node) -> Cost:
    if node.op in _FREE:
        return Cost(0, 0)
    moved = sum([_bytes(x) for x in (*node.inputs, *node.outputs)])
    if node.op.graphs:
        return Cost(moved, sum(cost(inner).operations for inner in node.op.graphs))
    return Cost(moved, _operations(node))


def _size(x: Any) -> int:
    return prod([1 if d is None else d for d in spec_of(x).shape or ()])


def _bytes(x: Any) -> int:
    return _size(x) * spec_of(x).dtype.itemsize


def _operations(node: Node) -> int:
    if not node.outputs:
        return 0
    if node.op is ops.matmul:
        a, turned = node.inputs[0], node.attrs.get("transpose_a") or node.attrs.get("adjoint_a")
        inner = (a._array.shape or (1, 1))[-2 if turned else -1]
        return 2 * _size(node.outputs[0]) * (inner or 1)
    return max([_size(x) for x in (*node.inputs, *node.outputs)])

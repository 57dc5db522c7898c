"""The optimiser: passes from a graph to a graph that computes the same with less.

`optimise` runs them in order and keeps what each made of the graph, so that one can look at every
stage. A pass never changes a result beyond rounding: what holds for real numbers but not for NaN,
inf, -0.0 or integers is left alone. Ops with effects run as often, and in the same order, as they
were written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import getdoc
from math import prod
from operator import is_
from typing import Any, NamedTuple

import numpy as np

from minitensor import ops
from minitensor.backend import Quiet
from minitensor.dtypes import DType
from minitensor.graph.algebra import RULES, without_broadcasts
from minitensor.graph.expansion import open_composites
from minitensor.graph.fusion import fuse_elementwise, fuse_matmul
from minitensor.graph.hoisting import hoist_from_loops
from minitensor.graph.ir import Graph, Node
from minitensor.graph.rewrite import (
    VIEWS,
    Cost,
    Rewrite,
    cost,
    fits,
    has_sizes,
    is_elementwise,
    spec_of,
    writes,
)
from minitensor.graph.symbol import Symbol

__all__ = ["PASSES", "PassResult", "optimise"]

LARGEST = 1 << 20
"""Bytes that a folded constant may have, unless what it is made of has more."""
REPEATS = 3
"""How often the simplifying passes run at most; each finds what the others laid open."""


class PassResult(NamedTuple):
    """What one pass made of a graph."""

    name: str
    summary: str
    graph: Graph
    nodes_before: int
    nodes_after: int
    bytes_saved: int
    """Bytes that nodes read and write, before minus after."""
    operations_saved: int
    """Additions, multiplications and the like, before minus after."""

    @property
    def picture(self) -> str:
        """What the pass does, with a small example."""
        return getdoc(PASSES[self.name]) or "" if self.name in PASSES else ""


def optimise(graph: Graph) -> list[PassResult]:
    """The graph after each pass that changed it; the first result is the graph as it came in."""
    stages = [("traced", graph)]
    for _ in range(REPEATS):
        before = stages[-1][1]
        for name in SIMPLIFYING:
            _run(name, stages)
        if stages[-1][1] is before:
            break
    for name in FUSING:
        _run(name, stages)
    return _results_of(stages)


def _run(name: str, stages: list[tuple[str, Graph]]) -> None:
    before = stages[-1][1]
    after = remove_dead(PASSES[name](before))
    if after is not before:
        stages.append((name, after))


def _results_of(stages: list[tuple[str, Graph]]) -> list[PassResult]:
    """What each pass saved; bytes are those that nodes read and write."""
    results = []
    before = stages[0][1]
    known: dict[Node, Cost] = {}
    old = cost(before, known)
    for name, after in stages:
        new = old if after is before else cost(after, known)
        nodes = len(before.nodes), len(after.nodes)
        summary = f"{nodes[0]} → {nodes[1]} nodes" if results else f"{nodes[1]} nodes"
        saved = old.bytes - new.bytes, old.operations - new.operations
        results.append(PassResult(name, summary, after, *nodes, *saved))
        before, old = after, new
    return results


def remove_dead(graph: Graph) -> Graph:
    """Leave out what no output needs. Ops with effects stay.

    a = exp(x)
    b = tanh(x)        →        b = tanh(x)
    return b                    return b
    """
    needed = {id(x) for x in graph.outputs}
    kept = []
    for node in reversed(graph.nodes):
        if node.op.stateful or any(id(out) in needed for out in node.outputs):
            kept.append(node)
            needed.update(map(id, node.inputs))
    return graph if len(kept) == len(graph.nodes) else graph.replaced(nodes=kept[::-1])


def merge_equal(graph: Graph) -> Graph:
    """Compute once what is computed twice; read a variable once between two writes.

        a = exp(x)                  a = exp(x)
        b = exp(x)         →        c = a * a
        c = a * b

    What has just been written need not be read. Nothing with effects is merged: two prints print
    twice, two draws have two seeds.
    """
    new = Rewrite(graph)
    found: dict[Any, Sequence] = {}
    held: dict[int, Any] = {}
    for node in new.walk():
        node = node._replace(inputs=tuple([_canonical(x, found) for x in node.inputs]))
        if node.op is ops.read_variable:
            value = held.setdefault(id(node.inputs[0]), node.outputs[0])
            earlier = (value,) if fits(value, node.outputs[0]) else node.outputs
        else:
            key = _key(node)
            earlier = node.outputs if key is None else found.setdefault(key, node.outputs)
        if all(map(is_, earlier, node.outputs)):
            new.keep(node)
            _forget(node, held)
        else:
            new.replace(node, earlier)
    return new.done()


def _forget(node: Node, held: dict[int, Any]) -> None:
    """What variables hold after a node: what was written; unknown after calls that write."""
    written = writes(node)
    if written is None:
        held.clear()
    for variable in written or ():
        held.pop(id(variable), None)
    if node.op is ops.assign_variable:
        variable, value = node.inputs
        if has_sizes(value) and tuple(value._array) == tuple(spec_of(variable)):
            held[id(variable)] = value


def _key(node: Node) -> Any:
    """What two nodes have in common that compute the same; None for nodes that are one of a kind.

    Attributes are compared with their types: 1, 1.0 and True are equal, but not the same.
    """
    if node.op.stateful or node.op.graphs:
        return None
    try:
        attrs = tuple((key, _frozen(node.attrs[key])) for key in sorted(node.attrs))
        key = (id(node.op), *map(id, node.inputs), attrs)
        hash(key)
    except TypeError:
        return None
    return key


def _frozen(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, slice):
        return slice, _frozen(value.start), _frozen(value.stop), _frozen(value.step)
    if isinstance(value, float):
        return float, value.hex()
    return value if isinstance(value, DType) else (type(value), value)


def _canonical(x: Any, found: dict) -> Any:
    """The first constant that has the same bits."""
    known = getattr(x, "known", None)
    if not isinstance(known, np.ndarray) or known.nbytes > LARGEST or known.dtype.kind == "O":
        return x
    key = ("constant", known.dtype.str, known.shape, known.tobytes())
    return found.setdefault(key, (x,))[0] if x.known is known else x


def fold_constants(graph: Graph) -> Graph:
    """Compute now what depends on constants and shapes alone.

        a = ones_like(x)            b = x * 0.5
        h = a / 2.0        →
        b = x * h

    One number everywhere is kept as that number, and spread out where it is used. Seeds are drawn
    anew each time, so that what depends on one is never folded.
    """
    new = Rewrite(graph)
    for node in new.walk():
        found = None
        if not (node.op.stateful or node.op.graphs or _is_spread_number(node)):
            found = _one_number(new, node) or _computed(new, node)
        if found is not None and all(map(fits, found, node.outputs)):
            new.replace(node, found)
        else:
            new.keep(node)
    return new.done()


def _is_spread_number(node: Node) -> bool:
    spreads = node.op in (ops.broadcast_to, ops.fill_) and node.outputs[0]._array.shape != ()
    return spreads and node.inputs[0].known is not None and not node.inputs[0]._array.shape


_FILLING = {ops.zeros: 0, ops.zeros_like: 0, ops.ones: 1, ops.ones_like: 1}
_SPREADING = VIEWS | {ops.broadcast_to, ops.fill_, ops.transpose, ops.matrix_transpose,
                      ops.identity, ops.stop_gradient}  # fmt: skip


def _one_number(new: Rewrite, node: Node) -> list | None:
    """The result, if all its elements are one number that is known."""
    if len(node.outputs) != 1 or not has_sizes(node.outputs[0]):
        return None
    shape, dtype = node.outputs[0]._array.shape, node.outputs[0]._array.dtype
    if dtype.kind == "O":
        return None
    if node.op in _FILLING:
        return [new.filled(node, np.asarray(_FILLING[node.op], dtype), shape)]
    if not node.inputs or not (node.op in _SPREADING or is_elementwise(node.op)):
        return None
    numbers = []
    for x in node.inputs:
        number = new.number(x)
        if number is None:
            return None
        numbers.append(number)
    found = numbers if node.op in _SPREADING else _results(node, numbers)
    return None if found is None else [new.filled(node, found[0], shape)]


def _computed(new: Rewrite, node: Node) -> list | None:
    """The results, if all inputs are constants and the results are not too large."""
    arrays = [getattr(x, "known", None) for x in node.inputs]
    if any(not isinstance(a, np.ndarray) for a in arrays) or not node.outputs:
        return None
    most = max(LARGEST, sum(a.nbytes for a in arrays if a is not None))
    if not all(_expected(out, node, arrays) <= most for out in node.outputs):
        return None
    results = _results(node, arrays)
    return None if results is None else [new.constant(node, array) for array in results]


def _expected(out: Symbol, node: Node, arrays: Sequence) -> float:
    """How many bytes a result will have; of unknown shapes, only a range's is foreseen."""
    if has_sizes(out):
        return prod(out._array.shape) * out._array.dtype.itemsize
    if node.op is not ops.range_ or any(not np.isfinite(a) for a in arrays) or not arrays[2]:
        return np.inf
    start, limit, delta = (float(a) for a in arrays)
    return abs((limit - start) / delta) * 8


def _results(node: Node, arrays: Sequence) -> list[np.ndarray] | None:
    """What the op gives for arrays; None when it raises, which is left to the run."""
    try:
        with Quiet():
            found = node.op.implementation(np)(np, *arrays, **node.attrs)
    except Exception:
        return None
    found = found if isinstance(found, tuple) else (found,)
    arrays = [np.array(a, order="C") for a in found]
    agree = [a.dtype == out._array.dtype for a, out in zip(arrays, node.outputs, strict=True)]
    return arrays if all(agree) else None


def simplify_algebra(graph: Graph) -> Graph:
    """Say the same more simply, where that is exact.

        a = x * 1.0
        b = reshape(a, (2, 3))      →      c = reshape(x, (6,))
        c = reshape(b, (6,))

    The rules are in `graph/algebra.py`.
    """
    new = Rewrite(graph)
    for node in new.walk():
        rules = RULES.get(node.op, ())
        if is_elementwise(node.op):
            rules = [*rules, without_broadcasts]
        for rule in rules:
            value = rule(new, node)
            if value is not None and fits(value, node.outputs[0]):
                new.replace(node, [value])
                break
        else:
            new.keep(node)
    return new.done()


def fold_transposes(graph: Graph) -> Graph:
    """Let a matrix product read its factors transposed, instead of transposing them first.

    b = transpose(a)       →      c = matmul(x, a, transpose_b=True)
    c = matmul(x, b)
    """
    new = Rewrite(graph)
    for node in new.walk():
        if node.op is not ops.matmul or node.inputs[0]._array.dtype.kind == "c":
            new.keep(node)
            continue
        inputs, attrs = list(node.inputs), {}
        for i, side in enumerate("ab"):
            turned = bool(node.attrs.get(f"transpose_{side}") or node.attrs.get(f"adjoint_{side}"))
            while (inner := _turned(new.maker.get(id(inputs[i])))) is not None:
                turned, inputs[i] = not turned, inner
            attrs |= {f"transpose_{side}": True} if turned else {}
        if attrs == node.attrs and all(map(is_, inputs, node.inputs)):
            new.keep(node)
        else:
            new.replace(node, [new.add(node, ops.matmul, inputs, attrs)])
    return new.done()


def _turned(node: Node | None) -> Any:
    """What a node transposes, if it exchanges the last two axes and nothing else."""
    if node is None or node.op not in (ops.transpose, ops.matrix_transpose):
        return None
    rank = node.outputs[0]._array.ndim
    order = [*range(rank - 2), rank - 1, rank - 2]
    perm = node.attrs.get("perm")
    given = [p % rank for p in perm] if perm is not None else list(range(rank))[::-1]
    return node.inputs[0] if node.op is ops.matrix_transpose or given == order else None


SIMPLIFYING = [
    "remove dead",
    "open composites",
    "merge equal",
    "fold constants",
    "simplify algebra",
    "fold transposes",
    "hoist from loops",
]
FUSING = ["fuse elementwise", "fuse matmul"]
PASSES: dict[str, Callable[[Graph], Graph]] = {
    "remove dead": remove_dead,
    "open composites": open_composites,
    "merge equal": merge_equal,
    "fold constants": fold_constants,
    "simplify algebra": simplify_algebra,
    "fold transposes": fold_transposes,
    "hoist from loops": hoist_from_loops,
    "fuse elementwise": fuse_elementwise,
    "fuse matmul": fuse_matmul,
}

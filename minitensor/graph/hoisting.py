"""Moving out of loops what is the same in each iteration.

This floor is below loops (they are compiled with it): it knows a loop by its `body`, and makes
another of the same type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor import ops
from minitensor.graph.fusion import never_raises
from minitensor.graph.ir import Graph, Node
from minitensor.graph.rewrite import Rewrite, has_sizes, spec_of
from minitensor.graph.symbol import Symbol

__all__ = ["cannot_raise", "hoist_from_loops"]

_SAFE = {
    ops.matmul, ops.transpose, ops.matrix_transpose, ops.reshape, ops.expand_dims, ops.broadcast_to,
    ops.reduce_sum, ops.reduce_max, ops.reduce_mean, ops.argmax, ops.argmin, ops.identity,
    ops.stop_gradient,
}  # fmt: skip
"""Ops that, beside elementwise ones, raise nothing once their shapes are known to fit."""


def cannot_raise(node: Node) -> bool:
    """Whether a node raises nothing, whatever the values are."""
    return node.op in _SAFE or never_raises(node)


def hoist_from_loops(graph: Graph) -> Graph:
    """Compute before a loop what is the same in each of its iterations.

        while i < n:                t = transpose(w)
            t = transpose(w)        while i < n:
            x = matmul(x, t)   →        x = matmul(x, t)

    Only what can never raise: the loop may not run at all.
    """
    new = Rewrite(graph)
    for node in new.walk():
        moved = _same_each_time(node.op) if hasattr(node.op, "body") else []
        if moved:
            _hoist(new, node, moved)
        else:
            new.keep(node)
    return new.done()


def _same_each_time(op: Any) -> list[Node]:
    """The nodes of the body that depend on nothing but what stays the same."""
    fixed = {id(x) for x in op.body.inputs[op.loops + op.rows :]}
    moved = []
    for node in op.body.nodes:
        if not cannot_raise(node) or not all(map(has_sizes, node.outputs)):
            continue
        if all(id(x) in fixed or _is_constant(x, op.body) for x in node.inputs):
            fixed.update(map(id, node.outputs))
            moved.append(node)
    return moved


def _is_constant(x: Any, body: Graph) -> bool:
    return getattr(x, "known", None) is not None and not any(x is y for y in body.inputs)


def _hoist(new: Rewrite, node: Node, moved: Sequence[Node]) -> None:
    """Put `moved` before the loop, which takes what the body still reads as further inputs."""
    op: Any = node.op
    body, cond = op.body, op.cond
    now = dict(zip(map(id, body.inputs), node.inputs, strict=False))
    for inner in moved:
        inputs = [now.get(id(x), x) for x in inner.inputs]
        now[id(inner.outputs[0])] = new.add(inner, inner.op, inputs, inner.attrs)
    gone = {id(inner) for inner in moved}
    left = [inner for inner in body.nodes if id(inner) not in gone]
    read = {id(x) for inner in left for x in inner.inputs} | set(map(id, body.outputs))
    further = [inner.outputs[0] for inner in moved if id(inner.outputs[0]) in read]
    body = body.replaced(nodes=left, inputs=[*body.inputs, *further])
    if cond is not None:
        unused = [Symbol(cond.tracer, spec_of(x), "unused") for x in further]
        cond = cond.replaced(inputs=[*cond.inputs, *unused])
    loop = type(op)(cond, body, op.loops, op.rows, op.reverse, op.count)
    count = len(op.body.inputs)
    values = [now[id(x)] for x in further]
    inputs = (*node.inputs[:count], *values, *node.inputs[count:])
    new.changed = True
    new.keep(node._replace(op=loop, inputs=inputs))

"""The backward pass, one step at a time: the generator behind every gradient and the stepper.

It knows records and rules. `tape.gradient` runs it to the end, the stepper widget one step at a
time; there is no second implementation. Read `steps`, then `_sends`.

Source: reverse accumulation, Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minitensor import ops
from minitensor.backend import NAMESPACE, restore, silence
from minitensor.dtypes import kind_of
from minitensor.graph.ir import Node
from minitensor.tensor import IndexedSlices

__all__ = ["Send", "Step", "steps"]


class Send(NamedTuple):
    """What one step sends to one input of its node."""

    index: int
    """Which input of the node."""
    input: Any
    """The tensor or variable it goes to."""
    raw: Any
    """What the local rule gave, before un-broadcasting."""
    contribution: Any
    """The same, summed down to the input's shape."""
    before: Any
    """What had arrived at the input earlier; None when nothing had."""
    after: Any
    """What has arrived now: the sum of all contributions so far."""


class Step(NamedTuple):
    """One node of the backward pass: the cotangents that arrived, and what it sends on."""

    node: Node
    cotangents: tuple
    """One per output of the node; None where nothing arrived."""
    sends: list[Send]


def reaching(nodes: Sequence[Node], sources: Sequence) -> set[int]:
    """The ids of the values that depend differentiably on a source."""
    reached = {id(x) for x in sources}
    for node in nodes:
        if node.op.gradient_rule is None:
            continue
        for x in node.inputs:
            if id(x) in reached:
                reached.update(id(out) for out in node.outputs if _differentiable(out))
                break
    return reached


def _differentiable(value: Any) -> bool:
    return value._array.dtype.kind in "fcV"


def steps(
    nodes: Sequence[Node],
    cotangents: dict[int, Any],
    reached: set[int],
    keep: set[int],
    symbolic: bool,
) -> Iterator[Step]:
    """Visit the nodes in reverse; yield each one that a cotangent arrived at.

    `cotangents` maps the id of a value to the gradient of the target with respect to it. It starts
    with the targets; what is not in `keep` is dropped once it has been used. With `symbolic`,
    cotangents are tensors and rules run as ops, so that they can be recorded; otherwise they are
    arrays.
    """
    for node in reversed(nodes):
        outputs = node.outputs
        if len(outputs) == 1:
            g = cotangents.get(id(outputs[0]))
            if g is None or node.op.gradient_rule is None:
                continue
            arrived = (g,)
        else:
            arrived = tuple(cotangents.get(id(out)) for out in outputs)
            if node.op.gradient_rule is None or all(g is None for g in arrived):
                continue
        sends = []
        token = silence()
        try:
            for index, raw in _pull_back(node, arrived, reached, symbolic):
                x = node.inputs[index]
                if isinstance(raw, np.generic):
                    raw = np.asarray(raw)
                contribution = _unbroadcast(raw, x, symbolic)
                before = cotangents.get(id(x))
                after = contribution if before is None else _sum(before, contribution, symbolic)
                cotangents[id(x)] = after
                sends.append(Send(index, x, raw, contribution, before, after))
        finally:
            restore(token)
        for out in outputs:
            if id(out) not in keep:
                cotangents.pop(id(out), None)
        yield Step(node, arrived, sends)


def _pull_back(
    node: Node, arrived: tuple, reached: set[int], symbolic: bool
) -> list[tuple[int, Any]]:
    """Run the op's rule; (input number, cotangent) for each input on the way to a source."""
    inputs = node.inputs
    if symbolic:
        xp: Any = ops
        values: Sequence = inputs
        outs: Sequence = node.outputs
    else:
        xp = NAMESPACE[type(node.outputs[0]._array)]
        values = [x._array if hasattr(x, "_array") else x for x in inputs]
        outs = [out._array for out in node.outputs]
    if node.op.gradient_rule is not _identity_rule:
        arrived = tuple([_dense(g, symbolic) for g in arrived])
    if len(outs) == 1:
        g, out = arrived[0], outs[0]
    else:
        pairs = zip(arrived, outs, strict=True)
        g = tuple(xp.zeros_like(out) if g is None else g for g, out in pairs)
        out = tuple(outs)
    if node.op.conjugate and node.outputs[0]._array.dtype.kind == "c":
        values = [xp.conj(v) if kind_of(getattr(v, "dtype", np.dtype(int))) == "c" else v
                  for v in values]  # fmt: skip
        out = xp.conj(out) if len(outs) == 1 else tuple(xp.conj(o) for o in out)
    rule = node.op.gradient_rule(xp, g, out, *values, **node.attrs)  # type: ignore[misc]
    if type(rule) is not tuple:
        return [(0, rule)]
    return [
        (i, thunk())
        for i, thunk in enumerate(rule)
        if thunk is not None and id(inputs[i]) in reached
    ]


_identity_rule = ops.read_variable.gradient_rule


def _dense(g: Any, symbolic: bool) -> Any:
    if type(g) is not IndexedSlices:
        return g
    if symbolic:
        return g.to_dense()
    xp = NAMESPACE[type(g.values)]
    return ops.scatter_rows.on(xp, g.values, g.indices, rows=int(g.dense_shape[0]))


def _unbroadcast(g: Any, x: Any, symbolic: bool) -> Any:
    """Sum a cotangent down to the shape its input had before it was broadcast."""
    if type(g) is IndexedSlices:
        return g
    shape = x._array.shape
    if g.shape == shape:
        return g
    xp: Any = ops if symbolic else NAMESPACE[type(x._array)]
    extra = len(g.shape) - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + i for i, d in enumerate(shape) if d == 1 and g.shape[extra + i] != 1
    )
    return xp.reshape(xp.sum(g, axis=axes, keepdims=True), shape)


def _sum(a: Any, b: Any, symbolic: bool) -> Any:
    """Contributions to one value add up; rows of the same tensor are kept as rows."""
    if type(a) is IndexedSlices and type(b) is IndexedSlices:
        xp: Any = ops if symbolic else NAMESPACE[type(a.values)]
        return IndexedSlices(
            xp.concat([a.values, b.values], axis=0),
            xp.concat([a.indices, b.indices], axis=0),
            a.dense_shape,
        )
    total = _dense(a, symbolic) + _dense(b, symbolic)
    return np.asarray(total) if isinstance(total, np.generic) else total

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
from minitensor.conversion import FLOAT32
from minitensor.graph.ir import Node
from minitensor.tensor import IndexedSlices

ndarray = np.ndarray
_new: Any = tuple.__new__

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
        op, inputs, _, outputs, _, _, _ = node
        arrived = tuple([cotangents.get(id(out)) for out in outputs])
        if op.gradient_rule is None or _all_none(arrived):
            continue
        sends = []
        token = silence()
        try:
            rule = _apply_rule(node, arrived, symbolic)
            if type(rule) is not tuple:
                rule = (rule,)
            for index, raw in enumerate(rule):
                x = inputs[index]
                key = id(x)
                if raw is None or key not in reached:
                    continue
                if callable(raw):
                    raw = raw()
                if type(raw) is not ndarray:
                    raw = _as_array(raw)
                shape = x._array.shape
                contribution = raw if raw.shape == shape else _unbroadcast(raw, x, symbolic)
                before = cotangents.get(key)
                after = contribution if before is None else _sum(before, contribution, symbolic)
                cotangents[key] = after
                sends.append(_new(Send, (index, x, raw, contribution, before, after)))
        finally:
            restore(token)
        for out in outputs:
            if id(out) not in keep:
                cotangents.pop(id(out), None)
        yield _new(Step, (node, arrived, sends))


def _all_none(arrived: tuple) -> bool:
    if len(arrived) == 1:
        return arrived[0] is None
    return all(g is None for g in arrived)


def _apply_rule(node: Node, arrived: tuple, symbolic: bool) -> Any:
    """What the op's rule says: a cotangent, or one function per input that computes it."""
    op, inputs, attrs, outputs, _, _, _ = node
    first = outputs[0]._array
    if symbolic:
        xp: Any = ops
        values: Sequence = inputs
        outs: Sequence = outputs
    else:
        xp = NAMESPACE[type(first)]
        values = [x if type(x) in (float, int) else x._array for x in inputs]
        outs = [out._array for out in outputs]
    if op.gradient_rule is not _identity_rule:
        arrived = tuple([_dense(g, symbolic) if type(g) is IndexedSlices else g for g in arrived])
    if len(outs) == 1:
        g, out = arrived[0], outs[0]
    else:
        pairs = zip(arrived, outs, strict=True)
        g = tuple(xp.zeros_like(out) if g is None else g for g, out in pairs)
        out = tuple(outs)
    if first.dtype.kind == "c" and op.conjugate:
        values = [_conjugate(xp, v) for v in values]
        out = tuple(_conjugate(xp, o) for o in outs) if len(outs) > 1 else _conjugate(xp, out)
    return op.gradient_rule(xp, g, out, *values, **attrs)  # type: ignore[misc]


def _conjugate(xp: Any, value: Any) -> Any:
    return xp.conj(value) if getattr(value, "dtype", FLOAT32).kind == "c" else value


def _as_array(cotangent: Any) -> Any:
    """numpy gives scalars for rank 0; cotangents are always arrays (or tensors, or rows)."""
    return np.asarray(cotangent) if isinstance(cotangent, np.generic) else cotangent


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

"""The backward pass, one step at a time: the generator behind every gradient and the stepper.

It knows records and rules. `tape.gradient` runs it to the end, the stepper widget one step at a
time; there is no second implementation. Read `steps`, then `_sends`.

Source: reverse accumulation, Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from minitensor import ops
from minitensor.backend import NAMESPACE, restore, silence
from minitensor.conversion import FLOAT32
from minitensor.graph.ir import Node
from minitensor.op import state
from minitensor.scopes import name_scope
from minitensor.tensor import IndexedSlices

ndarray = np.ndarray
_new: Any = tuple.__new__

__all__ = ["Send", "Step", "steps", "walk"]


class Send(NamedTuple):
    """What one step sends to one input of its node."""

    index: int  # pyright: ignore[reportIncompatibleMethodOverride]
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
                for out in node.outputs:
                    if out._array.dtype.kind in "fcV":
                        reached.add(id(out))
                break
    return reached


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
            if g is None:
                continue
            arrived = (g,)
        else:
            arrived = tuple([cotangents.get(id(out)) for out in outputs])
            if all(g is None for g in arrived):
                continue
        if node.op.gradient_rule is None:
            continue
        token = silence()
        try:
            sends = _send(node, arrived, cotangents, reached, symbolic)
        finally:
            restore(token)
        for out in outputs:
            if id(out) not in keep:
                cotangents.pop(id(out), None)
        yield _new(Step, (node, arrived, sends))


def walk(
    nodes: Sequence[Node],
    cotangents: dict[int, Any],
    reached: set[int],
    keep: set[int],
    symbolic: bool,
) -> None:
    """Take all `steps`. Tapes that see them note how many nodes they had when each was done.

    What they record in between lies in the scope "gradients"; the second number of a note is the id
    of the value whose node was differentiated.
    """
    passing = steps(nodes, cotangents, reached, keep, symbolic)
    if not symbolic:
        for _ in passing:
            pass
        return
    with name_scope("gradients"):
        for step in passing:
            for tape in state.tapes:
                if hasattr(tape, "derived"):
                    tape.derived.append((len(tape.nodes), id(step.node.outputs[0])))


def _send(
    node: Node, arrived: tuple, cotangents: dict[int, Any], reached: set[int], symbolic: bool
) -> list[Send]:
    """Run a node's rule and add what it gives to the cotangents of the node's inputs."""
    inputs = node.inputs
    rule = _apply_rule(node, arrived, symbolic)
    sends: list[Send] = []
    for index, part in enumerate(rule if type(rule) is tuple else (rule,)):
        x = inputs[index]
        key = id(x)
        if part is None or key not in reached:
            continue
        raw = part() if type(part) is FunctionType else part
        if type(raw) is not ndarray:
            raw = _as_array(raw)
        total = raw if raw.shape == x._array.shape else _unbroadcast(raw, x, symbolic)
        before = cotangents.get(key)
        after = total if before is None else _sum(before, total, symbolic)
        cotangents[key] = after
        sends.append(_new(Send, (index, x, raw, total, before, after)))
    return sends


def _apply_rule(node: Node, arrived: tuple, symbolic: bool) -> Any:
    """What the op's rule says: a cotangent, or one function per input that computes it."""
    op, inputs, attrs, outputs, _, _, _ = node
    first = outputs[0]._array
    g = arrived[0]
    if symbolic or len(outputs) > 1 or type(g) is not ndarray or first.dtype.kind == "c":
        return _apply_rule_generally(node, arrived, symbolic)
    values = []
    for x in inputs:
        values.append(x._array)
    return op.gradient_rule(np, g, first, *values, **attrs)  # type: ignore[misc]


def _apply_rule_generally(node: Node, arrived: tuple, symbolic: bool) -> Any:
    """The same for several outputs, complex numbers, sparse rows, GPUs, and rules run as ops."""
    op, inputs, attrs, outputs, _, _, _ = node
    if symbolic:
        xp: Any = ops
        values: Sequence = inputs
        outs: Sequence = outputs
    else:
        xp = NAMESPACE[type(outputs[0]._array)]
        values = [x._array for x in inputs]
        outs = [out._array for out in outputs]
    if op.gradient_rule is not _identity_rule:
        arrived = tuple(_dense(g, symbolic) for g in arrived)
    if outputs[0]._array.dtype.kind == "c" and op.conjugate:
        values = [_conjugate(xp, v) for v in values]
        outs = [_conjugate(xp, o) for o in outs]
    if len(outs) == 1:
        return op.gradient_rule(xp, arrived[0], outs[0], *values, **attrs)  # type: ignore[misc]
    pairs = zip(arrived, outs, strict=True)
    g = arrived if op.takes_none else tuple(
        xp.zeros_like(out) if g is None else g for g, out in pairs
    )  # fmt: skip
    return op.gradient_rule(xp, g, tuple(outs), *values, **attrs)  # type: ignore[misc]


def _conjugate(xp: Any, value: Any) -> Any:
    return xp.conj(value) if getattr(value, "dtype", FLOAT32).kind == "c" else value


def _as_array(cotangent: Any) -> Any:
    """Numpy gives scalars for rank 0; cotangents are always arrays (or tensors, or rows)."""
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
    if shape is None or getattr(g.shape, "rank", 0) is None or g.shape == shape:
        return g
    if None in shape and len(shape) == len(g.shape):
        return g  # rules that run without sizes give what fits
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

"""Calls of traced functions opened: a record in which their inner operations stand for them.

A tape keeps the call of a function under `mt.function` as one node. Here its graph is run again,
operation by operation, on what the call was given; what comes out must be what the call gave, else
the call stays closed. Read `opened`, then `_Inside.nodes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minitensor import ops
from minitensor.backend import Quiet, to_numpy
from minitensor.graph.call import CallOp
from minitensor.graph.ir import Node
from minitensor.graph.symbol import Symbol
from minitensor.op import NO_ATTRS, State, state
from minitensor.scopes import name_scope
from minitensor.tape import GradientTape
from minitensor.tensor import Tensor


@contextmanager
def beside(*tapes: GradientTape) -> Iterator[None]:
    """Within it, operations run at once, and only these tapes see them."""
    before = state.interpreter, state.tapes, state.scope, state.replayed
    state.interpreter, state.tapes, state.scope = State.interpreter, tapes, ""
    try:
        with Quiet():
            yield
    finally:
        state.interpreter, state.tapes, state.scope, state.replayed = before


def opened(nodes: Sequence[Node], targets: Sequence) -> list[Node]:
    """The nodes of a record, with those inside of calls in the places of the calls."""
    used = {id(x) for node in nodes for x in node.inputs} | {id(x) for x in targets}
    calls: Counter[str] = Counter()
    found: list[Node] = []
    for node in nodes:
        inside = None
        if isinstance(node.op, CallOp) and not node.op.graph.has_effects:
            calls[node.op.name] += 1
            inside = _Inside(node, calls[node.op.name]).nodes(used)
        found += [node] if inside is None else inside
    return found


class _Retold(GradientTape):
    """A tape on which each operation keeps the line of the learner's that it was traced from."""

    def record(self, node: Node) -> None:
        """Append a node as it was written, not as it is run again."""
        super().record(node._replace(origin=state.replayed or node.origin))


class _Inside:
    """One call, run again on a tape of its own that sees every operation."""

    def __init__(self, call: Node, number: int):
        self.call, self.graph = call, call.op.graphs[0]
        name = call.op.name if number == 1 else f"{call.op.name} {number}"
        self.scope = f"{call.scope}/{name}".strip("/")
        self.tape = _Retold(persistent=True)
        self.read = self._readings()
        self.env = self._entered()

    def _readings(self) -> dict[int, Any]:
        """What was read of the graph's variables, which the call was given after all else."""
        variables = self.graph.variables
        given = self.call.inputs[len(self.call.inputs) - len(variables) :]
        return dict(zip(map(id, variables), given, strict=True))

    def _entered(self) -> dict[int, Any]:
        entered = [*self.graph.inputs, *(inner for _, inner in self.graph.captures)]
        return dict(zip(map(id, entered), self.call.inputs, strict=False))

    def nodes(self, used: set[int]) -> list[Node] | None:
        """What happened inside; None when it cannot be had again."""
        self.tape.known = {id(x): x for x in self.call.inputs}
        made: list[Node] = []
        with beside(self.tape):
            for node in self.graph.nodes:
                made += self._run(node)
        results = [self._value(x) for x in self.graph.outputs]
        pairs = list(zip(results, self.call.outputs, strict=True))
        return self._handed_on(made, pairs, used) if all(_same(a, b) for a, b in pairs) else None

    def _run(self, node: Node) -> list[Node]:
        before = len(self.tape.nodes)
        state.replayed = node.origin
        if node.op.name == "read_variable" and id(node.inputs[0]) in self.read:
            self.env[id(node.outputs[0])] = self.read[id(node.inputs[0])]
            return []
        inputs = [self._value(x) for x in node.inputs]
        again = getattr(node.op, "replay", None)
        if again is None:
            found = state.interpreter.apply(node.op, inputs, node.attrs)
        else:
            with name_scope(node.op.name):
                found = again(inputs, node.attrs)
        results = found if isinstance(found, (tuple, list)) else (found,)
        self.env |= {id(out): x for out, x in zip(node.outputs, results, strict=True)}
        return [
            made._replace(scope="/".join(filter(None, [self.scope, node.scope, made.scope])))
            for made in self.tape.nodes[before:]
        ]  # fmt: skip

    def _value(self, x: Any) -> Any:
        found = self.env.get(id(x))
        if found is None and isinstance(x, Symbol):
            found = self.env[id(x)] = Tensor(x.known)
        return x if found is None else found

    def _handed_on(self, made: list[Node], pairs: list[tuple], used: set[int]) -> list[Node]:
        """The nodes, with the call's own results in the places of those that were made again."""
        by_node = {id(out) for node in made for out in node.outputs}
        instead: dict[int, Any] = {}
        also: list[Node] = []
        for value, result in pairs:
            if id(value) in by_node and id(value) not in instead:
                instead[id(value)] = result
            elif id(result) in used:
                also.append(Node(ops.identity, (value,), NO_ATTRS, (result,), None, self.scope,
                                 self.call.origin))  # fmt: skip
        return [
            node._replace(inputs=tuple(instead.get(id(x), x) for x in node.inputs),
                          outputs=tuple(instead.get(id(x), x) for x in node.outputs))
            for node in [*made, *also]
        ]  # fmt: skip


def _same(again: Any, before: Any) -> bool:
    a, b = (np.asarray(to_numpy(x._array)) for x in (again, before))
    if a.dtype.kind not in "fcV" or a.shape != b.shape:
        return bool(np.array_equal(a, b))
    wide = np.result_type(a.dtype, np.float64) if a.dtype.kind != "V" else np.float64
    with Quiet():
        return bool(np.allclose(a.astype(wide), b.astype(wide), 1e-3, 1e-5, equal_nan=True))

"""Gradients inside a trace: the backward pass as nodes of the graph, now or once shapes are known.

The rules of ops need sizes. Where all are known, `backward.steps` runs on symbols and its ops are
written into the graph. Where some are not (a batch of any size), one `GradientOp` stands for the
whole pass; it is opened when the graph is replayed with sizes, or runs on values.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from minitensor import backward, ops
from minitensor.graph.ir import Node
from minitensor.op import NO_ATTRS, Op, State, state
from minitensor.scopes import name_scope
from minitensor.shapes import NoElements
from minitensor.tape import GradientTape
from minitensor.tensor import IndexedSlices, Tensor

__all__ = ["GradientOp", "pull_back"]


def pull_back(
    nodes: Sequence[Node], found: dict[int, Any], reached: set[int], wanted: set[int]
) -> dict[int, Any]:
    """The cotangents of the values in `wanted`, as symbols; `found` has those of the targets."""
    nodes = _needed(nodes, found, reached)
    inside = state.scope.rpartition("/")[2].startswith("gradients")
    with name_scope(f"{state.scope}/" if inside else "gradients"):
        for opens, run in groupby(reversed(nodes), key=_opens):
            part = list(run)[::-1]
            if opens:
                for _ in backward.steps(part, found, reached, wanted, symbolic=True):
                    pass
            else:
                _later(part, found, reached, wanted)
    return found


def _needed(nodes: Sequence[Node], found: dict, reached: set[int]) -> list[Node]:
    """The nodes on a way from a source to a target."""
    active, kept = set(found), []
    for node in reversed(nodes):
        if any(id(out) in active for out in node.outputs) and node.op.gradient_rule is not None:
            kept.append(node)
            active |= {id(x) for x in node.inputs if id(x) in reached}
    return kept[::-1]


def _opens(node: Node) -> bool:
    """Whether the rule of a node can run on symbols: it needs sizes, unless it says otherwise."""
    return node.op.expands or all(_has_sizes(x) for x in (*node.inputs, *node.outputs))


def _has_sizes(x: Any) -> bool:
    return x._array.shape is not None and None not in x._array.shape


def _later(nodes: list[Node], found: dict, reached: set[int], wanted: set[int]) -> None:
    """One node for the backward pass of several."""
    values = {id(x): x for node in nodes for x in (*node.inputs, *node.outputs)}
    made = {id(x) for node in nodes for x in node.outputs}
    sources = [key for key in values if key in reached and (key not in made or key in wanted)]
    targets = [key for key in found if key in made]
    seeds = [found.pop(key) for key in targets]
    op = GradientOp(nodes, list(values), targets, sources, [values[key] for key in sources])
    result = state.interpreter.apply(op, [*seeds, *values.values()], NO_ATTRS)
    for key, g in zip(sources, result if isinstance(result, tuple) else (result,), strict=True):
        found[key] = g if key not in found else found[key] + g


class GradientOp(Op):
    """A backward pass as one op: from the targets' cotangents and all values to the sources'.

    `keys` are the ids that the values had in the nodes, in the order of the inputs after the
    cotangents of `targets`.
    """

    def __init__(
        self, nodes: list[Node], keys: list[int], targets: list[int], sources: list[int],
        like: Sequence,
    ):  # fmt: skip
        super().__init__(
            self._compute, infer=self._like, samples=None, types="A", kinds="fciubO", scalar=None,
            fast=False, conjugate=False, portable=False, stateful=False, why_none="",
        )  # fmt: skip
        self.name = self.__name__ = "gradient"
        self.__doc__ = "The gradients of a target with respect to its sources."
        self.variadic = True
        self.nodes, self.keys, self.targets, self.sources = nodes, keys, targets, sources
        self._specs = tuple(NoElements(x._array.shape, x._array.dtype) for x in like)
        self.gradient_rule = self._rule

    def without_values(self) -> GradientOp:
        """The op itself: it holds symbols, no values."""
        return self

    def _like(self, *specs: Any) -> Any:
        return self._specs[0] if len(self._specs) == 1 else self._specs

    def replay(self, inputs: Sequence, attrs: dict) -> Any:
        """The same backward pass over new values: opened into nodes, or computed."""
        env = dict(zip(self.keys, inputs[len(self.targets) :], strict=True))
        nodes = [
            node._replace(
                inputs=tuple(env[id(x)] for x in node.inputs),
                outputs=tuple(env[id(x)] for x in node.outputs),
            )
            for node in self.nodes
        ]
        found: dict[int, Any] = {}
        for key, seed in zip(self.targets, inputs, strict=False):
            found[id(env[key])] = seed
        sources = [env[key] for key in self.sources]
        reached = backward.reaching(nodes, sources)
        wanted = {id(x) for x in sources}
        back = getattr(state.interpreter, "pull_back", _computed)
        found = back(nodes, found, reached, wanted)
        return tuple(_dense(found.get(id(x)), x) for x in sources)

    def _compute(self, xp: Any, *arrays: Any) -> Any:
        before = state.interpreter, state.tapes
        state.interpreter, state.tapes = State.interpreter, ()
        try:
            found = self.replay([Tensor(array) for array in arrays], NO_ATTRS)
        finally:
            state.interpreter, state.tapes = before
        return found[0]._array if len(found) == 1 else tuple(x._array for x in found)

    def _rule(self, xp: Any, g: Any, out: Any, *inputs: Any) -> tuple:
        given = [x if isinstance(x, Tensor) else Tensor(x) for x in inputs]
        upstream = [x if isinstance(x, Tensor) else Tensor(x)
                    for x in (g if isinstance(g, tuple) else (g,))]  # fmt: skip
        copies = [ops.identity(x) for x in given]
        with GradientTape() as tape:
            tape.watch([x for x in copies if x.dtype.is_differentiable])
            results = self.replay(copies, NO_ATTRS)
        found = tape.gradient(list(results), copies, upstream)
        if xp is ops:
            return tuple(found)
        return tuple(None if x is None else _dense(x, None)._array for x in found)


def _computed(nodes: list[Node], found: dict, reached: set[int], wanted: set[int]) -> dict:
    """The pass on values: on arrays, or on tensors where a tape wants to see its ops."""
    observed = any(tape.watching for tape in state.tapes)
    if not observed:
        found = {key: x._array for key, x in found.items()}
    for _ in backward.steps(nodes, found, reached, wanted, observed):
        pass
    return found


def _dense(g: Any, source: Any) -> Tensor:
    if g is None:
        return ops.zeros_like(source)
    if isinstance(g, IndexedSlices):
        values, indices = (x if isinstance(x, Tensor) else Tensor(x) for x in (g.values, g.indices))
        g = IndexedSlices(values, indices, g.dense_shape).to_dense()
    return g if isinstance(g, Tensor) else Tensor(g)

"""Branches as ops with graphs inside: `CondOp`, and what it has in common with loops.

`op.branches` each take everything after the first input. The gradient is again a `CondOp`, so it
can be differentiated any number of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from typing import Any

import numpy as np

from minitensor.graph.call import GraphFunction
from minitensor.graph.ir import Graph
from minitensor.graph.subgraphs import (
    derivative,
    find,
    publish,
    replace,
    retraced,
    spec_of,
    written_in,
    zeros,
)
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import Tracer, replay, trace
from minitensor.op import Op, state
from minitensor.shapes import Spec, common

__all__ = ["CondOp", "ControlOp", "apply"]


class ControlOp(Op):
    """An op with graphs inside, each of which takes explicit inputs."""

    takes_none = True
    expands = True

    def __init__(self, name: str, graphs: Sequence[Graph], specs: Sequence):
        stateful = any(graph.has_effects for graph in graphs)
        super().__init__(
            self._compute, infer=self._results, samples=None, types="A", kinds="fciubO",
            scalar=None, fast=False, conjugate=False, portable=False, stateful=stateful,
            why_none="",
        )  # fmt: skip
        self.name = self.__name__ = name
        self.variadic = True
        self.graphs, self.specs = tuple(graphs), tuple(specs)
        self.variables = {id(v): v for graph in graphs for v in written_in(graph)}
        self.gradient_rule = self._rule

    def without_values(self) -> Any:
        """The op itself: it holds no values."""
        return self

    def _results(self, *specs: Any) -> Any:
        return self.specs[0] if len(self.specs) == 1 else self.specs

    def _compute(self, xp: Any, *arrays: Any) -> Any:
        found = self.run(arrays)
        return found[0] if len(found) == 1 else tuple(found)

    def run(self, arrays: Sequence) -> Sequence:
        """The results as arrays."""
        raise AssertionError("each kind runs in its own way")

    def _rule(self, xp: Any, g: Any, out: Any, *inputs: Any) -> tuple:
        g, out = (x if isinstance(x, tuple) else (x,) for x in (g, out))
        nodes, place = find(out)
        publish(nodes[place])
        op: Any = nodes[place].op
        g = (*g, *[None] * (len(op.specs) - len(g)))
        return op.pull_back(nodes, place, g, inputs)

    def pull_back(self, nodes: list, place: int, g: Sequence, inputs: Sequence) -> tuple:
        """Cotangents of the inputs, from those of the results; None where none arrived."""
        raise AssertionError("each kind has its own gradient")


def apply(op: ControlOp, inputs: Sequence, name: str = "") -> Sequence:
    """Append a control-flow op to the graph that is being traced; its results."""
    tracer = state.interpreter
    assert isinstance(tracer, Tracer)
    for v in op.variables.values() if state._tapes else ():
        v.value()
    return tracer.control(op, [*inputs, *op.variables.values()], name or op.name)


class CondOp(ControlOp):
    """One of several graphs, chosen by the first input: a truth value, or a number.

    `branches[0]` is for True and `branches[1]` for False; a number chooses the branch of that
    number, and the last one when there is none.
    """

    def __init__(self, branches: Sequence[Graph]):
        specs = [
            reduce(common, [spec_of(graph.outputs[i]) for graph in branches])
            for i in range(len(branches[0].outputs))
        ]
        super().__init__("cond", branches, specs)
        self.__doc__ = "The results of one of several graphs."
        self.branches = self.graphs

    def chosen(self, value: Any) -> int:
        """The number of the branch for a value of the first input."""
        if value.dtype.kind == "b":
            return 0 if value else 1
        last = len(self.branches) - 1
        return int(value) if 0 <= value <= last else last

    def replay(self, inputs: Sequence, attrs: dict) -> Sequence:
        """The branch that is taken, run again; while tracing, a node with all of them."""
        which, *values = inputs[: 1 + len(self.branches[0].inputs)]
        known = which.known if isinstance(which, Symbol) else which._array
        if known is not None:
            return replay(self.branches[self.chosen(known)], values)
        specs = [spec_of(x) for x in values]
        return apply(CondOp([retraced(graph, specs) for graph in self.branches]), [which, *values])

    @cached_property
    def _functions(self) -> list[GraphFunction]:
        return [GraphFunction(graph) for graph in self.branches]

    def run(self, arrays: Sequence) -> Sequence:
        """The results of the branch that is taken, as arrays."""
        which, *values = arrays[: 1 + len(self.branches[0].inputs)]
        return self._functions[self.chosen(which)].run(values)

    def pull_back(self, nodes: list, place: int, g: Sequence, inputs: Sequence) -> tuple:
        """A `CondOp` of the branches' gradients; the branches give what these need."""
        among = [i for i, x in enumerate(g) if x is not None]
        found = [self._back(graph, among) for graph in self.branches]
        given = [{id(x) for x in graph.inputs} for graph in self.branches]
        needs = [
            [x for x in back.needs if id(x) not in inputs_of]
            for back, inputs_of in zip(found, given, strict=True)
        ]
        slots = _slots(needs)
        count = len(slots[0])
        node = self._grow(nodes, place, slots)
        first = len(node.outputs) - count
        gives = list(dict.fromkeys(i for back in found for i in back.gives))
        values = inputs[1:]
        arguments = [*(g[i] for i in among), *node.outputs[first:], *values[: self._taken]]
        specs = [spec_of(x) for x in arguments]
        branches = [
            self._arranged(back, graph, slot, specs, len(among), count, gives)
            for back, graph, slot in zip(found, self.branches, slots, strict=True)
        ]
        results: list = [None] * len(inputs)
        if gives:
            for i, x in zip(gives, apply(CondOp(branches), [inputs[0], *arguments]), strict=True):
                results[1 + i] = x
        return tuple(results)

    @property
    def _taken(self) -> int:
        return len(self.branches[0].inputs)

    def _sources(self, graph: Graph) -> list:
        return [*graph.inputs, *self.variables.values()]

    def _back(self, graph: Graph, among: Sequence[int]) -> Any:
        entered = [x for x in self._sources(graph) if x.dtype.is_differentiable]
        places = {id(x): i for i, x in enumerate(self._sources(graph))}

        def arrange(found: dict) -> tuple[list, list]:
            return list(found.values()), [places[key] for key in found]

        return derivative(graph, entered, among, arrange, "cond_gradient")

    def _grow(self, nodes: list, place: int, slots: list[list]) -> Any:
        """Let the op give the slots of the branch that is taken as further results."""
        if not slots[0]:
            return nodes[place]
        op = CondOp([
            graph.replaced(outputs=[*graph.outputs, *_filled(graph, slot, slots)])
            for graph, slot in zip(self.branches, slots, strict=True)
        ])  # fmt: skip
        return replace(nodes, place, op, op.specs[len(self.specs) :])

    def _arranged(
        self, back: Any, graph: Graph, slot: list, specs: Sequence, cotangents: int, count: int,
        gives: list,
    ) -> Graph:  # fmt: skip
        """A branch's gradient with the inputs and outputs that all branches have in common."""
        where = {id(x): cotangents + i for i, x in enumerate(slot) if x is not None}
        where |= {id(x): cotangents + count + i for i, x in enumerate(graph.inputs)}

        def run(*xs: Any) -> list:
            given = [*xs[:cotangents], *(xs[where[id(x)]] for x in back.needs)]
            found = dict(zip(back.gives, replay(back.graph, given), strict=True))
            sources = self._sources(graph)
            return [found[i] if i in found else zeros(spec_of(sources[i]), xs[
                cotangents + count + i] if i < len(graph.inputs) else sources[i])
                for i in gives]  # fmt: skip

        return trace(run, specs, "cond_gradient", kind="branch")


def _slots(needs: list[list]) -> list[list]:
    """Places for what the branches keep, shared where specs are equal; None for one not used."""
    specs: list = []
    slots: list[list] = [[] for _ in needs]
    for values, slot in zip(needs, slots, strict=True):
        for x in values:
            spec = spec_of(x)
            free = (i for i, s in enumerate(specs) if s == spec
                    and (i >= len(slot) or slot[i] is None))  # fmt: skip
            place = next(free, len(specs))
            specs += [spec] * (place == len(specs))
            slot += [None] * (place + 1 - len(slot))
            slot[place] = x
    return [[*slot, *[None] * (len(specs) - len(slot))] for slot in slots]


def _filled(graph: Graph, slot: list, slots: list[list]) -> list:
    """What a branch gives for the slots: zeros for those that only other branches use."""
    found = []
    for i, x in enumerate(slot):
        if x is None:
            spec = next(spec_of(other[i]) for other in slots if other[i] is not None)
            shape = (0,) if spec.shape is None else tuple(d or 0 for d in spec.shape)
            zero = np.broadcast_to(np.zeros((), spec.dtype), shape)
            x = Symbol(graph.tracer, Spec(shape, spec.dtype), "zeros", zero)
        found.append(x)
    return found

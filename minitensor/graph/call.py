"""Graphs that can be called: on values, under tapes, and inside other traces.

A call on values runs the compiled graph. Where a tape watches, the call is one node on it: the
forward graph also gives what its gradient needs, and the gradient is a graph of its own, which can
be called, and so differentiated, in the same way. Inside a trace the call is a node (`CallOp`), or,
where a tape watches, its nodes are copied in.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from sys import _getframe
from typing import TYPE_CHECKING, Any, NamedTuple

from minitensor import backward, ops
from minitensor.eager import Eager, record
from minitensor.graph.gradient import pull_back
from minitensor.graph.ir import Graph, Node, learners_frame
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import INNER, Tracer, replay, trace
from minitensor.op import NO_ATTRS, Op, state
from minitensor.shapes import Spec
from minitensor.tensor import IndexedSlices, Tensor

if TYPE_CHECKING:
    from minitensor.graph.execute import Executable

__all__ = ["CallOp", "GraphFunction"]

INLINED = (*INNER, "graph")
"""Kinds of graphs into which calls are copied node by node: they may be differentiated later."""
MOST_SHAPES = 64
"""How many compiled forms one graph keeps, when sizes are not fixed."""


class GraphFunction:
    """A graph as a function from a flat list of tensors to another.

    The graph may leave sizes open; each combination of sizes that it is called with is compiled
    once.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self._compiled: dict[tuple, Executable] = {}
        self._gradients: dict[tuple, Gradients] = {}
        self.op = CallOp(self)

    def __call__(self, values: Sequence) -> Sequence:
        """The outputs for `values`, one tensor per input of the graph."""
        interpreter = state.interpreter
        if type(interpreter) is Eager:
            if not state._tapes:
                return [Tensor(a) for a in self.run([x._array for x in values])]
            return self._recorded(values)
        if isinstance(interpreter, Tracer):
            captured = [interpreter.symbol_of(outer) for outer, _ in self.graph.captures]
            if state._tapes or interpreter.graph.kind in INLINED:
                return replay(self.graph, values, captured)
            found = interpreter.apply(self.op, [*values, *captured], NO_ATTRS)
            return found if isinstance(found, tuple) else (found,)
        return replay(self.graph, values)

    def run(self, arrays: Sequence) -> list:
        """The outputs as arrays, beside every tape."""
        return self.executable(arrays)(arrays)

    def executable(self, arrays: Sequence) -> Executable:
        """The compiled form for arrays of these shapes."""
        found = self._compiled.get(tuple([a.shape for a in arrays]))
        if found is None:
            from minitensor.graph.execute import Executable  # the compiler, when first needed

            found = Executable(self.specialised(arrays))
            _keep(self._compiled, arrays, found)
        return found

    def specialised(self, arrays: Sequence) -> Graph:
        """The graph for inputs of exactly these shapes, with the graphs it calls copied in."""
        return specialise(self.graph, [Spec(a.shape, a.dtype) for a in arrays])

    def _recorded(self, values: Sequence) -> Sequence:
        """Run under tapes: one node, which keeps what its gradient needs if a tape wants it."""
        outside = [outer for outer, _ in self.graph.captures]
        inputs = [*values, *outside, *(v.value() for v in self.graph.variables)]
        watched = any(id(x) in tape.known for tape in state._tapes for x in inputs)
        arrays = [x._array for x in values]
        frame = learners_frame(_getframe(1))
        origin = (self.op, frame.f_code, frame.f_lasti)
        if watched:
            deeper = sum(1 + tape.persistent for tape in state._tapes if tape.watching)
            forward, op = self.gradients(arrays).forward(deeper)
            found = forward.run(arrays)
        else:
            op, found = self.op, self.run(arrays)
        outputs = tuple(Tensor(a) for a in found)
        for out in outputs:
            out._origin = origin
        record(Node(op, inputs, NO_ATTRS, outputs, self.graph.name, state.scope, origin))
        return outputs[: len(self.graph.outputs)]

    def gradients(self, arrays: Sequence) -> Gradients:
        """The gradient graphs for arrays of these shapes."""
        found = self._gradients.get(tuple([a.shape for a in arrays]))
        if found is None:
            found = Gradients(self, self.specialised(arrays))
            _keep(self._gradients, arrays, found)
        return found


def _keep(made: dict[tuple, Any], arrays: Sequence, what: Any) -> None:
    """Keep what was made for arrays of these shapes; of too many shapes, begin anew."""
    if len(made) >= MOST_SHAPES:
        made.clear()
    made[tuple([a.shape for a in arrays])] = what


class CallOp(Op):
    """The call of a graph, as an op of another graph or of a tape."""

    results: int
    """How many of its results are the caller's; the rest is kept for the gradient."""

    def __init__(self, function: GraphFunction, rule: Callable | None = None):
        graph = function.graph
        super().__init__(
            self._compute, infer=self._results, samples=None, types="A", kinds="fciubO",
            scalar=None, fast=False, conjugate=False, portable=False, stateful=graph.has_effects,
            why_none="",
        )  # fmt: skip
        self.name = self.__name__ = graph.name or "call"
        self.__doc__ = "The call of a traced function."
        self.variadic = self.takes_none = True
        self.function, self.graphs = function, (graph,)
        self.results = len(graph.outputs)
        self.gradient_rule = self._opened if rule is None else rule

    @property
    def graph(self) -> Graph:
        """What is called."""
        return self.function.graph

    def without_values(self) -> CallOp:
        """The op itself: it holds no values of the call."""
        return self

    def replay(self, inputs: Sequence, attrs: dict) -> list:
        """The nodes inside, run again."""
        count = len(self.graph.inputs)
        return replay(self.graph, inputs[:count], inputs[count:])

    def _results(self, *specs: Any) -> Any:
        found = tuple(out._array for out in self.graph.outputs)
        return found[0] if len(found) == 1 else found

    def _compute(self, xp: Any, *arrays: Any) -> Any:
        found = self.function.run(arrays[: len(self.graph.inputs)])
        return found[0] if len(found) == 1 else tuple(found)

    def _opened(self, xp: Any, g: Any, out: Any, *inputs: Any) -> Any:
        raise AssertionError("a call is opened before it is differentiated")


class Gradients:
    """The gradient graphs of one graph whose sizes are known, order by order.

    For the first order, the forward graph gives its outputs and hidden ones: what the backward
    graph needs. When that backward pass is differentiated in turn, cotangents arrive at hidden
    outputs too: the second order has a backward graph for all of them, which needs further hidden
    outputs; and so on.
    """

    def __init__(self, function: GraphFunction, graph: Graph):
        self.function, self.graph = function, graph
        self.entered = [*graph.inputs, *(inner for _, inner in graph.captures)]
        self.entered += function.graph.variables
        self.sources = [x for x in self.entered if x.dtype.is_differentiable]
        self.outputs = [*graph.outputs]
        self._orders: list[_Order] = []
        self._forward: dict[int, tuple[GraphFunction, CallOp]] = {}

    def forward(self, order: int) -> tuple[GraphFunction, CallOp]:
        """The graph that gives what gradients up to `order` need, and a call of it as an op."""
        found = self._forward.get(order)
        if found is None:
            count = self._order(order).gives
            function = GraphFunction(self.graph.replaced(outputs=self.outputs[:count]))
            op = CallOp(function, partial(self._rule, order))
            op.results = len(self.graph.outputs)
            found = self._forward[order] = function, op
        return found

    def _order(self, order: int) -> _Order:
        while len(self._orders) < order:
            self._orders.append(self._next())
        return self._orders[order - 1]

    def _next(self) -> _Order:
        takes = len(self.outputs)
        self.reached = backward.reaching(self.graph.nodes, self.sources)
        among = [
            i for i, out in enumerate(self.outputs)
            if out.dtype.is_differentiable and id(out) in self.reached
        ]  # fmt: skip
        given: list = []

        def of_outputs(*cotangents: Any) -> list:
            found: dict[int, Any] = {}
            for i, g in zip(among, cotangents, strict=True):
                key = id(self.outputs[i])
                found[key] = g if key not in found else found[key] + g
            wanted = {id(x) for x in self.sources}
            found = pull_back(self.graph.nodes, found, self.reached, wanted)
            given.extend(x for x in self.sources if id(x) in found)
            return [_dense(found[id(x)]) for x in given]

        specs = [self.outputs[i]._array for i in among]
        back = trace(of_outputs, specs, f"{self.graph.name}_gradient", outer=self.graph.tracer)
        taken = [pair for pair in back.captures if isinstance(pair[0], Symbol)]
        outside = [pair for pair in back.captures if not isinstance(pair[0], Symbol)]
        inputs = [*back.inputs, *(inner for _, inner in taken)]
        back = back.replaced(inputs=inputs, captures=outside)
        places = {id(x): i for i, x in enumerate(self.outputs)}
        for value, _ in taken:
            if id(value) not in places:
                places[id(value)] = len(self.outputs)
                self.outputs.append(value)
        needs = [places[id(value)] for value, _ in taken]
        order = [i for x in given for i, y in enumerate(self.entered) if y is x]
        return _Order(takes, len(self.outputs), GraphFunction(back), among, needs, order)

    def _rule(self, order: int, xp: Any, g: Any, out: Any, *inputs: Any) -> tuple:
        """The gradient rule of the forward op of `order`."""
        g, out = (x if isinstance(x, tuple) else (x,) for x in (g, out))
        highest = max(i for i, x in enumerate(g) if x is not None)
        wanted = next(i for i in itertools.count(1) if self._order(i).takes > highest)
        level = self._order(wanted)
        if wanted > order:
            function, _ = self.forward(wanted)
            values = inputs[: len(self.graph.inputs)]
            out = function(values) if xp is ops else function.run(values)
        seeds = [
            xp.zeros_like(out[i]) if i >= len(g) or g[i] is None else g[i] for i in level.among
        ]
        arguments = [*seeds, *(out[i] for i in level.needs)]
        found = level.back(arguments) if xp is ops else level.back.run(arguments)
        results: list = [None] * len(inputs)
        for place, value in zip(level.order, found, strict=True):
            results[place] = value
        return tuple(results)


class _Order(NamedTuple):
    """The backward graph of one order, for the first `takes` outputs of `gives`."""

    takes: int
    gives: int
    back: GraphFunction
    among: list[int]
    """The outputs that it has cotangents for."""
    needs: list[int]
    """The outputs whose values it takes after them."""
    order: list[int]
    """Which input of the call each of its results is for."""


def _dense(g: Any) -> Any:
    return g.to_dense() if isinstance(g, IndexedSlices) else g


def specialise(graph: Graph, specs: Sequence) -> Graph:
    """A copy for inputs of exactly these specs; graphs that it calls are copied in."""
    labels = [x._label for x in graph.inputs]
    return trace(lambda *values: replay(graph, values), specs, graph.name, labels, graph.kind)

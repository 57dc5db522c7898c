"""From the graph to what one call of `session.run` runs: only what the fetches need.

The needed part is found backwards, from the fetches through inputs and through what nodes wait
for, and ends at whatever is fed. It runs in the order in which the program made it: a reading
after an assignment sees what was assigned, if both are needed. Then every variable of the graph is
replaced by the one that the session has for it, and the rest is a graph like any other, compiled
once for each combination of shapes that is fed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.compat.v1.graphs import Graph
from minitensor.compat.v1.tracer import (
    MARKS,
    PLACEHOLDER,
    PLACEHOLDER_WITH_DEFAULT,
    GraphTracer,
    anchor,
)
from minitensor.compat.v1.variables import GraphVariable
from minitensor.errors import FailedPreconditionError, InvalidArgumentError
from minitensor.graph import ir
from minitensor.graph.call import GraphFunction
from minitensor.graph.ir import Node, is_variable
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import replay, trace
from minitensor.op import NO_ATTRS, state
from minitensor.ops.state import assign_variable, identity, read_variable
from minitensor.tensor import Tensor
from minitensor.variable import Variable

__all__ = ["Held", "Program", "needed"]


class Held(Variable):
    """What a session has for a variable of its graph."""

    def __init__(self, variable: GraphVariable):
        shape = [size or 0 for size in variable.shape]
        start = variable.start
        value = np.zeros(shape, variable.dtype.numpy) if start is None else start
        self._name, self._shape = variable._name, variable.shape
        self.trainable, self.constraint = variable.trainable, variable.constraint
        self._value = Tensor(np.array(value, variable.dtype.numpy))
        self.has_value = start is not None


class Program:
    """What one combination of fetches and fed tensors runs, in one session."""

    def __init__(self, graph: Graph, fetches: Sequence, fed: Sequence, held: Any):
        self.kept = [*fetches, *fed]
        nodes = needed(graph, fetches, fed)
        _check_fed(nodes)
        _check_fixed(graph, nodes, [x for x in fed if x.known is not None])
        reads, writes = _uses(nodes, graph.tracer)
        self.reads = [(v, held(v)) for v in reads]
        self.writes = [held(v) for v in writes]
        self.flags = [(held(v), held(v.tells)) for v in reads if v.tells is not None]
        outputs = [x for x in fetches if isinstance(x, Symbol)]
        runs = [_runnable(node, fed) for node in nodes if node.op not in MARKS]
        cut = ir.Graph(runs, fed, outputs=outputs, name="session")
        instead = {id(v): held(v) for v in cut.variables if isinstance(v, GraphVariable)}
        self.function = GraphFunction(_bound(cut, instead))

    def __call__(self, arrays: Sequence) -> list:
        """The values of the fetched tensors, as arrays.

        Raises:
            FailedPreconditionError: (also a RuntimeError) when a variable has no value yet.
        """
        for flag, told in self.flags:
            flag._value = Tensor(np.array(told.has_value))
        for variable, mine in self.reads:
            if not mine.has_value:
                raise without_value(variable)
        found = self.function.run(arrays)
        for mine in self.writes:
            mine.has_value = True
        return found


def needed(graph: Graph, fetches: Sequence, fed: Sequence = ()) -> list[Node]:
    """The nodes that the fetches need, in the order of the program."""
    makers = {id(out): node for node in graph.nodes for out in node.outputs}
    waits, stop = graph.tracer.waits, {id(x) for x in fed}
    wanted: set[int] = set()
    left = list(fetches)
    while left:
        thing = left.pop()
        node = thing if isinstance(thing, Node) else makers.get(id(thing))
        if node is None or id(thing) in stop or id(node) in wanted:
            continue
        wanted.add(id(node))
        left += [x for x in node.inputs if not is_variable(x)]
        left += waits.get(anchor(node), ())
    return [node for node in graph.nodes if id(node) in wanted]


def _check_fed(nodes: Sequence[Node]) -> None:
    for node in nodes:
        if node.op is PLACEHOLDER:
            symbol = node.outputs[0]
            raise InvalidArgumentError(
                f"You must feed a value for placeholder tensor '{symbol._label}' with dtype "
                f"{_word(symbol.dtype)}{_shape_words(symbol.shape)}\nWhat was fetched depends on "
                "it, and it has no value of its own. To fix it: session.run(…, "
                f"feed_dict={{{symbol._label}: value}})."
            )


def _check_fixed(graph: Graph, nodes: Sequence[Node], constants: Sequence[Symbol]) -> None:
    """Refuse to feed what shapes or other attributes were made of while the graph was written."""
    if not constants:
        return
    for node in nodes:
        for symbol in graph.tracer.fixed.get(anchor(node), ()):
            makers = {id(x) for maker in needed(graph, [symbol]) for x in maker.outputs}
            for x in constants:
                if x is symbol or id(x) in makers:
                    raise InvalidArgumentError(
                        f"Tensor {x.name} may not be fed.\nIt is a constant, and its value was "
                        f"used when {node.name} was made: as a size or an axis. To fix it: make it "
                        "a tf.placeholder_with_default(value, [])."
                    )


def _word(dtype: Any) -> str:
    return str({"float32": "float", "float64": "double"}.get(dtype.name, dtype.name))


def _shape_words(shape: Any) -> str:
    if not shape.rank:
        return ""
    return f" and shape [{','.join('?' if size is None else str(size) for size in shape)}]"


def _uses(nodes: Sequence[Node], tracer: GraphTracer) -> tuple[list, list]:
    """The variables that must have a value before the nodes run, and those that have one after."""
    reads: dict[int, Any] = {}
    writes: dict[int, Any] = {}
    for node in nodes:
        if node.op is assign_variable:
            writes.setdefault(id(node.inputs[0]), node.inputs[0])
            continue
        if node.op is read_variable and id(node.outputs[0]) in tracer.unchecked:
            continue
        inside = [v for graph in node.op.graphs for v in graph.variables]
        for x in (*node.inputs, *inside):
            if isinstance(x, GraphVariable) and id(x) not in writes:
                reads.setdefault(id(x), x)
    return list(reads.values()), [v for v in writes.values() if isinstance(v, GraphVariable)]


def _runnable(node: Node, fed: Sequence) -> Node:
    """A node as it runs: results that are fed are computed in vain, and defaults passed on."""
    if node.op is PLACEHOLDER_WITH_DEFAULT:
        node = node._replace(op=identity, attrs=NO_ATTRS)
    outputs = node.outputs
    if any(x is out for x in fed for out in outputs):
        outputs = tuple(
            Symbol(x._tracer, x._array, x._label) if any(x is y for y in fed) else x
            for x in outputs
        )
        node = node._replace(outputs=outputs)
    return node


def _bound(graph: ir.Graph, instead: dict[int, Variable]) -> ir.Graph:
    """A copy of a graph that reads and writes the variables of a session."""

    def again(*values: Any) -> list:
        tracer: Any = state.interpreter
        tracer.instead = instead
        return replay(graph, values)

    labels = [x._label for x in graph.inputs]
    return trace(again, [x._array for x in graph.inputs], graph.name, labels)


def without_value(variable: GraphVariable) -> FailedPreconditionError:
    """The error for a variable that is read before it has a value."""
    return FailedPreconditionError(
        f"Could not find variable {variable._name}. This could mean that the variable has been "
        "deleted. In TF1, it can also mean the variable is uninitialized.\nA variable of a graph "
        "gets its first value in each session by its initialiser. To fix it: run "
        "session.run(tf.global_variables_initializer()) first, after all variables were made."
    )

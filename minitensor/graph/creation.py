"""Variables that a function makes while it is traced: allowed in its first trace only.

A variable lives longer than the trace, so it needs its first value at once. The nodes that the
value depends on are run right away, on the arguments of the call that is being traced.
"""

from __future__ import annotations

from typing import Any

from minitensor.errors import InvalidArgumentError
from minitensor.graph.ir import Graph
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import replay
from minitensor.op import State, state
from minitensor.tensor import Tensor

__all__ = ["Maker", "evaluated"]

GUIDE = "https://www.tensorflow.org/guide/function#creating_tfvariables"


class Maker:
    """Gives variables that are made during a trace their first value, or refuses to."""

    def __init__(self, function: str, allowed: bool):
        self.function, self.allowed = function, allowed
        self.names: list[str] = []

    def __call__(self, value: Any, name: str) -> Tensor:
        """The value, computed; what a new variable called `name` holds.

        Raises:
            InvalidArgumentError: (also a ValueError) in any trace but the first.
        """
        if not self.allowed:
            raise InvalidArgumentError(
                "tf.function only supports singleton tf.Variables created on the first call. Make "
                "sure the tf.Variable is only created once or created outside tf.function. See "
                f"{GUIDE} for more information.\n"
                f"{self.function} made the variable {name!r} again, in a trace after its first. A "
                "variable keeps its value from call to call, so there is one for all calls. To fix "
                "it: make it outside the function, or only if it is not there yet: `if self.w is "
                "None: self.w = mt.Variable(…)`."
            )
        self.names.append(name)
        return evaluated(value)


def evaluated(value: Any) -> Tensor:
    """What a symbol is in the call that is being traced; a tensor as it is.

    Raises:
        InvalidArgumentError: (also a ValueError) where it depends on an argument without a value.
    """
    before = state.interpreter, state.tapes
    state.interpreter, state.tapes = State.interpreter, ()
    try:
        return _evaluated(value)
    finally:
        state.interpreter, state.tapes = before


def _evaluated(value: Any) -> Tensor:
    if not isinstance(value, Symbol):
        return value
    if value.known is not None:
        return Tensor(value.known)
    tracer = value._tracer
    graph = _needed(tracer.graph, value)
    unknown = [x for x in graph.inputs if id(x) not in tracer.examples]
    if unknown:
        raise InvalidArgumentError(
            f"Unable to lift the initial value of a variable out of the function: it depends on "
            f"{unknown[0]!r}.\nA variable needs its value when it is made, and here only shape and "
            "dtype are known. To fix it: call the function once with values before anything else, "
            "or make the variable outside of it."
        )
    inputs = [_evaluated(tracer.examples[id(x)]) for x in graph.inputs]
    return replay(graph, inputs, [_evaluated(outer) for outer, _ in graph.captures])[0]


def _needed(graph: Graph, value: Symbol) -> Graph:
    """The part of a graph that computes one value."""
    wanted, nodes = {id(value)}, []
    for node in reversed(graph.nodes):
        if any(id(out) in wanted for out in node.outputs):
            nodes.append(node)
            wanted |= {id(x) for x in node.inputs}
    return graph.replaced(
        nodes=nodes[::-1], outputs=[value], inputs=[x for x in graph.inputs if id(x) in wanted],
        captures=[pair for pair in graph.captures if id(pair[1]) in wanted],
    )  # fmt: skip

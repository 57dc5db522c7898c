"""What the call of a function with its own gradient is on a tape, and in a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minitensor import ops
from minitensor.graph.subgraphs import retraced, spec_of
from minitensor.graph.trace import Tracer, replay
from minitensor.op import NO_ATTRS, Op, state
from minitensor.shapes import Spec
from minitensor.tensor import Tensor

__all__ = ["CustomOp", "TracedCustomOp"]


class CustomOp(Op):
    """What a call of a function with its own gradient looks like on the tape."""

    def __init__(self, function: Callable):
        super().__init__(
            _hand_on, infer=None, samples=None, types="A", kinds="fciubO", scalar=None, fast=False,
            conjugate=False, portable=False, stateful=False, why_none="",
        )  # fmt: skip
        name = getattr(function, "__name__", "")
        self.name = self.__name__ = name if name.isidentifier() else "custom_gradient"
        self.__doc__ = getattr(function, "__doc__", None) or "A function with its own gradient."

    stopped: set[int]
    """The inputs that a gradient was asked for and `grad_fn` returned None."""

    def of_call(self, rule: Callable, results: Sequence[Spec], stopped: set[int]) -> CustomOp:
        """The op of one call: it knows how gradients come back, and what came out."""
        op = object.__new__(CustomOp)
        op.__dict__.update(self.__dict__)
        op.gradient_rule, op.stopped = rule, stopped
        single = results[0] if len(results) == 1 else tuple(results)
        op.infer = lambda *specs: single
        op.forward = partial(_hand_on, results=len(results))
        return op

    def without_values(self) -> CustomOp:
        """The same op for a record whose values were let go."""
        op = object.__new__(CustomOp)
        op.__dict__.update(self.__dict__)
        op.gradient_rule = _let_go
        return op


class TracedCustomOp(CustomOp):
    """Such a call in a graph: its inputs, its results, and what the gradient's graph needs.

    `gives` are the inputs that the graph of the gradient has a result for.
    """

    expands = True

    def __init__(
        self, op: CustomOp, graphs: Sequence, inputs: int, results: int, gives: Sequence[int],
        failure: Exception | None,
    ):  # fmt: skip
        self.__dict__.update(op.__dict__)
        self.variadic, self.graphs, self.failure = True, tuple(graphs), failure
        self.counts, self.gives = (inputs, results), tuple(gives)
        self.stopped = set(range(inputs)) - set(gives)
        self.forward = self.on_numpy = self._results
        self.infer = lambda *specs: self._results(None, *specs)
        self.gradient_rule = self._rule

    def without_values(self) -> CustomOp:
        """The op itself: it holds no values."""
        return self

    def _results(self, xp: Any, *values: Any) -> Any:
        first, count = self.counts
        return values[first] if count == 1 else tuple(values[first : first + count])

    def replay(self, inputs: Sequence, attrs: dict) -> Any:
        """The same call of other values, with the gradient's graph for their shapes."""
        first, count = self.counts
        op = self
        if isinstance(state.interpreter, Tracer) and self.graphs:
            specs = [spec_of(x) for x in inputs[first:]]
            graph = retraced(self.graphs[0], specs)
            op = TracedCustomOp(self, [graph], first, count, self.gives, None)
        return state.interpreter.apply(op, inputs, NO_ATTRS)

    def _rule(self, xp: Any, g: Any, out: Any, *values: Any) -> tuple:
        if self.failure is not None:
            raise self.failure
        first, count = self.counts
        upstream = g if isinstance(g, tuple) else (g,)
        given = [*upstream, *values[first + count :]]
        if xp is ops:
            found = replay(self.graphs[0], given)
        else:
            found = [x._array for x in replay(self.graphs[0], [Tensor(x) for x in given])]
        answer: list = [None] * len(values)
        for i, x in zip(self.gives, found, strict=True):
            answer[i] = x
        return tuple(answer)


def _hand_on(xp: Any, *inputs: Any, results: int = 1) -> Any:
    """The last inputs: the results, which were computed along with their gradient."""
    return inputs[-1] if results == 1 else inputs[-results:]


def _let_go(xp: Any, g: Any, out: Any, *inputs: Any) -> Any:
    """`grad_fn(g)`, whose values are gone."""
    raise AssertionError("the values of this call were let go")

"""Running a graph: from arrays to arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.graph.ir import Graph
from minitensor.graph.trace import replay
from minitensor.op import State, state
from minitensor.tensor import Tensor

__all__ = ["Executable"]


class Executable:
    """A graph whose shapes are known, ready to run on arrays."""

    def __init__(self, graph: Graph):
        self.graph = graph

    def __call__(self, arrays: Sequence) -> list:
        """The outputs as arrays that share no memory with anything."""
        before = state.interpreter, state.tapes
        state.interpreter, state.tapes = State.interpreter, ()
        try:
            found: list[Any] = replay(self.graph, [Tensor(a) for a in arrays])
        finally:
            state.interpreter, state.tapes = before
        return [x._array for x in found]

"""What can be drawn: the graph of a tape, of a traced function, or a graph itself."""

from __future__ import annotations

from typing import Any

from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.graph.function import Function
from minitensor.graph.ir import Graph
from minitensor.tape import GradientTape
from minitensor.views.drawing import Drawing
from minitensor.views.records import GraphView
from minitensor.views.traced import TracedDrawing


def graph_view(obj: Any, names: dict[int, str] | None = None) -> GraphView:
    """The graph of a tape or of a traced function, or a graph, as a viewer draws it.

    Args:
        obj: a GradientTape, a Graph, a function under `mt.function` that was called already (its
            latest trace is drawn), or a concrete function.
        names: what to call values, by `id`; by default the names that the caller's own variables
            have.

    Raises:
        InvalidArgumentError: (also a ValueError) for a function that was never traced.
        DTypeError: (also a TypeError) for anything that has no graph.
    """
    graph = graph_of(obj)
    drawing = Drawing if graph.kind == "tape" else TracedDrawing
    return drawing(graph, names).view()


def graph_of(obj: Any) -> Graph:
    """The graph of anything that has one."""
    if isinstance(obj, GradientTape):
        return obj.graph()
    if isinstance(obj, Graph):
        return obj
    if isinstance(obj, Function):
        return latest(obj).graph
    graph = getattr(obj, "graph", None)
    if isinstance(graph, Graph):
        return graph
    raise DTypeError(
        message("graph_view", f"an object of type {type(obj).__name__}", "it has no graph",
                "tapes, functions under mt.function and graphs can be drawn",
                "pass the tape: show(tape); or decorate the function with @mt.function and call it")
    )  # fmt: skip


def latest(function: Function) -> Any:
    """The concrete function that was traced last.

    Raises:
        InvalidArgumentError: (also a ValueError) for a function that was never traced.
    """
    concretes = function.concrete_functions
    if not concretes:
        name = getattr(function, "__name__", "f")
        raise InvalidArgumentError(
            message("graph_view", f"the function {name}, which has no trace",
                    "it was never called, so there is no graph yet",
                    "a function is traced when it is first called",
                    f"call {name} once, or pass {name}.get_concrete_function(…)")
        )  # fmt: skip
    return concretes[-1]

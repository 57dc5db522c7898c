"""What can be drawn: tapes, traced functions, models, loaded modules, and graphs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from os import PathLike
from typing import Any

from minitensor.errors import DTypeError, message
from minitensor.graph.concrete import ConcreteFunction
from minitensor.graph.function import Function
from minitensor.graph.ir import Graph
from minitensor.keras.layer import Layer
from minitensor.module import Module
from minitensor.saved_model import load
from minitensor.saved_model.restored import RestoredFunction
from minitensor.tape import GradientTape
from minitensor.views.drawing import Drawing, callers_names, coarser
from minitensor.views.flow import opened
from minitensor.views.models import model_drawing, note_of
from minitensor.views.records import GraphView
from minitensor.views.regions import silenced
from minitensor.views.repeats import rolled
from minitensor.views.scopes import settled, told_apart
from minitensor.views.traced import TracedDrawing

_TITLES = {"tape": "Gradient tape", "graph": "Graph"}
_TRACED = (Function, RestoredFunction, ConcreteFunction)


def graph_view(obj: Any, names: dict[int, str] | None = None) -> GraphView:
    """What a program computes, as a viewer draws it.

    Branches, loops and calls are opened into what lies inside of them, variables stand in the
    scope that uses them, and repeated scopes are rolled up.

    Args:
        obj: a GradientTape; a function under `mt.function` that was called already (its latest
            trace is drawn), or a concrete function; a Keras model or layer that is built; what
            `mt.saved_model.load` gave, one of its functions, or the folder it is saved in; a Graph.
        names: what to call values, by `id`; by default the names that the caller's own variables
            have.

    Raises:
        InvalidArgumentError: (also a ValueError) for a model that was not built.
        DTypeError: (also a TypeError) for a function that was never traced, and for anything that
            has no graph.

    Example:
        >>> import minitensor as mt
        >>> x = mt.Variable(3.0, name="x")
        >>> with mt.GradientTape() as tape:
        ...     y = x * x
        >>> view = graph_view(tape)
        >>> view.title, [node.label for node in view.nodes]
        ('Gradient tape', ['x', 'y = multiply'])
    """
    names = callers_names() if names is None else names
    if isinstance(obj, (str, PathLike)):
        obj = load(obj)
    if isinstance(obj, Layer):
        drawing = model_drawing(obj, names)
        view = drawing.view()
        view = replace(view, kind="model", note=note_of(obj, len(drawing.shown())))
    else:
        graph = graph_of(obj)
        drawing = (Drawing if graph.kind == "tape" else TracedDrawing)(graph, names)
        view = drawing.view()
        view = replace(view, title=view.title or _TITLES.get(graph.kind, ""))
        if _is_loaded(obj):
            view = replace(view, note=f"{view.note}, loaded from a saved model")
    return arranged(opened(drawing, coarser(view)))


def arranged(view: GraphView) -> GraphView:
    """The view with leaves where they are used, silent regions, and repeated scopes rolled up."""
    if view.kind == "tape":
        view = told_apart(view)
    return rolled(silenced(settled(view)))


def graph_of(obj: Any) -> Graph:
    """The graph of anything that has one."""
    if isinstance(obj, GradientTape):
        return obj.graph()
    if isinstance(obj, Graph):
        return obj
    if isinstance(obj, (Function, RestoredFunction)):
        return latest(obj).graph
    if isinstance(obj, Module):
        return graph_of(_only_function(obj))
    graph = getattr(obj, "graph", None)
    if isinstance(graph, Graph):
        return graph
    raise DTypeError(
        message("show", f"an object of type {type(obj).__name__}", "it has no graph",
                "tapes, functions under mt.function, models, loaded modules and graphs can be "
                "drawn", "pass the tape: show(tape); or decorate the function with @mt.function "
                "and call it")
    )  # fmt: skip


def latest(function: Any) -> ConcreteFunction:
    """The concrete function that was traced last.

    Raises:
        DTypeError: (also a TypeError) for a function that was never traced.
    """
    concretes = function.concrete_functions
    if not concretes:
        name = getattr(function, "__name__", "f")
        raise DTypeError(
            message("show", f"the function {name}, which has no trace",
                    "it was never called, so there is no graph yet",
                    "a function is traced when it is first called",
                    f"call {name} once, or pass {name}.get_concrete_function(…)")
        )  # fmt: skip
    return concretes[-1]


def latest_or_itself(obj: Any) -> ConcreteFunction:
    """A concrete function, or the latest trace of a function.

    Raises:
        DTypeError: (also a TypeError) for anything that was not traced.
    """
    if isinstance(obj, (Function, RestoredFunction)):
        return latest(obj)
    if isinstance(obj, ConcreteFunction):
        return obj
    raise DTypeError(
        message("difference_view", f"one object of type {type(obj).__name__}",
                "there is nothing to compare it with",
                "a function under mt.function is compared with what the optimiser made of it",
                "pass two: difference(before, after)")
    )  # fmt: skip


def _is_loaded(obj: Any) -> bool:
    return isinstance(obj, RestoredFunction) or hasattr(obj, "signatures")


def _only_function(module: Any) -> Callable:
    """The one traced function of a module: its `__call__`, its signature, or the only one.

    Raises:
        DTypeError: (also a TypeError) when there is none, or more than one.
    """
    found = dict(_functions(module))
    for name in ("__call__", "serving_default"):
        if name in found:
            return found[name]
    if len(found) == 1:
        return next(iter(found.values()))
    names = ", ".join(found)
    raise DTypeError(
        message("show", f"the module {module.name}",
                f"it has several traced functions: {names}" if found
                else "none of its functions was traced",
                "one graph is drawn at a time",
                f"pass one of them: show(module.{next(iter(found))})" if found
                else "call a function under @mt.function of it, and pass that")
    )  # fmt: skip


def _functions(module: Any) -> Iterator[tuple[str, Any]]:
    """The functions of a module that were traced, and the signatures of a loaded one."""
    of_class = [name for cls in type(module).__mro__ for name, value in vars(cls).items()
                if isinstance(value, Function)]  # fmt: skip
    own = {name: getattr(module, name) for name in of_class} | vars(module)
    for name, value in [*own.items(), *dict(getattr(module, "signatures", None) or {}).items()]:
        if isinstance(value, _TRACED) and getattr(value, "concrete_functions", True):
            yield name, value

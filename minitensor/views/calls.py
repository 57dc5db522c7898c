"""A function called under a tape, so that the backward pass of its call can be stepped through."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minitensor import nest
from minitensor.eager import convert_to_tensor
from minitensor.errors import DTypeError, message
from minitensor.tape import GradientTape
from minitensor.tensor import Operand, Tensor
from minitensor.variable import Variable


class Call(NamedTuple):
    """What came of a call."""

    tape: GradientTape
    target: list
    sources: list
    names: dict[int, str]
    title: str
    note: str


def called(function: Callable, args: Sequence) -> Call:
    """Call a function, traced or not; floating arguments and what variables it reads are sources.

    The names of its parameters are those of the arguments.

    Raises:
        DTypeError: (also a TypeError) when the function returns no tensor.
    """
    given = [_tensors(arg) for arg in args]
    floats = [x for x in nest.flatten(given) if _floats(x) and not isinstance(x, Variable)]
    with GradientTape(persistent=True) as tape:
        tape.watch(floats)
        results = function(*given)
    target = [x for x in nest.flatten(results) if isinstance(x, Operand)]
    name = getattr(function, "__name__", type(function).__name__)
    if not target:
        raise _no_tensor(name, results)
    variables = [x for x in tape.graph().inputs if isinstance(x, Variable)]
    names = {id(x): name for name, x in zip(_parameters(function), given, strict=False)
             if isinstance(x, Operand)}  # fmt: skip
    title = f"Backward pass of {name.strip('<>')}({', '.join(_parameters(function))})"
    is_traced = hasattr(function, "concrete_functions") or hasattr(function, "graph")
    return Call(tape, target, [*floats, *variables], names, title,
                "of a traced function, run again" if is_traced else "")  # fmt: skip


def _no_tensor(name: str, results: Any) -> DTypeError:
    given = "None" if results is None else f"an object of type {type(results).__name__}"
    return DTypeError(
        message("step", f"{name}, which returned {given}",
                "there is no tensor in it",
                "what a function returns is differentiated",
                "return the value that you mean, as in `return loss`; arrays of NumPy are not "
                "recorded, so compute with mt.")
    )  # fmt: skip


def _tensors(arg: Any) -> Any:
    """An argument with tensors in place of floating numbers and arrays."""
    return nest.pack_sequence_as(arg, [
        convert_to_tensor(x) if isinstance(x, (float, np.floating, np.ndarray)) else x
        for x in nest.flatten(arg)
    ])  # fmt: skip


def _floats(x: Any) -> bool:
    return isinstance(x, (Tensor, Variable)) and x.dtype.is_differentiable


def _parameters(function: Any) -> list[str]:
    graph = getattr(function, "graph", None)
    if graph is not None:
        return [x._label for x in graph.inputs]
    try:
        return list(inspect.signature(getattr(function, "python_function", function)).parameters)
    except (TypeError, ValueError):
        return []

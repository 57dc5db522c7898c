"""`function`: a Python function that is traced once per signature and then runs as a graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from inspect import signature
from typing import Any

from minitensor import nest
from minitensor.eager import convert_to_tensor
from minitensor.graph.call import GraphFunction
from minitensor.graph.trace import trace
from minitensor.shapes import Spec
from minitensor.tensor import Operand, Tensor

__all__ = ["ConcreteFunction", "Function", "function"]


class ConcreteFunction:
    """One trace of a function."""

    def __init__(self, python_function: Callable, arguments: Any):
        leaves = nest.flatten(arguments)
        places = [i for i, x in enumerate(leaves) if isinstance(x, Tensor)]
        specs = [Spec(tuple(leaves[i].shape), leaves[i]._array.dtype) for i in places]
        self.structure: Any = None

        def flat(*symbols: Any) -> list:
            inner = list(leaves)
            for i, symbol in zip(places, symbols, strict=True):
                inner[i] = symbol
            args, kwargs = nest.pack_sequence_as(arguments, inner)
            self.structure = python_function(*args, **kwargs)
            return [x for x in nest.flatten(self.structure) if x is not None]

        self.graph = trace(flat, specs, python_function.__name__)
        self._run = GraphFunction(self.graph)

    def __call__(self, *tensors: Any) -> Any:
        """Run the graph."""
        found = iter(self._run(tensors))
        leaves = [None if x is None else next(found) for x in nest.flatten(self.structure)]
        return nest.pack_sequence_as(self.structure, leaves)


class Function:
    """A function that is traced once per signature."""

    def __init__(self, python_function: Callable):
        update_wrapper(self, python_function)
        self.python_function = python_function
        self._signature = signature(python_function)
        self._cache: dict[Any, ConcreteFunction] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the graph for these arguments; trace it first if it is new."""
        leaves = nest.flatten((args, kwargs))
        key = tuple(
            (tuple(x.shape), x.dtype) if isinstance(x, Operand) else (type(x), x) for x in leaves
        )
        if key not in self._cache:
            self._cache[key] = ConcreteFunction(self.python_function, (args, kwargs))
        return self._cache[key](*[convert_to_tensor(x) for x in leaves if isinstance(x, Operand)])


def function(func: Callable | None = None, **options: Any) -> Any:
    """Trace a Python function once per signature, and run it as a graph."""
    return function if func is None else Function(func)

"""The learner's functions in a pipeline: traced once, run on arrays, blamed by stage and element.

A function of tensors becomes a graph when the stage is made, so the specs of its results are known
before there is an element. One that takes or makes datasets (after `window`, in `flat_map`) is
traced for its specs only, and then called by Python for each element.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from minitensor import autograph, nest
from minitensor.data.elements import (
    DatasetSpec,
    components,
    flat,
    is_dataset,
    packer,
    shape_tuple,
    spec_of,
    text_of,
)
from minitensor.data.seeds import ElementStreams, new_seed
from minitensor.data.stage import UNKNOWN, Cursor, Stage
from minitensor.errors import ArgumentError, InvalidArgumentError, OpError, message, shorten
from minitensor.graph.failure import located
from minitensor.graph.function import function as graph_function
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import trace
from minitensor.ops.draws import drawing_from
from minitensor.scopes import init_scope
from minitensor.shapes import NoElements
from minitensor.tensor import TensorSpec

__all__ = ["ElementFunction", "Placeholder"]


class Placeholder(Stage):
    """A dataset of which only the spec is known: what a function is traced with."""

    kind = "Placeholder"

    def __init__(self, spec: Any, size: int = UNKNOWN):
        super().__init__(spec, size)

    def cursor(self, run: int) -> Cursor:
        """Refused: there are no elements."""
        raise InvalidArgumentError(
            message("Dataset", "a dataset made of tensors of a traced function",
                    "these tensors have no values yet", "a dataset is made of values",
                    "make the dataset outside of the function, and loop over it inside")
        )  # fmt: skip


class ElementFunction:
    """A function of elements.

    Args:
        function: takes the components of an element, a tuple's as arguments of their own.
        spec: the spec of the elements.
        method: the method of `Dataset` that it was given to.
        several: whether `spec` is the tuple of all arguments already, not of an element.
        python: whether Python calls it for each element, even if it gives tensors.
    """

    def __init__(self, function: Callable, spec: Any, method: str, *, several: bool = False,
                 python: bool = False):  # fmt: skip
        self.function, self.method = function, method
        self.arguments = spec if several or type(spec) is tuple else (spec,)
        self._check(spec)
        self.seed = 0
        self.draws = self.python = False
        self.label = ""
        self._trace(python)

    def __call__(self, leaves: tuple) -> Any:
        """The leaves of the result, for those of an element."""
        return self._run(leaves)

    def at(self, leaves: tuple, run: int, index: int) -> Any:
        """The same for element number `index` of a walk: with its random numbers, and its blame."""
        try:
            if not self.draws:
                return self._run(leaves)
            with drawing_from(ElementStreams(self.seed, run, index)):
                return self._run(leaves)
        except Exception as error:
            raise self._blamed(error, leaves, index) from error.__cause__

    def datasets(self, leaves: tuple, run: int, index: int) -> Stage:
        """The dataset that the function makes of an element."""
        return self.at(leaves, run, index)[0]._stage

    # Tracing.

    def _check(self, spec: Any) -> None:
        function, count = self.function, len(self.arguments)
        if not callable(function):
            raise InvalidArgumentError(
                f"Argument `func` must be a callable. Received func={shorten(function)} (of type "
                f"{type(function)})\nDataset.{self.method} calls it for each element. To fix it: "
                "pass a function, for example lambda x: x + 1."
            )
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return
        try:
            signature.bind(*self.arguments)
        except TypeError as error:
            name = getattr(function, "__name__", type(function).__name__)
            takes = len(signature.parameters)
            given = f"{takes} positional argument{'s' * (takes != 1)} but {count} were given"
            fault = f"takes {given}" if count > takes else str(error)
            raise ArgumentError(
                f"{name}() {fault}\nDataset.{self.method} calls it with the components of an "
                f"element, each as an argument of its own: here {count}, of {spec}. To fix it: "
                f"write for example lambda {', '.join('xyzuvw'[:count])}: …"
            ) from None

    def _trace(self, python: bool) -> None:
        """Find the result's spec, and make a graph if it can be one."""
        if python or any(isinstance(s, DatasetSpec) for s in nest.flatten(self.arguments)):
            self._run_by_python()
            return
        wrapped = autograph.convert(self.function)

        def traced(*args: Any) -> Any:
            found = self._result(wrapped(*args))
            if any(map(is_dataset, nest.flatten(found))):
                raise _GivesDataset
            return found

        traced.__name__ = getattr(self.function, "__name__", "function")
        try:
            concrete = graph_function(traced, autograph=False).get_concrete_function(
                *self.arguments
            )
        except _GivesDataset:
            self._run_by_python()
            return
        self.spec = spec_of(concrete.structured_outputs)
        self.label, self.graph = concrete._name, concrete.graph
        self.draws = _draws(concrete.graph)
        self.seed = new_seed() if self.draws else 0
        self._run = concrete._function.run

    def _run_by_python(self) -> None:
        self.python = self.draws = True
        self.seed = new_seed()
        leaves = nest.flatten(self.arguments)
        found: list = []
        wrapped = autograph.convert(self.function)
        pack_arguments = packer(self.arguments)

        def symbolic(*symbols: Any) -> list:
            left = iter(symbols)
            values = [_dataset(Placeholder(s.element_spec)) if isinstance(s, DatasetSpec)
                      else next(left) for s in leaves]  # fmt: skip
            found.append(self._result(wrapped(*nest.pack_sequence_as(self.arguments, values))))
            return []

        specs = [NoElements(shape_tuple(s), s.dtype.numpy) for s in leaves
                 if isinstance(s, TensorSpec)]  # fmt: skip
        trace(symbolic, specs, self.method, kind="branch")
        self.spec = spec_of(found[0])

        def run(values: tuple) -> tuple:
            with init_scope():
                return flat(self._result(self.function(*pack_arguments(values))))

        self._run = run

    def _result(self, value: Any) -> Any:
        """What the function gave, as an element: a list is a tuple of components."""
        value = tuple(value) if type(value) is list else value
        return components(value, f"Unsupported return value from function passed to Dataset."
                                 f"{self.method}()")  # fmt: skip

    # Blaming.

    def _blamed(self, error: Exception, leaves: tuple, index: int) -> Exception:
        where = (
            f"Error in user-defined function passed to {self.label_of_stage} transformation, at "
            f"element {index} ({text_of(leaves)}):"
        )
        if not isinstance(error, OpError):
            error.add_note(f"{where} see the lines above.")
            return error
        text = located(error, self.label).args[0]
        blamed = type(error)(f"{where}\n{text}")
        return blamed.with_traceback(error.__traceback__)

    label_of_stage = "a dataset's"
    """Kind and place of the stage; it tells the function when it is made."""


class _GivesDataset(Exception):  # noqa: N818 - it never leaves this module
    """The function gives a dataset, which no graph can."""


def _draws(graph: Any) -> bool:
    """Whether a graph takes random numbers from the program's streams."""
    return any(
        node.op.name in ("next_seed", "call_python") or any(map(_draws, node.op.graphs))
        for node in graph.nodes
    )


def _dataset(stage: Stage) -> Any:
    from minitensor.data.dataset import Dataset

    return Dataset(stage)


def is_symbolic(structure: Any) -> bool:
    """Whether a leaf is a tensor of a trace, which has no elements yet."""
    return any(isinstance(leaf, Symbol) for leaf in nest.flatten(structure))

"""Concrete functions: one trace of a function, with its arguments' shapes and dtypes fixed.

`traced` runs the Python function once on symbols. What it returned is kept as a structure, into
which the results of each run are put. Read `traced`, then `ConcreteFunction.run`.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minitensor import nest
from minitensor.errors import (
    ArgumentError,
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
    message,
)
from minitensor.graph.call import GraphFunction
from minitensor.graph.creation import Maker
from minitensor.graph.failure import located
from minitensor.graph.ir import Graph
from minitensor.graph.prototype import Prototype
from minitensor.graph.signature import Arguments
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import replay, trace
from minitensor.op import convert, state
from minitensor.shapes import TensorShape
from minitensor.tensor import IndexedSlices, Operand, Tensor
from minitensor.variable import Variable

__all__ = ["ConcreteFunction", "traced", "watchers"]

MOST_BINDINGS = 16
"""For how many choices of variables as arguments a trace keeps a graph."""
_numbers = itertools.count(1)
watchers: list[Callable[[ConcreteFunction], None]] = []
"""Who is told of each concrete function that is about to run."""
_RETURNED = (Operand, bool, int, float, complex, str, bytes, np.generic, np.ndarray, TensorShape)


class Traced(NamedTuple):
    """What came of running a Python function on symbols."""

    graph: Graph
    structure: Any
    """What the function returned, with symbols as leaves."""
    stand_ins: list[Variable]
    """What stood for the variables among the arguments."""
    made: list[str]
    """The names of variables that the function made."""
    seconds: float


def traced(
    function: Callable, template: Arguments, shapes: Sequence, examples: Sequence, label: str,
    creates: bool,
) -> Traced:  # fmt: skip
    """Run a Python function once on symbols, and write down what it computes.

    Args:
        function: the Python function.
        template: its arguments.
        shapes: what is known of the shapes of the tensors among them.
        examples: their values in the call that is being traced, if there is one.
        label: what to call the graph.
        creates: whether the function may make variables.
    """
    stand_ins = [_stand_in(v) for v in template.variables]
    maker = Maker(label, creates)
    structure: Any = None

    def flat(*symbols: Any) -> list:
        nonlocal structure
        tracer: Any = state.interpreter
        tracer.maker = maker
        tracer.examples = {id(s): x for s, x in zip(symbols, examples, strict=False)
                           if isinstance(x, Tensor)}  # fmt: skip
        args, kwargs = template.filled(symbols, stand_ins)
        structure = _tensors(function(*template.shortened(args), **kwargs), function)
        return [x for x in nest.flatten(structure) for x in _parts(x)]

    start = time.perf_counter()
    graph = trace(flat, template.specs(shapes), label, template.labels())
    seconds = time.perf_counter() - start
    return Traced(graph, _packed(structure, graph.outputs), stand_ins, maker.names, seconds)


def _stand_in(variable: Variable) -> Variable:
    """A variable of the trace's own, since another may be passed in the next call."""
    found: Any = object.__new__(Variable)
    found.__dict__.update(variable.__dict__)
    return found


def _tensors(structure: Any, function: Callable) -> Any:
    """What a function returned, with tensors for all that can be one."""
    return nest.pack_sequence_as(structure, [_tensor(x, function) for x in nest.flatten(structure)])


def _tensor(value: Any, function: Callable) -> Any:
    if value is None:
        return None
    if isinstance(value, IndexedSlices):
        rows = value.dense_shape
        parts = convert(value.values), convert(value.indices)
        return IndexedSlices(*parts, None if rows is None else convert(rows))
    if not isinstance(value, _RETURNED) and not hasattr(type(value), "__array__"):
        raise ArgumentError(
            "To be compatible with tf.function, Python functions must return zero or more Tensors "
            f"or ExtensionTypes or None values; in compilation of {function}, found return value "
            f"of type {type(value).__name__}, which is not a Tensor or ExtensionType.\nA graph "
            "gives tensors. To fix it: return what can become a tensor, in lists, tuples and "
            "dicts, or keep the object outside the function."
        )
    return convert(tuple(value) if isinstance(value, TensorShape) else value)


def _parts(value: Any) -> list:
    if value is None:
        return []
    if isinstance(value, IndexedSlices):
        rows = [] if value.dense_shape is None else [value.dense_shape]
        return [value.values, value.indices, *rows]
    return [value]


def _packed(structure: Any, tensors: Sequence) -> Any:
    """`structure` with other tensors in its places."""
    taken = iter(tensors)
    leaves = [_refilled(leaf, taken) for leaf in nest.flatten(structure)]
    return nest.pack_sequence_as(structure, leaves)


def _refilled(leaf: Any, taken: Any) -> Any:
    if leaf is None:
        return None
    parts = [next(taken) for _ in _parts(leaf)]
    return IndexedSlices(*parts) if isinstance(leaf, IndexedSlices) else parts[0]


@dataclass
class Record:
    """What is remembered of how a trace came about and was used."""

    number: int = 1
    signature: list = field(default_factory=list)
    seconds: float = 0.0
    calls: int = 0
    nodes: int = 0
    bytes: int = 0


class ConcreteFunction:
    """One trace of a function: a graph that takes tensors of fixed shapes and dtypes.

    Made by `fn.get_concrete_function(…)`. Call it with tensors, by position or by name; values
    that are no tensors were fixed by the trace and may be left out.

    Example:
        >>> import minitensor as mt
        >>> @mt.function
        ... def f(x, n):
        ...     return n * x
        >>> concrete = f.get_concrete_function(mt.TensorSpec([None]), 2.0)
        >>> concrete(mt.constant([1.0, 2.0])).numpy().tolist()
        [2.0, 4.0]
        >>> concrete.structured_input_signature
        ((TensorSpec(shape=(None,), dtype=tf.float32, name='x'), 2.0), {})
    """

    def __init__(self, label: str, arguments: Arguments, result: Traced, record: Record):
        self.graph, self.structured_outputs = result.graph, result.structure
        self.record = record
        self._name = f"__inference_{label}_{next(_numbers)}"
        self._prototype = Prototype(label, arguments, result.graph.inputs)
        self._stand_ins = result.stand_ins
        self._function = GraphFunction(self.graph)
        self._bound: dict[tuple, GraphFunction] = {}
        self._single = isinstance(result.structure, Tensor)
        self.is_general = not all(x.shape.is_fully_defined() for x in self.graph.inputs)
        """Whether some sizes of the arguments are left open."""
        self.is_local = any(isinstance(outer, Symbol) for outer, _ in self.graph.captures)
        """Whether it uses tensors of the trace around it, and so is of use only there."""

    # Running.

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run the graph.

        Raises:
            ArgumentError: (also a TypeError) for arguments that it does not take.
            InvalidArgumentError: (also a ValueError) for a dtype or shape that was not traced.
        """
        tensors, variables = self._prototype.bind(args, kwargs)
        for number, (x, inner) in enumerate(zip(tensors, self.graph.inputs, strict=True)):
            self._check(number, x, inner)
        return self.run(tensors, variables)

    def run(self, tensors: Sequence, variables: Sequence = ()) -> Any:
        """The results for tensors that are known to fit, in the order of the graph's inputs."""
        self.record.calls += 1
        if watchers:
            for watcher in watchers:
                watcher(self)
        function = self._binding(variables) if variables else self._function
        try:
            found = function(tensors)
        except OpError as error:
            lesson = located(error, self._name)
            if lesson is error:
                raise
            raise lesson.with_traceback(error.__traceback__) from None
        return found[0] if self._single else _packed(self.structured_outputs, found)

    def _binding(self, variables: Sequence) -> GraphFunction:
        """The graph with the variables of a call in the places of those it was traced with."""
        key = tuple([id(v) for v in variables])
        found = self._bound.get(key)
        if found is None:
            if len(self._bound) >= MOST_BINDINGS:
                self._bound.clear()
            instead = dict(zip(map(id, self._stand_ins), variables, strict=True))
            found = self._bound[key] = GraphFunction(_rebound(self.graph, instead))
        return found

    def _check(self, number: int, x: Any, inner: Any) -> None:
        if x.dtype is not inner.dtype:
            raise InvalidArgumentError(
                f"cannot compute {self._name} as input #{number}(zero-based) was expected to be a "
                f"{_word(inner.dtype)} tensor but is a {_word(x.dtype)} tensor [Op:{self._name}]\n"
                "A concrete function was traced for these dtypes and runs for no others. To fix "
                f"it: mt.cast(x, mt.{inner.dtype.name}), or call the function it came from."
            )
        if not inner.shape.is_compatible_with(x.shape):
            raise InvalidArgumentError(
                f"cannot compute {self._name} as input #{number}(zero-based) was expected to have "
                f"the shape {inner.shape} but has {x.shape} [Op:{self._name}]\nA concrete function "
                "was traced for these shapes and runs for no others. To fix it: call the function "
                "it came from, or trace with mt.TensorSpec([None, …]) for sizes that differ."
            )

    # What it is.

    @property
    def name(self) -> bytes:
        """TensorFlow's kind of name, unique among all traces."""
        return self._name.encode()

    @property
    def inputs(self) -> list:
        """The symbols that stand for arguments, then those for captured tensors."""
        return [*self.graph.inputs, *(inner for _, inner in self.graph.captures)]

    @property
    def outputs(self) -> list:
        """The symbols that the graph gives, one after the other."""
        return list(self.graph.outputs)

    @property
    def captured_inputs(self) -> list:
        """What the graph takes from outside: tensors, then variables."""
        return [*(outer for outer, _ in self.graph.captures), *self.variables]

    @property
    def variables(self) -> tuple:
        """The variables that it reads or writes, other than its arguments."""
        passed = {id(v) for v in self._stand_ins}
        return tuple(v for v in self.graph.variables if id(v) not in passed)

    @property
    def trainable_variables(self) -> tuple:
        """Those of its variables that tapes watch."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def structured_input_signature(self) -> tuple:
        """The arguments: ((by position), {by name}), with a TensorSpec for each tensor."""
        return self._prototype.structure

    @property
    def function_type(self) -> Any:
        """The parameters and what they and the result are, as an `inspect.Signature`."""
        return self._prototype.signature(self.structured_outputs)

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """What it takes and gives, as text: on several lines, or on one."""
        if not verbose:
            return f"{self.graph.name}{self.function_type}"
        captures = [f"  {_label(x)}: {Prototype.text(x)}" for x in self.captured_inputs]
        return "\n".join([
            "Input Parameters:", *(self._prototype.lines() or ["  None"]),
            "Output Type:", f"  {Prototype.text(self.structured_outputs)}",
            "Captures:", *(captures or ["  None"]),
        ])  # fmt: skip

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.function_type} at 0x{id(self):X}>"

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"

    # What became of it.

    @property
    def passes(self) -> Any:
        """The graph after each pass of the optimiser."""
        return self._executable().passes

    @property
    def compiled_graph(self) -> Graph | None:
        """The graph as the optimiser left it when it last ran; None when it was not compiled."""
        found = self._last()
        return None if found is None else found.passes[-1].graph

    @property
    def source(self) -> str:
        """The program that was generated."""
        return self._executable().source

    def explain(self) -> Any:
        """What the compiler made of it: nodes, kernels, bytes moved, memory."""
        return self._executable().explain()

    def _executable(self) -> Any:
        found = self._last()
        if found is not None:
            return found
        if self.is_general or self._stand_ins:
            raise FailedPreconditionError(
                message(self.graph.name, str(self.function_type), "it was not compiled yet, "
                        "because some of its sizes are open", "a graph is compiled for the sizes "
                        "of its first call", "call it once")
            )  # fmt: skip
        return self._function.executable([x._array for x in self.graph.inputs])

    def _last(self) -> Any:
        """What was compiled last, for a choice of variables if there was one."""
        for function in [*self._bound.values(), self._function]:
            if function._compiled:
                return list(function._compiled.values())[-1]
        return None


def _rebound(graph: Graph, instead: dict[int, Variable]) -> Graph:
    """A copy of a graph that reads and writes other variables."""

    def again(*values: Any) -> list:
        tracer: Any = state.interpreter
        tracer.instead = instead
        return replay(graph, values)

    labels = [x._label for x in graph.inputs]
    specs = [x._array for x in graph.inputs]
    return trace(again, specs, graph.name, labels, graph.kind, graph.tracer.outer)


def _word(dtype: Any) -> str:
    words = {"float32": "float", "float64": "double"}
    return words.get(dtype.name) or dtype.name


def _label(x: Any) -> str:
    return f"{x.name}" if isinstance(x, Variable) else "tensor"

"""Writes the nodes of one ONNX graph; the mappings of ops call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.graph.control import CondOp
from minitensor.graph.custom import TracedCustomOp
from minitensor.graph.dynamic import DynamicOp, Hole, put_in
from minitensor.graph.ir import Graph, Node, is_variable
from minitensor.graph.names import UniqueNames
from minitensor.op import Op

__all__ = ["Exporter", "Mappings", "Part", "Unmapped", "type_of"]

TYPES = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7,
    "string": 8, "bool": 9, "float16": 10, "float64": 11, "uint32": 12, "uint64": 13,
    "complex64": 14, "complex128": 15, "bfloat16": 16,
}  # fmt: skip
"""ONNX's numbers of dtypes."""


class Mappings(dict[str, Callable]):
    """Of ops, by their names: functions `(exporter, *inputs, **attrs)` that write them."""

    def of(self, *names: str) -> Callable[[Callable], Callable]:
        """Register a function; without names, for the op of its own name."""

        def register(function: Callable) -> Callable:
            for name in names or (function.__name__.rstrip("_"),):
                self[name] = function
            return function

        return register


class Unmapped(Exception):  # noqa: N818 - becomes an UnimplementedError
    """What ONNX has nothing for."""

    def __init__(self, what: str, fault: str, fix: str):
        super().__init__(fault)
        self.what, self.fault, self.fix = what, fault, fix


class Part:
    """A part of an attribute that only running tells: the result `name`."""

    def __init__(self, name: str):
        self.name = name


def type_of(x: Any) -> int:
    """ONNX's number of the dtype of a value."""
    return TYPES[x.dtype.name]


class Exporter:
    """Collects nodes and constants. Results are strings: the names that ONNX knows them by."""

    def __init__(self, helper: Any, mappings: dict[str, Callable], outer: Exporter | None = None):
        self.helper, self.mappings, self.outer = helper, mappings, outer
        self.nodes: list = []
        self.names: dict[int, str] = {} if outer is None else dict(outer.names)
        self.initializers: list = [] if outer is None else outer.initializers
        self.unique: UniqueNames = UniqueNames() if outer is None else outer.unique
        self._constants: dict[tuple, str] = {} if outer is None else outer._constants
        self.node: Any = None

    def append(self, graph: Graph) -> None:
        """Write all nodes of a graph, whose inputs have names."""
        for outer, inner in graph.captures:
            self.names[id(inner)] = self.constant(to_numpy(outer._array), inner._label)
        for node in graph.nodes:
            self._append(node)

    def _append(self, node: Node) -> None:
        op = node.op
        self.node = node
        if isinstance(op, CondOp):
            found: Any = self._branch(node)
        elif isinstance(op, TracedCustomOp):
            first, count = op.counts
            found = [self.name(x) for x in node.inputs[first : first + count]]
        else:
            found = self._mapped(op, node)
        found = [found] if isinstance(found, str) else list(found)
        for x, name in zip(node.outputs, found, strict=True):
            self.names[id(x)] = name

    def _mapped(self, op: Op, node: Node) -> Any:
        mapping = self.mappings.get(op.name)
        if mapping is None or any(graph.nodes for graph in op.graphs):
            raise self._unmapped(op)
        inputs, attrs = list(node.inputs), dict(node.attrs)
        if isinstance(op, DynamicOp):
            parts = [Part(self.name(x)) for x in inputs[-op.holes :]]
            inputs = inputs[: -op.holes]
            attrs = {key: put_in(value, parts) for key, value in attrs.items()}
        return mapping(self, *inputs, **attrs)

    def _unmapped(self, op: Op) -> Unmapped:
        why, fix = "ONNX has no operator for it", "leave this step outside of the model"
        if op.name == "while_loop":
            why = "loops with a state are not exported"
            fix = "use a Python range, which unrolls the loop"
        elif op.name.startswith(("random_", "next_seed", "dropout")):
            why = "it is random, and a model computes the same each time"
            fix = "trace the function as it is used after training"
        elif op.name == "assign_variable":
            why, fix = "a model changes no variables", "return the new value"
        elif op.name == "gradient":
            why, fix = "its sizes are open", "trace the function for fixed sizes"
        return self.refusal(why, fix)

    def refusal(self, fault: str, fix: str) -> Unmapped:
        """The error for the node that is being written."""
        line = f" at {self.node.source}" if self.node.source else ""
        return Unmapped(f"the op {self.node.op.name}{line}", fault, fix)

    def _branch(self, node: Node) -> list[str]:
        """A node `If` for two branches; for more, one inside the other."""
        which, *values = node.inputs
        branches = node.op.graphs
        name, count = self.name(which), len(node.outputs)
        if which.dtype.kind == "b":
            return self._if(name, lambda e: e._inside(branches[0], values),
                            lambda e: e._inside(branches[1], values), count)  # fmt: skip
        return self._one_of(name, which, branches, values, count, 0)

    def _one_of(
        self, name: str, which: Any, branches: Sequence, values: list, count: int, first: int
    ) -> list[str]:
        if first == len(branches) - 1:
            return self._inside(branches[first], values)
        number = self.constant(np.array(first, which.dtype.as_numpy_dtype))
        return self._if(
            self.add("Equal", name, number),
            lambda e: e._inside(branches[first], values),
            lambda e: e._one_of(name, which, branches, values, count, first + 1),
            count,
        )

    def _if(self, which: str, yes: Callable, no: Callable, count: int) -> list[str]:
        graphs = []
        for label, write in (("then", yes), ("else", no)):
            inner = Exporter(self.helper, self.mappings, self)
            inner.node = self.node
            results = []
            for given, x in zip(write(inner), self.node.outputs, strict=True):
                name = inner.add("Identity", given)
                shape = None if x.shape.rank is None else [None] * x.shape.rank
                results.append(self.helper.make_tensor_value_info(name, type_of(x), shape))
            graphs.append(self.helper.make_graph(inner.nodes, self.unique(label), [], results))
        found = self.add("If", which, outputs=count, then_branch=graphs[0], else_branch=graphs[1])
        return [found] if isinstance(found, str) else found

    def _inside(self, graph: Graph, values: list) -> list[str]:
        node = self.node
        for inner, x in zip(graph.inputs, values, strict=False):
            self.names[id(inner)] = self.name(x)
        self.append(graph)
        self.node = node
        return [self.name(x) for x in graph.outputs]

    # What mappings use.

    def name(self, x: Any) -> str:
        """The name of a value; constants and variables become initialisers."""
        found = self.names.get(id(x))
        if found is None:
            if is_variable(x):
                found = self.constant(to_numpy(x._value._array), x._label)
            else:
                found = self.constant(to_numpy(getattr(x, "known", None)), x._label)
            self.names[id(x)] = found
        return found

    def add(self, operator: str, *inputs: Any, outputs: Any = 1, **attrs: Any) -> Any:
        """Append an operator; the name of its result, or a list of names.

        Inputs are names, arrays, or values of the graph; None leaves one out.
        """
        names = [self._input(x) for x in inputs]
        while names and not names[-1]:
            names.pop()
        if isinstance(outputs, int):
            base = self.node.name or operator
            outputs = [self.unique(base) for _ in range(outputs)]
        attrs = {key: value for key, value in attrs.items() if value is not None}
        self.nodes.append(self.helper.make_node(operator, names, outputs, **attrs))
        return outputs[0] if len(outputs) == 1 else outputs

    def _input(self, x: Any) -> str:
        if x is None or isinstance(x, str):
            return x or ""
        if isinstance(x, (np.ndarray, np.generic)):
            return self.constant(np.asarray(x))
        return self.name(x)

    def constant(self, array: Any, label: str = "Const") -> str:
        """An initialiser; one for all uses of small equal arrays."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes() if array.dtype.kind != "O" else None)
        if array.size <= 16 and array.dtype.kind != "O" and key in self._constants:
            return self._constants[key]
        name = self.unique(label)
        if array.dtype.kind == "O":
            values = [bytes(x) for x in array.ravel().tolist()]
            made = self.helper.make_tensor(name, TYPES["string"], array.shape, values)
        else:
            made = self._tensor(name, array)
        self.initializers.append(made)
        self._constants[key] = name
        return name

    def _tensor(self, name: str, array: np.ndarray) -> Any:
        kind = TYPES[array.dtype.name]
        return self.helper.make_tensor(name, kind, array.shape, array.tobytes(), raw=True)

    def like(self, x: Any, value: Any) -> np.ndarray:
        """A number of the dtype of a value."""
        return np.array(value, x.dtype.as_numpy_dtype)

    def cast(self, x: Any, dtype: Any) -> str:
        """A value in another dtype, named as minitensor names it."""
        return self.add("Cast", x, to=TYPES[str(dtype)])

    def vector(self, values: Any) -> Any:
        """Sizes or axes as an int64 vector: an array, or the name of one that is put together."""
        if isinstance(values, Part):
            return self.add("Reshape", self.cast(values.name, "int64"), np.array([-1]))
        values = [values] if isinstance(values, (int, np.integer)) else list(values)
        if not any(isinstance(v, (Part, Hole)) for v in values):
            return np.array(values, np.int64)
        pieces = [
            self.vector(v) if isinstance(v, Part) else np.array([v], np.int64) for v in values
        ]
        return self.add("Concat", *pieces, axis=0) if len(pieces) > 1 else pieces[0]

    def shape(self, x: Any) -> Any:
        """The shape of a value as an int64 vector."""
        if x.shape.is_fully_defined():
            return np.array(tuple(x.shape), np.int64)
        return self.add("Shape", x)

"""A module as plain data: its objects, variables, functions and graphs as tables of JSON.

Tables refer to their entries by number. A graph comes after the graphs inside of it. Within a
graph, values are numbered: inputs, captured tensors, then the results of each node in turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.dtypes import as_dtype
from minitensor.errors import UnimplementedError, message, shorten
from minitensor.graph.call import CallOp
from minitensor.graph.concrete import ConcreteFunction
from minitensor.graph.control import CondOp
from minitensor.graph.custom import TracedCustomOp
from minitensor.graph.dynamic import DynamicOp
from minitensor.graph.function import Function
from minitensor.graph.gradient import GradientOp
from minitensor.graph.ir import Graph, Node
from minitensor.graph.loops import WhileOp
from minitensor.graph.names import UniqueNames
from minitensor.graph.signature import Weak
from minitensor.graph.symbol import Symbol
from minitensor.module import Module
from minitensor.op import REGISTRY
from minitensor.saved_model.restored import RestoredFunction
from minitensor.saved_model.values import NotPlain, array_to_json, encoded, name_of
from minitensor.tensor import IndexedSlices, Operand, Tensor, TensorSpec
from minitensor.variable import Variable

__all__ = ["Writer", "attributes"]


class Writer:
    """Collects what has to be written, each thing once."""

    def __init__(self) -> None:
        self.tensors: dict[str, np.ndarray] = {}
        self.variables: list[dict] = []
        self.constants: list[dict] = []
        self.graphs: list[dict] = []
        self.functions: list[dict] = []
        self.objects: list[dict] = []
        self._numbers: dict[tuple[int, str], int] = {}
        self._kept: list = []

    def content(self) -> dict:
        """The tables."""
        names = ("objects", "functions", "graphs", "variables", "constants")
        return {name: getattr(self, name) for name in names}

    def _once(self, thing: Any, table: list, make: Callable[[Any], Any], way: str = "") -> int:
        """The number of a thing in its table, to which it is added when it is new."""
        found = self._numbers.get((id(thing), way))
        if found is None:
            entry = make(thing)
            found = self._numbers[id(thing), way] = len(table)
            self._kept.append(thing)
            table.append(entry)
        return found

    # Objects.

    def module(self, module: Module) -> int:
        """The number of a module, a list, a tuple or a dict that holds what is saved."""
        entry: dict = {"kind": "module", "class": type(module).__name__, "name": module.name}
        number = self._numbers[id(module), ""] = len(self.objects)
        self._kept.append(module)
        self.objects.append(entry)
        entry["parts"] = self._parts(attributes(module))
        return number

    def _parts(self, named: Sequence[tuple[Any, Any]]) -> list:
        found = [[key, self._reference(value)] for key, value in named]
        return [pair for pair in found if pair[1] is not None]

    def _reference(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return {"variable": self.variable(value)}
        if isinstance(value, (Function, RestoredFunction)):
            return {"function": self._once(value, self.functions, self._function)}
        if isinstance(value, Module):
            known = self._numbers.get((id(value), ""))
            return {"object": self.module(value) if known is None else known}
        if isinstance(value, (list, tuple, Mapping)) and nest.is_nested(value):
            return self._container(value)
        return None

    def _container(self, value: Any) -> Any:
        known = self._numbers.get((id(value), ""))
        if known is not None:
            return {"object": known}
        mapping = isinstance(value, Mapping)
        kind = "dict" if mapping else "list" if isinstance(value, list) else "tuple"
        number = self._numbers[id(value), ""] = len(self.objects)
        entry: dict = {"kind": kind}
        self.objects.append(entry)
        self._kept.append(value)
        items = value.items() if mapping else enumerate(value)
        entry["parts"] = self._parts([(k, v) for k, v in items if isinstance(k, (str, int))])
        return {"object": number}

    def variable(self, variable: Variable) -> int:
        """The number of a variable."""
        return self._once(variable, self.variables, self._variable)

    def _variable(self, variable: Variable) -> dict:
        shape = None if variable.shape.rank is None else list(variable.shape)
        key = f"variable/{len(self.variables)}"
        return {
            "name": variable._name,
            "trainable": variable.trainable,
            "shape": shape,
            "value": array_to_json(variable._array, key, self.tensors),
        }

    # Functions.

    def _function(self, function: Any) -> dict:
        if isinstance(function, Function) and function.input_signature is not None:
            function.get_concrete_function()
        return {
            "name": function.__name__,
            "parameters": [_parameter(p) for p in function.function_type.parameters.values()],
            "traces": [self.trace(c) for c in function.concrete_functions if _can_be_called(c)],
        }

    def trace(self, concrete: ConcreteFunction) -> dict:
        """One trace: what it takes, its graph, and how its results are arranged."""
        name = concrete.graph.name
        try:
            takes = structure(concrete.structured_input_signature)
        except NotPlain as error:
            raise _refusal(
                name, f"the argument {shorten(str(error))}", "it is not a tensor, nor a number, "
                "string, or structure of these", "a saved function is called where the objects of "
                "this program do not exist", "read it inside the function, or pass tensors"
            ) from None  # fmt: skip
        outputs = {id(x): i for i, x in reversed(list(enumerate(concrete.graph.outputs)))}
        return {
            "takes": takes,
            "gives": structure(concrete.structured_outputs, outputs),
            "graph": self.graph(concrete.graph),
        }

    def signature(self, name: str, concrete: ConcreteFunction) -> dict:
        """A trace whose tensors are passed by name, and whose results are a flat dict."""
        graph = concrete.graph
        results = _named_results(name, concrete)
        places = [next(i for i, y in enumerate(graph.outputs) if y is x) for x in results.values()]
        unique = UniqueNames()
        named = [unique(_identifier(x._label)) for x in graph.inputs]
        return {
            "takes": [
                structure(TensorSpec(x.shape, x.dtype, name))
                for x, name in zip(graph.inputs, named, strict=True)
            ],
            "gives": dict(zip(results, places, strict=True)),
            "graph": self.graph(graph),
        }

    # Graphs.

    def graph(self, graph: Graph, closed: bool = False) -> int:
        """The number of a graph; in a `closed` one, what it captured are further inputs."""
        way = "closed" if closed else ""
        return self._once(graph, self.graphs, lambda g: _GraphWriter(self, g).written(closed), way)

    def constant(self, array: Any) -> int:
        """The number of a constant."""
        return self._once(array, self.constants, self._constant)

    def _constant(self, array: Any) -> dict:
        return array_to_json(array, f"constant/{len(self.constants)}", self.tensors)


class _GraphWriter:
    """One graph as JSON."""

    def __init__(self, writer: Writer, graph: Graph):
        self.writer, self.graph = writer, graph
        self.numbers: dict[int, int] = {}

    def written(self, closed: bool) -> dict:
        graph = self.graph
        inner = [symbol for _, symbol in graph.captures]
        inputs = [*graph.inputs, *inner] if closed else graph.inputs
        self._number(graph.inputs)
        self._number(inner)
        return {
            "name": name_of(graph.name),
            "kind": graph.kind,
            "inputs": [{"name": name_of(x._label), **_spec(x)} for x in inputs],
            "captures": [] if closed else [self._captured(*pair) for pair in graph.captures],
            "nodes": [self.node(node) for node in graph.nodes],
            "outputs": [self.reference(x) for x in graph.outputs],
        }

    def _number(self, values: Sequence) -> None:
        for x in values:
            self.numbers[id(x)] = len(self.numbers)

    def _captured(self, outer: Any, inner: Any) -> dict:
        return {"name": name_of(inner._label), "constant": self.writer.constant(outer._array)}

    def reference(self, x: Any) -> Any:
        """A value of the graph by its number; variables and constants by theirs."""
        if isinstance(x, Variable):
            return {"variable": self.writer.variable(x)}
        known = self.numbers.get(id(x))
        if known is not None:
            return known
        array = x.known if isinstance(x, Symbol) else x._array
        return {
            "constant": self.writer.constant(array),
            "name": name_of(getattr(x, "_label", "Const")),
        }

    def node(self, node: Node) -> dict:
        try:
            entry = self._op(node)
            attrs = {key: encoded(value) for key, value in node.attrs.items()}
        except NotPlain as error:
            line = f", in {node.source}" if node.source else ""
            raise _refusal(
                self.graph.name, f"{node.op.name}{line}", f"it needs {shorten(str(error))}, which "
                "only this program has", "a saved function is data: what runs Python code cannot "
                "be part of it", "leave this step outside of the saved function, or write it with "
                "minitensor's ops",
            ) from None  # fmt: skip
        inputs = [self.reference(x) for x in node.inputs]
        self._number(node.outputs)
        path = name_of(f"{node.scope}/{node.name}" if node.scope else node.name)
        return {
            **entry, "name": path, "inputs": inputs, "attrs": attrs,
            "gives": [_spec(x) for x in node.outputs],
        }  # fmt: skip

    def _op(self, node: Node) -> dict:
        """What op it is, and what is inside of it."""
        op = node.op
        if REGISTRY.get(op.name) is op:
            if op.name == "call_python":
                raise NotPlain(f"the Python function {node.attrs.get('func')!r}")
            if str(node.attrs.get("output_stream", "")).startswith("file:"):
                raise NotPlain(f"the file {node.attrs['output_stream']!r}")
            return {"op": op.name}
        if isinstance(op, DynamicOp):
            return {"op": op.base.name, "kind": "dynamic", "holes": op.holes}
        for kind, word, inside in _INSIDE:
            if isinstance(op, kind):
                return {"op": op.name, "kind": word, **inside(self, op)}
        raise NotPlain(f"the op {op.name}")

    def _graphs(self, op: Any) -> dict:
        return {"graphs": [self.writer.graph(graph, closed=True) for graph in op.graphs]}

    def _custom(self, op: TracedCustomOp) -> dict:
        return {**self._graphs(op), "counts": list(op.counts), "places": list(op.gives)}

    def _loop(self, op: WhileOp) -> dict:
        parts = {key: getattr(op, key) for key in ("loops", "rows", "reverse", "count")}
        return {**self._graphs(op), **parts}

    def _gradient(self, op: GradientOp) -> dict:
        values = {key: i for i, key in enumerate(op.keys)}
        specs = {id(x): _spec(x) for node in op.nodes for x in (*node.inputs, *node.outputs)}
        nodes = []
        for node in op.nodes:
            nodes.append({
                **self._op(node),
                "inputs": [values[id(x)] for x in node.inputs],
                "outputs": [values[id(x)] for x in node.outputs],
                "attrs": {key: encoded(value) for key, value in node.attrs.items()},
            })  # fmt: skip
        return {
            "nodes": nodes,
            "values": [specs[key] for key in values],
            "targets": [values[key] for key in op.targets],
            "sources": [values[key] for key in op.sources],
        }


_INSIDE: list[tuple[type, str, Callable]] = [
    (CallOp, "call", _GraphWriter._graphs),
    (CondOp, "cond", _GraphWriter._graphs),
    (WhileOp, "while", _GraphWriter._loop),
    (GradientOp, "gradient", _GraphWriter._gradient),
    (TracedCustomOp, "custom", _GraphWriter._custom),
]


def structure(value: Any, outputs: dict[int, int] | None = None) -> Any:
    """Arguments or results: containers as such, tensors as specs or as numbers of results."""
    if isinstance(value, TensorSpec):
        shape = None if value.shape.rank is None else list(value.shape)
        return {"tensor": {"shape": shape, "dtype": value.dtype.name, "name": name_of(value.name)}}
    if outputs is not None and isinstance(value, Tensor):
        return {"output": outputs[id(value)]}
    if outputs is not None and isinstance(value, IndexedSlices):
        parts = [value.values, value.indices, value.dense_shape]
        return {"rows": [outputs[id(x)] for x in parts if x is not None]}
    if isinstance(value, (Operand, IndexedSlices)):
        raise NotPlain(f"{value!r}")
    if isinstance(value, Mapping):
        return {"dict": [[encoded(k), structure(v, outputs)] for k, v in value.items()]}
    if hasattr(value, "_fields"):
        items = [structure(v, outputs) for v in value]
        return {"namedtuple": type(value).__name__, "fields": list(value._fields), "items": items}
    if type(value) in (list, tuple):
        return {type(value).__name__: [structure(v, outputs) for v in value]}
    return {"value": encoded(value)}


def _spec(x: Any) -> dict:
    shape = x._array.shape
    dtype = as_dtype(x._array.dtype).name
    return {"dtype": dtype, "shape": None if shape is None else list(shape)}


def _can_be_called(concrete: ConcreteFunction) -> bool:
    """Whether a trace can still be called: it needs no other trace, and no object that is gone."""
    held = [x for x in nest.flatten(concrete._prototype._held) if isinstance(x, Weak)]
    return not concrete.is_local and all(x.ref() is not None for x in held)


def _parameter(parameter: Any) -> dict:
    found = {"name": parameter.name, "kind": parameter.kind.name}
    if parameter.default is not parameter.empty:
        try:
            found["default"] = structure(parameter.default)
        except NotPlain:
            found["default"] = {"value": None}
    return found


def attributes(module: Module) -> list[tuple[str, Any]]:
    """The attributes that may hold something to save, and the traced methods."""
    ignored = module._TF_MODULE_IGNORED_PROPERTIES
    found = {k: x for k, x in vars(module).items() if isinstance(k, str) and k not in ignored}
    for kind in type(module).__mro__:
        for key, value in vars(kind).items():
            if isinstance(value, Function):
                found.setdefault(key, getattr(module, key))
    return sorted(found.items())


def _identifier(label: str) -> str:
    """A name for a parameter."""
    found = re.sub(r"\W", "_", label)
    return found if found.isidentifier() and not iskeyword(found) else f"_{found}"


def _named_results(name: str, concrete: ConcreteFunction) -> dict[str, Any]:
    results = concrete.structured_outputs
    if isinstance(results, Tensor):
        return {"output_0": results}
    if isinstance(results, Mapping):
        named = {key: value for key, value in results.items()}
    elif isinstance(results, (list, tuple)):
        named = {f"output_{i}": value for i, value in enumerate(results)}
    else:
        named = {"output_0": results}
    for key, value in named.items():
        if not isinstance(value, Tensor) or not isinstance(key, str):
            raise _refusal(
                f"signature {name!r}", f"a function that returns {results!r}",
                f"Got a non-Tensor value {value!r} for key {key!r} in the output of the function "
                f"{concrete.graph.name} used to generate the SavedModel signature {name!r}",
                "Outputs for functions used as signatures must be a single Tensor, a sequence of "
                "Tensors, or a dictionary from string to Tensor", "return such a dictionary",
            )  # fmt: skip
    return dict(sorted(named.items()))


def _refusal(subject: str, given: str, fault: str, rule: str, fix: str) -> Exception:
    return NotSavedError(message(f"saved_model.save of {subject}", given, fault, rule, fix))


class NotSavedError(UnimplementedError, ValueError):
    """Something that a file cannot hold."""

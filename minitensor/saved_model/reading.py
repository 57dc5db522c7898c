"""Tables of JSON as a module again. Nothing in them is trusted, and nothing in them is run."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from inspect import Parameter, Signature
from types import MappingProxyType
from typing import Any

import numpy as np

from minitensor.graph.concrete import ConcreteFunction, Record, traced
from minitensor.graph.signature import Arguments, Parameters
from minitensor.op import state
from minitensor.saved_model.checks import checked, entry_of, label_of
from minitensor.saved_model.graphs import GraphReader
from minitensor.saved_model.restored import Restored, RestoredFunction
from minitensor.saved_model.values import Broken, array_from_json, decoded, dtype_of, shape_of
from minitensor.shapes import TensorShape
from minitensor.tensor import IndexedSlices, Tensor, TensorSpec
from minitensor.variable import Variable

__all__ = ["Reader"]


class Reader:
    """Reads the tables in order; an entry refers to what was read before it."""

    def __init__(self, content: dict, tensors: dict[str, np.ndarray]):
        self.content, self.tensors = content, tensors
        self.constants = [Tensor(array_from_json(x, tensors)) for x in _table(content, "constants")]
        self.variables = [self._variable(x) for x in _table(content, "variables")]
        self._check_all_tensors_are_used()
        self.graphs: list[GraphReader] = []
        for entry in _table(content, "graphs"):
            self.graphs.append(GraphReader(self, entry))
        self.functions = [self._function(x) for x in _table(content, "functions")]
        self.objects = self._objects(_table(content, "objects"))

    def root(self) -> Restored:
        """The module that was saved."""
        root = self.objects[0]
        if not isinstance(root, Restored):
            raise Broken("its first object is no module")
        named = checked(self.content["signatures"], dict)
        found = {name: self._signature(name, entry) for name, entry in named.items()}
        vars(root)["signatures"] = MappingProxyType(found)
        return root

    def _check_all_tensors_are_used(self) -> None:
        entries = [*self.content["constants"], *(v["value"] for v in self.content["variables"])]
        used = [x["tensor"] for x in entries if "tensor" in x]
        if len(set(used)) != len(used) or set(used) != set(self.tensors):
            raise Broken(f"its tensors are {sorted(self.tensors)}, and {sorted(used)} are used")

    def _variable(self, entry: dict) -> Variable:
        value = Tensor(array_from_json(entry["value"], self.tensors))
        shape = TensorShape(shape_of(entry["shape"]))
        made = Variable(value, trainable=checked(entry["trainable"], bool), shape=shape)
        made._name = checked(entry["name"], str)
        return made

    # Objects.

    def _objects(self, entries: list) -> list:
        made = [self._empty(entry) for entry in entries]
        parts = [[(key, self._part(x, made)) for key, x in entry["parts"]] for entry in entries]
        for entry, thing, named in zip(entries, made, parts, strict=True):
            for key, value in named:
                if entry["kind"] == "module":
                    vars(thing)[_attribute(key)] = value
                elif entry["kind"] == "dict":
                    thing[checked(key, (str, int))] = value
                else:
                    thing.append(value)
        return made

    def _empty(self, entry: dict) -> Any:
        kind = entry["kind"]
        if kind == "module":
            return Restored(entry["name"])
        if kind not in ("list", "tuple", "dict"):
            raise Broken(f"there is no kind of object called {kind!r}")
        return {} if kind == "dict" else []

    def _part(self, entry: dict, made: list) -> Any:
        ((kind, number),) = checked(entry, dict).items()
        tables = {"variable": self.variables, "function": self.functions, "object": made}
        if kind not in tables:
            raise Broken(f"there is no kind of part called {kind!r}")
        return entry_of(tables[kind], number, kind)

    # Functions.

    def _function(self, entry: dict) -> RestoredFunction:
        parameters = Signature([_parameter(p) for p in entry["parameters"]])
        name = checked(entry["name"], str)
        return RestoredFunction(name, parameters, [
            self._trace(name, parameters, trace) for trace in checked(entry["traces"], list)
        ])  # fmt: skip

    def _trace(self, name: str, parameters: Signature, entry: dict) -> ConcreteFunction:
        args, kwargs = unpacked(entry["takes"])
        return self._concrete(name, parameters, tuple(args), kwargs, entry["gives"], entry["graph"])

    def _signature(self, name: str, entry: dict) -> ConcreteFunction:
        specs = [unpacked(x) for x in checked(entry["takes"], list)]
        kinds = [Parameter(s.name, Parameter.KEYWORD_ONLY) for s in specs]
        kwargs = {spec.name: spec for spec in specs}
        gives = {"dict": [[k, {"output": i}] for k, i in entry["gives"].items()]}
        in_trace = sorted(kwargs)
        order = [in_trace.index(spec.name) for spec in specs]
        if len(in_trace) != len(specs):
            raise Broken("a signature has two arguments of one name")
        return self._concrete(name, Signature(kinds), (), kwargs, gives, entry["graph"], order)

    def _concrete(
        self, name: str, parameters: Signature, args: tuple, kwargs: dict, gives: Any, number: Any,
        order: Sequence[int] | None = None,
    ) -> ConcreteFunction:  # fmt: skip
        """A trace: the graph is appended, node by node, to the trace of a function of no code."""
        reader = entry_of(self.graphs, number, "graph")

        def run(*given: Any, **named: Any) -> Any:
            tracer: Any = state.interpreter
            given = tracer.graph.inputs
            inputs = given if order is None else [given[i] for i in order]
            reader.check_inputs(inputs)
            return unpacked(gives, reader.append(inputs))

        run.__signature__ = parameters  # type: ignore[attr-defined]
        template = Arguments(args, kwargs, Parameters(run))
        if len(template.tensors) != len(reader.entry["inputs"]):
            raise Broken(f"{name} takes other arguments than its graph")
        result = traced(run, template, template.shapes, (), reader.entry["name"], False)
        return ConcreteFunction(name, template, result, Record())


def unpacked(entry: Any, outputs: Sequence = ()) -> Any:
    """Arguments or results as they were packed by `structure`."""
    entry = checked(entry, dict)
    if "namedtuple" in entry:
        kind: Any = namedtuple(entry["namedtuple"], entry["fields"])
        return kind(*(unpacked(x, outputs) for x in entry["items"]))
    ((kind, inner),) = entry.items()
    if kind == "tensor":
        name = None if inner["name"] is None else label_of(inner["name"])
        return TensorSpec(shape_of(inner["shape"]), dtype_of(inner["dtype"]), name)
    if kind == "output":
        return entry_of(outputs, inner, "output")
    if kind == "rows":
        return IndexedSlices(*(entry_of(outputs, i, "output") for i in inner))
    if kind == "dict":
        return {decoded(k): unpacked(v, outputs) for k, v in inner}
    if kind == "value":
        return _listed(decoded(inner))
    if kind not in ("list", "tuple"):
        raise Broken(f"there is no structure called {kind!r}")
    found = [unpacked(x, outputs) for x in inner]
    return found if kind == "list" else tuple(found)


def _listed(value: Any) -> Any:
    if isinstance(value, tuple):
        raise Broken("a plain value is a sequence")
    return value


def _parameter(entry: dict) -> Parameter:
    kind = getattr(Parameter, checked(entry["kind"], str))
    default = unpacked(entry["default"]) if "default" in entry else Parameter.empty
    return Parameter(checked(entry["name"], str), kind, default=default)


def _table(content: dict, name: str) -> list:
    return checked(content[name], list)


def _attribute(key: Any) -> str:
    if not isinstance(key, str) or (key.startswith("__") and key != "__call__"):
        raise Broken(f"{key!r} is no name of an attribute")
    return key

"""A graph in TensorFlow's exchange format, `GraphDef`: what TensorBoard's graph page draws.

Each operation becomes a node with its inputs by name. Branches, loop bodies and called functions
become functions of the library, and their nodes name them. Variables are resources that
`ReadVariableOp` reads. Attributes are those of our ops: it is a picture of the graph, which
TensorFlow itself cannot run.

Source: tensorflow/core/framework/{graph,node_def,function,attr_value,tensor}.proto.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Any, ClassVar

import numpy as np

from minitensor.backend import to_numpy
from minitensor.dtypes import DType, as_dtype
from minitensor.errors import OpError
from minitensor.graph.ir import Graph, is_variable, short_file
from minitensor.graph.operations import Operation
from minitensor.shapes import TensorShape
from minitensor.wire import Message, layout

__all__ = ["AttrValue", "FunctionDef", "GraphDef", "NodeDef", "graph_def", "node_def"]

LARGEST = 1024
"""Constants with more elements are written without their values."""
PRODUCER = 2474
"""The version of the format, that of TensorFlow 2.21."""
TYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7,
    "complex64": 8, "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18,
    "float16": 19, "resource": 20, "uint32": 22, "uint64": 23,
}  # fmt: skip
_SPELLED = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}


class _Typed(Message):
    names: ClassVar = {
        number: f"DT_{_SPELLED.get(name, name.upper())}" for name, number in TYPES.items()
    }


class Dim(Message):
    """One size; -1 when it is not known."""

    fields = layout(size=(1, "int"), name=(2, "string"))


class ShapeProto(Message):
    """A shape."""

    fields = layout(dim=(2, Dim, "list"), unknown_rank=(3, "bool"))


class TensorProto(_Typed):
    """A value: all its bytes, or a list of its elements, of which the last may stand for more."""

    fields = layout(
        dtype=(1, "enum"), tensor_shape=(2, ShapeProto), tensor_content=(4, "bytes"),
        float_val=(5, "float", "list"), double_val=(6, "double", "list"),
        int_val=(7, "int", "list"), string_val=(8, "bytes", "list"),
        int64_val=(10, "int", "list"), bool_val=(11, "bool", "list"),
    )  # fmt: skip


class FunctionName(Message):
    """A function of the library."""

    fields = layout(name=(1, "string"))


class ListValue(_Typed):
    """Several values of an attribute."""

    fields = layout(
        s=(2, "bytes", "list"), i=(3, "int", "list"), f=(4, "float", "list"),
        b=(5, "bool", "list"), type=(6, "enum", "list"), shape=(7, ShapeProto, "list"),
    )  # fmt: skip


class AttrValue(_Typed):
    """An attribute: one of the fields is set."""

    fields = layout(
        list=(1, ListValue), s=(2, "bytes"), i=(3, "int"), f=(4, "float"), b=(5, "bool"),
        type=(6, "enum"), shape=(7, ShapeProto), tensor=(8, TensorProto), func=(10, FunctionName),
    )  # fmt: skip


class NodeDef(Message):
    """One operation, its inputs by name."""

    fields = layout(
        name=(1, "string"), op=(2, "string"), input=(3, "string", "list"), device=(4, "string"),
        attr=(5, AttrValue, "map"),
    )  # fmt: skip


class ArgDef(_Typed):
    """An argument or result of a function."""

    fields = layout(name=(1, "string"), type=(3, "enum"))


class Signature(Message):
    """Name, arguments and results of a function."""

    fields = layout(
        name=(1, "string"), input_arg=(2, ArgDef, "list"), output_arg=(3, ArgDef, "list"),
        is_stateful=(17, "bool"),
    )  # fmt: skip


class FunctionDef(Message):
    """A branch, a loop body, or a function that is called."""

    fields = layout(
        signature=(1, Signature), node_def=(3, NodeDef, "list"), ret=(4, "string", "map")
    )


class Library(Message):
    """The functions that nodes name."""

    fields = layout(function=(1, FunctionDef, "list"))


class Versions(Message):
    """Which version of the format it is."""

    fields = layout(producer=(1, "int"), min_consumer=(2, "int"))


class GraphDef(Message):
    """A whole graph."""

    fields = layout(node=(1, NodeDef, "list"), library=(2, Library), versions=(4, Versions))


def graph_def(graph: Graph, add_shapes: bool = False) -> GraphDef:
    """The graph as a `GraphDef`; with `add_shapes`, each node tells the shapes of its results."""
    writer = _Writer(add_shapes)
    nodes = writer.nodes(graph, _Names(graph))
    return GraphDef(
        node=nodes,
        library=Library(function=writer.library),
        versions=Versions(producer=PRODUCER, min_consumer=12),
    )


def node_def(operation: Operation) -> NodeDef:
    """One operation of a graph as a `NodeDef`."""
    return _Writer(False).node(operation, _Names(operation.graph))


class _Names:
    """How nodes name their inputs: `add` or `split:1`."""

    def __init__(self, graph: Graph):
        self.graph = graph

    def __call__(self, tensor: Any) -> str:
        maker = self.graph.operation_of(tensor)
        index = _index(maker, tensor)
        return f"{maker.name}:{index}" if index else maker.name


class _NamesInside(_Names):
    """The same in functions of the library: `x` for an argument, `add:output:0` else."""

    def __init__(self, graph: Graph, arguments: dict[int, str]):
        super().__init__(graph)
        self.arguments = arguments

    def __call__(self, tensor: Any) -> str:
        maker = self.graph.operation_of(tensor)
        return self.arguments.get(id(tensor)) or f"{maker.name}:output:{_index(maker, tensor)}"


def _index(maker: Operation, tensor: Any) -> int:
    return next(i for i, x in enumerate(maker.outputs) if x is tensor)


class _Writer:
    """Writes nodes, and collects the functions that they name."""

    def __init__(self, add_shapes: bool):
        self.add_shapes = add_shapes
        self.library: list[FunctionDef] = []

    def nodes(self, graph: Graph, names: _Names, left_out: Container[int] = ()) -> list[NodeDef]:
        operations = graph.get_operations()
        effects = [op.name for op in operations if op.node and op.node.op.stateful]
        found = []
        for op in operations:
            if id(op._thing) in left_out:
                continue
            made = self.node(op, names)
            if op.type == "NoOp" and op.node is None:
                made.input += [f"^{name}" for name in effects]
            elif effects and op.type == "Identity" and op.node is None:
                made.input.append("^NoOp")
            found.append(made)
        return found

    def node(self, op: Operation, names: _Names) -> NodeDef:
        attrs = {key: attr_value(value) for key, value in op.attrs.items() if value is not None}
        if op.type == "Placeholder":
            attrs["_user_specified_name"] = AttrValue(s=op.name.rpartition("/")[2].encode())
        if any(is_variable(x) for x in op.outputs):
            attrs["dtype"] = AttrValue(type=TYPES["resource"])
        if self.add_shapes:
            shapes = [shape_proto(x.shape) for x in op.outputs]
            attrs["_output_shapes"] = AttrValue(list=ListValue(shape=shapes))
        if op.source is not None:
            line = f"{short_file(op.source.file)}:{op.source.line}"
            attrs["_source_line"] = AttrValue(s=line.encode())
        if op.node is not None and op.node.op.graphs:
            attrs |= self.functions(op)
        inputs = [*map(names, op.inputs), *(f"^{x.name}" for x in op.control_inputs)]
        device = op.device or None
        return NodeDef(name=op.name, op=op.type, input=inputs, device=device, attr=attrs)

    def functions(self, op: Operation) -> dict[str, AttrValue]:
        """Put the graphs inside of an op into the library; the attributes that name them."""
        assert op.node is not None
        graphs = op.node.op.graphs
        kind = op.type.removeprefix("Stateful").removeprefix("Stateless")
        parts = _PARTS.get(kind, [(f"branch_{i}", f"branch{i}") for i in range(len(graphs))])
        found = {}
        for graph, (key, end) in zip(graphs, parts[-len(graphs) :], strict=True):
            whole = f"{op.name}_{end or graph.name}_{len(self.library)}"
            name = re.sub(r"[^A-Za-z0-9_]", "_", whole)
            self.function(graph, name)
            found[key] = AttrValue(func=FunctionName(name=name))
        return found

    def function(self, graph: Graph, name: str) -> None:
        made = FunctionDef()
        self.library.append(made)  # before what it calls in turn
        entered = [*graph.inputs, *(inner for _, inner in graph.captures), *graph.variables]
        arguments = {id(x): f"arg_{i}_{_argument(x)}" for i, x in enumerate(entered)}
        names = _NamesInside(graph, arguments)
        made.node_def = self.nodes(graph, names, arguments)
        results = [f"result_{i}" for i in range(len(graph.outputs))]
        made.ret = {key: names(x) for key, x in zip(results, graph.outputs, strict=True)}
        made.signature = Signature(
            name=name,
            input_arg=[ArgDef(name=arguments[id(x)], type=_type(x)) for x in entered],
            output_arg=[
                ArgDef(name=key, type=_type(x))
                for key, x in zip(results, graph.outputs, strict=True)
            ],
            is_stateful=graph.has_effects or None,
        )


_PARTS = {
    "If": [("then_branch", "true"), ("else_branch", "false")],
    "While": [("cond", "cond"), ("body", "body")],
    "PartitionedCall": [("f", "")],
}
"""The attributes that name functions, and what the functions' names end with."""


def _argument(x: Any) -> str:
    return re.sub(r"[^a-z0-9_]", "_", x._label.lower())


def _type(x: Any) -> int:
    return TYPES["resource"] if is_variable(x) else TYPES[x.dtype.name]


def shape_proto(shape: TensorShape) -> ShapeProto:
    """A shape for a message."""
    if shape.rank is None:
        return ShapeProto(unknown_rank=True)
    return ShapeProto(dim=[Dim(size=-1 if d is None else d) for d in shape])


def tensor_proto(array: Any) -> TensorProto:
    """A constant for a message; without its values when there are many."""
    array = np.asarray(to_numpy(array))
    shape = shape_proto(TensorShape(array.shape))
    if array.dtype.kind == "O":
        values = [bytes(x) for x in array.ravel()[:LARGEST]]
        return TensorProto(dtype=TYPES["string"], tensor_shape=shape, string_val=values)
    content = array.tobytes() if array.size <= LARGEST else None
    dtype = TYPES[as_dtype(array.dtype).name]
    return TensorProto(dtype=dtype, tensor_shape=shape, tensor_content=content)


def attr_value(value: Any) -> AttrValue:
    """An attribute for a message; as text where the format has nothing like it."""
    if isinstance(value, TensorShape):
        return AttrValue(shape=shape_proto(value))
    if isinstance(value, np.ndarray):
        return AttrValue(tensor=tensor_proto(value))
    if isinstance(value, (list, tuple)):
        for field, fits in _FITS:
            if all(fits(x) for x in value):
                return AttrValue(list=ListValue(**{field: [_plain(x) for x in value]}))
    for field, fits in _FITS:
        if fits(value):
            return AttrValue(**{field: _plain(value)})
    return AttrValue(s=repr(value).encode())


def _is_int(value: Any) -> bool:
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def _is_type(value: Any) -> bool:
    if not isinstance(value, (DType, np.dtype, type)):
        return False
    try:
        return as_dtype(value).name in TYPES
    except OpError:
        return False


def _plain(value: Any) -> Any:
    if _is_type(value):
        return TYPES[as_dtype(value).name]
    return value.encode() if isinstance(value, str) else value


_FITS: list[tuple[str, Callable[[Any], bool]]] = [
    ("i", _is_int),
    ("b", lambda x: isinstance(x, bool)),
    ("f", lambda x: isinstance(x, float)),
    ("s", lambda x: isinstance(x, (str, bytes))),
    ("type", _is_type),
]

"""Graphs as ONNX models, which other runtimes read.

Calls are copied in, variables become initialisers with the values they have now, branches become
`If`. Sizes that are open get names. Needs the extra `onnx`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from minitensor.backend import optional
from minitensor.errors import InvalidArgumentError, UnimplementedError, message
from minitensor.graph.ir import Graph
from minitensor.graph.onnx import arrays, elementwise, neural
from minitensor.graph.onnx.exporter import Exporter, Unmapped, type_of
from minitensor.graph.trace import replay, trace
from minitensor.scopes import init_scope

__all__ = ["export", "model_of"]

OPSET, IR_VERSION = 20, 10
MAPPINGS = {**elementwise.MAPPINGS, **arrays.MAPPINGS, **neural.MAPPINGS}


def export(graph: Graph, path: str | os.PathLike) -> None:
    """Write a graph as an ONNX model.

    Raises:
        UnavailableError: (also an ImportError) without the package onnx.
        UnimplementedError: for an op that ONNX has nothing like, or that has effects.
    """
    data = model_of(graph).SerializeToString()
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def model_of(graph: Graph) -> Any:
    """The graph as an `onnx.ModelProto`, checked."""
    onnx = optional("onnx", "onnx", "graph.export_onnx")
    if graph.tracer is None:
        raise InvalidArgumentError(
            message("graph.export_onnx", f"{graph!r}", "it is the record of a run, with values",
                    "a model is made of a traced function", "mt.function(f).get_concrete_function("
                    "mt.TensorSpec(…)).graph.export_onnx(path)")
        )  # fmt: skip
    graph = _without_calls(graph)
    exporter = Exporter(onnx.helper, MAPPINGS)
    inputs = []
    for x in graph.inputs:
        exporter.names[id(x)] = name = exporter.unique(x._label)
        inputs.append(onnx.helper.make_tensor_value_info(name, type_of(x), _dims(graph, x)))
    try:
        exporter.append(graph)
        outputs = [_output(onnx, exporter, i, x) for i, x in enumerate(graph.outputs)]
    except Unmapped as error:
        raise UnimplementedError(
            message("graph.export_onnx", error.what, error.fault, "a model holds ONNX's operators "
                    "and constants, and computes the same each time", error.fix)
        ) from None  # fmt: skip
    made = onnx.helper.make_graph(
        exporter.nodes, graph.name or "graph", inputs, outputs, exporter.initializers
    )
    model = onnx.helper.make_model(
        made, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
        producer_name="minitensor",
    )  # fmt: skip
    onnx.checker.check_model(model)
    return model


def _without_calls(graph: Graph) -> Graph:
    """A copy in which the graphs that are called are copied in."""
    labels = [x._label for x in graph.inputs]
    specs = [x._array for x in graph.inputs]
    with init_scope():
        return trace(lambda *xs: replay(graph, xs), specs, graph.name, labels, graph.kind)


def _dims(graph: Graph, x: Any) -> list | None:
    """The sizes of an input: open ones are called `batch`, or after the input and the axis."""
    if x.shape.rank is None:
        return None
    open_first = [y for y in graph.inputs if y.shape.rank and y.shape[0] is None]
    return [
        ("batch" if i == 0 and len(open_first) == 1 else f"{x._label}_{i}") if d is None else d
        for i, d in enumerate(x.shape)
    ]


def _output(onnx: Any, exporter: Exporter, i: int, x: Any) -> Any:
    name = exporter.unique(f"output_{i}")
    exporter.add("Identity", exporter.name(x), outputs=[name])
    shape = None if x.shape.rank is None else [None if d is None else d for d in x.shape]
    return onnx.helper.make_tensor_value_info(name, type_of(x), shape)

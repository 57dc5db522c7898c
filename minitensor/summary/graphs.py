"""Graphs for TensorBoard's graph page: a graph that is at hand, the ones that ran, Keras models.

A traced function's graph goes out in the message in which TensorFlow 2 sends it (`RunMetadata`): as
it was traced, and as the compiler left it.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from minitensor.eager import constant
from minitensor.errors import (
    ArgumentError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
    message,
    shorten,
)
from minitensor.graph.concrete import ConcreteFunction, watchers
from minitensor.graph.graphdef import TYPES, GraphDef, ShapeProto, TensorProto
from minitensor.graph.ir import Graph
from minitensor.graph.trace import Tracer
from minitensor.op import state
from minitensor.scopes import get_logger
from minitensor.summary.context import present
from minitensor.summary.messages import Event, FunctionGraphs, RunMetadata
from minitensor.summary.recording import clean, holds, record, step_number
from minitensor.summary.records import Kind

__all__ = ["graph", "graph_message", "keras_model", "trace_export", "trace_off", "trace_on"]


def graph(graph_data: Any) -> Any:
    """Record a graph for TensorBoard's graph page.

    Args:
        graph_data: a graph, its `GraphDef`, or a concrete function.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Shape: no tensors → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, and while a graph is written.

    Example:
        >>> import minitensor as mt
        >>> double = mt.function(lambda x: x + x)
        >>> mt.summary.graph(double.get_concrete_function(1.0))  # no writer: nothing happens
        <tf.Tensor: shape=(), dtype=bool, numpy=False>
    """
    if isinstance(state.interpreter, Tracer):
        raise InvalidArgumentError(
            "graph() cannot be invoked inside a graph context.\nIt writes a graph that is "
            "complete, at once. To fix it: call it after the function was traced, outside of it."
        )
    definition = graph_message(graph_data)
    here = present()
    if here.writer is None or not holds(here.condition):
        return constant(False)
    return constant(here.writer.put_event(Event(graph_def=definition.SerializeToString())))


def graph_message(graph_data: Any) -> GraphDef:
    """The `GraphDef` of what `graph` takes, with the shapes of all results."""
    graph_data = graph_data.graph if isinstance(graph_data, ConcreteFunction) else graph_data
    if isinstance(graph_data, Graph):
        return graph_data.as_graph_def(add_shapes=True)
    if isinstance(graph_data, GraphDef):
        return graph_data
    raise InvalidArgumentError(
        "Argument 'graph_data' is not tf.Graph or tf.compat.v1.GraphDef. Received graph_data="
        f"{shorten(graph_data)} of type {type(graph_data).__name__}.\nA graph is what a function "
        "was traced to. To fix it: pass function.get_concrete_function(…).graph."
    )


def keras_model(name: str, data: Any, step: Any = None) -> Any:
    """Record how a Keras model is made of layers, for the conceptual graph of TensorBoard.

    Args:
        name: the tag; name scopes come before it.
        data: the model; anything with a method `to_json` that gives Keras's description.
        step: None for the default step.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Shape: no tensors → ().

    Raises:
        ArgumentError: (also a TypeError) for what has no `to_json`, or one that gives no text.
        InvalidArgumentError: (also a ValueError) without a step.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.Input((2,)), mt.keras.layers.Dense(1)])
        >>> mt.summary.keras_model("model", model, step=0)  # no writer: nothing happens
        <tf.Tensor: shape=(), dtype=bool, numpy=False>
    """
    if not callable(getattr(data, "to_json", None)):
        raise ArgumentError(
            message("keras_model", f"data={shorten(data)}", "it has no method to_json",
                    "a model is recorded by its description", "pass a keras.Model")
        )  # fmt: skip
    text = data.to_json()
    if not isinstance(text, str):
        raise ArgumentError(
            message("keras_model", f"data={shorten(data)}",
                    f"its to_json() gives {shorten(text)}, which is no text",
                    "a model is recorded by its description in JSON", "pass a keras.Model")
        )  # fmt: skip
    return record(_MODEL, name, (clean(text),), step)


# What ran.


class _Here(threading.local):
    """The trace of this thread."""

    trace: _Trace | None = None


class _Trace:
    """The concrete functions that this thread runs while it is on, each once, in order."""

    def __init__(self) -> None:
        self.ran: dict[int, ConcreteFunction] = {}
        self._thread = threading.get_ident()

    def __call__(self, concrete: ConcreteFunction) -> None:
        mine = threading.get_ident() == self._thread
        if mine and not isinstance(state.interpreter, Tracer):  # else a part of another's graph
            self.ran.setdefault(id(concrete), concrete)


_here = _Here()


def trace_on(graph: bool = True, profiler: bool = False, profiler_outdir: Any = None) -> None:
    """From here on, remember which traced functions this thread runs, for `trace_export`.

    Args:
        graph: whether to remember graphs; there is nothing else to remember.
        profiler: TensorFlow's profiler, which is not here.
        profiler_outdir: TensorFlow's; it has no effect.

    Raises:
        UnimplementedError: (also a NotImplementedError) with `profiler=True`.
        InvalidArgumentError: (also a ValueError) with `graph=False`.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> square = mt.function(lambda x: x * x)
        >>> writer = mt.summary.create_file_writer(tempfile.mkdtemp())
        >>> mt.summary.trace_on()
        >>> y = square(3.0)
        >>> with writer.as_default():
        ...     mt.summary.trace_export("square", step=0)
        >>> writer.close()
    """
    if isinstance(state.interpreter, Tracer):
        open_graph = getattr(state.interpreter, "stays_open", False)
        get_logger().warning(
            "Must enable trace in eager mode." if open_graph
            else "Cannot enable trace inside a tf.function."
        )  # fmt: skip
        return
    _check_wishes(graph, profiler)
    if _here.trace is not None:
        get_logger().warning("Trace already enabled")
        return
    _here.trace = _Trace()
    watchers.append(_here.trace)


def _check_wishes(graph: bool, profiler: bool) -> None:
    if profiler:
        raise UnimplementedError(
            message("trace_on", "profiler=True", "there is no such profiler here",
                    "TensorFlow's writes files for a page that TensorBoard does not have by itself",
                    "leave it out; function.get_concrete_function(…).explain() says what the "
                    "compiler made of a function, in calls and bytes")
        )  # fmt: skip
    if not graph:
        raise InvalidArgumentError(
            message("trace_on", "graph=False", "then there is nothing to remember",
                    "a trace collects the graphs of functions that run", "write trace_on()")
        )  # fmt: skip


def trace_export(name: str, step: Any = None, profiler_outdir: Any = None) -> None:
    """Record the graph of the function that ran since `trace_on`, and end the trace.

    Of several functions the first is recorded as `name`, each other one as `name/` and what it is
    called. Functions count also when they had been traced before. Without a default writer, and
    where `record_if` says no, nothing is recorded and the trace goes on.

    Args:
        name: the tag on TensorBoard's graph page; name scopes come before it.
        step: None for the default step.
        profiler_outdir: TensorFlow's; it has no effect.

    Raises:
        InvalidArgumentError: (also a ValueError) without `trace_on`, and without a step.
        FailedPreconditionError: (also a RuntimeError) when no traced function ran.
    """
    if isinstance(state.interpreter, Tracer):
        open_graph = getattr(state.interpreter, "stays_open", False)
        get_logger().warning(
            "Can only export trace while executing eagerly." if open_graph
            else "Cannot export trace inside a tf.function."
        )  # fmt: skip
        return
    if _here.trace is None:
        raise InvalidArgumentError(
            "Must enable trace before export through tf.summary.trace_on.\nA trace is what ran "
            "between the two calls. To fix it: call tf.summary.trace_on() before the function."
        )
    here = present()
    if here.writer is None or not holds(here.condition):
        why = "there is no default writer" if here.writer is None else "record_if says no"
        get_logger().warning(
            "trace_export: %s, so nothing was written and the trace goes on. To fix it: call it "
            "within `with writer.as_default():`, where summaries are recorded.", why,
        )  # fmt: skip
        return
    step = step_number(here.step if step is None else step)
    _export(name, list(_here.trace.ran.values()), step)
    trace_off()


def trace_off() -> None:
    """End the trace of this thread without recording anything; without one nothing happens.

    Example:
        >>> import minitensor as mt
        >>> mt.summary.trace_on()
        >>> mt.summary.trace_off()
    """
    if _here.trace is not None:
        watchers.remove(_here.trace)
        _here.trace = None


def _export(name: str, ran: list[ConcreteFunction], step: int) -> None:
    if not ran:
        raise FailedPreconditionError(
            message("trace_export", f"name={name!r}", "no traced function ran since trace_on",
                    "ops that compute at once leave no graph; a function under @mt.function does",
                    "call one between trace_on and trace_export, in the same thread, with "
                    "mt.config.run_functions_eagerly(False)")
        )  # fmt: skip
    tags = _tags(name, ran)
    if len(tags) > 1:
        get_logger().warning(
            "trace_export: %d functions ran since trace_on; their graphs are under the tags %s",
            len(tags), ", ".join(tags),
        )  # fmt: skip
    for tag, concrete in zip(tags, ran, strict=True):
        record(_TRACE, tag, (_run_metadata(concrete).SerializeToString(),), step)


def _tags(name: str, ran: list[ConcreteFunction]) -> list[str]:
    found = [name]
    for concrete in ran[1:]:
        wanted = tag = f"{name}/{concrete.graph.name}"
        number = 1
        while tag in found:
            number += 1
            tag = f"{wanted}_{number}"
        found.append(tag)
    return found


def _run_metadata(concrete: ConcreteFunction) -> RunMetadata:
    """A function's graph, before and after the compiler; it all runs on one device."""
    before = graph_message(concrete)
    after = before
    compiled = concrete.compiled_graph
    if compiled is not None:
        after = compiled.as_graph_def(add_shapes=True)
    graphs = FunctionGraphs(
        partition_graphs=[after], pre_optimization_graph=before, post_optimization_graph=after
    )
    return RunMetadata(partition_graphs=[after], function_graphs=[graphs])


def _prepare(text: np.ndarray) -> bytes:
    return text.item()


def _encode(text: bytes) -> bytes:
    """A `TensorProto`: one string."""
    made = TensorProto(dtype=TYPES["string"], tensor_shape=ShapeProto(), string_val=[text])
    return made.SerializeToString()


_TRACE = Kind("trace_export", "graph_run_metadata_graph", _prepare, _encode, b"1")
_MODEL = Kind("keras_model", "graph_keras_model", _prepare, _encode, b"1")

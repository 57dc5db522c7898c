"""The cache of a traced function: one record per trace, and how often it was used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from minitensor.errors import DTypeError, message
from minitensor.graph.function import Function
from minitensor.graph.ir import Graph, type_text
from minitensor.views.records import ArgumentView, DifferenceView, TracesView, TraceView


def traces_view(function: Any) -> TracesView:
    """What a function under `mt.function` has traced, and why each time.

    Raises:
        DTypeError: (also a TypeError) for anything else.
    """
    if not isinstance(function, Function):
        raise DTypeError(
            message("traces", f"an object of type {type(function).__name__}",
                    "it has no cache of traces", "only functions under mt.function are traced",
                    "decorate the function with @mt.function")
        )  # fmt: skip
    graphs = {concrete.record.number: concrete.graph for concrete in function.concrete_functions}
    traces = [
        trace_view(i, trace, graphs.get(trace.number))
        for i, trace in enumerate(function.traces, start=1)
    ]
    return TracesView(
        getattr(function, "__name__", "function"), traces,
        calls=sum(trace.calls for trace in traces),
        hits=sum(trace.hits for trace in traces),
        misses=sum(trace.calls > 0 for trace in traces),
        bytes=sum(trace.bytes for trace in traces),
    )  # fmt: skip


def trace_view(number: int, trace: Any, graph: Graph | None) -> TraceView:
    """One trace as plain data; its graph knows which sizes were left open.

    Traces are numbered as they are kept: a first one that only made variables is none of them.
    """
    return TraceView(
        number, _signature(trace.signature, graph),
        trace.calls, max(0, trace.calls - 1), float(trace.seconds),
        int(trace.nodes), int(trace.bytes),
        [DifferenceView(*map(str, item)) for item in trace.differs], trace.fix,
    )  # fmt: skip


def _signature(signature: Sequence[tuple[str, str]], graph: Graph | None) -> list[ArgumentView]:
    """What the trace serves: as in its first call, but with `?` for sizes it leaves open."""
    texts = dict(signature)
    tensors = [name for name, text in signature if re.fullmatch(r"\w+\[.*\]", text)]
    if graph is not None and len(tensors) == len(graph.inputs):
        texts |= dict(zip(tensors, map(type_text, graph.inputs), strict=True))
    return [ArgumentView(name, text) for name, text in texts.items()]

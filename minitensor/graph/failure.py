"""Errors of running graphs: which node failed, and which line of the program made it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any

from minitensor.debugging import tracebacks
from minitensor.errors import OpError
from minitensor.graph.ir import Node, is_learners
from minitensor.graph.trace import Tracer
from minitensor.op import state

__all__ = ["located", "shortened", "shortening"]


def located(error: OpError, function: str) -> OpError:
    """An error of the same class that names the node and the learner's line, where it is known.

    What ran the graph leaves the node as `error.node`.
    """
    node: Any = getattr(error, "node", None)
    if not isinstance(node, Node) or node.origin is None or not error.args:
        return error
    line, name = node.source, node.name or node.op.name
    assert line is not None
    text = f"\n    {line.text}" if line.text else ""
    lesson = type(error)(
        f"Graph execution error:\n\nDetected at node {name} defined at (most recent call last):\n"
        f'  File "{line.file}", line {line.line}, in {node.origin[1].co_name}{text}\n\n'
        f"{error.args[0]}\n\t [[{{{{node {name}}}}}]] [Op:{function}]"
    )
    lesson.located = True  # type: ignore[attr-defined]
    return lesson


def shortened(error: Exception) -> Exception:
    """The same error; its traceback shows the learner's code and the generated program.

    `mt.debugging.disable_traceback_filtering()` brings back the frames of the engine.
    """
    if not tracebacks.filtered or isinstance(state.interpreter, Tracer):
        return error
    kept: list[TracebackType] = []
    trace = error.__traceback__
    while trace is not None:
        if is_learners(trace.tb_frame.f_code.co_filename):
            kept.append(trace)
        trace = trace.tb_next
    chain: TracebackType | None = None
    for trace in reversed(kept):
        chain = TracebackType(chain, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)
    return error.with_traceback(chain)


def shortening(function: Callable) -> Callable:
    """A function whose errors show the learner's frames, not the engine's."""

    @wraps(function)
    def shown(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            shortened(error)
            raise  # without a value, which would put this frame back

    return shown

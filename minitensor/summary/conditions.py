"""Whether summaries are recorded at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minitensor.eager import constant
from minitensor.op import State, state
from minitensor.summary.context import entered, present
from minitensor.summary.recording import Recording, holds, in_graph

__all__ = ["record_if", "should_record_summaries"]


@contextmanager
def record_if(condition: bool | Callable[[], Any] | Any) -> Iterator[None]:
    """Within it, summaries are recorded only when the condition holds.

    Args:
        condition: a bool, a bool tensor, or a function that gives one and is asked each time.

    Raises:
        InvalidArgumentError: (also a ValueError) where a summary asks for a condition that is not
            one truth value.
        ArgumentError: (also a TypeError) there, for a function that wants arguments.

    Example:
        >>> import minitensor as mt
        >>> for step in range(3):
        ...     with mt.summary.record_if(step % 2 == 0):
        ...         recorded = mt.summary.scalar("loss", 0.5, step)
    """
    with entered(condition=condition):
        yield


def should_record_summaries() -> Any:
    """Whether a summary that was recorded here would be written, as a bool tensor.

    Example:
        >>> bool(should_record_summaries())  # no writer
        False
    """
    here = present()
    if state.interpreter is State.interpreter:
        return constant(here.writer is not None and holds(here.condition))
    return in_graph(Recording(None), (), None, here)

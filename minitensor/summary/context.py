"""What summaries go to when nobody says so: the default writer, the default step, the condition.

Each thread has its own. Threads in which a dataset maps elements have those of the thread that asks
for the elements. A traced function asks for them each time it runs; what was entered while it was
traced belongs to its graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from minitensor.op import State, state

if TYPE_CHECKING:
    from minitensor.summary.writer import SummaryWriter

__all__ = ["Context", "entered", "present", "set_default", "set_step"]


class Context(NamedTuple):
    """Where to, at which step, and whether at all. `traced`: which of them a trace has entered."""

    writer: SummaryWriter | None = None
    step: Any = None
    condition: bool | Callable[[], Any] | Any = True
    traced: frozenset[str] = frozenset()


_NOTHING = Context()


def present() -> Context:
    """What holds in this thread now."""
    return state.summaries or _NOTHING


@contextmanager
def entered(**changes: Any) -> Iterator[Context]:
    """Within it, the writer, the step or the condition is another.

    Afterwards these are what they were before. What else was set inside stays, as in TensorFlow.
    """
    before = present()
    state.summaries = now = _changed(before, changes)
    try:
        yield now
    finally:
        fields = {name: getattr(before, name) for name in changes}
        of_these = before.traced & changes.keys()
        traced = present().traced - changes.keys() | of_these
        state.summaries = present()._replace(**fields, traced=traced)


def set_step(step: Any) -> None:
    """Set the default step of this thread, until it is set again; None for none."""
    set_default(step=step)


def set_default(**changes: Any) -> None:
    """Set the writer, the step or the condition of this thread, until it is set again."""
    state.summaries = _changed(present(), changes)


def _changed(before: Context, changes: dict[str, Any]) -> Context:
    tracing = state.interpreter is not State.interpreter
    traced = before.traced | changes.keys() if tracing else before.traced - changes.keys()
    return before._replace(**changes, traced=frozenset(traced))

"""Contexts for a stretch of a program: name scopes, devices, and stepping out of a trace.

Each is one field of this thread's `state`, set on entering and brought back on leaving.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from minitensor.device import placed
from minitensor.errors import InvalidArgumentError, message
from minitensor.op import State, state

__all__ = [
    "control_dependencies",
    "device",
    "get_current_name_scope",
    "get_logger",
    "init_scope",
    "name_scope",
]


class name_scope:  # noqa: N801 - TensorFlow's name
    """A name in front of the names of ops and variables made within.

    Scopes nest: `a/b`. A name that ends with `/` is the whole scope, whatever is around it; an
    empty one leaves all scopes.

    Example:
        >>> import minitensor as mt
        >>> with mt.name_scope("layer") as scope:
        ...     print(scope, mt.Variable(1.0, name="w").name)
        layer/ layer/w:0
    """

    def __init__(self, name: str):
        if not isinstance(name, str):
            raise InvalidArgumentError(
                message("name_scope", repr(name), "name for name_scope must be a string",
                        "names are put together with '/'", 'write mt.name_scope("block")')
            )  # fmt: skip
        self._name = name
        self._outer: list[str] = []

    @property
    def name(self) -> str:
        """The name as it was given."""
        return self._name

    def __enter__(self) -> str:
        self._outer.append(state.scope)
        unique = getattr(state.interpreter, "unique_scope", None)
        if self._name.endswith("/"):
            state.scope = self._name.rstrip("/")
        elif not self._name:
            state.scope = ""
        else:
            whole = f"{state.scope}/{self._name}" if state.scope else self._name
            state.scope = unique(whole) if unique is not None else whole
        return f"{state.scope}/" if state.scope else ""

    def __exit__(self, *_: object) -> None:
        state.scope = self._outer.pop()


def get_current_name_scope() -> str:
    """The name scope that is active, such as `"layer/part"`; empty outside of all.

    Example:
        >>> import minitensor as mt
        >>> with mt.name_scope("layer"), mt.name_scope("part"):
        ...     print(mt.get_current_name_scope())
        layer/part
    """
    return state.scope


def device(device_name: Any) -> AbstractContextManager[None]:
    """Run the ops within on a device: `"/GPU:0"`, `"CPU:1"`, None for the default.

    With soft placement (the default) a device that is missing becomes CPU 0.

    Raises:
        InvalidArgumentError: (also a ValueError) for a name that is none, or, without soft
            placement, for a device that is missing.

    Example:
        >>> import minitensor as mt
        >>> with mt.device("/CPU:0"):
        ...     x = mt.constant(1.0)
        >>> x.device
        '/job:localhost/replica:0/task:0/device:CPU:0'
    """
    return placed(state, device_name)


@contextmanager
def init_scope() -> Iterator[None]:
    """Within it, ops compute at once and no tape records them, even inside a traced function."""
    before = state.interpreter, state.tapes
    state.interpreter, state.tapes = State.interpreter, ()
    try:
        yield
    finally:
        state.interpreter, state.tapes = before


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Nothing: ops run in the order of the program, and so do those with effects in graphs.

    Only in graphs of which sessions run parts, ops made within bring `control_inputs` along.
    """
    own = getattr(state.interpreter, "control_dependencies", None)
    with nullcontext() if own is None else own(control_inputs):
        yield


def get_logger() -> logging.Logger:
    """The logger that warnings go to."""
    return logging.getLogger("minitensor")

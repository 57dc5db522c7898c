"""Interpreters: what gives ops their meaning, and what is active in a thread.

The eager interpreter computes, a tracer writes a graph, a watching one passes on and looks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from minitensor.op import Op

__all__ = ["Interpreter", "State", "convert", "state"]


class Interpreter(Protocol):
    """Gives a meaning to an op: compute it, record it, or only infer its shape."""

    def apply(self, op: Op, inputs: Sequence, attrs: dict, name: str | None = None) -> Any:
        """Run one op on tensors (or what can become a tensor)."""
        ...

    def binary(self, op: Op, x: Any, y: Any) -> Any:
        """Run an op of two inputs and no attributes: what Python's operators call."""
        ...

    def function(self, op: Op, x: Any, y: Any) -> Any:
        """The same when the op was called by its name."""
        ...

    def convert(self, value: Any, dtype: Any = None) -> Any:
        """Turn a value into whatever this interpreter computes with."""
        ...

    def constant(self, tensor: Any, name: str | None) -> Any:
        """What a new constant is here."""
        ...

    def read(self, variable: Any) -> Any:
        """The value that a variable has at this point of the program."""
        ...

    def assign(self, variable: Any, tensor: Any) -> None:
        """Give a variable a new value."""
        ...


class State(threading.local):
    """What is active in this thread. Each thread starts with the class attributes.

    `tapes` record, innermost last; `device` is what `mt.device` asked for; `scope` is the name
    scope. `busy` is true while a tape or a device wants attention: the one thing that the hot path
    looks at. `replayed` is where the node was written that a graph runs again just now. `summaries`
    is where summaries go, which `summary.context` knows about, and which threads that compute for
    this one are given.
    """

    interpreter: Interpreter
    scope: str = ""
    busy: bool = False
    replayed: tuple | None = None
    summaries: Any = None
    _tapes: tuple = ()
    _device: Any = None

    @property
    def tapes(self) -> tuple:
        """The active tapes."""
        return self._tapes

    @tapes.setter
    def tapes(self, tapes: tuple) -> None:
        self._tapes = tapes
        self.busy = bool(tapes) or self._device is not None

    @property
    def device(self) -> Any:
        """The device that `mt.device` asked for; None for the default."""
        return self._device

    @device.setter
    def device(self, device: Any) -> None:
        self._device = device
        self.busy = bool(self._tapes) or device is not None


state = State()


def convert(value: Any, dtype: Any = None) -> Any:
    """A tensor of the active interpreter."""
    return state.interpreter.convert(value, dtype)

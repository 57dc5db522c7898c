"""Which layers are being called: what `training` is, and what new weights are named after.

A layer that calls others is their caller: they take `training` from it, and their weights' paths
begin with its name. Each thread has its own stack of calls.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from minitensor import nest
from minitensor.graph.failure import shortened
from minitensor.op import state

__all__ = ["Call", "Signature", "calls", "mask_of", "scope_of", "set_mask", "signature_of"]


class Call(NamedTuple):
    """A layer that is being called or built."""

    layer: Any
    training: Any


class _Calls(threading.local):
    stack: tuple[Call, ...] = ()
    number = 0
    """Counts calls that nothing else called: what a layer says belongs to one of them."""
    before_build: tuple[tuple[Any, dict], ...] = ()
    """Layers that were built in the outermost call, and what they were before."""

    @contextmanager
    def of(self, layer: Any, training: Any) -> Iterator[None]:
        """Within it, `layer` is the one that calls."""
        if not self.stack:
            self.number += 1
            self.before_build = ()
        before, self.stack = self.stack, (*self.stack, Call(layer, training))
        scope, state.scope = state.scope, scope_of(layer.name)
        try:
            yield
        except BaseException as error:
            _locate(error, self.path, layer)
            if not before:
                self._unbuild()
            raise
        finally:
            self.stack, state.scope = before, scope

    def builds(self, layer: Any) -> None:
        """Remember a layer as it is before it is built, for the case that the call fails."""
        was = {name: [*x] if type(x) is list else x for name, x in vars(layer).items()}
        self.before_build = (*self.before_build, (layer, was))

    def _unbuild(self) -> None:
        """Layers whose first call failed are as before: the next inputs may have other sizes."""
        for layer, was in reversed(self.before_build):
            vars(layer).clear()
            vars(layer).update(was)

    def shorten(self, error: Exception) -> None:
        """Hide the engine's frames from those who called the outermost layer."""
        if not self.stack:
            shortened(error)

    @property
    def training(self) -> Any:
        """What the caller was told about training; None where nobody was told anything."""
        return self.stack[-1].training if self.stack else None

    @property
    def path(self) -> str:
        """The names of the layers that are being called, outermost first."""
        return "/".join(call.layer.name for call in self.stack)

    def is_building(self, layer: Any) -> bool:
        """Whether a layer is the innermost one."""
        return bool(self.stack) and self.stack[-1].layer is layer


def _locate(error: BaseException, path: str, layer: Any) -> None:
    """Note on an error which layer it is from: the innermost one."""
    if isinstance(error, Exception) and not hasattr(error, "layer"):
        error.layer = path  # type: ignore[attr-defined]
        error.add_note(f"It happened in layer {path!r} ({type(layer).__name__}).")


calls = _Calls()


def scope_of(name: str) -> str:
    """The name scope for the ops of a layer: unique where a graph is being written.

    Layers may have any name; what graphs cannot have in theirs becomes '_'.
    """
    leaf = re.sub(r"[^A-Za-z0-9_.>-]", "_", name) or "_"
    whole = f"{state.scope}/{leaf}" if state.scope else re.sub(r"^[^A-Za-z0-9.]", ".", leaf)
    unique = getattr(state.interpreter, "unique_scope", None)
    return whole if unique is None else unique(whole)


class Signature(NamedTuple):
    """What a layer's `call` takes."""

    names: tuple[str, ...]
    training: Any
    """The default of `training`; None without one."""
    required: tuple[str, ...]
    """Those without a default."""

    def takes(self, name: str) -> bool:
        """Whether there is an argument of that name."""
        return name in self.names

    def position(self, name: str) -> int:
        """Which positional argument it is."""
        return self.names.index(name) if name in self.names else len(self.names)


@lru_cache(maxsize=1024)
def _signature(function: Any) -> Signature:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    default = next((p.default for p in parameters if p.name == "training"), None)
    return Signature(
        tuple(p.name for p in parameters if p.kind is not p.VAR_KEYWORD),
        None if default is inspect.Parameter.empty else default,
        tuple(p.name for p in parameters
              if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD),
    )  # fmt: skip


def signature_of(cls: type, method: str = "call") -> Signature:
    """What a method of a class takes, without `self`."""
    function: Callable = getattr(cls, method)
    return _signature(getattr(function, "__wrapped__", function))


def mask_of(value: Any) -> Any:
    """The mask of a tensor, or of each in a structure of them; None where none has any."""
    if not nest.is_nested(value):
        return getattr(value, "_keras_mask", None)
    masks = [getattr(x, "_keras_mask", None) for x in nest.flatten(value)]
    return None if all(m is None for m in masks) else nest.pack_sequence_as(value, masks)


def set_mask(value: Any, mask: Any) -> None:
    """Say which steps of a tensor count, for the layers that it goes to."""
    tensors = nest.flatten(value)
    masks = nest.flatten(mask) if nest.is_nested(mask) else [mask] * len(tensors)
    for tensor, its in zip(tensors, masks, strict=False):
        if its is not None:
            tensor._keras_mask = its

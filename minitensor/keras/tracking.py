"""What a layer is made of: its own weights, the layers in its attributes, its metrics.

They are found by looking, as in `Module`, in the order in which the attributes were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from minitensor.module import Module
from minitensor.variable import Variable

__all__ = ["found_in", "unique"]

_LOOKED_INTO = (list, tuple, Mapping)


def found_in(owner: Any, wanted: Callable[[Any], bool]) -> list:
    """What an object's attributes hold of a kind, each once; lists and dicts are looked into."""
    return unique(x for value in vars(owner).values() for x in _leaves(value) if wanted(x))


def unique(things: Iterable) -> list:
    """Each thing once, in order; things are told apart by identity."""
    return list({id(x): x for x in things}.values())


def _leaves(value: Any) -> Iterator:
    if isinstance(value, (Variable, Module)):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif type(value) in (list, tuple) or (
        isinstance(value, _LOOKED_INTO) and not hasattr(value, "_given")
    ):
        for item in value:
            yield from _leaves(item)

"""What a layer is made of: its own weights, the layers in its attributes, its metrics.

They are found by looking, as in `Module`, in the order in which the attributes were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minitensor.module import Module
from minitensor.variable import Variable

__all__ = ["parts", "unique"]


def parts(owner: Any) -> list:
    """The variables and modules in an object's attributes, each once; also in lists and dicts."""
    found: dict[int, Any] = {}
    for value in vars(owner).values():
        _look_into(value, found)
    found.pop(id(owner), None)
    return list(found.values())


def unique(things: Iterable) -> list:
    """Each thing once, in order; things are told apart by identity."""
    return list({id(x): x for x in things}.values())


def _look_into(value: Any, found: dict[int, Any]) -> None:
    if isinstance(value, (Variable, Module)):
        found.setdefault(id(value), value)
    elif isinstance(value, Mapping):
        for item in value.values():
            _look_into(item, found)
    elif isinstance(value, list) or type(value) is tuple:  # not the arguments it was made with
        for item in value:
            _look_into(item, found)

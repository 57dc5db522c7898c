"""What a checkpoint holds of a program: a graph of objects, found by looking at attributes.

A variable has a value. An iterator has a state. Modules, checkpoints, lists, tuples and dicts have
neither, and are looked into: their parts have names, which become the names in the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.module import Trackable
from minitensor.random import Generator
from minitensor.variable import Variable

__all__ = [
    "Found",
    "attributes",
    "has_state",
    "is_container",
    "is_trackable",
    "key_of",
    "part",
    "parts",
    "walk",
]

VALUE, STATE = ".ATTRIBUTES/VARIABLE_VALUE", ".ATTRIBUTES/ITERATOR_STATE"


def has_state(value: Any) -> bool:
    """Whether something gives its state as plain data, and takes it back: an iterator does."""
    kind = type(value)
    return hasattr(kind, "save_state") and hasattr(kind, "restore_state")


def is_container(value: Any) -> bool:
    """Whether something is a list, a tuple or a dict."""
    return isinstance(value, (list, tuple, Mapping)) and nest.is_nested(value)


def is_trackable(value: Any) -> bool:
    """Whether a checkpoint looks at a value at all."""
    return (
        isinstance(value, (Variable, Trackable, Generator))
        or is_container(value)
        or (has_state(value) and not isinstance(value, type))
    )


def parts(thing: Any) -> Iterator[tuple[str, Any]]:
    """What an object is made of, by name: trackable parts only.

    Raises:
        InvalidArgumentError: (also a ValueError) for a dict with a variable under a key that is
            no string.
    """
    own = getattr(thing, "_checkpoint_parts", None)
    if own is not None:
        named = own()
    elif isinstance(thing, Generator):
        named = [("_state_var", thing.state)]
    elif isinstance(thing, Trackable):
        named = attributes(thing)
    elif isinstance(thing, Mapping):
        named = _items(thing)
    elif is_container(thing):
        named = [(str(i), value) for i, value in enumerate(thing)]
    else:
        named = []
    for name, value in named:
        if is_trackable(value):
            yield name, _actual(value)


def attributes(thing: Trackable) -> list[tuple[str, Any]]:
    """The attributes that it looks into. A class may define `_checkpoint_parts` to give others."""
    ignored = thing._TF_MODULE_IGNORED_PROPERTIES
    return [(name, value) for name, value in vars(thing).items() if name not in ignored]


def _items(mapping: Mapping) -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        if is_trackable(value) and not isinstance(key, str):
            raise InvalidArgumentError(
                message("Checkpoint", f"a dict with the key {key!r}",
                        f"Unable to save the object {shorten(mapping)}. The dictionary contains a "
                        "non-string key which maps to a trackable object or mutable data "
                        "structure", "keys become names in the checkpoint",
                        f"use the key {str(key)!r}")
            )  # fmt: skip
        yield key, value


def _actual(value: Any) -> Any:
    """The variable itself, where it is what an assignment returned."""
    return getattr(value, "_variable", value) if isinstance(value, Variable) else value


def part(thing: Any, name: str) -> Any:
    """The part of that name; None without one."""
    return next((value for key, value in parts(thing) if key == name), None)


@dataclass
class Found:
    """An object of the program, its name, and the numbers of its parts."""

    thing: Any
    path: tuple[str, ...]
    parts: dict[str, int] = field(default_factory=dict)


def walk(root: Any) -> list[Found]:
    """All objects, each once, the nearest first; an object's name is its shortest one.

    Lists and dicts in which there is nothing to save are left out.
    """
    found = [Found(root, ())]
    numbers = {id(root): 0}
    waiting = deque(found)
    while waiting:
        here = waiting.popleft()
        for name, value in parts(here.thing):
            if id(value) not in numbers:
                numbers[id(value)] = len(found)
                found.append(Found(value, (*here.path, name)))
                waiting.append(found[-1])
            here.parts[name] = numbers[id(value)]
    return _without_empty(found)


def _without_empty(found: list[Found]) -> list[Found]:
    empty: set[int] = set()
    for number in range(len(found) - 1, 0, -1):
        here = found[number]
        here.parts = {name: n for name, n in here.parts.items() if n not in empty}
        if is_container(here.thing) and not here.parts:
            empty.add(number)
    kept = [number for number in range(len(found)) if number not in empty]
    new = {number: i for i, number in enumerate(kept)}
    for number in kept:
        here = found[number]
        here.parts = {name: new[n] for name, n in here.parts.items() if n in new}
    return [found[number] for number in kept]


def key_of(path: tuple[str, ...], attribute: str) -> str:
    """The name of a value in the file, as TensorFlow writes it.

    Example:
        >>> key_of(("model", "layers", "0", "w"), VALUE)
        'model/layers/0/w/.ATTRIBUTES/VARIABLE_VALUE'
    """
    return "/".join([*(name.replace(".", "..").replace("/", ".S") for name in path), attribute])

"""Nested structures: the same function over every leaf of dicts, lists, tuples and dataclasses.

A structure is a list, tuple, namedtuple, dict (visited in the order of its sorted keys) or
dataclass instance; everything else (a TensorShape too) is a leaf.
"""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from minitensor.errors import ArgumentError, InvalidArgumentError, message
from minitensor.shapes import TensorShape

__all__ = ["assert_same_structure", "flatten", "is_nested", "map_structure", "pack_sequence_as"]


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a container rather than a leaf.

    Example:
        >>> is_nested([1, 2]), is_nested("ab")
        (True, False)
    """
    if isinstance(structure, TensorShape):
        return False
    return isinstance(structure, (list, tuple, Mapping)) or _is_dataclass(structure)


def flatten(structure: Any) -> list:
    """All leaves, depth first; dicts in the order of their sorted keys.

    Example:
        >>> flatten({"b": [1, (2, 3)], "a": 4})
        [4, 1, 2, 3]
    """
    try:
        return [leaf for leaf, _ in _walk(structure, ())]
    except RecursionError:
        if _calls_are_deep():
            raise
    raise InvalidArgumentError(
        message("nest.flatten", f"a {type(structure).__name__}", "it is nested too deeply",
                "a structure has an end: it does not contain itself",
                "look for a list that was appended to itself")
    )  # fmt: skip


def _calls_are_deep() -> bool:
    """Whether it is the calls that have no end, and not the structure."""
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth > sys.getrecursionlimit() // 2


def flatten_with_path(structure: Any) -> list[tuple[Any, tuple]]:
    """All leaves, each with the keys that lead to it."""
    return list(_walk(structure, ()))


def map_structure(function: Callable, *structures: Any) -> Any:
    """Apply `function` to the leaves of equal structures; the result has the same structure.

    Raises:
        InvalidArgumentError: (also a ValueError) when the structures differ.

    Example:
        >>> map_structure(lambda a, b: a + b, {"x": [1, 2]}, {"x": [10, 20]})
        {'x': [11, 22]}
    """
    if not structures:
        raise ArgumentError(
            message("nest.map_structure", "no structure", "there is nothing to map over",
                    "at least one structure follows the function", "pass one")
        )  # fmt: skip
    first = structures[0]
    for other in structures[1:]:
        assert_same_structure(first, other)
    leaves = [function(*group) for group in zip(*map(flatten, structures), strict=True)]
    return pack_sequence_as(first, leaves)


def pack_sequence_as(structure: Any, flat: Sequence) -> Any:
    """Put the leaves `flat` into the places that the leaves of `structure` have.

    Raises:
        InvalidArgumentError: (also a ValueError) when the number of leaves differs.

    Example:
        >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
        {'a': 1, 'b': (2, 3)}
    """
    places = len(flatten(structure))
    if places != len(flat):
        raise InvalidArgumentError(
            message("nest.pack_sequence_as", f"{len(flat)} values for {structure!r}",
                    f"the structure has {places} places", "each place takes one value",
                    f"pass {places} values")
        )  # fmt: skip
    return _pack(structure, iter(flat))


def assert_same_structure(first: Any, second: Any) -> None:
    """Raise unless both have the same containers, lengths and keys.

    Raises:
        InvalidArgumentError: (also a ValueError) naming the place where they differ.
    """
    difference = _difference(first, second, "")
    if difference:
        raise InvalidArgumentError(
            message("nest", f"{first!r} and {second!r}", difference,
                    "both need the same containers, lengths and keys",
                    "build the second like the first")
        )  # fmt: skip


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def items(structure: Any) -> list[tuple[Any, Any]]:
    """The parts of a container, each with its key, field or number."""
    if isinstance(structure, Mapping):
        return [(key, structure[key]) for key in sorted_keys(structure)]
    if _is_dataclass(structure):
        return [(f.name, getattr(structure, f.name)) for f in dataclasses.fields(structure)]
    return list(enumerate(structure))


def sorted_keys(mapping: Mapping) -> list:
    """The keys in the order in which a dict is visited."""
    try:
        return sorted(mapping)
    except TypeError:
        raise InvalidArgumentError(
            message("nest", f"a dict with keys {list(mapping)}", "its keys cannot be sorted",
                    "the keys of one dict must be comparable with each other",
                    "use keys of one type")
        ) from None  # fmt: skip


def _walk(structure: Any, path: tuple) -> Iterator[tuple[Any, tuple]]:
    if not is_nested(structure):
        yield structure, path
        return
    for key, value in items(structure):
        yield from _walk(value, (*path, key))


def _pack(structure: Any, leaves: Iterator) -> Any:
    if not is_nested(structure):
        return next(leaves)
    packed = {key: _pack(value, leaves) for key, value in items(structure)}
    if isinstance(structure, Mapping):
        in_order = {key: packed[key] for key in structure}
        return in_order if type(structure) is dict else _filled(structure, in_order)
    if _is_dataclass(structure):
        return dataclasses.replace(structure, **packed)
    values = list(packed.values())
    if hasattr(structure, "_fields"):
        return type(structure)(*values)
    return values if type(structure) is list else type(structure)(values)


def _filled(mapping: Any, items: dict) -> Any:
    """A mapping of the same kind (a defaultdict with the same default) with other values."""
    found = copy.copy(mapping)
    found.update(items)
    return found


def _difference(first: Any, second: Any, path: str) -> str:
    where = f"at {path}" if path else "at the top"
    if is_nested(first) != is_nested(second):
        return f"{where} one is a leaf and the other is not"
    if not is_nested(first):
        return ""
    if type(first) is not type(second):
        return f"{where} one is a {type(first).__name__}, the other a {type(second).__name__}"
    left, right = items(first), items(second)
    if [key for key, _ in left] != [key for key, _ in right]:
        return f"{where} the keys or lengths differ"
    for (key, a), (_, b) in zip(left, right, strict=True):
        found = _difference(a, b, f"{path}[{key!r}]")
        if found:
            return found
    return ""

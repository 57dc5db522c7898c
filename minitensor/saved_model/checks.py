"""Looking at JSON with suspicion: everything is checked before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.saved_model.values import NAME, Broken, dtype_of, shape_of
from minitensor.shapes import NoElements, Spec, TensorShape

__all__ = ["agree", "checked", "entry_of", "is_bad", "label_of", "spec_of"]


def agree(a: Any, b: Any) -> bool:
    """Whether two shapes can be those of one value."""
    return TensorShape(a).is_compatible_with(TensorShape(b))


def spec_of(entry: dict) -> Any:
    """Shape and dtype, as they were written."""
    shape, dtype = shape_of(entry["shape"]), dtype_of(entry["dtype"])
    return NoElements(None, dtype) if shape is None else Spec(shape, dtype)


def entry_of(table: Sequence, number: Any, what: str) -> Any:
    """An entry of a table by its number."""
    if is_bad(number, len(table)):
        raise Broken(f"there is no {what} {number!r}")
    return table[number]


def is_bad(number: Any, count: int) -> bool:
    """Whether a number is none below `count`."""
    return type(number) is not int or not 0 <= number < count


def checked(value: Any, kind: Any) -> Any:
    """A value, if it is of a kind."""
    if not isinstance(value, kind):
        raise Broken(f"{value!r} stands where something else belongs")
    return value


def label_of(name: Any) -> str:
    """A name of a node, value or graph: these stand in the generated program."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Broken(f"{name!r} is no name")
    return name.partition(":")[0]

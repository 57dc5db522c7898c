"""The complete record of a tensor, and its elements unpacked.

`static/tensors/cells.js` is the twin. Unpacking is plain Python: a record is shown without numpy.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from ..records import VERSION, as_view, filled, of_kind, plain, values
from ..units import plural
from ..values import clip, number, shape_text

WINDOW, MOST_TABLE = 32, 64
NAN, ABOVE, BELOW = "NaN", "+∞", "−∞"
_ELEMENTS = {"code": "", "data": "", "scale": 1.0, "words": [], "limit": 1.0}
_TENSOR = {
    "version": VERSION, "kind": "", "name": "", "dtype": "", "shape": None, "value": None,
    "made_by": "", "source": None, "device": "", "trainable": None, "bytes": 0, "itemsize": 0,
    "strides": [], "layout": "", "memory": "", "notes": [], "steps": [], "elements": None,
    "edges": [], "counts": [], "counted": 0, "gradient": None, "learning_rate": None,
}  # fmt: skip
_FORMATS = {
    "u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "f2": "e", "f4": "f",
    "f8": "d",
}  # fmt: skip


def one_tensor(value: Any, caller: str) -> Any:
    """A value that is not several tensors by name.

    Raises:
        TypeError: for a dict that is no view.
    """
    if isinstance(value, Mapping) and "version" not in value:
        names = clip(", ".join(repr(name) for name in value) or "nothing", 60)
        raise TypeError(
            f"{caller} looks at one tensor; it got a dict with {names}. Give one of its values, or "
            "see all side by side with distribution()."
        )
    return value


def tensor_record(value: Any, **options: Any) -> dict:
    """The complete record of a tensor, an array, a list, a TensorView or the dict of one.

    Raises:
        TypeError: when the value has no elements to look at.
        ValueError: when the view is of another version.
    """
    record = as_view(one_tensor(value, "inspect()"))
    if record is None:
        from minitensor.views import tensor_view

        record = plain(tensor_view(value, **options))
    record = values(of_kind(record, "kind", _TENSOR), "value")
    for part in ("elements", "gradient"):
        record[part] = record[part] and filled(record[part], _ELEMENTS)
    return record


def unpacked(elements: Mapping) -> Sequence[Any]:
    """All elements in order, or their words.

    Example:
        >>> unpacked({"code": "u1", "data": "AAEC", "scale": 1.0})
        (0, 1, 2)
    """
    if elements["code"] not in _FORMATS:
        return elements["words"]
    data = base64.b64decode(elements["data"])
    letter = _FORMATS[elements["code"]]
    found = struct.unpack(f"<{len(data) // struct.calcsize('<' + letter)}{letter}", data)
    scale = elements["scale"]
    return found if scale == 1 else tuple(item * scale for item in found)


def cell_text(value: Any, dtype: str, digits: int = 4) -> str:
    """One element as it stands in a table.

    Example:
        >>> cell_text(1, "bool"), cell_text(101234, "int64"), cell_text(0.123456, "float32")
        ('True', '101234', '0.1235')
    """
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return NAN if value != value else ABOVE if value > 0 else BELOW
    if dtype == "bool":
        return str(bool(value))
    return str(int(value)) if dtype.startswith(("int", "uint")) else number(value, digits)


def first_line(record: Mapping) -> str:
    """What a tensor is, in one line.

    Example:
        >>> given = {"version": 1, "kind": "Tensor", "dtype": "bool", "shape": []}
        >>> first_line(tensor_record(given))
        'Tensor bool ()'
    """
    shape = shape_text(record["shape"])
    words = [f"{record['kind']} {record['dtype']} {shape}"]
    words += [f"made by {record['made_by']}"] if record["made_by"] else []
    if record["trainable"] is not None:
        words.append("trainable" if record["trainable"] else "not trainable")
    words += [f"on {record['device']}"] if record["device"] else []
    name = f"{record['name']}: " if record["name"] else ""
    return name + " · ".join(words)


def facts(value: Mapping | None) -> list[str]:
    """Statistics in words; shares only where there is something to share."""
    if value is None or not value["shape"]:
        return []
    known = value["mean"] is not None
    words = [
        f"{name} {number(value[field])}"
        for name, field in (
            ("min", "minimum"),
            ("mean", "mean"),
            ("max", "maximum"),
            ("std", "std"),
        )
        if known and value[field] is not None
    ]
    for name, field in (("zeros", "zeros"), ("NaN", "nans"), ("infinite", "infs")):
        looked = value["sampled"] or count_of(value["shape"])
        count = f" ({round(value[field] * looked)})" if field != "zeros" else ""
        words += [f"{name} {number(value[field] * 100, 3)} %{count}"] if value[field] else []
    if value["sampled"]:
        words.append(f"of a sample of {plural(value['sampled'], 'element')}")
    return words


def count_of(shape: Sequence[int | None] | None) -> int:
    """How many elements a shape holds; 0 where a size is not known."""
    return 0 if shape is None or None in shape else math.prod(size or 0 for size in shape)


def window(record: Mapping, axes: Sequence[int], at: Sequence[int]) -> tuple[list[int], list[int]]:
    """The indices of the rows and of the columns that are looked at, as far as they are held.

    A vector is wrapped: its rows say where they begin, its columns how far an element is from
    there.
    """
    if axes[0] < 0:
        return _wrapped(record, at) if axes[1] == 0 else ([0], [0])
    found = []
    for axis in axes:
        step = record["steps"][axis]
        start = at[axis] // step * step
        found.append(list(range(start, record["shape"][axis], step))[:WINDOW])
    return found[0], found[1]


def _wrapped(record: Mapping, at: Sequence[int]) -> tuple[list[int], list[int]]:
    size, step = record["shape"][0], record["steps"][0]
    wide = (8 if size <= MOST_TABLE else WINDOW) * step
    rows = list(range(at[0] // wide * wide, size, wide))[:WINDOW]
    return rows, list(range(0, min(wide, size), step))


def first_axes(shape: Sequence[int | None]) -> tuple[int, int]:
    """Which axes are rows and columns at first: the last two; −1 where there is none.

    Of images the last axis holds the colours, and the two before it are looked at.

    Example:
        >>> first_axes([2, 3, 4]), first_axes([5]), first_axes([]), first_axes([8, 28, 28, 1])
        ((1, 2), (-1, 0), (-1, -1), (1, 2))
    """
    rank = len(shape)
    if rank > 2 and shape[-1] in (1, 3, 4) and min(size or 0 for size in shape[-3:-1]) >= 8:
        return rank - 3, rank - 2
    return (rank - 2, rank - 1) if rank > 1 else (-1, rank - 1)


def grid(record: Mapping, part: str, axes: Sequence[int], at: Sequence[int]) -> list[list[Any]]:
    """The elements of a window, row by row; a vector's last row may be shorter."""
    rows, columns = window(record, axes, at)
    found, shape, steps = unpacked(record[part]), record["shape"], record["steps"]
    if axes[0] < 0:
        size = shape[0] if shape else 1
        step = steps[0] if shape else 1
        return [[found[(r + c) // step] for c in columns if r + c < size] for r in rows]
    strides, stride = [0] * len(steps), 1
    for axis in reversed(range(len(strides))):
        strides[axis] = stride
        stride *= -(-shape[axis] // steps[axis])

    def place(row: int, column: int) -> int:
        index = list(at)
        index[axes[0]], index[axes[1]] = row, column
        places = zip(index, steps, strides, strict=True)
        return sum(i // step * stride for i, step, stride in places)

    return [[found[place(row, column)] for column in columns] for row in rows]

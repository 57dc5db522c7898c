"""A picture of an array: all of a small one, statistics and a thumbnail of a large one."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.tensor import IndexedSlices, Operand
from minitensor.views.records import ValueView

MOST_TABLE, MOST_HEAT = 64, 32


def value_view(value: Any) -> ValueView:
    """A picture of a tensor, array or number."""
    if isinstance(value, IndexedSlices):
        rows = np.zeros(tuple(value.dense_shape), to_numpy(array_of(value.values)).dtype)
        np.add.at(rows, to_numpy(array_of(value.indices)), to_numpy(array_of(value.values)))
        value = rows
    array = np.asarray(to_numpy(array_of(value)))
    numeric = array.dtype.kind in "fiubV"
    numbers = array.astype(np.float64) if numeric else np.zeros(0)
    finite = numbers[np.isfinite(numbers)]
    small = array.size <= MOST_TABLE
    return ValueView(
        shape=list(array.shape),
        dtype=_dtype_name(value, array),
        text=_texts(array) if small else [],
        heat=[] if small or not numeric else _thumbnail(numbers),
        minimum=float(finite.min()) if finite.size else None,
        mean=float(finite.mean()) if finite.size else None,
        maximum=float(finite.max()) if finite.size else None,
        zeros=float(np.mean(numbers == 0)) if numbers.size else 0.0,
        nans=float(np.mean(np.isnan(numbers))) if numbers.size else 0.0,
    )


def array_of(value: Any) -> Any:
    """The array inside a tensor or variable, or made from a number."""
    return value._array if isinstance(value, Operand) else np.asarray(value)


def _dtype_name(value: Any, array: np.ndarray) -> str:
    return value.dtype.name if isinstance(value, Operand) else array.dtype.name


def _texts(array: np.ndarray) -> list | str:
    if array.ndim == 0:
        return number_text(array[()])
    return [_texts(part) for part in array]


def number_text(value: Any) -> str:
    """One element as a viewer prints it: four digits."""
    if isinstance(value, (bytes, str, bool, np.bool_)):
        return str(value)
    return f"{value:.4g}" if not isinstance(value, (int, np.integer)) else str(value)


def _thumbnail(numbers: np.ndarray) -> list[list[float | None]]:
    """At most 32 × 32 block means of an array seen as rows and columns; NaN as None."""
    rows = numbers.reshape(-1, numbers.shape[-1]) if numbers.ndim > 1 else numbers.reshape(1, -1)
    blocks = [np.array_split(rows, min(MOST_HEAT, rows.shape[0]), axis=0)][0]
    picture = []
    for block in blocks:
        columns = np.array_split(block, min(MOST_HEAT, rows.shape[1]), axis=1)
        means = [float(column.mean()) for column in columns]
        picture.append([None if np.isnan(m) or np.isinf(m) else round(m, 6) for m in means])
    return picture


def words(value: ValueView) -> str:
    """A value in a sentence: a number, a short list, or its shape."""
    if isinstance(value.text, str):
        return value.text
    if len(value.shape) == 1 and value.shape[0] <= 4:
        return f"[{', '.join(value.text)}]"
    return f"an array of shape {tuple(value.shape)}"

"""A picture of an array: all of a small one, statistics and a thumbnail of a large one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitensor.dtypes import name_of
from minitensor.errors import InvalidArgumentError, message
from minitensor.tensor import IndexedSlices, Operand
from minitensor.views.records import ValueView
from minitensor.views.statistics import (
    Statistics,
    block_means,
    fetch,
    is_numeric,
    measurements,
    namespace,
    statistics,
)

MOST_TABLE, MOST_DENSE, LONGEST_TEXT = 64, 2**22, 60


def value_view(value: Any) -> ValueView:
    """A picture of a tensor, array or number: what a viewer shows of it.

    Memory: far below that of the array, which is looked at where it lies, once and in chunks.
    Above 134 million elements the statistics are of a sample, whose size `sampled` says.

    Example:
        >>> value_view(np.array([1.0, 3.0])).mean, value_view(np.zeros((100, 50))).zeros
        (2.0, 1.0)
    """
    if isinstance(value, IndexedSlices):
        return _of_rows(value)
    array = array_of(value)
    xp = namespace(array)
    return view_of(array, fetch(xp, wanted(xp, array)))


def wanted(xp: Any, array: Any, heat: bool = True) -> list[Any]:
    """What has to cross to the host for `view_of`: all elements if few, sums, block means."""
    small, numeric = array.size <= MOST_TABLE, is_numeric(array) and array.size > 0
    found = [array] if small else []
    found += [measurements(xp, array)] if numeric else []
    return found + ([block_means(xp, array)] if heat and numeric and not small else [])


def view_of(array: Any, found: list[np.ndarray]) -> ValueView:
    """The picture of an array from what `wanted` brought to the host."""
    small, numeric = array.size <= MOST_TABLE, is_numeric(array) and array.size > 0
    text = texts(found[0]) if small else []
    known = statistics(found[1 if small else 0], array.size) if numeric else None
    heat = _heat(found[1]) if not small and len(found) > 1 else []
    return _view(list(array.shape), name_of(array.dtype), text, heat, known)


def array_of(value: Any) -> Any:
    """The array inside a tensor or variable, an array as it is, or one made from a number."""
    if isinstance(value, Operand):
        return value._array
    if isinstance(value, np.generic) or not hasattr(value, "ravel"):
        return np.asarray(value)
    return value


def elements_in(op: str, value: Any) -> Any:
    """The array inside what a learner gave to look at.

    Raises:
        InvalidArgumentError: (also a ValueError) for nested lists of different lengths, for arrays
            of records, and for what holds neither numbers nor texts.
    """
    try:
        array = array_of(value)
    except ValueError:
        fault = "the parts of the nested list have different lengths, so it has no shape"
        fix = "give each row as many numbers, or look at one row at a time"
    else:
        names = getattr(array.dtype, "names", None)
        strange = array.dtype == object and not array.ndim and not isinstance(
            value, (Operand, str, bytes))  # fmt: skip
        if not names and not strange:
            return array
        fault, fix = "it holds neither numbers nor texts", "pass a list: [1.0, 2.0]"
        if names:
            fault = f"its elements are records of {', '.join(names)}"
            fix = f"look at one field: x[{names[0]!r}]"
    raise InvalidArgumentError(
        message(op, f"an object of type {type(value).__name__}", fault,
                "it looks at tensors, variables, arrays, and nested lists of numbers", fix)
    )  # fmt: skip


def _of_rows(value: IndexedSlices) -> ValueView:
    """A picture of sparse rows: dense where that is small, else with statistics alone."""
    rows, places = (array_of(part) for part in (value.values, value.indices))
    xp = namespace(rows)
    rows, places = fetch(xp, [rows, xp.asarray(places)])
    unique, at = np.unique(places, return_inverse=True)
    summed = np.zeros((len(unique), *rows.shape[1:]), rows.dtype)
    np.add.at(summed, at, rows)
    given = value.dense_shape
    shape = [int(size) for size in given] if given is not None else [
        int(unique.max(initial=-1)) + 1, *rows.shape[1:]]  # fmt: skip
    if math.prod(shape) <= MOST_DENSE:
        dense = np.zeros(shape, rows.dtype)
        dense[unique] = summed
        return value_view(dense)
    count = math.prod(shape)
    empty = np.array([[count - summed.size, 0, 0, 0, 0, count - summed.size, 0, 0, 0]], np.float64)
    known = statistics(np.concatenate([measurements(np, summed), empty]), count)
    return _view(shape, name_of(rows.dtype), [], [], known)


def _view(
    shape: list[int], dtype: str, text: list | str, heat: list, known: Statistics | None
) -> ValueView:
    if known is None:
        return ValueView(shape, dtype, text, heat, None, None, None, 0.0, 0.0)
    share = 1 / known.measured
    return ValueView(
        shape, dtype, text, heat, known.minimum, known.mean, known.maximum, known.zeros * share,
        known.nans * share, known.std, (known.above + known.below) * share,
        known.measured if known.measured < known.count else 0,
    )  # fmt: skip


def texts(array: Any) -> list | str:
    """All elements as a viewer prints them, nested as the axes are."""
    if not isinstance(array, np.ndarray):
        return number_text(array)
    return [texts(part) for part in array] if array.ndim else number_text(array[()])


def number_text(value: Any) -> str:
    """One element as a viewer prints it: four digits; a long text is cut short."""
    if isinstance(value, (bytes, str)):
        text = str(value[: LONGEST_TEXT + 1])
        return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    if isinstance(value, (bool, np.bool_)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return str(value)
    try:
        return f"{value:.4g}"
    except (TypeError, ValueError):  # of an array of objects
        return number_text(str(value))


def _heat(means: np.ndarray) -> list[list[float | None]]:
    """The means of blocks with four digits; None for no number."""
    return [
        [float(f"{mean:.4g}") if math.isfinite(mean) else None for mean in row]
        for row in means.tolist()
    ]


def words(value: ValueView) -> str:
    """A value in a sentence: a number, a short list, or its shape."""
    if isinstance(value.text, str):
        return value.text
    if len(value.shape) == 1 and value.shape[0] <= 4:
        return f"[{', '.join(value.text)}]"
    return f"an array of shape {tuple(value.shape)}"

"""One row of a tensor by its number: read, written, or put among zeros. What a TensorArray does.

The number is a tensor, so a loop may count it. A loop that writes rows into a variable that only it
holds writes them in place; here each writing makes a copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault, OutOfRangeError
from minitensor.op import op
from minitensor.ops.sizes import shape
from minitensor.shapes import NoElements, Spec

__all__ = ["put_row", "read_row", "without_row", "write_row"]

_SAMPLES = samples.cases((((3, 2), np.array(1)), {}), (((2,), np.array(0)), {}))


def _read_spec(rows: Spec, index: Spec, *, negative: bool = False) -> Spec:
    _check_index(index)
    if not rows.shape:
        raise Fault("there are no rows", "a tensor has rows along its first axis",
                    "add an axis with mt.expand_dims")  # fmt: skip
    return Spec(tuple(rows.shape[1:]), rows.dtype)


def _check_index(index: Spec) -> None:
    if index.shape:
        raise Fault(f"the index has shape {tuple(index.shape)}", "a single row has one number",
                    "use gather or scatter for several")  # fmt: skip


def place(index: Any, size: int | None, doing: str, negative: bool = False) -> int:
    """A row's number, checked to be one of `size` rows, or any where that is None."""
    number = int(index)
    if negative and size is not None and -size <= number < 0:
        return number + size
    if number < 0:
        raise Fault(f"{doing.capitalize()} negative indices (index {number}) is not allowed",
                    "rows are counted from 0", "use mt.gather(x, -1 + size)",
                    OutOfRangeError)  # fmt: skip
    if size is not None and number >= size:
        reading = doing.startswith("reading")
        text = (
            f"Tried to read from index {number} but array size is: {size}"
            if reading
            else f"Tried to write to index {number} but array is not resizeable and size is: {size}"
        )
        raise Fault(text, f"there are rows 0 to {size - 1}" if size else "there are no rows",
                    "" if reading else "make it with dynamic_size=True, or larger",
                    OutOfRangeError)  # fmt: skip
    return number


# portable=False: the standard does not index by an array of rank 0.
@op(infer=_read_spec, types="AI", portable=False, samples=_SAMPLES)
def read_row(xp, rows, index, *, negative=False):
    """The row of a tensor that has this number; with `negative`, also counted from the end.

    Shape: (n, …), () → (…).

    Raises:
        OutOfRangeError: (also an IndexError) when there is no such row.
    """
    return rows[place(index, rows.shape[0], "reading from", negative)]


read_row.expands = True


@read_row.gradient
def read_row_gradient(xp, g, out, rows, index, *, negative=False):
    """`g at its row, zeros elsewhere`."""
    return lambda: put_row.on(xp, g, index, rows=count(xp, rows), negative=negative), None


def count(xp: Any, rows: Any) -> Any:
    """How many rows there are: a number, or a tensor while only running the graph tells."""
    known = getattr(rows.shape, "rank", 1) is not None and rows.shape[0] is not None
    return int(rows.shape[0]) if known else shape.on(xp, rows)[0]


def _put_spec(row: Spec, index: Spec, *, rows: Any, negative: bool = False) -> Spec:
    _check_index(index)
    return Spec((rows, *row.shape), row.dtype)


_PUTS = samples.cases((((2,), np.array(1)), {"rows": 3}), (((), np.array(0)), {"rows": 2}))


@op(infer=_put_spec, types="AI", portable=False, samples=_PUTS)
def put_row(xp, row, index, *, rows, negative=False):
    """Zeros in `rows` rows, but for the one with this number: read_row turned round.

    With `negative`, negative numbers count from the end.

    Shape: (…), () → (rows, …).
    """
    out = xp.zeros((rows, *row.shape), dtype=row.dtype)
    out[place(index, rows, "writing to", negative)] = row
    return out


put_row.expands = True


@put_row.gradient
def put_row_gradient(xp, g, out, row, index, *, rows, negative=False):
    """`g at the row`."""
    return lambda: read_row.on(xp, g, index, negative=negative), None


def _write_spec(rows: Any, index: Any, row: Any, *, grow: bool = False) -> Any:
    if row.shape is None:
        return NoElements(None, rows.dtype)
    _check_index(index)
    if rows.shape is None:
        return Spec((None, *row.shape), rows.dtype)
    size = None if grow else rows.shape[0]
    if len(rows.shape) != 1 + len(row.shape) or 0 in rows.shape:
        return Spec((size, *row.shape), rows.dtype)
    pairs = list(zip(rows.shape[1:], row.shape, strict=True))
    if any(a != b and None not in (a, b) for a, b in pairs):
        raise _unlike(rows, row)
    return Spec((size, *(b if a is None else a for a, b in pairs)), rows.dtype)


def _unlike(rows: Any, row: Any) -> Fault:
    return Fault(f"Incompatible shape for value {tuple(row.shape)}, expected "
                 f"{tuple(rows.shape[1:])}", "all rows have one shape", "reshape it")  # fmt: skip


_WRITES = samples.cases(
    (((3, 2), np.array(1), (2,)), {}),
    (((2,), np.array(3), ()), {"grow": True}),
    (((2, 0), np.array(1), (3,)), {}),
)


@op(infer=_write_spec, types="TIT", kinds="fciubO", portable=False, samples=_WRITES)
def write_row(xp, rows, index, row, *, grow=False):
    """The tensor with one row replaced; with `grow`, rows up to there are added, of zeros.

    A tensor without elements does not say yet what its rows are like, and takes any.

    Shape: (n, …), (), (…) → (n, …), or more rows.

    Raises:
        OutOfRangeError: (also an IndexError) when there is no such row.
    """
    out = with_room(xp, rows, place(index, None if grow else rows.shape[0], "writing to"), row)
    out = xp.array(out) if out is rows else out
    out[int(index)] = row
    return out


def with_room(xp: Any, rows: Any, number: int, row: Any, spare: int = 0) -> Any:
    """The rows themselves if row `number` fits among them; else a larger array that holds them."""
    if rows.shape[1:] != row.shape:
        if rows.size:
            raise _unlike(rows, row)
        rows = _zeros(xp, (rows.shape[0], *row.shape), rows.dtype)
    if number < rows.shape[0]:
        return rows
    out = _zeros(xp, (number + 1 + spare, *row.shape), rows.dtype)
    out[: rows.shape[0]] = rows
    return out


def _zeros(xp: Any, shape: tuple, dtype: Any) -> Any:
    return xp.full(shape, b"", dtype=dtype) if dtype.kind == "O" else xp.zeros(shape, dtype=dtype)


write_row.any_rank = write_row.expands = True


@write_row.gradient
def write_row_gradient(xp, g, out, rows, index, row, *, grow=False):
    """`g without the row, and that row`; rows that were added get none."""
    return (
        lambda: _without(xp, g, index, rows, row, grow),
        None,
        lambda: read_row.on(xp, g, index),
    )


def _without(xp: Any, g: Any, index: Any, rows: Any, row: Any, grow: bool) -> Any:
    if not (_has_sizes(rows) and _has_sizes(row)):
        return without_row.on(xp, g, index, shape.on(xp, rows))
    if 0 in rows.shape:
        return xp.zeros_like(rows)
    rest = write_row.on(xp, g, index, xp.zeros_like(row), grow=False)
    return rest[: int(rows.shape[0])] if grow else rest


def _has_sizes(x: Any) -> bool:
    return getattr(x.shape, "rank", 0) is not None and None not in x.shape


def _rest_spec(rows: Spec, index: Spec, sizes: Spec) -> Any:
    return Spec((None,) * len(rows.shape), rows.dtype)


# portable=False: as read_row.
@op(infer=_rest_spec, types="TIU", portable=False,
    samples=samples.cases((((3, 2), np.array(1), np.array([3, 2])), {}),
                          (((3, 2), np.array(1), np.array([2, 2])), {}),
                          (((3, 2), np.array(1), np.array([4, 2])), {}),
                          (((3, 2), np.array(1), np.array([3, 0])), {})))  # fmt: skip
def without_row(xp, rows, index, sizes):
    """The tensor with zeros in one row, and with so many rows; zeros if its rows are other ones.

    Shape: (n, …), (), (rank,) → sizes.
    """
    wanted = tuple(int(d) for d in sizes)
    out = xp.zeros(wanted, dtype=rows.dtype)
    if wanted[1:] == tuple(rows.shape[1:]):
        size = min(wanted[0], rows.shape[0])
        out[:size] = rows[:size]
        if int(index) < size:
            out[int(index)] = 0
    return out


without_row.expands = True


@without_row.gradient
def without_row_gradient(xp, g, out, rows, index, sizes):
    """`g without the row`."""
    return lambda: without_row.on(xp, g, index, shape.on(xp, rows)), None, None

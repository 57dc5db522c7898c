"""Matrices and their diagonals: building, reading and replacing them, and keeping a band.

A diagonal has a number k: 0 the main one, positive above it, negative below it. Several at once,
k = (lowest, highest), are the rows of one tensor, the highest first, each as long as the longest;
`align` says at which end the shorter ones are filled up.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from minitensor import samples
from minitensor.errors import Fault, InvalidArgumentError, message, suggest
from minitensor.op import convert, op
from minitensor.ops.array import reshape
from minitensor.shapes import Spec

__all__ = ["band_part", "diag", "diag_part", "set_diag", "tensor_diag", "tensor_diag_part"]

_ALIGNMENTS = ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT")
# portable=False in this file: places are addressed by arrays of rows and columns.


class _Places(NamedTuple):
    """Where the elements of some diagonals stand in the matrix, and in the tensor of diagonals."""

    rows: np.ndarray
    columns: np.ndarray
    number: np.ndarray
    position: np.ndarray
    longest: int
    diagonals: int


def _places(rows: int, columns: int, k: Any, align: str) -> _Places:
    low, high = _range_of(k)
    if align not in _ALIGNMENTS:
        raise Fault(f"align is {align!r}", "it says where superdiagonals and subdiagonals stand",
                    suggest(align, _ALIGNMENTS))  # fmt: skip
    if not (-rows < low <= high < columns) and (rows and columns):
        raise Fault(f"k is {k}", f"a {rows} by {columns} matrix has diagonals {1 - rows} to "
                    f"{columns - 1}", "choose among those")  # fmt: skip
    above, below = align.split("_")
    longest = min(rows + min(high, 0), columns - max(low, 0))
    found: list[list[np.ndarray]] = [[], [], [], []]
    for number, d in enumerate(range(high, low - 1, -1)):
        length = min(rows + min(d, 0), columns - max(d, 0))
        right = (above if d >= 0 else below) == "RIGHT"
        along = np.arange(length)
        filled = (longest - length) if right else 0
        parts = (along - min(d, 0), along + max(d, 0), np.full(length, number), along + filled)
        for list_, part in zip(found, parts, strict=True):
            list_.append(part)
    row, column, order, position = map(np.concatenate, found)
    return _Places(row, column, order, position, longest, high - low + 1)


def _range_of(k: Any) -> tuple[int, int]:
    low, high = (k, k) if np.ndim(k) == 0 else (k[0], k[-1])
    if low > high:
        raise Fault(f"k is {k}", "the lowest diagonal comes first", "exchange the two")
    return low, high


def _in_matrix(xp: Any, places: _Places) -> tuple:
    """The index of the elements in the matrix."""
    return (..., xp.asarray(places.rows), xp.asarray(places.columns))


def _in_diagonals(xp: Any, places: _Places) -> tuple:
    """The index of the elements in the tensor of diagonals; a single one has no axis of its own."""
    position = xp.asarray(places.position)
    if places.diagonals == 1:
        return (..., position)
    return (..., xp.asarray(places.number), position)


def _matrix_size(diagonal: tuple, k: Any, num_rows: int, num_cols: int) -> tuple[int, int]:
    """The size of the matrix that diagonals are for: the smallest, where it is not given."""
    low, high = _range_of(k)
    longest = diagonal[-1]
    if low != high and diagonal[-2] != high - low + 1:
        raise Fault(f"there are {diagonal[-2]} diagonals and k is {k}",
                    "there is one row for each diagonal", "change k")  # fmt: skip
    rows, columns = longest - min(high, 0), longest + max(low, 0)
    if num_rows == num_cols == -1:
        return max(rows, columns), max(rows, columns)
    found = (rows if num_rows == -1 else num_rows), (columns if num_cols == -1 else num_cols)
    if min(found[0] + min(high, 0), found[1] - max(low, 0)) != longest:
        raise Fault(f"the diagonals have length {longest} and the matrix would be {found}",
                    "the longest diagonal must fit exactly",
                    "change num_rows or num_cols")  # fmt: skip
    return found


def _diag_spec(
    diagonal: Spec, *, k: Any = 0, num_rows: int = -1, num_cols: int = -1,
    padding_value: Any = 0, align: str = "RIGHT_LEFT",
) -> Spec:  # fmt: skip
    batch = 1 if np.ndim(k) == 0 or k[0] == k[-1] else 2
    if len(diagonal.shape) < batch or None in diagonal.shape[-batch:]:
        raise Fault(f"the diagonal has shape {tuple(diagonal.shape)}",
                    f"it needs {batch} known axes", "reshape it")  # fmt: skip
    size = _matrix_size(diagonal.shape, k, num_rows, num_cols)
    _places(*size, k, align)
    return Spec((*diagonal.shape[:-batch], *size), diagonal.dtype)


_DIAGONALS = samples.cases(
    (((3,),), {}),
    (((2, 2),), {"k": 1}),
    (((3,),), {"k": -1, "num_rows": 4, "num_cols": 3}),
    (((2, 3, 3),), {"k": (-1, 1)}),
    (((2, 2),), {"k": (0, 1), "num_rows": 2, "num_cols": 3, "align": "LEFT_LEFT"}),
    (((2,),), {"padding_value": 7}),
    (((0, 3),), {}),
)


@op(infer=_diag_spec, types="A", portable=False, samples=_DIAGONALS)
def diag(
    xp, diagonal, *, k=0, num_rows=-1, num_cols=-1, padding_value=0, align="RIGHT_LEFT"
):  # fmt: skip
    """Matrices with the given diagonals, and `padding_value` elsewhere.

    Shape: (…, n) → (…, rows, columns); for several diagonals (…, count, longest). The matrix is
    the smallest square that holds them, or has the rows and columns asked for.

    Example:
        >>> import minitensor as mt
        >>> mt.linalg.diag([1, 2]).numpy().tolist()
        [[1, 0], [0, 2]]
    """
    rows, columns = _matrix_size(tuple(diagonal.shape), k, num_rows, num_cols)
    places = _places(rows, columns, k, align)
    batch = tuple(diagonal.shape[: -1 if _range_of(k)[0] == _range_of(k)[1] else -2])
    out = xp.full((*batch, rows, columns), padding_value, dtype=diagonal.dtype)
    out[_in_matrix(xp, places)] = diagonal[_in_diagonals(xp, places)]
    return out


@diag.gradient
def diag_gradient(
    xp, g, out, diagonal, *, k=0, num_rows=-1, num_cols=-1, padding_value=0, align="RIGHT_LEFT"
):  # fmt: skip
    return diag_part.on(xp, g, k=k, align=align)


def _diag_part_spec(
    input: Spec, *, k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Spec:  # fmt: skip
    if len(input.shape) < 2 or None in input.shape[-2:]:
        raise Fault(f"the input has shape {tuple(input.shape)}",
                    "input must be at least 2-dim: rows and columns, of known sizes",
                    "add an axis")  # fmt: skip
    rows, columns = input.shape[-2:]
    places = _places(int(rows or 0), int(columns or 0), k, align)
    count = (places.diagonals,) if places.diagonals > 1 else ()
    return Spec((*input.shape[:-2], *count, places.longest), input.dtype)


_MATRICES = samples.cases(
    (((3, 3),), {}),
    (((2, 3, 4),), {"k": 2}),
    (((2, 3),), {"k": -1}),
    (((3, 4),), {"k": (-1, 2), "padding_value": 9}),
    (((4, 3),), {"k": (-2, 1), "align": "LEFT_RIGHT"}),
)


@op(infer=_diag_part_spec, types="A", portable=False, samples=_MATRICES)
def diag_part(xp, input, *, k=0, padding_value=0, align="RIGHT_LEFT"):
    """The diagonals of matrices; several are filled up with `padding_value`.

    Shape: (…, rows, columns) → (…, n); for several diagonals (…, count, longest).

    Example:
        >>> import minitensor as mt
        >>> mt.linalg.diag_part([[1, 2], [3, 4]]).numpy().tolist()
        [1, 4]
    """
    places = _places(input.shape[-2], input.shape[-1], k, align)
    count = (places.diagonals,) if places.diagonals > 1 else ()
    out = xp.full((*input.shape[:-2], *count, places.longest), padding_value, dtype=input.dtype)
    out[_in_diagonals(xp, places)] = input[_in_matrix(xp, places)]
    return out


@diag_part.gradient
def diag_part_gradient(xp, g, out, input, *, k=0, padding_value=0, align="RIGHT_LEFT"):
    rows, columns = input.shape[-2:]
    return diag.on(xp, g, k=k, num_rows=rows, num_cols=columns, align=align)


def _set_diag_spec(
    input: Spec, diagonal: Spec, *, k: Any = 0, align: str = "RIGHT_LEFT"
) -> Spec:  # fmt: skip
    wanted = _diag_part_spec(input, k=k, align=align).shape
    if len(wanted) != len(diagonal.shape) or any(
        None not in (a, b) and a != b for a, b in zip(wanted, diagonal.shape, strict=True)
    ):
        raise Fault(f"the diagonal has shape {tuple(diagonal.shape)}",
                    f"diagonals {k} of this matrix have shape {wanted}", "reshape it")  # fmt: skip
    return input


@op(infer=_set_diag_spec, types="TT", kinds="fciub", portable=False,
    samples=samples.cases((((3, 3), (3,)), {}), (((2, 3, 4), (2, 2)), {"k": 2}),
                          (((3, 4), (3, 3)), {"k": (-1, 1)})))  # fmt: skip
def set_diag(xp, input, diagonal, *, k=0, align="RIGHT_LEFT"):
    """Matrices with their diagonals replaced.

    Shape: (…, rows, columns), diagonals as of diag_part → (…, rows, columns).
    """
    places = _places(input.shape[-2], input.shape[-1], k, align)
    out = xp.array(input)
    out[_in_matrix(xp, places)] = diagonal[_in_diagonals(xp, places)]
    return out


@set_diag.gradient
def set_diag_gradient(xp, g, out, input, diagonal, *, k=0, align="RIGHT_LEFT"):
    nothing = xp.zeros(tuple(diagonal.shape), dtype=g.dtype)
    return (
        lambda: set_diag.on(xp, g, nothing, k=k, align=align),
        lambda: diag_part.on(xp, g, k=k, align=align),
    )


def _band_spec(input: Spec, *, num_lower: int, num_upper: int) -> Spec:
    if len(input.shape) < 2:
        raise Fault(f"the input has shape {tuple(input.shape)}",
                    "input must be at least 2-dim: rows and columns", "add an axis")  # fmt: skip
    rows, columns = input.shape[-2:]
    for name, number, most in (("num_lower", num_lower, rows), ("num_upper", num_upper, columns)):
        if most is not None and number > most:
            raise Fault(f"{name} is {number}", f"{name} must be negative or less or equal to the "
                        f"number of {'rows' if most is rows else 'columns'} ({most})",
                        "use -1 to keep that whole triangle")  # fmt: skip
    return input


@op(infer=_band_spec, types="A", portable=False,
    samples=samples.cases((((3, 4),), {"num_lower": 1, "num_upper": 0}),
                          (((2, 3, 3),), {"num_lower": -1, "num_upper": 1}),
                          (((3, 3),), {"num_lower": 0, "num_upper": -1})))  # fmt: skip
def band_part(xp, input, *, num_lower, num_upper):
    """Matrices with zeros outside a band around the main diagonal.

    `num_lower` diagonals below and `num_upper` above it are kept; a negative number keeps all.

    Shape: (…, rows, columns) → same.
    """
    rows, columns = input.shape[-2:]
    above = xp.arange(columns)[None, :] - xp.arange(rows)[:, None]
    kept = xp.ones((rows, columns), dtype=bool)
    if num_lower >= 0:
        kept = kept & (above >= -num_lower)
    if num_upper >= 0:
        kept = kept & (above <= num_upper)
    return xp.where(kept, input, xp.zeros_like(input))


@band_part.gradient
def band_part_gradient(xp, g, out, input, *, num_lower, num_upper):
    return band_part.on(xp, g, num_lower=num_lower, num_upper=num_upper)


def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor with the given values where both halves of its index agree, and zeros elsewhere.

    Shape: (d0, …, dk) → (d0, …, dk, d0, …, dk).
    """
    diagonal = convert(diagonal)
    sizes = tuple(diagonal.shape)
    return reshape(diag(reshape(diagonal, shape=(-1,))), shape=sizes + sizes, name=name)


def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The values where both halves of the index agree: tensor_diag turned round.

    Shape: (d0, …, dk, d0, …, dk) → (d0, …, dk).
    """
    input = convert(input)
    half = len(input.shape) // 2
    sizes = tuple(input.shape[:half])
    if not half or tuple(input.shape) != sizes + sizes:
        raise InvalidArgumentError(
            message("tensor_diag_part", f"shape {tuple(input.shape)}", "its two halves differ",
                    "the second half of the axes must have the sizes of the first",
                    "use mt.linalg.diag_part for matrices")
        )  # fmt: skip
    return reshape(diag_part(reshape(input, shape=(prod(sizes),) * 2)), shape=sizes, name=name)

"""A Jacobian as a viewer draws it: a matrix with a row for each output element, and its structure.

`jacobian_view` computes it with `tape.jacobian`, recognises what kind of matrix it is
(`structure`), and makes it small enough to draw: of a large one, the largest element of each block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, prod
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.eager import convert_to_tensor
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.tape import GradientTape
from minitensor.tensor import Operand, Tensor
from minitensor.views.drawing import callers_names
from minitensor.views.measured import argument_names, function_name, value_name
from minitensor.views.records import VERSION
from minitensor.views.structure import facts, recognised

MOST_CELLS = 64
"""Rows and columns of a picture."""


EXACT = "Decided by exact zeros and equal bits."
ROUNDED = (
    "Decided up to rounding: what is at most 8 units in the last place of the largest element of "
    "its row and its column counts as zero."
)
PLAIN = ("empty", "one number", "row", "column", "dense")
"""What needs no decision."""


@dataclass(frozen=True)
class StructureView:
    """What kind of matrix it is: name, sentence, what it teaches, how it was decided, and more."""

    name: str
    text: str
    hint: str = ""
    decided: str = ""
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class JacobianView:
    """A Jacobian as a matrix: rows are elements of the output, columns elements of the input.

    `cells` are the elements, or of a large matrix the largest one of each block of `block` rows
    and columns; "NaN", "inf" and "-inf" are words. `error` is what the function said instead.
    """

    title: str
    output: str
    input: str
    rows: list[int]
    columns: list[int]
    dtype: str
    structure: StructureView | None = None
    cells: list[list[float | str]] = field(default_factory=list)
    block: list[int] = field(default_factory=lambda: [1, 1])
    minimum: float | None = None
    maximum: float | None = None
    zeros: float = 0.0
    nans: int = 0
    infinities: int = 0
    note: str = ""
    error: str = ""
    version: int = VERSION


def jacobian_view(
    what: Any, *given: Any, argument: int = 0, axes: int | None = None
) -> JacobianView:
    """The derivative of each output element by each input element, as a matrix.

    Args:
        what: a function of tensors; a tape; or a Jacobian itself, as a tensor or array.
        *given: the function's arguments; or the target and the source of a tape.
        argument: which of the function's arguments to differentiate by.
        axes: how many axes of a given Jacobian belong to the output; by default half of them.

    Raises:
        DTypeError: (also a TypeError) for arguments that are none of these.
    """
    if isinstance(what, GradientTape):
        return _of_tape(what, *given)
    if callable(what) and not isinstance(what, Operand):
        return _of_function(what, given, argument)
    if given or not isinstance(what, (Operand, np.ndarray, list, tuple)):
        raise _wrong(f"an object of type {type(what).__name__}")
    tensor = convert_to_tensor(what)
    array = np.asarray(to_numpy(tensor._array))
    if array.dtype.kind in "OSUT":
        raise _wrong(f"a tensor of dtype {tensor.dtype.name}")
    return _of_array(array, axes)


def _wrong(given: str) -> DTypeError:
    return DTypeError(
        message("jacobian", given, "it has no Jacobian",
                "a Jacobian is of a function and its arguments, or of a tape, target and source",
                "write jacobian(f, x), or jacobian(tape, y, x), or give a matrix of numbers")
    )  # fmt: skip


def _of_array(array: np.ndarray, axes: int | None) -> JacobianView:
    split = array.ndim // 2 if axes is None else axes
    if not 0 <= split <= array.ndim:
        raise InvalidArgumentError(
            message("jacobian", f"a Jacobian of shape {array.shape}, axes={axes}",
                    f"it has {array.ndim} axes", "axes says how many of them are the output's",
                    f"give a number from 0 to {array.ndim}")
        )  # fmt: skip
    return drawn(array, array.shape[:split], array.shape[split:], "y", "x")


def _of_tape(tape: GradientTape, *given: Any) -> JacobianView:
    if len(given) != 2 or not all(isinstance(x, Operand) for x in given):
        raise _wrong(f"a tape and {len(given)} values")
    target, source = given
    names = callers_names()
    found = tape.jacobian(target, source)
    return _result(found, target, source, _name(target, names, "y"), _name(source, names, "x"))


def _name(x: Any, names: dict[int, str], otherwise: str) -> str:
    return names.get(id(x)) or value_name(x) or otherwise


def _of_function(function: Callable, given: Sequence, argument: int) -> JacobianView:
    if not -len(given) <= argument < len(given):
        raise _wrong(f"a function and {len(given)} arguments, of which number {argument}")
    name = argument_names(function, given, callers_names())[argument]
    values = [x if isinstance(x, Operand) else _tensor(x) for x in given]
    source = values[argument]
    called = function_name(function)
    try:
        with GradientTape() as tape:
            tape.watch(source)
            target = function(*values)
        if not isinstance(target, Operand):
            target = convert_to_tensor(target)
        found = tape.jacobian(target, source)
    except Exception as error:  # the picture says what the learner's function said
        return JacobianView(f"Jacobian of {called}", called, name, [], [], "", error=_text(error))
    return _result(found, target, source, called, name)


def _tensor(x: Any) -> Any:
    """Numbers and arrays become tensors; what a function takes besides stays as it is."""
    try:
        return convert_to_tensor(x)
    except Exception:
        return x


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _result(found: Any, target: Any, source: Any, output: str, input_: str) -> JacobianView:
    shapes = tuple(target.shape), tuple(source.shape)
    if found is None:
        array = np.zeros((*shapes[0], *shapes[1]), np.float32)
        note = "No path of differentiable operations leads from the input to the output (None)."
        return drawn(array, *shapes, output, input_, note)
    if not isinstance(found, Tensor):
        found = convert_to_tensor(found)
    return drawn(np.asarray(to_numpy(found._array)), *shapes, output, input_)


def drawn(
    array: Any, output: tuple, input_: tuple, name: str, by: str, note: str = ""
) -> JacobianView:
    """The record of a Jacobian of shape output + input."""
    dtype = array.dtype.name
    if array.dtype.kind == "c":
        array, note = (
            np.abs(array),
            f"{note} The elements are complex: their sizes are shown.".strip(),
        )
    epsilon = float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 2.0**-52
    epsilon = 2.0**-7 if array.dtype.kind == "V" else epsilon
    values = array.astype(np.float64).reshape(prod(output), prod(input_))
    found = recognised(values, output, input_, epsilon)
    plain = found.name in PLAIN
    decided = "" if plain else EXACT if found.exact else ROUNDED
    finite = values[np.isfinite(values)]
    cells, block = thumbnail(values)
    return JacobianView(
        f"∂{name} / ∂{by}", name, by, list(output), list(input_), dtype,
        StructureView(found.name, found.sentence, found.hint, decided, facts(values, epsilon)),
        cells, block,
        float(finite.min()) if finite.size else None, float(finite.max()) if finite.size else None,
        float(np.mean(values == 0)) if values.size else 0.0,
        int(np.isnan(values).sum()), int(np.isinf(values).sum()), note,
    )  # fmt: skip


def thumbnail(values: Any, most: int = MOST_CELLS) -> tuple[list[list], list[int]]:
    """At most 64 × 64 cells, and how many elements high and wide a cell is.

    A cell has the element of its block that is farthest from zero; NaN before infinity before all
    others. What is no number is a word, for JSON has none for it.
    """
    rows, columns = values.shape
    if not values.size:
        return [], [1, 1]
    high, wide = ceil(rows / most), ceil(columns / most)
    padded = np.zeros((ceil(rows / high) * high, ceil(columns / wide) * wide))
    padded[:rows, :columns] = values
    parts = padded.reshape(padded.shape[0] // high, high, padded.shape[1] // wide, wide)
    flat = parts.transpose(0, 2, 1, 3).reshape(parts.shape[0], parts.shape[2], high * wide)
    nans = np.isnan(flat)
    at = np.where(nans.any(2), nans.argmax(2), np.abs(flat).argmax(2))
    chosen = np.take_along_axis(flat, at[..., None], 2)[..., 0]
    return [[_cell(v) for v in row] for row in chosen], [high, wide]


def _cell(value: float) -> float | str:
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(f"{value:.5g}")

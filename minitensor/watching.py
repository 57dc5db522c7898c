"""A watching interpreter: passes every op on to the one it wraps, and looks at what comes back.

Looking costs nothing when nobody looks: the watcher is in place only while it is enabled, and only
in the thread that enabled it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.dtypes import kind_of
from minitensor.errors import InvalidArgumentError, message
from minitensor.graph.ir import source_line
from minitensor.op import NO_ATTRS, Interpreter, Op, state
from minitensor.tensor import Tensor

__all__ = ["NumericsWatch", "disable_check_numerics", "enable_check_numerics"]


class NumericsWatch:
    """Stops at the first op whose result has a NaN or an infinity."""

    def __init__(self, watched: Interpreter):
        self.watched = watched

    def apply(self, op: Op, inputs: Sequence, attrs: dict, name: str | None = None) -> Any:
        """Run one op and look at its results."""
        result = self.watched.apply(op, inputs, attrs, name)
        for number, out in enumerate(result if isinstance(result, tuple) else (result,)):
            if isinstance(out, Tensor) and kind_of(out._array.dtype) in "fc":
                array = to_numpy(out._array)
                if not np.isfinite(array).all():
                    raise _first_trouble(op, inputs, number, out, array)
        return result

    def binary(self, op: Op, x: Any, y: Any) -> Any:
        """Run an op of two inputs and no attributes."""
        return self.apply(op, (x, y), NO_ATTRS)

    function = binary

    def convert(self, value: Any, dtype: Any = None) -> Any:
        """Turn a value into a tensor."""
        return self.watched.convert(value, dtype)

    def constant(self, tensor: Any, name: str | None) -> Any:
        """A new constant, as it is."""
        return self.watched.constant(tensor, name)

    def read(self, variable: Any) -> Any:
        """The value that a variable has."""
        return self.watched.read(variable)

    def assign(self, variable: Any, tensor: Any) -> None:
        """Give a variable a new value."""
        self.watched.assign(variable, tensor)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From now on, raise at the first op of this thread that gives a NaN or an infinity.

    The error names the op, its inputs and the line of the program. The limits are TensorFlow's and
    have no effect: one line is shown, your own.

    Raises:
        InvalidArgumentError: (also a ValueError) from the op, not from this function.
    """
    if not isinstance(state.interpreter, NumericsWatch):
        state.interpreter = NumericsWatch(state.interpreter)


def disable_check_numerics() -> None:
    """Stop watching for NaN and infinity."""
    if isinstance(state.interpreter, NumericsWatch):
        state.interpreter = state.interpreter.watched


def _first_trouble(
    op: Op, inputs: Sequence, number: int, out: Tensor, array: np.ndarray
) -> InvalidArgumentError:
    flat = array.reshape(-1)
    bad = ~np.isfinite(flat)
    counts = {"NaN": np.isnan(flat), "Inf": flat == np.inf, "-Inf": flat == -np.inf}
    found = ", ".join(f"{int(c.sum())} {word}" for word, c in counts.items() if c.any())
    place = np.unravel_index(int(np.argmax(bad)), array.shape) if array.ndim else ()
    line = source_line(out._origin)
    at = f" at {line}" if line is not None and line.text else ""
    given = ", ".join(f"{label}={_short(x)}" for label, x in _labelled(op, inputs))
    return InvalidArgumentError(
        message(op.name, given, f"output {number} has {found} among {flat.size} elements, the "
                f"first at index {[int(i) for i in place]}{at}",
                "with enable_check_numerics, every result must be finite",
                "keep the inputs inside the op's domain, for example with mt.clip_by_value or "
                "mt.math.divide_no_nan")
    )  # fmt: skip


def _labelled(op: Op, inputs: Sequence) -> list[tuple[str, Any]]:
    names = [f"input {i}" for i in range(len(inputs))] if op.variadic else op.input_names
    return list(zip(names, inputs, strict=False))


def _short(x: Any) -> str:
    if not hasattr(x, "numpy"):
        return repr(x)
    array = np.asarray(to_numpy(x._array))
    text = np.array2string(array, threshold=6, edgeitems=2, precision=4)
    return f"{' '.join(text.split())} (shape {array.shape})" if array.ndim else text

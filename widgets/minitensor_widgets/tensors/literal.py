"""An array written as Python source."""

from __future__ import annotations

from typing import Any

MOST_LITERAL = 10_000
_SIGNS = {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}


def numpy_literal(value: Any) -> str:
    """An array as an expression that numpy reads; a bfloat16 becomes a float32.

    Raises:
        ValueError: for more than 10 000 elements, and for what has no elements yet.

    Example:
        >>> numpy_literal([1.5, float("nan")])
        'np.array([1.5, np.nan], dtype=np.float64)'
    """
    import numpy as np

    from minitensor.views import elements_of

    array = elements_of(value, MOST_LITERAL)
    if array.dtype.kind == "V":
        array = array.astype(np.float32)
    dtype = "object" if array.dtype.kind == "O" else f"np.{array.dtype.name}"
    if array.dtype.kind in "SU":
        dtype = f'"{array.dtype.str}"'
    body = _written(array)
    if array.ndim > 1 and not array.size:
        return f"np.empty({array.shape}, dtype={dtype})"
    return f"np.array({body}, dtype={dtype})"


def _written(array: Any) -> str:
    if array.dtype.kind == "O":
        return repr(array.tolist())
    if array.ndim:
        return f"[{', '.join(map(_written, array))}]"
    value = array.item()
    if isinstance(value, complex):
        return f"complex({_number(array.real)}, {_number(array.imag)})"
    return _number(array) if isinstance(value, float) else repr(value)


def _number(value: Any) -> str:
    """The shortest decimal that gives the same number in the array's precision."""
    text = str(value)
    return _SIGNS.get(text, text)

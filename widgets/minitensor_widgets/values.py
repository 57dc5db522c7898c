"""Numbers, shapes and values in a few characters. `static/values.js` is the twin."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence


def clip(text: str, limit: int) -> str:
    """Cut a text to a number of characters, with an ellipsis for what is gone.

    Example:
        >>> clip("embedding", 6)
        'embed…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shape_text(shape: Sequence[int | None] | None) -> str:
    """Write a shape as Python does; an unknown axis is "?".

    Example:
        >>> shape_text([None, 3]), shape_text([3]), shape_text(None)
        ('(?, 3)', '(3,)', 'unknown shape')
    """
    if shape is None:
        return "unknown shape"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def number(value: float | None, digits: int = 5) -> str:
    """Few significant digits, the same in Python and in the browser.

    Example:
        >>> number(0.5), number(123456.0), number(123456.0, 8), number(None)
        ('0.5', '1.23e+5', '123456', 'nan')
    """
    if value is None:
        return "nan"
    if value and not 1e-4 <= abs(value) < 10 ** max(5, digits):
        mantissa, exponent = f"{value:.{2 if digits <= 5 else digits - 1}e}".split("e")
        return f"{mantissa}e{'-' if exponent[0] == '-' else '+'}{int(exponent[1:])}"
    return f"{float(f'{value:.{digits}g}'):.15g}"


def apart(values: Iterable[float | None], digits: int = 5) -> int:
    """How many digits it takes until numbers that differ read differently; at most 14.

    Example:
        >>> apart([0.97, 0.970001, 0.97]), apart([1.0, 2.0])
        (6, 5)
    """
    known = {value for value in values if value is not None and math.isfinite(value)}
    while digits < 14 and len({number(value, digits) for value in known}) < len(known):
        digits += 1
    return digits


def leaves(text: str | list) -> list[str]:
    """All formatted numbers of a value in order, whatever the nesting."""
    if isinstance(text, str):
        return [text]
    return [leaf for part in text for leaf in leaves(part)]


def brief(value: Mapping | None) -> str:
    """A value in a few characters: the number, up to three numbers, or shape and mean.

    Example:
        >>> brief({"shape": [], "text": ["6"], "mean": 6.0})
        '6'
        >>> brief({"shape": [40, 2], "text": [], "mean": 0.25})
        '(40, 2) mean 0.25'
    """
    if value is None:
        return "not recorded"
    numbers = leaves(value["text"])
    if len(numbers) == 1 and not value["shape"]:
        return numbers[0]
    if 1 <= len(numbers) <= 3 and len(value["shape"]) == 1:
        return f"[{', '.join(numbers)}]"
    return f"{shape_text(value['shape'])} mean {number(value['mean'], 3)}"

"""Compare two values and say in words how they differ; show a value in a fixed form.

Nothing here may raise on a learner's value, whatever it is. Outputs are compared by nbval, so every
text is the same on each run: no addresses, fixed float formatting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

RTOL, ATOL = 1e-4, 1e-6
LONGEST = 240


def as_array(value: object) -> np.ndarray | None:
    """`value` as a numpy array of numbers or booleans, or None when it is nothing of the kind."""
    if value is None or isinstance(value, str | bytes | Mapping) or callable(value):
        return None
    try:
        array = np.asarray(value)
    except Exception:  # the learner's object may raise anything; it is then not an array
        return None
    return array if array.dtype.kind in "biufc" or array.dtype.name == "bfloat16" else None


def difference(expected: Any, got: Any) -> str | None:
    """None when `got` equals `expected` to rounding, else one sentence that says how it differs.

    Example:
        >>> import numpy as np
        >>> difference(np.zeros((1, 3)), np.zeros((2, 3)))
        'expected shape (1, 3), got shape (2, 3)'
        >>> difference({"a": 1.0}, {"a": 1.0 + 1e-9}) is None
        True
    """
    if expected is None or got is None:
        return None if expected is got else f"expected {show(expected)}, got {show(got)}"
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, got)
    if isinstance(expected, tuple) and not isinstance(got, list | tuple):
        return f"expected {len(expected)} values, got {kind(got)}"
    wanted, given = as_array(expected), as_array(got)
    if wanted is not None and given is not None:
        return _array_difference(wanted, given)
    if isinstance(expected, list | tuple):
        return _sequence_difference(expected, got)
    return _other_difference(expected, got)


def _mapping_difference(expected: Mapping[Any, Any], got: Any) -> str | None:
    if not isinstance(got, Mapping):
        return f"expected a dict, got {kind(got)}"
    if missing := [key for key in expected if key not in got]:
        return f"entry {missing[0]!r} is missing"
    if extra := [key for key in got if key not in expected]:
        return f"entry {show(extra[0])} should not be there"
    found = ((key, difference(value, got[key])) for key, value in expected.items())
    return next((f"entry {key!r}: {text}" for key, text in found if text), None)


def _sequence_difference(expected: list[Any] | tuple[Any, ...], got: Any) -> str | None:
    if not isinstance(got, list | tuple):
        return f"expected {len(expected)} values, got {kind(got)}"
    if len(got) != len(expected):
        return f"expected {len(expected)} values, got {len(got)}"
    found = enumerate(map(difference, expected, got))
    return next((f"value {place}: {text}" for place, text in found if text), None)


def _array_difference(wanted: np.ndarray, given: np.ndarray) -> str | None:
    if wanted.shape != given.shape:
        return f"expected shape {wanted.shape}, got shape {given.shape}"
    if (wanted.dtype.kind == "b") != (given.dtype.kind == "b"):
        return f"expected {wanted.dtype.name} values, got {given.dtype.name}"
    words = f"expected {show(wanted)}, got {show(given)}"
    if wanted.dtype.kind != "c":
        wanted, given = wanted.astype(np.float64), given.astype(np.float64)
    wrong = ~np.isclose(given, wanted, rtol=RTOL, atol=ATOL, equal_nan=True)
    if not wrong.any():
        return None
    if wanted.ndim == 0:
        return words
    return f"the shape is right, but {int(wrong.sum())} of {wrong.size} entries differ"


def _other_difference(expected: Any, got: Any) -> str | None:
    try:
        if bool(expected == got):
            return None
    except Exception:  # the learner's __eq__ may raise anything; then it is not equal
        return f"expected {show(expected)}, got {kind(got)}"
    return f"expected {show(expected)}, got {show(got)}"


def kind(value: object) -> str:
    """The type of `value` for a sentence: "a function", "a str"."""
    name = "function" if callable(value) and hasattr(value, "__name__") else type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def show(value: object) -> str:
    """A value as short text that is the same on each run.

    Example:
        >>> import numpy as np
        >>> show(np.arange(3.0)), show((2, 3)), show({"a": 0.1 + 0.2})
        ('[0. 1. 2.]', '(2, 3)', "{'a': 0.3}")
    """
    try:
        text = _show(value)
    except Exception:  # a broken __repr__ is the learner's to find, not ours to crash on
        text = f"<{kind(value)} that cannot be shown>"
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 2] + " …"


def _show(value: Any) -> str:
    if isinstance(value, str | bytes | bool | None):
        return repr(value)
    if isinstance(value, Mapping):
        return _joined(
            "{", [hang(f"{show(key)}: ", show(item)) for key, item in value.items()], "}"
        )
    if isinstance(value, list | tuple):
        ends = "[]" if isinstance(value, list) else "()"
        comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return _joined(ends[0], [show(item) for item in value], comma + ends[1])
    if (array := as_array(value)) is not None:
        return show_array(array)
    return name_of(value) if callable(value) else repr(value)


def _joined(start: str, texts: list[str], end: str) -> str:
    """Items on one line, or each on lines of its own when one of them needs several."""
    if not any("\n" in text for text in texts):
        return start + ", ".join(texts) + end
    return hang(start, ",\n".join(texts)) + end


def show_array(array: np.ndarray) -> str:
    """An array with four significant digits, long ones shortened in the middle."""
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.ndim == 0:
        return f"{array.item():.6g}" if array.dtype.kind in "fiu" else str(array.item())
    return np.array2string(array, precision=4, suppress_small=True, threshold=24)


def name_of(subject: object) -> str:
    """The name of a function, or of the type of anything else."""
    return getattr(subject, "__name__", type(subject).__name__)


def hang(label: str, text: str) -> str:
    """Text after a label, its further lines under its first."""
    return label + text.replace("\n", "\n" + " " * len(label))

"""What is known of points: columns of classes, numbers or names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..records import plain
from ..values import clip

MOST_CLASSES, MOST_LETTERS = 40, 60


def label_columns(labels: Any, columns: Sequence[str] | None, count: int) -> list[dict]:
    """The columns of what was given as labels: one a point, or rows of them.

    Raises:
        ValueError: when they are not one for each point.
        TypeError: for labels or columns that are no list.
    """
    if labels is None:
        return []
    if isinstance(labels, Mapping):
        return [
            column(str(name), _listed("labels", values), count) for name, values in labels.items()
        ]
    rows = [row if isinstance(row, list | tuple) else [row] for row in _listed("labels", labels)]
    width = max(map(len, rows), default=0)
    names = [columns] if isinstance(columns, str) else _listed("columns", columns or [])
    names = names or (["label"] if width == 1 else [f"label {i + 1}" for i in range(width)])
    if len(names) != width or {len(row) for row in rows} - {width}:
        raise ValueError(
            f"projector(): the labels have {width} columns, and there are {len(names)} names. Each "
            "point has a label, or a row of as many as columns has names. Give a name for each."
        )
    return [column(str(name), [row[i] for row in rows], count) for i, name in enumerate(names)]


def _listed(name: str, values: Any) -> list:
    """Anything with elements as a list of Python values."""
    found = values.numpy() if hasattr(values, "numpy") else values
    found = found.tolist() if hasattr(found, "tolist") else found
    if not isinstance(found, Iterable):
        raise TypeError(
            f"projector({name}={clip(repr(values), MOST_LETTERS)}): that is no list. Points have "
            "labels, one each or a row of them, and their columns have names. Give a list."
        )
    return list(found)


def column(name: str, values: list, count: int) -> dict:
    """One column of the record: its `kind` says how it can be coloured.

    Example:
        >>> column("digit", [1, 0, 1], 3)
        {'name': 'digit', 'kind': 'class', 'names': ['0', '1'], 'codes': [1, 0, 1]}
        >>> column("size", [1.5, None], 2)["kind"]
        'name'
    """
    if len(values) != count:
        raise ValueError(
            f"projector(): {len(values)} labels were given under {name!r} for {count} points. Each "
            "point has one. Give as many labels as there are rows of vectors."
        )
    words = [_word(value) for value in values]
    counts = Counter(words)
    numbers = [_number(word) for word in words]
    numeric = None not in numbers
    name = clip(plain(name), MOST_LETTERS)
    if len(counts) <= MOST_CLASSES and len(counts) < max(count, 2):
        order = sorted(
            counts, key=lambda word: (_number(word) or 0.0) if numeric else -counts[word]
        )
        places = {word: i for i, word in enumerate(order)}
        return {"name": name, "kind": "class", "names": order,
                "codes": [places[word] for word in words]}  # fmt: skip
    if numeric:
        rounded = [float(f"{number:.5g}") for number in numbers]  # pyright: ignore[reportArgumentType]
        return {"name": name, "kind": "number", "values": rounded}
    return {"name": name, "kind": "name", "values": words}


def _word(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return clip(plain(text), MOST_LETTERS)


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def chosen(item: Mapping, rows: Sequence[int]) -> dict:
    """A column with some of its points."""
    key = "codes" if item["kind"] == "class" else "values"
    return {**item, key: [item[key][i] for i in rows]}


def word_of(item: Mapping, at: int) -> str:
    """The label of one point as text."""
    if item["kind"] == "class":
        return item["names"][item["codes"][at]]
    value = item["values"][at]
    return f"{value:g}" if item["kind"] == "number" else value

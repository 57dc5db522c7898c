"""How shapes are laid side by side from the right, and where that fails. Plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ..records import VERSION, filled, of_kind, plain
from ..values import clip, shape_text

MOST_CELLS, LONGEST = 64, 9
MOST_OPERANDS, MOST_COLUMNS = 8, 12
STEPS = (
    ("given", "The shapes as they are given."),
    ("aligned", "The shapes are aligned from the right, last axis under last axis."),
    ("stretched", "Missing axes count as 1, and a size of 1 is stretched to that of the others."),
    ("result", "Each element of the result is computed from the elements at the same place."),
)
Shape = Sequence[int | None]
_EMPTY = {
    "version": VERSION, "operands": [], "axes": [], "shape": None, "fits": True, "clash": [],
    "hint": "", "note": "", "pairs": [],
}  # fmt: skip


def shape_of(value: Any) -> list[int | None]:
    """The shape of a tensor or array, of nested lists of numbers, or one given as it is.

    Raises:
        TypeError: for what has no shape.

    Example:
        >>> shape_of((3, 1)), shape_of(2.5), shape_of([[1, 2, 3]])
        ([3, 1], [], [1, 3])
    """
    if isinstance(value, str | bytes | Mapping):
        raise TypeError(_no_shape(value))
    shape = getattr(value, "shape", None)
    if shape is not None:
        rank = getattr(shape, "rank", len(shape) if isinstance(shape, tuple) else None)
        return [None] if rank is None else [None if n is None else int(n) for n in shape]
    if isinstance(value, list | tuple):
        if all(n is None or (hasattr(n, "__index__") and n is not True) for n in value):
            return [None if n is None else int(n) for n in value]
        return [len(value), *shape_of_parts(value)]
    if isinstance(value, bool | int | float | complex):
        return []
    raise TypeError(_no_shape(value))


def shape_of_parts(parts: Sequence) -> list[int | None]:
    """The shape that all parts of a nested list have."""
    found = [
        [len(part), *shape_of_parts(part)] if isinstance(part, list | tuple) and part else []
        for part in parts
    ]
    if any(shape != found[0] for shape in found):
        raise TypeError("The parts of a nested list have different lengths: it has no shape.")
    return found[0]


def _no_shape(value: Any) -> str:
    return (
        f"broadcast() got an object of type {type(value).__name__}, which has no shape. Pass "
        "tensors, arrays, numbers, or shapes such as (3, 1)."
    )


def state_of(sizes: Sequence[int | None], there: Sequence[bool]) -> tuple[str, int | None]:
    """What becomes of the sizes of one axis: a word, and the size of the result.

    Example:
        >>> state_of([3, 1], [True, True]), state_of([3, 4], [True, True])
        (('stretched', 3), ('conflict', None))
    """
    given = [size for size, here in zip(sizes, there, strict=True) if here]
    if any(size is not None and size < 0 for size in given):
        return "conflict", None
    large = {size for size in given if size is not None and size != 1}
    if len(large) > 1:
        return "conflict", None
    if None in given and not large:
        return "unknown", None
    size = next(iter(large), 1)
    if not all(there):
        return "added", size
    return ("equal" if all(n == size for n in given) else "stretched"), size


def aligned(shapes: Sequence[Shape]) -> list[dict]:
    """One record for each axis of the result, from the left."""
    rank = max(map(len, shapes))
    axes = []
    for axis in range(rank):
        places = [axis - rank + len(shape) for shape in shapes]
        there = [place >= 0 for place in places]
        sizes = [s[p] if here else None for s, p, here in zip(shapes, places, there, strict=True)]
        state, size = state_of(sizes, there)
        axes.append({"sizes": sizes, "there": there, "state": state, "size": size})
    return axes


def fits(*shapes: Shape) -> bool:
    """Whether shapes can be broadcast together."""
    return all(axis["state"] != "conflict" for axis in aligned(shapes))


def hint(names: Sequence[str], shapes: Sequence[Shape]) -> str:
    """What to do where shapes do not fit; empty where they do.

    Example:
        >>> hint("ab", [(3,), (3, 4)])
        'Give a the shape (3, 1): mt.reshape(a, (3, 1)), or mt.expand_dims(a, -1).'
    """
    if fits(*shapes):
        return ""
    if any(size is not None and size < 0 for shape in shapes for size in shape):
        return "A size cannot be negative; -1 has a meaning for reshape alone."
    for i, shape in enumerate(shapes):
        others = [*shapes[:i], *shapes[i + 1 :]]
        longest = max(map(len, others))
        for k in range(1, max(1, longest - len(shape)) + 1):
            tried = (*shape, *[1] * k)
            if len(shape) < longest and fits(tried, *others):
                short = f", or mt.expand_dims({names[i]}, -1)" if k == 1 else ""
                text = shape_text(tried)
                return f"Give {names[i]} the shape {text}: mt.reshape({names[i]}, {text}){short}."
    for i, shape in enumerate(shapes):
        others = [*shapes[:i], *shapes[i + 1 :]]
        if len(shape) == 2 and fits(shape[::-1], *others):
            return f"Transpose {names[i]} to {shape_text(shape[::-1])}: mt.transpose({names[i]})."
    return (
        "Take a part of one of them, sum over the axis with keepdims=True so that its size is 1, "
        "or check whether an axis was meant to be another."
    )


def cell_of(axis: Mapping, which: int) -> str:
    """One operand on one axis: its size, and what that is stretched to."""
    size = "?" if axis["sizes"][which] is None else str(axis["sizes"][which])
    if axis["state"] == "conflict":
        return size if axis["there"][which] else ""
    end = "?" if axis["size"] is None else str(axis["size"])
    if not axis["there"][which]:
        return f"+ 1 → {end}"
    return size if size in (end, "?") else f"{size} → {end}"


def _clash(names: Sequence[str], axis: int, record: Mapping) -> str:
    given = [
        f"{name} has {size}"
        for name, size, there in zip(names, record["sizes"], record["there"], strict=True)
        if there and size != 1
    ]
    return (
        f"Axis {axis} does not fit: {', '.join(given)}. Two sizes fit where they are equal or one "
        "of them is 1."
    )


def cells(texts: Any, shape: Sequence[int], axes: Sequence[Mapping], stretched: bool) -> dict:
    """The last two axes of an operand as rows of words, and which of them are copies."""
    sizes = [axis["size"] for axis in axes][-2:] if stretched else list(shape[-2:])
    rows, columns = ([1] * (2 - len(sizes)) + sizes)[-2:]
    own = ([1] * (2 - len(shape[-2:])) + list(shape[-2:]))[-2:]
    text, copy = [], []
    for i, j in itertools.product(range(rows), range(columns)):
        at = (min(i, own[0] - 1), min(j, own[1] - 1))
        text.append(clip(texts[at[0] * own[1] + at[1]], LONGEST))
        copy.append((i, j) != at)
    return {
        "text": _rows(text, columns, "…"),
        "copy": _rows(copy, columns, True),
    }


def _rows(items: list, columns: int, more: Any) -> list[list]:
    """Rows of a picture; of long ones the first columns, and a sign that there are more."""
    rows = [items[i : i + columns] for i in range(0, len(items), columns)]
    if columns <= MOST_COLUMNS:
        return rows
    return [[*row[: MOST_COLUMNS - 1], more] for row in rows]


def complete(record: Mapping) -> dict:
    """A record of `broadcast` with every field.

    Raises:
        TypeError: for the record of another viewer.
    """
    made = of_kind(plain(record), "operands", _EMPTY)
    own = {"name": "", "shape": [], "own": None, "stretched": None}
    made["operands"] = [filled(item, own) for item in made["operands"]]
    return made


def alignment(names: Sequence[str], shapes: Sequence[Shape], texts: Sequence[Any]) -> dict:
    """The whole record: operands, axes, the result's shape, and what does not fit.

    Args:
        names: of the operands.
        shapes: of the operands.
        texts: the elements of each as words, one after the other; None for those not to be drawn.
    """
    axes = aligned(shapes)
    clash = [_clash(names, i, axis) for i, axis in enumerate(axes) if axis["state"] == "conflict"]
    sizes = [axis["size"] for axis in axes]
    known = [size for size in sizes if size is not None]
    count = 1
    for size in known[-2:]:
        count *= size
    drawn = not clash and len(known) == len(sizes) and 0 < count <= MOST_CELLS
    operands = []
    for name, shape, words in zip(names, shapes, texts, strict=True):
        small = words is not None and 0 < len(words) <= MOST_CELLS
        operands.append({
            "name": name, "shape": list(shape),
            "own": cells(words, shape, axes, False) if small else None,  # pyright: ignore
            "stretched": cells(words, shape, axes, True) if small and drawn else None,  # pyright: ignore
        })  # fmt: skip
    pairs = []
    if drawn and all(item["stretched"] for item in operands):
        grids = [item["stretched"]["text"] for item in operands]
        pairs = [["…" if set(words) == {"…"} else ", ".join(words)
                  for words in zip(*rows, strict=True)]
                 for rows in zip(*grids, strict=True)]  # fmt: skip
    note = "Cells show the first part of the axes before the last two." if len(axes) > 2 else ""
    return complete({
        "operands": operands, "axes": axes, "shape": None if clash else sizes, "fits": not clash,
        "clash": clash, "hint": hint(names, shapes), "note": note if pairs else "", "pairs": pairs,
    })  # fmt: skip

"""Broadcasting drawn: how shapes align from the right, what is stretched, and what does not fit.

`static/tensors/broadcast.js` draws the same on the screen, step by step.
"""

from __future__ import annotations

import string
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ..output import Output
from ..records import as_view, plain
from ..svg import card, text
from ..units import plural
from ..values import clip, leaves, shape_text
from .alignment import MOST_CELLS, MOST_OPERANDS, STEPS, alignment, cell_of, complete, shape_of

PAD, WIDE, COLUMN, LINE, CELL = 14.0, 620.0, 74.0, 24.0, 20.0
STYLE = (
    ".t{stroke:#8a8a8a;fill:none}.s{}rect.x{fill:#e3f0fa;stroke:#0072b2;stroke-dasharray:4 2}"
    "rect.c{fill:#fbe3d6;stroke:#9a3b00;stroke-width:2}rect.r{fill:#e3f5ee;stroke:#00755a}"
    "rect.k{fill:#f4f4f4;stroke:#aaa;stroke-dasharray:3 2}text.k{fill:#5c5c5c}"
    "text.c{fill:#9a3b00;font-weight:600}"
)


def broadcast_record(values: Sequence[Any], names: Sequence[str] | None = None) -> dict:
    """The complete record of how values or shapes are broadcast, from them or from itself.

    Raises:
        TypeError: for fewer than two, for what has no shape, and for names that are no texts.
        ValueError: for more than eight, or another number of names.
    """
    if len(values) == 1 and isinstance(values[0], Mapping) and as_view(values[0]):
        return complete(values[0])
    if len(values) < 2:
        raise TypeError(
            f"broadcast() got {len(values)} argument{'' if len(values) == 1 else 's'}. "
            "Broadcasting is between two or more: broadcast(a, b), or broadcast((3, 1), (4,))."
        )
    if len(values) > MOST_OPERANDS:
        raise ValueError(
            f"broadcast() got {len(values)} arguments, and draws at most {MOST_OPERANDS}. Draw "
            "some of them: shapes that fit one another have one result, which can be passed on."
        )
    _check_names(names, len(values))
    shapes = [shape_of(value) for value in values]
    letters = names or [string.ascii_lowercase[i % 26] * (1 + i // 26) for i in range(len(values))]
    texts = [_words(*item) for item in zip(values, shapes, letters, strict=True)]
    return alignment(letters, shapes, texts)


def _check_names(names: Any, count: int) -> None:
    if names is None:
        return
    texts = isinstance(names, Sequence) and all(isinstance(name, str) for name in names)
    if not texts:
        raise TypeError(f"broadcast(names={names!r}): give a list of texts: names=['a', 'b'].")
    if names and len(names) != count:
        raise ValueError(
            f"broadcast(names={list(names)}): there are {plural(len(names), 'name')} for "
            f"{plural(count, 'argument')}. Give one for each, or none."
        )


def _words(value: Any, shape: Sequence[int | None], name: str) -> list[str] | None:
    """All elements as words if they are few; of a shape alone, made-up names of elements."""
    count = 1
    for size in shape:
        count *= size if size is not None and size > 0 else 0
    if not 0 < count <= MOST_CELLS:
        return None
    if hasattr(value, "shape") and not hasattr(value, "as_list"):
        from minitensor.views import value_view

        try:
            return leaves(plain(value_view(value).text)) or None
        except (AttributeError, TypeError):  # a spec, or a tensor without elements
            return [f"{name}{i}" for i in range(count)]
    if not isinstance(value, list | tuple):
        return [str(value)]
    if any(isinstance(part, list | tuple) for part in value):
        return [str(item) for item in _flat(value)]
    return [f"{name}{i}" for i in range(count)]


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]


def sentence(record: Mapping) -> str:
    """What comes out, in a sentence or two."""
    shapes = " and ".join(shape_text(item["shape"]) for item in record["operands"])
    if record["fits"]:
        return f"{shapes} broadcast to {shape_text(record['shape'])}."
    return f"{shapes} do not fit. {' '.join(record['clash'])}"


def _alignment(record: Mapping, y: float) -> tuple[str, float]:
    """The shapes under one another, the result below."""
    axes, left = record["axes"], PAD + 110
    step = min(COLUMN, (WIDE - left - PAD) / max(1, len(axes)))
    parts = [text(left + step * (i + 0.5), y + 10, f"axis {i}", "s m") for i in range(len(axes))]
    for k, item in enumerate(record["operands"]):
        at = y + 16 + k * LINE
        parts.append(text(PAD, at + 16, clip(f"{item['name']} {shape_text(item['shape'])}", 14)))
        for i, axis in enumerate(axes):
            words = cell_of(axis, k)
            style = "c" if axis["state"] == "conflict" and words not in ("", "1") else (
                "x" if "→" in words else "t")  # fmt: skip
            parts.append(
                f'<rect class="{style}" x="{left + i * step + 2:.1f}" y="{at + 1:.1f}" '
                f'width="{step - 4:.1f}" height="{LINE - 3:.1f}" rx="3"/>'
                if words else ""
            )  # fmt: skip
            parts.append(text(left + step * (i + 0.5), at + 16, clip(words, int(step / 7.3)), "m"))
    at = y + 20 + len(record["operands"]) * LINE
    parts.append(f'<path class="t" d="M{PAD:.0f},{at:.1f}H{left + step * len(axes):.1f}"/>')
    result = "no result" if not record["fits"] else f"= {shape_text(record['shape'])}"
    parts.append(text(PAD, at + 18, clip(result, 14)))
    for i, axis in enumerate(axes):
        fine = axis["state"] != "conflict"
        size = "?" if axis["size"] is None else str(axis["size"])
        parts.append(
            f'<rect class="{"r" if fine else "c"}" x="{left + i * step + 2:.1f}" y="{at + 3:.1f}" '
            f'width="{step - 4:.1f}" height="{LINE - 3:.1f}" rx="3"/>'
        )
        words = size if fine else "✗"
        parts.append(text(left + step * (i + 0.5), at + 18, words, "m" if fine else "m c"))
    return "".join(parts), at + LINE + 8 - y


def _grid(rows: Sequence[Sequence[str]], copies: Sequence | None, x: float, y: float) -> str:
    wide = _width(rows)
    parts = []
    for i, row in enumerate(rows):
        for j, words in enumerate(row):
            copy = copies is not None and copies[i][j]
            style = "r" if copies is None else "k" if copy else "x"
            parts.append(
                f'<rect class="{style}" x="{x + j * wide:.1f}" y="{y + i * CELL:.1f}" '
                f'width="{wide - 2:.1f}" height="{CELL - 2:.1f}"/>'
            )
            at = (x + (j + 0.5) * wide - 1, y + i * CELL + 13)
            parts.append(text(*at, words, "m s k" if copy else "m s"))
    return "".join(parts)


def _width(rows: Sequence[Sequence[str]]) -> float:
    return max(3, *(len(words) for row in rows for words in row)) * 6.2 + 8


def _pictures(record: Mapping, y: float) -> tuple[str, float]:
    """The stretched operands side by side, and what meets in each cell of the result."""
    shown = [(item["name"], item["stretched"] or item["own"]) for item in record["operands"]]
    grids = [(name, item["text"], item["copy"]) for name, item in shown if item]
    grids += [("result", record["pairs"], None)] if record["pairs"] else []
    parts, x, tall = [], PAD, 0.0
    for name, rows, copies in grids:
        wide = _width(rows) * max(map(len, rows))
        if x > PAD and x + wide > WIDE - PAD:
            x, y = PAD, y + tall + 12
            tall = 0.0
        if x + wide > WIDE:
            continue
        parts += [text(x, y + 10, clip(name, 24), "s"), _grid(rows, copies, x, y + 16)]
        tall = max(tall, 16 + CELL * len(rows))
        x += wide + 26
    return "".join(parts), y + tall


def broadcast_svg(record: Mapping, alt: str) -> str:
    """The figure: alignment, stretched cells, and what to do where shapes do not fit."""
    title = "Broadcasting" if record["fits"] else "These shapes do not fit"
    parts = [text(PAD, 21, title, "h")]
    drawn, tall = _alignment(record, 34)
    parts.append(drawn)
    y = 34 + tall
    for line in _lines(record):
        parts.append(text(PAD, y + 10, line, "s"))
        y += 14
    drawn, y = _pictures(record, y + 8)
    return card(WIDE, y + 12, alt, "".join([*parts, drawn]), STYLE)


def _lines(record: Mapping) -> list[str]:
    told = [*record["clash"], record["hint"], record["note"]]
    if record["fits"]:
        told.insert(0, "Shapes align from the right. 1 → n: repeated n times. + : axis added.")
    return [line for words in told if words for line in textwrap.wrap(words, 96)]


class Broadcast(Output):
    """How shapes are broadcast together, or why they are not.

    Args:
        *values: tensors, arrays, numbers or shapes; or the one record of a picture made before.
        step: where the walk stands: given, aligned, stretched, result.
        names: what to call them; a, b, c, … by default.

    Example:
        >>> Broadcast((3, 1), (4,))
        Broadcast((3, 1) and (4,) broadcast to (3, 4).)
    """

    main = "tensors/broadcast"

    def __init__(
        self, *values: Any, step: int | None = None, names: Sequence[str] | None = None
    ) -> None:
        self.record = broadcast_record(values, names)
        if not (step is None or hasattr(step, "__index__")):
            raise TypeError(
                f"broadcast(at={step!r}): give how many steps are taken at first, from 0 to "
                f"{len(STEPS) - 1}, or None for all."
            )
        self.step = len(STEPS) - 1 if step is None else max(0, min(int(step), len(STEPS) - 1))

    def __repr__(self) -> str:
        return f"Broadcast({sentence(self.record)})"

    @property
    def title(self) -> str:
        """What comes out."""
        return clip(sentence(self.record), 200)

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        return clip(f"{sentence(self.record)} {self.record['hint']}", 600)

    def description(self) -> str:
        """The shapes aligned, in text; with what does not fit, and what to do."""
        record = self.record
        lines = [self.title]
        for k, item in enumerate(record["operands"]):
            cells = "".join(f"{cell_of(axis, k):>12}" for axis in record["axes"])
            lines.append(f"{clip(item['name'], 10):>10}{cells}")
        if record["fits"]:
            sizes = ("?" if n is None else str(n) for n in record["shape"])
            lines.append(f"{'result':>10}{''.join(f'{size:>12}' for size in sizes)}")
        return "\n".join([*lines, *([record["hint"]] if record["hint"] else [])])

    def to_svg(self) -> str:
        """The static figure."""
        return broadcast_svg(self.record, self.alt)

    def _state(self) -> dict[str, Any]:
        return {"broadcast": self.record, "step": self.step}


def broadcast(*values: Any, names: Sequence[str] | None = None, at: int | None = None) -> Broadcast:
    """Draw how shapes are broadcast together: aligned from the right, stretched, or in conflict.

    Shapes that do not fit are drawn too, with the axis at fault and what would mend it.

    Args:
        *values: two or more tensors, arrays, numbers, or shapes such as (3, 1).
        names: what to call them; a, b, c, … by default.
        at: how many steps of the walk are taken at first; None for all.

    Raises:
        TypeError: for fewer than two, for what has no shape, and for names or steps that are none.
        ValueError: for more than eight, or another number of names.

    Example:
        >>> broadcast((3,), (3, 4))
        Broadcast((3,) and (3, 4) do not fit. Axis 1 does not fit: a has 3, b has 4. Two sizes \
fit where they are equal or one of them is 1.)
    """
    return Broadcast(*values, step=at, names=names)

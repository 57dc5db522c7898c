"""A Jacobian as a map: a row for each output element, a column for each input element.

`static/derivatives/jacobian.js` is the form to walk in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from ..colours import RGB, diverging, png
from ..output import Output
from ..svg import card, text
from ..values import clip, number, shape_text
from .records import jacobian_record

WIDEST, SIDE, PAD, TOP = 300.0, 330.0, 12.0, 74.0
MOST_LISTED = 64
WHITE: RGB = (255, 255, 255)
DARK: RGB = (26, 26, 26)
GLYPHS = {"NaN": "×", "inf": "+∞", "-inf": "−∞"}
STYLE = ".f{fill:none;stroke:#6a6a6a}.g{stroke:#6a6a6a}text.w{fill:#fff}"


def element_text(value: float | str) -> str:
    """An element in a few characters.

    Example:
        >>> element_text(0.25), element_text("NaN"), element_text("-inf")
        ('0.25', 'NaN', '−∞')
    """
    return number(value) if isinstance(value, int | float) else {**GLYPHS, "NaN": "NaN"}[value]


def index_text(shape: Sequence[int], place: int) -> str:
    """The index of an element by its place among all.

    Example:
        >>> index_text([2, 3], 4)
        '1, 1'
    """
    found: list[str] = []
    for size in reversed(shape):
        place, at = divmod(place, size)
        found.insert(0, str(at))
    return ", ".join(found)


def sizes_text(record: Mapping) -> str:
    """The shapes, and how many elements there are."""
    rows, columns = record["rows"], record["columns"]
    return f"output {shape_text(rows)}, input {shape_text(columns)}: {prod(rows)} × {prod(columns)}"


def numbers_text(record: Mapping) -> str:
    """Ends, zeros, and what is no number."""
    parts = [record["dtype"]]
    if record["minimum"] is not None:
        parts.append(f"from {number(record['minimum'])} to {number(record['maximum'])}")
    parts.append(f"{number(100 * record['zeros'], 3)} % zeros")
    parts += [f"{record['nans']} NaN"] if record["nans"] else []
    parts += [f"{record['infinities']} infinite"] if record["infinities"] else []
    return " · ".join(parts)


def block_text(record: Mapping) -> str:
    """What a cell of a large matrix stands for; empty for a small one."""
    high, wide = record["block"]
    if high * wide == 1:
        return ""
    count = f"{prod(record['rows'])} × {prod(record['columns'])}"
    return (
        f"{count} elements are too many to draw: each cell shows the one farthest from zero among "
        f"{high} × {wide}."
    )


def _words(record: Mapping) -> list[tuple[str, str]]:
    """What stands beside the map: style and line."""
    if record["error"]:
        return [("h", "No Jacobian"), *(("", line) for line in _wrapped(record["error"]))]
    found = record["structure"]
    name = found["name"].capitalize()
    said = found["text"].removeprefix(f"{name}: ")
    lines = [("h", clip(name, 40)), *(("", line) for line in _wrapped(said[:1].upper() + said[1:]))]
    for sentence in (found["hint"], *found["facts"], found["decided"], record["note"],
                     numbers_text(record), block_text(record)):  # fmt: skip
        lines += [("s", line) for line in _wrapped(sentence, 52)]
    return lines


def _wrapped(sentence: str, width: int = 44) -> list[str]:
    lines = textwrap.wrap(sentence, width, break_long_words=True)
    return lines if len(lines) <= 8 else [*lines[:7], clip(" ".join(lines[7:]), width)]


def _colour(value: float | str, most: float) -> RGB:
    if isinstance(value, str):
        return DARK
    if not value:
        return WHITE
    part = value / most
    return diverging((1 if part > 0 else -1) / 6 + part * 5 / 6)


def _labels(shape: Sequence[int], block: int, count: int, size: float, room: float) -> list:
    """Cells that get their index written beside them: as many as there is room for."""
    every = int(-(-room // size))
    return [(i, index_text(shape, i * block)) for i in range(0, count, every)]


def _map(record: Mapping, left: float, size: float) -> str:
    """The cells, with indices beside and above them."""
    cells = record["cells"]
    tall, wide = len(cells), len(cells[0])
    known = [abs(v) for row in cells for v in row if not isinstance(v, str)]
    most = max(known, default=0.0) or 1.0
    picture = png([[_colour(value, most) for value in row] for row in cells])
    longest = len(index_text(record["columns"], (wide - 1) * record["block"][1]))
    parts = [
        f'<image x="{left:.1f}" y="{TOP:.1f}" width="{wide * size:.1f}" '
        f'height="{tall * size:.1f}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="{picture}"/>',
        f'<rect class="f" x="{left:.1f}" y="{TOP:.1f}" width="{wide * size:.1f}" '
        f'height="{tall * size:.1f}"/>',
        text(left, TOP - 20, "columns: input →", "s"),
    ]
    for j, label in _labels(record["columns"], record["block"][1], wide, size, 6.2 * longest + 8):
        parts.append(text(left + (j + 0.5) * size, TOP - 5, label, "s m"))
    for i, label in _labels(record["rows"], record["block"][0], tall, size, 12):
        parts.append(text(left - 5, TOP + (i + 0.5) * size + 3.5, label, "s e"))
    if size >= 12:
        parts += [
            text(left + (j + 0.5) * size, TOP + (i + 0.5) * size + 4, GLYPHS[value], "m w")
            for i, row in enumerate(cells) for j, value in enumerate(row) if isinstance(value, str)
        ]  # fmt: skip
    return "".join(parts)


def jacobian_svg(record: Mapping, alt: str) -> str:
    """The figure: the map, and beside it what kind of matrix it is."""
    parts = [text(PAD, 20, clip(record["title"], 80), "h")]
    width, height, cells = PAD, TOP, record["cells"]
    if not record["error"]:
        parts.append(text(PAD, 37, clip(sizes_text(record), 100), "s"))
    if cells:
        size = max(4.0, min(30.0, WIDEST // max(len(cells), len(cells[0]))))
        count = len(cells)
        longest = max(len(index_text(record["rows"], i * record["block"][0])) for i in range(count))
        left = PAD + 6.2 * longest + 10
        parts.append(_map(record, left, size))
        width = max(left + len(cells[0]) * size, left + 120) + 20
        height = TOP + count * size
        parts.append(text(PAD, height + 18, "blue < 0 < orange, white: exactly zero", "s"))
        height += 26
    y = TOP - 8
    for style, line in _words(record):
        y += 18 if style != "s" else 14
        parts.append(text(width, y, line, style))
    return card(width + SIDE, max(height, y) + 12, alt, "".join(parts), STYLE)


def describe(record: Mapping) -> str:
    """The whole as text: what kind of matrix, and all elements of a small one."""
    if record["error"]:
        return f"{record['title']}: {record['error']}"
    found = record["structure"]
    lines = [f"{record['title']} ({sizes_text(record)})", found["text"]]
    lines += [line for line in (found["hint"], *found["facts"]) if line]
    lines += [line for line in (record["note"], numbers_text(record), block_text(record)) if line]
    if prod(record["rows"]) * prod(record["columns"]) <= MOST_LISTED:
        for i, row in enumerate(record["cells"]):
            values = "  ".join(element_text(value) for value in row)
            lines.append(f"  [{index_text(record['rows'], i)}]  {values}")
    return "\n".join(lines)


class Jacobian(Output):
    """The derivative of each output element by each input element, as a map.

    Args:
        what: a function of tensors; a tape; a Jacobian; a JacobianView or the dict of one.
        *given: the function's arguments; or the target and the source of a tape.
        argument: which of the function's arguments to differentiate by.
        axes: how many axes of a given Jacobian belong to the output.
        selected: the cell looked at first, "row,column".

    Example:
        >>> Jacobian([[2.0, 0.0], [0.0, 3.0]])
        Jacobian('∂y / ∂x', 2 × 2, diagonal)
    """

    main = "derivatives/jacobian"

    def __init__(
        self,
        what: Any,
        *given: Any,
        argument: int = 0,
        axes: int | None = None,
        selected: str = "",
    ) -> None:
        self.record = jacobian_record(what, *given, argument=argument, axes=axes)
        self.selected = selected

    def __repr__(self) -> str:
        record = self.record
        kind = "error" if record["error"] else record["structure"]["name"]
        size = f"{prod(record['rows'])} × {prod(record['columns'])}"
        return f"Jacobian({record['title']!r}, {size}, {kind})"

    @property
    def title(self) -> str:
        """What stands above the map."""
        return self.record["title"]

    @property
    def alt(self) -> str:
        """What kind of matrix it is, in a sentence or two."""
        if self.record["error"]:
            return clip(f"{self.title}: {self.record['error']}", 600)
        found = self.record["structure"]
        facts = "".join(f" {fact}." for fact in found["facts"])
        return clip(f"{self.title}, {sizes_text(self.record)}. {found['text']}{facts}", 600)

    def description(self) -> str:
        """What kind of matrix it is, and all elements of a small one."""
        return describe(self.record)

    def to_svg(self) -> str:
        """The static figure."""
        return jacobian_svg(self.record, self.alt)

    def _state(self) -> dict[str, Any]:
        return {"jacobian": self.record, "selected": self.selected}


def jacobian(what: Any, *given: Any, argument: int = 0, axes: int | None = None) -> Jacobian:
    """Show a Jacobian, and what kind of matrix it is: diagonal, triangular, in blocks, ….

    Args:
        what: a function of tensors; a tape; or a Jacobian itself, as a tensor or array.
        *given: the function's arguments; or the target and the source of a tape.
        argument: which of the function's arguments to differentiate by.
        axes: how many axes of a given Jacobian belong to the output; by default half of them.

    Raises:
        TypeError: for arguments that are none of these.
        ValueError: for a number of axes that the Jacobian does not have.

    Example:
        >>> import minitensor as mt
        >>> jacobian(mt.tanh, mt.constant([0.5, 1.0, 1.5]))
        Jacobian('∂tanh / ∂x', 3 × 3, diagonal)
    """
    return Jacobian(what, *given, argument=argument, axes=axes)

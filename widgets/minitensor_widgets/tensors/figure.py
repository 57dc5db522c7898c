"""The static figure of a tensor: a table of few elements or a heat map of many, and a histogram."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

from ..colours import RGB, diverging, png
from ..plot import ticks
from ..spacing import LETTER as SMALL
from ..spacing import spaced
from ..svg import card, text
from ..values import apart, clip, number
from .records import MOST_TABLE, cell_text, count_of, facts, first_axes, first_line, grid, window

PAD, WIDE, LINE = 14.0, 600.0, 17.0
COUNTS = 38.0
"""The room for the counts at the left of a histogram."""
CELL, LETTER = 19.0, 7.3
STYLE = (
    ".g{stroke:#1a1a1a;stroke-width:1.3;fill:none}.k{fill:#1a1a1a}.b{fill:#0072b2}"
    ".o{fill:none;stroke:#9a3b00;stroke-width:1.4}.t{stroke:#bbb;fill:none}.ax{stroke:#6a6a6a;fill:none}"
    ".gr{stroke:#00000018}"
)
GLYPHS = {"NaN": "× NaN", "above": "▲ +∞", "below": "▼ −∞", "clipped": "• clipped"}


def kind_of_cell(value: float, limit: float) -> str:
    """What a cell of a heat map needs a sign for; empty for an ordinary number."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "above" if value > 0 else "below"
    return "clipped" if abs(value) > limit * (1 + 1e-9) else ""


def colour_of_cell(value: float, limit: float) -> RGB:
    """Blue below zero, orange above, white where there is no number."""
    return (255, 255, 255) if value != value else diverging(max(-1.0, min(1.0, value / limit)))


def glyph(kind: str, x: float, y: float, size: float) -> str:
    """The path of the sign in a cell: a cross, a triangle up or down, a dot."""
    low, high, half, dot = (round(size * part) for part in (0.25, 0.75, 0.5, 0.125))
    x, y = round(x), round(y)
    if kind == "NaN":
        return f"M{x + low} {y + low}l{half} {half}m0-{half}l-{half} {half}"
    if kind == "clipped":
        return f"M{x + half - dot} {y + half - dot}h{2 * dot}v{2 * dot}h-{2 * dot}z"
    tip, foot = (low, high) if kind == "above" else (high, low)
    return f"M{x + half} {y + tip}L{x + high} {y + foot}H{x + low}z"


def legend(cells: Sequence[Sequence[float]], limit: float) -> str:
    """What the colours and signs mean; only signs that occur."""
    kinds = {kind_of_cell(value, limit) for row in cells for value in row}
    signs = [words for kind, words in GLYPHS.items() if kind in kinds]
    ends = [f"blue −{number(limit, 3)}, white 0, orange {number(limit, 3)}"]
    return " · ".join((ends if kinds != {"NaN"} else []) + signs)


def _heat(cells: Sequence[Sequence[float]], limit: float, x: float, y: float) -> tuple[str, float]:
    """A heat map at a place, and how tall it is."""
    rows, columns = len(cells), len(cells[0])
    size = max(8.0, min(CELL, 300 // columns))
    blank: list[RGB] = [(255, 255, 255)] * columns
    colours = ([colour_of_cell(value, limit) for value in row] for row in cells)
    picture = png([[*row, *blank[len(row) :]] for row in colours])
    parts = [
        f'<image x="{x:.1f}" y="{y:.1f}" width="{columns * size:.1f}" height="{rows * size:.1f}" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated" href="{picture}"/>'
        f'<rect class="ax" x="{x:.1f}" y="{y:.1f}" width="{columns * size:.1f}" '
        f'height="{rows * size:.1f}"/>'
    ]
    signs = {True: "", False: ""}
    for i, row in enumerate(cells):
        for j, value in enumerate(row):
            kind = kind_of_cell(value, limit)
            signs[kind == "NaN"] += glyph(kind, x + j * size, y + i * size, size) if kind else ""
    parts += [f'<path class="{look}" d="{signs[look == "g"]}"/>' for look in "kg"]
    return "".join(parts), rows * size


def table(
    cells: Sequence[Sequence[str]], heads: tuple[Sequence[int], Sequence[int]], x: float, y: float
) -> tuple[str, float]:
    """A table of words at a place, and how tall it is; wide columns are cut."""
    most = int((WIDE - 40) / LETTER / max(1, len(heads[1]))) - 1
    wide = max([len(cell) for row in cells for cell in row], default=1)
    wide = max(3, min(wide, most, 24))
    step, left = wide * LETTER + 8, x + 30
    parts = [
        text(left + (j + 1) * step - 5, y + 11, str(head), "s e") for j, head in enumerate(heads[1])
    ]
    for i, (head, row) in enumerate(zip(heads[0], cells, strict=True)):
        at = y + 16 + i * CELL
        parts.append(text(left - 5, at + 13.5, str(head), "s e"))
        for j, cell in enumerate(row):
            parts.append(
                f'<rect class="t" x="{left + j * step:.1f}" y="{at:.1f}" width="{step:.1f}" '
                f'height="{CELL:.1f}"/>'
            )
            parts.append(text(left + (j + 1) * step - 5, at + 13.5, clip(cell, wide), "e"))
    return "".join(parts), 16 + CELL * len(cells)


def count_ticks(most: int, log: bool) -> list[int]:
    """Round counts for the axis of a histogram.

    Example:
        >>> count_ticks(9, False), count_ticks(2000, True)
        ([0, 2, 4, 6, 8], [1, 10, 100, 1000])
    """
    found = ticks(1, most, log=True) if log else ticks(0, most)
    return [int(value) for value in found if value == int(value)]


def _marks(low: float, high: float, wide: float) -> list[tuple[float, str]]:
    """Round numbers between two ends; the ends themselves where these would take many digits."""
    marks, begin = spaced((low, high), wide)
    digits = apart((low, high), 4)
    return [(end, number(end, digits)) for end in (low, high)] if begin else marks


def bars(record: Mapping, x: float, y: float, wide: float, tall: float, log: bool = False) -> str:
    """A histogram: bars over an axis whose ends are written; an older one is drawn over it."""
    if not record["counts"]:
        return ""
    before = record.get("before") or {"edges": [], "counts": []}
    pairs = [("b", record), ("o", before)]
    ends = [edge for _, item in pairs for edge in item["edges"]]
    low, high = min(ends), max(ends)
    part = 1.0 if math.isfinite(high - low) else 0.5  # the span of the largest numbers is infinite
    span = (high * part - low * part) or 1.0
    most = max(1, *(count for _, item in pairs for count in item["counts"]))
    x, wide = x + COUNTS, wide - COUNTS

    def share(count: float) -> float:
        return math.log1p(count) / math.log1p(most) if log else count / most

    parts = []
    for count in count_ticks(most, log):
        at = y + tall * (1 - share(count))
        parts.append(f'<path class="gr" d="M{x:.1f},{at:.1f}h{wide:.1f}"/>')
        parts.append(text(x - 4, at + 3.5, number(count, 4).replace(".00e+", "e"), "s e"))
    for style, item in pairs:
        for i, count in enumerate(item["counts"]):
            first, last = (
                x + wide * ((item["edges"][i + k] * part - low * part) / span) for k in (0, 1)
            )
            parts.append(
                f'<rect class="{style}" x="{first:.1f}" y="{y + tall * (1 - share(count)):.1f}" '
                f'width="{max(0.5, last - first - 0.6):.1f}" height="{tall * share(count):.1f}"/>'
                if count else ""
            )  # fmt: skip
    parts.append(f'<path class="ax" d="M{x:.1f},{y:.1f}v{tall:.1f}h{wide:.1f}"/>')
    for value, word in _marks(low, high, wide):
        at, half = x + wide * ((value * part - low * part) / span), SMALL * len(word) / 2
        parts.append(f'<path class="ax" d="M{at:.1f},{y + tall:.1f}v3"/>')
        at = max(x + half, min(x + wide - half, at))  # no text leaves the figure
        parts.append(text(at, y + tall + 14, word, "s m"))
    scale = ", heights are logarithms" if log else ""
    parts.append(text(x + wide, y - 4, f"elements; most in a bin: {most}{scale}", "s e"))
    return "".join(parts)


def _numbers(record: Mapping, y: float) -> tuple[str, float]:
    """The elements of the first slice, as words or colours."""
    shape = record["shape"]
    axes, at = first_axes(shape), [0] * len(shape)
    rows, columns = window(record, axes, at)
    cells = grid(record, "elements", axes, at)
    if not shape:
        return text(PAD, y + 20, cell_text(cells[0][0], record["dtype"], 6), "h"), 28
    few = sum(map(len, cells)) <= MOST_TABLE
    if few or record["elements"]["code"] == "text":
        rows, columns = rows[:16], columns[: 16 if few else 4]
        written = [[cell_text(v, record["dtype"]) for v in row[: len(columns)]]
                   for row in cells[: len(rows)]]  # fmt: skip
        drawn, tall = table(written, (rows, columns), PAD, y)
        if len(shape) > 2 or len(rows) * len(columns) < count_of(shape):
            drawn += text(PAD, y + tall + 15, _places(shape, axes, rows, columns), "s")
            tall += 20
        return drawn, tall
    limit = record["elements"]["limit"]
    parts, tall = _heat(cells, limit, PAD, y)
    words_ = [legend(cells, limit), _places(shape, axes, rows, columns)]
    lines = "".join(text(PAD, y + tall + 15 + 13 * i, w, "s") for i, w in enumerate(words_))
    return parts + lines, tall + 36


def _places(
    shape: Sequence[int], axes: Sequence[int], rows: Sequence[int], columns: Sequence[int]
) -> str:
    """Which part of the tensor is drawn."""
    parts = []
    for axis, size in enumerate(shape):
        if axes[0] < 0:
            held = [rows[0], min(size - 1, rows[-1] + columns[-1])]
        else:
            held = rows if axis == axes[0] else columns if axis == axes[1] else [0]
        ends = f"{held[0]}" if len(held) == 1 else f"{held[0]} to {held[-1]}"
        parts.append(f"axis {axis}: {ends} of {size}")
    return clip("shown: " + " · ".join(parts), 95)


def tensor_svg(record: Mapping, alt: str) -> str:
    """The figure of a tensor."""
    parts = [text(PAD, 21, clip(first_line(record), 88), "h")]
    y = 32.0
    for line in textwrap.wrap(" · ".join(facts(record["value"])), 92):
        parts.append(text(PAD, y + 8, line, "s"))
        y += 14
    y += 4
    if record["elements"] and count_of(record["shape"]):
        drawn, tall = _numbers(record, y)
        parts.append(drawn)
        if count_of(record["shape"]) > MOST_TABLE:
            parts.append(bars(record, PAD + 330, y + 14, 230, 90))
            tall = max(tall, 120) if record["counts"] else tall
        y += tall + 8
    elif record["elements"]:
        parts.append(text(PAD, y + 14, "It has no elements: one of its axes has size 0."))
        y += 24
    for note in record["notes"]:
        for line in textwrap.wrap(note, 92):
            parts.append(text(PAD, y + 8, line, "s"))
            y += 14
    return card(WIDE, y + 10, alt, "".join(parts), STYLE)

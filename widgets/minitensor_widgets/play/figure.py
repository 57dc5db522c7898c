"""The static figure of a playground: boundary, network and curves of its last moment."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from .. import plot
from ..colours import HUES, diverging, png
from ..output import is_static
from ..svg import card, text
from ..units import plural
from ..values import clip, number
from .codes import MIDDLE, NONE, read

WIDTH, PAD, SIDE, TOP = 700.0, 12.0, 236.0, 58.0
LEFT = PAD + SIDE + 26  # where the network begins
UNIT, ROW, SHOWN = 24.0, 29.0, 8
STYLE = plot.STYLE + (
    ".p0,.p1{stroke:#fff;stroke-width:.8}.p0{fill:#00456b}.p1{fill:#7a3600}"
    ".t{fill:#fff;stroke-width:1.4}.t.p0{stroke:#00456b}.t.p1{stroke:#7a3600}"
    ".u{fill:none;stroke:#454545}.u.o{stroke:#9a3b00;stroke-width:2.5}"
    ".bad{fill:#fdeaea;stroke:#a40000}text.x{fill:#a40000}"
)
DOT = "M0-3.2a3.2 3.2 0 1 0 .01 0z"
TRIANGLE = "M0-3.8L3.6 2.8H-3.6z"


def shade(level: int) -> tuple[int, int, int]:
    """The colour of a level: blue for class 0, orange for class 1, pale at the boundary."""
    if level == NONE:
        return 40, 40, 40
    if is_static():  # bands: the last bits of numbers, which differ by machine, are not seen
        level = MIDDLE + round((level - MIDDLE) / 8) * 8
    return diverging((level - MIDDLE) / MIDDLE * 0.75)


def rows_of(field: str) -> list[list[int]]:
    """The levels of a square picture, row by row."""
    levels = read(field)
    side = math.isqrt(len(levels))
    return [levels[i * side : (i + 1) * side] for i in range(side)]


def _coloured(rows: Sequence[Sequence[int]], edges: bool = False) -> str:
    found = [[shade(level) for level in row] for row in rows]
    if edges:
        for i, row in enumerate(rows):
            for j, level in enumerate(row):
                beside = [row[j + 1]] if j + 1 < len(row) else []
                below = [rows[i + 1][j]] if i + 1 < len(rows) else []
                if any((level > MIDDLE) != (o > MIDDLE) for o in beside + below if o != NONE):
                    found[i][j] = (30, 30, 30)
    return png(found)


def _image(x: float, y: float, size: float, picture: str) -> str:
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{size:.0f}" height="{size:.0f}" '
        f'preserveAspectRatio="none" image-rendering="pixelated" href="{picture}"/>'
    )


def _boundary(record: Mapping) -> str:
    left, right, bottom, top = record["window"]
    parts = [_image(PAD, TOP, SIDE, _coloured(rows_of(record["frames"][-1]["field"]), True))]
    for x, y, label, train in record["points"][:600]:
        px = PAD + SIDE * (x - left) / (right - left)
        py = TOP + SIDE * (top - y) / (top - bottom)
        if PAD <= px <= PAD + SIDE and TOP <= py <= TOP + SIDE:
            look = f"p{label}" if train else f"p{label} t"
            shape = TRIANGLE if label else DOT
            parts.append(
                f'<path class="{look}" transform="translate({px:.1f},{py:.1f})" d="{shape}"/>'
            )
    y = TOP + SIDE + 15
    parts.append(text(PAD, y, "● class 0  ▲ class 1  hollow: test points", "s"))
    return "".join(parts)


def _columns(widths: Sequence[int]) -> list[list[tuple[float, float]]]:
    """The middles of all neurons that are drawn, inputs first."""
    shown = [min(SHOWN, width) for width in [2, *widths]]
    gap = (WIDTH - PAD - LEFT - UNIT) / max(1, len(widths))
    return [[(LEFT + UNIT / 2 + k * gap, TOP + SIDE / 2 + (i - (n - 1) / 2) * ROW)
             for i in range(n)] for k, n in enumerate(shown)]  # fmt: skip


def _edge(one: tuple[float, float], other: tuple[float, float], weight: float | None) -> str:
    if weight is None:
        return ""
    (a, b), (c, d) = one, other
    bend = (c - a) / 2
    wide = min(6.0, 0.5 + 1.6 * abs(weight))
    hue = HUES[0] if weight < 0 else HUES[1]
    dash = ' stroke-dasharray="5 3"' if weight < 0 else ""
    return (
        f'<path fill="none" stroke="{hue}" stroke-opacity=".8" stroke-width="{wide:.1f}"{dash} '
        f'd="M{a + UNIT / 2:.1f},{b:.1f}c{bend - UNIT / 2:.1f},0 {bend - UNIT / 2:.1f},{d - b:.1f} '
        f'{c - a - UNIT:.1f},{d - b:.1f}"/>'
    )


def _units(frame: Mapping, k: int, column: list[tuple[float, float]], width: int) -> str:
    silent = frame["layers"][k - 1].get("silent", []) if k else []
    parts = []
    for i, (x, y) in enumerate(column):
        dead = bool(silent) and silent[i] == 1
        parts.append(
            f'<rect class="u{" o" if dead else ""}" x="{x - UNIT / 2:.1f}" '
            f'y="{y - UNIT / 2:.1f}" width="{UNIT:.0f}" height="{UNIT:.0f}"/>'
        )
        if dead:
            parts.append(f'<path class="u o" d="M{x - 6:.1f},{y - 6:.1f}l12,12m0,-12l-12,12"/>')
    if width > len(column):
        parts.append(text(column[-1][0], TOP + SIDE + 1, f"+ {width - len(column)}", "s m"))
    return "".join(parts)


def _network(record: Mapping) -> str:
    widths, frame = record["widths"], record["frames"][-1]
    if not widths:
        words = ["The neurons of this model are not drawn:", "they are where it is a Sequential",
                 "of Dense layers."]  # fmt: skip
        return "".join(text(LEFT, TOP + 20 + 16 * i, line, "s") for i, line in enumerate(words))
    columns = _columns(widths)
    parts = []
    for k, layer in enumerate(frame["layers"]):
        for i, row in enumerate(layer["w"]):
            for j, weight in enumerate(row):
                parts.append(_edge(columns[k][i], columns[k + 1][j], weight))
    ramps = [[[round(62 * (j if k == 0 else 9 - i) / 9) for j in range(10)] for i in range(10)]
             for k in range(2)]  # fmt: skip
    pictures = [ramps, *[[rows_of(one) for one in layer] for layer in frame["maps"]]]
    for column, units in zip(columns, pictures, strict=False):
        for (x, y), rows in zip(column, units, strict=False):
            parts.append(_image(x - UNIT / 2, y - UNIT / 2, UNIT, _coloured(rows)))
    parts += [_units(frame, k, column, [2, *widths][k]) for k, column in enumerate(columns)]
    words = "weights: ── positive  - - negative, thick: large    ✕ dead: always 0"
    parts.append(text(LEFT, TOP + SIDE + 15, words, "s"))
    return "".join(parts)


def curves_of(record: Mapping) -> list[dict[str, Any]]:
    """The curves of a record, those of which something is known."""
    steps = [row[0] for row in record["curve"]]
    found = []
    for i, name in enumerate(("training", "test"), 1):
        values = [row[i] for row in record["curve"]]
        if any(value is not None for value in values):
            found.append({"name": f"{name} {record['measure']}", "x": steps, "y": values})
    return found


def _problem(problem: Mapping) -> list[str]:
    where = f"{problem['file']}, line {problem['line']}: " if problem["file"] else ""
    lines = textwrap.wrap(clip(problem["text"], 450), 92) or [""]
    return [*lines, *textwrap.wrap(clip(where + problem["source"], 180), 92)]


def _boxed(lines: Sequence[str], y: float) -> str:
    box = (
        f'<rect class="bad" x="{PAD:.0f}" y="{y:.0f}" width="{WIDTH - 2 * PAD:.0f}" '
        f'height="{16 * len(lines) + 12}" rx="4"/>'
    )
    return box + "".join(text(PAD + 8, y + 18 + 16 * i, words) for i, words in enumerate(lines))


def moment(frame: Mapping) -> str:
    """Step, losses and accuracies of a frame in one line."""
    parts = [f"step {frame['step']}"]
    for name, loss, right in zip(("training", "test"), frame["losses"], frame["accuracy"],
                                 strict=True):  # fmt: skip
        known = [f"loss {number(loss, 3)}"] if loss is not None else []
        known += [f"{round(100 * right)} % right"] if right is not None else []
        parts += [f"{name}: {', '.join(known)}"] if known else []
    return " · ".join(parts)


def to_svg(record: Mapping, alt: str) -> str:
    """The figure."""
    parts = [text(PAD, 22, clip(record["title"], 84), "h"),
             text(PAD, 42, clip(moment(record["frames"][-1]), 94)),
             _boundary(record), _network(record)]  # fmt: skip
    y = TOP + SIDE + 30
    curves = curves_of(record)
    if curves and len(record["curve"]) > 1:
        beside = "" if len(curves) > 1 else record["measure"]
        drawn = plot.chart(curves, WIDTH - 2 * PAD, 170, labels=("step", beside))
        parts.append(f'<g transform="translate({PAD:.0f},{y:.0f})">{drawn}</g>')
        y += 176
    if record["problem"]:
        lines = _problem(record["problem"])
        parts.append(_boxed(lines, y))
        y += 16 * len(lines) + 18
    return card(WIDTH, y + 6, alt, "".join(parts), STYLE)


def description(record: Mapping) -> str:
    """The run in lines of text."""
    frame, lines = record["frames"][-1], [record["title"]]
    lines += [moment(frame), record["reading"]]
    for k, layer in enumerate(frame["layers"], 1):
        known = [w for row in layer["w"] for w in row if w is not None]
        if known:
            dead = layer.get("silent", []).count(1)
            lines.append(
                f"layer {k}: {plural(record['widths'][k - 1], 'neuron')}, weights from "
                f"{number(min(known), 2)} to {number(max(known), 2)}"
                + (f", {dead} dead" if dead else "")
            )
    if record["problem"]:
        problem = record["problem"]
        lines.append(f"stopped: {problem['text']}")
        lines += [f"  {problem['file']}, line {problem['line']}: {problem['source']}"] * bool(
            problem["file"])  # fmt: skip
    return "\n".join(lines)

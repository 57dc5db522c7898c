"""The static figure of a race: contours, paths with different dashes, curves, how they ended."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from .. import plot
from ..colours import DASHES, HUES, png, sequential
from ..output import is_static
from ..svg import card, text
from ..values import clip, number
from .codes import NONE, read

WIDTH, PAD, SIDE, TOP = 700.0, 12.0, 330.0, 40.0
BANDS, PLACES = 12, 4000
SHAPES = (
    "M-4,-4h8v8h-8z", "M0,-5L5,4H-5z", "M0,-5a5,5 0 1 0 .01,0z", "M0,-6L6,0L0,6L-6,0z",
    "M0,5L5,-4H-5z", "M-5,-2h3v-3h4v3h3v4h-3v3h-4v-3h-3z",
)  # fmt: skip
STAR = "M0,-7L1.6,-2.2H6.7L2.6,.8L4.1,5.7L0,2.7L-4.1,5.7L-2.6,.8L-6.7,-2.2H-1.6z"
STYLE = plot.STYLE + (
    ".cs{fill:none;stroke:#fff;stroke-width:4;stroke-opacity:.6;stroke-linejoin:round}"
    ".ln{fill:none;stroke-width:2;stroke-linejoin:round}.mk{stroke:#fff}"
    ".st{fill:#fff;stroke:#000;stroke-width:1.6}.mi{fill:#ffd34d;stroke:#000}"
    ".bad{fill:#fdeaea;stroke:#a40000}.bx{fill:none;stroke:#6a6a6a}"
)


def band(level: int) -> int:
    """Which of the bands of equal loss a level lies in."""
    return level * BANDS // 63


def shade(level: int) -> tuple[int, int, int]:
    """The colour of a level: viridis, made pale so that paths stand out."""
    if level == NONE:
        return 40, 40, 40
    r, g, b = (round(c + (255 - c) * 0.35) for c in sequential((band(level) + 0.5) / BANDS))
    return r, g, b


def _picture(field: str) -> str:
    levels = read(field)
    side = math.isqrt(len(levels))
    rows = [levels[i * side : (i + 1) * side] for i in range(side)]
    found = [[shade(level) for level in row] for row in rows]
    for i, j in itertools.product(range(side - 1), repeat=2):
        if NONE not in (rows[i][j], rows[i + 1][j], rows[i][j + 1]) and (
            band(rows[i][j]) != band(rows[i + 1][j]) or band(rows[i][j]) != band(rows[i][j + 1])
        ):
            r, g, b = found[i][j]
            found[i][j] = (r * 2 // 3, g * 2 // 3, b * 2 // 3)
    return png(found)


def places(run: Mapping) -> list[tuple[float, float]]:
    """Where a run went: parts of the width and the height of the box."""
    sums = [list(itertools.accumulate(run["moves"][k::2])) for k in range(2)]
    return [(x / PLACES, y / PLACES) for x, y in zip(*sums, strict=True)]


def _path(run: Mapping) -> str:
    return "M" + "L".join(f"{PAD + SIDE * x:.1f},{TOP + SIDE * y:.1f}" for x, y in places(run))


def _run(run: Mapping, i: int) -> str:
    x, y = places(run)[-1]
    look = f'stroke="{HUES[i % 6]}" stroke-dasharray="{DASHES[i % 6]}"'
    return (
        f'<path class="ln" {look} d="{_path(run)}"/><path class="mk" fill="{HUES[i % 6]}" '
        f'transform="translate({PAD + SIDE * x:.1f},{TOP + SIDE * y:.1f})" d="{SHAPES[i % 6]}"/>'
    )


def _mark(record: Mapping, place: Sequence[float], shape: str, style: str) -> str:
    left, right, bottom, top = record["box"]
    x = PAD + SIDE * (place[0] - left) / (right - left)
    y = TOP + SIDE * (top - place[1]) / (top - bottom)
    return f'<path class="{style}" transform="translate({x:.1f},{y:.1f})" d="{shape}"/>'


def _contours(record: Mapping, runs: Sequence[Mapping], start: int) -> str:
    left, right, bottom, top = (number(v, 3) for v in record["box"])
    parts = [
        f'<svg x="{PAD}" y="{TOP}" width="{SIDE}" height="{SIDE}" '
        f'viewBox="{PAD} {TOP} {SIDE} {SIDE}"><image x="{PAD}" y="{TOP}" width="{SIDE}" '
        f'height="{SIDE}" preserveAspectRatio="none" href="{_picture(record["field"])}"/>',
        *(f'<path class="cs" d="{_path(run)}"/>' for run in runs),
        *(_run(run, i) for i, run in enumerate(runs)),
        _mark(record, record["minimum"], STAR, "mi") if record["minimum"] else "",
        _mark(record, record["starts"][start], "M-5,-5h10v10h-10z", "st"),
        f'</svg><rect class="bx" x="{PAD}" y="{TOP}" width="{SIDE}" height="{SIDE}"/>',
        text(PAD, TOP + SIDE + 14, f"x from {left} to {right}, y from {bottom} to {top}", "s"),
    ]
    low, high = (number(v, 3) for v in record["span"])
    words = f"dark: loss {low} · pale: {high} · □ start" + " · ★ minimum" * bool(record["minimum"])
    return "".join([*parts, text(PAD, TOP + SIDE + 28, words, "s")])


def _table(names: Sequence[str], ends: Sequence[str], y: float) -> str:
    parts = []
    for i, (name, end) in enumerate(zip(names, ends, strict=True)):
        at, hue = y + 18 * i, HUES[i % 6]
        parts.append(
            f'<path class="ln" stroke="{hue}" stroke-dasharray="{DASHES[i % 6]}" '
            f'd="M{PAD:.0f},{at - 4:.1f}h30"/><path fill="{hue}" '
            f'transform="translate({PAD + 40:.0f},{at - 4:.1f})" d="{SHAPES[i % 6]}"/>'
        )
        parts.append(text(PAD + 54, at, clip(f"{name}: {end}", 86)))
    return "".join(parts)


def curves_of(record: Mapping, runs: Sequence[Mapping]) -> tuple[list[dict[str, Any]], bool]:
    """The losses of all runs, and whether they fit a logarithmic axis."""
    lines = []
    for name, run in zip(record["names"], runs, strict=True):
        steps = [i * record["stride"] for i in range(len(run["loss"]))]
        lines.append({"name": name, "x": steps, "y": run["loss"]})
    known = [v for line in lines for v in line["y"] if v is not None]
    return lines, bool(known) and min(known) >= 0 < max(known)


def to_svg(
    record: Mapping, runs: Sequence[Mapping], ends: Sequence[str], start: int, title: str, alt: str
) -> str:
    """The figure of a race from one of its starts."""
    parts = [text(PAD, 24, clip(title, 80), "h")]
    if record["problem"]:
        problem = record["problem"]
        lines = [clip(line, 92) for line in problem["text"].splitlines()[:4]]
        where = f"{problem['file']}, line {problem['line']}: {problem['source']}"
        lines += [clip(where, 92)] if problem["file"] else []
        parts.append(
            f'<rect class="bad" x="{PAD}" y="{TOP}" width="{WIDTH - 2 * PAD}" '
            f'height="{16 * len(lines) + 12}" rx="4"/>'
        )
        parts += [text(PAD + 8, TOP + 18 + 16 * i, line) for i, line in enumerate(lines)]
        return card(WIDTH, TOP + 16 * len(lines) + 26, alt, "".join(parts), STYLE)
    lines, log = curves_of(record, runs)
    if is_static():  # what the last bits of numbers decide is not drawn
        lines = [{**line, "y": [v and float(f"{v:.2g}") for v in line["y"]]} for line in lines]
    wide = WIDTH - SIDE - 3 * PAD
    drawn = plot.chart(lines, wide, SIDE, labels=("loss at each step", ""), log=(False, log))
    parts.append(_contours(record, runs, start))
    parts.append(f'<g transform="translate({SIDE + 2 * PAD:.0f},{TOP:.0f})">{drawn}</g>')
    y = TOP + SIDE + 52
    parts.append(_table(record["names"], ends, y))
    return card(WIDTH, y + 18 * len(ends) + 4, alt, "".join(parts), STYLE)

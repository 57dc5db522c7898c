"""Nine percentiles as bands: over steps, or one column beside the other.

`static/summaries/bands.js` draws the same on the screen. Edges differ by dash, so that bands are
told apart without colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..colours import HUES
from ..plot import LEFT, RIGHT, TOP, Axis, span, tick_texts, ticks
from ..svg import text
from ..training.ridges import mixed
from ..values import apart, clip, number

NAMES = ("minimum", "7 %", "16 %", "31 %", "median", "69 %", "84 %", "93 %", "maximum")
"""What share of the values lies below each line; exactly, of 6.68 %, 15.87 %, 30.85 % and so on."""
BOTTOM, LETTER = 40.0, 6.2
EDGES = ("1 3", "3 3", "7 3", "2 2")
FILLS = (0.14, 0.3, 0.5, 0.7)
"""The share of its colour that a band has, from the outermost inwards."""
EDGE = 0.6
STYLE = (
    ".bd{stroke:none}.be{fill:none;stroke-width:1}"
    ".bm{fill:none;stroke:#1a1a1a;stroke-width:2}.gr{stroke:#00000018}.ax{stroke:#6a6a6a;fill:none}"
)

Points = Sequence[tuple[float, float, Sequence[float]]]
"""Where a column begins and ends in pixels, and its nine values."""


def ends(bands: Sequence[Sequence[float] | None]) -> tuple[float, float]:
    """The least and the greatest of all values."""
    return span([value for row in bands if row for value in row])


def runs_of(bands: Sequence[Sequence[float] | None]) -> list[list[int]]:
    """The places of neighbours that have values: a gap ends a band.

    Example:
        >>> runs_of([[1.0], [2.0], None, [3.0]])
        [[0, 1], [3]]
    """
    found: list[list[int]] = []
    for at, row in enumerate(bands):
        if row and at and bands[at - 1]:
            found[-1].append(at)
        elif row:
            found.append([at])
    return found


def stripes(groups: Sequence[Points], y: Axis, hue: str) -> str:
    """The bands of groups of neighbours: four areas, eight edges and the median."""

    def line(points: Points, k: int) -> list[str]:
        return [f"{x:.1f},{y.at(row[k]) or 0:.1f}"
                for first, last, row in points for x in dict.fromkeys((first, last))]  # fmt: skip

    def lines(*edges: int) -> str:
        return "".join(f"M{'L'.join(line(points, k))}" for points in groups for k in edges)

    parts, edge = [], mixed(hue, EDGE, 0)
    for k, fill in enumerate(FILLS):
        areas = (line(points, k) + line(points, 8 - k)[::-1] for points in groups)
        outline = "".join(f"M{'L'.join(area)}z" for area in areas)
        parts.append(f'<path class="bd" fill="{mixed(hue, fill)}" d="{outline}"/>')
    for k, dash in enumerate(EDGES):
        look = f'class="be" stroke="{edge}" stroke-dasharray="{dash}"'
        parts.append(f'<path {look} d="{lines(k, 8 - k)}"/>')
    return "".join([*parts, f'<path class="bm" d="{lines(4)}"/>'])


def _beside(y: Axis, left: float, right: float, known: bool) -> str:
    """The axis of the values; without any, that is said in its place."""
    parts = []
    values = ticks(*y.ends) if known else []
    words, begin = tick_texts(values)
    for value, word in zip(values, words, strict=True):
        at = y.at(value) or 0.0
        parts.append(f'<path class="gr" d="M{left:.1f},{at:.1f}H{right:.1f}"/>')
        parts.append(text(left - 5, at + 3.5, word, "s e"))
    parts.append(text(left + 4, TOP + 8, begin, "s"))
    bottom, top = y.pixels
    if not known:
        parts.append(text((left + right) / 2, (bottom + top) / 2, "no values to draw", "s m"))
    return "".join(
        [*parts, f'<path class="ax" d="M{left:.1f},{top:.1f}V{bottom:.1f}H{right:.1f}"/>']
    )


def over_steps(
    steps: Sequence[float],
    bands: Sequence[Sequence[float] | None],
    width: float,
    height: float,
    hue: str = HUES[0],
) -> str:
    """Bands over steps, in shades of a colour; a step without values leaves a gap."""
    x = Axis(span(list(steps)), (LEFT, width - RIGHT))
    y = Axis(ends(bands), (height - BOTTOM, TOP))
    parts = [_beside(y, LEFT, width - RIGHT, any(bands))]
    whole = all(float(step).is_integer() for step in steps)
    for value in [v for v in ticks(*x.ends) if v.is_integer() or not whole]:
        parts.append(text(x.at(value) or LEFT, height - BOTTOM + 14, number(value, 8), "s m"))
    parts.append(text((LEFT + width - RIGHT) / 2, height - BOTTOM + 30, "step", "s m"))
    groups = []
    for places in runs_of(bands):
        middles = [(x.at(steps[at]) or LEFT, bands[at] or ()) for at in places]
        alone = 4 if len(places) == 1 else 0  # one step alone has a width
        groups.append([(at - alone, at + alone, row) for at, row in middles])
    return "".join([*parts, stripes(groups, y, hue)])


def columns(
    names: Sequence[str], bands: Sequence[Sequence[float] | None], width: float, height: float
) -> str:
    """Bands side by side, one column for each name."""
    y = Axis(ends(bands), (height - BOTTOM, TOP))
    each = (width - LEFT - RIGHT) / max(1, len(names))
    wide = min(60.0, 0.7 * each)
    longest = max(map(len, names), default=0)
    rows = 1 if LETTER * (longest + 1) <= each else 2  # of neighbours' names
    every = math.ceil(LETTER * 4 / (rows * each))  # where columns are narrow, some have no name
    letters = max(3, int(rows * each * every / LETTER) - rows)
    parts, groups = [_beside(y, LEFT, width - RIGHT, any(bands))], []
    for at, (name, row) in enumerate(zip(names, bands, strict=True)):
        middle = LEFT + each * (at + 0.5)
        if at % every == 0:
            lower = height - BOTTOM + 14 + 14 * (at // every % rows)
            parts.append(text(middle, lower, clip(name, letters), "s m"))
        if row:
            groups.append([(middle - wide / 2, middle + wide / 2, row)])
    return "".join([*parts, stripes(groups, y, HUES[0])])


def legend(x: float, y: float, hue: str = HUES[0]) -> str:
    """What the bands and lines are, beside small pieces of them."""
    parts = []
    for k, share in enumerate(FILLS):
        at = x + 124 * k
        parts.append(
            f'<rect class="bd" x="{at:.1f}" y="{y:.1f}" width="22" height="12" '
            f'fill="{mixed(hue, share)}"/><path class="be" stroke="{mixed(hue, EDGE, 0)}" '
            f'stroke-dasharray="{EDGES[k]}" d="M{at:.1f},{y:.1f}h22m-22,12h22"/>'
        )
        ends_ = "min to max" if not k else f"{NAMES[k]} to {NAMES[8 - k]}".replace(" %", "", 1)
        parts.append(text(at + 28, y + 10, ends_, "s"))
    at = x + 124 * len(FILLS)
    parts.append(
        f'<path class="bm" d="M{at:.1f},{y + 6:.1f}h22"/>{text(at + 28, y + 10, "median", "s")}'
    )
    return "".join(parts)


def told(row: Sequence[float] | None) -> str:
    """Nine values in words.

    Example:
        >>> told([0, 1, 2, 3, 4, 5, 6, 7, 8])[:30]
        'minimum 0, 7 % 1, 16 % 2, 31 %'
    """
    if row is None:
        return "no values"
    digits = apart((row[0], row[-1]), 4)
    return ", ".join(
        f"{name} {number(value, digits)}" for name, value in zip(NAMES, row, strict=True)
    )

"""Curves over axes, as a static figure. `static/plot.js` draws the same on the screen.

Lines differ by dash and by name, colour comes second. A point that is not a number breaks a line.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping, Sequence

from .colours import DASHES, HUES
from .svg import text
from .values import apart, clip, number

LEFT, RIGHT, TOP, BOTTOM = 58.0, 12.0, 10.0, 40.0
MOST = sys.float_info.max
LONGEST = 9
"""So many characters has the space beside an axis."""
STYLE = (
    ".ax{stroke:#6a6a6a;fill:none}.gr{stroke:#00000018}"
    ".cv{fill:none;stroke-width:1.8;stroke-linejoin:round}"
)

Span = tuple[float, float]


def ticks(low: float, high: float, log: bool = False, most: int = 5) -> list[float]:
    """Round numbers between two ends: steps of 1, 2 or 5, or powers of ten if there are several.

    Example:
        >>> ticks(0.0, 9.0), ticks(1e-3, 10.0, log=True), ticks(1.0, 6.0, log=True)
        ([0.0, 2.0, 4.0, 6.0, 8.0], [0.001, 0.01, 0.1, 1.0, 10.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    """
    if log:
        first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
        powers = [10.0**e for e in range(first, last + 1, max(1, -(-(last - first) // most)))]
        if len(powers) > 1 or not high > low:
            return powers
        return sorted({*powers, *(value for value in ticks(low, high) if value > 0)})
    if not high > low:
        return [low]
    rough = high / most - low / most if math.isinf(high - low) else (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough)) if rough else 0.0
    if not unit:  # the ends are too close for steps between them
        return [low, high]
    step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough * (1 - 1e-9))
    start = math.ceil(low / step - 1e-9)
    return [float(f"{k * step:.14g}") for k in range(start, math.floor(high / step + 1e-9) + 1)]


def span(values: Sequence[float | None], log: bool = False) -> Span:
    """The ends of an axis that shows all values; never empty, never not a number."""
    known = [v for v in values if v is not None and math.isfinite(v) and (v > 0 or not log)]
    if not known:
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = min(known), max(known)
    if low < high:
        return low, high
    if log:
        return max(low / 2, 5e-324), min(high * 2, MOST)
    room = abs(low) / 2 or 0.5  # as large as the value: 0.001 must not be drawn at 0
    return max(low - room, -MOST), min(high + room, MOST)


class Axis:
    """Where a number stands between two ends in pixels.

    Example:
        >>> Axis((0.0, 10.0), (0.0, 100.0)).at(2.5)
        25.0
    """

    def __init__(self, ends: Span, pixels: Span, log: bool = False) -> None:
        self.ends, self.pixels, self.log = ends, pixels, log

    def at(self, value: float | None) -> float | None:
        """The pixel of a value; None for what cannot be shown."""
        if value is None or not math.isfinite(value) or (self.log and value <= 0):
            return None
        low, high, value = (math.log10(v) if self.log else v for v in (*self.ends, value))
        first, last = self.pixels
        if high / 2 - low / 2 > MOST / 1e5:  # times the pixels it would be infinite
            low, high, value = low / 1e5, high / 1e5, value / 1e5
        return first + (last - first) * (value - low) / (high - low)


def path(line: Mapping, x: Axis, y: Axis) -> str:
    """The way of a curve; what is no number breaks it."""
    points = [(x.at(a), y.at(b)) for a, b in zip(line["x"], line["y"], strict=True)]
    parts, pen = [], "M"
    for a, b in points:
        if a is None or b is None:
            pen = "M"
            continue
        parts.append(f"{pen}{a:.1f},{b:.1f}")
        pen = "L"
    return "".join(parts)


def tick_texts(values: Sequence[float], log: bool = False) -> tuple[list[str], str]:
    """The numbers at an axis, no two alike; where they are long, from where they are counted.

    Example:
        >>> tick_texts([0.97, 0.97002]), tick_texts([1e8, 1e8 + 0.5])
        ((['0.97', '0.97002'], ''), (['0', '0.5'], 'counted from 100000000'))
    """
    digits = apart(values, 4)
    made = [number(v, digits) for v in values]
    if log:  # powers of ten in short: 1e-5
        made = [one.replace(".00e+", "e").replace(".00e", "e") for one in made]
    if digits == 4 or max(map(len, made)) <= LONGEST:
        return made, ""
    begin = f"counted from {number(values[0], 14)}"
    return [number(v - values[0], 3) for v in values], begin


def _axes(x: Axis, y: Axis, labels: tuple[str, str]) -> str:
    (left, right), (bottom, top) = x.pixels, y.pixels
    parts, named = [], []
    values = ticks(*x.ends, x.log)
    words, begin = tick_texts(values, x.log)
    named.append(", ".join(filter(None, (labels[0], begin))))
    for value, word in zip(values, words, strict=True):
        at = x.at(value) or left
        parts.append(f'<path class="gr" d="M{at:.1f},{top:.1f}V{bottom:.1f}"/>')
        parts.append(text(at, bottom + 14, word, "s m"))
    values = ticks(*y.ends, y.log)
    words, begin = tick_texts(values, y.log)
    named.append(", ".join(filter(None, (labels[1], begin))))
    for value, word in zip(values, words, strict=True):
        at = y.at(value) or bottom
        parts.append(f'<path class="gr" d="M{left:.1f},{at:.1f}H{right:.1f}"/>')
        parts.append(text(left - 5, at + 3.5, word, "s e"))
    parts.append(f'<path class="ax" d="M{left:.1f},{top:.1f}V{bottom:.1f}H{right:.1f}"/>')
    parts.append(text((left + right) / 2, bottom + 30, clip(named[0], 60), "s m"))
    parts.append(text(left + 4, top + 8, clip(named[1], 60), "s"))
    return "".join(parts)


def chart(
    lines: Sequence[Mapping],
    width: float = 420.0,
    height: float = 220.0,
    *,
    labels: tuple[str, str] = ("", ""),
    log: tuple[bool, bool] = (False, False),
    ends: tuple[Span | None, Span | None] = (None, None),
) -> str:
    """Curves with axes and, for more than one, a legend: the content of a figure.

    Args:
        lines: dicts with `name`, `x` and `y` (numbers; None breaks the line); `look`, if given, is
            the pair of its colour and its dashes.
        width: of the whole, legend included.
        height: of the whole, a row of the legend included for every line but the first.
        labels: of the two axes.
        log: whether the axes are logarithmic.
        ends: of the two axes; by default those that show all values.

    Example:
        >>> 'class="cv"' in chart([{"name": "loss", "x": [0, 1], "y": [2.0, 1.0]}])
        True
    """
    rows = 14.0 * len(lines) if len(lines) > 1 else 0.0
    reach = [given or span(list(itertools.chain(*(line[k] for line in lines))), log[i])
             for i, (k, given) in enumerate(zip("xy", ends, strict=True))]  # fmt: skip
    x = Axis(reach[0], (LEFT, width - RIGHT), log[0])
    y = Axis(reach[1], (height - BOTTOM - rows, TOP), log[1])
    parts = [_axes(x, y, labels)]
    for i, line in enumerate(lines):
        hue, dash = line.get("look") or (HUES[i % len(HUES)], DASHES[i % len(DASHES)])
        look = f'stroke="{hue}" stroke-dasharray="{dash}"'
        parts.append(f'<path class="cv" {look} d="{path(line, x, y)}"/>')
        if rows:
            at = height - rows + 14 * i + 6
            parts.append(f'<path class="cv" {look} d="M{LEFT:.0f},{at:.1f}h26"/>')
            parts.append(text(LEFT + 32, at + 3.5, clip(line["name"], 60), "s"))
    return "".join(parts)

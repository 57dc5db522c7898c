"""Histograms over steps as ridges, one behind the other. `static/training/ridges.js` is the twin.

Source: the offset mode of TensorBoard's histogram dashboard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..colours import HUES
from ..plot import Axis
from ..spacing import spaced
from ..svg import text
from ..units import plural
from ..values import apart, number
from .series import BINS, evenly

LEFT, RIGHT, TOP, BOTTOM = 12.0, 46.0, 12.0, 40.0
PALEST = 0.7
"""The share of its colour that the first ridge has: with less it would not stand out on white."""
STYLE = ".rg{stroke:#fff;stroke-width:.8}.gp{stroke:#9a3b00;stroke-width:1.6}"


def edges(items: Sequence[Mapping]) -> tuple[float, float]:
    """The least and the greatest number in any of the histograms."""
    return min(item["low"] for item in items), max(item["high"] for item in items)


def rebin(item: Mapping, low: float, high: float, bins: int = BINS) -> list[float]:
    """The counts of a histogram in other bins: each is shared out evenly over its width.

    Example:
        >>> rebin({"low": 0.0, "high": 2.0, "counts": [4, 2]}, 0.0, 4.0, 4)
        [4.0, 2.0, 0.0, 0.0]
    """
    part = 1.0 if math.isfinite(high - low) else 0.5  # halves, where the whole width overflows
    whole = (high * part - low * part) or 1.0
    # In parts of the whole: bins of the least numbers would have no width.
    first, last = ((item[end] * part - low * part) / whole for end in ("low", "high"))
    wide, found = (last - first) / len(item["counts"]), [0.0] * bins
    for i, count in enumerate(item["counts"]):
        if not count:
            continue
        a, b = bins * (first + i * wide), bins * (first + (i + 1) * wide)
        at = max(0, min(bins - 1, int(a)))
        end = max(at, min(bins - 1, int(b - 1e-9)))
        for j in range(at, end + 1):
            share = max(0.0, min(b, j + 1) - max(a, j)) / (b - a) if at != end else 1.0
            found[j] += count * share
    return found


def summary(name: str, line: Mapping) -> str:
    """The histograms of a name in words.

    Example:
        >>> item = {"step": 4, "low": -1.0, "high": 1.0, "counts": [1, 3], "ends": [-1.0, 1.0]}
        >>> item |= {"size": 4, "nans": 0}
        >>> summary("kernel", {"run": "", "items": [item], "count": 1})
        'kernel: 1 histogram; at step 4, 4 numbers from -1 to 1, most of them around 0.5'
    """
    item = line["items"][-1]
    named = ", ".join(filter(None, (name, line["run"])))
    size = item["size"] - item["nans"]
    missing = f", {item['nans']} not a number" if item["nans"] else ""
    told = f"{named}: {plural(line['count'], 'histogram')}; at step {number(item['step'])}, "
    if not item["ends"]:
        return f"{told}no number{missing}"
    peak = max(range(len(item["counts"])), key=item["counts"].__getitem__)
    share = (peak + 0.5) / len(item["counts"])
    middle = item["low"] * (1 - share) + item["high"] * share
    middle = min(max(middle, item["ends"][0]), item["ends"][1])  # there is room around one value
    least, greatest = (number(end, apart(item["ends"], 4)) for end in item["ends"])
    return (
        f"{told}{plural(size, 'number')} from {least} to {greatest}, "
        f"most of them around {number(middle, 3)}{missing}"
    )


def mixed(hue: str, share: float, ground: int = 255) -> str:
    """So much of a colour, and for the rest white, or black, which is 0.

    Example:
        >>> mixed("#0072b2", 1.0), mixed("#0072b2", 0.7)
        ('#0072b2', '#4c9cc9')
    """
    parts = (ground + (int(hue[i : i + 2], 16) - ground) * share for i in (1, 3, 5))
    return f"#{''.join(f'{round(part):02x}' for part in parts)}"


def _ridge(tops: Sequence[float], base: float, width: float, fill: str) -> str:
    """One ridge above its base line."""
    path = f"M{LEFT:.1f},{base:.1f}"
    for j, top in enumerate(tops):
        if 0 < j < len(tops) - 1 and tops[j - 1] == top == tops[j + 1]:
            continue  # on a straight line
        path += f"L{LEFT + (width - LEFT - RIGHT) * (j + 0.5) / len(tops):.1f},{top:.1f}"
    return f'<path class="rg" fill="{fill}" d="{path}L{width - RIGHT:.1f},{base:.1f}z"/>'


def picture(
    plot: Mapping[str, Any], width: float, height: float, most: int, hue: str = HUES[0]
) -> str:
    """The ridges of one name, at most so many: the first, pale, at the back, the last in front."""
    items = evenly(plot["lines"][0]["items"], most)  # with `gap`, one has no counts to show
    low, high = edges(items)
    x = Axis((low, high), (LEFT, width - RIGHT))
    rows = [rebin(item, low, high) for item in items]
    peak = max((max(row) for row in rows), default=0.0) or 1.0
    tall = (height - TOP - BOTTOM) * (0.45 if len(items) > 1 else 1.0)
    room = height - TOP - BOTTOM - tall
    parts, far = [], max(1, len(rows) - 1)
    for i, row in enumerate(rows):
        base = TOP + tall + room * i / far
        tops = [base - tall * count / peak for count in row]
        parts.append(
            f'<path class="gp" d="M{LEFT:.1f},{base - 3:.1f}l6,6m0-6l-6,6"/>'
            if items[i].get("gap")
            else _ridge(tops, base, width, mixed(hue, 1 - (1 - PALEST) * (len(rows) - 1 - i) / far))
        )  # fmt: skip
        if i in (0, len(rows) - 1):
            parts.append(text(width - RIGHT + 4, base + 3, number(items[i]["step"]), "s"))
    if not any(map(any, rows)):
        parts.append(text((LEFT + width - RIGHT) / 2, height / 2, "no values to draw", "s m"))
    return "".join([*parts, _axis(x, height - BOTTOM, any(map(any, rows)))])


def _axis(x: Axis, base: float, known: bool) -> str:
    """The axis of the values."""
    left, right = x.pixels
    parts = [f'<path class="ax" d="M{left:.1f},{base:.1f}H{right:.1f}"/>']
    marks, begin = spaced(x.ends, right - left) if known else ([], "")
    parts += [text(x.at(value) or left, base + 14, word, "s m") for value, word in marks]
    title = "; ".join(filter(None, ("values", begin, "step at the right")))
    return "".join([*parts, text((left + right) / 2, base + 30, title, "s m")])

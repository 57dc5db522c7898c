"""Histograms over steps as ridges, one behind the other. `static/training/ridges.js` is the twin.

Source: the offset mode of TensorBoard's histogram dashboard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..plot import Axis, ticks
from ..svg import text
from ..units import plural
from ..values import number
from .series import BINS, evenly

LEFT, RIGHT, TOP, BOTTOM = 12.0, 46.0, 12.0, 40.0
FIRST, LAST = (156, 87, 0), (0, 114, 178)
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
    return (
        f"{told}{plural(size, 'number')} from {number(item['ends'][0], 4)} to "
        f"{number(item['ends'][1], 4)}, most of them around {number(middle, 3)}{missing}"
    )


def _between(part: float) -> tuple[int, ...]:
    """The colour of the first ridge at 0, of the last at 1: both stand out on white."""
    return tuple(round(a + (b - a) * part) for a, b in zip(FIRST, LAST, strict=True))


def _ridge(tops: Sequence[float], base: float, width: float, part: float) -> str:
    """One ridge above its base line, in the colour of its place between the first and the last."""
    path = f"M{LEFT:.1f},{base:.1f}"
    for j, top in enumerate(tops):
        path += f"L{LEFT + (width - LEFT - RIGHT) * (j + 0.5) / len(tops):.1f},{top:.1f}"
    r, g, b = _between(part)
    fill = f'class="rg" fill="#{r:02x}{g:02x}{b:02x}"'
    return f'<path {fill} d="{path}L{width - RIGHT:.1f},{base:.1f}z"/>'


def picture(plot: Mapping[str, Any], width: float, height: float, most: int) -> str:
    """The ridges of one name, at most so many: the first at the back, the last in front."""
    items = evenly(plot["lines"][0]["items"], most)  # with `gap`, one has no counts to show
    low, high = edges(items)
    x = Axis((low, high), (LEFT, width - RIGHT))
    rows = [rebin(item, low, high) for item in items]
    peak = max((max(row) for row in rows), default=0.0) or 1.0
    tall = (height - TOP - BOTTOM) * (0.45 if len(items) > 1 else 1.0)
    room = height - TOP - BOTTOM - tall
    parts = []
    for i, row in enumerate(rows):
        base = TOP + tall + room * i / max(1, len(rows) - 1)
        tops = [base - tall * count / peak for count in row]
        parts.append(
            f'<path class="gp" d="M{LEFT:.1f},{base - 3:.1f}l6,6m0-6l-6,6"/>'
            if items[i].get("gap") else _ridge(tops, base, width, i / max(1, len(rows) - 1))
        )  # fmt: skip
        if i in (0, len(rows) - 1):
            parts.append(text(width - RIGHT + 4, base + 3, number(items[i]["step"]), "s"))
    base = height - BOTTOM
    parts.append(f'<path class="ax" d="M{LEFT:.1f},{base:.1f}H{width - RIGHT:.1f}"/>')
    for value in ticks(low, high):
        parts.append(text(x.at(value) or LEFT, base + 14, number(value, 4), "s m"))
    parts.append(text((LEFT + width - RIGHT) / 2, base + 30, "values; step at the right", "s m"))
    return "".join(parts)

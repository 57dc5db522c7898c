"""The static figure of a model's health: a row for each layer, a strip for each measure."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ..colours import RGB, diverging, png, sequential
from ..svg import card, text
from ..values import clip
from .health import (
    SIGN_TEXT,
    SIGNS,
    bad_text,
    beyond,
    finding_text,
    line_text,
    real,
    step_text,
    strips,
    value_text,
)

PAD, WIDTH, ROW, NAMES = 14.0, 704.0, 26.0, 128.0
MOST_ROWS, MOST_FINDINGS = 24, 6
BLACK, WHITE, GREY = (26, 26, 26), (255, 255, 255), (208, 208, 208)
STYLE = (
    "text.w{fill:#9a3b00;font-weight:600}text.k{font-weight:600;fill:#1a1a1a}.ax{stroke:#6a6a6a;fill:none}"
    ".at{stroke:#1a1a1a;stroke-width:1.5;fill:none}"
)


def decades(rows: Sequence[Sequence[Any]]) -> tuple[float, float]:
    """The powers of ten around all positive numbers.

    Example:
        >>> decades([[0.02, None], [3e-5, 0.0]])
        (-5, -1)
    """
    known = [v for row in rows for v in map(real, row) if v is not None and 0 < v < math.inf]
    if not known:
        return -3, 0
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    return low, max(high, low + 1)


def colour(value: Any, measure: Mapping, ends: tuple[float, float]) -> RGB:
    """The colour of a number: black for NaN and infinity, grey where nothing was measured.

    A share is white at 0 and orange at 1; a number with a usual range white in its middle, blue
    three powers of ten below and orange three above; any other goes from violet to yellow.
    """
    found = real(value)
    if found is None:
        return GREY
    if not math.isfinite(found):
        return BLACK
    if measure["scale"] == "share":
        return diverging(found)
    power = math.log10(found) if found > 0 else -math.inf
    if measure["good"]:
        middle = sum(map(math.log10, measure["good"])) / 2
        return diverging(max(-1.0, min(1.0, (power - middle) / 3)))
    low, high = ends
    return sequential(max(0.0, min(1.0, (power - low) / (high - low))))


def scale_text(record: Mapping) -> str:
    """What the colours mean."""
    words = []
    for item in strips(record):
        if item["scale"] == "share":
            continue
        if item["good"]:
            middle = round(sum(map(math.log10, item["good"])) / 2)
            words.append(f"{item['title']} without colour at 1e{middle}, blue below, orange above")
        else:
            low, high = decades(record["values"][item["name"]])
            words.append(f"{item['title']} from violet 1e{low:.0f} to yellow 1e{high:.0f}")
    words += ["shares from none at 0 % to orange at 100 %", "striped: NaN or infinity"]
    return f"Colours: {'; '.join(words)}; grey: not measured."


def usual_text(good: Sequence[float] | None, scale: str) -> str:
    """Where a measure usually is."""
    if good is None:
        return ""
    low, high = (value_text(v, scale) for v in good)
    if scale == "share":
        return f"usual: {high}" if good[0] == good[1] else f"usual: up to {high}"
    return f"usual: {low} to {high}"


def _strip(
    row: Sequence[Any], measure: Mapping, ends: tuple[float, float], place: tuple[float, float],
    wide: float,
) -> str:  # fmt: skip
    x, y = place
    painted = [colour(value, measure, ends) for value in row]
    striped = [WHITE if c == BLACK else c for c in painted]
    picture = png([painted, striped] * 2)
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="16" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated" href="{picture}"/>'
        f'<rect class="ax" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="16"/>'
    )


def shown_rows(record: Mapping, most: int = MOST_ROWS) -> list[int]:
    """The layers that are drawn: those with findings before others, in their own order."""
    found = {item["layer"] for item in record["findings"]}
    order = sorted(
        range(len(record["layers"])), key=lambda at: record["layers"][at]["name"] not in found
    )
    return sorted(order[:most])


def _table(record: Mapping, step: int, y: float) -> tuple[str, float]:
    measures = strips(record)
    found = {item["layer"]: SIGNS[item["level"]] for item in reversed(record["findings"])}
    each = (WIDTH - 2 * PAD - NAMES) / max(1, len(measures))
    looks = len(record["steps"])
    wide, parts = each - 68 if looks > 1 else 16.0, []
    for k, item in enumerate(measures):
        x, letters = PAD + NAMES + k * each, int(each / 6.2)
        parts.append(text(x, y + 10, clip(item["title"], letters), "s k"))
        usual = usual_text(item["good"], item["scale"])
        usual = usual if len(usual) <= letters else usual.removeprefix("usual: ")
        parts.append(text(x, y + 22, clip(usual, letters), "s"))
    y += 32
    for at in shown_rows(record):
        layer = record["layers"][at]
        sign = found.get(layer["name"], "")
        parts.append(text(PAD, y + 12, f"{clip(layer['name'], 15)} {sign}".rstrip()))
        for k, item in enumerate(measures):
            x, row = PAD + NAMES + k * each, record["values"][item["name"]][at]
            if any(value is not None for value in row):
                ends = decades(record["values"][item["name"]])
                parts.append(_strip(row, item, ends, (x, y), wide))
                parts.append(_frame(x, y, wide, step, looks))
            words = f"{value_text(row[step], item['scale'])}{beyond(row[step], item)}"
            parts.append(text(x + wide + 5, y + 12, words))
        y += ROW
    rest = len(record["layers"]) - MOST_ROWS
    if rest > 0:
        parts.append(text(PAD, y + 8, f"… and {rest} more layers", "s"))
        y += 16
    return "".join(parts), y


def _frame(x: float, y: float, wide: float, step: int, looks: int) -> str:
    """A frame around the look whose numbers are shown, where there are several."""
    if looks < 2:
        return ""
    across = max(5.0, wide / looks)
    left = x + wide * (step + 0.5) / looks - across / 2
    place = f'x="{left:.1f}" y="{y - 2:.1f}" width="{across:.1f}" height="20"'
    return f'<rect class="at" {place}/>'


def _paragraph(words: str, y: float, style: str = "", most: int = 4) -> tuple[str, float]:
    lines = textwrap.wrap(words, 92 if style != "s" else 108)
    if len(lines) > most:
        lines = [*lines[: most - 1], clip(" ".join(lines[most - 1 :]), 92)]
    parts = [text(PAD, y + 11 + 15 * i, line, style) for i, line in enumerate(lines)]
    return "".join(parts), y + 15 * len(lines)


def health_svg(record: Mapping, step: int, title: str, alt: str) -> str:
    """The figure: the verdict, the first NaN, the table of strips, and what was found."""
    parts, y = [text(PAD, 21, title, "h")], 32.0
    if not record["steps"]:
        return card(WIDTH, y + 6, alt, "".join(parts), STYLE)

    def add(words: str, style: str = "", most: int = 4) -> None:
        nonlocal y
        drawn, y = _paragraph(words, y, style, most)
        parts.append(drawn)

    add(f"{step_text(record['steps'][step])}: {record['verdicts'][step]}")
    bad = record["first_bad"]
    if bad:
        add(f"✗ {bad_text(bad)}", "w")
        add(line_text(bad["line"]), "s", 2)
    drawn, y = _table(record, step, y + 10)
    parts.append(drawn)
    numbered = [str(at) for at in record["steps"] if at is not None]
    if len(numbered) > 1:
        at = record["steps"][step]
        add(
            f"Strips: step {numbered[0]} to {numbered[-1]}. The frame and the numbers: step {at}.",
            "s",
        )
    add(SIGN_TEXT, "s")
    add(scale_text(record), "s")
    for item in record["findings"][:MOST_FINDINGS]:
        y += 4
        add(finding_text(item))
        add(line_text(item["line"]), "s", 2)
    rest = len(record["findings"]) - MOST_FINDINGS
    add(f"… and {rest} more findings" if rest > 0 else "", "s")
    add(record["note"], "s")
    return card(WIDTH, y + 10, alt, "".join(parts), STYLE)

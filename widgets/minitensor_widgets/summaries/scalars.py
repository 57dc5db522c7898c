"""Scalars: one card for each tag, with a curve for each run that has it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..plot import chart
from ..svg import text
from ..training.figure import summary
from ..training.series import thin
from ..units import plural
from ..values import clip

FEWEST, MOST = 60, 1000
POINT = 22
"""About so many bytes of JSON take one point: its step, its time, its value."""
WIDE, TALL, GAP = 333.0, 190.0, 14.0


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """The cards of all tags; curves are thinned to about `budget` bytes."""
    found: dict[str, list[Any]] = {}
    for run, tags in log.tags().items():
        for tag, kind in tags.items():
            if kind == "scalars":
                found.setdefault(tag, []).append(log.scalars(tag, run))
    lines = sum(map(len, found.values()))
    most = max(FEWEST, min(MOST, budget // POINT // max(1, lines)))
    return [_card(tag, found[tag], most) for tag in sorted(found)]


def _card(tag: str, series: Sequence[Any], most: int) -> dict[str, Any]:
    lines = [_line(one, most) for one in series]
    cut = sum(line["count"] > len(line["x"]) for line in lines)
    note = f"{plural(cut, 'curve')} drawn with at most {most} points" if cut else ""
    described = next((one.description for one in series if one.description), "")
    return {"tag": tag, "description": described, "lines": lines, "note": note}


def _line(one: Any, most: int) -> dict[str, Any]:
    x, y = thin(one.step.tolist(), one.value.tolist(), most)
    return {"run": one.run, "x": x, "y": [_short(v) for v in y], "count": len(one)}


def _short(value: float) -> float | str:
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value if math.isnan(value) else float(f"{value:.5g}")


def numbers(values: Sequence[float | str | None]) -> list[float]:
    """Values as numbers: what JSON cannot hold is None or a word."""
    return [math.nan if v is None else float(v) for v in values]


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The cards two by two, each with the names of its runs."""
    parts, y, tallest = [], 0.0, 0.0
    for i, card in enumerate(cards):
        lines = [{"name": line["run"], "x": line["x"], "y": numbers(line["y"])}
                 for line in card["lines"]]  # fmt: skip
        tall = TALL + 14 * (len(lines) if len(lines) > 1 else 0)
        x = (i % 2) * (WIDE + GAP)
        parts.append(text(x, y + 10, clip(card["tag"], 44)))
        drawn = chart(lines, WIDE, tall, labels=("step", ""))
        parts.append(f'<g transform="translate({x:.1f},{y + 16:.1f})">{drawn}</g>')
        tallest = max(tallest, tall + 16 + GAP)
        if i % 2 or i == len(cards) - 1:
            y, tallest = y + tallest, 0.0
    return "".join(parts), y


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """Each curve in a sentence: last, least and greatest value, and where it is heading."""
    return [
        f"{card['tag']}, {summary(line['run'], line)}." for card in cards for line in card["lines"]
    ]

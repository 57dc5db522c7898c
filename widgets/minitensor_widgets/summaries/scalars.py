"""Scalars: one card for each tag, with a curve for each run that has it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..colours import look_of
from ..plot import BOTTOM, LEFT, RIGHT, TOP, Axis, chart, path, span
from ..svg import text
from ..training.figure import summary
from ..units import plural
from ..values import clip, number
from .smoothing import begins_anew, broken, smoothed

FEWEST, MOST, ALL = 40, 1000, 16_000
"""The least and the most points of a curve, and those of all curves if each has the least."""
POINT = 24
"""About so many bytes of JSON take one point: its step, its time, its value, its mean."""
ASKED = 2000
LATEST = 8.64e15
"""The milliseconds that a clock of a page can count."""
WIDE, TALL, GAP, MARK, MOST_LINES = 333.0, 158.0, 14.0, 9.0, 12
MOST_FAINT = 24
"""Of so many curves what was recorded is drawn, too, where they are smoothed."""


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """The cards of all tags; curves are thinned to about `budget` bytes, but to no less than 40.

    A line has `x` (steps) and `t` (times in milliseconds), both as differences to the one before,
    `y` and, where points were left out, `m` and `n`: the mean of the points that each stands for,
    and how many these are.
    """
    found: dict[str, list[Any]] = {}
    for run, tags in log.tags().items():
        for tag, kind in tags.items():
            if kind == "scalars":
                found.setdefault(tag, []).append(log.scalars(tag, run))
    lines = sum(map(len, found.values()))
    fewest = max(8, min(FEWEST, ALL // max(1, lines)))
    most = max(fewest, min(MOST, budget // POINT // max(1, lines)))
    return [_card(tag, found[tag], most) for tag in sorted(found)]


def _card(tag: str, series: Sequence[Any], most: int) -> dict[str, Any]:
    lines = [_line(one, most) for one in series]
    described = next((one.description for one in series if one.description), "")
    return {"tag": tag, "description": described, "lines": lines}


def _line(one: Any, most: int) -> dict[str, Any]:
    from .thinning import shortened, thinned

    points = thinned(one, most)
    line = {
        "run": one.run,
        "x": _differences(points.x),
        "t": _differences((points.time * 1000).round(), LATEST),
        "y": [_short(v) for v in shortened(points.y).tolist()],
        "count": points.count,
        "nans": points.nans,
        "infs": points.infinite,
    }
    if not points.whole:
        line |= {
            "m": [_short(v) for v in shortened(points.mean, 4).tolist()],
            "n": points.many.tolist(),
        }
    return line


def _differences(numbers: Any, most: float = 2.0**63) -> list[int]:
    """Whole numbers as what each adds to the one before; as floats, since that may be 2**64."""
    import numpy as np

    near = np.clip(np.nan_to_num(numbers.astype(np.float64)), -most, most)
    return [int(more) for more in np.diff(near, prepend=0.0).tolist()]


def _short(value: float) -> float | str:
    """A number for JSON, which has none for what is infinite: a word stands for it."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == value and value == int(value) else value


def points(line: Mapping) -> dict[str, Any]:
    """A line of a record with its steps and values as they are.

    Example:
        >>> found = points({"run": "a", "x": [5, 1, 1], "y": [1.5, None, "Infinity"], "count": 3})
        >>> found["x"], found["y"]
        ([5, 6, 7], [1.5, nan, inf])
    """
    steps, at = [], 0
    for step in line["x"]:
        at += step
        steps.append(at)
    return {**line, "x": steps, "y": [math.nan if v is None else float(v) for v in line["y"]]}


def answer(log: Any, args: Mapping) -> tuple[dict[str, Any], list[bytes]]:
    """What the pane asks for: a stretch of all curves of a tag in 2000 points each, or all as CSV.

    Args:
        log: what `minitensor.summary.read` gave.
        args: `tag`, and `low` and `high`: the steps between which to look; or `csv`.
    """
    tag = args.get("tag")
    runs = [run for run, tags in log.tags().items() if tags.get(tag) == "scalars"]
    series = [log.scalars(tag, run) for run in runs]
    if args.get("csv"):
        return {"csv": table(series)}, []
    from .sending import packed

    low, high = float(args.get("low", -math.inf)), float(args.get("high", math.inf))
    parts = []
    for one in series:
        first, last = _between(one.step, low, high)
        parts.append((tag, one, first, last, True))
    return packed(parts, ASKED)


def _between(steps: Any, low: float, high: float) -> tuple[int, int]:
    """The first and the last point between two steps, and one more at each end."""
    import numpy as np

    inside = np.flatnonzero((steps >= low) & (steps <= high))
    if not len(inside):
        return 0, len(steps)
    return max(0, int(inside[0]) - 1), min(len(steps), int(inside[-1]) + 2)


def table(series: Sequence[Any]) -> str:
    """All points of some curves as CSV."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["run", "tag", "step", "wall_time", "value"])
    for one in series:
        rows = zip(one.step.tolist(), one.time.tolist(), one.value.tolist(), strict=True)
        writer.writerows([one.run, one.tag, *row] for row in rows)
    return made.getvalue()


def figure(
    cards: Sequence[Mapping], runs: Sequence[Mapping], smoothing: float = 0.0
) -> tuple[str, float]:
    """The cards two by two, each with the names of its runs, smoothed over what was recorded."""
    parts, y, tallest = [], 0.0, 0.0
    count = sum(min(MOST_LINES, len(card["lines"])) for card in cards)
    most = max(40, min(150, 720 // max(1, count)))
    for i, card in enumerate(cards):
        lines = [_drawn(line, most, smoothing) | {"look": look_of(line["run"], runs)}
                 for line in card["lines"][:MOST_LINES]]  # fmt: skip
        more = len(card["lines"]) - len(lines)
        tall = TALL + 14 * (len(lines) if len(lines) > 1 else 0)
        x = (i % 2) * (WIDE + GAP)
        parts.append(text(x, y + 10, clip(card["tag"], 44)))
        drawn = _plot(lines, tall, smoothing, count <= MOST_FAINT)
        parts.append(f'<g transform="translate({x:.1f},{y + 16:.1f})">{drawn}</g>')
        if more > 0:
            parts.append(text(x, y + 28 + tall, f"and {plural(more, 'more run')}", "s"))
        tallest = max(tallest, tall + 16 + GAP + (10 if more > 0 else 0))
        if i % 2 or i == len(cards) - 1:
            y, tallest = y + tallest, 0.0
    return "".join(parts), y


def _plot(lines: Sequence[Mapping], tall: float, smoothing: float, both: bool) -> str:
    """The curves; where they are smoothed, thin ones below them are as it was recorded."""
    rows = 14.0 * len(lines) if len(lines) > 1 else 0.0
    x = Axis(span([v for line in lines for v in line["x"]]), (LEFT, WIDE - RIGHT))
    y = Axis(span([v for line in lines for v in line["y"]]), (tall - BOTTOM - rows, TOP))
    under, what = "", "step"
    if smoothing and any(len(line["x"]) > 1 for line in lines):
        faint = "; faint: as recorded" if both else ""
        what = f"step (smoothed {number(smoothing, 2)}{faint})"
        for line in lines if both else ():
            look = f'stroke="{line["look"][0]}" stroke-width="1" opacity="0.4"'
            under += f'<path fill="none" {look} d="{path(broken(line), x, y)}"/>'
    soft = [broken({**line, "y": line["soft"]}) for line in lines]
    drawn = chart(soft, WIDE, tall, labels=(what, ""), ends=(x.ends, y.ends))
    return under + drawn + _marks(lines, x, y)


def _marks(lines: Sequence[Mapping], x: Axis, y: Axis) -> str:
    """Dots for curves of one point, and crosses at the top where a value is no finite number."""
    every = [(line["x"], line["y"]) for line in lines]
    dots = [(x.at(xs[0]), y.at(ys[0])) for xs, ys in every if len(xs) == 1]
    odd = [x.at(at) or 0.0 for xs, ys in every
           for at, v in zip(xs, ys, strict=True) if not math.isfinite(v)]  # fmt: skip
    places = {int(at / MARK): at for at in reversed(odd)}
    made = [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>' for a, b in dots if a and b]
    crosses = "".join(
        f"M{at - 4:.1f},{TOP + 2:.1f}l8,8m0,-8l-8,8" for at in sorted(places.values())
    )
    if crosses:
        made.append(f'<path stroke="#9a3b00" stroke-width="2" fill="none" d="{crosses}"/>')
    return "".join(made)


def _drawn(line: Mapping, most: int, smoothing: float) -> dict[str, Any]:
    """The points of a line, few enough for a figure, and `soft`, which are smoothed."""
    from .thinning import kept, np

    found = points(line)
    found["soft"] = smoothed(found, smoothing)
    at = kept(np.array(found["y"], float), most).tolist()
    return {"name": line["run"], **{k: [found[k][i] for i in at] for k in ("x", "y", "soft")}}


def words(cards: Sequence[Mapping], runs: Sequence[Mapping], smoothing: float = 0.0) -> list[str]:
    """Each curve in a sentence: last, least and greatest value, and where its end is heading."""
    return [
        _words(clip(card["tag"], 120), line, smoothing) for card in cards for line in card["lines"]
    ]


def _words(tag: str, line: Mapping, smoothing: float) -> str:
    """A curve in words; the directory itself, as a run, has no name."""
    found = points(line)
    found["soft"] = smoothed(found, smoothing)
    told = summary(tag, {**found, "run": "" if line["run"] == "." else line["run"]})
    if anew := begins_anew(found["x"]):
        told += f"; the steps begin anew {plural(anew, 'time')}: several trainings were recorded in"
        told += " this run"
    return f"{told}." if line["run"] == "." else f"{tag}, {told}."

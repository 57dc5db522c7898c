"""The board as a static figure and as an island: bars, curves, ridges of histograms.

`static/training/board.js` draws the same on the screen.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..output import Output
from ..plot import LEFT, RIGHT, STYLE, TOP, Axis, chart, span
from ..svg import card, text
from ..units import plural, time_text
from ..values import apart, clip, number
from . import ridges
from .bars import drawn_bar, value_text
from .records import board_record
from .series import thin, trend

WIDTH, PAD, GAP = 700.0, 12.0, 14.0
BAR_WIDTH, BAR_HEIGHT = 220.0, 26.0
PLOT_WIDTH, PLOT_HEIGHT, HEAD = (WIDTH - 2 * PAD - GAP) / 2, 200.0, 16.0
MOST_PLOTS = 12
MARK = 9.0
"""The room of a mark: of several in it, the first is drawn."""
NAN_STYLE = "text.b{font-weight:600}.nn{stroke:#9a3b00;stroke-width:2;fill:none}"
WORDS = {
    "running": "running", "paused": "so far", "finished": "finished", "stopped": "stopped",
    "interrupted": "interrupted", "failed": "failed",
}  # fmt: skip
COLOURS = {"finished": "#00755a", "running": "#0072b2", "paused": "#0072b2"}
STOPPED = "#9a3b00"


def line_name(name: str, line: Mapping) -> str:
    """The name of a curve: its run, if it has one."""
    return line["run"] or name


def summary(name: str, line: Mapping) -> str:
    """A curve in words: its last, least and greatest value, and where its end is heading.

    That is judged by the curve as it is drawn: by `soft`, where the line has it.

    Example:
        >>> summary("loss", {"run": "", "x": [0, 1, 2], "y": [4.0, 1.0, 2.0], "count": 3})
        'loss: last 2, least 1 at 1, greatest 4 at 0, rising at the end'
    """
    values = numbers(line["y"])
    known = [(y, x) for x, y in zip(line["x"], values, strict=True) if math.isfinite(y)]
    if not known:
        return f"{line_name(name, line)}: no finite number among {plural(line['count'], 'value')}"
    (least, at), (most, there) = min(known), max(known, key=lambda pair: pair[0])
    infinite = sum(map(math.isinf, values))
    missing = len(values) - len(known) - infinite
    digits = apart([values[-1], least, most])
    parts = [f"{line_name(name, line)}: last {value_text(values[-1], digits)}"]
    if len(known) > 1:
        parts.append(f"least {number(least, digits)} at {number(at, 8)}")
        heading = trend(line.get("soft", values))
        parts += [f"greatest {number(most, digits)} at {number(there, 8)}", f"{heading} at the end"]
    parts += [f"{missing} not a number"] if missing else []
    return ", ".join(parts + ([f"{infinite} infinite"] if infinite else []))


def numbers(values: Sequence[float | str | None]) -> list[float]:
    """The values of a record as numbers: what JSON cannot hold is None or a word there.

    Example:
        >>> numbers([1.0, None, "-Infinity"])
        [1.0, nan, -inf]
    """
    return [math.nan if v is None else float(v) for v in values]


def heading(record: Mapping) -> str:
    """The title and the state."""
    took = f" after {time_text(record['seconds'])}" if record["seconds"] is not None else ""
    words = record["words"] or WORDS.get(record["state"], record["state"])
    empty = not any(record[kind] for kind in ("bars", "scalars", "histograms"))
    if record["state"] == "running" and empty:
        words = "waiting for numbers"
    if record["state"] in ("running", "paused"):
        took = ""
    if record["state"] == "nan":
        return f"{record['title']}: finished{took} · {words}"
    return f"{record['title']}: {words}{took}"


def has_plots(record: Mapping) -> bool:
    """Whether there is more to see than bars and last values."""
    return bool(record["histograms"]) or any(map(_is_curve, record["scalars"]))


def _is_curve(plot: Mapping) -> bool:
    """Whether there is more than one point: one is told in words."""
    return any(len(line["x"]) > 1 for line in plot["lines"])


def _bars(record: Mapping, y: float) -> tuple[str, float]:
    parts = []
    for bar in record["bars"]:
        colour = COLOURS.get(bar["state"], STOPPED)
        label = clip(bar["label"], 24)
        x = PAD + (len(label) * 7.4 + 8 if label else 0)
        parts.append(text(PAD, y + 14, label))
        if bar["share"] is not None:
            parts.append(
                f'<rect x="{x:.1f}" y="{y + 3:.1f}" width="{BAR_WIDTH:.0f}" height="14" rx="3" '
                f'fill="#fff" stroke="#6a6a6a"/><rect x="{x:.1f}" y="{y + 3:.1f}" '
                f'width="{BAR_WIDTH * bar["share"]:.1f}" height="14" rx="3" fill="{colour}"/>'
            )
            x += BAR_WIDTH + 8
        sign = f"{bar['sign']} " if bar["sign"] else ""
        said = [] if bar["words"] == record["words"] else [bar["words"]]
        words = sign + " · ".join(filter(None, [*said, *bar["facts"]]))
        if len(words) > int((WIDTH - PAD - x) / 7.4):
            x, y = PAD, y + 17
        parts.append(text(x, y + 14, clip(words, int((WIDTH - PAD - x) / 7.4))))
        y += BAR_HEIGHT
    return "".join(parts), y


def _curves(plot: Mapping, axis: str, share: int) -> str:
    lines = []
    for line in plot["lines"]:
        x, y = thin(line["x"], numbers(line["y"]), max(60, min(400, 4000 // share)))
        lines.append({"name": line_name(plot["name"], line), "x": x, "y": y})
    drawn = chart(lines, PLOT_WIDTH, PLOT_HEIGHT, labels=(axis, ""))
    ends = span([x for line in lines for x in line["x"]])
    x = Axis(ends, (LEFT, PLOT_WIDTH - RIGHT))
    missing = [at for line in lines for at, y in zip(line["x"], line["y"], strict=True)
               if not math.isfinite(y)]  # fmt: skip
    places = {int((x.at(at) or 0.0) / MARK): x.at(at) or 0.0 for at in reversed(missing)}
    marks = "".join(f"M{at - 4:.1f},{TOP + 8:.1f}l8,8m0,-8l-8,8" for at in sorted(places.values()))
    return drawn + (f'<path class="nn" d="{marks}"/>' if marks else "")


def _plots(record: Mapping, y: float) -> tuple[str, float]:
    if not has_plots(record):
        return "", y
    scalars = [plot for plot in record["scalars"] if _is_curve(plot)]
    histograms = record["histograms"]
    lines = sum(len(plot["lines"]) for plot in scalars)
    many = max(5, min(24, 60 // max(1, len(histograms))))
    made: list[tuple[Any, Any]] = [
        (lambda p: _curves(p, record["axis"], lines), plot) for plot in scalars
    ]
    made += [(lambda p: ridges.picture(p, PLOT_WIDTH, PLOT_HEIGHT, many), plot)
             for plot in histograms]  # fmt: skip
    parts = []
    for i, (draw, plot) in enumerate(made[:MOST_PLOTS]):
        x = PAD + (i % 2) * (PLOT_WIDTH + GAP)
        parts.append(text(x, y + 10, clip(plot["name"], 44), "b"))
        parts.append(f'<g transform="translate({x:.1f},{y + HEAD:.1f})">{draw(plot)}</g>')
        y += HEAD + PLOT_HEIGHT + GAP if i % 2 else 0
    y += HEAD + PLOT_HEIGHT + GAP if len(made[:MOST_PLOTS]) % 2 else 0
    if len(made) > MOST_PLOTS:
        parts.append(text(PAD, y + 4, f"{len(made) - MOST_PLOTS} more plots are not drawn here"))
        y += 20
    return "".join(parts), y


def board_svg(record: Mapping, alt: str) -> str:
    """The figure of a board: its bars, then its plots two by two, then the last values."""
    top = 12.0
    parts = []
    if not (record["bars"] and not has_plots(record)):
        title = clip(record["title"], 40)
        parts.append(text(PAD, 22, clip(heading({**record, "title": title}), 88), "h"))
        top = 34.0
    drawn, y = _bars(record, top)
    curves, y = _plots(record, y + 4)
    parts += [drawn, curves]
    for line in [*_told(record), *record["notes"]]:
        parts.append(text(PAD, y + 10, clip(line, 92)))
        y += 17
    return card(WIDTH, y + 6, alt, "".join(parts), STYLE + NAN_STYLE + ridges.STYLE)


def _bar_parts(bar: Mapping) -> tuple[str, str, str]:
    """The label, the bar and the facts of a bar as text."""
    facts = " · ".join(filter(None, [bar["words"], *bar["facts"]]))
    if bar["share"] is None:
        return bar["label"], "", facts
    return bar["label"], drawn_bar(bar["share"]), facts


def _bar_text(bar: Mapping) -> str:
    label, _, facts = _bar_parts(bar)
    return ": ".join(filter(None, (label, facts)))


def _told(record: Mapping) -> list[str]:
    """The curves in words, as far as there is room."""
    if record["bars"] and not has_plots(record):
        return []
    told = [_named(plot, line) for plot in record["scalars"] for line in plot["lines"]]
    rest = [f"… and {len(told) - 16} more curves"] if len(told) > 16 else []
    return told[:16] + rest


def _named(plot: Mapping, line: Mapping) -> str:
    words = summary(plot["name"], line)
    return f"{plot['name']}, {words}" if line["run"] else words


class BoardFigure(Output):
    """A board without Python: what stays of a run.

    Args:
        record: the record of a run.
        smoothing: how much the curves are smoothed, from 0 to 0.99.
        log: whether the values are on a logarithmic axis.
        overlay: whether histograms are drawn over one another, not behind one another.
        selected: the name of the plot looked at first.

    Example:
        >>> from minitensor_widgets.training.run import Run
        >>> run = Run("demo")
        >>> for value in (3.0, 2.0, 1.0):
        ...     run.log("loss", value)
        >>> run.end("finished")
        >>> BoardFigure(run.record(timed=False))
        BoardFigure('demo', 1 plot, finished)
    """

    main = "training/board"

    def __init__(
        self,
        record: Any,
        smoothing: float = 0.0,
        log: bool = False,
        overlay: bool = False,
        selected: str = "",
    ) -> None:
        self.record = board_record(record)
        self.looks = {"smoothing": smoothing, "log": log, "overlay": overlay, "selected": selected}

    def __repr__(self) -> str:
        plots = len(self.record["scalars"]) + len(self.record["histograms"])
        state = self.record["state"]
        return f"BoardFigure({self.record['title']!r}, {plural(plots, 'plot')}, {state})"

    @property
    def title(self) -> str:
        """What stands above the board."""
        return heading(self.record)

    @property
    def alt(self) -> str:
        """What the board shows, in a few sentences."""
        return clip(" ".join(line.strip() for line in self._lines()), 600)

    def _lines(self) -> list[str]:
        record = self.record
        lines = [] if self.is_line else [f"{heading(record)}."]
        for bar in record["bars"]:
            lines.append(f"  {_bar_text(bar)}.")
        for plot in [] if self.is_line else record["scalars"]:
            lines += [f"  {_named(plot, line)}." for line in plot["lines"]]
        for plot in record["histograms"]:
            lines += [f"  {ridges.summary(plot['name'], line)}." for line in plot["lines"]]
        return lines + [f"  {note}" for note in record["notes"]]

    @property
    def is_line(self) -> bool:
        """Whether there is nothing but bars: they are shown as text."""
        return bool(self.record["bars"]) and not has_plots(self.record)

    def description(self) -> str:
        """The state, the bars and each curve as a list; bars alone as lines with their bars."""
        if self.is_line:
            return "\n".join(" ".join(filter(None, _bar_parts(bar))) for bar in self.record["bars"])
        return textwrap.dedent("\n".join(line.removesuffix(".") for line in self._lines()))

    def to_svg(self) -> str:
        """The static figure."""
        return board_svg(self.record, self.alt)

    def to_html(self, static: bool | None = None) -> str:
        """The HTML of the output; bars alone are text, which follows the theme of the page."""
        if not self.is_line:
            return super().to_html(static)
        lines = []
        for bar in self.record["bars"]:
            label, drawn, facts = map(escape, _bar_parts(bar))
            lines.append(f'{label} <span aria-hidden="true">{drawn}</span> {facts}'.strip())
        return '<pre style="margin:0">' + "\n".join(lines) + "</pre>"

    def _state(self) -> dict[str, Any]:
        return {"board": self.record, "bars": self.record["bars"], **self.looks}

"""The cache of a traced function as cards: what was traced, what was used again, and why not.

`static/tracing/traces.js` draws the same cards on the screen.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from ..graphs.scene import SMALL
from ..output import Output, is_static
from ..svg import card, text
from ..units import plural, size_text, time_text
from ..values import clip
from .records import traces_record

WIDTH, GAP, PAD = 330.0, 12.0, 12.0
LINE, SMALL_LINE = 17.0, 14.0
WIDE, NARROW = 41, 50  # characters of a line, large and small
FIRST, LAST = 5, 2  # the cards of a figure where there are many
MOST_LISTED = 20
STYLE = (
    "text.d{fill:#9a3b00;font-weight:600}.c{fill:#eaf3fb;stroke:#0072b2;stroke-width:1.4}"
    ".m{fill:#f4f4f4;stroke:#666;stroke-dasharray:5 3}.b{fill:none;stroke:#0072b2;stroke-width:2}"
    ".a{fill:#0072b222}"
)


def summary(record: Mapping) -> str:
    """Hits, misses and memory in one line."""
    counts = f"{plural(record['hits'], 'hit')}, {plural(record['misses'], 'miss')}"
    return f"{plural(record['calls'], 'call')}: {counts} · {size_text(record['bytes'])} of memory"


def heading(record: Mapping) -> str:
    """The title: whose cache, and how many traces it holds."""
    return f"{record['title']}: {plural(len(record['traces']), 'trace')} in its cache"


def signature_text(trace: Mapping) -> str:
    """All arguments of a trace in one line."""
    return ", ".join(f"{item['name']}: {item['text']}" for item in trace["signature"]) or "nothing"


def difference_text(item: Mapping) -> str:
    """One argument that made a call miss the cache."""
    return f"{item['argument']} was {item['before']}, now {item['now']}"


def describe_traces(record: Mapping) -> str:
    """A numbered list of all traces; times are left out of static outputs."""
    lines = [f"{heading(record)} ({summary(record)})"]
    traces = record["traces"]
    skipped = len(traces) - MOST_LISTED
    for i, trace in enumerate(traces):
        if skipped > 0 and MOST_LISTED - LAST <= i < len(traces) - LAST:
            lines += [f"     … {skipped} more traces"] if i == MOST_LISTED - LAST else []
            continue
        took = "" if is_static() else f", traced in {time_text(trace['seconds'])}"
        lines.append(
            f"{trace['number']:3}. {signature_text(trace)}: {plural(trace['hits'], 'hit')}, "
            f"{plural(trace['nodes'], 'node')}, {size_text(trace['bytes'])}{took}"
        )
        lines += [f"     differs: {difference_text(item)}" for item in trace["differs"]]
        lines += [f"     fix: {trace['fix']}"] if trace["fix"] else []
    return "\n".join(lines)


def _card(trace: Mapping) -> list[tuple[str, str]]:
    """The lines of a card, each with its style."""
    changed = {item["argument"] for item in trace["differs"]}
    lines = []
    for item in trace["signature"]:
        new = item["name"] in changed
        words = clip(f"{'≠ ' if new else ''}{item['name']}: {item['text']}", WIDE)
        lines.append(("d" if new else "", words))
    if not trace["signature"]:
        lines.append(("", "no arguments"))
    lines.append(("s", f"{plural(trace['nodes'], 'node')} · {size_text(trace['bytes'])}"))
    for item in trace["differs"]:
        lines += _wrapped(difference_text(item), 2)
    return lines + (_wrapped(f"fix: {trace['fix']}", 4) if trace["fix"] else [])


def _wrapped(words: str, most: int) -> list[tuple[str, str]]:
    lines = textwrap.wrap(words, NARROW, break_long_words=True)
    if len(lines) > most:
        lines = [*lines[: most - 1], clip(" ".join(lines[most - 1 :]), NARROW)]
    return [("s", line) for line in lines]


def _height(card: list[tuple[str, str]]) -> float:
    return 32 + sum(SMALL_LINE if style == "s" else LINE for style, _ in card) + 6


def _drawn(trace: Mapping, x: float, y: float, height: float) -> str:
    parts = [
        f'<rect class="c" x="{x:.1f}" y="{y:.1f}" width="{WIDTH:.0f}" height="{height:.1f}" '
        'rx="6"/>',
        text(x + PAD, y + 20, f"trace {trace['number']}", "h"),
        text(x + WIDTH - PAD, y + 20, plural(trace["hits"], "hit"), "e"),
    ]
    at = y + 25
    for style, line in _card(trace):
        at += SMALL_LINE if style == "s" else LINE
        parts.append(text(x + PAD, at, line, style))
    return "".join(parts)


def _more(count: int, bytes_: int, x: float, y: float, height: float) -> str:
    return (
        f'<rect class="m" x="{x:.1f}" y="{y:.1f}" width="{WIDTH:.0f}" height="{height:.1f}" '
        f'rx="6"/>{text(x + PAD, y + 20, f"… {count} more traces", "h")}'
        f"{text(x + PAD, y + 42, size_text(bytes_) + ' of memory', 's')}"
    )


def _staircase(record: Mapping, x: float) -> str:
    """Memory over the traces: one step up for each."""
    sizes = [trace["bytes"] for trace in record["traces"]]
    if len(sizes) < 2 or not sum(sizes):
        return ""
    total, path, wide, tall = sum(sizes), f"M{x:.1f},38", 120.0, 24.0
    so_far = 0
    for i, size in enumerate(sizes, 1):
        so_far += size
        path += f"V{38 - tall * so_far / total:.1f}H{x + wide * i / len(sizes):.1f}"
    area = f'<path class="a" d="{path}V38z"/><path class="b" d="{path}"/>'
    return area + text(x - 6, 38, "memory", "s e")


def traces_svg(record: Mapping, alt: str) -> str:
    """The figure of a cache: two columns of cards, the middle of a long list left out."""
    traces = record["traces"]
    many = len(traces) > FIRST + LAST + 1
    shown: list = [*traces[:FIRST], None, *traces[-LAST:]] if many else list(traces)
    hidden = traces[FIRST:-LAST] if many else []
    width, y = 2 * WIDTH + GAP + 2 * PAD, 50.0
    parts = []
    for i in range(0, len(shown), 2):
        row = shown[i : i + 2]
        height = max(60.0 if trace is None else _height(_card(trace)) for trace in row)
        for column, trace in enumerate(row):
            x = PAD + column * (WIDTH + GAP)
            size = sum(t["bytes"] for t in hidden)
            parts.append(
                _more(len(hidden), size, x, y, height) if trace is None
                else _drawn(trace, x, y, height)
            )  # fmt: skip
        y += height + GAP
    title = text(PAD, 20, clip(heading(record), 60), "h")
    line = text(PAD, 37, clip(summary(record), int((width - 220) / SMALL)), "s")
    stairs = _staircase(record, width - 120 - PAD)
    return card(width, y, alt, "".join([title, line, stairs, *parts]), STYLE)


class Traces(Output):
    """The cache of a traced function as cards.

    Args:
        view: a function under `mt.function`, a TracesView or the dict of one.
        step: how many traces are dealt at first; None for all.
        selected: the number of the card looked at first, as text.

    Example:
        >>> from minitensor_widgets.samples import cache
        >>> Traces(cache())
        Traces('scale', 3 traces, 4 hits)
    """

    main = "tracing/traces"

    def __init__(self, view: Any, step: int | None = None, selected: str = "") -> None:
        self.record = traces_record(view)
        self.step, self.selected = step, selected

    def __repr__(self) -> str:
        counts = f"{plural(len(self.record['traces']), 'trace')}, "
        return f"Traces({self.record['title']!r}, {counts}{plural(self.record['hits'], 'hit')})"

    @property
    def title(self) -> str:
        """What stands above the cards."""
        return heading(self.record)

    @property
    def alt(self) -> str:
        """What the cards show, in a sentence or two."""
        first = "; ".join(signature_text(trace) for trace in self.record["traces"][:8])
        return clip(f"{self.title}. {summary(self.record)}. Signatures: {first}.", 600)

    def description(self) -> str:
        """All traces as a numbered list."""
        return describe_traces(self.record)

    def to_svg(self) -> str:
        """The static figure."""
        return traces_svg(self.record, self.alt)

    def _state(self) -> dict[str, Any]:
        count = len(self.record["traces"])
        step = count if self.step is None else max(0, min(self.step, count))
        return {"traces": self.record, "step": step, "selected": self.selected}


def traces(function: Any, *, selected: str = "") -> Traces:
    """Show the cache of a traced function: one card per trace, and what made each one new.

    Args:
        function: a function under `mt.function`, a TracesView or the dict of one.
        selected: the number of the trace looked at first, as text.

    Raises:
        TypeError: when there is no cache to show.

    Example:
        >>> from minitensor_widgets.samples import cache
        >>> traces(cache())
        Traces('scale', 3 traces, 4 hits)
    """
    return Traces(function, selected=selected)

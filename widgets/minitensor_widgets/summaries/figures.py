"""The dashboard as a static figure and as an island."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from .. import assets
from ..output import MOST_BYTES, Output
from ..plot import STYLE
from ..svg import card, text
from ..units import plural
from ..values import clip
from .records import PANES, complete, pane

WIDTH, PAD = 704.0, 12.0
MOST_DRAWN = 6
TALLEST = 720
"""What is taller scrolls in its box, which a picture on paper cannot, and no one would see."""
FIGURE = 50_000
"""About so many bytes takes the figure."""
BUDGETS = (150_000, 100_000, 50_000, 30_000, 15_000, 8_000)
LOOKS: dict[str, Any] = {
    "smoothing": 0.6, "axis": "step", "log": False, "outliers": False, "hidden": [], "filter": "",
}  # fmt: skip
"""How a dashboard is first seen."""


def kinds_of(record: Mapping) -> list[str]:
    """The kinds of which there are cards, in the order of their sections."""
    return [kind for kind in PANES if record["kinds"].get(kind)]


def main_of(record: Mapping) -> str:
    """The viewer of a record: the shell, and the panes of the kinds there are."""
    return "+".join(["summaries/dashboard", *(f"summaries/{kind}" for kind in kinds_of(record))])


def _is_late(card: Mapping) -> bool:
    """Whether a chart stands behind others in a figure, which has few: a loss comes first."""
    return "loss" not in card["tag"].lower()


class Dashboard(Output):
    """What a dashboard shows, without Python: what stays in a saved notebook.

    Args:
        record: the record of a dashboard; or a function that makes it for a number of bytes, which
            is asked for less if it is too much.
        **looks: `smoothing`, `axis`, `log`, `outliers`, `hidden` and `filter`, as it is first seen.
    """

    def __init__(self, record: Any, **looks: Any) -> None:
        self.looks = LOOKS | looks
        self.record: dict[str, Any] = {}
        makers: list[Callable[[], Any]] = (
            [lambda budget=budget: record(budget) for budget in BUDGETS]
            if callable(record) else [lambda: record]
        )  # fmt: skip
        for make in makers:
            self.record = complete(make())
            if len(self._packed()) + len(assets.loading(self.main)) < MOST_BYTES - FIGURE:
                break

    @property
    def main(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The shell, and the panes of the kinds there are."""
        return main_of(self.record)

    @property
    def _kinds(self) -> list[str]:
        return kinds_of(self.record)

    def __repr__(self) -> str:
        runs = plural(len(self.record["runs"]), "run")
        return f"Dashboard({self.record['title']!r}, {runs}, {plural(self._count, 'chart')})"

    @property
    def _count(self) -> int:
        return sum(len(self.record["kinds"][kind]) for kind in self._kinds)

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.record["title"]

    @property
    def alt(self) -> str:
        """What it shows, in a few sentences."""
        return clip(" ".join(self._lines()), 600)

    def _lines(self) -> list[str]:
        runs = self.record["runs"]
        told = f"{self.title}: {plural(len(runs), 'run')}, {plural(self._count, 'chart')}."
        lines = [told if self._count else f"{self.title}: {self._empty}"]
        for kind in self._kinds:
            lines += pane(kind).words(self.record["kinds"][kind], runs, **self._more(kind))
        return lines + list(self.record["problems"])

    @property
    def _empty(self) -> str:
        """What is said where there is no chart."""
        waits = self.record.get("waits")
        return f"nothing is recorded yet{f': {waits}' if waits else ''}."

    def description(self) -> str:
        """What each chart shows, in words."""
        first, *rest = self._lines()
        return "\n".join([first, *(f"  {line}" for line in rest)])

    def to_svg(self) -> str:
        """The first charts of all kinds, one below the other."""
        parts, y, count = [text(PAD, 22, clip(self.title, 88), "h")], 34.0, 0
        empty = textwrap.wrap(self._empty[0].upper() + self._empty[1:], 90)
        notes = [*([] if self._count else empty), *self.record["problems"]][:7]
        end = TALLEST - 16 - 17 * (len(notes) + 1)
        for kind in self._kinds:
            share = max(2, MOST_DRAWN // len(self._kinds))  # no kind takes the place of all others
            drawn, height, many = self._drawn(kind, min(share, MOST_DRAWN - count), end - y)
            if many:
                parts.append(f'<g transform="translate({PAD:.0f},{y:.1f})">{drawn}</g>')
                y, count = y + height + 8, count + many
        rest = self._count - count
        for line in [*([f"… and {plural(rest, 'more chart')}"] if rest > 0 else []), *notes]:
            parts.append(text(PAD, y + 10, clip(line, 92)))
            y += 17
        return card(WIDTH, y + 8, self.alt, "".join(parts), STYLE)

    def _more(self, kind: str) -> dict[str, Any]:
        """What a pane has to know besides, to draw and to say what there is."""
        return {"smoothing": self.looks["smoothing"]} if kind == "scalars" else {}

    def _drawn(self, kind: str, most: int, room: float) -> tuple[str, float, int]:
        """The first charts of a kind, as many as there is room for: SVG, height, how many."""
        cards = sorted(self.record["kinds"][kind], key=_is_late)
        for many in range(min(most, len(cards)), 0, -1):
            drawn, height = pane(kind).figure(cards[:many], self.record["runs"], **self._more(kind))
            if height <= room:
                return drawn, height, many
        return "", 0.0, 0

    def _state(self) -> dict[str, Any]:
        return {"dashboard": self.record, **self.looks}

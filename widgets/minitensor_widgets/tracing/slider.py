"""What the optimiser made of a graph, pass by pass, with the program that came out beside it.

`static/tracing/passes.js` is the interactive form: a slider through the passes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import assets
from ..graphs.collapse import auto_collapse
from ..graphs.svg import graph_svg
from ..graphs.viewers import prepared
from ..output import MOST_BYTES, Output
from ..svg import card, text
from ..units import plural, size_text
from ..values import clip
from .records import passes_record

ROW, LEFT, BAR = 18.0, 12.0, 130.0
COLUMNS = (196.0, 376.0, 466.0, 586.0)  # bars, bytes saved, operations saved, same results
STYLE = ".pb{fill:#0072b2}.po{fill:none;stroke:#0072b2;stroke-dasharray:2 2}"
SIDE_BY_SIDE = 1000.0
LEFT_OUT = "The passes between the first and the last are left out: they are too much to carry."


def nodes_text(item: Mapping) -> str:
    """How many nodes a pass found and left."""
    before, after = item["nodes_before"], item["nodes_after"]
    return plural(after, "node") if before == after else f"{before} → {after} nodes"


def saved_text(item: Mapping) -> str:
    """What a pass saved, in words; empty when nothing."""
    parts = []
    if item["bytes_saved"]:
        parts.append(_more(item["bytes_saved"], size_text))
    if item["operations_saved"]:
        parts.append(_more(item["operations_saved"], lambda n: plural(n, "operation")))
    return ", ".join(parts)


def _more(count: int, words: Any) -> str:
    return f"{words(abs(count))} {'saved' if count > 0 else 'more'}"


def heading(record: Mapping) -> tuple[str, str]:
    """Title, and the line under it: from how many nodes to how many, and whether all is equal."""
    items = record["passes"]
    if not items:
        return record["title"] or "No pass ran", "no passes"
    first, last = items[0]["nodes_after"], items[-1]["nodes_after"]
    total = {
        name: sum(item[name] for item in items) for name in ("bytes_saved", "operations_saved")
    }
    saved = saved_text(total)
    note = f"{plural(len(items) - 1, 'pass')}: {first} → {last} nodes"
    parts = [note, saved, _all_equal(items)]
    return record["title"] or "Passes", " · ".join(filter(None, parts))


def _all_equal(items: Sequence[Mapping]) -> str:
    """What all checks say together."""
    verdicts = [item["equality"]["verdict"] for item in items if item["equality"]]
    if "different" in verdicts:
        return "results differ"
    if not verdicts or "not compared" in verdicts:
        return ""
    return "results equal" + (" but for rounding" if "rounding" in verdicts else "")


def describe_passes(record: Mapping) -> str:
    """All passes as a numbered list, then the generated source."""
    title, note = heading(record)
    lines = [f"{title} ({note})"]
    for i, item in enumerate(record["passes"]):
        saved = saved_text(item)
        lines.append(f"{i:3}. {item['name']}: {nodes_text(item)}{f', {saved}' if saved else ''}")
        lines += [f"     same results? {item['equality']['text']}"] if item["equality"] else []
        if item["removed"]:
            lines.append(f"     gone: {clip(', '.join(item['removed']), 300)}")
        if item["added"]:
            lines.append(f"     new: {clip(', '.join(item['added']), 300)}")
    return "\n".join(lines + (["", record["source"].rstrip()] if record["source"] else []))


def _row(item: Mapping, most: int, y: float) -> str:
    before, after = (BAR * item[name] / most for name in ("nodes_before", "nodes_after"))
    x, saved, done, same = COLUMNS
    parts = [
        text(LEFT, y, clip(item["name"], 24)),
        f'<rect class="po" x="{x:.1f}" y="{y - 9:.1f}" width="{before:.1f}" height="10"/>',
        f'<rect class="pb" x="{x:.1f}" y="{y - 9:.1f}" width="{after:.1f}" height="10"/>',
        text(x + BAR + 8, y, str(item["nodes_after"])),
        text(saved, y, size_text(item["bytes_saved"]) if item["bytes_saved"] > 0 else ""),
        text(done, y, str(item["operations_saved"] or "")),
        text(same, y, item["equality"]["verdict"] if item["equality"] else ""),
    ]
    return "".join(parts)


def _table(record: Mapping) -> tuple[str, float]:
    title, note = heading(record)
    most = max((item["nodes_before"] for item in record["passes"]), default=0) or 1
    parts = [text(LEFT, 20, clip(title, 90), "h"), text(LEFT, 37, clip(note, 110), "s")]
    names = ("nodes after", "bytes saved", "operations saved", "results")
    parts += [text(x, 58, name, "s") for x, name in zip(COLUMNS, names, strict=True)]
    parts.append(text(LEFT, 58, "pass", "s"))
    y = 58.0
    for item in record["passes"]:
        y += ROW
        parts.append(_row(item, most, y))
    return "".join(parts), y + 12


def _figures(record: Mapping, collapsed: Iterable[str]) -> list[tuple[str, float, float]]:
    """The graph before all passes and the one after, each with its size."""
    found = []
    ends = record["passes"][:1] + (record["passes"][1:] and record["passes"][-1:])
    for item, word in zip(ends, ("as traced", "after all passes"), strict=False):
        graph = {**item["graph"], "title": word, "note": ""}
        figure = graph_svg(graph, collapsed, word)
        size = re.match(r'<svg [^>]*width="(\d+)" height="(\d+)"', figure)
        assert size
        found.append((figure, float(size[1]), float(size[2])))
    return found


def passes_svg(record: Mapping, collapsed: Iterable[str], alt: str) -> str:
    """The figure: a row per pass, then the graph before and after, side by side if they fit."""
    table, top = _table(record)
    figures = _figures(record, collapsed)
    beside = sum(width for _, width, _ in figures) <= SIDE_BY_SIDE
    x, y, width, height, parts = 0.0, top, 690.0, top, [table]
    for figure, wide, tall in figures:
        parts.append(figure.replace("<svg ", f'<svg x="{x:.0f}" y="{y:.0f}" ', 1))
        width, height = max(width, x + wide), max(height, y + tall)
        x, y = (x + wide, y) if beside else (x, y + tall)
    return card(width, height, alt, "".join(parts), STYLE)


class Passes(Output):
    """The passes over a graph, one after the other.

    Args:
        view: a concrete function, a function under `mt.function`, a PassesView or its dict.
        step: the pass looked at first: 0 is the graph as traced; None is the last.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.

    Example:
        >>> from minitensor_widgets.samples import optimised
        >>> Passes(optimised())
        Passes('f(x: float32[4])', 2 passes, 5 → 3 nodes)
    """

    main = "tracing/passes"

    def __init__(
        self, view: Any, step: int | None = None, collapsed: Iterable[str] | None = None
    ) -> None:
        self.record = passes_record(view)
        self.step, self.selected = step, ""
        closed: dict[str, None] = dict.fromkeys(collapsed or [])
        for item in self.record["passes"]:
            item["graph"] = prepared(item["graph"])
            if collapsed is None:
                closed |= dict.fromkeys(auto_collapse(item["graph"]))
        self.collapsed = list(closed)

    def __repr__(self) -> str:
        title, note = heading(self.record)
        return f"Passes({title!r}, {note.split(' · ')[0].replace(':', ',')})"

    @property
    def title(self) -> str:
        """What stands above the picture."""
        return heading(self.record)[0]

    @property
    def alt(self) -> str:
        """What the passes did, in a sentence or two."""
        names = [f"{item['name']} {nodes_text(item)}" for item in self.record["passes"]]
        return clip(f"{': '.join(heading(self.record))}. {'; '.join(names)}.", 600)

    def description(self) -> str:
        """All passes as a numbered list, and the generated source."""
        return describe_passes(self.record)

    def to_svg(self) -> str:
        """The static figure."""
        return passes_svg(self.record, self.collapsed, self.alt)

    def _state(self) -> dict[str, Any]:
        last = max(0, len(self.record["passes"]) - 1)
        step = last if self.step is None else max(0, min(self.step, last))
        state = {"passes": self.record, "step": step}
        return {**state, "collapsed": self.collapsed, "selected": self.selected}

    def _packed(self) -> str:
        """The state; without the graphs between the first and the last if it is too much."""
        packed = super()._packed()
        if len(packed) <= MOST_BYTES // 2:
            return packed
        items = self.record["passes"]
        kept = [items[0], *items[-1:]] if len(items) > 2 else items
        record = {**self.record, "passes": kept, "note": LEFT_OUT}
        state = {**self._state(), "passes": record, "step": len(kept) - 1}
        return assets.pack(json.dumps(state, ensure_ascii=False, separators=(",", ":")))


def passes(
    concrete: Any, *, at: int | None = None, collapsed: Iterable[str] | None = None
) -> Passes:
    """Slide through what the optimiser did to a graph, with the generated source beside it.

    Args:
        concrete: a concrete function, or a function under `mt.function` (its latest trace is
            taken), a PassesView or the dict of one.
        at: the pass looked at first: 0 is the graph as it was traced; None is the last.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.

    Raises:
        TypeError: when no pass ran over it.
        ValueError: when a function was never traced.

    Example:
        >>> from minitensor_widgets.samples import optimised
        >>> passes(optimised())
        Passes('f(x: float32[4])', 2 passes, 5 → 3 nodes)
    """
    return Passes(concrete, at, collapsed)

"""How the elements of a tensor are distributed: one look, or one look over the one before.

`static/tensors/histogram.js` draws it on the screen.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ..output import Output
from ..records import VERSION, as_view, of_kind, plain, values
from ..svg import card, text
from ..units import plural
from ..values import clip, number, shape_text
from .figure import STYLE, bars
from .records import count_of, facts, one_tensor

BINS, PAD, WIDE = 30, 14.0, 560.0
_HISTOGRAM = {
    "version": VERSION, "name": "", "dtype": "", "shape": [], "value": None, "edges": [],
    "counts": [], "counted": 0, "outside": 0, "note": "", "before": None,
}  # fmt: skip


def histogram_record(value: Any, bins: int | Sequence[float] = BINS, name: str = "") -> dict:
    """The complete record of a tensor's distribution, of a HistogramView or the dict of one.

    Raises:
        TypeError: for a dict that is no such view.
        ValueError: for bins that are none.
    """
    record = as_view(one_tensor(value, "histogram()"))
    if record is None:
        from minitensor.views import histogram_view

        record = plain(histogram_view(value, bins, name))
    return values(_edged(of_kind(record, "counts", _HISTOGRAM)), "value")


def _edged(record: dict) -> dict:
    """A record all of whose counts have edges: what has none cannot be drawn, and is let go."""
    before = record["before"]
    if before is not None and not _fits(before):
        record["before"] = None
    if not _fits(record):
        words = f"{plural(len(record['counts']), 'count')} without edges that fit: no bars."
        record |= {
            "counts": [],
            "edges": [],
            "note": " ".join(filter(None, (record["note"], words))),
        }
    return record


def _fits(item: Mapping) -> bool:
    """Whether there is one more edge than counts, or neither."""
    edges, counts = item.get("edges") or [], item.get("counts") or []
    return None not in edges and len(edges) == len(counts) + bool(counts)


def heading(record: Mapping) -> str:
    """Whose distribution it is."""
    name = f"{record['name']}: " if record["name"] else ""
    known = None not in record["shape"]
    count = f"{plural(count_of(record['shape']), 'element')} of " if known else ""
    return f"{name}{count}{record['dtype']} {shape_text(record['shape'])}"


def told(record: Mapping) -> list[str]:
    """Statistics, and what is not among the bins."""
    words = [", ".join(facts(record["value"]))] if record["value"] else []
    if record["outside"]:
        words.append(f"{plural(record['outside'], 'element')} lie outside the bins.")
    return [word for word in [*words, record["note"]] if word]


def bin_text(record: Mapping, i: int) -> str:
    """One bin in words."""
    low, high = (number(edge, 4) for edge in record["edges"][i : i + 2])
    return f"from {low} to {high}: {record['counts'][i]}"


class Histogram(Output):
    """The distribution of a tensor's elements.

    Args:
        value: what to count: see `histogram`; also a HistogramView or the dict of one.
        bins: how many, or their edges.
        name: what to call it.
        log: whether heights are logarithms of the counts.

    Example:
        >>> Histogram([0.0, 1.0, 1.5], bins=2)
        Histogram(3 elements of float64 (3,))
    """

    main = "tensors/histogram"

    def __init__(
        self,
        value: Any,
        bins: int | Sequence[float] = BINS,
        name: str = "",
        log: bool = False,
    ) -> None:
        self.record = histogram_record(value, bins, name)
        self.log = bool(log)

    def __repr__(self) -> str:
        return f"Histogram({heading(self.record)})"

    @property
    def title(self) -> str:
        """Whose distribution it is."""
        return heading(self.record)

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        record = self.record
        words = [f"Histogram of {heading(record)}", *told(record)]
        if record["counts"]:
            most = max(range(len(record["counts"])), key=record["counts"].__getitem__)
            words.append(f"The fullest of {len(record['counts'])} bins is that "
                         f"{bin_text(record, most)}")  # fmt: skip
        return clip(". ".join(words), 600)

    def description(self) -> str:
        """Every bin with its count, as text."""
        record = self.record
        lines = [heading(record), *told(record)]
        most = max([*record["counts"], 1])
        for i, count in enumerate(record["counts"][:60]):
            lines.append(f"  {bin_text(record, i):<36} {'#' * round(24 * count / most)}".rstrip())
        skipped = len(record["counts"]) - 60
        return "\n".join(lines + ([f"  … {plural(skipped, 'more bin')}"] if skipped > 0 else []))

    def to_svg(self) -> str:
        """The static figure."""
        record, y = self.record, 34.0
        parts = [text(PAD, 21, clip(heading(record), 80), "h")]
        for line in [part for words in told(record) for part in textwrap.wrap(words, 86)]:
            parts.append(text(PAD, y + 6, line, "s"))
            y += 14
        if record["counts"]:
            parts.append(bars(record, PAD, y + 14, WIDE - 2 * PAD, 140, log=self.log))
            y += 176
        return card(WIDE, y + 10, self.alt, "".join(parts), STYLE)

    def _state(self) -> dict[str, Any]:
        return {"histogram": self.record, "log": self.log}


def histogram(
    value: Any, bins: int | Sequence[float] = BINS, *, name: str = "", log: bool = False
) -> Histogram:
    """Show how the elements of a tensor are distributed; NaN and infinities are counted apart.

    Args:
        value: a tensor, variable, array, IndexedSlices (of which the given rows count) or lists.
        bins: how many bins of equal width, or the edges of the bins.
        name: what to call it; by default its own name.
        log: whether heights are logarithms of the counts, so that rare elements can be seen.

    Raises:
        ValueError: for no bins, or edges that do not rise.

    Example:
        >>> print(histogram([0.0, 0.5, 0.6, 2.0], bins=2).description())
        4 elements of float64 (4,)
        min 0, mean 0.775, max 2, std 0.74288, zeros 25 %
          from 0 to 1: 3                       ########################
          from 1 to 2: 1                       ########
    """
    return Histogram(value, bins, name, log)

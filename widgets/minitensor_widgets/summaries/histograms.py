"""The pane of histograms over steps: their cards, their figure and their words.

`static/summaries/histograms.js` draws the cards on the screen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..colours import look_of
from ..plot import span
from ..svg import text
from ..training import ridges
from ..training.series import BINS, MOST_HISTOGRAMS, evenly
from ..units import plural
from ..values import clip
from .keeping import note, series_of

WIDTH, GAP, HEAD, TALL = 680.0, 14.0, 18.0, 190.0
DRAWN, RIDGES = 4, 10
MESSAGE = 64_000
"""Bytes of an answer to a page."""
MOST_COUNTED = 1e300
NARROW = 1e-7
"""Of the whole width: what is narrower is not shared out."""
BYTES = 6
"""What a count usually takes in a record."""


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """A card for the histograms of each run and tag, in so many bytes as JSON, if two steps fit.

    Each has `steps` and `times`, and for each of them `counts` in bins of equal width from `low` to
    `high`, the same for all steps; `ends`, the least and the greatest edge, or None for no values;
    `sizes`, how many values were counted; `zeros`, how many of them were exactly 0, or None where
    that was not recorded; `lost`, the values without finite edges, or None where all have them.
    """
    return fitted(list(series_of(log, "histograms")), budget, BINS * BYTES, card)


def answer(log: Any, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The card of one run and tag with more steps, for a page that has Python behind it.

    Raises:
        LookupError: when there are no such histograms.
    """
    return answered(log, asked, BINS * BYTES, card)


def answered(
    log: Any, asked: Mapping[str, Any], usual: int, make: Callable[[Any, int], dict[str, Any]]
) -> tuple[dict[str, Any], list[bytes]]:
    """The card that a page asks for, as large as a message may be: see `fitted`."""
    run, tag = str(asked.get("run")), str(asked.get("tag"))
    if log.tags().get(run, {}).get(tag) != "histograms":
        raise LookupError(f"No histograms {tag!r} in run {run!r}: its file has changed.")
    return {"card": fitted([log.histograms(tag, run)], MESSAGE, usual, make)[0]}, []


def fitted(
    found: Sequence[Any], budget: int, usual: int, make: Callable[[Any, int], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The cards of series of histograms, with as many steps as fit in so many bytes as JSON.

    Args:
        found: the series.
        budget: bytes of all cards together.
        usual: bytes that a step usually takes.
        make: the card of a series with at most so many steps.
    """
    longest = max(map(len, found), default=0)
    most = min(MOST_HISTOGRAMS, max(2, budget // (max(1, len(found)) * usual)))
    while True:
        cards = [make(series, most) for series in found]
        size = len(json.dumps(cards))
        fits = max(2, min(MOST_HISTOGRAMS, int(0.95 * most * budget / max(1, size))))
        if size > budget and most > 2:
            most = min(most - 1, fits)
        elif size < budget / 2 and most < min(longest, fits):
            most = fits
        else:
            return cards


def kept(series: Any, most: int) -> list[int]:
    """The places of at most so many steps, at even distances, the last among them."""
    every = [{"step": int(step), "at": at} for at, step in enumerate(series.step)]
    return [item["at"] for item in evenly(every, most)]


def card(series: Any, most: int) -> dict[str, Any]:
    """The record of one series of histograms."""
    places = kept(series, most)
    counted = [counted_rows(series.buckets[at]) for at in places]
    low, high = common_ends([rows for rows, _ in counted])
    return {
        **head(series, places, [lost for _, lost in counted]),
        "low": low,
        "high": high,
        "ends": [[float(rows[0, 0]), float(rows[-1, 1])] if len(rows) else None
                 for rows, _ in counted],
        "sizes": [short(rows[:, 2].sum()) for rows, _ in counted],
        "zeros": [zeros_of(rows) for rows, _ in counted],
        "counts": [shorter(rebinned(rows, low, high)) for rows, _ in counted],
    }  # fmt: skip


def head(series: Any, places: Sequence[int], lost: Sequence[float | None]) -> dict[str, Any]:
    """What the cards of histograms and of distributions both say."""
    return {
        "tag": series.tag,
        "run": series.run,
        "count": len(series),
        "steps": [int(series.step[at]) for at in places],
        "times": [float(series.time[at]) for at in places],
        "lost": list(lost),
        "note": note(len(places), len(series)),
    }


def short(value: float) -> float:
    """A number with six digits, as an int where it is whole."""
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded == int(rounded) else rounded


def shorter(values: Any) -> list[float]:
    """Counts with four digits, as ints where they are whole.

    Example:
        >>> import numpy as np
        >>> shorter(np.array([2.0, 1 / 3, 123456.0, 0.0]))
        [2, 0.3333, 123500, 0]
    """
    import numpy as np

    tens = 3 - np.floor(np.log10(np.maximum(values, 1e-15)))
    up, down = 10.0 ** np.maximum(tens, 0), 10.0 ** np.maximum(-tens, 0)
    rounded = np.round(values * up / down) / up * down
    return [int(v) if v.is_integer() else v for v in rounded.tolist()]


def counted_rows(rows: Any) -> tuple[Any, float | None]:
    """The rows (left, right, count) that hold values, and how many values have no finite edges.

    NaN and infinite values leave edges that are no numbers; then the second is a number, 0 where
    nothing at all was counted. So do counts that no sum can hold.
    """
    import numpy as np

    rows = np.array(rows, np.float64).reshape(-1, 3)
    rows[:, :2].sort(-1)  # in a damaged file a bucket may begin behind its end
    finite = np.isfinite(rows).all(-1) & (rows[:, 2] < MOST_COUNTED)
    beyond = np.minimum(rows[~finite, 2], MOST_COUNTED)
    lost = None if finite.all() else short(np.nansum(beyond))
    return rows[finite & (rows[:, 2] > 0)], lost


def zeros_of(rows: Any) -> float | None:
    """How many values were exactly 0, where buckets without width say so."""
    alone = rows[(rows[:, 0] == 0) & (rows[:, 1] == 0), 2]
    return short(alone.sum()) if len(alone) else None


def common_ends(histograms: Sequence[Any]) -> tuple[float, float]:
    """The least left and the greatest right edge of all; around a single value there is room."""
    full = [rows for rows in histograms if len(rows)]
    if not full:
        return 0.0, 1.0
    low = min(float(rows[:, 0].min()) for rows in full)
    high = max(float(rows[:, 1].max()) for rows in full)
    return span((low, high))


def rebinned(rows: Any, low: float, high: float, bins: int = BINS) -> Any:
    """The counts of a histogram in other bins: each is shared out evenly over its width.

    A count without width, or almost, goes whole into the bin that holds its value.

    Example:
        >>> import numpy as np
        >>> rebinned(np.array([[0.0, 2.0, 4.0], [2.0, 2.0, 3.0]]), 0.0, 4.0, 4).tolist()
        [2.0, 2.0, 3.0, 0.0]

    Source: `intermediateToD3` in TensorBoard's histogramCore.ts.
    """
    import numpy as np

    scale = 1.0 if math.isfinite(high - low) else 0.5  # halves, where the whole width overflows
    # In parts of the whole: bins of the least numbers would have no width.
    ends = (rows[:, :2] * scale - low * scale) / ((high * scale - low * scale) or 1.0)
    order = np.argsort(ends[:, 0], kind="stable")
    (left, right), count = ends[order].T, rows[order, 2]
    edges = np.linspace(0.0, 1.0, bins + 1)
    wide = right - left > NARROW
    reached = np.cumsum(count[wide])
    at = np.stack([left[wide], right[wide]], 1).ravel()
    below = np.stack([reached - count[wide], reached], 1).ravel()
    found = np.diff(np.interp(edges, at, below)) if len(at) else np.zeros(bins)
    places = np.searchsorted(edges, left[~wide], "right") - 1
    np.add.at(found, np.clip(places, 0, bins - 1), count[~wide])
    return found


# Words and figure.


def plot(item: Mapping) -> dict[str, Any]:
    """A card as what ridges are drawn of."""
    names = ("steps", "counts", "ends", "sizes", "lost")
    columns = zip(*(item[name] for name in names), strict=True)
    items = [
        {"step": step, "low": item["low"], "high": item["high"], "counts": counts, "ends": ends,
         "size": size, "nans": 0, "gap": lost is not None or not size}
        for step, counts, ends, size, lost in columns
    ]  # fmt: skip
    return {"name": item["tag"], "lines": [{"run": "", "items": items, "count": item["count"]}]}


LOST = (
    "a NaN or an infinity was among the values: such a histogram has no edges, so that they are in "
    "no bin. mt.summary.health finds where it came from"
)


def odd_words(item: Mapping) -> str:
    """At which steps values were not finite, in a sentence or two; empty where all were."""
    odd = [step for step, lost in zip(item["steps"], item["lost"], strict=True)
           if lost is not None]  # fmt: skip
    if not odd:
        return ""
    more = f" and {plural(len(odd) - 1, 'later step')}" if len(odd) > 1 else ""
    return f"; at step {odd[0]}{more} {LOST}"


def title(item: Mapping, runs: Sequence[Mapping]) -> str:
    """The tag of a card, and its run where there are several."""
    return f"{item['tag']} · {item['run']}" if len(runs) > 1 else item["tag"]


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """Each card in a sentence: how many steps, where the last one's values lie, what is odd."""
    return [_told(item, title(item, runs)) + odd_words(item) for item in cards]


def _told(item: Mapping, name: str) -> str:
    """The last step of a card in words, where it could be counted."""
    if not item["steps"]:
        return f"{name}: no histogram yet"
    if item["lost"][-1] is not None:
        return f"{name}: {plural(item['count'], 'histogram')}"
    return ridges.summary(name, plot(item)["lines"][0])


def tiles(
    cards: Sequence[Mapping], runs: Sequence[Mapping], draw: Any, what: str
) -> tuple[str, float]:
    """The first cards two by two, each drawn by `draw(card, width, height)`, and how many more."""
    wide, y, parts = (WIDTH - GAP) / 2, 0.0, []
    for i, item in enumerate(cards[:DRAWN]):
        x = (i % 2) * (wide + GAP)
        parts.append(text(x, y + 12, clip(title(item, runs), 44), "b"))
        drawn = draw(item, wide, TALL) if item["steps"] else text(0, 20, "nothing recorded yet")
        parts.append(f'<g transform="translate({x:.1f},{y + HEAD:.1f})">{drawn}</g>')
        y += HEAD + TALL + GAP if i % 2 or i == len(cards[:DRAWN]) - 1 else 0
    if len(cards) > DRAWN:
        parts.append(text(0, y + 4, f"… and {len(cards) - DRAWN} more {what}", "s"))
        y += 18
    return "".join(parts), y


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The first cards as ridges in the colours of their runs: the first step at the back."""

    def draw(item: Mapping, wide: float, tall: float) -> str:
        return ridges.picture(plot(item), wide, tall, RIDGES, look_of(item["run"], runs)[0])

    drawn, height = tiles(cards, runs, draw, "plots of histograms")
    return f"<style>{ridges.STYLE}text.b{{font-weight:600}}</style>{drawn}", height

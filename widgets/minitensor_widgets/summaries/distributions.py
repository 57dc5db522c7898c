"""The pane of distributions over steps: nine percentiles of each histogram, as bands.

`static/summaries/distributions.js` draws the cards on the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..colours import HUES, look_of
from ..plot import MOST
from ..units import plural
from ..values import number
from . import bands
from .histograms import (
    answered,
    counted_rows,
    fitted,
    head,
    kept,
    odd_words,
    short,
    tiles,
    title,
    zeros_of,
)
from .keeping import series_of

GREY = "#555555"
"""Of what is said of all runs, each of which has a colour."""
LARGE = MOST / 2**17
BYTES = 155
"""What a step usually takes in a record."""


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """A card for the distributions of each run and tag, in so many bytes as JSON, if two steps fit.

    Each has `steps` and `times`, and for each of them `bands`, the nine values that
    `mt.summary.percentiles` reads off the histogram, or None where there were no finite values;
    `within`, how wide the bucket was in which a value was read, where that is much beside the
    values themselves, else None; `sizes`, `zeros` and `lost` as for histograms.
    """
    return fitted(list(series_of(log, "histograms")), budget, BYTES, card)


def answer(log: Any, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The card of one run and tag with more steps, for a page that has Python behind it.

    Raises:
        LookupError: when there are no such histograms.
    """
    return answered(log, asked, BYTES, card)


def card(series: Any, most: int) -> dict[str, Any]:
    """The record of one series of histograms as percentiles."""
    places = kept(series, most)
    counted = [counted_rows(series.buckets[at]) for at in places]
    known = [lost is None and len(found) > 0 for found, lost in counted]
    rows = percentiles([series.buckets[at] if ok else None
                        for at, ok in zip(places, known, strict=True)])  # fmt: skip
    return {
        **head(series, places, [lost for _, lost in counted]),
        "sizes": [short(found[:, 2].sum()) for found, _ in counted],
        "zeros": [zeros_of(found) for found, _ in counted],
        "bands": rows,
        "within": [row and width_read(found, row)
                   for (found, _), row in zip(counted, rows, strict=True)],
    }  # fmt: skip


def percentiles(histograms: Sequence[Any]) -> list[list[float] | None]:
    """The nine values of each histogram; None for None. Those of equal length are read at once."""
    import numpy as np

    import minitensor as mt

    found: list[list[float] | None] = [None] * len(histograms)
    lengths: dict[int, list[int]] = {}
    for at, rows in enumerate(histograms):
        if rows is not None:
            lengths.setdefault(len(rows), []).append(at)
    for places in lengths.values():
        rows = np.asarray([histograms[at] for at in places], np.float64)
        huge = (np.abs(rows[..., :2]) > LARGE).any()  # times their shares they would be infinite
        scale = LARGE / MOST if huge else 1.0
        many = mt.summary.percentiles(rows * [scale, scale, 1.0]) / scale
        for at, row in zip(places, many.tolist(), strict=True):
            found[at] = [float(f"{value:.8g}") for value in row]
    return found


def width_read(rows: Any, row: Sequence[float]) -> float | None:
    """How wide the widest bucket is in which one of nine values was read, if that is much.

    Within a bucket the values are not known: they are taken to lie evenly. It is much where it is
    a fourth of what lies between the values at 7 and 93 %.

    Example:
        >>> import numpy as np
        >>> one = np.array([[0.0, 30.0, 500.0], [990.0, 1000.0, 1.0]])
        >>> width_read(one, [0, 2, 5, 10, 15, 20, 25, 28, 1000])
        30
    """
    import numpy as np

    read = np.asarray(row[1:-1])[:, None]
    holds = (rows[:, 0] <= read) & (read <= rows[:, 1])
    with np.errstate(over="ignore"):
        wide = min(float(np.where(holds, rows[:, 1] - rows[:, 0], 0.0).max()), MOST)
    return short(wide) if 4 * wide > row[7] - row[1] and wide else None


def about(item: Mapping, at: int) -> str:
    """The nine values of a step in words, and how far they can be trusted."""
    row, within = item["bands"][at], item["within"][at]
    if row is None:
        return bands.told(row)
    wide = f"; read within a bucket {number(within, 3)} wide" if within else ""
    return f"about: {bands.told(row)}{wide}"


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """Each card in a sentence: how many steps, the nine values of the last, what is odd."""
    return [
        f"{title(item, runs)}: {plural(item['count'], 'distribution')}"
        + (
            f"; at step {item['steps'][-1]}, {about(item, -1)}"
            if item["steps"] and item["lost"][-1] is None
            else ""
        )
        + odd_words(item)
        for item in cards
    ]


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The legend, and the first cards as bands over steps."""

    def draw(item: Mapping, wide: float, tall: float) -> str:
        return bands.over_steps(
            item["steps"], item["bands"], wide, tall, look_of(item["run"], runs)[0]
        )

    drawn, height = tiles(cards, runs, draw, "plots of distributions")
    style = f"<style>{bands.STYLE}text.b{{font-weight:600}}</style>"
    moved = f'<g transform="translate(0,24)">{drawn}</g>'
    hue = HUES[0] if len(runs) < 2 else GREY
    return f"{style}{bands.legend(0, 2, hue)}{moved}", height + 24

"""The pane of distributions over steps: nine percentiles of each histogram, as bands.

`static/summaries/distributions.js` draws the cards on the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..units import plural
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

BYTES = 150
"""What a step usually takes in a record."""


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """A card for the distributions of each run and tag, in so many bytes as JSON, if two steps fit.

    Each has `steps` and `times`, and for each of them `bands`, the nine values that
    `mt.summary.percentiles` reads off the histogram, or None where there were no finite values;
    `sizes`, `zeros` and `lost` as for histograms.
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
    }


def percentiles(histograms: Sequence[Any]) -> list[list[float] | None]:
    """The nine values of each histogram; None for None. Those of equal length are read at once."""
    import minitensor as mt

    found: list[list[float] | None] = [None] * len(histograms)
    lengths: dict[int, list[int]] = {}
    for at, rows in enumerate(histograms):
        if rows is not None:
            lengths.setdefault(len(rows), []).append(at)
    for places in lengths.values():
        many = mt.summary.percentiles([histograms[at] for at in places])
        for at, row in zip(places, many.tolist(), strict=True):
            found[at] = [float(f"{value:.8g}") for value in row]
    return found


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """Each card in a sentence: how many steps, the nine values of the last, what is odd."""
    return [
        f"{title(item, runs)}: {plural(item['count'], 'distribution')}"
        + (
            f"; at step {item['steps'][-1]}, {bands.told(item['bands'][-1])}"
            if item["steps"]
            else ""
        )
        + odd_words(item)
        for item in cards
    ]


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The legend, and the first cards as bands over steps."""

    def draw(item: Mapping, wide: float, tall: float) -> str:
        return bands.over_steps(item["steps"], item["bands"], wide, tall)

    drawn, height = tiles(cards, runs, draw, "plots of distributions")
    style = f"<style>{bands.STYLE}text.b{{font-weight:600}}</style>"
    moved = f'<g transform="translate(0,24)">{drawn}</g>'
    return f"{style}{bands.legend(0, 2)}{moved}", height + 24

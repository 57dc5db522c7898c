"""Precision over recall, for each threshold. `static/summaries/pr_curves.js` walks along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..colours import look_of
from ..plot import chart
from ..svg import text
from ..units import plural
from ..values import clip, number
from .keeping import head, keep, moment, note, series_of

if TYPE_CHECKING:
    import numpy as np

KIND = "pr_curves"
NAMES = ("tp", "fp", "tn", "fn", "precision", "recall")
"""The rows of a recorded curve, in order."""
MOST_STEPS, MOST_DRAWN, POINT_BYTES = 50, 3, 30
TALL = 210.0


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """The cards of all precision-recall curves of a log, in so many bytes."""
    series = list(series_of(log, KIND))
    sizes = [[POINT_BYTES * own.curve.shape[-1]] * len(own) for own in series]
    kept = keep(sizes, budget, MOST_STEPS)
    cards = []
    for own, ats in zip(series, kept, strict=True):
        entries = [_entry(own, at) for at in ats if _drawn(own.curve[at])]
        lost = len(ats) - len(entries)
        notes = [
            note(len(ats), len(own), "curves"),
            f"{plural(lost, 'curve')} without thresholds or of no use: left out." if lost else "",
        ]
        cards.append({**head(own), "note": " ".join(filter(None, notes)), "entries": entries})
    return cards


def _entry(series: Any, at: int) -> dict[str, Any]:
    return {**moment(series, at), **curve(series.curve[at])}


def _drawn(rows: np.ndarray) -> bool:
    """Whether a curve has thresholds, finite numbers, and precisions and recalls from 0 to 1."""
    import numpy as np

    shares = rows[4:]
    inside = (shares > -1e-4) & (shares < 1 + 1e-4)
    return rows.size > 0 and bool(np.isfinite(rows).all() and inside.all())


def curve(rows: np.ndarray) -> dict[str, list[float]]:
    """One curve by the names of its rows, in few characters.

    Example:
        >>> import numpy as np
        >>> curve(np.array([[3], [1], [4], [2], [0.75], [0.6]]))["precision"]
        [0.75]
    """
    return {
        name: [int(value) if value.is_integer() else float(f"{value:.4g}") for value in row]
        for name, row in zip(NAMES, rows.tolist(), strict=True)
    }


def by_tag(cards: Sequence[Mapping]) -> dict[str, list[Mapping]]:
    """The cards of all runs that have a tag, in order; those with nothing to draw are left out."""
    made: dict[str, list[Mapping]] = {}
    for own in cards:
        if own["entries"]:
            made.setdefault(own["tag"], []).append(own)
    return made


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The last curves of the first few tags, and the height of it all."""
    parts, y, tags = [], 0.0, by_tag(cards)
    for tag, own in list(tags.items())[:MOST_DRAWN]:
        lines = []
        for one in own[:6]:
            last = one["entries"][-1]
            name = f"{one['run']}, step {last['step']}"
            line = {"name": name, "x": last["recall"], "y": last["precision"]}
            lines.append(line | {"look": look_of(one["run"], runs)})
        tall = TALL + (14.0 * len(lines) if len(lines) > 1 else 0.0)
        more = f" and {len(own) - 6} more runs" if len(own) > 6 else ""
        one = f" ({lines[0]['name']})" if len(lines) == 1 else ""
        parts.append(text(10, y + 14, clip(f"{tag}{one}{more}", 90)))
        drawn = chart(lines, 420.0, tall, labels=("recall", "precision"), ends=((0, 1), (0, 1.1)))
        parts.append(f'<g transform="translate(0 {y + 22:.0f})">{drawn}</g>')
        y += tall + 30
    if len(tags) > MOST_DRAWN:
        parts.append(text(10, y + 12, f"… {len(tags) - MOST_DRAWN} more tags", "s"))
        y += 20
    return "".join(parts), y


def area(entry: Mapping) -> float:
    """The area under a curve, by the average of the precisions weighted with steps of recall.

    Example:
        >>> area({"recall": [1.0, 0.5, 0.0], "precision": [0.5, 1.0, 1.0]})
        0.75

    Source: average precision, as scikit-learn's `average_precision_score` defines it.
    """
    steps = pairwise([*entry["recall"], 0.0])
    widths = [here - after for here, after in steps]
    return sum(a * b for a, b in zip(widths, entry["precision"], strict=True))


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """A sentence for each card: its steps, and the area under the last curve."""
    made = []
    for own in cards:
        begin = f"{own['tag']} in run {own['run']}: {plural(len(own['steps']), 'step')}"
        if not own["entries"]:
            made.append(f"{begin}; no curve is kept here.")
            continue
        last = own["entries"][-1]
        many = plural(len(last["recall"]), "threshold")
        under = number(area(last), 3)
        made.append(
            f"{begin}; the last, at step {last['step']}, has {many} and an average precision "
            f"of {under}."
        )
    return made

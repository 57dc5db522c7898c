"""Texts and tables of texts, as trees of Markdown. `static/summaries/text.js` shows them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..svg import text
from ..units import plural
from ..values import clip, shape_text
from .keeping import found, head, keep, moment, note, series_of
from .markdown import markdown
from .markdown import words as spoken

if TYPE_CHECKING:
    import numpy as np

KIND = "text"
MOST_STEPS, MOST_CELLS = 30, 400  # TensorBoard keeps 30 steps in its fast mode
MOST_DRAWN, LINES, WIDE = 4, 5, 92


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """The cards of all series of texts of a log, in so many bytes."""
    series = list(series_of(log, KIND))
    wanted = [range(max(0, len(own) - MOST_STEPS), len(own)) for own in series]
    entries = [[_entry(own, at) for at in ats] for own, ats in zip(series, wanted, strict=True)]
    sizes = [[len(json.dumps(made)) for made in own] for own in entries]
    kept = keep(sizes, budget, MOST_STEPS)
    cards = []
    for own, made, ats in zip(series, entries, kept, strict=True):
        said = note(len(ats), len(own), "texts")
        cards.append({**head(own), "note": said, "entries": [made[at] for at in ats]})
    return cards


def _entry(series: Any, at: int) -> dict[str, Any]:
    return {**moment(series, at), **content(series.text[at])}


def content(value: np.ndarray) -> dict[str, Any]:
    """One text as a tree, or a table of them: one column for rank 1, rows and columns for rank 2.

    Example:
        >>> import numpy as np
        >>> content(np.array("*hi*", object))
        {'text': ({'is': 'p', 'of': [{'is': 'em', 'of': ['hi']}]},)}
    """
    if not value.ndim:
        return {"text": markdown(str(value.item()))}
    said = []
    if value.ndim > 2:
        said.append(f"The first part of a text of shape {shape_text(value.shape)}.")
        while value.ndim > 2:
            value = value[0] if len(value) else value.reshape(0, 0)
    rows = value[:, None] if value.ndim == 1 else value
    most = max(1, MOST_CELLS // max(1, rows.shape[1]))
    if len(rows) > most or rows.shape[1] > MOST_CELLS:
        said.append(f"The beginning of a table of {len(rows)} × {rows.shape[1]} texts.")
    cells = [[markdown(str(cell)) for cell in row[:MOST_CELLS]] for row in rows[:most]]
    return {"rows": cells, "note": " ".join(said)}


def answer(log: Any, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The text of one step, for a page that has Python behind it.

    Raises:
        LookupError: when there is no such step.
    """
    series, at = found(log, KIND, asked)
    return _entry(series, at), []


def _said(entry: Mapping) -> str:
    """A text without its form; the cells of a table one after another."""
    if "text" in entry:
        return spoken(entry["text"])
    return " · ".join(spoken(cell) for row in entry["rows"] for cell in row) or "an empty table"


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The beginning of the last text of the first few cards, and the height of it all."""
    parts, y = [], 0.0
    for own in cards[:MOST_DRAWN]:
        last = own["entries"][-1] if own["entries"] else None
        where = f", step {last['step']}" if last else ""
        parts.append(text(10, y + 14, clip(f"{own['tag']} ({own['run']}){where}", 88), "h"))
        said = _said(last) if last else own["note"] or "No text yet."
        lines = textwrap.wrap(said, WIDE, break_long_words=True)
        lines = [*lines[: LINES - 1], clip(" ".join(lines[LINES - 1 :]), WIDE)]
        for i, line in enumerate(filter(None, lines)):
            parts.append(text(10, y + 32 + 16 * i, line))
        y += 36 + 16 * len(list(filter(None, lines)))
    if len(cards) > MOST_DRAWN:
        parts.append(text(10, y + 12, f"… {len(cards) - MOST_DRAWN} more texts", "s"))
        y += 20
    return "".join(parts), y


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """A sentence for each card: its steps, and how the last text begins."""
    made = []
    for own in cards:
        begin = f"{own['tag']} in run {own['run']}: {plural(len(own['steps']), 'step')}"
        if not own["entries"]:
            made.append(f"{begin}; no text is kept here.")
            continue
        last = own["entries"][-1]
        said = clip(" ".join(_said(last).split()), 120)
        made.append(f"{begin}; the last, at step {last['step']}: {said}")
    return made

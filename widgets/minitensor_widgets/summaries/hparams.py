"""Hyper-parameters: a table of runs with what each was tried with and what came of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..records import plain
from ..svg import text
from ..units import plural, time_text
from ..values import clip, number

TAG = "hyper-parameters"
MOST_METRICS, MOST_DRAWN, WIDE, LINE = 24, 12, 680.0, 17.0
LETTER = 7.3
"""The width of a letter of a figure."""
_LOW = ("loss", "error", "mse", "mae", "rmse", "perplexity", "distance", "time", "seconds")
_HIGH = ("accuracy", "acc", "auc", "precision", "recall", "f1", "score", "r2", "top", "iou", "bleu")

Cell = float | str | bool | None


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """One card with a row for each run that says its hyper-parameters; none without them."""
    trials = log.hparams()
    if not trials:
        return []
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    found = [_metrics(log, trial.run, log.hparam_metrics()) for trial in trials]
    metrics = list(dict.fromkeys(name for own in found for name in own))
    left_out = max(0, len(metrics) - MOST_METRICS)
    metrics = metrics[:MOST_METRICS]
    rows = [
        {"run": trial.run, "status": trial.status, "seconds": _seconds(trial),
         "values": [*(_plain(trial.values.get(name)) for name in names),
                    *(_plain(own.get(name)) for name in metrics)]}
        for trial, own in zip(trials, found, strict=True)
    ]  # fmt: skip
    columns = [{"name": name, "kind": "parameter", "better": ""} for name in names]
    columns += [{"name": name, "kind": "metric", "better": better(name)} for name in metrics]
    notes = [f"{plural(left_out, 'more metric')} not shown."] if left_out else []
    ordered = _best_first(columns, rows)
    return [plain({"tag": TAG, "columns": columns, **_fitting(ordered, budget, notes)})]


def _best_first(columns: list[dict], rows: list[dict]) -> list[dict]:
    """The rows in the order of the first metric whose best is known; what is no number is last."""
    card = {"columns": columns, "rows": rows}
    at = next((at for at in range(len(columns)) if best(card, at) is not None), None)
    if at is None:
        return rows
    sign = -1.0 if columns[at]["better"] == "high" else 1.0
    known = {i: row["values"][at] for i, row in enumerate(rows) if _is_number(row["values"][at])}
    order = [*sorted(known, key=lambda i: sign * known[i]),
             *(i for i in range(len(rows)) if i not in known)]  # fmt: skip
    return [rows[i] for i in order]


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fitting(rows: list[dict], budget: int, notes: list[str]) -> dict[str, Any]:
    """As many rows as fit, and what is said of the others."""
    kept = list(rows)
    while len(kept) > 20 and len(json.dumps(kept)) > budget:
        kept = kept[: int(0.8 * len(kept))]
    if len(kept) < len(rows):
        notes = [*notes, f"The first {len(kept)} of {plural(len(rows), 'run')}."]
    return {"rows": kept, "note": " ".join(notes)}


def _metrics(log: Any, run: str, wanted: Sequence[str]) -> dict[str, float]:
    """The last value of each curve of a run and of the runs below it, such as `validation`."""
    found = {}
    for name in log.runs:
        below = name == run or name.startswith(f"{run}/") or run == "."
        if not below:
            continue
        inner = "" if name == run else name.removeprefix(f"{run}/") + "/"
        for tag, kind in log.tags(name).items():
            if kind == "scalars" and (not wanted or tag in wanted):
                values = log.scalars(tag, name).value
                if len(values):
                    found[inner + tag] = float(values[-1])
    return found


def _seconds(trial: Any) -> float | None:
    if trial.started is None or trial.ended is None:
        return None
    return max(0.0, float(trial.ended) - float(trial.started))


def _plain(value: Any) -> Cell:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) or hasattr(value, "item"):
        value = float(value)
        if math.isnan(value):
            return "NaN"
        return float(f"{value:.6g}") if math.isfinite(value) else f"{'-' * (value < 0)}Infinity"
    return str(value)


def better(name: str) -> str:
    """Whether the lowest or the highest value of a metric is the best; "" where its name is mute.

    Example:
        >>> better("validation/loss"), better("accuracy"), better("norm")
        ('low', 'high', '')
    """
    words = name.lower().replace("/", "_").replace(" ", "_").split("_")
    if any(word in _LOW for word in words):
        return "low"
    return "high" if any(word in _HIGH for word in words) else ""


def best(card: Mapping, at: int) -> int | None:
    """The row with the best value of a column; of equal ones the first."""
    way = card["columns"][at]["better"]
    known = [
        (row["values"][at], i)
        for i, row in enumerate(card["rows"])
        if _is_number(row["values"][at])
    ]
    if not way or len(known) < 2:
        return None
    return min(known)[1] if way == "low" else min(known, key=lambda one: (-one[0], one[1]))[1]


def told(value: Cell) -> str:
    """A cell as text; a dash for what was not recorded."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value, 4) if isinstance(value, float | int) else str(value)


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """How many runs there are, the best of each metric, and what it was tried with."""
    lines = []
    for card in cards:
        count = sum(column["kind"] == "parameter" for column in card["columns"])
        names = ", ".join(column["name"] for column in card["columns"][:count])
        lines.append(f"{plural(len(card['rows']), 'run')} with {clip(names, 200)}.")
        for at in range(count, len(card["columns"])):
            row = best(card, at)
            if row is not None:
                lines.append(_best_words(card, at, row, count))
        states = [row["status"] for row in card["rows"]]
        ended = [f"{states.count(name)} {name}" for name in dict.fromkeys(states)]
        lines.append(f"Status: {', '.join(ended)}.")
        lines += [card["note"]] if card["note"] else []
    return lines


def _best_words(card: Mapping, at: int, row: int, count: int) -> str:
    column, found = card["columns"][at], card["rows"][row]
    least = {"low": "Lowest", "high": "Highest"}[column["better"]]
    how = ", ".join(
        f"{one['name']} {told(value)}"
        for one, value in zip(card["columns"][:count], found["values"], strict=False)
    )
    return f"{least} {column['name']}: {told(found['values'][at])} in {found['run']} ({how})."


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The first rows and columns of each table; a star marks the best of a metric."""
    parts, y = [], 0.0
    for card in cards:
        drawn, height = _table(card)
        parts.append(f'<g transform="translate(0,{y:.0f})">{drawn}</g>')
        y += height
    return "".join(parts), y


def _table(card: Mapping) -> tuple[str, float]:
    grid = _grid(card)
    widths = [LETTER * max(len(line[i]) for line in grid) + 14 for i in range(len(grid[0]))]
    shown = 1
    while shown < len(widths) and sum(widths[: shown + 1]) <= WIDE:
        shown += 1
    parts, y = [text(0, 12, clip("Hyper-parameters of runs", 80), "h")], 34.0
    for k, line in enumerate(grid):
        x = 0.0
        for i in range(shown):
            style = "s" if k == 0 else ""
            if i:
                parts.append(text(x + widths[i] - 10, y, line[i], f"{style} e".strip()))
            else:
                parts.append(text(x, y, line[i], style))
            x += widths[i]
        y += LINE
    rest = [
        plural(count, name)
        for count, name in ((len(card["rows"]) - MOST_DRAWN, "more run"),
                            (len(widths) - shown, "more column"))
        if count > 0
    ]  # fmt: skip
    if rest:
        parts.append(text(0, y, f"… and {' and '.join(rest)}", "s"))
        y += LINE
    return "".join(parts), y


def _grid(card: Mapping) -> list[list[str]]:
    """The cells of the figure as text, names above."""
    columns = card["columns"]
    stars = {(best(card, at), at) for at in range(len(columns))}
    grid = [["run", *(clip(column["name"], 22) for column in columns), "status"]]
    for i, row in enumerate(card["rows"][:MOST_DRAWN]):
        cells = [("★ " if (i, at) in stars else "") + clip(told(value), 16)
                 for at, value in enumerate(row["values"])]  # fmt: skip
        ended = row["status"] + ("" if row["seconds"] is None else f" {time_text(row['seconds'])}")
        grid.append([clip(row["run"], 22), *cells, ended])
    return grid

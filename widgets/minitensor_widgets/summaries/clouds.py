"""A cloud of points as a static figure, and in words. `static/summaries/cloud.js` draws it too.

Classes differ by colour and by shape, numbers by their place on a scale of colours.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from ..colours import sequential
from ..svg import text
from ..units import plural
from ..values import clip, number
from .labels import word_of

WIDE, TALL, SIDE, MOST = 680.0, 430.0, 380.0, 600
TITLES = {"pca": "PCA", "tsne": "t-SNE"}
HUES = ("#0072b2", "#c44200", "#00805c", "#8b3a9a", "#666666", "#9a6200", "#5b5bd6", "#c43a84",
        "#657300", "#7a4a2b")  # fmt: skip
SHAPES = (
    "m-3-0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z", "m-2.6-2.6h5.2v5.2h-5.2z", "m0-3.6l3.4 6h-6.8z",
    "m0-3.8l3.8 3.8l-3.8 3.8l-3.8-3.8z", "m-1.2-3.6h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4"
    "h2.4z",
)  # fmt: skip
LISTED, STEPS = 14, 9

Place = tuple[float, float]


def look(code: int) -> tuple[str, str]:
    """The colour and the shape of a class: fifty differ, and each from the next in both."""
    return HUES[code % 10], SHAPES[(code + code // 5) % 5]


def places(one: Mapping) -> list[Place | None]:
    """The first two coordinates of the points of a map, from -1 to 1; None without a place."""
    raw = base64.b64decode(one["data"])
    whole = struct.unpack(f"<{len(raw) // 2}h", raw)
    width = one["width"]
    return [
        None if whole[i] == -32768 else (whole[i] / 32767, whole[i + 1] / 32767 if width > 1 else 0)
        for i in range(0, len(whole), width)
    ]


def coloured_by(record: Mapping) -> Mapping | None:
    """The column that colours the points at first: classes before numbers."""
    kinds = {column["kind"]: column for column in reversed(record["columns"])}
    return kinds.get("class") or kinds.get("number")


def cloud(record: Mapping) -> str:
    """The points along the first two axes of the first map, with a legend: 680 × 430."""
    one = record["maps"][0]
    found = places(one)
    rows = [i for i, place in enumerate(found) if place is not None]
    rows = rows[:: -(-len(rows) // MOST)] if len(rows) > MOST else rows
    column = coloured_by(record)
    parts = [text(0, 12, clip(heading(record, one), 84))]
    parts.append(f'<rect class="ax" x="0.5" y="24.5" width="{SIDE:.0f}" height="{SIDE:.0f}"/>')
    for (hue, shape), members in _groups(column, rows).items():
        steps = "".join(_mark(found[i], shape) for i in members)
        parts.append(f'<path fill="{hue}" fill-opacity=".8" d="{steps}"/>')
    for axis, words in enumerate(_axes(one)):
        parts.append(text(0, TALL - 8, words, "s") if not axis else text(SIDE + 14, 38, words, "s"))
    return "".join([*parts, _legend(column, len(rows) < record["count"], len(rows))])


def _mark(place: Any, shape: str) -> str:
    x, y = place
    half = SIDE / 2
    return f"M{half + x * (half - 8):.1f} {24.5 + half - y * (half - 8):.1f}{shape}"


def _groups(column: Mapping | None, rows: Sequence[int]) -> dict[tuple[str, str], list[int]]:
    """The points of each look."""
    groups: dict[tuple[str, str], list[int]] = {}
    for i in rows:
        groups.setdefault(_look_of(column, i), []).append(i)
    return groups


def _look_of(column: Mapping | None, i: int) -> tuple[str, str]:
    if column is None:
        return look(0)
    if column["kind"] == "class":
        return look(column["codes"][i])
    low, high = min(column["values"]), max(column["values"])
    part = (column["values"][i] - low) / (high - low) if high > low else 0.5
    return _hex(round(part * (STEPS - 1)) / (STEPS - 1)), SHAPES[0]


def _hex(part: float) -> str:
    return "#" + "".join(f"{c:02x}" for c in sequential(part))


def _axes(one: Mapping) -> list[str]:
    if one["method"] != "pca":
        return [f"{TITLES.get(one['method'], one['method'])}: only near points mean something"]
    shares = one["explained"][:2]
    return [f"{'→↑'[i]} axis {i + 1}: {100 * share:.3g} % of the variance"
            for i, share in enumerate(shares)]  # fmt: skip


def _legend(column: Mapping | None, thinned: bool, drawn: int) -> str:
    x, y, parts = SIDE + 14, 64.0, []
    if column is not None:
        parts.append(text(x, y, clip(column["name"], 40)))
        y += 18
    if column is not None and column["kind"] == "class":
        for code, name in enumerate(column["names"][:LISTED]):
            hue, shape = look(code)
            parts.append(f'<path fill="{hue}" d="M{x + 5:.0f} {y - 4:.0f}{shape}"/>')
            parts.append(text(x + 16, y, clip(name, 40), "s"))
            y += 16
        rest = len(column["names"]) - LISTED
        parts.append(text(x, y, f"… and {plural(rest, 'more class')}", "s") if rest > 0 else "")
        y += 16
    elif column is not None:
        for i in range(STEPS):
            fill = _hex(i / (STEPS - 1))
            parts.append(
                f'<rect fill="{fill}" x="{x + 20 * i:.0f}" y="{y - 8:.0f}" width="20" height="12"/>'
            )
        ends = number(min(column["values"]), 4), number(max(column["values"]), 4)
        parts.append(text(x, y + 18, ends[0], "s") + text(x + 20 * STEPS, y + 18, ends[1], "s e"))
        y += 40
    if thinned:
        parts.append(text(x, TALL - 32, f"{plural(drawn, 'point')} of them drawn here", "s"))
    return "".join(parts)


def heading(record: Mapping, one: Mapping) -> str:
    """What is drawn, in a line."""
    name = f"{record['name']}: " if record["name"] else ""
    title = TITLES.get(one["method"], one["method"])
    return f"{name}{title} of {size_words(record)}"


def size_words(record: Mapping) -> str:
    """How many points of how many dimensions."""
    return f"{plural(record['count'], 'point')} of {plural(record['dims'], 'dimension')}"


def words_of(record: Mapping) -> list[str]:
    """Sentences: what is drawn, how far it can be trusted, how points are coloured, what is not."""
    one = record["maps"][0]
    lines = [f"{heading(record, one)}."]
    shares = [f"{100 * share:.3g}" for share in one["explained"]]
    if any(one["explained"]):
        lines.append(f"Its axes show {', '.join(shares)} % of the variance.")
    elif shares:
        lines.append("All points are the same.")
    if one["trust"][0] is not None:
        lines.append(f"In the plane the neighbours are right to {one['trust'][0]:.2f} of 1.")
    column = coloured_by(record)
    if column is not None and column["kind"] == "class":
        named = ", ".join(column["names"][:8]) + (", …" if len(column["names"]) > 8 else "")
        lines.append(f"Coloured by {column['name']}: {named}.")
    elif column is not None:
        lines.append(f"Coloured by {column['name']}.")
    return lines + list(record["notes"])


def listed(record: Mapping, most: int = 20) -> list[str]:
    """The first points with their labels and places."""
    found = places(record["maps"][0])
    lines = []
    for i, place in enumerate(found[:most]):
        row = record["rows"][i] if record["rows"] is not None else i
        named = ", ".join(f"{c['name']} {word_of(c, i)}" for c in record["columns"])
        at = "without a place" if place is None else f"at ({place[0]:.2f}, {place[1]:.2f})"
        lines.append(f"  {row}: {named + ', ' if named else ''}{at}")
    rest = len(found) - most
    return lines + ([f"  … and {plural(rest, 'more point')}"] if rest > 0 else [])

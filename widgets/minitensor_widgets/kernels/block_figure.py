"""The figure of a launch: score, problems, the text of the kernel, and what is in memory after it.

`static/kernels/launch.js` draws the same on the screen, step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from ..svg import card, text
from ..units import plural
from ..values import clip, number, shape_text
from .loop_figure import grid_shape, wrapped

PAD, ROW, CELL, WIDE = 12.0, 16.0, 38.0, 640.0
MOST_LINES, MOST_PROBLEMS, MOST_CELLS, ACROSS = 40, 8, 128, 16
STYLE = (
    ".g{fill:#fff;stroke:#8a8a8a;stroke-width:.7}.w{fill:#eaf3fb;stroke:#0072b2;stroke-width:2}"
    ".x{fill:#fdeee2;stroke:#9a3b00;stroke-width:2;stroke-dasharray:4 2}"
    "text.p{fill:#9a3b00;font-weight:600}text.c{font-size:10px;fill:#1a1a1a}"
)


def size_text(record: Mapping) -> str:
    """How many blocks of how many threads."""
    blocks, threads = prod(record["grid"]), prod(record["block"])
    return f"{plural(blocks, 'block')} of {plural(threads, 'thread')}"


def heading(record: Mapping) -> str:
    """The title: the kernel and its launch."""
    found = len(record["problems"])
    state = plural(found, "problem") if found else "no problems"
    return f"{record['title']}: {size_text(record)}, {state}"


def score_text(record: Mapping) -> str:
    """What the busiest thread did."""
    parts = [plural(item["most"], item["name"].removesuffix("s")) for item in record["score"]]
    return f"The busiest thread: {', '.join(parts)}"


def traffic_text(item: Mapping) -> str:
    """What the accesses of a line cost."""
    if item["space"] == "shared":
        cost = f"{plural(item['conflicts'], 'turn')} lost to bank conflicts"
    else:
        cost = f"{plural(item['segments'], 'segment')} of 32 bytes, {item['fewest']} would do"
    return f"line {item['line']}, {item['array']}: {plural(item['requests'], 'request')}, {cost}"


def problem_text(item: Mapping) -> str:
    """A problem in words: what, how often, and what to do."""
    again = f" This happens {item['count']:,} times." if item["count"] > 1 else ""
    return f"{item['kind']}: {item['text']}{again} {item['fix']}"


def describe(record: Mapping) -> str:
    """The whole record in words."""
    lines = [heading(record), score_text(record)]
    lines += [f"{i:3}. {line}" for i, line in enumerate(record["source"][:MOST_LINES], 1)]
    lines += [f"✕ {problem_text(item)}" for item in record["problems"][:MOST_PROBLEMS]]
    lines += [traffic_text(item) for item in record["lines"]]
    lines += [f"note: {record['note']}"] if record["note"] else []
    return "\n".join(lines)


def finished(record: Mapping) -> list[list]:
    """What each array holds at the end; None where nothing was written."""
    held = [list(array["before"]) for array in record["arrays"]]
    starts = [array["offset"] for array in record["arrays"]]
    values = iter(record["values"])
    events = record["events"]
    for at in range(0, len(events), 4):
        if not events[at + 2]:
            continue
        value, cell = next(values, None), events[at + 1]
        which = max(i for i, start in enumerate(starts) if start <= cell)
        if cell - starts[which] < len(held[which]):
            held[which][cell - starts[which]] = value
    return held


def _short(value: float | str | None, room: int) -> str:
    """A number in few characters; ? where there is none."""
    if value is None or isinstance(value, str):
        return clip(value or "?", room)
    mantissa, exponent = f"{value:.0e}".split("e")
    texts = [*(number(value, digits) for digits in (3, 2, 1)), f"{mantissa}e{int(exponent)}"]
    return next((text for text in texts if len(text) <= room), clip(texts[-1], room))


def _cells(record: Mapping, which: int, held: list, y: float) -> tuple[str, float]:
    array = record["arrays"][which]
    rows, columns = grid_shape(array["shape"])
    if rows == 1:
        columns = ACROSS
    touched = {
        record["events"][at + 1] - array["offset"]
        for at in range(0, len(record["events"]), 4)
        if record["events"][at + 2]
    }
    bad = {item["cell"] for item in record["problems"] if item["array"] == array["name"]}
    name = f"{array['name']} {shape_text(array['shape'])} {array['dtype']}, {array['space']} memory"
    parts = [text(PAD, y, clip(name, 86))]
    if not held or len(held) > MOST_CELLS or columns > ACROSS:
        parts.append(text(PAD, y + 16, "Too large, or too empty, to be drawn.", "s"))
        return "".join(parts), y + 34
    for flat, value in enumerate(held):
        row, column = divmod(flat, columns)
        x, top = PAD + column * (CELL + 2), y + 8 + row * 24
        style = "x" if flat in bad else "w" if flat in touched else "g"
        parts.append(
            f'<rect class="{style}" x="{x:.1f}" y="{top:.1f}" width="{CELL:.0f}" height="20"/>'
        )
        sign = "✕" if flat in bad else ""
        parts.append(text(x + CELL / 2, top + 14, sign + _short(value, 6 - len(sign)), "c m"))
    return "".join(parts), y + 8 + (-(-len(held) // columns)) * 24 + 22


def figure(record: Mapping, alt: str) -> str:
    """The static figure: the launch at its end."""
    y, parts = 22.0, []
    parts.append(text(PAD, y, clip(heading(record), 80), "h"))
    for line in wrapped(score_text(record), 105):
        y += 14
        parts.append(text(PAD, y, line, "s"))
    y += 10
    marked = {item[line] for item in record["problems"] for line in ("line", "other")}
    for i, line in enumerate(record["source"][:MOST_LINES], 1):
        y += ROW
        sign = "✕" if i in marked else " "
        shown = f"{sign}{i:3}  {line}".replace(" ", "\u00a0")
        parts.append(text(PAD, y, clip(shown, 88), "p" if i in marked else ""))
    y += 8
    for item in record["problems"][:MOST_PROBLEMS]:
        for line in wrapped("✕ " + problem_text(item), 88):
            y += ROW
            parts.append(text(PAD, y, line))
    for words in [*map(traffic_text, record["lines"]), record["note"]]:
        for line in wrapped(words, 105):
            y += 14
            parts.append(text(PAD, y, line, "s"))
    y += 28
    for which, held in enumerate(finished(record)):
        drawn, y = _cells(record, which, held, y)
        parts.append(drawn)
    caption = (
        "Thick: written by the launch. ✕ and dashed: where a problem was found. ?: nobody wrote it."
    )
    parts.append(text(PAD, y, caption, "s"))
    return card(WIDE + 2 * PAD, y + PAD, alt, "".join(parts), STYLE)

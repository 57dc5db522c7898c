"""The figure of a loop nest: its text, how often each cache line was fetched, and the orders.

`static/kernels/loops.js` draws the same on the screen, step by step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..svg import card, text
from ..units import plural, size_text
from ..values import clip, number, shape_text
from .cache import Cache, traffic

PAD, ROW, BIG, SMALL = 12.0, 16.0, 22.0, 4.0
WIDE = 640.0
MOST_LINES, MOST_DRAWN = 40, 4096
STYLE = (
    ".g{fill:none;stroke:#8a8a8a;stroke-width:.6}.l{fill:#0072b2;stroke:#0072b2;stroke-width:1.4}"
    ".b{fill:#0072b2}.o{fill:none;stroke:#0072b2}text.c{font-size:10px;fill:#1a1a1a}"
)


def cache_text(cache: Cache) -> str:
    """A cache in words."""
    kind = "any line anywhere" if cache.ways is None else f"{cache.ways}-way sets"
    lines = plural(cache.lines, "line")
    return f"a cache of {lines} of {cache.line} elements ({kind})"


def summary(record: Mapping) -> str:
    """All counts in one line."""
    total = record["totals"]
    return (
        f"{plural(total['reads'], 'read')}, {plural(total['writes'], 'write')}; with "
        f"{cache_text(Cache(**record['cache']))}: {plural(total['hits'], 'hit')}, "
        f"{plural(total['misses'], 'miss')}, {size_text(total['moved'])} moved at "
        f"{record['element']} bytes an element, "
        f"{number(total['intensity'], 3)} operations per byte"
    )


def describe(record: Mapping) -> str:
    """The whole record in words."""
    lines = [f"{record['title']}: {summary(record)}"]
    lines += [f"   {line}" for line in record["source"][:MOST_LINES]]
    lines += [f"problem: {problem['text']}" for problem in record["problems"]]
    key = cache_key(record["cache"])
    ranked = sorted(record["compare"], key=lambda item: item["misses"][key])
    lines += [
        f"{place:3}. {item['name']}: {plural(item['misses'][key], 'miss')}"
        f"{' (this one)' if item['current'] else ''}"
        for place, item in enumerate(ranked, 1)
    ]
    lines += [f"note: {record['note']}"] if record["note"] else []
    return "\n".join(lines)


def cache_key(cache: Mapping) -> str:
    """The name of a cache in the comparison of orders."""
    return f"{cache['line']},{cache['lines']}"


def grid_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of the grid that shows an array: all axes but the last make rows.

    Example:
        >>> grid_shape((2, 3, 4)), grid_shape((5,)), grid_shape(())
        ((6, 4), (1, 5), (1, 1))
    """
    rows = 1
    for length in shape[:-1]:
        rows *= length
    return rows, shape[-1] if shape else 1


def pieces(start: int, count: int, size: int, columns: int) -> list[tuple[int, int, int]]:
    """The runs of cells in which a cache line lies in a grid: row, column, length.

    Example:
        >>> pieces(4, 4, 36, 6)
        [(0, 4, 2), (1, 0, 2)]
    """
    found, at, end = [], start, min(start + count, size)
    while at < end:
        row, column = divmod(at, columns)
        length = min(columns - column, end - at)
        found.append((row, column, length))
        at += length
    return found


def _array(array: Mapping, fetched: Mapping, line: int, x: float, y: float, cell: float) -> str:
    rows, columns = grid_shape(array["shape"])
    most = max(fetched.values(), default=1)
    parts = [text(x, y - 6, clip(f"{array['name']} {shape_text(array['shape'])}", 30))]
    edges = [f"M{x:.1f},{y + r * cell:.1f}h{columns * cell:.1f}" for r in range(rows + 1)]
    edges += [f"M{x + c * cell:.1f},{y:.1f}v{rows * cell:.1f}" for c in range(columns + 1)]
    parts.append(f'<path class="g" d="{"".join(edges)}"/>')
    for start in range(0, rows * columns, line):
        times = fetched.get((array["base"] + start) // line, 0)
        if not times:
            continue
        runs = pieces(start, line, rows * columns, columns)
        for row, column, length in runs:
            parts.append(
                f'<rect class="l" x="{x + column * cell + 1:.1f}" y="{y + row * cell + 1:.1f}" '
                f'width="{length * cell - 2:.1f}" height="{cell - 2:.1f}" '
                f'fill-opacity="{0.06 + 0.34 * times / most:.2f}"/>'
            )
        row, column, length = runs[0]
        if cell >= 14 and length * cell >= 7 * len(str(times)):
            at = x + (column + length / 2) * cell
            parts.append(text(at, y + row * cell + cell / 2 + 4, str(times), "c m"))
    return "".join(parts)


def _arrays(record: Mapping, y: float) -> tuple[str, float]:
    """The arrays side by side, and where the figure goes on below them."""
    arrays = record["arrays"]
    grids = [grid_shape(array["shape"]) for array in arrays]
    if not grids or not all(0 < rows * columns <= MOST_DRAWN for rows, columns in grids):
        return text(
            PAD, y + 10, "The arrays are too large, or too empty, to be drawn.", "s"
        ), y + 24
    across = sum(columns for _, columns in grids)
    tall = max(rows for rows, _ in grids)
    cell = max(SMALL, min(BIG, (WIDE - 40 * len(grids)) / across, 420 / tall))
    fetched = traffic(record["events"], Cache(**record["cache"])).by_line
    parts, x = [], PAD
    for array, (_, columns) in zip(arrays, grids, strict=True):
        parts.append(_array(array, fetched, record["cache"]["line"], x, y + 14, cell))
        x += max(columns * cell, 110) + 24
    caption = "Outlined: a cache line. Its number: how often it was fetched."
    parts.append(text(PAD, y + 32 + tall * cell, caption, "s"))
    return "".join(parts), y + 46 + tall * cell


def _bars(record: Mapping, y: float) -> tuple[str, float]:
    key = cache_key(record["cache"])
    most = max((item["misses"][key] for item in record["compare"]), default=0) or 1
    parts = [text(PAD, y, "Misses of other orders of the same loops", "h")]
    for item in record["compare"]:
        y += ROW + 2
        misses = item["misses"][key]
        sign = "▶ " if item["current"] else "  "
        style = "b" if item["current"] else "o"
        parts.append(text(PAD, y, sign + item["name"]))
        parts.append(
            f'<rect class="{style}" x="{PAD + 230:.1f}" y="{y - 10:.1f}" '
            f'width="{max(1.0, 260 * misses / most):.1f}" height="11"/>'
        )
        parts.append(text(PAD + 500, y, plural(misses, "miss")))
    return "".join(parts), y + ROW


def wrapped(words: str, most: int) -> list[str]:
    """A text as lines of so many characters, long words cut."""
    import textwrap

    return textwrap.wrap(words, most, break_long_words=True)[:6]


def figure(record: Mapping, alt: str) -> str:
    """The static figure: the finished nest."""
    y = 22.0
    parts = [text(PAD, y, clip(record["title"], 80), "h")]
    for line in wrapped(summary(record), 105):
        y += 14
        parts.append(text(PAD, y, line, "s"))
    y += 10
    shown = record["source"][:MOST_LINES]
    for line in shown:
        y += ROW
        parts.append(text(PAD, y, clip(line.replace(" ", "\u00a0"), 88)))
    for problem in record["problems"]:
        for line in wrapped("✕ " + problem["text"], 88):
            y += ROW
            parts.append(text(PAD, y, line))
    for line in wrapped(record["note"], 105):
        y += 14
        parts.append(text(PAD, y, line, "s"))
    y += 24
    if record["events"]:
        drawn, y = _arrays(record, y)
        parts.append(drawn)
    if record["compare"]:
        drawn, y = _bars(record, y + 12)
        parts.append(drawn)
    return card(WIDE + 2 * PAD, y + PAD, alt, "".join(parts), STYLE)

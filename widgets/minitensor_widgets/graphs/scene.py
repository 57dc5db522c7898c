"""What is written where: the text in each box, its outline, its lines and their shape labels.

A scene is a layout plus text, ready to draw. `svg.py` draws it on paper, `static/pane.js` on the
screen; `static/scene.js` is the twin of this file.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..values import clip, shape_text
from .layout import (
    CHAR,
    FEWEST_USERS,
    HEAD,
    Box,
    Layout,
    Line,
    Point,
    layout,
    scope_prefixes,
)

SMALL = 6.1  # advance of one 10 px monospace character
LABEL_LIMIT = 26
SUB_LIMIT = 30
STEP_WIDTH = 170.0
STUB_LIMIT = 16
MOST_LABELLED = 300
CHANGED = {"added": "+", "removed": "−", "changed": "≠"}
MARKS = {  # of lines: a letter where the word has no room, and a dash pattern
    "broadcast": ("B", "9 3"), "in place": ("I", "3 3"), "view": ("V", "14 4"),
    "next round": ("N", "9 3 2 3"),
}  # fmt: skip

Rect = tuple[float, float, float, float]


@dataclass(frozen=True)
class Caption:
    """A shape label on a line: its middle, the text, and the full text for the tooltip."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Scene:
    """A layout, the lines of text per node id, and a caption per line where there was room.

    `differs` are the scopes with nodes that another graph has not, or has otherwise.
    """

    layout: Layout
    text: dict[str, list[str]]
    captions: list[Caption | None]
    differs: list[str]
    across: bool


def op_apart(node: Mapping) -> str:
    """The op of a node where its label does not say it already, as "y = add" does."""
    op, label = node["op"], node["label"]
    return "" if _bare(label) == _bare(op) or label.endswith(f"= {op}") else op


def _bare(name: str) -> str:
    """A name without number, case and underscores: "MatMul_1" says matmul already."""
    return re.sub(r"_[0-9]+$", "", name).replace("_", "").lower()


def kind_apart(node: Mapping) -> str:
    """What kind of node it is, or which op, where its label does not say it already."""
    if node["kind"] == "op":
        return op_apart(node)
    return "" if node["label"] == node["kind"] else node["kind"]


def second_line(node: Mapping) -> str:
    """The small text under a label: kind, shape where no edge says it, and what is special."""
    words = [kind_apart(node)]
    if node["output"]:
        words.append(f"output {shape_text(node['shape'])}" if node["shape"] != [] else "output")
    words.append(node.get("change", ""))
    if node.get("no_grad"):
        words.append("no ∇")
    return " · ".join(filter(None, words))


def node_text(node: Mapping, stepping: bool) -> list[str]:
    """All lines of a box: label and kind; a stepper adds a line for the value and one for ∇."""
    if stepping:
        word = kind_apart(node)
        label = f"{node['label']} · {word}" if word else node["label"]
        return [clip(label, LABEL_LIMIT), "", ""]
    second = second_line(node)
    sign = CHANGED.get(node.get("change", ""), "")
    return [
        clip(f"{sign} {node['label']}".lstrip(), LABEL_LIMIT),
        *([clip(second, SUB_LIMIT)] if second else []),
    ]


def node_size(text: Sequence[str], stepping: bool) -> Point:
    """Width and height of a box that holds these lines."""
    width = max(len(text[0]) * CHAR, *(len(line) * SMALL for line in text)) + 26
    if stepping:
        return (max(STEP_WIDTH, width), 58.0)
    return (max(64.0, width), 44.0 if len(text) > 1 else 30.0)


def stub_text(node: Mapping) -> str:
    """What stands on a stub: the label, and a sign that the node is elsewhere too."""
    return f"{clip(node['label'], STUB_LIMIT)} ↗"


def stub_sizes(record: Mapping, pinned: Iterable[str]) -> dict[str, Point]:
    """Sizes of the stubs of all leaves with enough users, except those pinned to one box."""
    users: dict[str, dict[str, None]] = {}
    for edge in record["edges"]:
        users.setdefault(edge["source"], {})[edge["target"]] = None
    made = {edge["target"]: None for edge in record["edges"]}
    kept = dict.fromkeys(pinned)
    return {
        node["id"]: (len(stub_text(node)) * SMALL + 22, 20.0)
        for node in record["nodes"]
        if node["kind"] != "op"
        and node["id"] not in made
        and node["id"] not in kept
        and len(users.get(node["id"], ())) >= FEWEST_USERS
    }


def corner(kind: str, box: Box) -> str:
    """SVG path of the two strokes across a corner that mark a node without gradient."""
    x, y, w, _ = box
    right = x + w - (10 if kind == "input" else 0)
    first = {"variable": 20, "constant": 12}.get(kind, 10)
    strokes = [f"M{_n(right - c)},{_n(y)}L{_n(right)},{_n(y + c)}" for c in (first, first + 5)]
    return "".join(strokes)


def outline(kind: str, box: Box) -> str:
    """SVG path of a box: the shape tells the kind without any colour.

    Operations are rectangles, variables have round ends, inputs pointed ones, constants cut
    corners.
    """
    x, y, w, h = box
    if kind == "input":
        c = min(10.0, h / 2)
        corners = [(c, 0), (w - c, 0), (w, h / 2), (w - c, h), (c, h), (0, h / 2)]
    elif kind == "constant":
        c = min(8.0, h / 3)
        corners = [
            (c, 0), (w - c, 0), (w, c), (w, h - c), (w - c, h), (c, h), (0, h - c), (0, c),
        ]  # fmt: skip
    else:
        r = min(h / 2, 18.0) if kind == "variable" else 4.0
        return (
            f"M{_n(x + r)},{_n(y)}h{_n(w - 2 * r)}a{r:g},{r:g} 0 0 1 {r:g},{r:g}v{_n(h - 2 * r)}"
            f"a{r:g},{r:g} 0 0 1 -{r:g},{r:g}h{_n(2 * r - w)}a{r:g},{r:g} 0 0 1 -{r:g},-{r:g}"
            f"v{_n(2 * r - h)}a{r:g},{r:g} 0 0 1 {r:g},-{r:g}z"
        )
    return "M" + "L".join(f"{_n(x + dx)},{_n(y + dy)}" for dx, dy in corners) + "z"


def _n(value: float) -> str:
    return f"{math.floor(value * 10 + 0.5) / 10:.10g}"


def _turned(points: Iterable[Point], across: bool) -> list[Point]:
    """Points as they would be in a picture from top to bottom."""
    return [(y, x) if across else (x, y) for x, y in points]


def curve(points: Sequence[Point], across: bool = False) -> str:
    """SVG path through the points of a line: straight on at each, a U-turn where it goes back."""

    def at(x: float, y: float) -> str:
        return f"{_n(y)},{_n(x)}" if across else f"{_n(x)},{_n(y)}"

    points = _turned(points, across)
    path = f"M{at(*points[0])}"
    for i, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points)):
        if y1 < y0:
            path += f"L{at(x1, y1)}"
            continue
        bend = (y0 + y1) / 2 if y1 > y0 else y0 + (15 if i == 0 else -15)
        path += f"C{at(x0, bend)} {at(x1, bend)} {at(x1, y1)}"
    return path


def stroke_width(line: Line, edges: Sequence[Mapping]) -> float:
    """Thicker for more numbers: 1.2 px for a scalar, 0.45 more for each factor of ten."""
    count = 0
    for i in line.edges:
        size = 1
        for axis in edges[i]["shape"] or []:
            size *= 1 if axis is None else axis
        count += size
    return 1.2 + 0.45 * min(6.0, math.log10(max(1, count)))


def main_dtype(edges: Sequence[Mapping]) -> str:
    """The dtype of most edges, which their captions do not repeat."""
    counts = Counter(edge["dtype"] for edge in edges)
    return max(counts, key=counts.__getitem__, default="")


def line_marks(line: Line, edges: Sequence[Mapping]) -> list[str]:
    """What is special about the edges of a line, in the order of the legend."""
    found = {mark: None for i in line.edges for mark in edges[i].get("marks", ())}
    return [mark for mark in MARKS if mark in found]


def line_text(line: Line, edges: Sequence[Mapping], main: str = "") -> str:
    """The shape that flows along a line, how often it is used, or how many tensors that differ.

    The dtype is left out where it is the `main` one, and a single scalar of it needs no words: most
    lines of small graphs are scalars.
    """

    def what(edge: Mapping) -> str:
        apart = "" if edge["dtype"] == main else f" {edge['dtype']}"
        return (shape_text(edge["shape"]) + apart).rstrip()

    shapes = dict.fromkeys(what(edges[i]) for i in line.edges)
    sources = dict.fromkeys(edges[i]["source"] for i in line.edges)
    if len(shapes) > 1:
        return f"{len(line.edges)} tensors"
    shape = next(iter(shapes))
    if len(sources) > 1:
        return f"{len(sources)} scalars" if shape == "()" else f"{len(sources)} × {shape}"
    used = f"used {len(line.edges)}×" if len(line.edges) > 1 else ""
    return used if shape == "()" else f"{shape} {used}".rstrip()


def line_title(line: Line, edges: Sequence[Mapping]) -> str:
    """All that a line says: shape, dtype and marks."""
    return " · ".join([line_text(line, edges), *line_marks(line, edges)])


def _wordings(line: Line, edges: Sequence[Mapping], main: str) -> list[str]:
    """What a caption may say, best first: marks in words, or in letters, or no count of uses."""
    text, marks = line_text(line, edges, main), line_marks(line, edges)
    letters = "".join(MARKS[mark][0] for mark in marks)
    short = text.partition(" used")[0]
    choices = [[text, *marks], [text, letters], [short, letters]]
    wordings = [" · ".join(filter(None, words)) for words in choices]
    return list(dict.fromkeys(filter(None, wordings)))


def _spots(points: Sequence[Point], across: bool, first: float) -> list[tuple[float, float, float]]:
    """Places along a line where a caption may stand, and how long the line runs straight on there.

    The best come first: at `first` of long stretches.
    """
    spots = []
    points = _turned(points, across)
    stretches = sorted(itertools.pairwise(points), key=lambda ends: ends[0][1] - ends[1][1])
    for t in (first, 0.5, 0.62, 0.38):
        for (x0, y0), (x1, y1) in stretches:
            s = t * t * (3 - 2 * t)
            bow = 1.5 * t * (1 - t)
            place = (x0 + (x1 - x0) * s, y0 * ((1 - t) ** 3 + bow) + y1 * (t**3 + bow))
            spots.append((*_turned([place], across)[0], y1 - y0))
    return spots


def _overlaps(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _obstacles(picture: Layout) -> list[Rect]:
    taken = []
    for key, (x, y, w, h) in picture.boxes.items():
        if not key.startswith("s:") or picture.scopes[key[2:]].closed:
            taken.append((x - 2, y - 1, x + w + 2, y + h + 1))
        else:
            taken.append((x, y - 2, x + w, y + HEAD))
            taken.append((x, y + h - 2, x + w, y + h + 2))
            taken.append((x - 2, y, x + 2, y + h))
            taken.append((x + w - 2, y, x + w + 2, y + h))
    return taken


def captions(
    picture: Layout, edges: Sequence[Mapping], across: bool = False
) -> list[Caption | None]:
    """Place a caption on every line that has room for one; no two things overlap."""
    placed: list[Caption | None] = [None] * len(picture.lines)
    if len(placed) > MOST_LABELLED:
        return placed
    taken = _obstacles(picture)
    main = main_dtype(edges)
    # Short lines choose first: long ones find room elsewhere.
    for i in sorted(range(len(placed)), key=lambda i: _length(picture.lines[i], across)):
        line = picture.lines[i]
        wordings = _wordings(line, edges, main)
        # Many words stand near where a line comes from: other lines end where it ends.
        spots = _spots(line.points, across, 0.38 if len(wordings) > 1 else 0.5)
        for text, (x, y, run) in itertools.product(wordings, spots):
            half = len(text) * SMALL / 2 + 3
            rect = (x - half, y - 7, x + half, y + 7)
            inside = rect[0] >= 0 and rect[2] <= picture.width
            seen = run >= (2 * half + 14 if across else 20)  # the line, beside its caption
            if inside and seen and not any(_overlaps(rect, other) for other in taken):
                taken.append(rect)
                placed[i] = Caption(x, y, text)
                break
    return placed


def _length(line: Line, across: bool) -> float:
    axis = 0 if across else 1
    return line.points[-1][axis] - line.points[0][axis]


def scene(
    record: Mapping,
    collapsed: Iterable[str] = (),
    stepping: bool = False,
    direction: str = "TB",
    pinned: Iterable[str] = (),
) -> Scene:
    """Arrange a graph record: text first, boxes around it, then captions where room is left.

    `direction` is "TB", from top to bottom, or "LR", from left to right. Leaves with many users
    become stubs, except those whose ids are `pinned`.

    Example:
        >>> node = {"id": "a", "label": "x", "kind": "input", "op": "", "scope": "", "shape": [2],
        ...         "output": False}
        >>> scene({"nodes": [node], "edges": []}).text
        {'a': ['x', 'input']}
    """
    across = direction == "LR"
    text = {node["id"]: node_text(node, stepping) for node in record["nodes"]}
    sizes = {key: node_size(lines, stepping) for key, lines in text.items()}
    stubs = {} if stepping else stub_sizes(record, pinned)
    picture = layout(record["nodes"], record["edges"], sizes, collapsed, across, stubs)
    differs = dict.fromkeys(
        path
        for node in record["nodes"]
        if node.get("change")
        for path in scope_prefixes(node["scope"])
    )
    return Scene(picture, text, captions(picture, record["edges"], across), list(differs), across)

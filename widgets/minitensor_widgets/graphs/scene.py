"""What is written where: the text in each box, its outline, its lines and their shape labels.

A scene is a layout plus text, ready to draw. `svg.py` draws it on paper, `static/pane.js` on the
screen; `static/scene.js` is the twin of this file.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..values import clip, shape_text
from .layout import CHAR, HEAD, Box, Layout, Line, Point, layout

SMALL = 6.1  # advance of one 10 px monospace character
LABEL_LIMIT = 26
SUB_LIMIT = 30
STEP_WIDTH = 170.0
MOST_LABELLED = 300

Rect = tuple[float, float, float, float]


@dataclass(frozen=True)
class Caption:
    """A shape label on a line: its middle, the text, and the full text for the tooltip."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Scene:
    """A layout, the lines of text per node id, and a caption per line where there was room."""

    layout: Layout
    text: dict[str, list[str]]
    captions: list[Caption | None]


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
    """The small text under a label: what kind of node, and the shape where no edge will say it."""
    words = [kind_apart(node)]
    if node["output"]:
        words.append(f"output {shape_text(node['shape'])}" if node["shape"] != [] else "output")
    return " · ".join(filter(None, words))


def node_text(node: Mapping, stepping: bool) -> list[str]:
    """All lines of a box: label and kind; a stepper adds a line for the value and one for ∇."""
    if stepping:
        word = kind_apart(node)
        label = f"{node['label']} · {word}" if word else node["label"]
        return [clip(label, LABEL_LIMIT), "", ""]
    second = second_line(node)
    return [clip(node["label"], LABEL_LIMIT), *([clip(second, SUB_LIMIT)] if second else [])]


def node_size(text: Sequence[str], stepping: bool) -> Point:
    """Width and height of a box that holds these lines."""
    width = max(len(text[0]) * CHAR, *(len(line) * SMALL for line in text)) + 26
    if stepping:
        return (max(STEP_WIDTH, width), 58.0)
    return (max(64.0, width), 44.0 if len(text) > 1 else 30.0)


def outline(kind: str, box: Box) -> str:
    """SVG path of a box: the shape tells the kind without any colour.

    Operations are rectangles, variables have round ends, inputs pointed ones, constants cut
    corners.
    """
    x, y, w, h = box
    if kind == "input":
        c = 10.0
        corners = [(c, 0), (w - c, 0), (w, h / 2), (w - c, h), (c, h), (0, h / 2)]
    elif kind == "constant":
        c = 8.0
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


def curve(points: Sequence[Point]) -> str:
    """SVG path through the points of a line: vertical at each, a U-turn where it goes back."""
    path = f"M{_n(points[0][0])},{_n(points[0][1])}"
    for i, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points)):
        if y1 > y0:
            middle = _n((y0 + y1) / 2)
            path += f"C{_n(x0)},{middle} {_n(x1)},{middle} {_n(x1)},{_n(y1)}"
        elif y1 == y0:
            bend = _n(y0 + (15 if i == 0 else -15))
            path += f"C{_n(x0)},{bend} {_n(x1)},{bend} {_n(x1)},{_n(y1)}"
        else:
            path += f"L{_n(x1)},{_n(y1)}"
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


def line_text(line: Line, edges: Sequence[Mapping]) -> str:
    """The shape that flows along a line, how often it is used, or how many tensors that differ.

    A single scalar needs no words: most lines of small graphs are scalars.
    """
    shapes = dict.fromkeys(shape_text(edges[i]["shape"]) for i in line.edges)
    sources = dict.fromkeys(edges[i]["source"] for i in line.edges)
    if len(shapes) > 1:
        return f"{len(line.edges)} tensors"
    shape = next(iter(shapes))
    if len(sources) > 1:
        return f"{len(sources)} scalars" if shape == "()" else f"{len(sources)} × {shape}"
    used = f"used {len(line.edges)}×" if len(line.edges) > 1 else ""
    return used if shape == "()" else f"{shape} {used}".rstrip()


def _spots(points: Sequence[Point]) -> list[Point]:
    """Places along a line where a caption may stand, best first: the middle of long stretches."""
    spots = []
    stretches = sorted(itertools.pairwise(points), key=lambda ends: ends[0][1] - ends[1][1])
    for t in (0.5, 0.62, 0.38):
        for (x0, y0), (x1, y1) in stretches:
            if y1 - y0 >= 20:
                s = t * t * (3 - 2 * t)
                bow = 1.5 * t * (1 - t)
                y = y0 * ((1 - t) ** 3 + bow) + y1 * (t**3 + bow)
                spots.append((x0 + (x1 - x0) * s, y))
    return spots


def _overlaps(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _obstacles(picture: Layout) -> list[Rect]:
    taken = []
    for key, (x, y, w, h) in picture.boxes.items():
        if key.startswith("n:") or picture.scopes[key[2:]].closed:
            taken.append((x - 2, y - 1, x + w + 2, y + h + 1))
        else:
            taken.append((x, y - 2, x + w, y + HEAD))
            taken.append((x, y + h - 2, x + w, y + h + 2))
            taken.append((x - 2, y, x + 2, y + h))
            taken.append((x + w - 2, y, x + w + 2, y + h))
    return taken


def captions(picture: Layout, edges: Sequence[Mapping]) -> list[Caption | None]:
    """Place a shape label on every line that has room for one; no two things overlap."""
    if len(picture.lines) > MOST_LABELLED:
        return [None] * len(picture.lines)
    taken = _obstacles(picture)
    placed: list[Caption | None] = [None] * len(picture.lines)
    spots = [_spots(line.points) for line in picture.lines]
    # Short lines choose first: long ones find room elsewhere.
    for i in sorted(range(len(spots)), key=lambda i: _length(picture.lines[i])):
        text = line_text(picture.lines[i], edges)
        if not text:
            continue
        half = len(text) * SMALL / 2 + 3
        for x, y in spots[i]:
            rect = (x - half, y - 7, x + half, y + 7)
            inside = rect[0] >= 0 and rect[2] <= picture.width
            if inside and not any(_overlaps(rect, other) for other in taken):
                taken.append(rect)
                placed[i] = Caption(x, y, text)
                break
    return placed


def _length(line: Line) -> float:
    return line.points[-1][1] - line.points[0][1]


def scene(record: Mapping, collapsed: Iterable[str] = (), stepping: bool = False) -> Scene:
    """Arrange a graph record: text first, boxes around it, then captions where room is left.

    Example:
        >>> node = {"id": "a", "label": "x", "kind": "input", "op": "", "scope": "", "shape": [2],
        ...         "output": False}
        >>> scene({"nodes": [node], "edges": []}).text
        {'a': ['x', 'input']}
    """
    text = {node["id"]: node_text(node, stepping) for node in record["nodes"]}
    sizes = {key: node_size(lines, stepping) for key, lines in text.items()}
    picture = layout(record["nodes"], record["edges"], sizes, collapsed)
    return Scene(picture, text, captions(picture, record["edges"]))

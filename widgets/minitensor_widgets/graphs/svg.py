"""Draw a record as a self-contained SVG: the figure that is there when no script runs.

The figure is shown as an image, so it cannot see the page's theme: it stands on its own white card
and sets its own sizes. Every string of a record passes through `html.escape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ..svg import card, text
from ..values import clip
from .describe import describe_node, heading, label_of_scope
from .layout import HEAD, Box, is_backward, node_of
from .replay import NodeState, gradient_text, replay, value_text
from .scene import (
    CHANGED,
    MARKS,
    SMALL,
    Caption,
    Scene,
    corner,
    curve,
    line_marks,
    outline,
    scene,
    stroke_width,
    stub_text,
)

STYLE = (
    "text.nm{stroke:#fff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}"
    "text.g{fill:#9a3b00}"
    ".e{fill:none;stroke:#5f5f5f}.n{stroke-width:1.6}"
    ".op{fill:#eaf3fb;stroke:#0072b2}.variable{fill:#fff3da;stroke:#9c5700}"
    ".input{fill:#e3f5ee;stroke:#00755a}.constant{fill:#f2f2f2;stroke:#666}"
    ".o{fill:none;stroke-width:1}.sc{fill:#0000000a;stroke:#8a8a8a}"
    ".cl{fill:#f4f4f4;stroke:#666;stroke-dasharray:5 3}"
    ".st{fill:none;stroke:#9a3b00;stroke-width:1.4}.full{fill:#9a3b00}"
)
BACKWARD = (  # only where there is one, so that other figures stay as they are
    ".sc.bk{fill:#8b3a700d;stroke:#8b3a70}.cl.bk{fill:#f8e8f2;stroke:#8b3a70}"
    ".n.bk{fill:#f8e8f2;stroke:#8b3a70}.o.bk{stroke:#8b3a70}"
)
CHANGES = (
    ".added{fill:#e3f5ee;stroke:#00755a}.removed{fill:#fbe9e7;stroke:#a3341f;stroke-dasharray:6 3}"
    ".changed{fill:#fff3da;stroke:#9c5700;stroke-width:3}"
)
HALF = "M0,-4a4,4 0 0 1 0,8z"
RING = "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0"
DASH = "M-4,0h8"


def _scope(drawn: Scene, path: str) -> str:
    info = drawn.layout.scopes[path]
    x, y, w, h = drawn.layout.boxes["s:" + path]
    rect = f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="8"'
    if info.closed:
        label = label_of_scope(path, info.count, info.closed)
        label += " ≠" if path in drawn.differs else ""
        style = "cl bk" if is_backward(path) else "cl"
        return f'{rect} class="{style}"/>{text(x + w / 2, y + h / 2 + 4, label, "m")}'
    return f'{rect} class="{"sc bk" if is_backward(path) else "sc"}"/>'


def _name(drawn: Scene, path: str) -> str:
    """The name of an open scope; it stands above the lines that enter there."""
    info = drawn.layout.scopes[path]
    x, y, _, _ = drawn.layout.boxes["s:" + path]
    label = label_of_scope(path, info.count, info.closed)
    return "" if info.closed else text(x + info.name, y + HEAD - 4, label, "nm")


def state_mark(state: str, x: float, y: float) -> str:
    """The sign before a gradient: dash, dashed ring, half disc, full disc."""
    paths = {
        "none": f'<path class="st" d="{DASH}"/>',
        "waiting": f'<path class="st" stroke-dasharray="2 2" d="{RING}"/>',
        "partial": f'<path class="st" d="{RING}"/><path class="full" d="{HALF}"/>',
        "final": f'<path class="st full" d="{RING}"/>',
    }
    return f'<g transform="translate({x:.1f},{y:.1f})">{paths[state]}</g>'


def _node(drawn: Scene, node: Mapping, key: str, state: NodeState | None) -> str:
    box = drawn.layout.boxes[key]
    x, y, w, h = box
    kind = node["kind"] if node["kind"] in ("variable", "input", "constant") else "op"
    style = f"n {kind} bk" if kind == "op" and is_backward(node["scope"]) else f"n {kind}"
    change = node.get("change", "")
    parts = [
        f"<g><title>{escape(describe_node(node))}</title>",
        f'<path class="{style}{f" {change}" if change in CHANGED else ""}" '
        f'd="{outline(kind, box)}"/>',
    ]
    if node["output"]:
        inner = (x + 3, y + 3, w - 6, h - 6)
        parts.append(f'<path class="o {kind}" style="fill:none" d="{outline(kind, inner)}"/>')
    if node.get("no_grad") and key[0] != "u":
        parts.append(f'<path class="o {kind}" style="fill:none" d="{corner(kind, box)}"/>')
    if key[0] == "u":
        parts.append(text(x + w / 2, y + h / 2 + 3.5, stub_text(node), "s m"))
    else:
        parts.append(_words(drawn.text[node["id"]], state, box))
    return "".join([*parts, "</g>"])


def _words(lines: list[str], state: NodeState | None, box: Box) -> str:
    """The text in a box: label and kind, or label, value and gradient."""
    x, y, w, h = box
    middle = x + w / 2
    if state is not None:
        room = int((w - 24) / SMALL)
        gradient = clip(gradient_text(state), room)
        return "".join(
            [
                text(middle, y + 19, lines[0], "m"),
                text(middle, y + 34, clip(value_text(state), room), "s m"),
                text(middle + 7, y + 48, gradient, "s m g"),
                state_mark(state.state, middle - len(gradient) * SMALL / 2 - 3, y + 44.5),
            ]
        )
    if len(lines) > 1:
        return text(middle, y + 19, lines[0], "m") + text(middle, y + 34, lines[1], "s m")
    return text(middle, y + h / 2 + 4, lines[0], "m")


def _caption(caption: Caption) -> str:
    width = len(caption.text) * SMALL + 4
    return (
        f'<rect x="{caption.x - width / 2:.1f}" y="{caption.y - 6:.1f}" width="{width:.1f}" '
        f'height="12" rx="3" fill="#fff"/>{text(caption.x, caption.y + 3.5, caption.text, "s m")}'
    )


def _lines(drawn: Scene, edges: Sequence[Mapping]) -> list[str]:
    drawn_lines = []
    for line in drawn.layout.lines:
        marks = line_marks(line, edges)
        dash = f'stroke-dasharray="{MARKS[marks[0]][1]}" ' if marks else ""
        drawn_lines.append(
            f'<path class="e" stroke-width="{stroke_width(line, edges):.1f}" {dash}'
            f'marker-end="url(#mt-arrow)" d="{curve(line.points, drawn.across)}"/>'
        )
    return drawn_lines


def _legend(drawn: Scene, record: Mapping) -> list[str]:
    """A line for each sign that occurs and does not say itself what it means."""
    captions = [caption.text for caption in drawn.captions if caption]
    signs = [
        f"{letter} {mark}"
        for mark, (letter, _) in MARKS.items()
        if any(re.search(rf"(^|· )[BIVN]*{letter}[BIVN]*$", words) for words in captions)
    ]
    if any(key[0] == "u" for key in drawn.layout.boxes):
        signs.append("↗ one node, drawn at each of its users")
    shown = [node for node in record["nodes"] if "n:" + node["id"] in drawn.layout.boxes]
    if any(node.get("no_grad") for node in shown):
        signs.append("no ∇: no gradient flows through it")
    return signs


def _style(record: Mapping, drawn: Scene) -> str:
    style = STYLE
    if any(map(is_backward, drawn.layout.scopes)):
        style += BACKWARD
    return style + CHANGES if any(node.get("change") for node in record["nodes"]) else style


def _picture(
    record: Mapping, drawn: Scene, states: Mapping[str, NodeState] | None, alt: str
) -> str:
    title, note = heading(record)
    legend = _legend(drawn, record)
    longest = max(
        [7.0 * min(len(title), 60), *(6.1 * len(words) for words in [note[:90], *legend])]
    )
    width = max(drawn.layout.width, longest + 24)
    top = 46.0
    below = top + drawn.layout.height
    height = below + 14 * len(legend)
    shift = (width - drawn.layout.width) / 2
    boxes = drawn.layout.boxes
    parts = [
        '<defs><marker id="mt-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        '<path d="M0,0L8,4L0,8z" fill="#5f5f5f"/></marker></defs>',
        text(12, 20, clip(title, 60), "h"),
        text(12, 36, clip(note, 90), "s"),
        *(text(12, below + 14 * i + 6, words, "s") for i, words in enumerate(legend)),
        f'<g transform="translate({shift:.1f},{top:.0f})">',
    ]
    parts += [_scope(drawn, path) for path in drawn.layout.scopes]
    parts += _lines(drawn, record["edges"])
    parts += [_name(drawn, path) for path in drawn.layout.scopes]
    parts += [_caption(caption) for caption in drawn.captions if caption]
    nodes = {node["id"]: node for node in record["nodes"]}
    for key in [*(f"n:{name}" for name in nodes), *(key for key in boxes if key[0] == "u")]:
        if key in boxes:
            node = nodes[node_of(key)]
            parts.append(_node(drawn, node, key, states[node["id"]] if states else None))
    content = "".join([*parts, "</g>"])
    return card(width, height, alt, content, _style(record, drawn))


def graph_svg(
    record: Mapping,
    collapsed: Iterable[str] = (),
    alt: str = "",
    direction: str = "TB",
    pinned: Iterable[str] = (),
) -> str:
    """The figure of a graph record, scopes in `collapsed` closed and leaves in `pinned` boxes."""
    drawn = scene(record, collapsed, direction=direction, pinned=pinned)
    return _picture(record, drawn, None, alt)


def steps_svg(
    record: Mapping, collapsed: Iterable[str] = (), alt: str = "", direction: str = "TB"
) -> str:
    """The figure of a finished backward pass: every value and every gradient filled in."""
    graph = record["graph"]
    drawn = scene(graph, collapsed, stepping=True, direction=direction)
    return _picture(graph, drawn, replay(record), alt)

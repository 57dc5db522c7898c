"""Draw a record as a self-contained SVG: the figure that is there when no script runs.

The figure is shown as an image, so it cannot see the page's theme: it stands on its own white card
and sets its own sizes. Every string of a record passes through `html.escape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from ..svg import FONT
from ..values import clip
from .describe import describe_node, heading, label_of_scope
from .layout import HEAD, is_backward
from .replay import NodeState, gradient_text, replay, value_text
from .scene import SMALL, Caption, Scene, curve, outline, scene, stroke_width

STYLE = (
    f"text{{font:12px {FONT};fill:#1a1a1a}}"
    "text.s{font-size:10px;fill:#454545}text.h{font:600 13px system-ui,sans-serif}"
    "text.nm{stroke:#fff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}text.m{text-anchor:middle}text.g{fill:#9a3b00}"
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
HALF = "M0,-4a4,4 0 0 1 0,8z"
RING = "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0"
DASH = "M-4,0h8"


def _text(x: float, y: float, text: str, style: str = "") -> str:
    css = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{css}>{escape(text)}</text>'


def _scope(drawn: Scene, path: str) -> str:
    info = drawn.layout.scopes[path]
    x, y, w, h = drawn.layout.boxes["s:" + path]
    rect = f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="8"'
    if info.closed:
        label = label_of_scope(path, info.count, info.closed)
        style = "cl bk" if is_backward(path) else "cl"
        return f'{rect} class="{style}"/>{_text(x + w / 2, y + h / 2 + 4, label, "m")}'
    return f'{rect} class="{"sc bk" if is_backward(path) else "sc"}"/>'


def _name(drawn: Scene, path: str) -> str:
    """The name of an open scope; it stands above the lines that enter there."""
    info = drawn.layout.scopes[path]
    x, y, _, _ = drawn.layout.boxes["s:" + path]
    label = label_of_scope(path, info.count, info.closed)
    return "" if info.closed else _text(x + info.name, y + HEAD - 4, label, "nm")


def state_mark(state: str, x: float, y: float) -> str:
    """The sign before a gradient: dash, dashed ring, half disc, full disc."""
    paths = {
        "none": f'<path class="st" d="{DASH}"/>',
        "waiting": f'<path class="st" stroke-dasharray="2 2" d="{RING}"/>',
        "partial": f'<path class="st" d="{RING}"/><path class="full" d="{HALF}"/>',
        "final": f'<path class="st full" d="{RING}"/>',
    }
    return f'<g transform="translate({x:.1f},{y:.1f})">{paths[state]}</g>'


def _node(drawn: Scene, node: Mapping, state: NodeState | None) -> str:
    box = drawn.layout.boxes["n:" + node["id"]]
    x, y, w, h = box
    middle = x + w / 2
    kind = node["kind"] if node["kind"] in ("variable", "input", "constant") else "op"
    style = f"n {kind} bk" if kind == "op" and is_backward(node["scope"]) else f"n {kind}"
    parts = [
        f"<g><title>{escape(describe_node(node))}</title>",
        f'<path class="{style}" d="{outline(kind, box)}"/>',
    ]
    if node["output"]:
        inner = (x + 3, y + 3, w - 6, h - 6)
        parts.append(f'<path class="o {kind}" style="fill:none" d="{outline(kind, inner)}"/>')
    lines = drawn.text[node["id"]]
    if state is not None:
        room = int((w - 24) / SMALL)
        parts.append(_text(middle, y + 19, lines[0], "m"))
        parts.append(_text(middle, y + 34, clip(value_text(state), room), "s m"))
        gradient = clip(gradient_text(state), room)
        parts.append(_text(middle + 7, y + 48, gradient, "s m g"))
        parts.append(state_mark(state.state, middle - len(gradient) * SMALL / 2 - 3, y + 44.5))
    elif len(lines) > 1:
        parts.append(_text(middle, y + 19, lines[0], "m"))
        parts.append(_text(middle, y + 34, lines[1], "s m"))
    else:
        parts.append(_text(middle, y + h / 2 + 4, lines[0], "m"))
    return "".join([*parts, "</g>"])


def _caption(caption: Caption) -> str:
    width = len(caption.text) * SMALL + 4
    return (
        f'<rect x="{caption.x - width / 2:.1f}" y="{caption.y - 6:.1f}" width="{width:.1f}" '
        f'height="12" rx="3" fill="#fff"/>{_text(caption.x, caption.y + 3.5, caption.text, "s m")}'
    )


def _picture(
    record: Mapping, drawn: Scene, states: Mapping[str, NodeState] | None, alt: str
) -> str:
    title, note = heading(record)
    width = max(drawn.layout.width, 7.0 * min(len(title), 60) + 24, 6.1 * min(len(note), 90) + 24)
    top = 46.0
    height = drawn.layout.height + top
    shift = (width - drawn.layout.width) / 2
    style = STYLE + BACKWARD if any(map(is_backward, drawn.layout.scopes)) else STYLE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(alt, quote=True)}">',
        f'<style>{style}</style><rect width="100%" height="100%" rx="6" fill="#fff"/>',
        '<defs><marker id="mt-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        '<path d="M0,0L8,4L0,8z" fill="#5f5f5f"/></marker></defs>',
        _text(12, 20, clip(title, 60), "h"),
        _text(12, 36, clip(note, 90), "s"),
        f'<g transform="translate({shift:.1f},{top:.0f})">',
    ]
    parts += [_scope(drawn, path) for path in drawn.layout.scopes]
    for line in drawn.layout.lines:
        stroke = stroke_width(line, record["edges"])
        parts.append(
            f'<path class="e" stroke-width="{stroke:.1f}" marker-end="url(#mt-arrow)" '
            f'd="{curve(line.points)}"/>'
        )
    parts += [_name(drawn, path) for path in drawn.layout.scopes]
    parts += [_caption(caption) for caption in drawn.captions if caption]
    for node in record["nodes"]:
        if "n:" + node["id"] in drawn.layout.boxes:
            parts.append(_node(drawn, node, states[node["id"]] if states else None))
    return "".join([*parts, "</g></svg>"])


def graph_svg(record: Mapping, collapsed: Iterable[str] = (), alt: str = "") -> str:
    """The figure of a graph record, scopes in `collapsed` closed."""
    return _picture(record, scene(record, collapsed), None, alt)


def steps_svg(record: Mapping, collapsed: Iterable[str] = (), alt: str = "") -> str:
    """The figure of a finished backward pass: every value and every gradient filled in."""
    graph = record["graph"]
    return _picture(graph, scene(graph, collapsed, stepping=True), replay(record), alt)

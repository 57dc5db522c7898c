"""Lay out a graph with nested scopes, each open or closed. Knows boxes, not what stands in them.

One scope at a time, from the inside out: an open scope is placed on its own, with *ports* where
edges cross its border, and then takes part in its parent as one big box. A closed scope is a small
box that stands for all its nodes. `static/layout.js` is the twin of this file.

Keys of boxes: `"n:" + node id` and `"s:" + scope path`, so that a node called like a scope is no
trouble, and `"u:" + number + ":" + node id` for the stubs of a node with many users.

A picture from left to right is the same, mirrored: all boxes are turned on their side, laid out
from top to bottom, and turned back.

Source: the scheme of Wongsuphasawat et al., "Visualizing Dataflow Graphs of Deep Learning Models in
TensorFlow", IEEE TVCG 24 (2018), sections 5-6: lay each metanode out alone, bridge its border.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .layering import GAP_Y, Edge, Placement, Point, place

PAD = 12.0
HEAD = 20.0
CLOSED_HEIGHT = 34.0
NAME_GAP = 9.0
GAP_ACROSS = 108.0  # between rows from left to right: room for what stands on the lines
CHAR = 7.3  # advance of one 12 px monospace character
FEWEST_USERS = 5  # of a leaf that is drawn as stubs,
FEWEST_BOXES = 15  # in a picture of this many boxes: the numbers of TensorBoard

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Line:
    """A drawn edge: visible ends, the record's edges it stands for, and its points."""

    source: str
    target: str
    edges: list[int]
    points: list[Point]


@dataclass(frozen=True)
class ScopeInfo:
    """A visible scope: closed or open, and how many nodes lie in it at any depth."""

    closed: bool
    count: int
    name: float = 0.0  # how far right of the box's left side the name of an open scope begins


@dataclass(frozen=True)
class Layout:
    """Boxes (x, y, width, height), lines and visible scopes of a whole picture."""

    boxes: dict[str, Box]
    lines: list[Line]
    scopes: dict[str, ScopeInfo]
    width: float
    height: float


@dataclass
class _Tree:
    """Who lies where: the visible children of each scope, and the home of each box."""

    closed: dict[str, None]
    children: dict[str, list[str]] = field(default_factory=lambda: {"": []})
    home: dict[str, str] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)

    def is_open(self, key: str) -> bool:
        return key.startswith("s:") and key[2:] not in self.closed

    def chain(self, node: str) -> list[str]:
        """Boxes around a node from the outermost to the one that stands for it."""
        scope = self.home["n:" + node]
        boxes = [] if scope in self.closed else ["n:" + node]
        while scope:
            boxes.append("s:" + scope)
            scope = self.home["s:" + scope]
        return boxes[::-1]


@dataclass(frozen=True)
class _Segment:
    """One stretch of a line inside one scope; ends are boxes or ports ("<" in, ">" out).

    `source` tells lines apart that join the same two boxes but come from different tensors.
    """

    scope: str
    start: str
    end: str
    source: str


@dataclass
class _Route:
    source: str
    target: str
    edges: list[int]
    segments: list[_Segment]


def scope_prefixes(scope: str) -> list[str]:
    """All scopes around a place, outermost first.

    Example:
        >>> scope_prefixes("net/dense/relu")
        ['net', 'net/dense', 'net/dense/relu']
    """
    parts = [part for part in scope.split("/") if part]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _tree(nodes: Sequence[Mapping], collapsed: Iterable[str]) -> _Tree:
    tree = _Tree(dict.fromkeys(collapsed))
    for node in nodes:
        scope = ""
        hidden = False
        for path in scope_prefixes(node["scope"]):
            tree.count[path] = tree.count.get(path, 0) + 1
            if hidden:
                continue
            if path not in tree.children:
                tree.children[path] = []
                tree.children[scope].append("s:" + path)
                tree.home["s:" + path] = scope
            scope = path
            hidden = path in tree.closed
        tree.home["n:" + node["id"]] = scope
        if not hidden:
            tree.children[scope].append("n:" + node["id"])
    return tree


def node_of(key: str) -> str:
    """The id of the node that a box or a stub stands for.

    Example:
        >>> node_of("n:w:0"), node_of("u:3:w:0")
        ('w:0', 'w:0')
    """
    return key.split(":", 2 if key[0] == "u" else 1)[-1]


def _stubs(
    tree: _Tree, edges: Sequence[Mapping], may_be: Mapping[str, Point]
) -> dict[tuple[str, str], str]:
    """Put a stub beside every user of a leaf that has many; gives the stub of (leaf, user).

    `may_be` holds the sizes of the stubs of nodes that can be drawn so.
    """
    shown = sum(not tree.is_open(key) for inner in tree.children.values() for key in inner)
    users: dict[str, dict[str, None]] = {}
    for edge in edges if shown >= FEWEST_BOXES else ():
        leaf = edge["source"]
        if leaf in may_be and tree.home["n:" + leaf] not in tree.closed:
            users.setdefault(leaf, {})[tree.chain(edge["target"])[-1]] = None
    found = {}
    for leaf, boxes in users.items():
        if len(boxes) < FEWEST_USERS:
            continue
        tree.children[tree.home["n:" + leaf]].remove("n:" + leaf)
        for i, box in enumerate(boxes):
            stub = f"u:{i}:{leaf}"
            tree.home[stub] = tree.home[box]
            tree.children[tree.home[box]].append(stub)
            found[leaf, box] = stub
    return found


def _segments(up: list[str], down: list[str], shared: int) -> list[_Segment]:
    """Climb out of the open scopes around the source, cross over, go down to the target."""
    source = up[-1]
    segments = [
        _Segment(up[j][2:], up[j + 1], f">{up[j]}\n{source}", source)
        for j in range(len(up) - 2, shared - 1, -1)
    ]
    outer = up[shared - 1][2:] if shared else ""
    segments.append(_Segment(outer, up[shared], down[shared], source))
    segments += [
        _Segment(down[j][2:], f"<{down[j]}\n{source}", down[j + 1], source)
        for j in range(shared, len(down) - 1)
    ]
    return segments


def _routes(
    tree: _Tree, edges: Sequence[Mapping], stubs: Mapping[tuple[str, str], str]
) -> list[_Route]:
    """One route per pair of visible ends; edges inside one closed scope vanish."""
    routes: dict[tuple[str, str], _Route] = {}
    for i, edge in enumerate(edges):
        up, down = tree.chain(edge["source"]), tree.chain(edge["target"])
        stub = stubs.get((edge["source"], down[-1]))
        if stub:
            up = [*down[:-1], stub]
        shared = 0
        while shared < min(len(up), len(down)) and up[shared] == down[shared]:
            shared += 1
        if shared in (len(up), len(down)):
            continue
        ends = (up[-1], down[-1])
        if ends in routes:
            routes[ends].edges.append(i)
        else:
            routes[ends] = _Route(*ends, [i], _segments(up, down, shared))
    return list(routes.values())


def is_backward(path: str) -> bool:
    """Whether a scope is one that a trace writes the operations of a gradient into.

    Example:
        >>> is_backward("dense/gradients_1"), is_backward("gradients of dense")
        (True, False)
    """
    return any(re.fullmatch(r"gradients(_[0-9]+)?", part) for part in path.split("/"))


def scope_name(path: str) -> str:
    """The last part of a scope's path, with a sign where it holds a backward pass."""
    name = path.split("/")[-1]
    return f"∇ {name}" if is_backward(name) else name


def name_width(path: str) -> float:
    """Width of the name of an open scope with its triangle."""
    return CHAR * (len(scope_name(path)) + 2)


def _name_room(width: float, entries: list[float], needed: float) -> tuple[float, float, float]:
    """Where a scope's name begins so that no line enters through it, and how much wider to be.

    `width` is that of the box, `entries` are the places where lines enter. Returns where the name
    begins, and what the box needs more on its left and on its right.
    """
    edges = [0.0, *sorted(entries), width]
    for a, b in itertools.pairwise(edges):
        if b - a >= needed + 2 * NAME_GAP:
            return (a if b < width or a == 0.0 else b - needed - 2 * NAME_GAP) + NAME_GAP, 0.0, 0.0
    left = needed + 2 * NAME_GAP - edges[1]
    right = needed + 2 * NAME_GAP - (width - edges[-2])
    if left <= right:
        return NAME_GAP, left, 0.0
    return edges[-2] + NAME_GAP, 0.0, right


class _Nest:
    """Places every open scope, innermost first, then shifts all boxes to where they belong."""

    def __init__(
        self, tree: _Tree, routes: list[_Route], sizes: dict[str, Point], across: bool
    ) -> None:
        self.tree = tree
        self.sizes = sizes
        self.across = across
        self.members: dict[str, list[str]] = {}
        self.placed: dict[str, Placement] = {}
        self.edges: dict[str, dict[_Segment, int]] = {s: {} for s in tree.children}
        self.offset: dict[str, Point] = {}
        self.name: dict[str, float] = {}
        self.inset: dict[str, Point] = {}  # from the corner of a scope to what lies in it
        self.boxes: dict[str, Box] = {}
        made = {route.target for route in routes}
        uses = Counter(route.source for route in routes)
        self.light = {key for key, count in uses.items() if count == 1 and key not in made}
        for route in routes:
            for segment in route.segments:
                inner = self.edges[segment.scope]
                inner.setdefault(segment, len(inner))

    def arrange(self, scope: str) -> None:
        for key in self.tree.children[scope]:
            if not key.startswith("s:"):
                continue
            if self.tree.is_open(key):
                self.arrange(key[2:])
                self.frame(key)
            else:
                name = len(scope_name(key[2:]))
                digits = len(str(self.tree.count[key[2:]]))
                width = max(84.0, CHAR * (name + digits + 6) + 12)
                self.sizes[key] = _turned((width, CLOSED_HEIGHT), self.across)
        members = list(self.tree.children[scope])
        seen = dict.fromkeys(members)
        for segment in self.edges[scope]:
            for key in (segment.start, segment.end):
                if key not in seen:
                    seen[key] = None
                    members.append(key)
        index = {key: i for i, key in enumerate(members)}
        ports = [{"<": "in", ">": "out"}.get(key[0], "") for key in members]
        sizes = [self.sizes.get(key, (4.0, 0.0)) for key in members]
        edges = [
            Edge(
                index[segment.start],
                index[segment.end],
                self.port_x(segment.start, ">", segment.source),
                self.port_x(segment.end, "<", segment.source),
                segment.source in self.light,
            )
            for segment in self.edges[scope]
        ]
        self.members[scope] = members
        self.placed[scope] = place(sizes, edges, ports, GAP_ACROSS if self.across else GAP_Y)

    def frame(self, key: str) -> None:
        """The box of an open scope: what lies in it, a border, and room for its name."""
        path = key[2:]
        inner = self.placed[path]
        if self.across:
            length = inner.height + 2 * PAD + HEAD
            spare = max(0.0, name_width(path) + 2 * NAME_GAP - length)
            self.name[path] = NAME_GAP
            self.inset[path] = (PAD + HEAD, PAD + HEAD + spare / 2)
            self.sizes[key] = (inner.width + 2 * PAD + HEAD, length + spare)
            return
        entries = [
            inner.x[i] + PAD for i, member in enumerate(self.members[path]) if member[0] == "<"
        ]
        width = inner.width + 2 * PAD
        name, left, right = _name_room(width, entries, name_width(path))
        self.name[path] = name
        self.inset[path] = (PAD + left, PAD + HEAD)
        self.sizes[key] = (width + left + right, inner.height + 2 * PAD + HEAD)

    def shift(self, scope: str, left: float, top: float) -> None:
        self.offset[scope] = (left, top)
        placed = self.placed[scope]
        for i, key in enumerate(self.members[scope]):
            if key not in self.sizes:
                continue
            width, height = self.sizes[key]
            x = left + placed.x[i] - width / 2
            y = top + placed.y[i] - height / 2
            self.boxes[key] = (x, y, width, height)
            if self.tree.is_open(key):
                right, down = self.inset[key[2:]]
                self.shift(key[2:], x + right, y + down)

    def port_x(self, box: str, side: str, source: str) -> float:
        """How far right of the middle of a box its port for a source lies; 0 if it has none."""
        port = f"{side}{box}\n{source}"
        inner = self.members.get(box[2:], []) if self.tree.is_open(box) else []
        if port not in inner:
            return 0.0
        placed = self.placed[box[2:]]
        return placed.x[inner.index(port)] + self.inset[box[2:]][0] - self.sizes[box][0] / 2

    def points(self, route: _Route) -> list[Point]:
        points: list[Point] = []
        for segment in route.segments:
            left, top = self.offset[segment.scope]
            edge = self.edges[segment.scope][segment]
            for x, y in self.placed[segment.scope].routes[edge]:
                near = (
                    points and abs(points[-1][0] - left - x) + abs(points[-1][1] - top - y) < 0.01
                )
                if not near:
                    points.append((left + x, top + y))
        return points


def _turned(point: Point, across: bool) -> Point:
    """A size or a place as it is in a picture from left to right."""
    return (point[1], point[0]) if across else point


def _falls(line: Line) -> int:
    """1 when a line ends with a stretch straight down, else 0."""
    before, end = line.points[-2:]
    return int(len(line.points) > 2 and abs(before[0] - end[0]) < 0.01)


def _fan_in(lines: list[Line], boxes: Mapping[str, Box], across: bool) -> None:
    """Let the lines into one box arrive side by side, in the order they come from."""
    arriving: dict[str, list[Line]] = {}
    for line in lines:
        arriving.setdefault(line.target, []).append(line)
    for target, group in arriving.items():
        x, _, width, _ = boxes[target]
        step = min(16.0, (width - (10 if across else 24)) / len(group))
        group.sort(key=lambda line: line.points[-2 - _falls(line)][0])
        for i, line in enumerate(group):
            middle = x + width / 2 + (i - (len(group) - 1) / 2) * step
            for j in range(-1 - _falls(line), 0):
                line.points[j] = (middle, line.points[j][1])


def layout(
    nodes: Sequence[Mapping],
    edges: Sequence[Mapping],
    sizes: Mapping[str, Point],
    collapsed: Iterable[str] = (),
    across: bool = False,
    stub_sizes: Mapping[str, Point] | None = None,
) -> Layout:
    """Lay out a graph record.

    `nodes` need `id` and `scope`, `edges` `source` and `target`; `sizes` gives (width, height) per
    node id, `collapsed` the scopes drawn closed. `across` runs from left to right. `stub_sizes`
    has the leaves that are drawn as stubs beside their users where these are many.

    Example:
        >>> nodes = [{"id": "a", "scope": ""}, {"id": "b", "scope": "net"}]
        >>> edges = [{"source": "a", "target": "b"}]
        >>> sorted(layout(nodes, edges, {"a": (60, 28), "b": (60, 28)}, ["net"]).boxes)
        ['n:a', 's:net']
    """
    tree = _tree(nodes, collapsed)
    small = stub_sizes or {}
    stubs = _stubs(tree, edges, small)
    routes = _routes(tree, edges, stubs)
    known = {"n:" + name: _turned(size, across) for name, size in sizes.items()}
    known |= {stub: _turned(small[leaf], across) for (leaf, _), stub in stubs.items()}
    nest = _Nest(tree, routes, known, across)
    nest.arrange("")
    nest.shift("", PAD, PAD)
    lines = [Line(r.source, r.target, r.edges, nest.points(r)) for r in routes]
    _fan_in(lines, nest.boxes, across)
    scopes = {
        key[2:]: ScopeInfo(not tree.is_open(key), tree.count[key[2:]], nest.name.get(key[2:], 0.0))
        for key in nest.boxes
        if key.startswith("s:")
    }
    whole = nest.placed[""]
    width, height = _turned((whole.width + 2 * PAD, whole.height + 2 * PAD), across)
    if not across:
        return Layout(nest.boxes, lines, scopes, width, height)
    boxes = {key: (y, x, h, w) for key, (x, y, w, h) in nest.boxes.items()}
    turned = [Line(a.source, a.target, a.edges, [(y, x) for x, y in a.points]) for a in lines]
    return Layout(boxes, turned, scopes, width, height)

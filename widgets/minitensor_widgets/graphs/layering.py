"""Place one flat graph in layers: rank, order, spread. Knows nothing of scopes, labels or drawing.

Read `place` first; the functions above it are its four steps. `static/layering.js` is the twin of
this file: the same arithmetic in the same order, so that a browser draws what Python drew.
Only lists and insertion-ordered dicts are used: a set would change the picture from run to run.

Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Trans. SMC 11 (1981); Barlow et al., "Statistical Inference under Order
Restrictions" (1972), for the pool-adjacent-violators step.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

GAP_X = 18.0
GAP_Y = 36.0
GAP_PORT = 8.0
SWEEPS = 8
LIGHT = 0.01  # weight of what only light lines leave, where other boxes weigh 1
TILT = 0.001  # of a place in the row per pixel: lets the ports of one box sort what is above it

Point = tuple[float, float]


@dataclass(frozen=True)
class Edge:
    """From node `a` to node `b`; the line leaves and arrives this far right of their middles.

    A light line comes from an input that is used once, and so can stand anywhere.
    """

    a: int
    b: int
    leave: float = 0.0
    enter: float = 0.0
    light: bool = False


@dataclass(frozen=True)
class Placement:
    """Where a flat graph lies: centres, one route per edge, and the size of the whole."""

    x: list[float]
    y: list[float]
    routes: list[list[Point]]
    width: float
    height: float


@dataclass(frozen=True)
class _Layers:
    """Nodes and bends row by row; `up` and `down` hold (neighbour, shift to stand straight).

    `light` marks the starts and the bends of light lines.
    """

    rows: list[list[int]]
    up: list[list[tuple[int, float]]]
    down: list[list[tuple[int, float]]]
    chains: list[list[int]]
    light: list[bool]


def topological(count: int, edges: Sequence[Edge]) -> list[int]:
    """Order nodes so that edges point forward, and the first input of a node comes first.

    Depth first from the ends towards the inputs, so that `x @ w` has x to the left of w; a cycle is
    cut where the walk meets itself.
    """
    inputs: list[list[int]] = [[] for _ in range(count)]
    is_end = [True] * count
    for edge in edges:
        inputs[edge.b].append(edge.a)
        is_end[edge.a] = False
    order: list[int] = []
    seen = [False] * count
    walked = [0] * count
    for root in sorted(range(count), key=lambda v: not is_end[v]):
        path = [] if seen[root] else [root]
        seen[root] = True
        while path:
            v = path[-1]
            if walked[v] == len(inputs[v]):
                order.append(path.pop())
                continue
            u = inputs[v][walked[v]]
            walked[v] += 1
            if not seen[u]:
                seen[u] = True
                path.append(u)
    return order


def rank(count: int, edges: Sequence[Edge], ports: Sequence[str]) -> list[int]:
    """Longest-path row of each node; sources move down next to their first consumer."""
    order = topological(count, edges)
    position = [0] * count
    for i, v in enumerate(order):
        position[v] = i
    later: list[list[int]] = [[] for _ in range(count)]
    is_source = [True] * count
    for edge in edges:
        if position[edge.a] < position[edge.b]:
            later[edge.a].append(edge.b)
        is_source[edge.b] = False
    rows = [0 if port == "in" else 1 for port in ports]
    for v in order:
        for w in later[v]:
            rows[w] = max(rows[w], rows[v] + 1)
    for v in reversed(order):
        if is_source[v] and later[v] and not ports[v]:
            rows[v] = max(rows[v], min(rows[w] for w in later[v]) - 1)
    last = max(rows) + 1
    return [last if port == "out" else row for port, row in zip(ports, rows, strict=True)]


def _with_bends(rows_of: list[int], edges: Sequence[Edge], order: Sequence[int]) -> _Layers:
    """Cut edges that span several rows into a chain of bends, one per row between.

    A bend starts where its source stands in `order`, so that first inputs stay on the left.
    """
    rows: list[list[int]] = [[] for _ in range(max(rows_of) + 1)]
    position = [0] * len(order)
    for i, v in enumerate(order):
        position[v] = i
        rows[rows_of[v]].append(v)
    up: list[list[tuple[int, float]]] = [[] for _ in rows_of]
    down: list[list[tuple[int, float]]] = [[] for _ in rows_of]
    chains = []
    for edge in edges:
        chain = [edge.a]
        for row in range(rows_of[edge.a] + 1, rows_of[edge.b]):
            rows[row].append(len(up))
            position.append(position[edge.a])
            chain.append(len(up))
            up.append([])
            down.append([])
        chain.append(edge.b)
        if rows_of[edge.a] < rows_of[edge.b]:
            for v, w in itertools.pairwise(chain):
                shift = (edge.leave if v == edge.a else 0.0) - (edge.enter if w == edge.b else 0.0)
                down[v].append((w, -shift))
                up[w].append((v, shift))
        chains.append(chain)
    for members in rows:
        members.sort(key=position.__getitem__)
    light = [bool(down[v]) and not near for v, near in enumerate(up)]
    for edge, chain in zip(edges, chains, strict=True):
        light[edge.a] = light[edge.a] and edge.light
        for bend in chain[1:-1]:
            light[bend] = edge.light
    return _Layers([row for row in rows if row], up, down, chains, light)


def _mean(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


def _reorder(layers: _Layers) -> None:
    """Sort rows by the mean position of their neighbours, alternately downward and upward."""
    at = [0.0] * len(layers.up)
    for row in layers.rows:
        for i, v in enumerate(row):
            at[v] = float(i)
    for sweep in range(SWEEPS):
        near = layers.down if sweep % 2 else layers.up
        rows = layers.rows[-2::-1] if sweep % 2 else layers.rows[1:]
        for row in rows:
            want = {
                v: _mean([at[u] + d * TILT for u, d in near[v]]) if near[v] else at[v] for v in row
            }
            row.sort(key=want.__getitem__)
            for i, v in enumerate(row):
                at[v] = float(i)


def isotonic(want: list[float], gaps: list[float], weight: list[float]) -> list[float]:
    """The x that minimises Σ weight·(x − want)² with x[i+1] − x[i] ≥ gaps[i].

    Example:
        >>> isotonic([0.0, 0.0], [10.0], [1.0, 1.0])
        [-5.0, 5.0]
    """
    offset = [0.0]
    for gap in gaps:
        offset.append(offset[-1] + gap)
    blocks: list[list[float]] = []  # [mean, weight, count], means strictly rising
    for w, o, k in zip(want, offset, weight, strict=True):
        blocks.append([w - o, k, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, total, count = blocks.pop()
            pool = blocks[-1]
            pool[0] = (pool[0] * pool[1] + mean * total) / (pool[1] + total)
            pool[1] += total
            pool[2] += count
    means = [mean for mean, _, count in blocks for _ in range(int(count))]
    return [m + o for m, o in zip(means, offset, strict=True)]


def _spread(layers: _Layers, widths: list[float], stiff: list[float]) -> list[float]:
    """Give every node an x: as near to its neighbours as the gaps in its row allow.

    A node stands below what was computed for it, not between that and its light inputs: so the
    main line of a network runs straight down, with variables and constants at its side.
    """
    x = [0.0] * len(widths)
    firm = [[near for near in up if not layers.light[near[0]]] or up for up in layers.up]
    for row in layers.rows:
        edge = 0.0
        for v in row:
            x[v] = edge + widths[v] / 2
            edge += widths[v] + GAP_X
    for sweep in range(SWEEPS):
        near = layers.down if sweep % 2 else firm
        for row in layers.rows[::-1] if sweep % 2 else layers.rows:
            want = [_mean([x[u] + d for u, d in near[v]]) if near[v] else x[v] for v in row]
            gaps = [(widths[a] + widths[b]) / 2 + GAP_X for a, b in itertools.pairwise(row)]
            for v, value in zip(row, isotonic(want, gaps, [stiff[v] for v in row]), strict=True):
                x[v] = value
    return x


def _heights(
    layers: _Layers, heights: list[float], width: int, gap: float
) -> tuple[list[float], list[float], list[float], float]:
    """Middle y of each node and of its row, the height of its row, and the height of all rows.

    In a row with taller boxes an input stands at the bottom and an end at the top: near its lines.
    """
    y = [0.0] * width
    middle = [0.0] * width
    tall = [0.0] * width
    top = 0.0
    above = 0.0
    for i, row in enumerate(layers.rows):
        height = max(heights[v] for v in row)
        if i:
            top += gap if height and above else GAP_PORT
        for v in row:
            spare = (height - heights[v]) / 2
            lower = 0 if not heights[v] else bool(layers.down[v]) - bool(layers.up[v])
            y[v] = top + height / 2 + lower * spare
            middle[v] = top + height / 2
            tall[v] = height
        top += height
        above = height
    return y, middle, tall, top


def place(
    sizes: Sequence[Point], edges: Sequence[Edge], ports: Sequence[str], gap: float = GAP_Y
) -> Placement:
    """Lay out a flat graph top to bottom, with rows `gap` apart.

    `sizes` holds (width, height) per node, `ports` "in" or "out" for points on the upper or lower
    border and "" for boxes. Returns centres and, per edge, the points its line runs through.

    Example:
        >>> place([(40, 20), (40, 20)], [Edge(0, 1)], ["", ""]).routes
        [[(20.0, 20.0), (20.0, 56.0)]]
    """
    count = len(sizes)
    if not count:
        return Placement([], [], [], 0.0, 0.0)
    rows_of = rank(count, edges, ports)
    layers = _with_bends(rows_of, edges, topological(count, edges))
    bends = len(layers.up) - count
    widths = [float(w) for w, _ in sizes] + [4.0] * bends
    heights = [float(h) for _, h in sizes] + [0.0] * bends
    firmness = [8.0 if port else 1.0 for port in ports] + [8.0] * bends
    stiff = [LIGHT if layers.light[v] else firmness[v] for v in range(len(widths))]
    _reorder(layers)
    x = _spread(layers, widths, stiff)
    y, middle, tall, height = _heights(layers, heights, len(widths), gap)
    left = min(x[v] - widths[v] / 2 for v in range(len(x)))
    x = [value - left for value in x]
    right = max(x[v] + widths[v] / 2 for v in range(len(x)))
    side = right
    routes: list[list[Point]] = []
    for edge, chain in zip(edges, layers.chains, strict=True):
        start = (x[edge.a] + edge.leave, y[edge.a] + heights[edge.a] / 2)
        end = (x[edge.b] + edge.enter, y[edge.b] - heights[edge.b] / 2)
        if rows_of[edge.a] >= rows_of[edge.b]:
            side += 12.0
            routes.append([start, (side, start[1]), (side, end[1]), end])
            continue
        bent = [
            (x[v], middle[v] + half * tall[v] / 2)
            for v in chain[1:-1]
            for half in ((-1, 1) if tall[v] else (1,))
        ]
        # Straight down to the edge of the row, so that no line cuts a taller box beside it.
        below = (start[0], middle[edge.a] + tall[edge.a] / 2)
        above = (end[0], middle[edge.b] - tall[edge.b] / 2)
        leaving = [start, below] if below[1] - start[1] > 1.0 else [start]
        arriving = [above, end] if end[1] - above[1] > 1.0 else [end]
        routes.append([*leaving, *bent, *arriving])
    width = side + 6.0 if side > right else right
    return Placement(x[:count], y[:count], routes, width, height)

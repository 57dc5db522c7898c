"""What Python draws and what the browser draws must be the same picture, to a tenth of a pixel."""

import itertools
import json
import random
import shutil
import subprocess
from dataclasses import replace

import pytest

import minitensor as mt
from minitensor_widgets import assets, samples
from minitensor_widgets.graphs.blocks import without_series
from minitensor_widgets.graphs.collapse import auto_collapse, scope_paths, with_parts
from minitensor_widgets.graphs.layering import isotonic
from minitensor_widgets.graphs.layout import HEAD, name_width, node_of, scope_prefixes
from minitensor_widgets.graphs.records import graph_record, steps_record
from minitensor_widgets.graphs.replay import gradient_text, replay, value_text
from minitensor_widgets.graphs.scene import (
    corner,
    curve,
    line_marks,
    line_title,
    outline,
    scene,
    stroke_width,
    stub_text,
)
from minitensor_widgets.values import number

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="the JavaScript twin needs node")

DRIVER = """
const { cases } = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (part) => { text += part; }).on("end", () => done(text));
}));
const draw = ({ record, collapsed, stepping, direction, pinned }) => {
  const { layout: l, text, captions, differs, across } =
    scene(record, collapsed, stepping, direction, pinned);
  return { differs: [...differs], across, boxes: Object.fromEntries(l.boxes),
    width: l.width, height: l.height,
    scopes: Object.fromEntries(l.scopes), text: Object.fromEntries(text), captions,
    lines: l.lines.map((line) =>
      ({ ...line, curve: curve(line.points, across), stroke: strokeWidth(line, record.edges),
        title: lineTitle(line, record.edges), marks: lineMarks(line, record.edges) })),
    outlines: record.nodes.filter((n) => l.boxes.has("n:" + n.id))
      .map((n) => [n.kind, l.boxes.get("n:" + n.id)])
      .map((box) => outline(...box) + corner(...box)),
    stubs: [...l.boxes.keys()].filter((key) => key[0] === "u").map((key) =>
      [nodeOf(key), stubText(record.nodes.find((n) => n.id === nodeOf(key)))]) };
};
const play = ({ steps, step }) => Object.fromEntries([...replay(steps, step)].map(([id, s]) =>
  [id, [s.state, s.arrived, s.expected, valueText(s), gradientText(s)]]));
const regroup = (c) => ({ record: withoutSeries(c.series),
  apart: renamed(c.series, c.closed, false),
  together: renamed(c.series, renamed(c.series, c.closed, false), true) });
const answer = (c) => c.series ? regroup(c) : c.numbers ? c.numbers.map((x) => number(x))
  : c.steps ? play(c) : draw(c);
console.log(JSON.stringify(cases.map(answer)));
"""


def in_node(tmp_path, cases):
    """Run cases through the JavaScript twins, as they are shipped."""
    mains = ("graphs/scene", "graphs/replay", "graphs/blocks")
    names = dict.fromkeys(name for main in mains for name in assets.modules(main))
    code = "\n".join(map(assets.source, names))
    script = tmp_path / "twins.mjs"
    script.write_text(code + DRIVER, encoding="utf-8")
    done = subprocess.run(
        [str(NODE), str(script)],
        input=json.dumps({"cases": cases}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_python(record, collapsed, stepping=False, direction="TB", pinned=()):
    drawn = scene(record, collapsed, stepping, direction, pinned)
    layout, edges = drawn.layout, record["edges"]
    nodes = {node["id"]: node for node in record["nodes"]}
    return {
        "differs": drawn.differs,
        "across": drawn.across,
        "boxes": {key: list(box) for key, box in layout.boxes.items()},
        "width": layout.width,
        "height": layout.height,
        "scopes": {
            p: {"closed": info.closed, "count": info.count, "name": info.name}
            for p, info in layout.scopes.items()
        },
        "text": drawn.text,
        "captions": [c and {"x": c.x, "y": c.y, "text": c.text} for c in drawn.captions],
        "lines": [
            {
                "source": line.source,
                "target": line.target,
                "edges": line.edges,
                "points": [list(p) for p in line.points],
                "curve": curve(line.points, drawn.across),
                "stroke": stroke_width(line, edges),
                "title": line_title(line, edges),
                "marks": line_marks(line, edges),
            }
            for line in layout.lines
        ],
        "outlines": [
            outline(node["kind"], box) + corner(node["kind"], box)
            for node in record["nodes"]
            if (box := layout.boxes.get("n:" + node["id"]))
        ],
        "stubs": [
            [node_of(key), stub_text(nodes[node_of(key)])] for key in layout.boxes if key[0] == "u"
        ],
    }


LETTERS = ["a", "β", "dense layer", "𝔵", "块", "a long name for a node indeed", "<b>&\"'"]
MARKED = ["broadcast", "in place", "view", "next round"]


def random_graph(seed, count):
    """Any record: scopes, leaves with many users, odd names, shapes, dtypes, marks and changes."""
    rng = random.Random(seed)
    kinds = ["op", "op", "op", "variable", "input", "constant"]
    nodes, edges = [], []
    for i in range(count):
        kind = rng.choice(kinds) if i > 2 else "input"
        nodes.append(
            samples.node(
                f"n{i}",
                rng.choice(LETTERS) if rng.random() < 0.3 else f"op{i}",
                kind,
                scope="/".join(rng.choice("pqr") for _ in range(rng.randrange(4))),
                output=rng.random() < 0.1,
                op="add",
                change=rng.choice(["added", "removed", "changed"]) if rng.random() < 0.1 else "",
                no_grad="an integer" if rng.random() < 0.1 else "",
            )
        )
        for slot in range(rng.randrange(4) if kind == "op" and i else 0):
            shape = [rng.choice([None, 1, 32, 1024]) for _ in range(rng.randrange(3))]
            source = rng.randrange(i) if rng.random() < 0.8 else rng.randrange(min(i, 3))
            edge = samples.edge(f"n{source}", f"n{i}", slot, shape)
            edge["dtype"] = rng.choice(["float32", "float32", "int64"])
            edge["marks"] = [mark for mark in MARKED if rng.random() < 0.1]
            edges.append(edge)
    return graph_record(samples.graph(f"random {seed}", nodes, edges))


def random_case(seed):
    """A random graph of up to 120 nodes, some of its scopes closed, in one of its directions."""
    record = random_graph(seed, [1, 7, 20, 40, 60, 120][seed % 6])
    rng = random.Random(seed)
    share = rng.choice([0.0, 0.4, 1.0])
    return {
        "record": record,
        "collapsed": [path for path in scope_paths(record) if rng.random() < share],
        "stepping": rng.random() < 0.2,
        "direction": rng.choice(["TB", "LR"]),
        "pinned": rng.choice([[], ["n0"]]),
    }


def same(ours, theirs, path="picture"):
    """Equal structure and text, numbers within 0.1, numbers inside SVG paths as well."""
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), path
        for key in ours:
            same(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), path
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            same(a, b, f"{path}[{i}]")
    elif isinstance(ours, float):
        assert abs(ours - theirs) <= 0.1, f"{path}: {ours} in Python, {theirs} in JavaScript"
    elif path.endswith(".curve") or ".outlines" in path:
        same(_numbers(ours), _numbers(theirs), path + ":")
    else:
        assert ours == theirs, path


def _numbers(path):
    table = str.maketrans(dict.fromkeys("MLCahvz,", " "))
    return [float(word) for word in path.translate(table).split()]


@needs_node
def test_two_hundred_random_graphs_are_drawn_alike(tmp_path):
    cases = [random_case(seed) for seed in range(200)]
    drawn = in_node(tmp_path, cases)
    for seed, (case, theirs) in enumerate(zip(cases, drawn, strict=True)):
        same(in_python(**case), theirs, f"picture {seed}")
    assert sum(bool(theirs["stubs"]) for theirs in drawn) > 20
    assert sum(theirs["across"] for theirs in drawn) > 50


@needs_node
@pytest.mark.parametrize("blocks", [1, 18])
def test_residual_network(tmp_path, blocks):
    record = with_parts(graph_record(samples.scoped_graph(blocks)))
    cases = [
        {"record": record, "collapsed": collapsed, "stepping": False}
        for collapsed in ([], auto_collapse(record), ["net"])
    ]
    for case, theirs in zip(cases, in_node(tmp_path, cases), strict=True):
        same(in_python(**case), theirs)


@needs_node
@pytest.mark.parametrize(
    "make", [samples.scalar_steps, samples.matmul_steps, samples.hostile_steps]
)
def test_states_at_every_step(tmp_path, make):
    record = steps_record(make())
    cases = [{"steps": record, "step": step} for step in range(len(record["steps"]) + 1)]
    for case, theirs in zip(cases, in_node(tmp_path, cases), strict=True):
        ours = {
            name: [s.state, s.arrived, s.expected, value_text(s), gradient_text(s)]
            for name, s in replay(record, case["step"]).items()
        }
        assert ours == theirs


@needs_node
def test_repeated_blocks_are_taken_apart_alike_and_put_together_again(tmp_path):
    record = graph_record(samples.repeated_blocks(3))
    closed = ["net/block ×3", "net/block ×3/block1/cell"]
    (theirs,) = in_node(tmp_path, [{"series": record, "closed": closed}])
    ours = without_series(record)
    assert theirs["record"]["nodes"] == ours["nodes"]
    assert theirs["record"]["series"] == ours["series"]
    members = [f"net/block{i}" for i in range(3)]
    assert theirs["apart"] == ["net/block0", "net/block1", "net/block1/cell", "net/block2"]
    inside = [f"net/block ×3/{path.removeprefix('net/')}" for path in theirs["apart"]]
    assert theirs["together"] == ["net/block ×3", *inside]
    assert set(members) <= set(theirs["apart"])


@needs_node
def test_numbers_are_written_alike(tmp_path):
    rng = random.Random(5)
    numbers = [0.0, 1.0, -2.5, 1e-5, 123456.0, 1e20, -1e-300, 0.1, 99999.0, None]
    numbers += [rng.uniform(-1, 1) * 10 ** rng.randrange(-8, 9) for _ in range(200)]
    (theirs,) = in_node(tmp_path, [{"numbers": numbers}])
    assert [number(x) for x in numbers] == theirs


DIRECTIONS = pytest.mark.parametrize("direction", ["TB", "LR"])


@DIRECTIONS
@pytest.mark.parametrize("seed", range(6))
def test_boxes_do_not_overlap_and_lie_in_the_picture(seed, direction):
    record = random_graph(seed, 50)
    layout = scene(record, [], direction=direction).layout
    boxes = [box for key, box in layout.boxes.items() if not key.startswith("s:")]
    for i, (x, y, w, h) in enumerate(boxes):
        assert min(x, y) >= 0
        assert x + w <= layout.width
        assert y + h <= layout.height
        for x2, y2, w2, h2 in boxes[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


@DIRECTIONS
@pytest.mark.parametrize("seed", range(4))
def test_captions_stand_clear_of_boxes_and_of_each_other(seed, direction):
    record = random_graph(seed, 40)
    drawn = scene(record, [], direction=direction)
    rects = [
        (c.x - len(c.text) * 3, c.y - 6, c.x + len(c.text) * 3, c.y + 6)
        for c in drawn.captions
        if c
    ]
    assert rects
    rects += [(x, y, x + w, y + h) for k, (x, y, w, h) in drawn.layout.boxes.items() if k[0] != "s"]
    for i, a in enumerate(rects):
        for b in rects[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_a_node_may_be_called_like_a_scope_and_scopes_may_call_each_other():
    nodes = [
        samples.node("s:p", "p", "input"),
        samples.node("p", "first", "op", scope="p"),
        samples.node("q", "between", "op"),
        samples.node("r", "last", "op", scope="p"),
    ]
    edges = [samples.edge("s:p", "p"), samples.edge("p", "q"), samples.edge("q", "r")]
    record = graph_record(samples.graph("loop of scopes", nodes, edges))
    closed = scene(record, ["p"]).layout
    assert sorted(closed.boxes) == ["n:q", "n:s:p", "s:p"]
    assert {(line.source, line.target) for line in closed.lines} == {
        ("n:s:p", "s:p"),
        ("s:p", "n:q"),
        ("n:q", "s:p"),
    }
    assert scene(record, []).layout.boxes["n:r"]


def test_isotonic_keeps_gaps_and_stays_near():
    assert isotonic([0.0, 100.0], [10.0], [1.0, 1.0]) == [0.0, 100.0]
    assert isotonic([5.0, 0.0, 1.0], [2.0, 2.0], [1.0, 1.0, 1.0]) == [0.0, 2.0, 4.0]


def test_a_thousand_open_nodes_are_laid_out():
    record = graph_record(samples.scoped_graph(90))
    layout = scene(record, []).layout
    assert len([key for key in layout.boxes if key.startswith("n:")]) == 992


def digits_network():
    """The network of lesson 06, as a tape records it."""
    w1, b1 = mt.Variable(mt.zeros((64, 64)), name="w1"), mt.Variable(mt.zeros(64), name="b1")
    w2, b2 = mt.Variable(mt.zeros((64, 10)), name="w2"), mt.Variable(mt.zeros(10), name="b2")
    with mt.GradientTape() as tape:
        with mt.name_scope("hidden"):
            hidden = mt.maximum(mt.ones((5, 64)) @ w1 + b1, 0.0)
        with mt.name_scope("logits"):
            logits = hidden @ w2 + b2
        with mt.name_scope("cross_entropy"):
            right = mt.reduce_sum(mt.ones((5, 10)) * logits, axis=1)
            mt.reduce_mean(right - mt.reduce_logsumexp(logits, axis=1))
    return graph_record(tape)


def along(line, across):
    """Points of a drawn line, straight on at its ends as `curve` draws it."""
    if across:
        turned = replace(line, points=[(y, x) for x, y in line.points])
        yield from ((y, x) for x, y in along(turned, False))
        return
    for (x0, y0), (x1, y1) in itertools.pairwise(line.points):
        for i in range(41):
            t = i / 40
            bow, s = 1.5 * t * (1 - t), t * t * (3 - 2 * t)
            yield x0 + (x1 - x0) * s, y0 * ((1 - t) ** 3 + bow) + y1 * (t**3 + bow)


def inside(point, box, edge=1.0):
    (px, py), (x, y, w, h) = point, box
    return x + edge < px < x + w - edge and y + edge < py < y + h - edge


@DIRECTIONS
@pytest.mark.parametrize("stepping", [False, True])
@pytest.mark.parametrize(
    "make", [digits_network, lambda: samples.scoped_graph(2), lambda: samples.shared_leaf(20)]
)
def test_lines_keep_out_of_other_boxes_and_of_the_names_of_scopes(make, stepping, direction):
    record = graph_record(make())
    drawn = scene(record, [], stepping, direction)
    layout = drawn.layout
    home = {node["id"]: scope_prefixes(node["scope"]) for node in record["nodes"]}
    for line in layout.lines:
        allowed = {line.source, line.target}
        for end in (line.source, line.target):
            ends = home[node_of(line.target if end[0] == "u" else end)]
            allowed |= {"s:" + path for path in ends}
        for point in along(line, drawn.across):
            crossed = [key for key, box in layout.boxes.items() if inside(point, box)]
            assert set(crossed) <= allowed, (line.source, line.target, point)
            for path, info in layout.scopes.items():
                x, y, _, _ = layout.boxes["s:" + path]
                name = (x + info.name - 3, y, name_width(path) + 6, HEAD)
                assert not inside(point, name, 0.0), (line.source, line.target, path)
    for caption in filter(None, drawn.captions):
        for box in layout.boxes.values():
            inner = (box[0] + 2, box[1] + 2, box[2] - 4, box[3] - 4)
            middle = (caption.x, caption.y)
            assert inside(middle, inner, 0) or not inside(middle, box, 0), caption


def test_a_leaf_with_many_users_is_a_stub_beside_each_of_them():
    record = graph_record(samples.shared_leaf(13))
    layout = scene(record).layout
    stubs = [key for key in layout.boxes if key.startswith("u:")]
    assert sorted(stubs) == sorted(f"u:{i}:k" for i in range(13))
    assert "n:k" not in layout.boxes
    assert "n:x" in layout.boxes
    targets = {line.target: line.source for line in layout.lines if line.source in stubs}
    assert len(targets) == 13
    for target, stub in targets.items():
        (x, y, w, _), (x2, y2, w2, h2) = layout.boxes[target], layout.boxes[stub]
        assert abs(x + w / 2 - x2 - w2 / 2) < 250
        assert y2 + h2 < y
        assert y - y2 < 80
    closed = scene(record, ["part0", "part1", "part2"]).layout
    assert "n:k" in closed.boxes, "few boxes are to be seen"


@pytest.mark.parametrize(("count", "pinned"), [(12, []), (4, []), (13, ["k"])])
def test_small_pictures_few_users_and_a_pin_keep_a_leaf_in_one_box(count, pinned):
    assert "n:k" in scene(graph_record(samples.shared_leaf(count)), [], pinned=pinned).layout.boxes


def test_from_left_to_right_rows_become_columns_and_text_stays_upright():
    record = graph_record(samples.matmul_steps()["graph"])
    down, across = scene(record).layout, scene(record, direction="LR").layout
    for key, (_, _, width, height) in down.boxes.items():
        if key.startswith("n:"):
            assert across.boxes[key][2:] == (width, height)
    ends = [across.boxes[key] for key in ("n:n0", "n:n3", "n:n4", "n:n5")]
    for (x, _, w, _), (x2, _, _, _) in itertools.pairwise(ends):
        assert x + w < x2
    for line in across.lines:
        assert line.points[0][0] < line.points[-1][0]


def test_captions_say_what_is_special_about_a_line_and_its_dtype():
    nodes = [
        samples.node("a", "a", "input", shape=[3]),
        samples.node("b", "b", "input", shape=[3]),
        samples.node("c", "a long name to make room", "op", op="select", shape=[3]),
    ]
    edges = [samples.edge("a", "c", 0, [3]), samples.edge("b", "c", 1, [3])]
    edges.append(samples.edge("b", "c", 2, [3]))
    edges[0] |= {"dtype": "bool", "marks": ["view", "broadcast"]}
    drawn = scene(graph_record(samples.graph("marks", nodes, edges)), direction="LR")
    assert [caption and caption.text for caption in drawn.captions][1] == "(3,) used 2×"
    titles = [line_title(line, edges) for line in drawn.layout.lines]
    assert titles == ["(3,) bool · broadcast · view", "(3,) float32 used 2×"]


def test_the_main_line_of_a_network_runs_straight_down():
    record = digits_network()
    boxes = scene(record).layout.boxes
    middles = {
        node["label"]: boxes["n:" + node["id"]][0] + boxes["n:" + node["id"]][2] / 2
        for node in record["nodes"]
        if node["scope"] == "hidden" and node["kind"] == "op"
    }
    assert len(middles) == 3
    assert max(middles.values()) - min(middles.values()) < 24

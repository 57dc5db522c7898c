"""Views without a browser: figures, islands, words, states, errors, and what is imported when."""

import base64
import gc
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

import minitensor_widgets
from minitensor_widgets import (
    GraphWidget,
    Island,
    StepperWidget,
    assets,
    samples,
    show,
    step,
)
from minitensor_widgets.graphs.collapse import (
    MOST_VISIBLE,
    auto_collapse,
    visible_count,
    with_parts,
)
from minitensor_widgets.graphs.records import graph_record, steps_record
from minitensor_widgets.graphs.replay import gradient_text, replay, value_text
from minitensor_widgets.graphs.scene import scene

WIDGETS = Path(minitensor_widgets.__file__).parent
STEPS = {
    "scalar": samples.scalar_steps,
    "matmul": samples.matmul_steps,
    "hostile": samples.hostile_steps,
}
VIEWERS = assets.viewers()


@pytest.fixture(autouse=True)
def interactive(monkeypatch):
    monkeypatch.delenv("MINITENSOR_DISPLAY", raising=False)


def figure_of(html):
    """The SVG inside the `<img>` of an island, parsed."""
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert data
    return ElementTree.fromstring(base64.b64decode(data[1]))


def state_of(html):
    """The state an island carries for its script."""
    data = re.search(r'await inflate\("([^"]+)"\)', html)
    assert data
    return json.loads(zlib.decompress(base64.b64decode(data[1])))


def words_in(svg):
    return ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]


# ---- figures


@pytest.mark.parametrize("make", STEPS.values(), ids=STEPS)
def test_figures_are_well_formed_and_legible(make):
    island = step(make())
    svg = ElementTree.fromstring(island.to_svg())
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == island.alt
    style = svg.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert style.text
    assert min(float(size) for size in re.findall(r"font[^;}]*?([\d.]+)px", style.text)) >= 9


def test_a_stepper_figure_shows_the_finished_pass():
    words = words_in(ElementTree.fromstring(step(samples.scalar_steps()).to_svg()))
    assert "∇ 2.584" in words
    assert "= 6.909" in words
    assert not [word for word in words if "not yet" in word]


def test_a_bias_shows_the_summed_gradient():
    words = words_in(ElementTree.fromstring(step(samples.matmul_steps()).to_svg()))
    assert "∇ [2, 2]" in words
    assert "∇ none flows here" in words


def test_lines_carry_shapes_and_long_labels_have_a_title():
    long = "a_very_long_name_for_a_variable_of_a_model"
    nodes = [samples.node("a", long, "variable", [1.0, 2.0]), samples.node("b", "sum", "op", 3.0)]
    record = samples.graph("long", nodes, [samples.edge("a", "b", 0, [2])])
    svg = show(record).to_svg()
    words = words_in(ElementTree.fromstring(svg))
    assert "(2,)" in words
    assert "a_very_long_name_for_a_va…" in words
    assert f"<title>{long}: variable, (2,) float32</title>" in svg


def test_kinds_differ_in_shape_and_in_words():
    nodes = [
        samples.node(kind, f"my {kind}", kind, 1.0, op="add" if kind == "op" else "")
        for kind in ("op", "variable", "input", "constant")
    ]
    svg = show(samples.graph("kinds", nodes, [])).to_svg()
    words = words_in(ElementTree.fromstring(svg))
    assert {"add", "variable", "input", "constant"} <= set(words)
    paths = re.findall(r'class="n \w+" d="([^"]+)"', svg)
    assert len({re.sub(r"[\d.,-]+", "", path) + path[-40:] for path in paths}) == 4


# ---- islands


def test_an_island_is_the_same_each_time_and_named_by_its_content():
    first, second = step(samples.scalar_steps()), step(samples.scalar_steps())
    assert first.to_html() == second.to_html()
    other = step(samples.matmul_steps()).to_html()
    assert first.to_html()[:24] != other[:24]
    assert re.match(r'<div id="mt[0-9a-f]{12}"', other)


def test_islands_do_not_depend_on_the_hash_seed():
    code = (
        "from minitensor_widgets import show, samples; import hashlib\n"
        "html = show(samples.scoped_graph()).to_html()\n"
        "print(hashlib.sha256(html.encode()).hexdigest())"
    )
    digests = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(WIDGETS.parent)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_a_bundle_has_html_and_text_and_no_bare_svg():
    bundle = step(samples.scalar_steps())._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert "sin sends g times cos(x) = -0.4161 to a: 1 of 2 contributions." in bundle["text/plain"]
    assert bundle["text/plain"].endswith("a = 2, ∇ 2.584\nb = 3, ∇ 2")


def test_static_mode_is_a_figure_and_nothing_else(monkeypatch):
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")
    html = show(samples.matmul_steps()["graph"])._repr_mimebundle_()["text/html"]
    assert "<script" not in html
    assert figure_of(html).tag.endswith("svg")
    widget = GraphWidget(samples.matmul_steps()["graph"])._repr_mimebundle_()
    assert widget == ({"text/html": html, "text/plain": widget[0]["text/plain"]}, {})


def test_islands_are_small():
    assert len(step(samples.scalar_steps()).to_html()) < 40_000
    assert len(show(samples.scoped_graph()).to_html()) < 80_000
    assert len(show(samples.scoped_graph(), collapsed=[]).to_html()) < 250_000


def test_heat_maps_are_thinned_rather_than_left_to_grow():
    record = samples.matmul_steps()
    random = Random(1)
    record["steps"] = record["steps"] * 20
    for i, taken in enumerate(record["steps"]):
        heat = [[random.gauss(0, 1) for _ in range(32)] for _ in range(32)]
        record["steps"][i] = {**taken, "upstream": {**samples.value(1.0), "heat": heat}}
    html = step(record).to_html()
    assert len(html) < 250_000
    assert len(state_of(html)["steps"]["steps"][0]["upstream"]["heat"]) == 11


def test_saving(tmp_path):
    island = step(samples.hostile_steps())
    island.save(tmp_path / "a.svg")
    island.save(str(tmp_path / "a.html"))
    ElementTree.parse(tmp_path / "a.svg")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert "<title>&lt;img onerror=alert(1) src=x&gt;</title>" in page
    with pytest.raises(ValueError, match=r"saved as \.svg, an interactive page as \.html"):
        island.save(tmp_path / "a.gif")


# ---- strings of others are data


def test_hostile_names_are_text_in_the_figure_and_absent_from_the_page():
    island = step(samples.hostile_steps())
    html = island.to_html()
    assert html.count("<script") == 1
    assert html.count("</script") == 1
    assert "onerror=alert" not in re.sub(r'alt="[^"]*"', "", html)
    assert "javascript:" not in re.sub(r'alt="[^"]*"', "", html)
    svg = figure_of(html)
    tags = {element.tag.split("}")[1] for element in svg.iter()}
    assert tags <= {"svg", "style", "rect", "defs", "marker", "path", "text", "g", "title"}
    assert not [name for e in svg.iter() for name in e.attrib if name.startswith("on")]
    assert any("<img onerror=alert(1)" in word for word in words_in(svg))


def test_hostile_names_travel_whole_but_unprintable_ones_are_marked():
    state = state_of(step(samples.hostile_steps()).to_html())
    graph = state["steps"]["graph"]
    assert graph["title"] == samples.HOSTILE[0]
    texts = json.dumps(state, ensure_ascii=False)
    assert "\x00" not in texts
    assert "\u202e" not in texts
    assert "�" in texts


def test_no_code_parses_markup_or_asks_the_network():
    for main in VIEWERS:
        code = assets.bundle(main)
        for word in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "new Function", "http:",
                     "fetch(", "document.write", "href", "</script", "<!--"):  # fmt: skip
            known = code.replace("http://www.w3.org/2000/svg", "")
            # Links lead to a file made in the page, or, in Markdown, where `webAddress` lets them.
            known = re.sub(r"href: ?(URL\.createObjectURL|webAddress)\(", "", known)
            assert word not in known, word


# ---- words


def test_a_graph_in_words():
    assert show(samples.matmul_steps()["graph"]).description() == (
        "loss = sum(x @ w + b) (recorded by an eager tape · 6 nodes, 5 edges)\n"
        "  1. x: input, (2, 3) float32\n"
        "  2. w: variable, (3, 2) float32, in dense\n"
        "  3. b: variable, (2,) float32, in dense\n"
        "  4. matmul: operation, (2, 2) float32, in dense, from x, w\n"
        "  5. add: operation, (2, 2) float32, in dense, from matmul, b\n"
        "  6. loss: operation reduce_sum, () float32, output, from add"
    )


def test_the_alternative_text_says_what_goes_in_and_what_comes_out():
    assert show(samples.matmul_steps()["graph"]).alt == (
        "loss = sum(x @ w + b): recorded by an eager tape · 6 nodes, 5 edges. "
        "From x, w, b to loss, through matmul, add, reduce_sum."
    )
    assert step(samples.scalar_steps()).alt.endswith("Gradients: a ∇ 2.584; b ∇ 2.")


# ---- states


def test_nothing_is_zero_before_it_is_computed():
    record = steps_record(samples.scalar_steps())
    start = replay(record, 0)
    assert value_text(start["n0"]) == "= 2"
    assert value_text(start["n2"]) == "= not yet computed"
    assert {gradient_text(state) for state in start.values()} == {"∇ not yet computed"}


def test_a_fan_out_is_partial_before_it_is_final():
    record = steps_record(samples.scalar_steps())
    at = [gradient_text(replay(record, i)["n0"]) for i in range(len(record["steps"]) + 1)]
    assert at[5:8] == ["∇ not yet computed", "∇ -0.4161 (1 of 2)", "∇ 2.584"]
    assert replay(record, 6)["n0"].state == "partial"
    assert replay(record)["n0"].state == "final"


def test_a_seed_given_as_a_contribution_counts():
    record = samples.scalar_steps()
    record["steps"][3]["sends"] = [samples.send("n4", "1", "1", 1.0, 1.0)]
    assert replay(steps_record(record), 4)["n4"].state == "final"


def test_no_gradient_for_what_no_step_reaches():
    record = steps_record(samples.matmul_steps())
    assert replay(record)["n0"].state == "none"


# ---- what is closed at first


def test_small_graphs_open_whole_and_big_ones_closed():
    assert auto_collapse(graph_record(samples.scoped_graph(2))) == []
    big = graph_record(samples.scoped_graph(18))
    closed = auto_collapse(big)
    assert closed
    assert visible_count(big, closed) <= MOST_VISIBLE <= 60


@pytest.mark.parametrize("count", [41, 200, 3000])
def test_a_long_flat_graph_is_grouped_into_parts(count):
    nodes = [samples.node(f"n{i}", "add", "op") for i in range(count)]
    edges = [samples.edge(f"n{i}", f"n{i + 1}") for i in range(count - 1)]
    record = with_parts(graph_record(samples.graph("flat", nodes, edges)))
    closed = auto_collapse(record)
    assert closed[0] == "part 1"
    assert visible_count(record, closed) <= MOST_VISIBLE
    drawn = scene(record, closed)
    assert all(line.points[-1][1] > line.points[0][1] for line in drawn.layout.lines)


# ---- what goes in


@dataclass(frozen=True)
class View:
    version: int = 1
    title: str = "from a dataclass"
    kind: str = "function"
    nodes: list = field(default_factory=list)
    edges: tuple = ()
    note: str = ""


def test_a_view_may_be_a_dataclass_a_dict_or_empty():
    assert repr(show(View())) == "Island('from a dataclass', 0 nodes, 0 edges)"
    ElementTree.fromstring(show(View()).to_svg())
    assert repr(show({"version": 1, "nodes": [{"id": "a"}], "edges": []})).endswith(
        "1 node, 0 edges)"
    )
    assert show(samples.scalar_steps()).stepping


def test_numbers_that_json_does_not_know_become_none():
    record = samples.matmul_steps()["graph"]
    record["nodes"][0]["value"] = samples.value([[float("nan"), float("inf")] * 3])
    value = show(record).graph["nodes"][0]["value"]
    assert value["heat"] == [[None] * 6]
    assert value["nans"] == 0.5
    json.dumps(show(record).graph, allow_nan=False)


@pytest.mark.parametrize(
    ("view", "error", "words"),
    [
        ({"version": 2, "nodes": [], "edges": []}, ValueError, "version 2 given; .* version 1"),
        ({"nodes": []}, TypeError, "is no view. A GraphView has version, nodes and edges"),
        (
            {"version": 1, "nodes": [{"id": "a"}, {"id": "a"}], "edges": []},
            ValueError,
            "node id 'a' is used more than once",
        ),
        (
            {"version": 1, "nodes": [{"id": "a"}], "edges": [{"source": "a", "target": "b"}]},
            ValueError,
            "'b' is used, but no node has this id. The ids are a.",
        ),
        (
            {"version": 1, "nodes": [{"id": str(i)} for i in range(5001)], "edges": []},
            ValueError,
            "5001 nodes, and the viewer reads at most 5000",
        ),
    ],
)
def test_errors_say_what_to_do(view, error, words):
    with pytest.raises(error, match=words):
        show(view)


def test_stepping_needs_a_target_or_steps():
    with pytest.raises(TypeError, match=r"needs a target: .* step\(tape, loss\)"):
        step(object())
    with pytest.raises(TypeError, match="A GraphView has no steps to walk through"):
        step(samples.scalar_steps()["graph"])


# ---- widgets


def test_widgets_hold_the_contract_and_speak_in_words():
    widget = StepperWidget(samples.scalar_steps(), step=4)
    assert widget.steps["graph"]["nodes"][0]["label"] == "a"
    assert widget.step == 4
    assert repr(widget) == "StepperWidget('y = a * b + sin(a)', 5 nodes, 5 edges, 9 steps)"
    bundle, _ = widget._repr_mimebundle_()
    assert bundle["text/plain"].startswith("y = a * b + sin(a) (recorded by an eager tape")
    assert "0x" not in bundle["text/plain"]
    assert "image/svg+xml" not in bundle
    widget.step = 99
    assert widget.step == 9
    widget.step = -1
    assert widget.step == 0


def test_a_widget_freezes_into_an_island_at_its_present_state():
    widget = StepperWidget(samples.matmul_steps())
    widget.step, widget.selected, widget.collapsed = 5, "n3", ["dense"]
    state = state_of(widget.island().to_html())
    assert (state["step"], state["selected"], state["collapsed"]) == (5, "n3", ["dense"])
    graph = GraphWidget(samples.matmul_steps()["graph"], collapsed=["dense"])
    assert "dense (4)" in graph.to_svg()


def test_a_record_given_later_is_checked_too():
    widget = GraphWidget(samples.scalar_steps()["graph"])
    widget.graph = {"version": 1, "nodes": [{"id": "a"}], "edges": []}
    assert widget.graph["nodes"][0]["label"] == "a"
    with pytest.raises(TypeError, match="is no view"):
        widget.graph = {"nodes": []}


def test_python_can_watch_and_link_the_traits():
    from traitlets import link

    graph = GraphWidget(samples.scalar_steps()["graph"])
    stepper = StepperWidget(samples.scalar_steps())
    link((graph, "selected"), (stepper, "selected"))
    graph.selected = "n3"
    assert stepper.selected == "n3"


def test_the_code_of_a_widget_is_a_small_string():
    most = {"graphs/stepper": 27_100}  # over the bar of 25 kB: see benchmarks/NOTES.md
    for main in VIEWERS:
        shell, *parts = main.split("+")  # a dashboard carries the panes that it needs
        for one in [f"{shell}+{part}" for part in parts] or [main]:
            assert len(assets.esm(one)) < most.get(one, 25_000), one


def test_a_closed_widget_leaves_nothing_with_jupyter():
    from ipywidgets.widgets.widget import _instances

    before = len(_instances)
    widget = GraphWidget(samples.scalar_steps()["graph"])
    widget.close()
    widget.close()
    assert len(_instances) == before


def test_a_widget_that_was_never_made_says_only_why():
    with pytest.raises(TypeError, match="has no graph"):
        GraphWidget(5)
    gc.collect()  # a second error, of the half-made widget, would be a warning here


# ---- what is imported when


def test_showing_needs_no_anywidget():
    code = (
        "import sys; sys.modules['anywidget'] = None\n"
        "import minitensor_widgets as w\n"
        "from minitensor_widgets import samples\n"
        "w.step(samples.scalar_steps())._repr_mimebundle_()\n"
        "assert not {'ipywidgets', 'numpy', 'minitensor'} & set(sys.modules)\n"
        "try: w.GraphWidget\n"
        "except ModuleNotFoundError as error: print(error)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(WIDGETS.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert 'Run: pip install "minitensor[widgets]"' in done.stdout


def test_public_names():
    for name in minitensor_widgets.__all__:
        assert getattr(minitensor_widgets, name).__name__ == name
    assert dir(minitensor_widgets) == minitensor_widgets.__all__
    assert minitensor_widgets.Island is Island
    with pytest.raises(AttributeError, match="has no attribute 'graph'"):
        _ = minitensor_widgets.graph

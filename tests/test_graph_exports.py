"""Graphs in other formats: JSON, DOT, Mermaid, PNG and PDF, with strings that try to break out."""

import html
import json
import re
import struct
import subprocess
import sys
from shutil import which

import pytest

import minitensor as mt
from minitensor_widgets import Difference, DifferenceWidget, difference, samples, show, step
from minitensor_widgets.graphs.collapse import (
    MOST_VISIBLE,
    auto_collapse,
    visible_count,
    with_parts,
)
from minitensor_widgets.graphs.outline import outline

needs_dot = pytest.mark.skipif(which("dot") is None, reason="Graphviz's program dot is missing")
NESTED = {
    "version": 1,
    "title": "a net",
    "kind": "function",
    "nodes": [
        {"id": "x", "label": "x", "kind": "input", "shape": [2, None], "dtype": "float32"},
        {"id": "w", "label": "w", "kind": "variable", "scope": "net/a", "shape": [3]},
        {"id": "m", "label": "mul", "op": "multiply", "scope": "net/a", "shape": [2, 3]},
        {"id": "s", "label": "s", "op": "sum", "scope": "net/b", "output": True, "shape": [],
         "no_grad": "stop_gradient", "change": "changed", "changes": ["axis 0 → 1"],
         "doc": "Adds up.", "source": {"file": "cell", "line": 3, "text": "s = sum(m)"}},
        {"id": "g", "label": "g", "op": "tile", "scope": "gradients", "shape": [2, 3]},
    ],
    "edges": [
        {"source": "x", "target": "m", "slot": 0, "shape": [2, None], "dtype": "float32"},
        {"source": "w", "target": "m", "slot": 1, "shape": [3], "marks": ["broadcast"]},
        {"source": "m", "target": "s", "slot": 0, "shape": [2, 3]},
        {"source": "s", "target": "g", "slot": 0, "shape": []},
    ],
    "closed": ["net/a"],
}  # fmt: skip


def hostile():
    """A graph whose every string tries to be markup, or to end the string that it stands in."""
    bad = iter(
        [*samples.HOSTILE, '"]; x [label="', '\\" -> \\N\n}', "#quot;`end` | &quot;", "%%{x"] * 20
    )
    graph = samples.hostile_steps()["graph"]
    for edge in graph["edges"]:
        edge.update(dtype=next(bad), marks=[next(bad)])
    for node in graph["nodes"]:
        node.update({name: next(bad) for name in ("label", "doc", "dtype", "no_grad", "change")})
        node.update(scope=next(bad).replace("/", ""), changes=[next(bad)])
    return show({**graph, "title": next(bad)})


def test_json_can_be_shown_again():
    island = show(NESTED)
    again = show(json.loads(island.to_json()))
    assert again.to_svg() == island.to_svg()
    assert again.record == island.record
    steps = step(samples.matmul_steps())
    assert step(json.loads(steps.to_json())).record == steps.record
    assert json.loads(hostile().to_json())["nodes"]


# ---- DOT


def drawn_by_dot(text):
    """What Graphviz read: its own JSON."""
    made = subprocess.run(
        ["dot", "-Tjson"], input=text.encode(), capture_output=True, check=True
    )  # fmt: skip
    assert not made.stderr
    return json.loads(made.stdout)


def labels_of(read):
    return [html.unescape(item["label"]).replace("\\n", "\n") for item in read["objects"]]


@needs_dot
def test_dot_has_a_cluster_for_each_scope_and_says_kinds_marks_and_lines():
    read = drawn_by_dot(show(NESTED).to_dot())
    boxes = [item for item in read["objects"] if not item["name"].startswith("cluster")]
    assert read["label"] == "a net"
    assert {item["label"] for item in read["objects"]} - {item["label"] for item in boxes} == {
        "net", "a", "b", "∇ gradients",
    }  # fmt: skip
    shapes = {item["label"].split("\\n")[0]: item["shape"] for item in boxes}
    assert shapes == {"x": "hexagon", "w": "cylinder", "mul": "box", "≠ s": "box", "g": "box"}
    [total] = [item for item in boxes if "≠ s" in item["label"]]
    assert total["label"] == "≠ s\\nsum\\n()\\nno gradient: stop_gradient\\naxis 0 → 1"
    assert total["tooltip"] == "Adds up.\\ncell:3: s = sum(m)"
    assert "dashed" in total["style"]
    assert total["peripheries"] == "2"
    assert [edge["label"] for edge in read["edges"]][1] == "(3,), broadcast"


@needs_dot
def test_dot_draws_closed_scopes_as_one_box_when_asked():
    read = drawn_by_dot(show(NESTED).to_dot(whole=False))
    assert "a (2)" in [item["label"] for item in read["objects"]]
    assert len([i for i in read["objects"] if not i["name"].startswith("cluster")]) == 4
    assert len(read["edges"]) == 3


@needs_dot
def test_hostile_strings_are_text_to_graphviz():
    island = hostile()
    read = drawn_by_dot(island.to_dot())
    nodes = [label for label in labels_of(read) if "no gradient: " in label]
    assert len(nodes) == len(island.graph["nodes"])
    for label, node in zip(nodes, island.graph["nodes"], strict=True):
        plain = re.sub(r"\s+", "", label.replace("\\\\", "\\"))
        for words in (node["label"], node["no_grad"], node["changes"][0]):
            assert re.sub(r"\s+", "", words) in plain


@needs_dot
def test_a_digraph_of_the_package_graphviz_draws_the_same():
    pytest.importorskip("graphviz")
    island = show(NESTED)
    digraph = island.to_graphviz()
    ours, theirs = drawn_by_dot(island.to_dot()), drawn_by_dot(digraph.source)
    assert theirs["objects"] == ours["objects"]
    digraph.attr(rankdir="LR")
    assert b"<svg" in digraph.pipe(format="svg")


# ---- Mermaid

NAME, QUOTED = r"[ns]\d+", r'"[^"<>`|\\{}&]*"'
LINES = [
    r"flowchart TD",
    rf"subgraph {NAME}\[{QUOTED}\]",
    r"end",
    rf"{NAME} (-->|-\.->)(\|{QUOTED}\|)? {NAME}",
    r"classDef [a-z]+ [a-z0-9:#,\- ]+",
    rf"class {NAME}(,{NAME})* [a-z]+",
]


def texts_in(mermaid):
    """The texts between quotes, with entities read."""
    found = re.findall(r'"([^"]*)"', mermaid)
    return [re.sub(r"#(\d+);", lambda m: chr(int(m[1])), text) for text in found]


def check_mermaid(text):
    """Each line is of one of the forms that Mermaid's flowcharts know; texts cannot end early."""
    label = r'"([^"<>`|\\{}&]|<br/>)*"'
    brackets = [(r"\[", r"\]"), (r"\[\(", r"\)\]"), (r"\{\{", r"\}\}"), (r"\[/", r"\\\]"),
                (r"\[\[", r"\]\]")]  # fmt: skip
    forms = [*LINES, *(rf"{NAME}{left}{label}{right}" for left, right in brackets)]
    for line in text.strip().split("\n"):
        assert any(re.fullmatch(form, line.strip()) for form in forms), line
    assert text.count("subgraph ") == len(re.findall(r"^ *end$", text, re.MULTILINE))


def test_mermaid_has_a_subgraph_for_each_scope_and_a_class_for_each_kind():
    text = show(NESTED).to_mermaid()
    check_mermaid(text)
    assert 'n0{{"x<br/>input<br/>(2, ?) float32"}}' in text
    assert 'n1 -.->|"(3,), broadcast"| n2' in text
    assert "class n4 backward" in text
    assert "class n3 changed" in text
    assert "class n3 silent" in text
    assert text.count("subgraph ") == 4


def test_hostile_strings_are_text_to_mermaid():
    island = hostile()
    text = island.to_mermaid()
    check_mermaid(text)
    assert "<img" not in text
    assert "script>" not in text
    words = " ".join(texts_in(text))
    for node in island.graph["nodes"]:
        for string in (node["label"], node["no_grad"], node["changes"][0]):
            assert " ".join(string.split()) in " ".join(words.replace("<br/>", " ").split())


def test_mermaid_closes_scopes_where_the_whole_would_be_refused():
    nodes = [{"id": f"n{i}", "label": f"a{i}", "op": "add", "scope": f"part_{i // 50}"}
             for i in range(600)]  # fmt: skip
    edges = [{"source": f"n{i}", "target": f"n{i + 1}"} for i in range(599)]
    island = show({"version": 1, "nodes": nodes, "edges": edges})
    assert island.to_mermaid().count("-->") == 11
    assert island.to_mermaid(whole=True).count("-->") == 599
    assert (
        island.to_mermaid().count('[["part#95;' if "#95;" in island.to_mermaid() else '[["part_')
        == 12
    )


def test_names_of_boxes_are_never_strings_of_the_record():
    drawn = outline({**NESTED, "nodes": show(NESTED).graph["nodes"], "edges": []})
    assert [box.name for box in drawn.root.boxes] == ["n0"]


# ---- files


def test_files_of_each_ending(tmp_path):
    island = show(NESTED)
    for ending, begins in ((".json", b"{"), (".dot", b'digraph "a net"'), (".svg", b"<svg"),
                           (".mmd", b"flowchart TD"), (".html", b"<!doctype html>")):  # fmt: skip
        island.save(tmp_path / f"graph{ending}")
        assert (tmp_path / f"graph{ending}").read_bytes().startswith(begins)
    with pytest.raises(ValueError, match=r"other endings are \.png, \.json, \.dot, \.mmd, \.pdf"):
        island.save(tmp_path / "graph.bmp")


@needs_dot
def test_a_pdf_is_drawn_by_graphviz(tmp_path):
    hostile().save(tmp_path / "graph.pdf")
    assert (tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF")


def test_what_is_not_installed_is_a_lesson(monkeypatch, tmp_path):
    island = show(NESTED)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ImportError, match="pip install resvg_py"):
        island.to_png()
    with pytest.raises(ImportError, match="pip install graphviz"):
        island.to_graphviz()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ImportError, match="program dot, which was not found"):
        island.save(tmp_path / "graph.pdf")


def test_a_png_has_the_size_of_the_figure_times_the_scale(tmp_path):
    pytest.importorskip("resvg_py")
    island = show(NESTED)
    width = float(re.search(r'width="(\d+)"', island.to_svg())[1])
    for scale in (1, 2):
        picture = island.to_png(scale)
        assert picture[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">I", picture[16:20])[0] == pytest.approx(width * scale, abs=1)
    step(samples.hostile_steps()).save(tmp_path / "steps.png")
    with pytest.raises(ValueError, match=r"a scale from 0\.1 to 8"):
        island.to_png(0)


# ---- what is closed at first


def numbered(count, scope=lambda i: ""):
    return [{"id": f"n{i}", "label": f"a{i}", "scope": scope(i)} for i in range(count)]


def test_what_the_record_closes_is_closed_even_where_all_fits():
    record = show(NESTED).record
    assert auto_collapse(record) == ["net/a"]
    assert show(NESTED).collapsed == ["net/a"]
    assert show(NESTED, collapsed=[]).collapsed == []


def test_the_members_of_a_long_series_are_closed_too():
    nodes = numbered(100, lambda i: f"net/block ×10/block_{i // 10}")
    members = [f"block_{i}" for i in range(10)]
    path = "net/block ×10"
    record = {"nodes": nodes, "closed": [path],
              "series": [{"label": "block ×10", "path": path, "members": members}]}  # fmt: skip
    closed = auto_collapse(record)
    assert closed == [path, *(f"{path}/{name}" for name in members)]
    assert visible_count(record, closed) == 1
    assert visible_count(record, closed[1:]) == 10


@pytest.mark.parametrize("count", [41, 600, 4000])
def test_a_flat_graph_is_grouped_so_that_few_boxes_are_seen(count):
    record = with_parts({"nodes": numbered(count), "closed": [], "series": []})
    assert visible_count(record, auto_collapse(record)) <= MOST_VISIBLE


def test_parts_keep_what_is_closed_and_what_repeats():
    nodes = numbered(60) + [{"id": "z", "scope": "net/a"}]
    series = [{"label": "a", "path": "net", "members": ["a"]}]
    record = with_parts({"nodes": nodes, "closed": ["net"], "series": series})
    home = record["nodes"][-1]["scope"]
    assert home.endswith("/net/a")
    assert record["closed"] == [home.removesuffix("/a")]
    assert record["series"][0]["path"] == home.removesuffix("/a")


def test_a_graph_of_more_than_5000_nodes_is_refused():
    with pytest.raises(ValueError, match="has 5001 nodes, and the viewer reads at most 5000"):
        show({"version": 1, "nodes": numbered(5001), "edges": []})


# ---- differences


def two_functions():
    @mt.function
    def one(x):
        return mt.sin(x) * 2.0

    @mt.function
    def two(x):
        return mt.cos(mt.sin(x)) * 2.0

    one(mt.ones(3))
    two(mt.ones(3))
    return one, two


def test_a_difference_says_how_much_changed_and_lists_it():
    one, two = two_functions()
    found = difference(one, two)
    assert repr(found) == (
        "Difference('Difference: one → two', 1 added, 0 removed, 1 changed, 3 the same)"
    )
    assert found.alt == (
        "Difference: one → two. 1 added, 0 removed, 1 changed, 3 the same: added Cos, changed mul."
    )
    lines = found.description().split("\n")
    assert lines[1].strip().startswith("1. + Cos: operation")
    assert "input 0 Sin → Cos" in lines[2]
    assert difference(one, one).description().endswith("Nothing is different.")
    assert "Cos" in found.to_dot()
    assert "added" in found.to_mermaid()


def test_a_difference_is_shown_again_from_its_record():
    one, two = two_functions()
    found = difference(one, two)
    again = Difference(json.loads(found.to_json()))
    assert again.record == found.record
    assert again.to_html(static=True) == found.to_html(static=True)


def test_a_difference_as_a_widget_gives_the_same_island():
    one, two = two_functions()
    widget = DifferenceWidget(one, two, selected="n1")
    island = widget.island()
    assert isinstance(island, Difference)
    assert island.record == difference(one, two).record
    assert island.selected == "n1"
    widget.close()


def test_hostile_strings_of_both_graphs_are_text():
    record = samples.hostile_steps()["graph"]
    *nodes, last = record["nodes"]
    edges = [edge for edge in record["edges"] if edge["target"] != last["id"]]
    less = {**record, "nodes": nodes, "edges": edges}
    page = difference(record, less).to_html(static=False)
    assert page.count("<script") == 1
    assert "onerror=alert" not in re.sub(r'alt="[^"]*"', "", page)

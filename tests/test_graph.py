"""A tape's record as a graph: its names, inputs and constants, as text and for Graphviz."""

from __future__ import annotations

import html
import re
import shutil
import sys
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.ir import Graph, SourceLine

pytestmark = pytest.mark.usefixtures("every_record_is_large")


def model() -> tuple[Any, Any, Any, Any]:
    w, x = mt.Variable([[1.0], [2.0]], name="w"), mt.constant([[3.0, 4.0]])
    with mt.GradientTape() as tape:
        tape.watch(x)
        with mt.name_scope("dense"):
            y = mt.matmul(x, w) + [0.5]
        y = mt.square(y, name="squared") * 2.0
    return tape, x, w, y


TEXT = """\
graph(x0: float32[1, 2], w: float32[2, 1])
  read_variable: float32[2, 1] = read_variable(w)   # test_graph.py:{0}
  dense/
    matmul:      float32[1, 1] = matmul(x0, read_variable)
    add:         float32[1, 1] = add(dense/matmul, [0.5])
  squared:       float32[1, 1] = square(dense/add)  # test_graph.py:{1}
  multiply:      float32[1, 1] = multiply(squared, 2.0)
  return multiply"""
FIRST = model.__code__.co_firstlineno


@pytest.mark.parametrize("released", [False, True])
def test_a_graph_is_readable_as_text(released: bool) -> None:
    tape, x, _, y = model()
    if released:
        tape.gradient(y, x)
        assert tape.nodes == []
    text = TEXT.replace("[0.5]", "constant float32[1]") if released else TEXT
    assert str(tape.graph()) == text.format(FIRST + 5, FIRST + 6)


@pytest.mark.parametrize("released", [False, True])
def test_inputs_outputs_and_constants(released: bool) -> None:
    tape, x, w, y = model()
    if released:
        tape.gradient(y, x)
    graph = tape.graph()
    assert isinstance(graph, Graph)
    assert [v is u for v, u in zip(graph.inputs, [x, w], strict=True)] == [True, True]
    assert graph.outputs[0] is y
    assert (len(graph), len(graph.constants), graph.kind) == (5, 2, "tape")
    assert graph.node_of(y).op.name == "multiply"
    assert graph.node_of(x) is None
    assert graph.name_of(graph.constants[1]) == "2.0"
    assert repr(graph) == "<Graph of a tape: 5 nodes, 2 inputs>"
    assert [node.scope for node in graph] == ["", "dense", "dense", "", ""]
    assert graph.nodes[3].name == "squared"


def test_values_that_are_gone_have_shapes_from_the_ops_rules() -> None:
    x = mt.Variable(np.ones((2, 3), np.float32))

    def f(v: Any) -> Any:
        parts = mt.split(mt.concat([v, mt.ones([1, 3])], axis=0), 3)
        mask = mt.boolean_mask(parts[0], parts[0] > 0.0)
        return mt.reduce_sum(mt.cast(mask, mt.float64)) + mt.cast(parts[2][0, 0], mt.float64)

    with mt.GradientTape() as tape:
        y = f(x)
    before = plain(tape.graph())
    tape.gradient(y, x)
    lines = plain(tape.graph()).splitlines()
    assert len(lines) == len(before.splitlines())
    for old, new in zip(before.splitlines(), lines, strict=True):
        pattern = re.escape(new).replace(re.escape("?"), r"\d+")
        assert re.fullmatch(pattern, old), (old, new)
    assert "[3, 3]" in "".join(lines)


def plain(graph: Graph) -> str:
    """The text without columns and constants' values."""
    found = re.sub(r"(?<=\S) +", " ", str(graph))
    return re.sub(r"constant \w+\[.*?\]|\[\[.*?\]\]|\d+\.\d+", "value", found)


def test_names_are_unique_also_when_a_learner_numbers_them() -> None:
    x = mt.Variable(1.0, name="a_1")
    with mt.GradientTape() as tape:
        for name in ("a", "a", "a_1", "A"):
            mt.square(x, name=name)
    names = [tape.graph().name_of(node).lower() for node in tape.graph()]
    assert len({*names, "a_1"}) == 6


def test_nodes_know_the_line_that_ran_them() -> None:
    x = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        x * x  # the line
    source = tape.graph().nodes[-1].source
    assert isinstance(source, SourceLine)
    assert source.text == "x * x  # the line"
    assert str(source) == f"test_graph.py:{source.line}: x * x  # the line"


def test_what_is_inside_of_a_node_stands_below_it() -> None:
    w, large = mt.Variable([1.0, 2.0], name="w"), mt.ones([200])

    @mt.function
    def f(x: Any) -> Any:
        with mt.name_scope("block"):
            y = mt.cond(mt.reduce_any(x > 0.0), lambda: x * w, lambda: -x)
            y = y[0] * large
        w.assign(x)
        return y

    lines = str(f.get_concrete_function(mt.TensorSpec([2])).graph).splitlines()
    assert lines[0] == "function f(x: float32[2])"
    assert lines[1] == "  variables: w: float32[2]"
    assert lines[2] == "  captures: block/mul/y: float32[200]"
    assert lines[3] == "  block/"
    texts = [re.sub(r"(?<=\S) +", " ", line.partition("  #")[0].rstrip()) for line in lines]
    start = next(i for i, line in enumerate(texts) if line.startswith("    cond:"))
    assert texts[start : start + 7] == [
        "    cond: float32[2] = cond(block/Any, x, block/ReadVariableOp)",
        "      true(x: float32[2], mul/ReadVariableOp: float32[2])",
        "        mul: float32[2] = multiply(x, mul/ReadVariableOp)",
        "        return mul",
        "      false(x: float32[2], block/ReadVariableOp: float32[2])",
        "        Neg: float32[2] = negative(x)",
        "        return Neg",
    ]
    assert "  AssignVariableOp: = assign_variable(w, x)" in texts
    assert len({line.index(" = ") for line in lines if " = " in line}) == 1
    assert sum("# test_graph.py:" in line for line in lines) >= 3


# Graphviz


def test_the_drawing_has_a_shape_for_each_kind_and_a_box_for_each_scope() -> None:
    tape, *_ = model()
    source = tape.graph().to_graphviz(rankdir="LR").source
    assert "graph [rankdir=LR]" in source
    assert re.search(r"n\d+ \[label=w shape=cylinder\]", source)
    assert re.search(r"n\d+ \[label=x0 shape=ellipse\]", source)
    assert re.search(r'n\d+ \[label="2.0" shape=plaintext\]|n\d+ \[label=2.0 shape=pl', source)
    assert re.search(r"label=matmul peripheries=1 shape=box style=rounded", source)
    assert re.search(r'label="squared\nsquare" peripheries=1', source)
    assert re.search(r"label=multiply peripheries=2", source)
    box = re.search(r"subgraph cluster_1 \{(.*?)\}", source, re.DOTALL).group(1)
    assert "label=dense" in box
    assert re.findall(r"label=(matmul|add|square)\b", box) == ["matmul", "add"]
    assert source.count("->") == 8
    assert '[label="float32[2, 1]"]' in source
    assert 'tooltip="test_graph.py:' in source


def test_scopes_nest_and_results_of_one_op_are_told_apart() -> None:
    x = mt.Variable([1.0, 2.0])
    with mt.GradientTape() as tape, mt.name_scope("a"):
        with mt.name_scope("b"):
            first, second = mt.split(x, 2)
        first * second
    source = tape.graph().to_graphviz().source
    assert re.search(r"subgraph cluster_1 \{.*?label=a.*?subgraph cluster_2 \{.*?label=b", source,
                     re.DOTALL)  # fmt: skip
    assert '[label="float32[1]"]' in source
    assert '[label="1: float32[1]"]' in source


def test_a_learner_s_names_are_data() -> None:
    names = ["<b>bold</b>", 'quo"te', "back\\nslash", "n0:port", "digraph", "->", "html <", "%20"]
    for name in names:
        x = mt.Variable(1.0, name=name)
        with mt.GradientTape() as tape:
            mt.square(x)
        drawing = tape.graph().to_graphviz()
        if shutil.which("dot"):
            svg = html.unescape(drawing.pipe(format="svg", encoding="utf-8"))
            assert f">{name}</text>" in svg


@pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot")
def test_it_draws() -> None:
    tape, *_ = model()
    svg = tape.graph().to_graphviz().pipe(format="svg", encoding="utf-8")
    assert svg.count('class="node"') == 9
    assert tape.graph().to_graphviz()._repr_mimebundle_()["image/svg+xml"].startswith("<?xml")


def test_without_the_program_an_error_says_what_to_install(monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    drawing = model()[0].graph().to_graphviz()
    for draw in (drawing.pipe, lambda: drawing.render(tmp_path / "graph")):
        with pytest.raises(mt.errors.UnavailableError) as caught:
            draw()
        assert str(caught.value).startswith(
            "graph.to_graphviz: got a graph to draw. The program `dot` was not found."
        )
        assert "apt install graphviz" in str(caught.value)


def test_without_the_package_an_error_names_the_extra(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ImportError, match=r"graph.to_graphviz: .*minitensor\[graphviz\]"):
        model()[0].graph().to_graphviz()

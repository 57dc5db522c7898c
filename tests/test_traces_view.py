"""Views of traced functions: their graphs, their cache, and what the passes made of them."""

from __future__ import annotations

import base64
import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
import zlib
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.function import Function
from minitensor.views import graph_view, passes_view, to_json, traces_view
from minitensor_widgets import PassesWidget, TracesWidget, passes, samples, show, step, traces
from minitensor_widgets.graphs.collapse import auto_collapse, with_parts
from minitensor_widgets.samples import edge, graph, node


def training_step() -> tuple[Any, Any, Any]:
    """A step of descent in a function, and what it is called with."""
    w = mt.Variable(np.ones((3, 2), np.float32), name="w")
    bias = mt.constant([1.0, 2.0])

    @mt.function
    def descend(x, t):
        with mt.GradientTape() as tape:
            with mt.name_scope("dense"):
                h = mt.nn.relu(x @ w)
            loss = mt.reduce_mean((h + bias - t) ** 2.0)
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    return descend, mt.constant(np.ones((4, 3), np.float32)), mt.constant(np.ones((4, 2), "f"))


READ = "read_variable"


def by_label(view: Any) -> dict[str, Any]:
    return {item.label: item for item in reversed(view.nodes)}


# ---- graphs


def test_a_traced_graph_has_shapes_and_no_values_but_constants() -> None:
    descend, x, t = training_step()
    descend(x, t)
    view = graph_view(descend)
    assert view.kind == "function"
    assert view.title.startswith("descend(")
    assert "float32[4, 3]" in view.title
    for item in view.nodes:
        assert (item.value is not None) == (item.kind == "constant"), item
    nodes = by_label(view)
    product = next(item for item in view.nodes if item.op == "matmul")
    assert (product.shape, product.scope, nodes["x"].shape) == ([4, 2], "dense", [4, 3])
    assert product.source.text == "h = mt.nn.relu(x @ w)"
    assert [item.op for item in view.nodes if item.output] == ["reduce_mean"]


def test_what_is_no_symbol_is_a_leaf_with_its_own_name() -> None:
    descend, x, t = training_step()
    descend(x, t)
    nodes = by_label(graph_view(descend))
    assert (nodes["w"].kind, nodes["w"].value) == ("variable", None)
    assert "read anew each time" in nodes["w"].doc
    assert nodes["0.1"].kind == "constant"
    assert nodes["0.1"].value.text == "0.1"
    captured = [item for item in nodes.values() if "from outside" in item.doc]
    assert [item.value.text for item in captured] == [["1", "2"]]


def test_the_learners_names_are_used_for_what_a_trace_took_from_outside() -> None:
    offset = mt.constant([1.0, 2.0])

    @mt.function
    def shift(x):
        return x + offset

    shift(mt.constant([3.0, 4.0]))
    assert by_label(graph_view(shift))["offset"].kind == "constant"


def test_gradients_are_a_group_of_their_own() -> None:
    descend, x, t = training_step()
    descend(x, t)
    view = graph_view(descend)
    inside = [item for item in view.nodes if item.scope == "gradients"]
    assert "matmul" in {item.op for item in inside}
    assert any(item.kind == "constant" for item in inside), "constants stand beside their use"
    figure = show(view, collapsed=[]).to_svg()
    assert "▾ ∇ gradients" in figure
    assert 'class="sc bk"' in figure
    assert 'class="n op bk"' in figure
    assert "▸ ∇ gradients (" in show(view, collapsed=["gradients"]).to_svg()


def test_other_figures_do_not_know_of_backward_passes() -> None:
    nodes = [node("a", "a", "input", 1.0), node("b", "sin", "op", 1.0, scope="part")]
    assert "bk" not in show(graph("plain", nodes, [edge("a", "b")])).to_svg()


def test_backward_passes_are_closed_before_the_learners_own_scopes() -> None:
    record = {"nodes": [{"id": str(i), "scope": "gradients" if i > 30 else "dense"}
                        for i in range(60)]}  # fmt: skip
    assert auto_collapse(record) == ["gradients"]


def test_a_variable_is_read_anew_after_it_was_written() -> None:
    v = mt.Variable(1.0, name="v")

    @mt.function
    def twice():
        before = v * 2.0
        v.assign(before)
        return v + before

    view = graph_view(twice.get_concrete_function())
    labels = [item.label for item in view.nodes]
    assert labels.count("v") == 1
    assert len([item for item in view.nodes if item.op == "read_variable"]) == 1
    assert len([item for item in view.nodes if item.op == "assign_variable"]) == 1


def test_graphs_inside_nodes_are_told_in_the_details() -> None:
    @mt.function
    def inner(x):
        return mt.tanh(x) * x * 2.0

    @mt.function
    def outer(x):
        return inner(x) + 1.0

    outer(mt.constant([1.0, 2.0]))
    view = graph_view(outer)
    calls = [item for item in view.nodes if any(key.startswith("inside") for key in item.attrs)]
    assert len(calls) == 1
    (text,) = (value for key, value in calls[0].attrs.items() if key.startswith("inside"))
    assert text == "3 operations: tanh, 2 × multiply"


def test_a_call_on_a_tape_tells_what_it_called() -> None:
    v = mt.constant(2.0)
    cube = mt.function(lambda x: x * x * x)
    with mt.GradientTape() as tape:
        tape.watch(v)
        y = cube(v) + 1.0
    called = by_label(graph_view(tape))
    texts = [text for item in called.values() for text in item.attrs.values()]
    assert "2 operations: 2 × multiply" in texts
    assert "gradient with respect to v is 12" in step(tape, y).description()


def test_branches_and_loops_say_which_graph_is_which() -> None:
    @mt.function
    def steered(x):
        y = x * 2.0 + 1.0 if x > 0.0 else -x
        while y > 1.0:
            y = y / 2.0
        return y

    steered(mt.constant(3.0))
    inside = {item.op: list(item.attrs) for item in graph_view(steered).nodes if item.attrs}
    assert inside["cond"] == ["inside if true", "inside if false"]
    assert inside["while_loop"][:2] == ["inside condition", "inside body"]


def test_an_argument_that_is_returned_and_one_that_is_not_used() -> None:
    @mt.function
    def first(x, unused):
        return x

    first(mt.constant([1.0]), mt.constant(2.0))
    view = graph_view(first)
    assert [(item.kind, item.shape) for item in view.nodes][:2] == [("input", [1]), ("input", [])]
    assert any(item.output for item in view.nodes)
    show(view).to_svg()


def test_a_view_of_a_trace_is_plain_data() -> None:
    descend, x, t = training_step()
    descend(x, t)
    json.dumps(to_json(graph_view(descend)), allow_nan=False)


def test_a_function_without_a_trace_says_what_to_do() -> None:
    @mt.function
    def never(x):
        return x

    with pytest.raises(ValueError, match=r"call never once, or pass never\.get_concrete_function"):
        show(never)
    with pytest.raises(TypeError, match="has no graph"):
        show(3)


def test_a_backward_pass_is_no_part_of_another() -> None:
    scopes = [""] * 50 + ["gradients"] * 30 + [""] * 50
    record = {"nodes": [{"id": str(i), "scope": scope} for i, scope in enumerate(scopes)]}
    parts = [item["scope"] for item in with_parts(record)["nodes"]]
    assert list(dict.fromkeys(parts)) == [
        "part 1", "part 2", "part 3", "gradients", "part 4", "part 5", "part 6"
    ]  # fmt: skip
    assert [parts.count(name) for name in ("part 3", "gradients", "part 4")] == [10, 30, 20]


# ---- the cache


class Traced(Function):
    """A function whose record of traces is given."""

    def __init__(self, *traces: Any) -> None:
        super().__init__(lambda x: x, None, {"autograph": False, "reduce_retracing": False})
        self.__name__ = "scale"
        self._given = list(traces)

    @property
    def traces(self) -> Any:
        return self._given


def one(number: int, text: str, calls: int, **fields: Any) -> SimpleNamespace:
    rest = {"seconds": 0.5, "nodes": 2, "bytes": 100 * number, "differs": [], "fix": ""}
    return SimpleNamespace(number=number, signature=[("x", text)], calls=calls, **rest | fields)


def test_a_cache_is_counted_and_copied() -> None:
    changed = [("x", "int 1", "int 2")]
    fake = Traced(one(1, "int 1", 4), one(2, "int 2", 1, differs=changed, fix="pass a tensor"))
    view = traces_view(fake)
    assert (view.title, view.calls, view.hits, view.misses) == ("scale", 5, 3, 2)
    assert view.bytes == 300
    assert to_json(view)["traces"][1]["differs"] == [
        {"argument": "x", "before": "int 1", "now": "int 2"}
    ]
    assert repr(traces(fake)) == "Traces('scale', 2 traces, 3 hits)"


def test_only_traced_functions_have_a_cache() -> None:
    with pytest.raises(TypeError, match=r"nly functions under mt\.function are traced"):
        traces(len)


def test_cards_say_what_differs_in_words_and_leave_times_out_when_static(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = traces(samples.cache())
    monkeypatch.delenv("MINITENSOR_DISPLAY", raising=False)
    assert "traced in 2.4 ms" in shown.description()
    monkeypatch.setenv("MINITENSOR_DISPLAY", "static")
    text = shown.description()
    assert "traced in" not in text
    assert text.splitlines()[0] == (
        "scale: 3 traces in its cache (7 calls: 4 hits, 3 misses · 5.12 kB of memory)"
    )
    assert "     differs: k was int 3, now int 4" in text
    assert "     fix: pass a tensor: mt.constant(4)" in text
    assert "<script" not in shown.to_html()
    assert "≠ k: int 4" in shown.to_svg()
    assert "ms" not in re.sub(r"<style>.*?</style>", "", shown.to_svg())


def test_a_long_cache_shows_its_ends() -> None:
    record = samples.cache()
    record["traces"] = [samples.trace(i, [("x", f"int {i}")], 0, 10) for i in range(1, 101)]
    figure = traces(record).to_svg()
    assert "… 93 more traces" in figure
    assert "trace 100" in figure
    assert "trace 50" not in figure
    assert len(traces(record).to_html()) < 80_000
    text = traces(record).description()
    assert text.count("\n") == 21
    assert "     … 80 more traces\n 99. " in text


def test_an_empty_cache_and_one_without_arguments_can_be_drawn() -> None:
    ElementTree.fromstring(traces(Traced()).to_svg())
    record = samples.cache()
    record["traces"] = [samples.trace(1, [], 0, 10)]
    assert "no arguments" in traces(record).to_svg()


def test_cards_are_numbered_without_gaps() -> None:
    kept: list[Any] = []

    @mt.function
    def first(x):
        if not kept:
            kept.append(mt.Variable(1.0))
        return x * kept[0]

    first(mt.constant(2.0))
    assert first.experimental_get_tracing_count() == 2
    assert [item.number for item in traces_view(first).traces] == [1]


def test_a_real_cache_tells_what_differed() -> None:
    @mt.function
    def power(x, n):
        return x**n

    for n in (2, 3, 3, mt.constant(3.0)):
        power(mt.constant(2.0), n)
    view = traces_view(power)
    assert (view.title, view.calls, view.hits, view.misses) == ("power", 4, 1, 3)
    assert [item.calls for item in view.traces] == [1, 2, 1]
    second = view.traces[1]
    assert [(d.argument, d.before, d.now) for d in second.differs] == [("n", "int 2", "int 3")]
    assert "mt.constant(3)" in second.fix
    json.dumps(to_json(view), allow_nan=False)
    assert "≠ n: int 3" in traces(power).to_svg()


def test_a_size_that_is_left_open_is_shown_as_such() -> None:
    @mt.function(reduce_retracing=True)
    def total(x, n):
        return mt.reduce_sum(x) + n

    for length in (2, 3, 4):
        total(mt.ones([length, 2]), 1.0)
    view = traces_view(total)
    assert [item.text for item in view.traces[1].signature] == ["float32[?, 2]", "float 1.0"]
    assert view.traces[1].differs[0].now == "float32[3, 2]"
    assert [item.text for item in view.traces[0].signature] == ["float32[2, 2]", "float 1.0"]


# ---- the passes


def test_passes_are_listed_with_what_they_saved_and_the_source() -> None:
    text = passes(samples.optimised()).description()
    assert "1. merge equal: 5 → 4 nodes, 48 B saved, 4 operations saved" in text
    assert "gone: mul_1: multiply" in text
    assert text.endswith("return add(m0, c0)")
    assert "same results" not in text
    figure = passes(samples.optimised()).to_svg()
    assert "as traced" in figure
    assert "after all passes" in figure
    ElementTree.fromstring(figure)


def test_what_no_pass_ran_over_is_refused() -> None:
    with pytest.raises(TypeError, match="o pass ran over it"):
        passes(len)
    with pytest.raises(TypeError, match="has no passes: it is one for another"):
        passes(samples.scalar_steps()["graph"])
    with pytest.raises(TypeError, match="has no traces: it is one for another"):
        traces(samples.scalar_steps()["graph"])


def test_too_much_to_carry_leaves_the_graphs_in_between_behind() -> None:
    record = samples.optimised()
    random = Random(1)
    for item in record["passes"]:
        item["picture"] = "".join(chr(random.randrange(33, 1000)) for _ in range(60_000))
    shown = passes(record)
    state = json.loads(zlib.decompress(base64.b64decode(shown._packed())))
    assert [item["name"] for item in state["passes"]["passes"]] == ["traced", "fold constants"]
    assert state["step"] == 1
    assert "left out" in state["passes"]["note"]


def test_the_passes_of_a_long_graph_are_shown_in_parts() -> None:
    @mt.function
    def chain(x):
        for i in range(150):
            x = mt.sin(x) * (1.0 + i)
        return x

    chain(mt.ones([4]))
    shown = passes(chain, collapsed=None)
    assert shown.collapsed[0] == "part 1"
    assert len(shown.to_html(static=True)) < 100_000
    assert len(shown.to_html(static=False)) < 250_000


def test_the_passes_of_a_real_function() -> None:
    descend, x, t = training_step()
    descend(x, t)
    view = passes_view(descend)
    assert view.passes[0].name == "traced"
    assert view.passes[0].nodes_after >= view.passes[-1].nodes_after
    assert "def " in view.source
    for before, after in itertools.pairwise(view.passes):
        old, new = (sorted(_name(n) for n in v.graph.nodes if n.kind == "op" and n.op != READ)
                    for v in (before, after))  # fmt: skip
        gone = [name for name in after.removed if "ReadVariableOp" not in name]
        come = [name for name in after.added if "ReadVariableOp" not in name]
        assert sorted([*new, *gone]) == sorted([*old, *come]), after.name
    html = passes(descend.concrete_functions[0]).to_html(static=False)
    assert len(html) < 250_000


def _name(item: Any) -> str:
    return f"{item.scope}/{item.label}: {item.op}".lstrip("/")


def test_widgets_of_the_cache_and_the_passes_hold_their_place() -> None:
    cards = TracesWidget(samples.cache(), step=2)
    assert repr(cards) == "TracesWidget('scale', 3 traces, 4 hits)"
    cards.step = 99
    assert cards.step == 3
    slides = PassesWidget(samples.optimised())
    assert slides.step == 2
    slides.step = -1
    assert slides.step == 0
    assert slides.island().to_svg() == slides.to_svg()
    with pytest.raises(TypeError, match="is no view"):
        cards.traces = {"cards": []}

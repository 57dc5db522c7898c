"""Views of traced functions: their graphs, their cache, and what the passes made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.views import graph_view, to_json
from minitensor_widgets import show
from minitensor_widgets.collapse import auto_collapse
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
    assert (nodes["MatMul"].shape, nodes["MatMul"].op, nodes["MatMul"].scope) == (
        [4, 2], "matmul", "dense"
    )  # fmt: skip
    assert nodes["MatMul"].source.text == "h = mt.nn.relu(x @ w)"
    assert [item.label for item in view.nodes if item.output] == ["ReduceMean"]


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

    view = graph_view(twice.get_concrete_function() if _has_concrete(twice) else _called(twice))
    labels = [item.label for item in view.nodes]
    assert labels.count("v") == 1
    assert len([item for item in view.nodes if item.op == "read_variable"]) == 1
    assert len([item for item in view.nodes if item.op == "assign_variable"]) == 1


def _has_concrete(function: Any) -> bool:
    return hasattr(function, "get_concrete_function")


def _called(function: Any) -> Any:
    function()
    return function


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
    import json

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

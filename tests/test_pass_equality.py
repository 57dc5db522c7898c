"""Whether passes keep what a graph computes, as the views tell it: run on random inputs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.passes import optimise
from minitensor.graph.trace import trace
from minitensor.shapes import Spec
from minitensor.views import passes_view
from minitensor.views.equality import Meter, Trimmed, compared, gap
from minitensor_widgets import passes


def traced(function: Any, *shapes: tuple) -> Any:
    specs = [Spec(shape, np.dtype(np.float32)) for shape in shapes]
    names = [f"x{i}" for i in range(len(specs))]
    return trace(lambda *xs: [function(*xs)], specs, "f", names)


def verdicts(function: Any, *args: Any) -> list[str]:
    concrete = mt.function(function, autograph=False).get_concrete_function(*args)
    return [item.verdict for item in compared(concrete.passes, concrete) if item]


def test_every_pass_over_a_training_step_is_equal_to_the_last_bit() -> None:
    w, b = mt.Variable(mt.ones([4, 3]) * 0.3), mt.Variable(mt.zeros([3]))
    before = w.numpy().copy()

    @mt.function
    def descend(x, t):
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((mt.tanh(x @ w + b) - t) ** 2)
        for v, g in zip((w, b), tape.gradient(loss, (w, b)), strict=True):
            v.assign_sub(0.1 * g)
        return loss

    concrete = descend.get_concrete_function(mt.ones([2, 4]), mt.ones([2, 3]))
    view = passes_view(concrete)
    assert view.passes[0].equality is None
    assert len(view.passes) > 3
    for item in view.passes[1:]:
        assert item.equality is not None
        assert item.equality.text == (
            "Equal to the last bit on 3 random inputs, NaN and infinities among them."
        )
    np.testing.assert_array_equal(w.numpy(), before)  # nothing was written


def test_a_pass_that_is_wrong_is_found_out() -> None:
    good, wrong = traced(lambda x: x * x - x, (3,)), traced(lambda x: x * x + x, (3,))
    stages: Any = [SimpleNamespace(name=str(i), graph=g) for i, g in enumerate((good, wrong))]
    (_, found) = compared(stages)
    assert found is not None
    assert found.verdict == "different"
    assert found.text.startswith("Not equal (apart by ")


@pytest.mark.parametrize(
    ("right", "tempting", "words"),
    [
        (lambda x: x - x, mt.zeros_like, "NaN or infinity on one side only"),
        (lambda x: x * 0.0, mt.zeros_like, "NaN or infinity on one side only"),
        (lambda x: x + 0.0, lambda x: x, "but for the sign of zeros"),
    ],
)
def test_rewrites_that_only_special_values_tell_apart_are_told_apart(
    right: Any, tempting: Any, words: str
) -> None:
    graphs = traced(right, (64,)), traced(tempting, (64,))
    stages: Any = [SimpleNamespace(name=str(i), graph=g) for i, g in enumerate(graphs)]
    found = compared(stages)[1]
    assert found is not None
    assert words in found.text


def test_rounding_is_measured_in_units_of_the_last_place() -> None:
    one = np.ones(3, np.float32)
    apart = gap(one, one + np.float32(2**-23) * np.array([0, 1, 2], np.float32))
    assert (apart.ulps, apart.wrong) == (2.0, "")
    assert gap(one, one * 1.01).wrong.startswith("apart by 9.9e-03")
    assert gap(np.array([1]), np.array([2])).wrong == "other elements"
    assert gap(np.array([0.0]), np.array([-0.0])).zeros
    assert gap(one, one[:2]).wrong == "float32[3] before, float32[2] after"
    assert gap(np.array([1j]), np.array([1j + 2**-52])).ulps == 1.0


def test_draws_get_the_same_seeds_and_the_program_keeps_its_own() -> None:
    mt.random.set_seed(3)
    first = mt.random.normal([2]).numpy()
    mt.random.set_seed(3)
    found = verdicts(lambda x: mt.nn.dropout(x * 1.0, 0.5) + mt.random.normal([3]), mt.ones([3]))
    assert set(found) == {"equal"}
    np.testing.assert_array_equal(mt.random.normal([2]).numpy(), first)


def test_what_a_program_prints_and_what_python_does_in_it_happens_no_more(
    capfd: pytest.CaptureFixture,
) -> None:
    seen: list = []

    def noisy(x: Any) -> Any:
        mt.print("hello", x)
        return mt.py_function(lambda v: seen.append(v) or v, [x], mt.float32), x * x * 1.0

    concrete = mt.function(noisy, autograph=False).get_concrete_function(mt.constant(2.0))
    texts = [item.text for item in compared(concrete.passes) if item]
    assert seen == []
    assert capfd.readouterr().err == ""
    assert texts
    assert all("Not compared: result 0 (Python code" in text for text in texts)


def test_a_variable_that_is_read_after_it_was_written_has_its_new_value() -> None:
    v = mt.Variable(2.0, name="v")

    def twice(x: Any) -> Any:
        v.assign(v * x)
        return v + 1.0

    graph = mt.function(twice, autograph=False).get_concrete_function(mt.constant(1.0)).graph
    trimmed = Trimmed(graph)
    assert trimmed.names == ["result 0", "what is written to v"]
    found = trimmed.run(np.random.default_rng(0), "ordinary", Meter())
    assert found is not None
    assert found["result 0"] == found["what is written to v"] + 1
    assert v.numpy() == 2.0


def test_loops_that_would_never_end_are_given_up() -> None:
    @mt.function
    def forever(x):
        while mt.reduce_sum(x) != 0.5:
            x = x + 1.0
        return x * 1.0 * 1.0

    concrete = forever.get_concrete_function(mt.constant([0.5]))
    found = [item for item in compared(concrete.passes) if item]
    assert found
    assert all(item.text == "Not compared: running the graphs again would take too long."
               for item in found)  # fmt: skip


def test_open_sizes_are_tried_with_other_sizes() -> None:
    @mt.function(input_signature=[mt.TensorSpec([None, 3])])
    def columns(x):
        return mt.reduce_sum(x * x + x * x, axis=0)

    columns(mt.ones([2, 3]))
    (concrete,) = columns.concrete_functions
    found = [item for item in compared(concrete.passes, concrete) if item]
    assert [item.trials for item in found] == [5] * len(found)
    assert all("on 5 random inputs" in item.text for item in found)


def test_what_takes_no_numbers_is_not_compared() -> None:
    def lengths(s: Any) -> Any:
        return mt.strings.length(s) + mt.strings.length(s)

    concrete = mt.function(lengths, autograph=False).get_concrete_function(mt.constant("ab"))
    texts = [item.text for item in compared(concrete.passes) if item]
    assert texts
    assert set(texts) == {"Not compared: it takes tensors that are no numbers."}


def test_indices_out_of_range_are_refused_inputs_not_differences() -> None:
    def pick(x: Any, i: Any) -> Any:
        return mt.gather(x, i) * 1.0 + mt.gather(x, i) * 1.0

    found = verdicts(pick, mt.ones([2]), mt.constant([0, 1, 1, 0, 1, 0]))
    assert found
    assert set(found) == {"equal"}


def test_lines_of_the_program_name_the_nodes_they_are_of() -> None:
    @mt.function
    def bend(x):
        return mt.tanh(x * 2.0) + 1.0

    bend(mt.ones([3]))
    view = passes_view(bend)
    source = view.source.splitlines()
    line = next(item for item in view.lines if item[1] == "Tanh")
    assert "tanh" in source[line[0] - 1]
    drawn = [node for node in view.passes[-1].graph.nodes if node.kind == "op"]
    assert line[2] == "/".join(filter(None, (drawn[0].scope, drawn[0].label)))


def test_results_of_the_optimiser_alone_can_be_compared() -> None:
    found = compared(optimise(traced(lambda x: x * x + x * x, (3,))))
    assert found[0] is None
    assert [item.verdict for item in found if item] == ["equal"] * (len(found) - 1)


def test_figures_and_texts_say_whether_the_results_stayed_the_same() -> None:
    @mt.function
    def bend(x):
        return mt.tanh(x * 2.0) + mt.tanh(x * 2.0)

    bend(mt.ones([3]))
    shown = passes(bend)
    text = shown.description()
    assert "     same results? Equal to the last bit on 3 random inputs, NaN and" in text
    assert "results equal" in text.splitlines()[0]
    assert ">equal<" in shown.to_svg()
    wrong = shown.record
    wrong["passes"][1]["equality"]["verdict"] = "different"
    assert "results differ" in passes(wrong).alt

"""The records of Jacobians and of gradient checks: numbers and words."""

from __future__ import annotations

import itertools
import json
import math
import time
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import minitensor as mt
from minitensor.views import gradient_check_view, jacobian_view, to_json
from minitensor.views.derivatives import thumbnail
from minitensor.views.slopes import STEPS
from minitensor_widgets import (
    GradientCheckWidget,
    JacobianWidget,
    gradient_check,
    jacobian,
    samples,
)

RNG = np.random.default_rng(0)
X = mt.constant(RNG.normal(size=(3, 4)).astype(np.float32))
W = mt.constant(RNG.normal(size=(4, 5)).astype(np.float32))
V = mt.constant(RNG.normal(size=6).astype(np.float32))


def cells(view: Any) -> np.ndarray:
    return np.array(view.cells, np.float64)


# ---- Jacobians


def test_the_jacobian_of_softmax_is_the_diagonal_minus_the_outer_product() -> None:
    view = jacobian_view(mt.nn.softmax, V)
    s = np.exp(V.numpy().astype(np.float64))
    s /= s.sum()
    np.testing.assert_allclose(cells(view), np.diag(s) - np.outer(s, s), rtol=2e-4, atol=1e-6)
    assert view.structure is not None
    assert "Symmetric" in view.structure.facts
    assert any(fact.startswith("Rows sum to zero") for fact in view.structure.facts)
    assert "Rank 5 of at most 6" in view.structure.facts
    assert (view.rows, view.columns, view.title) == ([6], [6], "∂softmax / ∂V")


def test_the_jacobians_of_a_product_are_kronecker_products() -> None:
    by_x, by_w = jacobian_view(mt.matmul, X, W), jacobian_view(mt.matmul, X, W, argument=1)
    np.testing.assert_allclose(cells(by_x), np.kron(np.eye(3), W.numpy().T), rtol=1e-4)
    np.testing.assert_allclose(cells(by_w), np.kron(X.numpy(), np.eye(5)), rtol=1e-4)
    assert by_x.structure is not None
    assert by_w.structure is not None
    assert by_x.structure.text == "Block diagonal: 3 blocks of 5 × 4, all the same."
    assert "batch_jacobian" in by_x.structure.hint
    assert by_w.structure.name == "interleaved blocks"


STRUCTURES: dict[str, tuple[Any, Any]] = {
    "identity": (lambda x: x + 1, X),
    "scaled identity": (lambda x: 2 * x, X),
    "diagonal": (mt.tanh, X),
    "permutation": (mt.transpose, X),
    "selection": (lambda x: mt.gather(x, [2, 0]), X),
    "lower triangular": (mt.cumsum, V),
    "upper triangular": (lambda v: mt.cumsum(v, reverse=True), V),
    "upper bidiagonal": (lambda v: v[1:] - v[:-1], V),
    "tridiagonal": (
        lambda v: mt.nn.conv1d(v[None, :, None], mt.reshape([1.0, 2.0, 3.0], [3, 1, 1]), 1, "SAME"),
        V,
    ),
    "block diagonal": (mt.nn.softmax, X),
    "row": (mt.reduce_sum, X),
    "column": (lambda x: x * V, mt.constant(2.0)),
    "one number": (lambda x: x * x, 3.0),
    "zero": (mt.floor, X),
    "dense": (mt.nn.softmax, V),
    "empty": (lambda x: x * x, mt.zeros([0])),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_are_recognised(name: str) -> None:
    function, x = STRUCTURES[name]
    view = jacobian_view(function, x)
    assert view.structure is not None
    assert view.structure.name == name
    json.dumps(to_json(view), allow_nan=False)


def test_structures_of_matrices_that_are_given() -> None:
    def named(matrix: Any) -> Any:
        structure = jacobian_view(np.asarray(matrix, np.float64)).structure
        assert structure is not None
        return structure

    blocks = np.zeros((6, 6))
    blocks[:2, :2] = blocks[2:, 2:] = 1
    assert named(blocks).text == "Block diagonal: 2 blocks of 2 × 2, 4 × 4."
    assert "Rank one: the product of a column and a row" in named(np.outer([1, 2], [3, 4, 5])).facts
    assert any("Rows are constant" in text for text in named([[1, 1], [2, 2]]).facts)
    assert "Skew-symmetric" in named([[0, 1], [-1, 0]]).facts
    assert named(np.eye(4)[[0, 0, 2, 3]]).name == "selection"
    sparse = np.zeros((7, 7))
    sparse[[0, 6, 3, 5], [6, 0, 1, 2]] = [1, 2, 3, 4]
    assert named(sparse).text.startswith("Sparse: 91.8 % of the elements are exactly zero")
    assert "3 of 7 rows are zero: outputs that react to nothing" in named(sparse).facts
    shifted = named(np.eye(6, k=2) * 2.0 + np.eye(6, k=3))
    assert shifted.text == (
        "Banded: the non-zeros lie on 2 neighbouring diagonals, from 2 above the main one to 3 "
        "above the main one."
    )
    assert named([[1, 2], [0, 3]]).name == "upper triangular"
    assert named([[0, 2], [0, 0]]).name == "upper triangular"
    noisy = np.diag([1.0, 2.0, 3.0]) + 1e-17
    assert named(noisy).name == "diagonal"
    assert named(noisy).decided.startswith("Decided up to rounding")
    assert named(np.diag([1.0, 2.0])).decided == "Decided by exact zeros and equal bits."


def test_a_tape_and_a_tensor_of_any_rank_can_be_given() -> None:
    with mt.GradientTape(persistent=True) as tape:
        tape.watch(X)
        y = mt.tanh(X)
    view = jacobian_view(tape, y, X)
    assert (view.title, view.rows, view.columns) == ("∂y / ∂X", [3, 4], [3, 4])
    assert jacobian_view(tape.jacobian(y, X)).cells == view.cells
    assert jacobian_view(tape.jacobian(y, X), axes=1).columns == [4, 3, 4]
    with pytest.raises(ValueError, match="says how many of them"):
        jacobian_view(X, axes=3)


def test_a_large_matrix_shows_the_largest_element_of_each_block() -> None:
    matrix = RNG.normal(size=(130, 200))
    shown, block = thumbnail(matrix)
    assert block == [3, 4]
    assert (len(shown), len(shown[0])) == (44, 50)
    part = matrix[3:6, 4:8].ravel()
    assert shown[1][1] == pytest.approx(part[np.abs(part).argmax()], rel=1e-4)
    last = matrix[129:, 196:].ravel()
    assert shown[-1][-1] == pytest.approx(last[np.abs(last).argmax()], rel=1e-4)
    matrix[0, 0], matrix[0, 1], matrix[0, 199] = math.inf, math.nan, -math.inf
    shown, _ = thumbnail(matrix)
    assert (shown[0][0], shown[0][-1]) == ("NaN", "-inf")


def test_errors_become_the_picture_and_wrong_types_are_refused() -> None:
    view = jacobian_view(lambda x: x @ x, X)
    assert view.error.startswith("InvalidArgumentError: matmul: got shapes (3, 4)")
    with pytest.raises(TypeError, match=r"write jacobian\(f, x\)"):
        jacobian_view(3.0)
    with pytest.raises(TypeError, match="of which number 1"):
        jacobian_view(mt.tanh, X, argument=1)
    assert "None" in jacobian_view(lambda x: mt.stop_gradient(x), X).note


def test_values_that_are_no_numbers_are_counted() -> None:
    view = jacobian_view(mt.sqrt, mt.constant([-1.0, 0.0, 4.0]))
    assert (view.nans, view.infinities, view.maximum) == (1, 1, 0.25)
    assert view.cells[0][0] == "NaN"
    assert view.cells[1][1] == "inf"


# ---- checks


@mt.custom_gradient
def twice_too_large(x: Any) -> Any:
    return x * x, lambda g: g * 4.0 * x


@mt.custom_gradient
def wrong_in_one(x: Any) -> Any:
    return x * x, lambda g: g * 2.0 * x * mt.constant([[1.0, 1.0], [1.0, 2.0]], x.dtype)


@mt.custom_gradient
def no_number(x: Any) -> Any:
    return x * x, lambda g: g * math.nan


A = mt.constant([[1.0, 2.0], [3.0, 0.75]])
VERDICTS: dict[str, tuple[Any, Any, str, str]] = {
    "right": (lambda x: mt.reduce_sum(mt.tanh(x)), X, "agrees", "agrees to "),
    "several results": (mt.nn.softmax, V, "agrees", "all 6 elements"),
    "twice": (
        lambda x: mt.reduce_sum(twice_too_large(x)), A, "wrong",
        "wrong in element (1, 0) of A: 12 instead of 6. Everywhere it is 2 times what it should be",
    ),
    "one element": (
        lambda x: mt.reduce_sum(wrong_in_one(x)), A, "wrong",
        "The gradient is wrong in element (1, 1) of A: 3 instead of 1.5.",
    ),
    "one result": (wrong_in_one, A, "wrong", "the derivative of result (1, 1) is 3 instead of 1.5"),
    "relu": (mt.nn.relu, mt.constant([0.0, 1.0]), "kink", "is 0 to the left and 1 to the right"),
    "abs": (mt.abs, mt.constant(0.0), "kink", "the tape says 0, which lies between: a subgrad"),
    "max": (mt.reduce_max, mt.constant([2.0, 2.0, 1.0]), "kink", "2 of 3 elements are like this"),
    "sqrt": (mt.sqrt, mt.constant(0.0), "edge", "no number on one side"),
    "floor": (mt.floor, mt.constant(1.0), "jump", "the function jumps here"),
    "root": (lambda x: mt.sign(x) * mt.abs(x) ** 0.3, mt.constant(0.0), "steep", "without bound"),
    "log": (mt.math.log, mt.constant(-1.0), "nan", "The function itself gives no number here"),
    "not a number": (no_number, mt.constant(1.0), "nan", "nan, although the slope is 2"),
    "stopped": (lambda x: 2 * mt.stop_gradient(x), V, "held", "fixed by stop_gradient"),
    "held in part": (
        lambda x: mt.stop_gradient(x) * x, V, "held", "So they differ",
    ),
    "not recorded": (
        lambda x: mt.constant(x.numpy()) * 2.0, mt.constant(1.0), "missing", "None, although",
    ),
    "idle": (mt.floor, mt.constant(1.5), "agrees", "The slope is 0 here and the tape gives None"),
    "integers": (lambda i: i * 2, mt.constant(2), "nothing", "no argument is of float16"),
    "random": (lambda x: mt.nn.dropout(x, 0.5), mt.ones([50]), "random", "another result"),
    "raises": (lambda x: x @ x, X, "nothing", "The function raised an error."),
    "empty": (lambda x: x * 2.0, mt.zeros([0]), "agrees", "has no elements"),
    "large numbers": (lambda x: x * x, mt.constant(1e8), "agrees", "agrees to"),
}  # fmt: skip


def float64(*numbers: float) -> mt.Tensor:
    return mt.constant(numbers, dtype="float64")


@mt.custom_gradient
def wrong_beside_large(x: Any) -> Any:
    return x * float64(1e11, 1.0), lambda g: g * float64(1e11, 2.0)


def raises_when_moved(x: Any) -> Any:
    if float(x[0]) == 1.0:
        return x
    raise ZeroDivisionError("division by zero")


VERDICTS |= {
    "large total": (
        lambda x: mt.reduce_sum((x - float64(1e6, 3.0)) ** 2), float64(0.0, 3.5), "agrees", "to",
    ),
    "large constant": (lambda x: 1e12 + mt.reduce_sum(x), V, "agrees", "agrees to"),
    "larger constant": (
        lambda x: mt.constant(1e10) + mt.reduce_sum(x), V, "unclear", "rounding is too large here",
    ),
    "wrong, far away": (twice_too_large, float64(1e15, 2e15), "wrong", "8e+15 instead of 4e+15"),
    "wrong, beside large": (wrong_beside_large, float64(1.0, 2.0), "wrong", "2 instead of 1"),
    "fast": (lambda x: mt.sin(1e4 * x), mt.constant(0.3), "agrees", "agrees to"),
    "fast, far away": (mt.sin, mt.constant(1e4), "agrees", "agrees to"),
    "very fast": (lambda x: mt.sin(1e8 * x), float64(0.3), "agrees", "agrees to"),
    "close to a kink": (mt.nn.relu, mt.constant([1e-7, -5e-4]), "agrees", "agrees to"),
    "bfloat16": (mt.tanh, mt.constant([1.0], dtype="bfloat16"), "nothing", "float32 or float64"),
    "raises beside": (raises_when_moved, mt.ones([1]), "edge", "raises ZeroDivisionError: divis"),
    "at infinity": (mt.tanh, mt.constant([math.inf]), "edge", "no step leads away from it"),
}  # fmt: skip


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_of_a_check(name: str) -> None:
    function, x, verdict, words = VERDICTS[name]
    view = gradient_check_view(function, x)
    assert view.verdict == verdict
    assert words in view.text
    json.dumps(to_json(view), default=lambda found: None)


def test_errors_fall_with_the_known_slopes_and_rise_again_by_rounding() -> None:
    view = gradient_check_view(mt.exp, mt.constant(1.0))
    central, forward, *own = view.arguments[0].curves
    assert [c.name for c in view.arguments[0].curves] == [
        "central, float64", "forward, float64", "central, float32", "forward, float32",
    ]  # fmt: skip
    assert (central.slope, forward.slope) == (2.0, 1.0)
    assert central.best is not None
    assert forward.best is not None
    assert STEPS[central.best] == pytest.approx(np.cbrt(2**-52), rel=10)
    assert STEPS[forward.best] == pytest.approx(np.sqrt(2**-52), rel=10)
    # The error of a central difference of exp at 1 is e * h² / 6.
    assert central.errors[2] == pytest.approx(STEPS[2] ** 2 / 6, rel=1e-3)
    assert forward.errors[4] == pytest.approx(STEPS[4] / 2, rel=1e-2)
    assert central.rounding == pytest.approx(-1, abs=0.5)
    assert min(e for e in own[0].errors if e) > 1e3 * min(e for e in central.errors if e)


def test_a_wrong_gradient_is_a_plateau() -> None:
    view = gradient_check_view(lambda x: mt.reduce_sum(twice_too_large(x)), A)
    central = view.arguments[0].curves[0]
    assert central.slope is None
    assert all(e == pytest.approx(0.5, rel=0.01) for e in central.errors[:15])


def test_small_gradients_are_held_to_the_same_standard() -> None:
    @mt.custom_gradient
    def tiny(x: Any) -> Any:
        return mt.reduce_mean(x) * 1e-5, lambda g: g * mt.ones_like(x) * 1.01e-5 / 100.0

    assert gradient_check_view(tiny, mt.ones([100])).verdict == "wrong"
    right = gradient_check_view(lambda x: mt.reduce_mean(mt.tanh(x)) * 1e-5, mt.ones([100]))
    assert right.verdict == "agrees"


def test_an_element_that_nobody_looked_at_is_found_along_a_direction() -> None:
    share = np.ones(300)
    share[151] = 0.5

    @mt.custom_gradient
    def hidden(x: Any) -> Any:
        return mt.reduce_sum(x), lambda g: g * mt.constant(share, x.dtype)

    view = gradient_check_view(hidden, mt.ones([300]))
    assert view.arguments[0].checked < 300
    assert view.verdict == "wrong"
    assert "along a random direction" in view.text


def test_a_tape_is_checked_by_running_its_nodes_again() -> None:
    w = mt.Variable(W.numpy(), name="w")
    with mt.GradientTape() as tape:
        tape.watch(X)
        loss = mt.reduce_mean((X @ w) ** 3) * 2.0
    view = gradient_check_view(tape, loss, [X, w])
    assert (view.verdict, [item.name for item in view.arguments]) == ("agrees", ["X", "w"])
    assert view.title == "Gradient of loss at (X, w)"
    assert view.arguments[1].curves[0].slope == 2.0
    assert view.arguments[0].dtype == "float32"
    np.testing.assert_array_equal(w.numpy(), W.numpy())
    with mt.GradientTape() as tape:
        tape.watch(A)
        y = mt.reduce_sum(wrong_in_one(A))
    assert gradient_check_view(tape, y, A).verdict == "wrong"


def test_float32_variables_inside_are_checked_in_float32() -> None:
    w = mt.Variable(W.numpy())
    view = gradient_check_view(lambda x: mt.reduce_sum(mt.tanh(x @ w)), X)
    assert view.verdict == "agrees"
    assert "holds float32 tensors" in view.notes[0]
    assert [c.name for c in view.arguments[0].curves] == ["central, float32", "forward, float32"]


def test_arguments_that_no_step_changes_are_named() -> None:
    view = gradient_check_view(lambda x, n: x**n, mt.constant(2.0), 3)
    assert view.verdict == "agrees"
    assert view.notes == ["Not checked: n is int, which no small step changes."]
    with pytest.raises(TypeError, match=r"write gradient_check\(f, x\)"):
        gradient_check_view(3.0)
    with pytest.raises(TypeError, match="There is no target"):
        gradient_check_view(mt.GradientTape())


# ---- figures, texts and widgets


def test_the_text_of_a_jacobian_has_its_elements() -> None:
    shown = jacobian([[2.0, 0.0], [math.nan, 3.0]])
    assert shown.description().splitlines() == [
        "∂y / ∂x (output (2,), input (2,): 2 × 2)",
        "Lower triangular: everything above the main diagonal is zero.",
        "No output depends on later inputs: cumsum, recurrent cells and causal attention do so.",
        "float32 · from 0 to 3 · 25 % zeros · 1 NaN",
        "  [0]  2  0",
        "  [1]  NaN  3",
    ]
    assert repr(shown) == "Jacobian('∂y / ∂x', 2 × 2, lower triangular)"
    assert "lower triangular" in shown.alt.lower()


def test_figures_are_well_formed_and_the_same_each_time() -> None:
    made = [
        lambda: jacobian(mt.nn.softmax, X), lambda: jacobian(mt.cumsum, mt.ones([300])),
        lambda: jacobian(mt.sqrt, mt.constant([-1.0, 0.0])), lambda: jacobian(lambda x: x @ x, X),
        lambda: jacobian(mt.tanh, mt.zeros([0])), lambda: jacobian(lambda x: x * x, 1e8),
        lambda: gradient_check(mt.tanh, X), lambda: gradient_check(twice_too_large, A),
        lambda: gradient_check(mt.math.log, mt.constant(-1.0)),
        lambda: gradient_check(lambda i: i * 2, mt.constant(2)),
    ]  # fmt: skip
    for make in made:
        first, second = make(), make()
        ElementTree.fromstring(first.to_svg())
        assert first.to_html(static=True) == second.to_html(static=True)
        assert len(first.to_html(static=False)) < 80_000
        assert first.description() == second.description()


def test_hostile_words_are_escaped_in_figures() -> None:
    for bad in samples.HOSTILE:
        record: dict[str, Any] = jacobian(mt.nn.softmax, V).record | {
            "title": bad,
            "note": bad,
            "output": bad,
        }
        record["structure"] = dict.fromkeys(record["structure"], bad) | {"facts": [bad]}
        ElementTree.fromstring(jacobian(record).to_svg())
        checked: dict[str, Any] = gradient_check(mt.abs, mt.constant(0.0)).record | {
            "title": bad,
            "text": bad,
        }
        checked["arguments"][0] |= {"name": bad, "text": bad}
        checked["arguments"][0]["elements"][0]["text"] = bad
        assert "<script>" not in gradient_check(checked).to_svg()
        ElementTree.fromstring(gradient_check(checked).to_svg())


def test_widgets_hold_their_place() -> None:
    seen = JacobianWidget(mt.nn.softmax, V, selected="1,1")
    assert seen.island().to_svg() == jacobian(mt.nn.softmax, V).to_svg()
    assert repr(seen) == "JacobianWidget('∂softmax / ∂V', 6 × 6, dense)"
    checked = GradientCheckWidget(mt.tanh, V)
    assert 0 < checked.step < len(STEPS) - 1  # the best step
    checked.step = 99
    assert checked.step == len(STEPS) - 1
    assert repr(checked) == "GradientCheckWidget('Gradient of tanh at (V)', agrees)"
    with pytest.raises(TypeError, match="is no view"):
        checked.check = {"cells": []}
    with pytest.raises(TypeError, match="it is one for another viewer"):
        jacobian(checked.check)


def test_the_text_of_a_check_names_what_is_wrong_and_the_slopes_of_the_curves() -> None:
    text = gradient_check(mt.exp, mt.constant(1.0)).description()
    assert "  central, float64: best 3.2e-6 (" in text
    assert "slopes 2/" in text
    wrong = gradient_check(lambda x: mt.reduce_sum(wrong_in_one(x)), A).description()
    assert "The gradient is wrong in element (1, 1) of A: 3 instead of 1.5." in wrong
    assert "  (1, 1) wrong" in wrong


def test_numbers_of_a_weighted_sum_are_said_to_be_such() -> None:
    assert "weighted sum of all results" in gradient_check(mt.tanh, V).to_svg()
    assert "weighted sum" not in gradient_check(mt.tanh, mt.constant(1.0)).to_svg()


def test_an_error_of_exactly_zero_is_said_to_be_zero() -> None:
    text = gradient_check(lambda x: x * 0.5, mt.constant(0.0)).description()
    assert "e-17" not in text
    assert "(0)" in text


def test_a_slow_function_is_looked_at_in_fewer_places(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock) * 0.05)  # 50 ms a run
    view = gradient_check_view(mt.tanh, mt.ones([100]))
    assert view.verdict == "agrees"
    assert view.arguments[0].checked <= 4
    assert "of 100 elements, and all of them along a random direction" in view.text

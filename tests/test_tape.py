"""GradientTape's behaviour, case by case. Numbers are TensorFlow 2.21's, or finite differences."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt

pytestmark = pytest.mark.usefixtures("every_record_is_large")


def close(actual: Any, expected: Any, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=rtol, atol=1e-12)


@pytest.fixture
def x() -> Any:
    return mt.Variable([1.0, 2.0])


def recorded(f: Callable, *sources: Any, persistent: bool = False) -> tuple[Any, Any]:
    with mt.GradientTape(persistent=persistent) as tape:
        tape.watch(sources)
        y = f(*sources)
    return tape, y


# Life of a tape


def test_a_tape_gives_one_gradient(x: Any) -> None:
    tape, y = recorded(mt.square, x)
    close(tape.gradient(y, x), [2, 4])
    for ask in (tape.gradient, tape.jacobian, tape.steps):
        with pytest.raises(RuntimeError, match="can only be used to compute one set of gradients"):
            ask(y, x)


def test_a_tape_that_was_never_entered_has_no_gradient(x: Any) -> None:
    with pytest.raises(RuntimeError, match=r"one set of gradients .* never entered"):
        mt.GradientTape().gradient(x, x)


def test_a_persistent_tape_gives_many(x: Any) -> None:
    tape, y = recorded(lambda v: v * v * v, x, persistent=True)
    for _ in range(3):
        close(tape.gradient(y, x), [3, 12])


def test_gradient_inside_the_block_works_and_ends_the_recording(x: Any, caplog: Any) -> None:
    with mt.GradientTape() as tape:
        y = x * x
        close(tape.gradient(y, x), [2, 4])
        y * x
    assert tape.nodes == []
    assert not caplog.records


def test_persistent_gradient_inside_the_block_warns(x: Any, caplog: Any) -> None:
    with caplog.at_level(logging.WARNING, "minitensor"), mt.GradientTape(persistent=True) as tape:
        y = x * x
        close(tape.gradient(y, x), [2, 4])
    [record] = caplog.records
    assert record.message.startswith(
        "Calling GradientTape.gradient on a persistent tape inside its"
    )


def test_an_active_tape_cannot_be_entered_again() -> None:
    with mt.GradientTape() as tape, pytest.raises(ValueError, match="Tape is still recording"):
        tape.__enter__()
    with tape:
        pass


def test_a_second_block_continues_the_record(x: Any) -> None:
    with mt.GradientTape() as tape:
        y = x * x
    with tape:
        z = y * x
    close(tape.gradient(z, x), [3, 12])


def test_a_second_block_after_the_gradient_starts_afresh(x: Any) -> None:
    tape, y = recorded(mt.square, x)
    tape.gradient(y, x)
    with tape:
        z = x * 3.0
    close(tape.gradient(z, x), [3, 3])


def test_an_error_in_the_block_ends_the_recording(x: Any) -> None:
    with pytest.raises(KeyError), mt.GradientTape() as tape:
        raise KeyError
    x * x
    assert tape.nodes == []


# Watching


def test_watch_belongs_into_the_block(x: Any) -> None:
    tape = mt.GradientTape()
    with pytest.raises(RuntimeError, match="was not entered yet"):
        tape.watch(x)
    with tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="gave its gradient already"):
        tape.watch(x)


def test_only_tensors_can_be_watched() -> None:
    with (
        mt.GradientTape() as tape,
        pytest.raises(ValueError, match=r"Passed in object 1\.0 of typ"),
    ):
        tape.watch(1.0)


@pytest.mark.parametrize("value", [1, True, "text"])
def test_watching_what_is_no_float_warns(value: Any, caplog: Any) -> None:
    constant = mt.constant(value)
    with caplog.at_level(logging.WARNING, "minitensor"), mt.GradientTape() as tape:
        tape.watch(constant)
        y = mt.identity(constant)
    assert "The dtype of the watched tensor must be floating (e.g. tf.float32)" in caplog.text
    assert tape.gradient(y, constant) is None


def test_ops_before_watch_are_not_recorded() -> None:
    x = mt.constant(3.0)
    with mt.GradientTape() as tape:
        early = x * x
        tape.watch(x)
        late = x * x
    assert tape.gradient([early, late], x).numpy() == 6.0


def test_only_what_is_named_is_watched_without_access_watching(x: Any) -> None:
    other = mt.Variable(5.0)
    with mt.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = mt.reduce_sum(x * other)
    assert [v is x for v in tape.watched_variables()] == [True]
    gradient, none = tape.gradient(y, [x, other])
    close(gradient, [5, 5])
    assert none is None


def test_watched_variables_are_trainable_ones_in_order_and_survive_the_gradient(x: Any) -> None:
    fixed, whole = mt.Variable(1.0, trainable=False), mt.Variable(2)
    with mt.GradientTape() as tape:
        y = x * fixed
        whole + 1
    assert tape.gradient(y, [fixed, whole]) == [None, None]
    assert [id(v) for v in tape.watched_variables()] == [id(x), id(whole)]


# Where no gradient is


def test_none_and_zero(x: Any) -> None:
    unused, whole = mt.Variable([[1.0]]), mt.constant(2)
    tape, y = recorded(mt.square, x, persistent=True)
    assert tape.gradient(y, [unused, whole]) == [None, None]
    for zero in ("zero", mt.UnconnectedGradients.ZERO):
        zeros = tape.gradient(y, [unused, whole], unconnected_gradients=zero)
        close(zeros[0], [[0]])
        assert (zeros[1].dtype, zeros[1].numpy()) == (mt.int32, 0)
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'foo'"):
        tape.gradient(y, x, unconnected_gradients="foo")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: mt.cast(mt.cast(x, mt.int32), mt.float32),
        lambda x: x // 2.0,
        lambda x: mt.cast(x > 1.0, mt.float32),
        lambda x: mt.stop_gradient(x),
        lambda x: mt.constant(np.square(x)),
        lambda x: mt.zeros_like(x),
    ],
)
def test_paths_without_gradient(x: Any, f: Callable) -> None:
    tape, y = recorded(f, x)
    assert tape.gradient(y, x) is None


def test_a_replaced_variable_and_written_state_have_none() -> None:
    x, state = mt.Variable(2.0), mt.Variable(0.0)
    with mt.GradientTape(persistent=True) as tape:
        state.assign_add(x * 3.0)
        y = state * state
        replaced = x + 1.0
    assert tape.gradient(y, x) is None
    assert tape.gradient(replaced * 1.0, replaced) is None


def test_stop_gradient_is_a_constant() -> None:
    x = mt.Variable(3.0)
    tape, y = recorded(lambda v: mt.stop_gradient(v * v) * v, x)
    assert tape.gradient(y, x).numpy() == 9.0


def test_a_target_that_is_the_source(x: Any) -> None:
    constant, whole = mt.constant(3.0), mt.constant(3)
    with mt.GradientTape(persistent=True) as tape:
        tape.watch(constant)
    close(tape.gradient(x, x), [1, 1])
    assert tape.gradient(constant, constant).numpy() == 1.0
    assert tape.gradient(whole, whole) is None


# What is asked, and what comes back


def test_targets_are_summed_and_sources_keep_their_structure(x: Any) -> None:
    b = mt.Variable(3.0)
    tape, ys = recorded(lambda v: {"p": v * b, "q": [v + 1.0]}, x)
    found = tape.gradient(ys, {"x": x, "rest": (b, [x])})
    close(found["x"], [4, 4])
    close(found["rest"][0], 3)
    close(found["rest"][1][0], [4, 4])
    assert type(found["rest"]) is tuple
    tape, y = recorded(mt.square, x)
    assert tape.gradient(y, []) == []
    tape, y = recorded(mt.square, x)
    assert tape.gradient([], x) is None


def test_a_target_named_twice_counts_twice(x: Any) -> None:
    tape, y = recorded(mt.square, x)
    close(tape.gradient([y, y], x), [4, 8])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (3.0, [6, 12]),
        (mt.constant(3.0), [6, 12]),
        (mt.constant([1.0, 2.0]), [2, 8]),
        ([1.0, 2.0], [2, 8]),
        (np.array([1.0, 2.0]), [2, 8]),
        ([mt.constant([1.0, 2.0])], [2, 8]),
    ],
)
def test_output_gradients(x: Any, given: Any, expected: list) -> None:
    tape, y = recorded(mt.square, x)
    close(tape.gradient(y, x, output_gradients=given), expected)


def test_output_gradients_of_several_targets(x: Any) -> None:
    tape, ys = recorded(lambda v: [v * v, v * 3.0], x)
    close(tape.gradient(ys, x, output_gradients=[mt.constant([1.0, 0.0]), 2.0]), [8, 6])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([mt.constant([1.0, 1.0])], "2 targets and 1 output_gradients"),
        ([mt.constant([1.0, 1.0])] * 3, "2 targets and 3 output_gradients"),
        ([None, mt.constant([1.0, 1.0])], "None"),
        (
            [mt.constant([1.0, 1.0, 1.0]), 1.0],
            r"target of shape \(2,\) and output_gradients of sha",
        ),
        ([mt.constant([[1.0], [1.0]]), 1.0], r"shape \(2, 1\)"),
        ([mt.constant([1, 1]), 1.0], "dtype"),
    ],
)
def test_output_gradients_that_do_not_fit(x: Any, given: Any, text: str) -> None:
    tape, ys = recorded(lambda v: [v * v, v * 3.0], x)
    with pytest.raises(ValueError, match=text):
        tape.gradient(ys, x, output_gradients=given)


@pytest.mark.parametrize("wrong", [None, 2.0, np.ones(2)])
def test_only_tensors_have_gradients(x: Any, wrong: Any) -> None:
    tape, y = recorded(mt.square, x, persistent=True)
    with pytest.raises(TypeError, match="Argument `target` should be a list or nested structure"):
        tape.gradient(wrong, x)
    with pytest.raises(ValueError, match="neither a tensor nor a variable"):
        tape.gradient(y, wrong)


def test_complex_gradients_are_conjugated() -> None:
    z = mt.Variable(1 + 2j)
    tape, y = recorded(lambda v: v * v, z)
    assert tape.gradient(y, z).numpy() == 2 - 4j


def test_gradients_are_summed_to_the_source_s_shape() -> None:
    row, column = mt.Variable([1.0, 2.0, 3.0]), mt.Variable([[10.0], [20.0]])
    tape, y = recorded(lambda a, b: a * b, row, column)
    a, b = tape.gradient(y, [row, column])
    close(a, [30, 30, 30])
    close(b, [[6], [6]])


def test_recorded_values_are_used_when_a_variable_changes() -> None:
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = x * x
        x.assign(100.0)
        z = x * 1.0
    assert tape.gradient([y, z], x).numpy() == 7.0
    tape, y = recorded(mt.square, x)
    x.assign(1.0)
    assert tape.gradient(y, x).numpy() == 200.0


# Pausing and forgetting


def test_stop_recording(x: Any) -> None:
    with mt.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            z = y * x
        w = y + z
    close(tape.gradient(w, x), [2, 4])
    with pytest.raises(
        RuntimeError, match="Trying to stop recording a tape which is not recording"
    ):
        tape.stop_recording().__enter__()


def test_a_pause_keeps_a_tape_s_place_among_others() -> None:
    x = mt.Variable(3.0)
    with mt.GradientTape() as outer, mt.GradientTape() as inner:
        with outer.stop_recording():
            pass
        y = x * x * x
        with pytest.raises(ZeroDivisionError), inner.stop_recording():
            raise ZeroDivisionError
        z = y + x
    assert inner.gradient(z, x).numpy() == 28.0
    assert outer.gradient(z, x).numpy() == 28.0


def test_reset_forgets(x: Any) -> None:
    with mt.GradientTape(persistent=True) as tape:
        y = x * x
        tape.reset()
        z = x * 3.0
        w = y * 1.0
    assert len(tape.nodes) == 2
    close(tape.gradient(z, x), [3, 3])
    assert tape.gradient(w, x) is None
    assert [v is x for v in tape.watched_variables()] == [True]


def test_reset_after_the_gradient_records_again(x: Any) -> None:
    with mt.GradientTape() as tape:
        y = x * x
        tape.gradient(y, x)
        tape.reset()
        z = x * 3.0
    close(tape.gradient(z, x), [3, 3])


# Sparse rows


def test_the_gradient_of_gather_is_rows(x: Any) -> None:
    table = mt.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    tape, y = recorded(lambda t: mt.gather(t, [0, 2, 0]) * [[1.0], [10.0], [100.0]], table)
    rows = tape.gradient(y, table)
    assert isinstance(rows, mt.IndexedSlices)
    close(rows.values, [[1, 1], [10, 10], [100, 100]])
    close(rows.indices, [0, 2, 0])
    close(rows.dense_shape, [3, 2])
    close(mt.convert_to_tensor(rows), [[101, 101], [0, 0], [10, 10]])


def test_two_gathers_stay_rows_and_dense_use_makes_them_dense() -> None:
    table = mt.Variable([[1.0], [2.0]])
    tape, y = recorded(lambda t: mt.gather(t, [1]) + mt.gather(t, [0]), table)
    rows = tape.gradient(y, table)
    assert isinstance(rows, mt.IndexedSlices)
    close(mt.convert_to_tensor(rows), [[1], [1]])
    tape, y = recorded(lambda t: mt.reduce_sum(mt.gather(t, [1, 1])) + mt.reduce_sum(t * t), table)
    dense = tape.gradient(y, table)
    assert isinstance(dense, mt.Tensor)
    close(dense, [[2], [6]])
    tape, y = recorded(lambda t: t[1:], table)
    assert isinstance(tape.gradient(y, table), mt.Tensor)


def test_rows_flow_on_as_dense_gradients(x: Any) -> None:
    tape, y = recorded(lambda v: mt.gather(v * v, [1, 1]), x)
    close(tape.gradient(y, x), [0, 8])


# Higher order


def test_nested_tapes_give_second_derivatives_only_when_the_inner_gradient_is_inside() -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape(persistent=True) as outer:
        with mt.GradientTape() as inner:
            y = x * x * x
        first = inner.gradient(y, x)
    assert (first.numpy(), outer.gradient(first, x).numpy()) == (12.0, 12.0)
    assert outer.gradient(y, x).numpy() == 12.0
    with mt.GradientTape() as outer, mt.GradientTape() as inner:
        y = x * x * x
    assert outer.gradient(inner.gradient(y, x), x) is None


@pytest.mark.filterwarnings("default")
def test_a_persistent_tape_differentiates_itself(x: Any) -> None:
    with mt.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**4.0
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
    close(tape.gradient(second, x), [24, 48])


def test_a_tape_inside_a_recorded_gradient_sees_sparse_rows() -> None:
    x = mt.Variable([1.0, 2.0])
    with mt.GradientTape() as outer:
        with mt.GradientTape() as inner:
            y = mt.gather(x, [0, 1, 0]) ** 3.0
        first = inner.gradient(y, x)
    assert isinstance(first, mt.IndexedSlices)
    close(mt.convert_to_tensor(outer.gradient(first.values, x)), [12, 12])

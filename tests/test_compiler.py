"""What a compiled graph may do with memory, and what it may not."""

from __future__ import annotations

import gc
import linecache
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest

import minitensor as mt

RNG = np.random.default_rng(5)


def noise(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def network() -> tuple[list[mt.Variable], Any]:
    """Variables of a small network and one training step of it, with momentum."""
    variables = [mt.Variable(noise(*shape) * 0.3) for shape in ((5, 7), (7,), (7, 2), (2,))]
    moments = [mt.Variable(np.zeros(v.shape, np.float32)) for v in variables]

    @mt.function
    def step(x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = variables
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean(mt.square(mt.tanh(x @ w1 + b1) @ w2 + b2 - y))
        for v, m, g in zip(variables, moments, tape.gradient(loss, variables), strict=True):
            m.assign(0.9 * m + g)
            v.assign_sub(0.1 * m)
        return loss

    return variables, step


X, Y = mt.constant(noise(16, 5)), mt.constant(noise(16, 2))


def values(variables: list[mt.Variable]) -> list[np.ndarray]:
    return [v.numpy() for v in variables]


def test_a_compiled_training_step_is_the_eager_one() -> None:
    variables, step = network()
    start = values(variables)
    losses = [float(step(X, Y)) for _ in range(5)]
    after = values(variables)
    again, eager = network()
    for v, value in zip(again, start, strict=True):
        v.assign(value)
    assert np.allclose(losses, [float(eager.python_function(X, Y)) for _ in range(5)], rtol=1e-5)
    for a, b in zip(after, values(again), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_what_was_read_from_a_variable_stays_when_the_step_updates_it() -> None:
    variables, step = network()
    for _ in range(3):
        step(X, Y)
    held = [v.value() for v in variables]
    before = [t.numpy() for t in held]
    step(X, Y)
    for t, value, v in zip(held, before, variables, strict=True):
        np.testing.assert_array_equal(t.numpy(), value)
        assert not np.array_equal(v.numpy(), value)


def test_a_view_of_a_variable_stays_when_the_step_updates_it() -> None:
    variables, step = network()
    step(X, Y)
    step(X, Y)
    view = mt.reshape(variables[0], [-1])
    row = variables[2][0]
    before = view.numpy(), row.numpy()
    step(X, Y)
    np.testing.assert_array_equal(view.numpy(), before[0])
    np.testing.assert_array_equal(row.numpy(), before[1])


def test_a_variable_assigned_between_steps_is_used() -> None:
    variables, step = network()
    step(X, Y)
    for v in variables:
        v.assign(mt.zeros_like(v))
    assert float(step(X, Y)) == pytest.approx(float(np.mean(np.square(Y.numpy()))), rel=1e-5)


def test_results_do_not_change_when_the_function_runs_again() -> None:
    @mt.function
    def several(x: Any) -> Any:
        y = mt.exp(x)
        return y, mt.reshape(y, [-1]), y[1:], mt.transpose(y), y * 2, mt.split(y, 2), x

    first = several(mt.constant(noise(4, 6)))
    before = [t.numpy() for t in mt.nest.flatten(first)]
    several(mt.constant(noise(4, 6)))
    for t, value in zip(mt.nest.flatten(first), before, strict=True):
        np.testing.assert_array_equal(t.numpy(), value)


def test_a_variable_keeps_a_value_that_later_calls_do_not_touch() -> None:
    kept = mt.Variable(np.zeros((4, 4), np.float32))

    @mt.function
    def keep(x: Any) -> None:
        y = x @ x
        kept.assign(y)

    @mt.function
    def work(x: Any) -> Any:
        return mt.reduce_sum(x @ x)

    a = mt.constant(noise(4, 4))
    keep(a)
    held = kept.value()
    before = held.numpy()
    keep(mt.constant(noise(4, 4)))
    np.testing.assert_array_equal(held.numpy(), before)
    work(a)
    np.testing.assert_allclose(before, a.numpy() @ a.numpy(), rtol=1e-6)


def test_swapping_two_variables_works() -> None:
    a, b = mt.Variable([1.0, 2.0]), mt.Variable([3.0, 4.0])

    @mt.function
    def swap() -> None:
        x, y = a.read_value(), b.read_value()
        a.assign(y + 0.0)
        b.assign(x * 1.0)

    swap()
    swap()
    swap()
    assert a.numpy().tolist() == [3.0, 4.0]
    assert b.numpy().tolist() == [1.0, 2.0]


def test_a_variable_may_be_read_after_it_was_written() -> None:
    v = mt.Variable([1.0, 2.0])

    @mt.function
    def turns() -> Any:
        before = v * 1.0
        v.assign_add([1.0, 1.0])
        middle = v * 1.0
        v.assign(v * 2.0)
        return before, middle, v.read_value()

    for k in range(3):
        start = v.numpy()
        found = [t.numpy().tolist() for t in turns()]
        assert found == [start.tolist(), (start + 1).tolist(), ((start + 1) * 2).tolist()], k


def test_calling_within_a_call_works() -> None:
    depth = []

    @mt.function
    def outer(x: Any) -> Any:
        def again(y: Any) -> Any:
            depth.append(1)
            return outer(y + 1) if len(depth) < 4 else y

        return mt.py_function(again, [mt.exp(mt.sin(x)) * 0 + x], mt.float32) * 2

    assert float(mt.reduce_sum(outer(mt.constant(1.0)))) == 4.0 * 16


def test_threads_may_run_one_function_at_once() -> None:
    @mt.function
    def heavy(x: Any) -> Any:
        y = x
        for _ in range(20):
            y = mt.tanh(y @ y)
        return y

    inputs = [mt.constant(noise(40, 40)) for _ in range(4)]
    wanted = [heavy(x).numpy() for x in inputs]
    wrong: list[int] = []

    def run(i: int) -> None:
        for _ in range(50):
            if not np.array_equal(heavy(inputs[i]).numpy(), wanted[i]):
                wrong.append(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_the_second_call_allocates_no_intermediates() -> None:
    @mt.function
    def step(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(10):
                y = mt.tanh(y @ x) * 0.5
            loss = mt.reduce_sum(y)
        return loss, mt.reduce_sum(tape.gradient(loss, x))

    x = mt.constant(noise(64, 64))
    step(x)
    gc.collect()
    tracemalloc.start()
    step(x)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    step(x)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 64 * 64 * 4  # not even one intermediate


def test_memory_stays_flat_over_many_calls() -> None:
    _, step = network()
    step(X, Y)
    step(X, Y)
    gc.collect()
    tracemalloc.start()
    for _ in range(100):
        step(X, Y)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        step(X, Y)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 4000


def test_a_failing_call_leaves_the_function_usable() -> None:
    @mt.function
    def pick(x: Any, i: Any) -> Any:
        return mt.gather(mt.exp(x), i) * 2.0

    x = mt.constant(noise(5))
    with pytest.raises(mt.errors.InvalidArgumentError, match="not in"):
        pick(x, mt.constant([7]))
    np.testing.assert_allclose(pick(x, mt.constant([2])), np.exp(x.numpy()[[2]]) * 2, rtol=1e-6)


def test_the_traceback_shows_the_generated_line_and_the_error_the_learners() -> None:
    @mt.function
    def pick(x: Any, i: Any) -> Any:
        return mt.gather(x, i)

    with pytest.raises(mt.errors.InvalidArgumentError) as caught:
        pick(mt.constant(noise(5)), mt.constant([7]))
    assert "return mt.gather(x, i)" in str(caught.value)
    files = [str(entry.path) for entry in caught.traceback]
    assert any("<minitensor graph" in file for file in files)


def test_sizes_that_depend_on_values_still_run() -> None:
    @mt.function
    def positive(x: Any) -> Any:
        chosen = mt.boolean_mask(x, x > 0)
        return mt.reduce_sum(mt.exp(chosen)), mt.shape(chosen)[0], chosen * 2.0

    for _ in range(3):
        x = noise(20)
        total, count, doubled = positive(mt.constant(x))
        assert int(count) == (x > 0).sum()
        np.testing.assert_allclose(total, np.exp(x[x > 0]).sum(), rtol=1e-5)
        np.testing.assert_allclose(doubled, x[x > 0] * 2, rtol=1e-6)


@pytest.mark.parametrize("size", [10, 16384, 32768, 32769, 100_003])
@pytest.mark.parametrize("columns", [1, 7])
def test_tiles_of_any_size_give_what_whole_arrays_give(size: int, columns: int) -> None:
    @mt.function
    def curves(x: Any, row: Any, column: Any) -> Any:
        y = mt.where(x > row, mt.tanh(x) * column, mt.exp(-x) + row)
        return y, mt.maximum(y, 0.5), y > 0.2, mt.cast(y, mt.float64)

    x, row, column = (mt.constant(noise(*s)) for s in ((size, columns), (columns,), (size, 1)))
    for found, wanted in zip(
        curves(x, row, column), curves.python_function(x, row, column), strict=True
    ):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-6)


def test_the_source_is_python_that_names_the_learners_lines() -> None:
    @mt.function
    def f(x: Any) -> Any:
        return mt.tanh(x @ x)

    source = f.get_concrete_function(mt.constant(noise(4, 4))).source
    compile(source, "f", "exec")
    assert "def f(x):" in source
    assert "return mt.tanh(x @ x)" in source
    assert "tanh(" in source


def test_explain_counts_what_was_saved() -> None:
    _, step = network()
    step(X, Y)
    explanation = step.get_concrete_function(X, Y).explain()
    assert explanation.after.kernels < explanation.before.kernels / 2
    assert explanation.after.bytes < explanation.before.bytes
    assert explanation.in_place == 8
    assert "kernels" in str(explanation)


def test_a_run_that_fails_leaves_variables_as_they_were() -> None:
    v = mt.Variable([1.0, 2.0, 3.0])

    @mt.function
    def turns(i: Any) -> Any:
        v.assign(v * 2.0)
        found = mt.gather(v, i)
        v.assign(v + 1.0)
        return found

    turns(mt.constant([0]))
    before = v.numpy()
    with pytest.raises(mt.errors.InvalidArgumentError):
        turns(mt.constant([9]))
    np.testing.assert_array_equal(v.numpy(), before)


def test_no_update_is_lost_between_threads() -> None:
    count, total = mt.Variable(0), mt.Variable([0.0, 0.0])
    add = mt.function(lambda: count.assign_add(1))

    @mt.function
    def both() -> None:
        count.assign_add(1)
        total.assign_add([1.0, 2.0])

    def run(function: Any) -> None:
        for _ in range(300):
            function()

    threads = [threading.Thread(target=run, args=(f,)) for f in (add, both, both, add)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert int(count) == 1200
    assert total.numpy().tolist() == [600.0, 1200.0]


def test_functions_that_are_gone_leave_no_sources_behind() -> None:
    def sources() -> int:
        return sum(name.startswith("<minitensor graph") for name in linecache.cache)

    gc.collect()
    mt.function(lambda x: mt.exp(x) * 2.0)(mt.constant(1.0))
    gc.collect()
    before = sources()
    for _ in range(5):
        mt.function(lambda x: mt.exp(x) * 3.0)(mt.constant(1.0))
        gc.collect()
    assert sources() <= before


def test_functions_that_call_each_other_from_two_threads_do_not_wait_for_ever() -> None:
    v, w = mt.Variable(0.0), mt.Variable(0.0)
    met = threading.Barrier(2, timeout=20)

    def pair(mine: Any, other: Any) -> Any:
        inner = mt.function(lambda: other.assign_add(1.0))

        def across(x: Any) -> Any:
            met.wait()
            inner()
            return x

        @mt.function
        def outer(x: Any) -> Any:
            mine.assign_add(1.0)
            return mt.py_function(across, [x], mt.float32)

        return outer

    threads = [
        threading.Thread(target=pair(*order), args=(mt.constant(1.0),), daemon=True)
        for order in ((v, w), (w, v))
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert not any(t.is_alive() for t in threads)
    assert (float(v), float(w)) == (2.0, 2.0)


@pytest.mark.parametrize("size", [2000, 70_000])
def test_a_choice_between_zeros_of_either_sign_is_exact(size: int) -> None:
    @mt.function
    def choices(x: Any) -> Any:
        zero, minus = mt.zeros_like(x), -mt.zeros_like(x)
        pairs = ((zero, zero), (zero, x), (x, zero), (minus, zero), (zero, minus), (x, minus))
        return [mt.where(x > 0.0, a, b) for a, b in pairs]

    x = mt.constant(noise(size))
    for found, wanted in zip(choices(x), choices.python_function(x), strict=True):
        assert found.numpy().tobytes() == wanted.numpy().tobytes()

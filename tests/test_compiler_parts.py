"""The parts of the compiler that a whole function does not show: arenas, threads, recorders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.elementwise import Recorder, record_calls
from minitensor.graph.flat import Arena
from minitensor.op import REGISTRY
from minitensor.shapes import Spec
from minitensor.threads import spread

RNG = np.random.default_rng(11)


def noise(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.fixture
def two_threads() -> Any:
    before = mt.config.threading.get_intra_op_parallelism_threads()
    mt.config.threading.set_intra_op_parallelism_threads(2)
    yield
    mt.config.threading.set_intra_op_parallelism_threads(before)


# Arenas.


def test_an_arena_keeps_the_values_of_its_variables() -> None:
    variables = [mt.Variable(noise(2, 3)), mt.Variable(noise(4)), mt.Variable(noise())]
    before = [v.numpy() for v in variables]
    flat = Arena(variables).claim()
    np.testing.assert_array_equal(flat, np.concatenate([b.reshape(-1) for b in before]))
    for v, b in zip(variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), b)


def test_an_arena_stays_as_long_as_nobody_holds_a_value() -> None:
    variables = [mt.Variable(noise(2, 3)), mt.Variable(noise(4))]
    arena = Arena(variables)
    first = id(arena.claim())
    assert id(arena.claim()) == first
    arena.claim()[:] = 1.0
    assert variables[0].numpy().tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize(
    "hold",
    [
        lambda v: v.value(),
        lambda v: v.value()._array,
        lambda v: mt.reshape(v, [-1]),
        lambda v: v.value()[1:],
        lambda v: mt.transpose(v),
    ],
)
def test_an_arena_moves_away_from_a_value_that_somebody_holds(hold: Any) -> None:
    variables = [mt.Variable(noise(2, 3)), mt.Variable(noise(4))]
    arena = Arena(variables)
    arena.claim()
    held = hold(variables[0])
    before = np.array(held)
    arena.claim()[:] = 7.0
    np.testing.assert_array_equal(np.array(held), before)
    assert (variables[0].numpy() == 7).all()


def test_two_functions_that_update_the_same_variables_agree() -> None:
    variables = [mt.Variable(noise(3, 3)), mt.Variable(noise(5))]

    def update(factor: float) -> Any:
        @mt.function
        def step() -> None:
            for v in variables:
                v.assign_sub(factor * v)

        return step

    start = [v.numpy() for v in variables]
    half, most = update(0.5), update(0.75)
    for f in (half, most, half, half, most):
        f()
    for v, s in zip(variables, start, strict=True):
        np.testing.assert_allclose(v.numpy(), s * 0.5**3 * 0.25**2, rtol=1e-5)


def test_an_optimiser_step_with_equal_gradients_for_two_variables() -> None:
    a, b = mt.Variable(noise(3)), mt.Variable(noise(3))
    start = a.numpy(), b.numpy()

    @mt.function
    def step(x: Any) -> None:
        with mt.GradientTape() as tape:
            y = mt.reduce_sum((a + b) * x)
        for v, g in zip((a, b), tape.gradient(y, [a, b]), strict=True):
            v.assign_sub(g)

    x = noise(3)
    step(mt.constant(x))
    step(mt.constant(x))
    np.testing.assert_allclose(a.numpy(), start[0] - 2 * x, rtol=1e-5)
    np.testing.assert_allclose(b.numpy(), start[1] - 2 * x, rtol=1e-5)


def test_updates_that_depend_on_each_other_keep_their_order() -> None:
    a, b = mt.Variable([1.0, 2.0]), mt.Variable([10.0, 20.0])

    @mt.function
    def step() -> None:
        a.assign_add(b)
        b.assign_add(a)

    step()
    step()
    assert a.numpy().tolist() == [32.0, 64.0]
    assert b.numpy().tolist() == [53.0, 106.0]


def test_a_variable_assigned_a_transposed_value_is_right_afterwards() -> None:
    v = mt.Variable(noise(3, 3))
    other = mt.Variable(noise(3, 3))

    @mt.function
    def turn() -> Any:
        v.assign(mt.transpose(v))
        other.assign_add(v * 2.0)
        return mt.reduce_sum(v, axis=0)

    for _ in range(3):
        before, old = v.numpy(), other.numpy()
        total = turn()
        np.testing.assert_array_equal(v.numpy(), before.T)
        np.testing.assert_allclose(total.numpy(), before.T.sum(0), rtol=1e-5)
        np.testing.assert_allclose(other.numpy(), old + 2 * before.T, rtol=1e-5)


# Threads.


def test_threads_give_what_one_thread_gives(two_threads: None) -> None:
    x = mt.constant(noise(700_001))

    @mt.function
    def curves(x: Any) -> Any:
        y = mt.where(x > 0.1, mt.tanh(x), -x)
        return y, mt.reduce_sum(y * y), mt.reduce_mean(mt.exp(x))

    found, wanted = curves(x), curves.python_function(x)
    assert "spread(" in curves.get_concrete_function(x).source
    np.testing.assert_array_equal(found[0].numpy(), wanted[0].numpy())
    for a, b in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_threads_warn_no_more_than_one_thread_does(two_threads: None) -> None:
    f = mt.function(lambda x: mt.math.log(x) / 0.0 - mt.exp(x))
    assert not np.isfinite(f(mt.constant(np.full(700_000, -1e9, np.float32))).numpy()).any()


def test_spread_covers_every_row_once(two_threads: None) -> None:
    seen = np.zeros(1003, int)

    def run(start: int, stop: int, scratch: np.ndarray) -> int:
        seen[start:stop] += 1
        return stop - start

    assert sum(spread(run, 1003, 10, (np.empty(3),))) == 1003
    assert (seen == 1).all()


def test_an_error_in_a_thread_is_raised(two_threads: None) -> None:
    def run(start: int, stop: int) -> None:
        if start:
            raise ValueError("in a thread")

    with pytest.raises(ValueError, match="in a thread"):
        spread(run, 100, 1, ())


@pytest.mark.parametrize("wrong", [-1, 1.5, "many", None])
def test_a_wrong_number_of_threads_is_refused(wrong: Any) -> None:
    with pytest.raises(mt.errors.InvalidArgumentError, match="number of threads"):
        mt.config.threading.set_intra_op_parallelism_threads(wrong)


# Recorders.


def test_a_formula_leaves_its_numpy_calls() -> None:
    calls: list = []
    x = Recorder(calls, (4,), np.float32)
    found = record_calls(REGISTRY["sigmoid"], [x], {}, Spec((4,), np.dtype(np.float32)))
    assert found is not None
    assert {call.function for call in found[0]} <= {np.negative, np.exp, np.add, np.divide}
    assert found[1].dtype == np.float32


@pytest.mark.parametrize("name", ["softmax", "reverse", "cumsum", "argmax", "matmul"])
def test_what_is_not_elementwise_is_not_recorded(name: str) -> None:
    op = REGISTRY[name]
    arrays, attrs = next(iter(op.samples(np.random.default_rng(0))))
    spec = op.infer_specs([Spec(a.shape, a.dtype) for a in arrays], attrs)
    calls: list = []
    recorders = [Recorder(calls, a.shape, a.dtype) for a in arrays]
    assert record_calls(op, recorders, attrs, spec) is None
    assert calls == []


def test_numbers_in_a_formula_take_the_dtype_that_numpy_gives_them() -> None:
    @mt.function
    def f(x: Any) -> Any:
        return mt.nn.gelu(x, approximate=True), mt.nn.selu(x), mt.nn.leaky_relu(x)

    for dtype in (np.float16, np.float32, np.float64):
        x = mt.constant(noise(50).astype(dtype))
        for found, wanted in zip(f(x), f.python_function(x), strict=True):
            assert found.dtype == wanted.dtype
            np.testing.assert_allclose(
                found.numpy(), wanted.numpy(), rtol=2e-3 if dtype == np.float16 else 1e-6
            )

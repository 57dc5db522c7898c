"""Jacobians by rows, and forward mode. Numbers are TensorFlow 2.21's, or finite differences."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt


def close(actual: Any, expected: Any, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=rtol, atol=1e-9)


def recorded(f: Callable, x: Any, **given: Any) -> tuple[Any, Any]:
    with mt.GradientTape(**given) as tape:
        tape.watch(x)
        y = f(x)
    return tape, y


def slopes(f: Callable, x: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """The Jacobian of f at x by central differences: y.shape + x.shape."""
    columns = []
    for i in range(x.size):
        step = h * (np.arange(x.size) == i).reshape(x.shape)
        up, down = (f(mt.constant(v)).numpy() for v in (x + step, x - step))
        columns.append((up - down) / (2 * h))
    return np.stack(columns, axis=-1).reshape(*columns[0].shape, *x.shape)


FUNCTIONS = {
    "elementwise": lambda x: mt.sin(x) * x,
    "mixing": lambda x: mt.matmul(x, x, transpose_b=True),
    "scalar": lambda x: mt.reduce_sum(mt.exp(x) * x),
    "broadcast": lambda x: x[:1] * x,
    "rows": lambda x: mt.gather(x, [1, 0, 1]) ** 2.0,
    "cumulative": lambda x: mt.cumsum(x, axis=1),
    "larger": lambda x: x[:, :, None] * x[:, None, :],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_jacobian_is_that_of_finite_differences(name: str) -> None:
    value = np.random.default_rng(0).normal(size=(2, 3))
    f = FUNCTIONS[name]
    tape, y = recorded(f, x := mt.constant(value))
    found = tape.jacobian(y, x)
    assert tuple(found.shape) == (*y.shape, 2, 3)
    close(found, slopes(f, value), rtol=1e-5)


def test_scalars_and_structures() -> None:
    x, b = mt.Variable([1.0, 2.0]), mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = x * x * b
    found = tape.jacobian(y, {"x": x, "rest": [b, (x,)]})
    close(found["x"], [[6, 0], [0, 12]])
    close(found["rest"][0], [1, 4])
    close(found["rest"][1][0], [[6, 0], [0, 12]])
    tape, y = recorded(lambda v: v * v, b)
    assert tape.jacobian(y, b).numpy() == 6.0


def test_a_jacobian_uses_the_tape_up() -> None:
    tape, y = recorded(mt.square, x := mt.Variable([1.0, 2.0]))
    tape.jacobian(y, x)
    with pytest.raises(RuntimeError, match="one set of gradients"):
        tape.gradient(y, x)
    tape, y = recorded(mt.square, x, persistent=True)
    for vectorised in (True, False):
        close(tape.jacobian(y, x, experimental_use_pfor=vectorised), [[2, 0], [0, 4]])


def test_unconnected_jacobians() -> None:
    x, other = mt.Variable([1.0, 2.0]), mt.Variable([[1.0]])
    tape, y = recorded(mt.square, x, persistent=True)
    assert tape.jacobian(y, other) is None
    assert tuple(tape.jacobian(y, other, unconnected_gradients="zero").shape) == (2, 1, 1)
    nothing = mt.zeros([0]) * x[:0]
    assert tuple(tape.jacobian(nothing, x).shape) == (0, 2)


@pytest.mark.parametrize("target", [[mt.constant(1.0)], None, 2.0])
def test_a_jacobian_has_one_target(target: Any) -> None:
    tape, _ = recorded(mt.square, x := mt.Variable(1.0))
    with pytest.raises(TypeError, match="object has no attribute 'shape'"):
        tape.jacobian(target, x)


def test_what_needs_a_persistent_tape() -> None:
    x = mt.Variable(mt.ones([2, 3]))
    text = "GradientTape must be created with persistent=True to compute the "
    for ask in (
        lambda tape, y: tape.jacobian(y, x, experimental_use_pfor=False),
        lambda tape, y: tape.batch_jacobian(y, x, experimental_use_pfor=False),
        lambda tape, y: tape.batch_jacobian(y, x, parallel_iterations=2),
    ):
        tape, y = recorded(mt.square, x)
        with pytest.raises(RuntimeError, match=text):
            ask(tape, y)


def test_jacobians_can_be_differentiated() -> None:
    x = mt.Variable([1.0, 2.0])
    with mt.GradientTape() as outer:
        inner, y = recorded(lambda v: v**3.0, x)
        first = inner.jacobian(y, x)
    close(first, [[3, 0], [0, 12]])
    close(outer.jacobian(first, x)[:, :, 0], [[6, 0], [0, 0]])


def test_hessian_of_a_jacobian_of_a_gradient() -> None:
    value = np.array([0.3, -0.7, 1.1])
    x = mt.Variable(value)
    with mt.GradientTape() as outer:
        inner, y = recorded(lambda v: mt.reduce_sum(v[1:] * mt.sin(v[:-1])), x)
        first = inner.gradient(y, x)
    s, c = np.sin(value), np.cos(value)
    expected = [[-s[0] * value[1], c[0], 0], [c[0], -s[1] * value[2], c[1]], [0, c[1], 0]]
    close(outer.jacobian(first, x), expected)


@pytest.mark.filterwarnings("default")
def test_jacobian_inside_its_own_block() -> None:
    x = mt.Variable([1.0, 2.0])
    for persistent in (False, True):
        with mt.GradientTape(persistent=persistent) as tape:
            y = x * x
            close(tape.jacobian(y, x), [[2, 0], [0, 4]])


# One example at a time


def test_batch_jacobian() -> None:
    value = np.random.default_rng(1).normal(size=(4, 3, 2))

    def f(v: Any) -> Any:
        return mt.matmul(v, mt.sin(v), transpose_a=True)

    tape, y = recorded(f, x := mt.constant(value))
    found = tape.batch_jacobian(y, x)
    assert tuple(found.shape) == (4, 2, 2, 3, 2)
    for i in range(4):
        close(found[i], slopes(lambda v: f(v[None])[0], value[i]), rtol=1e-5)


def test_unconnected_batch_jacobians_are_zeros() -> None:
    x = mt.Variable(mt.ones([2, 3]))
    tape, y = recorded(lambda v: mt.constant([[1.0, 2.0], [3.0, 4.0]]), x)
    close(tape.batch_jacobian(y, x), np.zeros((2, 2, 3)))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ([1.0, 2.0], r"Shape \(2,\) must have rank at least 2"),
        ([[1.0]] * 3, r"Need first dimension of target shape \(\(3, 1\)\) and source shape \(\(2,"),
    ],
)
def test_batches_that_do_not_fit(target: Any, text: str) -> None:
    tape, _ = recorded(mt.square, x := mt.Variable(mt.ones([2, 2])))
    with pytest.raises(ValueError, match=text):
        tape.batch_jacobian(mt.constant(target), x)


# Forward mode


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_tangent_is_the_jacobian_times_the_direction(name: str) -> None:
    rng = np.random.default_rng(2)
    value, way = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    f = FUNCTIONS[name]
    with mt.autodiff.ForwardAccumulator(x := mt.constant(value), mt.constant(way)) as accumulator:
        y = f(x)
    expected = np.tensordot(slopes(f, value), way, axes=2)
    close(accumulator.jvp(y), expected, rtol=1e-5)


def test_several_primals_variables_and_structures() -> None:
    x, v = mt.constant([1.0, 2.0]), mt.Variable(3.0)
    primals, tangents = {"x": x, "v": [v]}, {"x": mt.constant([1.0, 1.0]), "v": [10.0]}
    with mt.autodiff.ForwardAccumulator(primals, tangents) as accumulator:
        y = x * v
        v.assign(100.0)
        z = v * 2.0
    found = accumulator.jvp({"y": [y], "rest": (x, v, mt.constant(1.0))})
    close(found["y"][0], [13, 23])
    close(found["rest"][0], [1, 1])
    close(found["rest"][1], 10)
    assert found["rest"][2] is None
    assert accumulator.jvp(z).numpy() == 20.0
    assert accumulator.jvp(mt.constant(1.0), unconnected_gradients="zero").numpy() == 0.0


def test_complex_tangents_are_not_conjugated() -> None:
    z = mt.constant(1 + 2j)
    with mt.autodiff.ForwardAccumulator(z, mt.constant(1 + 1j)) as accumulator:
        y = z * z
    assert accumulator.jvp(y).numpy() == -2 + 6j


def test_ops_without_gradient_and_other_threads_of_thought_have_no_tangent() -> None:
    x = mt.constant(2.5)
    with mt.autodiff.ForwardAccumulator(x, mt.constant(1.0)) as accumulator:
        ys = [x // 1.0, mt.stop_gradient(x), mt.cast(x, mt.int32), mt.constant(float(x))]
    after = x * 2.0
    assert accumulator.jvp([*ys, after]) == [None] * 5


def test_nested_accumulators_give_second_derivatives() -> None:
    x = mt.constant(2.0)
    with mt.autodiff.ForwardAccumulator(x, mt.constant(1.0)) as outer:
        with mt.autodiff.ForwardAccumulator(x, mt.constant(1.0)) as inner:
            y = x**3.0
        first = inner.jvp(y)
    assert (first.numpy(), outer.jvp(first).numpy(), outer.jvp(y).numpy()) == (12.0, 12.0, 12.0)


@pytest.mark.parametrize("inside", ["plain", "custom", "recomputed"])
def test_both_orders_of_hessian_vector_products(inside: str) -> None:
    def plain(v: Any) -> Any:
        return mt.reduce_sum(v[1:] * mt.sin(v[:-1]))

    @mt.custom_gradient
    def custom(v: Any) -> Any:
        a, b = v[1:], v[:-1]
        s, c = mt.sin(b), mt.cos(b)
        return mt.reduce_sum(
            a * s
        ), lambda g: g * (mt.concat([a * c, [0.0]], 0) + mt.concat([[0.0], s], 0))

    f = {"plain": plain, "custom": custom, "recomputed": mt.recompute_grad(plain)}[inside]
    value, way = np.float32([0.3, -0.7, 1.1]), np.float32([1.0, -2.0, 0.5])
    s, c = np.sin(value), np.cos(value)
    hessian = [[-s[0] * value[1], c[0], 0], [c[0], -s[1] * value[2], c[1]], [0, c[1], 0]]
    x = mt.Variable(value)
    with mt.autodiff.ForwardAccumulator(x, mt.constant(way)) as accumulator:
        tape, y = recorded(f, x)
        gradient = tape.gradient(y, x)
    close(accumulator.jvp(gradient), hessian @ way, rtol=1e-5)
    with mt.GradientTape() as tape:
        with mt.autodiff.ForwardAccumulator(x, mt.constant(way)) as accumulator:
            y = f(x)
        tangent = accumulator.jvp(y)
    close(tape.gradient(tangent, x), hessian @ way, rtol=1e-5)


def test_an_accumulator_keeps_nothing_alive() -> None:
    x = mt.constant(np.ones(3))
    with mt.autodiff.ForwardAccumulator(x, mt.constant(np.ones(3))) as accumulator:
        y = mt.sin(x)
        gone = weakref.ref(y)
        y = mt.sin(y)
        assert gone() is None
        assert len(accumulator.known) == 2
    gc.disable()
    gone = weakref.ref(accumulator)
    del accumulator
    assert gone() is None
    gc.enable()


@pytest.mark.parametrize(
    ("primals", "tangents", "text"),
    [
        ([1.0, 2.0], [1.0, 2.0, 3.0], "a tangent is a direction in the primal's own space"),
        ([1.0, 2.0], np.ones(2), None),
        ([1.0, 2.0], mt.constant([1, 2]), "dtype"),
    ],
)
def test_tangents_fit_their_primals(primals: Any, tangents: Any, text: str | None) -> None:
    x = mt.constant(primals)
    if text is None:
        mt.autodiff.ForwardAccumulator(x, tangents)
        return
    with pytest.raises(ValueError, match=f"(?i){text}"):
        mt.autodiff.ForwardAccumulator(x, mt.constant(tangents))


def test_misuse_of_accumulators(caplog: Any) -> None:
    x, one = mt.constant(1.0), mt.constant(1.0)
    with pytest.raises(ValueError, match="specified as a primal multiple times"):
        mt.autodiff.ForwardAccumulator([x, x], [one, one])
    with pytest.raises(ValueError, match="neither a tensor nor a variable"):
        mt.autodiff.ForwardAccumulator(1.0, one)
    with pytest.raises(ValueError, match="one is a leaf"):
        mt.autodiff.ForwardAccumulator([x], one)
    accumulator = mt.autodiff.ForwardAccumulator(x, one)
    assert accumulator.jvp(x) is one
    with accumulator, pytest.raises(ValueError, match="Accumulator is already recording"):
        accumulator.__enter__()
    mt.autodiff.ForwardAccumulator(mt.constant(1), mt.constant(1))
    assert "The dtype of the watched primal must be floating" in caplog.text

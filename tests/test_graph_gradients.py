"""Gradients in graphs, of graphs, and through branches and loops: held against numbers.

The numbers are finite differences, closed forms, and what the same code gives without a graph,
where each derivative is asked for in six ways: the tape outside of the function, inside, both;
with sizes known and open; in a nested function.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.testing import check_gradients

RNG = np.random.default_rng(7)
X = mt.constant(RNG.normal(size=(4, 3)))
W = mt.constant(RNG.normal(size=(3, 3)) * 0.5)
V = mt.constant(RNG.normal(size=(3,)))


def traced(function: Callable) -> Any:
    return mt.function(function, autograph=False)


def second_order(function: Callable, *args: Any) -> list:
    """Value, gradient, and the gradient of the gradient's square."""
    with mt.GradientTape() as outer:
        outer.watch(args)
        with mt.GradientTape() as inner:
            inner.watch(args)
            y = function(*args)
        first = inner.gradient(y, list(args), unconnected_gradients="zero")
        total = sum(mt.reduce_sum(mt.convert_to_tensor(g) ** 2) for g in first)
    second = outer.gradient(total, list(args), unconnected_gradients="zero")
    return [mt.convert_to_tensor(x) for x in (y, *first, *second)]


def in_every_way(function: Callable, *args: Any) -> dict[str, list]:
    signature = [mt.TensorSpec([None] * x.ndim, x.dtype) for x in args]

    def opened(f: Callable) -> Any:
        return mt.function(lambda *xs: f(*xs), autograph=False, input_signature=signature)

    def all_of_it(*xs: Any) -> list:
        return second_order(function, *xs)

    return {
        "tapes outside": second_order(traced(function), *args),
        "tapes inside": traced(all_of_it)(*args),
        "a function in a function": traced(lambda *xs: second_order(traced(function), *xs))(*args),
        "open sizes, tapes outside": second_order(opened(function), *args),
        "open sizes, tapes inside": opened(all_of_it)(*args),
    }


def loop(n: Any, step: Callable, start: Any) -> Any:
    return mt.while_loop(lambda i, _: i < n, lambda i, a: (i + 1, step(i, a)), (0, start))[1]


@mt.custom_gradient
def wrong_on_purpose(x: Any) -> tuple:
    y = mt.sin(x)
    return y * x, lambda g: g * y * 3.0 * x


@mt.recompute_grad
def recomputed(x: Any) -> Any:
    return mt.tanh(mt.sin(x) * x)


def rows_of(x: Any) -> Any:
    rows = mt.TensorArray(mt.float64, size=3)
    return mt.while_loop(
        lambda i, _: i < 3, lambda i, t: (i + 1, t.write(i, mt.sin(x[i]) * x[0])), (0, rows)
    )[1].stack()


def recurrent(x: Any) -> Any:
    source = mt.TensorArray(mt.float64, size=4).unstack(x)
    out = mt.TensorArray(mt.float64, size=0, dynamic_size=True)

    def body(i: Any, h: Any, out: Any) -> tuple:
        h = mt.tanh(h * source.read(i) + h)
        return i + 1, h, out.write(i, h)

    return mt.while_loop(lambda i, *_: i < 4, body, (0, x[0], out))[2].stack()


def ragged(x: Any) -> Any:
    """A loop whose values change their shape from one iteration to the next."""
    return mt.while_loop(
        lambda i, a: i < 2, lambda i, a: (i + 1, mt.concat([mt.sin(a), a * x[:1]], axis=0)),
        (0, x), shape_invariants=(mt.TensorShape([]), mt.TensorShape([None, 3])),
    )[1]  # fmt: skip


def total(x: Any) -> Any:
    return mt.reduce_sum(x)


PROGRAMS: dict[str, tuple] = {
    "branch": (lambda x: mt.cond(total(x) > 0.0, lambda: x * mt.sin(x), lambda: x**3), X),
    "the other branch": (lambda x: mt.cond(total(x) > 99.0, lambda: x * x, lambda: x**3), X),
    "branches of two inputs": (
        lambda x, w: mt.cond(total(x) > 99.0, lambda: x * 2.0, lambda: mt.tanh(x @ w)), X, W),
    "three branches": (lambda x: mt.switch_case(
        mt.constant(1), [lambda: x, lambda: x**3, lambda: mt.exp(x)]), X),
    "loop": (lambda x, w: loop(3, lambda i, a: mt.tanh(a @ w) + x, x), X, W),
    "as many steps as needed": (lambda x: mt.while_loop(
        lambda a: mt.reduce_max(mt.abs(a)) < 9.0, lambda a: [a * a * 0.7 + a], [x])[0], X),
    "no step": (lambda x, w: loop(0, lambda i, a: a @ w, x * w[0]), X, W),
    "the counter in the formula": (
        lambda x: loop(3, lambda i, a: a * mt.cast(i + 1, mt.float64) + mt.sin(a), x), X),
    "a branch in a loop": (lambda x: loop(3, lambda i, a: mt.cond(
        total(a) > 0.0, lambda: a * mt.sin(x), lambda: a * a * 0.5), x), X),
    "a loop in a branch": (lambda x: mt.cond(
        total(x) < 99.0, lambda: loop(3, lambda i, a: mt.sin(a) * x, x), lambda: x), X),
    "a loop in a loop": (
        lambda x: loop(3, lambda i, a: loop(i, lambda j, b: mt.sin(b * x) + b, a), x), X),
    "map": (lambda x: mt.map_fn(lambda r: mt.sin(r) * total(r), x), X),
    "scan": (lambda x: mt.scan(lambda a, r: mt.tanh(a * r) + r, x), X),
    "scan back": (lambda x, v: mt.scan(
        lambda a, r: mt.tanh(a * r) + v, x, initializer=v, reverse=True), X, V),
    "fold": (lambda x: mt.foldr(lambda a, r: a * r + r, x), X),
    "rows written": (rows_of, X),
    "rows written and read": (recurrent, X),
    "rows of different shapes": (ragged, X),
    "gather in a loop": (lambda x: loop(
        3, lambda i, a: a + mt.gather(x, mt.stack([i, 0])) ** 2, x[:2]), X),
    "a custom gradient": (lambda x: wrong_on_purpose(x * 2.0) + x, X),
    "custom gradients in a loop": (
        lambda x: loop(3, lambda i, a: recomputed(wrong_on_purpose(a)) * x, x), X),
    "a custom gradient in a branch": (lambda x: mt.cond(
        total(x) > 99.0, lambda: x, lambda: wrong_on_purpose(recomputed(x))), X),
    "straight through": (lambda x: mt.grad_pass_through(mt.round)(x * 2.0) ** 3, X),
    "a Python function": (lambda x: mt.py_function(
        lambda v: v * v if v.numpy().sum() > 99 else mt.sin(v), [x], mt.float64) * x, X),
    "a Python function in a loop": (lambda x: loop(3, lambda i, a: mt.ensure_shape(
        mt.py_function(lambda v: v * v * 0.5, [a], mt.float64), [4, 3]) + x, x), X),
    "stop_gradient": (lambda x: loop(2, lambda i, a: a * mt.stop_gradient(a) + x, x), X),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_to_second_order_in_every_way(name: str) -> None:
    function, *args = PROGRAMS[name]
    wanted = second_order(function, *args)
    for way, found in in_every_way(function, *args).items():
        for got, expected in zip(found, wanted, strict=True):
            np.testing.assert_allclose(
                got.numpy(), expected.numpy(), rtol=1e-9, atol=1e-9, err_msg=f"{name}: {way}"
            )


HONEST = [n for n in PROGRAMS if not any(w in n for w in ("custom", "straight", "stop", "Python"))]


@pytest.mark.parametrize("name", HONEST)
def test_gradients_are_slopes(name: str) -> None:
    function, *args = PROGRAMS[name]
    check_gradients(traced(function), [x.numpy() for x in args], order=2)


def test_a_matrix_recurrence_of_fifty_steps() -> None:
    """The numbers are those of a loop written out in numpy, forwards and backwards."""
    a, w = X.numpy(), W.numpy()
    states = [a]
    for _ in range(50):
        states.append(states[-1] @ w)
    g, gw = np.ones_like(a), np.zeros_like(w)
    for state in reversed(states[:-1]):
        gw += state.T @ g
        g = g @ w.T

    @traced
    def f(x: Any, w: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch([x, w])
            y = total(loop(50, lambda i, a: a @ w, x))
        return tape.gradient(y, [x, w])

    found = f(X, W)
    np.testing.assert_allclose(found[0].numpy(), g, rtol=1e-10)
    np.testing.assert_allclose(found[1].numpy(), gw, rtol=1e-10)


def test_powers_to_fourth_order() -> None:
    f = traced(lambda x, n: loop(n, lambda i, a: a * x, x))

    def derivatives(x: Any, n: Any, order: int) -> list:
        if not order:
            return [f(x, n)]
        with mt.GradientTape() as tape:
            tape.watch(x)
            found = derivatives(x, n, order - 1)
        return [*found, tape.gradient(found[-1], x)]

    x = mt.constant(2.0)
    wanted = [32.0, 80.0, 160.0, 240.0, 240.0]
    assert [y.numpy() for y in derivatives(x, mt.constant(4), 4)] == wanted
    inside = traced(lambda x, n: derivatives(x, n, 4))
    assert [y.numpy() for y in inside(x, mt.constant(4))] == wanted


def test_what_is_drawn_in_a_loop_is_drawn_once() -> None:
    @traced
    def f(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = loop(4, lambda i, a: a * mt.random.uniform([3], 1.0, 2.0, mt.float64), x)
        return y, tape.gradient(y, x)

    for _ in range(2):
        y, g = f(V)
        np.testing.assert_allclose(y.numpy(), g.numpy() * V.numpy(), rtol=1e-12)
    with mt.GradientTape() as tape:
        tape.watch(V)
        y, g = f(V)
    np.testing.assert_allclose(tape.gradient(y, V).numpy(), g.numpy(), rtol=1e-12)


def test_dropout_in_a_branch_is_drawn_once() -> None:
    @traced
    def f(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = mt.cond(total(x) < 99.0, lambda: mt.nn.dropout(x, 0.5), lambda: x)
        return y, tape.gradient(y, x)

    y, g = f(X)
    np.testing.assert_allclose(y.numpy(), g.numpy() * X.numpy())
    assert 0 < (g.numpy() == 0).sum() < X.numpy().size


def test_python_code_in_a_loop_is_run_once_forwards() -> None:
    calls: list = []

    def noted(v: Any) -> Any:
        calls.append(len(calls))
        return v * float(len(calls))

    @traced
    def f(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = loop(3, lambda i, a: mt.ensure_shape(
                mt.stop_gradient(mt.py_function(noted, [a], mt.float64)), [3]) * x, x)  # fmt: skip
        return y, tape.gradient(y, x)

    y, g = f(V)
    assert len(calls) == 3
    np.testing.assert_allclose(y.numpy(), 6 * V.numpy() ** 4)
    np.testing.assert_allclose(g.numpy(), 6 * V.numpy() ** 3)


def test_variables_read_in_bodies_that_write_them() -> None:
    """Each reading counts with the value it had, as in TensorFlow; a writing has no gradient."""
    w = mt.Variable(3.0)

    @traced
    def f(x: Any) -> Any:
        def step(i: Any, a: Any) -> Any:
            a = a * w
            w.assign(w * 2.0)
            return a

        with mt.GradientTape() as tape:
            y = loop(2, step, x)
        return y, tape.gradient(y, w)

    y, g = f(mt.constant(1.0))
    assert (y.numpy(), g.numpy(), w.numpy()) == (18.0, 9.0, 12.0)
    w.assign(3.0)
    with mt.GradientTape() as tape:
        y, _ = f(mt.constant(1.0))
    assert tape.gradient(y, w).numpy() == 9.0


def test_memory_of_a_gradient_is_proportional_to_the_steps() -> None:
    @traced
    def f(x: Any, n: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = loop(n, lambda i, a: mt.sin(a), x)
        return tape.gradient(y, x)

    x = mt.ones([1000])
    f(x, mt.constant(10))
    peaks = []
    for n in (100, 200, 400):
        gc.collect()
        tracemalloc.start()
        f(x, mt.constant(n))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 2.5 * peaks[1] < 6.5 * peaks[0]
    assert peaks[2] < 400 * 4000 * 5


# What tapes can do, in a trace.


def test_persistent_tapes_pauses_and_resets() -> None:
    def f(x: Any) -> list:
        with mt.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = loop(2, lambda i, a: mt.sin(a) * x, x)
            with tape.stop_recording():
                paused = y * x
            z = y * 3.0 + paused
        found = [tape.gradient(y, x), tape.gradient(z, x), tape.gradient([y, z], x)]
        with mt.GradientTape() as other:
            other.watch(x)
            before = x**2
            other.reset()
            other.watch(x)
            after = x * 3.0 + before
        return [*found, other.gradient(after, x)]

    for got, expected in zip(traced(f)(X), f(X), strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy())


@pytest.mark.parametrize("sizes", ["known", "open"])
def test_jacobians(sizes: str) -> None:
    def f(x: Any) -> list:
        with mt.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = mt.sin(x) * x[:, ::-1]
            z = mt.cond(total(x) > 99.0, lambda: x, lambda: y * y)
        return [tape.jacobian(y, x), tape.jacobian(z, x), tape.batch_jacobian(y, x)]

    signature = [mt.TensorSpec([None, None] if sizes == "open" else [4, 3], mt.float64)]
    found = mt.function(f, autograph=False, input_signature=signature)(X)
    for got, expected in zip(found, f(X), strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy())


def test_unconnected_and_output_gradients() -> None:
    other = mt.constant([1.0, 2.0])

    @traced
    def f(x: Any) -> Any:
        with mt.GradientTape(persistent=True) as tape:
            tape.watch([x, other])
            y = mt.cond(total(x) > 99.0, lambda: x, lambda: x**2)
        return (tape.gradient(y, other), tape.gradient(y, other, unconnected_gradients="zero"),
                tape.gradient(y, x, output_gradients=x))  # fmt: skip

    none, zero, weighted = f(X)
    assert none is None
    assert zero.numpy().tolist() == [0.0, 0.0]
    np.testing.assert_allclose(weighted.numpy(), 2 * X.numpy() ** 2)


def test_what_is_watched_may_come_from_outside_of_the_function() -> None:
    v = mt.constant([2.0, 3.0])

    @traced
    def f() -> Any:
        with mt.GradientTape() as tape:
            tape.watch(v)
            y = v * v
        return tape.gradient(y, v)

    assert f().numpy().tolist() == [4.0, 6.0]


def test_tapes_and_gradients_in_branches() -> None:
    def f(x: Any) -> Any:
        def branch() -> Any:
            with mt.GradientTape() as tape:
                tape.watch(x)
                y = x**3
            return tape.gradient(y, x)

        with mt.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = loop(2, lambda i, a: mt.sin(a) * x, x)
        later = mt.cond(total(x) < 99.0, lambda: tape.gradient(y, x), lambda: x)
        return mt.cond(total(x) < 99.0, branch, lambda: x), later, tape.gradient(y, x)

    first, later, again = traced(f)(X)
    np.testing.assert_allclose(first.numpy(), 3 * X.numpy() ** 2)
    np.testing.assert_allclose(later.numpy(), again.numpy())
    np.testing.assert_allclose(again.numpy(), f(X)[2].numpy())


def test_gradients_through_learning() -> None:
    """The gradient of the loss after three steps of learning, by the point where it began."""

    def f(start: Any) -> Any:
        def step(i: Any, p: Any) -> Any:
            with mt.GradientTape() as tape:
                tape.watch(p)
                loss = total(mt.sin(p) ** 2)
            return p - 0.1 * tape.gradient(loss, p)

        return total(loop(3, step, start))

    check_gradients(traced(f), [V.numpy()], order=2)


def test_forward_accumulators_through_loops() -> None:
    def f(x: Any) -> Any:
        with mt.autodiff.ForwardAccumulator(x, mt.ones_like(x)) as accumulator:
            y = loop(3, lambda i, a: mt.sin(a) * x, x)
            z = mt.cond(total(x) < 99.0, lambda: y * x, lambda: y)
        return accumulator.jvp(z)

    np.testing.assert_allclose(traced(f)(X).numpy(), f(X).numpy())


def test_explain_and_graph_of_a_tape_in_a_trace() -> None:
    texts: list = []

    @traced
    def f(x: Any) -> Any:
        with mt.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = mt.round(x)
            z = mt.cond(total(x) > 0.0, lambda: y * x, lambda: y)
            q = loop(2, lambda i, a: mt.sin(a), x)
        texts.extend([str(tape.explain(y, x)), str(tape.explain(q, x)), str(tape.graph())])
        return tape.gradient(z, x)

    f(X)
    assert "round" in texts[0]
    assert "cond" in texts[2]


def test_sparse_rows_in_a_trace() -> None:
    table = mt.Variable(mt.ones([4, 2]))

    @traced
    def f(indices: Any) -> Any:
        with mt.GradientTape() as tape:
            y = mt.gather(table, indices) ** 2
        g = tape.gradient(y, table)
        assert isinstance(g, mt.IndexedSlices)
        table.scatter_sub(mt.IndexedSlices(g.values * 0.5, g.indices))
        table[0].assign(mt.constant([7.0, 7.0]))
        table[1:, indices[0]].assign_add(mt.ones([3]))
        return g.indices

    assert f(mt.constant([1, 1, 3])).numpy().tolist() == [1, 1, 3]
    np.testing.assert_array_equal(table.numpy(), [[7, 7], [-1, 0], [1, 2], [0, 1]])

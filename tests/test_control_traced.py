"""Branches and loops while a function is traced: what they give, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.control import CondOp
from minitensor.graph.loops import WhileOp
from minitensor.op import state


def traced(function: Callable) -> Any:
    return mt.function(function, autograph=False)


def interpreter() -> Any:
    return state.interpreter


def ops_of(function: Any, *args: Any) -> list:
    return [node.op for node in function.get_concrete_function(*args).graph.nodes]


X = mt.constant([1.0, 2.0, 3.0])


# Branches


def test_a_branch_is_taken_each_time_the_graph_runs() -> None:
    seen: list = []

    @traced
    def f(x: Any) -> Any:
        def yes() -> Any:
            seen.append("yes")
            return {"a": x * 2.0, "b": [1, None]}

        def no() -> Any:
            seen.append("no")
            return {"a": -x, "b": [2, None]}

        return mt.cond(mt.reduce_sum(x) > 0.0, yes, no)

    for x, a, b in ((X, [2.0, 4.0, 6.0], 1), (-X, [1.0, 2.0, 3.0], 2)):
        found = f(x)
        assert found["a"].numpy().tolist() == a
        assert found["b"][0].numpy() == b
        assert found["b"][1] is None
    assert seen == ["yes", "no"]
    assert sum(isinstance(op, CondOp) for op in ops_of(f, X)) == 1


def test_only_the_branch_that_is_taken_has_effects() -> None:
    v, log = mt.Variable(1.0), mt.Variable([0, 0])

    @traced
    def f(x: Any) -> Any:
        def yes() -> Any:
            log[0].assign(log[0] + 1)
            v.assign(v * 10.0)
            return v + x

        def no() -> Any:
            log[1].assign(log[1] + 1)
            return v - x

        return mt.cond(x > 0.0, yes, no), v + 0.0

    assert [y.numpy() for y in f(mt.constant(2.0))] == [12.0, 10.0]
    assert [y.numpy() for y in f(mt.constant(-2.0))] == [12.0, 10.0]
    assert log.numpy().tolist() == [1, 1]


def test_a_variable_that_a_branch_only_reads_is_read_outside() -> None:
    v = mt.Variable(3.0)

    @traced
    def f(x: Any) -> Any:
        with mt.GradientTape() as tape:
            y = mt.cond(x > 0.0, lambda: v * x, lambda: v * v)
        assert [w is v for w in tape.watched_variables()] == [True]
        return tape.gradient(y, v)

    assert f(mt.constant(5.0)).numpy() == 5.0
    assert f(mt.constant(-5.0)).numpy() == 6.0
    conditions = [op for op in ops_of(f, X[0]) if isinstance(op, CondOp)]
    assert all(not graph.variables for op in conditions for graph in op.graphs)


def test_branches_of_different_sizes_give_a_size_that_is_not_known() -> None:
    @traced
    def f(x: Any) -> Any:
        y = mt.cond(x[0] > 0.0, lambda: x, lambda: x[1:])
        assert y.shape.as_list() == [None]
        return y * 2.0

    assert f(X).numpy().tolist() == [2.0, 4.0, 6.0]
    assert f(-X).numpy().tolist() == [-4.0, -6.0]


def test_a_python_condition_traces_one_branch() -> None:
    f = traced(lambda x: mt.cond(True, lambda: x, lambda: 1 / 0))
    assert f(X).numpy().tolist() == [1.0, 2.0, 3.0]


CASES = [
    (lambda x: (x, mt.cast(x, mt.int32)), TypeError,
     "has dtype float32 in true_fn, but dtype int32 in false_fn"),
    (lambda x: (x, None), TypeError, "is None at the end of the false_fn"),
    (lambda x: ((x, x), x), TypeError, "the same number, type, and overall structure"),
    (lambda x: ({"a": x}, {"b": x}), TypeError, "the keys or lengths differ"),
]  # fmt: skip


@pytest.mark.parametrize(("pair", "error", "text"), CASES)
def test_branches_that_do_not_fit(pair: Callable, error: type, text: str) -> None:
    f = traced(lambda x: mt.cond(x[0] > 0.0, lambda: pair(x)[0], lambda: pair(x)[1]))
    with pytest.raises(error) as caught:
        f(X)
    assert text in str(caught.value)
    assert str(caught.value).count("To fix it") == 1


def test_conditions_that_are_none() -> None:
    for condition, text in ((lambda x: x > 0.0, r"expected to be `tf.bool` scalar, got Tensor"),
                            (lambda x: mt.cast(x[0], mt.int32), "to use as boolean Tensor, use "
                             "`tf.cast`")):  # fmt: skip
        with pytest.raises(ValueError, match=text):
            traced(lambda x, c=condition: mt.cond(c(x), lambda: x, lambda: x))(X)


def test_learners_names_are_in_messages() -> None:
    def f(x: Any, second: Any) -> Any:
        return interpreter().cond(x[0] > 0.0, lambda: (x, x), second, names=["a", "y"])

    with pytest.raises(TypeError, match="'y' has dtype float32 in the main branch, but dtype "
                       "int32 in the else branch"):  # fmt: skip
        traced(lambda x: f(x, lambda: (x, 1)))(X)
    with pytest.raises(TypeError, match="'y' is None at the end of the else branch"):
        traced(lambda x: f(x, lambda: (x, None)))(X)
    with pytest.raises(ValueError, match=r"'s' has shape \(3,\) before the loop, but shape \(6,\) "
                       "after one iteration"):  # fmt: skip
        traced(lambda x: interpreter().while_loop(
            lambda i, s: i < 3, lambda i, s: (i + 1, mt.concat([s, s], 0)), (0, x),
            names=["i", "s"]))(X)  # fmt: skip


def test_switch_case_is_one_node() -> None:
    @traced
    def f(i: Any, x: Any) -> Any:
        return mt.switch_case(i, [lambda: x, lambda: x * 10.0, lambda: x * 100.0])

    for i, factor in ((0, 1.0), (1, 10.0), (2, 100.0), (7, 100.0), (-1, 100.0)):
        np.testing.assert_array_equal(f(mt.constant(i), X).numpy(), factor * X.numpy())
    [op] = [op for op in ops_of(f, mt.constant(0), X) if isinstance(op, CondOp)]
    assert len(op.branches) == 3
    other = traced(lambda i, x: mt.switch_case(i, [lambda: x], default=lambda: -x))
    assert other(mt.constant(3), X).numpy().tolist() == [-1.0, -2.0, -3.0]


def test_case() -> None:
    @traced
    def f(x: Any) -> Any:
        pairs = [(x > 2.0, lambda: x), (x > 1.0, lambda: x * 10.0)]
        return mt.case(pairs, default=lambda: -x)

    assert [f(mt.constant(x)).numpy() for x in (3.0, 1.5, 0.0)] == [3.0, 15.0, 0.0]
    one = traced(lambda x: mt.case([(x > 1.0, lambda: x), (x > 2.0, lambda: -x)], exclusive=True))
    assert one(mt.constant(1.5)).numpy() == 1.5
    with pytest.raises(ValueError, match="more than one condition"):
        one(mt.constant(3.0))
    with pytest.raises(ValueError, match="none of conditions evaluated as True"):
        one(mt.constant(0.0))


# Loops


def test_a_loop_is_traced_once_and_runs_as_often_as_needed() -> None:
    bodies: list = []

    @traced
    def f(x: Any, n: Any) -> Any:
        def body(i: Any, s: Any) -> Any:
            bodies.append(i)
            return i + 1, [s[0] * 2.0, {"k": s[1]["k"] + i}]

        return mt.while_loop(lambda i, _: i < n, body, (0, [x, {"k": mt.constant(0)}]))

    for n in (0, 1, 5):
        i, s = f(X, mt.constant(n))
        assert i.numpy() == n
        np.testing.assert_array_equal(s[0].numpy(), X.numpy() * 2.0**n)
        assert s[1]["k"].numpy() == n * (n - 1) // 2
    assert len(bodies) == 1


def test_maximum_iterations_may_be_a_tensor() -> None:
    def f(n: Any) -> Any:
        return mt.while_loop(lambda i: True, lambda i: [i + 1], [0], maximum_iterations=n)[0]

    assert traced(f)(mt.constant(4)).numpy() == 4
    assert traced(lambda: f(3))().numpy() == 3


def test_shapes_that_change_are_declared() -> None:
    def f(x: Any, shape: Any) -> Any:
        return mt.while_loop(
            lambda i, s: i < 3, lambda i, s: (i + 1, mt.concat([s, s], 0)), (0, x),
            shape_invariants=None if shape is None else (mt.TensorShape([]), shape),
        )[1]  # fmt: skip

    open_ = traced(lambda x: f(x, mt.TensorShape([None])))
    assert open_(X).shape == (24,)
    assert open_.get_concrete_function(X).graph.outputs[0].shape.as_list() == [None]
    with pytest.raises(ValueError, match=r"has shape \(3,\) before the loop, but shape \(6,\)"):
        traced(lambda x: f(x, None))(X)
    with pytest.raises(ValueError, match="not compatible"):
        traced(lambda x: f(x, mt.TensorShape([2])))(X)


LOOPS = [
    (lambda i, x: (i + 1, mt.cast(x, mt.int32)), TypeError,
     "has dtype float32 before the loop, but dtype int32 after one iteration"),
    (lambda i, x: (i + 1, None), ValueError, "is None after one iteration"),
    (lambda i, x: (i + 1,), ValueError, "the keys or lengths differ"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "error", "text"), LOOPS)
def test_bodies_that_do_not_fit(body: Callable, error: type, text: str) -> None:
    with pytest.raises(error) as caught:
        traced(lambda x: mt.while_loop(lambda i, _: i < 3, body, (0, x)))(X)
    assert text in str(caught.value)


def test_a_condition_of_a_loop_is_a_truth_value() -> None:
    with pytest.raises(ValueError, match=r"ondition of while loop expected to be"):
        traced(lambda: mt.while_loop(lambda i: i, lambda i: [i + 1], [0]))()


def test_variables_in_a_loop() -> None:
    v, steps = mt.Variable(1.0), mt.Variable(0)

    @traced
    def f(n: Any) -> Any:
        def body(i: Any, total: Any) -> Any:
            steps.assign_add(1)
            v.assign(v * 2.0)
            return i + 1, total + v

        return mt.while_loop(lambda i, _: v < 16.0, body, (n, 0.0))[1], v + 0.0

    total, last = f(mt.constant(0))
    assert (total.numpy(), last.numpy(), steps.numpy()) == (30.0, 16.0, 4)
    assert f(mt.constant(0))[0].numpy() == 0.0


def test_training_in_a_loop_is_training() -> None:
    data = mt.constant(np.random.default_rng(0).normal(size=(8, 3)), mt.float32)
    target = mt.matmul(data, mt.constant([[1.0], [-2.0], [0.5]]))
    w = mt.Variable(mt.zeros([3, 1]))

    def step() -> Any:
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((mt.matmul(data, w) - target) ** 2)
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    @traced
    def train(n: Any) -> Any:
        return mt.while_loop(lambda i, _: i < n, lambda i, _: (i + 1, step()), (0, 0.0))[1]

    last = train(mt.constant(20))
    found = w.numpy()
    w.assign(mt.zeros([3, 1]))
    expected = [step() for _ in range(20)][-1]
    np.testing.assert_allclose(found, w.numpy(), rtol=1e-5)
    np.testing.assert_allclose(last.numpy(), expected.numpy(), rtol=1e-4)


def test_nested_loops_and_branches() -> None:
    @traced
    def primes(limit: Any) -> Any:
        def count(n: Any, found: Any) -> Any:
            def divides(d: Any, prime: Any) -> Any:
                return d + 1, mt.logical_and(prime, n % d != 0)

            _, prime = mt.while_loop(lambda d, p: d * d <= n, divides, (2, True))
            return n + 1, mt.cond(prime, lambda: found + 1, lambda: found)

        return mt.while_loop(lambda n, _: n < limit, count, (2, 0))[1]

    assert [primes(mt.constant(n)).numpy() for n in (2, 10, 100)] == [0, 4, 25]


def test_a_loop_knows_nothing_of_the_tensors_inside_it_afterwards() -> None:
    leaked: list = []

    @traced
    def f(x: Any) -> Any:
        def body(i: Any) -> Any:
            leaked.append(i * 2)
            return [i + 1]

        mt.while_loop(lambda i: i < 3, body, [0])
        return x + leaked[0]

    with pytest.raises(mt.errors.InaccessibleTensorError, match="out of scope"):
        f(mt.constant(1))


def test_draws_differ_in_each_iteration_and_call() -> None:
    @traced
    def f() -> Any:
        def body(i: Any, rows: Any) -> Any:
            return i + 1, rows.write(i, mt.random.uniform([2]))

        rows = mt.TensorArray(mt.float32, size=3)
        return mt.while_loop(lambda i, _: i < 3, body, (0, rows))[1].stack()

    mt.random.set_seed(3)
    first, second = f().numpy(), f().numpy()
    assert len(np.unique(np.concatenate([first, second]))) == 12
    mt.random.set_seed(3)
    eager = [mt.random.uniform([2]).numpy() for _ in range(3)]
    np.testing.assert_array_equal(first, eager)


# Functions over rows


OVER_ROWS = {
    "map_fn": lambda x: mt.map_fn(lambda r: mt.sin(r) * r[0], x),
    "vectorized_map": lambda x: mt.vectorized_map(mt.reduce_sum, x),
    "foldl": lambda x: mt.foldl(lambda a, r: a * r + r, x),
    "foldr": lambda x: mt.foldr(lambda a, r: a * r + r, x, initializer=x[0] * 0.5),
    "scan": lambda x: mt.scan(lambda a, r: mt.tanh(a * r), x),
    "scan back": lambda x: mt.scan(lambda a, r: mt.tanh(a * r), x, reverse=True),
    "scan from": lambda x: mt.scan(lambda a, r: mt.tanh(a * r), x, initializer=x[0]),
    "structures": lambda x: mt.map_fn(
        lambda p: {"a": p[0] + p[1], "n": mt.size(p[0])}, (x, x * 2.0),
        fn_output_signature={"a": x.dtype, "n": mt.int32})["a"],
}  # fmt: skip


@pytest.mark.parametrize("rows", [3, None])
@pytest.mark.parametrize("name", OVER_ROWS)
def test_functions_over_rows_are_one_loop(name: str, rows: int | None) -> None:
    function = OVER_ROWS[name]
    signature = [mt.TensorSpec([rows, 2], mt.float64)]
    f = mt.function(function, autograph=False, input_signature=signature)
    x = mt.constant(np.random.default_rng(1).normal(size=(3, 2)))
    np.testing.assert_allclose(f(x).numpy(), function(x).numpy(), rtol=1e-12)
    assert sum(isinstance(op, WhileOp) for op in ops_of(f)) == 1
    assert len(ops_of(f)) < 20


def test_mistakes_over_rows_are_the_same_as_without_a_graph() -> None:
    with pytest.raises(ValueError, match=r"TensorArray dtype is int32"):
        traced(lambda x: mt.map_fn(lambda r: mt.cast(r, mt.float32), x))(mt.constant([1, 2]))
    with pytest.raises(ValueError, match=r"1\+ dimensional"):
        traced(lambda x: mt.map_fn(lambda r: r, x))(mt.constant(1))
    with pytest.raises(IndexError, match="nothing to start from"):
        traced(lambda x: mt.foldl(lambda a, r: a + r, x))(mt.zeros([0]))
    assert traced(lambda x: mt.map_fn(lambda r: r, x))(mt.zeros([0, 2])).shape == (0, 2)


# Python functions


def test_python_functions_run_each_time_and_give_shapes_that_are_not_known() -> None:
    calls: list = []

    def halves(x: Any) -> Any:
        calls.append(x.numpy().tolist())
        return x[: len(calls)] / 2.0

    @traced
    def f(x: Any) -> Any:
        y = mt.py_function(halves, [x], mt.float32)
        assert y.shape.rank is None
        return y + 1.0

    assert [f(X).numpy().tolist() for _ in range(2)] == [[1.5], [1.5, 2.0]]
    assert calls == [[1.0, 2.0, 3.0]] * 2


def test_numpy_functions_have_no_gradient_and_python_functions_have() -> None:
    @traced
    def f(x: Any) -> Any:
        with mt.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = mt.numpy_function(np.square, [x], mt.float32)
            z = mt.py_function(lambda v: v**3 if v.numpy()[0] > 0 else -v, [x], mt.float32)
        return y, tape.gradient(y, x), tape.gradient(z, x)

    y, none, slope = f(X)
    assert y.numpy().tolist() == [1.0, 4.0, 9.0]
    assert none is None
    assert slope.numpy().tolist() == [3.0, 12.0, 27.0]
    assert f(-X)[2].numpy().tolist() == [-1.0, -1.0, -1.0]

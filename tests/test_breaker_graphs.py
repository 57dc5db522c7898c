"""Traced functions give what eager code gives, leave nothing behind, and share no memory.

Each test holds one thing that once went wrong.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import minitensor as mt


def test_a_value_assigned_in_a_branch_is_not_overwritten_by_the_next_call():
    v = mt.Variable(np.zeros((3, 3), np.float32))

    @mt.function
    def step(x, taken):
        z = mt.matmul(x, x)
        mt.cond(taken, lambda: v.assign(z) * 1.0, lambda: v * 1.0)
        return mt.exp(z)

    x = np.eye(3, dtype=np.float32)
    step(mt.constant(x), mt.constant(True))
    step(mt.constant(2 * x), mt.constant(False))
    np.testing.assert_array_equal(v.numpy(), x)


def test_a_value_assigned_in_a_loop_is_not_overwritten_by_the_next_call():
    v = mt.Variable(np.zeros(9, np.float32))

    @mt.function
    def step(x, count):
        z = mt.matmul(x, x)

        def body(i):
            v.assign(mt.reshape(z, [9]))
            return (i + 1,)

        mt.while_loop(lambda i: i < count, body, [mt.constant(0)])
        return mt.exp(z)

    x = np.eye(3, dtype=np.float32)
    step(mt.constant(x), mt.constant(1))
    step(mt.constant(2 * x), mt.constant(0))
    np.testing.assert_array_equal(v.numpy(), x.reshape(-1))


def test_a_scalar_variable_stays_scalar_whatever_is_assigned_to_it():
    v, text = mt.Variable(0.0), mt.Variable("a")

    @mt.function
    def step(p):
        v.assign(mt.cond(p, lambda: mt.constant(1.0), lambda: mt.constant(2.0)))
        text.assign(mt.strings.join([text, "b"]))
        return mt.shape(v)

    assert step(mt.constant(True)).numpy().tolist() == []
    assert v.value().shape == text.value().shape == ()


def test_a_graph_with_sizes_that_only_a_run_knows_can_be_explained():
    chosen = mt.function(lambda x: mt.where(x > 0.0))
    concrete = chosen.get_concrete_function(mt.constant([1.0, -1.0]))
    assert "kernels" in str(concrete.explain())


def test_a_variable_of_any_shape_can_be_used_in_a_function():
    v = mt.Variable(np.zeros(3, np.float32), shape=mt.TensorShape(None))

    @mt.function
    def step(x):
        before = v * 2.0
        v.assign(x)
        doubled = v + 1.0
        v.assign(mt.concat([x, x], 0))
        with mt.GradientTape() as tape:
            y = mt.reduce_sum(v * v)
        return before, doubled, v * 1.0, tape.gradient(y, v)

    concrete = step.get_concrete_function(mt.TensorSpec([2]))
    for x in ([1.0, 2.0], [3.0, 4.0]):
        before = 2.0 * v.numpy()
        found = step(mt.constant(x))
        assert found[0].numpy().tolist() == before.tolist()
        assert found[1].numpy().tolist() == [x[0] + 1.0, x[1] + 1.0]
        assert v.numpy().tolist() == found[2].numpy().tolist() == x + x
        assert found[3].numpy().tolist() == [2.0 * d for d in x + x]
    assert "Variable" in concrete.source
    assert str(concrete.graph)
    assert concrete.graph.as_graph_def()
    assert str(concrete.explain())
    with mt.GradientTape() as tape:
        y = mt.function(lambda: mt.reduce_sum(v * v))()
    assert tape.gradient(y, v).numpy().tolist() == [6.0, 8.0, 6.0, 8.0]


def test_a_value_handed_on_in_a_loop_is_not_changed_by_an_update_in_place():
    v, w = mt.Variable([0.5]), mt.Variable([0.3])

    @mt.function
    def step():
        def body(i):
            w.assign(v.value())
            return (i + 1,)

        mt.while_loop(lambda i: i < 1, body, [mt.constant(0)])
        v.assign_sub(mt.cumsum(w, 0) * 0.5)
        return w * 1.0

    assert step().numpy().tolist() == w.numpy().tolist() == [0.5]
    assert v.numpy().tolist() == [0.25]


def test_large_arrays_can_be_computed_while_python_shuts_down():
    code = """
import atexit
import minitensor as mt
mt.config.threading.set_intra_op_parallelism_threads(2)
double = mt.function(lambda x: mt.exp(x) * 2.0, autograph=False)
double(mt.zeros([3000000]))
atexit.register(lambda: print(double(mt.zeros([3000000]))[-1].numpy()))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("2.0\n", "")


def test_of_several_results_of_a_large_region_one_is_only_summed():
    x = np.random.default_rng(0).normal(size=(400, 300)).astype(np.float32)

    def gradients(x, y):
        with mt.GradientTape() as tape:
            tape.watch([x, y])
            z = mt.reduce_sum(mt.exp(-mt.square(x - y)), -1)
        return [z, *tape.gradient(z, [x, y])]

    args = mt.constant(x), mt.constant([0.5])
    for eager, traced in zip(gradients(*args), mt.function(gradients)(*args), strict=True):
        np.testing.assert_allclose(traced.numpy(), eager.numpy(), rtol=1e-3, atol=1e-3)


def test_sizes_that_only_the_run_shows_not_to_fit_give_a_lesson():
    x, n = mt.constant([1.0, 2.0]), mt.constant(3)
    for function, text in (
        (lambda x, n: mt.zeros([n, n]) + x, r"add: .*\(3,3\) \(2,\)"),
        (lambda x, n: mt.matmul(mt.zeros([n, 1]), mt.zeros([n, n])), "matmul: .*mismatch"),
        (lambda x, n: mt.numpy_function(lambda a: np.zeros(3, "f"), [x], mt.float32) + x, "add: "),
    ):
        with pytest.raises(mt.errors.InvalidArgumentError, match=text) as caught:
            mt.function(function, autograph=False)(x, n)
        assert "Graph execution error" in str(caught.value)
        assert "test_breaker_graphs.py" in str(caught.value)


def test_an_error_in_the_learners_own_code_stays_as_it_is():
    divide = mt.function(lambda x: mt.py_function(lambda t: 1 / 0, [x], mt.float32))
    with pytest.raises(ZeroDivisionError):
        divide(mt.constant(1.0))


@pytest.mark.parametrize("shape", [(64, 40, 20), (40, 2, 2, 300), (33000, 1), (200, 300, 1)])
@pytest.mark.parametrize("view", [lambda x: x[::-1], mt.transpose, lambda x: x[:, ::-1]])
@pytest.mark.parametrize("other", [
    lambda z: z, lambda z: mt.reduce_mean(z, -1, keepdims=True), lambda z: z[:1],
    lambda z: z[0], lambda z: z[:1, ..., ::-1], lambda z: z[..., :1],
])  # fmt: skip
def test_large_strided_arrays_of_any_rank_run_in_tiles(shape, view, other):
    x = mt.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))

    def values(x):
        z = view(x)
        y = other(z)
        return mt.exp(z) * 0.5, mt.where(z > 0.0, z, z * 2.0), mt.reduce_sum(mt.square(z) + y)

    for eager, traced in zip(values(x), mt.function(values)(x), strict=True):
        np.testing.assert_allclose(traced.numpy(), eager.numpy(), rtol=1e-3, atol=1e-3)


def test_a_strided_row_beside_a_matrix_of_one_row():
    x = mt.constant(np.arange(40000, dtype=np.float32))
    y = mt.ones([1, 40000])
    added = mt.function(lambda x, y: mt.exp(x[::-1] * 1e-5) + y)(x, y)
    np.testing.assert_allclose(added.numpy(), np.exp(x.numpy()[None, ::-1] * 1e-5) + 1, rtol=1e-5)

"""custom_gradient, recompute_grad and grad_pass_through. Numbers are TensorFlow 2.21's."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.op import Op


def close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=1e-6, atol=1e-12)


@mt.custom_gradient
def log1pexp(x: Any) -> Any:
    """log(1 + exp(x)), whose derivative does not overflow."""
    e = mt.exp(x)

    def grad(upstream: Any) -> Any:
        return upstream * (1 - 1 / (1 + e))

    return mt.math.log(1 + e), grad


@mt.custom_gradient
def weighted(x: Any, y: Any) -> Any:
    return x * y, lambda upstream: (upstream * y * 10.0, upstream * x * 100.0)


def gradient(f: Any, *sources: Any) -> Any:
    with mt.GradientTape() as tape:
        tape.watch(sources)
        y = f(*sources)
    return tape.gradient(y, list(sources))


def test_the_gradient_is_the_one_that_was_given() -> None:
    x, y = mt.Variable([1.0, 2.0]), mt.Variable(3.0)
    a, b = gradient(weighted, x, y)
    close(a, [30, 30])
    close(b, 300)
    [g] = gradient(log1pexp, mt.constant(100.0))
    close(g, 1.0)


def test_a_call_is_one_node_with_an_op_of_its_name() -> None:
    x, y = mt.Variable(2.0, name="x"), mt.Variable(3.0, name="y")
    with mt.GradientTape() as tape:
        z = weighted(x, y) + 1.0
    assert [node.op.name for node in tape.nodes] == ["read_variable"] * 2 + ["weighted", "add"]
    node = tape.nodes[2]
    assert isinstance(node.op, Op)
    assert node.op.gradient_rule is not None
    assert node.source.text == "z = weighted(x, y) + 1.0"
    assert "float32[] = weighted(read_variable, read_variable_1)" in str(tape.graph())
    sends = next(s.sends for s in tape.steps(z) if s.node is node)
    assert [float(send.contribution) for send in sends] == [30.0, 200.0]
    tape.gradient(z, x)
    assert "float32[] = weighted(read_variable, read_variable_1)" in str(tape.graph())


def test_higher_derivatives_follow_what_grad_took_from_inside() -> None:
    x = mt.Variable(1.0)
    with mt.GradientTape() as third:
        with mt.GradientTape() as second:
            with mt.GradientTape() as first:
                y = log1pexp(x)
            a = first.gradient(y, x)
        b = second.gradient(a, x)
    close([a, b], [0.7310586, 0.19661193])
    np.testing.assert_allclose(third.gradient(b, x).numpy(), -0.09085777, rtol=1e-5)


@pytest.mark.filterwarnings("default")
def test_a_persistent_tape_differentiates_it_repeatedly() -> None:
    x = mt.Variable([1.0, -1.0])
    with mt.GradientTape(persistent=True) as tape:
        y = log1pexp(x)
        a = tape.gradient(y, x)
        again = tape.gradient(y, x)
        b = tape.gradient(a, x)
    close(b, [0.19661193, 0.19661193])
    close(tape.gradient(again, x), b)
    close(tape.gradient(y, x), a)


def test_structures_go_in_and_out() -> None:
    @mt.custom_gradient
    def both(d: Any) -> Any:
        return (
            {"s": d["a"] + d["b"], "p": d["a"] * d["b"]},
            lambda p, s: {"a": p * 10.0, "b": s * 100.0},
        )

    x = mt.Variable([1.0, 2.0])
    with mt.GradientTape() as tape:
        z = both({"a": x, "b": x * 1.0})
    assert list(z) == ["s", "p"]
    close(tape.gradient(z, x), [110, 110])


def test_results_that_are_not_used_get_zeros() -> None:
    seen = []

    @mt.custom_gradient
    def two(x: Any) -> Any:
        def grad(a: Any, b: Any) -> Any:
            seen.append((a.numpy(), b.numpy().tolist()))
            return a

        return (x, mt.stack([x, x])), grad

    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = two(x)[0] * 2.0
    close(tape.gradient(y, x), 2)
    assert seen == [(2.0, [0.0, 0.0])]


def test_numbers_and_keywords() -> None:
    @mt.custom_gradient
    def scaled(x: Any, n: Any, *, k: Any = 1.0) -> Any:
        return x * n * k, lambda upstream: (upstream * n * k, None)

    x, k = mt.Variable(2.0), mt.Variable(5.0)
    with mt.GradientTape() as tape:
        y = scaled(x, 3.0, k=k.read_value())
    assert tape.gradient(y, [x, k]) == [15.0, None]
    assert scaled(x, 3.0).numpy() == 6.0


def test_it_works_on_methods_and_classes_share_nothing() -> None:
    class Layer:
        def __init__(self, scale: float):
            self.scale = scale

        @mt.custom_gradient
        def call(self, x: Any) -> Any:
            return x * self.scale, lambda upstream: upstream * self.scale * 10.0

        @mt.recompute_grad
        def again(self, x: Any) -> Any:
            return x * x * self.scale

    x = mt.Variable(1.0)
    for scale in (2.0, 3.0):
        layer = Layer(scale)
        assert gradient(layer.call, x) == [10.0 * scale]
        assert gradient(layer.again, x) == [2.0 * scale]
    assert Layer.call.__name__ == "call"


def test_the_decorator_may_be_called_and_keeps_name_and_doc() -> None:
    assert (log1pexp.__name__, log1pexp.__doc__[:16]) == ("log1pexp", "log(1 + exp(x)),")
    square = mt.custom_gradient()(lambda x: (x * x, lambda upstream: 2.0 * x * upstream))
    with mt.GradientTape() as tape:
        tape.watch(x := mt.constant(3.0))
        y = square(x)
    assert tape.nodes[0].op.name == "custom_gradient"
    assert tape.gradient(y, x).numpy() == 6.0


def test_without_a_tape_it_is_just_the_function() -> None:
    np.testing.assert_allclose(log1pexp(mt.constant(1.0)).numpy(), np.log1p(np.e), rtol=1e-6)


def test_a_call_inside_another() -> None:
    @mt.custom_gradient
    def outer(x: Any) -> Any:
        y = log1pexp(x)
        return y * y, lambda upstream: upstream * 2.0 * y * mt.sigmoid(x)

    x = mt.Variable(1.0)
    with mt.GradientTape() as second:
        with mt.GradientTape() as first:
            z = outer(x)
        a = first.gradient(z, x)
    s, y = 1 / (1 + np.exp(-1)), np.log1p(np.e)
    close(a, 2 * y * s)
    close(second.gradient(a, x), 2 * s * s + 2 * y * s * (1 - s))


def test_a_gradient_computed_inside_stays_differentiable() -> None:
    @mt.custom_gradient
    def slope(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = log1pexp(x)
        found = tape.gradient(y, x)
        return found, lambda upstream: upstream * found * (1 - found)

    x = mt.Variable(1.0)
    with mt.GradientTape() as second:
        with mt.GradientTape() as first:
            y = slope(x)
        a = first.gradient(y, x)
    close(a, 0.19661193)
    np.testing.assert_allclose(second.gradient(a, x).numpy(), -0.09085777, rtol=1e-5)


def test_complex_numbers_are_left_as_they_are() -> None:
    @mt.custom_gradient
    def same(z: Any) -> Any:
        return mt.identity(z), lambda upstream: upstream * z

    z = mt.Variable(1 + 2j)
    assert gradient(same, z)[0].numpy() == 1 + 2j


# Variables inside


def test_variables_inside_get_their_gradients() -> None:
    w = mt.Variable(2.0)

    @mt.custom_gradient
    def times_w(x: Any) -> Any:
        def grad(upstream: Any, variables: Any = None) -> Any:
            assert [v is w for v in variables] == [True]
            return upstream * w, [mt.reduce_sum(upstream * x)]

        return x * w, grad

    x = mt.Variable([1.0, 2.0])
    with mt.GradientTape() as tape:
        y = times_w(x)
    a, b = tape.gradient(y, [x, w])
    close(a, [2, 2])
    close(b, 3)


def test_a_variable_that_is_an_argument_needs_no_keyword() -> None:
    w = mt.Variable(2.0)
    product = mt.custom_gradient(
        lambda x, v: (x * v, lambda upstream: (upstream * v, upstream * x))
    )
    assert gradient(product, mt.constant(5.0), w) == [2.0, 5.0]


# Mistakes


def test_a_function_without_grad() -> None:
    @mt.custom_gradient
    def f(x: Any) -> Any:
        return x * 2.0

    text = r"custom_gradient of f: got Tensor .* a function with its own gradient returns result"
    with pytest.raises(TypeError, match=f"(?i){text}"):
        f(mt.constant(2.0))


def test_too_few_gradients() -> None:
    f = mt.custom_gradient(lambda x, y: (x * y, lambda upstream: upstream))
    with pytest.raises(ValueError, match="expected to return 2 gradients, but returned 1 instead"):
        gradient(f, mt.constant(1.0), mt.constant(2.0))


def test_variables_that_grad_does_not_take() -> None:
    w = mt.Variable(2.0, name="w")
    f = mt.custom_gradient(lambda x: (x * w, lambda upstream: upstream))
    with pytest.raises(TypeError, match="grad_fn must accept keyword argument 'variables', since"):
        f(mt.constant(1.0))


def test_variables_that_get_no_gradient() -> None:
    w = mt.Variable(2.0)
    few = mt.custom_gradient(lambda x: (x * w, lambda upstream, variables: (upstream, [])))
    with pytest.raises(ValueError, match="Must return gradient for each variable"):
        gradient(few, mt.constant(1.0))
    no_pair = mt.custom_gradient(lambda x: (x * w, lambda upstream, variables: upstream))
    with pytest.raises(TypeError, match="a list with gradients for the variables"):
        gradient(no_pair, mt.constant(1.0))


@pytest.mark.parametrize("wrong", [2.0, mt.constant([1.0, 2.0, 3.0]), np.ones((2, 1), np.float32)])
def test_a_gradient_of_another_shape(wrong: Any) -> None:
    f = mt.custom_gradient(lambda x: (x * 1.0, lambda upstream: wrong))
    with pytest.raises(ValueError, match=r"gradient 0 of shape .* argument has shape \(2,\)"):
        gradient(f, mt.constant([1.0, 2.0]))


def test_a_gradient_of_another_dtype() -> None:
    f = mt.custom_gradient(lambda x: (x * 1.0, lambda upstream: mt.cast(upstream, mt.float64)))
    with pytest.raises(ValueError, match="dtype float64"):
        gradient(f, mt.constant([1.0, 2.0]))


def test_a_gradient_is_summed_over_broadcast_axes() -> None:
    f = mt.custom_gradient(lambda x, y: (x * y, lambda upstream: (upstream * y, upstream * x)))
    a, b = gradient(f, mt.ones([2, 3]), mt.constant([1.0, 2.0, 3.0]))
    close(a, [[1, 2, 3]] * 2)
    close(b, [2, 2, 2])


def test_an_error_inside_leaves_the_tape_recording() -> None:
    x = mt.Variable(2.0)

    @mt.custom_gradient
    def fails(x: Any) -> Any:
        raise KeyError

    with mt.GradientTape() as tape:
        with pytest.raises(KeyError):
            fails(x)
        y = x * x
    assert tape.gradient(y, x).numpy() == 4.0


# recompute_grad


def deep(x: Any, w: Any = 1.0) -> Any:
    for _ in range(10):
        x = mt.sin(x) * w + 0.1
    return mt.reduce_sum(x)


def test_recomputing_gives_the_same_gradients_of_any_order() -> None:
    x = mt.Variable([0.3, 0.7])
    found = []
    for f in (deep, mt.recompute_grad(deep)):
        with mt.GradientTape() as second:
            with mt.GradientTape() as first:
                y = f(x)
            a = first.gradient(y, x)
        found.append((y.numpy(), a.numpy(), second.gradient(a, x).numpy()))
    for plain, recomputed in zip(*found, strict=True):
        np.testing.assert_allclose(recomputed, plain, rtol=1e-6)


def test_recomputing_keeps_no_intermediate_value() -> None:
    x = mt.Variable(np.ones(200_000))
    held, lengths = [], []
    for f in (deep, mt.recompute_grad(deep)):
        tracemalloc.start()
        with mt.GradientTape() as tape:
            y = f(x)
        held.append(tracemalloc.get_traced_memory()[0])
        lengths.append(len(tape.nodes))
        tracemalloc.stop()
        del tape, y
    assert held[0] > 30_000_000
    assert held[1] < 1_000_000
    assert lengths == [32, 2]


def test_recomputing_with_variables_structures_and_integers() -> None:
    w = mt.Variable(2.0)

    @mt.recompute_grad
    def f(pair: Any, count: int) -> Any:
        return {"y": mt.reduce_sum(pair[0] * w) * count, "z": pair[1] * 1.0}

    a, b = mt.Variable([1.0, 2.0]), mt.Variable(4.0)
    with mt.GradientTape() as tape:
        y = f([a, b], 3)
    ga, gb, gw = tape.gradient(y, [a, b, w])
    close(ga, [6, 6])
    close(gb, 1)
    close(gw, 9)


# grad_pass_through


def test_passing_through() -> None:
    x = mt.Variable([1.4, 2.6])
    with mt.GradientTape() as tape:
        y = mt.grad_pass_through(mt.round)(x) * 3.0
    close(y, [3, 9])
    close(tape.gradient(y, x), [3, 3])


def test_passing_through_leaves_variables_without() -> None:
    w = mt.Variable(2.0)
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = mt.grad_pass_through(lambda v: v * w)(x)
    assert tape.gradient(y, [x, w]) == [1.0, None]

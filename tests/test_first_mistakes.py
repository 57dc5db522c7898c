"""What beginners do to traced functions, and what they are told: the rule, and what to write."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt

ANY_LENGTH = [mt.TensorSpec([None], mt.float32)]


@pytest.mark.parametrize(
    "made",
    [
        lambda x: mt.zeros([x.shape[0]]),
        lambda x: mt.ones(x.shape),
        lambda x: mt.fill(x.shape, 1.0),
        lambda x: mt.eye(x.shape[0]),
        lambda x: mt.broadcast_to(1.0, x.shape),
        lambda x: mt.reshape(x, [x.shape[0], 1]),
        lambda x: mt.tile(x, [x.shape[0]]),
        lambda x: mt.linspace(0.0, 1.0, x.shape[0]),
        lambda x: mt.one_hot([1], x.shape[0]),
        lambda x: mt.random.normal(x.shape),
        lambda x: mt.random.uniform([x.shape[0], 2]),
        lambda x: x / x.shape[0],
    ],
)
def test_a_size_that_is_not_known_is_no_size(made: Callable) -> None:
    traced = mt.function(made, input_signature=ANY_LENGTH)
    with pytest.raises(mt.errors.OpError) as caught:
        traced.get_concrete_function()
    assert "mt.shape(x)[0]" in str(caught.value)


def kept() -> Any:
    """A tensor of a trace that is over."""
    symbols: list[Any] = []

    @mt.function
    def f(x: Any) -> Any:
        symbols.append(2.0 * x)
        return x

    f(mt.constant(1.0))
    return symbols[0]


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        (float, TypeError),
        (int, TypeError),
        (bool, TypeError),
        (np.array, NotImplementedError),
        (lambda x: x.numpy(), AttributeError),
        (lambda x: x + 1.0, ValueError),
    ],
)
def test_a_tensor_that_was_kept_says_where_it_was_made(use: Callable, kind: type) -> None:
    with pytest.raises(kind) as caught:
        use(kept())
    told = str(caught.value)
    assert "is out of scope" in told
    assert "return the tensor from the function" in told
    assert "symbols.append(2.0 * x)" in told


@pytest.mark.parametrize(
    ("use", "instead"),
    [
        (lambda x: math.sqrt(x), "mt.sqrt(x)"),
        (lambda x: [1.0, 2.0][x], "mt.constant of a list"),
        (lambda x: sum(range(x)), "mt.range(n)"),
    ],
)
def test_python_cannot_use_a_symbol(use: Callable, instead: str) -> None:
    with pytest.raises(TypeError) as caught:
        mt.function(use, autograph=False)(mt.constant(1))
    assert "there are no values yet. To fix it: write " in str(caught.value)
    assert instead in str(caught.value)


def test_arrays_of_numpy_are_told_as_tensors() -> None:
    f = mt.function(lambda x: x + x, autograph=False)
    f(np.ones((2, 3), np.float32))
    f(np.ones((4, 3), np.float32))
    f(np.float64(1.0))
    assert [trace.signature for trace in f.traces] == [
        [("x", "float32[2, 3]")], [("x", "float32[4, 3]")], [("x", "float64[]")],
    ]  # fmt: skip
    assert f.traces[1].fix.startswith("let one trace serve all sizes")


def test_a_trace_with_open_sizes_asks_for_nothing() -> None:
    f = mt.function(lambda x: x + x, reduce_retracing=True)
    for length in (1, 2, 3, 4):
        f(mt.ones([length]))
    assert [trace.calls for trace in f.traces] == [1, 3]
    assert f.traces[1].fix.startswith("nothing is left to do")


def test_recursion_over_a_tensor_has_no_end() -> None:
    @mt.function
    def factorial(n: Any) -> Any:
        if n <= 1:
            return 1
        return n * factorial(n - 1)

    with pytest.raises(RecursionError) as caught:
        factorial(mt.constant(5))
    assert "use a loop" in str(caught.value)
    assert len(caught.value.__notes__) == 1


@pytest.mark.parametrize(
    ("given", "cure"),
    [(mt.function(lambda x: x), "call it: <lambda>(…)"), (math.sqrt, "call it: sqrt(…)"),
     (None, "a function without `return`"), (object(), "convert the value")],
)  # fmt: skip
def test_what_is_no_tensor(given: Any, cure: str) -> None:
    with pytest.raises(ValueError, match="with an unsupported type") as caught:
        mt.reduce_sum(given)
    assert cure in str(caught.value)


def test_a_condition_is_one_truth_value() -> None:
    with pytest.raises(ValueError, match=r"has shape \(2,\)\..*mt\.reduce_all"):
        bool(mt.constant([1.0, 2.0]) > 0.0)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("placeholder", "write tf.compat.v1.placeholder"), ("reduce_summ", "mean 'reduce_sum'"),
     ("foo_bar", "dir(minitensor) lists"), ("__path2__", "dir(minitensor) lists")],
)  # fmt: skip
def test_a_name_that_is_not_there(name: str, hint: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(mt, name)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("numpy", "call the function first: f(…).numpy"), ("whyretraced", "mean 'why_retraced'")],
)
def test_a_function_is_not_its_result(name: str, hint: str) -> None:
    f = mt.function(lambda x: x)
    with pytest.raises(AttributeError) as caught:
        getattr(f, name)
    assert hint in str(caught.value)
    assert not hasattr(f, "__array__")


def test_completion_offers_what_is_public() -> None:
    offered = {name for name in dir(mt) if not name.startswith("_")}
    public = {name for name in mt.__all__ if not name.startswith("_")}
    assert offered == {*public, "Graph", "autograph", "compat", "saved_model"}

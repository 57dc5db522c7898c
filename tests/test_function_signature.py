"""How calls of traced functions are bound: Python's rules, `input_signature`, methods."""

from __future__ import annotations

import functools
import gc
import inspect
import weakref
from typing import Any

import numpy as np
import pytest

import minitensor as mt

t = mt.constant
MATRIX = mt.TensorSpec([None, 2], mt.float32, name="inp")
NUMBER = mt.TensorSpec([], mt.int32)


@mt.function
def plain(x: Any, y: int = 2, *, z: int = 3) -> Any:
    return x * y * z


@mt.function(input_signature=[MATRIX, NUMBER])
def fixed(a: Any, b: Any) -> Any:
    return a, b + 1


@pytest.mark.parametrize(
    ("args", "kwargs", "why"),
    [
        ((1, 2, 3), {}, "too many positional arguments"),
        ((), {}, "missing a required argument: 'x'"),
        ((1,), {"w": 1}, "got an unexpected keyword argument 'w'"),
        ((1,), {"x": 1}, "multiple values for argument 'x'"),
    ],
)
def test_calls_that_python_would_refuse(args: tuple, kwargs: dict, why: str) -> None:
    with pytest.raises(TypeError) as caught:
        plain(*args, **kwargs)
    assert str(caught.value).startswith(
        f"Binding inputs to tf.function failed due to `{why}`. Received args: {args} and kwargs: "
        f"{kwargs} for signature: (x, y=<captured_default_value>, *, z=<captured_default_value>)."
    )
    assert "To fix it: call it as (x, y=" in str(caught.value)


# input_signature.


@pytest.mark.parametrize(
    "value", [[[1, 2]], [[1.0, 2.0]], np.float64([[1, 2]]), mt.ones((3, 2)), mt.zeros((0, 2)),
              mt.Variable([[1.0, 2.0]]), ((1, 2),)],
)  # fmt: skip
def test_arguments_are_brought_to_the_signature(value: Any) -> None:
    found = fixed(value, 1)
    assert found[0].dtype is mt.float32
    assert found[0].shape[1] == 2
    assert found[1].numpy() == 2
    assert fixed.experimental_get_tracing_count() == 1
    assert fixed(b=np.int64(4), a=value)[1].numpy() == 5


X22 = mt.ones((2, 2))


@pytest.mark.parametrize(
    ("args", "why", "fix"),
    [
        ((mt.ones((3, 3)), 1), f"Can not cast TensorSpec(shape=(3, 3), dtype=tf.float32, "
         f"name='inp') to {MATRIX}", "write None in input_signature"),
        ((t([1.0, 2.0]), 1), f"Can not cast TensorSpec(shape=(2,), dtype=tf.float32, name='inp') "
         f"to {MATRIX}", "mt.reshape"),
        ((X22,), "missing a required argument: 'b'", "call it as"),
        ((X22, 2.5), "Cannot convert 2.5 to EagerTensor of dtype int32", "values of dtype int32"),
        ((X22, t(1.0)), f"Can not cast TensorSpec(shape=(), dtype=tf.float32, name=None) to "
         f"{NUMBER}", "pass mt.cast(b, mt.int32)"),
        (({"a": 1}, 1), "Cannot convert {'a': 1} to EagerTensor of dtype float32", "pass a tensor"),
        ((X22, 1, 2), "too many positional arguments", "call it as"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_the_signature(args: tuple, why: str, fix: str) -> None:
    before = len(fixed.concrete_functions)
    with pytest.raises(TypeError) as caught:
        fixed(*args)
    told = str(caught.value)
    assert told.startswith(f"Binding inputs to tf.function failed due to `{why}`. Received args: (")
    assert f"for signature: (a: {MATRIX!r}, b: {NUMBER!r})." in told
    assert fix in told.partition("To fix it: ")[2]
    assert len(fixed.concrete_functions) == before


@pytest.mark.parametrize(
    ("signature", "parameters", "words"),
    [
        (MATRIX, "a", "input_signature must be either a tuple or a list, got <class"),
        ([3], "a", "input_signature must be a possibly nested sequence of TensorSpec objects, got "
         "invalid args [3] with types [<class 'int'>]."),
        ([MATRIX, MATRIX], "a", "input_signature contains 1 extra type constraints."),
        ([MATRIX], "a, b", "input_signature missing type constraint for b"),
        ([MATRIX], "a, *, k", "input_signature missing type constraint for k"),
    ],
)  # fmt: skip
def test_a_wrong_signature_is_refused(signature: Any, parameters: str, words: str) -> None:
    function = eval(f"lambda {parameters}: a")
    with pytest.raises(TypeError) as caught:
        mt.function(function, input_signature=signature)
    assert str(caught.value).startswith(words)
    assert "To fix it: " in str(caught.value)


def test_what_the_signature_leaves_out_keeps_its_default() -> None:
    f = mt.function(lambda a, b=1, *, c=2: (a, b, c), input_signature=[NUMBER])
    for call in (lambda: f(1), lambda: f(1, 1), lambda: f(1, b=1, c=2)):
        assert [x.numpy() for x in call()] == [1, 1, 2]
    assert f.experimental_get_tracing_count() == 1
    for call in (lambda: f(1, 2), lambda: f(1, c=3), lambda: f(1, True)):
        with pytest.raises(TypeError, match=r"Can not cast \w+ to Literal\[\d\]"):
            call()


def test_a_signature_has_structures() -> None:
    specs = [{"a": NUMBER, "b": (MATRIX, [NUMBER])}]
    f = mt.function(lambda p: p["b"][1][0] + p["a"], input_signature=specs)
    assert f({"b": ([[1, 2]], [3]), "a": 4}).numpy() == 7
    assert f({"a": 4, "b": [mt.ones((5, 2)), (3,)]}).numpy() == 7
    assert f.experimental_get_tracing_count() == 1
    for wrong in ({"a": 4}, {"a": 4, "b": ([[1, 2]], [3, 4])}, 4, {"a": 4, "b": 3}):
        with pytest.raises(TypeError, match="Can not cast"):
            f(wrong)


def test_a_parameter_can_have_any_name() -> None:
    f = mt.function(lambda **kwargs: kwargs["self"] + kwargs["args"])
    assert f(self=t(1), args=t(2)).numpy() == 3
    assert f.get_concrete_function(self=t(1), args=t(2))(self=t(1), args=t(2)).numpy() == 3


def test_further_arguments_can_have_specs() -> None:
    f = mt.function(lambda *xs: sum(xs), input_signature=[NUMBER, NUMBER])
    assert f(1, 2).numpy() == 3
    with pytest.raises(TypeError, match="missing a required argument: 'xs_1'"):
        f(1)
    with pytest.raises(TypeError, match="too many positional arguments"):
        f(1, 2, 3)
    g = mt.function(lambda a, **more: a, input_signature=[NUMBER])
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'w'"):
        g(1, w=2)


def test_the_signature_is_shown() -> None:
    assert fixed.input_signature == (MATRIX, NUMBER)
    assert fixed.function_type.parameters["a"].annotation is MATRIX
    concrete = fixed.get_concrete_function()
    assert concrete is fixed.get_concrete_function(mt.ones((5, 2)), 3)
    assert [x.name for x in concrete.inputs] == ["inp:0", "b:0"]


# Methods.


class Net:
    made = 0

    def __init__(self, scale: float):
        self.scale = scale

    @mt.function
    def scaled(self, x: Any, power: int = 1) -> Any:
        """Multiply."""
        Net.made += 1
        return x**power * self.scale

    @mt.function(input_signature=[mt.TensorSpec([None])])
    def total(self, x: Any) -> Any:
        return mt.reduce_sum(x) * self.scale

    @staticmethod
    @mt.function
    def plain(x: Any) -> Any:
        return x + 1

    @mt.function
    @staticmethod
    def inside(x: Any) -> Any:
        return x + 2

    @classmethod
    @mt.function
    def kind(cls, x: Any) -> Any:
        assert cls is Net
        return x + 3

    twice = mt.function(functools.partial(mt.multiply, 2))
    again = mt.function(mt.function(lambda self, x: x * self.scale))

    @property
    @mt.function
    def size(self) -> Any:
        return t(self.scale)


def test_each_object_has_its_own_traces() -> None:
    a, b = Net(2.0), Net(3.0)
    before = Net.made
    assert a.scaled is a.scaled
    assert a.scaled is not b.scaled
    assert (a.scaled(t(1.0)).numpy(), b.scaled(t(1.0)).numpy()) == (2.0, 3.0)
    a.scale = 100.0  # read when the method was traced
    assert a.scaled(t(4.0)).numpy() == 8.0
    assert Net.made == before + 2
    assert (a.scaled.name, a.scaled.__doc__) == ("scaled", "Multiply.")
    assert a.scaled.python_function.__self__ is a
    assert list(inspect.signature(a.scaled).parameters) == ["x", "power"]
    assert Net.scaled(a, t(1.0)).numpy() == 100.0


def test_methods_of_all_kinds() -> None:
    a = Net(2.0)
    assert a.total([1, 2, 3]).numpy() == Net.total(a, [1, 2, 3]).numpy() == 12.0
    assert (a.plain(t(1)).numpy(), Net.plain(t(1)).numpy()) == (2, 2)
    assert (a.inside(t(1)).numpy(), Net.inside(t(1)).numpy()) == (3, 3)
    assert (a.kind(t(1)).numpy(), Net.kind(t(1)).numpy()) == (4, 4)
    assert a.size.numpy() == 2.0
    assert a.twice(t(4)).numpy() == 8
    assert a.again(t(4.0)).numpy() == 8.0
    assert a.again is a.again


def test_a_signature_needs_the_first_parameter_to_be_self() -> None:
    with pytest.raises(TypeError, match="input_signature missing type constraint for x"):
        mt.function(lambda this, x: x, input_signature=[MATRIX])


def test_an_object_and_its_traces_go_together() -> None:
    a = Net(2.0)
    a.scaled(t(1.0))
    parts = [weakref.ref(a), weakref.ref(a.scaled.concrete_functions[0])]
    gc.disable()
    try:
        del a
        assert parts[0]() is None
    finally:
        gc.enable()
    gc.collect()
    assert parts[1]() is None
    assert Net.__dict__["scaled"]._methods == {}


def test_a_method_keeps_its_object_while_it_is_held() -> None:
    method = Net(2.0).scaled
    assert method(t(1.0)).numpy() == 2.0
    assert method(t(3.0)).numpy() == 6.0
    assert method.experimental_get_tracing_count() == 1


def test_an_object_that_cannot_be_watched_is_refused() -> None:
    class Slots:
        __slots__ = ()

        @mt.function
        def f(self, x: Any) -> Any:
            return x

    with pytest.raises(TypeError, match=r"cannot create weak reference.*\n.*'__weakref__'"):
        Slots().f(1)


def test_equal_objects_have_traces_of_their_own() -> None:
    class Equal(Net):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    a, b = Equal(2.0), Equal(3.0)
    assert (a.scaled(t(1.0)).numpy(), b.scaled(t(1.0)).numpy()) == (2.0, 3.0)


def test_a_method_of_a_base_class() -> None:
    class Child(Net):
        @mt.function
        def scaled(self, x: Any, power: int = 1) -> Any:
            return super().scaled(x, power) + 1.0

    assert Child(2.0).scaled(t(3.0), power=2).numpy() == 19.0

"""Concrete functions: what they say of themselves, and how they are called."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

import minitensor as mt

t = mt.constant


@mt.function
def many(x: Any, n: int, *rest: Any, k: Any = None, **more: Any) -> Any:
    return {"a": x + 1.0, "b": [x, None]}


def traced() -> Any:
    return many.get_concrete_function(
        mt.TensorSpec([None]), 3, mt.TensorSpec([], mt.int32), k=mt.TensorSpec([2]),
        z=[mt.TensorSpec([2]), 1],
    )  # fmt: skip


SHOWN = """\
Input Parameters:
  x (POSITIONAL_ONLY): TensorSpec(shape=(None,), dtype=tf.float32, name=None)
  n (POSITIONAL_ONLY): Literal[3]
  rest_0 (POSITIONAL_ONLY): TensorSpec(shape=(), dtype=tf.int32, name=None)
  k (KEYWORD_ONLY): TensorSpec(shape=(2,), dtype=tf.float32, name=None)
  z (KEYWORD_ONLY): List[TensorSpec(shape=(2,), dtype=tf.float32, name=None), Literal[1]]
Output Type:
  Dict[['a', TensorSpec(shape=(None,), dtype=tf.float32, name=None)], \
['b', List[TensorSpec(shape=(None,), dtype=tf.float32, name=None), Literal[None]]]]
Captures:
  None"""


def test_it_shows_what_it_takes_and_gives() -> None:
    concrete = traced()
    assert concrete.pretty_printed_signature() == SHOWN
    assert str(concrete) == f"ConcreteFunction {SHOWN}"
    assert many.pretty_printed_concrete_signatures() == SHOWN
    kinds = str(concrete.function_type)
    assert kinds.startswith("(x: TensorSpec(shape=(None,), dtype=tf.float32, name=None), n: Lit")
    assert repr(concrete) == f"<ConcreteFunction {kinds} at 0x{id(concrete):X}>"
    assert concrete.pretty_printed_signature(verbose=False) == f"many{kinds}"
    assert concrete.structured_input_signature == (
        (mt.TensorSpec([None], name="x"), 3, mt.TensorSpec([], mt.int32, "rest_0")),
        {"k": mt.TensorSpec([2], name="k"), "z": [mt.TensorSpec([2], name="z"), 1]},
    )
    assert concrete.name.startswith(b"__inference_many_")
    outputs = concrete.structured_outputs
    assert (outputs["a"] is concrete.outputs[0], outputs["b"][1]) == (True, None)
    assert concrete.graph.outputs == concrete.outputs


def test_arguments_are_named_after_parameters() -> None:
    @mt.function
    def f(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
        return a

    x = t(1.0)
    concrete = f.get_concrete_function(x, {"p": x, "q": [x, x]}, x, x, last=x)
    names = ["a", "b", "b_1", "b_2", "args_0", "args_1", "last"]
    assert [symbol.name for symbol in concrete.inputs] == [f"{name}:0" for name in names]


def test_it_knows_its_variables_and_captures() -> None:
    w, fixed = mt.Variable([1.0, 2.0], name="w"), mt.Variable([1.0, 1.0], trainable=False)
    outside = mt.ones((100,))

    @mt.function
    def f(x: Any, passed: Any) -> Any:
        passed.assign_add(1.0)
        return x * w + fixed, outside

    concrete = f.get_concrete_function(mt.TensorSpec([2]), mt.Variable(1.0))
    assert [v is u for v, u in zip(concrete.variables, (w, fixed), strict=True)] == [True, True]
    assert concrete.trainable_variables[0] is w
    assert len(concrete.trainable_variables) == 1
    assert concrete.captured_inputs[0] is outside
    assert [str(x.shape) for x in concrete.inputs] == ["(2,)", "(100,)"]
    assert "w:0: VariableSpec(shape=(2,), dtype=tf.float32)" in str(concrete)
    passed = mt.Variable(5.0)
    assert concrete(mt.ones(2), passed)[0].numpy().tolist() == [2.0, 3.0]
    assert passed.numpy() == 6.0


@mt.function
def scaled(x: Any, y: float = 2.0) -> Any:
    return x * y


X = t([1.0, 2.0])


def test_tensors_are_passed_by_position_or_name() -> None:
    concrete = scaled.get_concrete_function(mt.TensorSpec([2]))
    for call in (lambda: concrete(X), lambda: concrete(x=X), lambda: concrete(X, 2.0),
                 lambda: concrete(X, y=2.0), lambda: concrete(mt.Variable(X))):  # fmt: skip
        assert call().numpy().tolist() == [2.0, 4.0]
    both = traced()
    two = mt.ones(2)
    for call in (lambda: both(X, 3, t(1), k=two, z=[two, 1]), lambda: both(X, t(1), two, two),
                 lambda: both(x=X, rest_0=t(1), k=two, z=two)):  # fmt: skip
        assert call()["a"].numpy().tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("args", "kwargs", "first", "second"),
    [
        ((X, 3.0), {}, "Can not cast 3.0 to Literal[2.0]", "takes 1 positional arguments, got 2"),
        (([1.0, 2.0],), {}, "missing a required argument: 'y'",
         ": expected argument #0(zero-based) to be a Tensor; got list ([1.0, 2.0])"),
        ((), {}, "missing a required argument: 'x'", " missing required arguments: x"),
        ((X,), {"x": X}, "multiple values for argument 'x'", " got two values for 'x'"),
        ((X,), {"w": X}, "missing a required argument: 'y'",
         " got unexpected keyword arguments: w"),
        ((3, 2.0), {}, "Can not cast 3 to TensorSpec(shape=(2,)", "takes 1 positional"),
    ],
)  # fmt: skip
def test_other_arguments_are_refused(args: tuple, kwargs: dict, first: str, second: str) -> None:
    concrete = scaled.get_concrete_function(mt.TensorSpec([2]))
    with pytest.raises(TypeError) as caught:
        concrete(*args, **kwargs)
    told = str(caught.value)
    assert told.startswith(f"Binding inputs to tf.function failed due to `{first}")
    assert f"Fallback to flat signature also failed due to: scaled(x){second}" in told.replace(
        "scaled(x) takes", "scaled(x)takes")  # fmt: skip
    assert "To fix it: pass mt.constant" in told


def test_a_wrong_dtype_or_shape_is_refused() -> None:
    concrete = scaled.get_concrete_function(mt.TensorSpec([2]))
    name = concrete.name.decode()
    with pytest.raises(mt.errors.InvalidArgumentError) as caught:
        concrete(t([1, 2]))
    assert str(caught.value).startswith(
        f"cannot compute {name} as input #0(zero-based) was expected to be a float tensor but is a "
        "int32 tensor"
    )
    with pytest.raises(mt.errors.InvalidArgumentError, match=r"shape \(2,\) but has \(1, 2\)"):
        concrete(t([[1.0, 2.0]]))


def test_objects_in_its_signature_are_not_kept_alive() -> None:
    class Thing:
        def method(self) -> None:
            pass

    thing = Thing()
    f = mt.function(lambda x, _, method: x + 1)
    concrete = f.get_concrete_function(t(1), thing, thing.method)
    assert concrete.structured_input_signature[0][1:] == (thing, thing.method)
    assert concrete(t(1)).numpy() == 2
    alive = weakref.ref(thing)
    del thing
    assert alive() is None
    assert concrete.structured_input_signature[0][1:] == (None, None)


def test_it_hands_over_to_what_was_compiled() -> None:
    concrete = scaled.get_concrete_function(mt.TensorSpec([2]))
    assert concrete.passes[0].graph.outputs
    assert "def scaled(x):" in concrete.source
    assert str(concrete.explain())
    open_sizes = scaled.get_concrete_function(mt.TensorSpec([None, None]))
    with pytest.raises(RuntimeError, match=r"not compiled yet.*call it once"):
        open_sizes.source
    open_sizes(mt.ones((2, 3)))
    assert "def scaled(x):" in open_sizes.source


def test_a_tape_sees_through_it() -> None:
    concrete = scaled.get_concrete_function(mt.TensorSpec([None]))
    with mt.GradientTape() as tape:
        tape.watch(X)
        y = concrete(X)
    assert tape.gradient(y, X).numpy().tolist() == [2.0, 2.0]

"""Errors: their tree, their five parts, and suggestions."""

from __future__ import annotations

import importlib

import pytest

import minitensor as mt
from minitensor import errors
from minitensor.errors import message, suggest


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("InvalidArgumentError", ValueError), ("DTypeError", TypeError), ("DTypeError", ValueError),
        ("ArgumentError", TypeError), ("OutOfRangeError", IndexError),
        ("NotFoundError", LookupError), ("DataLossError", ValueError),
        ("FailedPreconditionError", RuntimeError), ("ResourceExhaustedError", MemoryError),
        ("UnimplementedError", NotImplementedError), ("UnavailableError", ImportError),
        ("InternalError", RuntimeError),
    ],
)  # fmt: skip
def test_every_error_is_also_a_python_error(name, python):
    error = getattr(mt.errors, name)
    assert issubclass(error, errors.OpError)
    assert issubclass(error, errors.MinitensorError)
    assert issubclass(error, python)
    raised = error("what happened")
    assert raised.message == "what happened"
    assert str(raised) == "what happened"
    assert error().message == ""


def test_a_dtype_error_is_an_invalid_argument():
    assert issubclass(errors.DTypeError, errors.InvalidArgumentError)


def test_five_parts():
    text = message(
        "add", "shapes (2,) and (3,)", "axis -1 differs", "sizes must agree.", "reshape."
    )
    assert text == (
        "add: got shapes (2,) and (3,). Axis -1 differs. Sizes must agree. To fix it: reshape."
    )
    assert message("add", "", "x", "y", "z") == "add: X. Y. To fix it: z."


def test_a_fault_of_several_lines_stands_as_it_is():
    text = message("assert_equal", "x", "msg\nCondition did not hold.", "they are equal", "look")
    assert text == (
        "assert_equal: got x.\nmsg\nCondition did not hold.\nThey are equal. To fix it: look."
    )


def test_suggestions():
    assert suggest("constnat", ["constant", "reflect"]) == "did you mean 'constant'?"
    assert suggest("zzz", ["constant", "reflect"]) == "use one of 'constant', 'reflect'"
    assert suggest(3, [1, 2]) == "use one of '1', '2'"


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("adma", ["adam", "adamax", "adamw"], "adam"), ("SDG", ["Adam", "SGD"], "SGD"),
        ("conv2d", ["Conv1D", "Conv2D", "Conv3D"], "Conv2D"),
        ("Dens", ["Dense", "DenseFeatures"], "Dense"), ("Hing", ["hinge", "Hinge"], "Hinge"),
        ("momentun", ["momentum", "moment"], "momentum"),
    ],
)  # fmt: skip
def test_a_suggestion_prefers_what_one_slip_of_the_fingers_explains(word, known, meant):
    assert suggest(word, known) == f"did you mean {meant!r}?"


def test_a_question_at_the_end_keeps_its_mark_and_gets_no_dot():
    assert message("x", "", "a", "b", "did you mean 'c'?").endswith("To fix it: did you mean 'c'?")


NAMESPACES = ["data", "data.experimental", "keras", "keras.activations", "keras.backend",
              "keras.callbacks", "keras.constraints", "keras.initializers", "keras.layers",
              "keras.losses", "keras.metrics", "keras.models", "keras.optimizers",
              "keras.regularizers", "keras.saving", "keras.utils"]  # fmt: skip


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_shows_its_public_names_and_asks_for_typos(name):
    module = importlib.import_module(f"minitensor.{name}")
    assert [x for x in dir(module) if not x.startswith("__")] == sorted(module.__all__)
    for public in module.__all__:
        typo = f"{public}q"
        with pytest.raises(AttributeError, match=f"{name}' has no attribute '{typo}'") as caught:
            getattr(module, typo)
        assert f"did you mean {public!r}?" in str(caught.value)
    with pytest.raises(AttributeError, match="lists what there is"):
        _ = module.qqqqqqq
    assert not hasattr(module, "__wrapped__")


def test_a_misspelled_argument_gets_a_suggestion():
    with pytest.raises(errors.ArgumentError, match="did you mean 'axis'"):
        mt.concat([[1], [2]], axes=0)
    with pytest.raises(TypeError, match="twice"):
        mt.add(1.0, 2.0, y=3.0)
    with pytest.raises(TypeError, match="too many"):
        mt.add(1.0, 2.0, None, 4.0, 5.0)
    with pytest.raises(TypeError, match="'y' is missing"):
        mt.add(1.0)


@pytest.mark.parametrize(
    "compute",
    [
        lambda: mt.ones([2, 3]) + mt.ones([4]),
        lambda: mt.matmul(mt.ones([2, 3]), mt.ones([2, 3])),
        lambda: mt.constant(1.0) + mt.constant(1),
        lambda: mt.concat([mt.ones([2]), mt.ones([2, 2])], 0),
        lambda: mt.reduce_sum(mt.ones([2]), axis=5),
        lambda: mt.constant([1, 2])[9],
        lambda: mt.reshape(mt.ones([3]), [2, 2]),
        lambda: mt.gather([1, 2], [5]),
        lambda: mt.constant(1) // 0,
    ],
)
def test_errors_of_ops_are_short_and_whole(compute):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        compute()
    text = str(caught.value)
    assert text.count("To fix it: ") == 1
    assert ": got " in text
    assert text.endswith((".", "?"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_names_of_tensorflow():
    for name in ("InvalidArgumentError", "OutOfRangeError", "NotFoundError", "OpError",
                 "FailedPreconditionError", "UnimplementedError", "ResourceExhaustedError",
                 "InternalError", "UnavailableError", "DataLossError",
                 "OperatorNotAllowedInGraphError", "InaccessibleTensorError"):  # fmt: skip
        assert issubclass(getattr(mt.errors, name), Exception)
    assert set(errors.__all__) >= {"OpError", "DataLossError"}
    assert [name for name in errors.__all__ if not hasattr(errors, name)] == []

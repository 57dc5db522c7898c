"""Errors while a function is traced and while its graph runs: the class, the node, the line."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

import minitensor as mt

t = mt.constant


class OddError(Exception):
    def __init__(self, code: int, *, why: str):
        super().__init__(code)
        self.why = why


def raising(error: BaseException, autograph: bool) -> Any:
    @mt.function(autograph=autograph)
    def f(x: Any) -> Any:
        raise error

    return f


@pytest.mark.parametrize("autograph", [False, True])
@pytest.mark.parametrize(
    "error", [ValueError("boom"), KeyError("boom"), OddError(3, why="x"), ZeroDivisionError("boom"),
              KeyboardInterrupt()],
)  # fmt: skip
def test_an_error_while_tracing_keeps_its_class_and_line(
    error: BaseException, autograph: bool
) -> None:
    f = raising(error, autograph)
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            f(t(1.0))
    assert caught.value is error
    told = "".join(traceback.format_exception(caught.value))
    assert "raise error" in told
    assert f.concrete_functions == []


def test_an_error_while_tracing_says_what_was_traced() -> None:
    f = mt.function(lambda x, n: x.nothing, autograph=False)
    with pytest.raises(AttributeError) as caught:
        f(mt.ones((2, 3)), 1)
    assert caught.value.__notes__ == [
        "This happened while mt.function traced lambda(x: float32[2, 3], n: int 1). Nothing was "
        "kept of the trace: the next call traces again."
    ]


def gathering(i: Any, x: Any) -> Any:
    return mt.gather(x, i)


def reshaping(i: Any, x: Any) -> Any:
    return mt.reshape(x, [i, 2])


def dividing(i: Any, x: Any) -> Any:
    return mt.cast(x, mt.int32) // i


def asserting(i: Any, x: Any) -> Any:
    mt.debugging.assert_less(i, 3, message="too large")
    return x


FAILING = [(gathering, 7), (reshaping, 7), (dividing, 0), (asserting, 7)]


@pytest.mark.parametrize(("function", "i"), FAILING, ids=[f.__name__ for f, _ in FAILING])
def test_an_error_while_running_names_the_node_and_the_line(function: Any, i: int) -> None:
    x = t([0.0, 1.0, 2.0])
    with pytest.raises(mt.errors.OpError) as eager:
        function(t(i), x)
    f = mt.function(function, autograph=False)
    concrete = f.get_concrete_function(mt.TensorSpec([], mt.int32), mt.TensorSpec([3]))
    for _ in range(2):
        with pytest.raises(mt.errors.OpError) as caught:
            f(t(i), x)
        assert type(caught.value) is type(eager.value)
        told = str(caught.value)
        assert told.startswith("Graph execution error:\n\nDetected at node ")
        assert f'File "{__file__}", line ' in told
        assert f"in {function.__name__}\n" in told
        assert f"[Op:{concrete.name.decode()}]" in told
    assert f(t(1), t([0.0, 1.0, 2.0])) is not None if function is not reshaping else True


def test_the_message_of_a_running_error_is_that_of_eager_code() -> None:
    x = t([0.0, 1.0, 2.0])
    with pytest.raises(mt.errors.InvalidArgumentError) as eager:
        mt.gather(x, t(7))
    with pytest.raises(mt.errors.InvalidArgumentError) as caught:
        mt.function(gathering)(t(7), x)
    assert str(eager.value) in str(caught.value)


def test_an_error_under_a_tape_and_in_a_nested_function() -> None:
    inner = mt.function(gathering)
    outer = mt.function(lambda i, x: inner(i, x) * 2.0)
    x = t([0.0, 1.0, 2.0])
    assert outer(t(1), x).numpy() == 2.0
    with pytest.raises(mt.errors.InvalidArgumentError, match="Graph execution error") as caught:
        outer(t(7), x)
    assert caught.match("in gathering")
    with mt.GradientTape() as tape:
        tape.watch(x)
        assert outer(t(1), x).numpy() == 2.0
        with pytest.raises(mt.errors.InvalidArgumentError, match="Graph execution error"):
            outer(t(7), x)
    assert outer(t(2), x).numpy() == 4.0


def test_an_error_of_a_python_function_is_the_learners_own() -> None:
    def fails(x: Any) -> Any:
        raise LookupError("mine")

    f = mt.function(lambda x: mt.py_function(fails, [x], mt.float32))
    with pytest.raises(LookupError, match="mine"):
        f(t(1.0))


def test_catching_inside_the_function_does_not_catch_what_happens_later() -> None:
    @mt.function
    def f(i: Any, x: Any) -> Any:
        try:
            return mt.gather(x, i)
        except mt.errors.InvalidArgumentError:
            return x[0]

    with pytest.raises(mt.errors.InvalidArgumentError):
        f(t(7), t([1.0]))


@pytest.mark.parametrize(
    "make",
    [
        lambda x: mt.add(x, mt.ones(3)),
        lambda x: x + mt.ones(2, mt.int32),
        lambda x: mt.matmul(x, x),
        lambda x: mt.reshape(x, [3]),
        lambda x: mt.concat([x, mt.ones((2, 2))], 0),
    ],
)
def test_shape_errors_have_the_same_class_eager_and_traced(make: Any) -> None:
    x = mt.ones(2)
    with pytest.raises(mt.errors.OpError) as eager:
        make(x)
    with pytest.raises(mt.errors.OpError) as caught:
        mt.function(make, autograph=False)(x)
    assert type(caught.value) is type(eager.value)
    assert str(caught.value) == str(eager.value)


def frames_of(error: BaseException) -> list[str]:
    trace, files = error.__traceback__, []
    while trace is not None:
        files.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return files


@pytest.mark.parametrize("filtered", [True, False])
def test_a_traceback_shows_the_learners_frames_and_the_engines_only_on_demand(
    filtered: bool,
) -> None:
    @mt.function
    def wrong(x: Any) -> Any:
        return mt.matmul(x * 2.0, x)

    if not filtered:
        mt.debugging.disable_traceback_filtering()
    try:
        with pytest.raises(mt.errors.InvalidArgumentError) as caught:
            wrong(mt.ones([2, 3]))
    finally:
        mt.debugging.enable_traceback_filtering()
    files = frames_of(caught.value)
    assert files.count(__file__) == 2
    assert (len(files) == 3) is filtered

"""tape.explain: broken programs, rebuilt from TensorFlow issues, and the link that broke in each.

Every program marks the line that is to be found with `# here`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.explain import Cause, Explanation, Link

pytestmark = pytest.mark.usefixtures("every_record_is_large")

Program = Callable[[], tuple[Any, Any, Any]]
PROGRAMS: list[tuple[Program, str, str]] = []


def breaks(cause: str, link: str) -> Callable[[Program], Program]:
    """Expect a cause and a broken link from a program that returns tape, target and source."""

    def register(program: Program) -> Program:
        PROGRAMS.append((program, cause, link))
        return program

    return register


@breaks("not watched", "multiply")
def unwatched_constant() -> Any:  # tensorflow#29942
    x = mt.constant(3.0)
    with mt.GradientTape() as tape:
        s = x * x  # here
        y = s + 1.0
    return tape, y, x


@breaks("not watched", "reduce_sum")
def constant_computed_before() -> Any:
    data = mt.constant([3.0, 4.0])
    x = mt.sqrt(data)
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(x)  # here
    return tape, y, x


@breaks("watched too late", "square")
def watched_after_its_use() -> Any:
    x = mt.constant(3.0)
    with mt.GradientTape() as tape:
        s = mt.square(x)  # here
        tape.watch(x)
        y = s * 2.0
    return tape, y, x


@breaks("variables not watched", "read_variable")
def access_is_not_watched() -> Any:
    x = mt.Variable(3.0)
    with mt.GradientTape(watch_accessed_variables=False) as tape:
        y = x * x  # here
    return tape, y, x


@breaks("watched too late", "read_variable")
def variable_watched_after_its_use() -> Any:
    x = mt.Variable(3.0)
    with mt.GradientTape(watch_accessed_variables=False) as tape:
        y = x * x  # here
        tape.watch(x)
    return tape, y, x


@breaks("not trainable", "read_variable")
def untrainable_variable() -> Any:
    x = mt.Variable(3.0, trainable=False)
    with mt.GradientTape() as tape:
        y = x * x  # here
    return tape, y, x


@breaks("outside the tape", "multiply")
def op_before_the_block() -> Any:  # tensorflow#27660
    x = mt.Variable(3.0)
    s = x * x  # here
    with mt.GradientTape() as tape:
        y = 3.0 * s
    return tape, y, x


@breaks("outside the tape", "multiply")
def op_after_the_block() -> Any:
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        s = x * x
    y = 3.0 * s  # here
    return tape, y, x


@breaks("outside the tape", "gradient")
def gradient_outside_the_outer_tape() -> Any:  # tensorflow#41510
    x = mt.Variable(3.0)
    with mt.GradientTape() as outer, mt.GradientTape() as inner:
        y = x**3.0
    y = inner.gradient(y, x)  # here
    return outer, y, x


@breaks("variable replaced", "subtract")
def variable_replaced_by_a_tensor() -> Any:  # TensorFlow's guide, first cause
    w = mt.Variable(0.0)
    for _ in range(2):
        with mt.GradientTape() as tape:
            loss = (w - 3.0) ** 2
        gradient = mt.constant(1.0)
        w = w - 0.1 * gradient  # here
    with mt.GradientTape() as tape:
        loss = (w - 3.0) ** 2
    return tape, loss, w


@breaks("variable replaced", "multiply")
def variable_asked_for_after_it_was_replaced() -> Any:
    w = mt.Variable(2.0)
    model = [w]
    w = w * 0.5  # here
    with mt.GradientTape() as tape:
        loss = w * w
    return tape, loss, model[0]


@breaks("numpy", "numpy")
def detour_through_a_numpy_function() -> Any:  # TensorFlow's guide, second cause
    x = mt.Variable([[1.0, 2.0], [3.0, 4.0]])
    with mt.GradientTape() as tape:
        s = x**2.0
        y = np.mean(s, axis=0)  # here
        y = mt.reduce_mean(y, axis=0)
    return tape, y, x


@breaks("numpy", "numpy")
def detour_through_numpy_method() -> Any:
    x = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        print(end="", file=None)
        s = np.exp(x.numpy())  # here
        y = 2.0 * mt.constant(s)
    return tape, y, x


@breaks("numpy", "numpy")
def detour_that_ends_in_a_python_number() -> Any:
    x = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        s = x * 3.0
        y = float(s) + 1.0  # here
    return tape, y, x


@breaks("source dtype", "x")
def integer_source() -> Any:  # TensorFlow's guide, third cause
    x = mt.Variable(3)
    with mt.GradientTape() as tape:
        y = x * x
    return tape, y, x


@breaks("target dtype", "argmax")
def integer_target() -> Any:
    x = mt.Variable([1.0, 3.0])
    with mt.GradientTape() as tape:
        y = mt.argmax(x * 2.0)  # here
    return tape, y, x


@breaks("target dtype", "greater")
def bool_target() -> Any:
    x = mt.Variable([1.0, 3.0])
    with mt.GradientTape() as tape:
        y = x > 2.0  # here
    return tape, y, x


@breaks("integers on the path", "cast")
def integer_cast_on_the_path() -> Any:
    x = mt.Variable(2.5)
    with mt.GradientTape() as tape:
        s = mt.cast(x * 2.0, mt.int32)  # here
        y = mt.cast(s, mt.float32) * 3.0
    return tape, y, x


@breaks("op without gradient", "floordiv")
def op_without_gradient() -> Any:
    x = mt.Variable(2.5)
    with mt.GradientTape() as tape:
        s = x // 2.0  # here
        y = s * 2.0
    return tape, y, x


@breaks("op without gradient", "greater")
def comparison_on_the_path() -> Any:
    x = mt.Variable([1.0, 3.0])
    with mt.GradientTape() as tape:
        s = x * 2.0 > 3.0  # here
        y = mt.reduce_sum(mt.cast(s, mt.float32))
    return tape, y, x


@breaks("op without gradient", "argmax")
def one_hot_of_argmax_on_the_path() -> Any:
    x = mt.Variable([1.0, 3.0])
    with mt.GradientTape() as tape:
        s = mt.argmax(x)  # here
        y = mt.reduce_sum(mt.one_hot(s, 2))
    return tape, y, x


@breaks("stop_gradient", "stop_gradient")
def stopped_gradient() -> Any:
    x = mt.Variable(2.5)
    with mt.GradientTape() as tape:
        y = mt.stop_gradient(x * x) + 1.0  # here
    return tape, y, x


@breaks("stop_recording", "multiply")
def paused_tape() -> Any:
    x = mt.Variable(2.5)
    with mt.GradientTape() as tape:
        s = x * x
        with tape.stop_recording():
            s = s * 2.0  # here
        y = s + 1.0
    return tape, y, x


@breaks("assigned", "total")
def state_written_by_assign() -> Any:  # tensorflow#54532
    x, total = mt.Variable(2.5), mt.Variable(0.0, name="total")
    with mt.GradientTape() as tape:
        total.assign_add(x * x)  # here
        y = total * 2.0
    return tape, y, x


@breaks("assigned", "total")
def state_written_twice_and_untrainable() -> Any:
    x, total = mt.Variable(2.5), mt.Variable(0.0, name="total", trainable=False)
    with mt.GradientTape() as tape:
        total.assign(x * x)  # here
        total.assign_add(1.0)
        y = total.read_value()
    return tape, y, x


@breaks("reset", "read_variable")
def forgotten_record() -> Any:
    x = mt.Variable(2.5)
    with mt.GradientTape() as tape:
        s = x * x
        tape.reset()  # here
        y = s + 1.0
    return tape, y, x


@breaks("independent", "")
def no_connection() -> Any:
    x, other = mt.Variable(2.5), mt.Variable(1.0)
    with mt.GradientTape() as tape:
        x * x
        y = other * 3.0
    return tape, y, x


@breaks("independent", "")
def number_in_the_program_is_no_detour() -> Any:
    x, other = mt.Variable(2.5), mt.Variable(1.0)
    with mt.GradientTape() as tape:
        float(x * x)
        y = other * 3.0
    return tape, y, x


@breaks("independent", "")
def constant_target() -> Any:
    x = mt.Variable(2.5)
    with mt.GradientTape() as tape:
        x * x
    return tape, mt.constant(1.0), x


def marked_line(program: Program) -> str | None:
    lines = inspect.getsource(program).splitlines()
    return next((line.strip() for line in lines if line.endswith("# here")), None)


@pytest.mark.parametrize("when", ["before", "after", "persistent"])
@pytest.mark.parametrize(
    ("program", "cause", "link"), PROGRAMS, ids=[p.__name__ for p, _, _ in PROGRAMS]
)
def test_the_first_broken_link_is_found(
    program: Program, cause: str, link: str, when: str, monkeypatch: Any
) -> None:
    make = mt.GradientTape
    if when == "persistent":
        monkeypatch.setattr(mt, "GradientTape", lambda **given: make(persistent=True, **given))
    tape, y, x = program()
    if when == "after" and isinstance(y, mt.Tensor):
        assert tape.gradient(y, x) is None
    found = tape.explain(y, x)
    assert (found.cause, found.link) == (cause, link)
    assert (found.line and found.line.text) == marked_line(program)
    assert found.fix
    assert str(found).startswith("The gradient is None") or cause == "not a tensor"


def test_the_path_is_shown_up_to_the_break_and_beyond() -> None:
    tape, y, x = op_without_gradient()
    found = tape.explain(y, x)
    assert found.reached == (Link("read_variable", "read_variable", found.line),)
    assert [(link.op, link.name) for link in found.beyond] == [("multiply", "multiply")]
    assert found.beyond[0].line.text == "y = s * 2.0"
    lines = str(found).splitlines()
    assert lines[0] == ("The gradient is None (op without gradient): `floordiv` has no gradient: "
                        "the floor of a quotient is piecewise constant.")  # fmt: skip
    assert lines[1].startswith("  test_explain.py:")
    assert lines[2] == "Path: x → read_variable → ✗ floordiv → multiply → y"
    assert lines[3].startswith("To fix it: use a smooth function")
    assert repr(found) == str(found)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_whole_path_is_shown(when: str) -> None:
    x = mt.Variable(2.0, name="w")
    with mt.GradientTape() as tape:
        y = x * x + 1.0
    if when == "after":
        assert tape.gradient(y, x).numpy() == 4.0
    found = tape.explain(y, x)
    assert isinstance(found, Explanation)
    assert found.cause is Cause.CONNECTED
    assert (found.link, found.line, found.beyond) == ("", None, ())
    assert [link.name for link in found.reached] == ["read_variable", "multiply", "add"]
    assert str(found) == ("The gradient flows: 3 recorded ops lead from `x` to `y`.\n"
                          "Path: x → read_variable → multiply → add → y")  # fmt: skip


def test_a_path_that_is_cut_by_half_is_whole_but_said_to_be_cut() -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = x * 2.0 + x // 3.0
    found = tape.explain(y, x)
    assert found.cause == "connected"
    assert "another way is cut at `floordiv` (test_explain.py:" in found.sentence


def test_a_source_that_is_the_target() -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        pass
    assert "the source itself, so it is 1" in tape.explain(x, x).sentence


def test_a_tape_that_is_used_up() -> None:
    x, w = mt.Variable(2.0), mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = x * w
        tape.gradient(y, x)
        z = y * 2.0
    assert tape.explain(y, x).cause == "connected"
    found = tape.explain(y, w)
    assert (found.cause, found.link) == ("used up", "")
    assert str(found).startswith("There is no gradient (used up): The path is whole, but")
    found = tape.explain(z, x)
    assert (found.cause, found.link, found.line.text) == ("used up", "multiply", "z = y * 2.0")


@pytest.mark.parametrize("value", [2.0, np.ones(2), None])
def test_what_is_no_tensor(value: Any) -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = x * x
    assert tape.explain(value, x).cause == "not a tensor"
    assert tape.explain(y, value).cause == "not a tensor"
    with pytest.raises(TypeError, match="ask for one target and one source"):
        tape.explain([y], x)


def test_an_op_outside_is_only_supposed_when_nothing_names_the_source() -> None:
    x, w = mt.Variable(2.0), mt.Variable(1.0)
    data = mt.constant([1.0, 2.0]) * 3.0
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(data * w)
    found = tape.explain(y, x)
    assert found.cause == "outside the tape"
    assert "if `x` went into it, the tape cannot know" in found.sentence
    with tape:
        x + 1.0
    assert tape.explain(y, x).cause == "independent"


def test_a_custom_gradient_that_answers_none() -> None:
    @mt.custom_gradient
    def first_only(a: Any, b: Any) -> Any:
        return a * b, lambda upstream: (upstream * b, None)

    x, w = mt.Variable(2.0), mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = first_only(x, w)
    assert tape.gradient(y, [x, w])[1] is None
    found = tape.explain(y, w)
    assert (found.cause, found.link) == ("op without gradient", "first_only")
    assert "its grad_fn returned None" in found.sentence
    assert tape.explain(y, x).cause == "connected"


def test_asking_records_nothing_and_keeps_nothing_alive() -> None:
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = x * x
        before = len(tape.events())
        tape.explain(y, x)
        assert len(tape.events()) == before

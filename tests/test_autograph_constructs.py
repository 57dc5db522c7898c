"""Every construct that AutoGraph converts: the same values and gradients, eager and traced.

Each function is called with tensors as it is, and through `mt.function`, for every argument listed.
"""

# ruff: noqa: SIM108 - statements are what is tested

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import nest

TABLE: list[tuple[Callable, Any]] = []
total = mt.Variable(0.0)


def case(*arguments: Any) -> Callable:
    """Add a function to the table, to be called with each argument."""

    def add(function: Callable) -> Callable:
        TABLE.extend((function, argument) for argument in arguments)
        return function

    return add


def outcome(function: Callable, argument: Any) -> Any:
    """The values that a function gives and leaves in `total`, and the gradient of their sum."""
    x = mt.constant(argument)
    total.assign(0.0)
    with mt.GradientTape() as tape:
        if x.dtype.is_floating:
            tape.watch(x)
        results = function(x)
        tensors = [mt.convert_to_tensor(r) for r in nest.flatten(results)]
        floating = [t for t in tensors if t.dtype == x.dtype and t.dtype.is_floating]
        score = mt.add_n([mt.reduce_sum(t) for t in floating]) if floating else None
    gradient = None if score is None else tape.gradient(score, x)
    given = [np.asarray(t.numpy()).tolist() for t in (*tensors, total.value())]
    return given, None if gradient is None else np.asarray(gradient).tolist()


def label(value: Any) -> str | None:
    return value.__name__ if callable(value) else str(value)


# Branches.


@case(3.0, -7.0, -2.0)
def if_elif_else(x):
    if x > 0:
        y = x * x
    elif x < -5:
        y = x * 2
    else:
        y = -x
    return y


@case(3.0, -3.0)
def if_without_else(x):
    y = x
    if x > 0:
        y = x * x
    return y


@case(20.0, 5.0, -3.0)
def early_return(x):
    if x > 0:
        if x > 10:
            return x
        x = x + 1
    return x * 2


@case(5, 3, 4, 200)
def returns_here_and_there(x):
    if x > 3:
        if x > 4:
            return x * 2
        x = x + 1
        if x > 100:
            return x
    else:
        x = x - 1
    for i in range(2):
        if x + i > 6:
            return x + i
    return x * 10


@case(5.0, 1.0)
def bare_return(x):
    def note(y):
        if y > 3:
            total.assign(y)
            return
        total.assign(-y)

    note(x)
    return total.value()


@case(3.0, -3.0)
def ternary(x):
    return x * x if x > 0 else -x


@case(3.0, -3.0)
def ternary_with_a_number(x):
    y = x if x > 0 else 0.5
    z = 0.5 if x > 0 else x
    return y + z


@case(5, 3, 30, -4)
def logic(x):
    return (1 < x < 10 and x != 5) or not x < 20


@case([2, 0], [2, 1])
def and_is_lazy(x):
    return x[1] != 0 and x[0] // x[1] > 1


@case(1, -1)
def or_is_lazy(x):
    return x > 0 or mt.reduce_all(x < 0)


@case(3.0)
def python_conditions_stay_python(x, scale=None):
    if scale is None and x.shape.rank == 0:
        x = x * 2
    return x if not scale else x * scale


@case(3.0, -3.0)
def one_of_two_structures(x):
    pair = {"a": x, "b": [x, 1]}
    if x > 0:
        pair = {"a": x * 2, "b": [x + 1, 1]}
    return pair


@case(3.0, -3.0)
def dict_entries_and_attributes_in_branches(x):
    class Box:
        pass

    box, d = Box(), {"a": x, "n": {"m": 1.0}}
    box.value = x
    if x > 0:
        d["a"] = x * x
        d["n"]["m"] += x
    else:
        box.value = box.value * 3
    return d["a"], d["n"]["m"], box.value


@case(3.0, -3.0)
def assignments_to_variables(x):
    if x > 0:
        total.assign_add(x)
    else:
        total.assign_sub(2 * x)
    return total * x


@case(1, -1)
def nonlocal_names(x):
    n = 0

    def step():
        nonlocal n
        if x > 0:
            n = n + 1

    step()
    step()
    return n


@case(1, -1)
def text(x):
    s = "no"
    if x > 0:
        s = "yes"
    return s


@case(3.0, -3.0)
def deleted_names(x):
    y = x
    if x > 0:
        z = y + 1
        del y
    else:
        z = y
    return z


@case(3, -3)
def annotated(x: int) -> int:
    y: int = x
    if y > 0:
        y: int = y + 1
    return y


@case(5, 2, 1)
def walrus(x):
    while (y := x) > 3:
        x = x - 1
    if (z := y + 1) > 3:
        x = z
    return x, y


# Loops.


@case(5.0, 0.5)
def while_over_a_tensor(x):
    while x > 1:
        x = x / 2
    return x * x


@case(5, 30)
def for_range_with_break_and_continue(n):
    s = 0
    for i in range(n):
        if i == 7:
            break
        if i % 2 == 0:
            continue
        s += i
    return s


@case(3, 0)
def for_mt_range(n):
    s = mt.constant(1.0)
    for i in mt.range(n):
        s = s * 2 + mt.cast(i, mt.float32)
    return s


@case(2, 5)
def range_with_start_and_step(n):
    s = 0
    for i in range(n, 1, -1):
        s = s * 10 + i
    for i in mt.range(1, n, 2):
        s = s * 10 + i
    return s


@case([[1.0, 2.0], [3.0, 4.0]])
def for_over_rows(x):
    s = 0.0
    for row in x:
        s = s * 2 + mt.reduce_sum(row * row)
    return s


@case([[1.0, 2.0], [3.0, 4.0]])
def nested_for(x):
    s = 0.0
    for row in x:
        for value in row:
            if value > 2:
                s += value * value
    return s


@case(10, 2)
def return_in_a_loop_over_tensors(n):
    for i in mt.range(n):
        if i * i > 20:
            return i
    return -1


@case(10, 1)
def return_in_a_while(n):
    while n > 2:
        n = n - 3
        if n == 4:
            return n * 100
    return n


@case(4, 0)
def while_true_with_break(n):
    i = 0
    while True:
        i += 1
        if i > n:
            break
    return i


@case(4.0, 0.0)
def while_true_with_return(x):
    while True:
        x = x - 1.5
        if x < 0:
            return x * x


@case(0, 3, 7)
def python_for_with_break(x):
    for i in range(5):
        if x > i:
            continue
        x += 1
        if x > 3:
            break
    return x, i


@case(1, 7)
def python_for_with_return(x):
    for i in [1, 2, 3]:
        if x > 4:
            return x + i
        x = x + 1
    return x


@case(5, 3, 2)
def loop_else(x):
    while x > 0:
        x -= 1
        if x == 3:
            break
    else:
        x = x - 100
    for i in range(3):
        if x > i:
            break
    else:
        x = x * 2
    return x


@case(3)
def defined_in_the_loop_only(n):
    for i in mt.range(n):
        y = i * 2
        z = (y, mt.ones([2]))
    return y, z, i


@case(4)
def loop_variables_in_dicts_and_attributes(n):
    class Box:
        pass

    d, o = {"a": 0, "kept": "text"}, Box()
    o.s = 1
    for i in mt.range(n):
        d["a"] += i
        o.s = o.s * 2
    return d["a"], o.s


@case(3)
def loop_variables_in_lists(n):
    pair = [1, 2]
    for i in mt.range(n):
        pair[0] += i
    return pair[0], pair[1]


@case(1)
def swapped_variables(x):
    a, b = x, x + 1
    while a < 20:
        a, b = b, a + b
    return a, b


@case(2.0)
def lists_in_python_loops(x):
    powers = []
    for i in range(3):
        powers.append(x**i)
    return mt.stack(powers)


@case([1.0, 2.0, 3.0])
def tensor_array(x):
    found = mt.TensorArray(mt.float32, size=3)
    for i in mt.range(3):
        if x[i] > 1:
            found = found.write(i, x[i] * x[i])
        else:
            found = found.write(i, -x[i])
    return found.stack()


@case([1.0], [2.0])
def shape_invariants(x):
    for _ in mt.range(3):
        mt.autograph.experimental.set_loop_options(shape_invariants=[(x, mt.TensorShape([None]))])
        x = mt.concat([x, x * 2], 0)
    return x


@case(3.0)
def numbers_take_the_dtype_of_the_loop(x):
    x = mt.cast(x, mt.float64)
    s = 0.0
    for _ in mt.range(3):
        s += x
    n = mt.constant(0, mt.int64)
    while n < 5:
        n += 1
        if n == 3:
            n = 4
    return s, n


@case(3.0)
def matrix_recurrence(x):
    h = mt.ones([2])
    w = mt.reshape(mt.stack([x, 1.0, 0.5, x]), [2, 2]) / 5.0
    for _ in mt.range(6):
        h = mt.tanh(mt.linalg.matvec(w, h))
    return h


@case(3)
def loops_that_only_assign(n):
    for _ in mt.range(n):
        total.assign_add(1.5)
    return total.value()


@case(2)
def boolean_loop_variable(n):
    going = True
    while going:
        n = n * 3
        going = n < 50
    return n


@pytest.mark.parametrize(("function", "argument"), TABLE, ids=label)
def test_eager_is_traced(function: Callable, argument: Any) -> None:
    assert outcome(mt.function(function), argument) == outcome(function, argument)


def test_a_loop_body_and_both_branches_are_traced_once() -> None:
    seen = []

    @mt.function
    def f(x):
        for i in mt.range(x):
            seen.append("body")
            if i > 2:
                seen.append("main")
                x = x + 1
            else:
                seen.append("else")
        return x

    assert f(mt.constant(5)).numpy() == 7
    assert seen == ["body", "main", "else"]


def test_the_target_of_a_range_keeps_its_value_after_no_iteration() -> None:
    @mt.function
    def f(n):
        i = mt.constant(7)
        for i in mt.range(n):  # noqa: B007
            pass
        return i

    assert [f(mt.constant(n)).numpy() for n in (0, 3)] == [7, 2]


def test_second_derivatives_go_through_branches_and_loops() -> None:
    def f(x):
        s = x
        for _ in mt.range(3):
            if s > 1:
                s = s * x
            else:
                s = s + x
        return s

    def second(function):
        x = mt.constant(1.5)
        with mt.GradientTape() as outer:
            outer.watch(x)
            with mt.GradientTape() as inner:
                inner.watch(x)
                y = function(x)
            first = inner.gradient(y, x)
        return float(outer.gradient(first, x))

    assert second(mt.function(f)) == pytest.approx(second(f)) == pytest.approx(12 * 1.5**2)


def test_print_happens_while_tracing(capsys: pytest.CaptureFixture) -> None:
    @mt.function
    def f(x):
        if x > 0:
            print("main")
        return x

    f(mt.constant(1))
    f(mt.constant(2))
    assert capsys.readouterr().out == "main\n"


def test_a_condition_that_is_known_leaves_one_branch() -> None:
    @mt.function
    def f(x):
        if mt.shape(x)[0] > 2:
            return x[2]
        return x[0]

    assert f(mt.constant([1, 2])).numpy() == 1
    assert f(mt.constant([1, 2, 3])).numpy() == 3

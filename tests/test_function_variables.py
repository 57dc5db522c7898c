"""What traced functions do beside their results: variables, effects, order, eager stretches."""

from __future__ import annotations

import re
import sys
import threading
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.trace import Tracer
from minitensor.op import State, state

t = mt.constant


class Lazy:
    """Makes its variable when it is called first."""

    def __init__(self, initial: Any):
        self.initial, self.v = initial, None

    @mt.function
    def __call__(self, x: Any) -> Any:
        if self.v is None:
            self.v = mt.Variable(self.initial(x), name="v")
        return self.v.assign_add(x)


# Variables made on the first call.


@pytest.mark.parametrize(
    ("initial", "value"),
    [
        (lambda x: 1.0, 1.0),
        (lambda x: mt.constant(2.0), 2.0),
        (lambda x: lambda: mt.ones(()) * 3.0, 3.0),
        (lambda x: x * 2.0 + 1.0, 7.0),
        (lambda x: lambda: x * x, 9.0),
        (lambda x: mt.cond(x > 0.0, lambda: x, lambda: -x), 3.0),
        (lambda x: mt.function(lambda y: y + x)(x), 6.0),
    ],
)
def test_a_variable_is_made_on_the_first_call(initial: Any, value: float) -> None:
    lazy = Lazy(initial)
    assert lazy(t(3.0)).numpy() == value + 3.0
    assert lazy(t(3.0)).numpy() == value + 6.0
    assert lazy.v.numpy() == value + 6.0
    assert lazy.v.name == "v:0"
    assert lazy.__call__.experimental_get_tracing_count() == 2
    lazy(t([3.0])[0])
    assert lazy.__call__.experimental_get_tracing_count() == 2


def test_a_variable_can_start_at_random() -> None:
    lazy = Lazy(lambda x: mt.random.normal((3,)))
    mt.random.set_seed(1)
    first = lazy(mt.zeros(3)).numpy()
    assert np.unique(first).size == 3
    assert lazy(mt.zeros(3)).numpy().tolist() == first.tolist()


def test_a_variable_is_made_inside_a_branch_and_a_nested_function() -> None:
    made: list = []

    @mt.function
    def inner(x: Any) -> Any:
        if not made:
            made.append(mt.Variable(x + 1.0))
        return made[0] * x

    @mt.function
    def outer(x: Any) -> Any:
        return mt.cond(x > 0.0, lambda: inner(x * 2.0), lambda: x)

    assert outer(t(3.0)).numpy() == 42.0
    assert made[0].numpy() == 7.0
    assert outer(t(1.0)).numpy() == 14.0


def test_the_gradient_of_a_variable_made_on_the_first_call() -> None:
    lazy = Lazy(lambda x: 2.0)
    square = mt.function(lambda x: (lazy(x * 0.0), lazy.v * lazy.v * x)[1])
    with mt.GradientTape() as tape:
        y = square(t(3.0))
    assert tape.gradient(y, lazy.v).numpy() == 12.0


SINGLETON = "tf.function only supports singleton tf.Variables created on the first call."


def test_a_variable_on_every_call_is_refused() -> None:
    @mt.function
    def f(x: Any) -> Any:
        v = mt.Variable(1.0, name="fresh")
        return v + x

    for _ in range(2):
        with pytest.raises(ValueError, match=re.escape(SINGLETON)) as caught:
            f(t(1.0))
        assert caught.match("made the variable 'fresh' again")
        assert caught.match('v = mt.Variable\\(1.0, name="fresh"\\)')
    assert f.concrete_functions == []
    assert state.interpreter is State.interpreter


def test_a_variable_in_a_later_trace_is_refused() -> None:
    kept: list = []

    @mt.function
    def f(x: Any, more: bool) -> Any:
        if more:
            kept.append(mt.Variable(1.0))
        return x

    f(t(1.0), False)
    with pytest.raises(ValueError, match=re.escape(SINGLETON)):
        f(t(1.0), True)
    assert f(t(2.0), False).numpy() == 2.0
    assert len(f.concrete_functions) == 1


def test_a_variable_whose_value_is_not_known_is_refused() -> None:
    lazy = Lazy(lambda x: x)
    with pytest.raises(ValueError, match="it depends on <tf"):
        lazy.__call__.get_concrete_function(mt.TensorSpec([]))
    assert lazy.v is None
    assert lazy(t(1.0)).numpy() == 2.0
    Lazy(lambda x: 1.0).__call__.get_concrete_function(mt.TensorSpec([]))


def test_a_failed_trace_leaves_nothing_behind() -> None:
    v = mt.Variable(1.0)
    fails = [True]

    @mt.function
    def f(x: Any) -> Any:
        v.assign(x)
        with mt.GradientTape() as tape, mt.name_scope("inside"), mt.device("/CPU:0"):
            y = v * v
            if fails[0]:
                raise RuntimeError("boom")
        return tape.gradient(y, v)

    with mt.name_scope("around"), pytest.raises(RuntimeError, match="boom"):
        f(t(3.0))
    assert (v.numpy(), f.concrete_functions, f.experimental_get_tracing_count()) == (1.0, [], 1)
    assert (state.scope, state.tapes, state.device) == ("", (), None)
    assert not isinstance(state.interpreter, Tracer)
    fails[0] = False
    assert f(t(3.0)).numpy() == 6.0
    assert v.numpy() == 3.0


def test_a_variable_of_a_failed_trace_can_be_used() -> None:
    fails = [True]

    def initial(x: Any) -> Any:
        return x * 5.0

    class Failing(Lazy):
        @mt.function
        def __call__(self, x: Any) -> Any:
            if self.v is None:
                self.v = mt.Variable(self.initial(x))
            if fails[0]:
                raise KeyError("later")
            return self.v + x

    lazy = Failing(initial)
    with pytest.raises(KeyError):
        lazy(t(1.0))
    assert lazy.v.numpy() == 5.0
    fails[0] = False
    assert lazy(t(1.0)).numpy() == 6.0


# Effects.


def test_python_happens_while_tracing_only() -> None:
    seen: list = []
    scale = 2.0

    @mt.function
    def f(x: Any) -> Any:
        seen.append(x)
        return x * scale

    assert (f(t(1.0)).numpy(), f(t(2.0)).numpy()) == (2.0, 4.0)
    scale = 100.0
    assert f(t(3.0)).numpy() == 6.0
    assert len(seen) == 1
    assert isinstance(seen[0], mt.Tensor)
    with pytest.raises(TypeError, match="is out of scope and cannot be used here"):
        seen[0] + 1.0


def test_reads_and_writes_keep_their_order() -> None:
    v = mt.Variable(0.0)

    @mt.function
    def f() -> Any:
        v.assign(1.0)
        first = v.read_value()
        v.assign(2.0)
        second = v + 0.0
        v.assign(3.0)
        return first, second

    for _ in range(2):
        assert [x.numpy() for x in f()] == [1.0, 2.0]
        assert v.numpy() == 3.0
        v.assign(9.0)


def test_prints_run_each_time_and_in_order(capsys: pytest.CaptureFixture) -> None:
    v = mt.Variable(0)

    @mt.function
    def f(x: Any) -> None:
        print("traced")
        mt.print("first", x, v, output_stream=sys.stdout)
        v.assign_add(1)
        mt.print("then", v, [x, x], {"a": x}, sep="|", output_stream=sys.stdout)

    assert f(t(7)) is None
    assert f(t(8)) is None
    out = capsys.readouterr().out
    assert out == "traced\nfirst 7 0\nthen|1|[7, 7]|{'a': 7}\nfirst 8 1\nthen|2|[8, 8]|{'a': 8}\n"


def test_python_functions_run_each_time() -> None:
    seen: list = []

    def note(x: Any) -> Any:
        seen.append(float(x))
        return x * 2.0

    f = mt.function(lambda x: mt.py_function(note, [x], mt.float32) + 1.0)
    assert [f(t(x)).numpy() for x in (1.0, 2.0)] == [3.0, 5.0]
    g = mt.function(lambda x: mt.numpy_function(np.sort, [x], mt.float32))
    assert g(t([3.0, 1.0])).numpy().tolist() == [1.0, 3.0]
    assert seen == [1.0, 2.0]


def test_init_scope_and_executing_eagerly() -> None:
    seen: list = []

    @mt.function
    def f(x: Any) -> Any:
        seen.append(mt.executing_eagerly())
        with mt.init_scope():
            seen.append(mt.executing_eagerly())
            constant = mt.constant(2.0) * 3.0
            seen.append(constant.numpy())
        return x * constant

    assert f(t(1.0)).numpy() == 6.0
    assert f(t(2.0)).numpy() == 12.0
    assert seen == [False, True, 6.0]
    assert mt.executing_eagerly()


def test_functions_can_run_eagerly() -> None:
    seen: list = []

    @mt.function(input_signature=[mt.TensorSpec([], mt.float32)])
    def f(x: Any) -> Any:
        seen.append(type(x))
        return x * 2.0

    f(t(1.0))
    assert not mt.config.functions_run_eagerly()
    mt.config.run_functions_eagerly(True)
    try:
        assert mt.config.functions_run_eagerly()
        assert (f(t(1.0)).numpy(), f(t(2.0)).numpy()) == (2.0, 4.0)
    finally:
        mt.config.run_functions_eagerly(False)
    f(t(1.0))
    assert seen[1:] == [mt.Tensor, mt.Tensor]
    assert f.experimental_get_tracing_count() == 1


def test_devices_and_scopes_inside() -> None:
    @mt.function
    def f(x: Any) -> Any:
        with mt.device("/CPU:0"), mt.name_scope("part"):
            y = mt.add(x, mt.constant(1.0))
        return y, y.name

    found = f(t(1.0))
    assert (found[0].numpy(), found[1].numpy()) == (2.0, b"part/Add:0")
    with mt.device("/CPU:0"):
        assert f(t(5.0))[0].numpy() == 6.0


# Functions in functions.


def test_a_function_calls_another_which_is_traced_once() -> None:
    count = []

    @mt.function
    def inner(x: Any, n: int) -> Any:
        count.append(1)
        return {"y": x * n}

    @mt.function
    def outer(x: Any) -> Any:
        return inner(x, 2)["y"] + inner(x, 2)["y"] + inner(x, 3)["y"]

    assert outer(t(1)).numpy() == 7
    assert outer(t([1]))[0].numpy() == 7
    assert len(count) == 4
    assert inner(t(1), 2)["y"].numpy() == 2
    assert len(count) == 4


def test_a_function_that_uses_tensors_around_it() -> None:
    count = []

    @mt.function
    def outer(x: Any) -> Any:
        @mt.function
        def inner(y: Any) -> Any:
            count.append(1)
            return x * y

        return inner(x) + inner(x + 1.0)

    assert outer(t(2.0)).numpy() == 10.0
    assert outer(t(3.0)).numpy() == 21.0
    assert len(count) == 1


def test_a_trace_that_uses_tensors_around_it_is_of_use_there_only() -> None:
    hundred = t(100.0)
    held: list = [t(10.0)]

    @mt.function
    def add(y: Any) -> Any:
        return y + held[0]

    @mt.function
    def outer(x: Any) -> Any:
        held[0] = x
        first = add(x)
        held[0] = hundred
        return first

    assert outer(t(2.0)).numpy() == 4.0
    assert add(t(1.0)).numpy() == 101.0
    assert len(add.concrete_functions) == 1


def test_a_function_calls_itself() -> None:
    @mt.function
    def power(x: Any, n: int) -> Any:
        return t(1.0) if n == 0 else x * power(x, n - 1)

    assert power(t(2.0), 5).numpy() == 32.0
    assert power.experimental_get_tracing_count() == 6


def test_gradients_inside_outside_and_of_gradients() -> None:
    @mt.function
    def cubed(x: Any) -> Any:
        return x * x * x

    @mt.function
    def slope(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = cubed(x)
        return tape.gradient(y, x)

    x = t(2.0)
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = slope(x)
    assert (y.numpy(), tape.gradient(y, x).numpy()) == (12.0, 12.0)


# Threads.


def test_threads_trace_and_call_at_once() -> None:
    v = mt.Variable(0.0)

    @mt.function
    def f(x: Any, n: int) -> Any:
        for _ in range(20):
            x = x + float(n)
        return x

    @mt.function
    def bump() -> None:
        v.assign_add(1.0)

    errors: list = []
    start = threading.Barrier(4)

    def work(number: int) -> None:
        try:
            start.wait()
            for i in range(40):
                n = i % 5
                assert f(t(1.0 + number), n).numpy() == 1.0 + number + 20 * n
                bump()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert f.experimental_get_tracing_count() == 5
    assert sum(trace.calls for trace in f.traces) >= 160
    assert v.numpy() <= 160.0

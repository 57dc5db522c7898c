"""Why a function was traced again: the warning, `fn.traces`, and the report of `why_retraced`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

import minitensor as mt

t = mt.constant


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING, "minitensor")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "minitensor"]


def fresh() -> Any:
    """A function of new code: calls are counted for the code."""
    namespace: dict[str, Any] = {"mt": mt}
    exec(compile("def w(x): return x", f"<code {id(namespace)}>", "exec"), namespace)
    return namespace["w"]


WORDS = (
    "5 out of the last 5 calls to {} triggered tf.function retracing. Tracing is expensive and the "
    "excessive number of tracings could be due to (1) creating @tf.function repeatedly in a loop, "
    "(2) passing tensors with different shapes, (3) passing Python objects instead of tensors. For "
    "(1), please define your @tf.function outside of the loop. For (2), @tf.function has "
    "reduce_retracing=True option that can avoid unnecessary retracing. For (3), please refer to "
    "https://www.tensorflow.org/guide/function#controlling_retracing and "
    "https://www.tensorflow.org/api_docs/python/tf/function for  more details."
)


def test_the_fifth_trace_in_a_row_warns(warnings: Callable) -> None:
    w = fresh()
    f = mt.function(w, autograph=False)
    for n in range(4):
        f(n)
    assert warnings() == []
    f(4)
    assert len(warnings()) == 1
    assert warnings()[0].startswith(WORDS.format(w))
    assert "why_retraced" in warnings()[0]


def test_there_are_two_warnings_at_most(warnings: Callable) -> None:
    f = mt.function(fresh(), autograph=False)
    for n in range(20):
        f(n)
    assert [text[:24] for text in warnings()] == [
        "5 out of the last 5 call", "6 out of the last 6 call"]  # fmt: skip


def test_calls_in_between_are_counted(warnings: Callable) -> None:
    f = mt.function(fresh(), autograph=False)
    for n in range(20):
        for _ in range(4):
            f(n)
    assert warnings() == []
    g = mt.function(fresh(), autograph=False)
    for n in range(5):
        for _ in range(5 if n == 2 else 1):
            g(n)
    assert [text[:24] for text in warnings()] == ["5 out of the last 9 call"]


def test_making_functions_in_a_loop_warns(warnings: Callable) -> None:
    w = fresh()
    for _ in range(5):
        f = mt.function(w, autograph=False)
        f(t(1.0))
    assert len(warnings()) == 1
    report = str(f.why_retraced())
    assert "mt.function was applied 5 times to this code" in report
    assert "define the function once, outside of the loop" in report
    for _ in range(20):
        f(t(1.0))
    mt.function(w, autograph=False)(t(1.0))
    assert len(warnings()) == 1


def test_asking_for_concrete_functions_does_not_warn(warnings: Callable) -> None:
    f = mt.function(fresh(), autograph=False)
    for n in range(10):
        f.get_concrete_function(n)
    assert warnings() == []


def test_traces_are_told() -> None:
    f = mt.function(lambda x, n=1: x * n, autograph=False)
    for _ in range(3):
        f(mt.ones((2, 3)))
    f(mt.ones((2, 3)), n=2)
    first, second = f.traces
    assert first.signature == [("x", "float32[2, 3]"), ("n", "int 1")]
    assert (first.number, first.calls, first.differs, first.fix) == (1, 3, [], "")
    assert (first.nodes, first.bytes) == (1, 24)
    assert first.seconds > 0.0
    assert (second.number, second.calls) == (2, 1)
    assert second.differs == [("n", "int 1", "int 2")]
    assert second.fix == "pass a tensor, n=mt.constant(2), instead of the Python number 2"
    with pytest.raises(AttributeError):
        first.calls = 0


REPORT = """\
f: 3 traces, 4 calls
1. (x: float32[2])  2 calls, 1 node, traced in 0 ms
2. (x: float32[3])  1 call, 1 node, traced in 0 ms
   x was float32[2], is float32[3]
   To fix it: let one trace serve all sizes, with @mt.function(reduce_retracing=True) or \
mt.TensorSpec([None], mt.float32) in input_signature; or pad x to one size
3. (x: int32[3])  1 call, 1 node, traced in 0 ms
   x was float32[3], is int32[3]
   To fix it: give x always one dtype: mt.cast(x, mt.float32)"""


def test_the_report() -> None:
    @mt.function(autograph=False)
    def f(x: Any) -> Any:
        return x + x

    for x in (t([1.0, 2.0]), t([1.0, 2.0]), t([1.0, 2.0, 3.0]), t([1, 2, 3])):
        f(x)
    lines = str(f.why_retraced()).split("\n")
    timeless = [line.partition("traced in ")[0] for line in lines]
    assert timeless == [line.partition("traced in ")[0] for line in REPORT.split("\n")]
    assert f.why_retraced().traces == f.traces
    assert repr(f.why_retraced()) == str(f.why_retraced())


class Thing:
    pass


@pytest.mark.parametrize(
    ("before", "now", "differs", "fix"),
    [
        (2.0, 3.0, ("x", "float 2.0", "float 3.0"), "x=mt.constant(3.0)"),
        (1, True, ("x", "int 1", "bool True"), "mt.constant(True)"),
        (t(1), 1, ("x", "int32[]", "int 1"), "pass a tensor, x=mt.constant(1)"),
        (1, t(1), ("x", "int 1", "int32[]"), "pass always a tensor: mt.constant(1)"),
        ("a", "b", ("x", "str 'a'", "str 'b'"), "a program of its own"),
        (None, t(1), ("x", "None", "int32[]"), "a program of its own"),
        ([1], (1,), ("x", "list of 1", "tuple of 1"), "pass x always as a list"),
        ([t(1)], [t(1), t(1)], ("x", "list of 1", "list of 2"), "mt.stack(x)"),
        ({"k": [t(1.0)]}, {"k": [t([1.0])]}, ("x['k'][0]", "float32[]", "float32[1]"),
         "mt.TensorSpec(None, mt.float32)"),
        (mt.ones((2, 3)), mt.ones((2, 4)), ("x", "float32[2, 3]", "float32[2, 4]"),
         "mt.TensorSpec([2, None], mt.float32)"),
        (Thing(), Thing(), None, "pass the same object as x each time"),
        (mt.Variable(1.0), mt.Variable([1.0]), ("x", "variable float32[]",
         "variable float32[1]"), "variables of one shape and dtype"),
        (mt.Variable(1.0), mt.Variable(1.0, trainable=False), ("x", "variable float32[]",
         "variable float32[], not trainable"), "all trainable or none"),
    ],
)  # fmt: skip
def test_the_first_difference_and_its_cure(
    before: Any, now: Any, differs: tuple | None, fix: str
) -> None:
    f = mt.function(lambda x: None, autograph=False)
    f(before)
    f(now)
    trace = f.traces[1]
    if differs is not None:
        assert trace.differs[0] == differs
    assert fix in trace.fix


def test_the_nearest_earlier_trace_is_compared_with() -> None:
    f = mt.function(lambda x, y, z: None, autograph=False)
    f(1, 2, 3)
    f(4, 5, 6)
    f(4, 5, 7)
    f(1, 2, 7)
    assert f.traces[2].differs == [("z", "int 6", "int 7")]
    assert f.traces[3].differs == [("z", "int 3", "int 7")]


def test_variables_that_are_the_same() -> None:
    f = mt.function(lambda v, w: None, autograph=False)
    v, w = mt.Variable(1.0), mt.Variable(1.0)
    f(v, w)
    f(v, v)
    assert f.traces[1].differs == [
        ("w", "variable float32[]", "variable float32[], the same as v")]  # fmt: skip
    assert "different variables" in f.traces[1].fix


def test_an_object_that_is_gone_cannot_be_asked_for() -> None:
    f = mt.function(lambda x: None, autograph=False)
    f(Thing())
    f(Thing())
    assert len(f.traces) == 2
    assert "keep" in f.traces[1].fix

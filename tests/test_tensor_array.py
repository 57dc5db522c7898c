"""TensorArray, while ops compute at once and in traces: the same calls, the same results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.in_place import row_updates
from minitensor.graph.loops import WhileOp

X = np.arange(6.0, dtype=np.float32).reshape(3, 2)


def array(**options: Any) -> Any:
    return mt.TensorArray(mt.float32, **{"size": 3, **options})


FUNCTIONS: dict[str, Callable] = {
    "write and read": lambda x: array().write(0, x[0]).write(2, x[1]).read(2),
    "write and stack": lambda x: array().write(0, x[0]).write(1, x[1]).write(2, x[2]).stack(),
    "write twice": lambda x: array().write(1, x[0]).write(1, x[2]).read(1),
    "zeros where nothing was written": lambda x: array(element_shape=[2]).write(1, x[1]).stack(),
    "unstack": lambda x: array().unstack(x).read(1),
    "gather": lambda x: array().unstack(x).gather([2, 0, 2]),
    "scatter": lambda x: array().scatter([2, 0, 1], x).stack(),
    "split": lambda x: array().split(x, [1, 1, 1]).read(1),
    "concat": lambda x: array().unstack(mt.stack([x, x * 2.0, x * 3.0])).concat(),
    "size": lambda x: array().write(1, x[0]).size(),
    "it grows": lambda x: array(size=0, dynamic_size=True).write(0, x[0]).write(3, x[1]).stack(),
    "it grows by scattering": lambda x: array(size=0, dynamic_size=True).scatter([4, 1], x[:2])
    .stack(),
    "identity": lambda x: array().unstack(x).identity().stack(),
    "numbers": lambda x: mt.TensorArray(mt.int32, size=2).write(0, 3).write(1, 4).stack(),
    "text": lambda x: mt.TensorArray(mt.string, size=1).write(0, "a").stack(),
    "positions that are tensors": lambda x: array().unstack(x).read(mt.cast(x[0, 1], mt.int32)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_at_once_and_in_a_trace(name: str) -> None:
    function, x = FUNCTIONS[name], mt.constant(X)
    expected = function(x)
    opened = [mt.TensorSpec([None, None], mt.float32)]
    for signature in (None, opened):
        found = mt.function(function, autograph=False, input_signature=signature)(x)
        assert found.dtype is expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_what_it_says_of_itself() -> None:
    a = mt.TensorArray("float32", 2, element_shape=[None, 2])
    assert (a.dtype, a.dynamic_size, a.element_shape.as_list()) == (mt.float32, False, [None, 2])
    assert int(a.size()) == 2
    assert a.handle is None
    assert "float32" in repr(a)
    assert a.write(0, mt.ones([3, 2])).element_shape.as_list() == [3, 2]
    a.close()
    assert int(a.size()) == 2


MISTAKES = [
    (lambda a: a.write(3, 1.0), IndexError, "Tried to write to index 3 but array is not resizeable"
     " and size is: 3"),
    (lambda a: a.write(-1, 1.0), IndexError, r"negative indices \(index -1\) is not allowed"),
    (lambda a: a.read(5), IndexError, "Tried to read from index 5 but array size is: 3"),
    (lambda a: a.write(0, mt.constant(1)), ValueError, "TensorArray dtype is float32 but Op is "
     "trying to write dtype int32"),
    (lambda a: a.write(0, [1.0]).write(1, [1.0, 2.0]), ValueError, "Incompatible shape for value"),
]  # fmt: skip


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(("mistake", "error", "text"), MISTAKES)
def test_mistakes(mistake: Callable, error: type, text: str, traced: bool) -> None:
    def f() -> Any:
        found = mistake(array(element_shape=None if "shape" in text else []))
        return found.stack() if isinstance(found, mt.TensorArray) else found

    with pytest.raises(error, match=text):
        (mt.function(f, autograph=False) if traced else f)()


def test_elements_of_different_shapes_while_ops_compute_at_once() -> None:
    a = mt.TensorArray(mt.float32, 2, infer_shape=False).write(0, [1.0]).write(1, [2.0, 3.0])
    assert a.concat().numpy().tolist() == [1.0, 2.0, 3.0]
    parts = mt.TensorArray(mt.float32, 2, infer_shape=False).split([1.0, 2.0, 3.0], [1, 2])
    assert parts.read(1).numpy().tolist() == [2.0, 3.0]


def test_in_a_loop_that_python_runs_and_in_one_of_the_graph() -> None:
    def f(x: Any, n: Any) -> Any:
        a = mt.TensorArray(mt.float32, size=0, dynamic_size=True)
        for i in mt.range(n):
            if x[i, 0] > 1.0:
                a = a.write(a.size(), x[i])
        return a.stack()

    def g(x: Any, n: Any) -> Any:
        start = mt.TensorArray(mt.float32, size=0, dynamic_size=True)

        def body(i: Any, a: Any) -> tuple:
            return i + 1, mt.cond(x[i, 0] > 1.0, lambda: a.write(a.size(), x[i]), lambda: a)

        return mt.while_loop(lambda i, _: i < n, body, (0, start))[1].stack()

    x, n = mt.constant(X), mt.constant(3)
    wanted = [[2.0, 3.0], [4.0, 5.0]]
    assert f(x, n).numpy().tolist() == wanted
    assert g(x, n).numpy().tolist() == wanted
    assert mt.function(g, autograph=False)(x, n).numpy().tolist() == wanted


def test_it_comes_back_from_a_branch() -> None:
    @mt.function(autograph=False)
    def f(x: Any) -> Any:
        a = array().write(0, x[0])
        b = mt.cond(x[0, 0] > 0.0, lambda: a.write(1, x[1]), lambda: a.write(1, x[2]))
        return b.write(2, x[0]).stack()

    assert f(mt.constant(X)).numpy().tolist() == [[0.0, 1.0], [4.0, 5.0], [0.0, 1.0]]
    assert f(mt.constant(X + 1)).numpy().tolist() == [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]


def test_loops_write_rows_in_place_and_change_nothing_else() -> None:
    given = mt.constant(X)

    @mt.function(autograph=False)
    def f(x: Any) -> Any:
        def body(i: Any, a: Any, before: Any) -> tuple:
            old = a.read(i)
            return i + 1, a.write(i, old * 10.0), before + old

        a = array().unstack(x)
        _, after, total = mt.while_loop(lambda i, *_: i < 3, body, (0, a, mt.zeros([2])))
        return after.stack(), total, x + 0.0

    after, total, same = f(given)
    np.testing.assert_array_equal(after.numpy(), X * 10)
    np.testing.assert_array_equal(total.numpy(), X.sum(axis=0))
    np.testing.assert_array_equal(same.numpy(), X)
    np.testing.assert_array_equal(given.numpy(), X)
    [op] = [
        node.op
        for node in f.get_concrete_function(given).graph.nodes
        if isinstance(node.op, WhileOp)
    ]
    assert [update.how for update in row_updates(op.body, op.loops)] == ["write"]

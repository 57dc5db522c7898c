"""A gallery of rewrites that look right and are wrong somewhere: the optimiser must refuse them.

Each picture has a program, what a careless optimiser would make of it, and an input on which the
two differ. The test first checks that they do, then that every stage of the optimiser, and the
compiled graph, still give what the program says: the same bits, up to the payload of a NaN.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.execute import Executable
from minitensor.graph.ir import Graph
from minitensor.graph.passes import optimise
from minitensor.graph.trace import replay, trace
from minitensor.graph.verify import verify
from minitensor.shapes import Spec

INF, NAN = np.inf, np.nan


def f32(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


class Picture(NamedTuple):
    program: Callable
    tempting: Callable
    inputs: tuple


def one(x: Any) -> Any:
    return mt.ones_like(x)


def whole(*values: int, dtype: Any = np.int32) -> np.ndarray:
    return np.array(values, dtype)


GALLERY: dict[str, Picture] = {
    # inf - inf and NaN - NaN are NaN.
    "x - x → 0": Picture(lambda x: x - x, mt.zeros_like, (f32(1, INF, NAN),)),
    # 0 / 0 and inf / inf are NaN.
    "x / x → 1": Picture(lambda x: x / x, one, (f32(2, 0, INF, NAN),)),
    # 0 · inf is NaN, and 0 · -1 is -0.0.
    "x * 0 → 0": Picture(lambda x: x * 0.0, mt.zeros_like, (f32(1, -1, INF, NAN),)),
    # -0.0 + 0.0 is 0.0.
    "x + 0 → x": Picture(lambda x: x + 0.0, lambda x: x, (f32(-0.0, 1),)),
    # -0.0 - -0.0 is 0.0.
    "x - -0.0 → x": Picture(lambda x: x - -0.0, lambda x: x, (f32(-0.0, 1),)),
    # 0.0 - 0.0 is 0.0, but the negative of 0.0 is -0.0.
    "0 - x → -x": Picture(lambda x: 0.0 - x, lambda x: -x, (f32(0.0, 1),)),
    # Where a = b, a - b is 0.0, and its negative -0.0.
    "-(a - b) → b - a": Picture(lambda a, b: -(a - b), lambda a, b: b - a, (f32(1, 2), f32(1, 3))),
    # Sums that cancel are 0.0 on either side; the negative of that is -0.0.
    "sum(-x) → -sum(x)": Picture(
        lambda x: mt.reduce_sum(-x), lambda x: -mt.reduce_sum(x), (f32(1, -1),)
    ),
    # A sum begins with 0.0, and -0.0 + 0.0 is 0.0.
    "the sum over an axis of size 1 → reshape": Picture(
        lambda x: mt.reduce_sum(x, axis=1), lambda x: mt.reshape(x, (2,)), (f32([-0.0], [1]),)
    ),
    "the sum over no axes → x": Picture(
        lambda x: mt.reduce_sum(x, axis=[]), lambda x: x, (f32(-0.0, 1),)
    ),
    # What is added first decides what is rounded away.
    "(a + b) + c → a + (b + c)": Picture(
        lambda a, b, c: (a + b) + c,
        lambda a, b, c: a + (b + c),
        (f32(1e8), f32(-1e8), f32(0.5)),
    ),
    "(a + b) - b → a": Picture(lambda a, b: (a + b) - b, lambda a, b: a, (f32(1), f32(1e9))),
    "(x + 1) + 1 → x + 2": Picture(
        lambda x: (x + 1.0) + 1.0, lambda x: x + 2.0, (f32(2**24, 1e-8),)
    ),
    # Rounded twice or once; and 3 · 1e38 is infinite.
    "a * (b + c) → a * b + a * c": Picture(
        lambda a, b, c: a * (b + c),
        lambda a, b, c: a * b + a * c,
        (f32(3, 1e30), f32(2e38, 1e10), f32(-1.9e38, -1e10)),
    ),
    "a * b + a * c → a * (b + c)": Picture(
        lambda a, b, c: a * b + a * c,
        lambda a, b, c: a * (b + c),
        (f32(0, 3), f32(3e38, 0.1), f32(3e38, 0.2)),
    ),
    "sum(x * c) → c * sum(x)": Picture(
        lambda x: mt.reduce_sum(x * 1e-3),
        lambda x: mt.reduce_sum(x) * 1e-3,
        (f32(3e38, 3e38),),
    ),
    "mean(x) → sum(x) * (1 / n)": Picture(
        lambda x: mt.reduce_mean(x),
        lambda x: mt.reduce_sum(x) * (1 / np.float32(x.shape[0])),
        (np.arange(1, 51, dtype=np.float32) * np.float32(0.37),),
    ),
    # A quotient that was rounded, and 0 / 0.
    "(a / b) * b → a": Picture(lambda a, b: (a / b) * b, lambda a, b: a, (f32(1, 5), f32(49, 0))),
    "(a * b) / b → a": Picture(
        lambda a, b: (a * b) / b, lambda a, b: a, (f32(3e38, 1), f32(10, 0))
    ),
    # 1/3 is rounded before the product is; 1/4 is not.
    "x / 3 → x * (1/3)": Picture(
        lambda x: x / 3.0, lambda x: x * np.float32(1 / 3), (np.arange(20, dtype=np.float32),)
    ),
    # A power of two, but its reciprocal is infinite.
    "x / 2^-128 → x * 2^128": Picture(
        lambda x: x / np.float32(2.0**-128), lambda x: x * INF, (f32(2**-20, 3e-39),)
    ),
    "1 / (1 / x) → x": Picture(
        lambda x: mt.math.reciprocal(mt.math.reciprocal(x)), lambda x: x, (f32(49, 1e-45),)
    ),
    # Roots are rounded, and negative numbers have none.
    "sqrt(x)² → x": Picture(lambda x: mt.square(mt.sqrt(x)), lambda x: x, (f32(2, -1, -0.0),)),
    # The square overflows.
    "sqrt(x²) → |x|": Picture(lambda x: mt.sqrt(x * x), mt.abs, (f32(-1, 1e30),)),
    "x ** 0.5 squared → x": Picture(
        lambda x: mt.pow(mt.pow(x, 0.5), 2.0), lambda x: x, (f32(3, -4),)
    ),
    "exp(log(x)) → x": Picture(lambda x: mt.exp(mt.math.log(x)), lambda x: x, (f32(3, -1, 10),)),
    "log(exp(x)) → x": Picture(lambda x: mt.math.log(mt.exp(x)), lambda x: x, (f32(1, 100, -200),)),
    "log(a * b) → log(a) + log(b)": Picture(
        lambda a, b: mt.math.log(a * b),
        lambda a, b: mt.math.log(a) + mt.math.log(b),
        (f32(-2, 1e30), f32(-3, 1e30)),
    ),
    "exp(a) * exp(b) → exp(a + b)": Picture(
        lambda a, b: mt.exp(a) * mt.exp(b), lambda a, b: mt.exp(a + b), (f32(100), f32(-100))
    ),
    "x * x * x * x → (x²)²": Picture(
        lambda x: x * x * x * x,
        lambda x: mt.square(mt.square(x)),
        (np.linspace(0.1, 3, 40, dtype=np.float32),),
    ),
    "x * 2 / 2 → x": Picture(lambda x: x * 2.0 / 2.0, lambda x: x, (f32(1, 3e38),)),
    # A third that is not infinite is not a number: NaN is unequal to itself.
    "x == x → True": Picture(
        lambda x: x == x, lambda x: mt.ones_like(x, dtype=mt.bool), (f32(1, NAN),)
    ),
    "x != x → False": Picture(
        lambda x: x != x, lambda x: mt.zeros_like(x, dtype=mt.bool), (f32(1, NAN),)
    ),
    # NaN is neither less nor greater nor equal.
    "not (a < b) → a >= b": Picture(
        lambda a, b: mt.logical_not(a < b), lambda a, b: a >= b, (f32(1, NAN), f32(2, 1))
    ),
    # A comparison with NaN is False, so that y is chosen; a minimum with NaN is NaN.
    "where(x < y, x, y) → min(x, y)": Picture(
        lambda x, y: mt.where(x < y, x, y), mt.minimum, (f32(NAN, 1), f32(2, 2))
    ),
    "max(x, 0) → where(x > 0, x, 0)": Picture(
        lambda x: mt.maximum(x, 0.0),
        lambda x: mt.where(x > 0.0, x, mt.zeros_like(x)),
        (f32(NAN, 1),),
    ),
    "max(x, NaN) → x": Picture(lambda x: mt.maximum(x, NAN), lambda x: x, (f32(1, 2),)),
    # The product of what is thrown away with 0 may be NaN.
    "keep where → multiply by 0 or 1": Picture(
        lambda x: mt.where(x > 0.0, x, mt.zeros_like(x)),
        lambda x: x * mt.cast(x > 0.0, mt.float32),
        (f32(-INF, NAN, 1),),
    ),
    # (inf + 0i) · (1 + 0i) has NaN in it.
    "complex x * 1 → x": Picture(
        lambda x: x * mt.ones_like(x), lambda x: x, (np.array([INF + 0j, 1j], np.complex64),)
    ),
    # Casts cut off.
    "int32 and back": Picture(
        lambda x: mt.cast(mt.cast(x, mt.int32), mt.float32), lambda x: x, (f32(1.5, -0.0),)
    ),
    "float16 and back": Picture(
        lambda x: mt.cast(mt.cast(x, mt.float16), mt.float32), lambda x: x, (f32(1 / 3, 1e30),)
    ),
    "int32 to float32 and back": Picture(
        lambda x: mt.cast(mt.cast(x, mt.float32), mt.int32), lambda x: x, (whole(2**24 + 1),)
    ),
    "int64 to float64 and back": Picture(
        lambda x: mt.cast(mt.cast(x, mt.float64), mt.int64),
        lambda x: x,
        (whole(2**53 + 1, dtype=np.int64),),
    ),
    "uint8 and back": Picture(
        lambda x: mt.cast(mt.cast(x, mt.uint8), mt.int32), lambda x: x, (whole(300, -1),)
    ),
    "bool and back": Picture(
        lambda x: mt.cast(mt.cast(x, mt.bool), mt.int32), lambda x: x, (whole(2, 0),)
    ),
    # Constants are computed in their own dtype.
    "float32 constants in float64": Picture(
        lambda x: x * (mt.constant(0.1) * mt.constant(3.0)),
        lambda x: mt.cast(mt.cast(x, mt.float64) * (0.1 * 3.0), mt.float32),
        (f32(3, 6, 7, 11),),
    ),
    "sums of float16 constants in float32": Picture(
        lambda x: x + (mt.constant(2048, mt.float16) + mt.constant(1, mt.float16)),
        lambda x: x + mt.constant(2050, mt.float16),
        (np.array([0], np.float16),),
    ),
    # Integers wrap round.
    "x * 2 // 2 → x": Picture(lambda x: x * 2 // 2, lambda x: x, (whole(2**30, 1),)),
    "x + 1 > x → True": Picture(
        lambda x: x + 1 > x, lambda x: mt.ones_like(x, dtype=mt.bool), (whole(2**31 - 1, 1),)
    ),
    "|x| >= 0 → True": Picture(
        lambda x: mt.abs(x) >= 0, lambda x: mt.ones_like(x, dtype=mt.bool), (whole(-(2**31)),)
    ),
    "unsigned a - b >= 0, so a >= b": Picture(
        lambda a, b: a - b > 0,
        lambda a, b: a > b,
        (whole(1, dtype=np.uint8), whole(2, dtype=np.uint8)),
    ),
    # Quotients are cut off downwards.
    "x // y * y → x": Picture(lambda x, y: x // y * y, lambda x, y: x, (whole(7), whole(2))),
    "-(x // y) → -x // y": Picture(
        lambda x, y: -(x // y), lambda x, y: -x // y, (whole(7), whole(2))
    ),
    "x // 2 // 3 → x // 5": Picture(lambda x: x // 2 // 3, lambda x: x // 5, (whole(5),)),
    "integer x / 2 → x // 2": Picture(
        lambda x: x / 2, lambda x: mt.cast(x // 2, mt.float64), (whole(3),)
    ),
    # Products of matrices are sums, and round as such.
    "(A B) C → A (B C)": Picture(
        lambda a, b, c: (a @ b) @ c,
        lambda a, b, c: a @ (b @ c),
        (f32([1e30]), f32([1e30]), f32([1e-30])),
    ),
    "A @ 0 → 0": Picture(lambda a: a @ mt.zeros_like(a), mt.zeros_like, (f32([1, INF], [NAN, 1]),)),
    # Only the last two axes can be turned by a product.
    "matmul with any transpose → transpose_b": Picture(
        lambda a: a @ mt.transpose(a, perm=[1, 0, 2]),
        lambda a: mt.matmul(a, a, transpose_b=True),
        (np.arange(8, dtype=np.float32).reshape(2, 2, 2),),
    ),
    "the transpose of a complex factor → its adjoint": Picture(
        lambda a: a @ mt.transpose(a),
        lambda a: mt.matmul(a, a, adjoint_b=True),
        (np.array([[1j, 2], [3, 4j]], np.complex64),),
    ),
    # A reshape is no transpose.
    "reshape there, transpose back": Picture(
        lambda x: mt.transpose(mt.reshape(x, (3, 2))), lambda x: x, (f32([1, 2, 3], [4, 5, 6]),)
    ),
    "softmax(x + c) → softmax(x)": Picture(
        lambda x: mt.nn.softmax(x + 1e8), mt.nn.softmax, (f32(1, 2, 3),)
    ),
    # The order of reductions is the order of rounding.
    "sum over one axis, then the other → over both": Picture(
        lambda x: mt.reduce_sum(mt.reduce_sum(x, axis=0)),
        lambda x: mt.reduce_sum(mt.reduce_sum(x, axis=1)),
        (f32([1e8, 1], [-1e8, 1]),),
    ),
    # The mean of integers is cut off.
    "integer mean of x + x → 2 * mean": Picture(
        lambda x: mt.reduce_mean(x + x), lambda x: 2 * mt.reduce_mean(x), (whole(1, 2),)
    ),
}


def traced(function: Callable, arrays: tuple) -> Graph:
    specs = [Spec(a.shape, a.dtype) for a in arrays]
    labels = [f"x{i}" for i in range(len(specs))]

    def listed(*symbols: Any) -> list:
        found = function(*symbols)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    return trace(listed, specs, "f", labels)


def interpreted(graph: Graph, arrays: tuple) -> list[np.ndarray]:
    return [x.numpy() for x in replay(graph, [mt.constant(a) for a in arrays])]


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal in every bit, except that a NaN is a NaN."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind == "c":
        return same_bits(a.real, b.real) and same_bits(a.imag, b.imag)
    if a.dtype.kind != "f":
        return bool((a == b).all())
    both = np.isnan(a) & np.isnan(b)
    return bool((both | ((a == b) & (np.signbit(a) == np.signbit(b)))).all())


@pytest.mark.parametrize("name", GALLERY)
def test_unsound_rewrites_are_refused(name: str) -> None:
    program, tempting, arrays = GALLERY[name]
    graph = traced(program, arrays)
    right = interpreted(graph, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = interpreted(traced(tempting, arrays), arrays)
    assert not same_bits(right[0], wrong[0]), "the input does not show the difference"
    for result in optimise(graph):
        verify(result.graph)
        assert same_bits(right[0], interpreted(result.graph, arrays)[0]), result.name
    assert same_bits(right[0], Executable(graph)(list(arrays))[0])


# Effects: what happens must happen, in the order in which it was written, as often as it was.


def run_with(graph: Graph, arrays: tuple, variable: mt.Variable, run: Callable) -> list[Any]:
    """The results, the variable's last value, and the error if there was one."""
    variable.assign([1.0, 2.0])
    mt.random.set_seed(7)
    try:
        found = [np.asarray(x) for x in run(graph, arrays)]
    except mt.errors.OpError as error:
        found = [np.asarray(type(error).__name__)]
    return [*found, variable.numpy()]


V = mt.Variable([1.0, 2.0], name="v")
X = f32(3, -4)


def reads_around_a_write(x: Any) -> Any:
    before = V.value()  # the second reading is not the first
    V.assign(x)
    return before * 2.0, V * 2.0


def writes_that_nobody_reads(x: Any) -> Any:
    V.assign(x)
    V.assign_add(x)
    return x * 1.0


def a_read_of_what_python_wrote(x: Any) -> Any:
    before = V + 0.0

    def write(y: Any) -> Any:
        V.assign(y)
        return y

    mt.py_function(write, [x * 2.0], mt.float32)
    return before, V + 0.0


def an_assertion_whose_result_is_not_used(x: Any) -> Any:
    mt.debugging.assert_positive(x)
    return x + 1.0


def an_assertion_before_a_write(x: Any) -> Any:
    mt.debugging.assert_positive(x)
    V.assign(x)
    return x + 1.0


def a_write_before_an_assertion(x: Any) -> Any:
    V.assign(x)
    mt.debugging.assert_positive(x)
    return x + 1.0


def two_draws(x: Any) -> Any:
    a = mt.random.uniform([2])
    b = mt.random.uniform([2])  # not the first draw again
    return a - b, x


def a_draw_that_is_not_used(x: Any) -> Any:
    mt.random.uniform([2])  # it still moves the stream on
    return mt.random.uniform([2]) + x


def draws_with_an_op_seed(x: Any) -> Any:
    return [mt.random.normal([2], seed=3) + x for _ in range(2)]


def dropout_twice(x: Any) -> Any:
    return mt.nn.dropout(x, 0.5), mt.nn.dropout(x, 0.5)


def a_division_by_zero_of_constants(x: Any) -> Any:
    return mt.constant(1) // mt.constant(0), x  # raises when it runs, not when it is compiled


def swapped_variables(x: Any) -> Any:
    other = V + x
    kept = V.value()
    V.assign(other)
    return kept, V[::-1], other


def a_write_in_a_branch(x: Any) -> Any:
    before = V * 2.0

    def write() -> Any:
        V.assign(x)
        return x

    found = mt.cond(x[0] > 0.0, write, lambda: x + 1.0)
    return before, found, V * 2.0  # not the value from before


def a_branch_that_would_raise(x: Any) -> Any:
    zero = mt.cast(x[0] * 0.0, mt.int32)
    return mt.cond(x[0] > 100.0, lambda: 1 // zero, lambda: 7)  # hoisted, it would raise


def an_assertion_in_a_branch_that_is_not_taken(x: Any) -> Any:
    def fails() -> Any:
        mt.debugging.assert_positive(x)
        return x

    return mt.cond(x[0] > 100.0, fails, lambda: -x)


def a_loop_whose_results_nobody_reads(x: Any) -> Any:
    def turn(i: Any) -> Any:
        V.assign_add(x)
        return (i + 1,)

    mt.while_loop(lambda i: i < 3, turn, [mt.constant(0)])
    return x * 2.0


def a_loop_that_never_runs(x: Any) -> Any:
    zero = mt.cast(x[0] * 0.0, mt.int32)
    # 1 // zero is the same in each iteration, but there is none.
    return mt.while_loop(lambda i: i < 0, lambda i: (i + 1 // zero,), [mt.constant(0)])[0]


def a_draw_per_iteration(x: Any) -> Any:
    return mt.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, y + mt.random.uniform([2])), [mt.constant(0), x]
    )[1]


EFFECTS = [
    reads_around_a_write, writes_that_nobody_reads, a_read_of_what_python_wrote,
    an_assertion_whose_result_is_not_used, an_assertion_before_a_write,
    a_write_before_an_assertion, two_draws, a_draw_that_is_not_used, draws_with_an_op_seed,
    dropout_twice, a_division_by_zero_of_constants, swapped_variables, a_write_in_a_branch,
    a_branch_that_would_raise, an_assertion_in_a_branch_that_is_not_taken,
    a_loop_whose_results_nobody_reads, a_loop_that_never_runs, a_draw_per_iteration,
]  # fmt: skip


@pytest.mark.parametrize("program", EFFECTS, ids=lambda f: f.__name__)
def test_effects_stay_as_often_and_in_the_order_they_were_written(program: Callable) -> None:
    graph = traced(program, (X,))
    right = run_with(graph, (X,), V, interpreted)
    for result in optimise(graph):
        verify(result.graph)
        found = run_with(result.graph, (X,), V, interpreted)
        assert all(map(same_or_equal, right, found)), result.name
        assert len(found) == len(right)
    compiled = Executable(graph)
    found = run_with(graph, (X,), V, lambda graph, arrays: compiled(list(arrays)))
    if program is a_write_before_an_assertion:  # compiled graphs write variables at their end:
        right[-1] = f32(1, 2)  # an error leaves them as they were
    assert all(map(same_or_equal, right, found))
    assert len(found) == len(right)


def same_or_equal(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(a == b) if a.dtype.kind == "U" else same_bits(a, b)


def test_two_prints_of_one_value_print_twice(capsys: Any) -> None:
    def program(x: Any) -> Any:
        mt.print(x)
        mt.print("between")
        mt.print(x)
        return x

    graph = traced(program, (X,))
    for run in (
        *(lambda r=r: interpreted(r.graph, (X,)) for r in optimise(graph)),
        lambda: Executable(graph)([X]),
    ):
        run()
        assert capsys.readouterr().err == "[3 -4]\nbetween\n[3 -4]\n"


def test_time_is_asked_for_each_time() -> None:
    graph = traced(lambda x: (mt.timestamp(), mt.timestamp()), (X,))
    assert [n.op.name for n in optimise(graph)[-1].graph.nodes] == ["timestamp", "timestamp"]


def test_what_looks_unsound_and_is_sound() -> None:
    """IEEE 754 says that pow(x, 0) is 1, whatever x is, also NaN."""
    x = f32(0, INF, NAN, -3)
    graph = optimise(traced(lambda x: mt.pow(x, 0.0), (x,)))[-1].graph
    assert graph.nodes == []
    assert same_bits(interpreted(graph, (x,))[0], np.power(x, np.float32(0)))

"""The optimiser: what each pass makes of a graph, and that it still computes the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import ops
from minitensor.graph.fusion import FusedOp
from minitensor.graph.ir import Graph
from minitensor.graph.passes import PASSES, optimise
from minitensor.graph.rewrite import cost
from minitensor.graph.trace import replay, trace
from minitensor.graph.verify import verify
from minitensor.shapes import Spec

X = np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5


def traced(function: Callable, *arrays: Any) -> Graph:
    """The graph of a function for arrays (or specs) of these shapes."""
    specs = [Spec(a.shape, a.dtype) for a in arrays]
    names = [f"x{i}" if i else "x" for i in range(len(specs))]

    def listed(*symbols: Any) -> list:
        found = function(*symbols)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    return trace(listed, specs, "f", names)


def run(graph: Graph, arrays: Sequence) -> list[np.ndarray]:
    return [x.numpy() for x in replay(graph, [mt.constant(a) for a in arrays])]


def checked(function: Callable, *arrays: Any) -> Graph:
    """The optimised graph, once every stage is seen to be sound and to compute the same bits."""
    graph = traced(function, *arrays)
    expected = run(graph, arrays)
    results = optimise(graph)
    assert results[0].graph is graph
    for result in results:
        verify(result.graph)
        for a, b in zip(run(result.graph, arrays), expected, strict=True):
            assert a.dtype == b.dtype
            assert_same_bits(a, b)
    return results[-1].graph


def assert_same_bits(a: np.ndarray, b: np.ndarray) -> None:
    """Equal also in the sign of 0; NaN equals NaN, whatever its own sign."""
    np.testing.assert_array_equal(a, b)
    numbers = a == a
    if a.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(a[numbers]), np.signbit(b[numbers]))


def text(graph: Graph) -> str:
    """The graph as `name = op(inputs)`, line by line."""
    lines = []
    for node in graph.nodes:
        given = [shown(graph, x) for x in node.inputs]
        given += [f"{key}={value}" for key, value in node.attrs.items()]
        results = ", ".join(graph.name_of(out) for out in node.outputs)
        lines.append(f"{results} = {node.op.name}({', '.join(given)})")
    return "\n".join([*lines, f"return {', '.join(map(graph.name_of, graph.outputs))}"])


def shown(graph: Graph, x: Any) -> str:
    """A scalar constant as its number, other constants as that word, all else by name."""
    if isinstance(x, mt.Variable):
        return x.name
    constant = graph.is_constant(x)
    return graph.name_of(x) if not constant else "constant" if x.known.ndim else str(x.known)


def after(name: str, function: Callable, *arrays: Any) -> str:
    """The lines of the graph after one pass."""
    graph = PASSES["remove dead"](PASSES[name](traced(function, *arrays)))
    verify(graph)
    return text(graph)


def ops_of(graph: Graph) -> list[str]:
    """The ops of a graph, those inside of fused ones too."""
    return "+".join(drawn(graph)).split("+") if graph.nodes else []


# One picture for each pass.


def test_remove_dead() -> None:
    def f(x: Any) -> Any:
        mt.exp(x)
        mt.debugging.assert_non_negative(x + 9.0)
        return mt.tanh(x)

    assert after("remove dead", f, X) == (
        "add = add(x, 9.0)\n"
        "assert_non_negative = assert_non_negative(add)\n"
        "Tanh = tanh(x)\n"
        "return Tanh"
    )


def test_merge_equal() -> None:
    def f(x: Any) -> Any:
        return mt.exp(x) * mt.exp(x)

    assert after("merge equal", f, X) == ("Exp = exp(x)\nmul = multiply(Exp, Exp)\nreturn mul")


def test_a_variable_is_read_once_between_two_writes_and_not_at_all_after_one() -> None:
    v = mt.Variable(2.0, name="v")

    def f(x: Any) -> Any:
        before = v + mt.identity(v) * x
        v.assign(x)
        return before + v + v

    graph = PASSES["merge equal"](traced(f, np.float32(3)))
    verify(graph)
    assert ops_of(graph) == [
        *["read_variable", "identity", "multiply", "add", "assign_variable", "add", "add"]
    ]
    assert [x is graph.inputs[0] for x in graph.nodes[-1].inputs] == [False, True]
    assert run(graph, [np.float32(3)])[0] == 2 + 2 * 3 + 3 + 3


def test_fold_constants() -> None:
    def f(x: Any) -> Any:
        return x * (mt.ones_like(x) / 2.0) + mt.cast(mt.range(3), mt.float32)

    assert after("fold constants", f, X) == (
        "mul = multiply(x, constant)\nadd = add(mul, constant)\nreturn add"
    )


def test_one_number_everywhere_is_spread_out_only_where_it_is_used() -> None:
    def f(x: Any) -> Any:
        return mt.reshape(mt.ones_like(x), (-1,)) / 8.0, x * (mt.ones_like(x) / 2.0)

    x = np.full((100, 100), 3, np.float32)
    graph = checked(f, x)
    assert text(graph) == (
        "truediv = broadcast_to(0.125, shape=(10000,))\nmul = multiply(x, 0.5)\nreturn truediv, mul"
    )


def test_one_number_everywhere_keeps_its_shape_for_ops_that_stretch_nothing() -> None:
    def losses(x: Any) -> Any:
        labels = mt.zeros((mt.shape(x)[0], 1))
        return mt.nn.sigmoid_cross_entropy_with_logits(labels, x)

    x = np.linspace(-2, 2, 16, dtype=np.float32)[:, None]
    np.testing.assert_allclose(run(checked(losses, x), [x])[0], np.log1p(np.exp(x)), rtol=1e-6)


def test_a_product_of_unknown_rank_has_some_cost() -> None:
    @mt.function
    def product(x: Any) -> Any:
        return mt.matmul(mt.numpy_function(np.transpose, [x], mt.float32), x)

    np.testing.assert_array_equal(product(mt.constant(X)), X.T @ X)


def test_the_gradient_of_a_mean_is_one_scalar() -> None:
    def f(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = mt.reduce_mean(x * x)
        return tape.gradient(y, x)

    graph = checked(f, np.linspace(-1, 1, 1024, dtype=np.float32).reshape(32, 32))
    assert ops_of(graph) == ["multiply", "add"]


def test_simplify_algebra() -> None:
    def f(x: Any) -> Any:
        a = mt.reshape(mt.reshape(x * 1.0, (3, 2)), (6,))
        return mt.negative(-mt.identity(a)) / 8.0

    assert text(checked(f, X)) == (
        "Reshape_1 = reshape(x, shape=(6,))\ntruediv = multiply(Reshape_1, 0.125)\nreturn truediv"
    )


def test_fold_transposes() -> None:
    def f(x: Any) -> Any:
        return mt.matmul(mt.transpose(x), x), mt.matmul(x, mt.linalg.matrix_transpose(x))

    assert after("fold transposes", f, X).splitlines()[-3:] == [
        "MatMul = matmul(x, x, transpose_a=True)",
        "MatMul_1 = matmul(x, x, transpose_b=True)",
        "return MatMul, MatMul_1",
    ]


def test_a_transpose_of_more_than_the_last_two_axes_is_left_alone() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

    def f(x: Any) -> Any:
        return mt.matmul(x, mt.transpose(x)), mt.matmul(x, mt.transpose(x, perm=[0, 2, 1]))

    y = x[:, :2, :2] + 0
    graph = checked(lambda y: mt.matmul(y, mt.transpose(y)), y)
    assert ops_of(graph) == ["transpose", "matmul"]
    graph = checked(lambda x: mt.matmul(x, mt.transpose(x, perm=[0, 2, 1])), x)
    assert ops_of(graph) == ["matmul"]


def drawn(graph: Graph) -> list[str]:
    """What each node is: the op, or the ops of a fused one."""
    return [
        "+".join(drawn(node.op.graphs[0])) if isinstance(node.op, FusedOp) else node.op.name
        for node in graph.nodes
    ]


def test_fuse_elementwise() -> None:
    def f(x: Any) -> Any:
        return mt.tanh(x * x + 1.0) * mt.cast(x > 0.0, mt.float32)

    assert text(checked(f, X)) == ("mul_1 = fused_elementwise(x)\nreturn mul_1")


def test_fuse_matmul() -> None:
    def f(x: Any, y: Any) -> Any:
        return mt.nn.relu(mt.matmul(x, y) + x[0])

    graph = checked(f, X, np.eye(3, dtype=np.float32))
    assert drawn(graph) == ["getitem", "matmul+add+relu"]
    assert graph.nodes[-1].op.kind == "gemm epilogue"


def test_a_product_that_others_read_too_stays_outside() -> None:
    def f(x: Any) -> Any:
        y = mt.matmul(x, x, transpose_b=True)
        return mt.nn.relu(y), mt.reduce_sum(y)

    assert drawn(checked(f, X)) == ["matmul", "relu", "reduce_sum"]


def test_a_region_gives_all_results_that_others_read() -> None:
    def f(x: Any) -> Any:
        a = mt.exp(x)
        b = mt.tanh(a)
        return a, mt.reduce_sum(b), b * a

    graph = checked(f, X)
    assert drawn(graph) == ["exp+tanh+multiply", "reduce_sum"]
    assert len(graph.nodes[0].outputs) == 3


def test_what_waits_for_a_node_outside_is_not_fused_across_it() -> None:
    def f(x: Any) -> Any:
        a = mt.exp(x)
        total = mt.reduce_sum(a)
        return a / total, mt.tanh(a) + total

    graph = checked(f, X)
    assert drawn(graph) == ["exp", "reduce_sum", "divide+tanh+add"]


def test_values_are_computed_in_the_region_that_uses_them() -> None:
    """Of two places, the later: the mask of a relu belongs to its gradient."""

    def f(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = mt.reduce_sum(mt.matmul(mt.nn.relu(x * 2.0), x, transpose_a=True))
        return tape.gradient(y, x)

    found = drawn(checked(f, X))
    assert next(part for part in found if "keep_where" in part).startswith("matmul+greater")


def test_those_that_read_one_value_read_it_together() -> None:
    def f(x: Any, y: Any) -> Any:
        z = mt.cumsum(x)
        return mt.reduce_sum(mt.exp(z)), mt.reduce_sum(mt.tanh(z * y), axis=0)

    assert drawn(checked(f, X, X)) == ["cumsum", "exp+multiply+tanh", *["reduce_sum"] * 2]


def test_one_copy_of_a_transposed_matrix_serves_all_reshapes() -> None:
    def f(x: Any) -> Any:
        rows = mt.reshape(mt.transpose(x), (2, 3))
        return rows, mt.reshape(rows, (6,))

    assert drawn(checked(f, X)) == ["transpose", "reshape", "reshape"]
    assert checked(f, X).nodes[2].inputs[0]._label == "Reshape"


def test_regions_have_one_shape() -> None:
    def f(x: Any) -> Any:
        row = mt.exp(x[0]) * 2.0
        return mt.tanh(x) * row

    assert drawn(checked(f, X)) == ["getitem", "exp+multiply", "tanh+multiply"]


def test_reading_and_writing_keep_their_order_round_regions() -> None:
    v = mt.Variable([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        a = v * x
        v.assign(a[0] + 1.0)
        b = v * 2.0 + a
        v.assign_add(b[1])
        return b, v + 0.5

    graph = traced(f, X)
    start = v.numpy()
    expected = [*run(graph, [X]), v.numpy()]
    for result in optimise(graph):
        verify(result.graph)
        v.assign(start)
        for a, b in zip([*run(result.graph, [X]), v.numpy()], expected, strict=True):
            assert_same_bits(a, b)


def loop(f: Callable, times: int) -> Callable:
    """A function that applies `f(y, x)` to y so many times."""

    def g(x: Any) -> Any:
        done = [mt.constant(0), x]
        return mt.while_loop(lambda i, y: i < times, lambda i, y: (i + 1, f(y, x)), done)[1]

    return g


@pytest.mark.parametrize("times", [0, 1, 3])
def test_hoist_from_loops(times: int) -> None:
    x = np.eye(3, dtype=np.float32) + X[0]
    w = mt.Variable(x * 0.3)

    def turn(y: Any, x: Any) -> Any:
        return mt.matmul(y, mt.tanh(w) * 0.5 + x)

    graph = checked(loop(turn, times), x)
    (node,) = [node for node in graph.nodes if node.op.name == "while_loop"]
    assert "tanh" in ops_of(graph)
    assert "tanh" not in ops_of(node.op.body)
    assert [n.op.name for n in node.op.body.nodes if n.op.name == "matmul"]


def test_what_may_raise_and_what_is_drawn_stays_in_the_loop() -> None:
    x = np.float32(4)

    def turn(y: Any, x: Any) -> Any:
        whole = mt.cast(x, mt.int32)
        return y + mt.cast(1 // whole, mt.float32) + mt.random.uniform([]) * mt.exp(x)

    body = optimise(traced(loop(turn, 3), x))[-1].graph.nodes[-1].op.body
    assert {"floordiv", "next_seed", "random_uniform"} <= set(ops_of(body))
    assert "exp" not in ops_of(body)


def test_gradients_of_loops_are_the_same_when_the_body_is_lighter() -> None:
    w = mt.Variable(0.5)

    @mt.function(autograph=False)
    def f(x: Any) -> Any:
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = loop(lambda y, x: y * mt.exp(w) + mt.sin(x), 3)(x)
        return tape.gradient(y, [x, w])

    x = mt.constant(0.7)
    for a, b in zip(f(x), f.python_function(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_every_pass_has_a_picture() -> None:
    for name, function in PASSES.items():
        assert function.__name__ == name.replace(" ", "_")
        assert "→" in (function.__doc__ or "")


# Exact rules: each computes the same bits, also for NaN, inf and -0.0.

SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan, 1e-45, 3e38], np.float32)
RULES: dict[str, tuple[Callable, list[str]]] = {
    "x * 1": (lambda x: x * 1.0, []),
    "1 * x": (lambda x: 1.0 * x, []),
    "x / 1": (lambda x: x / 1.0, []),
    "x - 0": (lambda x: x - 0.0, []),
    "x + -0.0": (lambda x: x + -0.0, []),
    "-(-x)": (lambda x: mt.negative(-x), []),
    "x + -y": (lambda x: x + (-mt.reverse(x, [0])), ["reverse", "subtract"]),
    "-x + y": (lambda x: -x + mt.reverse(x, [0]), ["reverse", "subtract"]),
    "x - -y": (lambda x: x - (-mt.reverse(x, [0])), ["reverse", "add"]),
    "-x * -y": (lambda x: -x * -mt.reverse(x, [0]), ["reverse", "multiply"]),
    "-x / -y": (lambda x: -x / -mt.reverse(x, [0]), ["reverse", "divide"]),
    "x / 8": (lambda x: x / 8.0, ["multiply"]),
    "x / -2": (lambda x: x / -2.0, ["multiply"]),
    "x ** 0": (lambda x: mt.pow(x, 0.0), []),
    "x ** 1": (lambda x: mt.pow(x, 1.0), []),
    "x ** 2": (lambda x: mt.pow(x, 2.0), ["multiply"]),
    "x ** 3": (lambda x: mt.pow(x, 3.0), ["multiply", "multiply"]),
    "x ** 4": (lambda x: mt.pow(x, 4.0), ["multiply", "multiply"]),
    "x ** -1": (lambda x: mt.pow(x, -1.0), ["reciprocal"]),
    "x ** 0.5": (lambda x: mt.pow(x, 0.5), ["sqrt"]),
    "max(x, x)": (lambda x: mt.maximum(x, x), []),
    "min(x, x)": (lambda x: mt.minimum(x, x), []),
    "not not": (lambda x: mt.logical_not(mt.logical_not(x > 0.0)), ["greater"]),
    "where(True)": (lambda x: mt.where(mt.ones_like(x, dtype=mt.bool), x, 2.0 * x), []),
    "cast to wider and back": (lambda x: mt.cast(mt.cast(x, mt.float64), mt.float32), []),
    "cast to its own dtype": (lambda x: mt.cast(x, mt.float32), []),
    "reshape to its own shape": (lambda x: mt.reshape(x, (9,)), []),
    "reshape there and back": (lambda x: mt.reshape(mt.reshape(x, (3, 3)), (9,)), []),
    "squeeze(expand_dims)": (lambda x: mt.squeeze(mt.expand_dims(x, 0)), []),
    "broadcast to its own shape": (lambda x: mt.broadcast_to(x, (9,)), []),
    "concat of one": (lambda x: mt.concat([x], 0), []),
    "identity": (lambda x: mt.identity(mt.stop_gradient(x)), []),
    "transposes": (
        lambda x: mt.transpose(mt.transpose(mt.reshape(x, (3, 3)))),
        ["reshape"],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_exact_rules_give_the_same_bits(name: str) -> None:
    function, left = RULES[name]
    assert ops_of(checked(function, SPECIAL)) == left


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int64])
def test_rules_hold_for_integers_that_overflow(dtype: Any) -> None:
    info = np.iinfo(dtype)
    x = np.array([info.min, info.max, 1, 2, info.max - 1], dtype)

    def f(x: Any) -> Any:
        one, zero = mt.ones_like(x), mt.zeros_like(x)
        y = mt.reverse(x, [0])
        return [x * one, x + zero, x - zero, mt.negative(-x), x + (-y), x - (-y), -x * -y]

    assert ops_of(checked(f, x)) == ["reverse", "subtract", "add", "multiply"]


# Effects stay as they are.


def test_two_draws_have_two_seeds_and_two_prints_print_twice(capsys: Any) -> None:
    def f(x: Any) -> Any:
        mt.print(x)
        mt.print(x)
        return mt.random.uniform([3]), mt.random.uniform([3])

    graph = optimise(traced(f, X))[-1].graph
    assert ops_of(graph).count("next_seed") == 2
    assert ops_of(graph).count("print_tensors") == 2
    a, b = run(graph, [X])
    assert (a != b).all()


# What it reports, and how long it takes.


def test_results_say_what_was_saved() -> None:
    def f(x: Any) -> Any:
        return mt.exp(x) * mt.exp(x) * 1.0

    first, *others = results = optimise(traced(f, X))
    assert (first.name, first.nodes_before, first.nodes_after) == ("traced", 4, 4)
    assert [r.name for r in others] == ["merge equal", "simplify algebra", "fuse elementwise"]
    assert sum(r.bytes_saved for r in results) == (24 + 24) + (24 + 4 + 24) + (24 + 24 + 24)
    assert sum(r.operations_saved for r in results) == 12
    assert "→" in others[0].picture
    assert cost(first.graph).operations == 24


def test_a_graph_that_cannot_be_bettered_stays_itself() -> None:
    graph = traced(lambda x: mt.tanh(x), X)
    assert [r.graph for r in optimise(graph)] == [graph]


def test_passes_take_time_proportional_to_the_graph() -> None:
    def chain(length: int) -> Callable:
        def f(x: Any) -> Any:
            for i in range(length):
                x = mt.tanh(x * (1.0 + i)) + mt.ones_like(x)
            return x

        return f

    def seconds(length: int) -> float:
        graph = traced(chain(length), X)
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            optimise(graph)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(800) < 25 * seconds(80)


# `verify` finds what is wrong.


def test_verify_refuses_broken_graphs() -> None:
    graph = traced(lambda x: mt.tanh(mt.exp(x)), X)
    first, second = graph.nodes
    with pytest.raises(AssertionError, match=r"Tanh \(tanh\).*used before it is computed"):
        verify(graph.replaced(nodes=[second, first]))
    with pytest.raises(AssertionError, match="computed twice"):
        verify(graph.replaced(nodes=[first, first, second]))
    with pytest.raises(AssertionError, match="to return"):
        verify(graph.replaced(nodes=[first]))
    with pytest.raises(AssertionError, match=r"float32\[2, 3\], inferred"):
        verify(graph.replaced(nodes=[first._replace(op=ops.reduce_sum), second]))
    with pytest.raises(AssertionError, match="the name is taken"):
        verify(graph.replaced(nodes=[first, second._replace(name="EXP")]))
    v = mt.Variable(1.0)
    with pytest.raises(AssertionError, match="reads a variable by itself"):
        verify(graph.replaced(nodes=[first._replace(inputs=(v,)), second]))

"""Every op gives in a graph what it gives at once: values and gradients, sizes known or open.

Each sample of each op is traced; a new op needs no test here. What follows are the functions whose
arguments are plain Python at other times and here come as tensors: shapes, axes, sizes, positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import InvalidArgumentError
from minitensor.graph.call import GraphFunction
from minitensor.graph.ir import Graph
from minitensor.graph.trace import replay, trace
from minitensor.op import REGISTRY
from minitensor.shapes import NoElements, Spec
from minitensor.tensor import Tensor
from minitensor.testing import Case, cases

# These need something that is no tensor, or do something that cannot be compared.
OTHERWISE = {"call_python", "read_variable", "assign_variable", "to_device", "timestamp",
             "next_seed", "print_tensors"}  # fmt: skip
CASES = [
    case
    for name, op in sorted(REGISTRY.items())
    if op.__module__.startswith("minitensor.") and name not in OTHERWISE
    for case in cases(op)
]
by_name: Any = {"ids": [f"{case.op.name}-{case.number}" for case in CASES]}


def listed(found: Any) -> list:
    return list(found) if isinstance(found, (tuple, list)) else [found]


def slopes(case: Case, *tensors: Any) -> list:
    """The results, and the gradients of all that can have one."""
    sources = [x for x in tensors if x.dtype.is_differentiable]
    with mt.GradientTape() as tape:
        tape.watch(sources)
        results = listed(case.call(*tensors))
        weighted = [y * mt.cast(np.cos(np.arange(1.0, 3.0)[i % 2]), y.dtype)
                    for i, y in enumerate(results) if y.dtype.is_differentiable]  # fmt: skip
    found = tape.gradient(weighted, sources, unconnected_gradients="zero") if weighted else []
    return [*results, *(mt.convert_to_tensor(g) for g in found)]


def same(found: Sequence, wanted: Sequence, how: str) -> None:
    assert len(found) == len(wanted), how
    for got, expected in zip(found, wanted, strict=True):
        assert got.dtype == expected.dtype, how
        assert tuple(got.shape) == tuple(expected.shape), f"{how}: {got.shape}, {expected.shape}"
        if expected.dtype.kind in "fcV":
            np.testing.assert_allclose(got.numpy(), expected.numpy(), 1e-6, 1e-9, err_msg=how)
        else:
            np.testing.assert_array_equal(got.numpy(), expected.numpy(), how)


def open_sizes(tensors: Sequence) -> list:
    return [Spec((None,) * x.ndim, x._array.dtype) for x in tensors]


def traced(function: Callable, tensors: Sequence, specs: Sequence | None = None) -> Graph:
    known = [Spec(tuple(x.shape), x._array.dtype) for x in tensors]
    return trace(lambda *xs: listed(function(*xs)), known if specs is None else specs, "traced")


@pytest.mark.parametrize("case", CASES, **by_name)
def test_traced_is_eager(case: Case) -> None:
    tensors = [Tensor(a) for a in case.arrays]
    function = case.call
    wanted = listed(function(*tensors))
    graph = traced(function, tensors)
    same(replay(graph, tensors), wanted, "replayed")
    same(GraphFunction(graph)(tensors), wanted, "compiled")
    for out, expected in zip(graph.outputs, wanted, strict=True):
        assert out.shape.is_compatible_with(expected.shape)
    try:
        graph = traced(function, tensors, open_sizes(tensors))
    except InvalidArgumentError:
        return  # it asks for sizes
    same(GraphFunction(graph)(tensors), wanted, "traced with open sizes")


SMOOTH = [case for case in CASES if case.differentiable]


@pytest.mark.parametrize("case", SMOOTH, ids=[f"{c.op.name}-{c.number}" for c in SMOOTH])
def test_traced_gradient_is_eager(case: Case) -> None:
    tensors = [Tensor(a) for a in case.arrays]
    function = lambda *xs: slopes(case, *xs)  # noqa: E731
    wanted = function(*tensors)
    same(GraphFunction(traced(function, tensors))(tensors), wanted, "compiled")
    try:
        graph = traced(function, tensors, open_sizes(tensors))
    except InvalidArgumentError:
        return
    same(GraphFunction(graph)(tensors), wanted, "traced with open sizes")


# Arguments that are tensors.

X = np.arange(12.0).reshape(3, 4)
V = np.arange(4.0)
IMAGE = np.arange(2 * 4 * 5 * 3.0).reshape(2, 4, 5, 3)
FUNCTIONS: dict[str, tuple[Callable, Any, Any]] = {
    "reshape": (lambda x, n: mt.reshape(x, [n, -1]), X, 2),
    "reshape to a tensor": (lambda x, s: mt.reshape(x, s), X, [2, 6]),
    "reshape to a shape": (lambda x, n: mt.reshape(x, mt.shape(x)[::-1]), X, 0),
    "keep the batch": (lambda x, n: mt.reshape(x, [mt.shape(x)[0], 2, n]), X, 2),
    "zeros": (lambda x, n: mt.zeros([n, 2]) , X, 3),
    "zeros of a shape": (lambda x, s: mt.zeros(s), X, [2, 3]),
    "ones": (lambda x, n: mt.ones([2, n]), X, 3),
    "fill": (lambda x, n: mt.fill([n, 2], 7.0), X, 3),
    "fill with a tensor": (lambda x, n: mt.fill([2, 2], x[0, n]), X, 3),
    "range": (lambda x, n: mt.range(n), X, 5),
    "range with ends": (lambda x, n: mt.range(1, n, 2), X, 8),
    "linspace": (lambda x, n: mt.linspace(0.0, 1.0, n), X, 4),
    "eye": (lambda x, n: mt.eye(n), X, 3),
    "eye with columns": (lambda x, n: mt.eye(n, n + 1), X, 3),
    "one_hot": (lambda x, n: mt.one_hot([0, 2], n), X, 4),
    "one_hot depth": (lambda x, n: mt.one_hot(indices=[1, 0], depth=n), X, 2),
    "row": (lambda x, i: x[i], X, 2),
    "row from the end": (lambda x, i: x[i], X, -1),
    "column": (lambda x, i: x[:, i], X, 1),
    "element": (lambda x, i: x[i, i + 1], X, 1),
    "first": (lambda x, n: x[:n], X, 2),
    "last": (lambda x, n: x[n:], X, 1),
    "between": (lambda x, n: x[:, n : n + 2], X, 1),
    "steps": (lambda x, n: x[::n], X, 2),
    "with an ellipsis": (lambda x, n: x[..., n], X, 2),
    "with a new axis": (lambda x, n: x[n, None], X, 2),
    "gather": (lambda x, i: mt.gather(x, i), X, [2, 0]),
    "gather along an axis": (lambda x, i: mt.gather(x, i, axis=1), X, [2, 0]),
    "gather_nd": (lambda x, i: mt.gather_nd(x, i), X, [[2, 0], [1, 1]]),
    "tile": (lambda x, n: mt.tile(x, [n, 2]), X, 2),
    "tile by a tensor": (lambda x, n: mt.tile(x, n), X, [2, 1]),
    "repeat": (lambda x, n: mt.repeat(x, n, axis=0), X, 2),
    "repeat each": (lambda x, n: mt.repeat(x, n, axis=0), X, [1, 0, 2]),
    "pad": (lambda x, n: mt.pad(x, [[n, 0], [0, n]]), X, 2),
    "pad by a tensor": (lambda x, p: mt.pad(x, p), X, [[1, 0], [0, 2]]),
    "slice": (lambda x, n: mt.slice(x, [n, 0], [1, 2]), X, 1),
    "slice to the end": (lambda x, n: mt.slice(x, [n, 0], [-1, n]), X, 1),
    "strided_slice": (lambda x, n: mt.strided_slice(x, [0, n], [3, 4], [1, 2]), X, 1),
    "broadcast_to": (lambda x, n: mt.broadcast_to(x, [n, 3, 4]), X, 2),
    "broadcast_to a shape": (lambda x, s: mt.broadcast_to(V, s), X, [2, 4]),
    "expand_dims": (lambda x, a: mt.expand_dims(x, a), X, 1),
    "sum over an axis": (lambda x, a: mt.reduce_sum(x, axis=a), X, 1),
    "mean over axes": (lambda x, a: mt.reduce_mean(x, axis=a), X, [0]),
    "argmax": (lambda x, a: mt.argmax(x, axis=a), X, 1),
    "concat": (lambda x, a: mt.concat([x, x], axis=a), X, 1),
    "stack": (lambda x, n: mt.stack([x[:, 0], x[:, n]]), X, 1),
    "split": (lambda x, n: mt.split(x, [n, 4 - n], axis=1)[0], X, 1),
    "transpose": (lambda x, p: mt.transpose(x, p), X, [1, 0]),
    "reverse": (lambda x, a: mt.reverse(x, a), X, [0]),
    "roll": (lambda x, n: mt.roll(x, n, axis=0), X, 1),
    "cumsum": (lambda x, a: mt.cumsum(x, axis=a), X, 1),
    "top_k": (lambda x, k: mt.math.top_k(x, k)[0], X, 2),
    "sequence_mask": (lambda x, n: mt.sequence_mask([1, 3], n), X, 4),
    "scatter_nd": (lambda x, n: mt.scatter_nd([[0], [2]], [1.0, 2.0], [n]), X, 4),
    "unsorted_segment_sum": (
        lambda x, n: mt.math.unsorted_segment_sum(x, [0, 1, 0], n), X, 3),
    "bincount": (lambda x, n: mt.math.bincount([1, 2, 2], minlength=n, maxlength=n), X, 4),
    "clip_by_value": (lambda x, n: mt.clip_by_value(x, 1.0, mt.cast(n, mt.float64)), X, 7),
    "meshgrid": (lambda x, n: mt.meshgrid(mt.range(n), mt.range(2))[0], X, 3),
    "matrix band": (lambda x, n: mt.linalg.band_part(x, n, 0), X, 1),
    "random of a shape": (lambda x, n: mt.shape(mt.random.normal([n, 2])), X, 3),
    "uniform of a shape": (lambda x, s: mt.shape(mt.random.uniform(s)), X, [3, 1]),
    "stateless of a shape": (
        lambda x, n: mt.random.stateless_normal([n, 2], seed=[1, 2]), X, 3),
    "boolean_mask": (lambda x, n: x[x[:, 0] > mt.cast(n, mt.float64)], X, 3),
    "where": (lambda x, n: mt.where(x > mt.cast(n, mt.float64)), X, 3),
    "unstack": (lambda x, n: mt.unstack(mt.reshape(x, [3, 4]))[1] + mt.cast(n, mt.float64), X, 1),
    "tensordot": (lambda x, n: mt.tensordot(x, x, [[0], [0]]), X, 1),
    "depth of one-hot rows": (lambda x, n: mt.one_hot(mt.range(n), n, dtype=mt.float64), X, 3),
    "size": (lambda x, n: mt.size(x[:n]), X, 2),
    "ensure_shape": (lambda x, n: mt.ensure_shape(x[:n], [None, 4]), X, 2),
    "resize of a part": (lambda x, n: mt.reshape(x[:, :n], [-1]), X, 2),
    "diag": (lambda x, n: mt.linalg.diag(x[0], k=n), X, 1),
    "moments": (lambda x, a: mt.nn.moments(x, axes=a)[1], X, [0]),
    "normalize": (lambda x, a: mt.linalg.l2_normalize(x, axis=a), X, 0),
    "norm": (lambda x, a: mt.norm(x, axis=a), X, 1),
    "batch of images": (
        lambda x, n: mt.reshape(mt.nn.max_pool2d(x, 2, 2, "VALID"), [n, -1]), IMAGE, 2),
    "convolution": (
        lambda x, n: mt.nn.conv2d(x, mt.ones([2, 2, 3, 4], mt.float64), 1, "SAME")[n], IMAGE, 1),
    "a mask of a length": (lambda x, n: mt.cast(mt.range(4) < n, mt.float64) * x, X, 2),
    "searchsorted": (lambda x, n: mt.searchsorted(x[0], [mt.cast(n, mt.float64)]), X, 2),
    "dropout rate": (lambda x, n: mt.nn.dropout(x, rate=mt.cast(n, mt.float64)), X, 0),
}  # fmt: skip


@pytest.mark.parametrize("sizes", ["known", "open", "nothing"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_that_are_tensors(name: str, sizes: str) -> None:
    function, x, n = FUNCTIONS[name]
    tensors = [mt.constant(x), mt.constant(n)]
    wanted = listed(function(*tensors))
    specs: Any = None
    if name == "gather_nd" and sizes != "known":
        return  # the size of the last axis of its indices says what the rank of the result is
    if sizes == "open":
        specs = [*open_sizes(tensors[:1]), *open_sizes(tensors[1:])]
    elif sizes == "nothing":
        if name in NEED_A_RANK:
            return
        specs = [NoElements(None, tensors[0]._array.dtype), *open_sizes(tensors[1:])]
    graph = traced(function, tensors, specs)
    for out, expected in zip(graph.outputs, wanted, strict=True):
        assert out.shape.is_compatible_with(expected.shape), (out.shape, expected.shape)
    same(GraphFunction(graph)(tensors), wanted, sizes)


NEED_A_RANK = {"boolean_mask", "tensordot"}

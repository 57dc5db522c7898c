"""Exported graphs compute in onnxruntime what they compute here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.onnx import MAPPINGS, model_of
from minitensor.op import REGISTRY

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
onnxruntime = pytest.importorskip("onnxruntime")
rng = np.random.default_rng(0)


def f32(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(np.float32)


def graph_of(function: Callable, *values: Any, open_: bool = False) -> Any:
    specs = []
    for value in values:
        shape = [None, *value.shape[1:]] if open_ and value.ndim else value.shape
        specs.append(mt.TensorSpec(shape, value.dtype))
    return mt.function(function).get_concrete_function(*specs).graph


def run(model: Any, values: Any) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [x.name for x in session.get_inputs()]
    return session.run(None, {k: np.asarray(v) for k, v in zip(names, values, strict=True)})


def compare(function: Callable, *values: Any, open_: bool = False, tolerance: float = 2e-5) -> Any:
    values = tuple(np.asarray(v) for v in values)
    model = model_of(graph_of(function, *values, open_=open_))
    sets = [values]
    if open_:
        sets.append(tuple(np.concatenate([v, v]) if v.ndim else v for v in values))
    for given in sets:
        wanted = mt.nest.flatten(function(*map(mt.constant, given)))
        found = run(model, given)
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            expected = b.numpy()
            assert a.dtype == expected.dtype
            assert a.shape == expected.shape
            np.testing.assert_allclose(a, expected, tolerance, tolerance)
    return model


X, Y, P = f32(3, 4), f32(3, 4), f32(3, 4, low=0.1)
UNIT = f32(3, 4, low=-0.9, high=0.9)
SPECIAL = np.float32([0, -0.0, 1, -1, 1e-7, -1e-7, 30, -30, np.inf, -np.inf, np.nan])
ONE_INPUT: dict[str, tuple[Callable, np.ndarray]] = {
    **{name: (getattr(mt, name), X) for name in (
        "abs", "negative", "sign", "square", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh",
        "asinh", "atan", "sigmoid", "round", "zeros_like", "ones_like", "identity",
        "stop_gradient", "transpose", "shape", "size", "rank", "reduce_sum", "reduce_mean",
        "reduce_max", "reduce_min", "reduce_prod", "reduce_logsumexp", "argmax", "argmin",
        "cumsum", "sort", "argsort")},
    **{name: (getattr(mt.math, name), X) for name in (
        "floor", "ceil", "erf", "erfc", "expm1", "log_sigmoid", "is_nan", "is_inf", "is_finite",
        "reduce_variance", "reduce_std", "reduce_euclidean_norm", "count_nonzero")},
    **{name: (getattr(mt.nn, name), X) for name in (
        "relu", "relu6", "elu", "selu", "silu", "gelu", "leaky_relu", "softplus", "softsign",
        "softmax", "log_softmax")},
    **{name: (getattr(mt.math, name), P) for name in (
        "log", "log1p", "sqrt", "rsqrt", "reciprocal")},
    **{name: (getattr(mt.math, name), UNIT) for name in ("acos", "asin", "atanh")},
    "acosh": (mt.math.acosh, P + 1),
    "expm1 at special points": (mt.math.expm1, SPECIAL),
    "log1p at special points": (mt.math.log1p, SPECIAL[SPECIAL != -30]),
    "logsumexp at special points": (mt.reduce_logsumexp, SPECIAL[:10]),
    "is_finite at special points": (mt.math.is_finite, SPECIAL),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_INPUT)
def test_ops_of_one_tensor(name: str) -> None:
    function, x = ONE_INPUT[name]
    compare(function, x)
    if not name.endswith("points"):
        compare(function, x, open_=True)


WHOLE, OTHER = np.int32([[7, -7, 6], [-6, 5, 0]]), np.int32([[2, 2, -4], [-4, 3, 5]])
B = np.array([[True, False, True], [False, False, True]])
TWO_INPUTS: list[tuple[Callable, Any, Any]] = [
    *[(function, X, Y) for function in (
        mt.add, mt.subtract, mt.multiply, mt.divide, mt.maximum, mt.minimum, mt.equal,
        mt.not_equal, mt.greater, mt.greater_equal, mt.less, mt.less_equal,
        mt.math.squared_difference, mt.math.floordiv, mt.math.floormod,
        lambda x, y: mt.where(x > y, x, 2.0), lambda x, y: mt.clip_by_value(x, y, y + 1.0),
        lambda x, y: mt.concat([x, y, x], 1), lambda x, y: mt.stack([x, y], axis=-1),
        lambda x, y: mt.math.add_n([x, y, x]), lambda x, y: x + y[0] - y[:, :1],
        lambda x, y: mt.matmul(x, y, transpose_b=True), lambda x, y: mt.transpose(x) @ y,
        lambda x, y: mt.einsum("ij,kj->ik", x, y), lambda x, y: mt.tensordot(x, y, [[1], [1]]),
        lambda x, y: mt.nn.softmax_cross_entropy_with_logits(mt.nn.softmax(x), y),
        lambda x, y: mt.nn.sigmoid_cross_entropy_with_logits(mt.sigmoid(x), y),
    )],
    (mt.pow, P, Y),
    (mt.math.xlogy, np.where(X > 0, X, 0), P),
    (mt.math.xlog1py, np.where(X > 0, X, 0), P),
    (mt.math.divide_no_nan, X, np.where(Y > 0, Y, 0)),
    (mt.math.multiply_no_nan, X, np.where(Y > 0, Y, 0)),
    (mt.math.floordiv, WHOLE, OTHER),
    (mt.math.floormod, WHOLE, OTHER),
    (mt.truediv, WHOLE, OTHER),
    (lambda x, y: x * y - x, WHOLE, OTHER),
    (mt.bitwise.bitwise_and, WHOLE, OTHER),
    (mt.bitwise.bitwise_xor, WHOLE, OTHER),
    (lambda a, b: (a & b) | (~a ^ b), B, ~B),
    (lambda a, b: (mt.reduce_any(a, 1), mt.reduce_all(b)), B, B),
    (mt.nn.sparse_softmax_cross_entropy_with_logits, np.int32([0, 3, 1]), X),
    (lambda i, x: mt.gather(x, i, axis=1), np.int32([[0, 2], [3, 1]]), X),
    (lambda i, x: mt.gather(x, i, batch_dims=1), np.int32([0, 3, 1]), X),
    (lambda i, x: mt.gather_nd(x, i), np.int32([[0, 2], [2, 1]]), X),
    (lambda i, x: mt.tensor_scatter_nd_add(x, i, mt.ones([2])), np.int32([[0, 2], [0, 2]]), X),
    (lambda i, x: mt.scatter_nd(i, x, [5, 4]), np.int32([[1], [1], [4]]), X),
    (lambda i, x: mt.boolean_mask(x, i > 0), np.int32([1, 0, 1]), X),
    (lambda i, x: mt.boolean_mask(x, x > 0.0), np.int32([1]), X),
    (lambda n, x: x[n], np.int32(-1), X),
    (lambda n, x: x[:n, n], np.int32(2), X),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(TWO_INPUTS)))
def test_ops_of_two_tensors(case: int) -> None:
    compare(*TWO_INPUTS[case])


SHAPES: list[Callable] = [
    lambda x: mt.reduce_sum(x, axis=[0, -1], keepdims=True),
    lambda x: mt.reduce_max(x, axis=1),
    lambda x: mt.reduce_mean(x, axis=()),
    lambda x: mt.reduce_logsumexp(x, axis=-1, keepdims=True),
    lambda x: mt.math.cumsum(x, axis=1, exclusive=True, reverse=True),
    lambda x: mt.argmax(x, axis=-1, output_type=mt.int32),
    lambda x: mt.reshape(x, [-1, 2, 6]),
    lambda x: mt.reshape(x, [mt.shape(x)[0], -1]),
    lambda x: mt.reshape(x, mt.shape(x)),
    lambda x: mt.transpose(x, [2, 0, 1]),
    lambda x: mt.linalg.matrix_transpose(x),
    lambda x: mt.expand_dims(mt.expand_dims(x, 0), -1),
    lambda x: mt.squeeze(x[:, :1], axis=1),
    lambda x: mt.tile(x, [1, 2, 1]),
    lambda x: mt.broadcast_to(x[:, :1], mt.shape(x)),
    lambda x: mt.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=3.0),
    lambda x: mt.pad(x, [[0, 0], [1, 2], [1, 0]], mode="REFLECT"),
    lambda x: mt.reverse(x, [1, 2]),
    lambda x: mt.roll(x, [1, -2], [1, 2]),
    lambda x: mt.split(x, 2, axis=2),
    lambda x: mt.split(x, [1, -1], axis=1),
    lambda x: mt.unstack(x, axis=1),
    lambda x: x[..., 0],
    lambda x: x[1:, ::-1, 1:3],
    lambda x: x[-1, mt.newaxis, :, None],
    lambda x: x[:, 0:1][..., -2],
    lambda x: mt.slice(x, [0, 1, 0], [-1, 2, 3]),
    lambda x: mt.strided_slice(x, [0, 1], [9, 3], [1, 1], begin_mask=1, end_mask=1),
    lambda x: mt.math.top_k(x, 2),
    lambda x: mt.sort(x, axis=1, direction="DESCENDING"),
    lambda x: mt.argsort(x, axis=1),
    lambda x: mt.where(x > 1.0),
    lambda x: mt.one_hot(mt.cast(x, mt.int32), 3, on_value=2.0),
    lambda x: mt.fill([mt.shape(x)[0], 2], x[0, 0, 0]),
    lambda x: mt.zeros([mt.shape(x)[0], 3], mt.int32) + mt.range(3),
    lambda x: mt.eye(3) @ x,
    lambda x: mt.cast(x > 0.0, mt.float16) + mt.cast(mt.cast(x, mt.int8), mt.float16),
    lambda x: mt.nn.moments(x, [1]),
    lambda x: mt.nn.layer_normalization(x, mt.ones([4]) * 2.0, mt.zeros([4]) + 1.0),
    lambda x: mt.nn.gelu(x, approximate=True),
    lambda x: mt.linalg.det(x[:, :, :3] + mt.eye(3) * 5.0),
    lambda x: mt.unique(mt.reshape(mt.round(x), [-1])),
    lambda x: mt.math.l2_normalize(x, axis=1),
    lambda x: (x, x, mt.constant([1.0, 2.0]), mt.constant(["a", b"\xff"])[0] == "a"),
]
BOX = f32(2, 3, 4)


@pytest.mark.parametrize("case", range(len(SHAPES)))
def test_shapes_slices_and_order(case: int) -> None:
    compare(SHAPES[case], BOX)
    compare(SHAPES[case], BOX, open_=True)


IMAGES = f32(2, 9, 8, 3)
KERNEL, DEPTH = f32(3, 2, 3, 5), f32(3, 3, 3, 2)
PICTURES: list[Callable] = [
    lambda x: mt.nn.conv2d(x, KERNEL, 1, "SAME"),
    lambda x: mt.nn.conv2d(x, KERNEL, [2, 3], "SAME"),
    lambda x: mt.nn.conv2d(x, KERNEL, 2, "VALID"),
    lambda x: mt.nn.conv2d(x, KERNEL, 1, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    lambda x: mt.nn.conv2d(x, KERNEL, 1, "SAME", dilations=2),
    lambda x: mt.nn.depthwise_conv2d(x, DEPTH, [1, 1, 1, 1], "SAME"),
    lambda x: mt.nn.depthwise_conv2d(x, DEPTH, [1, 2, 2, 1], "VALID"),
    lambda x: mt.nn.max_pool2d(x, 2, 2, "VALID"),
    lambda x: mt.nn.max_pool2d(x, [3, 2], [2, 1], "SAME"),
    lambda x: mt.nn.avg_pool2d(x, 3, 2, "SAME"),
    lambda x: (
        mt.nn.conv2d_transpose(x, f32(3, 3, 4, 3), [mt.shape(x)[0], 18, 16, 4], 2, "SAME")
        if x.shape[0] is None
        else mt.nn.bias_add(x, mt.constant([1.0, 2.0, 3.0]))
    ),
    lambda x: mt.nn.batch_normalization(x, mt.reduce_mean(x, [0, 1, 2]), 2.0, 0.5, 1.5, 1e-3),
]


@pytest.mark.parametrize("case", range(len(PICTURES)))
def test_images(case: int) -> None:
    compare(PICTURES[case], IMAGES)
    compare(PICTURES[case], IMAGES, open_=case != 10)


def test_transposed_convolutions() -> None:
    kernel = f32(3, 3, 4, 3)
    for padding, stride, size in (("SAME", 2, (18, 16)), ("VALID", 1, (11, 10))):
        compare(lambda x, p=padding, s=stride, z=size: mt.nn.conv2d_transpose(
            x, kernel, [2, *z, 4], s, p), IMAGES)  # fmt: skip


def test_images_of_open_size() -> None:
    spec = mt.TensorSpec([None, None, None, 3])
    for function in PICTURES[:3] + PICTURES[7:10]:
        model = model_of(mt.function(function).get_concrete_function(spec).graph)
        for x in (IMAGES, f32(1, 12, 11, 3)):
            np.testing.assert_allclose(run(model, [x])[0], function(mt.constant(x)).numpy(), 1e-4,
                                       1e-5)  # fmt: skip


# Every op, on the samples of its generated tests.


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_every_mapping_on_the_op_s_samples(name: str) -> None:
    op = REGISTRY[name]
    if name in ("read_variable", "stop_gradient"):
        pytest.skip("tested above")
    tried = 0
    for arrays, attrs in op.samples(np.random.default_rng(1)):
        values = [_small(np.asarray(x)) for x in arrays]
        if not op.variadic and op.types.startswith("S"):
            continue
        try:
            model = model_of(graph_of(lambda *xs, a=attrs: _called(op, xs, a), *values))
        except mt.errors.UnimplementedError:
            continue  # says what it does not do
        tensors = [mt.constant(x) for x in values]
        wanted = mt.nest.flatten(_called(op, tensors, attrs))
        try:
            found = run(model, [x.numpy() for x in tensors])
        except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
            continue  # a dtype that onnxruntime has not
        tried += 1
        for a, b in zip(found, wanted, strict=True):
            assert (a.dtype, a.shape) == (b.numpy().dtype, tuple(b.shape)), attrs
            np.testing.assert_allclose(a, b.numpy(), 2e-4, 2e-5, err_msg=str(attrs))
    assert tried


def _small(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32) if x.dtype == np.float64 else x


def _called(op: Any, xs: Any, attrs: dict) -> Any:
    return op(list(xs), **attrs) if op.variadic else op(*xs, **attrs)


# Whole models.


def dense(x: Any, w: Any, b: Any) -> Any:
    return x @ w + b


def test_a_perceptron_with_variables(tmp_path: Path) -> None:
    class Net(mt.Module):
        def __init__(self) -> None:
            super().__init__("net")
            self.layers = [(mt.Variable(f32(a, b), name="w"), mt.Variable(f32(b), name="b"))
                           for a, b in ((8, 16), (16, 16), (16, 3))]  # fmt: skip

        @mt.function(input_signature=[mt.TensorSpec([None, 8], name="features")])
        def __call__(self, x: Any) -> Any:
            for i, (w, b) in enumerate(self.layers):
                with mt.name_scope(f"layer{i}"):
                    x = dense(x, w, b)
                    x = mt.nn.relu(x) if i < 2 else mt.nn.softmax(x)
            return x

    net = Net()
    path = tmp_path / "net.onnx"
    net.__call__.get_concrete_function().graph.export_onnx(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.shape, given.shape[1]) == ("features", ["batch", 8], 3)
    for n in (1, 5):
        x = f32(n, 8)
        found = session.run(None, {"features": x})[0]
        np.testing.assert_allclose(found, net(x).numpy(), 1e-5, 1e-6)
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]


def test_a_convolutional_network() -> None:
    k1, k2, w = f32(3, 3, 1, 8), f32(3, 3, 8, 16), f32(7 * 7 * 16, 10)

    def function(x: Any) -> Any:
        x = mt.nn.max_pool2d(mt.nn.relu(mt.nn.conv2d(x, k1, 1, "SAME")), 2, 2, "VALID")
        x = mt.nn.max_pool2d(mt.nn.relu(mt.nn.conv2d(x, k2, 1, "SAME")), 2, 2, "VALID")
        return mt.nn.log_softmax(mt.reshape(x, [mt.shape(x)[0], -1]) @ w / 100.0)

    compare(function, f32(2, 28, 28, 1), open_=True, tolerance=1e-3)


def test_a_transformer_block() -> None:
    d, heads = 16, 4
    q, k, v, o = (f32(d, d) / 4 for _ in range(4))
    w1, w2 = f32(d, 4 * d) / 4, f32(4 * d, d) / 8
    ones, zeros = np.ones(d, np.float32), np.zeros(d, np.float32)

    def split(x: Any) -> Any:
        n, t = mt.shape(x)[0], mt.shape(x)[1]
        return mt.transpose(mt.reshape(x, [n, t, heads, d // heads]), [0, 2, 1, 3])

    def function(x: Any) -> Any:
        y = mt.nn.layer_normalization(x, ones, zeros)
        scores = mt.matmul(split(y @ q), split(y @ k), transpose_b=True) / 2.0
        mixed = mt.nn.softmax(scores) @ split(y @ v)
        x = x + mt.reshape(mt.transpose(mixed, [0, 2, 1, 3]), mt.shape(x)) @ o
        y = mt.nn.layer_normalization(x, ones, zeros)
        return x + mt.nn.gelu(y @ w1) @ w2

    compare(function, f32(2, 5, d), open_=True, tolerance=1e-3)


def test_branches_calls_and_own_gradients() -> None:
    w = mt.Variable(f32(4), name="w")

    @mt.function
    def inner(x: Any) -> Any:
        return x * w

    @mt.custom_gradient
    def clipped(x: Any) -> Any:
        return mt.exp(x), lambda g: g

    def function(x: Any) -> Any:
        y = mt.cond(mt.reduce_sum(x) > 0.0, lambda: inner(x) + 1.0,
                    lambda: mt.cond(x[0, 0] > 0.0, lambda: -x, lambda: clipped(x)))  # fmt: skip
        which = mt.cast(mt.reduce_max(x), mt.int32)
        z = mt.switch_case(which, [lambda: y, lambda: y + y, lambda: (w + y) * 2.0])
        return y, z

    for x in (X, -np.abs(X), np.abs(X), X * 0 - 3):
        compare(function, x)


def test_dtypes() -> None:
    for dtype in ("float64", "float16", "int64", "int32", "uint8"):
        compare(lambda x: (mt.reshape(x, [-1]), x + x, mt.cast(x, mt.float32)),
                np.arange(6).reshape(2, 3).astype(dtype))  # fmt: skip


# What cannot be exported.


def test_ops_that_onnx_has_not_are_named_with_their_line(tmp_path: Path) -> None:
    v = mt.Variable([1.0, 2.0])

    def loop(x: Any) -> Any:
        return mt.while_loop(lambda i: i < x[0, 0], lambda i: (i * 2.0,), [x[0, 1]])[0]

    cases: list[tuple[Callable, str]] = [
        (lambda x: mt.math.digamma(x), "the op digamma at test_onnx.py:"),
        (lambda x: x + mt.random.normal([3, 4]), "it is random"),
        (loop, "loops with a state are not exported"),
        (lambda x: v.assign_add([1.0, 1.0]) + x[0, 0], "a model changes no variables"),
        (lambda x: mt.py_function(lambda a: a, [x], mt.float32), "the op call_python"),
        (lambda x: mt.pad(x, [[1, 1], [1, 1]], "SYMMETRIC"), "does not pad by mode"),
    ]
    for function, text in cases:
        with pytest.raises(mt.errors.UnimplementedError, match="(?i)" + text) as caught:
            graph_of(function, X).export_onnx(tmp_path / "model.onnx")
        assert "To fix it: " in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_tape_s_graph_is_no_model(tmp_path: Path) -> None:
    with mt.GradientTape() as tape:
        mt.Variable(1.0) * 2.0
    with pytest.raises(ValueError, match="It is the record of a run"):
        tape.graph().export_onnx(tmp_path / "model.onnx")


def test_without_the_package_an_error_names_the_extra(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"graph.export_onnx: .*minitensor\[onnx\]"):
        graph_of(lambda x: x + 1.0, X).export_onnx(tmp_path / "model.onnx")


def test_mappings_are_of_ops_that_there_are() -> None:
    assert MAPPINGS.keys() - REGISTRY.keys() == set()

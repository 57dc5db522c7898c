"""ONNX operators for products, convolutions, pooling, normalisation and losses.

Our images have their channels last, ONNX's first: they are turned before and after. A runtime
removes the turns between two layers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.graph.onnx.arrays import turned
from minitensor.graph.onnx.exporter import Exporter, Mappings
from minitensor.ops.windows import pair_of, window_of

__all__ = ["MAPPINGS"]

MAPPINGS = Mappings()


@MAPPINGS.of()
def matmul(
    e: Exporter, a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False,
    adjoint_a: bool = False, adjoint_b: bool = False,
) -> str:  # fmt: skip
    left = turned(e, a, a.shape.rank) if transpose_a or adjoint_a else a
    right = turned(e, b, b.shape.rank) if transpose_b or adjoint_b else b
    return e.add("MatMul", left, right)


@MAPPINGS.of()
def einsum(e: Exporter, *inputs: Any, equation: str) -> str:
    parts = equation.replace(" ", "").partition("->")[0].split(",")
    named = {x.shape.rank - len(p.replace("...", "")) for x, p in zip(inputs, parts, strict=True)
             if "..." in p}  # fmt: skip
    if len(named) > 1:
        raise e.refusal("its ... stands for different numbers of axes", "name them with letters")
    return e.add("Einsum", *inputs, equation=equation)


@MAPPINGS.of()
def softmax(e: Exporter, x: Any, axis: int = -1) -> str:
    return e.add("Softmax", x, axis=axis)


@MAPPINGS.of()
def log_softmax(e: Exporter, x: Any, axis: int = -1) -> str:
    return e.add("LogSoftmax", x, axis=axis)


@MAPPINGS.of()
def softmax_cross_entropy_with_logits(e: Exporter, labels: Any, logits: Any, axis: int = -1) -> str:
    scores = e.add("Mul", labels, e.add("LogSoftmax", logits, axis=axis))
    return e.add("Neg", e.add("ReduceSum", scores, np.array([axis], np.int64), keepdims=0))


def _of_labels(e: Exporter, labels: Any, scores: Any) -> str:
    last = np.array([-1], np.int64)
    places = e.add("Unsqueeze", e.cast(labels, "int64"), last)
    return e.add("Squeeze", e.add("GatherElements", scores, places, axis=-1), last)


@MAPPINGS.of()
def label_scores(e: Exporter, labels: Any, logits: Any) -> str:
    return _of_labels(e, labels, logits)


@MAPPINGS.of()
def sparse_softmax_cross_entropy_with_logits(e: Exporter, labels: Any, logits: Any) -> str:
    return e.add("Neg", _of_labels(e, labels, e.add("LogSoftmax", logits, axis=-1)))


@MAPPINGS.of()
def sigmoid_cross_entropy_with_logits(e: Exporter, labels: Any, logits: Any) -> str:
    """max(x, 0) - x · z + log(1 + e^-|x|)."""
    low = e.add("Softplus", e.add("Neg", e.add("Abs", logits)))
    high = e.add("Sub", e.add("Relu", logits), e.add("Mul", logits, labels))
    return e.add("Add", high, low)


@MAPPINGS.of()
def layer_normalization(
    e: Exporter, x: Any, scale: Any, offset: Any, axis: Any = -1, epsilon: float = 1e-5
) -> Any:
    axes = e.vector(axis)
    mean = e.add("ReduceMean", x, axes, keepdims=1)
    centred = e.add("Sub", x, mean)
    variance = e.add("ReduceMean", e.add("Mul", centred, centred), axes, keepdims=1)
    root = e.add("Sqrt", e.add("Add", variance, e.like(x, epsilon)))
    scaled = e.add("Mul", e.add("Div", centred, root), scale)
    return e.add("Add", scaled, offset), mean, variance


# Images.


def _channels_first(e: Exporter, x: Any) -> str:
    return e.add("Transpose", x, perm=[0, 3, 1, 2])


def _channels_last(e: Exporter, x: str) -> str:
    return e.add("Transpose", x, perm=[0, 2, 3, 1])


def _placed(e: Exporter, image: Any, size: Any, strides: Any, padding: Any, dilations: Any) -> dict:
    """Strides, dilations and padding as ONNX's attributes; by a word where sizes are open."""
    sizes = tuple(image)[1:3]
    window = window_of(sizes, tuple(size), strides, padding, dilations)
    found: dict = {"strides": list(window.strides)}
    if window.dilations != (1, 1):
        found["dilations"] = list(window.dilations)
    word = str(padding).upper()
    if None in sizes and word == "SAME":
        if window.strides != (1, 1):
            return found | {"auto_pad": "SAME_UPPER"}
        window = window_of((size[0] * 99, size[1] * 99), tuple(size), 1, padding, dilations)
    (top, bottom), (left, right) = window.pads
    return found | {"pads": [top, left, bottom, right]}


@MAPPINGS.of()
def conv2d(
    e: Exporter, input: Any, filters: Any, strides: Any, padding: Any, data_format: Any = "NHWC",
    dilations: Any = None,
) -> str:  # fmt: skip
    size = filters.shape[:2]
    attrs = _placed(e, input.shape, size, strides, padding, dilations)
    kernels = e.add("Transpose", filters, perm=[3, 2, 0, 1])
    group = (input.shape[3] or filters.shape[2]) // filters.shape[2]
    found = e.add("Conv", _channels_first(e, input), kernels, group=group, **attrs)
    return _channels_last(e, found)


@MAPPINGS.of()
def depthwise_conv2d(
    e: Exporter, input: Any, filter: Any, strides: Any, padding: Any, data_format: Any = None,
    dilations: Any = None,
) -> str:  # fmt: skip
    high, wide, channels, each = filter.shape
    attrs = _placed(e, input.shape, (high, wide), strides, padding, dilations)
    flat = e.add("Reshape", filter, np.array([high, wide, 1, channels * each], np.int64))
    kernels = e.add("Transpose", flat, perm=[3, 2, 0, 1])
    found = e.add("Conv", _channels_first(e, input), kernels, group=channels, **attrs)
    return _channels_last(e, found)


@MAPPINGS.of()
def conv2d_backprop_input(
    e: Exporter, filters: Any, out_backprop: Any, input_sizes: Any, strides: Any, padding: Any,
    data_format: Any = "NHWC", dilations: Any = None,
) -> str:  # fmt: skip
    """A transposed convolution."""
    sizes = [x if isinstance(x, int) else None for x in input_sizes]
    if None in sizes[1:3]:
        raise e.refusal("the size of its images is open", "trace it for images of a fixed size")
    size = tuple(filters.shape[:2])
    window = window_of(tuple(sizes[1:3]), size, strides, padding, dilations)
    more = []
    for axis in (0, 1):
        span = (size[axis] - 1) * window.dilations[axis] + 1
        reached = (window.out[axis] - 1) * window.strides[axis] + span - sum(window.pads[axis])
        more.append(sizes[axis + 1] - reached)
    (top, bottom), (left, right) = window.pads
    kernels = e.add("Transpose", filters, perm=[3, 2, 0, 1])
    found = e.add(
        "ConvTranspose", _channels_first(e, out_backprop), kernels, strides=list(window.strides),
        dilations=list(window.dilations), pads=[top, left, bottom, right], output_padding=more,
    )  # fmt: skip
    return _channels_last(e, found)


@MAPPINGS.of("max_pool2d", "avg_pool2d")
def pool(
    e: Exporter, input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NHWC"
) -> str:
    size = pair_of(ksize, "ksize")
    attrs = _placed(e, input.shape, size, strides, padding, None)
    operator = "MaxPool" if e.node.op.name == "max_pool2d" else "AveragePool"
    found = e.add(operator, _channels_first(e, input), kernel_shape=list(size), **attrs)
    return _channels_last(e, found)

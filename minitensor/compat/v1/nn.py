"""`tf.nn` with the arguments that TensorFlow 1 had; everything else is that of `mt.nn`."""

from __future__ import annotations

from typing import Any

from minitensor import nn, ops
from minitensor.compat.v1.endpoints import either
from minitensor.errors import ArgumentError, InvalidArgumentError

__all__ = [
    "avg_pool",
    "conv2d",
    "conv2d_transpose",
    "depthwise_conv2d",
    "dropout",
    "embedding_lookup",
    "in_top_k",
    "l2_normalize",
    "log_softmax",
    "max_pool",
    "moments",
    "relu_layer",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "sparse_softmax_cross_entropy_with_logits",
    "xw_plus_b",
]


def __getattr__(name: str) -> Any:
    return getattr(nn, name)


def dropout(x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None,
            name: str | None = None, rate: Any = None) -> Any:  # fmt: skip
    """As `mt.nn.dropout`; `keep_prob` is 1 − `rate`."""
    if (keep_prob is None) == (rate is None):
        raise InvalidArgumentError("dropout takes either keep_prob or rate.")
    return nn.dropout(x, 1 - keep_prob if rate is None else rate, noise_shape, seed, name)


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """As `mt.nn.softmax`; `dim` is the old name of `axis`."""
    return nn.softmax(logits, axis=either("axis", axis, "dim", dim, -1), name=name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """As `mt.nn.log_softmax`; `dim` is the old name of `axis`."""
    return nn.log_softmax(logits, axis=either("axis", axis, "dim", dim, -1), name=name)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None,
                 dim: Any = None) -> Any:  # fmt: skip
    """As `mt.nn.l2_normalize`; `dim` is the old name of `axis`."""
    return nn.l2_normalize(x, either("axis", axis, "dim", dim), epsilon, name)


def moments(x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: Any = None,
            keepdims: Any = None) -> Any:  # fmt: skip
    """As `mt.nn.moments`; `keep_dims` is the old name of `keepdims`."""
    return nn.moments(x, axes, shift, bool(either("keepdims", keepdims, "keep_dims", keep_dims)),
                      name)  # fmt: skip


def conv2d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None,
           use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = None,
           name: str | None = None, filters: Any = None) -> Any:  # fmt: skip
    """As `mt.nn.conv2d`; `filter` is the old name of `filters`.

    `use_cudnn_on_gpu` is TensorFlow's and has no effect.
    """
    return nn.conv2d(input, either("filters", filters, "filter", filter), strides=strides,
                     padding=padding, data_format=data_format, dilations=dilations,
                     name=name)  # fmt: skip


def conv2d_transpose(value: Any = None, filter: Any = None, output_shape: Any = None,
                     strides: Any = None, padding: Any = "SAME", data_format: str = "NHWC",
                     name: str | None = None, input: Any = None, filters: Any = None,
                     dilations: Any = None) -> Any:  # fmt: skip
    """As `mt.nn.conv2d_transpose`; `value` and `filter` are old names of `input` and `filters`."""
    return nn.conv2d_transpose(
        either("input", input, "value", value), either("filters", filters, "filter", filter),
        output_shape, strides, padding, data_format, dilations, name,
    )  # fmt: skip


def depthwise_conv2d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None,
                     rate: Any = None, name: str | None = None, data_format: Any = None,
                     dilations: Any = None) -> Any:  # fmt: skip
    """As `mt.nn.depthwise_conv2d`; `rate` is the old name of `dilations`."""
    return nn.depthwise_conv2d(
        input, filter, strides=strides, padding=padding, data_format=data_format or "NHWC",
        dilations=either("dilations", dilations, "rate", rate), name=name,
    )  # fmt: skip


def in_top_k(predictions: Any, targets: Any, k: int, name: str | None = None) -> Any:
    """As `mt.nn.in_top_k`, with the predictions first."""
    return nn.in_top_k(targets, predictions, k=k, name=name)


def max_pool(
    value: Any = None,
    ksize: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Any:
    """As `mt.nn.max_pool2d`; `value` is the old name of `input`."""
    return nn.max_pool2d(either("input", input, "value", value), ksize, strides, padding,
                         data_format, name=name)  # fmt: skip


def avg_pool(
    value: Any = None,
    ksize: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Any:
    """As `mt.nn.avg_pool2d`; `value` is the old name of `input`."""
    return nn.avg_pool2d(either("input", input, "value", value), ksize, strides, padding,
                         data_format, name=name)  # fmt: skip


def embedding_lookup(params: Any, ids: Any, partition_strategy: str = "mod",
                     name: str | None = None, validate_indices: bool = True,
                     max_norm: float | None = None) -> Any:  # fmt: skip
    """The rows of `params` at `ids`.

    `partition_strategy` and `validate_indices` are TensorFlow's and have no effect: there is one
    table, and indices are always checked.
    """
    return nn.embedding_lookup(params, ids, max_norm, name)


def _named_only(function: str, sentinel: Any) -> None:
    if sentinel is not None:
        raise ArgumentError(
            f"Only call `{function}` with named arguments (labels=..., logits=..., ...)\nThe two "
            "are easily swapped."
        )


def softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None,
                                      logits: Any = None, dim: Any = -1, name: str | None = None,
                                      axis: Any = None) -> Any:  # fmt: skip
    """As `mt.nn.softmax_cross_entropy_with_logits`, without a gradient to the labels."""
    _named_only("softmax_cross_entropy_with_logits", _sentinel)
    return nn.softmax_cross_entropy_with_logits(
        ops.stop_gradient(labels), logits, axis=dim if axis is None else axis, name=name
    )


def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Any:
    """As `mt.nn.softmax_cross_entropy_with_logits`; `dim` is the old name of `axis`."""
    axis = either("axis", axis, "dim", dim, -1)
    return nn.softmax_cross_entropy_with_logits(labels, logits, axis=axis, name=name)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """As `mt.nn.sparse_softmax_cross_entropy_with_logits`."""
    _named_only("sparse_softmax_cross_entropy_with_logits", _sentinel)
    return nn.sparse_softmax_cross_entropy_with_logits(labels, logits, name=name)


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """As `mt.nn.sigmoid_cross_entropy_with_logits`."""
    _named_only("sigmoid_cross_entropy_with_logits", _sentinel)
    return nn.sigmoid_cross_entropy_with_logits(labels, logits, name=name)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """X · weights + biases.

    Shape: (n, in), (in, out), (out,) → (n, out).
    """
    return nn.bias_add(ops.matmul(x, weights), biases, name=name)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """relu(x · weights + biases).

    Shape: (n, in), (in, out), (out,) → (n, out).
    """
    return nn.relu(xw_plus_b(x, weights, biases), name=name)

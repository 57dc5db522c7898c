"""Cross-entropies, taken from logits: how many nats a prediction wastes on describing the labels.

Each works on logits, not on probabilities, because log(softmax(x)) computed in one go neither
overflows nor loses digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault, InvalidArgumentError, message
from minitensor.op import convert, op
from minitensor.ops.activation import sigmoid, softplus
from minitensor.ops.neural import log_softmax, softmax
from minitensor.shapes import Spec, axis_of

__all__ = [
    "label_scores",
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]


def _same_shape(labels: Any, logits: Any) -> None:
    pairs = zip(labels.shape, logits.shape, strict=False)
    differ = any(None not in pair and pair[0] != pair[1] for pair in pairs)
    if differ or len(labels.shape) != len(logits.shape):
        raise Fault(f"labels have shape {tuple(labels.shape)}, logits {tuple(logits.shape)}",
                    "logits and labels must have the same shape: one label per logit",
                    "use mt.one_hot for class numbers, or mt.reshape")  # fmt: skip


def _softmax_loss_spec(labels: Spec, logits: Spec, *, axis: int = -1) -> Spec:
    _same_shape(labels, logits)
    axis = axis_of(axis, len(logits.shape))
    return Spec(logits.shape[:axis] + logits.shape[axis + 1 :], logits.dtype)


@op(infer=_softmax_loss_spec, kinds="f",
    samples=samples.cases((((2, 3), (2, 3)), {}), (((3,), (3,)), {}), (((0, 2), (0, 2)), {}),
                          (((2, 3, 2), (2, 3, 2)), {"axis": 1})))  # fmt: skip
def softmax_cross_entropy_with_logits(xp, labels, logits, *, axis=-1):
    """Cross-entropy between label probabilities and softmax(logits): -Σ labels · log softmax.

    Shape: any, same → without `axis`. Labels along `axis` should be probabilities; gradients reach
    them too.

    Example:
        >>> import minitensor as mt
        >>> mt.nn.softmax_cross_entropy_with_logits([[0.0, 1.0]], [[0.0, 0.0]]).numpy()
        array([0.6931472], dtype=float32)
    """
    return -xp.sum(labels * log_softmax.on(xp, logits, axis=axis), axis=axis)


@softmax_cross_entropy_with_logits.gradient
def softmax_cross_entropy_with_logits_gradient(xp, g, out, labels, logits, *, axis=-1):
    """`-g · log_softmax(logits)`, and `g · (softmax(logits) · sum(labels) - labels)`."""
    g = xp.expand_dims(g, axis=axis)

    def to_logits() -> Any:
        total = xp.sum(labels, axis=axis, keepdims=True)
        return g * (softmax.on(xp, logits, axis=axis) * total - labels)

    return lambda: -g * log_softmax.on(xp, logits, axis=axis), to_logits


def _sparse_spec(labels: Spec, logits: Spec) -> Spec:
    if not logits.shape:
        raise Fault("logits is a scalar", "logits have one number per class in their last axis",
                    "give logits of shape (batch, classes)")  # fmt: skip
    expected = logits.shape[:-1]
    pairs = zip(labels.shape, expected, strict=False)
    if len(labels.shape) != len(expected) or any(None not in p and p[0] != p[1] for p in pairs):
        raise Fault(f"labels have shape {labels.shape}, logits {logits.shape}",
                    "labels have the shape of logits without its last axis: one class number each",
                    "use softmax_cross_entropy_with_logits for one-hot labels")  # fmt: skip
    return Spec(labels.shape, logits.dtype)


_LABELLED = samples.cases(
    (([1, 0], (2, 3)), {}), ((2, (3,)), {}), (([[1], [0]], (2, 1, 2)), {}),
    ((np.zeros(0, np.int64), (0, 3)), {}),
)  # fmt: skip


@op(infer=_sparse_spec, types="IT", kinds="f", portable=False, samples=_LABELLED)
def label_scores(xp, labels, logits):
    """The logit of each label's class.

    Shape: (…), (…, classes) → (…).

    Raises:
        InvalidArgumentError: for a label below 0 or not below the number of classes.
    """
    classes = logits.shape[-1]
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise Fault(f"received a label value of {int(labels[wrong].reshape(-1)[0])} which is "
                    f"outside the valid range of [0, {classes})",
                    "labels are class numbers, the last axis of logits has one entry per class",
                    "check the labels, or give the last layer one unit per class")  # fmt: skip
    return xp.take_along_axis(logits, labels[..., None].astype(np.int64), axis=-1)[..., 0]


@label_scores.gradient
def label_scores_gradient(xp, g, out, labels, logits):
    """Nothing for whole-number labels; `g` at the label's class, 0 elsewhere."""

    def to_logits() -> Any:
        return g[..., None] * _hits(xp, labels, logits)

    return None, to_logits


def _hits(xp: Any, labels: Any, logits: Any) -> Any:
    """1 at each label's class, 0 elsewhere."""
    classes = xp.arange(logits.shape[-1], dtype=labels.dtype)
    return xp.astype(labels[..., None] == classes, logits.dtype)


@op(infer=_sparse_spec, types="IT", kinds="f", portable=False, samples=_LABELLED)
def sparse_softmax_cross_entropy_with_logits(xp, labels, logits):
    """Cross-entropy of class numbers: -log softmax(logits) at the labelled class.

    Shape: (…), (…, classes) → (…).

    Raises:
        InvalidArgumentError: for a label below 0 or not below the number of classes.

    Example:
        >>> import minitensor as mt
        >>> mt.nn.sparse_softmax_cross_entropy_with_logits([1], [[0.0, 0.0]]).numpy()
        array([0.6931472], dtype=float32)
    """
    own = label_scores.on(xp, labels, logits)
    top = xp.max(logits, axis=-1, keepdims=True)
    total = xp.log(xp.sum(xp.exp(logits - top), axis=-1, keepdims=True)) + top
    return xp.reshape(total, own.shape) - own


sparse_softmax_cross_entropy_with_logits.composite = True


@sparse_softmax_cross_entropy_with_logits.gradient
def sparse_softmax_cross_entropy_with_logits_gradient(xp, g, out, labels, logits):
    """Nothing for whole-number labels; `g · (softmax(logits) - one_hot(labels))`."""

    def to_logits() -> Any:
        return g[..., None] * (softmax.on(xp, logits) - _hits(xp, labels, logits))

    return None, to_logits


def _pairs_spec(labels: Spec, logits: Spec) -> Spec:
    _same_shape(labels, logits)
    return logits


@op(infer=_pairs_spec, kinds="f", scalar="max({1}, T(0)) - {1} * {0} + log1p(exp(-abs({1})))",
    samples=samples.cases((((2, 3), (2, 3)), {}), (((), ()), {}),
                          (((0, 2), (0, 2)), {})))  # fmt: skip
def sigmoid_cross_entropy_with_logits(xp, labels, logits):
    """Cross-entropy of independent yes-or-no labels z: -z log σ(x) - (1 - z) log(1 - σ(x)).

    Shape: any, same → same. Computed as max(x, 0) - x z + log(1 + exp(-|x|)), where nothing
    overflows.

    Example:
        >>> import minitensor as mt
        >>> mt.nn.sigmoid_cross_entropy_with_logits([1.0, 0.0], [0.0, -1000.0]).numpy()
        array([0.6931472, 0.       ], dtype=float32)
    """
    positive = xp.where(logits > 0, logits, xp.zeros_like(logits))
    return positive - logits * labels + xp.log1p(xp.exp(-xp.abs(logits)))


@sigmoid_cross_entropy_with_logits.gradient
def sigmoid_cross_entropy_with_logits_gradient(xp, g, out, labels, logits):
    return lambda: -g * logits, lambda: g * (sigmoid.on(xp, logits) - labels)


def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Any:
    """sigmoid_cross_entropy_with_logits in which a missed yes costs `pos_weight` times as much.

    Shape: any, same, weights that broadcast → same. Computed as (1 - z) x + (1 + (w - 1) z)
    softplus(-x), where nothing overflows.

    Raises:
        InvalidArgumentError: when labels and logits differ in shape.
    """
    logits = convert(logits)
    labels = labels if hasattr(labels, "dtype") else convert(labels, logits.dtype)
    try:
        _same_shape(labels, logits)
    except Fault as fault:
        raise InvalidArgumentError(
            message("weighted_cross_entropy_with_logits", "", fault.fault, fault.rule, fault.fix)
        ) from None
    weight = 1 + (pos_weight - 1) * labels
    return (1 - labels) * logits + weight * softplus(-logits)

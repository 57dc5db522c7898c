"""Cross-entropies and other distances between probabilities.

Each is a function, which gives one loss per sample, and a class, which also averages. Predictions
are probabilities, or, with from_logits=True, what a softmax or sigmoid would make probabilities of.
"""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.logits import logits_behind
from minitensor.keras.losses.ranks import as_floats, check_same_shape
from minitensor.keras.warning import warn
from minitensor.op import convert

__all__ = [
    "EPSILON",
    "binary_crossentropy",
    "categorical_crossentropy",
    "clipped",
    "kl_divergence",
    "poisson",
    "smoothed_classes",
    "smoothed_truths",
    "sparse_categorical_crossentropy",
]

EPSILON = 1e-7


def clipped(probabilities: Any) -> Any:
    """Probabilities within [1e-7, 1 - 1e-7], so that their logarithms are finite."""
    return ops.clip_by_value(probabilities, EPSILON, 1.0 - EPSILON)


def smoothed_truths(y_true: Any, amount: float) -> Any:
    """Truths 0 and 1 drawn towards 1/2: by `amount` of the way."""
    return y_true * (1.0 - amount) + 0.5 * amount if amount else y_true


def smoothed_classes(y_true: Any, amount: float) -> Any:
    """Rows of class probabilities drawn towards equal ones: by `amount` of the way."""
    if not amount:
        return y_true
    classes = ops.cast(ops.shape(y_true)[-1], dtype=y_true.dtype)
    return y_true * (1.0 - amount) + amount / classes


def checked_classes(name: str, y_pred: Any, axis: Any) -> None:
    """An axis is an int and no bool; a single class can only be right, which is warned about.

    Raises:
        InvalidArgumentError: (also a ValueError) for an axis of another type.
    """
    if isinstance(axis, bool):
        raise InvalidArgumentError(
            message(name, "", f"`axis` must be of type `int`. Received: axis={axis} of type "
                    f"{type(axis)}", "it says along which axis the classes lie",
                    "write axis=-1")
        )  # fmt: skip
    if y_pred.ndim and y_pred.shape[-1] == 1:
        warn(
            f"In loss {name}, expected y_pred.shape to be (batch_size, num_classes) with "
            f"num_classes > 1. Received: y_pred.shape={tuple(y_pred.shape)}. Consider using "
            "'binary_crossentropy' if you only have 2 classes.",
            SyntaxWarning,
        )


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """The mean over `axis` of -y_true log(y_pred) - (1 - y_true) log(1 - y_pred).

    Shape: (batch, …, n), same → (batch, …).

    Raises:
        InvalidArgumentError: (also a ValueError) when the shapes differ.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.losses.binary_crossentropy([[1.0], [0.0]], [[0.5], [1.0]]).numpy()
        array([ 0.6931472, 15.942385 ], dtype=float32)
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    y_true = smoothed_truths(y_true, label_smoothing)
    each = elementwise_crossentropy("binary_crossentropy", y_true, y_pred, from_logits)
    return ops.reduce_mean(each, axis=axis)


def elementwise_crossentropy(name: str, y_true: Any, y_pred: Any, from_logits: bool) -> Any:
    """The cross-entropy of each yes-or-no label."""
    check_same_shape(name, y_true, y_pred)
    y_pred, from_logits = logits_behind(y_pred, from_logits, "sigmoid", -1, name)
    if from_logits:
        return ops.sigmoid_cross_entropy_with_logits(y_true, y_pred)
    p = clipped(y_pred)
    return -(y_true * ops.log(p) + (1.0 - y_true) * ops.log(1.0 - p))


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Minus the sum over `axis` of y_true log(y_pred); the labels are probabilities, or one-hot.

    Shape: (batch, …, classes), same → (batch, …). Predicted probabilities are divided by their sum.

    Raises:
        InvalidArgumentError: (also a ValueError) when the shapes differ.

    Example:
        >>> import minitensor as mt
        >>> y_true, y_pred = [[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]
        >>> mt.keras.losses.categorical_crossentropy(y_true, y_pred).numpy()
        array([ 0.6931472, 16.118095 ], dtype=float32)
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    checked_classes("categorical_crossentropy", y_pred, axis)
    y_true = smoothed_classes(y_true, label_smoothing)
    check_same_shape("categorical_crossentropy", y_true, y_pred)
    y_pred, from_logits = logits_behind(
        y_pred, from_logits, "softmax", axis, "categorical_crossentropy"
    )
    if from_logits:
        return ops.softmax_cross_entropy_with_logits(y_true, y_pred, axis=axis)
    share = y_pred / ops.reduce_sum(y_pred, axis=axis, keepdims=True)
    return -ops.reduce_sum(y_true * ops.log(clipped(share)), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Minus log(y_pred) of the labelled class; the labels are class numbers.

    Shape: (batch, …) or (batch, …, 1), (batch, …, classes) → (batch, …). Where the label is
    `ignore_class` the loss is 0, and does not count in a mean.

    Raises:
        InvalidArgumentError: (also a ValueError) for a label that is no class, when the shapes do
            not fit, and for another axis than the last.

    Example:
        >>> import minitensor as mt
        >>> y_true, y_pred = [1, 0], [[0.5, 0.5], [0.25, 0.75]]
        >>> mt.keras.losses.sparse_categorical_crossentropy(y_true, y_pred).numpy()
        array([0.6931472, 1.3862944], dtype=float32)
    """
    y_true, y_pred = convert(y_true), convert(y_pred)
    name = "sparse_categorical_crossentropy"
    if axis not in (-1, y_pred.ndim - 1):
        raise InvalidArgumentError(
            message(name, f"y_pred of shape {tuple(y_pred.shape)}",
                    f"Only axis=-1 is currently supported. Received: axis={axis}",
                    "the classes lie along the last axis", "transpose y_pred")
        )  # fmt: skip
    if y_true.ndim == y_pred.ndim != 0 and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    _check_class_numbers(name, y_true, y_pred)
    labels, kept = y_true if y_true.dtype.is_integer else ops.cast(y_true, dtype="int64"), None
    if ignore_class is not None:
        kept = labels != ignore_class
        labels = ops.where(kept, labels, ops.zeros_like(labels))
    y_pred, from_logits = logits_behind(y_pred, from_logits, "softmax", -1, name)
    logits = y_pred if from_logits else ops.log(clipped(y_pred))
    losses = ops.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if kept is not None:
        losses = ops.where(kept, losses, ops.zeros_like(losses))
        losses._keras_mask = kept
    return losses


def _check_class_numbers(name: str, y_true: Any, y_pred: Any) -> None:
    """Each row of predictions has one class number.

    Raises:
        InvalidArgumentError: (also a ValueError) when it has not.
    """
    fault = None
    if y_pred.ndim < 1:
        fault = "Argument `output` must be at least rank 1"
    elif y_true.ndim != y_pred.ndim - 1:
        fault = "Argument `output` must have rank (ndim) `target.ndim - 1`"
    elif any(None not in pair and pair[0] != pair[1]
             for pair in zip(y_true.shape, y_pred.shape[:-1], strict=True)):  # fmt: skip
        fault = "Arguments `target` and `output` must have the same shape up until the last \
dimension"
    if fault:
        raise InvalidArgumentError(
            message(name, "", f"{fault}. Received: target.shape={tuple(y_true.shape)}, "
                    f"output.shape={tuple(y_pred.shape)}",
                    "y_true (target) is one class number for each row of y_pred (output)",
                    "use categorical_crossentropy for one-hot labels")
        )  # fmt: skip


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """The sum of y_true log(y_true / y_pred) over the last axis.

    Shape: (batch, …, n), same → (batch, …). Probabilities are clipped to [1e-7, 1].
    """
    y_true, y_pred = (ops.clip_by_value(p, EPSILON, 1.0) for p in as_floats(y_true, y_pred))
    return ops.reduce_sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """The mean of y_pred - y_true log(y_pred) over the last axis: for predicted counts.

    Shape: (batch, …, n), same → (batch, …).
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    return ops.reduce_mean(y_pred - y_true * ops.log(y_pred + EPSILON), axis=-1)

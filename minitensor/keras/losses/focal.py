"""Focal cross-entropies: what is predicted well already counts less, so rare classes are heard."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras.losses.crossentropy import (
    checked_classes,
    clipped,
    elementwise_crossentropy,
    smoothed_classes,
    smoothed_truths,
)
from minitensor.keras.losses.loss import LossFunctionWrapper
from minitensor.keras.losses.ranks import as_floats, in_dtype

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
]


def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25,
    gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Binary cross-entropy times (1 - p)^gamma, p the probability given to the true label.

    Shape: (batch, …, n), same → (batch, …).

    Raises:
        InvalidArgumentError: (also a ValueError) when the shapes differ.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", equations 4 and 5.
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    y_true = smoothed_truths(y_true, label_smoothing)
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    losses = elementwise_crossentropy("binary_focal_crossentropy", y_true, y_pred, False)
    right = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    losses = ops.pow(1.0 - right, gamma) * losses
    if apply_class_balancing:
        losses = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * losses
    return ops.reduce_mean(losses, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Categorical cross-entropy in which each class counts alpha (1 - p)^gamma times as much.

    Shape: (batch, …, classes), same → (batch, …). `alpha` is a number, or one for each class.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", equation 5.
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    checked_classes("categorical_focal_crossentropy", y_pred, axis)
    y_true = smoothed_classes(y_true, label_smoothing)
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    p = clipped(y_pred / ops.reduce_sum(y_pred, axis=axis, keepdims=True))
    weight = ops.pow(1.0 - p, gamma) * in_dtype(alpha, y_pred.dtype)
    return -ops.reduce_sum(weight * y_true * ops.log(p), axis=axis)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy in which what is predicted well already counts less.

    Args:
        apply_class_balancing: whether label 1 weighs alpha and label 0 weighs 1 - alpha.
        alpha: see above.
        gamma: how much less: the loss is multiplied by (1 - p)^gamma.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: how far labels are drawn towards equal probabilities, 0 to 1.
        axis: along which the mean is taken.
        reduction, name, dtype: as for `Loss`.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection".
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_focal_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Categorical cross-entropy in which what is predicted well already counts less.

    Args:
        alpha: what losses are multiplied with: a number, or one for each class.
        gamma: how much less: the loss is multiplied by (1 - p)^gamma.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: how far labels are drawn towards equal probabilities, 0 to 1.
        axis: along which the classes lie.
        reduction, name, dtype: as for `Loss`.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection".
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_focal_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )

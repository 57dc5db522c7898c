"""Losses of margins: labels are -1 or 1, and a prediction should lie beyond its label.

Labels 0 and 1 are taken for -1 and 1.
"""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras.losses.loss import LossFunctionWrapper
from minitensor.keras.losses.ranks import as_floats

__all__ = [
    "CategoricalHinge",
    "Hinge",
    "SquaredHinge",
    "categorical_hinge",
    "hinge",
    "squared_hinge",
]


def _signs(y_true: Any) -> Any:
    """Labels as -1 and 1, if all of them are 0 or 1; else as they are."""
    binary = ops.reduce_all((y_true == 0) | (y_true == 1))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(1 - y_true · y_pred, 0) over the last axis.

    Shape: (batch, …, n), same → (batch, …).

    Example:
        >>> import minitensor as mt
        >>> mt.keras.losses.hinge([[1.0, -1.0]], [[0.5, -3.0]]).numpy()
        array([0.25], dtype=float32)
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    return ops.reduce_mean(ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(1 - y_true · y_pred, 0)² over the last axis.

    Shape: (batch, …, n), same → (batch, …).
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    missing = ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0)
    return ops.reduce_mean(ops.square(missing), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """How far the strongest wrong class comes within 1 of the right one; labels are one-hot.

    Shape: (batch, …, classes), same → (batch, …).
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    right = ops.reduce_sum(y_true * y_pred, axis=-1)
    wrong = ops.reduce_max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


class Hinge(LossFunctionWrapper):
    """The mean of max(1 - y_true · y_pred, 0); labels -1 and 1, or 0 and 1.

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: Any = None,
    ):
        super().__init__(hinge, reduction=reduction, name=name, dtype=dtype)


class SquaredHinge(LossFunctionWrapper):
    """The mean of max(1 - y_true · y_pred, 0)²; labels -1 and 1, or 0 and 1.

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: Any = None,
    ):
        super().__init__(squared_hinge, reduction=reduction, name=name, dtype=dtype)


class CategoricalHinge(LossFunctionWrapper):
    """How far the strongest wrong class comes within 1 of the right one.

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: Any = None,
    ):
        super().__init__(categorical_hinge, reduction=reduction, name=name, dtype=dtype)

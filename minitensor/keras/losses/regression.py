"""Losses of predicted numbers: how far they are from the right ones.

Each is a function, which gives one loss per sample, and a class, which also averages.
"""

from __future__ import annotations

from math import log
from typing import Any

from minitensor import ops
from minitensor.keras.losses.loss import LossFunctionWrapper
from minitensor.keras.losses.ranks import as_floats, same_rank

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
]

EPSILON = 1e-7


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (y_true - y_pred)² over the last axis.

    Shape: (batch, …, n), same → (batch, …).

    Example:
        >>> import minitensor as mt
        >>> mt.keras.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
        array([2.5], dtype=float32)
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    return ops.reduce_mean(ops.squared_difference(y_true, y_pred), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of |y_true - y_pred| over the last axis.

    Shape: (batch, …, n), same → (batch, …).
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    return ops.reduce_mean(ops.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 times the mean of |(y_true - y_pred) / y_true| over the last axis.

    Shape: (batch, …, n), same → (batch, …). A y_true of 0 counts as 1e-7.
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    part = ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), EPSILON))
    return 100.0 * ops.reduce_mean(part, axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (log(y_true + 1) - log(y_pred + 1))² over the last axis.

    Shape: (batch, …, n), same → (batch, …). Numbers below 1e-7 count as 1e-7.
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    predicted = ops.log(ops.maximum(y_pred, EPSILON) + 1.0)
    true = ops.log(ops.maximum(y_true, EPSILON) + 1.0)
    return ops.reduce_mean(ops.squared_difference(predicted, true), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean over the last axis of error² / 2 near 0 and delta · (|error| - delta / 2) beyond.

    Shape: (batch, …, n), same → (batch, …).

    Example:
        >>> import minitensor as mt
        >>> mt.keras.losses.huber([[0.0], [0.0]], [[0.5], [3.0]]).numpy()
        array([0.125, 2.5  ], dtype=float32)
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    error = ops.abs(y_pred - y_true)
    near, far = 0.5 * ops.square(error), delta * error - 0.5 * delta * delta
    return ops.reduce_mean(ops.where(error <= delta, near, far), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of log(cosh(y_pred - y_true)) over the last axis: as a square near 0, else as |x|.

    Shape: (batch, …, n), same → (batch, …). Computed as x + softplus(-2x) - log 2, where nothing
    overflows.
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    error = y_pred - y_true
    return ops.reduce_mean(error + ops.softplus(-2.0 * error) - log(2.0), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between two vectors: -1 for the same direction, 1 for opposite.

    Shape: (…, n, …), same → without `axis`. A vector of zeros gives 0.
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    y_true = ops.l2_normalize(y_true, axis=axis, epsilon=EPSILON**2)
    y_pred = ops.l2_normalize(y_pred, axis=axis, epsilon=EPSILON**2)
    return -ops.reduce_sum(y_true * y_pred, axis=axis)


class MeanSquaredError(LossFunctionWrapper):
    """The mean of (y_true - y_pred)².

    Args:
        reduction, name, dtype: as for `Loss`.

    Example:
        >>> import minitensor as mt
        >>> mse = mt.keras.losses.MeanSquaredError()
        >>> mse([[0.0], [1.0]], [[1.0], [3.0]]).numpy()
        np.float32(2.5)
        >>> mse([[0.0], [1.0]], [[1.0], [3.0]], sample_weight=[0.5, 0.25]).numpy()
        np.float32(0.75)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of |y_true - y_pred|.

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """100 times the mean of |(y_true - y_pred) / y_true|.

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ):
        super().__init__(
            mean_absolute_percentage_error, reduction=reduction, name=name, dtype=dtype
        )


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of (log(y_true + 1) - log(y_pred + 1))².

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ):
        super().__init__(
            mean_squared_logarithmic_error, reduction=reduction, name=name, dtype=dtype
        )


class LogCosh(LossFunctionWrapper):
    """The mean of log(cosh(y_pred - y_true)).

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: Any = None,
    ):
        super().__init__(log_cosh, reduction=reduction, name=name, dtype=dtype)


class Huber(LossFunctionWrapper):
    """A square for small errors, a straight line for large ones, which then pull less.

    Args:
        delta: the error at which the square becomes a line.
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, reduction=reduction, name=name, dtype=dtype, delta=delta)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between y_true and y_pred: -1 for the same direction.

    Args:
        axis: along which the vectors lie.
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(cosine_similarity, reduction=reduction, name=name, dtype=dtype, axis=axis)

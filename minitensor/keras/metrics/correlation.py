"""Correlations: whether predictions rise where labels rise."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras.losses.ranks import as_floats, same_rank
from minitensor.keras.metrics.reduction import MeanMetricWrapper

__all__ = [
    "ConcordanceCorrelation",
    "PearsonCorrelation",
    "concordance_correlation",
    "pearson_correlation",
]

EPSILON = 1e-7


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Covariance over the product of the standard deviations: 1 where one is a line of the other.

    Shape: (…, n, …), same → without `axis`.
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    y_true = y_true - ops.reduce_mean(y_true, axis=axis, keepdims=True)
    y_pred = y_pred - ops.reduce_mean(y_pred, axis=axis, keepdims=True)
    y_true = y_true / ops.reduce_std(y_true, axis=axis, keepdims=True)
    y_pred = y_pred / ops.reduce_std(y_pred, axis=axis, keepdims=True)
    return ops.reduce_mean(y_true * y_pred, axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation, less what means and spreads differ: 1 only where both are equal.

    Shape: (…, n, …), same → without `axis`.

    Source: Lin 1989, "A concordance correlation coefficient to evaluate reproducibility".
    """
    y_true, y_pred = same_rank(*as_floats(y_true, y_pred))
    mean = ops.reduce_mean(y_true, axis=axis, keepdims=True)
    mean_pred = ops.reduce_mean(y_pred, axis=axis, keepdims=True)
    spread = ops.reduce_variance(y_true, axis=axis, keepdims=True)
    spread_pred = ops.reduce_variance(y_pred, axis=axis, keepdims=True)
    shared = (y_true - mean_pred) * (y_pred - mean_pred)
    norm = spread + spread_pred + ops.squared_difference(mean, mean_pred)
    return ops.reduce_mean(2.0 * shared / (norm + EPSILON), axis=axis)


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of Pearson's correlations of labels and predictions.

    Args:
        name, dtype: as for `Metric`.
        axis: along which the numbers lie.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.PearsonCorrelation()
        >>> metric([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]]).numpy().round(4)
        np.float32(1.0)
    """

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of the concordance correlations of labels and predictions.

    Args:
        name, dtype: as for `Metric`.
        axis: along which the numbers lie.
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1
    ):
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=axis)

"""Metrics of predicted numbers: how far they are from the right ones."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras import losses
from minitensor.keras.losses.ranks import in_dtype, same_rank
from minitensor.keras.metrics.reduction import Mean, MeanMetricWrapper

__all__ = [
    "CosineSimilarity",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "RootMeanSquaredError",
    "cosine_similarity",
]


class MeanSquaredError(MeanMetricWrapper):
    """The mean of (y_true - y_pred)².

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(losses.mean_squared_error, name=name, dtype=dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |y_true - y_pred|.

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_error, name=name, dtype=dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """100 times the mean of |(y_true - y_pred) / y_true|.

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_percentage_error, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(y_true + 1) - log(y_pred + 1))².

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None):
        super().__init__(losses.mean_squared_logarithmic_error, name=name, dtype=dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(y_pred - y_true)).

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None):
        super().__init__(losses.log_cosh, name=name, dtype=dtype)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between two vectors: 1 for the same direction.

    Shape: (…, n, …), same → without `axis`. The loss of this name has the other sign.
    """
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between y_true and y_pred: 1 for the same direction.

    Args:
        name, dtype: as for `Metric`.
        axis: along which the vectors lie.
    """

    _direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(cosine_similarity, name=name, dtype=dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """The square root of the mean of (y_true - y_pred)².

    Args:
        name, dtype: as for `Metric`.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.RootMeanSquaredError()
        >>> metric([[0.0], [0.0]], [[1.0], [7.0]]).numpy()
        np.float32(5.0)
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(  # pyright: ignore[reportIncompatibleMethodOverride] - a mean of two things
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Count a batch.

        Shape: (batch, …), same, weights of the first axes.
        """
        y_true, y_pred = same_rank(in_dtype(y_true, self._dtype), in_dtype(y_pred, self._dtype))
        super().update_state(ops.squared_difference(y_true, y_pred), sample_weight)

    def result(self) -> Any:
        """The root of the mean so far.

        Shape: ().
        """
        return ops.sqrt(super().result())

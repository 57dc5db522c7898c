"""Metrics of predicted probabilities."""

from __future__ import annotations

from typing import Any

from minitensor.keras import losses
from minitensor.keras.metrics.reduction import MeanMetricWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "Poisson",
    "SparseCategoricalCrossentropy",
]


class BinaryCrossentropy(MeanMetricWrapper):
    """Cross-entropy of yes-or-no labels: each prediction is the probability of 1.

    Args:
        name, dtype: as for `Metric`.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: how far labels are drawn towards equal probabilities, 0 to 1.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ):
        super().__init__(
            losses.binary_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """Cross-entropy of one class of several; labels are one-hot, or probabilities.

    Args:
        name, dtype: as for `Metric`.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: how far labels are drawn towards equal probabilities, 0 to 1.
        axis: along which the classes lie.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ):
        super().__init__(
            losses.categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Cross-entropy of one class of several; labels are class numbers.

    Args:
        name, dtype: as for `Metric`.
        from_logits: whether predictions are logits, not probabilities.
        ignore_class: a class number that marks losses of 0.
        axis: along which the classes lie.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        super().__init__(
            losses.sparse_categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class KLDivergence(MeanMetricWrapper):
    """How much longer messages get that are coded for y_pred when y_true is true: Σ t log(t / p).

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None):
        super().__init__(losses.kl_divergence, name=name, dtype=dtype)


class Poisson(MeanMetricWrapper):
    """Loss of predicted counts: the mean of y_pred - y_true log(y_pred).

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None):
        super().__init__(losses.poisson, name=name, dtype=dtype)

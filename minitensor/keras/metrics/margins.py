"""Metrics of margins: a prediction should lie beyond its label, -1 or 1."""

from __future__ import annotations

from typing import Any

from minitensor.keras import losses
from minitensor.keras.metrics.reduction import MeanMetricWrapper

__all__ = [
    "CategoricalHinge",
    "Hinge",
    "SquaredHinge",
]


class Hinge(MeanMetricWrapper):
    """The mean of max(1 - y_true · y_pred, 0); labels -1 and 1, or 0 and 1.

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None):
        super().__init__(losses.hinge, name=name, dtype=dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of max(1 - y_true · y_pred, 0)²; labels -1 and 1, or 0 and 1.

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None):
        super().__init__(losses.squared_hinge, name=name, dtype=dtype)


class CategoricalHinge(MeanMetricWrapper):
    """How far the strongest wrong class comes within 1 of the right one.

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None):
        super().__init__(losses.categorical_hinge, name=name, dtype=dtype)

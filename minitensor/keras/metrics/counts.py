"""Precision, recall, and the four counts behind them."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras.metrics.metric import Metric
from minitensor.keras.metrics.thresholds import NEVER, checked_thresholds, outcomes
from minitensor.keras.weight import Weight

__all__ = [
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
]


class _Count(Metric):
    """How much has one of the four outcomes, at each threshold."""

    outcome = ""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.thresholds = checked_thresholds(thresholds, 0.5)
        self.accumulator = self.add_variable((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: (batch, …), same, weights of the first axes.
        """
        counts = outcomes([self.outcome], self.thresholds, y_true, y_pred, sample_weight)
        self.accumulator.assign_add(counts[self.outcome])

    def result(self) -> Any:
        """The count so far.

        Shape: (), or (thresholds,) for several.
        """
        return _single(self.accumulator.value())


def _single(values: Any) -> Any:
    """A number for one threshold, a vector for several."""
    return values[0] if values.shape[0] == 1 else values


class FalseNegatives(_Count):
    """How many labels 1 are predicted as 0.

    Args:
        thresholds: predictions above mean 1; 0.5 by default. A list gives as many counts.
        name, dtype: as for `Metric`.
    """

    outcome = "false_negatives"


class FalsePositives(_Count):
    """How many labels 0 are predicted as 1.

    Args:
        thresholds: predictions above mean 1; 0.5 by default. A list gives as many counts.
        name, dtype: as for `Metric`.
    """

    outcome = "false_positives"


class TrueNegatives(_Count):
    """How many labels 0 are predicted as 0.

    Args:
        thresholds: predictions above mean 1; 0.5 by default. A list gives as many counts.
        name, dtype: as for `Metric`.
    """

    outcome = "true_negatives"


class TruePositives(_Count):
    """How many labels 1 are predicted as 1.

    Args:
        thresholds: predictions above mean 1; 0.5 by default. A list gives as many counts.
        name, dtype: as for `Metric`.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.TruePositives()
        >>> metric([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).numpy()
        np.float32(2.0)
    """

    outcome = "true_positives"


class _Share(Metric):
    """True positives among them and one kind of errors, at each threshold."""

    _direction = "up"
    errors = ""
    true_positives: Weight

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.top_k, self.class_id = top_k, class_id
        self.thresholds = checked_thresholds(thresholds, 0.5 if top_k is None else NEVER)
        for outcome in ("true_positives", self.errors):
            setattr(self, outcome, self.add_variable((len(self.thresholds),), name=outcome))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: (batch, …), same, weights of the first axes.
        """
        counts = outcomes(
            ("true_positives", self.errors), self.thresholds, y_true, y_pred, sample_weight,
            top_k=self.top_k, class_id=self.class_id,
        )  # fmt: skip
        for outcome, count in counts.items():
            getattr(self, outcome).assign_add(count)

    def result(self) -> Any:
        """The share so far, 0 where there is nothing to share.

        Shape: (), or (thresholds,) for several.
        """
        right = self.true_positives.value()
        return _single(ops.divide_no_nan(right, right + getattr(self, self.errors)))


class Precision(_Share):
    """How many of those predicted as 1 are: true positives / (true + false positives).

    Args:
        thresholds: predictions above mean 1; 0.5 by default. A list gives as many results.
        top_k: among how many of the last axis a prediction must be to mean 1.
        class_id: the only entry of the last axis that counts.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a threshold outside of [0, 1].

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.Precision()
        >>> metric([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).numpy()
        np.float32(0.6666667)
    """

    errors = "false_positives"


class Recall(_Share):
    """How many of those that are 1 are found: true positives / (true positives + false negatives).

    Args:
        thresholds: predictions above mean 1; 0.5 by default. A list gives as many results.
        top_k: among how many of the last axis a prediction must be to mean 1.
        class_id: the only entry of the last axis that counts.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a threshold outside of [0, 1].
    """

    errors = "false_negatives"

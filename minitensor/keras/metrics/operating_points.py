"""The best of one rate while another keeps to a bound: where to put the threshold."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.metrics.metric import Metric
from minitensor.keras.metrics.thresholds import SIDES, outcomes
from minitensor.keras.weight import Weight

__all__ = [
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]

RATES = {
    "sensitivity": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
    "precision": ("true_positives", "false_positives"),
    "recall": ("true_positives", "false_negatives"),
}
"""Each rate is the first count among both."""


class _BestRate(Metric):
    """The largest `best` over all thresholds at which `bounded` is at least a bound."""

    _direction = "up"
    best, bounded = "", ""

    def __init__(
        self,
        bound: float,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: Any,
    ):
        super().__init__(name=name, dtype=dtype)
        if not 0 <= bound <= 1:
            raise self._wrong(f"`{self.bounded}` must be in the range [0, 1]",
                              f"{self.bounded}={bound}")  # fmt: skip
        if num_thresholds <= 0:
            raise self._wrong("`num_thresholds` must be an integer > 0",
                              f"num_thresholds={num_thresholds}")  # fmt: skip
        self.bound, self.class_id, last = bound, class_id, num_thresholds - 1
        self.thresholds = [i / last for i in range(num_thresholds)] if last else [0.5]
        self.counts: dict[str, Weight] = {
            name: self.add_variable((num_thresholds,), name=name) for name in SIDES
        }

    def _wrong(self, rule: str, given: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            message(type(self).__name__, "", f"Argument {rule}. Received: {given}",
                    "rates are shares of 1, and each threshold gives one of each",
                    "for example 0.5 and 200 thresholds")
        )  # fmt: skip

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: (batch, …), same, weights of the first axes.
        """
        counts = outcomes(list(SIDES), self.thresholds, y_true, y_pred, sample_weight,
                          class_id=self.class_id)  # fmt: skip
        for name, count in counts.items():
            self.counts[name].assign_add(count)

    def result(self) -> Any:
        """The best rate so far, 0 if the bound was never kept.

        Shape: ().
        """
        rates = {}
        for rate in (self.best, self.bounded):
            right, wrong = (self.counts[name].value() for name in RATES[rate])
            rates[rate] = ops.divide_no_nan(right, right + wrong)
        kept = ops.cast(rates[self.bounded] >= self.bound, "float32")
        return ops.reduce_max(kept * rates[self.best])


class SensitivityAtSpecificity(_BestRate):
    """The best sensitivity (of what is 1, how much is found) at a given specificity.

    Args:
        specificity: of what is 0, how much is left alone, at least.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only entry of the last axis that counts.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a specificity outside of [0, 1].

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.SensitivityAtSpecificity(0.5)
        >>> metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]).numpy()
        np.float32(0.5)
    """

    best, bounded = "sensitivity", "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestRate):
    """The best specificity (of what is 0, how much is left alone) at a given sensitivity.

    Args:
        sensitivity: of what is 1, how much is found, at least.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only entry of the last axis that counts.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a sensitivity outside of [0, 1].
    """

    best, bounded = "specificity", "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestRate):
    """The best precision (of what is predicted as 1, how much is) at a given recall.

    Args:
        recall: of what is 1, how much is found, at least.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only entry of the last axis that counts.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a recall outside of [0, 1].
    """

    best, bounded = "precision", "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestRate):
    """The best recall (of what is 1, how much is found) at a given precision.

    Args:
        precision: of what is predicted as 1, how much is, at least.
        num_thresholds: how many thresholds between 0 and 1 are tried.
        class_id: the only entry of the last axis that counts.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a precision outside of [0, 1].
    """

    best, bounded = "recall", "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(precision, num_thresholds, class_id, name, dtype)

"""R²: how much of the variance of the labels a model explains."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype, same_rank
from minitensor.keras.metrics.f_score import require_matrices
from minitensor.keras.metrics.metric import Metric
from minitensor.keras.weight import Weight

__all__ = ["R2Score"]


class R2Score(Metric):
    """1 - Σ (y_true - y_pred)² / Σ (y_true - mean)²: 1 is perfect, 0 as good as the mean.

    Args:
        class_aggregation: "uniform_average" for the mean of the outputs' scores,
            "variance_weighted_average" to weigh them by their variance, None for all of them.
        num_regressors: how many inputs the model has, to adjust the score for them; 0 for not. With
            no more samples than that, the score is not adjusted.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for another aggregation, a negative number, and
            for inputs that are no matrices.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.R2Score()
        >>> metric([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]).numpy().round(4)
        np.float32(0.5714)
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        known = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in known:
            raise _wrong("class_aggregation", f"Expected one of {known}", class_aggregation)
        if num_regressors < 0:
            raise _wrong("num_regressors", "Expected a value >= 0", num_regressors)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable(name="num_samples")
        self.sums: dict[str, Weight] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: (batch, outputs), same, weights (batch,).
        """
        y_true, y_pred = same_rank(in_dtype(y_true, self._dtype), in_dtype(y_pred, self._dtype))
        outputs = require_matrices("R2Score", y_true, y_pred)
        if y_true.shape[-1] != outputs:
            raise InvalidArgumentError(
                message("R2Score", f"y_true of shape {tuple(y_true.shape)} and y_pred of shape "
                        f"{tuple(y_pred.shape)}", "they differ in the number of outputs",
                        "each prediction has its own true value", "compare how both were made")
            )  # fmt: skip
        if not self.sums:
            for name in ("squared_sum", "sum", "residual", "count"):
                self.sums[name] = self.add_variable((outputs,), name=name)
        weight = ops.ones_like(y_true)
        if sample_weight is not None:
            given = in_dtype(sample_weight, self._dtype)
            weight = weight * (ops.expand_dims(given, axis=1) if given.ndim == 1 else given)
        parts = {
            "squared_sum": weight * ops.square(y_true),
            "sum": weight * y_true,
            "residual": weight * ops.squared_difference(y_true, y_pred),
            "count": weight,
        }
        for name, part in parts.items():
            self.sums[name].assign_add(ops.reduce_sum(part, axis=0))
        self.num_samples.assign_add(ops.cast(ops.size(y_true), self._dtype))

    def result(self) -> Any:
        """The score so far.

        Shape: (), or (outputs,) without an aggregation.

        Raises:
            InvalidArgumentError: (also a ValueError) before the first batch.
        """
        if not self.sums:
            raise InvalidArgumentError(
                message("R2Score", "", "nothing was counted yet",
                        "the first batch says how many outputs there are",
                        "call update_state first")
            )  # fmt: skip
        squares, total, residual, count = (value.value() for value in self.sums.values())
        variance = squares - total * total / count
        scores = 1.0 - residual / variance
        # An output that never varies counts as explained in no part, not as -infinity.
        scores = ops.where(ops.is_inf(scores), ops.zeros_like(scores), scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.reduce_mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.reduce_sum(variance * scores) / ops.reduce_sum(variance)
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, score: Any) -> Any:
        """The score, less what as many inputs explain by chance."""
        samples = self.num_samples.value()
        rest = samples - float(self.num_regressors) - 1.0
        less = (1.0 - score) * (samples - 1.0) / ops.where(rest > 0.0, rest, 1.0)
        return ops.where(rest > 0.0, 1.0 - less, score)


def _wrong(argument: str, rule: str, value: Any) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("R2Score", "",
                f"Invalid value for argument `{argument}`. {rule}. Received: {argument}={value}",
                "the scores of several outputs are averaged, and may be adjusted for the inputs",
                "leave it out")
    )  # fmt: skip

"""F-scores: precision and recall in one number."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype
from minitensor.keras.metrics.metric import Metric
from minitensor.keras.weight import Weight

__all__ = ["F1Score", "FBetaScore", "require_matrices"]

EPSILON = 1e-7


def require_matrices(name: str, y_true: Any, y_pred: Any) -> int:
    """How many outputs each sample has, where labels and predictions must be matrices.

    Raises:
        InvalidArgumentError: (also a ValueError) when they are not, or the number is not known.
    """
    fault = None
    if y_true.ndim != 2 or y_pred.ndim != 2:
        fault = f"{name} expects 2D inputs with shape (batch_size, output_dim)"
    elif None in (y_true.shape[-1], y_pred.shape[-1]):
        fault = (f"{name} expects 2D inputs with shape (batch_size, output_dim), with output_dim "
                 "fully defined (not None)")  # fmt: skip
    if fault:
        raise InvalidArgumentError(
            message(name, "",
                    f"{fault}. Received input shapes: y_pred.shape={tuple(y_pred.shape)} and "
                    f"y_true.shape={tuple(y_true.shape)}",
                    "each row is a sample, each column a class or output",
                    "use mt.one_hot for class numbers, x[:, None] for single numbers")
        )  # fmt: skip
    return y_pred.shape[-1]


class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall, of each class.

    Args:
        average: None for one score per class; "micro" counts all classes together, "macro" takes
            the mean of the scores, "weighted" weighs them by how often each class occurs.
        beta: how many times as much recall counts as precision.
        threshold: predictions above mean 1; by default only the strongest class of a row does.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for an unknown average, a beta or threshold that
            is no float or out of range, and for inputs that are no matrices.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.FBetaScore(beta=2.0, threshold=0.5)
        >>> y_true = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> metric(y_true, y_pred).numpy().round(4)
        array([0.3846, 0.9091, 0.8333], dtype=float32)
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise _wrong(
                "average", "Expected one of: {None, 'micro', 'macro', 'weighted'}", average
            )
        _check_number("beta", beta, None)
        if threshold is not None:
            _check_number("threshold", threshold, 1.0)
        self.average, self.beta, self.threshold = average, beta, threshold
        self.counts: dict[str, Weight] = {}

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        for name in ("true_positives", "false_positives", "false_negatives",
                     "intermediate_weights"):  # fmt: skip
            self.counts[name] = self.add_variable(shape, name=name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: (batch, classes), same, weights (batch,).
        """
        y_true, y_pred = in_dtype(y_true, self._dtype), in_dtype(y_pred, self._dtype)
        classes = require_matrices("FBetaScore", y_true, y_pred)
        if not self.counts:
            self._build(classes)
        if self.threshold is None:
            largest = ops.reduce_max(y_pred, axis=-1, keepdims=True)
            chosen = (y_pred >= largest) & (ops.abs(y_pred) > 1e-9)
        else:
            chosen = y_pred > self.threshold
        chosen = ops.cast(chosen, self._dtype)
        found = {
            "true_positives": chosen * y_true,
            "false_positives": chosen * (1.0 - y_true),
            "false_negatives": (1.0 - chosen) * y_true,
            "intermediate_weights": y_true,
        }
        axis = None if self.average == "micro" else 0
        for name, values in found.items():
            if sample_weight is not None:
                values = values * ops.expand_dims(in_dtype(sample_weight, self._dtype), axis=1)
            self.counts[name].assign_add(ops.reduce_sum(values, axis=axis))

    def result(self) -> Any:
        """The score so far.

        Shape: (), or (classes,) without an average.

        Raises:
            InvalidArgumentError: (also a ValueError) before the first batch.
        """
        if not self.counts:
            raise InvalidArgumentError(
                message(type(self).__name__, "", "nothing was counted yet",
                        "the first batch says how many classes there are",
                        "call update_state first")
            )  # fmt: skip
        tp, fp, fn, weight = (count.value() for count in self.counts.values())
        precision, recall = tp / (tp + fp + EPSILON), tp / (tp + fn + EPSILON)
        square = self.beta**2
        scores = (1.0 + square) * precision * recall / (square * precision + recall + EPSILON)
        if self.average == "weighted":
            return ops.reduce_sum(scores * weight / (ops.reduce_sum(weight) + EPSILON))
        return scores if self.average is None else ops.reduce_mean(scores)


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, of each class.

    Args:
        average: None for one score per class; "micro" counts all classes together, "macro" takes
            the mean of the scores, "weighted" weighs them by how often each class occurs.
        threshold: predictions above mean 1; by default only the strongest class of a row does.
        name, dtype: as for `Metric`.

    Raises:
        InvalidArgumentError: (also a ValueError) for an unknown average, a threshold that is no
            float or out of range, and for inputs that are no matrices.
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average=average, threshold=threshold, name=name, dtype=dtype)


def _check_number(argument: str, value: Any, most: float | None) -> None:
    if not isinstance(value, float):
        raise _wrong(argument, "It should be a Python float", f"{value} of type '{type(value)}'")
    if value <= 0.0 or (most is not None and value > most):
        end = "be > 0" if most is None else f"verify 0 < {argument} <= {most:g}"
        raise _wrong(argument, f"It should {end}", value)


def _wrong(argument: str, rule: str, value: Any) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("FBetaScore", "",
                f"Invalid `{argument}` argument value. {rule}. Received: {argument}={value}",
                "beta weighs recall against precision, the threshold lies between 0 and 1",
                "leave it out to get the usual F1 score")
    )  # fmt: skip

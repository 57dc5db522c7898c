"""The area under a curve that is drawn by moving a threshold: how well scores sort yes from no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype
from minitensor.keras.metrics.metric import Metric
from minitensor.keras.metrics.thresholds import SIDES, checked_thresholds, outcomes
from minitensor.keras.weight import Weight

__all__ = ["AUC"]

EPSILON = 1e-7
MOST = 1_000_000
CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "minoring", "majoring")


class AUC(Metric):
    """The area under the ROC or precision-recall curve, by sums over its points.

    1 means that every label 1 scores higher than every label 0; with ROC, 0.5 means no better than
    chance.

    Args:
        num_thresholds: how many points the curve has; more are more exact.
        curve: "ROC" (recall over false positive rate), "PR" (precision over recall), or "PRGAIN"
            (both as gains over always saying yes).
        summation_method: what stands between two points: "interpolation" the middle, "minoring" the
            lower, "majoring" the higher one. PR is interpolated as Davis and Goadrich do.
        name, dtype: as for `Metric`.
        thresholds: the inner thresholds themselves, instead of evenly spread ones.
        multi_label: whether every entry of the last axis is a question of its own; the result is
            the mean of their areas.
        num_labels: how many entries those are; otherwise the first batch says it.
        label_weights: the weight of each entry.
        from_logits: whether predictions are logits, not probabilities.

    Raises:
        InvalidArgumentError: (also a ValueError) for an unknown curve or summation method, fewer
            than 2 thresholds, or num_labels without multi_label.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.AUC()
        >>> metric([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).numpy()
        np.float32(0.75)

    Source: Davis and Goadrich 2006, "The Relationship Between Precision-Recall and ROC Curves";
    Flach and Kull 2015, "Precision-Recall-Gain Curves".
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ):
        super().__init__(name=name, dtype=dtype)
        self.curve = _one_of("curve", str(curve).upper(), CURVES, curve)
        method = str(summation_method).lower()
        self.summation_method = _one_of("summation method", method, SUMMATIONS, summation_method)
        self.thresholds = _points(num_thresholds, thresholds)
        self.num_thresholds = len(self.thresholds)
        if num_labels and not multi_label:
            raise _wrong("`num_labels` is needed only when `multi_label` is True",
                         "one question has one curve", "pass multi_label=True")  # fmt: skip
        self.multi_label, self.from_logits = multi_label, from_logits
        self.label_weights = None if label_weights is None else in_dtype(label_weights, "float32")
        self.counts: dict[str, Weight] = {}
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    def _build(self, labels: tuple) -> None:
        for name in SIDES:
            self.counts[name] = self.add_variable((self.num_thresholds, *labels), name=name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: (batch, …), same, weights of the first axes; with multi_label (batch, labels).
        """
        y_pred = in_dtype(y_pred, "float32")
        if self.multi_label and y_pred.ndim != 2:
            raise _wrong("`y_pred` must have rank 2 when `multi_label=True`. Found rank "
                         f"{y_pred.ndim}. Full shape received for `y_pred`: {tuple(y_pred.shape)}",
                         "each row has one score per label", "reshape y_pred")  # fmt: skip
        if not self.counts:
            self._build((y_pred.shape[-1],))
        counts = outcomes(
            list(SIDES), self.thresholds, y_true,
            ops.sigmoid(y_pred) if self.from_logits else y_pred, sample_weight,
            by_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )  # fmt: skip
        for name, count in counts.items():
            self.counts[name].assign_add(count)

    def result(self) -> Any:
        """The area so far, 0 before the first batch.

        Shape: ().
        """
        if not self.counts:
            return ops.zeros(())
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._over_labels(self._interpolated())
        x, y = self._curve()
        if self.summation_method == "interpolation":
            height = (y[:-1] + y[1:]) / 2.0
        else:
            between = ops.minimum if self.summation_method == "minoring" else ops.maximum
            height = between(y[:-1], y[1:])
        return self._over_labels((x[:-1] - x[1:]) * height)

    def _curve(self) -> tuple[Any, Any]:
        """The x and y of each point."""
        tp, fp, tn, fn = (self.counts[name].value() for name in SIDES)
        recall = ops.divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return ops.divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, ops.divide_no_nan(tp, tp + fp)
        odds = ops.divide_no_nan(tp + fn, tn + fp)
        found = ops.cast(tp > 0.0, "float32")
        recall_gain = found * (1.0 - odds * ops.divide_no_nan(fn, tp))
        precision_gain = 1.0 - found * odds * ops.divide_no_nan(fp, tp)
        return ops.maximum(recall_gain, 0.0), precision_gain

    def _interpolated(self) -> Any:
        """The area between each two points of the precision-recall curve.

        Between two points, true and all positives grow in proportion: tp = slope · p + intercept.
        """
        tp, fp, _, fn = (self.counts[name].value() for name in SIDES)
        p = tp + fp
        gained = tp[:-1] - tp[1:]
        slope = ops.divide_no_nan(gained, ops.maximum(p[:-1] - p[1:], 0.0))
        intercept = tp[1:] - slope * p[1:]
        both = (p[:-1] > 0.0) & (p[1:] > 0.0)
        ratio = ops.where(both, ops.divide_no_nan(p[:-1], p[1:]), ops.ones_like(p[1:]))
        area = slope * (gained + intercept * ops.log(ratio))
        return ops.divide_no_nan(area, tp[1:] + fn[1:])

    def _over_labels(self, parts: Any) -> Any:
        """The sum of the parts; with several labels, the weighted mean of their sums."""
        if not self.multi_label:
            return ops.reduce_sum(parts)
        areas = ops.reduce_sum(parts, axis=0)
        if self.label_weights is None:
            return ops.reduce_mean(areas)
        total = ops.reduce_sum(areas * self.label_weights)
        return ops.divide_no_nan(total, ops.reduce_sum(self.label_weights))


def _points(count: int, inner: Sequence[float] | None) -> list[float]:
    """Thresholds from just below 0 to just above 1, so that the curve has both its ends."""
    if inner is None:
        if not 1 < count <= MOST:
            raise _wrong("Argument `num_thresholds` must be an integer > 1. Received: "
                         f"num_thresholds={count}",
                         f"a curve has two ends, and at most {MOST} points", "use 200")  # fmt: skip
        inner = [i / (count - 1) for i in range(1, count - 1)]
    return [-EPSILON, *sorted(checked_thresholds(list(inner), 0.5)), 1.0 + EPSILON]


def _one_of(what: str, value: str, known: Sequence[str], given: Any) -> str:
    if value in known:
        return value
    raise _wrong(f'Invalid AUC {what} value: "{given}". Expected values are {list(known)}',
                 "it says which area is meant", f"use {known[0]!r}")  # fmt: skip


def _wrong(fault: str, rule: str, fix: str) -> InvalidArgumentError:
    return InvalidArgumentError(message("AUC", "", fault, rule, fix))

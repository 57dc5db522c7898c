"""Who is found and who is missed, if predictions above a threshold mean yes.

For each of several thresholds, `outcomes` counts true and false positives and negatives: what
precision, recall and the area under a curve are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import check_same_shape, in_dtype, same_rank

__all__ = ["SIDES", "checked_thresholds", "evenly_spread", "outcomes"]

NEVER = -1e10
"""What predictions that are not among the top k become: below every threshold."""
SIDES = {
    "true_positives": (True, True),
    "false_positives": (False, True),
    "true_negatives": (False, False),
    "false_negatives": (True, False),
}
"""For each outcome, the label and the prediction."""


def checked_thresholds(thresholds: Any, default: float) -> list[float]:
    """One threshold or several, as a list.

    Raises:
        InvalidArgumentError: (also a ValueError) for one outside of [0, 1].
    """
    if thresholds is None:
        return [default]
    thresholds = list(thresholds) if isinstance(thresholds, (list, tuple)) else [thresholds]
    wrong = [t for t in thresholds if t is None or not 0 <= t <= 1]
    if wrong:
        raise InvalidArgumentError(
            message("thresholds", "", f"Threshold values must be in [0, 1]. Received: {wrong}",
                    "predictions are probabilities, and one above the threshold means yes",
                    "apply a sigmoid to logits, and give thresholds like 0.5")
        )  # fmt: skip
    return thresholds


def evenly_spread(thresholds: Sequence[float]) -> bool:
    """Whether the thresholds cut [0, 1] into equal parts, so that they need not be searched."""
    last = len(thresholds) - 1
    return last >= 2 and all(
        abs(t - i / last) <= 2e-7 + 1e-5 * i / last for i, t in enumerate(thresholds)
    )


def outcomes(
    wanted: Sequence[str],
    thresholds: Sequence[float],
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    *,
    top_k: int | None = None,
    class_id: int | None = None,
    by_label: bool = False,
    label_weights: Any = None,
) -> dict[str, Any]:
    """The weight of what has each wanted outcome, at each threshold.

    Args:
        wanted: names of `SIDES`.
        thresholds: what predictions must exceed to mean yes.
        y_true: labels, 0 for no.
        y_pred: predictions.
        sample_weight: weights of samples.
        top_k: among how many of the last axis a prediction must be.
        class_id: the only entry of the last axis that counts.
        by_label: whether to count each entry of the last axis for itself.
        label_weights: weights of the entries of the last axis.

    Shape: (batch, …), same, weights of the first axes → (thresholds,), or (thresholds, labels).

    Raises:
        InvalidArgumentError: (also a ValueError) when labels and predictions differ in shape,
            and for class_id where there is one axis only.
    """
    y_pred, y_true = same_rank(in_dtype(y_pred, "float32"), in_dtype(y_true, "float32"))
    check_same_shape("metric", y_true, y_pred)
    weight = None if sample_weight is None else _per_label(sample_weight, y_true)
    if top_k is not None:
        y_pred = _only_top(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = _of_class(y_true, class_id), _of_class(y_pred, class_id)
    truth = ops.cast(ops.not_equal(y_true, 0.0), "float32")
    masses = {True: truth, False: 1.0 - truth}
    for factor in (weight, label_weights):
        if factor is not None:
            masses = {label: mass * factor for label, mass in masses.items()}
    labels = y_pred.shape[-1] if by_label else 1
    masses = {label: ops.reshape(mass, (-1, labels)) for label, mass in masses.items()}
    y_pred = ops.reshape(y_pred, (-1, labels))
    count = _count_evenly if evenly_spread(thresholds) else _count_each
    counts = count(wanted, thresholds, masses, y_pred)
    return counts if by_label else {name: x[:, 0] for name, x in counts.items()}


def _per_label(sample_weight: Any, y_true: Any) -> Any:
    """Weights of samples, for each entry of the last axis."""
    weight = ops.expand_dims(in_dtype(sample_weight, "float32"), axis=-1)
    return same_rank(y_true, weight, expand_rank_1=False)[1]


def _only_top(x: Any, k: int) -> Any:
    """Below every threshold, unless among the k largest of the last axis."""
    _, places = ops.top_k(x, k)
    top = ops.reduce_sum(ops.one_hot(places, x.shape[-1]), axis=-2)
    return x * top + NEVER * (1.0 - top)


def _of_class(x: Any, class_id: int) -> Any:
    if x.ndim < 2:
        raise InvalidArgumentError(
            message("class_id", "",
                    "When class_id is provided, y_pred must be a 2D array with shape "
                    f"(num_samples, num_classes), found shape: {tuple(x.shape)}",
                    "class_id chooses an entry of the last axis", "leave out class_id")
        )  # fmt: skip
    return x[..., class_id : class_id + 1]


def _count_each(
    wanted: Sequence[str], thresholds: Sequence[float], masses: dict, y_pred: Any
) -> dict[str, Any]:
    """Compare every prediction with every threshold."""
    above = y_pred > ops.reshape(ops.cast(list(thresholds), "float32"), (-1, 1, 1))
    counts = {}
    for name in wanted:
        label, positive = SIDES[name]
        side = above if positive else ops.logical_not(above)
        counts[name] = ops.reduce_sum(ops.cast(side, "float32") * masses[label], axis=1)
    return counts


def _count_evenly(
    wanted: Sequence[str], thresholds: Sequence[float], masses: dict, y_pred: Any
) -> dict[str, Any]:
    """Sort every prediction into the part of [0, 1] where it lies, and add up from the last part.

    With 200 thresholds this is 200 times less work than comparing with each.
    """
    parts, labels = len(thresholds), y_pred.shape[-1]
    place = ops.ceil(ops.clip_by_value(y_pred, 0.0, 1.0) * float(parts - 1)) - 1.0
    if thresholds[0] < 0:
        place = ops.maximum(place, 0.0)
    place = ops.cast(ops.where(place >= 0.0, place, -1.0), "int32")  # also of NaN, which is nowhere
    part = ops.where(place < 0, -1, place * labels + ops.range(labels))
    totals, above = {}, {}
    for label in {SIDES[name][0] for name in wanted}:
        each = ops.unsorted_segment_sum(masses[label], part, parts * labels)
        above[label] = ops.cumsum(ops.reshape(each, (parts, labels)), axis=0, reverse=True)
        totals[label] = ops.reduce_sum(masses[label], axis=0)
    return {
        name: above[label] if positive else totals[label] - above[label]
        for name, (label, positive) in ((name, SIDES[name]) for name in wanted)
    }

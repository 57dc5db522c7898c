"""From one loss per sample to one number: weights, masks and the way to average."""

from __future__ import annotations

from math import prod
from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype, same_rank

__all__ = ["Reduction", "apply_mask", "checked_reduction", "reduce_weighted"]

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Reduction:
    """The ways to reduce, as older texts spell them: `Reduction.SUM` for "sum"."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"


def checked_reduction(reduction: Any) -> str | None:
    """A way to reduce, as it was given; "auto" is the old name of "sum_over_batch_size".

    Raises:
        InvalidArgumentError: (also a ValueError) for any other.
    """
    if reduction == "auto":
        return "sum_over_batch_size"
    if reduction not in REDUCTIONS:
        raise InvalidArgumentError(
            message("Loss", "",
                    "Invalid value for argument `reduction`. Expected one of "
                    f"{REDUCTIONS}. Received: reduction={reduction}",
                    "it says how the losses of the samples become one number",
                    "leave it out to get their mean, or use 'sum' or None")
        )  # fmt: skip
    return reduction


def reduce_weighted(values: Any, sample_weight: Any, mask: Any, reduction: str | None) -> Any:
    """Multiply by the weights, leave out what is masked, and reduce.

    Shape: any, weights of that shape, of its first axes, or that broadcast → (), or any without a
    reduction. The weighted sum is divided by the number of values, not by the sum of the weights:
    samples that weigh less also count for less.
    """
    weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if weight is not None:
        values, weight = same_rank(values, in_dtype(weight, values.dtype))
        values = values * weight
    if reduction in (None, "none") or tuple(values.shape) in ((), (0,)):
        return values
    if reduction == "sum":
        return ops.reduce_sum(values)
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide_no_nan(ops.reduce_sum(values), ops.reduce_sum(weight))
    if None not in values.shape and prod(values.shape):
        return ops.reduce_mean(values)
    count = ops.cast(ops.size(values), dtype=values.dtype)
    return ops.divide_no_nan(ops.reduce_sum(values), count)


def apply_mask(sample_weight: Any, mask: Any, dtype: Any, reduction: str | None) -> Any:
    """Weights that are 0 where a mask is False; None if there is neither.

    Shape: weights and mask whose ranks differ by at most one → their broadcast. For a mean, what
    is left weighs more, so that dividing by the number of all values gives the mean of the rest.
    """
    if mask is None:
        return sample_weight
    weight = in_dtype(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        total = ops.cast(ops.size(weight), dtype=dtype)
        weight = weight * ops.divide_no_nan(total, ops.reduce_sum(weight))
    if sample_weight is None:
        return weight
    weight, given = same_rank(weight, in_dtype(sample_weight, dtype))
    return weight * given

"""From one loss per sample to one number: weights, masks and the way to average."""

from __future__ import annotations

from math import prod
from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype, same_rank

__all__ = ["Reduction", "along_first_axes", "apply_mask", "checked_reduction", "reduce_weighted"]

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
        values = values * along_first_axes(weight, values)
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
    if weight.ndim < given.ndim:
        return along_first_axes(weight, given) * given
    return weight * along_first_axes(given, weight)


def along_first_axes(weight: Any, values: Any) -> Any:
    """Weights with as many axes as the values: a weight of a sample counts for all of it.

    Raises:
        InvalidArgumentError: (also a ValueError) when their sizes do not fit.
    """
    pairs = zip(weight.shape, values.shape, strict=False)
    if weight.ndim > values.ndim or any(w not in (1, v) and None not in (w, v) for w, v in pairs):
        raise InvalidArgumentError(
            message("sample_weight", f"weights of shape {tuple(weight.shape)} for values of shape "
                    f"{tuple(values.shape)}", "their sizes differ",
                    "there is one weight for each sample, or for each step of each sample",
                    "check the shape of sample_weight (or of the mask)")
        )  # fmt: skip
    if 0 < weight.ndim < values.ndim:
        weight = ops.expand_dims(weight, axis=list(range(weight.ndim, values.ndim)))
    return weight

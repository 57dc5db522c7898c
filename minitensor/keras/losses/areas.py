"""Losses of predicted areas, as in image segmentation: how little they cover the true ones."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras.losses.crossentropy import EPSILON
from minitensor.keras.losses.loss import LossFunctionWrapper
from minitensor.keras.losses.ranks import as_floats

__all__ = [
    "Dice",
    "Tversky",
    "dice",
    "tversky",
]


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 |true and predicted| / (|true| + |predicted|): 0 when two areas cover each other.

    Shape: any, same → without the axes of `axis`; () without one.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.losses.dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).numpy().round(4)
        np.float32(0.3333)
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    both = ops.reduce_sum(y_true * y_pred, axis=axis)
    either = ops.reduce_sum(y_true, axis=axis) + ops.reduce_sum(y_pred, axis=axis)
    return 1.0 - 2.0 * both / (either + EPSILON)


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """`dice` in which what is missed counts `alpha`, and what is predicted in vain `beta`.

    Shape: any, same → without the axes of `axis`; () without one.

    Source: Salehi et al. 2017, "Tversky loss function for image segmentation".
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    both = ops.reduce_sum(y_true * y_pred, axis=axis)
    missed = ops.reduce_sum((1.0 - y_pred) * y_true, axis=axis)
    vain = ops.reduce_sum(y_pred * (1.0 - y_true), axis=axis)
    return 1.0 - both / (both + missed * alpha + vain * beta + EPSILON)


class Dice(LossFunctionWrapper):
    """How little two areas cover each other, from 0 (wholly) to 1 (not at all).

    Args:
        axis: the axes that an area covers; all by default.
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(dice, reduction=reduction, name=name, dtype=dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """`Dice` in which what is missed and what is predicted in vain count differently.

    Args:
        alpha: the weight of what is missed.
        beta: the weight of what is predicted in vain.
        axis: the axes that an area covers; all by default.
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(tversky, reduction=reduction, name=name, dtype=dtype,
                         alpha=alpha, beta=beta, axis=axis)  # fmt: skip

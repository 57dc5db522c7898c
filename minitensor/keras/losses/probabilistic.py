"""Losses of predicted probabilities, as classes."""

from __future__ import annotations

from typing import Any

from minitensor.keras.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from minitensor.keras.losses.loss import LossFunctionWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "Poisson",
    "SparseCategoricalCrossentropy",
]


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of yes-or-no labels: each prediction is the probability of 1.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: how far labels are drawn towards equal probabilities, 0 to 1.
        axis: along which the mean is taken.
        reduction, name, dtype: as for `Loss`.

    Raises:
        InvalidArgumentError: (also a ValueError) when labels and predictions differ in shape.

    Example:
        >>> import minitensor as mt
        >>> loss = mt.keras.losses.BinaryCrossentropy(from_logits=True)
        >>> loss([[1.0], [0.0]], [[0.0], [-1000.0]]).numpy()
        np.float32(0.3465736)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one class of several; labels are one-hot, or probabilities.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: how far labels are drawn towards equal probabilities, 0 to 1.
        axis: along which the classes lie.
        reduction, name, dtype: as for `Loss`.

    Raises:
        InvalidArgumentError: (also a ValueError) when labels and predictions differ in shape.

    Example:
        >>> import minitensor as mt
        >>> loss = mt.keras.losses.CategoricalCrossentropy()
        >>> loss([[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25]]).numpy()
        np.float32(0.6931472)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one class of several; labels are class numbers.

    Args:
        from_logits: whether predictions are logits, not probabilities.
        ignore_class: a class number that marks what does not count.
        axis: along which the classes lie: the last.
        reduction, name, dtype: as for `Loss`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a label that is no class.

    Example:
        >>> import minitensor as mt
        >>> loss = mt.keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
        >>> loss([1, -1], [[0.5, 0.5], [0.9, 0.1]]).numpy()
        np.float32(0.6931472)
    """

    labels_keep_dtype = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class KLDivergence(LossFunctionWrapper):
    """How much longer messages get that are coded for y_pred when y_true is true: Σ t log(t / p).

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: Any = None,
    ):
        super().__init__(kl_divergence, reduction=reduction, name=name, dtype=dtype)


class Poisson(LossFunctionWrapper):
    """Loss of predicted counts: the mean of y_pred - y_true log(y_pred).

    Args:
        reduction, name, dtype: as for `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: Any = None,
    ):
        super().__init__(poisson, reduction=reduction, name=name, dtype=dtype)

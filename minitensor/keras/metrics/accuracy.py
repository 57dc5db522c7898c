"""Accuracies: how often a prediction is right."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype, same_rank
from minitensor.keras.metrics.reduction import MeanMetricWrapper
from minitensor.op import convert

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _agree(x: Any, y: Any) -> Any:
    """1 where two are equal, else 0."""
    return ops.cast(ops.equal(x, y), dtype="float32")


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where label and prediction are equal, else 0.

    Shape: any, same → same; float32.
    """
    y_pred = convert(y_pred)
    return _agree(*same_rank(in_dtype(y_true, y_pred.dtype), y_pred))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where a label 0 or 1 is on the same side of the threshold as the prediction, else 0.

    Shape: any, same → same; float32. A prediction that equals the threshold means 0.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.metrics.binary_accuracy([1.0, 1.0, 0.0], [0.9, 0.5, 0.5]).numpy()
        array([1., 0., 1.], dtype=float32)
    """
    y_true, y_pred = same_rank(convert(y_true), convert(y_pred))
    if not y_pred.dtype.is_floating:
        y_pred = ops.cast(y_pred, dtype="float32")
    return _agree(y_true, ops.cast(y_pred > threshold, dtype=y_true.dtype))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the strongest class is that of the one-hot label, else 0.

    Shape: (batch, …, classes), same → (batch, …); float32. Of equally strong ones the first counts.
    """
    return _agree(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the strongest class is the one that the label numbers, else 0.

    Shape: (batch, …) or (batch, …, 1), (batch, …, classes) → (batch, …); float32. Of equally strong
    ones the first counts.

    Example:
        >>> import minitensor as mt
        >>> y_pred = [[0.1, 0.6, 0.3], [0.0, 1.0, 0.0]]
        >>> mt.keras.metrics.sparse_categorical_accuracy([2, 1], y_pred).numpy()
        array([0., 1.], dtype=float32)
    """
    y_true, y_pred = convert(y_true), convert(y_pred)
    if y_true.ndim == y_pred.ndim != 0 and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    return _agree(y_true, in_dtype(ops.argmax(y_pred, axis=-1), y_true.dtype))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the class of the one-hot label is among the k strongest, else 0.

    Shape: (batch, …, classes), same → (batch, …); float32.
    """
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """1 where the class that the label numbers is among the k strongest, else 0.

    Shape: (batch, …), (batch, …, classes) → (batch, …); float32. With from_sorted_ids, y_pred holds
    class numbers, the strongest first.
    """
    y_true, y_pred = convert(y_true), convert(y_pred)
    if not y_pred.ndim:
        raise InvalidArgumentError(
            message("sparse_top_k_categorical_accuracy", "y_pred of shape ()", "it has no classes",
                    "the classes lie along the last axis", "give one number for each class")
        )  # fmt: skip
    rows = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
    labels = ops.reshape(y_true, (-1,))
    if from_sorted_ids:
        labels = ops.expand_dims(in_dtype(labels, rows.dtype), axis=1)
        hits = ops.reduce_any(ops.equal(labels, rows[:, :k]), axis=1)
    else:
        hits = ops.in_top_k(in_dtype(labels, "int32"), rows, k=k)
    hits = ops.cast(hits, dtype="float32")
    return ops.reshape(hits, ops.shape(y_true)) if y_true.ndim > 1 else hits


class Accuracy(MeanMetricWrapper):
    """How often labels and predictions are equal.

    Args:
        name, dtype: as for `Metric`.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]).numpy()
        np.float32(0.75)
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name=name, dtype=dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often a probability is on the right side of a threshold.

    Args:
        name, dtype: as for `Metric`.
        threshold: predictions above it mean 1; the threshold itself means 0.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: Any = None,
        threshold: float = 0.5,
    ):
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the strongest class is that of the one-hot label.

    Args:
        name, dtype: as for `Metric`.
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the strongest class is the one that the label numbers.

    Args:
        name, dtype: as for `Metric`.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.SparseCategoricalAccuracy()
        >>> metric([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]]).numpy()
        np.float32(0.5)
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of the one-hot label is among the k strongest.

    Args:
        k: how many classes may be as strong or stronger.
        name, dtype: as for `Metric`.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: Any = None,
    ):
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class that the label numbers is among the k strongest.

    Args:
        k: how many classes may be as strong or stronger.
        name, dtype: as for `Metric`.
        from_sorted_ids: whether predictions are class numbers, the strongest first.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        super().__init__(
            sparse_top_k_categorical_accuracy,
            name=name,
            dtype=dtype,
            k=k,
            from_sorted_ids=from_sorted_ids,
        )

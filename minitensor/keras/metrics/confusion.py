"""`ConfusionMatrix`: which classes are taken for which."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype
from minitensor.keras.metrics.metric import Metric

__all__ = ["ConfusionMatrix", "class_numbers", "weights_of"]


class ConfusionMatrix(Metric):
    """How often each label (row) was predicted as each class (column).

    `fit` keeps the matrix of each epoch in its history, and leaves it out of the progress bar.

    Args:
        num_classes: how many classes there are.
        name: as for `Metric`.
        dtype: of the matrix, int64 by default: take "float32" for sample weights that are not
            whole.
        sparse_y_true: whether labels are class numbers, else one number per class.
        sparse_y_pred: whether predictions are class numbers, else one number per class, such as
            logits or probabilities: the largest counts.
        axis: where the classes lie if they are not sparse.

    Raises:
        InvalidArgumentError: (also a ValueError) for a number of classes below 1.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.ConfusionMatrix(3, sparse_y_pred=True)
        >>> metric([0, 1, 2, 2], [0, 1, 2, 0]).numpy()
        array([[1, 0, 0],
               [0, 1, 0],
               [1, 0, 1]])
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype=dtype or "int64")
        if not isinstance(num_classes, int) or num_classes < 1:
            raise InvalidArgumentError(
                message("ConfusionMatrix", f"num_classes={num_classes!r}",
                        "it is not a positive whole number", "there is a row for each class",
                        "pass the number of classes, such as num_classes=10")
            )  # fmt: skip
        self.num_classes, self.axis = num_classes, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.matrix = self.add_variable((num_classes, num_classes), name="matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: any, same, weights of that shape or (); with one number per class an axis more.

        Raises:
            InvalidArgumentError: (also a ValueError) for a label or prediction that is no class.
        """
        labels = class_numbers(y_true, self.sparse_y_true, self.axis)
        predictions = class_numbers(y_pred, self.sparse_y_pred, self.axis)
        weights = weights_of(labels, sample_weight, self._dtype)
        self.matrix.assign_add(
            ops.confusion_matrix(labels, predictions, self.num_classes, weights, self._dtype)
        )

    def result(self) -> Any:
        """The matrix so far.

        Shape: (num_classes, num_classes).
        """
        return self.matrix.value()


def class_numbers(given: Any, sparse: bool, axis: int) -> Any:
    """Class numbers in one row: as given, or where along an axis the largest number is."""
    numbers = in_dtype(given, "int64") if sparse else ops.argmax(given, axis=axis)
    return ops.reshape(numbers, (-1,))


def weights_of(labels: Any, sample_weight: Any, dtype: Any) -> Any:
    """A weight for each label: 1, or as given for all or for each."""
    ones = ops.ones_like(labels, dtype=dtype)
    if sample_weight is None:
        return ones
    given = in_dtype(sample_weight, dtype)
    return ones * (ops.reshape(given, (-1,)) if given.ndim else given)

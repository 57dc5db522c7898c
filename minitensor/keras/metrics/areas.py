"""Intersection over union: how well predicted areas cover the true ones.

All of these count a confusion matrix: how often each class (row) was predicted as each (column).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.losses.ranks import in_dtype
from minitensor.keras.metrics.confusion import class_numbers, weights_of
from minitensor.keras.metrics.metric import Metric

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]

EPSILON = 1e-7


class IoU(Metric):
    """The mean over some classes of (true and predicted) / (true or predicted).

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes whose mean is taken.
        name: as for `Metric`.
        dtype: of the confusion matrix, int64 by default.
        ignore_class: a class number that marks labels that do not count.
        sparse_y_true: whether labels are class numbers, else one number per class.
        sparse_y_pred: whether predictions are class numbers, else one number per class.
        axis: where the classes lie if they are not sparse.

    Raises:
        InvalidArgumentError: (also a ValueError) for a target class that is none.

    Example:
        >>> import minitensor as mt
        >>> metric = mt.keras.metrics.IoU(num_classes=2, target_class_ids=[0])
        >>> metric([0, 0, 1, 1], [0, 1, 0, 1]).numpy().round(4)
        np.float32(0.3333)
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype=dtype or "int64")
        if max(target_class_ids) >= num_classes:
            raise InvalidArgumentError(
                message(type(self).__name__, "",
                        f"Target class id {max(target_class_ids)} is out of range, which is "
                        f"[0, {num_classes})", "classes are numbered from 0",
                        "raise num_classes, or leave out the class")
            )  # fmt: skip
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.target_class_ids = list(target_class_ids)
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable((num_classes,) * 2, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch; labels and predictions that are no class do not count.

        Shape: any, same, weights of that shape or (); with one number per class an axis more.
        """
        y_true = class_numbers(y_true, self.sparse_y_true, self.axis)
        y_pred = class_numbers(y_pred, self.sparse_y_pred, self.axis)
        weight = weights_of(y_true, sample_weight, self._dtype)
        classes = self.num_classes
        counts = (y_true >= 0) & (y_true < classes) & (y_pred >= 0) & (y_pred < classes)
        if self.ignore_class is not None:
            counts = counts & (y_true != self.ignore_class)
        cell = ops.where(counts, y_true * classes + y_pred, -1)
        matrix = ops.unsorted_segment_sum(weight, cell, classes * classes)
        self.total_cm.assign_add(ops.reshape(matrix, (classes, classes)))

    def result(self) -> Any:
        """The mean so far over those target classes that occurred.

        Shape: ().
        """
        matrix = ops.cast(self.total_cm, "float32")
        both = ops.diag_part(matrix)
        either = ops.reduce_sum(matrix, axis=0) + ops.reduce_sum(matrix, axis=1) - both
        both = ops.gather(both, self.target_class_ids)
        either = ops.gather(either, self.target_class_ids)
        occurred = ops.cast(either > 1e-9, "float32")
        shares = occurred * both / (either + EPSILON)
        return ops.reduce_sum(shares) / (ops.reduce_sum(occurred) + EPSILON)


class BinaryIoU(IoU):
    """Intersection over union of yes-or-no labels.

    Args:
        target_class_ids: 0, 1, or both, whose mean is taken.
        threshold: predictions of at least that mean 1.
        name, dtype: as for `IoU`.
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Shape: any, same, weights of that shape or ().
        """
        y_pred = in_dtype(y_pred, "float32") >= self.threshold
        super().update_state(y_true, y_pred, sample_weight)


class MeanIoU(IoU):
    """The mean intersection over union of all classes.

    Args:
        num_classes: how many classes there are.
        name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: as for `IoU`.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class,
                         sparse_y_true, sparse_y_pred, axis)  # fmt: skip


class OneHotIoU(IoU):
    """`IoU` of one-hot labels.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes whose mean is taken.
        name, dtype, ignore_class, sparse_y_pred, axis: as for `IoU`.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class,
                         False, sparse_y_pred, axis)  # fmt: skip


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels.

    Args:
        num_classes: how many classes there are.
        name, dtype, ignore_class, sparse_y_pred, axis: as for `IoU`.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

"""Labels, predictions and weights that nearly fit one another: a last axis of size 1 more or less.

A learner's labels are often (n,) where the model gives (n, 1). Subtracting the two would broadcast
to (n, n), silently; so ranks are made equal first.
"""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.errors import InvalidArgumentError, message
from minitensor.op import convert

__all__ = ["as_floats", "check_same_shape", "in_dtype", "same_rank"]


def in_dtype(value: Any, dtype: Any) -> Any:
    """A value as a tensor of a dtype; a tensor that has it already stays the same object."""
    value = convert(value)
    return value if value.dtype == dtype else ops.cast(value, dtype=dtype)


def as_floats(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as floating tensors; the labels in the dtype of the predictions."""
    y_pred = convert(y_pred)
    if not y_pred.dtype.is_floating:
        y_pred = ops.cast(y_pred, dtype="float32")
    return in_dtype(y_true, y_pred.dtype), y_pred


def same_rank(x: Any, y: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """Drop or add a last axis of size 1 where the ranks differ by one; else leave both alone.

    Shape: (…), (…, 1) → both (…); with expand_rank_1 (n,), (n, 1) → both (n, 1).
    """
    if x.ndim == y.ndim + 1:
        y, x = same_rank(y, x, expand_rank_1)
    elif y.ndim == x.ndim + 1 and y.shape[-1] == 1:
        if x.ndim == 1 and expand_rank_1:
            x = ops.expand_dims(x, axis=-1)
        else:
            y = ops.squeeze(y, axis=-1)
    return x, y


def check_same_shape(name: str, y_true: Any, y_pred: Any) -> None:
    """Labels and probabilities are compared one by one.

    Raises:
        InvalidArgumentError: (also a ValueError) when ranks or sizes differ.
    """
    shapes = f"target.shape={tuple(y_true.shape)}, output.shape={tuple(y_pred.shape)}"
    fault = None
    if y_true.ndim != y_pred.ndim:
        fault = "Arguments `target` and `output` must have the same rank (ndim)"
    elif any(None not in pair and pair[0] != pair[1]
             for pair in zip(y_true.shape, y_pred.shape, strict=True)):  # fmt: skip
        fault = "Arguments `target` and `output` must have the same shape"
    if fault:
        raise InvalidArgumentError(
            message(name, "", f"{fault}. Received: {shapes}",
                    "y_true (target) has one number for each number of y_pred (output)",
                    "use sparse_categorical_crossentropy for class numbers, mt.one_hot to make "
                    "rows of them, or reshape")
        )  # fmt: skip

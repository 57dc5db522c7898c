"""Precision-recall curves: how a classifier of two classes does at every threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.summary.arguments import check_room, whole_number
from minitensor.summary.recording import record
from minitensor.summary.records import Kind, tensor_bytes
from minitensor.wire import varint

__all__ = ["curve", "pr_curve"]


def pr_curve(
    name: str, labels: Any, predictions: Any, num_thresholds: Any = 201, weights: Any = None,
    step: Any = None, description: str | None = None,
) -> Any:  # fmt: skip
    """Record how precision and recall depend on the probability from which one says yes.

    Args:
        name: what the curve is called; name scopes come before it.
        labels: the truth: bools, or 0 and 1.
        predictions: the probabilities, from 0 to 1, in the shape of `labels`. NaN is not counted.
        num_thresholds: at how many thresholds, evenly spread from 0 to 1.
        weights: how much each prediction counts, in a shape that broadcasts to that of `labels`.
        step: when; None for the default step.
        description: Markdown that TensorBoard shows beside it.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Shape: any, the same → ().

    Raises:
        DTypeError: (also a TypeError) for text and complex numbers.
        InvalidArgumentError: (also a ValueError) for shapes that differ, labels other than 0 and 1,
            numbers that are no probabilities, weights that have no sum, less than 2 thresholds or
            more than a million, and without a step.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default(step=0):
        ...     mt.summary.pr_curve("spam", [True, False, True], [0.9, 0.4, 0.3])
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    fix = "write num_thresholds=201, or leave it out"
    number = whole_number("pr_curve", "num_thresholds", num_thresholds, fix)
    if number < 2:
        raise InvalidArgumentError(
            message("pr_curve", f"num_thresholds={number}", "that is less than 2",
                    "the first threshold is 0 and the last one 1", fix)
        )  # fmt: skip
    check_room("pr_curve", "num_thresholds", number, "threshold", fix)
    kind = _PR_CURVE._replace(content=b"\x10" + varint(number))
    values = (labels, predictions, 1.0 if weights is None else weights)
    return record(kind, name, values, step, description, number=number)


def curve(
    labels: np.ndarray, predictions: np.ndarray, weights: np.ndarray, number: int
) -> np.ndarray:
    """True and false positives, true and false negatives, precision and recall.

    Each prediction is counted at the highest threshold that it reaches; sums from the right then
    say how many reach each threshold.

    Shape: any, the same; weights broadcast → (6, number) float32.

    Example:
        >>> one = np.ones(())
        >>> curve(np.array([1, 0, 1]), np.array([0.9, 0.4, 0.3]), one, number=3)
        array([[2.       , 1.       , 0.       ],
               [1.       , 0.       , 0.       ],
               [0.       , 1.       , 1.       ],
               [0.       , 1.       , 2.       ],
               [0.6666667, 1.       , 0.       ],
               [1.       , 0.5      , 0.       ]], dtype=float32)

    Source: `pb` in tensorboard/plugins/pr_curve/summary.py.
    """
    _check(labels, predictions, weights, number)
    if predictions.dtype.kind != "f":
        predictions = predictions.astype(np.float64)
    known = ~np.isnan(predictions)
    predictions = predictions[known]
    weight = np.broadcast_to(weights, labels.shape)[known].astype(np.float64)
    _check_values(labels, predictions, weight)
    likely = np.clip(predictions, 0, 1)
    place = np.floor(likely * likely.dtype.type(number - 1)).astype(np.intp)
    yes = labels[known].astype(np.float64)
    positives = [
        np.bincount(place, share * weight, number)[::-1].cumsum()[::-1] for share in (yes, 1 - yes)
    ]
    true, false = positives
    missed = true[0] - true
    precision = true / np.maximum(_TINY, true + false)
    recall = true / np.maximum(_TINY, true + missed)
    return np.stack((true, false, false[0] - false, missed, precision, recall)).astype(np.float32)


def _check_values(labels: np.ndarray, predictions: np.ndarray, weights: np.ndarray) -> None:
    """Say what is wrong with the labels, and with the predictions that are numbers."""
    given = f"shape {labels.shape}"
    if not ((labels == 0) | (labels == 1)).all():
        raise InvalidArgumentError(
            message("pr_curve", given, "a label is neither 0 nor 1",
                    "there are two classes: yes and no",
                    "compare labels with one class: labels == 3")
        )  # fmt: skip
    if (predictions < -_ROUNDING).any() or (predictions > 1 + _ROUNDING).any():
        raise InvalidArgumentError(
            message("pr_curve", given, "a prediction lies outside 0 to 1",
                    "predictions are probabilities", "apply mt.sigmoid to logits first")
        )  # fmt: skip
    with np.errstate(over="ignore"):
        total = np.abs(weights).sum()
    if not total <= np.finfo(np.float32).max:
        raise InvalidArgumentError(
            message("pr_curve", f"weights whose sum is {total:.3g}", "that is no float32",
                    "weights are finite numbers, such as 1.0",
                    "look for NaN and infinity among them")
        )  # fmt: skip


def _check(labels: Any, predictions: Any, weights: Any, number: int) -> None:
    for name, x in (("labels", labels), ("predictions", predictions), ("weights", weights)):
        if kind_of(x.dtype) not in "fiub":
            raise DTypeError(
                message("pr_curve", f"{name} of dtype {name_of(x.dtype)}",
                        "they are no real numbers", "all three are numbers, labels 0 and 1",
                        f"convert {name} to mt.float32")
            )  # fmt: skip
    shapes = [tuple(x.shape) for x in (labels, predictions, weights) if x.shape is not None]
    if len(shapes) < 3 or any(None in shape for shape in shapes):
        return
    given = "labels {}, predictions {}, weights {}".format(*shapes)
    if shapes[0] != shapes[1]:
        raise InvalidArgumentError(
            message("pr_curve", given, "shapes of labels and predictions differ",
                    "there is one prediction for each label",
                    "take the column of one class: predictions[:, 1]")
        )  # fmt: skip
    try:
        fits = np.broadcast_shapes(shapes[0], shapes[2]) == shapes[0]
    except ValueError:
        fits = False
    if not fits:
        raise InvalidArgumentError(
            message("pr_curve", given, "weights do not broadcast to the shape of labels",
                    "each prediction has one weight", "reshape them, or leave them out")
        )  # fmt: skip


_TINY = 1e-7
"""What stands for no predictions at all, so that nothing is divided by zero."""
_ROUNDING = 1e-3
_PR_CURVE = Kind("pr_curve", "pr_curves", curve, tensor_bytes, check=_check)

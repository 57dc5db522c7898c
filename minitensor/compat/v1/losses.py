"""Losses as one number, weighted and collected: `tf.losses`."""

from __future__ import annotations

from typing import Any

from minitensor import nn, ops
from minitensor.compat.v1.graphs import home
from minitensor.compat.v1.keys import GraphKeys
from minitensor.dtypes import float32
from minitensor.errors import InvalidArgumentError
from minitensor.math import divide_no_nan, log, squared_difference
from minitensor.op import convert
from minitensor.scopes import name_scope

__all__ = [
    "Reduction",
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


class Reduction:
    """How losses become one number."""

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Losses times weights as one number: by default the mean where weights are not 0.

    Shape: any, what broadcasts to it → (), or as the losses with `Reduction.NONE`.
    """
    with name_scope(scope or "weighted_loss"):
        losses = ops.cast(losses, dtype=float32)
        weights = ops.cast(weights, dtype=float32)
        weighted = losses * weights
        total = ops.reduce_sum(weighted)
        if reduction == Reduction.NONE:
            loss = weighted
        elif reduction == Reduction.SUM:
            loss = total
        else:
            loss = divide_no_nan(total, _count(losses, weights, reduction))
    add_loss(loss, loss_collection)
    return loss


def _count(losses: Any, weights: Any, reduction: str) -> Any:
    present = ops.ones_like(losses)
    if reduction == Reduction.MEAN:
        return ops.reduce_sum(present * weights)
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return ops.reduce_sum(present * ops.cast(ops.not_equal(weights, 0.0), dtype=float32))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return ops.reduce_sum(present)
    raise InvalidArgumentError(f"Invalid Reduction Key {reduction}.")


def add_loss(loss: Any, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """Put a loss into a collection; None for nowhere."""
    if loss_collection is not None:
        home().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES) -> list:
    """The losses in a collection."""
    return home().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list:
    """What regularisers gave."""
    return home().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Any:
    """The sum of what regularisers gave."""
    found = get_regularization_losses(scope)
    return ops.add_n(found, name=name) if found else convert(0.0)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss",
                   scope: str | None = None) -> Any:  # fmt: skip
    """The sum of all losses, and of what regularisers gave."""
    losses = get_losses(scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope)
    return ops.add_n(losses, name=name)


def _both(labels: Any, predictions: Any) -> tuple[Any, Any]:
    predictions = ops.cast(predictions, dtype=float32)
    labels = ops.cast(labels, dtype=float32)
    if not labels.shape.is_compatible_with(predictions.shape):
        raise InvalidArgumentError(
            f"Shapes {predictions.shape} and {labels.shape} are incompatible\nLabels and "
            "predictions are compared element by element. To fix it: reshape one of them."
        )
    return labels, predictions


def absolute_difference(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                        loss_collection: Any = GraphKeys.LOSSES,
                        reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS) -> Any:  # fmt: skip
    """|predictions − labels|, weighted."""
    labels, predictions = _both(labels, predictions)
    found = ops.abs(predictions - labels)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)


def mean_squared_error(labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
                       loss_collection: Any = GraphKeys.LOSSES,
                       reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS) -> Any:  # fmt: skip
    """(predictions − labels)², weighted.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> float(tf.losses.mean_squared_error([1.0, 2.0], [1.0, 4.0]))
        2.0
    """
    labels, predictions = _both(labels, predictions)
    found = squared_difference(predictions, labels)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)


def hinge_loss(labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
               loss_collection: Any = GraphKeys.LOSSES,
               reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS) -> Any:  # fmt: skip
    """relu(1 − (2 labels − 1) · logits) for labels 0 and 1, weighted."""
    labels, logits = _both(labels, logits)
    found = nn.relu(1.0 - (2.0 * labels - 1.0) * logits)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)


def huber_loss(labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0,
               scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
               reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS) -> Any:  # fmt: skip
    """Half the squared error up to `delta`, linear beyond, weighted."""
    labels, predictions = _both(labels, predictions)
    error = ops.abs(predictions - labels)
    near = ops.minimum(error, delta)
    found = 0.5 * near * near + delta * (error - near)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)


def log_loss(labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7,
             scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES,
             reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS) -> Any:  # fmt: skip
    """−labels · log(p + ε) − (1 − labels) · log(1 − p + ε) for probabilities p, weighted."""
    labels, predictions = _both(labels, predictions)
    found = -labels * log(predictions + epsilon)
    found = found - (1.0 - labels) * log(1.0 - predictions + epsilon)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)


def sigmoid_cross_entropy(multi_class_labels: Any, logits: Any, weights: Any = 1.0,
                          label_smoothing: float = 0.0, scope: str | None = None,
                          loss_collection: Any = GraphKeys.LOSSES,
                          reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS) -> Any:  # fmt: skip
    """Cross entropy of independent yes-or-no labels, weighted."""
    labels, logits = _both(multi_class_labels, logits)
    if label_smoothing:
        labels = labels * (1.0 - label_smoothing) + 0.5 * label_smoothing
    found = nn.sigmoid_cross_entropy_with_logits(labels, logits)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(onehot_labels: Any, logits: Any, weights: Any = 1.0,
                          label_smoothing: float = 0.0, scope: str | None = None,
                          loss_collection: Any = GraphKeys.LOSSES,
                          reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS) -> Any:  # fmt: skip
    """Cross entropy of one-hot labels, weighted."""
    labels, logits = _both(onehot_labels, logits)
    if label_smoothing:
        classes = ops.cast(ops.shape(labels)[1], dtype=float32)
        labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
    found = nn.softmax_cross_entropy_with_logits(ops.stop_gradient(labels), logits)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Cross entropy of class numbers, weighted."""
    labels = convert(labels)
    rank = convert(logits).shape.rank
    if rank is not None and labels.shape.rank == rank:
        labels = ops.squeeze(labels, axis=[-1])
    found = nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return compute_weighted_loss(found, weights, scope, loss_collection, reduction)

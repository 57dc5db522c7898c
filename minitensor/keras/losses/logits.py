"""Probabilities that remember the logits that they were computed from.

A softmax rounds small probabilities to 0, and their logarithm is lost. The activations therefore
leave a note on their result, and a cross-entropy that gets this very tensor computes from the
logits instead, where nothing overflows and the gradient never vanishes.
"""

from __future__ import annotations

from typing import Any

from minitensor.keras.warning import warn
from minitensor.op import convert

__all__ = ["logits_behind", "remember_logits"]


def remember_logits(probabilities: Any, logits: Any, activation: str, axis: int = -1) -> Any:
    """Note on the result of "softmax" or "sigmoid" what it was computed from, and return it."""
    probabilities._keras_logits = activation, axis, logits
    return probabilities


def logits_behind(
    y_pred: Any, from_logits: bool, activation: str, axis: int, function: str
) -> tuple[Any, bool]:
    """What to compute from, and whether that is logits.

    Warns, with Keras's words, if a caller takes the result of a softmax or sigmoid for logits.
    """
    found, along, logits = getattr(y_pred, "_keras_logits", None) or ("", 0, None)
    if found != activation or (found == "softmax" and (along - axis) % y_pred.ndim):
        return y_pred, from_logits
    if from_logits:
        warn(
            f'"`{function}` received `from_logits=True`, but the `output` argument was produced '
            f"by a {activation.capitalize()} activation and thus does not represent logits. "
            "Was this intended? Leave out either the activation or `from_logits=True`.",
        )
    return convert(logits), True

"""A loss for labels and predictions, and what is told where they do not belong together."""

from __future__ import annotations

import re
from typing import Any

from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.keras.training.arrays import strings_in
from minitensor.keras.training.for_people import complete

__all__ = ["loss_of"]

_KERAS = re.compile(r"Arguments? `.*?(?=\. Received)")
"""What a cross-entropy says in Keras's words."""


def loss_of(loss: Any, y: Any, y_pred: Any, weight: Any) -> Any:
    """The value of a loss.

    Raises:
        InvalidArgumentError: (also a ValueError) for labels that are strings, or whose shape is not
            that of the predictions.
    """
    if getattr(getattr(y, "dtype", None), "name", "") == "string":
        raise strings_in("y", f"labels of shape {tuple(y.shape)}")
    try:
        return loss(y, y_pred, weight)
    except InvalidArgumentError as error:
        labels, output = tuple(getattr(y, "shape", ())), tuple(y_pred.shape)
        is_sparse = "sparse" in f"{loss.name} {type(loss).__name__}".lower()
        if isinstance(error, DTypeError) or _belong(labels, output[:-1] if is_sparse else output):
            raise
        if not _is_keras_own(loss):
            complete(error, f"The loss was given {_shapes(labels, output)}.")
            raise
        raise _unlike(loss.name, error, labels, output, is_sparse) from None


def _is_keras_own(loss: Any) -> bool:
    """Whether it is a loss of this library, and no function or class of the learner's."""
    made_of = getattr(loss, "fn", type(loss))
    return getattr(made_of, "__module__", "").startswith("minitensor.")


def _belong(labels: tuple, wanted: tuple) -> bool:
    """Whether labels have the shape that is wanted, but for a last axis of size 1."""
    forms = [labels, (*labels, 1), *([labels[:-1]] if labels[-1:] == (1,) else [])]
    return any(
        len(form) == len(wanted)
        and all(a == b or None in (a, b) for a, b in zip(form, wanted, strict=True))
        for form in forms
    )


def _shapes(labels: tuple, output: tuple) -> str:
    return f"labels of shape {labels} and an output of shape {output}"


def _unlike(
    name: str, error: InvalidArgumentError, labels: tuple, output: tuple, is_sparse: bool
) -> InvalidArgumentError:
    """The error for labels and an output that a loss cannot compare."""
    words = _KERAS.search(error.message)
    fault = words.group() if words else "their shapes differ"
    classes = output[-1] if output else 1
    if is_sparse:
        rule = f"it takes one class number for each row of {classes} predictions"
        fix = ("give class numbers (of one-hot rows: np.argmax(y, axis=-1)), or use "
               "loss='categorical_crossentropy' for one-hot rows")  # fmt: skip
    else:
        rule = "it takes one label for each number of the output"
        ways = [f"let the last layer have units={labels[-1]}"] if len(labels) > 1 else []
        ways += ["give labels of the output's shape",
                 "for class numbers use loss='sparse_categorical_crossentropy', or make one-hot "
                 f"rows of them: keras.utils.to_categorical(y, {classes})"]  # fmt: skip
        fix = "; or ".join(ways)
    return InvalidArgumentError(
        message(f"loss '{name}'", _shapes(labels, output), fault, rule, fix)
    )

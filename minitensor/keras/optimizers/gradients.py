"""What happens to gradients before variables are changed by them.

A gradient is a tensor, or `IndexedSlices`: some rows of one, as `gather` and `Embedding` give it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.keras.warning import warn
from minitensor.op import convert
from minitensor.ops.array import cast
from minitensor.ops.ordering import unique
from minitensor.ops.segment import unsorted_segment_sum
from minitensor.ops.sizes import size
from minitensor.tensor import IndexedSlices
from minitensor.variable import Variable

__all__ = ["checked", "dense", "existing", "label", "mapped", "pairs", "summed"]


def label(variable: Any) -> str:
    """What messages call a variable: its path in a model, or its name."""
    return getattr(variable, "path", None) or variable.name


def pairs(grads_and_vars: Iterable) -> tuple[list, list]:
    """Gradients and variables, from pairs of them.

    Raises:
        ArgumentError: (a TypeError) for anything but pairs of a gradient and a variable.
    """
    gradients, variables = [], []
    for pair in grads_and_vars:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise _no_pair(pair, f"a {type(pair).__name__} is not a pair")
        if not isinstance(pair[1], Variable):
            raise _no_pair(pair, f"a {type(pair[1]).__name__} stands where the variable should")
        gradients.append(pair[0])
        variables.append(pair[1])
    return gradients, variables


def _no_pair(pair: Any, fault: str) -> ArgumentError:
    return ArgumentError(
        message("apply_gradients", shorten(pair), fault,
                "it takes pairs (gradient, variable), in this order",
                "optimizer.apply_gradients(zip(gradients, variables))")
    )  # fmt: skip


def existing(gradients: Sequence, variables: Sequence) -> tuple[list, list]:
    """Without the variables that have no gradient; a warning names them.

    Raises:
        InvalidArgumentError: (also a ValueError) when none has one.
    """
    missing = [label(v) for g, v in zip(gradients, variables, strict=True) if g is None]
    if len(missing) == len(variables):
        raise InvalidArgumentError(
            message("apply_gradients", f"the variables {missing}",
                    "No gradients provided for any variable", "a gradient is None where the loss "
                    "does not depend on the variable, or the tape did not see that it does",
                    "compute the loss inside the tape, from the variables and with ops of "
                    "minitensor; tape.explain(loss, variable) says where the path ends")
        )  # fmt: skip
    if missing:
        warn(
            f"Gradients do not exist for variables {missing} when minimizing the loss. If using "
            "`model.compile()`, did you forget to provide a `loss` argument?",
        )
    kept = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    return [g for g, _ in kept], [v for _, v in kept]


def checked(gradient: Any, variable: Any) -> Any:
    """A gradient as a tensor, or rows, of the variable's dtype.

    Raises:
        InvalidArgumentError: (also a ValueError) when its shape is not that of the variable.
    """
    if isinstance(gradient, IndexedSlices):
        values = _of_dtype(gradient.values, variable.dtype)
        return IndexedSlices(values, convert(gradient.indices), tuple(variable.shape))
    gradient = _of_dtype(gradient, variable.dtype)
    if not variable.shape.is_compatible_with(gradient.shape):
        raise InvalidArgumentError(
            message(f"the gradient of variable '{label(variable)}'", f"shape {gradient.shape}",
                    f"the variable has shape {variable.shape}",
                    "the gradient of a scalar loss has one number per element of the variable",
                    "pair each gradient with its own variable, in the same order")
        )  # fmt: skip
    return gradient


def _of_dtype(gradient: Any, dtype: Any) -> Any:
    gradient = convert(gradient)
    return gradient if gradient.dtype is dtype else cast(gradient, dtype)


def mapped(function: Callable[[Any], Any], gradient: Any) -> Any:
    """A function of a tensor, applied to a gradient; to the values of rows."""
    if isinstance(gradient, IndexedSlices):
        values = function(gradient.values)
        return IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return function(gradient)


def dense(gradient: Any) -> Any:
    """A gradient as a tensor; rows that are named twice are summed."""
    return gradient.to_dense() if isinstance(gradient, IndexedSlices) else gradient


def summed(gradient: Any) -> Any:
    """Rows with each named once: what belongs to the same row is added up."""
    if not isinstance(gradient, IndexedSlices):
        return gradient
    rows, places = unique(gradient.indices)
    values = unsorted_segment_sum(gradient.values, places, size(rows))
    return IndexedSlices(values, rows, gradient.dense_shape)

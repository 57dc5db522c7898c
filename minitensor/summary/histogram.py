"""Histograms: how the elements of a tensor spread, at each step."""

from __future__ import annotations

from typing import Any

from minitensor.summary.buckets import bucketed, check_numbers, number_of_buckets
from minitensor.summary.recording import record
from minitensor.summary.records import Kind, tensor_bytes

__all__ = ["histogram"]


def histogram(
    name: str, data: Any, step: Any = None, buckets: Any = None, description: str | None = None
) -> Any:
    """Record how the elements of a tensor spread, such as those of weights or gradients.

    Args:
        name: what the histogram is called; name scopes come before it.
        data: numbers or bools, of any shape. NaN and infinite ones are not counted, and leave edges
            that are no numbers.
        step: when; None for the default step.
        buckets: how many intervals of equal width they are counted in; 30 by default.
        description: Markdown that TensorBoard shows beside it.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Shape: any → ().

    Raises:
        ArgumentError: (also a TypeError) when `buckets` is no whole number.
        DTypeError: (also a TypeError) for text and for complex numbers.
        InvalidArgumentError: (also a ValueError) without a step.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default():
        ...     mt.summary.histogram("weights", mt.random.normal([100, 50]), step=0)
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    number = number_of_buckets(buckets)
    return record(_HISTOGRAM, name, (data,), step, description, buckets=number)


def _check(value: Any, buckets: int) -> None:
    check_numbers(value.dtype)


_HISTOGRAM = Kind("histogram", "histograms", bucketed, tensor_bytes, check=_check)

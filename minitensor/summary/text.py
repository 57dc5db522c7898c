"""Text: sentences and tables at each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import DTypeError, message
from minitensor.summary.recording import clean, record
from minitensor.summary.records import Kind, tensor_bytes

__all__ = ["text"]


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Record text, which is shown as Markdown.

    Args:
        name: what it is called; name scopes come before it.
        data: a string, or a tensor of strings: with one axis it is shown as a column, with two as a
            table, and of one with more the first table is shown.
        step: when; None for the default step.
        description: Markdown that TensorBoard shows beside it.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Shape: any → ().

    Raises:
        DTypeError: (also a TypeError) for anything but text.
        InvalidArgumentError: (also a ValueError) without a step.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default(step=0):
        ...     mt.summary.text("plan", "Train with **two** rates.")
        ...     mt.summary.text("table", [["rate", "loss"], ["0.1", "2.5"]])
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    return record(_TEXT, name, (_whole(data),), step, description)


def _whole(data: Any) -> Any:
    """A text, or lists of texts, without the half characters that no file can hold."""
    if isinstance(data, list | tuple):
        return [_whole(x) for x in data]
    return clean(data) if isinstance(data, str) else data


def _check(value: Any) -> None:
    if kind_of(value.dtype) != "O":
        dtype = name_of(value.dtype)
        raise DTypeError(
            f"tensor must be of type tf.string; got tf.{dtype}\n"
            + message("text", f"a tensor of dtype {dtype}", "it is no text",
                      "text is a string, or a tensor of strings",
                      "record numbers with summary.scalar, or convert them: mt.strings.as_string")
        )  # fmt: skip


def _prepare(array: np.ndarray) -> np.ndarray:
    _check(array)
    return array.copy()


_TEXT = Kind("text", "text", _prepare, tensor_bytes, check=_check)

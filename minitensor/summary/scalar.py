"""Scalars: one number a step."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.summary.recording import record
from minitensor.summary.records import Kind

__all__ = ["scalar"]

_float = struct.Struct("<f").pack


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Record one number, such as a loss.

    Args:
        name: what the curve is called; name scopes come before it, and `/` groups curves.
        data: a number, or a tensor without axes.
        step: where on the curve it lies; None for the default step.
        description: Markdown that TensorBoard shows beside the curve.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Shape: () → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for a tensor with axes, and without a step.

    Example:
        >>> import minitensor as mt
        >>> mt.summary.scalar("loss", 0.5, step=0)  # no writer: nothing happens
        <tf.Tensor: shape=(), dtype=bool, numpy=False>
    """
    return record(_SCALAR, name, (data,), step, description)


def _check(value: Any) -> None:
    if value.shape:
        raise InvalidArgumentError(
            f"Expected scalar shape, saw shape: {tuple(value.shape)}.\n"
            "scalar records one number a step. To fix it: reduce the tensor, for example with "
            "mt.reduce_mean, or record a histogram."
        )
    if kind_of(value.dtype) not in "fiub":
        raise DTypeError(
            message("scalar", f"a tensor of dtype {name_of(value.dtype)}", "it is no real number",
                    "a curve is made of numbers", "record text with summary.text")
        )  # fmt: skip


def _prepare(array: np.ndarray) -> float:
    _check(array)
    return float(array)


def _encode(value: float) -> bytes:
    """A `TensorProto`: float32, no axes, four bytes."""
    try:
        return b"\x08\x01\x12\x00\x22\x04" + _float(value)
    except OverflowError:
        return b"\x08\x01\x12\x00\x22\x04" + _float(float("inf") if value > 0 else float("-inf"))


_SCALAR = Kind("scalar", "scalars", _prepare, _encode, check=_check, plain=float)

"""Any tensor at all, for the page of TensorBoard, or the program, that its metadata name."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.summary.arguments import text
from minitensor.summary.messages import Metadata
from minitensor.summary.recording import record
from minitensor.summary.records import Kind, tensor_bytes

__all__ = ["write"]


def write(
    tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None
) -> Any:
    """Record a tensor as it is: what `scalar`, `histogram` and the others stand on.

    Args:
        tag: what it is called; name scopes do not come before it.
        tensor: the tensor, or a function that gives it. The function is called when it is going to
            be recorded, and always while a function is traced.
        step: when; None for the default step.
        metadata: a `SummaryMetadata` message, or its bytes: which plugin it is meant for.
        name: TensorFlow's; it has no effect.

    Returns:
        Whether it was recorded, as a bool tensor: False without a default writer.

    Shape: any → ().

    Raises:
        ArgumentError: (also a TypeError) for a tag or metadata of another kind.
        InvalidArgumentError: (also a ValueError) for bytes that are no such message, and without a
            step.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default():
        ...     mt.summary.write("confusion", [[8, 1], [0, 9]], step=0)
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    tag = text("write", "tag", tag, "a tag is text", 'write summary.write("confusion", …)')
    plugin, whole = _understood(metadata)
    kind = Kind("write", plugin, np.array, tensor_bytes, whole=whole, scoped=False)
    return record(kind, tag, (lambda: (tensor(),)) if callable(tensor) else (tensor,), step)


def _understood(metadata: Any) -> tuple[str, bytes]:
    """The name of the plugin, and the metadata as bytes."""
    if metadata is None:
        return "", b""
    data = metadata.SerializeToString() if hasattr(metadata, "SerializeToString") else metadata
    if not isinstance(data, bytes):
        raise ArgumentError(
            message("write", f"metadata={shorten(metadata)}",
                    f"it is of type {type(data).__name__}",
                    "metadata is a SummaryMetadata message, or its bytes", "leave it out")
        )  # fmt: skip
    try:
        found = Metadata.FromString(data)
    except ValueError as error:
        raise InvalidArgumentError(
            message("write", f"metadata={shorten(metadata)}", f"it cannot be read: {error}",
                    "metadata is a SummaryMetadata message, or its bytes", "leave it out")
        ) from None  # fmt: skip
    return (found.plugin_data.plugin_name or "" if found.plugin_data else ""), data

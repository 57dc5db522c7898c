"""What a batch is: inputs alone, or inputs and labels, or these and weights of the samples."""

from __future__ import annotations

from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message, shorten

__all__ = ["pack_x_y_sample_weight", "skeleton_of", "unpack_x_y_sample_weight"]


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The inputs, labels and sample weights of a batch; None for what it does not have.

    Args:
        data: what `train_step` is given: x, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a tuple of another length.

    Example:
        >>> unpack_x_y_sample_weight(("inputs", "labels"))
        ('inputs', 'labels', None)
    """
    parts = tuple(data) if isinstance(data, (list, tuple)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise InvalidArgumentError(
            message("fit", f"a batch of {len(parts)} parts",
                    "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, "
                    f"sample_weight)`, found: {shorten(data)}",
                    "a batch is a tuple; several inputs are one list or dict inside of it",
                    "give ((x1, x2), y) for two inputs, for example")
        )  # fmt: skip
    return (*parts, None, None)[:3]  # type: ignore[return-value]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch of inputs, labels and sample weights, as `unpack_x_y_sample_weight` takes it.

    Example:
        >>> pack_x_y_sample_weight("inputs"), pack_x_y_sample_weight("inputs", "labels")
        ('inputs', ('inputs', 'labels'))
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if nest.is_nested(x) else x


def skeleton_of(batch: Any) -> Any:
    """The structure of a batch: 0 in the places of tensors, None where there is nothing.

    Example:
        >>> skeleton_of(({"a": "array", "b": "array"}, None, "array"))
        ({'a': 0, 'b': 0}, None, 0)
    """
    return nest.map_structure(lambda x: None if x is None else 0, batch)

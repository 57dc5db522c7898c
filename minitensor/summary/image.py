"""Images: a batch of pictures at each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import DTypeError, InvalidArgumentError, message, shorten
from minitensor.summary.arguments import outputs
from minitensor.summary.pixels import scaled_v1, scaled_v2
from minitensor.summary.png import png
from minitensor.summary.recording import record
from minitensor.summary.records import Kind, tensor_bytes

__all__ = ["image"]


def image(
    name: str, data: Any, step: Any = None, max_outputs: Any = 3, description: str | None = None,
    *, scaling: str = "v2",
) -> Any:  # fmt: skip
    """Record pictures: the first ones of a batch.

    Args:
        name: what they are called; name scopes come before it.
        data: the pixels, or a list of pictures of one size. The last axis is grey; grey and
            opacity; red, green and blue; or red, green, blue and opacity.
        step: when; None for the default step.
        max_outputs: how many pictures of the batch are recorded at most.
        description: Markdown that TensorBoard shows beside them.
        scaling: how numbers become colours. "v2", TensorFlow 2's rule: floats from 0 to 1, all of
            uint8, or the upper bits of other integers; what lies outside is cut off. "v1",
            TensorFlow 1's: the range of each picture is stretched, 0 becomes middle grey where
            there are negative values, and pixels that are no numbers become red.

    Returns:
        Whether they were recorded, as a bool tensor: False without a default writer.

    Shape: (k, height, width, 1 to 4 channels) → ().

    Raises:
        DTypeError: (also a TypeError) for text, bools and complex numbers, and for "v1" also for
            integers that are not uint8.
        InvalidArgumentError: (also a ValueError) for a wrong number of axes or channels, pictures
            without pixels, a negative `max_outputs`, and without a step.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> noise = mt.random.uniform([2, 8, 8, 3])
        >>> kernels = mt.random.normal([3, 3, 1, 16])
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default(step=0):
        ...     mt.summary.image("noise", noise)
        ...     pictures = mt.transpose(kernels, [3, 0, 1, 2])
        ...     mt.summary.image("kernels", pictures, max_outputs=16, scaling="v1")
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    most = outputs("image", max_outputs)
    if isinstance(data, list | tuple):
        _check_sizes([x.shape for x in data if isinstance(x, np.ndarray)])
    return record(_IMAGE, name, (data,), step, description, most=most, scaling=scaling)


def _check_sizes(shapes: list[tuple]) -> None:
    """Refuse a list of arrays that cannot be stacked."""
    other = [shape for shape in shapes if shape != shapes[0]]
    if other:
        raise InvalidArgumentError(
            message("image", f"a list with pictures of shapes {shapes[0]} and {other[0]}",
                    "they differ", "pictures of one call have one size",
                    "record them one by one, each with a name of its own")
        )  # fmt: skip


def _check(value: Any, most: int, scaling: str) -> None:
    if not isinstance(scaling, str) or scaling not in _SCALED:
        raise InvalidArgumentError(
            message("image", f"scaling={shorten(scaling)}", "there is no such rule",
                    "numbers become colours by the rule of TensorFlow 1 or 2",
                    'write scaling="v1" or scaling="v2"')
        )  # fmt: skip
    if value.shape is not None:
        _check_shape(tuple(value.shape))
    _check_dtype(value.dtype, scaling)


def _check_shape(shape: tuple) -> None:
    rank, given = len(shape), f"shape {shape}"
    if rank != 4:
        raise InvalidArgumentError(
            f"Tensor  must have rank 4.  Received rank {rank}, shape {shape}\n"
            + message("image", given, f"it has {rank} {'axis' if rank == 1 else 'axes'}",
                      "the axes are picture, height, width, channel",
                      "reshape it, for example mt.reshape(x, [-1, height, width, 1])")
        )  # fmt: skip
    if shape[3] not in (1, 2, 3, 4, None):
        raise InvalidArgumentError(
            f"image must have 1, 2, 3, or 4 channels, got {shape[3]}\n"
            + message("image", given, f"axis 3 has size {shape[3]}",
                      "channels are grey, grey and opacity, red-green-blue, or these and opacity",
                      "move the axis of the channels to the end, or take some: x[..., :3]")
        )  # fmt: skip
    if 0 in shape[1:3]:
        raise InvalidArgumentError(
            message("image", given, f"axis {shape.index(0, 1)} has size 0",
                    "a picture has pixels", "leave it out where it is empty")
        )  # fmt: skip


def _check_dtype(dtype: Any, scaling: str) -> None:
    kind = kind_of(dtype)
    if kind == "f" or name_of(dtype) == "uint8" or (kind in "iu" and scaling == "v2"):
        return
    first = "image dtype must be either floating point or integer\n" if kind not in "iu" else ""
    raise DTypeError(
        first
        + message("image", f"a tensor of dtype {name_of(dtype)}, scaling={scaling!r}",
                  "it has no rule for this dtype",
                  "the rule v2 takes floats from 0 to 1 and integers; v1 takes floats and uint8",
                  "convert it: mt.cast(x, mt.float32) for 0 and 1, mt.uint8 for 0 to 255")
    )  # fmt: skip


def _prepare(batch: np.ndarray, most: int, scaling: str) -> np.ndarray:
    _check(batch, most, scaling)
    return _SCALED[scaling](batch[:most])


def _encode(batch: np.ndarray) -> bytes:
    """Width and height as text, then the pictures."""
    _, height, width, _ = batch.shape
    strings = np.empty(2 + len(batch), object)
    strings[:] = [str(width).encode(), str(height).encode(), *map(png, batch)]
    return tensor_bytes(strings)


_SCALED = {"v1": scaled_v1, "v2": scaled_v2}
_IMAGE = Kind("image", "images", _prepare, _encode, check=_check)

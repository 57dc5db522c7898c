"""Thumbnails: all pictures of an embedding in one, row by row, as TensorBoard's projector wants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.summary.arguments import array as as_array
from minitensor.summary.pixels import scaled_v2
from minitensor.summary.png import png

__all__ = ["sprite"]

MOST_SIDE = 8192


def sprite(images: Any, kept: np.ndarray) -> tuple[bytes, tuple[int, int]]:
    """A PNG of the thumbnails that are kept, and the (width, height) of one of them.

    Thumbnails that would make a picture of more than 8192 pixels a side, which browsers do not
    show, are made smaller: of each block of pixels one is kept.

    Shape: `images` is (n, height, width) or (n, height, width, 1, 3 or 4), `kept` (n,) bool.

    Raises:
        InvalidArgumentError: (also a ValueError) for pictures of another shape or number.
        DTypeError: (also a TypeError) for what are no floats or integers.
    """
    count = len(kept)
    array = as_array("embedding", "images", images)
    given = array.shape
    array = array[..., None] if array.ndim == 3 else array
    if array.ndim != 4 or len(array) != count or array.shape[3] not in (1, 3, 4) or not array.size:
        raise InvalidArgumentError(
            message("embedding", f"images of shape {given} for {count} points",
                    "they are not one picture for each point",
                    "images is (points, height, width) for grey ones, or (points, height, width, "
                    "channels) with 1, 3 or 4 channels",
                    "give one picture of the same size for each row of vectors")
        )  # fmt: skip
    if kind_of(array.dtype) not in "fiu":
        raise DTypeError(
            message("embedding", f"images of dtype {name_of(array.dtype)}",
                    "that is no brightness", "images are uint8, or floats from 0 to 1",
                    "convert them, for example with mt.cast(images, mt.float32)")
        )  # fmt: skip
    array = array[kept]
    columns = math.ceil(math.sqrt(len(array)))
    apart = math.ceil(columns * max(array.shape[1:3]) / MOST_SIDE)
    pixels = scaled_v2(array[:, ::apart, ::apart])
    return png(_tiled(pixels, columns)), (pixels.shape[2], pixels.shape[1])


def _tiled(pixels: np.ndarray, columns: int) -> np.ndarray:
    """(n, h, w, c) → (rows·h, columns·w, c); places that are left over are zeros."""
    count, height, width, channels = pixels.shape
    rows = math.ceil(count / columns)
    whole = np.zeros((rows * columns, height, width, channels), np.uint8)
    whole[:count] = pixels
    tiles = whole.reshape(rows, columns, height, width, channels)
    return tiles.swapaxes(1, 2).reshape(rows * height, columns * width, channels)

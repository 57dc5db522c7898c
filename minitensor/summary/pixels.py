"""From the numbers of an image to bytes from 0 to 255: the rules of TensorFlow 2 and 1."""

from __future__ import annotations

import numpy as np

from minitensor.dtypes import kind_of

__all__ = ["BAD", "scaled_v1", "scaled_v2"]

BAD = (255, 0, 0, 255)
"""The colour of pixels that are no numbers, cut to as many channels as there are."""


def scaled_v2(batch: np.ndarray) -> np.ndarray:
    """Pixels as bytes: floats from 0 to 1 become 0 to 255, and integers keep their upper bits.

    What lies outside becomes the nearest byte, and NaN 0. The result shares no memory with `batch`.

    Example:
        >>> scaled_v2(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]))
        array([  0,   0, 127, 255, 255], dtype=uint8)

    Source: `tf.image.convert_image_dtype(batch, tf.uint8, saturate=True)`.
    """
    dtype = batch.dtype
    if dtype == np.uint8:
        return batch.copy()
    if kind_of(dtype) == "f":
        with np.errstate(all="ignore"):
            scaled = batch * dtype.type(255.5)
        # fmax puts 0 in the place of NaN.
        return np.minimum(np.fmax(scaled, dtype.type(0)), dtype.type(255)).astype(np.uint8)
    most = int(np.iinfo(dtype).max)
    if most < 255:
        return np.maximum(batch, 0).astype(np.uint8) * np.uint8(256 // (most + 1))
    return np.clip(batch // dtype.type((most + 1) // 256), 0, 255).astype(np.uint8)


def scaled_v1(batch: np.ndarray) -> np.ndarray:
    """Pixels as bytes, each image by its own range: 0 to its largest value becomes 0 to 255.

    An image with negative values is centred: 0 becomes 128, and the value that is farthest from it
    1 or 255. A pixel with a channel that is NaN or infinite becomes red (white, where there is one
    channel). Bytes stay as they are.

    Shape: (images, height, width, channels), float or uint8 → the same, uint8.

    Example:
        >>> scaled_v1(np.array([-2.0, -1.0, 0.0, 1.0, 4.0]).reshape(1, 1, 5, 1)).ravel()
        array([ 64,  96, 128, 159, 255], dtype=uint8)

    Source: NormalizeFloatImage in tensorflow/core/kernels/summary_image_op.cc.
    """
    if batch.dtype == np.uint8:
        return batch.copy()
    return np.stack([_normalised(image) for image in batch]) if len(batch) else np.zeros(
        batch.shape, np.uint8
    )  # fmt: skip


def _normalised(image: np.ndarray) -> np.ndarray:
    number = image.dtype.type
    finite = np.isfinite(image).all(-1)
    known = image[finite]
    low, high = (known.min(), known.max()) if known.size else (number(0), number(0))
    centred = low < 0
    most = max(abs(low), abs(high)) if centred else high
    span, offset = (number(127), number(128)) if centred else (number(255), number(0))
    scale = span / most if most >= number(1e-6) else number(0)
    made = np.empty(image.shape, np.uint8)
    made[finite] = (known * scale + offset).astype(np.uint8)
    made[~finite] = BAD[: image.shape[-1]]
    return made

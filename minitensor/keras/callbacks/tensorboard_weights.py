"""Weights and gradients as histograms, and weights as images, as Keras records them."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.keras.callbacks.batch_pass import look_at
from minitensor.summary.histogram import histogram
from minitensor.summary.image import image
from minitensor.tape import GradientTape
from minitensor.tensor import IndexedSlices

__all__ = ["image_of", "record_gradients", "record_weights"]


def record_weights(model: Any, step: int, images: bool) -> None:
    """Record each weight as `<path>/histogram`, and as `<path>/image` where it can be one."""
    for weight in model.weights:
        if weight.dtype.kind in "fiub":
            tag = weight.path.replace(":", "_")
            histogram(f"{tag}/histogram", weight, step=step)
            picture = image_of(weight.numpy()) if images else None
            if picture is not None:
                image(f"{tag}/image", picture, step=step, scaling="v1")


def record_gradients(model: Any, data: Any, step: int) -> None:
    """Record the gradients for a batch as `<path>_grad/histogram`."""
    weights = model.trainable_weights

    def gradients(tape: GradientTape, loss: Any) -> list:
        return tape.gradient(loss, weights)

    for weight, found in zip(weights, look_at(model, data, None, gradients), strict=True):
        if found is not None:
            dense = found.to_dense() if isinstance(found, IndexedSlices) else found
            histogram(f"{weight.path.replace(':', '_')}_grad/histogram", dense, step=step)


def image_of(weight: np.ndarray) -> np.ndarray | None:
    """A weight as a batch of images by Keras's rules; None where it is none.

    Axes of size 1 are left out. A vector is a line; a matrix lies down; of three axes the last
    counts images; four are images already, if they end in 1, 3 or 4 channels.

    Shape: any → (images, height, width, channels).

    Example:
        >>> image_of(np.zeros((64, 10))).shape, image_of(np.zeros((3, 3, 1, 8))).shape
        ((1, 10, 64, 1), (8, 3, 3, 1))
    """
    x = np.squeeze(to_numpy(weight)).astype(np.float32)
    if not x.size:
        return None
    if x.ndim == 1:
        return x.reshape(1, x.size, 1, 1)
    if x.ndim == 2:
        x = x.T if x.shape[0] > x.shape[1] else x
        return x[None, :, :, None]
    if x.ndim == 3:
        return np.transpose(x, (2, 0, 1))[..., None]
    return x if x.ndim == 4 and x.shape[-1] in (1, 3, 4) else None

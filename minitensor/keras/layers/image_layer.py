"""`ImageLayer`: what layers that change images at random have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layers.arguments import channels_last, one_of, refused
from minitensor.keras.layers.drawing import Drawing
from minitensor.keras.layers.image_sampling import FILL_MODES, INTERPOLATIONS, size_of
from minitensor.ops import cast, expand_dims, squeeze
from minitensor.random import stateless_uniform

__all__ = ["ImageLayer", "MovingLayer", "range_of"]


class ImageLayer(Drawing):
    """The base: images one by one or in batches, as floats, changed in training only.

    A subclass defines `change(images)`, for images (n, height, width, channels).

    Args:
        data_format: "channels_last", the only one here.
        **kwargs: `seed`, and those of all layers.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = channels_last(self, data_format)

    def call(self, inputs: Any, training: Any = True) -> Any:
        """The images changed, each in its own way; without `training` as they are.

        Shape: (n, height, width, channels), or without the n → the same rank, float.
        """
        images = cast(inputs, self.compute_dtype)
        if len(images.shape) not in (3, 4):
            raise InvalidArgumentError(
                message(f"layer '{self.name}'", f"shape {tuple(images.shape)}",
                        "Expected the input image to be rank 3 or 4",
                        "images are (height, width, channels), or a batch of these",
                        "add the axis of channels: images[..., None]")
            )  # fmt: skip
        single = len(images.shape) == 3
        images = expand_dims(images, axis=0) if single else images
        images = self.change(images) if training else self.leave(images)
        return squeeze(images, axis=[0]) if single else images

    def change(self, images: Any) -> Any:
        """The images changed, each by its own draw."""
        return images

    def leave(self, images: Any) -> Any:
        """The images outside of training."""
        return images

    def draw(self, images: Any, low: float, high: float) -> Any:
        """A number from [low, high) for each image.

        Shape: (n, …) → (n, 1).
        """
        return stateless_uniform([size_of(images, 0), 1], self._next_seed(), low, high)


class MovingLayer(ImageLayer):
    """The base of layers that move pixels: what to show outside and between them.

    Args:
        fill_mode: what is shown outside: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear", or "nearest" for the nearest pixel.
        fill_value: what "constant" shows.
        **kwargs: `seed`, `data_format`, and those of all layers.
    """

    def __init__(self, fill_mode: str, interpolation: str, fill_value: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = fill_value

    @property
    def _look(self) -> tuple:
        return self.fill_mode, self.fill_value, self.interpolation


def range_of(layer: Any, name: str, factor: Any, least: float = -1.0) -> tuple[float, float]:
    """The lowest and the highest factor: two numbers, or one that stands for ±.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, or numbers not in [least, 1].
    """
    pair = factor if isinstance(factor, Sequence) and not isinstance(factor, str) else None
    if pair is None and isinstance(factor, (int, float)):
        pair = (max(-abs(factor), least), abs(factor))
    numbers = pair is not None and len(pair) == 2 and all(
        isinstance(x, (int, float)) and least <= x <= 1 for x in pair
    )  # fmt: skip
    if pair is None or not numbers:
        raise refused(
            layer, "The `factor` argument should be a number (or a list of two numbers) in the "
            f"range [{least}, 1.0]. Received: {name}={factor!r}", "a factor is a share",
            f"write {name}=0.1, or {name}=(-0.1, 0.2)",
        )  # fmt: skip
    return min(pair), max(pair)

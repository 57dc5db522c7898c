"""Images brought to one size: scaled, or cut out."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layers.arguments import one_of, refused, size
from minitensor.keras.layers.image_layer import ImageLayer
from minitensor.keras.layers.image_sampling import INTERPOLATIONS, size_of
from minitensor.ops import cast, clip_by_value, floor, gather, matmul, pad, reshape, rint
from minitensor.ops import range as numbers

__all__ = ["CenterCrop", "RandomCrop", "Resizing"]


class Resizing(ImageLayer):
    """Images scaled to one height and width. In training and outside of it alike.

    Args:
        height: of the result.
        width: of the result.
        interpolation: "bilinear", or "nearest" for the nearest pixel.
        crop_to_aspect_ratio: cut off what keeps the image from having the new proportions.
        pad_to_aspect_ratio: add margins of `fill_value` instead.
        fill_mode: "constant", the only one.
        fill_value: what margins show.
        antialias: where images get smaller, take the mean of all pixels that a new one covers.
        data_format: "channels_last", the only one here.
        **kwargs: those of all layers.

    Shape: (n, h, w, channels), or without the n → (n, height, width, channels), of the layer's
    dtype; integers stay what they are, rounded.

    Raises:
        InvalidArgumentError: (also a ValueError) for sizes that are not known.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.range(4.0), [1, 4, 1])
        >>> mt.keras.layers.Resizing(1, 2)(image)[0, :, 0].numpy()
        array([0.5, 2.5], dtype=float32)
    """

    def __init__(self, height: int, width: int, interpolation: str = "bilinear",
                 crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
                 fill_mode: str = "constant", fill_value: float = 0.0, antialias: bool = False,
                 data_format: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = size(self, "height", height), size(self, "width", width)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        one_of(self, "fill_mode", fill_mode, ("constant",))
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise refused(
                self, "Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`",
                "the image gets its proportions one way or the other", "choose one",
            )  # fmt: skip
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = (
            crop_to_aspect_ratio, pad_to_aspect_ratio)  # fmt: skip
        self.fill_value, self.antialias = fill_value, antialias

    def call(self, inputs: Any, training: Any = True) -> Any:
        """The images scaled."""
        images = super().call(inputs, training=True)
        dtype = as_dtype(inputs.dtype)
        if dtype.kind not in "iu":
            return images
        return cast(clip_by_value(rint(images), float(dtype.min), float(dtype.max)), dtype)

    def change(self, images: Any) -> Any:
        """The images scaled: a matrix for the rows, and one for the columns."""
        target = self.height, self.width
        if self.crop_to_aspect_ratio:
            images = cropped_to_ratio(self, images, target)
        if self.pad_to_aspect_ratio:
            images = _padded_to_ratio(self, images, target, self.fill_value)
        return scaled(self, images, target, self.interpolation, self.antialias)


class CenterCrop(ImageLayer):
    """The middle of each image; images that are too small are scaled up first.

    Args:
        height: of the result.
        width: of the result.
        data_format: "channels_last", the only one here.
        **kwargs: those of all layers.

    Shape: (n, h, w, channels), or without the n → (n, height, width, channels).

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.range(5.0), [1, 5, 1])
        >>> mt.keras.layers.CenterCrop(1, 3)(image)[0, :, 0].numpy()
        array([1., 2., 3.], dtype=float32)
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = size(self, "height", height), size(self, "width", width)

    def change(self, images: Any) -> Any:
        """The middle of the images."""
        return centre(self, images, (self.height, self.width))

    leave = change


class RandomCrop(ImageLayer):
    """A part of each image, from a place that is drawn; outside of training the middle.

    Args:
        height: of the result.
        width: of the result.
        seed: makes the draws repeatable.
        data_format: "channels_last", the only one here.
        **kwargs: those of all layers.

    Shape: (n, h, w, channels), or without the n → (n, height, width, channels). Images that are too
    small are scaled up.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.range(5.0), [1, 5, 1])
        >>> layer = mt.keras.layers.RandomCrop(1, 3, seed=1)
        >>> part = layer(image)[0, :, 0].numpy()
        >>> (part - part[0]).tolist()
        [0.0, 1.0, 2.0]
    """

    def __init__(self, height: int, width: int, seed: int | None = None,
                 data_format: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.height, self.width = size(self, "height", height), size(self, "width", width)

    def change(self, images: Any) -> Any:
        """Parts of the images, each from a place of its own."""
        target = self.height, self.width
        found = _known_sizes(self, images)
        if found[0] < target[0] or found[1] < target[1]:
            return centre(self, images, target)
        for axis, (wanted, there) in enumerate(zip(target, found, strict=True), 1):
            start = cast(floor(self.draw(images, 0.0, there - wanted + 1)), "int32")
            images = gather(images, start + numbers(wanted), axis=axis, batch_dims=1)
        return images

    def leave(self, images: Any) -> Any:
        """The middle of the images."""
        return centre(self, images, (self.height, self.width))


def centre(layer: Any, images: Any, target: tuple[int, int]) -> Any:
    """The middle of images, scaled up before where they are too small."""
    height, width = _known_sizes(layer, images)
    if height >= target[0] and width >= target[1]:
        return _middle(images, target)
    return scaled(layer, cropped_to_ratio(layer, images, target), target, "bilinear", False)


def cropped_to_ratio(layer: Any, images: Any, target: tuple[int, int]) -> Any:
    """The largest part in the middle of images that has the proportions of `target`."""
    height, width = _known_sizes(layer, images)
    high = max(min(height, int(width * target[0] / target[1])), 1)
    wide = max(min(width, int(height * target[1] / target[0])), 1)
    return _middle(images, (high, wide))


def _middle(images: Any, target: tuple[int, int]) -> Any:
    top, left = ((images.shape[axis] - n) // 2 for axis, n in enumerate(target, 1))
    return images[:, top : top + target[0], left : left + target[1]]


def _padded_to_ratio(layer: Any, images: Any, target: tuple[int, int], fill: float) -> Any:
    height, width = _known_sizes(layer, images)
    down = max(height, int(width * target[0] / target[1])) - height
    across = max(width, int(height * target[1] / target[0])) - width
    margins = [[0, 0], [down // 2, down - down // 2], [across // 2, across - across // 2], [0, 0]]
    return pad(images, margins, constant_values=fill)


def scaled(layer: Any, images: Any, target: tuple[int, int], interpolation: str,
           antialias: bool) -> Any:  # fmt: skip
    """Images of another height and width: each new pixel a weighted sum of old ones.

    Shape: (n, h, w, c) → (n, *target, c).
    """
    height, width = _known_sizes(layer, images)
    n, channels = size_of(images, 0), images.shape[-1]
    down, across = (
        _weights(there, wanted, interpolation, antialias).astype(as_dtype(images.dtype).numpy)
        for there, wanted in zip((height, width), target, strict=True)
    )
    rows = matmul(down, reshape(images, [n, height, width * channels]))
    columns = matmul(across, reshape(rows, [n * target[0], width, channels]))
    return reshape(columns, [n, *target, channels])


def _weights(there: int, wanted: int, interpolation: str, antialias: bool) -> np.ndarray:
    """How much each old pixel counts for each new one: (wanted, there), rows sum to 1.

    The middles of pixels lie at ½, 1½, …; a pixel reaches as far as its neighbours' middles.
    """
    scale = there / wanted
    places = (np.arange(wanted) + 0.5) * scale
    if interpolation == "nearest":
        return np.eye(there)[np.minimum(places.astype(int), there - 1)]
    reach = max(scale, 1.0) if antialias else 1.0
    places = places if antialias else np.clip(places, 0.5, there - 0.5)
    distances = np.abs(places[:, None] - (np.arange(there) + 0.5)) / reach
    weights = np.maximum(1 - distances, 0)
    return weights / weights.sum(axis=1, keepdims=True)


def _known_sizes(layer: Any, images: Any) -> tuple[int, int]:
    height, width = images.shape[1:3]
    if height is None or width is None:
        raise InvalidArgumentError(
            message(f"layer '{layer.name}'", f"images of shape {tuple(images.shape)}",
                    "the input needs a fully defined height and width",
                    "how to cut and scale is planned before there are images",
                    "say the sizes: keras.Input((28, 28, 1)), or image.set_shape(…)")
        )  # fmt: skip
    return height, width

"""Images turned, moved, mirrored and enlarged at random, so that a model sees more of them."""

from __future__ import annotations

from math import pi
from typing import Any

from minitensor.keras.layers.arguments import one_of
from minitensor.keras.layers.image_layer import ImageLayer, MovingLayer, range_of
from minitensor.keras.layers.image_sampling import along_axis, at_places, size_of
from minitensor.ops import cast, cos, less, reverse, sin, where
from minitensor.ops import range as numbers

__all__ = ["RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"]


class RandomFlip(ImageLayer):
    """Each image mirrored, or not.

    Args:
        mode: "horizontal" exchanges left and right, "vertical" top and bottom;
            "horizontal_and_vertical" does each with a draw of its own.
        seed: makes the draws repeatable.
        data_format: "channels_last", the only one here.
        **kwargs: those of all layers.

    Shape: (n, height, width, channels), or without the n → same. Only in training.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.range(3.0), [1, 3, 1])
        >>> layer = mt.keras.layers.RandomFlip("horizontal", seed=1)
        >>> [layer(image)[0, :, 0].numpy().tolist() for _ in range(3)]
        [[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]
    """

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None,
                 data_format: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        self.mode = one_of(self, "mode", mode, modes)

    def change(self, images: Any) -> Any:
        """The images, about half of them mirrored."""
        for word, axis in (("horizontal", 2), ("vertical", 1)):
            if word in self.mode:
                turned = less(self.draw(images, 0.0, 1.0), 0.5)[:, :, None, None]
                images = where(turned, reverse(images, axis=[axis]), images)
        return images


class RandomTranslation(MovingLayer):
    """Each image moved down or up, and to the right or left.

    Args:
        height_factor: how far down, as a share of the height: 0.2 for up to 0.2 either way, or a
            pair (lowest, highest).
        width_factor: how far to the right, as a share of the width.
        fill_mode: what is shown outside: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear", or "nearest" for the nearest pixel.
        seed: makes the draws repeatable.
        fill_value: what "constant" shows.
        data_format: "channels_last", the only one here.
        **kwargs: those of all layers.

    Shape: (n, height, width, channels), or without the n → same. Only in training.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.range(4.0), [1, 4, 1])
        >>> layer = mt.keras.layers.RandomTranslation(0, (0.25, 0.25), "constant")
        >>> layer(image)[0, :, 0].numpy()
        array([0., 0., 1., 2.], dtype=float32)
    """

    def __init__(self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: int | None = None,
                 fill_value: float = 0.0, data_format: str | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format,
                         **kwargs)  # fmt: skip
        self.height_range = range_of(self, "height_factor", height_factor)
        self.width_range = range_of(self, "width_factor", width_factor)

    def change(self, images: Any) -> Any:
        """The images, each moved."""
        for axis, limits in ((1, self.height_range), (2, self.width_range)):
            if any(limits):
                places = _places(images, axis)
                moved = self.draw(images, *limits) * cast(size_of(images, axis), "float32")
                images = along_axis(images, places - moved, axis, *self._look)
        return images


class RandomZoom(MovingLayer):
    """Each image seen from nearer, or from farther away.

    Args:
        height_factor: how much farther: 0.2 for up to 20 % either way, or a pair; -0.3 shows 70 %
            of the height, enlarged.
        width_factor: the same for the width; by default the width goes with the height.
        fill_mode: what is shown outside: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear", or "nearest" for the nearest pixel.
        seed: makes the draws repeatable.
        fill_value: what "constant" shows.
        data_format: "channels_last", the only one here.
        **kwargs: those of all layers.

    Shape: (n, height, width, channels), or without the n → same. Only in training.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.range(4.0), [1, 4, 1])
        >>> layer = mt.keras.layers.RandomZoom(0.0, (-0.5, -0.5))
        >>> layer(image)[0, :, 0].numpy()
        array([0.75, 1.25, 1.75, 2.25], dtype=float32)
    """

    def __init__(self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
                 interpolation: str = "bilinear", seed: int | None = None,
                 fill_value: float = 0.0, data_format: str | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format,
                         **kwargs)  # fmt: skip
        self.height_range = range_of(self, "height_factor", height_factor)
        self.width_range = None
        if width_factor is not None:
            self.width_range = range_of(self, "width_factor", width_factor)

    def change(self, images: Any) -> Any:
        """The images, each enlarged or made smaller about its middle."""
        down = 1 + self.draw(images, *self.height_range)
        across = down if self.width_range is None else 1 + self.draw(images, *self.width_range)
        for axis, zoom in ((1, down), (2, across)):
            middle = (cast(size_of(images, axis), "float32") - 1) / 2
            places = zoom * _places(images, axis) + middle * (1 - zoom)
            images = along_axis(images, places, axis, *self._look)
        return images


class RandomRotation(MovingLayer):
    """Each image turned about its middle.

    Args:
        factor: how far, as a share of a full turn: 0.1 for up to 36 degrees either way, or a pair;
            above 0 is counter-clockwise.
        fill_mode: what is shown outside: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear", or "nearest" for the nearest pixel.
        seed: makes the draws repeatable.
        fill_value: what "constant" shows.
        data_format: "channels_last", the only one here.
        **kwargs: those of all layers.

    Shape: (n, height, width, channels), or without the n → same. Only in training.

    Example:
        >>> import minitensor as mt
        >>> image = mt.constant([[[1.0], [2.0]], [[3.0], [4.0]]])
        >>> mt.keras.layers.RandomRotation((0.25, 0.25), interpolation="nearest")(image)[..., 0]
        <tf.Tensor: shape=(2, 2), dtype=float32, numpy=
        array([[2., 4.],
               [1., 3.]], dtype=float32)>
    """

    def __init__(self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
                 seed: int | None = None, fill_value: float = 0.0,
                 data_format: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format,
                         **kwargs)  # fmt: skip
        self.turn_range = range_of(self, "factor", factor)

    def change(self, images: Any) -> Any:
        """The images, each turned: every pixel shows the place that turns onto it."""
        angle = self.draw(images, *self.turn_range)[:, :, None] * (2 * pi)
        middle = [(cast(size_of(images, axis), "float32") - 1) / 2 for axis in (1, 2)]
        y = (_places(images, 1) - middle[0])[:, None]
        x = (_places(images, 2) - middle[1])[None, :]
        rows = sin(angle) * x + cos(angle) * y + middle[0]
        columns = cos(angle) * x - sin(angle) * y + middle[1]
        return at_places(images, rows, columns, *self._look)


def _places(images: Any, axis: int) -> Any:
    """The numbers of the pixels along an axis: (size,)."""
    return cast(numbers(size_of(images, axis)), "float32")

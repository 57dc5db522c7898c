"""Images made lighter, darker, paler or stronger at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.keras.layers.arguments import refused
from minitensor.keras.layers.image_layer import ImageLayer, range_of
from minitensor.ops import cast, clip_by_value, reduce_mean

__all__ = ["RandomBrightness", "RandomContrast"]


class RandomContrast(ImageLayer):
    """Each image's distances from its mean, in each channel, made larger or smaller.

    (x - mean) · f + mean with f from [1 - lower, 1 + upper].

    Args:
        factor: both lower and upper, a share; or the pair.
        value_range: what results are clipped to.
        seed: makes the draws repeatable.
        **kwargs: those of all layers.

    Shape: (n, height, width, channels), or without the n → same. Only in training.

    Example:
        >>> import minitensor as mt
        >>> image = mt.constant([[[100.0], [200.0]]])
        >>> pale = mt.keras.layers.RandomContrast((0.5, 0.0), seed=1)(image)
        >>> bool(100 < pale[0, 0, 0] < 125), float(mt.reduce_mean(pale))
        (True, 150.0)
    """

    def __init__(self, factor: Any, value_range: Sequence = (0, 255), seed: int | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(seed=seed, **kwargs)
        pair = (factor, factor) if isinstance(factor, (int, float)) else factor
        range_of(self, "factor", pair, least=0.0)
        self.factor_range = 1.0 - pair[0], 1.0 + pair[1]
        self.value_range = _range(self, value_range)

    def change(self, images: Any) -> Any:
        """The images, each with another contrast."""
        factor = cast(self.draw(images, *self.factor_range), images.dtype)[:, :, None, None]
        mean = reduce_mean(images, axis=[1, 2], keepdims=True)
        return clip_by_value((images - mean) * factor + mean, *self.value_range)


class RandomBrightness(ImageLayer):
    """Each image made lighter or darker by one number.

    Args:
        factor: how much, as a share of the range of values: one number for either way, or a pair.
        value_range: the range of values, which results are clipped to.
        seed: makes the draws repeatable.
        **kwargs: those of all layers.

    Shape: (n, height, width, channels), or without the n → same. Only in training.

    Example:
        >>> import minitensor as mt
        >>> image = mt.constant([[[0.25], [0.75]]])
        >>> layer = mt.keras.layers.RandomBrightness((0.5, 0.5), value_range=(0, 1))
        >>> layer(image)[0, :, 0].numpy()
        array([0.75, 1.  ], dtype=float32)
    """

    def __init__(self, factor: Any, value_range: Sequence = (0, 255), seed: int | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(seed=seed, **kwargs)
        self.factor_range = range_of(self, "factor", factor)
        self.value_range = _range(self, value_range)

    def change(self, images: Any) -> Any:
        """The images, each with another brightness."""
        low, high = self.value_range
        delta = self.draw(images, *self.factor_range) * (high - low)
        return clip_by_value(images + cast(delta, images.dtype)[:, :, None, None], low, high)


def _range(layer: Any, given: Any) -> tuple[float, float]:
    if not isinstance(given, Sequence) or len(given) != 2:
        raise refused(
            layer, "The `value_range` argument should be a list of two numbers. Received: "
            f"value_range={given}", "it says which values images have", "write (0, 255) or (0, 1)"
        )  # fmt: skip
    return float(min(given)), float(max(given))

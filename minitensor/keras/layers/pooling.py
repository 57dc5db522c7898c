"""Pooling: the largest or the mean of each window, or of all there is."""

from __future__ import annotations

from typing import Any

from minitensor import nn, ops
from minitensor.keras.input_spec import AXES, InputSpec
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import as_floats, channels_last, one_of, sizes

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "MaxPooling1D",
    "MaxPooling2D",
]


class _Pooling(Layer):
    """What pooling layers with windows share."""

    rank = 2

    def __init__(self, pool_size: Any, strides: Any = None, padding: str = "valid",
                 data_format: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.pool_size = sizes(self, "pool_size", pool_size, self.rank)
        self.strides = sizes(
            self, "strides", self.pool_size if strides is None else strides, self.rank
        )
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = channels_last(self, data_format)
        self.input_spec, self.axis_names = InputSpec(ndim=self.rank + 2), AXES[self.rank]


class MaxPooling1D(_Pooling):
    """The largest element of each window of sequences, for each channel.

    Args:
        pool_size: the length of a window.
        strides: how far it moves; its length by default.
        padding: "valid" keeps it inside; "same" lets it reach over the ends.
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, positions, channels).
    """

    rank = 1

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid",
                 data_format: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The largest of each window."""
        return nn.max_pool1d(inputs, self.pool_size, self.strides, self.padding.upper())


class MaxPooling2D(_Pooling):
    """The largest element of each window of images, for each channel.

    Args:
        pool_size: the height and width of a window; one number for both.
        strides: how far it moves down and to the right; its size by default.
        padding: "valid" keeps it inside; "same" lets it reach over the edges.
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, positions down, positions right, channels).

    Raises:
        InvalidArgumentError: (also a ValueError) for images that are smaller than a window.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.MaxPooling2D()(mt.zeros((1, 7, 6, 3))).shape
        TensorShape([1, 3, 3, 3])
    """

    def __init__(self, pool_size: Any = (2, 2), strides: Any = None, padding: str = "valid",
                 data_format: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(pool_size, strides, padding, data_format, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The largest of each window."""
        return nn.max_pool2d(
            inputs, ksize=self.pool_size, strides=self.strides, padding=self.padding.upper()
        )


class AveragePooling1D(_Pooling):
    """The mean of each window of sequences, for each channel; padding does not count.

    Args:
        pool_size: the length of a window.
        strides: how far it moves; its length by default.
        padding: "valid" keeps it inside; "same" lets it reach over the ends.
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, positions, channels).
    """

    rank = 1

    def call(self, inputs: Any) -> Any:
        """The mean of each window."""
        return nn.avg_pool1d(
            as_floats(self, inputs), self.pool_size, self.strides, self.padding.upper()
        )


class AveragePooling2D(_Pooling):
    """The mean of each window of images, for each channel; padding does not count.

    Args:
        pool_size: the height and width of a window; one number for both.
        strides: how far it moves down and to the right; its size by default.
        padding: "valid" keeps it inside; "same" lets it reach over the edges.
        data_format: "channels_last", the only one here.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, positions down, positions right, channels).

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.range(4.0), (1, 2, 2, 1))
        >>> mt.keras.layers.AveragePooling2D(2)(image).numpy().item()
        1.5
    """

    def call(self, inputs: Any) -> Any:
        """The mean of each window."""
        return nn.avg_pool2d(
            as_floats(self, inputs), ksize=self.pool_size, strides=self.strides,
            padding=self.padding.upper(),
        )  # fmt: skip


class _Global(Layer):
    """What pooling layers over everything share."""

    rank = 2

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format, self.keepdims = channels_last(self, data_format), keepdims
        self.input_spec, self.axis_names = InputSpec(ndim=self.rank + 2), AXES[self.rank]
        self._axes = tuple(range(1, self.rank + 1))


class GlobalAveragePooling1D(_Global):
    """The mean of all steps that count, for each channel.

    Args:
        data_format: "channels_last", the only one here.
        keepdims: whether the axis of steps stays, with size 1.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, channels). A mask says which steps count.

    Example:
        >>> import minitensor as mt
        >>> x = mt.constant([[[1.0], [3.0], [100.0]]])
        >>> mask = mt.constant([[True, True, False]])
        >>> mt.keras.layers.GlobalAveragePooling1D()(x, mask=mask).numpy()
        array([[2.]], dtype=float32)
    """

    rank = 1
    supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The mean of the steps."""
        inputs = as_floats(self, inputs)
        if mask is None:
            return ops.reduce_mean(inputs, axis=1, keepdims=self.keepdims)
        counts = ops.expand_dims(ops.cast(mask, inputs.dtype), axis=-1)
        total = ops.reduce_sum(inputs * counts, axis=1, keepdims=self.keepdims)
        return total / ops.reduce_sum(counts, axis=1, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """None: there are no steps any more."""


class GlobalAveragePooling2D(_Global):
    """The mean of all pixels, for each channel.

    Args:
        data_format: "channels_last", the only one here.
        keepdims: whether height and width stay, with size 1.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, channels).

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.GlobalAveragePooling2D()(mt.ones((2, 4, 4, 3))).shape
        TensorShape([2, 3])
    """

    def call(self, inputs: Any) -> Any:
        """The mean of the pixels."""
        return ops.reduce_mean(as_floats(self, inputs), axis=self._axes, keepdims=self.keepdims)


class GlobalMaxPooling1D(_Global):
    """The largest of all steps, for each channel.

    Args:
        data_format: "channels_last", the only one here.
        keepdims: whether the axis of steps stays, with size 1.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, channels).
    """

    rank = 1

    def call(self, inputs: Any) -> Any:
        """The largest of the steps."""
        return ops.reduce_max(inputs, axis=self._axes, keepdims=self.keepdims)


class GlobalMaxPooling2D(_Global):
    """The largest of all pixels, for each channel.

    Args:
        data_format: "channels_last", the only one here.
        keepdims: whether height and width stay, with size 1.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, channels).
    """

    def call(self, inputs: Any) -> Any:
        """The largest of the pixels."""
        return ops.reduce_max(inputs, axis=self._axes, keepdims=self.keepdims)

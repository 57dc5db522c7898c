"""Convolutions that treat each channel by itself, and those that mix the channels afterwards."""

from __future__ import annotations

from typing import Any

from minitensor import nn, ops
from minitensor.keras.layers.arguments import as_floats, size
from minitensor.keras.layers.convolution import Sliding

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"]


def _apart(layer: Sliding, inputs: Any, kernel: Any) -> Any:
    """Each channel under its own filters; sequences are images of height 1."""
    inputs = as_floats(layer, inputs)
    to = {"padding": layer.padding.upper()}
    if layer.rank == 2:
        return nn.depthwise_conv2d(
            inputs, kernel, strides=layer.strides, dilations=layer.dilation_rate, **to
        )
    image, filters = ops.expand_dims(inputs, axis=1), ops.expand_dims(kernel, axis=0)
    strides, dilations = (1, *layer.strides), (1, *layer.dilation_rate)
    out = nn.depthwise_conv2d(image, filters, strides=strides, dilations=dilations, **to)
    return ops.squeeze(out, axis=1)


class _Depthwise(Sliding):
    """What DepthwiseConv1D and DepthwiseConv2D share."""

    def __init__(
        self, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        depth_multiplier: int = 1, data_format: str | None = None, dilation_rate: Any = 1,
        activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, depthwise_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = size(self, "depth_multiplier", depth_multiplier)
        self._told("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)

    def build(self, input_shape: tuple) -> None:
        """Make kernel and bias."""
        channels, times = self._channels(input_shape), self.depth_multiplier
        self.kernel = self._make("depthwise", (*self.kernel_size, channels, times), "kernel")
        self.bias = self._make("bias", (channels * times,)) if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """activation(convolution + bias)."""
        self._check_room(inputs, self.kernel)
        return self._finish(_apart(self, inputs, self.kernel))


class DepthwiseConv1D(_Depthwise):
    """Filters that slide over sequences, each channel under filters of its own.

    Arguments as `DepthwiseConv2D`, with one number for sizes, strides and dilations.

    Shape: (batch, steps, channels) → (batch, positions, channels · depth_multiplier). Weights:
    kernel (kernel_size, channels, depth_multiplier), bias (channels · depth_multiplier,).
    """

    rank = 1


class DepthwiseConv2D(_Depthwise):
    """Filters that slide over images, each channel under filters of its own.

    Args:
        kernel_size: the height and width of a filter; one number for both.
        strides: how far it moves down and to the right.
        padding: "valid" keeps it inside the image; "same" pads with zeros.
        depth_multiplier: how many filters each channel has.
        data_format: "channels_last", the only one here.
        dilation_rate: the distance of the pixels that a filter sees.
        activation: a function, or its name; none by default.
        use_bias: whether an offset is added.
        depthwise_initializer, bias_initializer: what the weights begin with.
        depthwise_regularizer, bias_regularizer, activity_regularizer: what is added to the loss.
        depthwise_constraint, bias_constraint: what optimisers apply after each step.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, positions down, positions right, channels ·
    depth_multiplier). Weights: kernel (height, width, channels, depth_multiplier), bias (channels ·
    depth_multiplier,).

    Raises:
        InvalidArgumentError: (also a ValueError) for images that are smaller than a filter.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.DepthwiseConv2D(3, depth_multiplier=2)
        >>> layer(mt.zeros((1, 8, 8, 4))).shape, layer.kernel.shape
        (TensorShape([1, 6, 6, 8]), TensorShape([3, 3, 4, 2]))
    """


class _Separable(Sliding):
    """What SeparableConv1D and SeparableConv2D share."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str | None = None, dilation_rate: Any = 1, depth_multiplier: int = 1,
        activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None, pointwise_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, pointwise_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.filters = size(self, "filters", filters)
        self.depth_multiplier = size(self, "depth_multiplier", depth_multiplier)
        self._told("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._told("pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)

    def build(self, input_shape: tuple) -> None:
        """Make both kernels and the bias."""
        channels, times = self._channels(input_shape), self.depth_multiplier
        one = (1,) * self.rank
        self.depthwise_kernel = self._make(
            "depthwise", (*self.kernel_size, channels, times), "depthwise_kernel"
        )
        self.pointwise_kernel = self._make(
            "pointwise", (*one, channels * times, self.filters), "pointwise_kernel"
        )
        self.bias = self._make("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """activation(convolution + bias)."""
        self._check_room(inputs, self.depthwise_kernel)
        apart = _apart(self, inputs, self.depthwise_kernel)
        mix = nn.conv1d if self.rank == 1 else nn.conv2d
        return self._finish(mix(apart, self.pointwise_kernel, 1, padding="VALID"))


class SeparableConv1D(_Separable):
    """A depthwise convolution of sequences, then one with filters of length 1 that mixes channels.

    Arguments as `SeparableConv2D`, with one number for sizes, strides and dilations.

    Shape: (batch, steps, channels) → (batch, positions, filters). Weights: depthwise_kernel
    (kernel_size, channels, depth_multiplier), pointwise_kernel (1, channels · depth_multiplier,
    filters), bias (filters,).
    """

    rank = 1


class SeparableConv2D(_Separable):
    """A depthwise convolution of images, then one with 1×1 filters that mixes the channels.

    Args:
        filters: the number of channels of the output.
        kernel_size: the height and width of a depthwise filter; one number for both.
        strides: how far it moves down and to the right.
        padding: "valid" keeps it inside the image; "same" pads with zeros.
        data_format: "channels_last", the only one here.
        dilation_rate: the distance of the pixels that a filter sees.
        depth_multiplier: how many depthwise filters each channel has.
        activation: a function, or its name; none by default.
        use_bias: whether an offset is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: what the weights begin with.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: what
            is added to the loss.
        depthwise_constraint, pointwise_constraint, bias_constraint: what optimisers apply to the
            weights after each step.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, positions down, positions right, filters).
    Weights: depthwise_kernel (height, width, channels, depth_multiplier), pointwise_kernel (1, 1,
    channels · depth_multiplier, filters), bias (filters,).

    Raises:
        InvalidArgumentError: (also a ValueError) for images that are smaller than a filter.

    Source: Chollet, Xception: deep learning with depthwise separable convolutions (2017).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.SeparableConv2D(8, 3)
        >>> layer(mt.zeros((1, 8, 8, 4))).shape, layer.count_params()
        (TensorShape([1, 6, 6, 8]), 76)
    """

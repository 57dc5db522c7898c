"""Convolutions: filters that slide over sequences and images."""

from __future__ import annotations

from typing import Any

from minitensor import nn, ops
from minitensor.keras import activations
from minitensor.keras.input_spec import AXES, InputSpec
from minitensor.keras.layers.arguments import as_floats, channels_last, refused, size, sizes
from minitensor.keras.layers.parametric import Parametric

__all__ = ["Conv1D", "Conv2D", "Sliding"]


class Sliding(Parametric):
    """The base of layers whose weights slide over sequences (rank 1) or images (rank 2).

    Args:
        kernel_size, strides, dilation_rate: a number for each of the axes that it slides along, or
            one for all.
        padding: "valid", "same", or one of `paddings`.
        data_format: "channels_last", the only one here.
        activation, use_bias: what is done to the sums.
        bias_initializer, bias_regularizer, bias_constraint: about the offset.
        **kwargs: as `Layer`.
    """

    rank = 2
    paddings: tuple[str, ...] = ("valid", "same")

    def __init__(
        self, kernel_size: Any, strides: Any, padding: str, data_format: str | None,
        dilation_rate: Any, activation: Any, use_bias: bool, bias_initializer: Any,
        bias_regularizer: Any, bias_constraint: Any, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.kernel_size = sizes(self, "kernel_size", kernel_size, self.rank)
        self.strides = sizes(self, "strides", strides, self.rank)
        self.dilation_rate = sizes(self, "dilation_rate", dilation_rate, self.rank)
        self.padding = padding.lower() if isinstance(padding, str) else padding
        self.data_format = channels_last(self, data_format)
        self.activation, self.use_bias = activations.get(activation), use_bias
        self._told("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.input_spec = InputSpec(min_ndim=self.rank + 2, max_ndim=self.rank + 2)
        self.axis_names = AXES[self.rank]
        self._check_movement()

    def _check_movement(self) -> None:
        if self.padding not in self.paddings:
            raise refused(
                self, f"The `padding` argument must be one of {{{', '.join(self.paddings)}}}. "
                f"Received: {self.padding}", "'valid' keeps the window inside, 'same' pads with "
                "zeros", "write padding='same'",
            )  # fmt: skip
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise refused(
                self, "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and dilation_rate={self.dilation_rate}",
                "filters either take large steps or have gaps", "set one of the two to 1",
            )  # fmt: skip

    def _channels(self, input_shape: tuple) -> int:
        """How many channels there are; from now on, there must be as many."""
        channels = input_shape[-1]
        if channels is None:
            raise refused(
                self, "The channel dimension of the inputs should be defined. The input_shape "
                f"received is {tuple(input_shape)}", "each filter has a number for each channel",
                "give the last axis of the input a size",
            )  # fmt: skip
        self.input_spec = InputSpec(
            min_ndim=self.rank + 2, max_ndim=self.rank + 2, axes={-1: channels}
        )
        return channels

    def _check_room(self, inputs: Any, kernel: Any) -> None:
        """Raise Keras's words where the window is larger than the input."""
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)]
        there = inputs.shape[1:-1]
        if self.padding == "valid" and any(
            n is not None and n < span for n, span in zip(there, spans, strict=True)
        ):
            raise refused(
                self, "Computed output size would be zero or negative. Received `inputs shape="
                f"{tuple(inputs.shape)}`, `kernel shape={tuple(kernel.shape)}`, `dilation_rate="
                f"{self.dilation_rate}`, `strides={self.strides}`, `padding={self.padding}`",
                "a window must fit inside its input", "use padding='same', or fewer layers before",
            )  # fmt: skip

    def _finish(self, sums: Any) -> Any:
        """activation(sums + bias)."""
        if self.bias is not None:
            sums = sums + self.bias
        return self.activation(sums)


class _Convolution(Sliding):
    """What Conv1D and Conv2D share."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str | None = None, dilation_rate: Any = 1, groups: int = 1,
        activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.filters, self.groups = size(self, "filters", filters), size(self, "groups", groups)
        self._told("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        if self.filters % self.groups:
            raise refused(
                self, "The number of filters must be evenly divisible by the number of groups. "
                f"Received: groups={groups}, filters={filters}",
                "each group of channels has as many filters", "choose a divisor of filters",
            )  # fmt: skip

    def build(self, input_shape: tuple) -> None:
        """Make kernel and bias."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise refused(
                self, "The number of input channels must be evenly divisible by the number of "
                f"groups. Received groups={self.groups}, but the input has {channels} channels "
                f"(full input shape is {tuple(input_shape)})",
                "each group has as many channels", "choose a divisor of the number of channels",
            )  # fmt: skip
        self.kernel = self._make(
            "kernel", (*self.kernel_size, channels // self.groups, self.filters)
        )
        self.bias = self._make("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """activation(convolution + bias)."""
        self._check_room(inputs, self.kernel)
        inputs = as_floats(self, inputs)
        if self.groups == 1:
            return self._finish(self._slide(inputs, self.kernel))
        parts = zip(ops.split(inputs, self.groups, axis=-1),
                    ops.split(self.kernel, self.groups, axis=-1), strict=True)  # fmt: skip
        return self._finish(ops.concat([self._slide(x, k) for x, k in parts], axis=-1))

    def _slide(self, inputs: Any, kernel: Any) -> Any: ...


class Conv1D(_Convolution):
    """Filters that slide over sequences: activation(convolution + bias).

    Args:
        filters: how many filters, which is the number of channels of the output.
        kernel_size: how many steps a filter sees.
        strides: how far it moves.
        padding: "valid" keeps it inside; "same" pads with zeros, so that with strides 1 the length
            stays; "causal" pads at the beginning only, so that no output knows later inputs.
        data_format: "channels_last", the only one here.
        dilation_rate: the distance of the steps that a filter sees.
        groups: into how many parts the channels are cut, each with filters of its own.
        activation: a function, or its name; none by default.
        use_bias: whether an offset is added.
        kernel_initializer, bias_initializer: what the weights begin with.
        kernel_regularizer, bias_regularizer, activity_regularizer: what is added to the loss.
        kernel_constraint, bias_constraint: what optimisers apply to the weights after each step.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, positions, filters). Weights: kernel (kernel_size,
    channels / groups, filters), bias (filters,).

    Raises:
        InvalidArgumentError: (also a ValueError) for arguments that do not fit one another, and
            for inputs that are shorter than a filter.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Conv1D(1, 2, padding="causal", kernel_initializer="ones")
        >>> layer(mt.constant([[[1.0], [2.0], [4.0]]])).numpy().ravel()
        array([1., 3., 6.], dtype=float32)
    """

    rank = 1
    paddings = ("valid", "same", "causal")

    def _slide(self, inputs: Any, kernel: Any) -> Any:
        padding = self.padding.upper()
        if self.padding == "causal":
            before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
            inputs, padding = ops.pad(inputs, paddings=[[0, 0], [before, 0], [0, 0]]), "VALID"
        return nn.conv1d(inputs, kernel, self.strides, padding, dilations=self.dilation_rate)


class Conv2D(_Convolution):
    """Filters that slide over images: activation(convolution + bias).

    Args:
        filters: how many filters, which is the number of channels of the output.
        kernel_size: the height and width of a filter; one number for both.
        strides: how far it moves down and to the right.
        padding: "valid" keeps it inside the image; "same" pads with zeros, so that with strides 1
            the size stays.
        data_format: "channels_last", the only one here.
        dilation_rate: the distance of the pixels that a filter sees.
        groups: into how many parts the channels are cut, each with filters of its own.
        activation: a function, or its name; none by default.
        use_bias: whether an offset is added.
        kernel_initializer, bias_initializer: what the weights begin with.
        kernel_regularizer, bias_regularizer, activity_regularizer: what is added to the loss.
        kernel_constraint, bias_constraint: what optimisers apply to the weights after each step.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, positions down, positions right, filters).
    Weights: kernel (height, width, channels / groups, filters), bias (filters,).

    Raises:
        InvalidArgumentError: (also a ValueError) for arguments that do not fit one another, and
            for images that are smaller than a filter.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Conv2D(4, 3, activation="relu")
        >>> layer(mt.zeros((2, 8, 8, 1))).shape, layer.kernel.shape
        (TensorShape([2, 6, 6, 4]), TensorShape([3, 3, 1, 4]))
    """

    def _slide(self, inputs: Any, kernel: Any) -> Any:
        return nn.conv2d(
            inputs, kernel, strides=self.strides, padding=self.padding.upper(),
            dilations=self.dilation_rate,
        )  # fmt: skip

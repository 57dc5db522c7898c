"""Transposed convolutions, which make sequences and images larger."""

from __future__ import annotations

from typing import Any

from minitensor import nn
from minitensor.keras.layers.arguments import as_floats, refused, size, sizes
from minitensor.keras.layers.convolution import Sliding

__all__ = ["Conv1DTranspose", "Conv2DTranspose"]


class _Transposed(Sliding):
    """What Conv1DTranspose and Conv2DTranspose share."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        output_padding: Any = None, data_format: str | None = None, dilation_rate: Any = 1,
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
        self.filters = size(self, "filters", filters)
        self._told("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = sizes(self, "output_padding", output_padding, self.rank, 0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise refused(
                    self, "`output_padding` must be strictly less than `strides` for all "
                    f"dimensions. Received: output_padding={self.output_padding}, strides="
                    f"{self.strides}", "it chooses among the sizes that strides leave open",
                    "write output_padding=0",
                )  # fmt: skip

    def build(self, input_shape: tuple) -> None:
        """Make kernel and bias."""
        channels = self._channels(input_shape)
        self.kernel = self._make("kernel", (*self.kernel_size, self.filters, channels))
        self.bias = self._make("bias", (self.filters,)) if self.use_bias else None

    def _output_shape(self, inputs: Any) -> list:
        """The shape that a convolution would bring back to that of the inputs."""
        shape = [inputs.shape[0]]
        for axis, n in enumerate(inputs.shape[1:-1]):
            if n is None:
                raise refused(
                    self, f"axis {axis + 1} of the inputs has no size yet: {tuple(inputs.shape)}",
                    "the size of the output follows from that of the input",
                    "give the model's input its sizes",
                )  # fmt: skip
            shape.append(self._length(axis, n))
        return [*shape, self.filters]

    def _length(self, axis: int, n: int) -> int:
        stride, same = self.strides[axis], self.padding == "same"
        span = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        if self.output_padding is None:
            return n * stride + (0 if same else max(span - stride, 0))
        inside = 2 * (span // 2) if same else 0
        return (n - 1) * stride + span - inside + self.output_padding[axis]

    def call(self, inputs: Any) -> Any:
        """activation(transposed convolution + bias)."""
        return self._finish(self._spread(as_floats(self, inputs), self._output_shape(inputs)))

    def _spread(self, inputs: Any, shape: list) -> Any: ...


class Conv1DTranspose(_Transposed):
    """The transpose of `Conv1D`, which makes sequences longer.

    Args:
        filters: the number of channels of the output.
        kernel_size: over how many steps each input is spread.
        strides: how many times longer the output is.
        padding: "same" for that length exactly; "valid" adds what reaches over the end.
        output_padding: how many steps are added at the end.
        data_format: "channels_last", the only one here.
        dilation_rate: the distance of the steps over which an input is spread.
        activation: a function, or its name; none by default.
        use_bias: whether an offset is added.
        kernel_initializer, bias_initializer: what the weights begin with.
        kernel_regularizer, bias_regularizer, activity_regularizer: what is added to the loss.
        kernel_constraint, bias_constraint: what optimisers apply to the weights after each step.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → (batch, steps · strides or a few more, filters). Weights:
    kernel (kernel_size, filters, channels), bias (filters,).

    Raises:
        InvalidArgumentError: (also a ValueError) for arguments that do not fit one another.
    """

    rank = 1

    def _spread(self, inputs: Any, shape: list) -> Any:
        return nn.conv1d_transpose(
            inputs, self.kernel, shape, self.strides[0], self.padding.upper(),
            dilations=self.dilation_rate,
        )  # fmt: skip


class Conv2DTranspose(_Transposed):
    """The transpose of `Conv2D`, which makes images larger.

    Args:
        filters: the number of channels of the output.
        kernel_size: over how many rows and columns each pixel is spread.
        strides: how many times larger the output is.
        padding: "same" for that size exactly; "valid" adds what reaches over the edge.
        output_padding: how many rows and columns are added at the end.
        data_format: "channels_last", the only one here.
        dilation_rate: the distance of the pixels over which one is spread.
        activation: a function, or its name; none by default.
        use_bias: whether an offset is added.
        kernel_initializer, bias_initializer: what the weights begin with.
        kernel_regularizer, bias_regularizer, activity_regularizer: what is added to the loss.
        kernel_constraint, bias_constraint: what optimisers apply to the weights after each step.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → (batch, height · strides or a few more, width ·
    strides or a few more, filters). Weights: kernel (height, width, filters, channels), bias
    (filters,).

    Raises:
        InvalidArgumentError: (also a ValueError) for arguments that do not fit one another.

    Source: Dumoulin & Visin, A guide to convolution arithmetic for deep learning (2016).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Conv2DTranspose(3, 3, strides=2, padding="same")
        >>> layer(mt.zeros((1, 4, 4, 8))).shape, layer.kernel.shape
        (TensorShape([1, 8, 8, 3]), TensorShape([3, 3, 3, 8]))
    """

    def _spread(self, inputs: Any, shape: list) -> Any:
        return nn.conv2d_transpose(
            inputs, self.kernel, shape, self.strides, self.padding.upper(),
            dilations=self.dilation_rate,
        )  # fmt: skip

"""`HeadProjection`: a matrix product whose result has an axis for the heads of attention."""

from __future__ import annotations

from math import prod
from typing import Any

from minitensor.keras import activations
from minitensor.keras.layers.parametric import Parametric
from minitensor.ops import matmul, reshape, shape

__all__ = ["HeadProjection"]


class HeadProjection(Parametric):
    """inputs · kernel + bias, from the last axes of the input to new ones.

    Args:
        joined: how many of the last axes are summed over.
        sizes: the sizes of the axes that come in their place.
        use_bias: whether there is a bias.
        kernel: initializer, regularizer and constraint of the kernel.
        bias: those of the bias.
        activation: of the result.
        **kwargs: those of all layers.

    Shape: (…, *joined axes) → (…, *sizes). Weights: kernel (*joined axes, *sizes), bias sizes.
    """

    def __init__(self, joined: int, sizes: tuple, use_bias: bool, kernel: tuple, bias: tuple,
                 activation: Any = None, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.joined, self.sizes, self.use_bias = joined, tuple(sizes), use_bias
        self.activation = activations.get(activation)
        self._told("kernel", *kernel)
        self._told("bias", *bias)

    def build(self, input_shape: tuple) -> None:
        """Make kernel and bias."""
        self.kernel = self._make("kernel", (*input_shape[-self.joined :], *self.sizes))
        self.bias = self._make("bias", self.sizes) if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """The product: one matrix product, whatever the number of axes."""
        kept = len(inputs.shape) - self.joined
        leading = [n if n is not None else shape(inputs)[i]
                   for i, n in enumerate(inputs.shape[:kept])]  # fmt: skip
        width = prod(self.kernel.shape[: self.joined])
        x = reshape(inputs, [*leading, width]) if self.joined > 1 else inputs
        x = matmul(x, reshape(self.kernel, [width, prod(self.sizes)]))
        if self.bias is not None:
            x = x + reshape(self.bias, [-1])
        return self.activation(reshape(x, [*leading, *self.sizes]))

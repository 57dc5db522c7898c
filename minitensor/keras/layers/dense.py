"""`Dense`: a matrix product, an offset, an activation."""

from __future__ import annotations

from typing import Any

from minitensor.keras import activations
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layers.arguments import as_floats, refused, size
from minitensor.keras.layers.parametric import Parametric

__all__ = ["Dense"]


class Dense(Parametric):
    """activation(inputs @ kernel + bias), over the last axis.

    Args:
        units: the size of the last axis of the output.
        activation: a function, or its name; none by default.
        use_bias: whether an offset is added.
        kernel_initializer, bias_initializer: what the weights begin with.
        kernel_regularizer, bias_regularizer, activity_regularizer: what is added to the loss for
            the weights and for the output.
        kernel_constraint, bias_constraint: what optimisers apply to the weights after each step.
        **kwargs: as `Layer`.

    Shape: (batch, …, n) → (batch, …, units). Weights: kernel (n, units), bias (units,).

    Raises:
        InvalidArgumentError: (also a ValueError) for units below 1, and for inputs whose last axis
            has another size than that of the first input.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Dense(2, activation="relu", kernel_initializer="ones")
        >>> layer(mt.constant([[1.0, 2.0], [-1.0, -2.0]])).numpy()
        array([[3., 3.],
               [0., 0.]], dtype=float32)
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = size(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self._told("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._told("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.input_spec, self.axis_names = InputSpec(min_ndim=2), ("batch", "…", "features")
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        """Make kernel and bias."""
        features = input_shape[-1]
        if features is None:
            raise refused(
                self, "The last dimension of the inputs to a Dense layer should be defined. Found "
                f"None. Full input shape received: {tuple(input_shape)}",
                "the kernel has one row for each feature", "give the last axis a size",
            )  # fmt: skip
        self.kernel = self._make("kernel", (features, self.units))
        self.bias = self._make("bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Any) -> Any:
        """activation(inputs @ kernel + bias)."""
        x = as_floats(self, inputs) @ self.kernel
        if self.bias is not None:
            x = x + self.bias
        return self.activation(x)

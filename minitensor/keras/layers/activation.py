"""Activations as layers."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras import activations
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import as_floats, refused
from minitensor.keras.layers.parametric import Parametric

__all__ = ["ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


class Activation(Layer):
    """A function of the input, by name.

    Args:
        activation: a function, or its name.
        **kwargs: as `Layer`.

    Shape: any → same, for functions that act on each element.

    Raises:
        InvalidArgumentError: (also a ValueError) for an unknown name, with the nearest one.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Activation("relu")(mt.constant([-1.0, 2.0])).numpy()
        array([0., 2.], dtype=float32)
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """What the function gives."""
        return self.activation(inputs)


class ReLU(Layer):
    """Each x where it is at least `threshold`, else negative_slope · (x - threshold).

    Args:
        max_value: the greatest output; None for no limit.
        negative_slope: the slope below the threshold.
        threshold: from where on x is passed on.
        **kwargs: as `Layer`.

    Shape: any → same.

    Raises:
        InvalidArgumentError: (also a ValueError) for values below 0.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.ReLU(max_value=6.0)(mt.constant([-1.0, 2.0, 9.0])).numpy()
        array([0., 2., 6.], dtype=float32)
    """

    supports_masking = True

    def __init__(self, max_value: float | None = None, negative_slope: float | None = 0.0,
                 threshold: float | None = 0.0, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.max_value = max_value if max_value is None else _not_negative(
            self, max_value, "The max_value of a ReLU layer cannot be a negative value. Received: "
            f"max_value={max_value!r}"
        )  # fmt: skip
        self.negative_slope, self.threshold = (
            _not_negative(self, value, f"The {name} of a ReLU layer cannot be None or a negative "
                          f"value. Received: {name}={value!r}")
            for name, value in (("negative_slope", negative_slope), ("threshold", threshold))
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The inputs, cut off at the threshold."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """Each x where it is positive, else negative_slope · x.

    Args:
        negative_slope: the slope below 0; Keras 2 called it `alpha`.
        **kwargs: as `Layer`.

    Shape: any → same.

    Raises:
        InvalidArgumentError: (also a ValueError) for a slope below 0.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.LeakyReLU()(mt.constant([-1.0, 2.0])).numpy()
        array([-0.3,  2. ], dtype=float32)
    """

    supports_masking = True

    def __init__(self, negative_slope: float | None = 0.3, **kwargs: Any):
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(
            self, negative_slope, "The negative_slope value of a Leaky ReLU layer cannot be None "
            f"or negative value. Expected a float. Received: negative_slope={negative_slope!r}"
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The inputs, with the slope below 0."""
        return activations.leaky_relu(as_floats(self, inputs), self.negative_slope)


class ELU(Layer):
    """Each x where it is positive, else alpha · (exp(x) - 1).

    Args:
        alpha: minus the value for very negative x.
        **kwargs: as `Layer`.

    Shape: any → same.
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """The inputs, bent below 0."""
        return activations.elu(as_floats(self, inputs), self.alpha)


class PReLU(Parametric):
    """Each x where it is positive, else alpha · x, where alpha is learned.

    Args:
        alpha_initializer: what alpha begins with.
        alpha_regularizer: what is added to the loss for alpha.
        alpha_constraint: what optimisers apply to alpha after each step.
        shared_axes: axes along which there is only one alpha: [1, 2] for one per channel of
            images.
        **kwargs: as `Layer`.

    Shape: (batch, …) → same. Weight: alpha, the shape of one input, 1 along shared axes.
    Source: He et al., Delving deep into rectifiers (2015).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.PReLU(alpha_initializer="ones")
        >>> layer(mt.constant([[-1.0, 2.0]])).numpy(), layer.alpha.shape
        (array([[-1.,  2.]], dtype=float32), TensorShape([2]))
    """

    supports_masking = True

    def __init__(self, alpha_initializer: Any = "zeros", alpha_regularizer: Any = None,
                 alpha_constraint: Any = None, shared_axes: Any = None, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self._told("alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes

    def build(self, input_shape: tuple) -> None:
        """Make alpha."""
        shared = self.shared_axes or []
        sizes = [1 if i in shared else n for i, n in enumerate(input_shape)][1:]
        self.alpha = self._make("alpha", tuple(sizes))
        known = {i: n for i, n in enumerate(input_shape) if i and i not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=known)

    def call(self, inputs: Any) -> Any:
        """The inputs, with slope alpha below 0."""
        inputs = as_floats(self, inputs)
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)


class Softmax(Layer):
    """exp(x), divided by its sum along an axis; what a mask hides gets 0.

    Args:
        axis: the axis, or several.
        **kwargs: as `Layer`.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mask = mt.constant([True, True, False])
        >>> mt.keras.layers.Softmax()(mt.constant([1.0, 1.0, 9.0]), mask=mask).numpy()
        array([0.5, 0.5, 0. ], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Probabilities."""
        inputs = as_floats(self, inputs)
        if mask is not None:  # as good as -inf, but a slice that is hidden as a whole stays finite
            least = -3e4 if inputs.dtype.name == "float16" else -1e9
            inputs = inputs + (1.0 - ops.cast(mask, inputs.dtype)) * least
        return activations.softmax(inputs, self.axis)


def _not_negative(layer: Layer, value: Any, fault: str) -> float:
    if value is None or value < 0:
        raise refused(layer, fault, "slopes and limits count from 0 upwards", "write 0 or more")
    return float(value)

"""`TimeDistributed`: one layer for each step of a sequence."""

from __future__ import annotations

from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.calling import signature_of
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layer import Layer
from minitensor.ops import reshape, shape

__all__ = ["TimeDistributed"]


class TimeDistributed(Layer):
    """A layer applied to every step, with the same weights.

    All steps of all samples go through the layer as one batch, in a single call.

    Args:
        layer: the layer.
        **kwargs: those of all layers.

    Shape: (batch, steps, …) → (batch, steps, what the layer makes of …).

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no layer, or inputs without steps.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.TimeDistributed(mt.keras.layers.Dense(3))
        >>> layer(mt.ones((2, 4, 5))).shape
        TensorShape([2, 4, 3])
    """

    input_spec = InputSpec()
    supports_masking = True

    def __init__(self, layer: Any, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise InvalidArgumentError(
                message("TimeDistributed", f"{layer!r}",
                        "Please initialize `TimeDistributed` layer with a `keras.layers.Layer` "
                        f"instance. Received: {layer}", "it applies a layer to each step",
                        "pass for example Dense(8)")
            )  # fmt: skip
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        """Build the layer for one step."""
        if len(input_shape) < 3:
            raise InvalidArgumentError(
                message(f"layer '{self.name}'", f"shape {tuple(input_shape)}",
                        "`TimeDistributed` Layer should be passed an `input_shape` with at least "
                        f"3 dimensions, received: {tuple(input_shape)}",
                        "axes are batch, steps, and those of the layer", "add an axis of steps")
            )  # fmt: skip
        if not self.layer.built:
            self.layer.build((input_shape[0], *input_shape[2:]))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The layer's output at each step."""
        kwargs = {}
        if mask is not None and signature_of(type(self.layer)).takes("mask"):
            kwargs["mask"] = _merged(mask)
        outputs = self.layer(_merged(inputs), **kwargs)
        sizes = [n if n is not None else shape(inputs)[i] for i, n in enumerate(inputs.shape[:2])]
        return reshape(outputs, [*sizes, *outputs.shape[1:]])


def _merged(x: Any) -> Any:
    """Batch and steps as one axis."""
    return reshape(x, [-1, *x.shape[2:]])

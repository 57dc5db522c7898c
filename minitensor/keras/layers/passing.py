"""Layers that pass their input on, and say something about it: which steps count, what it costs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from minitensor import ops
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import refused
from minitensor.keras.regularizers import L1L2

__all__ = ["ActivityRegularization", "Identity", "Lambda", "Masking"]


class Identity(Layer):
    """The input as it is.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Identity()(mt.constant([1.0])).numpy()
        array([1.], dtype=float32)
    """

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs


class ActivityRegularization(Layer):
    """The input as it is; l1 · Σ|x| + l2 · Σx² of each example is added to the loss.

    Args:
        l1: the factor of the sum of sizes.
        l2: the factor of the sum of squares.
        **kwargs: as `Layer`.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.ActivityRegularization(l2=1.0)
        >>> y = layer(mt.constant([[3.0], [4.0]]))
        >>> float(layer.losses[0])
        12.5
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs


class Masking(Layer):
    """Hides steps all of whose features are `mask_value`: layers that follow leave them out.

    Args:
        mask_value: what stands for "nothing here".
        **kwargs: as `Layer`.

    Shape: (batch, steps, features) → same; hidden steps become 0.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Masking(mask_value=9.0)
        >>> x = mt.constant([[[1.0, 9.0], [9.0, 9.0]]])
        >>> layer(x).numpy().tolist(), layer.compute_mask(x).numpy()
        ([[[1.0, 9.0], [0.0, 0.0]]], array([[ True, False]]))
    """

    input_spec = InputSpec()
    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, inputs: Any) -> Any:
        """The input, with hidden steps as zeros."""
        counts = ops.expand_dims(self.compute_mask(inputs), axis=-1)
        return inputs * ops.cast(counts, inputs.dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Which steps count."""
        hidden = self.mask_value if inputs.dtype.is_floating else int(self.mask_value)
        return ops.reduce_any(ops.not_equal(inputs, hidden), axis=-1)


class Lambda(Layer):
    """A function as a layer.

    Args:
        function: what is computed; it may take `mask` and `training`, too.
        output_shape: Keras's; it has no effect, since shapes follow from the function.
        mask: the mask of the output, or a function (inputs, mask) that gives it.
        arguments: further arguments for the function, by name.
        **kwargs: as `Layer`.

    A model with it can be saved only if the function is registered: decorate it with
    `@keras.saving.register_keras_serializable()`, or better make it a `Layer`.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.Lambda(lambda x: x * x)(mt.constant([3.0])).numpy()
        array([9.], dtype=float32)
    """

    supports_masking = True

    def __init__(self, function: Callable, output_shape: Any = None, mask: Any = None,
                 arguments: dict | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        if not callable(function):
            raise refused(self, f"function={function!r} cannot be called", "it computes the output "
                          "from the input", "Lambda(lambda x: x * 2)")  # fmt: skip
        self.function, self.arguments, self.mask = function, arguments or {}, mask
        self._takes = inspect.signature(function).parameters

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """What the function gives."""
        offered = {"mask": mask, "training": training}
        wanted = {name: value for name, value in offered.items() if name in self._takes}
        return self.function(inputs, **self.arguments, **wanted)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that was given, or what the function for it gives."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

"""What is done to features before a network sees them: other units, mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minitensor import nn, ops
from minitensor.eager import convert_to_tensor
from minitensor.errors import FailedPreconditionError, message
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import refused
from minitensor.tensor import Operand

__all__ = ["Normalization", "Rescaling"]

_EPSILON = 1e-7
"""What a deviation of 0 counts as, so that nothing is divided by it."""


class Rescaling(Layer):
    """inputs · scale + offset: 0…255 becomes 0…1 with scale=1/255.

    Args:
        scale: the factor, a number or one for each channel.
        offset: what is added.
        **kwargs: as `Layer`.

    Shape: any → same, of the layer's dtype.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Rescaling(scale=1 / 127.5, offset=-1)
        >>> layer(mt.constant([0, 255], dtype=mt.uint8)).numpy()
        array([-1.,  1.], dtype=float32)
    """

    supports_masking = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Any) -> Any:
        """The inputs in other units."""
        x = ops.cast(inputs, self.compute_dtype) * np.asarray(self.scale, self.compute_dtype)
        return x + np.asarray(self.offset, self.compute_dtype)


class Normalization(Layer):
    """(inputs - mean) / √variance, with the mean and variance of data that it was shown.

    Args:
        axis: the axis, or axes, along which means differ: -1 for one for each feature; None for
            one mean of everything.
        mean: the mean, where it is known; together with `variance`.
        variance: the variance.
        invert: whether the way back is computed: inputs · √variance + mean.
        **kwargs: as `Layer`.

    Shape: (batch, …) → same. Weights, unless `mean` is given: mean and variance, the sizes of the
    axes, and the number of batches seen, none of them trained.

    Raises:
        InvalidArgumentError: (also a ValueError) for a mean without a variance, and for axes that
            the input does not have or whose size is not known.

    Example:
        >>> import minitensor as mt
        >>> import numpy as np
        >>> layer = mt.keras.layers.Normalization()
        >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 50.0]]))
        >>> layer(np.array([[1.0, 70.0]])).numpy()
        array([[-1.,  2.]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None,
                 invert: bool = False, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean, self.input_variance, self.invert = mean, variance, invert
        if (mean is None) != (variance is None):
            raise refused(
                self, "When setting values directly, both `mean` and `variance` must be set. "
                f"Received: mean={mean} and variance={variance}", "both are needed to normalise",
                "give both, or neither and call adapt(data)",
            )  # fmt: skip

    def build(self, input_shape: tuple) -> None:
        """Make the weights, or bring the mean and variance that were given into shape."""
        rank, shape = len(input_shape), tuple(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise refused(
                self, "All `axis` values must be in the range [-ndim, ndim). Received inputs with "
                f"ndim={rank}, while axis={self.axis}", "an axis belongs to the input",
                "choose axis=-1 for the features",
            )  # fmt: skip
        self._kept = sorted(axis % rank for axis in self.axis)
        sizes = tuple(shape[axis] for axis in self._kept)
        if None in sizes:
            raise refused(
                self, "All `axis` values to be kept must have a known shape. Received axis="
                f"{self.axis}, inputs.shape={shape}", "each place along them has its own mean",
                "give that axis of the input a size",
            )  # fmt: skip
        self._spread = [n if i in self._kept else 1 for i, n in enumerate(shape)]
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")

    @property
    def mean(self) -> Any:
        """The mean that is taken away, in a shape that broadcasts with the input."""
        return self._as_spread(self.input_mean if self.input_mean is not None else self.adapt_mean)

    @property
    def variance(self) -> Any:
        """The variance that is divided by, in a shape that broadcasts with the input."""
        given = self.input_variance
        return self._as_spread(given if given is not None else self.adapt_variance)

    def _as_spread(self, value: Any) -> Any:
        if not isinstance(value, Operand):
            value = np.asarray(value, self.compute_dtype)
            if value.size == 1 and self._kept:
                return convert_to_tensor(value.reshape([1] * len(self._spread)))
        return ops.reshape(value, self._spread)

    def call(self, inputs: Any) -> Any:
        """The normalised inputs, or the way back."""
        x = ops.cast(inputs, self.compute_dtype)
        deviation = ops.maximum(ops.sqrt(self.variance), _EPSILON)
        return x * deviation + self.mean if self.invert else (x - self.mean) / deviation

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the mean and variance of data; what it was shown before is forgotten.

        Args:
            data: an array, a tensor, or something that gives batches, such as a `Dataset`.
            batch_size: has no effect.
            steps: how many batches to take; all by default.

        Raises:
            FailedPreconditionError: (also a RuntimeError) where the mean was given.
        """
        if self.input_mean is not None:
            raise FailedPreconditionError(
                message("Normalization.adapt", "", "Cannot `adapt` a Normalization layer that is "
                        "initialized with static `mean` and `variance`",
                        "the mean is the one that was given", "leave mean and variance out")
            )  # fmt: skip
        whole = isinstance(data, (np.ndarray, Operand, list))
        batches: Iterable = [data] if whole else data
        if self.built:
            self.reset_state()
        for number, batch in enumerate(batches):
            if number == steps:
                break
            self.update_state(batch)

    def update_state(self, data: Any) -> None:
        """Let a further batch count, by its size."""
        x = ops.cast(convert_to_tensor(data), self.compute_dtype)
        x = ops.reshape(x, [-1, 1]) if x.ndim == 1 else x
        if not self.built:
            self.build(tuple(x.shape))
        axes = [i for i in range(x.ndim) if i not in self._kept]
        mean, variance = nn.moments(x, axes)
        self._seen = getattr(self, "_seen", 0) + x.shape[0]
        weight = x.shape[0] / self._seen
        total = self.adapt_mean * (1 - weight) + mean * weight
        old = self.adapt_variance + ops.square(self.adapt_mean - total)
        new = variance + ops.square(mean - total)
        self.adapt_variance.assign(old * (1 - weight) + new * weight)
        self.adapt_mean.assign(total)
        self.count.assign_add(1)

    def reset_state(self) -> None:
        """Forget all data."""
        self._seen = 0
        self.adapt_mean.assign(ops.zeros_like(self.adapt_mean))
        self.adapt_variance.assign(ops.ones_like(self.adapt_variance))
        self.count.assign(0)

"""Normalisation inside of networks: what a layer gives is shifted and scaled as it comes.

Source: Ioffe & Szegedy, Batch normalization (2015); Ba, Kiros & Hinton, Layer normalization (2016);
Wu & He, Group normalization (2018); Zhang & Sennrich, Root mean square layer normalization (2019).
"""

from __future__ import annotations

from typing import Any

from minitensor import nn, ops
from minitensor.errors import ArgumentError, Fault, message
from minitensor.keras.input_spec import InputSpec
from minitensor.keras.layers.arguments import as_floats, is_size, refused
from minitensor.keras.layers.parametric import Parametric
from minitensor.keras.layers.shaping import reshape_sizes
from minitensor.shapes import axis_of

__all__ = ["GroupNormalization", "LayerNormalization", "Normalizing", "RMSNormalization",
           "UnitNormalization"]  # fmt: skip


class Normalizing(Parametric):
    """The base of layers that normalise, then scale by gamma and shift by beta.

    Args:
        axis: the axis, or axes, along which gamma and beta differ.
        epsilon: what is added to variances, so that nothing is divided by 0.
        center, scale: whether there is a beta, and a gamma.
        beta_initializer, gamma_initializer: what they begin with.
        beta_regularizer, gamma_regularizer: what is added to the loss for them.
        beta_constraint, gamma_constraint: what optimisers apply to them after each step.
        **kwargs: as `Layer`.
    """

    supports_masking = True
    input_spec = InputSpec()

    def __init__(
        self, axis: Any, epsilon: float, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
        beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
        gamma_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else self._several(axis)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self._told("beta", beta_initializer, beta_regularizer, beta_constraint)
        self._told("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)

    def _several(self, axis: Any) -> list[int]:
        if isinstance(axis, (tuple, list)) and all(isinstance(one, int) for one in axis):
            return list(axis)
        raise ArgumentError(
            message(type(self).__name__, "", "Expected an int or a list/tuple of ints for the "
                    f"argument 'axis', but received: {axis!r}", "axes are numbered",
                    "write axis=-1 for the last")
        )  # fmt: skip

    def _axes(self, rank: int) -> list[int]:
        """The axes, counted from 0."""
        try:
            axes = [self.axis] if isinstance(self.axis, int) else self.axis
            return sorted(axis_of(axis, rank) for axis in axes)
        except Fault as fault:
            raise fault.about(type(self).__name__, f"axis={self.axis}") from None

    def _make_scale(self, shape: tuple) -> None:
        """Make gamma and beta, and remember the axes that have a size."""
        self.gamma = self._make("gamma", shape) if self.scale else None
        self.beta = self._make("beta", shape) if self.center else None

    def _sizes(self, input_shape: tuple) -> tuple:
        """The sizes of the axes that gamma and beta have; from now on, they stay."""
        axes = self._axes(len(input_shape))
        found = tuple(input_shape[axis] for axis in axes)
        if None in found:
            raise refused(
                self, f"axis {self.axis} has no size: input_shape={tuple(input_shape)}",
                "gamma and beta have one number for each place along it",
                "give the input's axis a size",
            )  # fmt: skip
        spec = dict(zip(axes, found, strict=True))
        self.input_spec = InputSpec(ndim=len(input_shape), axes=spec)
        return found

    def _along(self, weight: Any, rank: int) -> Any:
        """A weight with axes of size 1, so that it broadcasts with the input."""
        axes = self._axes(rank)
        if axes == list(range(rank - len(axes), rank)):
            return weight
        sizes = iter(weight.shape)
        return ops.reshape(weight, [next(sizes) if i in axes else 1 for i in range(rank)])

    def _scaled(self, x: Any) -> Any:
        """Gamma · x + beta."""
        rank = x.ndim
        if self.gamma is not None:
            x = x * self._along(self.gamma, rank)
        return x if self.beta is None else x + self._along(self.beta, rank)


class LayerNormalization(Normalizing):
    """Each example to mean 0 and variance 1 along an axis, then scaled and shifted.

    gamma · (x - mean) / √(variance + epsilon) + beta, the same while training and afterwards.

    Args:
        axis: the axis of the features, or several.
        epsilon: what is added to variances, so that nothing is divided by 0.
        center, scale: whether there is a beta, and a gamma.
        beta_initializer, gamma_initializer: what they begin with.
        beta_regularizer, gamma_regularizer: what is added to the loss for them.
        beta_constraint, gamma_constraint: what optimisers apply to them after each step.
        **kwargs: as `Layer`.

    Shape: any → same. Weights: gamma and beta, the sizes of the axes.
    Source: Ba, Kiros & Hinton, Layer normalization (2016), section 3.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.LayerNormalization(epsilon=0.0)
        >>> layer(mt.constant([[1.0, 3.0], [10.0, 50.0]])).numpy()
        array([[-1.,  1.],
               [-1.,  1.]], dtype=float32)
    """

    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
        beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
        gamma_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        rms_scaling = kwargs.pop("rms_scaling", False)
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        if rms_scaling:
            raise refused(self, "rms_scaling=True is not supported", "that is another layer",
                          "use RMSNormalization")  # fmt: skip

    def build(self, input_shape: tuple) -> None:
        """Make gamma and beta."""
        self._make_scale(self._sizes(input_shape))

    def call(self, inputs: Any) -> Any:
        """The normalised input."""
        inputs = as_floats(self, inputs)
        mean, variance = nn.moments(inputs, self._axes(inputs.ndim), keepdims=True)
        return self._scaled((inputs - mean) * ops.rsqrt(variance + self.epsilon))


class GroupNormalization(Normalizing):
    """Each example to mean 0 and variance 1, by groups of channels, then scaled and shifted.

    Args:
        groups: into how many groups the channels are cut; -1 for one for each channel.
        axis: the axis of the channels.
        epsilon: what is added to variances, so that nothing is divided by 0.
        center, scale: whether there is a beta, and a gamma.
        beta_initializer, gamma_initializer: what they begin with.
        beta_regularizer, gamma_regularizer: what is added to the loss for them.
        beta_constraint, gamma_constraint: what optimisers apply to them after each step.
        **kwargs: as `Layer`.

    Shape: (batch, …, channels) → same. Weights: gamma and beta (channels,).

    Raises:
        InvalidArgumentError: (also a ValueError) for groups that do not divide the channels.

    Source: Wu & He, Group normalization (2018).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.GroupNormalization(groups=2, epsilon=0.0)
        >>> layer(mt.constant([[1.0, 3.0, 10.0, 50.0]])).numpy()
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True,
        scale: bool = True, beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
        beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
        gamma_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.groups = groups

    def build(self, input_shape: tuple) -> None:
        """Make gamma and beta."""
        (channels,) = shape = self._sizes(input_shape)
        if self.groups == -1:
            self.groups = channels
        fault = self._group_fault(channels)
        if fault:
            raise refused(self, fault, "each group has the same number of channels",
                          f"choose a divisor of {channels}")  # fmt: skip
        self._make_scale(shape)

    def _group_fault(self, channels: int) -> str | None:
        """What is wrong with the number of groups; None if nothing is."""
        groups = self.groups
        if not is_size(groups):
            return ("Received an invalid value for argument `groups`, expected a positive integer "
                    f"(or `-1` for instance normalization). Received: groups={groups}")  # fmt: skip
        if groups > channels:
            return (f"Number of groups ({groups}) cannot be more than the number of channels "
                    f"({channels})")  # fmt: skip
        if channels % groups:
            return (f"Number of groups ({groups}) must be a multiple of the number of channels "
                    f"({channels})")  # fmt: skip
        return None

    def call(self, inputs: Any) -> Any:
        """The normalised input."""
        rank, (axis,) = inputs.ndim, self._axes(inputs.ndim)
        known = reshape_sizes(inputs)
        apart = [*known[:axis], self.groups, inputs.shape[axis] // self.groups, *known[axis + 1 :]]
        x = ops.reshape(as_floats(self, inputs), apart)
        axes = [i for i in range(1, rank + 1) if i != axis]
        mean, variance = nn.moments(x, axes, keepdims=True)
        x = (x - mean) * ops.rsqrt(variance + self.epsilon)
        return self._scaled(ops.reshape(x, known))


class UnitNormalization(Parametric):
    """Vectors along an axis, brought to length 1.

    Args:
        axis: the axis, or several.
        **kwargs: as `Layer`.

    Shape: any → same.

    Raises:
        ArgumentError: (also a TypeError) for an axis that is no number.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.UnitNormalization()(mt.constant([[3.0, 4.0]])).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(axis, (tuple, list)):
            axis = list(axis)
        if not all(isinstance(one, int) for one in (axis if isinstance(axis, list) else [axis])):
            raise ArgumentError(
                message("UnitNormalization", "", "Invalid value for `axis` argument: expected an "
                        f"int or a list/tuple of ints. Received: axis={axis}", "axes are numbered",
                        "write axis=-1 for the last")
            )  # fmt: skip
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """The vectors of length 1."""
        return ops.l2_normalize(as_floats(self, inputs), axis=self.axis)


class RMSNormalization(Normalizing):
    """Vectors along an axis, divided by the root of their mean square, then scaled.

    Args:
        axis: the axis of the features, or several.
        epsilon: what is added to the mean square, so that nothing is divided by 0.
        **kwargs: as `Layer`.

    Shape: any → same. Weight: scale, the sizes of the axes.
    Source: Zhang & Sennrich, Root mean square layer normalization (2019).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.RMSNormalization(epsilon=0.0)
        >>> layer(mt.constant([[1.0, -7.0]])).numpy()
        array([[ 0.2, -1.4]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(axis, epsilon, center=False, **kwargs)
        self._told("scale", "ones", None, None)

    def build(self, input_shape: tuple) -> None:
        """Make scale."""
        self.scale = self._make("scale", self._sizes(input_shape))

    def call(self, inputs: Any) -> Any:
        """The scaled input."""
        axes, inputs = self._axes(inputs.ndim), as_floats(self, inputs)
        square = ops.reduce_mean(ops.square(inputs), axis=axes, keepdims=True)
        unit = inputs * ops.rsqrt(square + self.epsilon)
        return unit * self._along(self.scale, inputs.ndim)

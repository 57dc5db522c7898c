"""Noise against overfitting: layers that disturb their input while training, and only then."""

from __future__ import annotations

from typing import Any

from minitensor import ops
from minitensor.keras.input_spec import AXES, InputSpec
from minitensor.keras.layers.arguments import as_floats, channels_last, rate_of, refused
from minitensor.keras.layers.drawing import Drawing
from minitensor.ops.activation import SELU_ALPHA_SCALE
from minitensor.ops.neural import dropout_
from minitensor.ops.random import stateless_normal

__all__ = [
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
]


class Dropout(Drawing):
    """Each element 0 with probability `rate` while training, the others divided by 1 - rate.

    Args:
        rate: the share of elements to drop.
        noise_shape: which elements are dropped together: 1 for axes along which all are, None for
            others.
        seed: a whole number, for a stream of draws of its own.
        **kwargs: as `Layer`.

    Shape: any → same.

    Raises:
        InvalidArgumentError: (also a ValueError) for a rate outside of [0, 1].

    Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, Dropout (2014).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Dropout(0.5, seed=1)
        >>> layer(mt.ones((2, 4)), training=True).numpy()
        array([[0., 2., 2., 2.],
               [2., 0., 0., 0.]], dtype=float32)
        >>> layer(mt.ones((2, 4))).numpy()
        array([[1., 1., 1., 1.],
               [1., 1., 1., 1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ):
        super().__init__(seed=seed, **kwargs)
        self.rate = rate_of(self, "rate", rate)
        if noise_shape is not None and not isinstance(noise_shape, (tuple, list)):
            raise refused(
                self, "Invalid value received for argument `noise_shape`. Expected a tuple or list "
                f"of integers. Received: noise_shape={noise_shape!r}", "each axis has its entry",
                "write for example noise_shape=(None, 1, None)",
            )  # fmt: skip
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs with gaps while training, else as they are."""
        inputs = as_floats(self, inputs)
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        return dropout_(inputs, self.rate, self._next_seed(), noise_shape=self._noise_shape())[0]

    def _noise_shape(self) -> tuple | None:
        return self.noise_shape


class SpatialDropout1D(Dropout):
    """`Dropout` of whole channels of sequences: neighbouring steps are alike.

    Args:
        rate: the share of channels to drop.
        seed: a whole number, for a stream of draws of its own.
        **kwargs: as `Layer`.

    Shape: (batch, steps, channels) → same.
    Source: Tompson et al., Efficient object localization using convolutional networks (2014).
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__(rate, seed=seed, **kwargs)
        self.input_spec, self.axis_names = InputSpec(ndim=3), AXES[1]

    def _noise_shape(self) -> tuple:
        return None, 1, None


class SpatialDropout2D(Dropout):
    """`Dropout` of whole channels of images: neighbouring pixels are alike.

    Args:
        rate: the share of channels to drop.
        data_format: "channels_last", the only one here.
        seed: a whole number, for a stream of draws of its own.
        **kwargs: as `Layer`.

    Shape: (batch, height, width, channels) → same.
    Source: Tompson et al., Efficient object localization using convolutional networks (2014).
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None,
                 **kwargs: Any):  # fmt: skip
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = channels_last(self, data_format)
        self.input_spec, self.axis_names = InputSpec(ndim=4), AXES[2]

    def _noise_shape(self) -> tuple:
        return None, 1, 1, None


class GaussianNoise(Drawing):
    """Normal numbers added to the input while training.

    Args:
        stddev: their standard deviation.
        seed: a whole number, for a stream of draws of its own.
        **kwargs: as `Layer`.

    Shape: any → same.

    Raises:
        InvalidArgumentError: (also a ValueError) for a deviation outside of [0, 1].
    """

    supports_masking = True

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.stddev = rate_of(self, "stddev", stddev)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, blurred while training."""
        inputs = as_floats(self, inputs)
        if not training or self.stddev == 0:
            return inputs
        return inputs + self.stddev * _normal_like(inputs, self._next_seed())


class GaussianDropout(Drawing):
    """The input times normal numbers of mean 1 while training.

    Args:
        rate: sets their standard deviation, √(rate / (1 - rate)), as `Dropout` of that rate has.
        seed: a whole number, for a stream of draws of its own.
        **kwargs: as `Layer`.

    Shape: any → same.

    Raises:
        InvalidArgumentError: (also a ValueError) for a rate outside of [0, 1).

    Source: Srivastava et al., Dropout (2014), section 10.
    """

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.rate = _below_one(self, rate)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, scaled at random while training."""
        inputs = as_floats(self, inputs)
        if not training or self.rate == 0:
            return inputs
        deviation = (self.rate / (1 - self.rate)) ** 0.5
        return inputs * (1.0 + deviation * _normal_like(inputs, self._next_seed()))


class AlphaDropout(Drawing):
    """`Dropout` for networks of selu: mean 0 and variance 1 stay what they are.

    Dropped elements become the value that selu has for very negative inputs; then everything is
    scaled and shifted.

    Args:
        rate: the share of elements to drop.
        noise_shape: which elements are dropped together: 1 for axes along which all are, None for
            others.
        seed: a whole number, for a stream of draws of its own.
        **kwargs: as `Layer`.

    Shape: any → same.

    Raises:
        InvalidArgumentError: (also a ValueError) for a rate outside of [0, 1).

    Source: Klambauer et al., Self-normalizing neural networks (2017), section 2.
    """

    supports_masking = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ):
        super().__init__(seed=seed, **kwargs)
        self.rate = _below_one(self, rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs with gaps while training, else as they are."""
        inputs = as_floats(self, inputs)
        if not training or self.rate == 0:
            return inputs
        least = -SELU_ALPHA_SCALE
        factor = ((1 - self.rate) * (1 + self.rate * least**2)) ** -0.5
        kept = dropout_(
            ops.zeros_like(inputs), self.rate, self._next_seed(), noise_shape=self.noise_shape
        )[1]
        return ops.where(kept, inputs, least) * factor - factor * least * self.rate


def _below_one(layer: Drawing, rate: float) -> float:
    if rate == 1:
        raise refused(
            layer, "Invalid value received for argument `rate`: nothing would be left with rate=1",
            "what is kept is scaled by 1 / (1 - rate)", "choose a rate below 1",
        )  # fmt: skip
    return rate_of(layer, "rate", rate)


def _normal_like(x: Any, seed: Any) -> Any:
    """Normal numbers in the shape of a tensor, also where a size is known only when it runs."""
    return stateless_normal(ops.shape(x), seed, dtype=x.dtype)

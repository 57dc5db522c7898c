"""`BatchNormalization`: mean 0, variance 1, over a batch while training, over all of them later."""

from __future__ import annotations

from typing import Any

from minitensor import nn, ops
from minitensor.keras.layers.arguments import as_floats, refused
from minitensor.keras.layers.normalization import Normalizing

__all__ = ["BatchNormalization"]

_KERAS_ONLY = ("renorm", "renorm_clipping", "renorm_momentum", "synchronized")
_FEW = 1e-7
"""Keeps the mean of no steps finite."""


class BatchNormalization(Normalizing):
    """Each channel to mean 0 and variance 1 over the batch, then scaled and shifted.

    gamma · (x - mean) / √(variance + epsilon) + beta. While training, mean and variance are those
    of the batch, and moving averages of them are kept; otherwise, and where `trainable` is False,
    the moving averages are taken.

    Args:
        axis: the axis of the channels.
        momentum: how much of the moving averages stays in each step.
        epsilon: what is added to variances, so that nothing is divided by 0.
        center, scale: whether there is a beta, and a gamma.
        beta_initializer, gamma_initializer: what they begin with.
        moving_mean_initializer, moving_variance_initializer: what the averages begin with.
        beta_regularizer, gamma_regularizer: what is added to the loss for them.
        beta_constraint, gamma_constraint: what optimisers apply to them after each step.
        **kwargs: as `Layer`.

    Shape: (batch, …, channels) → same. Weights: gamma, beta, and, not trained, moving_mean and
    moving_variance, each (channels,). A mask says which steps count.
    Source: Ioffe & Szegedy, Batch normalization (2015), algorithms 1 and 2. The variance that is
    averaged is that of the batch as it is (divided by n), as in Keras 3.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.BatchNormalization(epsilon=0.0, momentum=0.9)
        >>> layer(mt.constant([[1.0], [3.0]]), training=True).numpy()
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> layer.moving_mean.numpy(), layer(mt.constant([[1.2]])).numpy()
        (array([0.2], dtype=float32), array([[1.]], dtype=float32))
    """

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
        scale: bool = True, beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros", moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
        gamma_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.momentum = float(momentum)
        self._told("moving_mean", moving_mean_initializer, None, None)
        self._told("moving_variance", moving_variance_initializer, None, None)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made with what a configuration says; what only Keras knows must be switched off.

        Raises:
            InvalidArgumentError: (also a ValueError) for batch renormalisation.
        """
        if config.get("renorm") or config.get("synchronized"):
            raise refused(
                cls(), f"neither renorm={config.get('renorm')} nor synchronized="
                f"{config.get('synchronized')} is supported",
                "statistics are those of one batch on one machine", "set both to False",
            )  # fmt: skip
        return super().from_config({k: v for k, v in config.items() if k not in _KERAS_ONLY})

    def build(self, input_shape: tuple) -> None:
        """Make gamma, beta and the moving averages."""
        shape = self._sizes(input_shape)
        self._make_scale(shape)
        self.moving_mean, self.moving_variance = (
            self.add_weight(shape, self._wishes[name].initializer, trainable=False, name=name)
            for name in ("moving_mean", "moving_variance")
        )

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The normalised input; while training, the moving averages move."""
        inputs = as_floats(self, inputs)
        if training and self.trainable:
            mean, variance = self._moments(inputs, mask)
            for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                average.assign(average * self.momentum + value * (1.0 - self.momentum))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        mean, variance, beta, gamma = (
            None if w is None else self._along(w, inputs.ndim)
            for w in (mean, variance, self.beta, self.gamma)
        )
        return nn.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)

    def _moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        """The mean and variance of each channel, over steps that count."""
        axes = [i for i in range(x.ndim) if i not in self._axes(x.ndim)]
        if 0 in [x.shape[i] for i in axes]:
            raise refused(
                self, f"the batch has shape {tuple(x.shape)}: there is nothing to take a mean of",
                "while training, each channel is normalised by its mean in the batch",
                "leave empty batches out, or call the layer with training=False",
            )  # fmt: skip
        if mask is None:
            return nn.moments(x, axes)
        counts = ops.expand_dims(ops.cast(mask, x.dtype), axis=-1)
        number = ops.reduce_sum(counts) + _FEW
        mean = ops.reduce_sum(x * counts, axis=axes) / number
        apart = ops.square(x - self._along(mean, x.ndim)) * counts
        return mean, ops.reduce_sum(apart, axis=axes) / number

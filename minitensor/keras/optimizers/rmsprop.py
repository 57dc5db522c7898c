"""RMSprop: steps divided by how large gradients have been lately."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import square
from minitensor.ops.elementwise import sqrt

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """RMSprop: v = rho · v + (1 - rho) · g² and w -= rate · g / √(v + epsilon).

    Args:
        learning_rate: the size of the steps.
        rho: how much of the mean squared gradient stays in each step.
        momentum: how much of the last step is repeated.
        epsilon: added under the root; it keeps steps small where gradients are 0.
        centered: divide by the standard deviation of gradients, √(v - mean² + epsilon).
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.RMSprop(learning_rate=0.1)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy().round(4)
        array([0.6838, 2.3162], dtype=float32)

    Source: Hinton, Neural Networks for Machine Learning, lecture 6; centered: Graves, Generating
        Sequences With Recurrent Neural Networks, 2013.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0,
        epsilon: float = 1e-7, centered: bool = False, **options: Unpack[Options],
    ):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("RMSprop", 0, 1, rho=rho, momentum=momentum)
        check_range("RMSprop", 0, float("inf"), epsilon=epsilon)
        self.rho, self.momentum, self.epsilon = rho, momentum, epsilon
        self.centered = centered

    def build(self, variables: Sequence) -> None:
        """Make the means of squares; momenta and means of gradients where they are asked for."""
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        if self.momentum:
            self._momentums = self.add_optimizer_variables(variables, "momentum")
        if self.centered:
            self._average_gradients = self.add_optimizer_variables(variables, "average_gradient")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the means, then the variable."""
        place = self._get_variable_index(variable)
        velocity = self._velocities[place]
        self.assign(velocity, velocity * self.rho + square(gradient) * (1 - self.rho))
        spread: Any = velocity
        if self.centered:
            mean = self._average_gradients[place]
            self.assign(mean, mean * self.rho + gradient * (1 - self.rho))
            spread = velocity - square(mean)
        step = gradient * learning_rate / sqrt(spread + self.epsilon)
        if self.momentum:
            momentum = self._momentums[place]
            self.assign(momentum, momentum * self.momentum + step)
            step = momentum.value()
        self.assign_sub(variable, step)

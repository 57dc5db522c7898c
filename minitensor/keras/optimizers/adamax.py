"""Adamax: Adam with the largest gradient in the place of the root of the mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import abs, maximum

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adamax: m += (1 - beta_1) · (g - m), u = max(beta_2 · u, |g|), w -= α · m / (u + epsilon).

    α = rate / (1 - beta_1ᵗ) makes up for a mean that begins with 0.

    Args:
        learning_rate: the size of the steps.
        beta_1: how much of the mean gradient stays in each step.
        beta_2: how fast a large gradient is forgotten.
        epsilon: added to the largest gradient.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.Adamax(learning_rate=0.1)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy().round(4)
        array([0.9, 2.1], dtype=float32)

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014, section 7.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, **options: Unpack[Options],
    ):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("Adamax", 0, 1, beta_1=beta_1, beta_2=beta_2)
        check_range("Adamax", 0, float("inf"), epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: Sequence) -> None:
        """Make the means and the largest gradients."""
        super().build(variables)
        self._m, self._u = self.add_optimizer_variables(variables, ["momentum", "norm"])

    def step_size(self, learning_rate: Any, step: Any) -> Any:
        """The learning rate, corrected for a mean that begins with 0."""
        return learning_rate / (1 - self.beta_1**step)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update mean and largest gradient, then the variable."""
        place = self._get_variable_index(variable)
        m, u = self._m[place], self._u[place]
        self.assign_add(m, (gradient - m) * (1 - self.beta_1))
        self.assign(u, maximum(u * self.beta_2, abs(gradient)))
        self.assign_sub(variable, m * learning_rate / (u + self.epsilon))

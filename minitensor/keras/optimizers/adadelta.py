"""Adadelta: steps as large as steps have been, divided by how large gradients have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import square
from minitensor.ops.elementwise import sqrt

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Adadelta: d = g · √(s + epsilon) / √(a + epsilon) and w -= rate · d.

    a and s are means of g² and of d²: a = rho · a + (1 - rho) · g², before the step, and
    s = rho · s + (1 - rho) · d², after it.

    Args:
        learning_rate: the size of the steps; 1.0 in the paper.
        rho: how much of the means stays in each step.
        epsilon: added under both roots; the first step has about its root as size.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.Adadelta(learning_rate=1.0)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy().round(4)
        array([0.9986, 2.0014], dtype=float32)

    Source: Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.
    """

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7,
                 **options: Unpack[Options]):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("Adadelta", 0, 1, rho=rho)
        check_range("Adadelta", 0, float("inf"), epsilon=epsilon)
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables: Sequence) -> None:
        """Make the means of squared gradients and of squared steps."""
        super().build(variables)
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(
            variables, ["accumulated_grad", "accumulated_delta_var"]
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the mean of gradients, the variable, the mean of steps."""
        place = self._get_variable_index(variable)
        gradients, steps = self._accumulated_grads[place], self._accumulated_delta_vars[place]
        self.assign(gradients, gradients * self.rho + square(gradient) * (1 - self.rho))
        step = gradient * sqrt(steps + self.epsilon) / sqrt(gradients + self.epsilon)
        self.assign(steps, steps * self.rho + square(step) * (1 - self.rho))
        self.assign_sub(variable, step * learning_rate)

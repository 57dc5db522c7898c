"""Nadam: Adam that looks ahead, as Nesterov's momentum does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import square
from minitensor.ops.array import cast
from minitensor.ops.elementwise import sqrt

__all__ = ["Nadam"]


class Shares(NamedTuple):
    """How much the parts of a step count, corrected for moments that begin with 0."""

    mean: Any
    gradient: Any
    square: Any


class Nadam(Optimizer):
    """Nadam: w -= rate · n / (√(v / (1 - beta_2ᵗ)) + epsilon), where n looks one step ahead.

    m and v are Adam's moments. n = u₊ · m / (1 - p · u₊) + (1 - u) · g / (1 - p): the momentum u
    grows with the steps, u = beta_1 · (1 - 0.96ᵗ / 2), u₊ is that of the next step, and p is the
    product of all u up to now.

    Args:
        learning_rate: the size of the steps.
        beta_1: how much of the mean gradient stays in each step.
        beta_2: how much of the mean squared gradient stays in each step.
        epsilon: added to the root.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.Nadam(learning_rate=0.1)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy().round(4)
        array([0.8937, 2.1063], dtype=float32)

    Source: Dozat, Incorporating Nesterov Momentum into Adam, 2016.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, **options: Unpack[Options],
    ):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("Nadam", 0, 1, beta_1=beta_1, beta_2=beta_2)
        check_range("Nadam", 0, float("inf"), epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: Sequence) -> None:
        """Make the two moments, and the product of the momenta."""
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(
            variables, ["momentum", "velocity"]
        )
        self._u_product = self.add_variable((), "ones", variables[0].dtype, "u_product")

    def update(self, gradients: list, variables: list, learning_rate: Any) -> None:
        """Update the product of momenta, then each variable."""
        product = self._u_product
        step = cast(self.iterations + 1, product.dtype)
        self.assign(product, product * self._momentum_at(step))
        super().update(gradients, variables, learning_rate)

    def _momentum_at(self, step: Any) -> Any:
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    def step_size(self, learning_rate: Any, step: Any) -> Any:
        """The numbers of a step: what the mean, the gradient and the mean square count."""
        product = cast(self._u_product, learning_rate.dtype)
        now, following = self._momentum_at(step), self._momentum_at(step + 1)
        return Shares(
            learning_rate * following / (1 - product * following),
            learning_rate * (1 - now) / (1 - product),
            1 / (1 - self.beta_2**step),
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the moments, then the variable; `learning_rate` is what `step_size` gave."""
        place = self._get_variable_index(variable)
        m, v = self._momentums[place], self._velocities[place]
        self.assign_add(m, (gradient - m) * (1 - self.beta_1))
        self.assign_add(v, (square(gradient) - v) * (1 - self.beta_2))
        shares: Shares = learning_rate
        ahead = m * shares.mean + gradient * shares.gradient
        self.assign_sub(variable, ahead / (sqrt(v * shares.square) + self.epsilon))

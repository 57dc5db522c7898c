"""Lion: steps of one size, in the direction of signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import sign

__all__ = ["Lion"]


class Lion(Optimizer):
    """Lion: w -= rate · sign(beta_1 · m + (1 - beta_1) · g), m = beta_2 · m + (1 - beta_2) · g.

    All steps have one size, so the learning rate should be smaller than Adam's, 3 to 10 times.

    Args:
        learning_rate: the size of the steps.
        beta_1: how much of the sign is decided by the mean, and how little by the gradient.
        beta_2: how much of the mean gradient stays in each step.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.Lion(learning_rate=0.1)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy()
        array([0.9, 2.1], dtype=float32)

    Source: Chen et al., Symbolic Discovery of Optimization Algorithms, 2023.
    """

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99,
                 **options: Unpack[Options]):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("Lion", 0, 1, beta_1=beta_1, beta_2=beta_2)
        if beta_1 == 0:
            raise InvalidArgumentError(
                message("Lion", "beta_1=0", "Argument `beta_1` must be in the [0, 1] range. "
                        "Otherwise, the optimizer degenerates to SignSGD",
                        "without a mean the sign of one gradient decides",
                        "leave `beta_1` out for its default")
            )  # fmt: skip
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, variables: Sequence) -> None:
        """Make the mean gradients."""
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the variable, then the mean."""
        m = self._momentums[self._get_variable_index(variable)]
        direction = sign(m * self.beta_1 + gradient * (1 - self.beta_1))
        self.assign_sub(variable, direction * learning_rate)
        self.assign(m, m * self.beta_2 + gradient * (1 - self.beta_2))

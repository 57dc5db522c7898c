"""Adagrad: steps divided by how large gradients have been altogether."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.keras.optimizers.gradients import mapped
from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import square
from minitensor.ops.elementwise import sqrt
from minitensor.ops.gathering import gather
from minitensor.tensor import IndexedSlices

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Adagrad: a += g² and w -= rate · g / √(a + epsilon).

    Of gradients that are rows (IndexedSlices), only these rows change: words that are seen rarely
    keep large steps.

    Args:
        learning_rate: the size of the steps.
        initial_accumulator_value: what a begins with.
        epsilon: added under the root.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.Adagrad(learning_rate=0.1)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy().round(4)
        array([0.9155, 2.0999], dtype=float32)

    Source: Duchi et al., Adaptive Subgradient Methods for Online Learning and Stochastic
        Optimization, JMLR 2011.
    """

    updates_rows = True

    def __init__(self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1,
                 epsilon: float = 1e-7, **options: Unpack[Options]):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("Adagrad", 0, float("inf"), epsilon=epsilon,
                    initial_accumulator_value=initial_accumulator_value)  # fmt: skip
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables: Sequence) -> None:
        """Make the sums of squares."""
        super().build(variables)
        self._accumulators = self.add_optimizer_variables(
            variables, "accumulator", float(self.initial_accumulator_value)
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the sum of squares, then the variable; of rows, only these."""
        total = self._accumulators[self._get_variable_index(variable)]
        if isinstance(gradient, IndexedSlices):
            after = gather(total, gradient.indices) + square(gradient.values)
        else:
            after = total + square(gradient)
        self.assign(total, mapped(lambda _: after, gradient))
        self.assign_sub(
            variable, mapped(lambda g: g * learning_rate / sqrt(after + self.epsilon), gradient)
        )

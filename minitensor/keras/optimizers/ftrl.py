"""FTRL: follow the regularised leader; makes weights exactly 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import pow, square
from minitensor.ops.selection import clip_by_value

__all__ = ["Ftrl"]


class Ftrl(Optimizer):
    """FTRL-Proximal: weights are computed anew in each step, from sums over all steps.

    n₊ = n + g², z += g + 2 · shrinkage · w - (n₊⁻ᵖ - n⁻ᵖ) / rate · w, and then
    w = (clip(z, ±l1) - z) / (n₊⁻ᵖ / rate + 2 · l2 + beta / rate), where p is
    `learning_rate_power`. Where |z| stays below l1, w is exactly 0.

    Args:
        learning_rate: the size of the steps.
        learning_rate_power: how steps shrink with the sum of squared gradients; at most 0.
        initial_accumulator_value: what n begins with.
        l1_regularization_strength: l1, what a sum of gradients must exceed.
        l2_regularization_strength: l2, what pulls weights to 0.
        l2_shrinkage_regularization_strength: adds to the gradient, not to the formula for w.
        beta: as l2, but divided by the learning rate (and by 2).
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([0.0, 0.0])
        >>> optimizer = mt.keras.optimizers.Ftrl(0.1, l1_regularization_strength=0.6)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy().round(4)
        array([0.    , 0.0913], dtype=float32)

    Source: McMahan et al., Ad Click Prediction: a View from the Trenches, KDD 2013.
    """

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1, l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0,
        **options: Unpack[Options],
    ):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("Ftrl", 0, float("inf"), beta=beta,
                    initial_accumulator_value=initial_accumulator_value,
                    l1_regularization_strength=l1_regularization_strength,
                    l2_regularization_strength=l2_regularization_strength,
                    l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength
                    )  # fmt: skip
        if learning_rate_power > 0:
            raise InvalidArgumentError(
                message("Ftrl", f"learning_rate_power={learning_rate_power}",
                        "`learning_rate_power` needs to be negative or zero",
                        "steps become smaller, not larger, as gradients add up",
                        "leave it out for -0.5")
            )  # fmt: skip
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value, self.beta = initial_accumulator_value, beta
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength

    def build(self, variables: Sequence) -> None:
        """Make the sums of squared gradients and of gradients."""
        super().build(variables)
        self._accumulators, self._linears = self.add_optimizer_variables(
            variables, ["accumulator", "linear"], [float(self.initial_accumulator_value), "zeros"]
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the sums, and compute the variable from them."""
        place = self._get_variable_index(variable)
        squares, linear = self._accumulators[place], self._linears[place]
        before = pow(squares, -self.learning_rate_power)
        self.assign_add(squares, square(gradient))
        after = pow(squares, -self.learning_rate_power)
        shrinking = 2 * self.l2_shrinkage_regularization_strength
        pull = gradient + variable * shrinking if shrinking else gradient
        self.assign_add(linear, pull - variable * ((after - before) / learning_rate))
        l1, l2 = self.l1_regularization_strength, self.l2_regularization_strength
        stiffness = after / learning_rate + (2 * l2 + self.beta / learning_rate)
        self.assign(variable, (clip_by_value(linear, -l1, l1) - linear) / stiffness)

"""Adam: steps of about the same size in every direction. AdamW: with weight decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range
from minitensor.ops.arithmetic import maximum, square
from minitensor.ops.elementwise import sqrt

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam: momentum, divided by the root of the mean of squared gradients.

    m += (1 - beta_1) · (g - m), v += (1 - beta_2) · (g² - v), w -= α · m / (√v + epsilon), with
    α = rate · √(1 - beta_2ᵗ) / (1 - beta_1ᵗ), which makes up for moments that begin with 0.

    Args:
        learning_rate: the size of the steps.
        beta_1: how much of the mean gradient stays in each step.
        beta_2: how much of the mean squared gradient stays in each step.
        epsilon: added to the root; it keeps steps small where gradients are 0 ("ε hat" of the
            paper, which is not corrected as v is).
        amsgrad: divide by the largest v so far, so that steps never grow again.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.Adam(learning_rate=0.1)
        >>> step = optimizer.apply_gradients([(mt.constant([0.5, -7.0]), w)])
        >>> w.numpy().round(4)
        array([0.9, 2.1], dtype=float32)

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014, end of section 2;
        amsgrad: Reddi et al., On the Convergence of Adam and Beyond, 2018.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **options: Unpack[Options],
    ):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range(type(self).__name__, 0, 1, beta_1=beta_1, beta_2=beta_2)
        check_range(type(self).__name__, 0, float("inf"), epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.amsgrad = amsgrad

    def build(self, variables: Sequence) -> None:
        """Make the two moments, and the largest of the second for amsgrad."""
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(
            variables, ["momentum", "velocity"]
        )
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def step_size(self, learning_rate: Any, step: Any) -> Any:
        """The learning rate, corrected for moments that begin with 0."""
        return learning_rate * sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the moments, then the variable."""
        place = self._get_variable_index(variable)
        m, v = self._momentums[place], self._velocities[place]
        self.assign_add(m, (gradient - m) * (1 - self.beta_1))
        self.assign_add(v, (square(gradient) - v) * (1 - self.beta_2))
        if self.amsgrad:
            largest = self._velocity_hats[place]
            self.assign(largest, maximum(largest, v))
            v = largest
        self.assign_sub(variable, m * learning_rate / (sqrt(v) + self.epsilon))


class AdamW(Adam):
    """Adam with weight decay: each step begins with w -= w · weight_decay · rate.

    The decay is no gradient: it does not enter the moments.

    Args:
        learning_rate, beta_1, beta_2, epsilon, amsgrad: as for `Adam`.
        weight_decay: which share of a variable, times the learning rate, goes in each step.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range, and None as decay.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.AdamW(learning_rate=0.1, weight_decay=0.5)
        >>> step = optimizer.apply_gradients([(mt.constant([0.0, 0.0]), w)])
        >>> w.numpy()
        array([0.95, 1.9 ], dtype=float32)

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2017.
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9,
        beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False, **options: Any,
    ):  # fmt: skip
        if weight_decay is None:
            raise InvalidArgumentError(
                message("AdamW", "weight_decay=None", "Argument `weight_decay` must be a float",
                        "the W is for the weight decay", "use Adam for none")
            )  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad,
                         weight_decay=weight_decay, **options)  # fmt: skip

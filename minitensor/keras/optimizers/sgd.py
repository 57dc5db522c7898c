"""Gradient descent, plain or with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from minitensor.keras.optimizers.gradients import mapped
from minitensor.keras.optimizers.optimizer import Optimizer
from minitensor.keras.optimizers.settings import Options, check_range

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent: w -= rate · g. With momentum, v = momentum · v - rate · g and w += v.

    Of gradients that are rows (IndexedSlices), only these rows of a variable change, unless there
    is momentum, with which all rows move on.

    Args:
        learning_rate: the size of the steps.
        momentum: how much of the last step is repeated.
        nesterov: look ahead: w += momentum · v - rate · g, with the new v.
        options: what all optimisers share, see `Optimizer`.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> w = mt.Variable([1.0, 2.0])
        >>> optimizer = mt.keras.optimizers.SGD(learning_rate=0.1)
        >>> step = optimizer.apply_gradients([(mt.constant([1.0, -1.0]), w)])
        >>> w.numpy()
        array([0.9, 2.1], dtype=float32)

    Source: Sutskever et al., On the importance of initialization and momentum in deep learning,
        ICML 2013.
    """

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False,
                 **options: Unpack[Options]):  # fmt: skip
        super().__init__(learning_rate, **options)
        check_range("SGD", 0, 1, momentum=momentum)
        self.momentum, self.nesterov = momentum, nesterov

    @property
    def updates_rows(self) -> bool:  # type: ignore[override]
        """Whether rows are updated alone: without momentum."""
        return not self.momentum

    def build(self, variables: Sequence) -> None:
        """Make the momenta."""
        super().build(variables)
        if self.momentum:
            self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Go down the slope."""
        step = mapped(lambda g: g * learning_rate, gradient)
        if not self.momentum:
            self.assign_sub(variable, step)
            return
        momentum = self.momentums[self._get_variable_index(variable)]
        self.assign(momentum, momentum * self.momentum - step)
        if self.nesterov:
            self.assign_add(variable, momentum * self.momentum - step)
        else:
            self.assign_add(variable, momentum.value())

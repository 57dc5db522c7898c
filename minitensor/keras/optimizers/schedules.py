"""Learning rates that change with the number of the step. Each is a function of it, traceable."""

from __future__ import annotations

from typing import Any

from minitensor.errors import UnimplementedError, message
from minitensor.keras.configuration import Configurable

__all__ = ["LearningRateSchedule"]


class LearningRateSchedule(Configurable):
    """The base of all schedules: subclass it, and write `__call__(self, step)`.

    Example:
        >>> import minitensor as mt
        >>> class Halving(mt.keras.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5 ** mt.cast(step, mt.float32)
        >>> optimizer = mt.keras.optimizers.SGD(Halving())
        >>> _ = optimizer.iterations.assign(3)
        >>> optimizer.learning_rate.numpy()
        np.float32(0.125)
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate in a step, counted from 0.

        Raises:
            UnimplementedError: (also a NotImplementedError) where a subclass does not define it.
        """
        raise UnimplementedError(
            message(f"Learning rate schedule '{type(self).__name__}'", "",
                    "it must override `__call__(self, step)`", "a schedule is a function of the "
                    "step", "define `__call__` in the class")
        )  # fmt: skip

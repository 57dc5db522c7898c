"""Learning rates that change from step to step. Each is a function of the number of steps so far.

They consist of ops, so they are part of the graph in a traced step. Read `ExponentialDecay` first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minitensor.dtypes import float32
from minitensor.errors import (
    ArgumentError,
    InvalidArgumentError,
    UnimplementedError,
    message,
    public_names,
    shorten,
)
from minitensor.keras import configuration
from minitensor.keras.configuration import Configurable
from minitensor.op import convert
from minitensor.ops.arithmetic import minimum
from minitensor.ops.array import cast
from minitensor.ops.elementwise import ceil, floor, log
from minitensor.ops.selection import where
from minitensor.ops.trigonometric import cos

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

__getattr__, __dir__ = public_names(__name__, __all__)


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
        """The learning rate after a number of steps.

        Raises:
            UnimplementedError: (also a NotImplementedError) where a subclass does not define it.
        """
        raise UnimplementedError(
            message(f"Learning rate schedule '{type(self).__name__}'", "",
                    "it must override `__call__(self, step)`",
                    "a schedule is a function of the number of steps", "define `__call__`")
        )  # fmt: skip


def _check_numbers(schedule: LearningRateSchedule, **numbers: Any) -> None:
    for name, value in numbers.items():
        if not isinstance(value, (int, float, np.number)):
            raise ArgumentError(
                message(type(schedule).__name__, f"{name}={shorten(value)}",
                        f"`{name}` is no number", "a schedule computes with it", f"{name}=0.1")
            )  # fmt: skip


def _check_steps(schedule: LearningRateSchedule, **steps: Any) -> None:
    _check_numbers(schedule, **steps)
    for name, value in steps.items():
        if value <= 0:
            raise InvalidArgumentError(
                message(type(schedule).__name__, f"{name}={value}",
                        f"Argument `{name}` must be > 0", "the steps so far are divided by it",
                        "give the number of steps that the decay takes")
            )  # fmt: skip


def _times(step: Any, decay_steps: float, staircase: bool) -> Any:
    """How often `decay_steps` have passed; only whole times where the rate is held in between."""
    times = cast(step, float32) / decay_steps
    return floor(times) if staircase else times


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate · decay_rate ^ (step / decay_steps).

    Args:
        initial_learning_rate: the learning rate in step 0.
        decay_steps: after how many steps the rate is multiplied by `decay_rate`.
        decay_rate: what it is multiplied by.
        staircase: hold the rate in between.
        name: a name for it.

    Shape: step () → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for decay_steps that are not above 0.

    Example:
        >>> import minitensor as mt
        >>> rate = mt.keras.optimizers.schedules.ExponentialDecay(0.1, 10, decay_rate=0.5)
        >>> [float(rate(step)) for step in (0, 10, 20)]
        [0.10000000149011612, 0.05000000074505806, 0.02500000037252903]
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, decay_rate: float,
                 staircase: bool = False, name: str = "ExponentialDecay"):  # fmt: skip
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps, self.staircase, self.name = decay_steps, staircase, name
        _check_numbers(self, initial_learning_rate=initial_learning_rate, decay_rate=decay_rate)
        _check_steps(self, decay_steps=decay_steps)

    def __call__(self, step: Any) -> Any:
        """The learning rate after a number of steps."""
        times = _times(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate * self.decay_rate**times


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to step boundaries[0], that one included, then values[1], and so on.

    Args:
        boundaries: numbers of steps, growing.
        values: the learning rates, one more than boundaries.
        name: a name for it.

    Shape: step () → ().

    Raises:
        InvalidArgumentError: (also a ValueError) unless there is one more value than boundaries.

    Example:
        >>> import minitensor as mt
        >>> rate = mt.keras.optimizers.schedules.PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.25])
        >>> [float(rate(step)) for step in range(6)]
        [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float],
                 name: str = "PiecewiseConstant"):  # fmt: skip
        if len(boundaries) != len(values) - 1:
            raise InvalidArgumentError(
                message("PiecewiseConstantDecay",
                        f"boundaries={boundaries} of length {len(boundaries)}, and "
                        f"values={values} of length {len(values)}",
                        "The length of boundaries should be 1 less than the length of values",
                        "boundaries lie between values", "add or remove one")
            )  # fmt: skip
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        """The learning rate after a number of steps."""
        step, rate = convert(step), convert(self.values[0], float32)
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = where(step > cast(boundary, step.dtype), value, rate)
        return rate


class PolynomialDecay(LearningRateSchedule):
    """From initial to end in decay_steps: (initial - end) · (1 - step / decay_steps)^power + end.

    Args:
        initial_learning_rate: the learning rate in step 0.
        decay_steps: how many steps it takes.
        end_learning_rate: the learning rate from there on.
        power: 1.0 for a straight line.
        cycle: begin anew at the end, each time reaching it at the next multiple of decay_steps.
        name: a name for it.

    Shape: step () → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for decay_steps that are not above 0.

    Example:
        >>> import minitensor as mt
        >>> rate = mt.keras.optimizers.schedules.PolynomialDecay(1.0, 4, end_learning_rate=0.0)
        >>> [float(rate(step)) for step in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0001,
        power: float = 1.0, cycle: bool = False, name: str = "PolynomialDecay",
    ):  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power = end_learning_rate, power
        self.cycle, self.name = cycle, name
        _check_numbers(self, initial_learning_rate=initial_learning_rate,
                       end_learning_rate=end_learning_rate, power=power)  # fmt: skip
        _check_steps(self, decay_steps=decay_steps)

    def __call__(self, step: Any) -> Any:
        """The learning rate after a number of steps."""
        step, steps = cast(step, float32), self.decay_steps
        if self.cycle:
            steps = steps * where(step == 0, 1.0, ceil(step / steps))
        else:
            step = minimum(step, steps)
        left = (1 - step / steps) ** self.power
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate · step / decay_steps).

    Args:
        initial_learning_rate: the learning rate in step 0.
        decay_steps: after how many steps the divisor grows by `decay_rate`.
        decay_rate: what it grows by.
        staircase: hold the rate in between.
        name: a name for it.

    Shape: step () → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for decay_steps that are not above 0.

    Example:
        >>> import minitensor as mt
        >>> rate = mt.keras.optimizers.schedules.InverseTimeDecay(1.0, decay_steps=1, decay_rate=1)
        >>> [float(rate(step)) for step in (0, 1, 3)]
        [1.0, 0.5, 0.25]
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, decay_rate: float,
                 staircase: bool = False, name: str = "InverseTimeDecay"):  # fmt: skip
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps, self.staircase, self.name = decay_steps, staircase, name
        _check_numbers(self, initial_learning_rate=initial_learning_rate, decay_rate=decay_rate)
        _check_steps(self, decay_steps=decay_steps)

    def __call__(self, step: Any) -> Any:
        """The learning rate after a number of steps."""
        times = _times(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1 + self.decay_rate * times)


def _half_cosine(share: Any) -> Any:
    """From 1 to 0 along half a period, as `share` goes from 0 to 1."""
    return 0.5 * (1 + cos(math.pi * share))


class CosineDecay(LearningRateSchedule):
    """Along half a cosine from initial_learning_rate to alpha times it, perhaps after a warm-up.

    Args:
        initial_learning_rate: the learning rate in step 0.
        decay_steps: how many steps the decay takes.
        alpha: which share of the learning rate is left at the end.
        name: a name for it.
        warmup_target: the rate to go up to in a straight line first; the decay begins with it.
        warmup_steps: how many steps that takes.

    Shape: step () → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for decay_steps that are not above 0.

    Example:
        >>> import minitensor as mt
        >>> rate = mt.keras.optimizers.schedules.CosineDecay(
        ...     0.0, decay_steps=2, warmup_target=1.0, warmup_steps=2)
        >>> [round(float(rate(step)), 4) for step in range(6)]
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]

    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2016.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0,
        name: str = "CosineDecay", warmup_target: float | None = None, warmup_steps: float = 0,
    ):  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha, self.name = alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps
        _check_numbers(self, initial_learning_rate=initial_learning_rate, alpha=alpha,
                       warmup_steps=warmup_steps)  # fmt: skip
        if warmup_target is not None:
            _check_numbers(self, warmup_target=warmup_target)
        _check_steps(self, decay_steps=decay_steps)

    def __call__(self, step: Any) -> Any:
        """The learning rate after a number of steps."""
        step = cast(step, float32)
        if self.warmup_target is None:
            return self._decayed(step, self.initial_learning_rate)
        decayed = self._decayed(step - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return decayed
        rise = self.warmup_target - self.initial_learning_rate
        rising = rise * (step / self.warmup_steps) + self.initial_learning_rate
        return where(step < self.warmup_steps, rising, decayed)

    def _decayed(self, step: Any, start: float) -> Any:
        left = _half_cosine(minimum(step, self.decay_steps) / self.decay_steps)
        return start * ((1 - self.alpha) * left + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Along half a cosine again and again: each period is longer and begins lower than the last.

    Args:
        initial_learning_rate: the learning rate in step 0.
        first_decay_steps: how many steps the first period takes.
        t_mul: how many times longer than the last a period is.
        m_mul: how many times higher than in the last a period begins.
        alpha: which share of the learning rate is left at the end of a period.
        name: a name for it.

    Shape: step () → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for first_decay_steps that are not above 0.

    Example:
        >>> import minitensor as mt
        >>> rate = mt.keras.optimizers.schedules.CosineDecayRestarts(1.0, 2, m_mul=0.5)
        >>> [round(float(rate(step)), 4) for step in range(7)]
        [1.0, 0.5, 0.5, 0.4268, 0.25, 0.0732, 0.25]

    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2016.
    """

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: float, t_mul: float = 2.0,
        m_mul: float = 1.0, alpha: float = 0.0, name: str = "SGDRDecay",
    ):  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps, self.name = first_decay_steps, name
        self.t_mul, self.m_mul, self.alpha = t_mul, m_mul, alpha
        _check_numbers(self, initial_learning_rate=initial_learning_rate, t_mul=t_mul, m_mul=m_mul,
                       alpha=alpha)  # fmt: skip
        _check_steps(self, first_decay_steps=first_decay_steps)

    def __call__(self, step: Any) -> Any:
        """The learning rate after a number of steps."""
        share = cast(step, float32) / self.first_decay_steps
        if self.t_mul == 1:
            restarts = floor(share)
            share = share - restarts
        else:  # periods of 1, t, t², … end at (1 - tⁿ) / (1 - t)
            restarts = floor(log(1 - share * (1 - self.t_mul)) / log(convert(self.t_mul, float32)))
            length = self.t_mul**restarts
            share = (share - (1 - length) / (1 - self.t_mul)) / length
        left = self.m_mul**restarts * _half_cosine(share)
        return self.initial_learning_rate * ((1 - self.alpha) * left + self.alpha)


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """A schedule as plain data."""
    return configuration.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule that `serialize` wrote.

    Raises:
        InvalidArgumentError: (also a ValueError) for a class that is not known.
    """
    return configuration.deserialize(config, custom_objects)

"""Learning rates that change with the steps of training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minitensor.dtypes import float32
from minitensor.errors import InvalidArgumentError
from minitensor.op import convert
from minitensor.ops import cast, cos, exp, floor, minimum, pow, where
from minitensor.scopes import name_scope

__all__ = [
    "cosine_decay",
    "exponential_decay",
    "inverse_time_decay",
    "natural_exp_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
]


def _float(x: Any) -> Any:
    return cast(convert(x), dtype=float32)


def exponential_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any,
                      staircase: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """Rate · decay_rate ^ (step / decay_steps); with `staircase`, whole powers only."""
    with name_scope(name or "ExponentialDecay"):
        done = _float(global_step) / _float(decay_steps)
        return _float(learning_rate) * pow(_float(decay_rate), floor(done) if staircase else done)


def natural_exp_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any,
                      staircase: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """Rate · exp(−decay_rate · step / decay_steps)."""
    with name_scope(name or "NaturalExpDecay"):
        done = _float(global_step) / _float(decay_steps)
        power = exp(-_float(decay_rate) * (floor(done) if staircase else done))
        return _float(learning_rate) * power


def inverse_time_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any,
                       staircase: bool = False, name: str | None = None) -> Any:  # fmt: skip
    """Rate / (1 + decay_rate · step / decay_steps)."""
    with name_scope(name or "InverseTimeDecay"):
        done = _float(global_step) / _float(decay_steps)
        return _float(learning_rate) / (
            1.0 + _float(decay_rate) * (floor(done) if staircase else done)
        )


def polynomial_decay(learning_rate: Any, global_step: Any, decay_steps: Any,
                     end_learning_rate: Any = 0.0001, power: Any = 1.0, cycle: bool = False,
                     name: str | None = None) -> Any:  # fmt: skip
    """From rate to end_learning_rate as (1 − step / decay_steps) ^ power; `cycle` begins again."""
    with name_scope(name or "PolynomialDecay"):
        step, steps, end = _float(global_step), _float(decay_steps), _float(end_learning_rate)
        if cycle:
            times = where(step == 0.0, convert(1.0), -floor(-step / steps))
            steps = steps * times
        left = 1.0 - minimum(step, steps) / steps
        return (_float(learning_rate) - end) * pow(left, _float(power)) + end


def cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0,
                 name: str | None = None) -> Any:  # fmt: skip
    """From rate to alpha · rate along half a cosine."""
    with name_scope(name or "CosineDecay"):
        step, steps = _float(global_step), _float(decay_steps)
        half = 0.5 * (1.0 + cos(math.pi * minimum(step, steps) / steps))
        return _float(learning_rate) * ((1.0 - alpha) * half + alpha)


def piecewise_constant(x: Any, boundaries: Sequence, values: Sequence,
                       name: str | None = None) -> Any:  # fmt: skip
    """values[i] for x up to boundaries[i], the last value beyond.

    Raises:
        InvalidArgumentError: (also a ValueError) unless there is one value more than boundaries.
    """
    if len(boundaries) != len(values) - 1:
        raise InvalidArgumentError("The length of boundaries should be 1 less than the length of "
                                   "values")  # fmt: skip
    with name_scope(name or "PiecewiseConstant"):
        step, found = convert(x), convert(values[-1])
        for boundary, value in zip(reversed(boundaries), reversed(values[:-1]), strict=True):
            found = where(step <= convert(boundary, step.dtype), convert(value), found)
        return found


piecewise_constant_decay = piecewise_constant

"""Python numbers beside tensors: kept as scalar tensors, so that ops and rules see only tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.backend import Quiet
from minitensor.conversion import FLOAT32, FLOAT64
from minitensor.tensor import Tensor
from minitensor.variable import Variable

_FLOAT32_NUMBERS: dict[float, Tensor] = {}
_FLOAT64_NUMBERS: dict[float, Tensor] = {}
_MOST_NUMBERS = 4096


def as_operands(x: Any, y: Any) -> tuple:
    """Variables as their values, and a Python number beside a tensor as a scalar tensor."""
    if type(x) is Variable:
        x = x.value()
    if type(y) is Variable:
        y = y.value()
    if type(x) is Tensor:
        return x, y if type(y) is Tensor else _number(y, x)
    return _number(x, y), y


def _number(value: Any, other: Any) -> Any:
    """A Python number as a scalar tensor like `other`; anything else as it is.

    numpy takes twice as long for `array * 1.5` as for `array * scalar array`, and programs use the
    same few numbers again and again: they are kept.
    """
    if type(other) is not Tensor or not (type(value) is float or type(value) is int):
        return value
    dtype = other._array.dtype
    if dtype is not FLOAT32 and dtype is not FLOAT64:
        return value
    numbers = _FLOAT32_NUMBERS if dtype is FLOAT32 else _FLOAT64_NUMBERS
    found = numbers.get(value)
    if found is None:
        if len(numbers) >= _MOST_NUMBERS:
            numbers.clear()
        try:
            with Quiet():
                found = Tensor(np.asarray(value, dtype))
        except OverflowError:
            return value
        if value != 0:
            numbers[value] = found
    return found

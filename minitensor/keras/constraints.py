"""Constraints: what optimisers apply to a weight after each step.

Each is a function of a weight that gives the nearest value of a kind that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.errors import FailedPreconditionError, message, public_names
from minitensor.keras.configuration import Configurable, Names
from minitensor.keras.configuration import deserialize as _deserialize
from minitensor.keras.configuration import serialize as _serialize
from minitensor.op import convert
from minitensor.ops import clip_by_value, maximum, reduce_sum, sqrt, square

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

__getattr__, __dir__ = public_names(__name__, __all__)

_EPSILON = 1e-7
"""Keeps the zero vector finite where it is divided by its length."""


class Constraint(Configurable):
    """The base of all constraints: subclass it and define `__call__(w)`.

    Example:
        >>> import minitensor as mt
        >>> class Rounded(mt.keras.constraints.Constraint):
        ...     def __call__(self, w):
        ...         return mt.round(w)
        >>> Rounded()(mt.constant([1.2, 1.9])).numpy()
        array([1., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """The value that is allowed. To be defined by each constraint."""
        raise FailedPreconditionError(
            message(type(self).__name__, "", "it has no `__call__`",
                    "a constraint is a function of a weight",
                    "define `__call__(self, w)` in the class")
        )  # fmt: skip


class MaxNorm(Constraint):
    """Vectors along `axis`, shortened to `max_value` where they are longer.

    Args:
        max_value: the greatest length.
        axis: the axis, or axes, along which lengths are taken: 0 for the weights of one unit of a
            Dense layer, [0, 1, 2] for one filter of a Conv2D layer.

    Shape: any → same.
    Source: Srivastava et al., Dropout (2014).

    Example:
        >>> import minitensor as mt
        >>> mt.keras.constraints.MaxNorm(1.0)(mt.constant([[3.0, 0.3], [4.0, 0.4]])).numpy()
        array([[0.6       , 0.29999995],
               [0.8       , 0.39999992]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The weight with vectors that are short enough."""
        w = convert(w)
        length = _length(w, self.axis)
        return w * (clip_by_value(length, 0.0, float(self.max_value)) / (_EPSILON + length))


class NonNeg(Constraint):
    """The weight with 0 where it is negative.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.constraints.NonNeg()(mt.constant([-1.0, 2.0])).numpy()
        array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """The weight without negative numbers."""
        return maximum(w, 0.0)


class UnitNorm(Constraint):
    """Vectors along `axis`, brought to length 1.

    Args:
        axis: the axis, or axes, along which lengths are taken.

    Shape: any → same.
    """

    def __init__(self, axis: Any = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The weight with vectors of length 1."""
        w = convert(w)
        return w / (_EPSILON + _length(w, self.axis))


class MinMaxNorm(Constraint):
    """Vectors along `axis`, brought towards lengths from min_value to max_value.

    Args:
        min_value: the smallest length.
        max_value: the greatest length.
        rate: which share of the way there a vector goes in each step.
        axis: the axis, or axes, along which lengths are taken.

    Shape: any → same.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0,
                 axis: Any = 0):  # fmt: skip
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The weight with vectors whose lengths are nearer to what is allowed."""
        w = convert(w)
        length = _length(w, self.axis)
        allowed = clip_by_value(length, float(self.min_value), float(self.max_value))
        wanted = self.rate * allowed + (1 - self.rate) * length
        return w * (wanted / (_EPSILON + length))


def _length(w: Any, axis: Any) -> Any:
    return sqrt(reduce_sum(square(w), axis=axis, keepdims=True))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm

_NAMES = Names(
    "constraint",
    {"max_norm": MaxNorm, "maxnorm": MaxNorm, "non_neg": NonNeg, "nonneg": NonNeg,
     "unit_norm": UnitNorm, "unitnorm": UnitNorm, "min_max_norm": MinMaxNorm,
     "minmaxnorm": MinMaxNorm},
)  # fmt: skip


def get(identifier: Any) -> Callable | None:
    """The constraint for a name, a configuration, a class or a function.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, with the nearest name.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.constraints.get("max_norm").max_value
        2
    """
    return _NAMES.get(identifier)


def serialize(constraint: Any) -> Any:
    """A constraint as plain data."""
    return _serialize(constraint)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The constraint that `serialize` wrote."""
    return _deserialize(config, custom_objects)

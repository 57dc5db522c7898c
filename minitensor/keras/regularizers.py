"""Regularisers: what is added to the loss so that weights, or outputs, stay small.

Each is a function of a tensor that gives one number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message, public_names
from minitensor.keras.configuration import Configurable, Names
from minitensor.keras.configuration import deserialize as _deserialize
from minitensor.keras.configuration import serialize as _serialize
from minitensor.op import convert
from minitensor.ops import abs, eye, l2_normalize, matmul, reduce_sum, square

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

__getattr__, __dir__ = public_names(__name__, __all__)


class Regularizer(Configurable):
    """The base of all regularisers: subclass it and define `__call__(x)`.

    Example:
        >>> import minitensor as mt
        >>> class Sum(mt.keras.regularizers.Regularizer):
        ...     def __call__(self, x):
        ...         return mt.reduce_sum(x)
        >>> layer = mt.keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=Sum())
        >>> layer.build((None, 3))
        >>> float(layer.losses[0])
        3.0
    """

    def __call__(self, x: Any) -> Any:
        """What is added to the loss. To be defined by each regulariser."""
        raise FailedPreconditionError(
            message(type(self).__name__, "", "it has no `__call__`",
                    "a regularizer is a function of a weight",
                    "define `__call__(self, x)` in the class")
        )  # fmt: skip


class L1L2(Regularizer):
    """l1 · Σ|x| + l2 · Σx².

    Args:
        l1: the factor of the sum of sizes.
        l2: the factor of the sum of squares.

    Shape: any → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for a factor below 0.

    Example:
        >>> import minitensor as mt
        >>> float(mt.keras.regularizers.L1L2(l1=1.0, l2=10.0)(mt.constant([1.0, -2.0])))
        53.0
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1, self.l2 = _factor("l1", l1 or 0.0), _factor("l2", l2 or 0.0)

    def __call__(self, x: Any) -> Any:
        """What is added to the loss."""
        x = convert(x)
        parts = [self.l1 * reduce_sum(abs(x))] if self.l1 else []
        parts += [self.l2 * reduce_sum(square(x))] if self.l2 else []
        return sum(parts[1:], parts[0]) if parts else convert(0, x.dtype)


class L1(Regularizer):
    """l1 · Σ|x|, which draws weights to exactly 0.

    Args:
        l1: the factor.

    Shape: any → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for a factor below 0.
    """

    def __init__(self, l1: float = 0.01):
        self.l1 = _factor("l1", l1)

    def __call__(self, x: Any) -> Any:
        """What is added to the loss."""
        return self.l1 * reduce_sum(abs(x))


class L2(Regularizer):
    """l2 · Σx², which draws weights towards 0.

    Args:
        l2: the factor.

    Shape: any → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for a factor below 0.

    Example:
        >>> import minitensor as mt
        >>> float(mt.keras.regularizers.L2(0.5)(mt.constant([1.0, -2.0])))
        2.5
    """

    def __init__(self, l2: float = 0.01):
        self.l2 = _factor("l2", l2)

    def __call__(self, x: Any) -> Any:
        """What is added to the loss."""
        return self.l2 * reduce_sum(square(x))


class OrthogonalRegularizer(Regularizer):
    """factor · the mean size of products of different rows of length 1: 0 if all are orthogonal.

    Args:
        factor: the factor.
        mode: "rows" or "columns", what is to become orthogonal.

    Shape: (n, m) → ().

    Raises:
        InvalidArgumentError: (also a ValueError) for another mode, or what is no matrix.

    Example:
        >>> import minitensor as mt
        >>> regularizer = mt.keras.regularizers.OrthogonalRegularizer(factor=1.0)
        >>> float(regularizer(mt.constant([[1.0, 0.0], [0.6, 0.8]])))
        0.6000000238418579
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor, self.mode = _factor("factor", factor), mode
        if mode not in ("rows", "columns"):
            raise InvalidArgumentError(
                message("OrthogonalRegularizer", "", "Invalid value for argument `mode`. Expected "
                        f'one of {{"rows", "columns"}}. Received: mode={mode}',
                        "rows or columns of a matrix are compared", "write mode='rows'")
            )  # fmt: skip

    def __call__(self, x: Any) -> Any:
        """What is added to the loss."""
        x = convert(x)
        if len(x.shape) != 2:
            raise InvalidArgumentError(
                message("OrthogonalRegularizer", "", "Inputs to OrthogonalRegularizer must have "
                        f"rank 2. Received: inputs.shape={tuple(x.shape)}",
                        "rows of a matrix are compared", "use L2 for other weights")
            )  # fmt: skip
        rows = self.mode == "rows"
        unit = l2_normalize(x, axis=1 if rows else 0)
        products = matmul(unit, unit, transpose_a=not rows, transpose_b=rows)
        count = x.shape[0 if rows else 1]
        others = abs(products * (1.0 - eye(count, dtype=x.dtype)))
        pairs = max(1.0, count * (count - 1) / 2.0)
        return self.factor * 0.5 * reduce_sum(others) / pairs


def _factor(name: str, value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e38:
        raise InvalidArgumentError(
            message("regularizer", "", f"Invalid value for argument {name}: expected a "
                    f"non-negative float. Received: {name}={value}",
                    "what is added to the loss grows with the size of weights",
                    f"write for example {name}=0.01")
        )  # fmt: skip
    return float(value)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_NAMES = Names(
    "regularizer",
    {"l1": L1, "l2": L2, "l1_l2": L1L2, "l1l2": L1L2, "orthogonal": OrthogonalRegularizer,
     "orthogonal_regularizer": OrthogonalRegularizer},
)  # fmt: skip


def get(identifier: Any) -> Callable | None:
    """The regulariser for a name, a configuration, a class or a function.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, with the nearest name.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.regularizers.get("l2").l2
        0.01
    """
    return _NAMES.get(identifier)


def serialize(regularizer: Any) -> Any:
    """A regulariser as plain data."""
    return _serialize(regularizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The regulariser that `serialize` wrote."""
    return _deserialize(config, custom_objects)

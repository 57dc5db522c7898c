"""Weights: variables that know where in a model they belong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.tensor import numpy_text
from minitensor.variable import Variable

__all__ = ["Weight"]


class Weight(Variable):
    """A variable of a layer, an optimiser or a metric.

    Args:
        initial_value: what it begins with.
        path: where it belongs: `"dense/kernel"`.
        trainable: whether tapes watch it.
        regularizer: a function of the weight; what it gives is added to the loss.
        constraint: what optimisers apply to the value after each step.
        dtype: the dtype to convert a Python or numpy value to.

    Shape: that of the initial value.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Dense(2, name="output")
        >>> layer.build((None, 3))
        >>> layer.kernel.name, layer.kernel.path, layer.kernel.shape
        ('kernel', 'output/kernel', TensorShape([3, 2]))
    """

    def __init__(self, initial_value: Any, *, path: str, trainable: bool = True,
                 regularizer: Callable | None = None, constraint: Callable | None = None,
                 dtype: Any = None):  # fmt: skip
        super().__init__(initial_value, trainable=trainable, dtype=dtype, constraint=constraint)
        self._name = path
        self.regularizer = regularizer

    @property
    def name(self) -> str:
        """The last part of the path: "kernel"."""
        return self._name.rpartition("/")[2]

    @property
    def path(self) -> str:
        """Where it belongs: the names of layers, and its own."""
        return self._name

    def __deepcopy__(self, memo: dict) -> Weight:
        return _copied(*self._parts)

    def __reduce__(self) -> tuple:
        return _copied, self._parts

    @property
    def _parts(self) -> tuple:
        return self._value, self._name, self.trainable, self.regularizer, self.constraint

    def __repr__(self) -> str:
        return (
            f"<Variable path={self.path}, shape={tuple(self.shape)}, dtype={self.dtype.name}, "
            f"value={numpy_text(self._array)}>"
        )

    __str__ = __repr__


def _copied(value: Any, path: str, trainable: bool, regularizer: Any, constraint: Any) -> Weight:
    return Weight(
        value, path=path, trainable=trainable, regularizer=regularizer, constraint=constraint
    )

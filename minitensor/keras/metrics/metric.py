"""`Metric`: something that is counted over many batches, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor import ops
from minitensor.dtypes import as_dtype
from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message
from minitensor.keras import initializers
from minitensor.keras.configuration import Configurable
from minitensor.keras.naming import auto_name
from minitensor.keras.weight import Weight
from minitensor.module import Module
from minitensor.scopes import init_scope

__all__ = ["Metric"]


class Metric(Configurable, Module):
    """The base of metrics: subclass it, add variables, and define `update_state` and `result`.

    Args:
        dtype: what is computed with, float32 by default.
        name: its name, that of the class by default.

    Example:
        >>> import minitensor as mt
        >>> class Largest(mt.keras.metrics.Metric):
        ...     def __init__(self, name="largest"):
        ...         super().__init__(name=name)
        ...         self.value = self.add_variable((), "zeros", name="value")
        ...     def update_state(self, values):
        ...         self.value.assign(mt.maximum(self.value, mt.reduce_max(values)))
        ...     def result(self):
        ...         return self.value.value()
        >>> metric = Largest()
        >>> metric.update_state([1.0, 3.0])
        >>> metric.update_state([2.0])
        >>> metric, metric.result().numpy()
        (<Largest name=largest>, np.float32(3.0))
    """

    _direction: str | None = None
    """Whether "up" or "down" is better, for callbacks that watch the metric; None: not known."""

    def __init__(self, dtype: Any = None, name: str | None = None):
        self._name = name or auto_name(type(self).__name__)
        self._dtype = as_dtype(dtype or "float32")
        self._variables: list[Weight] = []

    @property
    def name(self) -> str:
        """The name, under which its results stand in logs."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @property
    def dtype(self) -> str:
        """The name of the dtype that is computed with."""
        return self._dtype.name

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Weight:
        """A new variable to count in; `reset_state` makes it 0.

        Args:
            shape: its shape.
            initializer: what it begins with, 0 by default: a name, an initialiser, or a function of
                shape and dtype.
            dtype: its dtype, by default that of the metric.
            aggregation: Keras's; it has no effect.
            name: its name.

        Raises:
            FailedPreconditionError: (also a RuntimeError) before `super().__init__()` was called.
        """
        if "_variables" not in vars(self):
            raise FailedPreconditionError(
                message(type(self).__name__, "",
                        "You forgot to call `super().__init__()` in the `__init__()` method",
                        "it makes the list that variables are added to",
                        "begin `__init__` with super().__init__(name=name)")
            )  # fmt: skip
        dtype = as_dtype(dtype or self._dtype)
        with init_scope():
            make: Any = initializers.get("zeros" if initializer is None else initializer)
            value = make(tuple(shape), dtype=dtype)
            path = f"{self.name.replace('/', '>')}/{name or 'variable'}"
            variable = Weight(value, path=path, trainable=False, dtype=dtype)
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Weight:
        """The same as `add_variable`, by its older name."""
        return self.add_variable(shape, initializer, dtype=dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Count one more batch: what a subclass defines, with assignments to its variables.

        Raises:
            InvalidArgumentError: (also a ValueError) where a subclass does not define it.
        """
        raise self._missing("update_state(self, y_true, y_pred, sample_weight=None)")

    def result(self) -> Any:
        """What was counted comes to: a tensor, or a dict of them. A subclass defines it.

        Raises:
            InvalidArgumentError: (also a ValueError) where a subclass does not define it.
        """
        raise self._missing("result(self)")

    def reset_state(self) -> None:
        """Begin again: all variables become 0."""
        for variable in self.variables:
            variable.assign(ops.zeros_like(variable))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Count one more batch, and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def _missing(self, method: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            message(type(self).__name__, "", f"it has no method {method}",
                    "a metric is defined by its methods update_state and result",
                    "define both in the class, or use a metric that has them")
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    __str__ = __repr__

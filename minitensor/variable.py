"""Variables: named values that change by assignment and that tapes watch by themselves.

A variable holds a tensor and swaps it for another when it is assigned to; a tensor that was read
before is never changed. Reading is an op (`read_variable`), so that gradients reach the variable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minitensor.dtypes import DType, as_dtype
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.op import convert, state
from minitensor.operand import with_part
from minitensor.ops import scattering
from minitensor.ops.gathering import gather, gather_nd
from minitensor.ops.state import identity
from minitensor.shapes import TensorShape
from minitensor.tensor import IndexedSlices, Operand, Reference, Tensor, numpy_text

__all__ = ["Variable"]

_updating = threading.RLock()


def _no_in_place(operator: str, method: str) -> Callable:
    """The method behind an in-place operator: it refuses, and says what to write instead."""

    def refuse(self: Any, other: Any) -> Any:
        raise RuntimeError(
            f"`variable {operator} value` with `tf.Variable`s is not supported. Use "
            f"`variable.{method}(value)` to modify the variable, or `out = variable "
            f"{operator[:-1]} value` if you need to get a new output Tensor."
        )

    return refuse


class Variable(Operand):
    """A value that can be assigned to; trainable ones are watched by every tape.

    Args:
        initial_value: a value, or a function without arguments that gives one.
        trainable: whether tapes watch it; True by default.
        name: its name, `"Variable"` by default.
        dtype: the dtype to convert a Python or numpy value to.
        constraint: what optimisers apply to the value after each step.
        shape: what shapes it may have, where they may change: `mt.TensorShape([None, 2])`.
        validate_shape, caching_device, variable_def, import_scope, synchronization, aggregation:
            TensorFlow's; they have no effect.

    Shape: that of the initial value, unless `shape` allows others.

    Raises:
        InvalidArgumentError: (also a ValueError) without a value, and for one that does not fit.

    Example:
        >>> import minitensor as mt
        >>> x = mt.Variable(5.0, name="x")
        >>> x.assign_add(1.0).numpy(), x
        (np.float32(6.0), <tf.Variable 'x:0' shape=() dtype=float32, numpy=6.0>)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """A variable; where an interpreter has a class of its own for them, one of that."""
        other = getattr(state.interpreter, "variable_class", None)
        return object.__new__(other if other is not None and cls is Variable else cls)

    lock: Any = None  # of programs that write it, so that no thread's update is lost

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ):
        if initial_value is None:
            raise InvalidArgumentError(
                message("Variable", "",
                        "the `initial_value` arg to `tf.Variable` must be specified",
                        "a variable has a value, a dtype and a shape from the start",
                        "pass one, for example mt.Variable(0.0)")
            )  # fmt: skip
        value = initial_value() if callable(initial_value) else initial_value
        tensor = self._convert(value, None if dtype is None else as_dtype(dtype), "initial_value")
        self._name = _scoped(name or "Variable")
        tensor = getattr(state.interpreter, "create", _as_it_is)(tensor, self._name)
        self._shape = TensorShape(tensor.shape if shape is None else shape)
        self.trainable = trainable is None or bool(trainable)
        self.constraint = constraint
        self._value = Tensor(tensor._array, tensor._device)
        self._check_shape(tensor)

    @property
    def name(self) -> str:
        """The name, with `:0` as TensorFlow writes it."""
        return f"{self._name}:0"

    @property
    def _label(self) -> str:
        return self._name

    @property
    def shape(self) -> TensorShape:
        """The sizes of the axes; None for one that may change."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self._value.dtype

    @property
    def _numpy_dtype(self) -> np.dtype:
        return self._value._numpy_dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._value.ndim

    @property
    def device(self) -> str:
        """The full name of the device that holds the value."""
        return self._value.device

    @property
    def _array(self) -> Any:
        return self._value._array

    def value(self) -> Tensor:
        """The value now, as a tensor; tapes note the reading."""
        tensor = state.interpreter.read(self)
        for tape in state.tapes:
            if id(tensor) not in tape.known:
                tape.read(self, tensor)
        return tensor

    def read_value(self) -> Tensor:
        """The value now, as a tensor of its own."""
        return identity(self)

    def numpy(self) -> Any:
        """The elements as a new numpy array."""
        return self.value().numpy()

    def get_shape(self) -> TensorShape:
        """The sizes of the axes, as `shape`."""
        return self.shape

    def ref(self) -> Reference:
        """A hashable stand-in, to use the variable as a key."""
        return Reference(self)

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None,
               read_value: bool = True) -> Any:  # fmt: skip
        """Replace the value.

        Shape: that of the variable. Returns what shows the new value, or None.

        Raises:
            InvalidArgumentError: (also a ValueError) when shape or dtype differ; the variable then
                keeps its value.
        """
        tensor = self._convert(value, self.dtype, "assign")
        self._check_shape(tensor)
        return self._store(tensor, read_value)

    def assign_add(self, delta: Any, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:  # fmt: skip
        """Add to the value; `delta` has exactly the variable's shape."""
        with self.lock or _updating:
            return self._store(self._now() + self._delta(delta, "assign_add"), read_value)

    def assign_sub(self, delta: Any, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:  # fmt: skip
        """Subtract from the value; `delta` has exactly the variable's shape."""
        with self.lock or _updating:
            return self._store(self._now() - self._delta(delta, "assign_sub"), read_value)

    def scatter_add(self, sparse_delta: IndexedSlices, use_locking: bool = False,
                    name: str | None = None) -> Any:  # fmt: skip
        """Add rows at their indices; an index named twice counts twice."""
        return self._scatter("add", sparse_delta)

    def scatter_sub(self, sparse_delta: IndexedSlices, use_locking: bool = False,
                    name: str | None = None) -> Any:  # fmt: skip
        """Subtract rows at their indices."""
        return self._scatter("subtract", sparse_delta)

    def scatter_update(self, sparse_delta: IndexedSlices, use_locking: bool = False,
                       name: str | None = None) -> Any:  # fmt: skip
        """Replace rows at their indices; the last of equal indices wins."""
        return self._scatter("update", sparse_delta)

    def scatter_max(self, sparse_delta: IndexedSlices, use_locking: bool = False,
                    name: str | None = None) -> Any:  # fmt: skip
        """Keep the larger of row and update at each index."""
        return self._scatter("maximum", sparse_delta)

    def scatter_min(self, sparse_delta: IndexedSlices, use_locking: bool = False,
                    name: str | None = None) -> Any:  # fmt: skip
        """Keep the smaller of row and update at each index."""
        return self._scatter("minimum", sparse_delta)

    def scatter_mul(self, sparse_delta: IndexedSlices, use_locking: bool = False,
                    name: str | None = None) -> Any:  # fmt: skip
        """Multiply rows at their indices."""
        return self._scatter("multiply", sparse_delta)

    def scatter_div(self, sparse_delta: IndexedSlices, use_locking: bool = False,
                    name: str | None = None) -> Any:  # fmt: skip
        """Divide rows at their indices."""
        rows = IndexedSlices(1 / sparse_delta.values, sparse_delta.indices)
        return self._scatter("multiply", rows)

    batch_scatter_update = scatter_update

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add `updates` at positions given as in `mt.scatter_nd`."""
        return self._scatter_nd("add", indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract `updates` at positions given as in `mt.scatter_nd`."""
        return self._scatter_nd("sub", indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Put `updates` at positions given as in `mt.scatter_nd`."""
        return self._scatter_nd("update", indices, updates)

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Keep the larger of value and update at positions given as in `mt.scatter_nd`."""
        return self._scatter_nd("max", indices, updates)

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Keep the smaller of value and update at positions given as in `mt.scatter_nd`."""
        return self._scatter_nd("min", indices, updates)

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """The elements or slices at positions given as in `mt.gather_nd`."""
        return gather_nd(self, indices)

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """The rows at `indices`."""
        return gather(self, indices)

    def _convert(self, value: Any, dtype: DType | None, what: str) -> Tensor:
        given = isinstance(value, (Operand, IndexedSlices))
        if given and dtype is not None and value.dtype is not dtype:
            raise DTypeError(
                message(f"Variable.{what}", f"a tensor of dtype {value.dtype.name}",
                        f"Tensor conversion requested dtype {dtype.name} for Tensor with "
                        f"dtype {value.dtype.name}", "a variable keeps its dtype",
                        f"mt.cast(value, mt.{dtype.name})")
            )  # fmt: skip
        return convert(value, dtype)

    def _check_shape(self, tensor: Tensor) -> None:
        if not self._shape.is_compatible_with(tensor.shape):
            raise InvalidArgumentError(
                message(f"Cannot assign value to variable '{self.name}'",
                        f"shape {tensor.shape}",
                        f"Shape mismatch. The variable shape {self._shape}, and the assigned value "
                        f"shape {tensor.shape} are incompatible", "a variable keeps its shape",
                        "reshape the value, or make the variable with shape=mt.TensorShape(None)")
            )  # fmt: skip

    def _delta(self, delta: Any, what: str) -> Tensor:
        tensor = self._convert(delta, self.dtype, what)
        if tensor.shape != self._value.shape:
            raise InvalidArgumentError(
                message(f"{what} of variable '{self.name}'", f"shape {tensor.shape}",
                        f"cannot update variable with shape {list(self._value.shape)} using a "
                        f"Tensor with shape {list(tensor.shape)}, shapes must be equal",
                        "updates are not broadcast", "mt.broadcast_to(delta, v.shape)")
            )  # fmt: skip
        return tensor

    def _now(self) -> Tensor:
        """The value, read beside every tape."""
        return state.interpreter.read(self)

    def _store(self, tensor: Tensor, read_value: bool = True) -> Any:
        state.interpreter.assign(self, tensor)
        for tape in state.tapes:
            tape.assigned(self, tensor)
        return _Unread(self) if read_value else None

    def _scatter(self, how: str, delta: IndexedSlices) -> Any:
        if not isinstance(delta, IndexedSlices):
            raise DTypeError(
                message(f"Variable.scatter_{how}", repr(delta),
                        "sparse_delta is not an IndexedSlices",
                        "a sparse update says which rows it is for",
                        "mt.IndexedSlices(values, indices)")
            )  # fmt: skip
        values = self._convert(delta.values, self.dtype, f"scatter_{how}")
        with self.lock or _updating:
            rows = scattering.tensor_scatter_rows(self._now(), delta.indices, values, how=how)
            return self._store(rows)

    def _scatter_nd(self, how: str, indices: Any, updates: Any) -> Any:
        function = getattr(scattering, f"tensor_scatter_nd_{how}")
        values = self._convert(updates, self.dtype, f"scatter_nd_{how}")
        with self.lock or _updating:
            return self._store(function(self._now(), indices, values))

    def __getitem__(self, index: Any) -> Any:
        return _Part(self, index, super().__getitem__(index))

    def __iter__(self) -> Iterator:
        return iter(self.value())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.value().__array__(dtype, copy)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self.value())

    def __float__(self) -> float:
        return float(self.value())

    def __index__(self) -> int:
        return self._value.__index__()

    __iadd__ = _no_in_place("+=", "assign_add")
    __isub__ = _no_in_place("-=", "assign_sub")
    __imul__ = _no_in_place("*=", "assign")
    __itruediv__ = _no_in_place("/=", "assign")
    __ifloordiv__ = _no_in_place("//=", "assign")
    __imod__ = _no_in_place("%=", "assign")
    __ipow__ = _no_in_place("**=", "assign")
    __imatmul__ = _no_in_place("@=", "assign")

    def __hash__(self) -> int:  # type: ignore[override]
        raise TypeError(
            f"Variable is unhashable. Instead, use variable.ref() as the key. (Variable: {self!r})"
        )

    def __deepcopy__(self, memo: dict) -> Variable:
        return _restore(self._value, *self._fields)

    def __reduce__(self) -> tuple:
        return _restore, (self._value, *self._fields)

    @property
    def _fields(self) -> tuple:
        return self._name, self._shape, self.trainable, self.constraint

    def __repr__(self) -> str:
        return (
            f"<tf.Variable '{self.name}' shape={self._shape} dtype={self.dtype.name}, "
            f"numpy={numpy_text(self._array)}>"
        )

    __str__ = __repr__


def _restore(value: Tensor, name: str, shape: Any, trainable: bool, constraint: Any) -> Variable:
    """A variable of exactly this name: copies are not made in the scope where they are copied."""
    variable = Variable(value, trainable=trainable, shape=shape, constraint=constraint)
    variable._name = name
    return variable


def _scoped(name: str) -> str:
    return f"{state.scope}/{name}" if state.scope else name


def _as_it_is(tensor: Tensor, name: str) -> Tensor:
    return tensor


class _Unread(Variable):
    """What `assign` returns: the variable, as it is whenever somebody looks."""

    def __init__(self, variable: Variable):
        self._variable = variable
        self._name, self._shape = "UnreadVariable", variable.shape
        self.trainable, self.constraint = variable.trainable, variable.constraint
        self.lock = variable.lock

    @property
    def name(self) -> str:
        """The name; an unread variable has no `:0`."""
        return self._name

    @property
    def _value(self) -> Tensor:  # type: ignore[override]
        return self._variable._value

    @_value.setter
    def _value(self, tensor: Tensor) -> None:
        self._variable._value = tensor

    def value(self) -> Tensor:
        """The value now, as a tensor; tapes note the reading."""
        return self._variable.value()


class _Part(Tensor):
    """`variable[index]`: a tensor that can also be assigned to."""

    __slots__ = ("_index", "_variable", "whole")

    def __init__(self, variable: Variable, index: Any, part: Tensor):
        super().__init__(part._array, part._device)
        self.whole = part
        self._variable, self._index = variable, index

    def assign(self, value: Any) -> Any:
        """Replace this part of the variable."""
        return self._store("assign", lambda old, new: new, value)

    def assign_add(self, delta: Any) -> Any:
        """Add to this part of the variable."""
        return self._store("assign_add", lambda old, new: old + new, delta)

    def assign_sub(self, delta: Any) -> Any:
        """Subtract from this part of the variable."""
        return self._store("assign_sub", lambda old, new: old - new, delta)

    def _store(self, what: str, combine: Callable, value: Any) -> Any:
        variable = self._variable
        new = variable._convert(value, variable.dtype, what)
        if new.shape.rank and not new.shape.is_compatible_with(self.whole.shape):
            raise InvalidArgumentError(
                message(f"{what} of variable '{variable.name}'", f"shape {new.shape}",
                        f"the part has shape {self.shape}", "shapes must be equal",
                        "reshape the value")
            )  # fmt: skip
        with variable.lock or _updating:
            now = with_part(variable._now(), self._index, lambda part: combine(part, new))
            return variable._store(now)

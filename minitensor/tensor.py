"""Tensor: an immutable array that ops compute with. Python's protocols, numpy interop, printing.

Operators and indexing are in `operand`, how ops run is in `eager`, variables are in `variable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.device import CPU, Device
from minitensor.dtypes import BY_NUMPY, DType, as_dtype
from minitensor.op import state
from minitensor.operand import Operand as Operand
from minitensor.ops.slices import IndexedSlices
from minitensor.ops.state import to_device
from minitensor.shapes import TensorShape

__all__ = ["IndexedSlices", "Operand", "Reference", "Tensor", "TensorSpec"]


class Tensor(Operand):
    """An immutable array of one dtype on one device.

    Made by `mt.constant` and by ops. `numpy()` copies the elements out; nothing shares memory
    with a tensor, so nothing can change it.

    Example:
        >>> import minitensor as mt
        >>> t = mt.constant([[1.0, 2.0], [3.0, 4.0]])
        >>> t[:, 0] * 10
        <tf.Tensor: shape=(2,), dtype=float32, numpy=array([10., 30.], dtype=float32)>
    """

    __slots__ = (
        "__weakref__", "_array", "_device", "_keras_logits", "_keras_mask", "_origin",
    )  # fmt: skip

    def __init__(self, array: Any, device: Device | None = None):
        self._array, self._device = array, device
        self._origin: tuple | None = None

    @property
    def shape(self) -> TensorShape:
        """The sizes of the axes."""
        return tuple.__new__(TensorShape, self._array.shape)

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return BY_NUMPY[self._array.dtype]

    @property
    def _numpy_dtype(self) -> np.dtype:
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def device(self) -> str:
        """The full name of the device that holds the elements."""
        return self._placed.name

    @property
    def _placed(self) -> Device:
        if self._device is not None:
            return self._device
        return CPU if isinstance(self._array, np.ndarray) else Device("GPU", self._array.device.id)

    def numpy(self) -> Any:
        """The elements as a new numpy array; a numpy scalar for a scalar, bytes for a string."""
        array = self._for_python()
        return array.copy() if array.ndim else array[()]

    def cpu(self) -> Tensor:
        """The same value on the CPU."""
        return to_device(self, device=CPU, source=self._placed)

    def get_shape(self) -> TensorShape:
        """The sizes of the axes, as `shape`."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Check that `shape` fits; an eager tensor's shape is always known."""
        self.shape.assert_is_compatible_with(shape)

    def ref(self) -> Reference:
        """A hashable stand-in, to use the tensor as a key."""
        return Reference(self)

    def eval(self) -> Any:
        """TensorFlow 1's way to a value; here only an error that says so."""
        raise NotImplementedError(
            "eval is not supported when eager execution is enabled, is .numpy() what you're "
            "looking for?"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("A tensor cannot be seen without a copy: its memory is never shared.")
        return np.array(self._for_python(), dtype=dtype)

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(self._for_python().copy())  # pyright: ignore[reportArgumentType]

    def _for_python(self) -> np.ndarray:
        """The elements for code that no tape sees; tapes note it for `explain`."""
        for tape in state.tapes:
            tape.detour(self)
        return to_numpy(self._array)

    def __bool__(self) -> bool:
        if self._array.dtype.kind == "O" and not self.ndim:
            return bool(self._array[()])
        if self._array.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. The tensor "
                f"has shape {self.shape}. A condition is one truth value. To fix it: reduce it "
                "with mt.reduce_all or mt.reduce_any, or choose by element with mt.where."
            )
        return bool(to_numpy(self._array))

    def __int__(self) -> int:
        return int(self._for_python())

    def __float__(self) -> float:
        return float(self._for_python())

    def __complex__(self) -> complex:
        return complex(self._for_python())

    def __index__(self) -> int:
        return to_numpy(self._array).__index__()

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("Scalar tensor has no `len()`")
        return self._array.shape[0]

    def __iter__(self) -> Iterator:
        if not self.ndim:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(self._array.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(to_numpy((self == value)._array)))

    def __format__(self, spec: str) -> str:
        return to_numpy(self._array)[()].__format__(spec)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "'Tensor' object does not support item assignment: a tensor never changes. Make a new "
            "one with mt.tensor_scatter_nd_update, or use mt.Variable and v[...].assign(value)."
        )

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: dict) -> Tensor:
        return self

    def __reduce__(self) -> tuple:
        return _restore, (to_numpy(self._array),)

    def __getattr__(self, name: str) -> Any:
        if name in ("name", "op", "graph"):
            raise AttributeError(
                f"Tensor.{name} is undefined when eager execution is enabled.", name=name, obj=self
            )
        hints = {"T": "mt.transpose(x)", "reshape": "mt.reshape(x, shape)",
                 "mean": "mt.reduce_mean(x)", "sum": "mt.reduce_sum(x)", "max": "mt.reduce_max(x)",
                 "min": "mt.reduce_min(x)", "astype": "mt.cast(x, dtype)", "size": "mt.size(x)",
                 "item": "x.numpy()", "flatten": "mt.reshape(x, [-1])", "dot": "mt.tensordot",
                 "backward": "with mt.GradientTape() as tape: …; tape.gradient(y, x)",
                 "grad": "tape.gradient(y, x)", "detach": "mt.stop_gradient(x)"}  # fmt: skip
        hint = f" Write {hints[name]}." if name in hints else ""
        raise AttributeError(f"Tensor object has no attribute {name!r}.{hint}", name=name, obj=self)

    def __repr__(self) -> str:
        head = f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}"
        return f"{head}, numpy={numpy_text(self._array)}>"

    def __str__(self) -> str:
        text = _element_text(self._array) if not self.ndim else str(to_numpy(self._array))
        newline = "\n" if "\n" in text else ""
        return f"tf.Tensor({newline}{text}, shape={self.shape}, dtype={self.dtype.name})"


def _restore(array: np.ndarray) -> Tensor:
    return Tensor(array)


def _element_text(array: Any) -> str:
    value = to_numpy(array)[()]
    if isinstance(value, (bytes, bool, np.bool_)):
        return repr(bool(value) if isinstance(value, np.bool_) else value)
    return str(value)


def numpy_text(array: Any) -> str:
    """The elements as a repr shows them; on a line of their own when they need several."""
    if not array.ndim:
        return _element_text(array)
    text = repr(to_numpy(array))
    return f"\n{text}" if "\n" in text else text


class Reference:
    """A hashable handle of a tensor or variable: equal when it is the same object."""

    __slots__ = ("_target",)

    def __init__(self, target: Any):
        self._target = target

    def deref(self) -> Any:
        """The object that this is a handle of."""
        return self._target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other._target is self._target

    def __hash__(self) -> int:
        return id(self._target)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._target!r}>"


class TensorSpec:
    """What is known of a tensor before it exists: shape, dtype and name.

    Example:
        >>> TensorSpec([None, 2], "float32", name="x")
        TensorSpec(shape=(None, 2), dtype=tf.float32, name='x')
    """

    def __init__(self, shape: Any = None, dtype: Any = "float32", name: str | None = None):
        self.shape, self.dtype, self.name = TensorShape(shape), as_dtype(dtype), name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec that `tensor` fits exactly."""
        return cls(tensor.shape, tensor.dtype, name)

    def is_compatible_with(self, value: Any) -> bool:
        """Whether a tensor or spec fits this one."""
        return value.dtype == self.dtype and self.shape.is_compatible_with(value.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (
            (self.shape, self.dtype, self.name) == (other.shape, other.dtype, other.name)
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.name))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"

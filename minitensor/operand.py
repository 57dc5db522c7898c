"""What tensors and variables share: Python's operators, comparison and indexing.

An operator hands its op straight to the active interpreter, so that `a * b` reaches numpy in three
Python frames. This floor knows no tensors: an operand is anything with a shape and a dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import kind_of
from minitensor.errors import ArgumentError, Fault, InvalidArgumentError, OpError, message
from minitensor.op import NO_ATTRS, state
from minitensor.ops.arithmetic import (
    abs,
    add,
    divide,
    floordiv,
    floormod,
    multiply,
    negative,
    pow,
    subtract,
    truediv,
)  # fmt: skip
from minitensor.ops.array import broadcast_to
from minitensor.ops.bitwise import bitwise_and, bitwise_or, bitwise_xor, invert
from minitensor.ops.comparison import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
)  # fmt: skip
from minitensor.ops.indexing import boolean_mask, getitem, setitem, static_index
from minitensor.ops.linalg import matmul
from minitensor.ops.scattering import tensor_scatter_nd_update
from minitensor.ops.selection import indices_where
from minitensor.ops.sizes import shape as shape_of
from minitensor.shapes import broadcast_shapes

__all__ = ["Operand"]


class Operand:
    """What tensors and variables share: Python's operators. Abstract."""

    __slots__ = ()
    __array_priority__ = 100

    shape: Any
    dtype: Any
    _array: Any

    def __add__(self, other: Any) -> Any:
        return state.interpreter.binary(add, self, other)

    def __radd__(self, other: Any) -> Any:
        return state.interpreter.binary(add, other, self)

    def __sub__(self, other: Any) -> Any:
        return state.interpreter.binary(subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return state.interpreter.binary(subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return state.interpreter.binary(multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return state.interpreter.binary(multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        if self._numpy_dtype.kind in "iu":
            return truediv(self, other)
        return state.interpreter.binary(divide, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        if self._numpy_dtype.kind in "iu":
            return truediv(state.interpreter.convert(other, self.dtype), self)
        return state.interpreter.binary(divide, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return state.interpreter.binary(floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return state.interpreter.binary(floordiv, other, self)

    def __mod__(self, other: Any) -> Any:
        return state.interpreter.binary(floormod, self, other)

    def __rmod__(self, other: Any) -> Any:
        return state.interpreter.binary(floormod, other, self)

    def __pow__(self, other: Any) -> Any:
        return state.interpreter.binary(pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return state.interpreter.binary(pow, other, self)

    def __matmul__(self, other: Any) -> Any:
        return matmul(self, other, name="matmul")

    def __rmatmul__(self, other: Any) -> Any:
        return matmul(other, self, name="matmul")

    def __neg__(self) -> Any:
        return state.interpreter.apply(negative, (self,), NO_ATTRS)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return state.interpreter.apply(abs, (self,), NO_ATTRS)

    def __and__(self, other: Any) -> Any:
        return state.interpreter.binary(_logic(self, logical_and, bitwise_and), self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return state.interpreter.binary(_logic(self, logical_or, bitwise_or), self, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return state.interpreter.binary(_logic(self, logical_xor, bitwise_xor), self, other)

    __rxor__ = __xor__

    def __invert__(self) -> Any:
        return state.interpreter.apply(_logic(self, logical_not, invert), (self,), NO_ATTRS)

    def __lt__(self, other: Any) -> Any:
        return state.interpreter.binary(less, self, other)

    def __le__(self, other: Any) -> Any:
        return state.interpreter.binary(less_equal, self, other)

    def __gt__(self, other: Any) -> Any:
        return state.interpreter.binary(greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return state.interpreter.binary(greater_equal, self, other)

    def __eq__(self, other: Any) -> Any:
        return _compare(equal, self, other, False)

    def __ne__(self, other: Any) -> Any:
        return _compare(not_equal, self, other, True)

    def __hash__(self) -> int:
        kind = type(self).__name__
        raise TypeError(f"{kind} is unhashable. Instead, use {kind.lower()}.ref() as the key.")

    def __getitem__(self, index: Any) -> Any:
        return _getitem(self, index)

    @property
    def _numpy_dtype(self) -> np.dtype:
        raise TypeError(f"{type(self).__name__} is abstract")


def _logic(x: Any, of_truth: Any, of_bits: Any) -> Any:
    """`& | ^ ~` mean logic for truth values and bits for integers."""
    return of_bits if x.dtype.is_integer else of_truth


def _compare(op: Any, a: Any, b: Any, unequal: bool) -> Any:
    """`==` and `!=` answer for any two things: what cannot match is simply not equal."""
    if b is None:
        return unequal
    shape = b.shape if hasattr(b, "shape") else np.shape(b)
    try:
        broadcast_shapes(a.shape, shape)
    except Fault:
        return unequal
    return state.interpreter.binary(op, a, b)


def _getitem(tensor: Any, index: Any) -> Any:
    parts = tuple(index) if isinstance(index, (tuple, list)) else (index,)
    for part in parts:
        if _is_truth(part) and np.ndim(part):
            return _masked(tensor, part, parts)
    try:
        static = tuple(_static(part) for part in parts)
    except Fault as fault:
        kind = ArgumentError if fault.error is InvalidArgumentError else InvalidArgumentError
        raise kind(_index_text(tensor, index, fault.fault, fault.rule, fault.fix)) from None
    if tensor.shape.rank == 0 and any(p is not None and p is not Ellipsis for p in static):
        raise InvalidArgumentError(
            _index_text(tensor, index, "attempting to slice scalar input", "a scalar has no axes",
                        "use the value itself")
        )  # fmt: skip
    if sum(part is Ellipsis for part in static) > 1:
        raise InvalidArgumentError(
            _index_text(tensor, index, "multiple ellipses in slice spec not allowed",
                        "`...` stands for all axes that the index does not name",
                        "write `:` for one axis")
        )  # fmt: skip
    return state.interpreter.apply(getitem, (tensor,), {"index": static})


def with_part(tensor: Any, index: Any, function: Any) -> Any:
    """The tensor with `function(tensor[index])` in the place of `tensor[index]`.

    Shape: as tensor; a single value fills the part.
    """
    parts = tuple(index) if isinstance(index, (tuple, list)) else (index,)
    if _is_truth(parts[0]) and np.ndim(parts[0]):
        part = boolean_mask(tensor, parts[0])
        values = broadcast_to(function(part), shape=shape_of(part))
        return tensor_scatter_nd_update(tensor, indices_where(parts[0]), values)
    static = tuple(_static(part) for part in parts)
    part = state.interpreter.apply(getitem, (tensor,), {"index": static})
    return setitem(tensor, function(part), index=static)


def _static(part: Any) -> Any:
    if _is_truth(part):
        raise Fault("mask cannot be scalar", "a mask says of each row whether to take it",
                    "write x if condition else x[:0]", OpError)  # fmt: skip
    return static_index(part)


def _is_truth(part: Any) -> bool:
    dtype = getattr(part, "dtype", None)
    return isinstance(part, bool) or (dtype is not None and kind_of(dtype) == "b")


def _masked(tensor: Any, mask: Any, parts: tuple) -> Any:
    if len(parts) > 1:
        raise ArgumentError(
            _index_text(tensor, parts, f"a mask stands among {len(parts)} indices",
                        "a mask selects alone", "apply one after the other: x[mask][...]")
        )  # fmt: skip
    return boolean_mask(tensor, mask)


def _index_text(tensor: Any, index: Any, fault: str, rule: str, fix: str) -> str:
    return message("getitem", f"index {index!r} of shape {tensor.shape}", fault, rule, fix)

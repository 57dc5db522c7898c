"""TensorArray: a list of tensors of one dtype and shape, for loops to write to and read from.

While ops compute at once it is a Python list, changed in place. In a trace it is one tensor, whose
rows are the elements, and each writing gives a new TensorArray: write `array = array.write(i, x)`,
which is right in both.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor import ops
from minitensor.dtypes import DType, as_dtype
from minitensor.errors import DTypeError, InvalidArgumentError, OutOfRangeError, message
from minitensor.op import convert, state
from minitensor.shapes import NoElements, Spec, TensorShape
from minitensor.tensor import Operand, Tensor

__all__ = ["TensorArray"]


class TensorArray:
    """A list of tensors of one dtype and shape.

    Args:
        dtype: of the elements.
        size: how many there are; 0 by default.
        dynamic_size: whether writing beyond the end makes it longer.
        infer_shape: whether elements must have one shape. In a trace they always must.
        element_shape: that shape, if it is known before the first element is written.
        clear_after_read, tensor_array_name, handle, flow, colocate_with_first_write_call, name:
            TensorFlow's; they have no effect.

    Example:
        >>> import minitensor as mt
        >>> squares = mt.TensorArray(mt.int32, size=3)
        >>> for i in range(3):
        ...     squares = squares.write(i, i * i)
        >>> squares.stack().numpy().tolist()
        [0, 1, 4]
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ):
        self.dtype: DType = as_dtype(dtype)
        self.dynamic_size = bool(dynamic_size)
        self._infer = infer_shape
        self._shape = TensorShape(element_shape)
        self._items: list | None = None
        self._rows: Any = None
        self._count: Any = 0 if size is None else size
        if not tracing():
            self._items = [None] * int(self._count)

    @property
    def element_shape(self) -> TensorShape:
        """The shape of an element, as far as it is known."""
        return self._shape

    # Elements, one by one.

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` as its element number `index`.

        Raises:
            OutOfRangeError: (also an IndexError) when there is no such element, and the size is
                fixed.
            DTypeError: (also a ValueError) when `value` has another dtype.
        """
        value = self._element(value)
        if not tracing():
            place = self._place(index, "write to")
            items: list = self._items  # type: ignore[assignment]
            items.extend([None] * (place + 1 - len(items)))
            items[place] = value
            return self
        rows = ops.write_row(self._whole(), convert(index), value, grow=self.dynamic_size)
        return self._with(rows)

    def read(self, index: Any, name: str | None = None) -> Any:
        """The element number `index`; zeros where none was written, if its shape is known.

        Raises:
            OutOfRangeError: (also an IndexError) when there is no such element.
        """
        if tracing():
            found = ops.read_row(self._whole(), convert(index))
            found.set_shape(self._shape)
            return found
        return self._or_zeros([self._items[self._place(index, "read from")]])[0]  # type: ignore[index]

    # All or several elements.

    def stack(self, name: str | None = None) -> Any:
        """All elements as the rows of one tensor.

        Shape: each (…) → (size, …).
        """
        if tracing():
            found = ops.identity(self._whole())
            if self._shape.rank is not None:
                found.set_shape([found.shape[0] if found.shape.rank else None, *self._shape])
            return found
        items = self._or_zeros(self._items)  # type: ignore[arg-type]
        return ops.stack(items, axis=0) if items else self._no_rows()

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """An array with the rows of `value` as its elements.

        Shape: (n, …) → n elements of (…).
        """
        value = self._checked(convert(value))
        if not value.shape.rank and value.shape.rank is not None:
            raise InvalidArgumentError(
                message("TensorArray.unstack", "a scalar", "it has no rows", "each row of the "
                        "tensor becomes an element", "add an axis with mt.expand_dims")
            )  # fmt: skip
        if tracing():
            self._merge(TensorShape(None if value.shape.rank is None else value.shape[1:]))
            return self._with(value)
        self._check_room(value.shape[0])
        self._items = list(ops.unstack(value, axis=0)) if value.shape[0] else []
        for item in self._items:
            self._element(item)
        return self

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The elements with these numbers as the rows of one tensor.

        Shape: (k,) → (k, …).
        """
        if tracing():
            return ops.gather(self._whole(), indices, axis=0)
        places = [self._place(i, "read from") for i in np.asarray(indices).reshape(-1)]
        items = self._or_zeros([self._items[i] for i in places])  # type: ignore[index]
        return ops.stack(items, axis=0) if items else self._no_rows()

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value` as the elements of these numbers.

        Shape: (k,), (k, …) → elements of (…).
        """
        value = self._checked(convert(value))
        if not tracing():
            for i, row in zip(np.asarray(indices).reshape(-1), value, strict=True):
                self.write(i, row)
            return self

        self._merge(TensorShape(value.shape[1:]))
        places, rows = convert(indices), self._rows
        if rows is None:
            shape = ops.concat([[self._count], ops.shape(value)[1:]], axis=0)
            rows = ops.zeros(shape=shape, dtype=self.dtype)
        if self.dynamic_size:
            needed = ops.reduce_max(ops.concat([places, [-1]], axis=0)) + 1
            more = ops.maximum(needed - ops.cast(ops.shape(rows)[0], needed.dtype), 0)
            shape = ops.concat([[more], ops.shape(value)[1:]], axis=0)
            rows = ops.concat([rows, ops.zeros(shape=shape, dtype=self.dtype)], axis=0)
        return self._with(ops.tensor_scatter_nd_update(rows, places[:, None], value))

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """An array whose elements are the next `lengths[0]`, `lengths[1]`, … rows of `value`.

        Shape: (sum of lengths, …) → elements of (length, …). In a trace all lengths are equal.
        """
        value = self._checked(convert(value))
        if not tracing():
            self._check_room(len(np.asarray(lengths)))
            sizes = [int(n) for n in np.asarray(lengths)]
            self._items = list(ops.split(value, sizes, axis=0)) if sizes else []
            return self
        lengths = convert(lengths)
        if lengths.known is None or len(set(lengths.known.tolist())) != 1:
            raise InvalidArgumentError(
                message("TensorArray.split", f"lengths {lengths}", "they are not known to be equal",
                        "in a traced function all elements have one shape",
                        "pad the parts to one length, or split outside of the function")
            )  # fmt: skip
        first = [lengths.known.size, int(lengths.known.flat[0])]
        shape = ops.concat([first, ops.shape(value)[1:]], axis=0)
        return self.unstack(ops.reshape(value, shape=shape))

    def concat(self, name: str | None = None) -> Any:
        """All elements one after the other, along their first axis.

        Shape: each (k, …) → (sum of k, …).
        """
        if tracing():
            rows = self.stack()
            return ops.reshape(rows, shape=ops.concat([[-1], ops.shape(rows)[2:]], axis=0))
        return ops.concat(self._or_zeros(self._items), axis=0)  # type: ignore[arg-type]

    # The array itself.

    def size(self, name: str | None = None) -> Any:
        """How many elements there are, as a tensor."""
        return ops.shape(self._whole())[0] if tracing() else convert(len(self._items or ()))

    def identity(self) -> TensorArray:
        """The array itself, as one of its own: what is written to it later is not written here."""
        found = copy.copy(self)
        found._items = None if self._items is None else list(self._items)
        return found

    def close(self, name: str | None = None) -> None:
        """Let go of the elements."""
        self._items = None if self._items is None else [None] * len(self._items)

    @property
    def flow(self) -> Any:
        """What stands for the array in a graph: the tensor of its rows."""
        return self._whole() if tracing() else self.stack()

    @property
    def handle(self) -> None:
        """TensorFlow 1's; there is none."""
        return None

    def __repr__(self) -> str:
        shape = self._shape
        return f"<tf.TensorArray element_shape={shape} dtype={self.dtype.name}>"

    # How it goes through branches and loops of a trace: as the tensor of its rows.

    def _tensors(self) -> list:
        return [self._whole()]

    def _with_tensors(self, tensors: Sequence) -> TensorArray:
        found = self._with(tensors[0])
        rows = found._rows.shape
        if rows.rank and rows[1:].is_fully_defined() and 0 not in rows[1:]:
            found._merge(rows[1:])
        return found

    def _specs(self) -> list:
        """What is the same of the tensor in every iteration of a loop."""
        if not self._shape.is_fully_defined():
            return [NoElements(None, self.dtype.numpy)]
        size = None if self.dynamic_size else self._whole().shape[0]
        return [Spec((size, *self._shape), self.dtype.numpy)]

    def _begun(self, other: Any) -> TensorArray:
        """The array before a loop, once its body has shown what elements are like."""
        return self._begun_with(other._shape) if isinstance(other, TensorArray) else self

    def _begun_with(self, shape: TensorShape) -> TensorArray:
        found = copy.copy(self)
        if not self._shape.is_fully_defined() and shape.is_fully_defined():
            found._shape = shape
            found._rows = None if self._rows is None else found._zeros(ops.shape(self._rows)[0])
        return found

    def _whole(self) -> Any:
        """All elements as one tensor of this trace; one without elements, if none is known."""
        if self._rows is not None:
            return self._rows
        if self._items:  # made outside of the trace
            return ops.stack(self._or_zeros(self._items), axis=0)
        return self._zeros(self._count if self._items is None else 0)

    def _zeros(self, size: Any) -> Any:
        known = getattr(size, "known", None)
        size = int(size) if not isinstance(size, Operand) else size if known is None else int(known)
        element = tuple(self._shape) if self._shape.is_fully_defined() else (0,)
        return ops.zeros(shape=(size, *element), dtype=self.dtype)

    def _with(self, rows: Any) -> TensorArray:
        found = copy.copy(self)
        found._rows, found._items = rows, None
        return found

    # Checks.

    def _element(self, value: Any) -> Any:
        value = value if isinstance(value, Operand) else convert(value, self.dtype)
        value = self._checked(convert(value))
        if self._infer:
            self._merge(value.shape)
        return value

    def _checked(self, value: Any) -> Any:
        if value.dtype is not self.dtype:
            raise DTypeError(
                message("TensorArray", f"a tensor of dtype {value.dtype.name}",
                        f"TensorArray dtype is {self.dtype.name} but Op is trying to write dtype "
                        f"{value.dtype.name}", "all elements have the dtype of the array",
                        f"mt.cast(x, mt.{self.dtype.name})")
            )  # fmt: skip
        return value

    def _merge(self, shape: Any) -> None:
        if not self._shape.is_compatible_with(shape):
            raise InvalidArgumentError(
                message("TensorArray", f"a tensor of shape {shape}",
                        f"Incompatible shape for value ({shape}), expected ({self._shape})",
                        "all elements have one shape", "reshape it, or make the array with "
                        "infer_shape=False")
            )  # fmt: skip
        self._shape = self._shape.merge_with(shape)

    def _place(self, index: Any, doing: str) -> int:
        place, size = int(index), len(self._items or ())
        if place < 0:
            verb = "Reading from" if doing.startswith("read") else "Writing to"
            text = f"{verb} negative indices (index {place}) is not allowed"
        elif doing.startswith("read") and place >= size:
            text = f"Tried to read from index {place} but array size is: {size}"
        elif place >= size and not self.dynamic_size:
            text = (f"Tried to write to index {place} but array is not resizeable and size is: "
                    f"{size}")  # fmt: skip
        else:
            return place
        raise OutOfRangeError(
            message("TensorArray", f"index {place}", text, "elements are numbered from 0",
                    "make it larger, or with dynamic_size=True")
        )  # fmt: skip

    def _check_room(self, count: Any) -> None:
        size = len(self._items or ())
        if not self.dynamic_size and count is not None and size not in (count, 0):
            raise InvalidArgumentError(
                message("TensorArray", f"{count} elements", f"the array has room for {size}",
                        "its size is fixed", "make it with dynamic_size=True")
            )  # fmt: skip

    def _or_zeros(self, items: Sequence) -> list:
        shape = next((x.shape for x in items if x is not None), self._shape)
        if not self._shape.is_fully_defined() and shape is self._shape and items:
            raise InvalidArgumentError(
                message("TensorArray", "elements that were never written", "Could not read from "
                        "TensorArray: it has no elements, and element_shape is not known",
                        "an element that was not written is zeros", "pass element_shape=…")
            )  # fmt: skip
        return [ops.zeros(shape=tuple(shape), dtype=self.dtype) if x is None else x for x in items]

    def _no_rows(self) -> Tensor:
        dims = self._shape.dims or []
        return convert(np.zeros((0, *(d or 0 for d in dims)), self.dtype.numpy))


def tracing() -> bool:
    """Whether ops are being written into a graph."""
    return getattr(state.interpreter, "while_loop", None) is not None

"""Element types: what the numbers in a tensor are, and which of them can carry a gradient.

A `DType` names a type once; numpy, cupy and Python spellings of it compare equal to it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ml_dtypes
import numpy as np

from minitensor.errors import DTypeError, message, suggest

__all__ = [
    "DType",
    "as_dtype",
    "bfloat16",
    "bool",
    "complex64",
    "complex128",
    "double",
    "float16",
    "float32",
    "float64",
    "half",
    "int8",
    "int16",
    "int32",
    "int64",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

FLOATS = "f"
NUMBERS = "iufc"


class DType:
    """The type of a tensor's elements, such as `mt.float32`.

    Compares equal to its name and to the numpy type it stands for.

    Example:
        >>> import minitensor as mt
        >>> mt.float32 == "float32", mt.float32.is_floating, mt.int8.max
        (True, True, 127)
    """

    __slots__ = ("_kind", "_name", "_numpy")

    def __init__(self, name: str, numpy: Any, kind: str = ""):
        self._name = name
        self._numpy = np.dtype(numpy)
        self._kind = kind or self._numpy.kind

    @property
    def name(self) -> str:
        """The name, such as `"float32"`."""
        return self._name

    @property
    def as_numpy_dtype(self) -> type:
        """The numpy scalar type with the same elements."""
        return self._numpy.type

    @property
    def numpy(self) -> np.dtype:
        """The numpy dtype with the same elements."""
        return self._numpy

    @property
    def kind(self) -> str:
        """One letter: f float, c complex, i signed, u unsigned, b bool, O string."""
        return self._kind

    @property
    def size(self) -> int:
        """Bytes per element."""
        return self._numpy.itemsize

    @property
    def itemsize(self) -> int:
        """Bytes per element, as numpy calls it."""
        return self._numpy.itemsize

    @property
    def is_floating(self) -> Any:
        """Whether elements are real floating-point numbers."""
        return self._kind == "f"

    @property
    def is_complex(self) -> Any:
        """Whether elements are complex numbers."""
        return self._kind == "c"

    @property
    def is_integer(self) -> Any:
        """Whether elements are integers (bool is not)."""
        return self._kind in "iu"

    @property
    def is_unsigned(self) -> Any:
        """Whether elements are integers without a sign."""
        return self._kind == "u"

    @property
    def is_bool(self) -> Any:
        """Whether elements are truth values."""
        return self._kind == "b"

    @property
    def is_differentiable(self) -> Any:
        """Whether a gradient can flow through values of this type."""
        return self._kind in "fc"

    @property
    def real_dtype(self) -> DType:
        """The real type with the precision of a complex one; itself when real."""
        return {"complex64": float32, "complex128": float64}.get(self._name, self)

    @property
    def base_dtype(self) -> DType:
        """The type itself (TensorFlow 1 had reference types beside it)."""
        return self

    @property
    def max(self) -> Any:
        """The largest finite value."""
        return self._limit("max")

    @property
    def min(self) -> Any:
        """The smallest finite value."""
        return self._limit("min")

    @property
    def limits(self) -> tuple[Any, Any]:
        """`(min, max)`."""
        return self.min, self.max

    def _limit(self, which: str) -> Any:
        if self._kind == "b":
            return which == "max"
        if self._kind in "iu":
            return int(getattr(np.iinfo(self._numpy), which))
        if self._kind in "fc":
            return getattr(ml_dtypes.finfo(self.real_dtype.numpy), which).item()
        raise DTypeError(
            message(f"{self!r}.{which}", "", "strings have no order of magnitude",
                    "only numbers have limits", "ask a numeric dtype")
        )  # fmt: skip

    def __eq__(self, other: object) -> Any:
        if isinstance(other, DType):
            return other is self
        if other is None:
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"tf.{self._name}"

    def __str__(self) -> str:
        return f"<dtype: {self._name!r}>"

    def __reduce__(self) -> tuple:
        return as_dtype, (self._name,)


float16 = DType("float16", np.float16)
float32 = DType("float32", np.float32)
float64 = DType("float64", np.float64)
bfloat16 = DType("bfloat16", ml_dtypes.bfloat16, kind="f")
complex64 = DType("complex64", np.complex64)
complex128 = DType("complex128", np.complex128)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
bool = DType("bool", np.bool_)
string = DType("string", np.object_)
half, double = float16, float64

BY_NAME: dict[str, DType] = {
    d.name: d
    for d in (float16, float32, float64, bfloat16, complex64, complex128, int8, int16, int32,
              int64, uint8, uint16, uint32, uint64, bool, string)
}  # fmt: skip
BY_NUMPY: dict[np.dtype, DType] = {d.numpy: d for d in BY_NAME.values()}
_ALIASES = {"half": float16, "float": float32, "double": float64, "str": string, "bytes": string}


def as_dtype(value: Any) -> DType:
    """The `DType` that a name, numpy dtype or Python type stands for.

    Raises:
        DTypeError: (also a TypeError) when nothing of that name exists, or for Python's `int`,
            which could mean `int32` or `int64`.

    Example:
        >>> as_dtype("float32"), as_dtype(np.int8), as_dtype(float)
        (tf.float32, tf.int8, tf.float32)
    """
    if type(value) is DType:
        return value
    if isinstance(value, np.dtype):
        found = BY_NUMPY.get(value) or BY_NUMPY.get(value.newbyteorder("="))
        if found is not None:
            return found
        if value.kind in "SU":
            return string
    return _from_spelling(value)


def _from_spelling(value: Any) -> DType:
    spelling = value.removeprefix("tf.").removeprefix("mt.") if isinstance(value, str) else value
    if isinstance(spelling, str):
        found = BY_NAME.get(spelling) or _ALIASES.get(spelling)
    else:
        found = _from_type(spelling) if isinstance(spelling, type) else None
    if found is None:
        raise DTypeError(
            message("as_dtype", repr(value), "that is no element type",
                    f"an element type is one of {', '.join(BY_NAME)}",
                    "choose mt.int32 or mt.int64" if value is int
                    else suggest(str(value), BY_NAME))
        )  # fmt: skip
    return found


@lru_cache(maxsize=256)
def _from_type(value: type) -> DType | None:
    if value is float:
        return float32
    if value is complex:
        return complex128
    if value in (str, bytes, object, np.object_):
        return string
    if value.__name__ == "bool":
        return bool
    if value is int:
        return None
    try:
        found = np.dtype(value)
    except TypeError:
        return None
    return None if found.kind == "O" else BY_NUMPY.get(found)  # numpy says object to any class


def kind_of(dtype: Any) -> str:
    """The kind letter of a numpy dtype or a DType, with bfloat16 counted as a float."""
    if type(dtype) is DType:
        return dtype.kind
    return "f" if dtype.kind == "V" else dtype.kind


def name_of(dtype: Any) -> str:
    """The name a learner knows a numpy dtype or DType by."""
    found = BY_NUMPY.get(dtype) if isinstance(dtype, np.dtype) else dtype
    return found.name if isinstance(found, DType) else str(dtype)

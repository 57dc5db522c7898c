"""From Python values to arrays, by TensorFlow's rules. Knows arrays and dtypes, not tensors.

Whole Python numbers become int32 (int64 when they are too large), others float32; numpy arrays
keep their dtype; a dtype that is asked for must be able to hold the value. The result never shares
memory with what was given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minitensor.dtypes import BY_NUMPY, kind_of, name_of
from minitensor.errors import DTypeError, InvalidArgumentError, message

INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_OF_TYPE = {bool: np.dtype(bool), float: FLOAT32, complex: np.dtype(np.complex128),
            str: np.dtype(object), bytes: np.dtype(object)}  # fmt: skip


def as_array(value: Any, dtype: np.dtype | None = None) -> np.ndarray:
    """`value` as a new array, of `dtype` if given, else of the dtype its elements suggest.

    Raises:
        InvalidArgumentError: (also a ValueError) for ragged or mixed sequences and for values that
            are no numbers or strings.
        DTypeError: (also a TypeError) when `dtype` cannot hold the value.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        return _from_numpy(value, dtype)
    if isinstance(value, (list, tuple, range)):
        return _from_sequence(value, dtype)
    if hasattr(value, "__array__") or isinstance(value, memoryview):
        return _from_numpy(np.asarray(value), dtype)
    return _from_scalars(value, (), [value], dtype)


def _from_numpy(value: Any, dtype: np.dtype | None) -> np.ndarray:
    if value.dtype.kind in "SU":
        value = np.array(value).astype(object)
    if value.dtype.kind == "O":
        return _from_objects(value, dtype)
    array = np.array(value, dtype=dtype) if dtype is not None else np.array(value)
    if array.dtype not in BY_NUMPY:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype not in BY_NUMPY:
        raise _unsupported(f"a numpy array of dtype {value.dtype}",
                           f"failed to convert a NumPy array to a Tensor (unsupported object type "
                           f"{value.dtype})")  # fmt: skip
    return array


def _from_objects(value: np.ndarray, dtype: np.dtype | None) -> np.ndarray:
    flat = value.reshape(-1).tolist()
    if not flat and dtype is None:
        return value.astype(object)
    if all(isinstance(v, (str, bytes)) for v in flat):
        return _from_scalars(value, value.shape, flat, dtype)
    raise _unsupported("a numpy array of dtype object",
                       "failed to convert a NumPy array to a Tensor (unsupported object type "
                       f"{type(flat[0]).__name__ if flat else 'object'})")  # fmt: skip


def _from_sequence(value: Any, dtype: np.dtype | None) -> np.ndarray:
    shape = _rectangular_shape(value)
    leaves = list(_leaves(value, len(shape)))
    if any(isinstance(leaf, np.ndarray) for leaf in leaves):
        return _from_numpy(np.array(value), dtype)
    return _from_scalars(value, shape, leaves, dtype)


def _rectangular_shape(value: Any) -> tuple[int, ...]:
    shape: list[int] = []
    level = [value]
    while level and all(isinstance(v, (list, tuple, range)) for v in level):
        lengths = {len(v) for v in level}
        if len(lengths) > 1:
            raise _ragged(value, len(shape), lengths)
        shape.append(lengths.pop())
        level = [item for v in level for item in v]
    if any(isinstance(v, (list, tuple, range)) for v in level):
        raise _ragged(value, len(shape), {"numbers", "lists"})
    return tuple(shape)


def _leaves(value: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield value
        return
    for item in value:
        yield from _leaves(item, depth - 1)


def _from_scalars(
    value: Any, shape: tuple[int, ...], leaves: list, dtype: np.dtype | None
) -> np.ndarray:
    found = _common_dtype(value, leaves, dtype)
    if dtype is None or not leaves:
        dtype = dtype or found
    elif not _holds(dtype, found, leaves):
        wrong = next(v for v in leaves if not _holds(dtype, _common_dtype(value, [v], dtype), [v]))
        raise DTypeError(
            message("convert_to_tensor", f"{_short(value)} with dtype {name_of(dtype)}",
                    f"cannot convert {wrong!r} to EagerTensor of dtype {name_of(dtype)}",
                    f"a tensor of dtype {name_of(dtype)} holds only values of that kind",
                    "pass another dtype, or convert afterwards with mt.cast")
        )  # fmt: skip
    if dtype.kind == "O":
        leaves = [_utf8(v) if isinstance(v, str) else bytes(v) for v in leaves]
        array = np.empty(len(leaves), dtype=object)
        array[:] = leaves
        return array.reshape(shape)
    bfloat16 = kind_of(dtype) != dtype.kind  # ml_dtypes takes no Python integer above 64 bits
    try:
        array = np.array(leaves, dtype=FLOAT64 if bfloat16 else dtype)
        return array.astype(dtype, copy=False).reshape(shape)
    except OverflowError:
        pass
    raise _out_of_range(value)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            message("convert_to_tensor", _short(text),
                    "error converting unicode string while converting Python sequence to Tensor: "
                    f"{text[error.start]!r} is half a character", "a tensor holds text as UTF-8",
                    'write text.encode("utf-8", "replace"), or leave that character out')
        ) from None  # fmt: skip


def _common_dtype(value: Any, leaves: list, wanted: np.dtype | None) -> np.dtype:
    kinds = {_kind(leaf, value) for leaf in leaves}
    if not kinds:
        return FLOAT32
    if len(kinds) > 1 and not kinds <= {"i", "f", "c"}:
        raise InvalidArgumentError(
            message("convert_to_tensor", _short(value),
                    "can't convert Python sequence with mixed types to Tensor",
                    "all elements of a tensor have one type; truth values, numbers and strings "
                    "do not mix", "write True as 1, or build separate tensors")
        )  # fmt: skip
    if kinds == {"i"}:
        return _integer_dtype(value, leaves, wanted)
    if "f" in kinds or kinds == {"c"}:
        numpy_float = next((v for v in leaves if isinstance(v, np.floating)), None)
        if numpy_float is not None and "c" not in kinds:
            return numpy_float.dtype
    return {"b": _OF_TYPE[bool], "f": FLOAT32, "O": _OF_TYPE[str]}.get(
        next(iter(kinds)) if len(kinds) == 1 else "c" if "c" in kinds else "f",
        _OF_TYPE[complex],
    )


def _integer_dtype(value: Any, leaves: list, wanted: np.dtype | None) -> np.dtype:
    low, high = min(leaves), max(leaves)
    if low >= -(2**31) and high < 2**31:
        return INT32
    if (low >= -(2**63) and high < 2**63) or wanted is not None:
        return INT64
    raise _out_of_range(value)


def _out_of_range(value: Any) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("convert_to_tensor", _short(value),
                "can't convert Python sequence with out-of-range integer to Tensor",
                "without a dtype, integers must fit into int64",
                "pass dtype=mt.float64 or mt.uint64")
    )  # fmt: skip


def _kind(leaf: Any, value: Any) -> str:
    if isinstance(leaf, (bool, np.bool_)):
        return "b"
    if isinstance(leaf, (int, np.integer)):
        return "i"
    if isinstance(leaf, (float, np.floating)) or kind_of(getattr(leaf, "dtype", INT32)) == "f":
        return "f"
    if isinstance(leaf, (complex, np.complexfloating)):
        return "c"
    if isinstance(leaf, (str, bytes)):
        return "O"
    kind = f"an unsupported type ({type(leaf)})"
    fault = f"attempt to convert a value ({leaf!r}) with {kind} to a Tensor"
    raise _unsupported(_short(value), fault, _cure(leaf))


def _holds(dtype: np.dtype, found: np.dtype, leaves: list) -> bool:
    """Whether Python values of dtype `found` may become `dtype` without losing their nature."""
    have, want = kind_of(found), kind_of(dtype)
    order = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3, "O": 9}
    if want == "O" or have == "O":
        return have == want
    if want == "b":
        return have == "b"
    if have == "b":
        return True
    if want in "iu" and have in "iu":
        info = np.iinfo(dtype)
        return info.min <= min(leaves) and max(leaves) <= info.max
    return order[have] <= order[want]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _ragged(value: Any, axis: int, lengths: set) -> InvalidArgumentError:
    found = " and ".join(sorted(map(str, lengths)))
    return InvalidArgumentError(
        message("convert_to_tensor", _short(value),
                f"can't convert non-rectangular Python sequence to Tensor: axis {axis} has "
                f"lengths {found}", "all rows of one axis have the same length",
                "pad the shorter rows, or keep them in a list")
    )  # fmt: skip


_OTHERWISE = "convert the value to one of those first"


def _cure(leaf: Any) -> str:
    if leaf is None:
        return ("find out where None comes from: a function without `return`, a gradient that is "
                "None, or x.shape[0] of a size that is not known, for mt.shape(x)[0]")  # fmt: skip
    if callable(leaf):
        return f"call it: {getattr(leaf, '__name__', 'f')}(…)"
    return _OTHERWISE


def _unsupported(given: str, fault: str, fix: str = _OTHERWISE) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("convert_to_tensor", given, fault,
                "a tensor holds numbers, truth values or strings", fix)
    )  # fmt: skip

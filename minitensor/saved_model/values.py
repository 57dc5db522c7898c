"""Attributes, shapes and arrays as JSON, and back.

JSON has no tuples, dtypes, slices or infinities: each is an object with one key that says what it
is. Small arrays stand in the JSON; large ones go to the file of tensors.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.device import Device
from minitensor.dtypes import DType, as_dtype
from minitensor.graph.dynamic import Hole
from minitensor.shapes import TensorShape

__all__ = ["Broken", "NotPlain", "decoded", "dtype_of", "encoded", "name_of", "shape_of"]

NAME = re.compile(r"[\w .\\/>:-]*")
"""What names of graphs, nodes and values are made of."""
FEW = 16
"""Arrays with at most this many elements stand in the JSON."""


class Broken(Exception):  # noqa: N818 - becomes a DataLossError
    """What is read is not what was written."""


class NotPlain(Exception):  # noqa: N818 - becomes the error that says where it was met
    """A value that only the running program has: a function, an object."""


def encoded(value: Any) -> Any:
    """A plain Python value as JSON.

    Raises:
        NotPlain: for anything else.
    """
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, TensorShape):
        return {"shape": None if value.rank is None else list(value)}
    if isinstance(value, (list, tuple)):
        return [encoded(x) for x in value]
    for kind, key, taken_apart in _KINDS:
        if isinstance(value, kind):
            return {key: taken_apart(value)}
    if isinstance(value, type) and issubclass(value, np.generic):
        return {"dtype": as_dtype(value).name}
    raise NotPlain(f"{value!r}")


_KINDS: list[tuple[Any, str, Any]] = [
    (DType, "dtype", lambda x: x.name),
    (np.dtype, "dtype", lambda x: as_dtype(x).name),
    (slice, "slice", lambda x: [encoded(x.start), encoded(x.stop), encoded(x.step)]),
    (type(...), "ellipsis", lambda x: True),
    (bytes, "bytes", bytes.hex),
    (complex, "complex", lambda x: [encoded(x.real), encoded(x.imag)]),
    (Hole, "hole", lambda x: x.index),
    (Device, "device", lambda x: [x.type, x.index]),
    (dict, "dict", lambda x: [[encoded(k), encoded(v)] for k, v in x.items()]),
]


def decoded(value: Any) -> Any:
    """The plain Python value that was encoded; sequences become tuples.

    Raises:
        Broken: for what `encoded` does not write.
    """
    if isinstance(value, list):
        return tuple(decoded(x) for x in value)
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise Broken(f"an attribute has the keys {sorted(value)}")
    ((key, inner),) = value.items()
    if key not in _MAKERS:
        raise Broken(f"there is no kind of value called {key!r}")
    return _MAKERS[key](inner)


def _device(inner: Any) -> Device:
    kind, index = inner
    if kind not in ("CPU", "GPU") or type(index) is not int:
        raise Broken(f"{inner!r} is no device")
    return Device(kind, index)


_MAKERS: dict[str, Any] = {
    "float": float,
    "shape": TensorShape,
    "dtype": lambda x: as_dtype(x),
    "slice": lambda x: slice(*decoded(x)),
    "ellipsis": lambda x: ...,
    "bytes": bytes.fromhex,
    "complex": lambda x: complex(*decoded(x)),
    "hole": Hole,
    "device": _device,
    "dict": lambda x: {decoded(k): decoded(v) for k, v in x},
}


def name_of(label: str | None) -> str | None:
    """A name as it is written: with underscores for what names are not made of."""
    return None if label is None else re.sub(r"[^\w .\\/>:-]", "_", label)


def shape_of(value: Any) -> tuple | None:
    """A shape that was written as a list, checked.

    Raises:
        Broken: unless it is null, or a list of sizes and nulls.
    """
    if value is None:
        return None
    good = isinstance(value, list) and all(
        d is None or (type(d) is int and 0 <= d < 1 << 62) for d in value
    )
    if not good or len(value) > 64:
        raise Broken(f"{value!r} is no shape")
    return tuple(value)


def dtype_of(value: Any) -> np.dtype:
    """A dtype by its name."""
    if not isinstance(value, str):
        raise Broken(f"{value!r} is no dtype")
    return as_dtype(value).numpy


def array_to_json(array: Any, key: str, tensors: dict[str, np.ndarray], few: int = FEW) -> dict:
    """An array as JSON; one of more than `few` elements goes to `tensors` under `key`."""
    array = to_numpy(array)
    found = {"dtype": as_dtype(array.dtype).name, "shape": list(array.shape)}
    if array.dtype.kind == "O":
        return found | {"data": [_text(x) for x in array.ravel().tolist()]}
    if array.size <= few and _is_plain(array):
        return found | {"data": array.ravel().tolist()}
    array = np.ascontiguousarray(array).reshape(array.shape)
    if array.dtype.name not in _KNOWN:
        array = array.reshape(-1).view(np.uint8)
    tensors[key] = array
    return found | {"tensor": key}


_KNOWN = {f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)} | {
    "bool"
}
"""The dtypes that every version of safetensors has; others are written byte by byte."""


def _is_plain(array: np.ndarray) -> bool:
    if array.dtype.kind in "iub":
        return True
    return array.dtype.name in ("float32", "float64") and bool(np.isfinite(array).all())


def _text(value: Any) -> Any:
    value = value.encode() if isinstance(value, str) else bytes(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"bytes": value.hex()}


def array_from_json(given: Any, tensors: dict[str, np.ndarray]) -> np.ndarray:
    """The array again; what it takes from `tensors` is taken out of there only once.

    Raises:
        Broken: when elements are missing, or are not of the dtype or number that was written.
    """
    dtype, shape = dtype_of(given["dtype"]), shape_of(given["shape"])
    if shape is None or None in shape:
        raise Broken(f"an array has the shape {given['shape']}")
    if "tensor" in given:
        return _from_tensors(given["tensor"], dtype, shape, tensors)
    data = given["data"]
    if not isinstance(data, list) or len(data) != math.prod(shape):
        raise Broken(f"an array of shape {shape} has other elements than {math.prod(shape)}")
    if dtype.kind == "O":
        found = np.empty(len(data), object)
        found[:] = [decoded(x) if isinstance(x, dict) else x.encode() for x in data]
        if not all(isinstance(x, bytes) for x in found):
            raise Broken("a tensor of strings holds something else")
        return found.reshape(shape)
    wanted = {"b": bool, "f": (int, float)}.get(dtype.kind, int)
    if not all(isinstance(x, wanted) and (dtype.kind == "b" or type(x) is not bool) for x in data):
        raise Broken(f"an array of dtype {dtype.name} holds other values")
    return np.array(data, dtype).reshape(shape)


def _from_tensors(
    key: Any, dtype: np.dtype, shape: tuple, tensors: dict[str, np.ndarray]
) -> np.ndarray:
    if key not in tensors:
        raise Broken(f"the tensor {key!r} is missing")
    array = tensors[key]
    if dtype.name not in _KNOWN and array.dtype == np.uint8 and array.size % dtype.itemsize == 0:
        array = array.reshape(-1).view(dtype)
        array = array.reshape(shape) if array.size == math.prod(shape) else array
    if array.dtype != dtype or array.shape != shape:
        raise Broken(
            f"the tensor {key!r} is {array.dtype.name}{list(array.shape)} and should be "
            f"{dtype.name}{list(shape)}"
        )
    return array

"""Data in memory: arrays for what `fit` was given, checks of their lengths, and splitting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.weighted import Weighted
from minitensor.tensor import Operand

__all__ = ["as_arrays", "check_cardinality", "is_arrays", "split", "strings_in"]


def is_arrays(data: Any) -> bool:
    """Whether it is an array or tensor, or a structure of them."""
    leaves = nest.flatten(data)
    return bool(leaves) and all(x is None or _is_array(x) for x in leaves) and data is not None


def _is_array(x: Any) -> bool:
    if isinstance(x, (np.ndarray, Operand)):
        return True
    return hasattr(type(x), "__array__") and hasattr(x, "shape") and not isinstance(x, np.generic)


def as_arrays(name: str, data: Any) -> Any:
    """The same structure of numpy arrays; floating numbers become float32.

    Raises:
        InvalidArgumentError: (also a ValueError) for leaves that are no arrays, and for an array
            without axes.
    """
    if not is_arrays(data):
        raise InvalidArgumentError(
            message("fit", f"{name}={shorten(data)}",
                    f"Unrecognized data type: {name}={shorten(data)} (of type {type(data)})",
                    "data in memory is an array or tensor, or a list or dict of them: a list of "
                    "numbers would be a list of inputs", f"make an array: np.array({name})")
        )  # fmt: skip
    return nest.map_structure(lambda x: None if x is None else _as_array(name, x), data)


def _as_array(name: str, x: Any) -> np.ndarray:
    array = np.asarray(x)
    if not array.ndim:
        raise InvalidArgumentError(
            message("fit", f"{name}={shorten(x)}", "it has no axes",
                    "the first axis of data counts the samples",
                    f"for one sample, add an axis: {name}[None]")
        )  # fmt: skip
    if array.dtype.kind in "OSU":
        return _as_strings(name, array)
    floats = Weighted._layer_dtype
    if array.dtype.kind == "f" and array.dtype.name != floats:
        return array.astype(floats)
    return array


def _as_strings(name: str, array: np.ndarray) -> np.ndarray:
    """An array of strings, as inputs can be."""
    kinds = {type(x) for x in array.flat}
    if not kinds <= {str, bytes, np.str_, np.bytes_}:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise InvalidArgumentError(
            message("fit", f"{name} of shape {array.shape} and dtype {array.dtype}",
                    f"its elements are Python objects: {names}",
                    "a tensor holds numbers of one dtype, in rows of equal lengths, or strings",
                    f"make an array of numbers: np.array({name}.tolist(), dtype='float32'), after "
                    "mending or filling in what is no number")
        )  # fmt: skip
    if name != "x":
        raise strings_in(name, f"{name} of shape {array.shape}")
    return convert_to_tensor(array).numpy()


def strings_in(name: str, given: str) -> InvalidArgumentError:
    """The error for labels or weights that are strings."""
    return InvalidArgumentError(
        message("fit", given, "the elements are strings", "labels are numbers, and so are weights: "
                "a class is its number, counted from 0",
                f"number the classes: classes, {name} = np.unique({name}, return_inverse=True), or "
                "use a keras.layers.StringLookup")
    )  # fmt: skip


def check_cardinality(parts: Mapping[str, Any]) -> None:
    """See that all arrays hold the same number of samples, and at least one.

    Raises:
        InvalidArgumentError: (also a ValueError) with the sizes.
    """
    sizes = {name: [len(x) for x in nest.flatten(part) if x is not None]
             for name, part in parts.items()}  # fmt: skip
    counts = {count for each in sizes.values() for count in each}
    if len(counts) > 1:
        told = "\n".join(f"'{name}' sizes: {', '.join(map(str, each))}"
                         for name, each in sizes.items())  # fmt: skip
        raise InvalidArgumentError(
            message("fit", "", "Data cardinality is ambiguous. Make sure all arrays contain the "
                    f"same number of samples.{told}", "the first axis counts the samples, and "
                    "sample i of x belongs to sample i of y", "compare x.shape and y.shape")
        )  # fmt: skip
    if counts == {0}:
        raise empty("arrays without samples")


def empty(given: str) -> InvalidArgumentError:
    """The error for data without a single batch."""
    return InvalidArgumentError(
        message("fit", given, "Expected input data to be non-empty",
                "there is nothing to compute a loss or a prediction of",
                "look at len(x), or at dataset.cardinality(); a filter may let nothing through")
    )  # fmt: skip


def split(parts: tuple, fraction: Any) -> tuple[tuple, tuple]:
    """The first samples for training, and the last fraction for validation.

    Raises:
        InvalidArgumentError: (also a ValueError) for a fraction that is not between 0 and 1, that
            leaves one of them empty, and for data that is not in memory.
    """
    if not isinstance(fraction, (int, float, np.floating)) or not 0 < fraction < 1:
        raise InvalidArgumentError(
            message("fit", f"validation_split={shorten(fraction)}",
                    "`validation_split` must be between 0 and 1", "it is the share of the samples "
                    "that is kept for validation", "for example validation_split=0.2")
        )  # fmt: skip
    if not is_arrays(parts[0]):
        raise InvalidArgumentError(
            message("fit", f"x of type {type(parts[0]).__name__} and validation_split={fraction}",
                    "Argument `validation_split` is only supported for tensors or NumPy arrays",
                    "other data is not known before it comes",
                    "use validation_data, with dataset.take(n) and dataset.skip(n) for example")
        )  # fmt: skip
    names = ("x", "y", "sample_weight")
    arrays = tuple(None if part is None else as_arrays(name, part)
                   for name, part in zip(names, parts, strict=True))  # fmt: skip
    check_cardinality({n: part for n, part in zip(names, arrays, strict=True) if part is not None})
    count = len(next(x for x in nest.flatten(arrays) if x is not None))
    at = int(np.floor(count * (1.0 - fraction)))
    if not 0 < at < count:
        raise InvalidArgumentError(
            message("fit", f"{count} samples",
                    f"Training data contains {count} samples, which is not sufficient to split it "
                    "into a validation and training set as specified by "
                    f"`validation_split={fraction}`", "both need at least one sample",
                    "Either provide more data, or a different value for the `validation_split` "
                    "argument")
        )  # fmt: skip

    def cut(part: Any, rows: slice) -> Any:
        return nest.map_structure(lambda x: None if x is None else x[rows], part)

    first, last = slice(None, at), slice(at, None)
    return tuple(cut(p, first) for p in arrays), tuple(cut(p, last) for p in arrays)

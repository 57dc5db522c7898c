"""`split_dataset`: one part of the samples to learn from, the other to test with."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.data import Dataset
from minitensor.data.batching import Batch
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten

__all__ = ["split_dataset"]


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Dataset, Dataset]:
    """The first and the last samples as two datasets.

    All samples are held in memory. The parts of a dataset whose last step is `batch` come in
    batches of that size.

    Args:
        dataset: an array, a tuple or list of arrays with as many rows each, or a dataset.
        left_size: how many samples the first has: a whole number, or a share between 0 and 1; by
            default what the other leaves.
        right_size: how many the second has, likewise.
        shuffle: whether to shuffle the samples before splitting.
        seed: makes shuffling repeatable.

    Raises:
        InvalidArgumentError: (also a ValueError) for sizes with which a part would be empty, for
            more samples than there are, and for arrays of different lengths.
        ArgumentError: (also a TypeError) for what is no dataset, and sizes that are no numbers.

    Example:
        >>> import minitensor as mt
        >>> left, right = mt.keras.utils.split_dataset(np.arange(5), left_size=0.6)
        >>> list(left.as_numpy_iterator()), list(right.as_numpy_iterator())
        ([np.int64(0), np.int64(1), np.int64(2)], [np.int64(3), np.int64(4)])
    """
    rows, batch = _rows_of(dataset)
    count = len(nest.flatten(rows)[0])
    left, right = _counts(left_size, right_size, count)
    order = list(range(count))
    if shuffle:
        random.Random(seed).shuffle(order)
    return _part(rows, order[:left], batch), _part(rows, order[count - right :], batch)


def _rows_of(dataset: Any) -> tuple[Any, int | None]:
    """The samples, stacked, and the size of batches in which they came."""
    if isinstance(dataset, Dataset):
        stage = dataset._stage
        batch = stage.count if isinstance(stage, Batch) else None
        samples = list((dataset if batch is None else dataset.unbatch()).as_numpy_iterator())
        if not samples:
            raise _refused("the dataset has no samples", "there is something to split",
                           "look at the steps of the dataset")  # fmt: skip
        return nest.map_structure(lambda *values: np.stack(values), *samples), batch
    if isinstance(dataset, np.ndarray) and dataset.ndim:
        return dataset, None
    if not isinstance(dataset, (tuple, list)):
        raise ArgumentError(
            message("split_dataset", "", f"Unsupported dataset type: {type(dataset)}",
                    "it splits a dataset, an array, or a tuple or list of arrays",
                    "np.asarray(…) makes an array")
        )  # fmt: skip
    _check_arrays(dataset)
    return tuple(dataset), None


def _check_arrays(arrays: Any) -> None:
    kind = type(arrays).__name__
    if not arrays:
        raise _refused(f"Received an empty {kind} dataset", "there is something to split",
                       f"provide a non-empty {kind} of arrays")  # fmt: skip
    for place, array in enumerate(arrays):
        if not isinstance(array, np.ndarray):
            raise _refused(
                f"Expected a {kind} of `numpy.ndarray` objects, Received: {type(array)} at index "
                f"{place}", "each entry has a row for every sample", "np.asarray(…) makes an array"
            )  # fmt: skip
        if not array.ndim:
            raise _refused(f"The array at index {place} has no axis of samples",
                           "each entry has a row for every sample", "leave it out")  # fmt: skip
        if len(array) != len(arrays[0]):
            raise _refused(
                f"Received a {kind} of NumPy arrays with different lengths: {len(arrays[0])} and, "
                f"at index {place}, {len(array)}", "row i of each belongs to sample i",
                "give arrays of the same length",
            )  # fmt: skip


def _counts(left_size: Any, right_size: Any, count: int) -> tuple[int, int]:
    """How many samples go to either side."""
    if left_size is None and right_size is None:
        raise _refused("At least one of the `left_size` or `right_size` must be specified",
                       "one size says where to split", "left_size=0.8")  # fmt: skip
    left = _count("left_size", left_size, count)
    right = _count("right_size", right_size, count)
    if left is None or right is None:
        left = count - right if left is None and right is not None else left
        right = count - left if left is not None else right
    assert left is not None
    assert right is not None
    if left + right > count:
        raise _refused(
            f"The sum of `left_size` and `right_size` should be smaller than the number of "
            f"samples, {count}. Received: {left_size} and {right_size}",
            "no sample is on both sides", "leave one of them out: it becomes the rest",
        )  # fmt: skip
    if not left or not right:
        side = "right" if left else "left"
        raise _refused(
            f"With {count} samples, left_size={left_size} and right_size={right_size}, the "
            f"{side} side dataset split will be empty", "each side has a sample",
            "change the sizes",
        )  # fmt: skip
    return left, right


def _count(name: str, size: Any, count: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise ArgumentError(
            message("split_dataset", f"{name}={shorten(size)}",
                    f"Invalid `{name}` Type. Expected: int or float or None, Received: "
                    f"{type(size)}", "a size is a number of samples or a share of them",
                    f"{name}=0.8")
        )  # fmt: skip
    whole = isinstance(size, (int, np.integer))
    if not 0 < size < (count if whole else 1):
        raise _refused(
            f"`{name}` should be either a positive integer smaller than {count}, or a float within "
            f"the range `[0, 1]`. Received: {name}={size}", "each side has a sample",
            f"{name}=0.8 for four fifths of the samples",
        )  # fmt: skip
    return int(size) if whole else round(size * count)


def _part(rows: Any, places: list[int], batch: int | None) -> Dataset:
    part = Dataset.from_tensor_slices(nest.map_structure(lambda array: array[places], rows))
    return part if batch is None else part.batch(batch)


def _refused(fault: str, rule: str, fix: str) -> InvalidArgumentError:
    return InvalidArgumentError(message("split_dataset", "", fault, rule, fix))

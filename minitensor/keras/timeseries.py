"""`timeseries_dataset_from_array`: windows that slide over a series."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from minitensor import ops
from minitensor.data import Dataset
from minitensor.errors import InvalidArgumentError, message
from minitensor.op import convert

__all__ = ["timeseries_dataset_from_array"]


def timeseries_dataset_from_array(
    data: Any, targets: Any, sequence_length: int, sequence_stride: int = 1,
    sampling_rate: int = 1, batch_size: int | None = 128, shuffle: bool = False,
    seed: int | None = None, start_index: int | None = None, end_index: int | None = None,
) -> Dataset:  # fmt: skip
    """Windows over a series, in batches, each with the target of its first step.

    To predict the step after a window of `n`, pass `data[:-n]` and `targets=data[n:]`.

    Args:
        data: the series; its first axis is time.
        targets: what belongs to the window that begins at each step; None: windows only.
        sequence_length: how many steps a window has.
        sequence_stride: how many steps lie between the beginnings of two windows.
        sampling_rate: how many steps lie between two steps of a window.
        batch_size: how many windows make a batch; None: windows one by one.
        shuffle: whether the windows come in another order each time.
        seed: makes shuffling repeatable.
        start_index: the first step that is used.
        end_index: the first step that is no longer used.

    Shape: data (steps, …) → (batch, sequence_length, …); targets (steps, …) → (batch, …).

    Raises:
        InvalidArgumentError: (also a ValueError) for a length, stride or index that does not fit
            the data.

    Example:
        >>> import minitensor as mt
        >>> series = np.arange(6)
        >>> windows = mt.keras.utils.timeseries_dataset_from_array(series[:-3], series[3:], 3)
        >>> list(windows.as_numpy_iterator())
        [(array([[0, 1, 2]]), array([3]))]
    """
    _check(len(data), sequence_length, sequence_stride, sampling_rate, start_index, end_index)
    used = slice(start_index, end_index)
    series, goals = convert(data[used]), None if targets is None else convert(targets[used])
    steps = np.arange(0, sequence_length * sampling_rate, sampling_rate)
    count = min(series.shape[0] - int(steps[-1]), len(series if goals is None else goals))
    starts = Dataset.from_tensor_slices(np.arange(0, max(count, 0), sequence_stride))
    if shuffle:
        starts = starts.shuffle(max(len(starts), 1), seed=seed)
    batches = starts if batch_size is None else starts.batch(batch_size)
    return batches.map(partial(_windows, series, goals, steps))


def _windows(series: Any, goals: Any, steps: np.ndarray, starts: Any) -> Any:
    """The windows that begin at `starts`, with their targets if there are any."""
    found = ops.gather(series, ops.expand_dims(starts, axis=-1) + steps)
    return found if goals is None else (found, ops.gather(goals, starts))


def _check(
    count: int, length: Any, stride: Any, rate: Any, start: int | None, end: int | None
) -> None:
    """Raise unless all of them fit a series of `count` steps."""
    for name, value, least in (("sampling_rate", rate, 1), ("sequence_stride", stride, 1),
                               ("start_index", start, 0), ("end_index", end, 1)):  # fmt: skip
        if value is not None and value < least:
            raise _refused(name, value, count, "higher than 0" if least else "0 or greater")
        if value is not None and value >= count:
            raise _refused(name, value, count, "lower than the length of the data")
    if length < 1:
        raise _refused("sequence_length", length, count, "higher than 0")
    if start is not None and end is not None and end <= start:
        raise _refused("end_index", end, count, f"higher than `start_index`, {start}")


def _refused(name: str, value: Any, count: int, bound: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("timeseries_dataset_from_array", f"{name}={value}, for data of length {count}",
                f"`{name}` must be {bound}", "windows lie within the series",
                "change it, or leave it out")
    )  # fmt: skip

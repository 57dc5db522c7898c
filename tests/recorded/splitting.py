"""Record what Keras's split_dataset and timeseries_dataset_from_array give, in splitting.json.

Run it with a Python that has TensorFlow (2.21, with Keras 3.15, made the file):
`python tests/recorded/splitting.py`. What raises an error is recorded as the name of its class.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

FILE = Path(__file__).with_name("splitting.json")
SIZES: list[dict] = [
    {"left_size": 0.8}, {"left_size": 3}, {"right_size": 3}, {"right_size": 0.35},
    {"left_size": 0.3, "right_size": 0.3}, {"left_size": 2, "right_size": 0.5},
    {"left_size": 0.25}, {"left_size": 0.45}, {"left_size": 0.5, "shuffle": True, "seed": 3},
    {"left_size": 4, "right_size": 2, "shuffle": True, "seed": 8},
    {}, {"left_size": 0}, {"left_size": 1.0}, {"left_size": 10}, {"right_size": -1},
    {"left_size": 7, "right_size": 7}, {"left_size": "a"}, {"left_size": True},
    {"left_size": 0.8, "right_size": 0.8}, {"left_size": 0.01}, {"left_size": 0.99},
]  # fmt: skip
KINDS = ["array", "pair", "list", "slices", "batches", "named"]
WINDOWS: list[dict] = [
    {"sequence_length": 3}, {"sequence_length": 3, "batch_size": None},
    {"sequence_length": 3, "sequence_stride": 2, "sampling_rate": 2, "batch_size": 2},
    {"sequence_length": 3, "start_index": 2, "end_index": 8}, {"sequence_length": 1},
    {"sequence_length": 2, "sequence_stride": 3, "start_index": 4}, {"sequence_length": 11},
    {"sequence_length": 4, "sampling_rate": 3, "batch_size": 1},
    {"sequence_length": 3, "start_index": -1}, {"sequence_length": 3, "start_index": 10},
    {"sequence_length": 3, "end_index": 10}, {"sequence_length": 3, "end_index": -1},
    {"sequence_length": 3, "start_index": 5, "end_index": 5},
    {"sequence_length": 3, "sampling_rate": 0}, {"sequence_length": 3, "sampling_rate": 10},
    {"sequence_length": 3, "sequence_stride": 0}, {"sequence_length": 3, "sequence_stride": 10},
]  # fmt: skip


def plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value.tolist()


def found(make: Callable[[], tuple]) -> Any:
    """The elements of each dataset, or the class of the error."""
    try:
        return [[plain(one) for one in dataset.as_numpy_iterator()] for dataset in make()]
    except (TypeError, ValueError) as error:
        return type(error).__name__


def of_kind(kind: str) -> Any:
    """Ten samples."""
    numbers, rows = np.arange(10), np.arange(20.0, dtype="float32").reshape(10, 2)
    slices = tf.data.Dataset.from_tensor_slices
    return {
        "array": numbers, "pair": (rows, numbers), "list": [rows, numbers],
        "slices": slices((rows, numbers)), "batches": slices((rows, numbers)).batch(4),
        "named": slices({"x": rows, "y": numbers}).batch(3),
    }[kind]  # fmt: skip


def main() -> None:
    """Write the file."""
    utils = keras.utils
    splits = [
        [kind, sizes, found(lambda k=kind, s=sizes: utils.split_dataset(of_kind(k), **s))]
        for kind in KINDS
        for sizes in (SIZES if kind == "array" else SIZES[:3] + SIZES[8:9])
    ]
    window = utils.timeseries_dataset_from_array
    windows = []
    for options in WINDOWS:
        for kind, targets in (("array", None), ("array", 10), ("array", 4), ("pair", 10)):
            if targets == 4 and "start_index" in options:
                continue  # Keras reads beyond the targets
            data = of_kind(kind) if kind == "array" else of_kind(kind)[0]
            goals = None if targets is None else np.arange(targets) * 10
            made = found(lambda d=data, g=goals, o=options: (window(d, g, **o),))
            windows.append([kind, targets, options, made])
    FILE.write_text(json.dumps({"splits": splits, "windows": windows}) + "\n", "utf-8")


if __name__ == "__main__":
    main()

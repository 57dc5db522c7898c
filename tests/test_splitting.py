"""Splits of samples and windows over series, as Keras 3.15 makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt

RECORDED = json.loads((Path(__file__).parent / "recorded" / "splitting.json").read_text("utf-8"))
ERRORS = {"TypeError": TypeError, "ValueError": ValueError}
utils = mt.keras.utils


def named(case: list) -> str:
    return " ".join(str(part) for part in case[:-1])


def of_kind(kind: str) -> Any:
    numbers, rows = np.arange(10), np.arange(20.0, dtype="float32").reshape(10, 2)
    slices = mt.data.Dataset.from_tensor_slices
    return {
        "array": numbers, "pair": (rows, numbers), "list": [rows, numbers],
        "slices": slices((rows, numbers)), "batches": slices((rows, numbers)).batch(4),
        "named": slices({"x": rows, "y": numbers}).batch(3),
    }[kind]  # fmt: skip


def plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value.tolist()


def assert_as_recorded(make: Callable[[], tuple], recorded: Any) -> None:
    if isinstance(recorded, str):
        with pytest.raises(ERRORS[recorded], match="To fix it"):
            make()
    else:
        found = [[plain(one) for one in part.as_numpy_iterator()] for part in make()]
        assert found == recorded


@pytest.mark.parametrize("case", RECORDED["splits"], ids=named)
def test_splits_are_those_of_keras(case: list) -> None:
    kind, sizes, recorded = case
    assert_as_recorded(lambda: utils.split_dataset(of_kind(kind), **sizes), recorded)


@pytest.mark.parametrize("case", RECORDED["windows"], ids=named)
def test_windows_are_those_of_keras(case: list) -> None:
    kind, targets, options, recorded = case
    data = of_kind(kind) if kind == "array" else of_kind(kind)[0]
    goals = None if targets is None else np.arange(targets) * 10

    def make() -> tuple:
        return (utils.timeseries_dataset_from_array(data, goals, **options),)

    assert_as_recorded(make, recorded)


def test_shuffled_windows_keep_their_targets_and_come_in_another_order_each_time() -> None:
    def made(seed: int) -> Any:
        return utils.timeseries_dataset_from_array(
            np.arange(40), np.arange(40) * 10, 3, batch_size=8, shuffle=True, seed=seed
        )

    def order(windows: Any) -> list[int]:
        firsts = []
        for inputs, targets in windows.as_numpy_iterator():
            np.testing.assert_array_equal(inputs, inputs[:, :1] + np.arange(3))
            np.testing.assert_array_equal(targets, inputs[:, 0] * 10)
            firsts += inputs[:, 0].tolist()
        assert sorted(firsts) == list(range(38))
        return firsts

    one, same, other = made(1), made(1), made(2)
    first = order(one)
    assert first == order(same) != order(other)
    assert order(one) != first


def test_windows_know_their_shapes_and_train_a_network() -> None:
    series = np.sin(np.arange(60.0) / 4.0).astype("float32")[:, None]
    windows = utils.timeseries_dataset_from_array(series[:-5], series[5:], 5, batch_size=16)
    inputs, targets = windows.element_spec
    assert (inputs.shape.as_list(), targets.shape.as_list()) == ([None, 5, 1], [None, 1])
    assert int(windows.cardinality()) == 4
    model = mt.keras.Sequential([mt.keras.layers.Flatten(), mt.keras.layers.Dense(1)])
    model.compile(mt.keras.optimizers.SGD(0.05), "mse")
    history = model.fit(windows, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.1 * history[0]


def test_targets_that_end_early_end_the_windows() -> None:
    windows = utils.timeseries_dataset_from_array(np.arange(10), np.arange(4), 2, start_index=1)
    ((inputs, targets),) = windows.as_numpy_iterator()
    assert inputs.tolist() == [[1, 2], [2, 3], [3, 4]]
    assert targets.tolist() == [1, 2, 3]


def test_a_window_has_a_step() -> None:
    with pytest.raises(ValueError, match="`sequence_length` must be higher than 0"):
        utils.timeseries_dataset_from_array(np.arange(5), None, 0)


@pytest.mark.parametrize(("given", "error", "words"), [
    ([], ValueError, "Received an empty list dataset"),
    ((), ValueError, "Received an empty tuple dataset"),
    ([1, 2], ValueError, "Expected a list of `numpy.ndarray` objects"),
    ((np.arange(3), np.arange(2)), ValueError, "with different lengths: 3 and, at index 1, 2"),
    (mt.data.Dataset.range(0), ValueError, "no samples"),
    (np.array([]), ValueError, "`left_size` should be either"),
    (np.array(3.0), TypeError, "Unsupported dataset type"),
    ((np.array(3.0),), ValueError, "no axis of samples"),
    (3, TypeError, "Unsupported dataset type"),
])  # fmt: skip
def test_what_cannot_be_split(given: Any, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        utils.split_dataset(given, left_size=1)

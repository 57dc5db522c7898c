"""Tracebacks of datasets, layers and models: the learner's own frames, and no others."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import layers

ENGINE = str(Path(mt.__file__).parent)
RANGE = mt.data.Dataset.range(3)


def wrong(x: Any) -> Any:
    return mt.matmul(mt.ones((2, 3)), mt.ones((2, 3)))


def wrong_at_1(x: Any) -> Any:
    mt.debugging.assert_less(x, mt.constant(1, x.dtype))
    return x


def by_python(x: Any) -> Any:
    raise ValueError("no")


class Own(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return wrong(inputs)


class Outer(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.own = Own()

    def call(self, inputs: Any) -> Any:
        return self.own(inputs)


def called_by_python(x: Any) -> Any:
    return mt.py_function(by_python, [x], mt.int64)


MISTAKES: dict[str, Callable[[], Any]] = {
    "map": lambda: RANGE.map(wrong),
    "filter": lambda: RANGE.filter(wrong),
    "scan": lambda: RANGE.scan(0, lambda s, x: wrong(x)),
    "reduce": lambda: RANGE.reduce(0, lambda s, x: wrong(x)),
    "flat_map": lambda: RANGE.flat_map(wrong),
    "iterating": lambda: list(RANGE.map(wrong_at_1)),
    "iterating in threads": lambda: list(RANGE.map(wrong_at_1, num_parallel_calls=2)),
    "iterating with prefetch": lambda: list(RANGE.map(wrong_at_1).prefetch(2)),
    "as numpy": lambda: list(RANGE.map(wrong_at_1).as_numpy_iterator()),
    "get_next": lambda: iter(RANGE.map(called_by_python)).get_next(),
    "a layer": lambda: Own()(np.ones((2, 3))),
    "a layer in a layer": lambda: Outer()(np.ones((2, 3))),
    "a wrong input": lambda: layers.Conv2D(3, 3)(np.ones((2, 3))),
    "build": lambda: layers.Conv2D(3, 3).build((2, 3)),
    "a functional call": lambda: Outer()(mt.keras.Input((3,))),
    "Sequential": lambda: mt.keras.Sequential([mt.keras.Input((3,)), Outer()]),
    "Sequential.add": lambda: mt.keras.Sequential([mt.keras.Input((3,))]).add(Outer()),
    "Sequential.build": lambda: mt.keras.Sequential([Outer()]).build((None, 3)),
    "a call of a Sequential": lambda: mt.keras.Sequential([Outer()])(np.ones((2, 3))),
    "Model": lambda: mt.keras.Model(mt.keras.Input((3,)), mt.keras.Input((3,))),
}


def engine_frames(make: Callable[[], Any]) -> list[str]:
    with pytest.raises(Exception, match=r"\w") as caught:
        make()
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert __file__ in files
    return [file for file in files if file.startswith(ENGINE) or "concurrent" in file]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_shows_the_learners_frames_only(name: str) -> None:
    assert engine_frames(MISTAKES[name]) == []


@pytest.mark.parametrize("name", ["map", "iterating", "a layer", "Sequential", "Model"])
def test_the_engines_frames_are_there_on_demand(name: str) -> None:
    mt.debugging.disable_traceback_filtering()
    try:
        assert len(engine_frames(MISTAKES[name])) > 1
    finally:
        mt.debugging.enable_traceback_filtering()

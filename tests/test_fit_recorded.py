"""Whole training runs beside the numbers, keys, moments and texts that Keras gives."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minitensor import keras

RECORDED = Path(__file__).parent / "recorded" / "fit.json"
EXPECTED = json.loads(RECORDED.read_text(encoding="utf-8"))
RUNS = runpy.run_path(str(RECORDED.with_suffix(".py")))["RUNS"]


def assert_same(found: Any, expected: Any, where: str) -> None:
    """The same structure, with numbers that are equal but for rounding."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for key, value in expected.items():
            assert_same(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, value in enumerate(expected):
            assert_same(found[number], value, f"{where}[{number}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=3e-5, abs=2e-6), where
    elif isinstance(expected, str):
        assert rounded(found) == rounded(expected), where
    else:
        assert found == expected, where


def rounded(text: str) -> str:
    """A text whose numbers have no more digits than float32 is sure of."""
    return re.sub(r"\d+\.\d{5,}", lambda found: f"{float(found[0]):.4f}", text)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_a_run_gives_what_keras_gives(run: Callable) -> None:
    assert_same(run(keras), EXPECTED[run.__name__], run.__name__)

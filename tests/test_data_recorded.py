"""Pipelines give what TensorFlow's give: specs, sizes and elements, recorded once."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

import minitensor as mt

HERE = Path(__file__).parent / "recorded"
RECORDED = json.loads((HERE / "data.json").read_text(encoding="utf-8"))

_spec = importlib.util.spec_from_file_location("recorded_data", HERE / "data.py")
assert _spec is not None
assert _spec.loader is not None
recorder = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorder)


@pytest.mark.parametrize("text", RECORDED)
def test_a_pipeline_gives_what_tensorflow_gives(text: str) -> None:
    found = recorder.result(text, mt)
    assert found == RECORDED[text]


def test_every_pipeline_is_recorded() -> None:
    assert list(RECORDED) == recorder.PIPELINES

"""Each kind of summary writes what TensorFlow's writes, eagerly and in traced functions."""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.summary.messages import Metadata, PluginData
from minitensor.summary.pixels import scaled_v1

pytest.importorskip("tensorboard")
from PIL import Image

S = mt.summary
HERE = Path(__file__).parent / "recorded"
RECORDED = json.loads((HERE / "summaries.json").read_text(encoding="utf-8"))

_spec = importlib.util.spec_from_file_location("recorded_summaries", HERE / "summaries.py")
assert _spec is not None
assert _spec.loader is not None
recorder = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorder)


def decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG file, read by Pillow."""
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def stretched(values: Any, channels: int = 1, dtype: Any = np.float32) -> list:
    return scaled_v1(np.reshape(np.array(values, dtype), (1, 1, -1, channels))).ravel().tolist()


def metadata(plugin: str, content: bytes, description: str = "") -> Metadata:
    data = PluginData(plugin_name=plugin, content=content)
    return Metadata(plugin_data=data, summary_description=description)


def found(case: str) -> Any:
    return recorder.result(case, mt, decoded, stretched, metadata)


# How TensorFlow's messages begin that are lessons as they stand.
LESSONS = (
    "Condition x >= 0", "Expected scalar shape, saw", "No step set", "Tensor  must have rank",
    "Unknown encoding", "image dtype must", "tensor must be of type",
)  # fmt: skip


@pytest.mark.parametrize("case", [case for case in RECORDED if "error" not in RECORDED[case]])
def test_a_summary_writes_what_tensorflow_writes(case: str) -> None:
    assert found(case) == RECORDED[case]


@pytest.mark.parametrize("case", [case for case in RECORDED if "error" in RECORDED[case]])
def test_a_mistake_is_an_error_as_in_tensorflow(case: str) -> None:
    ours, expected = found(case), RECORDED[case]
    assert "OpError" in ours["error"]
    if expected["error"] in ("ValueError", "TypeError", "InvalidArgumentError"):
        assert expected["error"] in ours["error"]
    if expected["text"].startswith(LESSONS):
        assert expected["text"].rstrip(":") in ours["text"]


def test_every_case_is_recorded() -> None:
    assert list(RECORDED) == recorder.CASES

"""Pictures, sounds, texts and curves that nobody recorded, the same each time."""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np

from minitensor.summary.series import AudioClips, Images, PrecisionRecall, Texts
from minitensor_widgets.colours import RGB, png
from minitensor_widgets.summaries.samples import BEGAN, Log

LETTER = """\
# Run 7

The loss *fell*, and **stayed** low. See [the document](https://example.org/run-7).

| rate | accuracy |
|------|----------|
| 0.1  | **0.93** |
| 0.2  | 0.88     |

> Larger steps are not always faster.

1. `lr = 0.1`
2. train again
"""


def picture(size: int, step: int, *, grey: bool = False) -> bytes:
    """A PNG: a ring of colours that grows with the step."""

    def pixel(x: int, y: int) -> RGB:
        away = ((x - size / 2 + 0.5) ** 2 + (y - size / 2 + 0.5) ** 2) ** 0.5
        level = max(0, int(255 - 40 * abs(away - size / 4 - step / 20)))
        return (level, level, level) if grey else (level, x * 255 // size, y * 255 // size)

    rows = [[pixel(x, y) for x in range(size)] for y in range(size)]
    return base64.b64decode(png(rows).partition(",")[2])


def tone(hertz: float, seconds: float = 0.25, rate: int = 8000) -> bytes:
    """A WAV file of 16 bits: a tone that fades."""

    at = np.arange(int(rate * seconds)) / rate
    wave = 0.8 * np.sin(2 * np.pi * hertz * at) * np.exp(-6 * at)
    data = (wave * 32767).astype("<i2").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _steps(count: int, every: int) -> tuple[Any, Any]:

    steps = np.arange(count, dtype=np.int64) * every
    return steps, BEGAN + steps * 1.0


def pictures(run: str = "train", tag: str = "rings", count: int = 4) -> Any:
    """Two pictures at each step, one of them grey."""
    steps, times = _steps(count, 10)
    made = [[picture(16, int(step)), picture(16, int(step), grey=True)] for step in steps]
    size = np.full(count, 16, np.int64)
    return Images(run, tag, steps, times, made, size, size, description="Rings that *grow*.")


def sounds(run: str = "train", tag: str = "tone", count: int = 3) -> Any:
    """A tone at each step, each higher."""
    steps, times = _steps(count, 10)
    return AudioClips(
        run, tag, steps, times, [[tone(220.0 + float(step) * 11)] for step in steps],
        [["a *tone*"] for _ in steps],
    )  # fmt: skip


def texts(run: str = "train", tag: str = "report", count: int = 3) -> Any:
    """A text, a list and a table."""
    steps, times = _steps(count, 10)
    table = np.array([["name", "value"], ["rate", "**0.1**"]], object)
    made = [np.array(LETTER, object), np.array(["one", "*two*"], object), table]
    return Texts(run, tag, steps, times, [made[i % 3] for i in range(count)])


def precision(run: str = "train", tag: str = "found", count: int = 3, thresholds: int = 21) -> Any:
    """A classifier that finds more and more of what it should."""
    steps, times = _steps(count, 10)
    cut = np.linspace(0, 1, thresholds)
    made = []
    for i in range(count):
        tp = np.round(100 * (1 - cut ** (2 + i)))
        fp = np.round(100 * (1 - cut) ** (1 + i))
        found = np.maximum(tp + fp, 1)
        made.append(np.stack([tp, fp, 100 - fp, 100 - tp, tp / found, tp / 100]))
    return PrecisionRecall(run, tag, steps, times, np.asarray(made, np.float32))


def media(run: str = "train") -> Log:
    """A log with one series of each."""
    return Log([pictures(run), sounds(run), texts(run), precision(run)])

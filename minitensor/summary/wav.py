"""Sounds as WAV files: a header of 44 bytes, then 16-bit samples, one of each channel in turn.

Source: IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0, chapter 3.
"""

from __future__ import annotations

import struct

import numpy as np

__all__ = ["samples", "wav"]


def samples(sound: np.ndarray) -> np.ndarray:
    """Samples from -1 to 1 as 16-bit integers; what lies outside is cut off, and NaN becomes 0.

    Example:
        >>> samples(np.array([0.0, 0.5, 1.0, -1.0, -3.0], np.float32))
        array([     0,  16384,  32767, -32768, -32768], dtype=int16)

    Source: FloatToInt16Sample in tensorflow/core/lib/wav/wav_io.cc.
    """
    wide = sound.astype(np.float64) * 32768
    wide[np.isnan(wide)] = 0
    halves_outwards = np.trunc(wide + np.copysign(0.5, wide))
    return np.clip(halves_outwards, -32768, 32767).astype("<i2")


def wav(sound: np.ndarray, rate: int) -> bytes:
    """A sound as a WAV file.

    Shape: (frames, channels) int16, from `samples`.

    Example:
        >>> wav(samples(np.zeros((3, 1))), 8000)[:4]
        b'RIFF'
    """
    data = sound.astype("<i2").tobytes()
    frame = 2 * sound.shape[1]
    form = struct.pack("<HHIIHH", 1, sound.shape[1], rate, rate * frame, frame, 16)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", len(form))
    return head + form + struct.pack("<4sI", b"data", len(data)) + data

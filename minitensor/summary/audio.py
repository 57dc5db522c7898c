"""Audio: a batch of sounds at each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import name_of
from minitensor.errors import DTypeError, InvalidArgumentError, message, shorten
from minitensor.summary.arguments import count, outputs
from minitensor.summary.recording import record
from minitensor.summary.records import Kind, tensor_bytes
from minitensor.summary.wav import samples, wav

__all__ = ["audio"]


def audio(
    name: str, data: Any, sample_rate: Any, step: Any = None, max_outputs: Any = 3,
    encoding: str | None = None, description: str | None = None,
) -> Any:  # fmt: skip
    """Record sounds: the first ones of a batch.

    Args:
        name: what they are called; name scopes come before it.
        data: samples from -1 to 1; what lies outside is cut off.
        sample_rate: how many frames make a second.
        step: when; None for the default step.
        max_outputs: how many sounds of the batch are recorded at most.
        encoding: "wav", which is also what None means.
        description: Markdown that TensorBoard shows beside them.

    Returns:
        Whether they were recorded, as a bool tensor: False without a default writer.

    Shape: (k, frames, channels) float32 → ().

    Raises:
        DTypeError: (also a TypeError) for samples that are not float32.
        InvalidArgumentError: (also a ValueError) for a wrong number of axes, no channels, another
            encoding, a `sample_rate` below 1, a negative `max_outputs`, and without a step.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> seconds = mt.range(8000.0) / 8000.0
        >>> tone = mt.sin(2 * np.pi * 440 * seconds)
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()).as_default():
        ...     mt.summary.audio("a", mt.reshape(tone, [1, -1, 1]), sample_rate=8000, step=0)
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    if encoding is not None and not (isinstance(encoding, str) and encoding == "wav"):
        raise InvalidArgumentError(
            f"Unknown encoding: {shorten(encoding)}\n"
            + message("audio", f"encoding={shorten(encoding)}", "no such files are written",
                      "sounds are stored as WAV, which every browser plays", "leave it out")
        )  # fmt: skip
    rate = count("audio", "sample_rate", sample_rate, "write sample_rate=44100 or what yours is")
    most = outputs("audio", max_outputs)
    return record(_AUDIO, name, (data,), step, description, rate=rate, most=most)


def _check(value: Any, rate: int, most: int) -> None:
    dtype, shape = name_of(value.dtype), value.shape
    if shape is not None and (len(shape) != 3 or shape[2] == 0):
        rank, given = len(shape), f"shape {tuple(shape)}"
        first = f"Tensor  must have rank 3.  Received rank {rank}, {given}\n" if rank != 3 else ""
        fault = "axis 2 has size 0" if rank == 3 else f"its rank is {rank}, not 3"
        raise InvalidArgumentError(
            first
            + message("audio", given, fault, "the axes are sound, frame, channel",
                    "reshape it: mt.reshape(x, [1, -1, 1]) for one sound of one channel")
        )  # fmt: skip
    if dtype != "float32":
        raise DTypeError(
            message("audio", f"a tensor of dtype {dtype}", "it is not float32",
                    "samples are float32, from -1 to 1",
                    "write mt.cast(x, mt.float32), and divide integers by their largest value")
        )  # fmt: skip


def _prepare(batch: np.ndarray, rate: int, most: int) -> tuple[np.ndarray, int]:
    _check(batch, rate, most)
    _, frames, channels = batch.shape
    if 2 * channels >= 1 << 16 or 2 * channels * max(rate, frames) >= _LARGEST:
        raise InvalidArgumentError(
            message("audio", f"{frames} frames of {channels} channels, sample_rate={rate}",
                    "no WAV file can hold that", "it has at most 32767 channels, and less than 4 "
                    "gigabytes a second and in all",
                    "look whether frames and channels stand in each other's place")
        )  # fmt: skip
    return samples(batch[:most]), rate


def _encode(payload: tuple[np.ndarray, int]) -> bytes:
    """For each sound the file, and a label, which is empty."""
    batch, rate = payload
    strings = np.full((len(batch), 2), b"", object)
    strings[:, 0] = [wav(sound, rate) for sound in batch]
    return tensor_bytes(strings)


_LARGEST = (1 << 32) - 64
"""What four bytes can count, less what stands in front of the samples."""
_AUDIO = Kind("audio", "audio", _prepare, _encode, b"\x10\x0b", _check)

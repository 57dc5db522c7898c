"""WAV files: read strictly, and drawn as the least and the greatest sample of each pixel."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

MOST_CHANNELS, RATES = 32, (1, 768_000)
CLIPPED = 0.01
"""Above this share of samples at full scale; of a clean sine that fills the scale it is 0.5 %."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


class Wave(NamedTuple):
    """A sound: samples (frames, channels) float32, full scale at −1 and 1."""

    rate: int
    samples: np.ndarray

    @property
    def seconds(self) -> float:
        """How long it takes to play."""
        return len(self.samples) / self.rate

    @property
    def peak(self) -> float:
        """The greatest size of a sample, 1 at full scale; 0 for silence."""
        import numpy as np

        sizes = np.abs(self.samples[np.isfinite(self.samples)])
        return float(sizes.max()) if sizes.size else 0.0


def wave(data: bytes) -> Wave:
    """A WAV file as samples: PCM of 8, 16, 24 or 32 bits, or floats of 32 bits.

    Raises:
        ValueError: a sentence that says what is wrong with the file.

    Example:
        >>> wave(b"ID3")
        Traceback (most recent call last):
        ...
        ValueError: This is no WAV file: it begins with 494433.

    Source: Microsoft, Multimedia Programming Interface and Data Specifications 1.0, chapter 3.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        begins = f"it begins with {data[:4].hex()}" if data else "it is empty"
        raise ValueError(f"This is no WAV file: {begins}.")
    chunks = _chunks(data)
    if b"fmt " not in chunks or b"data" not in chunks:
        raise ValueError("This WAV file has no format or no samples.")
    if len(chunks[b"fmt "]) < 16:
        raise ValueError("The format of this WAV file is cut off.")
    code, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if code == _EXTENSIBLE and len(chunks[b"fmt "]) >= 26:
        (code,) = struct.unpack_from("<H", chunks[b"fmt "], 24)
    if not 1 <= channels <= MOST_CHANNELS or not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"This WAV file says {channels} channels at {rate} Hz: it is damaged.")
    if (code, bits) not in _READERS or block != channels * bits // 8:
        raise ValueError(f"Samples of format {code} with {bits} bits are not read here.")
    flat = chunks[b"data"]
    whole = len(flat) - len(flat) % block
    return Wave(rate, _READERS[code, bits](flat[:whole]).reshape(-1, channels))


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The parts of a RIFF file by name; the first of each name."""
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if at + 8 + size > len(data):
            raise ValueError("This WAV file is cut off in the middle.")
        found.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _bytes8(data: bytes) -> np.ndarray:
    import numpy as np

    return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128


def _bytes16(data: bytes) -> np.ndarray:
    import numpy as np

    return np.frombuffer(data, "<i2").astype(np.float32) / 2**15


def _bytes24(data: bytes) -> np.ndarray:
    import numpy as np

    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return (wide.view("<i4")[:, 0] / 2.0**31).astype(np.float32)


def _bytes32(data: bytes) -> np.ndarray:
    import numpy as np

    return (np.frombuffer(data, "<i4") / 2.0**31).astype(np.float32)


def _floats(data: bytes) -> np.ndarray:
    import numpy as np

    return np.frombuffer(data, "<f4").astype(np.float32)


_READERS = {
    (_PCM, 8): _bytes8, (_PCM, 16): _bytes16, (_PCM, 24): _bytes24, (_PCM, 32): _bytes32,
    (_FLOAT, 32): _floats,
}  # fmt: skip


def outline(sound: Wave, columns: int) -> list[list[int]]:
    """The least and the greatest sample of each column, over all channels, from −100 to 100.

    Example:
        >>> import numpy as np
        >>> outline(Wave(8, np.array([[0.0], [1.0], [-0.5], [0.25]], np.float32)), 2)
        [[0, 100], [-50, 25]]
    """
    import numpy as np

    samples = np.clip(np.nan_to_num(sound.samples), -1, 1)
    columns = min(columns, len(samples))
    if not columns:
        return []
    starts = np.arange(columns) * len(samples) // columns
    low = np.minimum.reduceat(samples.min(axis=1), starts)
    high = np.maximum.reduceat(samples.max(axis=1), starts)
    return np.rint(np.stack([low, high], axis=1) * 100).astype(int).tolist()


def loudness(sound: Wave) -> str:
    """The peak of a sound in words.

    Example:
        >>> import numpy as np
        >>> loudness(Wave(8, np.zeros((4, 1), np.float32)))
        'silent'
        >>> loudness(Wave(8, np.full((4, 1), 0.5, np.float32)))
        'peak 50 % of full scale'
    """
    import numpy as np

    if not len(sound.samples) or not sound.peak:
        return "silent"
    at_the_ends = float((np.abs(sound.samples) >= 32767 / 32768).mean())
    if at_the_ends > CLIPPED:
        return f"perhaps clipped: {100 * at_the_ends:.3g} % of the samples are at full scale"
    return f"peak {sound.peak * 100:.3g} % of full scale"

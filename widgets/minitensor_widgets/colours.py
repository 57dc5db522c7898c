"""The colours of all viewers: told apart by those who see few. `static/colours.js` is the twin.

Source: Okabe, Ito, "Color Universal Design" (2008), for the hues; Smith, van der Walt, "A Better
Default Colormap for Matplotlib" (2015), for viridis.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence

HUES = ("#0072b2", "#b35900", "#00755a", "#8b3a70", "#666666", "#9c5700")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "1 2")
BLUE, ORANGE, MIDDLE = (0, 114, 178), (213, 94, 0), 247
VIRIDIS = (
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141),
    (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37),
)  # fmt: skip

RGB = tuple[int, int, int]


def _round(value: float) -> int:
    return int(value + 0.5)


def diverging(part: float) -> RGB:
    """Blue at −1, nearly white at 0, orange at 1.

    Example:
        >>> diverging(0.0), diverging(-1.0), diverging(1.0)
        ((247, 247, 247), (0, 114, 178), (213, 94, 0))
    """
    far = min(1.0, abs(part))
    r, g, b = (_round(MIDDLE + (c - MIDDLE) * far) for c in (BLUE if part < 0 else ORANGE))
    return r, g, b


def sequential(part: float) -> RGB:
    """Viridis: dark violet at 0, yellow at 1.

    Example:
        >>> sequential(0.0), sequential(1.0)
        ((68, 1, 84), (253, 231, 37))
    """
    place = min(1.0, max(0.0, part)) * (len(VIRIDIS) - 1)
    low = min(int(place), len(VIRIDIS) - 2)
    pairs = zip(VIRIDIS[low], VIRIDIS[low + 1], strict=True)
    r, g, b = (_round(a + (c - a) * (place - low)) for a, c in pairs)
    return r, g, b


def look_of(name: str, runs: Sequence[Mapping]) -> tuple[str, str]:
    """The colour and the dashes of a run in all charts: `looksOf` of `shared.js` is the twin.

    Example:
        >>> look_of("b", [{"name": "a"}, {"name": "b"}])
        ('#b35900', '7 3')
    """
    at = next((i for i, run in enumerate(runs) if run["name"] == name), 0)
    return HUES[at % len(HUES)], DASHES[(at + at // len(HUES)) % len(DASHES)]


def png(rows: Sequence[Sequence[RGB]]) -> str:
    """A picture of one pixel per cell as a data address, for an `<image>` in a figure.

    Example:
        >>> png([[(0, 0, 0)]])[:22]
        'data:image/png;base64,'
    """

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    size = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(byte for cell in row for byte in cell) for row in rows)
    data = zlib.compress(pixels, 9)
    picture = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")

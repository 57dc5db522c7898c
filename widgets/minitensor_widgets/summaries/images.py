"""Pictures: checked, and kept as they were recorded. `static/summaries/images.js` draws them."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..svg import text
from ..units import plural, size_text
from ..values import clip
from .keeping import found, head, keep, moment, note, series_of

KIND = "images"
MOST_PIXELS = 16_000_000
MOST_DRAWN, MOST_BESIDE = 3, 4
DRAWN_BYTES = 12_000  # of the pictures of a card, in a static figure
WIDTH, TALL = 680.0, 132.0
EDGE = 'fill="none" stroke="#00000066"'  # without, white would vanish into the page
NONE = 'fill="#f4f4f4" stroke="#666" stroke-dasharray="5 3"'


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """The cards of all series of pictures of a log, in so many bytes."""
    series = list(series_of(log, KIND))
    counts = [_shown(own, budget // max(1, len(series))) for own in series]
    sizes = [
        [sum(len(data) * 4 // 3 for data in pictures[:count]) for pictures in own.pictures]
        for own, count in zip(series, counts, strict=True)
    ]
    kept = keep(sizes, budget)
    return [card(*parts) for parts in zip(series, kept, counts, strict=True)]


def _shown(series: Any, share: int) -> int:
    """How many pictures of a batch fit into a share of the budget; at least one."""
    last, room = series.pictures[-1] if len(series) else [], share
    for count, data in enumerate(last):
        room -= len(data) * 4 // 3
        if room < 0:
            return max(1, count)
    return max(1, *(len(pictures) for pictures in series.pictures)) if len(series) else 1


def card(series: Any, kept: Sequence[int], count: int) -> dict[str, Any]:
    """One series of pictures.

    Args:
        series: `mt.summary` Images.
        kept: the indices of the steps whose pictures are kept.
        count: pictures kept of each step.
    """
    most = max((len(pictures) for pictures in series.pictures), default=0)
    notes = [note(len(kept), len(series), "pictures")]
    if kept and count < most:
        notes.append(f"Of {plural(most, 'picture')} of a step, the first {count} are kept here.")
    entries = []
    for at in kept:
        pictures = [_coded(data) for data in series.pictures[at][:count]]
        entries.append({**moment(series, at), "pictures": pictures})
    return {**head(series), "note": " ".join(filter(None, notes)), "entries": entries}


def _coded(data: bytes) -> dict[str, Any]:
    made = picture(data)
    if "problem" not in made:
        made["data"] = base64.b64encode(data).decode("ascii")
    return made


def answer(log: Any, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The pictures of one step, for a page that has Python behind it.

    Raises:
        LookupError: when there is no such step.
    """
    series, at = found(log, KIND, asked)
    made, buffers = [], []
    for data in series.pictures[at]:
        own = picture(data)
        if "problem" not in own:
            own["part"] = len(buffers)
            buffers.append(data)
        made.append(own)
    return {**moment(series, at), "pictures": made}, buffers


def picture(data: bytes) -> dict[str, Any]:
    """What kind of picture the bytes are and its size, or a sentence about what is wrong.

    Example:
        >>> picture(b"GIF89a")
        {'problem': 'This is no PNG or JPEG picture: it begins with 47494638.'}
    """
    try:
        if data.startswith(_PNG):
            kind, (width, height) = "image/png", _png_size(data)
        elif data.startswith(b"\xff\xd8\xff"):
            kind, (width, height) = "image/jpeg", _jpeg_size(data)
        else:
            begins = f"it begins with {data[:4].hex()}" if data else "it is empty"
            return {"problem": f"This is no PNG or JPEG picture: {begins}."}
    except (struct.error, IndexError):
        return {"problem": "This picture is cut off in the middle of its file."}
    except ValueError as error:
        return {"problem": str(error)}
    if not 0 < width * height <= MOST_PIXELS:
        return {"problem": f"A picture of {width} × {height} pixels is not shown here."}
    return {"kind": kind, "width": width, "height": height}


_PNG = b"\x89PNG\r\n\x1a\n"


def _png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a whole PNG.

    Source: W3C, Portable Network Graphics, sections 5 and 11.
    """
    at, size = len(_PNG), (0, 0)
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(data[at + 4 : at + 8 + length]) != check:
            raise ValueError(f"This PNG is damaged: its chunk at byte {at} fails its checksum.")
        if at == len(_PNG):
            if name != b"IHDR":
                raise ValueError("This PNG does not begin with its size.")
            size = struct.unpack_from(">II", data, at + 8)
        if name == b"IEND":
            return size
        at += 12 + length


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height of a JPEG, from its frame header.

    Source: ITU-T T.81, B.2.2.
    """
    at = 2
    while True:
        mark, kind = data[at], data[at + 1]
        if mark != 0xFF:
            raise ValueError(f"This JPEG is damaged at byte {at}.")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The last step of the first few cards, as part of a static figure, and its height."""
    parts, y = [], 0.0
    for own in cards[:MOST_DRAWN]:
        last = own["entries"][-1] if own["entries"] else None
        where = f", step {last['step']}" if last else ""
        parts.append(text(10, y + 14, clip(f"{own['tag']} ({own['run']}){where}", 90)))
        pictures = last["pictures"] if last else []
        parts.append(_row(pictures, y + 20))
        y += TALL + 20 if pictures else 16
        said = own["note"] or ("" if pictures else "No pictures yet.")
        parts.append(text(10, y + 14, clip(said, 105), "s"))
        y += 24
    if len(cards) > MOST_DRAWN:
        parts.append(text(10, y + 12, f"… {len(cards) - MOST_DRAWN} more series of pictures", "s"))
        y += 20
    return "".join(parts), y


def _row(pictures: Sequence[Mapping], y: float) -> str:
    """Pictures beside one another, each as large as fits."""
    wide = (WIDTH - 20) / MOST_BESIDE
    parts, room = [], DRAWN_BYTES
    for i, own in enumerate(pictures[:MOST_BESIDE]):
        x = 10 + i * wide
        room -= len(own.get("data", ""))
        if "data" not in own or room < 0:
            words = own.get("problem") or f"{own['width']} × {own['height']} pixels"
            box = f'x="{x:.1f}" y="{y:.1f}" width="{wide - 8:.1f}" height="{TALL:.1f}"'
            parts.append(f"<rect {NONE} {box}/>")
            parts.append(text(x + 6, y + 16, clip(words, 24), "s"))
            continue
        scale = min((wide - 8) / own["width"], TALL / own["height"])
        size = f'width="{own["width"] * scale:.1f}" height="{own["height"] * scale:.1f}"'
        address = f"data:{own['kind']};base64,{own['data']}"
        parts.append(
            f'<image x="{x:.1f}" y="{y:.1f}" {size} '
            f'style="image-rendering:pixelated" href="{address}"/>'
            f'<rect {EDGE} x="{x:.1f}" y="{y:.1f}" {size}/>'
        )
    if len(pictures) > MOST_BESIDE:
        parts.append(text(WIDTH - 10, y - 6, f"{len(pictures)} pictures in all", "s e"))
    return "".join(parts)


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """A sentence for each card: its steps, and what the last one shows."""
    return [_sentence(own) for own in cards]


def _sentence(own: Mapping) -> str:
    steps = own["steps"]
    if not steps:
        return f"{own['tag']} in run {own['run']}: no pictures yet."
    reach = (
        f"step {steps[0]}" if len(steps) == 1 else f"{plural(len(steps), 'step')} up to {steps[-1]}"
    )
    begin = f"{own['tag']} in run {own['run']}: {reach}"
    pictures = own["entries"][-1]["pictures"] if own["entries"] else []
    if not pictures:
        return f"{begin}; no picture is kept here."
    first = pictures[0]
    if "problem" in first:
        return f"{begin}. {first['problem']}"
    size = f"{first['width']} × {first['height']} pixels"
    bytes_ = size_text(sum(len(own.get("data", "")) * 3 // 4 for own in pictures))
    return f"{begin}; the last has {plural(len(pictures), 'picture')} of {size} ({bytes_})."

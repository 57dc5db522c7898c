"""Where the records of an event file lie, and which of them are damaged.

A record is `length | checksum of the length | bytes | checksum of the bytes` (see `event_file`).
One whose bytes are damaged is passed over: its length says where the next one begins. Where a
length is damaged, all that follows is searched for a place where both checksums fit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from google_crc32c import value as crc32c
from numpy.lib.stride_tricks import sliding_window_view

from minitensor.summary.event_file import masked

__all__ = ["FRAME", "Frames", "frames"]

FRAME = 16
"""How many bytes stand around a record: 12 before and 4 behind it."""
_HEAD = 12
_LARGEST = 1 << 31
"""Messages of two gigabytes and more do not exist in the format."""
_TRIES = 5000
"""After a damaged length: how many places to check whose lengths fit before a pause. The first is
the next record, except in files that were made to keep us busy."""


class Frames(NamedTuple):
    """What a piece of an event file holds."""

    starts: np.ndarray
    """Where the bytes of each good record begin, in the piece."""
    sizes: np.ndarray
    damaged: list[tuple[int, str]]
    """Where a record begins that is passed over, and what is wrong."""
    used: int
    """So many bytes are done with; the next piece begins there."""
    wanted: int
    """So many bytes the piece needs that begins there; 0 where that is not known."""
    lost: bool
    """Whether the next record was still being searched for when the piece ended."""


def frames(data: bytes, last: bool, lost: bool = False, deep: bool = True) -> Frames:
    """The records in a piece of an event file.

    Args:
        data: the piece; it begins where a record does.
        last: whether the file has no more for now: a record that runs on past its end is then one
            that is being written, unless whole records lie within it.
        lost: whether the piece before ended in a search: this one may begin anywhere.
        deep: whether to look for whole records within damaged ones, where bytes are missing.

    Example:
        >>> from minitensor.summary.event_file import framed
        >>> found = frames(framed(b"one") + framed(b"three") + b"4", last=True)
        >>> found.starts.tolist(), found.sizes.tolist(), found.used
        ([12, 31], [3, 5], 40)
    """
    found = _Found([], [], [], deep)
    place, wanted = _search(data, 0) if lost else (0, 0)
    while wanted == 0:
        at, suspect = _walk(data, place, found)
        claim = _claim(data, at)
        if suspect is not None and claim:  # another record follows: the length was right
            found.add_within(data, suspect, at)
            suspect = None
        if suspect is not None and not last and claim == 0:
            return found.until(suspect, at - suspect + _HEAD)
        if claim is not None and suspect is None and not (last and claim):
            return found.until(at, claim)
        begin = at if suspect is None else suspect
        place, wanted = _search(data, begin + 1)
        if wanted and claim is not None:  # no whole record follows: it is being written
            return found.until(at, claim)
        if begin == at:
            why = "its length is damaged" if claim is None else "it is longer than the file"
            found.damaged.append((at, why))
    return found.until(place, max(0, wanted), lost=True)


class _Found(NamedTuple):
    starts: list[np.ndarray]
    sizes: list[np.ndarray]
    damaged: list[tuple[int, str]]
    deep: bool

    def until(self, used: int, wanted: int, lost: bool = False) -> Frames:
        none = np.zeros(0, np.int64)
        starts, sizes = (np.concatenate([none, *x]) for x in (self.starts, self.sizes))
        order = np.argsort(starts)
        return Frames(starts[order], sizes[order], sorted(self.damaged), used, wanted, lost)

    def add_within(self, data: bytes, begin: int, end: int) -> None:
        """Add the whole records that lie in a damaged one."""
        if self.deep:
            inside = frames(data[begin + 1 : end], last=True, lost=True, deep=False)
            self.starts.append(inside.starts + begin + 1)
            self.sizes.append(inside.sizes)


def _walk(data: bytes, at: int, found: _Found) -> tuple[int, int | None]:
    """Follow the lengths; where they end, and where the last record begins if it is damaged."""
    starts, sums, size, end = [], [], 0, len(data)
    while True:
        size = _sizes.get(data[at : at + _HEAD])
        if size is None:
            size = _claim(data, at) or 0
        if not size or at + size > end:
            break
        starts.append(at + _HEAD)
        sums.append(crc32c(data[at + _HEAD : at + size - 4]))
        at += size
    if not starts:
        return at, None
    begins = np.array(starts, np.int64)
    ends = np.append(begins[1:] - _HEAD, at)
    stored = sliding_window_view(np.frombuffer(data, np.uint8), 4)[ends - 4].view("<u4")[:, 0]
    good = _masked(np.array(sums, np.uint32)) == stored
    found.starts.append(begins[good])
    found.sizes.append((ends - 4 - begins)[good])
    bad = [(int(begins[i]) - _HEAD, int(ends[i])) for i in np.flatnonzero(~good)]
    found.damaged.extend((begin, "its checksum does not fit") for begin, _ in bad)
    for begin, end in bad if good[-1] else bad[:-1]:
        found.add_within(data, begin, end)
    return at, None if good[-1] else bad[-1][0]


def _claim(data: bytes, at: int) -> int | None:
    """How long a record says it is, with what stands around it.

    0 where the piece ends before it says so, None where that is damaged.
    """
    head = data[at : at + _HEAD]
    if len(head) < _HEAD:
        return 0
    size = int.from_bytes(head[:8], "little")
    if masked(head[:8]) != int.from_bytes(head[8:], "little") or size >= _LARGEST:
        return None
    if len(_sizes) > 10_000:
        _sizes.clear()
    _sizes[head] = size + FRAME
    return size + FRAME


_sizes: dict[bytes, int] = {}
"""How long the records are that begin with these bytes: a file has few different lengths."""


def _search(data: bytes, start: int) -> tuple[int, int]:
    """The next place where a whole record lies, and 0.

    Where there is none: where the next search has to begin, and how many bytes it wants to see, -1
    for any.
    """
    if len(data) - start < _HEAD:
        return start, -1
    window = sliding_window_view(np.frombuffer(data, np.uint8), _HEAD)[start:]
    large = window[:, 4] | window[:, 5] | window[:, 6] | window[:, 7]
    checksum = window[:, 8] | window[:, 9] | window[:, 10] | window[:, 11]
    size = window[:, 0] | window[:, 1] | window[:, 2] | window[:, 3]
    full = (size | checksum) != 0  # nothing but zeros is no record
    likely = np.flatnonzero((large == 0) & full)
    heads = window[likely]
    fits = _masked(_checksums(heads[:, :8])) == np.ascontiguousarray(heads[:, 8:]).view("<u4")[:, 0]
    first = None
    places = (likely[fits] + start).tolist()
    for place in places[:_TRIES]:
        size = _claim(data, place) or 0
        record = data[place + _HEAD : place + size - 4]
        if place + size > len(data):
            first = first or (place, size)
        elif size and data[place + size - 4 : place + size] == masked(record).to_bytes(4, "little"):
            return place, 0
    return first or ([*places, len(data) - _HEAD + 1][: _TRIES + 1][-1], -1)


def _masked(sums: np.ndarray) -> np.ndarray:
    """`event_file.masked`, from many CRCs."""
    return (sums >> 15 | sums << 17) + np.uint32(0xA282EAD8)


def _checksums(rows: np.ndarray) -> np.ndarray:
    """The CRCs of many rows of eight bytes: what each byte adds does not depend on the others."""
    found = np.full(len(rows), crc32c(bytes(8)), np.uint32)
    for column, table in zip(rows.T, _tables(), strict=True):
        found ^= table[column]
    return found


@lru_cache(maxsize=1)
def _tables() -> np.ndarray:
    """(8, 256): what a byte changes in the CRC of eight zeros, for each place and value."""
    none = crc32c(bytes(8))
    return np.array(
        [
            [crc32c(bytes(i) + bytes([x]) + bytes(7 - i)) ^ none for x in range(256)]
            for i in range(8)
        ],
        np.uint32,
    )

"""Points of curves, many at once: events that are alike but for their time, step and number.

A run records the same few curves over and over. Their events have the same bytes but for the time,
the step and the number, and those stand in the same places. So events of one length are laid below
one another, rows of equal remaining bytes are one curve, and its points are columns of bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from minitensor.summary.reading.decoding import (
    MALFORMED,
    Outline,
    event,
    kind_of,
    number,
    values,
)

__all__ = ["POINT", "Curve", "curves"]

POINT = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f4")])
"""A point of a curve."""
_FEW = 4
"""From so many on it is worth it."""
_LONGEST = 4096
_ROUNDS = 8
"""How many different forms events of one length may have; the rest is read one by one."""
_TIME = slice(1, 9)


class Curve(NamedTuple):
    """Points of one tag."""

    value: Outline
    """One of the values they were read from."""
    order: np.ndarray
    """Which records they were."""
    points: np.ndarray


class _Form(NamedTuple):
    """Where in an event the numbers stand: bytes 1 to 8 are its time, then comes the step."""

    steps: int
    """How many bytes the step has, from byte 10 on."""
    begin: int
    """Where its number begins."""

    @property
    def step(self) -> slice:
        return slice(10, 10 + self.steps)

    @property
    def value(self) -> slice:
        return slice(self.begin, self.begin + 4)


def curves(data: bytes, starts: np.ndarray, sizes: np.ndarray) -> tuple[list[Curve], np.ndarray]:
    """The curves in a piece of an event file, and the numbers of the records that are no such.

    Args:
        data: the piece.
        starts: where the bytes of each record begin.
        sizes: how many they are.
    """
    found, rest = [], []
    buffer = np.frombuffer(data, np.uint8)
    by_size = np.argsort(sizes, kind="stable")
    borders = np.flatnonzero(np.diff(sizes[by_size])) + 1
    for order in np.split(by_size, borders):
        size = int(sizes[order[0]]) if len(order) else 0
        if len(order) < _FEW or not 14 < size < _LONGEST:
            rest.append(order)
            continue
        for some in _alike(sliding_window_view(buffer, size)[starts[order]], order):
            (found if isinstance(some, Curve) else rest).append(some)
    return found, np.sort(np.concatenate(rest)) if rest else by_size


def _alike(rows: np.ndarray, order: np.ndarray) -> Iterator[Curve | np.ndarray]:
    """The curves among events of one length, and the numbers of the others."""
    for _ in range(_ROUNDS):
        if len(rows) < _FEW:
            break
        form = _form(rows[0].tobytes())
        left = np.ones(len(rows), bool)
        if form is not None:
            for group, rest in _groups(rows, form):
                value = _value(form, rest, rows[group[0]])
                if value is not None:
                    left[group] = False
                    yield Curve(value, order[group], _points(rows[group], form))
        if left[0]:
            left[0] = False
            yield order[:1]
        rows, order = rows[left], order[left]
    yield order


def _value(form: _Form, rest: bytes, row: np.ndarray) -> Outline | None:
    """The value in events of a form with these bytes besides; None where their form is another."""
    known = _values.get((form, rest))
    if known is not None:
        return known
    record = row.tobytes()
    decoded = _decoded(record)
    if decoded is None or _form(record) != form:
        return None
    if len(_values) > 10_000:
        _values.clear()
    _values[form, rest] = decoded.value
    return decoded.value


_values: dict[tuple[_Form, bytes], Outline] = {}
"""The values that came before: piece after piece of a file has the same curves."""


def _groups(rows: np.ndarray, form: _Form) -> Iterator[tuple[np.ndarray, bytes]]:
    """Which rows are equal but for their numbers, and the bytes that they have in common."""
    fixed = np.ones(rows.shape[1], bool)
    for place in (_TIME, form.step, form.value):
        fixed[place] = False
    rest = rows[:, fixed]
    weights = _weights()[: rest.shape[1]]
    sums = (rest * weights).sum(1, dtype=np.uint64)
    # The last byte of a step has no high bit, the others have it.
    sums += (rows[:, form.step] >> 7).sum(1, dtype=np.uint64) << np.uint64(60)
    by_sum = np.argsort(sums, kind="stable")
    borders = np.flatnonzero(np.diff(sums[by_sum])) + 1
    begins, ends = np.append(0, borders), np.append(borders, len(sums))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if end - begin < _FEW:  # of many tags a piece may hold one point each
            continue
        group = by_sum[begin:end]
        high = rows[group][:, form.step] >> 7
        same = (rest[group] == rest[group[0]]).all(1) & (high == high[0]).all(1)
        if same.all():
            yield group, rest[group[0]].tobytes()


@lru_cache(maxsize=1)
def _weights() -> np.ndarray:
    """Odd numbers without a pattern: rows with the same sum are most likely the same."""
    return np.random.default_rng(0).integers(1 << 62, size=_LONGEST, dtype=np.uint64) * 2 + 1


def _form(record: bytes) -> _Form | None:
    """Where the numbers of a point stand in its event; None where it is no such event.

    The place of its number is found by trial: other numbers are put where they seem to stand, and
    the event must then be one of those numbers.
    """
    decoded = _decoded(record)
    if decoded is None or record[0] != 9:
        return None
    size = next(i for i, x in enumerate(record[10:], 1) if x < 128) if record[9] == 16 else 0
    begin = 10 + size if size else 9
    after, stored = record[begin:], struct.pack("<f", decoded.number)
    at = after.find(stored)
    while at >= 0:
        key = record[9:10] + b"\x81" * (size - 1) + b"\x01" if size else b""
        changed = after[:at] + struct.pack("<f", _TRIAL) + after[at + 4 :]
        other = _decoded(b"\x09" + struct.pack("<d", _TRIAL) + key + changed)
        if other is not None and other[:3] == (_TRIAL, _steps(key[1:]), _TRIAL):
            return _Form(size, begin + at)
        at = after.find(stored, at + 1)
    return None


_TRIAL = -1234.5


def _steps(varint: bytes) -> int:
    """The step in the bytes of a varint."""
    return int(_numbers(np.frombuffer(varint, np.uint8)[None])[0])


def _numbers(varints: np.ndarray) -> np.ndarray:
    """The steps in rows of bytes of varints, seven bits a byte, the lowest first."""
    found = np.zeros(len(varints), np.uint64)
    for place, column in enumerate(varints.T):
        found |= (column & 127).astype(np.uint64) << np.uint64(7 * place)
    return found.view(np.int64)


class _Decoded(NamedTuple):
    time: float
    step: int
    number: float
    value: Outline


def _decoded(record: bytes) -> _Decoded | None:
    """An event that holds one number and nothing else; None for any other."""
    try:
        found = event(record)
        inside = list(values(found.summary))
        if found.graph is not None or len(inside) != 1 or kind_of(inside[0]) != "scalars":
            return None
        return _Decoded(found.time, found.step, _short(number(inside[0])), inside[0])
    except MALFORMED:
        return None


def _short(value: float) -> float:
    """A number as float32 has it."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def _points(rows: np.ndarray, form: _Form) -> np.ndarray:
    """The points in rows of events."""
    found = np.empty(len(rows), POINT)
    found["time"] = np.ascontiguousarray(rows[:, _TIME]).view("<f8")[:, 0]
    found["step"] = _numbers(rows[:, form.step])
    found["value"] = np.ascontiguousarray(rows[:, form.value]).view("<f4")[:, 0]
    return found

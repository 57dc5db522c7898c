"""One event file that may still grow: what was read of it, and what comes next."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from minitensor.summary.event_file import masked
from minitensor.summary.reading import decoding
from minitensor.summary.reading.columns import POINT, Curve, curves
from minitensor.summary.reading.decoding import MALFORMED, Outline, Point
from minitensor.summary.reading.frames import Frames, frames
from minitensor.summary.reading.growing import Rows

__all__ = ["PLACE", "RUN_GRAPH", "Tagged", "Tail"]

PLACE = np.dtype([
    ("step", "<i8"), ("time", "<f8"), ("at", "<i8"), ("size", "<i8"), ("index", "<i4"),
    ("width", "<i4"), ("height", "<i4"),
])  # fmt: skip
"""Where a value lies: its event's bytes in the file, and which value of the event it is."""
_PIECE = 1 << 19
"""How many bytes are read at a time."""
_UNFINISHED = 1 << 24
"""How many bytes of a record that is longer than the file are searched for others."""
_MANY = 20
"""How many problems of a file are told one by one."""
_TAGS = 100_000
RUN_GRAPH = "run_graph"
"""The name of the graph that an event holds without a tag."""


class Tagged:
    """What a file holds under one tag: points of a curve, or the places of other values."""

    def __init__(self, kind: str, value: Outline):
        self.kind = kind
        """As `Log.tags` calls it; empty where no value said it, which makes them tensors."""
        self.plugin, self.description = value.plugin, value.description
        self.rows = Rows(POINT if kind == "scalars" else PLACE)
        self._new: list[tuple[int, tuple]] = []
        self._curves: list[Curve] = []

    def put(self, order: int, row: tuple) -> None:
        """Keep a row until `settle`; `order` is the number of its record."""
        self._new.append((order, row))

    def put_curve(self, curve: Curve) -> None:
        """Keep many points until `settle`."""
        self._curves.append(curve)

    def settle(self) -> None:
        """Add what was put, in the order of the file."""
        orders = [curve.order for curve in self._curves]
        rows = [curve.points for curve in self._curves]
        if self._new:
            orders.append(np.array([order for order, _ in self._new]))
            rows.append(np.array([row for _, row in self._new], self.rows.array.dtype))
        if rows:
            order = np.argsort(np.concatenate(orders), kind="stable")
            self.rows.add(np.concatenate(rows)[order])
        self._new, self._curves = [], []


class Tail:
    """An event file. `look` finds how long it is now, `advance` reads a piece more of it.

    Args:
        path: the file.
        run: what the run is called, for problems.
        lock: held while what was read is changed.
    """

    def __init__(self, path: Path, run: str, lock: threading.Lock):
        self.path, self.run, self._lock = path, run, lock
        self._told: dict[str, str] = {}
        self._identity: tuple[int, int] | None = None
        self._begin()

    def _begin(self) -> None:
        self.tags: dict[str, Tagged] = {}
        self.graphs: dict[str, tuple] = {}
        """Places of graphs by name."""
        self.trials: list[bytes] = []
        """What says which hyper-parameters were chosen."""
        self.size = self.position = 0
        self.done = True
        self._lost = False

    def look(self) -> None:
        """Find how long the file is; one that was replaced is read anew."""
        try:
            found = self.path.stat()
        except OSError as error:
            self._gone(error)
            return
        identity = (found.st_dev, found.st_ino)
        if found.st_size < self.size or self._identity not in (None, identity):
            with self._lock:
                self._begin()
                self._problem("it was written anew, and is read again from its beginning", "anew")
        self._identity = identity
        if found.st_size != self.size:
            self.size, self.done = found.st_size, False

    def advance(self) -> bool:
        """Read a piece; whether it held anything."""
        try:
            found, data = self._frames()
        except OSError as error:
            self._gone(error)
            return False
        many, others = curves(data, found.starts, found.sizes)
        with self._lock:
            for at, why in found.damaged:
                self._damaged(self.position + at, why)
            self._add(data, found, many, others)
            self.position += found.used
            self._lost = found.lost
            self.done = self.position >= self.size or not found.used
        return len(found.starts) > 0

    def _frames(self) -> tuple[Frames, bytes]:
        """The next piece, with at least one record where a whole one is left."""
        rest = self.size - self.position
        size = min(rest, _PIECE)
        with self.path.open("rb") as file:
            while True:
                file.seek(self.position)
                data = file.read(size)
                last = len(data) < size or size == rest
                found = frames(data, last, self._lost)
                if found.used or last:
                    return found, data
                if found.wanted > rest:  # it is being written, or its length is wrong
                    file.seek(self.position)
                    data = file.read(min(rest, _UNFINISHED))
                    return frames(data, True, self._lost), data
                size = min(rest, max(found.wanted, 2 * size))

    def _add(self, data: bytes, found: Frames, many: list[Curve], others: np.ndarray) -> None:
        """Keep what a piece holds."""
        first: dict[str, Curve] = {}
        for curve in many:
            tag = curve.value.tag or ""
            if tag not in first or curve.order[0] < first[tag].order[0]:
                first[tag] = curve
        changed = []
        for order in others.tolist():
            start, size = int(found.starts[order]), int(found.sizes[order])
            record = data[start : start + size]
            changed += self._read(order, record, self.position + start, first)
        for curve in many:
            tagged = self._tagged("scalars", curve.value)
            if tagged is not None:
                tagged.put_curve(curve)
                changed.append(tagged)
        for tagged in set(changed):
            tagged.settle()

    def _read(self, order: int, record: bytes, at: int, first: dict[str, Curve]) -> list[Tagged]:
        """Keep the values of one event; the tags that got one."""
        changed = []
        try:
            point = decoding.event(record)
            if point.graph is not None:
                self.graphs[RUN_GRAPH] = (at, len(record), -1)
            for index, value in enumerate(decoding.values(point.summary)):
                early = first.get(value.tag or "")
                if early is not None and early.order[0] < order:
                    self._tagged("scalars", early.value)
                tagged = self._kept(order, point, value, (at, len(record), index))
                changed += [tagged] if tagged is not None else []
        except MALFORMED as error:
            self._damaged(at - 12, f"it is no event: {error}")
        return changed

    def _kept(
        self, order: int, point: Point, value: Outline, place: tuple[int, int, int]
    ) -> Tagged | None:
        """Keep one value; the tag that got it."""
        kind = decoding.kind_of(value)
        if kind == "hparams":
            self.trials.append(value.content)
        elif kind == "graphs":
            self.graphs[value.tag or ""] = place
        if kind in ("hparams", "graphs", "nothing"):
            return None
        tagged = self._tagged(kind, value)
        if tagged is None:
            return None
        try:
            if tagged.kind == "scalars":
                with np.errstate(over="ignore"):
                    number = np.float32(decoding.number(value))
                tagged.put(order, (point.step, point.time, number))
            else:
                size = decoding.size_of(value) if tagged.kind == "images" else (0, 0)
                tagged.put(order, (point.step, point.time, *place, *size))
        except MALFORMED as error:
            self._unfit(value.tag or "", point.step, error)
            return None
        return tagged

    def _tagged(self, kind: str | None, value: Outline) -> Tagged | None:
        """What a tag holds; None where it holds another kind."""
        tag = value.tag or ""
        found = self.tags.get(tag)
        if found is None:
            if len(self.tags) >= _TAGS:
                self._problem(f"it has more than {_TAGS} tags; the others are left out", "tags")
                return None
            found = self.tags[tag] = Tagged(kind or "", value)
        if kind is not None and kind != (found.kind or "tensors"):
            self.conflict(tag, found.kind or "tensors", kind)
            return None
        return found

    def value(self, at: int, size: int, index: int) -> Outline:
        """A value that `PLACE` tells of.

        Raises:
            OSError: when the file is gone.
            ValueError: when something else stands there now.
        """
        for number, value in enumerate(decoding.values(self.point(at, size).summary)):
            if number == index:
                return value
        raise ValueError("something else was written in its place")

    def point(self, at: int, size: int) -> Point:
        """The event whose bytes begin at a place; raises what `value` raises."""
        with self.path.open("rb") as file:
            file.seek(at)
            data = file.read(size + 4)
        if len(data) < size + 4 or masked(data[:size]) != int.from_bytes(data[size:], "little"):
            raise ValueError("something else was written in its place")
        return decoding.event(data[:size])

    def conflict(self, tag: str, kind: str, other: str) -> None:
        """Tell that the tag holds another kind before, here or in an earlier file of the run."""
        self._problem(
            f"the tag {tag!r} holds {kind}, and later {other}, which are left out; a tag holds one "
            "kind",
            f"{other} {tag}",
        )

    def unfit(self, tag: str, step: int, error: Exception) -> None:
        """Tell that a value could not be read when it was asked for."""
        with self._lock:
            self._unfit(tag, step, error)

    def _unfit(self, tag: str, step: int, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) else error
        self._problem(f"the value of {tag!r} at step {step} cannot be read: {why}", f"{tag} {step}")

    def _damaged(self, at: int, why: str) -> None:
        self._problem(f"the record at byte {at} is damaged ({why}); it was passed over", str(at))

    def _gone(self, error: OSError) -> None:
        self.done = True
        with self._lock:
            self._problem(f"it cannot be read: {error.strerror or error}", "gone")

    def _problem(self, text: str, key: str) -> None:
        """Tell it, once for each key; those that are too many are counted."""
        if key not in self._told:
            self._told[key] = text if len(self._told) < _MANY else ""

    @property
    def problems(self) -> list[str]:
        """A sentence for each thing that is wrong with the file."""
        texts = [text for text in self._told.values() if text]
        more = len(self._told) - len(texts)
        texts += [f"{more} more problems are not listed"] if more else []
        return [f"Run {self.run!r}, file {self.path.name}: {text}." for text in texts]

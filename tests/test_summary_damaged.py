"""Damaged and hostile event files: every whole record is read, and the others are named."""

from __future__ import annotations

import re
import struct
import time
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.graphdef import Dim, ShapeProto
from minitensor.summary.event_file import framed, masked
from minitensor.summary.messages import (
    FIRST,
    Event,
    Histogram,
    Image,
    Metadata,
    PluginData,
    Summary,
    TensorProto,
    Value,
    tensor_proto,
)
from minitensor.wire import varint

NAME = "events.out.tfevents.1700000000.here"
FIRST_RECORD = framed(Event(wall_time=1.0, file_version=FIRST).SerializeToString())


def recorded(tag: str, plugin: str, array: np.ndarray, step: int) -> bytes:
    """The record of one value."""
    metadata = Metadata(plugin_data=PluginData(plugin_name=plugin))
    value = Value(tag=tag, tensor=tensor_proto(array), metadata=metadata)
    event = Event(wall_time=2.0, step=step, summary=Summary(value=[value]))
    return framed(event.SerializeToString())


def scalar(tag: str, step: int, value: float) -> bytes:
    return recorded(tag, "scalars", np.array(value, np.float32), step)


def records(rng: np.random.Generator, count: int) -> list[bytes]:
    """Records of curves, histograms and texts; the step is the number of the record."""
    made = []
    for step in range(count):
        kind = rng.integers(4)
        if kind < 2:
            made.append(scalar(f"s{kind}", step, step / 2))
        elif kind == 2:
            made.append(recorded("h", "histograms", rng.normal(size=(5, 3)), step))
        else:
            text = np.array(b"x" * int(rng.integers(300)), object)
            made.append(recorded("t", "text", text, step))
    return made


def read(folder: Path, data: bytes) -> mt.summary.Log:
    (folder / NAME).write_bytes(data)
    return mt.summary.read(folder)


def steps(log: mt.summary.Log) -> set[int]:
    """The steps of all values; all of them are looked at."""
    found: list[int] = []
    for tag, kind in log.tags(".").items():
        series = getattr(log, "texts" if kind == "text" else kind)(tag)
        found += series.step.tolist()
        for name in ("buckets", "text", "pictures", "value"):
            list(getattr(series, name, []))
    return set(found)


def damaged(rng: np.random.Generator, parts: list[bytes]) -> tuple[bytes, set[int]]:
    """The records with bytes flipped, cut out or put in, and which of them were touched."""
    data = b"".join(parts)
    ends = np.cumsum([len(part) for part in parts])
    touched: set[int] = set()
    places = np.sort(rng.integers(len(data), size=int(rng.integers(1, 6))))[::-1]
    limit = len(data)
    for place in places.tolist():  # from the back, so that places stay what they are
        kind, size = rng.integers(3), int(rng.integers(1, 60))
        first = int(np.searchsorted(ends, place, "right"))
        if kind == 0:
            flipped = data[place] ^ int(rng.integers(1, 256))
            data = data[:place] + bytes([flipped]) + data[place + 1 :]
            touched.add(first)
        elif kind == 1:
            size = min(size, limit - place)
            data = data[:place] + data[place + size :]
            last = int(np.searchsorted(ends, place + max(size, 1) - 1, "right"))
            touched |= set(range(first, last + 1))
        else:
            data = data[:place] + rng.bytes(size) + data[place:]
            begins = place == 0 or place in ends
            touched |= set() if begins else {first}
        limit = place
    return data, touched


def check(log: mt.summary.Log, parts: list[bytes], touched: set[int], seed: int) -> None:
    found = steps(log)
    assert found <= set(range(len(parts))), f"seed {seed}: made up"
    missing = set(range(len(parts))) - found
    assert not missing - touched, f"seed {seed}: records {missing - touched} were lost"
    if any(step < max(found, default=0) for step in missing):  # else it looks unfinished
        assert log.problems, f"seed {seed}: nobody told"


@pytest.mark.parametrize("piece", [64, 300, 1000, 1 << 19])
@pytest.mark.parametrize("batch", range(3))
def test_every_record_that_was_not_touched_is_read(tmp_path, monkeypatch, batch, piece):
    monkeypatch.setattr("minitensor.summary.reading.tail._PIECE", piece)
    for seed in range(batch * 40, batch * 40 + 40):
        rng = np.random.default_rng(seed)
        parts = records(rng, int(rng.integers(2, 60)))
        data, touched = damaged(rng, parts)
        check(read(tmp_path, FIRST_RECORD + data), parts, touched, seed)


@pytest.mark.parametrize("seed", range(30))
def test_a_file_that_grows_by_any_number_of_bytes_is_read_like_a_whole_one(tmp_path, seed):
    rng = np.random.default_rng(seed)
    parts = records(rng, 40)
    data = FIRST_RECORD + b"".join(parts)
    log = read(tmp_path, b"")
    cuts = np.sort(rng.integers(len(data), size=12)).tolist()
    for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        with (tmp_path / NAME).open("ab") as file:
            file.write(data[begin:end])
        log.refresh()
    assert steps(log) == set(range(40))
    assert log.problems == []


def event(value: Value | bytes, step: int = 1) -> bytes:
    """The record of one value, or of one that is bytes already."""
    if isinstance(value, bytes):
        inside = b"\x0a" + varint(len(value)) + value
        return framed(b"\x09" + struct.pack("<d", 2.0) + b"\x2a" + varint(len(inside)) + inside)
    return framed(
        Event(wall_time=2.0, step=step, summary=Summary(value=[value])).SerializeToString()
    )


def held(plugin: str, tensor: TensorProto) -> Value:
    return Value(
        tag="x", tensor=tensor, metadata=Metadata(plugin_data=PluginData(plugin_name=plugin))
    )


def claimed(
    dtype: int, sizes: list[int], content: bytes | None = None, **lists: list
) -> TensorProto:
    """A tensor that says it has this type and shape."""
    shape = ShapeProto(dim=[Dim(size=size) for size in sizes])
    return TensorProto(dtype=dtype, tensor_shape=shape, tensor_content=content, **lists)


HOSTILE = {
    "a scalar of a billion numbers": held("scalars", claimed(1, [1 << 30], float_val=[1.0])),
    "a histogram of a billion rows": held("histograms", claimed(2, [1 << 40, 3], double_val=[0.0])),
    "sizes whose product overflows": held("histograms", claimed(2, [1 << 62, 1 << 62])),
    "a negative size": held("histograms", claimed(2, [-3, 3], content=bytes(72))),
    "too few bytes": held("histograms", claimed(2, [3, 3], content=bytes(5))),
    "a hundred axes": held("histograms", claimed(2, [1] * 100, content=bytes(8))),
    "a histogram of texts": held("histograms", claimed(7, [1], string_val=[b"a"])),
    "a scalar of text": held("scalars", claimed(7, [], string_val=[b"a"])),
    "a number too large for its type": held("tensors", claimed(4, [1], int_val=[999])),
    "a type that does not exist": held("scalars", claimed(99, [])),
    "a text that is no UTF-8": held("text", claimed(7, [], string_val=[b"\xff\xfe"])),
    "texts of numbers": held("text", claimed(1, [2], float_val=[1.0, 2.0])),
    "an image without a size": held("images", claimed(7, [1], string_val=[b"a"])),
    "an image whose size is no number": held("images", claimed(7, [2], string_val=[b"a", b"b"])),
    "an image of nine digits": held("images", claimed(7, [2], string_val=[b"9" * 5000, b"1"])),
    "sounds of numbers": held("audio", claimed(1, [1, 2], float_val=[1.0, 2.0])),
    "a PR curve of three rows": held("pr_curves", claimed(1, [3, 2], content=bytes(24))),
    "buckets without limits": Value(tag="x", histo=Histogram(bucket=[1.0, 2.0, 3.0])),
    "an image of negative size": Value(tag="x", image=Image(width=-1, height=1 << 40)),
    "hyper-parameters that are none": held("hparams", claimed(1, [])),
    "a graph that is none": held("graph_run_metadata_graph", claimed(7, [], string_val=[b"abc"])),
    "a tensor in a tensor in a tensor": b"\x0a\x01x\x42" + varint(60_000) + b"\x0a\x7f" * 30_000,
    "a tag that is no UTF-8": b"\x0a\x02\xff\xfe\x15\x00\x00\x80\x3f",
    "a cut number": b"\x0a\x01x\x15\x00",
    "a length without an end": b"\x0a" + b"\xff" * 30,
    "packed numbers of odd size": b"\x0a\x01x\x42\x07\x08\x01\x2a\x03abc",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_value_harms_nothing_and_costs_nothing(tmp_path, what):
    around = [scalar("good", step, step) for step in range(2, 10)]
    data = FIRST_RECORD + b"".join([*around[:4], event(HOSTILE[what]), *around[4:]])
    begin = time.perf_counter()
    log = read(tmp_path, data)
    steps(log)
    log.hparams(), log.graphs("."), log.embeddings(), log.problems
    assert time.perf_counter() - begin < 1
    assert log.scalars("good").step.tolist() == list(range(2, 10))


def frame(size: int, content: bytes = b"") -> bytes:
    """A record that claims a size, with a checksum of it that fits."""
    length = struct.pack("<Q", size)
    return length + struct.pack("<I", masked(length)) + content


@pytest.mark.parametrize("size", [0, 1 << 20, (1 << 31) - 1, 1 << 40, (1 << 64) - 1])
def test_a_record_that_claims_gigabytes_hides_no_other(tmp_path, size):
    good = [scalar("good", step, step) for step in range(1, 6)]
    claims = framed(b"") if size == 0 else frame(size)
    log = read(tmp_path, FIRST_RECORD + b"".join([*good[:2], claims, *good[2:]]))
    assert log.complete
    assert log.scalars("good").step.tolist() == [1, 2, 3, 4, 5]
    assert len(log.problems) == (size > 0)


@pytest.mark.parametrize("filling", [b"\0", b"\xff", frame(1000), b"\x0a"])
def test_a_large_hole_is_passed_over_in_time(tmp_path, filling):
    hole = filling * (2_000_000 // len(filling))
    begin = time.perf_counter()
    log = read(tmp_path, FIRST_RECORD + scalar("a", 1, 1) + hole + scalar("a", 2, 2))
    assert time.perf_counter() - begin < 5
    assert log.scalars("a").step.tolist() == [1, 2]
    assert re.search("byte 99 is damaged", log.problems[0])


@pytest.mark.parametrize("seed", range(6))
def test_random_bytes_in_good_records_never_raise(tmp_path, seed):
    rng = np.random.default_rng(seed)
    kinds = ["scalars", "histograms", "images", "audio", "text", "pr_curves", "hparams", "other",
             "graph_run_metadata_graph"]  # fmt: skip
    made = [FIRST_RECORD, scalar("good", 1, 1.0)]
    for number in range(400):
        kind = str(rng.choice(kinds))
        texts = np.array([b"3", b"4", b"png"], object)
        array = texts if rng.random() < 0.5 else rng.normal(size=(3, 3)).astype(np.float32)
        record = bytearray(recorded(f"{kind}{number % 7}", kind, array, number)[12:-4])
        for place in rng.integers(len(record), size=int(rng.integers(1, 4))):
            record[place] = rng.integers(256)
        made.append(framed(bytes(record)))
    log = read(tmp_path, b"".join(made))
    assert log.scalars("good").value[0] == 1.0
    steps(log), log.hparams(), log.hparam_metrics(), log.graphs(".")
    assert all(isinstance(problem, str) for problem in log.problems)


def contents(log: mt.summary.Log) -> tuple[dict, list[str]]:
    """All curves of a log as bytes, how many values its other tags have, and its problems."""
    found = {}
    for tag, kind in log.tags(".").items():
        series = getattr(log, "texts" if kind == "text" else kind)(tag)
        columns = [series.step, series.time]
        columns += [np.nan_to_num(series.value, nan=7e7)] if kind == "scalars" else []
        found[tag] = [kind, series.description, *(column.tobytes() for column in columns)]
    return found, sorted(log.problems)


@pytest.mark.parametrize("seed", range(40))
def test_many_events_at_once_are_read_like_one_by_one(tmp_path, monkeypatch, seed):
    rng = np.random.default_rng(seed)
    made = [FIRST_RECORD]
    for _ in range(int(rng.integers(5, 120))):
        step = int(rng.choice([0, 1, 5, 127, 128, 300, 20_000, -1, -(2**63)]))
        record = bytearray(scalar(f"t{rng.integers(3)}", step, float(rng.choice([0, 1.5])))[12:-4])
        if rng.random() < 0.4:
            for place in rng.integers(len(record), size=int(rng.integers(1, 3))):
                record[place] = rng.integers(256)
        made.append(framed(bytes(record)))
    together = contents(read(tmp_path, b"".join(made)))
    monkeypatch.setattr("minitensor.summary.reading.columns._FEW", 1 << 40)
    assert together == contents(read(tmp_path, b"".join(made)))

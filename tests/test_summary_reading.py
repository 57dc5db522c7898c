"""`summary.read` gives what was recorded: TensorBoard's own reader says the same."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import InvalidArgumentError, NotFoundError
from minitensor.summary.event_file import framed
from minitensor.summary.messages import (
    FIRST,
    Event,
    Metadata,
    PluginData,
    Summary,
    Value,
    tensor_proto,
)

loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
tensor_util = pytest.importorskip("tensorboard.util.tensor_util")

NAME = "events.out.tfevents.1700000000.here"


def put(folder: Path, events: list[Event], name: str = NAME) -> Path:
    """An event file."""
    folder.mkdir(parents=True, exist_ok=True)
    first = Event(wall_time=1.0, file_version=FIRST)
    path = folder / name
    path.write_bytes(b"".join(framed(x.SerializeToString()) for x in [first, *events]))
    return path


def scalar(tag: str, step: int, value: float, way: str = "content", time: float = 5.0) -> Event:
    """An event with one number, as one of the writers writes it."""
    if way == "simple":
        held = Value(tag=tag, simple_value=value)
    else:
        tensor = tensor_proto(np.array(value, np.float32))
        if way == "list":
            tensor.tensor_content, tensor.float_val = None, [value]
        data = PluginData(plugin_name="scalars")
        held = Value(tag=tag, tensor=tensor, metadata=Metadata(plugin_data=data))
        if way == "described":
            held.metadata.summary_description = "what it is"
    return Event(wall_time=time, step=step or None, summary=Summary(value=[held]))


def by_tensorboard(path: Path) -> dict[str, list]:
    """(step, time, number) of each scalar as TensorBoard's reader gives them, by tag."""
    found: dict[str, list] = {}
    for event in loader.EventFileLoader(str(path)).Load():
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "scalars" or value.tag in found:
                number = tensor_util.make_ndarray(value.tensor).item()
                found.setdefault(value.tag, []).append((event.step, event.wall_time, number))
    return found


def points(log: mt.summary.Log, tag: str, run: str = ".") -> list:
    curve = log.scalars(tag, run)
    return list(zip(curve.step.tolist(), curve.time.tolist(), curve.value.tolist(), strict=True))


def equal(ours: list, theirs: list) -> bool:
    rows = [np.array(x, np.float64).reshape(-1, 3) for x in (ours, theirs)]
    return np.array_equal(rows[0], rows[1], equal_nan=True)


def test_what_is_recorded_is_read(tmp_path):
    with mt.summary.create_file_writer(tmp_path / "train").as_default():
        for step in range(50):
            mt.summary.scalar("loss", 1 / (step + 1), step=step, description="how bad")
            mt.summary.histogram("weights", np.arange(step + 1.0), step=step)
        mt.summary.text("note", "hello", step=3)
        mt.summary.image("picture", np.zeros((2, 4, 5, 3)), step=4)
    log = mt.summary.read(tmp_path)
    assert log.runs == ["train"]
    assert log.problems == []
    assert log.complete
    assert log.progress == 1.0
    kinds = {"loss": "scalars", "note": "text", "picture": "images", "weights": "histograms"}
    assert log.tags() == {"train": kinds}
    assert log.tags("train") == kinds
    loss = log.scalars("loss")
    assert loss.step.tolist() == list(range(50))
    assert loss.description == "how bad"
    np.testing.assert_array_equal(loss.value, (1 / np.arange(1, 51)).astype(np.float32))
    weights = log.histograms("weights")
    np.testing.assert_array_equal(weights.buckets[9], mt.summary.bucketed(np.arange(10.0)))
    assert log.texts("note").text[0][()] == "hello"
    picture = log.images("picture")
    assert (picture.width[0], picture.height[0], len(picture.pictures[0])) == (5, 4, 2)
    assert picture.pictures[0][0].startswith(b"\x89PNG")


@pytest.mark.parametrize("seed", range(20))
def test_points_are_those_of_tensorboards_reader_whatever_the_order_and_form(tmp_path, seed):
    rng = np.random.default_rng(seed)
    steps = [0, 1, 127, 128, 16383, 16384, 1 << 40, -1, -5, (1 << 63) - 1, -(1 << 63)]
    numbers = [0.0, -0.0, 1.5, math.nan, math.inf, -1e-45, 3e38]
    ways = {f"tag/{i}": ["content", "simple", "list", "described"][i % 4] for i in range(8)}
    events = []
    for _ in range(int(rng.integers(1, 600))):
        tag = f"tag/{rng.integers(8)}"
        step = int(rng.choice(300)) if rng.random() < 0.8 else steps[rng.integers(len(steps))]
        value = float(np.float32(rng.normal())) if rng.random() < 0.8 else numbers[rng.integers(7)]
        way = ways[tag] if rng.random() < 0.9 else str(rng.choice(list(ways.values())))
        event = scalar(tag, step, value, way, float(rng.random()))
        if rng.random() < 0.1:
            event.summary.value += scalar(f"tag/{rng.integers(8)}", 0, 2.5).summary.value
        events.append(event)
    path = put(tmp_path, events)
    theirs, log = by_tensorboard(path), mt.summary.read(tmp_path)
    assert log.problems == []
    assert set(log.tags(".")) == set(theirs)
    for tag, expected in theirs.items():
        assert equal(points(log, tag), expected), tag


def test_steps_of_growing_length_are_one_curve(tmp_path):
    with mt.summary.create_file_writer(tmp_path).as_default():
        for step in range(5000):
            mt.summary.scalar("a", step, step=step)
            mt.summary.scalar("b", -step, step=step)
    log = mt.summary.read(tmp_path)
    np.testing.assert_array_equal(log.scalars("a").value, np.arange(5000, dtype=np.float32))
    np.testing.assert_array_equal(log.scalars("b").value, -np.arange(5000, dtype=np.float32))


def test_refresh_reads_what_was_added_and_new_runs(tmp_path):
    writer = mt.summary.create_file_writer(tmp_path / "a")
    log = mt.summary.read(tmp_path)
    assert log.runs == ["a"]
    assert log.tags() == {"a": {}}
    assert not log.refresh()
    for step in range(3):
        with writer.as_default():
            mt.summary.scalar("loss", step, step=step)
        assert log.refresh()
        assert len(log.scalars("loss")) == step + 1
    assert not log.refresh()
    with mt.summary.create_file_writer(tmp_path / "b").as_default():
        mt.summary.scalar("loss", 7, step=0)
    assert log.refresh()
    assert log.runs == ["a", "b"]
    with pytest.raises(InvalidArgumentError, match="2 runs have it: \\['a', 'b'\\]"):
        log.scalars("loss")
    assert log.scalars("loss", "b").value.tolist() == [7.0]


def test_a_record_that_is_being_written_is_read_when_it_is_whole(tmp_path):
    path = put(tmp_path, [scalar("a", i, i) for i in range(5)])
    whole = path.read_bytes()
    record = framed(scalar("a", 5, 5.0).SerializeToString())
    log = mt.summary.read(tmp_path)
    for end in range(len(record)):
        path.write_bytes(whole + record[:end])
        log.refresh()
        assert len(log.scalars("a")) == 5
        assert log.problems == []
    with path.open("ab") as file:
        file.write(record[-1:])
    assert log.refresh()
    assert log.scalars("a").step.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_budget_of_time_stops_a_refresh_and_the_next_goes_on(tmp_path):
    for run in "ab":
        put(tmp_path / run, [scalar("t", i, i) for i in range(20_000)])
    log = mt.summary.read(tmp_path, seconds=0)
    assert not log.complete
    assert 0 < log.progress < 1
    counts = []
    while not log.complete:
        log.refresh(seconds=0)
        counts.append([len(log.scalars("t", run)) for run in "ab" if log.tags(run)])
    assert log.progress == 1.0
    assert counts[-1] == [20_000, 20_000]
    assert counts[0] != counts[-1]


def test_a_directory_that_is_not_there_is_a_lesson(tmp_path):
    (tmp_path / "logs").mkdir()
    log = mt.summary.read(tmp_path / "logs")
    assert log.runs == []
    assert log.tags() == {}
    assert log.complete
    assert log.problems == []
    mt.summary.create_file_writer(tmp_path / "logs").close()
    with pytest.raises(NotFoundError, match="did you mean 'logs'"):
        mt.summary.read(tmp_path / "lgos")


def test_unknown_tags_and_kinds_say_what_there_is(tmp_path):
    put(tmp_path, [scalar("loss", 1, 2.0)])
    log = mt.summary.read(tmp_path)
    with pytest.raises(NotFoundError, match="did you mean 'loss'"):
        log.scalars("los")
    with pytest.raises(NotFoundError, match=r"use log.scalars\('loss'\)"):
        log.histograms("loss")
    with pytest.raises(NotFoundError, match="no such run"):
        log.scalars("loss", "train")


def test_struct_of_a_point_is_small():
    from minitensor.summary.reading.columns import POINT

    assert POINT.itemsize == struct.calcsize("<qdf")

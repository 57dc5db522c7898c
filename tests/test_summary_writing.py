"""Summary writers: what is recorded is on disk, whatever ends the program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import minitensor as mt
from minitensor.summary.event_file import masked

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.util.tensor_util import make_ndarray


def events(folder: Path) -> Iterator[Event]:
    """The records of the files of a run, read by TensorBoard's strict reader."""
    for path in sorted(folder.glob("*.tfevents.*")):
        for record in RawEventFileLoader(str(path)).Load():
            yield Event.FromString(record)


def test_the_checksum_is_that_of_the_published_vectors() -> None:
    # RFC 3720, appendix B.4: CRC-32C of 32 zero bytes is 0x8a9136aa.
    crc = 0x8A9136AA
    assert masked(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_scalars_are_read_by_tensorboard(tmp_path: Path) -> None:
    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default():
        for step in range(3):
            assert mt.summary.scalar("loss", 0.5 * step, step=step)
    first, *rest = events(tmp_path)
    assert first.file_version == "brain.Event:2"
    assert [(e.step, float(make_ndarray(e.summary.value[0].tensor))) for e in rest] == [
        (0, 0.0), (1, 0.5), (2, 1.0),
    ]  # fmt: skip
    assert {e.summary.value[0].metadata.plugin_data.plugin_name for e in rest} == {"scalars"}


def test_a_graph_records_at_each_call_with_the_step_of_the_call(tmp_path: Path) -> None:
    @mt.function
    def twice(x: mt.Tensor, step: mt.Tensor) -> mt.Tensor:
        mt.summary.scalar("given", x, step=step)
        mt.summary.scalar("default", x)
        return 2 * x

    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default():
        for step in range(2):
            mt.summary.experimental.set_step(10 + step)
            twice(mt.constant(1.0 + step), mt.constant(step, mt.int64))
    mt.summary.experimental.set_step(None)
    found = [(e.summary.value[0].tag, e.step) for e in events(tmp_path) if e.summary.value]
    assert found == [("given", 0), ("default", 10), ("given", 1), ("default", 11)]


def test_flush_waits_for_the_default_writer(tmp_path: Path) -> None:
    mt.summary.flush()
    writer = mt.summary.create_file_writer(tmp_path, flush_millis=10_000_000)
    with writer.as_default():
        mt.summary.scalar("loss", 1.0, step=3)
        mt.summary.flush()
        assert [event.step for event in events(tmp_path)] == [0, 3]
    mt.summary.flush(writer)
    writer.close()


@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("calls", [None, 3])
def test_a_dataset_records_in_whatever_thread_it_computes(
    calls: int | None, ahead: int, tmp_path: Path
) -> None:
    def told(x: Any) -> Any:
        mt.summary.scalar("x", x, step=x)
        return x

    dataset = mt.data.Dataset.range(5).map(told, num_parallel_calls=calls).prefetch(ahead)
    assert len(list(dataset)) == 5, "nothing is recorded without a writer"
    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default():
        assert len(list(dataset)) == 5
    assert sorted(mt.summary.read(tmp_path).scalars("x").step) == [0, 1, 2, 3, 4]


def test_a_step_set_within_a_block_outlasts_it_unless_the_block_has_one(tmp_path: Path) -> None:
    step = mt.summary.experimental
    try:
        with mt.summary.create_file_writer(tmp_path).as_default():
            step.set_step(4)
        assert step.get_step() == 4
        with mt.summary.record_if(True):
            step.set_step(6)
        assert step.get_step() == 6
        with mt.summary.create_file_writer(tmp_path / "other").as_default(step=9):
            step.set_step(10)
        assert step.get_step() == 6
        with mt.summary.create_file_writer(tmp_path / "more").as_default():
            with mt.summary.record_if(False):
                step.set_step(7)
            assert bool(mt.summary.scalar("loss", 1.0))
    finally:
        step.set_step(None)
    assert list(mt.summary.read(tmp_path / "more").scalars("loss").step) == [7]

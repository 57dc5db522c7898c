"""What one value, one file or one other process costs the rest of a run: nothing."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import minitensor as mt
from minitensor.summary.messages import Event
from minitensor.summary.records import Kind

S: Any = mt.summary


CAUSE = ValueError("no bytes for this")


def refuse(payload: Any) -> bytes:
    raise CAUSE


ODD = Kind("odd", "odd", lambda x: x, refuse)


@pytest.mark.parametrize("gives", [3, None, b"{}"])
def test_a_model_that_is_not_described_by_text_is_refused(tmp_path: Path, gives: Any) -> None:
    class Model:
        def to_json(self) -> Any:
            return gives

    with S.create_file_writer(tmp_path, on_error="raise").as_default(step=0) as writer:
        S.scalar("before", 1.0)
        with pytest.raises(mt.errors.ArgumentError, match=r"to_json\(\) gives .* To fix it: "):
            S.keras_model("k", Model())
        S.scalar("after", 1.0)
    writer.close()
    assert S.read(tmp_path).tags(".") == {"after": "scalars", "before": "scalars"}


def record_around(writer: Any) -> None:
    with writer.as_default(step=0):
        S.scalar("before", 1.0)
        writer.put(ODD, "strange", 0, None)
        S.scalar("after", 1.0)


def test_a_value_that_cannot_be_made_bytes_costs_only_itself(tmp_path: Path) -> None:
    writer = S.create_file_writer(tmp_path)
    with pytest.warns(RuntimeWarning, match=r"under the tag 'strange'.*no bytes for this.*It is l"):
        record_around(writer)
    with writer.as_default(step=1):
        S.scalar("after", 2.0)
    writer.put_event(Event(step="x"))
    with pytest.warns(RuntimeWarning, match=r"an event of its own"):
        writer.close()
    log = S.read(tmp_path)
    assert log.tags(".") == {"after": "scalars", "before": "scalars"}
    assert list(log.scalars("after").step) == [0, 1]
    assert not log.problems


def test_a_value_that_cannot_be_made_bytes_stops_the_program_when_asked(tmp_path: Path) -> None:
    writer = S.create_file_writer(tmp_path, on_error="raise")
    with pytest.raises(mt.errors.FailedPreconditionError, match="'strange'") as caught:
        record_around(writer)
    assert caught.value.__cause__ is CAUSE
    writer.close()
    assert S.read(tmp_path).tags(".") == {"after": "scalars", "before": "scalars"}


def test_what_is_dropped_after_the_disk_failed_is_not_called_recorded(tmp_path: Path) -> None:
    @mt.function
    def traced() -> Any:
        return S.scalar("loss", 1.0, 1)

    graph = mt.function(lambda x: x).get_concrete_function(mt.constant(1.0)).graph
    writer = S.create_file_writer(tmp_path / "run")
    with writer.as_default():
        assert S.scalar("loss", 1.0, 0)
        assert traced()
        assert S.graph(graph)
        writer.flush()
        shutil.rmtree(tmp_path / "run")
        S.scalar("loss", 1.0, 1)
        with pytest.warns(RuntimeWarning, match="is lost"):
            writer.flush()
        assert not S.scalar("loss", 1.0, 2)
        assert not S.histogram("h", [1.0], 2)
        assert not traced()
        assert not S.graph(graph)
    writer.close()


def wait(go: Any) -> None:
    go.wait()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_child_that_lives_on_does_not_keep_the_run_of_its_parent(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    go = context.Event()
    writer = S.create_file_writer(tmp_path)
    child = context.Process(target=wait, args=(go,))
    child.start()
    try:
        writer.close()
        with S.create_file_writer(tmp_path).as_default(step=0) as again:
            S.scalar("loss", 1.0)
        again.close()
    finally:
        go.set()
        child.join()
    assert child.exitcode == 0
    assert S.read(tmp_path).scalars("loss").value == [1.0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among the files")
def test_a_pipe_in_the_directory_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tfevents.b")
    with S.create_file_writer(tmp_path).as_default(step=0) as writer:
        S.scalar("loss", 1.0)
    writer.close()
    assert S.read(tmp_path).scalars("loss").value == [1.0]

"""The default writer of a thread, set for good, and the writer that does nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import minitensor as mt

S: Any = mt.summary


def in_a_thread(action: Callable[[], Any]) -> Any:
    """What an action gives in a thread of its own, whose defaults end with it."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(action())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def test_a_default_writer_stays_until_another_is_set(tmp_path: Path) -> None:
    def train() -> None:
        with S.create_file_writer(tmp_path / "a") as a, S.create_file_writer(tmp_path / "b") as b:
            a.set_as_default(step=3)
            S.scalar("loss", 1.0)
            with b.as_default(step=4):
                S.scalar("loss", 2.0)
            S.scalar("rate", 3.0)
            b.set_as_default()
            S.scalar("rate", 4.0)
            assert S.experimental.get_step() == 3

    in_a_thread(train)
    log = S.read(tmp_path)
    assert [(x, *log.scalars(tag, x).step) for x in "ab" for tag in ("loss", "rate")] == [
        ("a", 3), ("a", 3), ("b", 4), ("b", 3)]  # fmt: skip
    assert not S.scalar("loss", 1.0, 0)  # this thread has no default


def test_a_traced_function_asks_for_the_default_when_it_runs(tmp_path: Path) -> None:
    @mt.function
    def step(x: Any) -> Any:
        return S.scalar("loss", x)

    def train() -> list[bool]:
        first = bool(step(1.0))
        with S.create_file_writer(tmp_path) as writer:
            writer.set_as_default(7)
            return [first, bool(step(2.0))]

    assert in_a_thread(train) == [False, True]
    assert S.read(tmp_path).scalars("loss").step == [7]


def test_a_closed_writer_is_no_default(tmp_path: Path) -> None:
    writer = S.create_file_writer(tmp_path)
    writer.close()
    with pytest.raises(RuntimeError, match="is already closed"):
        in_a_thread(writer.set_as_default)


def test_the_writer_that_does_nothing_does_nothing(tmp_path: Path) -> None:
    noop = S.create_noop_writer()
    assert isinstance(noop, S.SummaryWriter)
    noop.set_as_default(step=1)
    with noop, noop.as_default(step=2):
        assert not S.scalar("loss", 1.0)
        assert S.experimental.get_step() is None
    for end in (noop.flush, noop.close, lambda: S.flush(noop)):
        end()
    assert noop.logdir == noop.path == ""
    assert repr(noop) == "<SummaryWriter that does nothing>"
    # TensorFlow 2.21: within another writer's as_default, that one records, at its own step
    with S.create_file_writer(tmp_path).as_default(step=1) as writer, noop.as_default(step=7):
        assert S.scalar("loss", 1.0)
    writer.close()
    assert S.read(tmp_path).scalars("loss").step == [1]


@pytest.mark.parametrize("given", ["x", 0, ["w"]])
def test_only_a_writer_is_flushed(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^Invalid argument to flush\(\): .*\n.*To fix it: "):
        S.flush(given)


def test_summaries_may_wait_for_any_time(tmp_path: Path) -> None:
    writer = S.create_file_writer(tmp_path, max_queue=10**400, flush_millis=10**400)
    with writer, writer.as_default():
        S.scalar("loss", 1.0, 0)
    assert S.read(tmp_path).scalars("loss").value == [1.0]


@pytest.mark.parametrize("name", ["FileWriter", "merge_all"])
def test_names_of_tensorflow_1_lead_to_where_they_are(name: str) -> None:
    with pytest.raises(AttributeError, match=r"import minitensor\.compat\.v1 as tf"):
        getattr(mt.summary, name)

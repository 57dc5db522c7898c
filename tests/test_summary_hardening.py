"""Summaries under interruptions, threads, odd arguments, and directories full of other things."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import minitensor as mt
import minitensor.compat.v1 as tf
from minitensor.compat.v1.summary import Summary
from minitensor.summary import recording
from minitensor.summary.event_file import framed
from minitensor.summary.messages import Event, Value
from minitensor.summary.messages import Summary as Stored
from minitensor.summary.pen import Pen
from minitensor.summary.recording import step_number
from minitensor.summary.sink import Sink


class Interrupt:
    """Ctrl-C at one line: the n-th of these files that runs while it is entered."""

    files = ("pen.py", "sink.py", "event_file.py", "threading.py")

    def __init__(self, number: int):
        self.left = number

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line" and Path(frame.f_code.co_filename).name in self.files:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self._line

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        sys.settrace(self._line)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)


def interrupted(number: int, action: Callable[[], object]) -> bool:
    """Whether an action was cut off at that line; the pen's own thread is left alone."""
    try:
        with Interrupt(number):
            action()
    except KeyboardInterrupt:
        return True
    return False


def test_a_flush_that_is_cut_off_anywhere_does_not_stop_the_pen() -> None:
    written: list[int] = []
    pen = Pen(written.extend, interval=1000.0)
    number = 1
    while True:
        pen.put(number)
        cut = interrupted(number, pen.flush)
        assert pen.flush(20), f"cut off at line {number}"
        number += 1
        if not cut:
            break
    pen.stop()
    assert written == list(range(1, number))


def test_a_flush_beside_a_pen_that_just_ended_does_not_wait_for_ever() -> None:
    written: list[int] = []
    ending, go_on = threading.Event(), threading.Event()

    def end() -> None:
        ending.set()
        go_on.wait(20)

    pen = Pen(written.extend, end=end)
    stopper = threading.Thread(target=pen.stop)
    stopper.start()
    assert ending.wait(20)  # it looked at its calls for the last time, and lives
    pen.put(1)
    threading.Timer(0.05, go_on.set).start()
    assert pen.flush(20)
    stopper.join()
    assert written == [1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_writer_that_was_cut_off_while_it_was_made_leaves_its_directory(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(Interrupt, "files", ("pen.py", "sink.py", "event_file.py"))
    made: list[Sink] = []
    number, cut = 0, True
    while cut:
        number += 1
        folder = tmp_path / str(number)

        def make(folder: Path = folder) -> None:
            made.append(Sink(folder, "", True, 9, 1.0))

        cut = interrupted(number, make)
        for sink in made:
            sink.close()
        made.clear()
        again = Sink(folder, "", True, 9, 1.0)
        again.close()
    assert number > 30
    assert not [thread for thread in threading.enumerate() if thread.name == "summaries"]


@pytest.mark.parametrize("seconds", [float("inf"), 1e30, 0.0])
def test_any_interval_may_pass_before_a_pen_writes(seconds) -> None:
    written: list[int] = []
    pen = Pen(written.extend, interval=seconds)
    pen.put(1)
    assert pen.flush(20)
    assert written == [1]
    pen.stop()


@pytest.mark.parametrize("many", [1, 7, 1000])
def test_threads_record_into_one_writer(tmp_path, many) -> None:
    writer = mt.summary.create_file_writer(tmp_path, max_queue=many)

    def work(number: int) -> None:
        with writer.as_default():
            for step in range(300):
                mt.summary.scalar(f"s{number}", float(step), step)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    writer.close()
    log = mt.summary.read(tmp_path)
    assert all((log.scalars(f"s{i}").step == np.arange(300)).all() for i in range(8))


def test_long_texts_and_graphs_count_as_what_waits(tmp_path, monkeypatch) -> None:
    assert recording._size(np.array([b"abc", b"defg"], object)) >= 7
    assert recording._size(b"abc") == 3
    sizes: list[int] = []
    with mt.summary.create_file_writer(tmp_path) as writer:
        put = writer._put
        monkeypatch.setattr(writer, "_put", lambda x, size: (sizes.append(size), put(x, size)))
        writer.put_event(Event(graph_def=bytes(1000)))
        with writer.as_default(step=0):
            mt.summary.text("t", "x" * 5000)
    assert sizes[0] == 1000
    assert sizes[1] >= 5000


def test_a_writer_cannot_be_copied_and_the_attempt_leaves_it_open(tmp_path) -> None:
    with mt.summary.create_file_writer(tmp_path) as writer:
        for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(RuntimeError, match="cannot be copied or sent elsewhere"):
                attempt(writer)
        with writer.as_default():
            mt.summary.scalar("loss", 1.0, 0)
    assert mt.summary.read(tmp_path).scalars("loss").value == [1.0]


def sound(frames: int = 1, channels: int = 1) -> np.ndarray:
    return np.zeros((1, frames, channels), np.float32)


RAGGED = [[1.0], [2.0, 3.0]]
POINTS = np.eye(3)
WRONG: dict[str, tuple[Callable[[], Any], type, str]] = {
    "rate": (lambda: mt.summary.audio("a", sound(), 1 << 32), ValueError, "No WAV file"),
    "rate and channels": (
        lambda: mt.summary.audio("a", sound(1, 30_000), 100_000), ValueError, "No WAV file"),
    "channels": (lambda: mt.summary.audio("a", sound(1, 40_000), 8), ValueError, "32767 channels"),
    "step": (lambda: mt.summary.scalar("a", 1.0, RAGGED), TypeError, "no whole number"),
    "name": (lambda: mt.summary.HParam(3), TypeError, "Its name is text"),  # type: ignore[arg-type]
    "display name": (
        lambda: mt.summary.HParam("a", display_name=2.5), TypeError, "Its display_name is text"),  # type: ignore[arg-type]
    "metric": (lambda: mt.summary.Metric(None), TypeError, "Its tag is text"),  # type: ignore[arg-type]
    "group": (lambda: mt.summary.Metric("a", group=b"b"), TypeError, "Its group is text"),  # type: ignore[arg-type]
    "no hparams": (lambda: mt.summary.hparams_config(None, []), TypeError, "That is no list"),  # type: ignore[arg-type]
    "no metrics": (lambda: mt.summary.hparams_config([], 3), TypeError, "That is no list"),  # type: ignore[arg-type]
    "no values": (lambda: mt.summary.Discrete(None), TypeError, "That is no list"),  # type: ignore[arg-type]
    "labels": (lambda: mt.summary.embedding("e", POINTS, True), TypeError, "That is no list"),
    "columns": (
        lambda: mt.summary.embedding("e", POINTS, ["a"] * 3, columns=3),  # type: ignore[arg-type]
        TypeError, "That is no list"),
    "project": (
        lambda: mt.summary.embedding("e", POINTS, project=None), TypeError, "That is no list"),  # type: ignore[arg-type]
    "vectors": (lambda: mt.summary.embedding("e", RAGGED), ValueError, "rows of one length"),
    "images": (
        lambda: mt.summary.embedding("e", POINTS, images=RAGGED), ValueError, "rows of one length"),
    "logdir": (
        lambda: mt.summary.embedding("e", POINTS, logdir=3), TypeError, "That is no path"),  # type: ignore[arg-type]
    "NUL": (lambda: mt.summary.create_file_writer("a\0b"), ValueError, "the character NUL"),
    "projected": (lambda: mt.summary.projected(RAGGED), ValueError, "rows of one length"),
    "bucketed": (lambda: mt.summary.bucketed(RAGGED), ValueError, "rows of one length"),
    "percentiles": (lambda: mt.summary.percentiles([["a"]]), ValueError, "of numbers"),
    "seconds": (lambda: mt.summary.read(".", seconds="1"), TypeError, "That is no number"),  # type: ignore[arg-type]
    "long": (lambda: mt.summary.read("x" * 5000), LookupError, "Nothing has that name"),
    "NUL to read": (lambda: mt.summary.read("a\0b"), ValueError, "the character NUL"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_a_lesson_and_recording_goes_on(tmp_path, what) -> None:
    wrong, error, text = WRONG[what]
    with mt.summary.create_file_writer(tmp_path, on_error="raise").as_default(step=0) as writer:
        with pytest.raises(error, match=text) as caught:
            wrong()
        assert isinstance(caught.value, mt.errors.OpError)
        assert "To fix it: " in str(caught.value)
        mt.summary.scalar("after", 1.0)
    writer.close()
    assert mt.summary.read(tmp_path).tags(".") == {"after": "scalars"}


def test_the_largest_sounds_that_a_file_can_hold_are_recorded(tmp_path) -> None:
    with mt.summary.create_file_writer(tmp_path, on_error="raise").as_default(step=0):
        mt.summary.audio("rate", sound(), (1 << 31) - 64)
        mt.summary.audio("channels", sound(1, 32767), 8000)
    assert mt.summary.read(tmp_path).tags(".") == {"channels": "audio", "rate": "audio"}


@pytest.mark.parametrize("step", [np.int8(3), np.uint64(3), np.array(3), (1 << 63) - 1, -(1 << 63)])
def test_steps_are_all_whole_numbers_of_64_bits(step) -> None:
    assert step_number(step) == int(step)


def test_half_characters_in_names_become_question_marks(tmp_path) -> None:
    half = "\ud800"
    with mt.summary.create_file_writer(tmp_path, on_error="raise").as_default():
        mt.summary.hparams_config([mt.summary.HParam(half)], [mt.summary.Metric(half)])
        mt.summary.hparams({half: half}, trial_id=half)
    (found,) = mt.summary.read(tmp_path).hparams()
    assert (found.values, found.group) == ({"?": "?"}, "?")


def test_a_message_refuses_a_tag_that_is_no_text() -> None:
    with pytest.raises(TypeError, match="holds text or bytes, and not 3"):
        Summary(value=[Summary.Value(tag=3, simple_value=1.0)]).SerializeToString()


# Reading.


def test_a_large_file_of_zeros_is_passed_over(tmp_path) -> None:
    with (tmp_path / "events.out.tfevents.1.here").open("wb") as file:
        file.truncate(1 << 28)
    begin = time.perf_counter()
    log = mt.summary.read(tmp_path)
    assert time.perf_counter() - begin < 15
    assert "byte 0 is damaged" in log.problems[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no such files")
def test_what_is_no_file_is_left_alone(tmp_path) -> None:
    os.mkfifo(tmp_path / "events.out.tfevents.1.fifo")
    os.mkfifo(tmp_path / "projector_config.pbtxt")
    (tmp_path / "events.out.tfevents.2.self").symlink_to(tmp_path / "events.out.tfevents.2.self")
    (tmp_path / "events.out.tfevents.3.nowhere").symlink_to(tmp_path / "nowhere")
    (tmp_path / "events.out.tfevents.4.zeros").symlink_to("/dev/zero")
    (tmp_path / "events.out.tfevents.5.folder").mkdir()
    log = mt.summary.read(tmp_path)
    assert (log.runs, log.embeddings(), log.problems) == ([], [], [])


def test_looking_at_every_tag_takes_time_in_proportion_to_their_number(tmp_path) -> None:
    points = (
        Event(summary=Stored(value=[Value(tag=f"t{i}", simple_value=1.0)])) for i in range(10_000)
    )
    data = b"".join(framed(event.SerializeToString()) for event in points)
    (tmp_path / "events.out.tfevents.1.here").write_bytes(data)
    log = mt.summary.read(tmp_path)
    begin = time.perf_counter()
    assert len(log._curves()) == 10_000
    assert time.perf_counter() - begin < 10


def test_temporary_folders_of_other_names_are_read() -> None:
    with tempfile.TemporaryDirectory(prefix="ä b'\"") as folder:
        with mt.summary.create_file_writer(folder).as_default():
            mt.summary.scalar("loss", 1.0, 0)
        assert mt.summary.read(os.fsencode(folder).decode()).runs == ["."]
        assert Path(folder).is_dir()


# TensorFlow 1's writer.

BAD_MESSAGES: dict[str, Callable[[Any], Any]] = {
    "a tag": lambda w: w.add_summary(Summary(value=[Summary.Value(tag=3, simple_value=1.0)])),
    "a number": lambda w: w.add_summary(Summary(value=[Summary.Value(tag="a", simple_value="x")])),
    "the tag of a run": lambda w: w.add_run_metadata(b"", 3),
    "a run": lambda w: w.add_run_metadata(None, "a"),
    "a large step": lambda w: w.add_summary(b"", 1 << 63),
    "a step that is none": lambda w: w.add_summary(b"", float("nan")),
    "a list for a step": lambda w: w.add_summary(b"", [1]),
    "the time of an event": lambda w: w.add_event(Event(wall_time="now")),
}


@pytest.mark.parametrize("what", BAD_MESSAGES)
def test_a_message_that_cannot_be_written_is_a_lesson_and_the_next_is_written(tmp_path, what):
    with tf.Graph().as_default(), tf.summary.FileWriter(tmp_path, flush_secs=1e300) as writer:
        with pytest.raises(TypeError, match="To fix it: ") as caught:
            BAD_MESSAGES[what](writer)
        assert isinstance(caught.value, mt.errors.OpError)
        writer.add_summary(Summary(value=[Summary.Value(tag="after", simple_value=1.0)]), 2.0)
    log = mt.summary.read(tmp_path)
    assert log.tags(".") == {"after": "scalars"}
    assert log.scalars("after").step == [2]


def test_a_default_step_of_a_graph_is_refused_outside_of_it(tmp_path: Path) -> None:
    @mt.function
    def inside(step: mt.Tensor) -> None:
        mt.summary.experimental.set_step(step)
        mt.summary.scalar("a", 1.0)

    with mt.summary.create_file_writer(tmp_path).as_default():
        inside(mt.constant(4, mt.int64))
        with pytest.raises(ValueError, match="pass step=step to the summaries inside"):
            mt.summary.scalar("b", 1.0)
        mt.summary.experimental.set_step(None)
        inside(mt.constant(5, mt.int64))
    mt.summary.experimental.set_step(None)
    assert list(mt.summary.read(tmp_path).scalars("a").step) == [4, 5]


CONDITIONS: dict[str, Any] = {
    "a vector": mt.constant([True, False]),
    "one truth value in a list": [True],
    "nothing": None,
    "a word": "no",
    "a function that gives nothing": lambda: None,
    "a tensor of text": mt.constant("False"),
    "no number": float("nan"),
    "a thing": object(),
    "a function that gives a function": lambda: lambda: True,
    "lists of two lengths": [[True], [True, False]],
}


@pytest.mark.parametrize("what", CONDITIONS)
@pytest.mark.parametrize("traced", [False, True])
def test_a_condition_is_one_truth_value(tmp_path: Path, what: str, traced: bool) -> None:
    def sometimes() -> None:
        with mt.summary.record_if(CONDITIONS[what]):
            mt.summary.scalar("a", 1.0, 0)

    with (
        mt.summary.create_file_writer(tmp_path).as_default(),
        pytest.raises(ValueError, match=r"record_if: got condition=.* not one truth value"),
    ):
        mt.function(sometimes)() if traced else sometimes()


@pytest.mark.parametrize("traced", [False, True])
def test_a_condition_that_is_a_function_is_called_without_arguments(
    tmp_path: Path, traced: bool
) -> None:
    def sometimes(condition: Any) -> Any:
        with mt.summary.record_if(condition):
            return mt.summary.scalar("a", 1.0, 0)

    action = mt.function(sometimes) if traced else sometimes
    with mt.summary.create_file_writer(tmp_path).as_default():
        with pytest.raises(TypeError, match=r"record_if: got condition=.* wants arguments.*To fix"):
            action(lambda x: x)
        with pytest.raises(TypeError, match="argument of type 'int' is not iterable"):
            action(lambda: 3 in 4)  # type: ignore[operator]


TRUTHS = [
    (True, False), (1, 0), (np.bool_(True), np.bool_(False)), (np.int64(2), np.int64(0)),
    (np.array(True), np.array(False)), (mt.constant(True), mt.constant(False)),
    (mt.constant(3), mt.constant(0)),
]  # fmt: skip


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(("truth", "no"), TRUTHS, ids=repr)
def test_bools_and_integers_are_conditions(
    tmp_path: Path, truth: Any, no: Any, traced: bool
) -> None:
    def sometimes(condition: Any) -> Any:
        with mt.summary.record_if(condition):
            return mt.summary.scalar("a", 1.0, 0)

    action = mt.function(sometimes) if traced else sometimes
    flag = mt.Variable(True)
    with mt.summary.create_file_writer(tmp_path).as_default():
        assert action(truth)
        assert not action(no)
        assert action(lambda: truth)
        assert action(flag)
        assert not action(flag.assign(False))


def test_a_histogram_of_absurdly_many_buckets_is_refused(tmp_path: Path) -> None:
    with (
        mt.summary.create_file_writer(tmp_path).as_default(),
        pytest.raises(ValueError, match=r"got buckets=1000000000000\. That is more than 1000000"),
    ):
        mt.summary.histogram("a", [1.0], 0, buckets=10**12)

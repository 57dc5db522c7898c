"""What a log does around its files: runs, links, files that go, threads, tables, embeddings."""

from __future__ import annotations

import csv
import os
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import ArgumentError, InvalidArgumentError, UnavailableError
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
from minitensor.summary.reading.text_proto import parse_text

NAME = "events.out.tfevents.1700000000.here"


def value(tag: str, array: np.ndarray, plugin: str | None, step: int) -> Event:
    metadata = Metadata(plugin_data=PluginData(plugin_name=plugin)) if plugin else None
    held = Value(tag=tag, tensor=tensor_proto(array), metadata=metadata)
    return Event(wall_time=float(step), step=step, summary=Summary(value=[held]))


def scalar(step: int, number: float, tag: str = "loss", plugin: str | None = "scalars") -> Event:
    return value(tag, np.array(number, np.float32), plugin, step)


def put(folder: Path, events: list[Event], name: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    first = Event(wall_time=1.0, file_version=FIRST)
    path = folder / name
    path.write_bytes(b"".join(framed(x.SerializeToString()) for x in [first, *events]))
    return path


def test_files_of_a_run_follow_one_another_by_name_and_keep_what_a_restart_repeats(tmp_path):
    put(tmp_path, [scalar(0, 10), scalar(1, 11)], f"{NAME}.2")
    put(tmp_path, [scalar(i, i) for i in range(4)], f"{NAME}.1")
    curve = mt.summary.read(tmp_path).scalars("loss")
    assert curve.step.tolist() == [0, 1, 2, 3, 0, 1]
    assert curve.value.tolist() == [0, 1, 2, 3, 10, 11]


def test_a_value_that_does_not_say_its_kind_is_of_the_kind_of_those_before_it(tmp_path):
    rows = np.ones((2, 3))
    events = [scalar(0, 1), scalar(1, 2, plugin=None), value("h", rows, "histograms", 0)]
    put(tmp_path, [*events, value("h", 2 * rows, None, 1)], f"{NAME}.1")
    put(tmp_path, [scalar(2, 3, plugin=None), value("h", 3 * rows, None, 2)], f"{NAME}.2")
    log = mt.summary.read(tmp_path)
    assert log.tags(".") == {"h": "histograms", "loss": "scalars"}
    assert log.scalars("loss").value.tolist() == [1, 2, 3]
    assert [x[0, 0] for x in log.histograms("h").buckets] == [1, 2, 3]
    assert log.problems == []


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize("many", [1, 50])
def test_a_tag_of_two_kinds_keeps_the_first_and_says_so(tmp_path, files, many):
    first = [value("x", np.ones((2, 3)), "histograms", 0)]
    later = [scalar(step, 1, "x") for step in range(many)]
    put(tmp_path, first + (later if files == 1 else []), f"{NAME}.1")
    if files == 2:
        put(tmp_path, later, f"{NAME}.2")
    log = mt.summary.read(tmp_path)
    assert log.tags(".") == {"x": "histograms"}
    assert len(log.histograms("x")) == 1
    (problem,) = log.problems
    assert "the tag 'x' holds histograms, and later scalars" in problem


def test_one_event_file_is_a_log(tmp_path):
    path = put(tmp_path / "run", [scalar(0, 1)])
    log = mt.summary.read(path)
    assert log.logdir == str(path)
    assert log.tags() == {".": {"loss": "scalars"}}


def test_a_relative_path_means_the_same_after_the_program_went_elsewhere(tmp_path, monkeypatch):
    path = put(tmp_path / "logs" / "a", [scalar(0, 1)])
    monkeypatch.chdir(tmp_path / "logs")
    log = mt.summary.read(".")
    monkeypatch.chdir(tmp_path)
    with path.open("ab") as file:
        file.write(framed(scalar(1, 2).SerializeToString()))
    assert log.refresh()
    assert log.runs == ["a"]
    assert log.scalars("loss").value.tolist() == [1, 2]


def test_two_threads_may_refresh(tmp_path):
    put(tmp_path, [scalar(i, i) for i in range(30_000)])
    log = mt.summary.read(tmp_path, seconds=0)
    threads = [threading.Thread(target=log.refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.scalars("loss").step.tolist() == list(range(30_000))


def test_most_gives_evenly_spaced_steps_with_the_first_and_the_last(tmp_path):
    put(tmp_path, [scalar(i, i) for i in range(1000)])
    curve = mt.summary.read(tmp_path, most=5).scalars("loss")
    assert curve.step.tolist() == [0, 250, 500, 749, 999]
    with pytest.raises(InvalidArgumentError, match="most=1"):
        mt.summary.read(tmp_path, most=1)
    with pytest.raises(ArgumentError, match="no path"):
        mt.summary.read(3)  # type: ignore[arg-type]


def test_a_file_that_is_removed_leaves_its_curves_and_a_problem(tmp_path):
    path = put(tmp_path, [scalar(0, 1), value("h", np.ones((2, 3)), "histograms", 0)])
    log = mt.summary.read(tmp_path)
    path.unlink()
    assert log.scalars("loss").value.tolist() == [1]
    assert log.histograms("h").buckets[0].shape == (0, 3)
    assert "value of 'h' at step 0 cannot be read: No such file" in log.problems[0]
    log.refresh()
    assert log.complete
    assert len(log.scalars("loss")) == 1
    assert any("it cannot be read: No such file" in problem for problem in log.problems)


def test_a_file_that_is_written_anew_is_read_anew(tmp_path):
    put(tmp_path, [scalar(i, i) for i in range(9)])
    log = mt.summary.read(tmp_path)
    put(tmp_path, [scalar(5, 7)])
    log.refresh()
    assert log.scalars("loss").value.tolist() == [7]
    assert "written anew" in log.problems[0]


def test_links_are_followed_and_loops_are_told(tmp_path):
    put(tmp_path / "logs" / "a", [scalar(0, 1)])
    put(tmp_path / "elsewhere", [scalar(0, 2)])
    (tmp_path / "logs" / "a" / "up").symlink_to(tmp_path / "logs")
    (tmp_path / "logs" / "far").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "logs" / "latest").symlink_to(tmp_path / "logs" / "a")
    (tmp_path / "logs" / "self").symlink_to("self")
    log = mt.summary.read(tmp_path / "logs")
    assert log.runs == ["a", "far"]
    (problem,) = log.problems
    assert "up is a link to a directory above it" in problem


def test_a_directory_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    put(tmp_path / "a", [scalar(0, 1)])
    put(tmp_path / "b", [scalar(0, 1)])
    scan = os.scandir

    def refusing(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    log = mt.summary.read(tmp_path)
    assert log.runs == ["a"]
    assert log.problems == [f"{tmp_path / 'b'} cannot be read: Permission denied."]


def test_series_may_be_asked_for_while_another_thread_refreshes(tmp_path):
    writer = mt.summary.create_file_writer(tmp_path)
    log, stop, errors = mt.summary.read(tmp_path), threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            try:
                for tag in log.tags(".") if log.runs else []:
                    curve = log.scalars(tag)
                    assert np.array_equal(curve.value, curve.step)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    with writer.as_default():
        for step in range(2000):
            mt.summary.scalar(f"tag{step % 5}", step, step=step)
            if step % 100 == 0:
                writer.flush()
                log.refresh()
    log.refresh()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(len(log.scalars(tag)) for tag in log.tags(".")) == 2000


def test_curves_become_a_table(tmp_path, monkeypatch):
    put(tmp_path / "a", [scalar(0, 0.1), scalar(1, 0.2)])
    put(tmp_path / "b", [scalar(5, 0.5, "x,y")])
    log = mt.summary.read(tmp_path)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UnavailableError, match="pip install pandas"):
        log.to_dataframe()
    monkeypatch.setitem(sys.modules, "pandas", types.SimpleNamespace(DataFrame=dict))
    table = log.to_dataframe()
    assert table["run"].tolist() == ["a", "a", "b"]
    assert table["tag"].tolist() == ["loss", "loss", "x,y"]
    assert table["step"].tolist() == [0, 1, 5]
    assert table["time"].tolist() == [0.0, 1.0, 5.0]
    assert table["value"].dtype == np.float32
    log.to_csv(tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["run", "tag", "step", "time", "value"]
    assert rows[3] == ["b", "x,y", "5", "5.0", "0.5"]
    assert np.float32(rows[1][4]) == np.float32(0.1)


def test_pandas_itself_takes_the_table(tmp_path):
    pytest.importorskip("pandas")
    put(tmp_path, [scalar(0, 0.1), scalar(1, 0.2)])
    table = mt.summary.read(tmp_path).to_dataframe()
    assert list(table.columns) == ["run", "tag", "step", "time", "value"]
    assert table["step"].tolist() == [0, 1]
    assert table["value"].tolist() == pytest.approx([0.1, 0.2])


def test_what_the_projector_writes_is_read(tmp_path):
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3) / 7
    pictures = np.zeros((4, 2, 2, 3), np.uint8)
    with mt.summary.create_file_writer(tmp_path / "run").as_default():
        mt.summary.embedding("words", vectors, labels=["a", "b", "c", "d"], images=pictures)
    (found,) = mt.summary.read(tmp_path).embeddings()
    assert (found.run, found.name) == ("run", "words")
    np.testing.assert_array_equal(found.vectors, vectors)
    assert found.labels == [["a"], ["b"], ["c"], ["d"]]
    assert found.sprite is not None
    assert found.sprite.startswith(b"\x89PNG")
    assert found.thumbnail == (2, 2)


def config(folder: Path, text: str) -> mt.summary.Log:
    (folder / "projector_config.pbtxt").write_text(text)
    return mt.summary.read(folder)


def test_embeddings_of_raw_bytes_and_several_columns(tmp_path):
    np.arange(6, dtype=np.float32).tofile(tmp_path / "v.bytes")
    (tmp_path / "m.tsv").write_text("name\tsize\na\t1\nb\t2\n")
    log = config(
        tmp_path,
        """
        # what TensorBoard takes
        embeddings { tensor_name: "e\\303\\244" tensor_path: 'v.bytes' metadata_path: "m.tsv"
                     tensor_shape: 2 tensor_shape: 3 }
    """,
    )
    (found,) = log.embeddings()
    assert (found.name, found.columns, found.labels) == ("eä", ["name", "size"],
                                                         [["a", "1"], ["b", "2"]])  # fmt: skip
    np.testing.assert_array_equal(found.vectors, [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('embeddings { tensor_path: "../out.tsv" }', "leads out of the directory"),
        ('embeddings { tensor_path: "/etc/passwd" }', "leads out of the directory"),
        ('embeddings { tensor_path: "link.tsv" }', "leads out of the directory"),
        ('embeddings { tensor_path: "gone.tsv" }', "No such file"),
        ('embeddings { tensor_path: "bad.tsv" }', "of different lengths"),
        ('embeddings { tensor_path: "words.tsv" }', "could not convert"),
        ('embeddings { tensor_path: "v.tsv" metadata_path: "three.tsv" }', "but labels for"),
        ('embeddings { tensor_path: "v.tsv" sprite { image_path: "x" } }', "single_image_dim"),
        ('embeddings { tensor_path: "v.raw" }', "tensor_shape of two sizes"),
        ('embeddings { tensor_path: "v.raw" tensor_shape: 9999999 tensor_shape: 99 }', "are not"),
        ("embeddings { tensor_path: 3 }", "is no text"),
        ("embeddings { }", "no tensor_path"),
        ("embeddings: 3", "a block in braces"),
        ("embeddings {", "not closed"),
        ("embeddings { tensor_path: ", "no value"),
        ("}", "closes nothing"),
        ("a {" * 10_000, "deep"),
        ('"' * 3, "line 1"),
        ("a: @", "line 1"),
        ("a: [1, 2", "not closed"),
        ("a: [", "no value"),
        ("a: " + "[" * 10_000, "no value"),
    ],
)
def test_an_embedding_that_cannot_be_read_is_told(tmp_path, text, why):
    folder = tmp_path / "logs"
    folder.mkdir()
    (tmp_path / "out.tsv").write_text("1\t2\n")
    (folder / "link.tsv").symlink_to(tmp_path / "out.tsv")
    (folder / "v.tsv").write_text("1\t2\n")
    (folder / "v.raw").write_bytes(bytes(8))
    (folder / "three.tsv").write_text("a\nb\nc\n")
    (folder / "bad.tsv").write_text("1\t2\n3\n")
    (folder / "words.tsv").write_text("a\tb\n")
    log = config(folder, text)
    assert log.embeddings() == []
    (problem,) = log.problems
    assert why in problem


def test_text_format_is_parsed_as_protobuf_does():
    text_format = pytest.importorskip("google.protobuf.text_format")
    pb2 = pytest.importorskip("tensorboard.plugins.projector.projector_config_pb2")
    text = r"""
        model_checkpoint_path: "a\"b\\\n" 'c\x41'; embeddings <
        tensor_shape: [3, 4] tensor_name: "n"
        sprite: { single_image_dim: 5, single_image_dim: 0x10 } >  # done
    """
    theirs = text_format.Parse(text, pb2.ProjectorConfig())
    ours = parse_text(text)
    assert ours["model_checkpoint_path"] == [theirs.model_checkpoint_path]
    (block,) = ours["embeddings"]
    assert block["tensor_shape"] == list(theirs.embeddings[0].tensor_shape)
    assert block["sprite"][0]["single_image_dim"] == [5, 16]


def test_a_log_says_what_it_holds(tmp_path: Path) -> None:
    assert repr(mt.summary.read(tmp_path)) == f"<Log {tmp_path}: no event files>"
    for name in ("train", "validation"):
        with mt.summary.create_file_writer(tmp_path / name).as_default(step=0):
            mt.summary.scalar("loss", 1.0)
            mt.summary.scalar("accuracy", 1.0)
            if name == "train":
                mt.summary.histogram("weights", [1.0, 2.0])
    held = "2 runs (train, validation), tags: histograms 1, scalars 2"
    assert repr(mt.summary.read(tmp_path)) == f"<Log {tmp_path}: {held}>"
    for name in "abcd":
        mt.summary.create_file_writer(tmp_path / name).close()
    assert "6 runs (a, b, c, d and 2 more), tags" in repr(mt.summary.read(tmp_path))
    log = mt.summary.read(tmp_path / "a")
    assert repr(log) == f"<Log {tmp_path / 'a'}: 1 run (.), tags: none>"


def test_a_name_and_data_that_are_swapped_are_told(tmp_path: Path) -> None:
    with mt.summary.create_file_writer(tmp_path).as_default(step=0):
        for call in (mt.summary.scalar, mt.function(mt.summary.scalar)):
            with pytest.raises(TypeError, match="They are swapped") as told:
                call(1.0, "loss")
            assert "write summary.scalar('loss', 1.0)" in str(told.value)
        mt.summary.scalar("loss", 1.0)
        with pytest.raises(TypeError, match="A summary's name is text"):
            mt.summary.scalar(3, 1.0)


def test_a_series_is_told_in_a_line(tmp_path: Path) -> None:
    with mt.summary.create_file_writer(tmp_path).as_default() as writer:
        for step in range(5, 300):
            mt.summary.scalar("loss", 1.0, step=step)
            mt.summary.histogram("weights", [1.0, 2.0], step=step)
    writer.close()
    log = mt.summary.read(tmp_path)
    assert repr(log.scalars("loss")) == "<Scalars 'loss' of run '.': 295 steps, 5 to 299>"
    assert repr(log.histograms("weights")).startswith("<Histograms 'weights' of run '.'")

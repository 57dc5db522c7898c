"""`FileWriter`: TensorBoard's own readers find in its files what was added, and nothing else."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
import minitensor.compat.v1 as tf

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2, graph_pb2, meta_graph_pb2

EVENT: Any = event_pb2
GRAPH: Any = graph_pb2
META_GRAPH: Any = meta_graph_pb2


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with tf.Graph().as_default() as written:
        yield written
    tf.summary.FileWriterCache.clear()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*tfevents*"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def events(path: Path) -> list[Any]:
    """The events of a file, whose checksums are checked."""
    return [EVENT.Event.FromString(data) for data in RawEventFileLoader(str(path)).Load()]


def scalar(tag: str, value: float) -> Any:
    return tf.Summary(value=[tf.Summary.Value(tag=tag, simple_value=value)])


def numbers(found: list[Any]) -> list[tuple]:
    return [(e.step, v.tag, v.simple_value) for e in found for v in e.summary.value]


def test_a_file_has_the_records_and_the_name_of_tensorflow_1(tmp_path: Path, graph: Any) -> None:
    x = tf.placeholder(tf.float32, (), name="x")
    tf.summary.scalar("y", 2.0 * x)
    merged = tf.summary.merge_all()
    with tf.Session() as session:
        writer = tf.summary.FileWriter(tmp_path, session.graph)
        for step in range(3):
            writer.add_summary(session.run(merged, {x: step}), step)
        writer.close()
    [path] = files(tmp_path)
    assert re.fullmatch(r"events\.out\.tfevents\.\d{10}\.[^.]+", path.name)
    first, drawn, meta, *rest = events(path)
    assert first.file_version == "brain.Event:2"
    definition = GRAPH.GraphDef.FromString(drawn.graph_def)
    assert [node.name for node in definition.node] == [op.name for op in graph.get_operations()]
    assert all("_output_shapes" in node.attr for node in definition.node)
    found = META_GRAPH.MetaGraphDef.FromString(meta.meta_graph_def)
    assert found.graph_def == definition
    assert found.meta_info_def.tensorflow_version == f"minitensor {mt.__version__}"
    assert numbers(rest) == [(0, "y", 0.0), (1, "y", 2.0), (2, "y", 4.0)]


def test_tensorboard_reads_every_kind(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    tf.summary.histogram("h", values)
    tf.summary.image("i", np.zeros((2, 3, 4, 1), np.uint8))
    tf.summary.audio("a", np.zeros((1, 8), np.float32), 8000, max_outputs=1)
    tf.summary.text("t", tf.constant("some *words*"))
    tf.summary.scalar("s", 0.25)
    with tf.Session() as session, tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(session.run(tf.summary.merge_all()), 7)
    found = EventAccumulator(str(tmp_path)).Reload()
    [histogram] = found.Histograms("h")
    assert histogram.step == 7
    assert (histogram.histogram_value.num, histogram.histogram_value.min) == (20, values.min())
    assert [(i.width, i.height) for i in found.Images("i/image/1")] == [(4, 3)]
    assert [a.length_frames for a in found.Audio("a/audio")] == [8]
    assert [event.tensor_proto.string_val for event in found.Tensors("t")] == [[b"some *words*"]]
    assert [event.value for event in found.Scalars("s")] == [0.25]
    assert found.SummaryMetadata("t").plugin_data.plugin_name == "text"


def test_a_second_writer_of_a_directory_takes_over(tmp_path: Path) -> None:
    first = tf.summary.FileWriter(tmp_path)
    first.add_summary(scalar("s", 1.0), 0)
    second = tf.summary.FileWriter(str(tmp_path))
    second.add_summary(scalar("s", 2.0), 0)
    with pytest.warns(UserWarning, match="Attempting to use a closed FileWriter"):
        first.add_summary(scalar("s", 3.0), 1)
    second.close()
    assert [numbers(events(path)) for path in files(tmp_path)] == [[(0, "s", 1.0)], [(0, "s", 2.0)]]


def test_after_close_nothing_is_written_until_it_is_reopened(tmp_path: Path) -> None:
    writer = tf.summary.FileWriter(tmp_path)
    writer.reopen()
    writer.close()
    writer.close()
    with pytest.warns(UserWarning, match="Attempting to use a closed FileWriter") as caught:
        writer.add_summary(scalar("s", 1.0))
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="Attempting to use a closed FileWriter"):
        writer.flush()
    writer.reopen()
    writer.add_summary(scalar("s", 2.0))
    writer.flush()
    assert [numbers(events(path)) for path in files(tmp_path)] == [[], [(0, "s", 2.0)]]
    writer.close()


def test_a_directory_in_use_by_a_summary_writer_is_refused(tmp_path: Path) -> None:
    with (
        mt.summary.create_file_writer(tmp_path),
        pytest.raises(RuntimeError, match="A writer of this process is open on this run"),
    ):
        tf.summary.FileWriter(tmp_path)


def test_only_summaries_are_added(tmp_path: Path) -> None:
    with tf.summary.FileWriter(tmp_path) as writer:
        for wrong in ("text", None, 1.0):
            with pytest.raises(TypeError, match="It writes messages, or their bytes"):
                writer.add_summary(wrong)
        with pytest.raises(ValueError, match="These bytes are no Summary message"):
            writer.add_summary(b"\xff\xff")
        writer.add_summary(b"", 1)
        writer.add_summary(scalar("s", 1.0), np.int64(2))
    assert numbers(events(files(tmp_path)[0])) == [(2, "s", 1.0)]


def test_a_message_may_change_after_it_was_added(tmp_path: Path) -> None:
    summary = scalar("s", 1.0)
    with tf.summary.FileWriter(tmp_path) as writer:
        writer.add_summary(summary, 0)
        summary.value[0].simple_value = 2.0
        writer.add_summary(summary, 1)
    assert numbers(events(files(tmp_path)[0])) == [(0, "s", 1.0), (1, "s", 2.0)]


def test_a_tag_holds_one_kind(tmp_path: Path) -> None:
    histogram = tf.Summary(value=[tf.Summary.Value(tag="s", histo=tf.HistogramProto(num=0.0))])
    with tf.summary.FileWriter(tmp_path) as writer:
        writer.add_summary(scalar("s", 1.0), 0)
        with pytest.raises(ValueError, match="It holds a scalar in this run, and now a histogram"):
            writer.add_summary(histogram, 1)
        writer.add_summary(scalar("s", 2.0), 1)
    assert len(numbers(events(files(tmp_path)[0]))) == 2


def test_metadata_is_written_with_the_first_value_of_a_tag(tmp_path: Path) -> None:
    made = tf.Session().run(tf.summary.text("t", tf.constant("a")))
    with tf.summary.FileWriter(tmp_path) as writer:
        writer.add_summary(made, 0)
        writer.add_summary(made, 1)
    found = [v.HasField("metadata") for e in events(files(tmp_path)[0]) for v in e.summary.value]
    assert found == [True, False]


def test_graphs_in_each_of_their_forms(tmp_path: Path, graph: Any, caplog: Any) -> None:
    tf.constant(1.0, name="one")
    definition = graph.as_graph_def()
    with tf.summary.FileWriter(tmp_path, graph_def=definition) as writer:
        writer.add_graph(graph, 3)
        writer.add_graph(None, graph_def=graph)
        with pytest.raises(ValueError, match="Please pass only graph, or graph_def"):
            writer.add_graph(graph, graph_def=definition)
        for wrong in ("graph", None):
            with pytest.raises(TypeError, match="must be an instance of `Graph`"):
                writer.add_graph(wrong)
        with pytest.raises(TypeError, match="meta_graph_def must be type MetaGraphDef"):
            writer.add_meta_graph(graph)
    assert caplog.text.count("Passing a `GraphDef` to the SummaryWriter is deprecated") == 1
    found = [event for event in events(files(tmp_path)[0]) if event.graph_def]
    assert [event.step for event in found] == [0, 3, 0]
    for event in found:
        assert [node.name for node in GRAPH.GraphDef.FromString(event.graph_def).node] == ["one"]


def test_a_graph_that_is_none_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="must be an instance of `Graph`"):
        tf.summary.FileWriter(tmp_path / "run", "graph")
    assert not (tmp_path / "run").exists()


def test_run_metadata_has_the_part_of_the_graph_that_ran(tmp_path: Path) -> None:
    x = tf.placeholder(tf.float32, (), name="x")
    y = tf.exp(x)
    tf.tanh(x)
    metadata = tf.RunMetadata()
    with tf.Session() as session, tf.summary.FileWriter(tmp_path, session.graph) as writer:
        session.run(y, {x: 1.0}, tf.RunOptions(), metadata)
        writer.add_run_metadata(metadata, "step1", 1)
        with pytest.raises(ValueError, match="The provided tag was already used for this event"):
            writer.add_run_metadata(metadata, "step1", 2)
    [partition] = EventAccumulator(str(tmp_path)).Reload().RunMetadata("step1").partition_graphs
    assert {"Exp"} <= {node.op for node in partition.node}
    assert "Tanh" not in {node.op for node in partition.node}


def test_logs_and_events(tmp_path: Path) -> None:
    with tf.summary.FileWriter(
        tmp_path, max_queue=1, flush_secs=0.5, filename_suffix=".x"
    ) as writer:
        assert writer.get_logdir() == tmp_path
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 5)
        writer.add_event(tf.Event(wall_time=12.5, step=6, summary=scalar("s", 1.0)))
        with pytest.raises(TypeError, match=r"pass a tf\.Event"):
            writer.add_event("event")
    [path] = files(tmp_path)
    assert path.suffix == ".x"
    _, log, event = events(path)
    assert (log.step, log.session_log.status) == (5, EVENT.SessionLog.START)
    assert log.wall_time > 0
    assert (event.wall_time, event.step, numbers([event])) == (12.5, 6, [(6, "s", 1.0)])


def test_arguments_that_make_no_sense(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FileWriter: got max_queue=-1"):
        tf.summary.FileWriter(tmp_path, max_queue=-1)
    with pytest.raises(ValueError, match=r"FileWriter: got flush_secs=-1\."):
        tf.summary.FileWriter(tmp_path, flush_secs=-1)
    with pytest.raises(ValueError, match="FileWriter: got flush_secs='soon'"):
        tf.summary.FileWriter(tmp_path, flush_secs="soon")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Argument `logdir` cannot be None"):
        tf.summary.FileWriter(None)  # type: ignore[arg-type]
    for suffix in (3, b".x", ["x"]):
        with pytest.raises(TypeError, match="A suffix is text"):
            tf.summary.FileWriter(tmp_path, filename_suffix=suffix)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="No name of a file can end with that"):
        tf.summary.FileWriter(tmp_path, filename_suffix="\0")
    with pytest.raises(TypeError, match=r"FileWriterCache\.get: got logdir="):
        tf.summary.FileWriterCache.get(["x"])  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_the_cache_has_one_writer_for_each_directory(tmp_path: Path) -> None:
    tf.constant(1.0)
    writer = tf.summary.FileWriterCache.get(str(tmp_path / "a"))
    assert tf.summary.FileWriterCache.get(str(tmp_path / "a")) is writer
    assert tf.summary.FileWriterCache.get(tmp_path / "b" / ".." / "a") is writer
    assert tf.summary.FileWriterCache.get(str(tmp_path / "b")) is not writer
    tf.summary.FileWriterCache.clear()
    again = tf.summary.FileWriterCache.get(str(tmp_path / "a"))
    assert again is not writer
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again.flush()

"""Files of TensorFlow 2, TensorFlow 1, PyTorch and minitensor, beside TensorBoard's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.graphdef import GraphDef

loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
tensor_util = pytest.importorskip("tensorboard.util.tensor_util")

RECORDED = Path(__file__).parent / "recorded" / "events"
WEIGHTS = [np.linspace(-1, 1 + step, 50 + step, dtype=np.float32) for step in range(4)]


def record(folder: Path) -> None:
    """One of every kind, by minitensor."""
    summary = mt.summary
    with summary.create_file_writer(folder) as writer, writer.as_default():
        for step, array in enumerate(WEIGHTS):
            summary.scalar("loss", [0.5, float("nan"), -1e-3, 3e38][step], step=step * 100 - 7)
            summary.histogram("weights", array, step=step)
            summary.image("pictures", np.full((2, 3, 2, 3), step, np.uint8), step=step)
            summary.text("words", [["a", "b"], ["ä", str(step)]], step=step)
        summary.audio("tone", np.sin(np.arange(20, dtype=np.float32)).reshape(1, 20, 1), 8000, 0)
        summary.pr_curve("pr", [True, False, True], [0.9, 0.4, 0.6], step=0)
        summary.write("raw", mt.constant([1, 2, 3]), step=1)


def by_tensorboard(path: Path) -> dict[str, list[tuple[int, float, Any]]]:
    """(step, time, array) of all values with a tensor, by tag."""
    found: dict[str, list] = {}
    for event in loader.EventFileLoader(str(path)).Load():
        for value in event.summary.value:
            if value.HasField("tensor") and value.tensor.dtype:
                array = tensor_util.make_ndarray(value.tensor)
                found.setdefault(value.tag, []).append((event.step, event.wall_time, array))
    return found


def as_arrays(log: mt.summary.Log, run: str, tag: str, kind: str) -> tuple[Any, list]:
    """A series, and its values as the arrays that TensorBoard has."""
    if kind == "scalars":
        curve = log.scalars(tag, run)
        return curve, list(curve.value)
    if kind == "histograms":
        series = log.histograms(tag, run)
        return series, list(series.buckets)
    if kind == "images":
        images = log.images(tag, run)
        sizes = zip(images.width, images.height, images.pictures, strict=True)
        rows = [[str(w).encode(), str(h).encode(), *pictures] for w, h, pictures in sizes]
        return images, [np.array(row, object) for row in rows]
    if kind == "audio":
        audio = log.audio(tag, run)
        assert audio.labels[0] == [""] * len(audio.clips[0])  # its reader leaves them out
        return audio, [np.array(clips, object) for clips in audio.clips]
    if kind == "text":
        texts = log.texts(tag, run)
        return texts, [np.vectorize(str.encode, otypes=[object])(x) for x in texts.text]
    if kind == "pr_curves":
        curves = log.pr_curves(tag, run)
        return curves, list(curves.curve)
    tensors = log.tensors(tag, run)
    return tensors, list(tensors.value)


def compare(folder: Path) -> dict[str, dict[str, str]]:
    """Compare each tag of each file with what TensorBoard's reader gives; the tags."""
    log = mt.summary.read(folder)
    assert log.problems == []
    for path in folder.rglob("*tfevents*"):
        run = path.parent.relative_to(folder).as_posix()
        theirs, tags = by_tensorboard(path), log.tags(run)
        hidden = {*log.graphs(run), "__run_graph__"}
        hidden |= {tag for tag in theirs if tag.startswith("_hparams_/")}
        assert set(tags) == set(theirs) - hidden
        for tag, kind in tags.items():
            series, arrays = as_arrays(log, run, tag, kind)
            assert series.step.tolist() == [step for step, _, _ in theirs[tag]]
            assert series.time.tolist() == [time for _, time, _ in theirs[tag]]
            for ours, (_, _, expected) in zip(arrays, theirs[tag], strict=True):
                assert ours.shape == expected.shape, tag
                if ours.dtype == object:
                    assert ours.tolist() == expected.tolist()
                else:  # TensorBoard keeps the buckets of TensorFlow 1 as float32
                    np.testing.assert_array_equal(ours.astype(expected.dtype), expected)
    return log.tags()


def test_what_minitensor_wrote(tmp_path):
    record(tmp_path)
    assert compare(tmp_path)["."] == {
        "loss": "scalars", "pictures": "images", "pr": "pr_curves", "raw": "tensors",
        "tone": "audio", "weights": "histograms", "words": "text",
    }  # fmt: skip


def test_what_tensorflow_2_wrote():
    tags = compare(RECORDED / "tensorflow_2")["."]
    assert tags == {
        "loss": "scalars", "pictures": "images", "raw": "tensors", "tone": "audio",
        "weights": "histograms", "words": "text",
    }  # fmt: skip
    log = mt.summary.read(RECORDED / "tensorflow_2")
    loss = log.scalars("loss")
    assert loss.step.tolist() == [0, 200, 1 << 40, -7]
    assert loss.description == "how *bad*"
    np.testing.assert_array_equal(loss.value, np.array([0.5, np.nan, -1e-3, 3e38], np.float32))
    for ours, array in zip(log.histograms("weights").buckets, WEIGHTS, strict=True):
        np.testing.assert_array_equal(ours, mt.summary.bucketed(array))
    graph = GraphDef.FromString(log.graphs(".")["double"])
    assert "Mul" in {node.op for node in graph.node}


def test_what_tensorflow_1_wrote():
    assert compare(RECORDED / "tensorflow_1")["."] == {
        "loss": "scalars", "pictures/image/0": "images", "pictures/image/1": "images",
        "tone/audio/0": "audio", "weights": "histograms", "words": "text",
    }  # fmt: skip
    log = mt.summary.read(RECORDED / "tensorflow_1")
    nodes = {node.name for node in GraphDef.FromString(log.graphs(".")["run_graph"]).node}
    assert {"loss", "weights", "Merge/MergeSummary"} <= nodes


def test_what_pytorch_wrote():
    assert compare(RECORDED / "pytorch") == {
        ".": {
            "loss": "scalars", "new": "scalars", "picture": "images", "pr": "pr_curves",
            "tone": "audio", "weights": "histograms", "words/text_summary": "text",
        },
        "trial": {"accuracy": "scalars"},
    }  # fmt: skip
    log = mt.summary.read(RECORDED / "pytorch")
    (trial,) = log.hparams()
    assert trial.values == {"lr": 0.1, "optimizer": "sgd", "deep": True}
    assert (trial.run, trial.status, log.hparam_metrics()) == ("trial", "success", ["accuracy"])
    (points,) = log.embeddings()
    np.testing.assert_array_equal(points.vectors, np.arange(12.0).reshape(4, 3))
    assert (points.run, points.labels) == (".", [["a"], ["b"], ["c"], ["d"]])

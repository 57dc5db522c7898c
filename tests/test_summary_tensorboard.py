"""A real TensorBoard serves what was recorded: every page's data, over HTTP on the loopback."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
import minitensor.compat.v1 as tf1

from .tensorboard_server import Served, func2, serving

pytest.importorskip("tensorboard")
STEPS = 4
WEIGHTS = [np.linspace(-1, 1, 50, dtype=np.float32) * (1 + s) for s in range(STEPS)]
PICTURES = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
TONE = 0.9 * np.sin(np.arange(800, dtype=np.float32) / 5).reshape(1, 800, 1)
RIGHT, LIKELY = [True, False, True, False], [0.913, 0.424, 0.637, 0.702]
POINTS = np.arange(12, dtype=np.float32).reshape(4, 3) / 7


def record(folder: Path) -> None:
    """One run of every kind, one of TensorFlow 1's, and two trials with hyper-parameters."""
    summary = mt.summary
    with summary.create_file_writer(folder / "all") as writer, writer.as_default():
        for step in range(STEPS):
            summary.scalar("loss", 1 / (1 + step), step=step, description="how *wrong* it is")
            summary.scalar("odd", [math.nan, math.inf, -math.inf, 0.0][step], step=step)
            summary.histogram("weights", WEIGHTS[step], step=step)
            summary.image("pictures", PICTURES, step=step)
            summary.text("words", f"**step** {step} <script>alert(1)</script>", step=step)
        summary.audio("tone", TONE, 8000, step=0)
        summary.pr_curve("pr", RIGHT, LIKELY, step=0)
        summary.trace_on(graph=True)
        func2(8, 5)
        summary.trace_export(name="func2", step=0)
        func2(1, 2)
        model = mt.keras.Sequential([mt.keras.layers.Dense(3, name="first")])
        model.build((None, 2))
        summary.keras_model("keras", model, step=0)
        summary.embedding("points", POINTS, labels=["a", "b", "c", "d"])
    for number, rate in enumerate([0.1, 0.01]):
        with summary.create_file_writer(folder / f"trial{number}") as writer, writer.as_default():
            summary.hparams({"rate": rate, "optimizer": "adam"})
            summary.scalar("accuracy", 0.5 + number / 10, step=1)
    record_v1(folder / "v1")


def record_v1(folder: Path) -> None:
    with tf1.Graph().as_default():
        x = tf1.placeholder(tf1.float32, shape=(), name="x")
        tf1.summary.scalar("y_scalar_summary", 5.0 * x)
        tf1.summary.histogram("b", tf1.constant([1.0, 2.0, 2.0]))
        merged = tf1.summary.merge_all()
        with tf1.Session() as session:
            writer = tf1.summary.FileWriter(str(folder), session.graph)
            for step in range(STEPS):
                writer.add_summary(session.run(merged, {x: step}), step)
            writer.close()


@pytest.fixture(scope="module", params=["its fast reader", "its reader in Python"])
def served(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("logs")
    record(folder)
    fast = "true" if request.param == "its fast reader" else "false"
    with serving(folder, "--load_fast", fast) as found:
        found.wait(lambda: len(found.json("runs")) >= 4 and bool(
            found.json("plugin/scalars/tags")["v1"]
            and found.json("plugin/scalars/tags")["trial1"]
            and len(found.json("plugin/scalars/scalars", run="v1",
                               tag="y_scalar_summary")) == STEPS
        ))  # fmt: skip
        yield found


def test_scalars(served: Served) -> None:
    points = served.json("plugin/scalars/scalars", run="all", tag="loss")
    assert [step for _, step, _ in points] == list(range(STEPS))
    assert [value for *_, value in points] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    odd = served.json("plugin/scalars/scalars", run="all", tag="odd")
    assert [value for *_, value in odd] == ["NaN", "Infinity", "-Infinity", 0.0]
    described = served.json("plugin/scalars/tags")["all"]["loss"]["description"]
    assert "how <em>wrong</em> it is" in described
    old = served.json("plugin/scalars/scalars", run="v1", tag="y_scalar_summary")
    assert [value for *_, value in old] == [0.0, 5.0, 10.0, 15.0]


def test_histograms(served: Served) -> None:
    found = served.json("plugin/histograms/histograms", run="all", tag="weights")
    assert [step for _, step, _ in found] == list(range(STEPS))
    for (_, _, rows), weights in zip(found, WEIGHTS, strict=True):
        exact = weights.astype(np.float64)
        width = np.ptp(exact) / 30
        places = np.minimum(np.floor((exact - exact.min()) / width), 29).astype(int)
        assert np.array(rows)[:, 2].tolist() == np.bincount(places, minlength=30).tolist()
        np.testing.assert_allclose(
            np.array(rows)[:, 0], exact.min() + width * np.arange(30), atol=1e-6
        )
    old = served.json("plugin/histograms/histograms", run="v1", tag="b")
    assert sum(count for *_, count in old[0][2]) == 3


def test_distributions(served: Served) -> None:
    found = served.json("plugin/distributions/distributions", run="all", tag="weights")
    rows = served.json("plugin/histograms/histograms", run="all", tag="weights")
    assert len(found) == STEPS
    for (_, _, pairs), (_, _, buckets) in zip(found, rows, strict=True):
        ours = mt.summary.percentiles(np.array(buckets))
        np.testing.assert_allclose([value for _, value in pairs], ours, atol=1e-6)


def test_images(served: Served) -> None:
    tags = served.json("plugin/images/tags")["all"]["pictures"]
    assert tags["samples"] == 2
    for sample in range(2):
        found = served.json("plugin/images/images", run="all", tag="pictures", sample=sample)
        assert [entry["step"] for entry in found] == list(range(STEPS))
        png = served.read(f"plugin/images/individualImage?{found[-1]['query']}")
        np.testing.assert_array_equal(pixels(png), PICTURES[sample])


def pixels(png: bytes) -> np.ndarray:
    """The pixels of a PNG, by another library."""
    import io

    image = pytest.importorskip("PIL.Image").open(io.BytesIO(png))
    return np.asarray(image)


def test_audio(served: Served) -> None:
    found = served.json("plugin/audio/audio", run="all", tag="tone", sample=0)
    wav = served.read(f"plugin/audio/individualAudio?{found[0]['query']}")
    assert wav[:4] == b"RIFF"
    samples = np.frombuffer(wav[44:], "<i2")
    np.testing.assert_allclose(samples, TONE.ravel() * 32768, atol=0.51)


def test_text(served: Served) -> None:
    found = served.json("plugin/text/text", run="all", tag="words")
    assert [entry["step"] for entry in found] == list(range(STEPS))
    assert found[1]["text"].startswith("<p><strong>step</strong> 1")
    assert "<script>" not in found[1]["text"]


def test_graph_of_a_traced_function(served: Served) -> None:
    info = served.json("plugin/graphs/info")["all"]["tags"]
    assert info["func2"]["op_graph"]
    assert info["keras"]["conceptual_graph"]
    text = served.read("plugin/graphs/graph", run="all", tag="func2", conceptual="false").decode()
    names = re.findall(r'^  name: "([^"]+)"', text, re.MULTILINE)
    assert {"Linear_function/Add", "Linear_function/Add_1"} <= {*names}
    assert not [name for name in names if name.startswith("graph_1")]


def test_graph_of_a_model_and_of_a_session(served: Served) -> None:
    text = served.read("plugin/graphs/graph", run="all", tag="keras", conceptual="true").decode()
    assert "first" in text
    old = served.read("plugin/graphs/graph", run="v1", conceptual="false").decode()
    assert 'name: "x"' in old


def test_precision_recall_curves(served: Served) -> None:
    found = served.json("plugin/pr_curves/pr_curves", run="all", tag="pr")["all"]
    first = found[0]
    assert first["step"] == 0
    right, likely = np.array(RIGHT), np.array(LIKELY)
    chosen = likely >= np.arange(201)[:, None] / 200
    chosen = chosen[chosen.any(1)]  # TensorBoard leaves out thresholds above every prediction
    true, false = (chosen & right).sum(1), (chosen & ~right).sum(1)
    expected = {
        "true_positives": true, "false_positives": false, "recall": true / right.sum(),
        "precision": true / np.maximum(1, true + false),
        "false_negatives": right.sum() - true, "true_negatives": (~right).sum() - false,
    }  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_allclose(first[name], values, atol=1e-6, err_msg=name)


def test_hyper_parameters(served: Served) -> None:
    experiment = served.post("plugin/hparams/experiment", {"experimentName": ""})
    assert {info["name"] for info in experiment["hparamInfos"]} == {"rate", "optimizer"}
    groups = served.post("plugin/hparams/session_groups", {
        "experimentName": "", "startIndex": 0, "sliceSize": 10, "allowedStatuses": [
            "STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        "colParams": [{"metric": {"tag": "accuracy", "group": ""}}],
    })["sessionGroups"]  # fmt: skip
    assert sorted(group["hparams"]["rate"] for group in groups) == pytest.approx([0.01, 0.1])
    assert sorted(group["metricValues"][0]["value"] for group in groups) == pytest.approx(
        [0.5, 0.6]
    )


def test_projector(served: Served) -> None:
    runs = served.json("plugin/projector/runs")
    assert runs == ["all"]
    info = served.json("plugin/projector/info", run="all")["embeddings"]
    name = info[0]["tensorName"]
    raw = served.read("plugin/projector/tensor", run="all", name=name)
    np.testing.assert_array_equal(np.frombuffer(raw, "<f4").reshape(4, 3), POINTS)
    labels = served.read("plugin/projector/metadata", run="all", name=name).decode()
    assert labels.split() == ["a", "b", "c", "d"]

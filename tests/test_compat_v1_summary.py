"""TensorFlow 1's summaries: names, tags and bytes as TensorFlow made them, recorded once."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
import minitensor.compat.v1 as tf
from minitensor.compat.v1.summary.exponential import exponential_histogram

HERE = Path(__file__).parent / "recorded"
_spec = importlib.util.spec_from_file_location("recorded_summaries", HERE / "summaries_v1.py")
assert _spec is not None
assert _spec.loader is not None
programs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(programs)
RECORDED = json.loads((HERE / "summaries_v1.json").read_text("utf-8"))


@pytest.fixture
def graph() -> Iterator[Any]:
    with tf.Graph().as_default() as written:
        yield written


NAMED = programs.named(tf)


@pytest.mark.parametrize("what", RECORDED["named"])
def test_names_tags_and_bytes(what: str) -> None:
    assert NAMED[what] == RECORDED["named"][what]


def test_histograms_have_tensorflow_s_buckets() -> None:
    found = programs.histograms(tf)
    assert found.keys() == RECORDED["histograms"].keys()
    for name, expected in RECORDED["histograms"].items():
        assert found[name][:3] == expected[:3], name
        assert found[name][5:] == expected[5:], name
        np.testing.assert_allclose(found[name][3:5], expected[3:5], rtol=1e-13)


def test_histograms_of_narrow_floats_and_of_the_largest() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.cast(tf.constant([1.0, 2.0]), tf.bfloat16)
        made = tf.Summary.FromString(session.run(tf.summary.histogram("h", x)))
    assert made.value[0].histo.sum == 3.0
    assert exponential_histogram(np.array([np.finfo(float).max])).num == 1.0


def pixels(data: bytes) -> list:
    image = pytest.importorskip("PIL.Image")
    found = np.asarray(image.open(io.BytesIO(data)))
    return (found if found.ndim == 3 else found[..., None]).tolist()


def test_images_have_tensorflow_s_pixels() -> None:
    assert programs.images(tf, pixels) == RECORDED["images"]


def test_audio_has_tensorflow_s_samples() -> None:
    assert programs.audio(tf) == RECORDED["audio"]


CLASSES = {"InvalidArgumentError": mt.errors.InvalidArgumentError, "TypeError": TypeError,
           "ValueError": ValueError}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED["errors"])
def test_mistakes_are_told_as_tensorflow_does(name: str, graph: Any) -> None:
    kind, text = RECORDED["errors"][name]
    with pytest.raises(CLASSES[kind]) as caught:
        programs.mistakes(tf)[name]()
    if kind != "TypeError":  # dtypes are told in our own words
        assert text.replace("<dtype: 'float32'>", "tf.float32") in str(caught.value)
    assert "To fix it" in str(caught.value) or "provided" in text


@pytest.mark.parametrize("name", ["", "/"])
def test_a_summary_needs_a_name(name: str, graph: Any) -> None:
    with pytest.raises(ValueError, match="Nothing is left to call it by"):
        tf.summary.scalar(name, 1.0)
    with pytest.raises(TypeError, match="A summary's name is text"):
        tf.summary.scalar(3, 1.0)  # type: ignore[arg-type]


# Lists, scopes, control flow.


@pytest.mark.parametrize("wrong", [3, [[1]]])
def test_lists_of_a_graph_have_names(graph: Any, wrong: Any) -> None:
    with pytest.raises(TypeError, match="To fix it"):
        tf.summary.scalar("a", 1.0, collections=wrong)
    with pytest.raises(TypeError, match=r"merge_all: got the list \['x'\] of a graph"):
        tf.summary.merge_all(key=["x"])  # type: ignore[arg-type]
    tf.summary.scalar("b", 1.0)
    with pytest.raises(ValueError, match=r"merge_all: got scope='\('. That is no pattern"):
        tf.summary.merge_all(scope="(")


def test_a_sound_that_no_file_can_hold_is_refused(graph: Any) -> None:
    with pytest.raises(ValueError, match="32767 channels"):
        tf.Session().run(tf.summary.audio("a", tf.zeros((1, 1, 1 << 15)), 8000))
    rate = tf.placeholder(tf.float32)
    made = tf.summary.audio("a", tf.zeros((1, 3)), rate)
    for wrong in ([1.0, 2.0], np.inf, np.nan):
        with pytest.raises(ValueError, match="sample_rate must be"):
            tf.Session().run(made, {rate: wrong})


def test_names_of_variables_make_names_of_summaries(graph: Any) -> None:
    v = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
    tags = [tf.summary.histogram(name, v).op.name for name in (v.op.name, v.name)]
    assert tags == ["w_1", "w_0"]


def test_a_summary_inside_a_traced_function_of_a_graph(graph: Any) -> None:
    @mt.function
    def traced(x: Any) -> Any:
        return tf.summary.scalar("inside", x)

    made = tf.Summary.FromString(tf.Session().run(traced(tf.constant(1.0))))
    assert [(v.tag, v.simple_value) for v in made.value] == [("inside", 1.0)]


def test_merge_all_without_summaries_is_none(graph: Any) -> None:
    tf.constant(1.0)
    assert tf.summary.merge_all() is None
    with pytest.raises(TypeError, match="has invalid type"):
        tf.Session().run(tf.summary.merge_all())


def test_a_summary_can_be_fed_and_fetched_by_name(graph: Any) -> None:
    x = tf.placeholder(tf.float64, name="x")
    tf.summary.scalar("twice", 2 * x)
    with tf.Session() as session:
        made = tf.Summary.FromString(session.run("twice:0", {x: 3}))
    assert [(v.tag, v.simple_value) for v in made.value] == [("twice", 6.0)]


def test_a_summary_inside_a_branch_is_that_branch_s(graph: Any) -> None:
    x = tf.placeholder(tf.float32, shape=(), name="x")
    summary = tf.cond(x > 0, lambda: tf.summary.scalar("up", x), lambda: tf.summary.scalar("d", -x))
    assert tf.get_collection(tf.GraphKeys.SUMMARIES) == []
    with tf.Session() as session:
        for value, tag in ((2.0, "up"), (-2.0, "d")):
            made = tf.Summary.FromString(session.run(summary, {x: value}))
            assert made.value[0].tag.endswith(tag)
            assert made.value[0].simple_value == 2.0


def test_a_number_too_large_for_float32_is_infinite(graph: Any) -> None:
    made = tf.Summary.FromString(
        tf.Session().run(tf.summary.scalar("s", tf.constant(1e300, "float64")))
    )
    assert made.value[0].simple_value == np.inf


# Where ops compute at once.


def test_eager_summaries_are_bytes_and_a_warning() -> None:
    with pytest.warns(UserWarning, match="default summary writer not found"):
        made = tf.summary.scalar("loss", 0.5)
    assert tf.Summary.FromString(made.numpy()).value[0].simple_value == 0.5


def test_eager_summaries_need_a_step(tmp_path: Path) -> None:
    with (
        mt.summary.create_file_writer(tmp_path) as writer,
        writer.as_default(),
        pytest.warns(UserWarning, match="global step not set"),
    ):
        tf.summary.histogram("h", [1.0])


def test_eager_summaries_go_to_the_default_writer(tmp_path: Path) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    @mt.function
    def traced(x: Any) -> Any:
        return tf.summary.scalar("inside", x)

    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default(step=3):
        assert tf.summary.scalar("s", 0.5, family="fam").numpy() == b""
        with mt.name_scope("scope"):
            tf.summary.histogram("h", [1.0, 2.0])
        tf.summary.image("i", np.zeros((1, 2, 2, 3), np.uint8))
        tf.summary.audio("a", np.zeros((1, 4), np.float32), 8000)
        tf.summary.text("t", mt.constant("words"))
        traced(mt.constant(1.0))
    found = accumulators.EventAccumulator(str(tmp_path)).Reload()
    assert set(found.Tags()["tensors"]) == {"fam/fam/s", "scope/h", "i", "a", "t", "inside"}
    assert {event.step for tag in found.Tags()["tensors"] for event in found.Tensors(tag)} == {3}


def test_what_needs_a_graph_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        RuntimeError, match=r"Merging tf\.summary\.\* ops is not compatible with eager"
    ):
        tf.summary.merge_all()
    with pytest.raises(
        RuntimeError, match=r"Merging tf\.summary\.\* ops is not compatible with eager"
    ):
        tf.summary.merge([])
    with pytest.raises(RuntimeError, match="FileWriter is not compatible with eager execution"):
        tf.summary.FileWriter(tmp_path)
    with pytest.raises(AttributeError, match=r"it is TensorFlow 2's, and is minitensor\.summary\."):
        _ = getattr(tf.summary, "create_file_writer")(tmp_path)  # noqa: B009 - there is none


@pytest.mark.parametrize("inputs", [None, 5])
def test_what_is_merged_is_a_list(graph: Any, inputs: Any) -> None:
    with pytest.raises(TypeError, match=r"Inputs are a list of summaries"):
        tf.summary.merge(inputs)


# Messages.


def test_a_summary_is_made_by_hand() -> None:
    summary = tf.Summary()
    value = summary.value.add(tag="accuracy", simple_value=0.5)
    assert value.HasField("simple_value")
    assert not value.HasField("histo")
    again = tf.Summary()
    assert again.ParseFromString(summary.SerializeToString()) == summary.ByteSize()
    assert (
        again == summary == tf.Summary(value=[tf.Summary.Value(tag="accuracy", simple_value=0.5)])
    )

"""Each kind of summary writes what TensorFlow's writes, eagerly and in traced functions."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import tempfile
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.summary.messages import Metadata, PluginData
from minitensor.summary.pen import Pen
from minitensor.summary.pixels import scaled_v1
from minitensor.summary.png import png
from minitensor.summary.wav import samples, wav

pytest.importorskip("tensorboard")
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
from tensorboard.util.tensor_util import make_ndarray

S = mt.summary
HERE = Path(__file__).parent / "recorded"
RECORDED = json.loads((HERE / "summaries.json").read_text(encoding="utf-8"))

_spec = importlib.util.spec_from_file_location("recorded_summaries", HERE / "summaries.py")
assert _spec is not None
assert _spec.loader is not None
recorder = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorder)


def decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG file, read by Pillow."""
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def stretched(values: Any, channels: int = 1, dtype: Any = np.float32) -> list:
    return scaled_v1(np.reshape(np.array(values, dtype), (1, 1, -1, channels))).ravel().tolist()


def metadata(plugin: str, content: bytes, description: str = "") -> Metadata:
    data = PluginData(plugin_name=plugin, content=content)
    return Metadata(plugin_data=data, summary_description=description)


def curve(labels: Any, predictions: Any, number: int = 201, weights: Any = None) -> list:
    """The plugin's bytes and the numbers of a PR curve, as they were written."""
    (value,) = values(lambda: S.pr_curve("c", labels, predictions, number, weights, step=0))
    assert value.metadata.plugin_data.plugin_name == "pr_curves"
    return [value.metadata.plugin_data.content.hex(), *make_ndarray(value.tensor).ravel().tolist()]


def events(write: Callable[[], Any]) -> list[Any]:
    """The events that `write` records, read by TensorBoard's strict reader."""
    with tempfile.TemporaryDirectory() as folder:
        with S.create_file_writer(folder) as writer, writer.as_default():
            write()
        path = next(Path(folder).glob("*.tfevents.*"))
        return [Event.FromString(record) for record in RawEventFileLoader(str(path)).Load()][1:]


def values(write: Callable[[], Any]) -> list[Any]:
    return [value for event in events(write) for value in event.summary.value]


def points(write: Callable[[], Any]) -> list[tuple[str, int, Any]]:
    """Tags, steps and arrays, as plain lists."""
    made = [(event.step, event.summary.value[0]) for event in events(write)]
    return [(value.tag, step, make_ndarray(value.tensor).tolist()) for step, value in made]


def found(case: str) -> Any:
    others = {"metadata": metadata, "curve": curve, "stretched": stretched}
    return recorder.result(case, mt, decoded, others)


# How TensorFlow's messages begin that are lessons as they stand.
LESSONS = (
    "Condition x >= 0", "Expected scalar shape, saw", "No step set", "Tensor  must have rank",
    "Unknown encoding", "image dtype must", "tensor must be of type",
)  # fmt: skip


@pytest.mark.parametrize("case", [case for case in RECORDED if "error" not in RECORDED[case]])
def test_a_summary_writes_what_tensorflow_writes(case: str) -> None:
    assert found(case) == RECORDED[case]


@pytest.mark.parametrize("case", [case for case in RECORDED if "error" in RECORDED[case]])
def test_a_mistake_is_an_error_as_in_tensorflow(case: str) -> None:
    ours, expected = found(case), RECORDED[case]
    assert "OpError" in ours["error"]
    if expected["error"] in ("ValueError", "TypeError", "InvalidArgumentError"):
        assert expected["error"] in ours["error"]
    if expected["text"].startswith(LESSONS):
        assert expected["text"].rstrip(":") in ours["text"]


def test_every_case_is_recorded() -> None:
    assert list(RECORDED) == recorder.CASES


def test_a_scalar_is_recorded_in_the_bytes_of_the_format() -> None:
    (event,) = events(lambda: S.scalar("lsss", 0.5, step=3))
    value = "0a1f0a046c737373420a0801120022040000003f4a0b0a090a077363616c617273"
    assert event.SerializeToString()[9:].hex() == "10032a21" + value


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 1), (16, 33)])
def test_pictures_are_read_by_pillow(channels: int, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    smooth = (np.indices(size).sum(0)[:, :, None] * np.arange(1, channels + 1)).astype(np.uint8)
    for pixels in (noise, smooth, np.zeros_like(noise)):
        np.testing.assert_array_equal(decoded(png(pixels)), pixels)


def test_smooth_pictures_take_little_room() -> None:
    slope = np.indices((64, 64)).sum(0).astype(np.uint8)[:, :, None]
    assert len(png(slope)) < 200


def test_sounds_are_read_by_pythons_wave() -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (50, 2)).astype(np.float32)
    with wave.open(io.BytesIO(wav(samples(sound), 8000))) as file:
        assert file.getparams()[:4] == (2, 2, 8000, 50)
        data = np.frombuffer(file.readframes(50), "<i2").reshape(50, 2)
    np.testing.assert_allclose(data, sound * 32768, atol=0.51)


def every_kind(x: Any, step: Any) -> None:
    """Record a vector of eight numbers from 0 to 1 in every way there is."""
    S.scalar("scalar", mt.reduce_sum(x), step)
    S.histogram("histogram", x, step, buckets=2)
    S.image("image", mt.reshape(x, [1, 2, 4, 1]), step)
    S.image("stretched", mt.reshape(x, [1, 2, 4, 1]), step, scaling="v1")
    S.audio("audio", mt.reshape(x, [1, 8, 1]), 8, step)
    S.text("text", mt.strings.as_string(x), step)
    S.write("write", x, step)
    S.pr_curve("pr_curve", x > 0.5, x, 3, step=step)


KINDS = 8
NUMBERS = np.linspace(0, 1, 8, dtype=np.float32)


def test_a_traced_function_records_what_it_records_eagerly() -> None:
    eager = points(lambda: [every_kind(NUMBERS * mt.constant(0.5 * k), k) for k in range(3)])

    @mt.function
    def loop(x: Any) -> None:
        for step in mt.range(3, dtype=mt.int64):
            every_kind(x * mt.cast(step, mt.float32) * 0.5, step)

    assert len(eager) == 3 * KINDS
    assert points(lambda: loop(mt.constant(NUMBERS))) == eager


def test_only_the_branch_that_is_taken_records() -> None:
    @mt.function
    def branch(x: Any, step: Any) -> Any:
        if mt.reduce_sum(x) > 1.0:
            every_kind(x, step)
            return S.scalar("large", 1.0, step)
        return S.scalar("small", 0.0, step)

    tags = [
        [tag for tag, _, _ in points(lambda x=x: branch(mt.constant(x), mt.constant(0, mt.int64)))]
        for x in (NUMBERS, 0 * NUMBERS)
    ]
    assert len(tags[0]) == KINDS + 1
    assert (tags[0][-1], tags[1]) == ("large", ["small"])


def test_sizes_may_be_unknown_while_tracing() -> None:
    @mt.function(input_signature=[mt.TensorSpec([None, None, None, None])])
    def show(x: Any) -> Any:
        return S.image("image", x, step=0)

    batch = np.zeros((2, 1, 3, 1), np.float32)
    assert points(lambda: show(batch)) == points(lambda: S.image("image", batch, step=0))
    with pytest.raises(ValueError, match="got 5"):
        values(lambda: show(np.zeros((1, 1, 1, 5), np.float32)))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: S.scalar("s", x, step=0),
        lambda x: S.image("i", x, step=0),
        lambda x: S.image("i", mt.reshape(x, [1, 1, 1, 8]), step=0),
        lambda x: S.audio("a", x, 8, step=0),
        lambda x: S.text("t", x, step=0),
        lambda x: S.histogram("h", mt.strings.as_string(x), step=0),
        lambda x: S.pr_curve("p", x > 0.5, x[1:], step=0),
    ],
)
def test_what_is_known_to_be_wrong_is_told_while_tracing(wrong: Callable) -> None:
    with pytest.raises(mt.errors.InvalidArgumentError):
        mt.function(wrong).get_concrete_function(mt.TensorSpec([8]))


def test_what_changes_afterwards_was_recorded_as_it_was() -> None:
    def change() -> None:
        array, variable = NUMBERS.copy(), mt.Variable(NUMBERS)
        pixels = np.full((1, 1, 1, 1), 7, np.uint8)
        words = np.array(["a"], object)
        every_kind(array, 0)
        array[:] = 0.25
        every_kind(variable, 1)
        variable.assign(0 * variable)
        S.image("bytes", pixels, 2)
        S.text("words", words, 2)
        S.write("plain", pixels, 2)
        pixels[:], words[:] = 9, "b"

    once = points(lambda: every_kind(NUMBERS, 0))
    found = points(change)
    assert found[:KINDS] == once
    assert found[KINDS : 2 * KINDS] == [(tag, 1, value) for tag, _, value in once]
    picture, text, tensor = (value for _, _, value in found[2 * KINDS :])
    assert (decoded(picture[2]).item(), text, tensor) == (7, [b"a"], [[[[7]]]])


def test_recording_does_not_change_gradients() -> None:
    def differentiate() -> None:
        x = mt.Variable(NUMBERS)
        with mt.GradientTape() as tape:
            y = x * x
            every_kind(y, 0)
            loss = mt.reduce_sum(y)
        np.testing.assert_allclose(tape.gradient(loss, x), 2 * NUMBERS)

    assert len(points(differentiate)) == KINDS


def test_conditions_hold_for_every_kind() -> None:
    def sometimes() -> None:
        for step in range(4):
            with S.record_if(step == 2):
                every_kind(NUMBERS, step)

    assert [step for _, step, _ in points(sometimes)] == [2] * KINDS


def test_without_a_writer_every_kind_says_no() -> None:
    def never() -> Any:
        raise AssertionError

    answers = [
        S.histogram("h", NUMBERS), S.image("i", 5.0), S.audio("a", "x", 8), S.text("t", 5),
        S.write("w", never), S.pr_curve("p", [True], [0.5]),
    ]  # fmt: skip
    assert [bool(answer) for answer in answers] == [False] * len(answers)


def test_a_tag_holds_one_kind() -> None:
    def twice() -> None:
        S.histogram("a", NUMBERS, 0)
        S.scalar("a", 1.0, 0)

    with pytest.raises(ValueError, match="This run has histograms"):
        events(twice)


def test_a_tag_holds_one_kind_also_after_its_writer_was_closed(tmp_path: Path) -> None:
    with S.create_file_writer(tmp_path).as_default() as writer:
        S.scalar("a", 1.0, 0)
        writer.close()
    with S.create_file_writer(tmp_path).as_default() as writer:
        assert S.scalar("a", 1.0, 1)
        S.histogram("b", NUMBERS, 0)
        writer.close()
    with S.create_file_writer(tmp_path).as_default() as writer:
        for tag in ("a", "b"):
            with pytest.raises(ValueError, match=r"text: got the tag '.'\. This run has "):
                S.text(tag, "words", 2)
        writer.close()
    assert S.read(tmp_path).tags(".") == {"a": "scalars", "b": "histograms"}
    shutil.rmtree(tmp_path)
    with S.create_file_writer(tmp_path).as_default() as writer:
        assert S.text("a", "words", 2)
        writer.close()


def test_large_tensors_are_recorded_whole() -> None:
    words = np.array([str(i) for i in range(3000)])
    numbers = np.arange(50_000)

    def large() -> None:
        S.text("words", words, 0)
        S.write("numbers", numbers, 0)

    (_, _, text), (_, _, found) = points(large)
    assert text == [str(i).encode() for i in range(3000)]
    assert found == numbers.tolist()


def test_tensorboards_own_metadata_is_written_as_it_is() -> None:
    given = SummaryMetadata(display_name="name", data_class=2, summary_description="text")
    given.plugin_data.plugin_name = "mine"
    (value,) = values(lambda: S.write("w", 1.0, 0, given))
    assert value.metadata == given
    (value,) = values(lambda: S.write("w", 1.0, 0, given.SerializeToString()))
    assert value.metadata == given


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda: S.write(3, 1.0, 0), TypeError, "tag=3"),
        (lambda: S.write("w", 1.0, 0, 5), TypeError, "metadata=5"),
        (lambda: S.write("w", 1.0, 0, b"\x0a\x50"), ValueError, "It cannot be read"),
        (lambda: S.scalar("s", 1.0, 1 << 63), TypeError, "no whole number of 64 bits"),
        (lambda: S.scalar("s", 1.0, 0, description=5), TypeError, "description=5"),
        (lambda: S.image("i", np.zeros((1, 0, 2, 1)), 0), ValueError, "Axis 1 has size 0"),
        (lambda: S.image("i", np.zeros((1, 2, 0, 1)), 0), ValueError, "Axis 2 has size 0"),
        (lambda: S.image("i", [np.zeros((1, k, 1)) for k in (2, 3)], 0), ValueError, "They differ"),
        (lambda: S.image("i", NUMBERS, 0, scaling="v3"), ValueError, "scaling='v3'"),
        (lambda: S.image("i", [[[[1]]]], 0, scaling="v1"), TypeError, "dtype int32"),
        (lambda: S.image("i", [[[[1j]]]], 0), TypeError, "image dtype must be"),
        (lambda: S.image("i", [[[[1.0]]]], 0, max_outputs=True), TypeError, "max_outputs=True"),
        (lambda: S.histogram("h", [1j], 0), TypeError, "no real numbers"),
        (lambda: S.scalar("s", 1j, 0), TypeError, "no real number"),
        (lambda: S.pr_curve("p", [1, 2], [0.5, 0.5], step=0), ValueError, "neither 0 nor 1"),
        (lambda: S.pr_curve("p", [1, 0], [5.0, 0.5], step=0), ValueError, "mt.sigmoid"),
        (lambda: S.pr_curve("p", [1, 0], [0.5], step=0), ValueError, "labels and predictions"),
        (lambda: S.pr_curve("p", [1], [0.5], 1, step=0), ValueError, "less than 2"),
        (lambda: S.pr_curve("p", [1], [0.5], 3, [1, 2], step=0), ValueError, "eights do not"),
        (lambda: S.pr_curve("p", ["a"], [0.5], step=0), TypeError, "labels of dtype string"),
    ],
)
def test_mistakes_are_named(wrong: Callable, error: type, text: str) -> None:
    with pytest.raises(error, match=text) as found:
        events(wrong)
    assert isinstance(found.value, mt.errors.OpError)


def test_few_large_items_wait_as_well_as_many_small_ones() -> None:
    waiting: list[int] = []
    pen = Pen(lambda items: waiting.append(len(items)), weight=1000)
    for _ in range(100):
        pen.put("item", 300)
    pen.stop()
    assert sum(waiting) == 100
    assert max(waiting) <= 4


def test_half_characters_do_not_stop_the_pen() -> None:
    def odd() -> None:
        S.scalar("a\ud800", 1.0, 0, description="\udfff")
        S.scalar("b", 2.0, 0)

    assert [tag for tag, _, _ in points(odd)] == ["a?", "b"]


def test_a_pen_that_is_stopped_in_its_own_thread_writes_everything() -> None:
    # Python may collect a writer there that nobody has any more.
    written: list[int] = []
    ended = threading.Event()

    def write(items: list[int]) -> None:
        pen.stop()
        if not written:
            pen.put(5)
            assert pen.flush() is False
        written.extend(items)

    pen = Pen(write, end=ended.set)
    for i in range(5):
        pen.put(i)
    pen.flush()
    assert ended.wait(60)
    assert written == [0, 1, 2, 3, 4, 5]

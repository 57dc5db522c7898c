"""The ops behind TensorFlow 1's summaries: each gives the bytes of a `Summary` message.

The tag is their first input, a constant. What is wrong with a tensor is said when the op is made,
where its shape is known by then, and else when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minitensor.backend import Quiet, to_numpy
from minitensor.compat.v1.summary.exponential import exponential_histogram
from minitensor.dtypes import kind_of
from minitensor.errors import DTypeError, Fault, InvalidArgumentError
from minitensor.graph.graphdef import TensorProto
from minitensor.op import Op, op
from minitensor.shapes import Spec
from minitensor.summary.messages import Audio, Image, Metadata, Summary, Value
from minitensor.summary.pixels import scaled_v1
from minitensor.summary.png import png
from minitensor.summary.records import tensor_bytes
from minitensor.summary.wav import samples, wav
from minitensor.wire import parts

__all__ = [
    "audio_summary_v2", "check_scalar", "histogram_summary", "image_summary", "merge_summary",
    "scalar_summary", "tensor_summary_v2",
]  # fmt: skip


def _samples(*inputs: Any, **attrs: Any) -> Callable[..., Iterator[tuple]]:
    def make(rng: np.random.Generator) -> Iterator[tuple]:
        yield tuple(_text(x) if isinstance(x, bytes) else np.asarray(x) for x in inputs), attrs

    return make


def _summary_op(sampled: Callable, types: str, check: Callable | None = None) -> Callable[..., Op]:
    """What all of them have in common, as arguments of `op`; `check` looks at the specs."""

    def infer(*specs: Spec, **attrs: Any) -> Spec:
        if check is not None:
            check(*specs, **attrs)
        return Spec((), np.dtype(object))

    declared = op(
        infer=infer, samples=sampled, types=types, kinds="fiub", portable=False,
        why_none="a summary is text, which carries no gradient",
    )  # fmt: skip

    def register(forward: Callable) -> Op:
        made = declared(forward)
        made.any_rank = True
        return made

    return register


def _sizes(shape: Sequence) -> str:
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"


def check_scalar(shape: Sequence | None, tag: str) -> None:
    """Refuse a shape that is not that of one number."""
    if shape is not None and len(shape):
        raise InvalidArgumentError(
            f"tags and values are not the same shape: [] != {_sizes(shape)} (tag '{tag}')\nA "
            "scalar summary records one number. To fix it: reduce the tensor, for example with "
            "tf.reduce_mean, or record a histogram."
        )


@_summary_op(_samples(b"loss", 0.5), "ST")
def scalar_summary(xp, tags, values):
    """A summary of one number.

    Shape: (), () → () string.
    """
    tag = _tag(tags)
    check_scalar(values.shape, tag)
    with Quiet():
        number = float(to_numpy(values).astype(np.float32))
    return _summary([Value(tag=tag, simple_value=number)])


@_summary_op(_samples(b"weights", np.arange(6.0).reshape(2, 3)), "ST")
def histogram_summary(xp, tag, values):
    """A summary of how values are distributed, in buckets with fixed limits.

    Shape: (), any → () string.
    """
    name, array = _tag(tag), to_numpy(values)
    with Quiet():
        strange = [("Nan in summary histogram", np.isnan), ("Infinity in Histogram", np.isinf)]
        for what, found in strange if kind_of(array.dtype) == "f" else ():
            if found(array).any():
                raise InvalidArgumentError(
                    f"{what} for: {name}\nA number that is none lies in no bucket. To fix it: "
                    "find where it comes from, for example with tf.check_numerics."
                )
    return _summary([Value(tag=name, histo=exponential_histogram(array))])


def _check_images(tag: Spec, tensor: Spec, *, max_images: int) -> None:
    if tensor.dtype != np.uint8 and kind_of(tensor.dtype) != "f":
        raise Fault(f"DataType {tensor.dtype} is not in list of allowed values: uint8, float32, "
                    "float16, float64", "floats are scaled to bytes, and bytes are shown as they "
                    "are", "convert it with tf.cast(image, tf.uint8)", DTypeError)  # fmt: skip
    if max_images < 1:
        raise _too_few("max_images", "ImageSummary", max_images)
    _check_image_shape(tensor.shape)


def _check_image_shape(shape: Sequence | None) -> None:
    if shape is None:
        return
    if len(shape) == 4 and shape[3] in (1, 3, 4, None):
        if 0 not in shape[1:3]:
            return
        raise InvalidArgumentError(
            f"input tensor must have non-zero dims. Found: {list(shape)}.\nA picture has pixels: "
            "its height or width is 0. To fix it: leave it out where it is empty."
        )
    raise InvalidArgumentError(
        f"Tensor must be 4-D with last dim 1, 3, or 4, not {_sizes(shape)}\nThe axes are batch, "
        "height, width and channels: grey, RGB or RGBA. To fix it: tf.reshape(image, [-1, height, "
        "width, channels])."
    )


def _too_few(attribute: str, kind: str, given: int) -> Fault:
    return Fault(
        f"Attr '{attribute}' of '{kind}' Op passed {given} less than minimum 1",
        "it is how many of the batch are recorded at most", "leave max_outputs out for 3",
    )  # fmt: skip


@_summary_op(_samples(b"faces", np.zeros((1, 2, 3, 1)), max_images=3), "SA", _check_images)
def image_summary(xp, tag, tensor, *, max_images):
    """A summary of the first images of a batch.

    Shape: (), (batch, height, width, channels) → () string.
    """
    _check_image_shape(tensor.shape)
    batch = to_numpy(tensor[:max_images])
    _, height, width, channels = batch.shape
    with Quiet():
        pixels = scaled_v1(batch)
    return _summary([
        Value(tag=name, image=Image(height=height, width=width, colorspace=channels,
                                    encoded_image_string=png(one)))
        for name, one in _each(_tag(tag), "image", max_images, pixels)
    ])  # fmt: skip


def _check_sounds(tag: Spec, tensor: Spec, sample_rate: Spec, *, max_outputs: int) -> None:
    if tensor.dtype != np.float32:
        raise Fault(f"Input 'tensor' of 'AudioSummaryV2' Op has type {tensor.dtype} that does not "
                    "match expected type of float32", "sounds are numbers from -1 to 1",
                    "convert it with tf.cast(sound, tf.float32)", DTypeError)  # fmt: skip
    if max_outputs < 1:
        raise _too_few("max_outputs", "AudioSummaryV2", max_outputs)
    _check_sound_shape(tensor.shape)


def _check_sound_shape(shape: Sequence | None) -> None:
    if shape is not None and len(shape) not in (2, 3):
        raise InvalidArgumentError(
            f"Tensor must be 3-D or 2-D, got: {_sizes(shape)}\nThe axes are batch, frames and "
            "channels, of which the last may be missing. To fix it: sound[None] makes a batch of "
            "one."
        )


@_summary_op(
    _samples(b"voice", np.zeros((1, 4), np.float32), np.float32(8000.0), max_outputs=3),
    "SAA",
    _check_sounds,
)
def audio_summary_v2(xp, tag, tensor, sample_rate, *, max_outputs):
    """A summary of the first sounds of a batch.

    Shape: (), (batch, frames) or (batch, frames, channels), () → () string.
    """
    _check_sound_shape(tensor.shape)
    rate = _rate(sample_rate)
    batch = to_numpy(tensor[:max_outputs])
    batch = batch[..., None] if batch.ndim == 2 else batch
    _, frames, channels = batch.shape
    if 2 * channels >= 1 << 16 or 2 * channels * rate >= 1 << 32:
        raise InvalidArgumentError(
            f"No WAV file can hold sounds of shape {_sizes(batch.shape)} at {rate:.0f} frames a "
            "second\nOne has at most 32767 channels, which the last axis counts, and a second has "
            "less than 4 gigabytes. To fix it: look whether frames and channels stand in each "
            "other's place, and at the rate."
        )
    return _summary([
        Value(tag=name, audio=Audio(
            sample_rate=rate, num_channels=channels, length_frames=frames,
            encoded_audio_string=wav(samples(one), int(rate)), content_type="audio/wav"))
        for name, one in _each(_tag(tag), "audio", max_outputs, batch)
    ])  # fmt: skip


def _rate(given: np.ndarray) -> float:
    """A sample rate that is one."""
    fault, rate = "", 0.0
    if given.size != 1:
        fault = f"sample_rate must be rank-0 or contain a single value\nIt has {given.size} values"
    else:
        rate = float(given.item())
        if not rate > 0:
            fault = f"sample_rate must be > 0\nIt is {rate}"
        elif rate >= 1 << 32:
            fault = f"sample_rate must be in (0, 2^32), got: {rate:.0f}\nIt is too large"
    if fault:
        raise InvalidArgumentError(
            f"{fault}, and says how many frames make a second. To fix it: pass the rate at which "
            "the sound was recorded, such as 44100."
        )
    return rate


@_summary_op(_samples(b"words", b"hello", b""), "SAS")
def tensor_summary_v2(xp, tag, tensor, serialized_summary_metadata):
    """A summary of a tensor as it is; the metadata says which page of TensorBoard shows it.

    Shape: (), any, () → () string.
    """
    content = TensorProto.FromString(tensor_bytes(to_numpy(tensor)))
    metadata = Metadata.FromString(serialized_summary_metadata.item())
    return _summary([Value(tag=_tag(tag), tensor=content, metadata=metadata)])


def _check_summaries(*inputs: Spec) -> None:
    if not inputs:
        raise InvalidArgumentError(
            "List argument 'inputs' to 'MergeSummary' Op with length 0 shorter than minimum length "
            "1.\nThere is nothing to merge. To fix it: pass what tf.summary.scalar and the like "
            "gave."
        )


@_summary_op(_samples(b"", b""), "S", _check_summaries)
def merge_summary(xp, *inputs):
    """One summary with the values of several.

    Shape: () each → () string.
    """
    seen: set[bytes] = set()
    for data in inputs:
        for tag in _tags(data.item()):
            if tag in seen:
                raise InvalidArgumentError(
                    f"Duplicate tag {tag.decode(errors='replace')} found in summary inputs \nTwo "
                    "values of one step under one tag are one too many. To fix it: merge each "
                    "summary once."
                )
            seen.add(tag)
    return _text(b"".join(data.item() for data in inputs))


def _tags(data: bytes) -> list[bytes]:
    """The tags of the values in a summary."""
    try:
        values = [dict((n, v) for n, _, v in parts(value)) for _, _, value in parts(data)]
    except (ValueError, TypeError):
        raise InvalidArgumentError(
            "Could not parse one of the summary inputs\nIt is no serialized Summary message. To "
            "fix it: merge what tf.summary.scalar and the like gave."
        ) from None
    return [value.get(1, b"") for value in values]


def _tag(array: np.ndarray) -> str:
    return array.item().decode()


def _each(tag: str, kind: str, most: int, batch: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The items of a batch with their tags: numbered, unless there can be only one."""
    if most == 1:
        return [(f"{tag}/{kind}", one) for one in batch]
    return [(f"{tag}/{kind}/{i}", one) for i, one in enumerate(batch)]


def _summary(values: list[Value]) -> np.ndarray:
    return _text(Summary(value=values).SerializeToString())


def _text(data: bytes) -> np.ndarray:
    found = np.empty((), object)
    found[()] = data
    return found

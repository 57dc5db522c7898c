"""TensorFlow 1's summaries: ops that give a `Summary` as bytes, for `FileWriter.add_summary`.

Where ops compute at once, and a writer of `minitensor.summary` and a step are set, they go there.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor import summary as summary2
from minitensor.compat.v1.keys import GraphKeys, get_collection
from minitensor.compat.v1.scopes import name_scope
from minitensor.compat.v1.summary.naming import (
    check_key,
    clean_tag,
    collect,
    summary_node,
    tagged,
)
from minitensor.compat.v1.summary.ops import (
    audio_summary_v2,
    check_scalar,
    histogram_summary,
    image_summary,
    merge_summary,
    scalar_summary,
    tensor_summary_v2,
)
from minitensor.compat.v1.train import get_global_step
from minitensor.dtypes import string
from minitensor.eager import constant, convert_to_tensor
from minitensor.errors import (
    ArgumentError,
    FailedPreconditionError,
    InvalidArgumentError,
    message,
    shorten,
)
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import Tracer
from minitensor.op import Op, State, state
from minitensor.summary.arguments import listed
from minitensor.summary.context import present
from minitensor.summary.messages import Metadata, PluginData
from minitensor.tensor import Operand

__all__ = [
    "audio", "histogram", "image", "merge", "merge_all", "scalar", "tensor_summary", "text",
]  # fmt: skip


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Any:
    """A summary of one number, such as a loss.

    Args:
        name: what the curve is called; name scopes come before it.
        tensor: a number, or a tensor without axes.
        collections: names of the graph's lists to put it into, by default what `merge_all` takes.
        family: what the tag begins with; TensorBoard groups by it.

    Shape: () → () string.

    Raises:
        InvalidArgumentError: (also a ValueError) for a tensor with axes.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     loss = tf.summary.scalar("loss", tf.constant(0.5))
        ...     print(loss.name, tf.Summary.FromString(session.run(loss)))
        loss:0 value {
          tag: "loss"
          simple_value: 0.5
        }
    """
    if _goes_to_a_writer():
        return _forwarded(summary2.scalar, name, family, tensor)
    with tagged(name, family) as (tag, node):
        shape = convert_to_tensor(tensor).shape
        check_scalar(None if shape.rank is None else tuple(shape), tag)
        made = summary_node(scalar_summary, node, ["tags", "values"], [tag, tensor], {})
    collect(made, collections, [GraphKeys.SUMMARIES])
    return made


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Any:
    """A summary of how the values of a tensor are distributed; the arguments are `scalar`'s.

    Shape: any → () string.

    Raises:
        InvalidArgumentError: (also a ValueError) for values that are not finite, when it runs.
    """
    if _goes_to_a_writer():
        return _forwarded(summary2.histogram, name, family, values)
    parts = ["tag", "values"]
    return _made(histogram_summary, parts, values, (name, family, "HistogramSummary"), collections)


def image(
    name: str, tensor: Any, max_outputs: int = 3, collections: Any = None,
    family: str | None = None,
) -> Any:  # fmt: skip
    """A summary of the first images of a batch; the other arguments are `scalar`'s.

    Bytes are shown as they are. Floats are scaled, each image by itself: 0 becomes 0 and the
    largest value 255; with negative values 0 becomes 128, and the farthest from it 1 or 255.

    Args:
        name: the tags are `name/image/0` and so on; with `max_outputs=1` it is `name/image`.
        tensor: the images.
        max_outputs: how many are recorded at most.
        collections: as for `scalar`.
        family: as for `scalar`.

    Shape: (batch, height, width, 1, 3 or 4 channels) float or uint8 → () string.

    Raises:
        InvalidArgumentError: (also a ValueError) for another shape, for images without pixels, and
            for `max_outputs` below 1.
        DTypeError: (also a TypeError) for another dtype.
    """
    if _goes_to_a_writer():
        return _forwarded(summary2.image, name, family, tensor, max_outputs=max_outputs)
    options = {"max_images": max_outputs}
    return _made(image_summary, ["tag", "tensor"], tensor, (name, family), collections, **options)


def audio(
    name: str, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Any = None,
    family: str | None = None,
) -> Any:  # fmt: skip
    """A summary of the first sounds of a batch; the other arguments are `scalar`'s.

    Args:
        name: the tags are `name/audio/0` and so on; with `max_outputs=1` it is `name/audio`.
        tensor: samples from -1 to 1.
        sample_rate: how many frames make a second.
        max_outputs: how many sounds are recorded at most.
        collections: as for `scalar`.
        family: as for `scalar`.

    Shape: (batch, frames) or (batch, frames, channels) float32 → () string.

    Raises:
        InvalidArgumentError: (also a ValueError) for another shape, for a rate that is not above 0
            and below 2**32, and for `max_outputs` below 1.
        DTypeError: (also a TypeError) for another dtype.
        ArgumentError: (also a TypeError) for a rate that is no number.
    """
    if _goes_to_a_writer():
        sound = convert_to_tensor(tensor)
        sound = sound[..., None] if sound.shape.rank == 2 else sound
        options = {"sample_rate": sample_rate, "max_outputs": max_outputs}
        return _forwarded(summary2.audio, name, family, sound, **options)
    with tagged(name, family) as (tag, node):
        rate = sample_rate if isinstance(sample_rate, Operand) else _rate(sample_rate)
        parts = ["tag", "tensor", "sample_rate"]
        options = {"max_outputs": max_outputs}
        made = summary_node(audio_summary_v2, node, parts, [tag, tensor, rate], options)
    collect(made, collections, [GraphKeys.SUMMARIES])
    return made


def text(name: str, tensor: Any, collections: Any = None) -> Any:
    """A summary of text: a paragraph, or a table; the arguments are `scalar`'s.

    Shape: any string tensor → () string.

    Raises:
        InvalidArgumentError: (also a ValueError) for a tensor that is not of strings.
    """
    dtype = convert_to_tensor(tensor).dtype
    if dtype != string:
        label = tensor.name if isinstance(tensor, Symbol) else shorten(tensor)
        raise InvalidArgumentError(
            f"Expected tensor {label} to have dtype string, got {dtype!r}\nText is made of "
            "strings. To fix it: tf.as_string(tensor), or record a scalar or histogram."
        )
    if _goes_to_a_writer():
        return _forwarded(summary2.text, name, None, tensor)
    metadata = Metadata(plugin_data=PluginData(plugin_name="text"))
    return tensor_summary(name, tensor, collections=collections, summary_metadata=metadata)


def tensor_summary(
    name: str, tensor: Any, summary_description: str | None = None, collections: Any = None,
    summary_metadata: Any = None, family: str | None = None, display_name: str | None = None,
) -> Any:  # fmt: skip
    """A summary of a tensor as it is, for the page of TensorBoard that the metadata names.

    Args:
        name: the tag; name scopes come before it.
        tensor: any tensor.
        summary_description: Markdown that TensorBoard shows beside it.
        collections: as for `scalar`.
        summary_metadata: a `tf.SummaryMetadata`.
        family: as for `scalar`.
        display_name: what TensorBoard calls it, in the place of the tag.

    Shape: any → () string.
    """
    given = b"" if summary_metadata is None else summary_metadata.SerializeToString()
    metadata = Metadata.FromString(given)
    metadata.summary_description = summary_description or metadata.summary_description
    metadata.display_name = display_name or metadata.display_name
    with tagged(name, family) as (tag, node):
        inputs = [tag, tensor, metadata.SerializeToString()]
        parts = ["tag", "tensor", "serialized_summary_metadata"]
        made = summary_node(tensor_summary_v2, node, parts, inputs, {})
    collect(made, collections, [GraphKeys.SUMMARIES])
    return made


def merge(inputs: Sequence, collections: Any = None, name: str | None = None) -> Any:
    """One summary with the values of several.

    Shape: () string each → () string.

    Raises:
        FailedPreconditionError: (also a RuntimeError) where ops compute at once.
        ArgumentError: (also a TypeError) for what is no list.
        InvalidArgumentError: (also a ValueError) for no summaries; when it runs, for two of one
            tag.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     both = tf.summary.merge([tf.summary.scalar(name, 1.0) for name in ("a", "b")])
        ...     print([value.tag for value in tf.Summary.FromString(session.run(both)).value])
        ['a', 'b']
    """
    _refuse_eager()
    name = clean_tag(name)
    with name_scope(name, "Merge"):
        made = merge_summary(listed("Merge", "inputs", inputs, "summaries"), name=name)
    collect(made, collections, [])
    return made


def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None,
              name: str | None = None) -> Any:  # fmt: skip
    """One summary with all values that are in a list of the default graph; None when it is empty.

    Args:
        key: the list; by default the one that summaries are put into.
        scope: only those whose names match this pattern.
        name: what to call the op.

    Raises:
        FailedPreconditionError: (also a RuntimeError) where ops compute at once.
        ArgumentError: (also a TypeError) for a key that is none.
        InvalidArgumentError: (also a ValueError) for a scope that is no pattern.
    """
    _refuse_eager()
    check_key("merge_all", key)
    try:
        found = get_collection(key, scope)
    except (re.error, TypeError) as error:
        raise InvalidArgumentError(
            message("merge_all", f"scope={shorten(scope)}", f"that is no pattern: {error}",
                    "it is a regular expression that names of summaries begin with",
                    "write the name of a scope, such as \"layer/\"")
        ) from None  # fmt: skip
    return merge(found, name=name) if found else None


def _made(op: Op, parts: list[str], tensor: Any, names: tuple, collections: Any,
          **options: Any) -> Any:  # fmt: skip
    with tagged(*names) as (tag, node):
        made = summary_node(op, node, parts, [tag, tensor], options)
    collect(made, collections, [GraphKeys.SUMMARIES])
    return made


def _rate(given: Any) -> Any:
    """A sample rate as float32; whether it is above 0 is seen when the op runs."""
    try:
        if given is None or isinstance(given, str | bytes):
            raise TypeError
        return np.asarray(given, np.float32)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(
            message("audio", f"sample_rate={shorten(given)}", "that is no number",
                    "it says how many frames make a second",
                    "pass the rate at which the sound was recorded, such as 44100")
        ) from None  # fmt: skip


def _refuse_eager() -> None:
    if state.interpreter is State.interpreter:
        raise FailedPreconditionError(
            "Merging tf.summary.* ops is not compatible with eager execution. Use "
            "tf.contrib.summary instead.\nWhere ops compute at once there is no graph that "
            "collects summaries. To fix it: call tf.disable_eager_execution() at the start of the "
            "program, or record with minitensor.summary, which needs no merging."
        )


# Where ops compute at once.


def _goes_to_a_writer() -> bool:
    """Whether TensorFlow 2's way is prepared for; warns when it is not, in a program of that way.

    Inside a traced function it is TensorFlow 2's way too.
    """
    tracer: Any = state.interpreter
    while isinstance(tracer, Tracer):
        if getattr(tracer, "stays_open", False):
            return False
        tracer = tracer.outer
    why = "Cannot activate TF2 compatibility support for TF1 summary ops: "
    if not present().writer:
        why += "default summary writer not found."
    elif _step() is None:
        why += (
            "global step not set. To set step for summary writer, use "
            "`tf.summary.SummaryWriter.as_default(step=_)`, "
            "`tf.summary.experimental.set_step()` or `tf.compat.v1.train.create_global_step()`."
        )
    else:
        return True
    warnings.warn(why, stacklevel=3)
    return False


def _step() -> Any:
    step = present().step
    return get_global_step() if step is None else step


def _forwarded(record: Callable, name: Any, family: Any, value: Any, **options: Any) -> Any:
    """Nothing as bytes, after a value went to the default writer."""
    with tagged(name, family) as (tag, _), name_scope(""):
        record(tag, value, step=_step(), **options)
    return constant(b"")

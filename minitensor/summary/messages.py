"""The messages in event files: an `Event` holds one step's `Summary`, which holds tagged values.

Source: tensorflow/core/{util/event,framework/summary,protobuf/config}.proto.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from minitensor.graph.graphdef import GraphDef, TensorProto, tensor_proto
from minitensor.wire import Message, layout

__all__ = [
    "Audio", "Event", "FunctionGraphs", "Histogram", "Image", "Metadata", "PluginData",
    "RunMetadata", "SessionLog", "SourceMetadata", "Summary", "TaggedRunMetadata", "Value",
    "array_of", "tensor_proto",
]  # fmt: skip

FIRST = "brain.Event:2"
"""What the first record of every event file says."""


class PluginData(Message):
    """Which page of TensorBoard shows a value, and what the page wants to know besides."""

    fields = layout(plugin_name=(1, "string"), content=(2, "bytes"))


class Metadata(Message):
    """What a tag holds."""

    fields = layout(
        plugin_data=(1, PluginData), display_name=(2, "string"),
        summary_description=(3, "string"), data_class=(4, "enum"),
    )  # fmt: skip


class Image(Message):
    """A picture, as TensorFlow 1 writes it."""

    fields = layout(
        height=(1, "int"), width=(2, "int"), colorspace=(3, "int"),
        encoded_image_string=(4, "bytes"),
    )  # fmt: skip


class Histogram(Message):
    """A histogram, as TensorFlow 1 writes it."""

    fields = layout(
        min=(1, "double"), max=(2, "double"), num=(3, "double"), sum=(4, "double"),
        sum_squares=(5, "double"), bucket_limit=(6, "double", "list"),
        bucket=(7, "double", "list"),
    )  # fmt: skip


class Audio(Message):
    """A sound, as TensorFlow 1 writes it."""

    fields = layout(
        sample_rate=(1, "float"), num_channels=(2, "int"), length_frames=(3, "int"),
        encoded_audio_string=(4, "bytes"), content_type=(5, "string"),
    )  # fmt: skip


class Value(Message):
    """One value under a tag: `tensor` as TensorFlow 2 writes it, else one of the older fields."""

    fields = layout(
        tag=(1, "string"), simple_value=(2, "float"), image=(4, Image), histo=(5, Histogram),
        audio=(6, Audio), tensor=(8, TensorProto), metadata=(9, Metadata),
    )  # fmt: skip


class Summary(Message):
    """What was recorded at one step."""

    fields = layout(value=(1, Value, "list"))


class SourceMetadata(Message):
    """Who wrote the file."""

    fields = layout(writer=(1, "string"))


class TaggedRunMetadata(Message):
    """A `RunMetadata` with a name."""

    fields = layout(tag=(1, "string"), run_metadata=(2, "bytes"))


class FunctionGraphs(Message):
    """A traced function as it was written, as devices got it, and as the optimiser left it."""

    fields = layout(
        partition_graphs=(1, GraphDef, "list"), pre_optimization_graph=(2, GraphDef),
        post_optimization_graph=(3, GraphDef),
    )  # fmt: skip


class RunMetadata(Message):
    """The graphs that ran."""

    fields = layout(
        partition_graphs=(3, GraphDef, "list"), function_graphs=(4, FunctionGraphs, "list")
    )


class SessionLog(Message):
    """That a program of TensorFlow 1 began (status 1), stopped (2) or wrote a checkpoint (3)."""

    fields = layout(status=(1, "enum"), checkpoint_path=(2, "string"), msg=(3, "string"))


class Event(Message):
    """One record of an event file."""

    names: ClassVar = {}
    fields = layout(
        wall_time=(1, "double"), step=(2, "int"), file_version=(3, "string"),
        graph_def=(4, "bytes"), summary=(5, Summary), session_log=(7, SessionLog),
        tagged_run_metadata=(8, TaggedRunMetadata), meta_graph_def=(9, "bytes"),
        source_metadata=(10, SourceMetadata),
    )  # fmt: skip


def array_of(tensor: TensorProto) -> np.ndarray:
    """The array in a message, whichever of its fields holds it; strings as objects.

    Raises:
        ValueError: where the values do not fit the shape, or for a dtype that no summary has.

    Example:
        >>> array_of(tensor_proto(np.array([1.0, 2.0], np.float32)))
        array([1., 2.], dtype=float32)
    """
    shape = tuple(d.size or 0 for d in (tensor.tensor_shape.dim if tensor.tensor_shape else ()))
    if tensor.dtype == _STRING:
        found = np.empty(len(tensor.string_val), object)
        found[:] = tensor.string_val
        return found.reshape(shape)
    if tensor.dtype not in _NUMPY:
        raise ValueError(f"a tensor of type {tensor.dtype} is not one that summaries have")
    dtype, field = _NUMPY[tensor.dtype]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    values = np.asarray(getattr(tensor, field), dtype)
    count = int(np.prod(shape, dtype=np.int64))
    if 0 < values.size < count:  # the last stands for all that follow
        values = np.concatenate([values, np.full(count - values.size, values[-1], dtype)])
    elif not values.size:
        values = np.zeros(count, dtype)
    return values.reshape(shape)


_STRING = 7
_NUMPY = {
    1: (np.dtype("<f4"), "float_val"), 2: (np.dtype("<f8"), "double_val"),
    3: (np.dtype("<i4"), "int_val"), 4: (np.dtype("u1"), "int_val"),
    5: (np.dtype("<i2"), "int_val"), 6: (np.dtype("i1"), "int_val"),
    9: (np.dtype("<i8"), "int64_val"), 10: (np.dtype("?"), "bool_val"),
}  # fmt: skip
"""The dtypes of numbers, and the field that lists them where they are few."""

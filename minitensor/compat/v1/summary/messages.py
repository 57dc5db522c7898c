"""The messages of summaries as programs of TensorFlow 1 use them: made empty, then filled.

summary = tf.Summary()
summary.value.add(tag="accuracy", simple_value=0.9)
"""

from __future__ import annotations

from typing import Any

from minitensor.graph.graphdef import GraphDef
from minitensor.summary import messages
from minitensor.summary.messages import Event, TaggedRunMetadata
from minitensor.summary.messages import Histogram as HistogramProto
from minitensor.summary.messages import Metadata as SummaryMetadata
from minitensor.wire import Message, layout

__all__ = [
    "Event", "HistogramProto", "MetaGraphDef", "SessionLog", "Summary", "SummaryMetadata",
    "TaggedRunMetadata",
]  # fmt: skip


class _Value(messages.Value):
    """One value under a tag."""

    def HasField(self, name: str) -> bool:  # noqa: N802 - protobuf's name
        """Whether a field is set."""
        return getattr(self, name) is not None


class _Values(list):
    """The values of a summary."""

    def add(self, **fields: Any) -> _Value:
        """Append a value with these fields, and return it."""
        self.append(_Value(**fields))
        return self[-1]


class Summary(messages.Summary):
    """Values under tags: what summary ops give, as bytes, and what one may also make by hand.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> summary = tf.Summary(value=[tf.Summary.Value(tag="accuracy", simple_value=0.5)])
        >>> added = summary.value.add(tag="loss", simple_value=2.0)
        >>> [(value.tag, value.simple_value) for value in summary.value]
        [('accuracy', 0.5), ('loss', 2.0)]
    """

    fields = layout(value=(1, _Value, "list"))
    Value = _Value
    Image, Audio = messages.Image, messages.Audio

    def __init__(self, **given: Any):
        super().__init__(**given)
        self.value = _Values(self.value)

    def ParseFromString(self, data: bytes) -> int:  # noqa: N802 - protobuf's name
        """Become what the bytes say; how many there were.

        Raises:
            ValueError: where the bytes are those of no summary.
        """
        self.value = _Values(self.FromString(data).value)
        return len(data)


class SessionLog(messages.SessionLog):
    """That a program began, wrote a checkpoint, or stopped."""

    STATUS_UNSPECIFIED, START, STOP, CHECKPOINT = range(4)


class _MetaInfo(Message):
    """Who wrote a graph."""

    fields = layout(tags=(4, "string", "list"), tensorflow_version=(5, "string"))


class MetaGraphDef(Message):
    """A graph, and what there is to know besides; here, who wrote it."""

    fields = layout(meta_info_def=(1, _MetaInfo), graph_def=(2, GraphDef))
    MetaInfoDef = _MetaInfo

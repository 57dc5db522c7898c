"""What waits for the pen, and how it becomes the bytes of a record."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from minitensor.summary.messages import Event, Metadata, PluginData
from minitensor.wire import varint

__all__ = ["Kind", "Recorded", "encoded", "metadata"]


class Kind(NamedTuple):
    """A kind of summary.

    `prepare(*arrays, **options)` checks what was given and takes a copy of what is needed; it runs
    where the learner records. `encode(payload)` makes the bytes of a `TensorProto` of it; it runs
    in the pen's thread.
    """

    name: str
    """How errors call it."""
    plugin: str
    """Which page of TensorBoard shows it."""
    prepare: Callable[..., Any]
    encode: Callable[[Any], bytes]
    content: bytes = b""
    """What the page wants to know besides."""


class Recorded(NamedTuple):
    """One value under a tag, not yet encoded."""

    time: float
    step: int
    tag: str
    kind: Kind
    payload: Any
    description: str | None = None


def encoded(item: Recorded | Event) -> bytes:
    """The bytes of an event.

    They are put together here and not by `Event`, which would take ten times as long; the result is
    the same.
    """
    if isinstance(item, Event):
        return item.SerializeToString()
    tensor = item.kind.encode(item.payload)
    tail = metadata(item.kind.plugin, item.kind.content, item.description)
    value = b"".join((_head(item.tag), b"\x42", varint(len(tensor)), tensor, tail))
    value = b"\x0a" + varint(len(value)) + value
    step = b"\x10" + varint(item.step) if item.step else b""
    return b"".join((b"\x09", _double(item.time), step, b"\x2a", varint(len(value)), value))


@lru_cache(maxsize=4096)
def _head(tag: str) -> bytes:
    """The tag as the first field of a value."""
    name = tag.encode("utf-8", "surrogatepass")
    return b"\x0a" + varint(len(name)) + name


@lru_cache(maxsize=4096)
def metadata(plugin: str, content: bytes = b"", description: str | None = None) -> bytes:
    """The metadata as the last field of a value."""
    data = PluginData(plugin_name=plugin, content=content or None)
    made = Metadata(plugin_data=data, summary_description=description or None)
    whole = made.SerializeToString()
    return b"\x4a" + varint(len(whole)) + whole


_double = struct.Struct("<d").pack

"""What waits for the pen, and how it becomes the bytes of a record."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.graph.graphdef import TYPES, TensorProto, shape_proto
from minitensor.shapes import TensorShape
from minitensor.summary.messages import Event, Metadata, PluginData
from minitensor.wire import varint

__all__ = ["Kind", "Recorded", "encoded", "metadata", "tensor_bytes"]


def _accept(*values: Any, **options: Any) -> None:
    """The check of a kind that takes everything."""


class Kind(NamedTuple):
    """A kind of summary.

    `prepare(*arrays, **options)` checks what was given and takes a copy of what is needed; it runs
    where the learner records. `encode(payload)` makes the bytes of a `TensorProto` of it; it runs
    in the pen's thread. `check(*values, **options)` says what is wrong while a function is traced:
    of each value it sees the shape (None, and None for sizes, where they are not known) and dtype.
    """

    name: str
    """How errors call it."""
    plugin: str
    """Which page of TensorBoard shows it."""
    prepare: Callable[..., Any]
    encode: Callable[[Any], bytes]
    content: bytes = b""
    """What the page wants to know besides."""
    check: Callable[..., None] = _accept
    whole: bytes | None = None
    """The metadata as a message, where it says more than plugin and content."""
    scoped: bool = True
    """Whether name scopes come before the tag."""
    plain: type | None = None
    """What `prepare` would leave as it is: it is not even made a tensor, which takes longest."""


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
    kind = item.kind
    tensor = kind.encode(item.payload)
    before, after = _around(
        item.tag, kind.plugin, kind.content, item.description, kind.whole, len(tensor)
    )
    step = b"\x10" + varint(item.step) if item.step else b""
    return b"".join((b"\x09", _double(item.time), step, before, tensor, after))


@lru_cache(maxsize=4096)
def _around(
    tag: str, plugin: str, content: bytes, description: str | None, whole: bytes | None, size: int
) -> tuple[bytes, bytes]:
    """What stands between the step and a tensor of so many bytes, and what comes after it.

    It is the same for all values of a tag that are equally long.
    """
    name = tag.encode("utf-8", "replace")
    after = metadata(plugin, content, description, whole)
    inner = b"".join((b"\x0a", varint(len(name)), name, b"\x42", varint(size)))
    value = b"\x0a" + varint(len(inner) + size + len(after)) + inner
    return b"\x2a" + varint(len(value) + size + len(after)) + value, after


def metadata(
    plugin: str, content: bytes = b"", description: str | None = None, whole: bytes | None = None
) -> bytes:
    """The metadata as the last field of a value."""
    if whole is None:
        data = PluginData(plugin_name=plugin, content=content or None)
        made = Metadata(plugin_data=data, summary_description=description or None)
        whole = made.SerializeToString()
    if not whole:
        return b""
    return b"\x4a" + varint(len(whole)) + whole


def tensor_bytes(array: np.ndarray) -> bytes:
    """The bytes of a `TensorProto` with all elements of an array; objects are bytes."""
    shape = shape_proto(TensorShape(array.shape))
    if array.dtype.kind == "O":
        made = TensorProto(dtype=TYPES["string"], tensor_shape=shape, string_val=[*array.ravel()])
    else:
        dtype = TYPES[as_dtype(array.dtype).name]
        made = TensorProto(dtype=dtype, tensor_shape=shape, tensor_content=array.tobytes())
    return made.SerializeToString()


_double = struct.Struct("<d").pack

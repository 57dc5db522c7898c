"""The values in one event, record by record; `columns` reads many events that are alike at once.

The content of a value stays bytes until it is asked for, so that finding pictures costs little.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minitensor.summary.messages import (
    Audio,
    Histogram,
    Image,
    Metadata,
    PluginData,
    TensorProto,
    array_of,
)
from minitensor.wire import Message, layout, parts

__all__ = ["MALFORMED", "Outline", "Point", "clips", "curve", "event", "kind_of", "number",
           "pictures", "rows", "size_of", "tensor_of", "texts", "values"]  # fmt: skip

MALFORMED = (ValueError, OverflowError, struct.error)
"""What decoding raises for bytes that are no such message."""
_LARGEST = 1 << 20
"""Where one stored element stands for many: how many at most."""


class Outline(Message):
    """A value under a tag whose content is not decoded yet: one of the fields is set."""

    fields = layout(
        tag=(1, "string"), simple_value=(2, "float"), image=(4, "bytes"), histo=(5, "bytes"),
        audio=(6, "bytes"), tensor=(8, "bytes"), metadata=(9, "bytes"),
    )  # fmt: skip

    @property
    def plugin(self) -> str:
        """Which page of TensorBoard it is meant for; empty where it does not say."""
        return _about(self.metadata or b"")[0]

    @property
    def content(self) -> bytes:
        """What that page wants to know besides."""
        return _about(self.metadata or b"")[1]

    @property
    def description(self) -> str:
        """Markdown about the tag."""
        return _about(self.metadata or b"")[2]


@lru_cache(maxsize=256)
def _about(metadata: bytes) -> tuple[str, bytes, str]:
    """Plugin, content and description; all values of a tag say the same."""
    found = Metadata.FromString(metadata)
    data = found.plugin_data or PluginData()
    return data.plugin_name or "", data.content or b"", found.summary_description or ""


class Point(NamedTuple):
    """What stands in an event besides its time and step."""

    time: float
    step: int
    graph: bytes | None
    summary: bytes


def event(record: bytes) -> Point:
    """The outer fields of an event.

    Raises:
        ValueError: (or another of `MALFORMED`) for bytes that are no event.

    Example:
        >>> from minitensor.summary.messages import Event
        >>> event(Event(wall_time=1.5, step=-3).SerializeToString())
        Point(time=1.5, step=-3, graph=None, summary=b'')
    """
    time, step, graph, summary = 0.0, 0, None, b""
    for field, wire, value in parts(record):
        if (field, wire) == (1, 1):
            (time,) = struct.unpack("<d", value)
        elif (field, wire) == (2, 0):
            step = (value + _HALF) % (2 * _HALF) - _HALF
        elif (field, wire) == (4, 2):
            graph = value
        elif (field, wire) == (5, 2):
            summary = value
    return Point(time, step, graph, summary)


_HALF = 1 << 63


def values(summary: bytes) -> Iterator[Outline]:
    """The values of a summary."""
    for field, wire, value in parts(summary):
        if (field, wire) == (1, 2):
            yield Outline.FromString(value)


def kind_of(value: Outline) -> str | None:
    """What a value is, as `Log.tags` calls it; None for one that leaves it to those before it."""
    for field, kind in _FIELDS.items():
        if getattr(value, field) is not None:
            return kind
    if value.tensor is None:  # hyper-parameters need none
        return "hparams" if value.plugin == "hparams" else "nothing"
    return _PLUGINS.get(value.plugin, "tensors") if value.plugin else None


_FIELDS = {
    "simple_value": "scalars", "histo": "histograms", "image": "images", "audio": "audio",
}  # fmt: skip
_PLUGINS = {
    **{name: name for name in ("scalars", "histograms", "images", "audio", "text", "pr_curves")},
    "hparams": "hparams", "graph_run_metadata_graph": "graphs",
}  # fmt: skip


def tensor_of(value: Outline) -> np.ndarray:
    """The array in a value.

    Raises:
        ValueError: (or another of `MALFORMED`) where there is none, or less than it claims.
    """
    if value.tensor is None:
        raise ValueError("it holds no tensor")
    tensor = TensorProto.FromString(value.tensor)
    sizes = [d.size or 0 for d in (tensor.tensor_shape.dim if tensor.tensor_shape else ())]
    if min(sizes, default=0) < 0:
        raise ValueError(f"its shape {tuple(sizes)} has a negative size")
    if math.prod(sizes) > max(len(value.tensor), _LARGEST):
        raise ValueError(f"its shape {tuple(sizes)} is larger than what it holds")
    return array_of(tensor)


def number(value: Outline) -> float:
    """A scalar."""
    if value.simple_value is not None:
        return value.simple_value
    array = tensor_of(value)
    if array.size != 1 or array.dtype.kind not in "fiub":
        raise ValueError(f"shape {array.shape} and dtype {array.dtype} are not one number")
    return float(array.reshape(()))


def rows(value: Outline) -> np.ndarray:
    """A histogram: (k, 3) float64 of rows (left, right, count).

    TensorFlow 1 writes the right edges of buckets that reach to the largest float, and many empty
    ones: those at both ends are left out, and the outer edges are the smallest and largest number.
    """
    if value.histo is None:
        found = np.array(tensor_of(value), np.float64)
        if found.ndim != 2 or found.shape[1] != 3:
            raise ValueError(f"shape {found.shape} is not that of rows (left, right, count)")
        return found
    old = Histogram.FromString(value.histo)
    full = np.flatnonzero(np.array(old.bucket, np.float64) > 0)
    if not len(full):
        return np.zeros((0, 3))
    first, last = int(full[0]), int(full[-1])
    edges = old.bucket_limit[first:last]
    if len(edges) != last - first:
        raise ValueError(f"{len(old.bucket)} buckets have {len(old.bucket_limit)} limits")
    left, right = [old.min or 0.0, *edges], [*edges, old.max or 0.0]
    return np.array([left, right, old.bucket[first : last + 1]]).T.copy()


def pictures(value: Outline) -> list[bytes]:
    """Encoded images."""
    if value.image is not None:
        return [Image.FromString(value.image).encoded_image_string or b""]
    return _strings(value)[2:]


def size_of(value: Outline) -> tuple[int, int]:
    """Width and height of images."""
    if value.image is not None:
        old = Image.FromString(value.image)
        size = (old.width or 0, old.height or 0)
    else:
        first = _strings(value)[:2]
        if len(first) < 2 or not all(text.isdigit() and len(text) < 10 for text in first):
            raise ValueError("its first two strings are not width and height")
        size = (int(first[0]), int(first[1]))
    if not all(0 <= x < 1 << 31 for x in size):
        raise ValueError(f"{size} is no size of a picture")
    return size


def clips(value: Outline) -> tuple[list[bytes], list[str]]:
    """Encoded sounds, and their labels."""
    if value.audio is not None:
        return [Audio.FromString(value.audio).encoded_audio_string or b""], [""]
    found = tensor_of(value)
    pairs = found if found.ndim == 2 and found.shape[1] == 2 else [(x, b"") for x in found.ravel()]
    if found.dtype != object:
        raise ValueError(f"dtype {found.dtype} holds no sounds")
    return [clip for clip, _ in pairs], [label.decode("utf-8", "replace") for _, label in pairs]


def texts(value: Outline) -> np.ndarray:
    """Texts: an array of str objects of any shape."""
    found = tensor_of(value)
    if found.dtype != object:
        raise ValueError(f"dtype {found.dtype} holds no text")
    decoded = np.empty(found.shape, object)
    decoded.ravel()[:] = [text.decode("utf-8", "replace") for text in found.ravel()]
    return decoded


def curve(value: Outline) -> np.ndarray:
    """A PR curve: (6, thresholds) float32."""
    found = np.array(tensor_of(value), np.float32)
    if found.ndim != 2 or len(found) != 6:
        raise ValueError(f"shape {found.shape} is not that of a PR curve, (6, thresholds)")
    return found


def _strings(value: Outline) -> list[bytes]:
    found = tensor_of(value)
    if found.ndim != 1 or found.dtype != object:
        raise ValueError(f"shape {found.shape} and dtype {found.dtype} are no list of strings")
    return list(found)

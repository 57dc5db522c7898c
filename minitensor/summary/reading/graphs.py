"""The graphs of a run, as the bytes of GraphDefs.

Source: tensorflow/core/protobuf/config.proto, RunMetadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minitensor.summary.reading.decoding import MALFORMED, Outline, tensor_of
from minitensor.summary.reading.tail import Tail
from minitensor.wire import parts

__all__ = ["graphs_of"]

_FUNCTION_GRAPHS, _BEFORE = 4, 2


def graphs_of(places: Iterable[tuple[Tail, str, tuple[int, int, int]]]) -> dict[str, bytes]:
    """The graphs that lie in files, by name; what cannot be read becomes a problem of its file."""
    found: dict[str, bytes] = {}
    for tail, name, (at, size, index) in places:
        try:
            if index < 0:
                found[name] = tail.point(at, size).graph or b""
                continue
            graphs = list(_traced(tail.value(at, size, index)))
        except (OSError, *MALFORMED) as error:
            tail.unfit(name, 0, error)
            continue
        names = [f"{name}/graph_{i}" for i in range(1, len(graphs) + 1)]
        found.update(zip(names if len(graphs) > 1 else [name], graphs, strict=True))
    return found


def _traced(value: Outline) -> Iterator[bytes]:
    """The graphs of the functions that ran, before they were optimised."""
    metadata = tensor_of(value).ravel()
    if metadata.dtype != object or len(metadata) != 1:
        raise ValueError("it is no RunMetadata")
    for field, wire, graphs in parts(metadata[0]):
        if (field, wire) == (_FUNCTION_GRAPHS, 2):
            yield from (x for number, kind, x in parts(graphs) if (number, kind) == (_BEFORE, 2))

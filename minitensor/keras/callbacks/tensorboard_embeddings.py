"""The tables of `Embedding` layers, in files for TensorBoard's projector."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten, suggest
from minitensor.keras.layers.embedding import Embedding
from minitensor.summary.projector_files import add_to_config, file_name, put, quoted, vectors_file

__all__ = ["checked_metadata", "record_embeddings", "settled_metadata"]


def checked_metadata(metadata: Any) -> Any:
    """None, the path of a file of labels, or paths by the names of layers.

    Raises:
        ArgumentError: (also a TypeError) for anything else.
    """
    if isinstance(metadata, Mapping):
        return {name: _path(path, f"of the layer {name!r}") for name, path in metadata.items()}
    return None if metadata is None else _path(metadata, "of labels")


def _path(given: Any, what: str) -> str:
    try:
        return os.fsdecode(given)
    except TypeError:
        raise ArgumentError(
            message("TensorBoard", f"{shorten(given)} in embeddings_metadata for the file {what}",
                    f"it is of type {type(given).__name__}",
                    "it is the path of a file in log_dir, or a dict of paths by names of layers",
                    'write embeddings_metadata="labels.tsv"')
        ) from None  # fmt: skip


def settled_metadata(model: Any, metadata: Any) -> dict[str, str]:
    """The files of labels by the names of the layers.

    Raises:
        InvalidArgumentError: (also a ValueError) for names of layers that are no embeddings.
    """
    names = [layer.name for layer in _tables(model)]
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        return {name: str(metadata) for name in names}
    unknown = [name for name in metadata if name not in names]
    if unknown:
        raise InvalidArgumentError(
            message("TensorBoard", f"embeddings_metadata for {unknown}", "Unrecognized `Embedding` "
                    "layer names passed to `keras.callbacks.TensorBoard` `embeddings_metadata` "
                    f"argument: {unknown}",
                    f"the model's Embedding layers are {names}" if names else
                    "the model has no Embedding layer",
                    suggest(unknown[0], names) if names else "leave embeddings_metadata out")
        )  # fmt: skip
    return dict(metadata)


def record_embeddings(model: Any, folder: Path, metadata: dict[str, str]) -> None:
    """Write the table of each layer as it is now, under the path of its weight."""
    for layer in _tables(model):
        weight = layer.weights[0]
        table = np.asarray(weight.numpy(), np.float32)
        ending, data = vectors_file(table)
        path = file_name(weight.path, ending)
        put(folder, path, data)
        lines = [f"tensor_path: {quoted(path)}", *(f"tensor_shape: {n}" for n in table.shape)]
        if layer.name in metadata:
            lines.append(f"metadata_path: {quoted(metadata[layer.name])}")
        add_to_config(folder, {weight.path: lines})


def _tables(model: Any) -> list[Any]:
    return [x for x in model._flatten_layers() if isinstance(x, Embedding)]

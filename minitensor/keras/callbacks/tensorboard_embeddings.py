"""The tables of `Embedding` layers, in files for TensorBoard's projector."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message, suggest
from minitensor.keras.layers.embedding import Embedding
from minitensor.summary.projector_files import add_to_config, file_name, put, quoted, vectors_file

__all__ = ["record_embeddings", "settled_metadata"]


def settled_metadata(model: Any, metadata: Any) -> dict[str, str]:
    """The files of labels by the names of the layers.

    Raises:
        InvalidArgumentError: (also a ValueError) for names of layers that are no embeddings.
    """
    names = [layer.name for layer in _tables(model)]
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        return {name: os.fspath(metadata) for name in names}
    unknown = [name for name in metadata if name not in names]
    if unknown:
        raise InvalidArgumentError(
            message("TensorBoard", f"embeddings_metadata for {unknown}", "Unrecognized `Embedding` "
                    "layer names passed to `keras.callbacks.TensorBoard` `embeddings_metadata` "
                    f"argument: {unknown}", f"the model's Embedding layers are {names}",
                    suggest(unknown[0], names))
        )  # fmt: skip
    return {name: os.fspath(path) for name, path in metadata.items()}


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

"""Embeddings: points with labels and thumbnails, in files that TensorBoard's projector opens."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.op import State, state
from minitensor.summary.arguments import listed
from minitensor.summary.context import present
from minitensor.summary.projections import check_method, points_of, projected
from minitensor.summary.projector_files import (
    add_to_config,
    config_before,
    file_name,
    labels_text,
    put,
    quoted,
    vectors_file,
)
from minitensor.summary.recording import holds
from minitensor.summary.sprite import sprite
from minitensor.summary.writer import folder_of

__all__ = ["embedding"]


def embedding(
    name: str, vectors: Any, labels: Any = None, *, columns: Sequence[str] | None = None,
    images: Any = None, project: Sequence[str] = (), logdir: str | os.PathLike[str] | None = None,
) -> bool:  # fmt: skip
    """Record points, such as the rows of an embedding, for TensorBoard's projector.

    They are written at once, into the folder `projector` of the run, and stand for the present: an
    embedding of the same name is replaced. Points with NaN or infinity, also as float32, are left
    out.

    Args:
        name: what the points are called.
        vectors: one point for each row.
        labels: what each point is: a word or number, or a row of them, one for each column.
        columns: the names of the labels, where each point has several.
        images: a thumbnail for each point: grey, RGB or RGBA; uint8, or floats from 0 to 1.
        project: "pca" and "tsne" also record coordinates computed by scikit-learn, as further
            embeddings called `<name>_pca` and `<name>_tsne`.
        logdir: the directory of the run; by default that of the default writer.

    Returns:
        Whether it was recorded: False without a writer and a directory.

    Shape: vectors (n, d), labels (n,) or (n, columns), images (n, height, width[, channels]).

    Raises:
        InvalidArgumentError: (also a ValueError) when they are not one for each point.
        ArgumentError: (also a TypeError) inside a traced function.
        UnavailableError: (also an ImportError) for `project` without scikit-learn.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> points = [[0.0, 1.0], [1.0, 0.0]]
        >>> mt.summary.embedding("words", points, ["king", "queen"], logdir=tempfile.mkdtemp())
        True
    """
    folder = _folder(logdir)
    methods = _methods(name, project)
    points = points_of("embedding", vectors)
    names, rows = _labels(labels, columns, len(points))
    whole = _whole(points)
    thumbnails = None if images is None else sprite(images, whole)
    if folder is None:
        return False
    rows = [rows[i] for i in np.flatnonzero(whole)] if rows else []
    tensors = {name: points[whole]}
    tensors |= {f"{name}_{method}": projected(points[whole], method, 3) for method in methods}
    _write(folder, tensors, labels_text(names, rows) if rows else "", thumbnails)
    return True


def _write(
    folder: Path, tensors: dict[str, np.ndarray], labels: str,
    thumbnails: tuple[bytes, tuple[int, int]] | None,
) -> None:  # fmt: skip
    """Write the files; all tensors share the labels and the thumbnails of the first."""
    try:
        config_before(folder)  # one that cannot be added to is told before anything is written
        add_to_config(folder, _blocks(folder, tensors, labels, thumbnails))
    except OSError as error:
        raise InvalidArgumentError(
            message("embedding", f"logdir={str(folder)!r}",
                    f"it cannot be written: {error.strerror or error}",
                    "a run is a directory that this program may make and write",
                    "make room, or choose a directory of your own")
        ) from error  # fmt: skip


def _blocks(
    folder: Path, tensors: dict[str, np.ndarray], labels: str,
    thumbnails: tuple[bytes, tuple[int, int]] | None,
) -> dict[str, list[str]]:  # fmt: skip
    """The files, and what the configuration says of them."""
    shared, name = [], next(iter(tensors))
    if labels:
        path = file_name(name, "labels.tsv")
        put(folder, path, labels.encode("utf-8", "replace"))
        shared.append(f"metadata_path: {quoted(path)}")
    if thumbnails:
        path = file_name(name, "png")
        put(folder, path, thumbnails[0])
        sizes = " ".join(f"single_image_dim: {size}" for size in thumbnails[1])
        shared.append(f"sprite {{ image_path: {quoted(path)} {sizes} }}")
    return {key: _put_tensor(folder, key, x) + shared for key, x in tensors.items()}


def _put_tensor(folder: Path, name: str, points: np.ndarray) -> list[str]:
    ending, data = vectors_file(points)
    path = file_name(name, ending)
    put(folder, path, data)
    sizes = [f"tensor_shape: {size}" for size in points.shape]
    return [f"tensor_path: {quoted(path)}", *sizes]


def _folder(logdir: Any) -> Path | None:
    if state.interpreter is not State.interpreter:
        raise ArgumentError(
            message("embedding", "points of a traced function", "they have no values yet",
                    "the files of an embedding are written by Python, once",
                    "call it outside the function under mt.function, for example after an epoch")
        )  # fmt: skip
    if logdir is not None:
        return folder_of(logdir, "embedding")
    here = present()
    return Path(here.writer.logdir) if here.writer is not None and holds(here.condition) else None


def _methods(name: Any, project: Any) -> list[str]:
    """How to place the points, after a check of that and of the name."""
    if not isinstance(name, str) or not name:
        raise ArgumentError(
            message("embedding", f"name={shorten(name)}", "that is no name",
                    "an embedding is found by its name, a text",
                    'write mt.summary.embedding("words", …)')
        )  # fmt: skip
    project = [project] if isinstance(project, str) else project
    methods = listed("embedding", "project", project, '"pca" and "tsne"')
    for method in methods:
        check_method(method)
    return methods


def _labels(labels: Any, columns: Any, count: int) -> tuple[list[str], list[list[str]]]:
    """The names of the columns, and a row of texts for each point."""
    if labels is None:
        return [], []
    labels = labels.numpy() if hasattr(labels, "numpy") else labels
    labels = listed("embedding", "labels", labels, "words, one for each point")
    several = [isinstance(row, list | tuple | np.ndarray) and np.ndim(row) == 1 for row in labels]
    rows = [[*map(_word, row)] if more else [_word(row)]
            for row, more in zip(labels, several, strict=True)]  # fmt: skip
    width = max(map(len, rows), default=0)
    columns = [columns] if isinstance(columns, str) or columns is None else columns
    names = [x for x in listed("embedding", "columns", columns, "names") if x is not None]
    names = names or (["label"] if width == 1 else [f"label {i + 1}" for i in range(width)])
    if len(rows) != count or {len(row) for row in rows} != {len(names)}:
        raise InvalidArgumentError(
            message("embedding",
                    f"{len(rows)} labels of {width} columns for {count} points, and "
                    f"{len(names)} names of columns", "they do not fit together",
                    "each point has a label, or a row of labels, one for each column",
                    "give as many labels as vectors has rows, and a name for each column")
        )  # fmt: skip
    return [str(name) for name in names], rows


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value.item() if isinstance(value, np.generic) else value)


def _whole(points: np.ndarray) -> np.ndarray:
    """Which points are made of numbers; a warning tells of the others."""
    whole = np.asarray(np.isfinite(points).all(axis=1))
    if not whole.any():
        raise InvalidArgumentError(
            message("embedding", f"{len(points)} points",
                    "each of them holds NaN or infinity, or what float32 cannot hold",
                    "a point is drawn where its numbers say",
                    "look for the step that made NaN, for example with mt.debugging")
        )  # fmt: skip
    if not whole.all():
        warnings.warn(
            f"embedding: {np.count_nonzero(~whole)} of {len(points)} points hold NaN or infinity, "
            "or what float32 cannot hold, and are left out, with their labels and images.",
            UserWarning,
            stacklevel=3,
        )
    return whole

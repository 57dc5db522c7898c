"""The two files of a saved model: `graph.json`, and the large arrays that it speaks of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minitensor.errors import NotFoundError
from minitensor.saved_model.pair import Pair

__all__ = ["GRAPH", "MissingFileError", "pair", "read", "write"]

GRAPH = "graph.json"


class MissingFileError(NotFoundError, FileNotFoundError):
    """No saved model is there."""


def pair(folder: Path) -> Pair:
    """The files in a folder."""
    path = folder / GRAPH
    return Pair(path, "variables", "minitensor.saved_model", "mt.saved_model.save")


def write(folder: Path, content: dict, tensors: dict[str, np.ndarray]) -> None:
    """Write a model into a folder; one that is there is replaced only when all is written."""
    pair(folder).write(content, tensors)


def read(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """What `graph.json` says, and the arrays of the other file.

    Raises:
        MissingFileError: (also a FileNotFoundError) when there is none.
        Broken: when the files are not what was written.
    """
    try:
        return pair(folder).read()
    except FileNotFoundError:
        raise MissingFileError(
            f"SavedModel file does not exist at: {folder}/{GRAPH}\nA saved model is a folder with "
            f"the file {GRAPH} in it. To fix it: give the path that mt.saved_model.save was given."
        ) from None

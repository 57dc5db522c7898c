"""Looking into a checkpoint without a program to restore it into."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.dtypes import DType, as_dtype
from minitensor.errors import NotFoundError, suggest
from minitensor.train.objects import STATE, VALUE, key_of
from minitensor.train.reading import prefix_of, read
from minitensor.train.state_file import latest_checkpoint

__all__ = ["CheckpointReader", "list_variables", "load_checkpoint", "load_variable"]

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class CheckpointReader:
    """The values in a checkpoint, by their names in the file."""

    def __init__(self, prefix: str):
        self._values: dict[str, np.ndarray] = {}
        entries, objects = read(prefix, "load_checkpoint")
        for given, entry in zip(objects, entries, strict=True):
            if entry.value is not None:
                self._values[key_of(entry.path, VALUE)] = entry.value
            if entry.has_state:  # what is no array is given as text
                self._values[key_of(entry.path, STATE)] = _text(given["state"])
        self._values[GRAPH] = _text(objects)

    def get_tensor(self, tensor_str: str) -> Any:
        """A value as a numpy array; text as bytes.

        Raises:
            NotFoundError: for a name that is not in the checkpoint.
        """
        if tensor_str not in self._values:
            raise NotFoundError(
                f"Key {tensor_str} not found in checkpoint. Names are the ways to the variables, "
                f"as mt.train.list_variables gives them. To fix it: "
                f"{suggest(tensor_str, sorted(self._values))}."
            )
        value = self._values[tensor_str]
        return value[()] if value.dtype.kind == "O" and not value.shape else value.copy()

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is a value of that name."""
        return tensor_str in self._values

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shapes of all values."""
        return {name: list(value.shape) for name, value in self._values.items()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """The dtypes of all values."""
        return {name: as_dtype(value.dtype) for name, value in self._values.items()}


def load_checkpoint(ckpt_dir_or_file: str | os.PathLike) -> CheckpointReader:
    """A reader of a checkpoint.

    Args:
        ckpt_dir_or_file: the path of a checkpoint, or a folder, of which the latest is read.

    Raises:
        NotFoundError: when there is none.
        DataLossError: (also a ValueError) when its files are damaged.
    """
    path = prefix_of(ckpt_dir_or_file, "load_checkpoint")
    if Path(path).is_dir():
        latest = latest_checkpoint(path)
        if latest is None:
            raise NotFoundError(
                f"Couldn't find 'checkpoint' file or checkpoints in given directory {path}. To fix "
                "it: give the path of a checkpoint."
            )
        path = latest
    return CheckpointReader(path)


def list_variables(ckpt_dir_or_file: str | os.PathLike) -> list[tuple[str, list[int]]]:
    """The names and shapes of the values in a checkpoint, sorted.

    Args:
        ckpt_dir_or_file: the path of a checkpoint, or a folder, of which the latest is read.

    Raises:
        NotFoundError: when there is none.
        DataLossError: (also a ValueError) when its files are damaged.

    Example:
        >>> import minitensor as mt, tempfile
        >>> checkpoint = mt.train.Checkpoint(layers=[mt.Variable([1.0, 2.0])])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = checkpoint.write(f"{folder}/ck")
        ...     mt.train.list_variables(path)[1]
        ...     mt.train.load_variable(path, "layers/0/.ATTRIBUTES/VARIABLE_VALUE")
        ('layers/0/.ATTRIBUTES/VARIABLE_VALUE', [2])
        array([1., 2.], dtype=float32)
    """
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: str | os.PathLike, name: str) -> Any:
    """One value of a checkpoint, as a numpy array.

    Args:
        ckpt_dir_or_file: the path of a checkpoint, or a folder, of which the latest is read.
        name: a name that `list_variables` gives.

    Raises:
        NotFoundError: when there is no such checkpoint, or no such value in it.
        DataLossError: (also a ValueError) when its files are damaged.
    """
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name)


def _text(content: Any) -> np.ndarray:
    text = np.empty((), object)
    text[()] = json.dumps(content, ensure_ascii=False).encode()
    return text

"""HDF5 files of weights, as Keras 3 writes them, through h5py.

HDF5 files can point to other files; such pointers are not followed.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from minitensor.errors import UnavailableError, message
from minitensor.keras.saving.stored import Stored
from minitensor.saved_model.values import Broken

__all__ = ["read_hdf5", "write_hdf5"]

DEEPEST, MOST = 64, 100_000


def write_hdf5(places: list[tuple[str, str, list[np.ndarray]]]) -> bytes:
    """A file with these places: path, name and arrays of each."""
    buffer = io.BytesIO()
    with _h5py().File(buffer, "w") as file:
        for path, name, arrays in places:
            group = file.create_group(f"{path}/vars".lstrip("/"))
            group.attrs["name"] = name
            for i, array in enumerate(arrays):
                group.create_dataset(str(i), data=array)
    return buffer.getvalue()


def read_hdf5(data: bytes) -> dict[str, Stored]:
    """The arrays of a file, by their names: `layers/dense/vars/0`.

    Raises:
        Broken: when it is damaged, or points to something outside.
    """
    h5py = _h5py()
    try:
        file = h5py.File(io.BytesIO(data), "r")
    except (OSError, ValueError, RuntimeError) as error:
        raise Broken(f"it is no HDF5 file: {error}") from None
    try:
        return dict(_datasets(h5py, file, "", 0))
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise Broken(f"it is damaged: {error}") from None


def _datasets(h5py: Any, group: Any, path: str, depth: int) -> Iterator[tuple[str, Stored]]:
    if depth > DEEPEST or len(group) > MOST:
        raise Broken(f"its groups at {path!r} are too many, or too deep")
    for name in group:
        where = f"{path}/{name}".lstrip("/")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise Broken(f"{where!r} points to something outside")
        inner = group[name]
        if isinstance(inner, h5py.Group):
            yield from _datasets(h5py, inner, where, depth + 1)
        elif isinstance(inner, h5py.Dataset):
            yield where, _stored(inner, where)


def _stored(dataset: Any, where: str) -> Stored:
    if dataset.external or dataset.is_virtual:
        raise Broken(f"the elements of {where!r} are in another file")
    if dataset.shape is None:
        raise Broken(f"{where!r} has no shape")

    def read() -> Any:
        try:
            return dataset[()]
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise Broken(f"{where!r} is damaged: {error}") from None

    return Stored(tuple(dataset.shape), dataset.dtype, read)


def _h5py() -> Any:
    """The library, imported when a file is read or written.

    Raises:
        UnavailableError: (also an ImportError) where it is not installed.
    """
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise UnavailableError(
            message("HDF5 files", "", "h5py is not installed",
                    "the package h5py reads and writes HDF5, the format of Keras's weights",
                    "pip install 'minitensor[keras]'; or save to a name that ends in "
                    "'.safetensors', which needs nothing more")
        ) from None  # fmt: skip

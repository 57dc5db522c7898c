"""`.keras` files: a zip with the configuration as JSON and the weights, read with suspicion."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any

from minitensor.keras.saving.hdf5 import read_hdf5
from minitensor.keras.saving.stored import Stored, read_safetensors
from minitensor.saved_model.pair import parsed
from minitensor.saved_model.values import Broken

__all__ = ["packed", "unpacked_config", "unpacked_weights"]

CONFIG, METADATA = "config.json", "metadata.json"
READERS = {"model.weights.safetensors": read_safetensors, "model.weights.h5": read_hdf5}
SMALL, RATIO = 1 << 26, 100
"""A part may be larger than SMALL bytes only if that is at most RATIO times what it takes."""


def packed(config: dict, metadata: dict, weights: bytes) -> bytes:
    """A zip with the three parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(config, allow_nan=False))
        archive.writestr("model.weights.safetensors", weights)
    return buffer.getvalue()


def unpacked_config(data: bytes) -> dict[str, Any]:
    """The configuration of the model.

    Raises:
        Broken: when the file is damaged.
    """
    try:
        config = parsed(_part(data, CONFIG))
    except (ValueError, RecursionError) as error:
        raise Broken(f"{CONFIG} is no JSON: {error}") from None
    if not isinstance(config, dict):
        raise Broken(f"{CONFIG} is no object")
    return config


def unpacked_weights(data: bytes) -> dict[str, Stored]:
    """The arrays, by their names: minitensor's safetensors, or Keras's HDF5.

    Raises:
        Broken: when the file is damaged.
    """
    names = _names(data)
    for name, reader in READERS.items():
        if name in names:
            return reader(_part(data, name))
    raise Broken(f"it holds no weights: {sorted(names)[:5]}")


def _names(data: bytes) -> set[str]:
    with _opened(data) as archive:
        return set(archive.namelist())


def _part(data: bytes, name: str) -> bytes:
    """The bytes of one part; nothing is ever unpacked into a folder."""
    with _opened(data) as archive:
        found = [info for info in archive.infolist() if info.filename == name]
        if len(found) != 1:
            raise Broken(f"it holds {name} {len(found)} times")
        if found[0].file_size > max(SMALL, RATIO * found[0].compress_size):
            raise Broken(f"{name} would be {found[0].file_size} bytes: far more than it takes")
        try:
            return archive.read(found[0])
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError,
                EOFError, ValueError) as error:  # fmt: skip
            raise Broken(f"{name} is damaged: {error}") from None


def _opened(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise Broken(f"it is no zip file: {error}") from None

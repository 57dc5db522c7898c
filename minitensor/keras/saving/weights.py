"""`save_weights` and `load_weights`: the variables of a model in a file, without the model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.backend import to_numpy
from minitensor.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    message,
    shorten,
)
from minitensor.keras.model import Model
from minitensor.keras.saving.archive import unpacked_weights
from minitensor.keras.saving.filling import fill
from minitensor.keras.saving.hdf5 import read_hdf5, write_hdf5
from minitensor.keras.saving.layout import Place, key_of, places
from minitensor.keras.saving.stored import Stored, by_place, read_safetensors
from minitensor.keras.saving.transfer import fill_by_names
from minitensor.saved_model.pair import replace, safetensors
from minitensor.saved_model.values import Broken
from minitensor.variable import Variable

__all__ = ["MissingModelError", "as_path", "as_safetensors", "check_model", "load_weights", "put",
           "read_bytes", "save_weights"]  # fmt: skip


class MissingModelError(NotFoundError, FileNotFoundError, ValueError):
    """No file of a model or of weights is there."""


def save_weights(model: Any, filepath: str | os.PathLike, overwrite: bool = True) -> None:
    """Write the weights of a model, and what its optimiser has counted, into a file.

    Args:
        model: a built model.
        filepath: a name that ends in `.weights.h5` (Keras reads it; needs h5py), or in
            `.safetensors`.
        overwrite: whether a file of that name may be replaced.

    Raises:
        InvalidArgumentError: (also a ValueError) for another ending, a model without weights, or a
            file that may not be replaced.

    Example:
        >>> import minitensor as mt, tempfile
        >>> model = mt.keras.Sequential([mt.keras.Input((3,)), mt.keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save_weights(f"{folder}/model.safetensors")
        ...     model.load_weights(f"{folder}/model.safetensors")
    """
    path = as_path(filepath, "save_weights")
    _check_built(model, "save_weights")
    if path.name.endswith(".weights.h5"):
        data = write_hdf5([(p.path, p.owner.name, _arrays(p)) for p in places(model)])
    elif path.suffix == ".safetensors":
        data = as_safetensors(places(model))
    else:
        raise InvalidArgumentError(
            message("save_weights", "", "The filename must end in `.weights.h5`. Received: "
                    f"filepath={path}", "the ending says the format",
                    "end it in .weights.h5 (for Keras, too) or in .safetensors")
        )  # fmt: skip
    put(path, data, overwrite)


def load_weights(model: Any, filepath: str | os.PathLike, skip_mismatch: bool = False,
                 name_map: Mapping[str, Any] | None = None) -> None:  # fmt: skip
    """Replace the weights of a model by those in a file.

    What `save_weights` and `save` wrote can be read, and Keras 3's `.weights.h5` and `.keras`
    (through h5py). Other safetensors files, like PyTorch's, need a map of names.

    Args:
        model: a built model.
        filepath: the file.
        skip_mismatch: leave layers as they are whose arrays do not fit, and warn.
        name_map: for other safetensors files: `{weight.path: their name}`, or the path and a pair:
            their name, and the order of axes for `numpy.transpose`, or a function of the array.
            PyTorch's dense kernels need (1, 0), those of 2-D convolutions (2, 3, 1, 0). Weights
            that are not in the map stay as they are.

    Raises:
        MissingModelError: (also a FileNotFoundError and a ValueError) when there is no file.
        DataLossError: (also a ValueError) when it is damaged.
        InvalidArgumentError: (also a ValueError) when it is that of another model. The weights are
            not changed in any of these cases.

    Example:
        >>> import minitensor as mt, numpy as np, tempfile
        >>> from safetensors.numpy import save_file
        >>> model = mt.keras.Sequential([mt.keras.Input((3,)), mt.keras.layers.Dense(2)])
        >>> kernel, bias = [w.path for w in model.weights]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_file({"fc.weight": np.ones((2, 3), "f"), "fc.bias": np.zeros(2, "f")},
        ...               f"{folder}/torch.safetensors")
        ...     model.load_weights(f"{folder}/torch.safetensors",
        ...                        name_map={kernel: ("fc.weight", (1, 0)), bias: "fc.bias"})
        >>> model(mt.ones((1, 3))).numpy()
        array([[3., 3.]], dtype=float32)
    """
    path = as_path(filepath, "load_weights")
    reader = _reader(path)
    _check_built(model, "load_weights")
    data = read_bytes(path, "load_weights")
    try:
        stored = reader(data)
        if name_map is not None:
            fill_by_names(model, stored, name_map)
        else:
            fill(model, _at_places(path, stored, model), skip_mismatch)
    except Broken as error:
        raise DataLossError(
            message("load_weights", repr(str(path)), str(error), "weights are read as a whole or "
                    "not at all; no weight was changed", "save them again, or copy the file again")
        ) from None  # fmt: skip


def as_path(filepath: Any, what: str) -> Path:
    """The path of a file.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no name of a file.
    """
    if not isinstance(filepath, (str, os.PathLike)) or not Path(filepath).name:
        raise InvalidArgumentError(
            message(what, f"filepath={shorten(filepath)}", "it is no name of a file",
                    "a file is named by text or a pathlib.Path", "pass for example 'model.keras'")
        )  # fmt: skip
    return Path(filepath)


def put(path: Path, data: bytes, overwrite: bool) -> None:
    """Put a file in place in one step.

    Raises:
        InvalidArgumentError: (also a ValueError) when there is one and it may not be replaced.
    """
    if path.exists() and (not overwrite or path.is_dir()):
        raise InvalidArgumentError(
            message("saving", repr(str(path)), f"{path} already exists",
                    "overwrite=False keeps files that are there, and folders are never replaced",
                    "give another name, or overwrite=True")
        )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, data)


def read_bytes(path: Path, what: str) -> bytes:
    """What a file holds.

    Raises:
        MissingModelError: (also a FileNotFoundError and a ValueError) when there is none.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingModelError(
            f"{what}: File not found: filepath={path}. Please ensure the file is an accessible "
            f"`.keras` zip file or a file of weights ({error.strerror}). To fix it: give the path "
            "that the model was saved to."
        ) from None


def as_safetensors(found: list[Place]) -> bytes:
    """The variables of these places as a safetensors file."""
    arrays = {key_of(p.path, i): x for p in found for i, x in enumerate(_arrays(p))}
    return safetensors().save(arrays)


def _arrays(place: Place) -> list[np.ndarray]:
    return [_array(variable) for variable in place.variables]


def _array(variable: Variable) -> np.ndarray:
    """A value; dtypes that other libraries lack become float32, which holds all their values."""
    array = np.ascontiguousarray(to_numpy(variable._array)).reshape(variable._array.shape)
    return array.astype(np.float32) if variable.dtype.is_floating and array.dtype.kind == "V" \
        else array  # fmt: skip


def _reader(path: Path) -> Any:
    if path.suffix == ".h5":
        return read_hdf5
    if path.suffix == ".safetensors":
        return read_safetensors
    if path.suffix == ".keras":
        return unpacked_weights
    raise InvalidArgumentError(
        message("load_weights", "", f"File format not supported: filepath={path}",
                "Keras's `.weights.h5` and `.keras` files are read, and `.safetensors`",
                "give a file with one of these endings")
    )  # fmt: skip


def check_model(what: str, model: Any) -> None:
    """Check that something is a model.

    Raises:
        InvalidArgumentError: (also a ValueError) when it is not.
    """
    if not isinstance(model, Model):
        raise InvalidArgumentError(
            message(what, shorten(model), f"a {type(model).__name__} is no keras.Model",
                    "models are saved, with their layers", "put the layers into a model, for "
                    "example keras.Sequential; mt.train.Checkpoint saves any mt.Module")
        )  # fmt: skip


def _check_built(model: Any, what: str) -> None:
    check_model(what, model)
    if not model.built:
        raise InvalidArgumentError(
            message(what, f"the model {model.name!r}",
                    "You are loading weights into a model that has not yet been built"
                    if what == "load_weights" else "the model has no weights yet",
                    "weights are made when the shape of the input is known",
                    "Try building the model first by calling it on some data or by using `build()`")
        )  # fmt: skip


def _at_places(path: Path, stored: Mapping[str, Stored], model: Any) -> dict[str, list[Stored]]:
    """The arrays by their places.

    Raises:
        InvalidArgumentError: (also a ValueError) when the names are those of another library.
    """
    found = by_place(stored.items())
    if found or not stored:
        return found
    paths = [getattr(w, "path", w.name) for w in model.weights]
    first = next(iter(paths), "dense/kernel")
    raise InvalidArgumentError(
        message("load_weights", repr(str(path)),
                f"it has names like {sorted(stored)[:3]}, and the weights of the model are called "
                f"{paths[:3]}", "files that Keras or minitensor wrote have names like "
                "'layers/dense/vars/0'; others need a map of names",
                f"name_map={{{first!r}: {sorted(stored)[0]!r}, …}}")
    )  # fmt: skip

"""Objects of a program as two files: `ck-1.json` and the arrays beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import NotFoundError
from minitensor.saved_model.pair import Pair
from minitensor.saved_model.values import array_to_json
from minitensor.scopes import init_scope
from minitensor.train.objects import STATE, VALUE, Found, has_state, key_of, walk
from minitensor.train.states import state_to_json
from minitensor.variable import Variable

__all__ = ["pair", "write"]


def pair(prefix: str) -> Pair:
    """The files of a checkpoint: `prefix` is their path without the endings."""
    path = Path(f"{prefix}.json")
    return Pair(path, Path(prefix).name, "minitensor.checkpoint", "mt.train.Checkpoint")


def write(prefix: str, root: Any) -> None:
    """Write what an object is made of; a checkpoint of that name stays until the new one is whole.

    Raises:
        NotFoundError: (also a LookupError) when no file can be made there.
    """
    tensors: dict[str, np.ndarray] = {}
    with init_scope():
        objects = [_entry(found, tensors) for found in walk(root)]
    try:
        pair(prefix).write({"objects": objects}, tensors)
    except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError,
            PermissionError) as error:  # fmt: skip
        raise NotFoundError(
            f"{error.filename}; {error.strerror}. A checkpoint is written into a folder that can "
            "be made and written to. To fix it: give another path."
        ) from None


def _entry(found: Found, tensors: dict[str, np.ndarray]) -> dict:
    entry: dict = {"kind": _kind(found.thing)}
    if found.parts:
        entry["parts"] = found.parts
    if isinstance(found.thing, Variable):
        key = key_of(found.path, VALUE)
        entry["name"] = getattr(found.thing, "path", found.thing.name)
        entry["value"] = array_to_json(found.thing._array, key, tensors, -1)
    elif has_state(found.thing):
        state = found.thing.save_state()
        entry["state"] = state_to_json(state, key_of(found.path, STATE), tensors)
    return entry


def _kind(thing: Any) -> str:
    for kind in (Variable, dict, list, tuple):
        if isinstance(thing, kind):
            return kind.__name__
    return type(thing).__name__

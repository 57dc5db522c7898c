"""The files of a checkpoint, read with suspicion: all is checked before any of it is used."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import (
    ArgumentError,
    DataLossError,
    NotFoundError,
    OpError,
    message,
    shorten,
)
from minitensor.saved_model.checks import checked, is_bad
from minitensor.saved_model.values import Broken, array_from_json
from minitensor.train.states import state_from_json
from minitensor.train.writing import pair

__all__ = ["Entry", "prefix_of", "read"]

MISSING = "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "


@dataclass
class Entry:
    """An object in a checkpoint."""

    kind: str
    parts: dict[str, int]
    path: tuple[str, ...] = ()
    value: np.ndarray | None = None
    """What the variable held; None for anything else."""
    state: Any = None
    has_state: bool = False

    @property
    def label(self) -> str:
        """How messages call it: `(root).model.w`."""
        return ".".join(["(root)", *self.path])

    @property
    def holds_something(self) -> bool:
        """Whether there is a value or a state to be restored."""
        return self.value is not None or self.has_state


def prefix_of(path: Any, what: str) -> str:
    """A path as it was given, as a string.

    Raises:
        ArgumentError: (also a TypeError) for what is no path.
    """
    try:
        return os.fsdecode(path)
    except TypeError:
        raise ArgumentError(
            message(what, repr(path), f"Expected binary or unicode string, got {path!r}",
                    "a checkpoint is named by its path",
                    "give the path that `save` returned, or mt.train.latest_checkpoint(folder)")
        ) from None  # fmt: skip


def read(prefix: str, what: str, why: str = "") -> tuple[list[Entry], list[dict]]:
    """The objects of a checkpoint, and the JSON that describes them.

    Raises:
        NotFoundError: when there is none.
        DataLossError: (also a ValueError) when its files are damaged.
    """
    try:
        content, tensors = pair(prefix).read()
        return _entries(content, tensors), content["objects"]
    except FileNotFoundError:
        raise NotFoundError(f"{why}{MISSING}{prefix}\n{_hint(prefix)}") from None
    except Broken as error:
        fault = str(error)
    except (OpError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
            RecursionError, MemoryError) as error:  # fmt: skip
        fault = f"it does not hold together ({type(error).__name__}: {shorten(str(error), 300)})"
    raise DataLossError(
        message(what, repr(prefix), fault, "a checkpoint is read as a whole or not at all; no "
                "variable was changed", "restore an older checkpoint, or copy the files again")
    )  # fmt: skip


def _hint(prefix: str) -> str:
    path = Path(prefix)
    if path.is_dir():
        return f"That is a folder. To fix it: restore(mt.train.latest_checkpoint({prefix!r}))."
    if path.suffix in (".json", ".safetensors") and path.exists():
        return f"A checkpoint has two files. To fix it: leave out {path.suffix!r}."
    if Path(f"{prefix}.index").exists():
        return ("A checkpoint of TensorFlow's own format is there, which is not read here. To fix "
                "it: in TensorFlow, model.save_weights('name.weights.h5'), and load_weights "
                "here.")  # fmt: skip
    return (
        "Please double-check that the path is correct. You may be missing the checkpoint suffix "
        "(e.g. the '-1' in 'path/to/ckpt-1')."
    )


class _Once(dict):
    """Arrays that are each taken once."""

    def __getitem__(self, key: Any) -> Any:
        return self.pop(key)


def _entries(content: dict, tensors: dict[str, np.ndarray]) -> list[Entry]:
    table = checked(content["objects"], list)
    unread = _Once(tensors)
    entries = [_entry(checked(given, dict), len(table), unread) for given in table]
    if unread:
        raise Broken(f"nothing belongs to the tensors {sorted(unread)}")
    if not entries:
        raise Broken("there are no objects")
    _name(entries)
    return entries


def _entry(given: dict, count: int, unread: dict[str, np.ndarray]) -> Entry:
    parts = checked(given.get("parts", {}), dict)
    for name, number in parts.items():
        if is_bad(number, count):
            raise Broken(f"the part {name!r} is object {number!r}, which does not exist")
    entry = Entry(checked(given["kind"], str), parts, has_state="state" in given)
    if "value" in given:
        entry.value = array_from_json(checked(given["value"], dict), unread)
    if entry.has_state:
        entry.state = state_from_json(given["state"], unread)
    return entry


def _name(entries: list[Entry]) -> None:
    """Name objects by the shortest way from the first one, as in the program that wrote them."""
    seen = {0}
    waiting = deque([0])
    while waiting:
        here = entries[waiting.popleft()]
        for name, number in here.parts.items():
            if number not in seen:
                seen.add(number)
                entries[number].path = (*here.path, name)
                waiting.append(number)
    if len(seen) != len(entries):
        raise Broken(f"{len(entries) - len(seen)} objects are parts of nothing")

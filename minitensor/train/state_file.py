"""The file `checkpoint` in a folder of checkpoints: which of them is the latest, and which exist.

It is TensorFlow's: lines of `key: value`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minitensor.errors import DataLossError, message
from minitensor.saved_model.pair import replace
from minitensor.train.reading import prefix_of
from minitensor.train.writing import pair

__all__ = ["CheckpointState", "get_checkpoint_state", "latest_checkpoint", "record"]

NAME = "checkpoint"


@dataclass
class CheckpointState:
    """What the file says: paths, and seconds since 1970."""

    model_checkpoint_path: str
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float = 0.0


def record(folder: str, latest: str, paths: Sequence[str], times: Sequence[float] = (),
           preserved: float | None = None) -> None:  # fmt: skip
    """Write the file in one step, with paths below its folder."""
    lines = [f"model_checkpoint_path: {json.dumps(Path(latest).name)}"]
    lines += [f"all_model_checkpoint_paths: {json.dumps(Path(path).name)}" for path in paths]
    lines += [f"all_model_checkpoint_timestamps: {time!r}" for time in times]
    lines += [] if preserved is None else [f"last_preserved_timestamp: {preserved!r}"]
    replace(Path(folder) / NAME, "".join(f"{line}\n" for line in lines).encode())


def get_checkpoint_state(checkpoint_dir: str | os.PathLike,
                         latest_filename: str | None = None) -> CheckpointState | None:  # fmt: skip
    """What the file in a folder says; None where there is none.

    Raises:
        DataLossError: (also a ValueError) when it is damaged, or names files of other folders.
    """
    folder = prefix_of(checkpoint_dir, "get_checkpoint_state")
    path = Path(folder) / (latest_filename or NAME)
    try:
        text = path.read_bytes().decode()
        return _state(folder, text)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise DataLossError(
            message("get_checkpoint_state", repr(str(path)), str(error),
                    "it has lines like 'model_checkpoint_path: \"ck-1\"', which name checkpoints "
                    "in its own folder",
                    "remove the file, and give the path of a checkpoint to restore()")
        ) from None  # fmt: skip


def latest_checkpoint(checkpoint_dir: str | os.PathLike,
                      latest_filename: str | None = None) -> str | None:  # fmt: skip
    """The path of the latest checkpoint in a folder, to be restored; None if there is none.

    Args:
        checkpoint_dir: the folder.
        latest_filename: another name for the file that says which is the latest.

    Raises:
        DataLossError: (also a ValueError) when that file is damaged.

    Example:
        >>> import minitensor as mt, os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(mt.train.latest_checkpoint(folder))
        ...     _ = mt.train.Checkpoint(x=mt.Variable(1.0)).save(f"{folder}/ck")
        ...     print(os.path.basename(mt.train.latest_checkpoint(folder)))
        None
        ck-1
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not pair(state.model_checkpoint_path).path.is_file():
        return None
    return state.model_checkpoint_path


def _state(folder: str, text: str) -> CheckpointState:
    found: dict[str, list] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if line.strip():
            found.setdefault(key.strip() if colon else line, []).append(value)
    state = CheckpointState(
        _only([_path(folder, x) for x in found.pop("model_checkpoint_path", [])]),
        [_path(folder, x) for x in found.pop("all_model_checkpoint_paths", [])],
        [_time(x) for x in found.pop("all_model_checkpoint_timestamps", [])],
        _only([_time(x) for x in found.pop("last_preserved_timestamp", ["0"])]),
    )
    if found:
        raise ValueError(f"its line {next(iter(found))!r} is unknown")
    return state


def _only(values: list) -> Any:
    if len(values) != 1:
        raise ValueError(f"it says {len(values)} times what it should say once")
    return values[0]


def _path(folder: str, value: str) -> str:
    name = json.loads(value)
    plain = isinstance(name, str) and name not in ("", "..") and Path(name).name == name
    if not plain or "\0" in name or "\\" in name:
        raise ValueError(f"{value.strip()} is no name of a checkpoint in this folder")
    return os.path.join(folder, name)  # noqa: PTH118 - keeps a folder's name as it was given


def _time(value: str) -> float:
    time = float(value)
    if not 0 <= time < 1e12:
        raise ValueError(f"{value.strip()} is no time")
    return time

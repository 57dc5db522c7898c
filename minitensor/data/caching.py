"""Elements kept: in memory, or in files that the next program reads too.

A cache is filled by the first walk that reaches the end. A file holds no code, only JSON and
safetensors, and stands there whole or not at all.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.data.columns import ListCursor, pack, unpack
from minitensor.data.elements import tensor_specs
from minitensor.data.selecting import Passing
from minitensor.data.stage import Cursor, Stage
from minitensor.errors import DataLossError, InvalidArgumentError, NotFoundError, message
from minitensor.saved_model.pair import Pair
from minitensor.saved_model.values import Broken, array_from_json, array_to_json
from minitensor.tensor import TensorSpec

__all__ = ["Cache", "load", "save"]


class Cache(Passing):
    """The elements of the first whole walk, again in every later one."""

    def __init__(self, before: Stage, path: str):
        super().__init__("Cache", before, before.size, path)
        self.kept: Any = None
        """The tokens, once a walk has reached the end."""
        self.file = Pair(Path(f"{path}.json"), Path(path).name, FORMAT, "Dataset") if path else None
        if self.file is not None:
            self.rows = None
            tensor_specs(before.spec, "Dataset.cache")

    def cursor(self, run: int) -> Cursor:
        """Reads what an earlier walk kept, or keeps it."""
        if self.kept is None and self.file is not None:
            self.kept = _read(self.file, self.spec)
        return _Caching(self, run)

    def keep(self, tokens: list) -> None:
        """Take the tokens of a whole walk."""
        if self.rows is not None:
            self.kept = np.asarray(tokens, dtype=np.int64)
            return
        if self.file is not None:
            _write(self.file, self.spec, tokens)
        self.kept = tokens


class _Caching(Cursor):
    """Passes elements on and keeps them, or reads those that are kept.

    Its state holds what it has kept, so that a restored walk fills its cache as this one would.
    """

    def __init__(self, stage: Cache, run: int):
        self.stage, self.tokens = stage, []
        self.reading = None if stage.kept is None else ListCursor(stage.kept)
        before = stage.inputs[0]
        self.inner = before.elements(run) if stage.file is not None else before.cursor(run)

    def __next__(self) -> Any:
        if self.reading is not None:
            return next(self.reading)
        for token in self.inner:
            self.tokens.append(token)
            return token
        self._finish()
        raise StopIteration

    def many(self, count: int) -> Any:
        if self.reading is not None:
            return self.reading.many(count)
        found = self.inner.many(count)
        self.tokens.extend(found)
        if len(found) < count:
            self._finish()
        return found

    def _finish(self) -> None:
        if self.stage.kept is None:
            self.stage.keep(self.tokens)
        self.reading = ListCursor([])

    def save_state(self) -> dict:
        if self.reading is not None:
            return {"kept": pack(self.reading.tokens), "at": self.reading.at}
        return {"kept": pack(self.tokens), "at": None, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        tokens: Any = unpack(state["kept"], self.stage.spec)
        if state["at"] is None:
            self.tokens, self.reading = tokens, None
            self.inner.restore_state(state["input"])
            return
        if self.stage.rows is not None:
            tokens = np.asarray(tokens, dtype=np.int64)
        if self.stage.kept is None and len(tokens):
            self.stage.kept = tokens
        self.reading = ListCursor(tokens)
        self.reading.at = state["at"]


# Files.

FORMAT = "minitensor.data"


def _write(file: Pair, spec: Any, tokens: list) -> None:
    tensors: dict[str, np.ndarray] = {}
    content = {"spec": repr(spec), "elements": as_json(pack(tokens), tensors)}
    file.write(content, tensors)


def _read(file: Pair, spec: Any) -> list | None:
    """The elements in a file; None when there is no such file."""
    try:
        content, tensors = file.read()
        if content["spec"] != repr(spec):
            raise InvalidArgumentError(
                message("Dataset.cache", f"the file {file.path}", f"it holds elements "
                        f"{content['spec']}, and the dataset has {spec}", "a cache belongs to one "
                        "pipeline", "delete the file, or choose another name")
            )  # fmt: skip
        return unpack(from_json(content["elements"], tensors), spec)
    except FileNotFoundError:
        return None
    except (Broken, DataLossError, KeyError, TypeError) as error:
        raise DataLossError(
            message("Dataset.cache", f"the file {file.path}", f"it is not what was written: "
                    f"{error}", "a cache is written in one step and has a checksum",
                    "delete it: it will be made again")
        ) from None  # fmt: skip


def as_json(value: Any, tensors: dict[str, np.ndarray]) -> Any:
    """A state as JSON; arrays go to `tensors`."""
    if isinstance(value, np.ndarray):
        return {"array": array_to_json(value, f"array_{len(tensors)}", tensors, few=0)}
    if isinstance(value, dict):
        return {key: as_json(part, tensors) for key, part in value.items()}
    if isinstance(value, list):
        return [as_json(part, tensors) for part in value]
    return value


def from_json(value: Any, tensors: dict[str, np.ndarray]) -> Any:
    """The state again."""
    if isinstance(value, dict):
        if set(value) == {"array"}:
            return array_from_json(value["array"], tensors)
        return {key: from_json(part, tensors) for key, part in value.items()}
    if isinstance(value, list):
        return [from_json(part, tensors) for part in value]
    return value


def save(stage: Stage, path: str) -> None:
    """Write all elements into a folder."""
    tensor_specs(stage.spec, "Dataset.save")
    tensors: dict[str, np.ndarray] = {}
    content = {
        "structure": _structure(stage.spec),
        "elements": as_json(pack(list(stage.elements(0))), tensors),
    }
    _saved(path).write(content, tensors)


def load(path: str) -> tuple[Any, list]:
    """The spec and the elements that were saved in a folder."""
    try:
        content, tensors = _saved(path).read()
        spec = _spec(content["structure"])
        return spec, unpack(from_json(content["elements"], tensors), spec)
    except FileNotFoundError:
        raise NotFoundError(
            message("Dataset.load", f"the path {path!r}", f"{path} holds no saved dataset",
                    "dataset.save(path) makes a folder", "check the path")
        ) from None  # fmt: skip
    except (Broken, DataLossError, KeyError, TypeError, ValueError) as error:
        raise DataLossError(
            message("Dataset.load", f"the path {path!r}", f"it is not what was written: {error}",
                    "the files have checksums", "save the dataset again")
        ) from None  # fmt: skip


def _saved(path: str) -> Pair:
    return Pair(Path(os.fspath(path)) / "dataset.json", "elements", FORMAT, "Dataset.save")


def _structure(spec: Any) -> Any:
    """A spec as JSON: dicts by their keys, everything else as tuples."""
    if isinstance(spec, TensorSpec):
        shape = None if spec.shape.rank is None else list(spec.shape)
        return {"tensor": [shape, spec.dtype.name]}
    parts = nest.items(spec)
    if isinstance(spec, dict):
        return {"dict": [[key, _structure(part)] for key, part in parts]}
    return {"tuple": [_structure(part) for _, part in parts]}


def _spec(structure: Any) -> Any:
    ((kind, inner),) = structure.items()
    if kind == "tensor":
        return TensorSpec(*inner)
    if kind == "dict":
        return {key: _spec(part) for key, part in inner}
    return tuple(_spec(part) for part in inner)

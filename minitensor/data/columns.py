"""Tokens side by side: how buffers and caches are written into states and files.

One column for each component: the arrays of all elements in one array, with their shapes beside it
where these differ. Strings are Latin-1 text, so that every byte has a character.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.data.elements import DatasetSpec, is_dataset, shape_tuple
from minitensor.data.stage import UNKNOWN, Cursor, Stage
from minitensor.errors import DataLossError, FailedPreconditionError, message

__all__ = ["Held", "pack", "unpack"]


class Held(Stage):
    """Tokens in a list: what a window holds."""

    kind = "Held"

    def __init__(self, spec: Any, tokens: Sequence, rows: Any = None):
        super().__init__(spec, len(tokens), rows=rows, details=len(tokens))
        self.tokens = tokens

    def cursor(self, run: int) -> Cursor:
        """Walks over a list."""
        return ListCursor(self.tokens)


class ListCursor(Cursor):
    """Walks over a list."""

    def __init__(self, tokens: Sequence):
        self.tokens, self.at = tokens, 0

    def __next__(self) -> Any:
        if self.at >= len(self.tokens):
            raise StopIteration
        self.at += 1
        return self.tokens[self.at - 1]

    def many(self, count: int) -> Any:
        found = self.tokens[self.at : self.at + count]
        self.at += len(found)
        return found

    def save_state(self) -> int:
        return self.at

    def restore_state(self, state: int) -> None:
        self.at = state


def pack(tokens: Any) -> dict:
    """Tokens as arrays and JSON values."""
    if isinstance(tokens, np.ndarray):
        return {"rows": tokens.astype(np.int64)}
    if len(tokens) and isinstance(tokens[0], (int, np.integer)):
        return {"rows": np.array(tokens, dtype=np.int64)}
    columns = [_column(column) for column in zip(*tokens, strict=True)]
    return {"count": len(tokens), "columns": columns}


def unpack(packed: dict, spec: Any) -> list:
    """The tokens again.

    Args:
        packed: what `pack` gave.
        spec: the spec of the elements.
    """
    if "rows" in packed:
        return np.asarray(packed["rows"]).tolist()
    count, columns = int(packed["count"]), packed["columns"]
    if not count:
        return []
    specs = nest.flatten(spec)
    if len(specs) != len(columns):
        raise DataLossError(f"there are {len(columns)} columns for {len(specs)} components")
    found = [_leaves(c, s, count) for c, s in zip(columns, specs, strict=True)]
    return list(zip(*found, strict=True))


def _column(leaves: Sequence) -> dict:
    if is_dataset(leaves[0]):
        return {"datasets": [_held(dataset) for dataset in leaves]}
    shapes = {leaf.shape for leaf in leaves}
    if len(shapes) == 1:
        return _values(np.stack(leaves)) | {"shapes": None}
    values = np.concatenate([leaf.reshape(-1) for leaf in leaves])
    return _values(values) | {"shapes": [list(leaf.shape) for leaf in leaves]}


def _values(array: np.ndarray) -> dict:
    if array.dtype.kind != "O":
        return {"values": array}
    texts = [value.decode("latin-1") for value in array.reshape(-1).tolist()]
    return {"strings": texts, "shape": list(array.shape)}


def _held(dataset: Any) -> dict:
    stage = dataset._stage
    if not isinstance(stage, Held):
        raise FailedPreconditionError(
            message("save_state", repr(dataset), "a buffer holds a dataset that a function made",
                    "only windows can be saved: their elements are in memory",
                    "flatten the datasets (flat_map) before shuffle, cache or prefetch")
        )  # fmt: skip
    return pack(list(stage.elements(0)))


def _leaves(column: dict, spec: Any, count: int) -> list:
    if isinstance(spec, DatasetSpec):
        from minitensor.data.dataset import Dataset

        inner = spec.element_spec
        return [Dataset(Held(inner, unpack(p, inner))) for p in column["datasets"]]
    values = _array(column)
    _check(values.dtype == spec.dtype.numpy, f"{values.dtype} values for {spec}")
    if column["shapes"] is None:
        _check(len(values) == count, f"{len(values)} values for {count} elements")
        found = [values[i, ...] for i in range(count)]
    else:
        shapes = [tuple(shape) for shape in column["shapes"]]
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        _check(len(shapes) == count and ends[-1] == values.size, "shapes that do not fit")
        found = [
            values[a:b].reshape(s) for a, b, s in zip(ends[:-1], ends[1:], shapes, strict=True)
        ]
    _check(all(_fits(array, spec) for array in found), f"arrays that are not {spec}")
    return found


def _array(column: dict) -> np.ndarray:
    if "values" in column:
        return np.asarray(column["values"])
    array = np.empty(len(column["strings"]), dtype=object)
    array[:] = [text.encode("latin-1") for text in column["strings"]]
    return array.reshape(column["shape"])


def _fits(array: np.ndarray, spec: Any) -> bool:
    shape = shape_tuple(spec)
    return shape is None or spec.shape.is_compatible_with(array.shape)


def _check(good: bool, fault: str) -> None:
    if not good:
        raise DataLossError(f"what was saved holds {fault}")


def count_of(tokens: Sequence | None) -> int:
    """How many tokens there are; `UNKNOWN` as long as they are not there."""
    return UNKNOWN if tokens is None else len(tokens)

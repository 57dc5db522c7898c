"""Batches: several elements stacked to one, padded if need be, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.data.columns import pack, unpack
from minitensor.data.elements import mapped_shapes, tensor_specs
from minitensor.data.stage import INFINITE, UNKNOWN, Cursor, Stage
from minitensor.dtypes import as_dtype
from minitensor.errors import (
    ArgumentError,
    DataLossError,
    InvalidArgumentError,
    message,
)
from minitensor.shapes import TensorShape
from minitensor.tensor import TensorSpec

__all__ = ["Batch", "PaddedBatch", "Rebatch", "Unbatch"]


class Batch(Stage):
    """Elements stacked, `count` at a time."""

    kind = "Batch"

    def __init__(self, before: Stage, count: int, drop: bool):
        check_count(count)
        tensor_specs(before.spec, "Dataset.batch")
        size = batches(before.size, count, drop)
        rows = count if drop else None
        spec = mapped_shapes(before.spec, lambda shape: TensorShape([rows]) + shape)
        super().__init__(spec, size, [before], details=f"{count}, drop" if drop else count)
        self.count, self.drop = count, drop

    def cursor(self, run: int) -> Cursor:
        """Stacks elements; of rows in memory it only gathers the numbers."""
        return _Batching(self, self.inputs[0].cursor(run))


def check_count(count: int) -> None:
    """Raise unless a batch holds something."""
    if count < 1:
        raise InvalidArgumentError(
            message("Dataset.batch", f"batch_size={count}", "Batch size must be greater than zero",
                    "a batch is at least one element", "pass for example 32")
        )  # fmt: skip


def batches(size: int, count: int, drop: bool) -> int:
    """How many batches a dataset of `size` elements has."""
    return size if size < 0 else size // count if drop else -(-size // count)


class _Batching(Cursor):
    """Takes tokens and stacks their elements; rows in memory are gathered in one step."""

    def __init__(self, stage: Batch, inner: Cursor):
        rows = stage.inputs[0].rows
        self.inner, self.count, self.drop = inner, stage.count, stage.drop
        self.stacked = stack if rows is None else rows.take

    def __next__(self) -> tuple:
        tokens = self.inner.many(self.count)
        if len(tokens) < self.count and (self.drop or not len(tokens)):
            raise StopIteration
        return self.stacked(tokens)

    def save_state(self) -> Any:
        return self.inner.save_state()

    def restore_state(self, state: Any) -> None:
        self.inner.restore_state(state)


def stack(elements: Sequence) -> tuple:
    """Elements of equal shapes as one."""
    return tuple([_stacked(i, c) for i, c in enumerate(zip(*elements, strict=True))])


def _stacked(component: int, arrays: Sequence[np.ndarray]) -> np.ndarray:
    first = arrays[0]
    shape = first.shape
    out = np.empty((len(arrays), *shape), dtype=first.dtype)
    for place, array in enumerate(arrays):
        if array.shape != shape:
            raise InvalidArgumentError(
                f"Cannot batch tensors with different shapes in component {component}. First "
                f"element had shape {list(shape)} and element {place} had shape "
                f"{list(array.shape)}.\nDataset.batch stacks elements along a new axis. To fix "
                "it: use padded_batch, or bring them to one shape with map."
            )
        out[place] = array
    return out


class PaddedBatch(Stage):
    """Elements filled up to a common shape, and stacked."""

    kind = "PaddedBatch"

    def __init__(self, before: Stage, count: int, shapes: Any, values: Any, drop: bool):
        check_count(count)
        leaves = tensor_specs(before.spec, "Dataset.padded_batch")
        self.shapes = _padded_shapes(before.spec, leaves, shapes)
        self.values = _padding_values(before.spec, leaves, values)
        rows = count if drop else None
        padded = [TensorSpec([rows, *s], x.dtype) for s, x in zip(self.shapes, leaves, strict=True)]
        spec = nest.pack_sequence_as(before.spec, padded)
        size = batches(before.size, count, drop)
        super().__init__(spec, size, [before], details=f"{count}, {self.shapes}")
        self.count, self.drop = count, drop

    def cursor(self, run: int) -> Cursor:
        """Stacks elements that are padded to one size."""
        return _Padding(self, self.inputs[0].elements(run))


class _Padding(Cursor):
    def __init__(self, stage: PaddedBatch, inner: Cursor):
        self.stage, self.inner = stage, inner

    def __next__(self) -> tuple:
        stage = self.stage
        elements = self.inner.many(stage.count)
        if len(elements) < stage.count and (stage.drop or not elements):
            raise StopIteration
        columns = zip(zip(*elements, strict=True), stage.shapes, stage.values, strict=True)
        return tuple([_padded(*column) for column in columns])

    def save_state(self) -> Any:
        return self.inner.save_state()

    def restore_state(self, state: Any) -> None:
        self.inner.restore_state(state)


def _padded(arrays: Sequence[np.ndarray], shape: tuple, value: np.ndarray) -> np.ndarray:
    longest = [max(sizes) for sizes in zip(*(a.shape for a in arrays), strict=True)]
    target = [big if d is None else d for big, d in zip(longest, shape, strict=True)]
    if any(big > d for big, d in zip(longest, target, strict=True)):
        raise DataLossError(
            message("Dataset.padded_batch", f"padded_shapes {list(shape)}", "Attempted to pad to a "
                    f"smaller size than the input element: one has {longest}",
                    "padding only adds", "leave the size open with None, or cut with map")
        )  # fmt: skip
    out = np.full((len(arrays), *target), value, dtype=arrays[0].dtype)
    for place, array in enumerate(arrays):
        out[(place, *(slice(size) for size in array.shape))] = array
    return out


def _padded_shapes(spec: Any, leaves: list, given: Any) -> list[tuple]:
    if given is None:
        shapes = [leaf.shape for leaf in leaves]
        if any(shape.rank is None for shape in shapes):
            raise InvalidArgumentError(
                message("Dataset.padded_batch", f"elements {spec}", "You must provide "
                        "`padded_shapes` argument because component 0 has unknown rank",
                        "the number of axes must be known", "pass padded_shapes")
            )  # fmt: skip
        return [tuple(shape) for shape in shapes]
    found = _beside(spec, given, _is_shape, "padded_shapes")
    shapes = [_as_shape(shape) for shape in found]
    for shape, leaf in zip(shapes, leaves, strict=True):
        if leaf.shape.rank is not None and leaf.shape.rank != len(shape):
            raise InvalidArgumentError(
                f"The padded shape {shape} is not compatible with the shape {leaf.shape} of the "
                "corresponding input component.\nDataset.padded_batch keeps the number of axes. To "
                "fix it: give one size per axis, None for the largest in the batch."
            )
    return shapes


def _is_shape(value: Any) -> bool:
    if isinstance(value, (TensorShape, int)) or value is None:
        return True
    sizes = value if isinstance(value, (list, tuple)) else None
    return sizes is not None and all(d is None or isinstance(d, int) for d in sizes)


def _as_shape(value: Any) -> tuple:
    sizes = TensorShape(value)
    return tuple(None if d == -1 else d for d in sizes)


def _beside(spec: Any, given: Any, is_leaf: Any, name: str) -> list:
    """A setting for each component, given in the structure of the elements."""
    if not nest.is_nested(spec):
        return [given]
    try:
        return [x for key, s in nest.items(spec) for x in _beside(s, given[key], is_leaf, name)]
    except (TypeError, KeyError, IndexError):
        raise ArgumentError(
            message("Dataset.padded_batch", f"{name}={given!r}", f"it does not fit {spec}",
                    f"{name} has the structure of the elements", "give one for each component")
        ) from None  # fmt: skip


def _padding_values(spec: Any, leaves: list, given: Any) -> list[np.ndarray]:
    single = given is None or not isinstance(given, (tuple, list, dict))
    values = [given] * len(leaves) if single else _beside(spec, given, None, "padding_values")
    return [_padding(value, leaf) for value, leaf in zip(values, leaves, strict=True)]


def _padding(value: Any, spec: TensorSpec) -> np.ndarray:
    if value is None:
        value = b"" if spec.dtype.kind == "O" else 0
    array = np.asarray(value._array if hasattr(value, "_array") else value)
    wanted = spec.dtype.numpy
    typed = hasattr(value, "dtype") and as_dtype(array.dtype) != spec.dtype
    if typed or (wanted.kind != "O" and not np.can_cast(array.dtype, wanted, "same_kind")
                 and array.dtype.kind not in "iub"):  # fmt: skip
        raise ArgumentError(
            message("Dataset.padded_batch", f"padding_values {value!r} for {spec}",
                    "they have different dtypes", "what is filled in has the dtype of the elements",
                    f"pass a value of dtype {spec.dtype.name}")
        )  # fmt: skip
    if wanted.kind == "O":
        array = np.asarray(value.encode() if isinstance(value, str) else value, dtype=object)
    return array.astype(wanted)


class Unbatch(Stage):
    """The rows of each element."""

    kind = "Unbatch"

    def __init__(self, before: Stage):
        leaves = tensor_specs(before.spec, "Dataset.unbatch")
        if any(leaf.shape.rank == 0 for leaf in leaves):
            raise InvalidArgumentError(
                message("Dataset.unbatch", f"elements {before.spec}", "Cannot unbatch an input "
                        "with scalar components", "each row of an element becomes an element",
                        "call it after batch")
            )  # fmt: skip
        rows = {leaf.shape[0] for leaf in leaves if leaf.shape.rank} - {None}
        known = before.size >= 0 and len(rows) == 1
        size = before.size * rows.pop() if known else before.size if before.size == INFINITE else -2  # type: ignore[operator]
        super().__init__(mapped_shapes(before.spec, lambda shape: shape[1:]), size, [before])

    def cursor(self, run: int) -> Cursor:
        """Takes batches apart."""
        return _Unbatching(self.inputs[0].elements(run), self.inputs[0].spec)


class _Unbatching(Cursor):
    def __init__(self, inner: Cursor, spec: Any):
        self.inner, self.spec = inner, spec
        self.element: tuple = ()
        self.at = self.rows = 0

    def __next__(self) -> tuple:
        while self.at >= self.rows:
            self._begin(next(self.inner))
        at = self.at
        self.at = at + 1
        return tuple([array[at, ...] for array in self.element])

    def _begin(self, element: tuple) -> None:
        sizes = [len(array) for array in element]
        if len(set(sizes)) > 1:
            raise InvalidArgumentError(
                message("Dataset.unbatch", f"an element with {sizes} rows",
                        "its components have different numbers of rows",
                        "a row of each component makes an element", "check what was batched")
            )  # fmt: skip
        self.element, self.at, self.rows = element, 0, sizes[0]

    def save_state(self) -> dict:
        held = pack([self.element]) if self.at < self.rows else None
        return {"at": self.at, "element": held, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        if state["element"] is not None:
            self._begin(unpack(state["element"], self.spec)[0])
            self.at = state["at"]
        self.inner.restore_state(state["input"])


class Rebatch(Stage):
    """The rows of batches in batches of other sizes, which take turns."""

    kind = "Rebatch"

    def __init__(self, before: Stage, counts: Sequence[int], drop: bool):
        for count in counts:
            check_count(count)
        leaves = tensor_specs(before.spec, "Dataset.rebatch")
        if any(leaf.shape.rank == 0 for leaf in leaves):
            raise InvalidArgumentError(
                "Invalid `batch_sizes`. Expected dataset with rank of >= 1 but found a dataset "
                "with scalar elements. Fix the issue by adding the `batch` transformation to the "
                "dataset."
            )
        fixed = counts[0] if drop and len(set(counts)) == 1 else None
        spec = mapped_shapes(before.spec, lambda shape: TensorShape([fixed]) + shape[1:])
        size = INFINITE if before.size == INFINITE else UNKNOWN
        super().__init__(spec, size, [before], details=f"{list(counts)}, {drop}")
        self.counts, self.drop = list(counts), drop

    def cursor(self, run: int) -> Cursor:
        """Cuts batches anew."""
        return _Rebatching(self, self.inputs[0].elements(run))


class _Rebatching(Cursor):
    def __init__(self, stage: Rebatch, inner: Cursor):
        self.stage, self.inner = stage, inner
        self.held: tuple = ()
        self.turn = 0

    def __next__(self) -> tuple:
        count = self.stage.counts[self.turn % len(self.stage.counts)]
        parts, rows = ([self.held], len(self.held[0])) if self.held else ([], 0)
        while rows < count:
            element = next(self.inner, None)
            if element is None:
                break
            parts.append(element)
            rows += len(element[0])
        if not rows or (rows < count and self.stage.drop):
            self.held = ()
            raise StopIteration
        whole = parts[0] if len(parts) == 1 else _joined(parts)
        self.held = tuple([a[count:] for a in whole]) if rows > count else ()
        self.turn += 1
        return tuple([a[:count] for a in whole])

    def save_state(self) -> dict:
        held = pack([self.held]) if self.held else None
        return {"turn": self.turn, "held": held, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.turn = state["turn"]
        if state["held"] is not None:
            spec = mapped_shapes(self.stage.spec, lambda s: TensorShape([None]) + s[1:])
            self.held = unpack(state["held"], spec)[0]
        self.inner.restore_state(state["input"])


def _joined(parts: list) -> tuple:
    return tuple([np.concatenate(arrays) for arrays in zip(*parts, strict=True)])

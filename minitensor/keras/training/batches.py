"""Where batches come from: arrays in memory, datasets, generators, and sequences of batches.

All of them give pairs: the structure of a batch, and its leaves as tensors. Read `batches_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.data.elements import is_dataset
from minitensor.data.seeds import new_seed
from minitensor.data.stage import INFINITE
from minitensor.device import default_device
from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.keras.training.arrays import as_arrays, check_cardinality, is_arrays
from minitensor.keras.training.class_weights import checked_class_weight, weights_of_classes
from minitensor.keras.training.unpacking import (
    pack_x_y_sample_weight,
    skeleton_of,
    unpack_x_y_sample_weight,
)
from minitensor.op import state
from minitensor.tensor import Tensor, TensorSpec

__all__ = ["Arrays", "Batches", "batches_of"]

Batch = tuple[Any, list]
"""The skeleton of a batch, the same object as long as it is the same, and the leaves."""
PLAIN = {count: (0,) * count for count in (1, 2, 3)}
"""The skeletons of batches that are tuples of tensors."""


class Batches:
    """A source of batches, which can be walked through once per epoch.

    Args:
        given: an iterable of batches.
        class_weight: how much samples of each class count.
    """

    steps: int | None = None
    """How many batches there are; None where only the end tells."""
    is_infinite = False
    starts_again = True
    """Whether the next walk begins at the beginning, as a generator's does not."""
    _skeleton: Any = None

    def __init__(self, given: Any, class_weight: Any = None):
        self._given, self._class_weight = given, class_weight
        self.starts_again = iter(given) is not given

    @property
    def varies(self) -> bool:
        """Whether the batches may have several sizes."""
        return True

    @property
    def specs(self) -> Any:
        """What is known of all batches: specs in their structure, or None."""
        return None

    def begin_epoch(self) -> None:
        """Called before each epoch."""

    def end_epoch(self) -> None:
        """Called after each epoch."""

    def __iter__(self) -> Iterator[Batch]:
        for element in self._given:
            yield self._batch(element)

    def _batch(self, element: Any) -> Batch:
        if self._class_weight is not None:
            x, y, weight = unpack_x_y_sample_weight(element)
            weight = weights_of_classes(np.asarray(y), self._class_weight, weight)
            element = x, y, weight
        if isinstance(element, list):
            element = tuple(element)
        if type(element) is tuple and all([type(x) is Tensor for x in element]):
            skeleton, leaves = PLAIN.get(len(element)) or skeleton_of(element), list(element)
        else:
            skeleton = skeleton_of(element)
            leaves = [convert_to_tensor(x) for x in nest.flatten(element) if x is not None]
        if skeleton is not self._skeleton and skeleton != self._skeleton:
            _check_axes(element, leaves)
            self._skeleton = skeleton
        return self._skeleton, leaves


class Pipeline(Batches):
    """The elements of a `mt.data.Dataset`."""

    def __init__(self, given: Any, class_weight: Any = None):
        self._given, self._class_weight = given, class_weight
        count = int(given.cardinality())
        self.is_infinite = count == INFINITE
        self.steps = count if count >= 0 else None
        self.starts_again = True

    @property
    def varies(self) -> bool:
        """Whether the first size of its elements is open."""
        specs = nest.flatten(self.specs)
        return any(None in tuple(spec.shape)[:1] for spec in specs if spec.shape.rank)

    @property
    def specs(self) -> Any:
        """Those of the elements."""
        return self._given.element_spec


class Indexed(Batches):
    """A sequence of batches with a length: `keras.utils.PyDataset` and the like."""

    def __init__(self, given: Any, class_weight: Any = None, shuffle: bool = False):
        self._given, self._class_weight, self._shuffle = given, class_weight, shuffle
        self.steps = len(given)

    def begin_epoch(self) -> None:
        """Let the sequence know."""
        getattr(self._given, "on_epoch_begin", _nothing)()

    def end_epoch(self) -> None:
        """Let the sequence know."""
        getattr(self._given, "on_epoch_end", _nothing)()

    def __iter__(self) -> Iterator[Batch]:
        self.steps = len(self._given)
        order = _shuffled(self.steps) if self._shuffle else range(self.steps)
        for number in order:
            yield self._batch(self._given[int(number)])


class Arrays(Batches):
    """Rows of arrays in memory, in a new order each epoch.

    Args:
        data: arrays, or a structure of them, with equal first sizes.
        batch_size: how many rows make a batch; the last may have fewer.
        shuffle: True for a random order of the rows, "batch" for one of whole batches.
    """

    def __init__(self, data: Any, batch_size: int, shuffle: Any = False):
        self._skeleton, self._size, self._shuffle = skeleton_of(data), batch_size, shuffle
        self._arrays = [x for x in nest.flatten(data) if x is not None]
        self.count = len(self._arrays[0])
        self.steps = -(-self.count // batch_size)

    @property
    def varies(self) -> bool:
        """Whether the last batch is smaller."""
        return self.count % self._size != 0 and self.count > self._size

    @property
    def specs(self) -> Any:
        """Those of the arrays, with any number of rows."""
        arrays = iter(self._arrays)
        return nest.map_structure(lambda x: x if x is None else _spec(next(arrays)), self._skeleton)

    def __iter__(self) -> Iterator[Batch]:
        device = state.device or default_device()
        order = self._order() if self._shuffle else None
        for start in range(0, self.count, self._size):
            end = start + self._size
            if order is not None:
                rows = [x.take(order[start:end], axis=0) for x in self._arrays]
            else:
                rows = [x[start:end].copy() for x in self._arrays]
            yield self._skeleton, [Tensor(device.place(x), state.device) for x in rows]

    def _order(self) -> np.ndarray:
        if self._shuffle != "batch":
            return _shuffled(self.count)
        whole = self.count // self._size
        starts = _shuffled(whole) * self._size
        order = (starts[:, None] + np.arange(self._size)).ravel()
        return np.concatenate([order, np.arange(whole * self._size, self.count)])


def _spec(rows: np.ndarray) -> TensorSpec:
    dtype = "string" if rows.dtype.kind == "O" else rows.dtype.name
    return TensorSpec((None, *rows.shape[1:]), dtype)


def _check_axes(element: Any, leaves: list) -> None:
    if not leaves or not all(x.shape.rank for x in leaves):
        raise InvalidArgumentError(
            message("fit", f"the batch {shorten(element)}",
                    "a part of it is a single number, without a batch axis",
                    "the first axis of each part of a batch counts the samples",
                    "make batches of single samples: dataset.batch(32)")
        )  # fmt: skip


def _shuffled(count: int) -> np.ndarray:
    """A random order of `count` things; `mt.random.set_seed` makes it repeatable."""
    return np.random.default_rng(new_seed() % 2**63).permutation(count)


def _nothing() -> None:
    """What a sequence without hooks does."""


def batches_of(
    x: Any, y: Any = None, sample_weight: Any = None, batch_size: int | None = None,
    shuffle: Any = False, class_weight: Any = None,
) -> Batches:  # fmt: skip
    """The batches of what was given to `fit`, `evaluate` or `predict`.

    Raises:
        InvalidArgumentError: (also a ValueError) for data that cannot be batches, arrays of
            different lengths, and arguments that do not go together.
    """
    if class_weight is not None:
        class_weight = checked_class_weight(class_weight)
    if is_arrays(x):
        return _of_arrays(x, y, sample_weight, batch_size, shuffle, class_weight)
    kind = _kind(x)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            what = {"y": "targets", "sample_weight": "sample weights"}[name]
            raise InvalidArgumentError(
                message("fit", f"x={shorten(x)} and {name}",
                        f"When providing `x` as a {kind}, `{name}` should not be passed. Instead, "
                        f"the {what} should be included as part of the {kind}",
                        "each of its batches is a tuple (x, y) or (x, y, sample_weight)",
                        f"leave {name} out")
            )  # fmt: skip
    if is_dataset(x):
        return Pipeline(x, class_weight)
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        return Indexed(x, class_weight, bool(shuffle))
    return Batches(x, class_weight)


def _of_arrays(
    x: Any, y: Any, sample_weight: Any, batch_size: Any, shuffle: Any, class_weight: Any
) -> Arrays:
    if class_weight is not None and sample_weight is not None:
        raise InvalidArgumentError(
            message("fit", "class_weight and sample_weight",
                    "You cannot use `class_weight` and `sample_weight` at the same time",
                    "both say how much a sample counts",
                    "multiply them yourself, and pass the product as sample_weight")
        )  # fmt: skip
    size = 32 if batch_size is None else batch_size
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise InvalidArgumentError(
            message("fit", f"batch_size={shorten(size)}", "it is not a positive whole number",
                    "a batch has at least one sample", "pass for example batch_size=32")
        )  # fmt: skip
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    parts = {name: as_arrays(name, part) for name, part in parts.items() if part is not None}
    if class_weight is not None:
        parts["sample_weight"] = weights_of_classes(parts.get("y"), class_weight)
    check_cardinality(parts)
    return Arrays(pack_x_y_sample_weight(**parts), int(size), shuffle)


def _kind(x: Any) -> str:
    """What it is called, if batches can come from it.

    Raises:
        InvalidArgumentError: (also a ValueError) when they cannot.
    """
    if is_dataset(x):
        return "Dataset"
    is_structure = isinstance(x, (str, bytes, list, tuple, dict))
    if not is_structure and hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        return "sequence of batches"
    if not is_structure and hasattr(x, "__iter__"):
        return "generator"
    raise InvalidArgumentError(
        message("fit", f"x={shorten(x)}",
                f"Unrecognized data type: x={shorten(x)} (of type {type(x)})" if x is not None
                else "there is nothing to train on",
                "data is an array or tensor, a list or dict of them, a Dataset, a generator of "
                "batches, or an object with __len__ and __getitem__",
                "pass arrays x and y" if x is None else "make an array: np.array(x)")
    )  # fmt: skip

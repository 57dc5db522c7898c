"""Methods of `Dataset` that leave elements as they are: which of them come, and in what order."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitensor.data.caching import Cache
from minitensor.data.elements import is_dataset, whole
from minitensor.data.mixing import Concatenate, Enumerate
from minitensor.data.prefetching import Prefetch
from minitensor.data.selecting import Filter, Repeat, Shard, Skip, Take, Unique
from minitensor.data.shuffling import Shuffle
from minitensor.errors import ArgumentError, message, shorten
from minitensor.graph.failure import shortening

if TYPE_CHECKING:
    from minitensor.data.dataset import Dataset

__all__ = ["cache", "concatenate", "enumerate", "filter", "prefetch", "repeat", "shard", "shuffle",
           "skip", "take", "take_while", "unique"]  # fmt: skip


def take(self: Dataset, count: Any, name: str | None = None) -> Dataset:
    """The first `count` elements; all of them for -1.

    Example:
        >>> import minitensor as mt
        >>> list(mt.data.Dataset.range(10).take(3).as_numpy_iterator())
        [np.int64(0), np.int64(1), np.int64(2)]
    """
    return self._then(Take(self._stage, whole(count, "Dataset.take: count")))


def skip(self: Dataset, count: Any, name: str | None = None) -> Dataset:
    """All but the first `count` elements; none for -1."""
    return self._then(Skip(self._stage, whole(count, "Dataset.skip: count")))


def repeat(self: Dataset, count: Any = None, name: str | None = None) -> Dataset:
    """The elements `count` times; without end for None and -1.

    Each time is a new walk: a shuffle before it gives another order.
    """
    number = -1 if count is None else whole(count, "Dataset.repeat: count")
    return self._then(Repeat(self._stage, number))


def shard(self: Dataset, num_shards: Any, index: Any, name: str | None = None) -> Dataset:
    """Every `num_shards`-th element, from the one at `index`.

    Raises:
        InvalidArgumentError: (also a ValueError) when there is no such shard.
    """
    shards = whole(num_shards, "Dataset.shard: num_shards")
    return self._then(Shard(self._stage, shards, whole(index, "Dataset.shard: index")))


@shortening
def filter(self: Dataset, predicate: Callable, name: str | None = None) -> Dataset:
    """The elements for which `predicate` gives True.

    Raises:
        InvalidArgumentError: (also a ValueError) when `predicate` gives no bool scalar.

    Example:
        >>> import minitensor as mt
        >>> even = mt.data.Dataset.range(6).filter(lambda x: x % 2 == 0)
        >>> list(even.as_numpy_iterator())
        [np.int64(0), np.int64(2), np.int64(4)]
    """
    return self._then(Filter(self._stage, predicate))


@shortening
def take_while(self: Dataset, predicate: Callable, name: str | None = None) -> Dataset:
    """The elements up to the first for which `predicate` gives False.

    Raises:
        InvalidArgumentError: (also a ValueError) when `predicate` gives no bool scalar.
    """
    return self._then(Filter(self._stage, predicate, ends=True))


def unique(self: Dataset, name: str | None = None) -> Dataset:
    """Each element only once; elements must have one component."""
    return self._then(Unique(self._stage))


def shuffle(
    self: Dataset,
    buffer_size: Any,
    seed: Any = None,
    reshuffle_each_iteration: bool | None = None,
    name: str | None = None,
) -> Dataset:
    """The elements in random order.

    They are drawn from a buffer of `buffer_size` elements, which is filled again from the input.
    So an element comes at most that much earlier than without shuffling: for a random order of all
    elements the buffer must be as large as the dataset. A buffer of 1 changes nothing.

    With a seed, the first walk of each program has the same order, the second another one, and so
    on; with `reshuffle_each_iteration=False` all walks have the order of the first.

    Raises:
        InvalidArgumentError: (also a ValueError) for a buffer of no elements.

    Example:
        >>> import minitensor as mt
        >>> dataset = mt.data.Dataset.range(5).shuffle(5, seed=1)
        >>> sorted(x.numpy().item() for x in dataset)
        [0, 1, 2, 3, 4]
    """
    size = whole(buffer_size, "Dataset.shuffle: buffer_size")
    again = reshuffle_each_iteration is None or bool(reshuffle_each_iteration)
    return self._then(Shuffle(self._stage, size, seed, again))


def enumerate(self: Dataset, start: Any = 0, name: str | None = None) -> Dataset:
    """Pairs of a number, from `start`, and an element.

    Shape: → (int64 scalar, element).

    Example:
        >>> import minitensor as mt
        >>> letters = mt.data.Dataset.from_tensor_slices(["a", "b"])
        >>> list(letters.enumerate(5).as_numpy_iterator())
        [(np.int64(5), b'a'), (np.int64(6), b'b')]
    """
    return self._then(Enumerate(self._stage, whole(start, "Dataset.enumerate: start")))


def concatenate(self: Dataset, dataset: Dataset, name: str | None = None) -> Dataset:
    """The elements of this dataset, then those of another.

    Raises:
        ArgumentError: (also a TypeError) when their elements have other structures or dtypes.
    """
    if not is_dataset(dataset):
        raise ArgumentError(
            message("Dataset.concatenate", shorten(dataset), f"a {type(dataset).__name__} is no "
                    "Dataset", "the elements of two datasets follow each other",
                    "make one of it: Dataset.from_tensor_slices(…)")
        )  # fmt: skip
    return self._then(Concatenate(self._stage, dataset._stage))


def cache(self: Dataset, filename: Any = "", name: str | None = None) -> Dataset:
    """The same elements, computed only in the first walk through them.

    Without a file name they are kept in memory; what a walk that stopped early has computed is not
    kept. With one they are kept in two files, `filename.json` and a safetensors file beside it,
    which later programs read. The files appear in one step, when the first walk has reached the
    end, and hold no code.

    Random numbers drawn before the cache are drawn once: put `shuffle` after it.

    Raises:
        DataLossError: (also a ValueError) while iterating, when the file was damaged.
    """
    return self._then(Cache(self._stage, os.fspath(filename)))


def prefetch(self: Dataset, buffer_size: Any = None, name: str | None = None) -> Dataset:
    """The same elements, up to `buffer_size` of them computed ahead by a thread.

    The thread ends with the walk, or when its iterator is dropped. `mt.data.AUTOTUNE` computes
    eight elements ahead. Handing one over costs some 20 µs: prefetch batches.

    Raises:
        InvalidArgumentError: (also a ValueError) for a buffer of negative size.
    """
    size = -1 if buffer_size is None else whole(buffer_size, "Dataset.prefetch: buffer_size")
    return self._then(Prefetch(self._stage, size))

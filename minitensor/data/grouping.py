"""Methods of `Dataset` that put several elements together, or take one apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitensor import ops
from minitensor.data.batching import Batch, PaddedBatch, Rebatch, Unbatch
from minitensor.data.elements import tensor_specs, whole
from minitensor.data.windows import GroupByWindow, Window
from minitensor.dtypes import int64
from minitensor.eager import convert_to_tensor
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.graph.failure import shortening
from minitensor.graph.symbol import Symbol

if TYPE_CHECKING:
    from minitensor.data.dataset import Dataset

__all__ = ["batch", "bucket_by_sequence_length", "group_by_window", "padded_batch", "rebatch",
           "unbatch", "window"]  # fmt: skip


def batch(
    self: Dataset,
    batch_size: Any,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
    deterministic: bool | None = None,
    name: str | None = None,
) -> Dataset:
    """Batches of `batch_size` elements, stacked along a new first axis.

    The last batch is smaller when elements run out, unless `drop_remainder`. Rows of arrays in
    memory are gathered in one step, however they were shuffled. `num_parallel_calls` and
    `deterministic` have no effect.

    Shape: (…) → (batch_size, …).

    Raises:
        InvalidArgumentError: (also a ValueError) for a size below 1; while iterating, for elements
            of different shapes.

    Example:
        >>> import minitensor as mt
        >>> list(mt.data.Dataset.range(5).batch(2).as_numpy_iterator())
        [array([0, 1]), array([2, 3]), array([4])]
    """
    size = whole(batch_size, "Dataset.batch: batch_size")
    return self._then(Batch(self._stage, size, bool(drop_remainder)))


def padded_batch(  # noqa: D417 - self, and arguments that share a line
    self: Dataset,
    batch_size: Any,
    padded_shapes: Any = None,
    padding_values: Any = None,
    drop_remainder: bool = False,
    name: str | None = None,
) -> Dataset:
    """Batches of elements of different sizes, filled up at the end of each axis.

    Args:
        batch_size: how many elements make a batch.
        padded_shapes: the shape of each component after padding; None for a size stands for the
            largest in the batch. By default, what differs between elements is padded.
        padding_values: what to fill in, one value or one per component; 0 and "" by default.
        drop_remainder: whether to leave out a last batch that is smaller.
        name: no effect.

    Raises:
        InvalidArgumentError: (also a ValueError) for a size below 1 and for shapes that do not fit.
        DataLossError: (also a ValueError) while iterating, when an element is larger.

    Example:
        >>> import minitensor as mt
        >>> ragged = mt.data.Dataset.range(1, 4).map(lambda n: mt.fill([n], n))
        >>> list(ragged.padded_batch(2).as_numpy_iterator())
        [array([[1, 0],
               [2, 2]]), array([[3, 3, 3]])]
    """
    size = whole(batch_size, "Dataset.padded_batch: batch_size")
    drop = bool(drop_remainder)
    return self._then(PaddedBatch(self._stage, size, padded_shapes, padding_values, drop))


def unbatch(self: Dataset, name: str | None = None) -> Dataset:
    """The rows of each element, one by one.

    Shape: (n, …) → n elements of (…).

    Raises:
        InvalidArgumentError: (also a ValueError) for elements with scalar components.
    """
    return self._then(Unbatch(self._stage))


def rebatch(
    self: Dataset, batch_size: Any, drop_remainder: bool = False, name: str | None = None
) -> Dataset:
    """The rows of batches in batches of another size, or of several sizes that take turns.

    Shape: (n, …) → (batch_size, …).

    Raises:
        InvalidArgumentError: (also a ValueError) for elements that are no batches.
    """
    given = convert_to_tensor(batch_size).numpy()
    sizes = [whole(size, "Dataset.rebatch: batch_size") for size in np.atleast_1d(given)]
    return self._then(Rebatch(self._stage, sizes, bool(drop_remainder)))


def window(  # noqa: D417 - self, and arguments that share a line
    self: Dataset,
    size: Any,
    shift: Any = None,
    stride: Any = 1,
    drop_remainder: bool = False,
    name: str | None = None,
) -> Dataset:
    """Windows over the elements, each a dataset itself.

    Args:
        size: how many elements a window holds.
        shift: how much later the next window begins; `size` by default.
        stride: the distance of the elements of a window.
        drop_remainder: whether to leave out windows that are not full.
        name: no effect.

    Of pairs, each component becomes a dataset of its own.

    Raises:
        InvalidArgumentError: (also a ValueError) for numbers below 1.

    Example:
        >>> import minitensor as mt
        >>> windows = mt.data.Dataset.range(5).window(3, shift=2)
        >>> list(windows.flat_map(lambda w: w.batch(3)).as_numpy_iterator())
        [array([0, 1, 2]), array([2, 3, 4]), array([4])]
    """
    length = whole(size, "Dataset.window: size")
    step = length if shift is None else whole(shift, "Dataset.window: shift")
    distance = whole(stride, "Dataset.window: stride")
    return self._then(Window(self._stage, length, step, distance, bool(drop_remainder)))


@shortening
def group_by_window(  # noqa: D417 - self, and arguments that share a line
    self: Dataset,
    key_func: Callable,
    reduce_func: Callable,
    window_size: Any = None,
    window_size_func: Callable | None = None,
    name: str | None = None,
) -> Dataset:
    """Elements with the same key, as many as a window holds, made into something by a function.

    Args:
        key_func: the key of an element, an int64 scalar.
        reduce_func: takes a key and a dataset with the elements of a window; gives a dataset.
        window_size: how many elements make a window.
        window_size_func: the same, as a function of the key.
        name: no effect.

    Raises:
        InvalidArgumentError: (also a ValueError) when a key is no int64 scalar.

    Example:
        >>> import minitensor as mt
        >>> by_parity = mt.data.Dataset.range(6).group_by_window(
        ...     lambda x: x % 2, lambda key, window: window.batch(2), window_size=2)
        >>> list(by_parity.as_numpy_iterator())
        [array([0, 2]), array([1, 3]), array([4]), array([5])]
    """
    if (window_size is None) == (window_size_func is None):
        raise InvalidArgumentError(
            "Either the `window_size` argument or the `window_size_func` argument must be "
            "specified.\nDataset.group_by_window has to know when a group is full. To fix it: pass "
            "one of them, for example window_size=32."
        )
    size: Any = window_size_func
    if window_size is not None:
        size = whole(window_size, "Dataset.group_by_window: window_size")
    return self._then(GroupByWindow(self._stage, key_func, reduce_func, size))


@shortening
def bucket_by_sequence_length(  # noqa: D417 - self, and arguments that share a line
    self: Dataset,
    element_length_func: Callable,
    bucket_boundaries: Any,
    bucket_batch_sizes: Any,
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: bool = False,
    name: str | None = None,
) -> Dataset:
    """Batches of sequences of similar length, so that little is padded.

    Args:
        element_length_func: the length of an element, an int32 scalar.
        bucket_boundaries: the upper ends of the buckets, without the last.
        bucket_batch_sizes: how many elements make a batch, one more number than boundaries.
        padded_shapes: as in `padded_batch`.
        padding_values: as in `padded_batch`.
        pad_to_bucket_boundary: whether to pad to the boundary less 1, not to the longest.
        no_padding: whether to stack without padding.
        drop_remainder: whether to leave out smaller batches at the end.
        name: no effect.

    Raises:
        InvalidArgumentError: (also a ValueError) when the numbers of sizes and boundaries do not
            fit.
    """
    buckets = _Buckets(
        element_length_func, _numbers("bucket_boundaries", bucket_boundaries),
        _numbers("bucket_batch_sizes", bucket_batch_sizes),
    )  # fmt: skip
    shapes = [tuple(leaf.shape) for leaf in tensor_specs(self.element_spec, "Dataset")]

    def batched(key: Any, held: Dataset) -> Dataset:
        # While it is only traced what comes out, the key is a symbol and no bucket is meant.
        place = None if isinstance(key, Symbol) else int(key)
        size = buckets.sizes[place or 0]
        if no_padding:
            return held.batch(size, drop_remainder)
        target = padded_shapes
        if pad_to_bucket_boundary and place is not None:
            target = buckets.filled(shapes, place)
        return held.padded_batch(size, target, padding_values, drop_remainder)

    return group_by_window(self, buckets.of, batched, window_size_func=buckets.size_of)


class _Buckets:
    """Intervals of lengths, each with the size of its batches."""

    def __init__(self, length: Callable, bounds: list[int], sizes: list[int]):
        if len(sizes) != len(bounds) + 1:
            raise InvalidArgumentError(
                message("Dataset.bucket_by_sequence_length", f"{len(bounds)} boundaries and "
                        f"{len(sizes)} sizes", "`len(bucket_batch_sizes)` must equal "
                        "`len(bucket_boundaries) + 1`", "there is a bucket on either side of a "
                        "boundary", f"pass {len(bounds) + 1} sizes")
            )  # fmt: skip
        self.length, self.bounds, self.sizes = length, bounds, sizes

    def of(self, *element: Any) -> Any:
        """The number of an element's bucket."""
        length = ops.cast(self.length(*element), int64)
        return ops.reduce_sum(ops.cast(length >= convert_to_tensor(self.bounds, int64), int64))

    def size_of(self, bucket: Any) -> Any:
        """The size of its batches."""
        return ops.gather(np.asarray(self.sizes, dtype=np.int64), bucket)

    def filled(self, shapes: list[tuple], bucket: int) -> Any:
        """The shapes with the longest length of the bucket for each open size."""
        if bucket == len(self.bounds):
            raise InvalidArgumentError(
                message("Dataset.bucket_by_sequence_length", f"bucket_boundaries {self.bounds}",
                        "an element lies beyond the last boundary", "with pad_to_bucket_boundary, "
                        "elements are padded up to a boundary", "add a larger boundary")
            )  # fmt: skip
        longest = self.bounds[bucket] - 1
        filled = [tuple(longest if d is None else d for d in shape) for shape in shapes]
        return filled[0] if len(filled) == 1 else tuple(filled)


def _numbers(argument: str, given: Any) -> list:
    if not isinstance(given, Sequence | np.ndarray):
        raise ArgumentError(
            message("Dataset.bucket_by_sequence_length", f"{argument}={shorten(given)}",
                    f"a {type(given).__name__} is no list of numbers",
                    "each length belongs to a bucket", f"{argument}=[8, 16, 32]")
        )  # fmt: skip
    return list(given)

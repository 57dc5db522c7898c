"""Names of `tf.data.experimental` that teaching code uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor.data.asserting import AssertCardinality
from minitensor.data.dataset import Dataset
from minitensor.data.elements import whole
from minitensor.data.optional import Optional as Optional
from minitensor.data.stage import AUTOTUNE as AUTOTUNE
from minitensor.data.stage import INFINITE, UNKNOWN
from minitensor.errors import public_names

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Optional",
    "assert_cardinality",
    "cardinality",
    "get_single_element",
    "load",
    "save",
    "take_while",
    "unique",
]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)

INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = INFINITE, UNKNOWN
load = Dataset.load


def cardinality(dataset: Dataset) -> Any:
    """How many elements a dataset has: `dataset.cardinality()`.

    Example:
        >>> import minitensor as mt
        >>> mt.data.experimental.cardinality(mt.data.Dataset.range(4)).numpy()
        np.int64(4)
    """
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: Any) -> Callable[[Dataset], Dataset]:
    """For `dataset.apply`: the same elements, with an error if there are more or fewer.

    So `len(dataset)` is known where it cannot be computed.

    Raises:
        FailedPreconditionError: (also a RuntimeError) while iterating.

    Example:
        >>> import minitensor as mt
        >>> odd = mt.data.Dataset.range(6).filter(lambda x: x % 2 == 1)
        >>> len(odd.apply(mt.data.experimental.assert_cardinality(3)))
        3
    """
    expected = whole(expected_cardinality, "assert_cardinality")
    return lambda dataset: dataset._then(AssertCardinality(dataset._stage, expected))


def get_single_element(dataset: Dataset) -> Any:
    """The only element: `dataset.get_single_element()`."""
    return dataset.get_single_element()


def save(dataset: Dataset, path: Any, compression: Any = None,
         shard_func: Callable | None = None) -> None:  # fmt: skip
    """Write all elements into a folder: `dataset.save(path)`; other arguments have no effect."""
    dataset.save(path)


def take_while(predicate: Callable) -> Callable[[Dataset], Dataset]:
    """For `dataset.apply`: `dataset.take_while(predicate)`."""
    return lambda dataset: dataset.take_while(predicate)


def unique() -> Callable[[Dataset], Dataset]:
    """For `dataset.apply`: `dataset.unique()`."""
    return lambda dataset: dataset.unique()

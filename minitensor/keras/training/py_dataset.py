"""`PyDataset`: batches made by Python code, by their numbers."""

from __future__ import annotations

from typing import Any

from minitensor.errors import InvalidArgumentError, message

__all__ = ["PyDataset"]


class PyDataset:
    """The base of sequences of batches for `fit`: subclass it, define `__len__` and `__getitem__`.

    Args:
        workers, use_multiprocessing, max_queue_size: Keras's; no effect, since batches are made
            when they are needed.

    Example:
        >>> import minitensor as mt
        >>> class Pairs(mt.keras.utils.PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, number):
        ...         return mt.ones((4, 3)), mt.zeros((4, 1))
        >>> model = mt.keras.Sequential([mt.keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> model.evaluate(Pairs(), verbose=0)
        0.0
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False,
                 max_queue_size: int = 10):  # fmt: skip
        self.workers, self.use_multiprocessing = workers, use_multiprocessing
        self.max_queue_size = max_queue_size

    def __len__(self) -> int:
        """How many batches there are."""
        raise self._missing("__len__(self)")

    def __getitem__(self, index: int) -> Any:
        """The batch of a number."""
        raise self._missing("__getitem__(self, index)")

    @property
    def num_batches(self) -> int:
        """How many batches there are."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""

    def _missing(self, method: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            message(type(self).__name__, "", f"it has no method {method}",
                    "a sequence of batches has a length, and gives each batch by its number",
                    "define __len__ and __getitem__ in the class")
        )  # fmt: skip

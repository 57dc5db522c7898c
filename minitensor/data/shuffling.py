"""Shuffle: elements in random order, drawn from a buffer."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.data.columns import pack, unpack
from minitensor.data.seeds import Dice, new_seed, part, permutation
from minitensor.data.selecting import Passing
from minitensor.data.stage import INFINITE, UNKNOWN, Cursor, Stage
from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message

__all__ = ["Shuffle"]


class Shuffle(Passing):
    """The elements in random order, as far as a buffer of `buffer` elements reaches."""

    def __init__(self, before: Stage, buffer: int, seed: Any, again: bool):
        if buffer < 1 and buffer != UNKNOWN:
            raise InvalidArgumentError(
                message("Dataset.shuffle", f"buffer_size={buffer}", "it is too small: "
                        "buffer_size must be greater than zero or UNKNOWN_CARDINALITY",
                        "elements are drawn from a buffer of that size",
                        "pass the number of elements for a perfect shuffle")
            )  # fmt: skip
        if buffer == UNKNOWN and before.size == INFINITE:
            raise FailedPreconditionError(
                message("Dataset.shuffle", "an infinite dataset", "it does not fit into a buffer",
                        "UNKNOWN_CARDINALITY stands for a buffer of all elements",
                        "shuffle before repeat, or pass a number")
            )  # fmt: skip
        super().__init__("Shuffle", before, before.size, f"{buffer}, seed {seed}")
        self.buffer = 2**62 if buffer == UNKNOWN else buffer
        self.seed, self.again, self.draws = new_seed(seed), again, again

    def cursor(self, run: int) -> Cursor:
        """Draws from a buffer that it keeps full."""
        key = part(self.seed, run if self.again else 0)
        return _Shuffling(self, self.inputs[0].cursor(run), key)


class _Shuffling(Cursor):
    """Draws from a buffer, and fills the place again from the input.

    When the input has ended, what is left in the buffer comes in the order of one random
    permutation. If all fits into the buffer, that is the whole work: one sort.
    """

    def __init__(self, stage: Shuffle, inner: Cursor, key: int):
        self.stage, self.inner, self.key = stage, inner, key
        self.dice = Dice(key)
        self.buffer: Any = []
        self.filled = False
        self.over = False
        """Whether the input has ended."""
        self.at = 0
        """How much of the permutation is done."""

    def __next__(self) -> Any:
        if not self.filled:
            self._fill()
        if not self.over:
            try:
                token = next(self.inner)
            except StopIteration:
                self._order_the_rest()
            else:
                place = self.dice.below(len(self.buffer))
                drawn, self.buffer[place] = self.buffer[place], token
                return drawn
        if self.at >= len(self.buffer):
            raise StopIteration
        self.at += 1
        return self.buffer[self.at - 1]

    def many(self, count: int) -> Any:
        if not self.filled:
            self._fill()
        if not self.over:
            return super().many(count)
        found = self.buffer[self.at : self.at + count]
        self.at += len(found)
        return found

    def _fill(self) -> None:
        size, self.filled = self.stage.buffer, True
        self.buffer = self.inner.many(size)
        if len(self.buffer) < size or size == self.stage.size:
            self._order_the_rest()
        elif isinstance(self.buffer, np.ndarray):
            self.buffer = self.buffer.tolist()

    def _order_the_rest(self) -> None:
        order = permutation(self.key, len(self.buffer))
        if self.stage.rows is not None:
            self.buffer = np.asarray(self.buffer, dtype=np.int64)[order]
        else:
            self.buffer = [self.buffer[i] for i in order.tolist()]
        self.over = True

    def save_state(self) -> dict:
        state: dict = {"input": self.inner.save_state(), "drawn": self.dice.at}
        if self.filled:
            state["over"] = self.over
            state["buffer"] = pack(self.buffer[self.at :])
        return state

    def restore_state(self, state: dict) -> None:
        self.inner.restore_state(state["input"])
        self.dice.at = state["drawn"]
        if "buffer" in state:
            self.filled = True
            self.buffer = unpack(state["buffer"], self.stage.spec)
            self.over = state["over"]
            if self.stage.rows is not None and self.over:
                self.buffer = np.asarray(self.buffer, dtype=np.int64)

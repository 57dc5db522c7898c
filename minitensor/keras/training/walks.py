"""Walks over batches, epoch by epoch, in calls of one or several steps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.training.batches import Batches
from minitensor.keras.warning import warn

__all__ = ["RAN_OUT", "Walks"]

RAN_OUT = (
    "Your input ran out of data; interrupting training. Make sure that your dataset or generator "
    "can generate at least `steps_per_epoch * epochs` batches. You may need to use the `.repeat()` "
    "function when building your dataset."
)


class Walks:
    """The batches of each epoch.

    Without a number of steps, an epoch is one walk through the batches. With one, an epoch goes on
    where the last one stopped, and the walk begins again when it comes to its end.

    Args:
        batches: where they come from.
        steps: how many batches an epoch has.
        together: how many batches one call takes.

    Raises:
        InvalidArgumentError: (also a ValueError) for batches without end and no number of steps.
    """

    def __init__(self, batches: Batches, steps: int | None = None, together: int = 1):
        self.batches, self._wanted, self._together = batches, steps, together
        self._walk: Iterator | None = None
        self._left: int | None = None
        self.seen = False
        """Whether there was a batch yet."""
        if batches.is_infinite and steps is None:
            raise InvalidArgumentError(
                message("fit", "a Dataset that repeats for ever",
                        "When passing an infinitely repeating dataset, you must specify how many "
                        "steps to draw", "an epoch has an end",
                        "pass steps_per_epoch=100, validation_steps=100 for validation_data, or "
                        "steps=100 to evaluate and predict; or call repeat() with a number")
            )  # fmt: skip

    @property
    def steps(self) -> int | None:
        """How many batches an epoch has, if that is known."""
        if self._wanted is None:
            return self.batches.steps
        return self._wanted

    def epoch(self) -> Iterator[tuple[Any, list, int]]:
        """The skeleton, the leaves and the number of the batches for each call of an epoch."""
        if self._wanted is None:
            walk, limit = iter(self.batches), None
        else:
            if self._walk is None:
                self._walk, self._left = iter(self.batches), self.batches.steps
            walk, limit = self._walk, self._wanted
        taken = 0
        for skeleton, leaves, count in self._calls(islice(walk, limit)):
            self.seen = True
            taken += count
            yield skeleton, leaves, count
        if limit is not None:
            self._account(taken, limit)

    def _account(self, taken: int, wanted: int) -> None:
        """Begin the walk again where it came to its end; say so if that was too early."""
        if self._left is not None:
            self._left -= taken
        if taken < wanted:
            if self.seen:
                warn(RAN_OUT)
            self._walk = None if self.batches.starts_again else self._walk
        elif self._left == 0:
            self._walk = None

    def _calls(self, walk: Iterator) -> Iterator[tuple[Any, list, int]]:
        if self._together == 1:
            for skeleton, leaves in walk:
                yield skeleton, leaves, 1
            return
        group: list = []
        for skeleton, leaves in walk:
            if group and group[0][0] != skeleton:
                yield _joined(group)
                group = []
            group.append((skeleton, leaves))
            if len(group) == self._together:
                yield _joined(group)
                group = []
        if group:
            yield _joined(group)


def _joined(group: list) -> tuple[Any, list, int]:
    leaves = [x for _, its in group for x in its]
    return group[0][0], leaves, len(group)

"""A stage that knows how many elements should come."""

from __future__ import annotations

from typing import Any

from minitensor.data.selecting import Passing
from minitensor.data.stage import INFINITE, Cursor, Stage
from minitensor.errors import FailedPreconditionError, message

__all__ = ["AssertCardinality"]


class AssertCardinality(Passing):
    """The same elements, if they are as many as expected."""

    def __init__(self, before: Stage, expected: int):
        super().__init__("AssertCardinality", before, expected, expected)

    def cursor(self, run: int) -> Cursor:
        """Counts the elements."""
        return _Counting(self.inputs[0].cursor(run), self.size)


class _Counting(Cursor):
    def __init__(self, inner: Cursor, expected: int):
        self.inner, self.expected, self.count = inner, expected, 0

    def __next__(self) -> Any:
        for token in self.inner:
            self.count += 1
            if self.expected != INFINITE and self.count > self.expected:
                raise self._wrong(f"at least {self.count}")
            return token
        if self.count < self.expected or self.expected == INFINITE:
            raise self._wrong(f"only {self.count}")
        raise StopIteration

    def _wrong(self, found: str) -> FailedPreconditionError:
        expected = "an infinite number of" if self.expected == INFINITE else self.expected
        return FailedPreconditionError(
            message("assert_cardinality", "", f"Input dataset was expected to contain {expected} "
                    f"elements but contained {found} elements", "a size that is asserted must be "
                    "right", "correct the number")
        )  # fmt: skip

    def save_state(self) -> dict:
        return {"count": self.count, "input": self.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.count = state["count"]
        self.inner.restore_state(state["input"])

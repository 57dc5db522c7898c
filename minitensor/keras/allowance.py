"""How large weights may be while a file says which are made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

from minitensor.errors import InvalidArgumentError, message

__all__ = ["allowed"]


class _Allowed(threading.local):
    """The elements that a weight may have; None for any number."""

    elements: int | None = None

    @contextmanager
    def at_most(self, elements: int) -> Iterator[None]:
        """Within it, larger weights are refused before they take any memory."""
        before, self.elements = self.elements, elements
        try:
            yield
        finally:
            self.elements = before

    def check(self, layer: str, shape: tuple[int, ...]) -> None:
        """Look at the shape of a new weight.

        Raises:
            InvalidArgumentError: (also a ValueError) when it is too large.
        """
        if self.elements is not None and prod(shape) > self.elements:
            raise InvalidArgumentError(
                message(f"add_weight of layer '{layer}'", f"shape={shape}",
                        "it is larger than all weights of the file together",
                        "a configuration fits the weights beside it",
                        "save the model again, or copy the file again")
            )  # fmt: skip


allowed = _Allowed()

"""What waits at an object for parts that it does not have yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["Waiting", "WaitingDict", "WaitingList"]


class Waiting:
    """What a checkpoint holds for parts that an object does not have yet."""

    def __init__(self, restoration: Any, number: int):
        self.restoration, self.number = restoration, number

    def look(self, name: str | None = None) -> None:
        """Restore the parts that are there now, or the one of that name."""
        thing = self.restoration.bound[self.number]
        own_names = hasattr(thing, "_checkpoint_parts")
        self.restoration.look([self.number], None if own_names else name)

    def __reduce__(self) -> tuple:
        return type(None), ()  # a copy of the object does not wait


class WaitingList(list):
    """A list to which variables will be appended that have values in a checkpoint."""

    _waiting: Waiting | None = None

    def append(self, item: Any) -> None:
        """Add one item."""
        super().append(item)
        self._look()

    def extend(self, items: Iterable) -> None:
        """Add several items."""
        super().extend(items)
        self._look()

    def insert(self, index: Any, item: Any) -> None:
        """Add one item before another."""
        super().insert(index, item)
        self._look()

    def __setitem__(self, index: Any, item: Any) -> None:
        super().__setitem__(index, item)
        self._look()

    def __iadd__(self, items: Any) -> Any:
        self.extend(items)
        return self

    def _look(self) -> None:
        if self._waiting is not None:
            self._waiting.look()


class WaitingDict(dict):
    """A dict into which variables will be put that have values in a checkpoint."""

    _waiting: Waiting | None = None

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._look()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add several items."""
        super().update(*args, **kwargs)
        self._look()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of a key, added if it is not there."""
        value = super().setdefault(key, default)
        self._look()
        return value

    def __ior__(self, other: Any) -> Any:
        self.update(other)
        return self

    def _look(self) -> None:
        if self._waiting is not None:
            self._waiting.look()

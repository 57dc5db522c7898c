"""What `restore` returns: questions about how checkpoint and program fitted together."""

from __future__ import annotations

from typing import Any

from minitensor.errors import OpError
from minitensor.train.objects import Found, is_container, walk
from minitensor.train.reading import Entry
from minitensor.train.restoring import Restoration

__all__ = ["CheckpointLoadStatus", "InitializationOnlyStatus", "UnmatchedError"]

NOTHING = "No checkpoint specified (save_path=None); nothing is being restored."
MOST, FEW = 10, 3


class UnmatchedError(OpError, AssertionError):
    """A checkpoint and a program have different parts."""


class CheckpointLoadStatus:
    """What was restored, and what still waits. Its methods return it, to be chained."""

    def __init__(self, restoration: Restoration, root: Any):
        self._restoration, self._root = restoration, root

    def assert_consumed(self) -> CheckpointLoadStatus:
        """Check that checkpoint and program have the same parts.

        Raises:
            UnmatchedError: (also an AssertionError) that names the first differences.
        """
        self.assert_existing_objects_matched()
        left = self._restoration.unmatched()
        if left:
            raise UnmatchedError(
                f"Unresolved object in checkpoint {left[0].label}: {_described(left[0])}. "
                f"{self._differences()}To fix it: make what the checkpoint holds, or ask less: "
                "status.assert_existing_objects_matched(), or status.expect_partial()."
            )
        return self

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """Check that everything in the program was in the checkpoint; it may hold more.

        Raises:
            UnmatchedError: (also an AssertionError) that names what was not.
        """
        unbound = self._unbound()
        if unbound:
            shown = [found.thing for found in unbound[:MOST]]
            raise UnmatchedError(
                f"Found {len(unbound)} Python objects that were not bound to checkpointed values, "
                "likely due to changes in the Python program. Showing "
                f"{len(shown)} of {len(unbound)} unmatched objects: {shown}. "
                f"{self._differences()}To fix it: restore the checkpoint of this model, or give "
                "its parts the names that they had."
            )
        return self

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """Check that something was restored.

        Raises:
            UnmatchedError: (also an AssertionError) when only the root was.
        """
        unbound = self._unbound()
        if len(self._restoration.bound) > 1:
            return self
        if unbound:
            raise UnmatchedError(
                "Nothing except the root object matched a checkpointed value. Typically this means "
                "that the checkpoint does not match the Python program. The following objects have "
                f"no matching checkpointed value: {[found.thing for found in unbound[:MOST]]}. "
                f"{self._differences()}To fix it: restore the checkpoint of this model."
            )
        raise UnmatchedError(
            f"Nothing to load. No dependencies have been added to {self._root} yet."
        )

    def expect_partial(self) -> CheckpointLoadStatus:
        """Say nothing about values of the checkpoint that are never used."""
        self._restoration.quiet = True
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Nothing: values are restored at once. `session` has no effect."""

    run_restore_ops = initialize_or_restore

    def _unbound(self) -> list[Found]:
        """What the program has and the checkpoint does not."""
        self._restoration.look()
        bound = {id(thing) for thing in self._restoration.bound.values()}
        return [found for found in walk(self._root)
                if id(found.thing) not in bound and not is_container(found.thing)]  # fmt: skip

    def _differences(self) -> str:
        """The first names on either side, for messages."""
        here = [_label(found) for found in self._unbound()]
        there = [entry.label for entry in self._restoration.unmatched()]
        return (
            f"Only in the checkpoint: {_few(there)}; only in the program: {_few(here)}. "
            "Parts belong together by the names of the attributes that hold them. "
        )


class InitializationOnlyStatus:
    """What `restore(None)` returns: no checkpoint was there, so variables keep their values."""

    def assert_consumed(self) -> Any:
        """Always fails.

        Raises:
            UnmatchedError: (also an AssertionError).
        """
        raise UnmatchedError(NOTHING)

    assert_existing_objects_matched = assert_nontrivial_match = run_restore_ops = assert_consumed

    def expect_partial(self) -> InitializationOnlyStatus:
        """Nothing."""
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Nothing: variables have values from the start. `session` has no effect."""


def _described(entry: Entry) -> str:
    if entry.value is None:
        return "the state of an iterator"
    return f"{entry.value.dtype.name} of shape {entry.value.shape}"


def _label(found: Found) -> str:
    return ".".join(["(root)", *found.path])


def _few(names: list[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"{', '.join(names[:FEW]) or 'nothing'}{more}"

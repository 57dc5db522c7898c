"""Values of a checkpoint on their way into the objects of a program, at once and later.

A restoration goes through the checkpoint and the program side by side, by the names of the parts.
It looks at everything first, and changes variables only when all fit. Where the program has no such
part yet, the rest of the checkpoint waits at the object, or at the list or dict, that lacks it:
`Trackable.__setattr__` and `append` let it look again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minitensor.errors import (
    DataLossError,
    DTypeError,
    InvalidArgumentError,
    OpError,
    message,
    shorten,
)
from minitensor.module import Trackable
from minitensor.ops.state import identity
from minitensor.scopes import device, get_logger, init_scope
from minitensor.tensor import Tensor
from minitensor.train.objects import has_state, is_container, parts
from minitensor.train.reading import Entry
from minitensor.train.waiting import Waiting, WaitingDict, WaitingList
from minitensor.variable import Variable

__all__ = ["Restoration", "assign"]

SHOWN = 3
"""So many mismatches are named in a message."""


class Restoration:
    """A checkpoint that is being restored.

    Args:
        entries: the objects of the checkpoint; the first is the root.
        root: the object of the program that it is restored into.

    Raises:
        InvalidArgumentError: (also a ValueError) when a value does not fit its variable; nothing
            is changed then.
    """

    def __init__(self, entries: list[Entry], root: Any):
        self.entries = entries
        self.bound: dict[int, Any] = {}
        """The objects of the program, by the number of the entry that they belong to."""
        self.quiet = False
        self._match([(0, root, -1, "")])

    def look(self, numbers: Iterable[int] | None = None, name: str | None = None) -> None:
        """Restore what has appeared since the last look: in these entries, under this name."""
        here = list(self.bound) if numbers is None else numbers
        self._match([found for number in here for found in self._new_parts(number, name)])

    def unmatched(self) -> list[Entry]:
        """What the checkpoint holds and the program does not."""
        found = [(i, entry) for i, entry in enumerate(self.entries) if i not in self.bound]
        return [entry for _, entry in found if entry.holds_something]

    def _new_parts(self, number: int, name: str | None) -> list[tuple[int, Any, int, str]]:
        """Parts of an object that the checkpoint knows and that were not there before."""
        entry, thing = self.entries[number], self.bound[number]
        wanted = entry.parts if name is None else {name} & entry.parts.keys()
        if not wanted:
            return []
        return [(entry.parts[key], x, number, key) for key, x in parts(thing)
                if key in wanted and self._is_new(entry.parts[key], x)]  # fmt: skip

    def _is_new(self, number: int, thing: Any) -> bool:
        """Whether an entry still needs an object; a list may be exchanged for another."""
        known = self.bound.get(number)
        return known is None or (is_container(thing) and known is not thing)

    def _match(self, positions: list[tuple[int, Any, int, str]]) -> None:
        """Go on from these entries and objects as far as both sides go.

        Each is a part of another entry, given by its number, under a name.
        """
        found: dict[int, tuple[Any, int, str]] = {}
        stack = positions[::-1]
        while stack:
            number, thing, owner, name = stack.pop()
            entry = self.entries[number]
            if number in found or not self._is_new(number, thing) or not _alike(entry, thing):
                if number in found and found[number][0] is not thing:
                    self._warn_of_two(entry)
                continue
            found[number] = thing, owner, name
            inside = [(entry.parts[key], x, number, key) for key, x in parts(thing)
                      if key in entry.parts]  # fmt: skip
            stack += inside[::-1]
        if found:
            self._carry_out(found)

    def _carry_out(self, found: dict[int, tuple[Any, int, str]]) -> None:
        pairs = [(self.entries[number], thing) for number, (thing, _, _) in found.items()]
        variables = [(e, x) for e, x in pairs if e.value is not None]
        _check(variables)
        with init_scope():
            _restore_states([(e, x) for e, x in pairs if e.has_state])
            for entry, variable in variables:
                assign(variable, entry.value)
        for number, (thing, _, _) in found.items():
            self.bound[number] = thing
            self.entries[number].state = None
            if self.entries[number].value is not None:
                self.entries[number].value = np.empty(0)  # the memory is the variable's now
        for number, (thing, owner, name) in found.items():
            self._wait(number, thing, owner, name)

    def _wait(self, number: int, thing: Any, owner_number: int, name: str) -> None:
        """Let the rest of an entry wait at an object that lacks some of its parts."""
        missing = any(n not in self.bound for n in self.entries[number].parts.values())
        waiting = Waiting(self, number) if missing else None
        owner = self.bound.get(owner_number)
        if waiting is not None and type(thing) in (list, dict):
            kind = WaitingList if isinstance(thing, list) else WaitingDict
            thing = self.bound[number] = _put(owner, name, thing, kind(thing))
        if isinstance(thing, (WaitingList, WaitingDict)):
            thing._waiting = waiting
        elif is_container(thing) and waiting is not None:  # its owner has to look instead
            thing, waiting = owner, Waiting(self, owner_number)
        for place in (thing, getattr(thing, "_root", None)):
            if isinstance(place, Trackable):
                vars(place)["_waiting"] = waiting

    def _warn_of_two(self, entry: Entry) -> None:
        if not self.quiet:
            get_logger().warning(
                "Inconsistent references when loading the checkpoint into this object graph: "
                "%s is one object in the checkpoint, and there are two in the program. Only the "
                "first was restored.", entry.label,
            )  # fmt: skip

    def __del__(self) -> None:
        """Say what nobody wanted, when nobody can want it any more."""
        left = [] if getattr(self, "quiet", True) else self.unmatched()
        if left and self.bound:
            get_logger().warning(
                "Detecting that an object or model or tf.train.Checkpoint is being deleted with "
                "unrestored values. See the following logs for the specific values in question. To "
                "silence these warnings, use `status.expect_partial()`."
            )
            for entry in left:
                get_logger().warning(
                    "Value in checkpoint could not be found in the restored object: %s", entry.label
                )


def _alike(entry: Entry, thing: Any) -> bool:
    """Whether an object can take what an entry holds."""
    return isinstance(thing, Variable) == (entry.value is not None) and (
        has_state(thing) or not entry.has_state
    )


def _put(owner: Any, name: str, old: Any, new: Any) -> Any:
    """Put a container in the place of another, if it can be; what stands there now."""
    places = [owner] if isinstance(owner, (list, dict)) else []
    places += [vars(x) for x in (owner, getattr(owner, "_root", None)) if hasattr(x, "__dict__")]
    for place in places:
        key: Any = int(name) if isinstance(place, list) else name
        if (isinstance(place, list) or key in place) and place[key] is old:
            list.__setitem__(place, key, new) if isinstance(place, list) else dict.__setitem__(
                place, key, new
            )
            return new
    return old


def _check(pairs: list[tuple[Entry, Any]]) -> None:
    faults = [(e, x, fault) for e, x in pairs if (fault := _fault(e, x)) is not None]
    if not faults:
        return
    _, _, (error, first) = faults[0]
    lines = [
        f"  {entry.label}: {entry.value.dtype.name}{list(entry.value.shape)} in the checkpoint, "
        f"{x.dtype.name}{list(x.shape)} in the program"
        for entry, x, _ in faults[:SHOWN] if entry.value is not None
    ]  # fmt: skip
    more = [f"  and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
    raise error(
        message("Checkpoint.restore", "", "\n".join([first, *lines, *more]),
                "a checkpoint is restored into variables of the same shapes and dtypes; no "
                "variable was changed",
                "make the model with the sizes that it had when it was saved, or restore the "
                "checkpoint of this model")
    )  # fmt: skip


def _fault(entry: Entry, variable: Variable) -> tuple[type[InvalidArgumentError], str] | None:
    """Why a value does not fit a variable, in TensorFlow's words; None if it does."""
    value: Any = entry.value
    if not variable.shape.is_compatible_with(value.shape):
        return InvalidArgumentError, (
            f"Received incompatible tensor with shape {value.shape} when attempting to restore "
            f"variable with shape {variable.shape} and name {variable.name}."
        )
    if variable._numpy_dtype != value.dtype:
        return DTypeError, (
            f"tensor_name = {entry.label}; expected dtype {variable.dtype.name} does not equal "
            f"original dtype {value.dtype.name}"
        )
    return None


def _restore_states(pairs: list[tuple[Entry, Any]]) -> None:
    """Set iterators; if one does not take its state, those before it go back to theirs."""
    before = []
    try:
        for entry, thing in pairs:
            old = thing.save_state()
            thing.restore_state(entry.state)
            before.append((thing, old))
    except Exception as error:
        for thing, old in before:
            thing.restore_state(old)
        if isinstance(error, OpError):
            raise
        raise DataLossError(
            message("Checkpoint.restore", "", f"{type(error).__name__}: {shorten(str(error), 300)}",
                    "an iterator takes the state of an iterator like it; no variable was changed",
                    "make the dataset as it was made when the checkpoint was saved")
        ) from error  # fmt: skip


def assign(variable: Variable, value: Any) -> None:
    """Give a variable an array, on its own device."""
    tensor = Tensor(np.array(value))  # a copy: what was read from a file may be shared memory
    if tensor.device != variable.device:
        with device(variable.device):
            tensor = identity(tensor)
    variable.assign(tensor)

"""Every error minitensor raises, and the five-part message they share.

This floor knows nothing of tensors. The tree, with the Python class each one also is::

    MinitensorError
    └── OpError                          what an operation reports
        ├── InvalidArgumentError         ValueError     shapes, values, axes
        │   └── DTypeError               TypeError too  dtypes that do not fit
        ├── ArgumentError                TypeError      one unknown, missing or of a wrong type
        ├── OutOfRangeError              IndexError     an iterator or index past the end
        ├── NotFoundError                LookupError    a name, file or device that is not there
        ├── FailedPreconditionError      RuntimeError   right call, wrong moment
        ├── ResourceExhaustedError       MemoryError    no memory left
        ├── UnimplementedError           NotImplementedError
        ├── UnavailableError             ImportError    an optional package is missing
        └── InternalError                RuntimeError   a bug in minitensor

A message has five parts, in this order: the operation, everything it was given, the axis or value
at fault, the rule, and what to do.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = [
    "ArgumentError",
    "DTypeError",
    "DataLossError",
    "FailedPreconditionError",
    "Fault",
    "InaccessibleTensorError",
    "InternalError",
    "InvalidArgumentError",
    "MinitensorError",
    "NotFoundError",
    "OpError",
    "OperatorNotAllowedInGraphError",
    "OutOfRangeError",
    "ResourceExhaustedError",
    "UnavailableError",
    "UnimplementedError",
    "message",
    "public_names",
    "shorten",
    "suggest",
]


class MinitensorError(Exception):
    """The root of every error that minitensor raises on purpose."""


class OpError(MinitensorError):
    """An operation could not be carried out.

    `str(error)` and `error.message` are the five-part message.
    """

    @property
    def message(self) -> str:
        """The text of the error."""
        return str(self.args[0]) if self.args else ""


class InvalidArgumentError(OpError, ValueError):
    """A shape, value, axis or index does not fit the operation."""


class DTypeError(InvalidArgumentError, TypeError):
    """A dtype does not fit the operation, or two dtypes do not fit each other."""


class ArgumentError(OpError, TypeError):
    """An argument is unknown, missing, given twice, or of a wrong type."""


class OutOfRangeError(OpError, IndexError):
    """An iterator has no more elements, or an index lies past the end."""


class NotFoundError(OpError, LookupError):
    """A name, file or device does not exist."""

    __str__ = Exception.__str__


class FailedPreconditionError(OpError, RuntimeError):
    """The call is right but comes at the wrong moment."""


class ResourceExhaustedError(OpError, MemoryError):
    """There is not enough memory."""


class UnimplementedError(OpError, NotImplementedError):
    """This combination is not supported; the message says what is."""


class UnavailableError(OpError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class DataLossError(OpError, ValueError):
    """A file is cut off, corrupt, or not what it should be."""


class OperatorNotAllowedInGraphError(OpError, TypeError):
    """Python asks for the value of a tensor that has none yet: the function is being traced."""


class InaccessibleTensorError(OpError, ValueError, TypeError):
    """A tensor of a traced function is used outside the function."""


class InternalError(OpError, RuntimeError):
    """A bug in minitensor itself."""


class Fault(Exception):  # noqa: N818 - learners see the error that it becomes
    """What a shape rule found wrong, before the engine adds the operation and what it was given.

    Rules raise it with three of the five parts; `Op` turns it into the public error class.
    """

    def __init__(
        self, fault: str, rule: str, fix: str, error: type[OpError] = InvalidArgumentError
    ):
        super().__init__(fault)
        self.fault, self.rule, self.fix, self.error = fault, rule, fix, error

    def about(self, subject: str, given: str) -> OpError:
        """The public error, for a function that is not an op itself."""
        return self.error(message(subject, given, self.fault, self.rule, self.fix))


def message(subject: str, given: str, fault: str, rule: str, fix: str) -> str:
    """Put the five parts together, one sentence each; a fault of several lines stands as it is.

    Example:
        >>> message("add", "shapes (2, 3) and (4,)", "axis -1 has sizes 3 and 4",
        ...         "each pair of sizes must be equal or contain a 1", "reshape one of them")
        'add: got shapes (2, 3) and (4,). Axis -1 has sizes 3 and 4. Each pair of sizes must be \
equal or contain a 1. To fix it: reshape one of them.'
    """
    first = f"{subject}: got {given}." if given else f"{subject}:"
    way = fix.rstrip(".")
    end = f"{_sentence(rule)} To fix it: {way}{'' if way.endswith('?') else '.'}"
    if "\n" in fault:
        return f"{first}\n{fault}\n{end}"
    return f"{first} {_sentence(fault)} {end}"


def shorten(value: object, most: int = 80) -> str:
    """The repr of a value, cut where it grows too long for a message.

    Example:
        >>> shorten(list(range(100)), 20)
        '[0, 1, 2, 3, 4, 5, …'
    """
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for a misspelled word, or the known words when none is near.

    A word that one slip of the fingers makes of the other comes first: letters that are swapped or
    of the wrong size, then one letter missing, too many or wrong.

    Example:
        >>> suggest("constnat", ["constant", "reflect"])
        "did you mean 'constant'?"
    """
    names = [str(name) for name in known]
    near = _nearest(str(word), names)
    return f"did you mean {near!r}?" if near else f"use one of {', '.join(map(repr, names))}"


def public_names(
    module: str, names: Iterable[str], hints: Mapping[str, str] | None = None
) -> tuple[Any, Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module: it shows its public names, and asks for typos.

    Args:
        module: its `__name__`.
        names: its public names.
        hints: what to say about names that are not there for a reason.

    Returns:
        `__getattr__`, of type Any so that type checkers do not take all names for granted, and
        `__dir__`.

    Example:
        >>> missing, listed = public_names("colours", ["red", "green"])
        >>> missing("gren")
        Traceback (most recent call last):
        AttributeError: module 'colours' has no attribute 'gren': did you mean 'green'?
    """
    public = list(names)

    def missing(name: str) -> Any:
        near = _nearest(name, public)
        hint = (hints or {}).get(name) or (
            f"did you mean {near!r}?" if near else f"dir({module}) lists what there is"
        )
        raise AttributeError(f"module {module!r} has no attribute {name!r}: {hint}", name=name)

    def listed() -> list[str]:
        own = vars(sys.modules[module])
        return sorted({*public, *(name for name in own if name.startswith("__"))})

    return missing, listed


def _nearest(word: str, names: list[str]) -> str | None:
    """The name that was meant, most likely; None when none is near."""
    exact = difflib.get_close_matches(word, names, n=5)
    small = {name.lower(): name for name in reversed(names)}
    near = exact + [small[x] for x in difflib.get_close_matches(word.lower(), small, n=5)]
    return min(near, key=lambda name: _slips(word.lower(), name.lower()), default=None)


def _slips(word: str, name: str) -> int:
    """How far two words are apart: 0 for letters swapped, 1 for one letter, 2 for more."""
    word, name = _unlike(word, name)
    word, name = (part[::-1] for part in _unlike(word[::-1], name[::-1]))
    if len(word) <= 2 and word == name[::-1]:
        return 0
    return 1 if max(len(word), len(name)) <= 1 else 2


def _unlike(word: str, name: str) -> tuple[str, str]:
    """Both words without the letters that they begin with in common."""
    alike = [a == b for a, b in zip(word, name, strict=False)]
    start = [*alike, False].index(False)
    return word[start:], name[start:]


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."

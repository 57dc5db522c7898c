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
from collections.abc import Iterable

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
    end = f"{_sentence(rule)} To fix it: {fix.rstrip('.')}."
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

    Example:
        >>> suggest("constnat", ["constant", "reflect"])
        "did you mean 'constant'?"
    """
    names = [str(name) for name in known]
    near = difflib.get_close_matches(str(word), names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(map(repr, names))}"


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."

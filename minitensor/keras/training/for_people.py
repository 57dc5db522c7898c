"""What people see of an error in `fit` and its like: their own lines, and the right names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from minitensor.errors import ArgumentError, OpError, message, shorten, suggest
from minitensor.graph.failure import shortened

__all__ = ["about_validation", "advise", "complete", "for_people"]


def for_people(method: Callable) -> Callable:
    """A method of `Trainer` whose errors name it and show the learner's lines, not the engine's."""
    signature, name = inspect.signature(method), method.__name__

    @wraps(method)
    def shown(*args: Any, **kwargs: Any) -> Any:
        try:
            _check_arguments(name, signature, args, kwargs)
            return method(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            _retell(error, name)
            raise  # without a value: so this line is not in the traceback

    return shown


def _check_arguments(name: str, signature: inspect.Signature, args: tuple, kwargs: dict) -> None:
    known = [*signature.parameters][1:]
    for word, value in kwargs.items():
        if word not in known:
            raise ArgumentError(
                message(name, f"{word}={shorten(value)}",
                        f"it got an unexpected keyword argument {word!r}",
                        "an argument that it does not know would have no effect",
                        suggest(word, known))
            )  # fmt: skip
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ArgumentError(
            message(name, "", str(error), f"its arguments are {', '.join(known)}",
                    f"look at help(model.{name})")
        ) from None  # fmt: skip


def _retell(error: Any, method: str) -> None:
    """Name the method where checks that all methods share say `fit`, and hide the engine."""
    if isinstance(error, OpError):
        _rename(error, f"{method}:")
    shortened(error)


def _rename(error: OpError, subject: str) -> bool:
    """Put a subject in the place of `fit:`; whether that was there."""
    found = error.message.startswith("fit:")
    if found:
        error.args = (subject + error.message.removeprefix("fit:"), *error.args[1:])
    return found


def complete(error: OpError, sentence: str) -> None:
    """Say one thing more at the end of an error's message."""
    error.args = (f"{error.message} {sentence}", *error.args[1:])


def advise(error: OpError, fact: str, fix: str) -> None:
    """Say what is the matter, and give other advice than the error's own."""
    head, _, _ = error.message.rpartition("To fix it: ")
    error.args = (f"{(head or error.message).rstrip()} {fact} To fix it: {fix}.", *error.args[1:])


@contextmanager
def about_validation() -> Iterator[None]:
    """Errors within it say that they are about `validation_data`."""
    try:
        yield
    except OpError as error:
        if not _rename(error, "fit, validation_data:"):
            complete(error, "This happened in validation, with validation_data.")
        raise

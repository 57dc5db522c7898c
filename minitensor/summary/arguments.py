"""Arguments that several kinds of summaries take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, InvalidArgumentError, OpError, message, shorten

__all__ = [
    "array", "check_room", "count", "file_path", "file_suffix", "listed", "outputs", "text",
    "whole_number",
]  # fmt: skip


def array(subject: str, name: str, value: Any, dtype: Any = None) -> np.ndarray:
    """An argument as an array.

    Raises:
        InvalidArgumentError: (also a ValueError) for lists that are not of one length, and for
            what is no number where `dtype` asks for numbers.
    """
    try:
        return np.asarray(value.numpy() if hasattr(value, "numpy") else value, dtype)
    except OpError:  # a tensor of a traced function says itself why it has no values
        raise
    except (ValueError, TypeError, OverflowError):
        raise InvalidArgumentError(
            message(subject, f"{name}={shorten(value)}", "that makes no array",
                    f"{name} has rows of one length" + (", of numbers" if dtype else ""),
                    "look at the lengths and types of its rows")
        ) from None  # fmt: skip


def listed(subject: str, name: str, value: Any, wanted: str) -> list:
    """An argument that is a list, or something like one.

    Raises:
        ArgumentError: (also a TypeError) for what has no elements.
    """
    if not np.iterable(value):
        raise ArgumentError(
            message(subject, f"{name}={shorten(value)}", "that is no list",
                    f"{name} are a list of {wanted}", f"write {name}=[...]")
        )  # fmt: skip
    return list(value)


def whole_number(subject: str, name: str, value: Any, fix: str, first: str = "") -> int:
    """An argument that is a whole number, as an int; `first` is what its error begins with.

    Raises:
        ArgumentError: (also a TypeError) for anything else.
    """
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        return value.__index__()
    except (AttributeError, TypeError):
        raise ArgumentError(
            first
            + message(subject, f"{name}={shorten(value)}", "that is no whole number",
                    f"the argument {name} is a Python int, or an integer tensor with a value", fix)
        ) from None  # fmt: skip


def count(subject: str, name: str, value: Any, fix: str) -> int:
    """An argument that counts: a whole number from 1.

    Raises:
        InvalidArgumentError: (also a ValueError) for one below.
    """
    found = whole_number(subject, name, value, fix)
    if found < 1:
        raise InvalidArgumentError(
            message(
                subject,
                f"{name}={found}",
                "that is less than 1",
                f"the argument {name} counts something",
                fix,
            )
        )
    return found


def check_room(subject: str, name: str, number: int, what: str, fix: str) -> None:
    """Refuse more parts than anybody could see.

    Raises:
        InvalidArgumentError: (also a ValueError) for more than a million.
    """
    if number > _MOST:
        raise InvalidArgumentError(
            message(subject, f"{name}={number}", f"that is more than {_MOST}",
                    f"each {what} takes 24 bytes, and a picture has room for some hundreds", fix)
        )  # fmt: skip


def text(subject: str, name: str, value: Any, rule: str, fix: str) -> str:
    """An argument that is text; `rule` says what it is there for.

    Raises:
        ArgumentError: (also a TypeError) for anything else.
    """
    if not isinstance(value, str):
        raise ArgumentError(
            message(subject, f"{name}={shorten(value)}", f"it is of type {type(value).__name__}",
                    rule, fix)
        )  # fmt: skip
    return value


def outputs(subject: str, value: Any) -> int:
    """How many images or sounds of a batch are recorded at most.

    Raises:
        InvalidArgumentError: (also a ValueError) for a negative number.
    """
    found = whole_number(subject, "max_outputs", value, "write max_outputs=3")
    if found < 0:
        raise InvalidArgumentError(
            "Condition x >= 0 did not hold element-wise\n"
            + message(subject, f"max_outputs={found}", "it is negative",
                      "it says how many of the batch are recorded at most", "write max_outputs=3")
        )  # fmt: skip
    return found


def file_path(subject: str, name: str, value: Any, fix: str) -> Path:
    """The path of a file or directory, with the home directory for `~`.

    Raises:
        ArgumentError: (also a TypeError) for what is no path.
        InvalidArgumentError: (also a ValueError) for one that no file can have, and for the home
            directory of somebody who has none.
    """
    try:
        path = os.fsdecode(value)
    except TypeError:
        raise ArgumentError(
            message(subject, f"{name}={shorten(value)}", "that is no path",
                    f"the argument {name} is a str or a pathlib.Path", fix)
        ) from None  # fmt: skip
    if not _is_writable(path):
        raise InvalidArgumentError(
            message(subject, f"{name}={path!r}",
                    "it holds the character NUL, or one that is no whole character",
                    "names of files are text without these", fix)
        )  # fmt: skip
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InvalidArgumentError(
            message(subject, f"{name}={path!r}", "nobody of that name has a home directory here",
                    "~ stands for your home directory, ~name for that of somebody else", fix)
        ) from None  # fmt: skip


def file_suffix(subject: str, value: Any) -> str:
    """What the name of an event file ends with.

    Raises:
        ArgumentError: (also a TypeError) for what is no text.
        InvalidArgumentError: (also a ValueError) for text that no name of a file can end with.
    """
    fix = 'write filename_suffix=".v2", or leave it out'
    value = text(subject, "filename_suffix", value, "a suffix is text", fix)
    if not _is_writable(value) or "/" in value or os.sep in value or len(value) > _SUFFIX:
        raise InvalidArgumentError(
            message(subject, f"filename_suffix={shorten(value)}",
                    "no name of a file can end with that", "it is the end of a file's name: at "
                    f"most {_SUFFIX} characters, without NUL and without {os.sep}", fix)
        )  # fmt: skip
    return value


def _is_writable(name: str) -> bool:
    """Whether the system takes these characters in the name of a file."""
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        return False


_MOST = 1_000_000
_SUFFIX = 50
"""Names of files have at most 255 bytes, of which host and process take up to about 120."""

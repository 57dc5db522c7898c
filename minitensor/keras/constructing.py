"""Constructors of Keras's own classes: arguments that do not fit become lessons.

Most constructors check their arguments in their own words. What gets past these checks is an error
of Python or numpy that speaks of the inside of the constructor; the learner hears which arguments
it was, and where to read what they mean.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import (
    ArgumentError,
    InvalidArgumentError,
    OpError,
    message,
    shorten,
    suggest,
)

__all__ = ["explaining"]

_INSIDE = tuple(str(Path(where).parent) for where in (inspect.getfile(OpError), np.__file__))


def explaining(init: Callable) -> Callable:
    """A constructor whose errors are lessons."""

    @wraps(init)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, OpError) or not _is_from_inside(error):
                raise
            raise _lesson(type(self).__name__, init, args, kwargs, error) from error

    return made


def _is_from_inside(error: Exception) -> bool:
    """Whether no function of the learner had a part in it after the constructor was called."""
    trace = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_INSIDE):
            return False
        trace = trace.tb_next
    return True


def _lesson(name: str, init: Callable, args: tuple, kwargs: dict, error: Exception) -> OpError:
    takes = inspect.signature(init)
    names = [p for p in takes.parameters if p not in ("self", "args", "kwargs")]
    given = ", ".join([*(shorten(x, 30) for x in args),
                       *(f"{key}={shorten(x, 30)}" for key, x in kwargs.items())])  # fmt: skip
    rule, fix = f"it takes {', '.join(names) or 'no arguments'}", f"read help({name})"
    try:
        takes.bind(None, *args, **kwargs)
    except TypeError as unfit:
        unknown = re.search(r"unexpected keyword argument '(.*)'", str(unfit))
        missing = re.search(r"missing a required .*argument: '(.*)'", str(unfit))
        if missing:
            fix = f"write {name}({missing[1]}=…)"
        elif unknown and names:
            fix = suggest(unknown[1], names)
        return ArgumentError(message(name, given, str(unfit), rule, fix))
    fault = f"an argument is of the wrong kind: {error}"
    kind = ArgumentError if isinstance(error, TypeError) else InvalidArgumentError
    return kind(message(name, given, fault, rule, fix))

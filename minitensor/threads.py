"""Threads for work on large arrays: how many there are, and how a loop over tiles is spread.

numpy lets go of Python's lock while it computes, so threads of one process share the work. The
number comes from MINITENSOR_NUM_THREADS, else from `mt.config.threading`, else it is the number of
cores that this process may use.
"""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message, shorten

__all__ = ["count", "set_count", "spread"]


class _Settings:
    """How many threads, and the pool that all but the first run in."""

    def __init__(self) -> None:
        self.count = 0
        self.pool: ThreadPoolExecutor | None = None
        self.process = 0


_settings = _Settings()


def count() -> int:
    """How many threads share the work on large arrays."""
    if not _settings.count:
        given = os.environ.get("MINITENSOR_NUM_THREADS", "0")
        _settings.count = _checked(given, "MINITENSOR_NUM_THREADS") or _cores()
    return _settings.count


def set_count(number: Any) -> None:
    """Share the work on large arrays among this many threads; 0 for one per core.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything but a number from 0.
    """
    _settings.count = _checked(number, "number of threads") or _cores()
    _settings.pool = None


def spread(run: Callable, rows: int, step: int, scratch: Sequence[np.ndarray]) -> list:
    """Run `run(start, stop, *scratch)` over all rows, in as many threads as there are.

    Each thread gets rows that follow one another, a multiple of `step`, and scratch arrays of its
    own. Returns what the runs returned, in order.
    """
    tiles = -(-rows // step)
    parts = min(count(), tiles)
    if parts == 1:
        return [run(0, rows, *scratch)]
    bounds = [tiles * i // parts * step for i in range(parts)] + [rows]
    later = [
        _started(parts - 1, run, bounds[i], bounds[i + 1], *[np.empty_like(x) for x in scratch])
        for i in range(1, parts)
    ]
    return [run(0, bounds[1], *scratch), *(result() for result in later)]


def _started(workers: int, run: Callable, *args: Any) -> Callable:
    """What gives the result of a run in another thread; in this one, while Python shuts down."""
    try:
        return _pool(workers).submit(contextvars.copy_context().run, run, *args).result
    except RuntimeError:
        return partial(run, *args)


def _pool(workers: int) -> ThreadPoolExecutor:
    if _settings.pool is None or _settings.process != os.getpid():
        workers = max(workers, count() - 1)
        _settings.pool = ThreadPoolExecutor(workers, thread_name_prefix="minitensor")
        _settings.process = os.getpid()
    return _settings.pool


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked(number: Any, what: str) -> int:
    try:
        found = int(number)
    except (TypeError, ValueError):
        found = -1
    if found < 0 or isinstance(number, float):
        raise InvalidArgumentError(
            message("config.threading", f"{what} = {shorten(number)}", "it is not a number of "
                    "threads", "a number of threads is a whole number; 0 stands for one per core",
                    "write for example 2")
        )  # fmt: skip
    return found

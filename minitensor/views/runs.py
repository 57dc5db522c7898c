"""Runs that are being written: what a dashboard needs to know to follow them."""

from __future__ import annotations

import os

from minitensor.summary.arguments import file_path
from minitensor.summary.sink import open_below

__all__ = ["open_runs"]


def open_runs(logdir: str | os.PathLike[str], flush: bool = False) -> list[str]:
    """The directories in and below `logdir` into which this process writes summaries now.

    Args:
        logdir: the directory of one run or of many.
        flush: wait until all that was recorded there is on disk, for at most a second.

    Raises:
        ArgumentError: (also a TypeError) for what is no path.
        InvalidArgumentError: (also a ValueError) for one that no directory can have.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> folder = tempfile.mkdtemp()
        >>> with mt.summary.create_file_writer(folder):
        ...     len(open_runs(folder))
        1
        >>> open_runs(folder)
        []
    """
    fix = 'write open_runs("logs")'
    sinks = open_below(file_path("open_runs", "logdir", logdir, fix))
    for sink in sinks if flush else []:
        sink.pen.flush(1.0)
    return sorted(str(sink.folder) for sink in sinks)

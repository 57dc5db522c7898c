"""Summary writers: one run, one directory, one event file."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from weakref import ref

from minitensor.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
    message,
    shorten,
)
from minitensor.summary.arguments import file_path, file_suffix
from minitensor.summary.context import entered, present, set_default
from minitensor.summary.hparams import END, START, end_session
from minitensor.summary.messages import Event
from minitensor.summary.records import Kind, Recorded
from minitensor.summary.sink import Sink, open_sinks

__all__ = ["SummaryWriter", "close_all", "create_file_writer", "flush"]

MANY, SECONDS = 1000, 1.0


class SummaryWriter:
    """Writes the summaries of one run; `create_file_writer` makes it.

    What is recorded waits in memory for at most `flush_millis`, is written in a thread of its own,
    and is on disk after `flush()`, after `close()`, and when the program ends: by itself, with an
    exception, or at SIGTERM or SIGHUP.
    """

    def __init__(self, sink: Sink, on_error: str = "warn"):
        self._sink = sink
        sink.owner = ref(self)
        self._on_error = on_error
        self._kinds: dict[str, str] = {}
        self._before = _kinds_before(sink.folder)
        _kinds_of[sink.file.path] = self._kinds
        self._closed = self._reported = False
        self._put = sink.pen.put
        self._ending = "success"

    @property
    def logdir(self) -> str:
        """The directory of the run."""
        return str(self._sink.folder)

    @property
    def path(self) -> str:
        """The event file."""
        return str(self._sink.file.path)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def put(
        self, kind: Kind, tag: str, step: int, payload: Any, description: str | None = None,
        size: int = 0,
    ) -> bool:  # fmt: skip
        """Record a value that was prepared, and takes about so many bytes; whether it was kept.

        Raises:
            FailedPreconditionError: (also a RuntimeError) after `close`.
            InvalidArgumentError: (also a ValueError) when the tag holds another kind already.
        """
        if self._kinds.get(tag) != kind.plugin or self._closed:
            self._check(tag, kind)
        if self._sink.pen.error is not None:
            self._report()
            return False
        self._put(Recorded(time.time(), step, tag, kind, payload, description), size)
        return True

    def put_event(self, event: Event) -> bool:
        """Record an event that is complete but for its time; whether it was kept."""
        self._check_open()
        event.wall_time = event.wall_time or time.time()
        if self._sink.pen.error is not None:
            self._report()
            return False
        self._put(event, len(event.graph_def or b"") + len(event.meta_graph_def or b""))
        return True

    def _check(self, tag: str, kind: Kind) -> None:
        self._check_open()
        before = self._kinds.setdefault(tag, self._before.get(tag, kind.plugin))
        if before != kind.plugin:
            raise InvalidArgumentError(
                message(kind.name, f"the tag {tag!r}", f"this run has {before} under that tag",
                        "a tag holds one kind of summary; TensorBoard shows neither of two",
                        f"give it a name of its own, such as {tag + '_' + kind.name!r}")
            )  # fmt: skip

    def _check_open(self) -> None:
        if self._sink.inherited:
            raise FailedPreconditionError(
                message("SummaryWriter", self.logdir, "it was made in the parent of this process",
                        "a writer belongs to the process that made it",
                        "make a writer in the child, with a directory of its own")
            )  # fmt: skip
        if self._closed:
            raise FailedPreconditionError(
                f"SummaryWriter {self!r} is already closed\nNothing can be recorded after close(). "
                "To fix it: record before it, or make a new writer with fresh=True."
            )

    def _tell(self) -> None:
        """Say what went wrong in the pen's thread."""
        lost = self._sink.lost
        for what in list(lost):
            error = lost.pop(what)
            text = message("SummaryWriter", what,
                           f"it could not be made bytes: {error!r}",
                           "it is lost, and all others are written",
                           "look at what was recorded there")  # fmt: skip
            self._raise_or_warn(text, error)
        if self._sink.pen.error is not None:
            self._report()

    def _report(self) -> None:
        """Say that writing failed: once as a warning, or each time as an error."""
        error = self._sink.pen.error
        if self._reported and self._on_error == "warn":
            return
        self._reported = True
        text = message("SummaryWriter", f"the event file {self.path!r}", f"{error}",
                       "what was recorded since is lost; what was flushed before is whole",
                       "make room or choose another directory, and make a new writer")  # fmt: skip
        self._raise_or_warn(text, error)

    def _raise_or_warn(self, text: str, error: BaseException | None) -> None:
        if self._on_error == "raise":
            raise FailedPreconditionError(text) from error
        warnings.warn(text, RuntimeWarning, stacklevel=5)

    def _with(self, step: Any) -> dict[str, Any]:
        """This writer as the default, and the step if there is one."""
        return {"writer": self} if step is None else {"writer": self, "step": step}

    def set_as_default(self, step: Any = None) -> None:
        """From here on, summaries of this thread go to this writer; with `step`, at that step.

        Another default replaces it; `as_default` is for a part of the program only.

        Raises:
            FailedPreconditionError: (also a RuntimeError) after `close`.

        Example:
            >>> import tempfile, threading
            >>> import minitensor as mt
            >>> folder = tempfile.mkdtemp()
            >>> def train():
            ...     with mt.summary.create_file_writer(folder) as writer:
            ...         writer.set_as_default(step=0)
            ...         mt.summary.scalar("loss", 0.5)
            >>> thread = threading.Thread(target=train)
            >>> thread.start()
            >>> thread.join()
            >>> mt.summary.read(folder).tags(".")
            {'loss': 'scalars'}
        """
        self._check_open()
        set_default(**self._with(step))

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Within it, summaries go to this writer; with `step`, at that step. Flushes at its end."""
        self._check_open()
        with entered(**self._with(step)):
            try:
                yield self
                self._ending = "success"
            except BaseException:
                self._ending = "failure"
                raise
            finally:
                self.flush()

    def flush(self) -> None:
        """Wait until all that was recorded is on disk; after `close` there is nothing to wait for.

        Raises:
            FailedPreconditionError: (also a RuntimeError) when it cannot be written and the writer
                was made with `on_error="raise"`.
        """
        if self._closed or self._sink.inherited:
            return
        self._sink.pen.flush()
        self._tell()

    def close(self) -> None:
        """Write what is left and end the file; closing it twice does nothing."""
        if self._closed or self._sink.inherited:
            return
        self._end()
        self._tell()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._ending = "failure"
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self._end()

    def _end(self) -> None:
        """Say how a run with hyper-parameters ended, and let go of the file."""
        if START in self._kinds and END not in self._kinds and not self._sink.inherited:
            end_session(self, self._ending)
        self._closed = True
        self._sink.close()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise FailedPreconditionError(
            message("SummaryWriter", self.logdir, "a writer cannot be copied or sent elsewhere",
                    "it holds an open file and the thread that writes it",
                    "pass its directory, and make a writer with a directory of its own there")
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<SummaryWriter {self.logdir}{' (closed)' if self._closed else ''}>"


_kinds_of: dict[Path, dict[str, str]] = {}
"""What is under each tag of each file that this process wrote."""


def _kinds_before(folder: Path) -> dict[str, str]:
    """What earlier writers of this process left under each tag of a run."""
    found: dict[str, str] = {}
    for path in [path for path in _kinds_of if path.parent == folder]:
        if path.exists():
            found |= _kinds_of[path]
        else:
            del _kinds_of[path]
    return found


def create_file_writer(
    logdir: str | os.PathLike[str],
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
    *,
    fresh: bool = False,
    on_error: str = "warn",
) -> SummaryWriter:
    """A writer of summaries into a directory, in files that TensorBoard opens.

    Args:
        logdir: the directory of the run, made where it is missing.
        max_queue: how many summaries may wait before they are written; 1000 by default.
        flush_millis: for how long they may wait; a second by default.
        filename_suffix: what the name of the file ends with; `.v2` by default.
        name: TensorFlow's; it has no effect.
        fresh: make a new run below `logdir`, named by date and time.
        on_error: what a disk that fails does: "warn" once and go on without recording, or "raise".

    Raises:
        InvalidArgumentError: (also a ValueError) for a directory that cannot be made or written.
        FailedPreconditionError: (also a RuntimeError) when another writer is open on the run.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> with mt.summary.create_file_writer(tempfile.mkdtemp()) as writer:
        ...     with writer.as_default():
        ...         mt.summary.scalar("loss", 0.5, step=1)
        <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    _check_way(on_error)
    folder = folder_of(logdir)
    many = count_of("max_queue", max_queue, MANY)
    seconds = count_of("flush_millis", flush_millis, int(1000 * SECONDS)) / 1000
    given = ".v2" if filename_suffix is None else filename_suffix
    suffix = file_suffix("create_file_writer", given)
    folder = _fresh(folder) if fresh else folder
    return SummaryWriter(
        open_sink("create_file_writer", folder, suffix, True, many, seconds), on_error
    )


def flush(writer: SummaryWriter | None = None) -> None:
    """Wait until all that was recorded is on disk, by the default writer or another one.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no summary writer.

    Example:
        >>> flush()  # no writer: nothing happens
    """
    writer = present().writer if writer is None else writer
    if writer is None:
        return
    if not isinstance(writer, SummaryWriter):
        raise InvalidArgumentError(
            f"Invalid argument to flush(): {shorten(writer)}\n"
            + message("flush", f"writer={shorten(writer)}", "that is no summary writer",
                      "one writer is flushed, the default writer where none is given",
                      "pass what create_file_writer gave, or call flush() of each writer")
        )  # fmt: skip
    writer.flush()


def close_all() -> None:
    """Close all writers of this process: what was recorded is on disk, and their runs are free.

    For writers that have no name any more: after an exception in a notebook, its traceback keeps
    what the cell had made, and so a writer that nobody can close by name.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> writer = mt.summary.create_file_writer(tempfile.mkdtemp())
        >>> mt.summary.close_all()
        >>> writer.closed
        True
    """
    with ExitStack() as stack:  # all are closed, also after one that raises
        for sink in open_sinks():
            writer = sink.owner()
            if writer is not None:
                stack.callback(writer.close)


def open_sink(
    name: str, folder: Path, suffix: str, process: bool, many: int = MANY, seconds: float = SECONDS
) -> Sink:
    """An event file in a folder, and its pen; `name` is who asks, for errors."""
    try:
        return Sink(folder, suffix, process, many, seconds)
    except OpError:
        raise
    except OSError as error:
        raise InvalidArgumentError(
            message(name, f"logdir={str(folder)!r}",
                    f"it cannot be written: {error.strerror or error}",
                    "a run is a directory that this program may make and write",
                    "choose a directory of your own")
        ) from error  # fmt: skip


def _check_way(on_error: Any) -> None:
    if on_error not in ("warn", "raise"):
        raise InvalidArgumentError(
            message("create_file_writer", f"on_error={on_error!r}", "there is no such way",
                    "a failing disk is told once, or stops the program", 'use "warn" or "raise"')
        )  # fmt: skip


def folder_of(logdir: Any, name: str = "create_file_writer") -> Path:
    """The directory that was given to what is called `name`."""
    if logdir is None:
        raise InvalidArgumentError(
            "Argument `logdir` cannot be None\nTo fix it: give the directory of the run, such as "
            f'{name}("logs").'
        )
    path = file_path(name, "logdir", logdir, f'write {name}("logs")')
    if "://" in (text := os.fsdecode(logdir)):
        raise InvalidArgumentError(
            message(name, f"logdir={text!r}", "that is a place in a network",
                    "event files are written to directories of this machine",
                    "write here and copy the directory")
        )  # fmt: skip
    return path


def _fresh(folder: Path) -> Path:
    """A run directory that was not there before."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 10_000):
        found = folder / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            found.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError:  # told by what tries to write there
            return found
        return found
    raise AssertionError("ten thousand runs began in one second")


def count_of(name: str, value: Any, default: int, asker: str = "create_file_writer") -> int:
    """A number from 1, or the default for None."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidArgumentError(
            message(asker, f"{name}={value!r}", "that is no number from 0",
                    "it says how many summaries, or for how many milliseconds, may wait",
                    f"leave it out for {default}")
        )  # fmt: skip
    return max(1, min(value, sys.maxsize))

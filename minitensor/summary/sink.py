"""Where a pen writes to: an event file that no other writer has, made ready for any end.

At exit, and when the process is asked to end (SIGTERM, or SIGHUP when its terminal is closed), what
waits in the pens of all open writers is written. A forked child has the files of its parent but not
its threads: its writers are closed.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from minitensor.errors import FailedPreconditionError, message
from minitensor.summary.event_file import EventFile
from minitensor.summary.messages import Event
from minitensor.summary.pen import Pen
from minitensor.summary.records import Recorded, encoded

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

__all__ = ["Sink", "open_below", "open_sinks"]

_open: dict[int, Sink] = {}
ALL = ", or all with mt.summary.close_all()"
"""What to do about a writer of this process that has no name any more."""
_SECONDS = 10.0
"""How long the end of a process waits for one writer."""


class Sink:
    """A pen and its file.

    Raises:
        FailedPreconditionError: (also a RuntimeError) when another writer has the directory.
        OSError: when the directory or the file cannot be made.
    """

    def __init__(self, folder: Path, suffix: str, process: bool, many: int, interval: float):
        self.folder = folder.resolve()
        self.inherited = False
        self.owner: Callable[[], Any] = lambda: None
        """The writer that records here, while there is one."""
        self.lost: dict[str, Exception] = {}
        """What could not be made bytes, and why; the writer tells it."""
        self._claim()
        self.file = EventFile(self.folder, suffix, process)
        try:
            if fcntl is not None:
                fcntl.flock(self.file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.pen = Pen(self._write, many=many, interval=interval, end=self._let_go)
            _open[id(self)] = self
            _prepare_for_the_end()
        except BaseException:  # such as Ctrl-C: nobody else could let go of the file
            _open.pop(id(self), None)
            if hasattr(self, "pen"):
                self.pen.stop()
            self._let_go()
            raise

    def _claim(self) -> None:
        here = any(sink.folder == self.folder for sink in open_sinks())
        if here or any(map(_is_locked, self.folder.glob("*.tfevents.*"))):
            whose = "of this process" if here else "of another process"
            raise FailedPreconditionError(
                message("create_file_writer", f"logdir={str(self.folder)!r}",
                        f"a writer {whose} is open on this run",
                        "two writers on one run would draw their curves through each other",
                        f"close() the first one{ALL if here else ''}, or give each run a directory "
                        "of its own: create_file_writer(logdir, fresh=True) makes one")
            )  # fmt: skip

    def _write(self, items: list[Recorded | Event]) -> None:
        self.file.write(filter(None, map(self._encoded, items)))

    def _encoded(self, item: Recorded | Event) -> bytes:
        """The bytes of an event; none for one that has none, which costs no other."""
        try:
            return encoded(item)
        except Exception as error:
            recorded = isinstance(item, Recorded)
            what = f"a value under the tag {item.tag!r}" if recorded else "an event of its own"
            self.lost[what] = error
            return b""

    def _let_go(self) -> None:
        """Close the file, and unlock it also where a child of this process has it open."""
        if fcntl is not None and not self.file.closed:
            fcntl.flock(self.file.fileno(), fcntl.LOCK_UN)
        self.file.close()

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        if _open.pop(id(self), None) is not None:
            self.pen.stop()


def _is_locked(path: Path) -> bool:
    if fcntl is None:
        return False
    try:
        if not path.is_file():  # opening a pipe would wait for somebody to write to it
            return False
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def open_sinks() -> list[Sink]:
    """All sinks of this process."""
    return list(_open.values())


def open_below(folder: Path) -> list[Sink]:
    """The sinks of this process that write into a directory or below it."""
    root = folder.resolve()
    return [sink for sink in open_sinks() if sink.folder.is_relative_to(root)]


_ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _flush_all() -> None:
    for sink in open_sinks():
        sink.pen.flush(_SECONDS)


def _terminated(number: int, frame: FrameType | None) -> None:
    _flush_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _prepare_for_the_end() -> None:
    """Flush when asked to end, unless the program has a handler: its own one ends in `atexit`."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _ENDS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminated)


def _forked() -> None:
    for sink in _open.values():
        sink.inherited = True
        sink.file.close()  # else the child would keep the lock when the parent is killed
    _open.clear()


atexit.register(_flush_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)

"""A pen: the thread that encodes and writes what a program records, while the program goes on.

Items wait in a queue. The pen wakes when the queue is long, when its oldest item has waited for the
interval, or when somebody wants all of it on disk. Nothing that the recording side does can block
inside a lock: a signal handler may flush at any moment.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

__all__ = ["Pen"]


class _Done:
    """Tells one waiting thread that it is done, like a `threading.Event`.

    An Event that is interrupted by Ctrl-C between two of its own lines may keep its lock, and the
    pen would wait for it for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it was done, in so many seconds."""
        return self._lock.acquire(timeout=-1 if timeout is None else timeout)


class Pen:
    """Hands items to `write`, in a thread of its own, in the order in which they came.

    Args:
        write: takes a list of items; what it raises is kept in `error`, and later items dropped.
        many: how many items may wait before the pen is woken.
        most: how many may wait at all; then whoever adds one waits for the pen.
        interval: for how many seconds an item may wait.
        weight: how many bytes may wait, about; then, too, whoever adds an item waits.
        end: is called when everything is written and the thread ends.
    """

    def __init__(
        self, write: Callable[[list], None], many: int = 1000, most: int = 20_000,
        interval: float = 1.0, weight: int = 1 << 28, end: Callable[[], None] = lambda: None,
    ):  # fmt: skip
        self.error: BaseException | None = None
        self._write, self._many, self._most = write, many, most
        self._interval = min(interval, threading.TIMEOUT_MAX)  # such as infinity
        self._end = end
        self._weight, self._added, self._done = weight, 0, 0
        self._items: deque[Any] = deque()
        self._calls: SimpleQueue[_Done | None] = SimpleQueue()
        self._stop = self._ended = False
        self._thread = threading.Thread(target=self._run, name="summaries", daemon=True)
        try:
            self._thread.start()
        except BaseException:  # Ctrl-C, while it starts
            self._stop = True
            self._calls.put(None)
            raise

    def put(self, item: Any, size: int = 0) -> None:
        """Add an item of so many bytes; waits only while too much is there."""
        items = self._items
        items.append(item)
        waiting = len(items)
        if waiting == 1 or waiting == self._many:
            self._calls.put(None)
        elif waiting >= self._most:
            self.flush()
        if size:
            # Two threads may lose an addition to each other: it need not be exact.
            self._added += size
            if self._added - self._done > self._weight:
                self.flush()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was added is written; whether it was, in so many seconds.

        The pen's own thread, in which Python may collect a writer that nobody has any more, cannot
        wait for itself.
        """
        if threading.current_thread() is self._thread:
            return False
        done = _Done()
        self._calls.put(done)
        if sys.is_finalizing():  # Python has ended all threads but this one
            self._drain()
            return True
        if not self._ended:
            return done.wait(timeout)
        # It may have looked at its calls for the last time. Only here is the thread asked whether
        # it lives: in Python 3.11 a Ctrl-C within the question makes it seem to be over.
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self._drain()
            return True
        return done.wait(0)

    def stop(self) -> None:
        """Write what is there and end the thread."""
        self._stop = True
        if threading.current_thread() is not self._thread:
            self.flush()
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop:
                done = self._calls.get()
                if done is None:
                    done = self._gather()
                self._drain()
                if done is not None:
                    done.set()
        finally:
            self._ended = True
        self._drain()
        while not self._calls.empty():
            last = self._calls.get()
            if last is not None:
                last.set()
        self._end()

    def _gather(self) -> _Done | None:
        """Let items come together until there are many, the interval is over, or a flush."""
        end = time.monotonic() + self._interval
        while len(self._items) < self._many:
            try:
                done = self._calls.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                return None
            if done is not None:
                return done
        return None

    def _drain(self) -> None:
        items, added = self._items, self._added
        while items:
            batch = [items.popleft() for _ in range(min(len(items), self._many))]
            if self.error is None:
                try:
                    self._write(batch)
                except Exception as error:
                    self.error = error
        self._done = added

"""Prefetch: a thread computes the next elements while the program works on this one.

The thread knows only the buffer between the two, never the cursor: when the cursor is dropped the
buffer is closed, and the thread ends.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any
from weakref import finalize

from minitensor.data.columns import pack, unpack
from minitensor.data.selecting import Passing
from minitensor.data.stage import AUTOTUNE, Cursor, Stage
from minitensor.errors import InvalidArgumentError, message
from minitensor.op import state

__all__ = ["Prefetch"]

AHEAD = 8
"""How many elements AUTOTUNE computes ahead."""


class Prefetch(Passing):
    """Elements computed ahead, by a thread."""

    def __init__(self, before: Stage, ahead: int):
        if ahead < AUTOTUNE:
            raise InvalidArgumentError(
                message("Dataset.prefetch", f"buffer_size={ahead}", "it is too small: "
                        "buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning",
                        "so many elements are computed ahead", "pass 1, or mt.data.AUTOTUNE")
            )  # fmt: skip
        super().__init__("Prefetch", before, before.size, ahead)
        self.ahead = AHEAD if ahead == AUTOTUNE else ahead

    def cursor(self, run: int) -> Cursor:
        """Takes tokens from a thread that is ahead."""
        inner = self.inputs[0].cursor(run)
        return _Prefetching(self, inner) if self.ahead else inner


class _Buffer:
    """What the thread and the cursor share: tokens, and how the input ended."""

    def __init__(self, inner: Cursor, ahead: int):
        self.inner, self.ahead = inner, ahead
        self.tokens: deque = deque()
        self.changed = threading.Condition()  # re-entrant: a collector may close it
        self.working = threading.Lock()
        """Held while the input computes: whoever holds it sees the input between two tokens."""
        self.closed = self.over = False
        self.error: BaseException | None = None
        self.summaries: Any = None
        """Where those of the thread that asks for elements go."""

    def fill(self) -> None:
        """What the thread does."""
        while self._wait_for_room():
            with self.working:
                if self.closed:
                    return
                state.summaries = self.summaries
                try:
                    found = self.inner.many(1)
                except BaseException as error:  # the consumer raises it
                    found, self.error = [], error
                with self.changed:
                    self.tokens.extend(found)
                    self.over = not len(found)
                    self.changed.notify_all()
                if self.over:
                    return

    def _wait_for_room(self) -> bool:
        with self.changed:
            while len(self.tokens) >= self.ahead and not self.closed:
                self.changed.wait()
            return not self.closed

    def take(self) -> Any:
        """The next token, when it is there."""
        with self.changed:
            while not self.tokens and not self.over:
                self.changed.wait()
            if self.tokens:
                token = self.tokens.popleft()
                self.changed.notify_all()
                return token
        error, self.error = self.error, None
        raise StopIteration if error is None else error

    def close(self) -> None:
        """Let the thread end."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()


class _Prefetching(Cursor):
    def __init__(self, stage: Prefetch, inner: Cursor):
        self.stage, self.buffer = stage, _Buffer(inner, stage.ahead)
        self.started = False

    def __next__(self) -> Any:
        buffer = self.buffer
        buffer.summaries = state.summaries
        if not self.started:
            self._start()
        try:
            return buffer.take()
        except StopIteration:
            raise
        except Exception:
            self._go_on_later()
            raise

    def _start(self) -> None:
        self.started = True
        threading.Thread(
            target=self.buffer.fill, name="minitensor.data.prefetch", daemon=True
        ).start()
        self._close = finalize(self, self.buffer.close)

    def _go_on_later(self) -> None:
        """After an error the input may go on with the next element, in a new thread."""
        self._close.detach()
        self.buffer.over = self.started = False

    def save_state(self) -> dict:
        buffer = self.buffer
        with buffer.working, buffer.changed:
            return {"ahead": pack(list(buffer.tokens)), "input": buffer.inner.save_state()}

    def restore_state(self, state: dict) -> None:
        self.buffer.tokens.extend(unpack(state["ahead"], self.stage.spec))
        self.buffer.inner.restore_state(state["input"])

"""Ctrl-C during training: it waits for the end of the step, so that no weight is half updated."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """Within it, SIGINT is handled between steps; a second one during the same step at once.

    Outside of steps (in callbacks, or while data is fetched) it is handled at once. The handler
    that was there before decides what happens: Python's raises KeyboardInterrupt. In a thread other
    than the main one nothing changes, since signals do not reach it.
    """

    def __init__(self) -> None:
        self.in_step = False
        """Set it before a step, and call `end_step` after."""
        self._waiting: FrameType | None = None
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(handler):
            self._before = handler
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.in_step and self._waiting is None:
            self._waiting = frame
            return
        self._before(number, frame)

    def end_step(self) -> None:
        """Say that a step is over; what interrupted it is handled now."""
        self.in_step = False
        if self._waiting is not None:
            frame, self._waiting = self._waiting, None
            self._before(signal.SIGINT, frame)

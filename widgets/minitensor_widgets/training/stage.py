"""When a run is shown: at most ten times a second, and for at most a fiftieth of the time."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from ..units import size_text
from . import screens
from .bars import Bar
from .cells import CELLS
from .run import Run

MOST_BARS = 2
MOST_WAITING = 1000
SHARE = 49.0
"""Drawing waits this many times as long as the last drawing took: it has 2 % of the time."""
LONGEST_WAIT = 1.0
PATIENCE = 0.3
"""A run that is over sooner than this is shown once, when it is over."""

_here = threading.local()


def _stack() -> list[Stage]:
    if not hasattr(_here, "stages"):
        _here.stages = []
    return _here.stages


def current() -> Stage | None:
    """The innermost run of this thread into which others may put their bars."""
    return _stack()[-1] if _stack() else None


class Stage:
    """A run and where it is shown.

    Args:
        title: what stands above it.
        patience: the seconds before it is shown; what is over before is shown once.
    """

    def __init__(self, title: str, patience: float = PATIENCE) -> None:
        self.run = Run(title)
        self.closed = False
        self._patience = patience
        self._screen: screens.Screen | None = None
        self._last: screens.Screen | None = None
        self._given: screens.Screen | None = None
        self._fresh = False
        self._done = False
        self._due: float | None = None
        self._lock = threading.RLock()

    @property
    def is_shown(self) -> bool:
        """Whether it has a living screen."""
        return self._screen is not None

    # Bars.

    def enter(self) -> None:
        """Let others of this thread put their bars here."""
        self._done = False
        if self not in _stack():
            _stack().append(self)
            CELLS.watch()
            CELLS.add(self)

    def leave(self, done: bool = False) -> None:
        """The opposite of `enter`; what fed it may be `done`, although more may come."""
        self._done = done
        if self in _stack():
            _stack().remove(self)

    def add_bar(self, bar: Bar) -> bool:
        """Show a bar below those that run; False if there are two already."""
        running = [other for other in self.run.bars if other.state == "running"]
        if len(running) >= MOST_BARS:
            return False
        self.run.bars = [*running, bar]
        return True

    # Drawing.

    def tick(self) -> None:
        """Say that something happened: it is drawn, if it is time to."""
        self._fresh = True
        now = time.perf_counter()
        if self._due is None:
            self._due = now + self._patience
            CELLS.watch()
            CELLS.add(self)
        if now >= self._due or self.run.waiting > MOST_WAITING:
            self.draw()

    def draw(self) -> None:
        """Read what was logged, and draw it, if it is time to."""
        with self._lock:
            self.run.settle()
            began = time.perf_counter()
            if self._due is None or began < self._due or self.closed:
                return
            if self._screen is None and not self._appear():
                self._due = began + LONGEST_WAIT
                return
            assert self._screen is not None
            began = time.perf_counter()
            for bar in self.run.bars:
                bar.memory = device_memory()
            self._screen.draw(self.run)
            now = time.perf_counter()
            wait = max(self._screen.period, SHARE * (now - began))
            self._due = now + min(max(LONGEST_WAIT, self._screen.period), wait)

    def _appear(self) -> bool:
        """Open a screen, if there is a place for it: the output of a cell that runs."""
        CELLS.watch()
        if not CELLS.running and self._given is None:
            return False
        self.run.state = "running"
        self._screen = self._given or screens.choose(self.run)
        CELLS.add(self)
        return True

    def attach(self, widget: Any) -> None:
        """Show it by this widget and nowhere else."""
        self._given = screens.GivenScreen(widget)
        self._patience = 0.0

    def show(self) -> None:
        """Show it here and now."""
        self._due = 0.0
        self.draw()

    def end(self, state: str, words: str = "", for_good: bool = True) -> None:
        """The run is over: what stays is put in its place."""
        with self._lock:
            if self.closed:
                return
            self.closed = for_good
            self.leave()
            CELLS.remove(self)
            self.run.end(state, words)
            screen, self._screen = self._screen, None
            if screen is None and (for_good or self._fresh):
                screen = self._given or self._last
                if self._fresh and self._given is None:
                    screen = screens.choose(self.run, over=True)
            if screen is not None:
                screen.freeze(self.run)
            self._last, self._fresh, self._due = screen, False, None

    # What cells say.

    def cell_over(self, error: BaseException | None) -> None:
        """The cell is over: what is shown freezes, and comes to life when it is used again."""
        rests = "finished" if self._done else "paused"
        self.end(*((rests, "") if error is None else words_of(error)), for_good=False)

    def stopped_by(self, error: BaseException) -> None:
        """An exception left the loop early: say it in the output that stayed."""
        state, words = words_of(error)
        self.run.state, self.run.words = state, words
        for bar in self.run.bars:
            if bar.state == "stopped":
                bar.state, bar.words = state, words
        if self._last is not None:
            self._last.freeze(self.run)


def device_memory() -> str:
    """The memory in use on the first GPU; nothing where no GPU is used."""
    if "cupy" not in sys.modules or "minitensor" not in sys.modules:
        return ""
    import minitensor as mt

    if not mt.config.list_physical_devices("GPU"):
        return ""
    used = mt.config.experimental.get_memory_info("GPU:0")["current"]
    return f"{size_text(used)} on GPU:0"


def words_of(error: BaseException | None) -> tuple[str, str]:
    """The state in which an exception leaves a run, and how to say it.

    Example:
        >>> words_of(None), words_of(KeyboardInterrupt()), words_of(ValueError("no"))
        (('finished', ''), ('interrupted', 'interrupted'), ('failed', 'failed: ValueError: no'))
    """
    if error is None:
        return "finished", ""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", "interrupted"
    lines: list[Any] = str(error).strip().splitlines()
    name = type(error).__name__
    return "failed", f"failed: {name}: {lines[0][:120]}" if lines else f"failed: {name}"

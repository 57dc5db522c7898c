"""`Progbar`: how far something is, in a terminal, in a notebook, and in a log file.

Where the last line can be written again, it is, a few times a second and never wider than the
terminal; what stays in the end is whole. In a file there is one line at the end, without colours.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

__all__ = ["Progbar", "can_rewrite", "end_open_line"]

NARROWEST = 5
"""A bar with fewer characters is left out."""
NOTEBOOKS = ("ipykernel", "pyodide_kernel", "xeus")


def can_rewrite(stream: Any) -> bool:
    """Whether a stream shows what follows a carriage return in place of the line."""
    return _is_terminal(stream) or type(stream).__module__.split(".")[0] in NOTEBOOKS


def _is_terminal(stream: Any) -> bool:
    return getattr(stream, "isatty", bool)() and os.environ.get("TERM") != "dumb"


def end_open_line(besides: Progbar | None = None) -> None:
    """End the line that a bar has begun and not finished, so that others can write.

    Args:
        besides: a bar whose own line stays as it is.
    """
    if Progbar._unfinished is None or Progbar._unfinished[0] is besides:
        return
    _, stream = Progbar._unfinished
    Progbar._unfinished = None
    if stream is sys.stdout:
        stream.write("\n")
        stream.flush()


class Progbar:
    """A bar that shows how many of a number of steps are done, and means of values.

    Args:
        target: how many steps there are; None if nobody knows.
        width: how many characters the bar has.
        verbose: 1 for a bar, 2 for one line at the end, 0 for nothing.
        interval: the least seconds between two drawings.
        stateful_metrics: names of values that are shown as they are, not averaged.
        unit_name: what a step is called.

    Example:
        >>> import minitensor as mt
        >>> bar = mt.keras.utils.Progbar(2, verbose=2)
        >>> bar.update(1, [("loss", 3.0)])
        >>> bar.update(2, [("loss", 1.0)])
        2/2 - 0s - ...s/step - loss: 2.0000
    """

    _unfinished: ClassVar[tuple[Progbar, Any] | None] = None
    """The bar, of all, that has begun a line and not ended it, and where."""

    def __init__(
        self, target: int | None, width: int = 20, verbose: int = 1, interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None, unit_name: str = "step",
    ):  # fmt: skip
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self._values: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._first: float | None = None
        self._last = float("-inf")
        self._drawn = 0

    def add(self, n: int, values: Any = None) -> None:
        """Go `n` steps further.

        Args:
            n: the number of steps.
            values: pairs of names and values.
        """
        self.update(self._seen + n, values)

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Say how many steps are done.

        Args:
            current: the number of steps.
            values: pairs of names and values.
            finalize: whether this is the end; by default, when the target is reached.
        """
        self._note(current, values)
        now = time.perf_counter()
        if self._first is None:
            self._first = now
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        if self.verbose == 1:
            if finalize or now - self._last >= self.interval:
                self._draw(sys.stdout, now, bool(finalize))
        elif self.verbose == 2 and finalize:
            self._write(sys.stdout, f"{self._plain(now)}\n")

    def _note(self, current: int, values: Any) -> None:
        """Keep the sums of the values, each times the number of steps since it was given last."""
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            if name in self.stateful_metrics:
                self._values[name] = value, 1
                continue
            total, count = self._values.get(name, (0.0, 0))
            self._values[name] = total + value * steps, count + steps
        self._seen = current

    def close(self) -> None:
        """End the line, if one was begun and not finished."""
        if Progbar._unfinished is not None and Progbar._unfinished[0] is self:
            end_open_line()

    # Drawing.

    def _draw(self, stream: Any, now: float, finalize: bool) -> None:
        """Write the line again; in a file, only the last one."""
        self._last = now
        if not can_rewrite(stream):
            if finalize:
                self._write(stream, self._line(stream, now, finalize)[1] + "\n")
            return
        text, shown = self._line(stream, now, finalize)
        padding = " " * max(0, self._drawn - len(shown))
        self._drawn = len(shown)
        self._write(stream, f"\r{text}{padding}" + ("\n" if finalize else ""))
        Progbar._unfinished = None if finalize else (self, stream)

    def _write(self, stream: Any, text: str) -> None:
        end_open_line(besides=self)
        stream.write(text)
        stream.flush()

    def _line(self, stream: Any, now: float, finalize: bool) -> tuple[str, str]:
        """The line as it is written, and as it is seen: without colours."""
        count, rest, width = self._count(), self._right(now, finalize), self.width
        if _is_terminal(stream):
            columns = shutil.get_terminal_size().columns - 1
            width = min(width, columns - len(count) - len(rest) - 2)
            room = columns - len(count) - 1
            if len(rest) > room and not finalize:  # the last line may wrap: nobody rewrites it
                rest = f"{rest[: max(0, room - 1)]}…" if _writes(stream, "…") else rest[:room]
        bar = self._bar(stream, width if width >= NARROWEST else 0)
        shown = " ".join(filter(None, (count, "".join(bar), rest)))
        if not _colours(stream):
            return shown, shown
        drawn = f"\x1b[32m{bar[0]}\x1b[0m\x1b[37m{bar[1]}\x1b[0m" if any(bar) else ""
        return " ".join(filter(None, (f"\x1b[1m{count}\x1b[0m", drawn, rest))), shown

    def _count(self) -> str:
        """How many of how many."""
        if self.target is None:
            return f"{self._seen:7d}/Unknown"
        return f"{self._seen:{len(str(self.target))}d}/{self.target}"

    def _bar(self, stream: Any, width: int) -> tuple[str, str]:
        """What is done of the bar, and what is left."""
        if self.target is None:
            return "", ""
        done, left = ("━", "━") if _writes(stream, "━") else ("=", ".")
        if done == left and not _colours(stream):
            left = "─"
        full = int(width * min(1.0, self._seen / max(self.target, 1)))
        return done * full, left * (width - full)

    def _right(self, now: float, finalize: bool) -> str:
        """The time and the values."""
        each = self._per_step(now)
        if self.target is None or finalize:
            time_text = f"{_seconds(now - self._start)} {_duration(each, self.unit_name)}"
        else:
            left = each * (self.target - self._seen)
            time_text = f"{_seconds(left)} {_duration(each, self.unit_name)}"
        return time_text + self._told()

    def _plain(self, now: float) -> str:
        """The line of `verbose=2`."""
        count = self._count().strip()
        each = _duration(self._per_step(now), self.unit_name)
        return f"{count} - {now - self._start:.0f}s - {each}{self._told()}"

    def _per_step(self, now: float) -> float:
        """The seconds of a step; the first, in which a graph is traced, is left out if it can."""
        if not self._seen:
            return 0.0
        if self._first is not None and self._seen > 1 and self.verbose == 1:
            return (now - self._first) / (self._seen - 1)
        return (now - self._start) / self._seen

    def _told(self) -> str:
        text = ""
        for name, (total, count) in self._values.items():
            value = np.mean(total / max(1, count)) if not isinstance(total, str) else total
            text += f" - {name}: {_number(value)}"
        return text


def _number(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def _seconds(seconds: float) -> str:
    """A time as a clock shows it."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole >= 60 else f"{whole}s"


def _duration(seconds: float, unit: str) -> str:
    """The time of a step, in a unit that fits."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/{unit}"
    return f"{seconds * 1e6:.0f}us/{unit}"


def _colours(stream: Any) -> bool:
    return can_rewrite(stream) and not os.environ.get("NO_COLOR")


def _writes(stream: Any, character: str) -> bool:
    """Whether a stream's encoding has a character."""
    try:
        character.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True

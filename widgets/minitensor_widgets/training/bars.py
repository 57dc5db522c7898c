"""How far something is: a bar as numbers, and as one line of text."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from ..units import time_text
from ..values import number

WIDTH = 20
SIGNS = {"finished": "✓", "stopped": "■", "interrupted": "■", "failed": "✗", "nan": "!"}


def clock(seconds: float) -> str:
    """A time to wait as a clock shows it.

    Example:
        >>> clock(0.0123), clock(4.2), clock(178), clock(3723)
        ('12 ms', '4 s', '2:58', '1:02:03')
    """
    if seconds < 1:
        return time_text(seconds)
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole >= 60 else f"{whole} s"


def value_text(value: float | None, digits: int = 5) -> str:
    """A number in few digits, also one that is none.

    Example:
        >>> value_text(0.25), value_text(float("-inf")), value_text(None)
        ('0.25', '-inf', 'nan')
    """
    return number(value, digits) if value is None or math.isfinite(value) else str(value)


def rate_text(each: float, unit: str) -> str:
    """How fast it goes: things per second, or seconds for each.

    Example:
        >>> rate_text(0.012, "batch"), rate_text(2.5, "step")
        ('83.3 batches/s', '2.5 s/step')
    """
    return f"{number(1 / each, 3)} {many(unit)}/s" if each < 1 else f"{time_text(each)}/{unit}"


def many(unit: str) -> str:
    """More than one of a thing.

    Example:
        >>> many("step"), many("batch")
        ('steps', 'batches')
    """
    return unit + ("es" if unit.endswith(("s", "x", "ch", "sh")) else "s")


def drawn_bar(share: float, width: int = WIDTH, ascii_only: bool = False) -> str:
    """A bar of characters.

    Example:
        >>> drawn_bar(0.25, 8), drawn_bar(0.5, 8, ascii_only=True)
        ('━━──────', '====....')
    """
    full, rest = ("=", ".") if ascii_only else ("━", "─")
    done = round(width * share)
    return full * done + rest * (width - done)


@dataclass
class Bar:
    """A bar: how many of how many things are done, and the last values.

    Example:
        >>> bar = Bar("reading", total=4, done=2, values={"loss": 0.5})
        >>> bar.line(timed=False)
        'reading ━━━━━━━━━━────────── 2/4 · loss 0.5'
    """

    label: str = ""
    total: int | None = None
    unit: str = "item"
    done: int = 0
    count: str = ""
    """What stands for the number, where it is more than one: "step 3/10"."""
    state: str = "running"
    words: str = ""
    """How it ended."""
    values: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, Any] = field(default_factory=dict)
    """Values that are not read yet: tensors, maybe on a device."""
    memory: str = ""
    inner: str = ""
    """The counts of loops further inside, which have no bar."""
    started: float = field(default_factory=lambda: time.perf_counter())
    first: float | None = None
    """When the first was done: it often takes longer, because a graph is traced."""
    ended: float | None = None

    def reach(self, done: int) -> None:
        """Say how many are done."""
        self.done = done
        if self.first is None and done:
            self.first = time.perf_counter()

    def end(self, state: str, words: str = "") -> None:
        """Stop in a state; a bar that has ended stays as it is."""
        if self.state == "running":
            self.state, self.words, self.ended = state, words or state, time.perf_counter()

    @property
    def each(self) -> float | None:
        """The seconds that one takes, without the first if there are more."""
        now = self.ended or time.perf_counter()
        if not self.done or self.first is None:
            return None
        if self.done > 1 and now > self.first:
            return (now - self.first) / (self.done - 1)
        return max(now - self.started, 1e-9)

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1; None if nobody knows of how much."""
        if self.total is None:
            return None
        return min(1.0, self.done / self.total) if self.total else 1.0

    def times(self) -> list[str]:
        """Rate and the time left, or the time taken."""
        if self.ended is not None:
            return [f"{clock(self.ended - self.started)}"]
        each = self.each
        if each is None:
            return []
        left = [] if self.total is None else [f"{clock(each * (self.total - self.done))} left"]
        return [rate_text(each, self.unit), *left]

    def counted(self) -> str:
        """How many of how many, as text."""
        if self.count:
            return self.count
        if self.total is not None:
            return f"{self.done}/{self.total}"
        return f"{self.done} {self.unit if self.done == 1 else many(self.unit)}"

    @property
    def told(self) -> str:
        """How it ended, where that is worth a word."""
        return "" if self.state in ("running", "finished") else self.words

    def facts(self, timed: bool = True) -> list[str]:
        """What there is to say beside the bar, in order: how many, how fast, the values."""
        values = [f"{name} {value_text(value)}" for name, value in self.values.items()]
        rest = [*(self.times() if timed else []), *values, self.memory if timed else "", self.inner]
        return [fact for fact in [self.counted(), *rest] if fact]

    def line(self, timed: bool = True, width: int = WIDTH, ascii_only: bool = False) -> str:
        """The bar in one line of text."""
        drawn = "" if self.share is None else drawn_bar(self.share, width, ascii_only)
        between = " - " if ascii_only else " · "
        return " ".join(
            filter(
                None,
                (self.label, drawn, between.join(filter(None, [self.told, *self.facts(timed)]))),
            )
        )

    def plain(self, timed: bool = True) -> dict[str, Any]:
        """The bar as its viewer is given it."""
        return {
            "label": self.label,
            "share": self.share,
            "state": self.state,
            "sign": SIGNS.get(self.state, ""),
            "words": self.told,
            "facts": self.facts(timed),
        }

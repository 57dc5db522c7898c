"""All that is known of a run: its bars, its curves, its histograms, and how it ended."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Mapping
from typing import Any

from ..records import VERSION, plain
from .bars import SIGNS, Bar, value_text
from .series import MOST_POINTS, Histograms, Series, evenly, histogram, thin

ALL_POINTS = 8000
ALL_CELLS = 24_000
"""The most points and bins of histograms in a record: an island stays below 100 kB or so."""
SENT_POINTS, SENT_HISTOGRAMS = 2000, 60
"""The most in one message to the page, which stays below 64 kB."""
BAD = ("interrupted", "failed")


def one_number(name: str, value: Any) -> Any:
    """A value to log, checked: a tensor stays one, and is read when it is drawn.

    What may change later (a variable, an array) is read at once.

    Raises:
        TypeError: for what is no number.
        ValueError: for more than one number.
    """
    if type(value) is float:
        return value
    shape = getattr(value, "shape", ())
    if len(shape) and math.prod(shape) != 1:
        raise ValueError(
            f"The value logged as {name!r} has shape {tuple(shape)}; a curve takes one number for "
            "each step. Log its mean, or pass it to board.histogram()."
        )
    if hasattr(value, "graph") and type(value).__name__ in ("Symbol", "SymbolicTensor"):
        raise TypeError(
            f"The value logged as {name!r} has no value yet: the function around is being traced, "
            "and this line runs only once. Return the value, and log it outside the function."
        )
    kind = getattr(getattr(value, "dtype", None), "name", "")
    if kind.startswith(("complex", "str")):
        advice = "mt.abs of it" if kind.startswith("complex") else "a number"
        raise TypeError(
            f"The value logged as {name!r} is {type(value).__name__} of dtype {kind}; a curve "
            f"takes a real number for each step. Log {advice}."
        )
    immutable = type(value).__name__ == "Tensor" and hasattr(value, "numpy")
    return value if immutable else _read(name, value)


def _read(name: str, value: Any) -> float:
    try:
        if getattr(value, "shape", ()):
            value = value.numpy() if hasattr(value, "numpy") else value
            value = value.reshape(())
        return float(value)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise TypeError(
            f"The value logged as {name!r} is {type(value).__name__} {str(value)[:40]!r}; a curve "
            "takes a number for each step. Pass a float, an int or a tensor of one element."
        ) from None


def one_step(step: Any) -> float:
    """A step as a number, read at once: a counter of steps goes on.

    Raises:
        TypeError: for what is no number.
        ValueError: for a step that is not finite: it has no place on an axis.
    """
    number = _read("step", step)
    if not math.isfinite(number):
        raise ValueError(
            f"step={number} has no place on an axis. Pass a whole number, or leave it out: then "
            "each value comes one step after the one before."
        )
    return int(number) if number == int(number) else number


class Run:
    """A run: what is logged waits until it is looked at, and then is read all at once.

    Example:
        >>> run = Run("demo")
        >>> run.log("loss", 2.0)
        >>> run.log("loss", 1.0)
        >>> run.settle()
        >>> run.record()["scalars"][0]["lines"]
        [{'run': '', 'x': [0, 1], 'y': [2.0, 1.0], 'count': 2}]
    """

    def __init__(self, title: str) -> None:
        self.title = str(title)
        self.bars: list[Bar] = []
        self.scalars: dict[tuple[str, str], Series] = {}
        self.histograms: dict[tuple[str, str], Histograms] = {}
        self.axis = "step"
        self.state, self.words = "running", ""
        self.notes: dict[str, str] = {}
        self._became: list[str] = []
        self.started = time.perf_counter()
        self.seconds: float | None = None
        self._waiting: list[tuple[str, str, Any, float | None]] = []
        self._news: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
        self._new_histograms: list[tuple[str, str, dict]] = []

    # What comes in.

    def log(self, name: str, value: Any, step: float | None = None, run: str = "") -> None:
        """Add a value to a curve."""
        if step is not None and type(step) is not int:
            step = one_step(step)
        self._waiting.append((str(name), str(run), one_number(name, value), step))

    def add_histogram(self, name: str, value: Any, step: float | None, run: str = "") -> None:
        """Add a histogram of an array, which is counted at once: it may change later."""
        found = histogram(value)
        made = self.histograms.setdefault((str(name), run), Histograms())
        item = made.add(None if step is None else one_step(step), found)
        self._new_histograms.append((str(name), run, item))
        del self._new_histograms[:-SENT_HISTOGRAMS]

    @property
    def waiting(self) -> int:
        """How many values are logged and not read yet."""
        return len(self._waiting)

    def settle(self) -> None:
        """Read what was logged since the last time."""
        waiting, self._waiting = self._waiting, []
        for name, run, value, step in waiting:
            number = self._known(name, value)
            key = name, run
            series = self.scalars.get(key)
            if series is None:
                series = self.scalars[key] = Series()
            news = self._news.get(key)
            if news is None:
                news = self._news[key] = [], []
            step = series.add(step, number)
            news[0].append(step)
            news[1].append(number)
            if not math.isfinite(number):
                self.note_nan(name, number, f"since {self.axis} {step:g}")
        for bar in self.bars:
            waiting_for, bar.waiting = bar.waiting, {}
            bar.values |= {name: self._known(name, value) for name, value in waiting_for.items()}

    def _known(self, name: str, value: Any) -> float:
        """A logged value, read; what cannot be read is noted and leaves a hole in the curve."""
        if type(value) is float:
            return value
        try:
            return _read(name, value)
        except Exception as error:
            self.notes.setdefault(name, f"{name} could not be read: {error}")
            return math.nan

    def note_nan(self, name: str, number: float, where: str) -> None:
        """Remember where a value first was no finite number."""
        if name in self.notes:
            return
        text = "no number (NaN)" if math.isnan(number) else "infinite"
        self.notes[name] = f"{name} is {text} {where}."
        at = where.removeprefix("seen ").replace("since ", "at ")
        self._became.append(f"{name} became {text} {at}")

    def latest(self) -> dict[str, float]:
        """The last value of each curve."""
        return {" ".join(filter(None, (run, name))): series.y[-1]
                for (name, run), series in self.scalars.items()}  # fmt: skip

    def end(self, state: str, words: str = "") -> None:
        """The run is over, or is so for now."""
        self.settle()
        if state == "finished" and self.notes:
            more = f" and {len(self.notes) - 1} more" if len(self.notes) > 1 else ""
            first = self._became[0] if self._became else next(iter(self.notes.values()))
            state, words = "nan", first + more
        self.state, self.words = state, words
        self.seconds = self.now
        for bar in [] if state == "paused" else self.bars:
            bar.end(state if state in SIGNS else "stopped", words)

    @property
    def now(self) -> float:
        """The seconds since the run began."""
        return time.perf_counter() - self.started

    # What goes out.

    def news(self) -> tuple[dict[str, Any], list[bytes]] | None:
        """What came since the last time: a head for JSON, and buffers of numbers."""
        found, self._news = self._news, {}
        histograms, self._new_histograms = self._new_histograms, []
        if not found and not histograms:
            return None
        most = max(4, SENT_POINTS // max(1, len(found)))
        numbers, head = array("d"), []
        for (name, run), (x, y) in found.items():
            x, y = thin(x, y, most)
            head.append([name, run, len(x)])
            numbers.extend(x)
            numbers.extend(y)
        cells = array("d")
        for _, _, item in histograms:
            cells.extend(item["counts"])
        told = [[name, run, {**item, "counts": len(item["counts"])}]
                for name, run, item in histograms]  # fmt: skip
        return plain({"scalars": head, "histograms": told}), [numbers.tobytes(), cells.tobytes()]

    def plain_bars(self, timed: bool = True) -> list[dict[str, Any]]:
        """The bars as their viewer is given them."""
        return plain([bar.plain(timed) for bar in self.bars])

    def record(
        self, timed: bool = True, points: int = ALL_POINTS, cells: int = ALL_CELLS
    ) -> dict[str, Any]:
        """All of it as plain data; without times where it must be the same each time."""
        most = min(MOST_POINTS, max(20, points // max(1, len(self.scalars))))
        scalars = _grouped({key: _line(key[1], made, most) for key, made in self.scalars.items()})
        many = max(2, cells // 64 // max(1, len(self.histograms)))
        histograms = _grouped({
            key: {"run": key[1], "items": evenly(made.items, many), "count": made.count}
            for key, made in self.histograms.items()
        })  # fmt: skip
        return plain({
            "version": VERSION,
            "title": self.title,
            "axis": self.axis,
            "state": self.state,
            "words": self.words,
            "notes": list(self.notes.values()),
            "seconds": self.seconds if timed else None,
            "bars": self.plain_bars(timed),
            "scalars": scalars,
            "histograms": histograms,
        })  # fmt: skip

    def line(self, timed: bool = True, width: int = 20, ascii_only: bool = False) -> str:
        """The whole run in one line of text."""
        between = " | " if ascii_only else " │ "
        if self.bars:
            return between.join(bar.line(timed, width, ascii_only) for bar in self.bars)
        told = [f"{name} {value_text(value)}" for name, value in self.latest().items()]
        if self.state in BAD or self.state == "nan":
            told.insert(0, self.words or self.state)
        steps = [series.x[-1] for series in self.scalars.values()]
        told.insert(0, f"{self.axis} {max(steps):g}" if steps else "no values")
        return f"{self.title}: {(' - ' if ascii_only else ' · ').join(told)}"


def _line(run: str, series: Series, most: int) -> dict[str, Any]:
    x, y = thin(series.x, series.y, most)
    short = [_short(v) for v in y]
    return {"run": run, "x": x, "y": short, "count": series.count}


def _short(value: float) -> float | str:
    """A number in six digits; what is infinite as a word, since JSON has no number for it."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value if math.isnan(value) or value == int(value) else float(f"{value:.6g}")


def _grouped(lines: Mapping[tuple[str, str], dict]) -> list[dict[str, Any]]:
    """One entry for each name, with a line for each of its runs."""
    found: dict[str, list[dict]] = {}
    for (name, _), line in lines.items():
        found.setdefault(name, []).append(line)
    return [{"name": name, "lines": made} for name, made in found.items()]

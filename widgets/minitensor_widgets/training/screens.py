"""Where a run is shown: a widget, HTML that is replaced, lines of text, or one figure at the end.

The first of these that works is used. In a notebook with anywidget that is a widget; without it a
figure that is replaced twice a second; in a terminal one line, written again and again; in a log
file a line for each tenth. With `MINITENSOR_DISPLAY=static` nothing is shown but the end, without
times, so that it is the same each time.
"""

from __future__ import annotations

import os
import shutil
import sys
from abc import ABC, abstractmethod
from typing import Any

from ..output import is_static
from .figure import BoardFigure
from .run import Run


def shell_with_kernel() -> Any:
    """IPython in a notebook; None in a terminal, in a script, and without IPython."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


class Screen(ABC):
    """What shows a run.

    `period` is the least number of seconds between two drawings.
    """

    period = 0.1

    @abstractmethod
    def draw(self, run: Run) -> None:
        """Show how it stands."""

    @abstractmethod
    def freeze(self, run: Run) -> None:
        """Show how it ended, in a form that stays."""


class GivenScreen(Screen):
    """A widget that the learner made, alone or among others: it stays where it is."""

    def __init__(self, widget: Any) -> None:
        self._widget = widget

    def draw(self, run: Run) -> None:
        """Send what is new."""
        self._widget.follow()

    def freeze(self, run: Run) -> None:
        """Send how it ended."""
        self._widget.follow(over=True)


class LiveScreen(Screen):
    """A widget, and in the end an island in its place."""

    def __init__(self, run: Run) -> None:
        from IPython.display import display

        from ..live.training import BoardWidget

        self._widget: Any = BoardWidget(run)
        self._looks: dict[str, Any] = {}
        data, metadata = self._widget._repr_mimebundle_() or ({}, {})
        self._handle: Any = display(data, metadata=metadata, raw=True, display_id=True)

    def draw(self, run: Run) -> None:
        """Send what is new."""
        self._widget.follow()

    def freeze(self, run: Run) -> None:
        """Put the island where the widget is: if that closed first, its output would be hidden."""
        if self._widget is None:
            self._handle.update(BoardFigure(run.record(), **self._looks))
            return
        self._looks = self._widget.looks()
        self._handle.update(self._widget.island())
        self._widget.close()
        self._widget = None


class HtmlScreen(Screen):
    """The static figure, replaced twice a second, and in the end an island."""

    period = 0.5

    def __init__(self, run: Run) -> None:
        from IPython.display import display

        self._handle: Any = display(self._still(run), display_id=True, raw=True)

    def _still(self, run: Run) -> dict[str, str]:
        figure = BoardFigure(run.record())
        return {"text/html": figure.to_html(static=True), "text/plain": figure.description()}

    def draw(self, run: Run) -> None:
        """Replace the figure."""
        self._handle.update(self._still(run), raw=True)

    def freeze(self, run: Run) -> None:
        """Put the island in its place."""
        self._handle.update(BoardFigure(run.record()))


class EndScreen(Screen):
    """Nothing but the end: a figure in a notebook, a line of text elsewhere.

    Args:
        timed: whether times are told: without them the end is the same each time.
    """

    period = 60.0

    def __init__(self, timed: bool) -> None:
        self._timed = timed
        self._handle: Any = None

    def draw(self, run: Run) -> None:
        """Nothing: how far it is at a moment differs each time."""

    def freeze(self, run: Run) -> None:
        """The end."""
        if shell_with_kernel() is None:
            sys.stdout.write(f"{run.line(self._timed)}\n")
            return
        from IPython.display import display

        figure = BoardFigure(run.record(self._timed))
        if self._handle is not None:
            self._handle.update(figure)
        elif self._timed:
            self._handle = display(figure, display_id=True)
        else:
            display(figure)


class TerminalScreen(Screen):
    """One line that is written again and again, never wider than the terminal."""

    def __init__(self) -> None:
        self._shown = 0

    def draw(self, run: Run) -> None:
        """Write the line again."""
        columns = shutil.get_terminal_size().columns - 1
        line = _line(run, sys.stdout, columns)
        self._write(line[:columns], "")

    def freeze(self, run: Run) -> None:
        """Write the whole line, and go to the next."""
        self._write(_line(run, sys.stdout, shutil.get_terminal_size().columns - 1), "\n")
        self._shown = 0

    def _write(self, line: str, end: str) -> None:
        sys.stdout.write(f"\r{line}{' ' * max(0, self._shown - len(line))}{end}")
        sys.stdout.flush()
        self._shown = len(line)


class LogScreen(Screen):
    """A line for each tenth; where nobody knows of how much, each time the number doubles."""

    def __init__(self) -> None:
        self._next = 1

    def draw(self, run: Run) -> None:
        """Write a line, if it is time to."""
        reached = _mark(run)
        if reached < self._next:
            return
        self._next = reached + 1
        if run.bars and run.bars[0].share == 1.0:
            return  # the end comes anyway
        self._write(run)

    def freeze(self, run: Run) -> None:
        """The last line."""
        self._write(run)

    def _write(self, run: Run) -> None:
        stream = sys.stdout
        stream.write(f"{run.line(width=0, ascii_only=not _writes(stream, '·'))}\n")
        stream.flush()


def _mark(run: Run) -> int:
    """The tenth that is reached, or how often the number has doubled."""
    if run.bars:
        share = run.bars[0].share
        return run.bars[0].done.bit_length() if share is None else int(share * 10 + 1e-9)
    return max((series.count for series in run.scalars.values()), default=0).bit_length()


def _writes(stream: Any, character: str) -> bool:
    """Whether a stream's encoding has a character."""
    try:
        character.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


def _line(run: Run, stream: Any, columns: int) -> str:
    """The line of a run; where it is too wide, its bars are short or gone."""
    ascii_only = not _writes(stream, "━")
    line = ""
    for width in (20, 10, 0):
        line = run.line(width=width, ascii_only=ascii_only)
        if len(line) <= columns:
            break
    return line


def choose(run: Run, over: bool = False) -> Screen:
    """The screen for a run, here and now; a run that is `over` is shown once."""
    notebook = shell_with_kernel() is not None
    if is_static() or (notebook and over):
        return EndScreen(timed=not is_static())
    if notebook:
        try:
            return LiveScreen(run)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in ("anywidget", "ipywidgets", "traitlets"):
                raise
            return HtmlScreen(run)
    stream = sys.stdout
    terminal = getattr(stream, "isatty", bool)() and os.environ.get("TERM") != "dumb"
    return TerminalScreen() if terminal else LogScreen()

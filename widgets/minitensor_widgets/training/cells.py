"""The cells of a notebook: no widget stays behind in a cell that is over.

A saved notebook must not hold a widget, since none can be shown without the kernel that made it.
"""

from __future__ import annotations

from types import CodeType
from typing import Any, Protocol

from .screens import shell_with_kernel

Place = tuple[CodeType, int]
"""A line of code."""


class Shown(Protocol):
    """What may be on the screen when a cell ends."""

    def cell_over(self, error: BaseException | None) -> None:
        """The cell in which it is shown is over."""

    def stopped_by(self, error: BaseException) -> None:
        """It was left by this exception, which nobody caught."""


class Cells:
    """What is shown in the cell that runs."""

    def __init__(self) -> None:
        self.running = True
        self._shell: Any = None
        self._shown: list[Shown] = []
        self._left: tuple[Shown, Place] | None = None

    def watch(self) -> None:
        """Hear of the beginning and the end of cells, once for each shell."""
        shell = shell_with_kernel()
        if shell is None or self._shell is shell:
            return
        self._shell, self.running = shell, True
        shell.events.register("pre_run_cell", self._begins)
        shell.events.register("post_run_cell", self._ended)

    def add(self, shown: Shown) -> None:
        """Remember what is shown."""
        if shown not in self._shown:
            self._shown.append(shown)

    def remove(self, shown: Shown) -> None:
        """Forget it again."""
        if shown in self._shown:
            self._shown.remove(shown)

    def left(self, shown: Shown, place: Place) -> None:
        """Remember the line that left a loop early: if by an exception, it will be told at last."""
        if self._shell is not None:
            self._left = shown, place

    def _begins(self, *_: Any) -> None:
        self.running = True

    def _ended(self, result: Any = None) -> None:
        self.running = False
        error = getattr(result, "error_in_exec", None)
        left, self._left = self._left, None
        if left is not None and error is not None and came_through(error, left[1]):
            left[0].stopped_by(error)
        for shown in [*self._shown]:
            shown.cell_over(error)


def came_through(error: BaseException, place: Place) -> bool:
    """Whether an exception came through a line."""
    trace = error.__traceback__
    while trace is not None:
        if (trace.tb_frame.f_code, trace.tb_lineno) == place:
            return True
        trace = trace.tb_next
    return False


CELLS = Cells()

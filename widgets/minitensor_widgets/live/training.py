"""The board of a run as a widget: what is new is sent to the page while the run goes on."""

from __future__ import annotations

from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..training.board import Board
from ..training.figure import BoardFigure
from ..training.records import board_record
from ..training.run import Run
from .viewer import Viewer

FIRST, SLOWEST = 0.2, 10.0
SENT_POINTS, SENT_CELLS = 3000, 3000


class _Share(traitlets.Float):
    """A float; an int too large for one is clamped before it is made one."""

    def validate(self, obj: Any, value: Any) -> float:
        return super().validate(obj, max(-1, min(value, 1)) if isinstance(value, int) else value)


class BoardWidget(Viewer):
    """A board as a widget; curves grow as points are sent, a few times a second.

    Now and then the whole record is sent again, so that a view that opens late has all of it.

    Args:
        board: a `Board`, which is then shown by this widget; or the dict that `record()` gives.
        **traits: `smoothing`, `log`, `overlay`, `selected`, `layout` and others of ipywidgets.

    Example:
        >>> from minitensor_widgets import samples
        >>> BoardWidget({"version": 1, "scalars": []}, smoothing=2.0).smoothing
        0.99
    """

    _esm, _css = assets.esm("training/board"), assets.css("training/board")
    board = traitlets.Dict().tag(sync=True)
    bars = traitlets.List().tag(sync=True)
    smoothing = _Share(0.0).tag(sync=True)
    log = traitlets.Bool(False).tag(sync=True)
    overlay = traitlets.Bool(False).tag(sync=True)

    def __init__(self, board: Any, **traits: Any) -> None:
        self._run = board if isinstance(board, Run) else None
        if isinstance(board, Board):
            board._stage.attach(self)
            self._run = board._stage.run
        record = self._snapshot() if self._run else board_record(board)
        super().__init__(board=record, bars=record["bars"], **traits)

    def _snapshot(self) -> dict[str, Any]:
        assert self._run is not None
        self._run.news()  # it is all in the record
        self._age, self._again = self._run.now, max(FIRST, 2 * self._run.now)
        return board_record(self._run.record(points=SENT_POINTS, cells=SENT_CELLS))

    def follow(self, over: bool = False) -> None:
        """Send what is new since the last time, or all of it when the run is `over`."""
        if self._run is None:
            return
        self.bars = self._run.plain_bars()
        if over or self._run.now >= min(self._again, self._age + SLOWEST):
            self.board = self._snapshot()
            return
        news = self._run.news()
        if news is not None:
            self.send({"new": news[0]}, buffers=news[1])

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        record = self.board if self._run is None else self._run.record()
        return BoardFigure(record, **self.looks())

    def looks(self) -> dict[str, Any]:
        """How the reader has set it: what the island that replaces it begins with."""
        return {name: getattr(self, name) for name in ("smoothing", "log", "overlay", "selected")}

    @traitlets.validate("smoothing")
    def _in_range(self, proposal: Any) -> float:
        return max(0.0, min(float(proposal["value"]), 0.99))

    @traitlets.validate("board")
    def _complete(self, proposal: Any) -> dict:
        return board_record(proposal["value"])

"""A dashboard that follows runs: an island that comes to life while this kernel writes them.

It lives only while a cell runs and something is written, or while it is asked to. A saved notebook
must not hold a widget, since none can be shown without the kernel that made it; so when the cell is
over what stays is an island, and a later cell that records something brings it to life again, in
the same place. What the reader has set (hidden runs, smoothing, …) is kept by the page.

A thread looks for what is new. It rests nineteen times as long as it has worked: it takes at most a
twentieth of the time of the kernel.
"""

from __future__ import annotations

import atexit
import importlib
import math
import threading
import time
import weakref
from typing import Any

from ..output import Output, is_static
from ..rerun import replace, running_cell
from ..training.cells import CELLS
from ..training.screens import shell_with_kernel
from .news import News
from .records import Chosen
from .sources import Source

PERIOD, SHARE, IDLE = 0.6, 19.0, 5.0
READING = 0.25
"""The seconds that are read at a time."""
AGAIN = 10.0
"""The whole record is sent again about so often, so that a view that opens late has all of it."""
OTHER = 1.0
"""It is sent no sooner than so, while a log is read, or new tags come."""
PATIENCE = 2.0
"""So long after the last news of a run that no cell writes, the dashboard is an island again."""
OPENS, LEAVES = 0.5, 3.0
"""A cell runs so long before a widget opens; one that has not yet said what its page shows is
closed so long after an island took its place: a page fails to load a widget that is closed."""
LIVE_BUDGET = 150_000


class LiveDashboard(Output):
    """A dashboard in a notebook that is kept up to date; `dashboard` makes it.

    Args:
        source: the log.
        rests: whether it is an island as long as nothing is written.
    """

    main = "summaries/dashboard"

    def __init__(self, source: Source, rests: bool = True) -> None:
        self._source, self._rests = source, rests
        source.keep_looks()
        self._lock, self._wake = threading.RLock(), threading.Event()
        self._widget: Any = None
        self._news: News | None = None
        self._handles: list[Any] = []
        self._thread: threading.Thread | None = None
        self._closed = self._fresh = False
        self._moved = self._given = self._again = self._opens = 0.0
        self._leaving: list[tuple[float, Any]] = []
        self._shell: Any = None
        replace(self, running_cell())

    # What an output is.

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        looks = {} if self._widget is None else self._widget.looks()
        self._source.looks |= looks
        return self._source.island()

    @property
    def title(self) -> str:
        """What stands above it."""
        return self._source.title

    @property
    def alt(self) -> str:
        """What it shows, in a few sentences."""
        return self.island().alt

    def description(self) -> str:
        """What each chart shows, in words."""
        return self.island().description()

    def to_svg(self) -> str:
        """The static figure."""
        return self.island().to_svg()

    def to_html(self, static: bool | None = None) -> str:
        """The HTML of the island."""
        return self.island().to_html(static)

    def _state(self) -> dict[str, Any]:
        return self.island()._state()

    def __repr__(self) -> str:
        return repr(self.island()).replace("Dashboard", "LiveDashboard", 1)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        shell = shell_with_kernel()
        if shell is None or self._closed:
            display(self.island())
            return
        with self._lock:
            self._opens = time.monotonic() + OPENS
            self._handles.append(display(self.island(), display_id=True))
            CELLS.watch()
            CELLS.add(self)
            if self._shell is None and not is_static() and _has_widgets():
                self._shell = shell
                shell.events.register("pre_run_cell", self._stir)
                _following.add(self)
                self._thread = threading.Thread(
                    target=_follow, args=(weakref.ref(self),), name="dashboard", daemon=True
                )
                self._thread.start()

    # How it ends.

    def freeze(self) -> None:
        """Put an island where it is shown, for good."""
        with self._lock:
            if not self._closed:
                self._source.look(READING)
                self._rest()
        self.close()

    def close(self) -> None:
        """Follow no more; what is shown stays."""
        with self._lock:
            self._closed = True
            CELLS.remove(self)
            if self._shell is not None:
                self._shell.events.unregister("pre_run_cell", self._stir)
                self._shell = None
            if self._widget is not None:
                self._widget.close()
                self._widget = None
            self._let_go(math.inf)
        self._wake.set()

    def _give_up(self) -> None:
        """Follow no more, and put back the island that was last whole, after a fault of ours."""
        with self._lock:
            try:
                self._rest()
            finally:
                self.close()

    # What cells say.

    def _stir(self, *_: Any) -> None:
        self._opens = time.monotonic() + OPENS
        self._wake.set()

    def cell_over(self, error: BaseException | None) -> None:
        """The cell is over: what is shown becomes an island, unless more of it is to be read."""
        with self._lock:
            if self._closed or not (self._source.log.complete and self._rests):
                return
            if self._source.look(READING) or self._fresh or self._widget is not None:
                self._rest()

    def stopped_by(self, error: BaseException) -> None:
        """What a cell raised is shown by the cell."""

    # The thread.

    def tick(self) -> float:
        """Look for what is new and show it; the seconds to wait before the next time."""
        began = time.thread_time()
        with self._lock:
            if self._closed:
                return 0.0
            if (wait := self._waits(time.monotonic())) > 0:
                return wait
            busy = not self._source.log.complete
            if not busy and self._rests and self._widget is None and not self._source.is_written:
                return PERIOD if CELLS.running else IDLE
            self._advance()
        worked = time.thread_time() - began
        if not CELLS.running and not self._source.log.complete:
            return 0.01
        return max(PERIOD, SHARE * worked)

    def _waits(self, now: float) -> float:
        """The seconds before a widget may open: not while an earlier one is to be closed."""
        self._let_go(now)
        waits = [due - now for due, _ in self._leaving]
        return max([*waits, 0.0 if self._widget is not None else self._opens - now])

    def _advance(self) -> None:
        new = self._source.look(READING)
        now = time.monotonic()
        if new:
            self._moved, self._fresh = now, True
        if self._widget is not None:
            self._send(now)
        elif new or not self._rests or not self._source.log.complete:
            self._live(now)
        still = now - self._moved > PATIENCE and not CELLS.running
        done = still or not self._source.is_written
        if self._rests and done and self._source.log.complete and self._widget is not None:
            self._rest()

    def _live(self, now: float) -> None:
        """Put a widget where the island is."""
        from ..live.summaries import DashboardWidget

        source = self._source
        log = source.log if source.fits is None else Chosen(source.log, source.fits)
        record = source.record(LIVE_BUDGET, live=True)
        self._widget = DashboardWidget(record, log, **source.looks)
        self._widget.wake = self._wake.set
        self._news = News(log, self._widget.dashboard)
        self._given, self._again = now, now + AGAIN
        data, metadata = self._widget._repr_mimebundle_() or ({}, {})
        for handle in self._handles:
            handle.update(data, metadata=metadata, raw=True)
        self._fresh = False

    def _rest(self) -> None:
        """Put an island where the widget is: if that closed first, its output would be hidden."""
        island = self.island()
        for handle in self._handles:
            handle.update(island)
        widget, self._widget = self._widget, None
        if widget is not None and widget.visible is None and self._thread is not None:
            self._leaving.append((time.monotonic() + LEAVES, widget))
            self._wake.set()
        elif widget is not None:
            widget.close()
        self._fresh = False

    def _let_go(self, now: float) -> None:
        """Close the widgets whose time has come."""
        for due, widget in [*self._leaving]:
            if now >= due:
                self._leaving.remove((due, widget))
                widget.close()

    def _send(self, now: float) -> None:
        """Send what is new of what is seen; now and then, or if there are other tags, all of it."""
        assert self._news is not None
        reading = self._widget.dashboard["progress"] < 1
        other = (reading or self._news.is_other) and now > self._given + OTHER
        if other or (now > self._again and self._moved > self._given):
            began = time.thread_time()
            self._widget.give(self._source.record(LIVE_BUDGET, live=True))
            self._news.start(self._widget.dashboard)
            took = time.thread_time() - began
            self._given, self._again = now, now + max(AGAIN, 10 * SHARE * took)
        self._say()

    def _say(self) -> None:
        """Send what the page lacks of what is seen, and answer what it asked."""
        assert self._news is not None
        self._news.visible = self._widget.visible
        for content, buffers in self._news.messages():
            self._widget.send(content, buffers)
        self._widget.answer_all()


def _has_widgets() -> bool:
    """Whether there can be widgets; without, an island is drawn whenever a cell is over.

    They are imported here, at once, and so are the views: that takes longer than all that the
    thread does later, and would hold up what a cell trains.
    """
    importlib.import_module("minitensor.views")
    try:
        importlib.import_module("..live.summaries", __package__)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("anywidget", "ipywidgets", "traitlets"):
            raise
        return False
    return True


def _follow(following: weakref.ref[LiveDashboard]) -> None:
    """What the thread does, as long as somebody has the dashboard."""
    wait = 0.0
    while (dashboard := following()) is not None:
        wake = dashboard._wake
        del dashboard
        wake.wait(wait)
        wake.clear()
        dashboard = following()
        if dashboard is None or dashboard._closed:
            return
        try:
            wait = dashboard.tick()
        except BaseException:  # nothing on the page goes on saying that it is live
            dashboard._give_up()
            raise
        del dashboard


_following: weakref.WeakSet[LiveDashboard] = weakref.WeakSet()


def _end() -> None:
    """The kernel ends: no widget stays behind, if the page still listens."""
    for dashboard in list(_following):
        if dashboard._widget is not None or dashboard._leaving:
            dashboard.freeze()


atexit.register(_end)

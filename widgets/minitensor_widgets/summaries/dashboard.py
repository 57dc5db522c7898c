"""`dashboard`: what runs recorded, inline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..output import Output, is_static
from .records import fitting
from .sources import Source, log_of

FIRST_LOOK = 0.3
"""So many seconds of reading come before the first picture; the rest is read while it is seen."""


def dashboard(
    source: Any,
    *,
    title: str | None = None,
    smoothing: float = 0.6,
    tags: str | Iterable[str] | None = None,
    live: bool | None = None,
) -> Output:
    """Show what runs recorded: scalars, histograms, images and all other summaries.

    In a notebook it follows the runs: while a cell writes below the directory it is live, for at
    most a twentieth of the kernel's time. When the cell is over, what stays needs no kernel, so
    that a saved notebook is whole; the next cell that records brings it to life again.

    Args:
        source: a directory of runs, which training may have yet to make; a `SummaryWriter`; a
            `keras.callbacks.TensorBoard`; or a log of `minitensor.summary.read`, shown as it is.
        title: what stands above it; by default the name of the directory.
        smoothing: how much curves are smoothed at first, from 0 to 0.99, by TensorBoard's formula.
        tags: which tags to show: a regex, or a list of names.
        live: True to stay live until `freeze()`, or until the cell runs again: for runs of another
            process, and to zoom into long curves at full resolution. False never to be live.

    Raises:
        NotFoundError: (also a LookupError) when there is not even a directory above it.
        TypeError: for anything else, and a `smoothing` that is no number.
        ValueError: for `tags` that are no regex, and a `smoothing` that is not from 0 to 1.

    Example:
        >>> import tempfile
        >>> import minitensor as mt
        >>> folder = tempfile.mkdtemp()
        >>> with mt.summary.create_file_writer(folder).as_default():
        ...     for step in range(3):
        ...         recorded = mt.summary.scalar("loss", 1 / (step + 1), step=step)
        >>> print(dashboard(folder, title="My run").description())
        My run: 1 run, 1 chart.
          loss: last 0.33333, least 0.33333 at 2, greatest 1 at 0, falling at the end.
    """
    from ..training.screens import shell_with_kernel

    fits = None if tags is None else fitting(tags)
    looks = {"smoothing": _weight(smoothing)}
    notebook = shell_with_kernel() is not None and live is not False
    log, grows = log_of(source, FIRST_LOOK if notebook and not is_static() else None)
    if not (notebook and grows):
        return Source(log, title, fits, looks).island()
    from .following import LiveDashboard

    return LiveDashboard(Source(log, title, fits, looks), rests=live is not True)


def _weight(smoothing: Any) -> float:
    """How much to smooth; 1 would leave nothing to see."""
    rule = "It is a number from 0, as recorded, to 0.99. Write dashboard(..., smoothing=0.6)."
    if isinstance(smoothing, bool | str) or not hasattr(smoothing, "__float__"):
        raise TypeError(f"dashboard() got smoothing={smoothing!r:.60}, which is no number. {rule}")
    weight = float(smoothing)
    if not 0 <= weight <= 1:
        raise ValueError(f"dashboard() got smoothing={weight:g}. {rule}")
    return min(weight, 0.99)

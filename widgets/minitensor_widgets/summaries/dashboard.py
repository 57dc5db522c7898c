"""`dashboard`: what runs recorded, inline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .figures import Dashboard
from .records import dashboard_record, fitting


def dashboard(
    source: Any,
    *,
    title: str | None = None,
    smoothing: float = 0.6,
    tags: Any = None,
) -> Dashboard:
    """Show what runs recorded: scalars, histograms, images and all other summaries.

    Args:
        source: a directory of runs, a `SummaryWriter`, or what `minitensor.summary.read` gave.
        title: what stands above it; by default the name of the directory.
        smoothing: how much curves are smoothed at first, from 0 to 0.99.
        tags: which tags to show: a regex, or a list of names.
    """
    log = _log_of(source)
    name = title or Path(log.logdir).name or "Summaries"
    fits = None if tags is None else fitting(tags)
    return Dashboard(
        lambda budget: dashboard_record(log, name, budget, fits), smoothing=smoothing
    )


def _log_of(source: Any) -> Any:
    if hasattr(source, "scalars") and hasattr(source, "tags"):
        return source
    from minitensor.summary import read

    if hasattr(source, "flush"):
        source.flush()
        source = source.logdir
    return read(source)

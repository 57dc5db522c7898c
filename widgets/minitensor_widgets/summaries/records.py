"""The record of a dashboard: its runs, and for each kind of summary the cards of its pane."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from ..records import VERSION, of_kind, plain

PANES = {
    "scalars": "Scalars",
    "histograms": "Histograms",
    "distributions": "Distributions",
    "images": "Images",
    "audio": "Audio",
    "text": "Text",
    "pr_curves": "Precision and recall",
    "hparams": "Hyper-parameters",
    "projector": "Embeddings",
}
"""Each kind that a dashboard can show, in its order, and the title of its section.

The module of that name in this package makes its cards (`record(log, budget)`), draws them
(`figure(cards, runs)`), says them (`words(cards, runs)`) and, where its pane asks for more while
Python is there, answers (`answer(log, args)` gives a dict and a list of bytes). The module of that
name in `static/summaries` draws them on the screen, and puts itself into the `PANES` there.
"""
_BOARD = {
    "version": VERSION, "title": "Summaries", "runs": [], "titles": {}, "kinds": {}, "problems": [],
    "progress": 1.0, "live": False, "session": "",
}  # fmt: skip
LARGE = ("histograms", "distributions", "images", "audio", "pr_curves", "projector")
METHODS = {"text": "texts", "distributions": "histograms"}


def pane(kind: str) -> ModuleType:
    """The module that makes the cards of a kind."""
    return importlib.import_module(f".{kind}", __package__)


class Chosen:
    """A log of which only some tags are looked at.

    Args:
        log: what `minitensor.summary.read` gave.
        fits: whether to look at a tag.
    """

    def __init__(self, log: Any, fits: Callable[[str], bool]) -> None:
        self._log, self._fits = log, fits

    def tags(self, run: str | None = None) -> dict[str, Any]:
        """As of the log, without the others."""
        if run is not None:
            return {tag: kind for tag, kind in self._log.tags(run).items() if self._fits(tag)}
        return {run: self.tags(run) for run in self._log.runs}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def fitting(tags: str | Iterable[str] | None) -> Callable[[str], bool]:
    """Whether a tag is one of those that were asked for: by a regex, or by their names.

    Raises:
        TypeError: for what is neither text nor a list.
        ValueError: for a text that is no regex.

    Example:
        >>> [tag for tag in ("loss", "val/loss", "lr") if fitting("loss$")(tag)]
        ['loss', 'val/loss']
    """
    if tags is None:
        return lambda tag: True
    if not isinstance(tags, str | Iterable):
        raise TypeError(
            f"dashboard() got tags of type {type(tags).__name__}. Tags are chosen by a regex, such "
            'as "loss|accuracy", or by a list of their names. Give one of these.'
        )
    if not isinstance(tags, str):
        names = frozenset(tags)
        return lambda tag: tag in names
    try:
        found = re.compile(tags)
    except re.error as error:
        raise ValueError(
            f"dashboard() got tags={tags!r}, which is no regex: {error}. Write one, such as "
            '"loss|accuracy", or give a list of tags.'
        ) from None
    return lambda tag: found.search(tag) is not None


def dashboard_record(
    log: Any, title: str, budget: int, fits: Callable[[str], bool] | None = None, **more: Any
) -> dict[str, Any]:
    """All that a dashboard shows of a log, in about so many bytes of JSON.

    Args:
        log: what `minitensor.summary.read` gave.
        title: what stands above it.
        budget: for the cards of all kinds.
        fits: whether to show a tag; by default all.
        **more: `live`, `session`.
    """
    log = log if fits is None else Chosen(log, fits)
    made = _cards(log, budget)
    return plain({
        **_BOARD,
        "title": title,
        "runs": [{"name": name} for name in log.runs],
        "titles": {kind: PANES[kind] for kind, cards in made.items() if cards},
        "kinds": {kind: cards for kind, cards in made.items() if cards},
        "problems": [*log.problems, *pane("projector").problems(log)],
        "progress": log.progress,
        **more,
    })  # fmt: skip


def _cards(log: Any, budget: int) -> dict[str, list]:
    """The cards of all kinds; large ones have what others leave, and half as much more.

    They are what an output may be large for: pictures, sounds and what is recorded at many steps.
    """
    share = budget // max(1, len(_kinds_of(log)))
    made = {kind: pane(kind).record(log, share) for kind in PANES}
    large = [kind for kind in LARGE if made[kind]]
    left = budget * 3 // 2 - sum(len(json.dumps(made[kind], default=float)) for kind in made)
    for kind in large if left > 0 else ():
        made[kind] = pane(kind).record(log, share + left // len(large))
    return made


def _kinds_of(log: Any) -> set[str]:
    return {kind for tags in log.tags().values() for kind in tags.values()}


def complete(record: Any) -> dict[str, Any]:
    """A record with every field a dashboard needs.

    Raises:
        TypeError: for what is no record of a dashboard.
        ValueError: when the record is of another version.
    """
    if not isinstance(record, Mapping) or "version" not in record:
        raise TypeError(
            f"{type(record).__name__} is no record of a dashboard. Pass a directory of runs or a "
            "SummaryWriter to dashboard()."
        )
    return of_kind(plain(record), "kinds", _BOARD)

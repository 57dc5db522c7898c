"""Which steps of many series are kept where only so many bytes fit, and how that is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .records import METHODS

WAY_OUT = "With live=True, dashboard() shows"
MOST = 10
"""Steps of one series of pictures, sounds or texts, as TensorBoard keeps."""


def keep(sizes: Sequence[Sequence[int]], budget: int, most: int = MOST) -> list[list[int]]:
    """The indices of the steps kept of each series, in order.

    The last step comes first, then the first, then those half way between; every series has its
    turn before one has another. Where its last step does not fit, nothing of a series is kept:
    an earlier one in its place would mislead.

    Args:
        sizes: the bytes of each step of each series.
        budget: of all together.
        most: steps of one series.

    Example:
        >>> keep([[10] * 5, [10, 90]], budget=35)
        [[0, 2, 4], []]
    """
    orders = [list(_order(len(own)))[:most] for own in sizes]
    kept: list[list[int]] = [[] for _ in sizes]
    for turn in range(most):
        waiting = [i for i, order in enumerate(orders) if turn < len(order)]
        # The smallest first: a huge one must not keep all others out.
        for i in sorted(waiting, key=lambda i: sizes[i][orders[i][turn]]):
            at = orders[i][turn]
            if sizes[i][at] <= budget and (kept[i] or turn == 0):
                kept[i].append(at)
                budget -= sizes[i][at]
    return [sorted(own) for own in kept]


def _order(count: int) -> Iterator[int]:
    """Indices from the most to the least wanted: last, first, then the middles of what is between.

    Source: breadth-first bisection.
    """
    if count:
        yield count - 1
    if count > 1:
        yield 0
    gaps = [(0, count - 1)]
    while gaps:
        left, right = gaps.pop(0)
        middle = (left + right) // 2
        if right - left > 1:
            yield middle
            gaps += [(left, middle), (middle, right)]


def note(kept: int, count: int, what: str = "") -> str:
    """A sentence about the steps that are not here; empty where all are.

    Example:
        >>> note(5, 60)
        '5 of 60 steps are kept here, the last among them. With live=True, dashboard() shows all.'
    """
    if not count or kept == count:
        return ""
    if not kept:
        return f"Its {what or 'steps'} are too large to be kept here. {WAY_OUT} them."
    return f"{kept} of {count} steps are kept here, the last among them. {WAY_OUT} all."


def _reader(log: Any, kind: str) -> Any:
    return getattr(log, METHODS.get(kind, kind))


def series_of(log: Any, kind: str) -> Iterator[Any]:
    """All series of one kind in a log, by tag, then by run."""
    places = [(tag, run) for run, tags in log.tags().items() for tag in tags if tags[tag] == kind]
    for tag, run in sorted(places):
        yield _reader(log, kind)(tag, run)


def found(log: Any, kind: str, asked: Mapping[str, Any]) -> tuple[Any, int]:
    """The series and the index of a step that the page asks for.

    Raises:
        LookupError: when there is no such step.
    """
    run, tag, at = str(asked.get("run")), str(asked.get("tag")), asked.get("at")
    known = log.tags().get(run, {}).get(tag) == kind
    series = _reader(log, kind)(tag, run) if known else ()
    if not isinstance(at, int) or not 0 <= at < len(series):
        raise LookupError(f"No step {at} of {kind} {tag!r} in run {run!r}: its file has changed.")
    return series, at


def head(series: Any) -> dict[str, Any]:
    """What the card of every series says: run, tag, description, all steps."""
    from .markdown import markdown

    about = series.description
    return {
        "run": series.run,
        "tag": series.tag,
        "about": markdown(about) if about else [],
        "steps": [int(step) for step in series.step],
    }


def moment(series: Any, at: int) -> dict[str, Any]:
    """Which of all steps an entry is, and when it was recorded."""
    return {"at": at, "step": int(series.step[at]), "time": float(series.time[at])}

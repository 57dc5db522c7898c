"""`race`: optimisers on a surface, as a figure that can be scrubbed and started elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..output import Output
from ..records import check_version, filled, plain
from ..units import plural
from ..values import clip, number
from .race_figure import to_svg

_RECORD = {
    "surface": "", "minimum": None, "stride": 1, "field": "", "span": [None, None], "races": [],
    "problem": None,
}  # fmt: skip
_NEEDED = {"version", "names", "steps", "starts"}


def race_record(record: Any) -> dict:
    """The complete record of a race.

    Raises:
        TypeError: for what is no such record.
    """
    if not isinstance(record, Mapping) or not set(record) >= _NEEDED:
        raise TypeError(
            f"Race({type(record).__name__}): it shows the record of a race. Run one with "
            "race('ravine')."
        )
    made = filled(plain(record), _RECORD)
    check_version(made)
    return made


def outcome(run: Mapping, steps: int) -> str:
    """How a run ended, in words."""
    x, y, loss = run["end"]
    parts = [f"loss {number(loss, 3)} at ({number(x, 3)}, {number(y, 3)})"]
    if run["left"] is not None:
        parts.append(f"left the picture at step {run['left']}")
    if run["lost"] is not None:
        parts.append(f"no number from step {run['lost']} on")
    return ", ".join(parts)


class Race(Output):
    """A race of optimisers that was run: scrub through it, or look at another of its starts.

    Args:
        record: what a race wrote down (a dict).
        step: which step is looked at first; None for the last.
        start: which of its starts is looked at first.

    Example:
        >>> race("ravine", steps=40)
        Race('ravine', 4 optimisers, 40 steps)
    """

    main = "play/race"

    def __init__(self, record: Mapping, step: int | None = None, start: int = 0) -> None:
        made = race_record(record)
        self.record, self.step, self.start = made, step, start

    def __repr__(self) -> str:
        count = plural(len(self.record["names"]), "optimiser")
        steps = plural(self.record["steps"], "step")
        return f"Race({self.record['surface']!r}, {count}, {steps})"

    @property
    def _runs(self) -> list[dict[str, Any]]:
        races = self.record["races"]
        return races[max(0, min(self.start, len(races) - 1))] if races else []

    @property
    def title(self) -> str:
        """What is raced on, and for how long."""
        return f"Race on {self.record['surface']}, {plural(self.record['steps'], 'step')}"

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        return clip(". ".join(self.description().splitlines()), 700)

    def description(self) -> str:
        """How each optimiser ended, a line for each."""
        record = self.record
        if record["problem"]:
            problem = record["problem"]
            return f"{self.title}\nstopped: {problem['text']}"
        x, y = record["starts"][max(0, min(self.start, len(record["starts"]) - 1))]
        lines = [f"{self.title} from ({number(x, 4)}, {number(y, 4)})"]
        for name, run in zip(record["names"], self._runs, strict=True):
            lines.append(f"{name}: {outcome(run, record['steps'])}")
        return "\n".join(lines)

    def to_svg(self) -> str:
        """The static figure: contours, paths, and a table of how they ended."""
        ends = [outcome(run, self.record["steps"]) for run in self._runs]
        start = max(0, min(self.start, len(self.record["starts"]) - 1))
        return to_svg(self.record, self._runs, ends, start, self.title, self.alt)

    def _state(self) -> dict[str, Any]:
        end = self.record["steps"]
        step = end if self.step is None else max(0, min(self.step, end))
        return {"race": self.record, "step": step, "start": [], "at": self.start}


def race(
    surface: str | Callable[[Any, Any], Any] = "ravine",
    optimizers: Sequence[Any] | None = None,
    start: tuple[float, float] | None = None,
    steps: int = 100,
    box: tuple[float, float, float, float] | None = None,
) -> Race:
    """Let optimisers race down a surface from the same start, and from eight others.

    `Racer` is the same as a widget, where the start can be put anywhere.

    Args:
        surface: "ravine", "saddle", "rosenbrock", "beale", or a function of x and y in mt
            operations that gives the loss.
        optimizers: optimisers of `mt.keras.optimizers` or their names; None takes four, with rates
            that suit the surface.
        start: where they start.
        steps: how many steps each makes.
        box: what is seen: left, right, bottom, top.

    Raises:
        TypeError: for a surface that is neither name nor function.
        ValueError: for an unknown name, or a start or box that is none.

    Example:
        >>> adam = mt.keras.optimizers.Adam(0.5)
        >>> print(race(lambda x, y: x**2 + y**2, [adam], (1.0, 1.0), steps=60).description())
        Race on your surface, 60 steps from (1, 1)
        Adam 0.5: loss ... at (..., ...)
    """
    from .running import Runner, record_of, starts_of
    from .surfaces import surface_of

    found = surface_of(surface, start, box)
    runner = Runner(found, optimizers, steps)
    return Race(record_of(runner, starts_of(found)))

"""The race of optimisers as a widget: the start can be put anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..play.races import Race, race_record
from ..play.running import Runner, record_of
from ..play.surfaces import surface_of
from .asked import Answer, Asked

FARTHEST = 1e30  # a start is kept in single precision


class Racer(Asked):
    """Optimisers on a surface; where they start is moved by mouse, keys or `start`.

    Args:
        surface: see `race`.
        optimizers: see `race`.
        start: see `race`.
        steps: see `race`.
        box: see `race`.
        **traits: `step` and other traits of ipywidgets.

    Raises:
        TypeError: for a surface that is neither name nor function.
        ValueError: for an unknown name, or a start or box that is none.

    Example:
        >>> racer = Racer("saddle", ["adam"], steps=20)
        >>> racer.start = [1.0, 0.5]
        >>> racer.island().description().splitlines()[0]
        'Race on saddle, 20 steps from (1, 0.5)'
    """

    _esm, _css = assets.esm("play/race"), assets.css("play/race")
    race = traitlets.Dict().tag(sync=True)
    start = traitlets.List().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    at = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        surface: str | Callable[[Any, Any], Any] = "ravine",
        optimizers: Sequence[Any] | None = None,
        start: tuple[float, float] | None = None,
        steps: int = 100,
        box: tuple[float, float, float, float] | None = None,
        **traits: Any,
    ) -> None:
        found = surface_of(surface, start, box)
        self._runner = Runner(found, optimizers, steps)
        record = record_of(self._runner, [found.start])
        first = {"step": self._runner.steps, "start": list(found.start), **traits}
        super().__init__(race=record, **first)

    def island(self) -> Output:
        """The present race without Python: what stays in a saved notebook."""
        with self._answering:
            self._obey()
            return Race(self.race, self.step)

    def __repr__(self) -> str:
        return f"Racer{repr(self.island()).removeprefix('Race')}"

    def _answer(self, content: dict[str, Any]) -> Answer:
        self._obey()
        return {}, []

    def _obey(self) -> None:
        """Race again from the last start that was asked for."""
        places = []
        while self._orders:
            order = self._orders.popleft()
            if order[0] == "start" and _is_place(order[1:]):
                places.append([float(value) for value in order[1:]])
        if places and places[-1] != self.race["starts"][0]:
            self.start = places[-1]
            self.race = record_of(self._runner, [places[-1]])

    @traitlets.validate("start")
    def _place(self, proposal: Any) -> list[float]:
        value = list(proposal["value"])
        return list(map(float, value)) if _is_place(value) else list(self.start)

    @traitlets.validate("race")
    def _complete(self, proposal: Any) -> dict:
        return race_record(proposal["value"])

    @traitlets.observe("start")
    def _moved(self, change: Mapping) -> None:
        self._orders.append(["start", *change["new"]])

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), self._runner.steps))


def _is_place(values: Sequence[Any]) -> bool:
    return len(values) == 2 and all(
        isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= FARTHEST
        for v in values
    )

"""The playground as a widget: the kernel trains, the page asks for pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from .. import assets
from ..output import Output
from ..play.history import rounded_losses
from ..play.measures import quantised
from ..play.playing import Play, session
from ..play.settings import as_dict, changed
from .asked import Answer, Asked

PICTURE = 0.08  # seconds that training and looking may take together: more than ten a second
SHORTEST, LONGEST = 0.005, 0.05  # of them for training
MOST_STEPS = 1000


class Playground(Asked):
    """A model that learns points in the plane, live.

    The page asks for pictures only while it is seen; `run` trains from a cell, `freeze` leaves the
    island of the last moment where the widget was.

    Args:
        model: see `playground`.
        data: see `playground`.
        step: see `playground`.
        loss: see `playground`.
        optimizer: see `playground`.
        variables: see `playground`.
        probability: see `playground`.
        **settings: the settings of `playground`.

    Raises:
        TypeError: for a model that is no function, or a setting that does not exist.
        ValueError: for data that are not two classes of points.

    Example:
        >>> live = Playground(data="gauss")
        >>> live.run(20)
        >>> live
        Playground('Playground: gauss, 200 points, network 2-4-2-1 tanh', step 20)
    """

    _esm, _css = assets.esm("play/playground"), assets.css("play/playground")
    scene = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        model: Any = None,
        data: Any = None,
        step: Callable[..., Any] | None = None,
        *,
        loss: Callable[..., Any] | None = None,
        optimizer: Any = None,
        variables: Sequence[Any] | None = None,
        probability: bool | None = None,
        **settings: Any,
    ) -> None:
        given = {
            "model": model, "step": step, "loss": loss, "optimizer": optimizer,
            "variables": variables, "probability": probability,
        }  # fmt: skip
        self._session = session(data, given, settings)
        self._looked = 0.0  # seconds that the last look took
        super().__init__(settings=as_dict(self._session.settings), scene=self._session.scene())

    def run(self, steps: int = 100) -> None:
        """Train from a cell: make steps now, and let the page show it."""
        with self._answering:
            self._obey()
            self._session.advance(int(steps))
            self._session.look()
            self._tell()

    def reset(self) -> None:
        """Back to step 0."""
        with self._answering:
            self._session.order("reset")
            self._tell()

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        with self._answering:
            return Play(self._session.record(), None, self.selected)

    def __repr__(self) -> str:
        training = self._session.training
        step = training.steps if training is not None else 0
        return f"Playground({self._session.title()!r}, step {step})"

    # ---- what the page asks

    def _answer(self, content: dict[str, Any]) -> Answer:
        self._obey()
        steps = content.get("steps")
        steps = steps if isinstance(steps, int) else 0
        spare = max(SHORTEST, min(LONGEST, PICTURE - self._looked))
        self._session.advance(max(0, min(steps, MOST_STEPS)), spare)
        flowing, begun = content.get("flowing") is True, time.perf_counter()
        seen = self._session.look(content.get("gradients") is True, words=not flowing)
        self._looked = time.perf_counter() - begun
        answer: dict[str, Any] = {"problem": self._session.problem}
        if content.get("ask") == "program":
            answer["program"] = self._session.program()
        if content.get("ask") == "surface":
            answer["surface"] = self._session.surface(str(content.get("kind")))
        if not flowing:
            self._tell()
        if seen is None:
            return answer, []
        answer["frame"] = {
            **{name: seen[name] for name in ("step", "accuracy", "layers", "slopes", "reading")},
            "losses": rounded_losses(seen),
        }
        if content.get("curve") is True:
            answer["curve"] = self._session.history.curve
        answer["units"] = [len(layer) for layer in seen["maps"]]
        pictures = [quantised(seen["field"]), *map(quantised, seen["maps"])]
        return answer, [picture.tobytes() for picture in pictures]

    def _obey(self) -> None:
        while self._orders:
            self._session.order(*self._orders.popleft())

    def _tell(self) -> None:
        """Let the traits say what the session has become."""
        self.settings = as_dict(self._session.settings)
        self.scene = self._session.scene()
        training = self._session.training
        self.step = training.steps if training is not None else 0

    @traitlets.validate("settings")
    def _complete(self, proposal: Any) -> dict:
        return as_dict(changed(self._session.settings, proposal["value"]))

    @traitlets.observe("settings")
    def _set(self, change: Mapping) -> None:
        if change["new"] != as_dict(self._session.settings):
            self._orders.append(["settings", change["new"]])

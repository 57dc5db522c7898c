"""A playground without a page: what is wanted is done, looked at, and written down.

What goes wrong in the learner's code is kept as the `problem`, and what was seen last stays.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..records import VERSION
from . import data as sets
from . import slices
from .history import History
from .measures import FINE, frame
from .program import program
from .settings import OWN, Settings, as_dict, changed
from .training import LearnerError, Training

EMPTY = "Put at least one point of each class on the picture: there is nothing to tell apart yet."


class Session:
    """One run of a playground, with its history.

    Args:
        settings: what is set at first.
        **given: what is the learner's; see `Training`.

    Raises:
        TypeError, ValueError: where `Training` does, except for what the model itself raises.
    """

    def __init__(self, settings: Settings, **given: Any) -> None:
        self.training: Training | None = None
        self.problem: dict[str, Any] | None = None
        self.settings = settings
        self.last: dict[str, Any] | None = None
        self.history = History()
        try:
            self.training = Training(settings, **given)
            self.settings = self.training.settings
        except LearnerError as error:
            self.problem = error.problem

    # ---- doing

    def order(self, kind: str, *values: Any) -> bool:
        """Do what the page asks for; what makes no sense is passed over. Says if it was done."""
        act = {
            "settings": self.set, "reset": self.reset, "weight": self._edit,
            "point": self._place, "remove": self._remove,
        }.get(kind)  # fmt: skip
        if act is None or self.training is None:
            return False
        try:
            act(*values)
        except LearnerError as error:
            self.problem = error.problem
        except (TypeError, ValueError, IndexError, OverflowError):
            return False
        return True

    def set(self, wanted: dict[str, Any]) -> None:
        """Take other settings; a new beginning begins a new history."""
        assert self.training is not None
        before = self.training.steps
        self.training.apply(changed(self.settings, wanted))
        self.settings = self.training.settings
        if self.training.steps != before or not before:
            self._begin()

    def reset(self) -> None:
        """Back to step 0."""
        assert self.training is not None
        self.training.reset()
        self._begin()

    def _begin(self) -> None:
        self.history, self.problem, self.last = History(), None, None

    def _edit(self, layer: int, row: int, column: int, value: float) -> None:
        assert self.training is not None
        if self.training.network is not None and np.isfinite(float(value)):
            self.training.network.edit(int(layer), int(row), int(column), float(value))

    def _place(self, x: float, y: float, label: float) -> None:
        assert self.training is not None
        if self.settings.data == OWN and len(self.training.placed) < 1000:
            place = np.clip([float(x), float(y)], -sets.EDGE, sets.EDGE)
            self.training.place(float(place[0]), float(place[1]), float(label))

    def _remove(self, x: float, y: float) -> None:
        assert self.training is not None
        if self.settings.data == OWN:
            self.training.remove(float(x), float(y))

    def advance(self, steps: int, seconds: float = float("inf")) -> None:
        """Train; what goes wrong becomes the problem."""
        if self.training is None or steps < 1:
            return
        if not self.training.ready:
            self.problem = {"text": EMPTY, "file": "", "line": 0, "source": ""}
            return
        self.problem = None
        try:
            self.training.advance(steps, seconds)
        except LearnerError as error:
            self.problem = error.problem

    # ---- seeing

    def look(self, gradients: bool = False, words: bool = True) -> dict[str, Any] | None:
        """What is to be seen now; where the model fails, what was seen last."""
        if self.training is None:
            return None
        try:
            self.last = frame(self.training, gradients, words)
        except LearnerError as error:
            self.problem = self.problem or error.problem
            return self.last
        self.history.add(self.last)
        return self.last

    def surface(self, kind: str) -> dict[str, Any] | None:
        """A slice through the loss; None where there is none."""
        if self.training is None or kind not in slices.KINDS or not self.sliceable:
            return None
        try:
            return slices.surface(self.training, kind)
        except LearnerError as error:
            self.problem = error.problem
            return None

    @property
    def sliceable(self) -> bool:
        """Whether a slice through the loss can be computed."""
        return self.training is not None and slices.can_slice(self.training)

    def program(self) -> str:
        """The Python for this."""
        return program(self.training) if self.training is not None else ""

    # ---- writing down

    def title(self) -> str:
        """What is learnt, and by what."""
        if self.training is None:
            return "Playground"
        points = len(self.training.points.x)
        name = sets.describe(self.settings.data)
        return f"Playground: {name}, {points} points, {self._model_text()}"

    def _model_text(self) -> str:
        assert self.training is not None
        widths = self.widths
        shape = f" {'-'.join(map(str, [2, *widths]))}" if widths else ""
        if self.training.gives_model:
            return f"your model{shape}"
        return f"network{shape} {self.settings.activation}"

    @property
    def widths(self) -> list[int]:
        """Neurons in each layer; empty for a model that is no chain of Dense layers."""
        network = self.training.network if self.training is not None else None
        return network.widths if network is not None else []

    def scene(self) -> dict[str, Any]:
        """What does not change from step to step."""
        training = self.training
        made: dict[str, Any] = {
            "version": VERSION, "title": self.title(), "settings": as_dict(self.settings),
            "window": [-sets.EDGE, sets.EDGE, -sets.EDGE, sets.EDGE], "points": [], "acts": [],
            "sets": [], "widths": self.widths, "slices": self.sliceable,
            "gradients": False, "measure": "loss",
        }  # fmt: skip
        if training is None:
            return made
        points = training.points
        learnt = np.arange(len(points.x)) < points.train
        rows = zip(_places(points), points.label.tolist(), learnt.tolist(), strict=True)
        return made | {
            "window": list(points.window), "acts": training.acts, "sets": training.sets,
            "points": [[*place, int(label), int(train)] for place, label, train in rows],
            "gradients": bool(self.widths) and training.loss_of is not None,
            "measure": "share of wrong answers" if training.silent else "loss",
        }  # fmt: skip

    def record(self) -> dict[str, Any]:
        """Everything a figure needs: the scene, the curves, the pictures kept, the program."""
        if self.training is not None and not (self.last and self.last["reading"]):
            self.look()
        last = self.last or blank()
        return {
            **self.scene(), **self.history.written(last), "problem": self.problem,
            "program": self.program(),
        }  # fmt: skip


def _places(points: sets.Points) -> list[list[float]]:
    """Where points stand, to a few thousandths of the window."""
    left, right, bottom, top = points.window
    digits = 4 - math.floor(math.log10(min(right - left, top - bottom)))
    return np.round(points.x.astype(float), digits).tolist()


def blank() -> dict[str, Any]:
    """A frame where nothing could be seen: no level anywhere."""
    return {
        "step": 0, "losses": [None, None], "accuracy": [None, None],
        "field": np.full((FINE, FINE), np.nan), "maps": [], "layers": [], "slopes": [],
        "reading": "Nothing could be drawn.",
    }  # fmt: skip

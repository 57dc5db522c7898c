"""One element of an argument: slopes measured with several steps, and what they say of a gradient.

Every measured slope comes with how far it may be off: what the next smaller step changes, and what
rounding makes of it, which is the last digit of the result divided by the step. The slope that may
be off least is compared. Where nothing agrees at first, larger and smaller steps are tried too: a
fast function is smooth when seen closely, and a large result hides what small steps change.

Source: Press et al., Numerical Recipes (2007), section 5.7; kinks by one-sided derivatives, Clarke,
Optimization and Nonsmooth Analysis (1983), section 2.1.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from minitensor.backend import Quiet
from minitensor.views.measured import Problem, Sides, place_text

PROBES = {True: (1e-3, 1e-4, 1e-5, 1e-6), False: (1e-1, 3e-2, 1e-2, 3e-3)}
"""Steps for double precision, and for less."""
FARTHER = {
    True: (1e-1, 1e-2, *PROBES[True], 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12),
    False: (3e-1, *PROBES[False], 1e-3, 3e-4, 1e-4, 3e-5),
}
"""Steps that are tried besides where the first ones do not agree."""
CLOSE = {True: 1e-6, False: 1e-2}
"""How far apart slopes may be, relative to their size, besides what measuring them may err."""
CLEAR = 0.1
"""A slope that may be off by more, relative to its size, says nothing of a gradient."""
TINY = {True: 1e-8, False: 1e-3}
"""What may stay unclear: gradients that are as good as zero."""
ORDER = (
    "wrong", "missing", "nan", "jump", "steep", "edge", "held", "kink", "unclear", "agrees",
)  # fmt: skip
"""Findings, the gravest first."""
SHORT = {
    "wrong": "wrong", "missing": "None, but has a slope", "nan": "no number", "jump": "a jump",
    "steep": "vertical", "edge": "defined on one side", "kink": "a kink", "agrees": "agrees",
    "held": "held fixed in part", "unclear": "not clear",
}  # fmt: skip


class Element:
    """One element of an argument, measured with several steps, and what it comes to."""

    def __init__(self, problem: Problem, number: int, place: tuple):
        self.problem, self.number, self.place = problem, number, place
        gradient = problem.gradients[number]
        self.gradient = None if gradient is None else float(gradient[place])
        self.value = float(problem.arrays[number][place])
        self.steps = PROBES[problem.precise]
        self.sides = [problem.sides(number, place, step) for step in self.steps]
        self._choose(self.steps, self.sides)
        self.smooth = False
        self.kind = self._kind()
        if self.kind not in ("agrees", "nan") and np.isfinite(self.value):
            self._look_farther()
        if self.kind in ("wrong", "missing") and problem.holds:
            self.kind = "held"

    def _look_farther(self) -> None:
        steps = FARTHER[self.problem.precise]
        known = dict(zip(self.steps, self.sides, strict=True))
        sides = [known.get(step) or self.problem.sides(self.number, self.place, step)
                 for step in steps]  # fmt: skip
        start = self._converging(steps, sides)
        self.smooth = start is not None
        self._choose(steps[start or 0 :], sides[start or 0 :])
        self.kind = self._kind()

    def _rounding(self, step: float, slope: float) -> float:
        """How far a slope may be off because numbers are rounded."""
        width = max(1.0, abs(self.value))
        reach = self.problem.noise + self.problem.epsilon * abs(slope * self.value)
        return float(reach / (step * width))

    def _choose(self, steps: tuple, sides: list[Sides]) -> None:
        """Take the slope that may be off least: by its curve, and by rounding."""
        with Quiet():
            slopes = np.array([s.across for s in sides], np.float64)
            changes = np.abs(np.diff(slopes))
            rounding = [self._rounding(*pair) for pair in zip(steps, slopes, strict=True)]
            doubts = np.append(changes, changes[-1]) + rounding
            doubts = np.where(np.isfinite(doubts), doubts, np.inf)
            best = int(np.argmin(doubts)) if np.isfinite(doubts).any() else 0
            self.step, self.doubt = steps[best], 3 * float(doubts[best])
            self.measured = sides[best].across
            self.error = abs(self.measured - (self.gradient or 0.0))

    def _converging(self, steps: tuple, sides: list[Sides]) -> int | None:
        """The first step where the slopes to both sides and at the next step are the same."""
        for place, (here, there) in enumerate(pairwise(sides)):
            slopes = [here.left, here.right, here.across, there.across]
            size = max(map(abs, slopes))
            if not np.isfinite(slopes).all() or self._rounding(steps[place], size) > 1e-2 * size:
                continue
            if max(slopes) - min(slopes) <= 1e-2 * size:
                return place
        return None

    @property
    def relative(self) -> float:
        """How far off the gradient is, relative to the larger of it and the slope."""
        size = max(abs(self.measured), abs(self.gradient or 0.0))
        return self.error / size if size else 0.0

    def _kind(self) -> str:
        if not np.isfinite(self.problem.start):
            return "nan"
        rough = None if self.smooth else self._rough()
        if rough in ("edge", "jump", "steep"):
            return rough
        if not np.isfinite(self.gradient or 0.0):
            return "nan"
        return rough or self._compared()

    def _rough(self) -> str | None:
        """What is wrong with the function itself, if anything."""
        first, last = self.sides[0], self.sides[-1]
        if not np.isfinite(last.left) or not np.isfinite(last.right):
            return "edge"
        scale = self.problem.scale
        growth = self.steps[0] / self.steps[-1]
        size, before = (max(abs(s.left), abs(s.right)) for s in (last, first))
        if size * self.steps[-1] > 1e-4 * scale and size > before * growth / 4:
            return "jump"
        if size > 1e-2 * scale and size > before * growth**0.25:
            return "steep"
        apart, at_first = abs(last.right - last.left), abs(first.right - first.left)
        visible = 1e-3 * max(size, 1e-3 * scale) * (1 if self.problem.precise else 30)
        visible += 4 * self._rounding(self.steps[-1], size)
        return "kink" if apart > visible and apart > 0.3 * at_first else None

    def _compared(self) -> str:
        size = max(abs(self.measured), abs(self.gradient or 0.0))
        if not np.isfinite(self.doubt):
            return "unclear"
        if self.error <= CLOSE[self.problem.precise] * size + self.doubt:
            hidden = self.doubt > CLEAR * size and self.doubt > 0
            tiny = max(size, self.doubt) <= TINY[self.problem.precise]
            return "unclear" if hidden and not tiny else "agrees"
        return "missing" if self.gradient is None else "wrong"

    def short(self) -> str:
        """What was found, in a few words."""
        if self.kind == "kink" and self._is_between(self.gradient, self.sides[-1]):
            return "a kink; a subgradient"
        if self.kind == "edge" and not self._one_side():
            return "defined nowhere beside it"
        return SHORT[self.kind]

    def _one_side(self) -> bool:
        last = self.sides[-1]
        return bool(np.isfinite(last.left) or np.isfinite(last.right))

    def _is_between(self, gradient: float | None, sides: Sides) -> bool:
        low, high = sorted((sides.left, sides.right))
        slack = 1e-3 * (high - low)
        return gradient is not None and low - slack <= gradient <= high + slack

    def where(self, name: str) -> str:
        """The element in a sentence."""
        return f"element {place_text(self.place)} of {name}" if self.place else name

    def text(self) -> str:
        """What was found, as part of a sentence."""
        said = in_words(self.gradient)
        if self.kind == "kink":
            return self._kink_text()
        if self.kind == "edge":
            return self._edge_text()
        return {
            "wrong": f"{said} instead of {in_words(self.measured)}",
            "missing": f"None, but the slope is {in_words(self.measured)}",
            "nan": f"the tape says {said}, although the slope is {in_words(self.measured)}",
            "jump": f"the function jumps here; the tape says {said}",
            "steep": f"the slope grows without bound; the tape says {said}",
            "held": f"the tape says {said}, and the measured slope is {in_words(self.measured)}",
            "unclear": f"the tape says {said}, and the measured slope is "
                       f"{in_words(self.measured)} give or take {self.doubt:.0e}",
        }[self.kind]  # fmt: skip

    def _edge_text(self) -> str:
        last, said = self.sides[-1], in_words(self.gradient)
        if not np.isfinite(self.value):
            return f"it is {self.value} here, and no step leads away from it; the tape says {said}"
        if self.problem.raised:
            return (f"where it is moved a little, the function raises {self.problem.raised}; "
                    f"the tape says {said}")  # fmt: skip
        if not self._one_side():
            return f"the function is no number on either side; the tape says {said}"
        sides = f"{in_words(last.left)} to the left and {in_words(last.right)} to the right"
        return f"the function is no number on one side (slopes {sides}); the tape says {said}"

    def _kink_text(self) -> str:
        which, gradient, last = "", self.gradient, self.sides[-1]
        entry = self.problem.entry(self.number, self.place, self.steps[-1], kink=True)
        if entry is not None:
            which, gradient, last = f" of result {entry[0]}", entry[1], entry[2]
        sides = f"{in_words(last.left)} to the left and {in_words(last.right)} to the right"
        inside = self._is_between(gradient, last)
        verdict = "which lies between: a subgradient" if inside else "which is neither"
        return f"the slope{which} is {sides}; the tape says {in_words(gradient)}, {verdict}"


def in_words(value: float | None) -> str:
    """A number for a sentence."""
    return "None" if value is None else f"{value:.6g}"

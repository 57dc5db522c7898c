"""Is a gradient right? Elements compared with measured slopes, and the error for every step size.

A difference quotient errs by the curve, which grows with the step (its square, for central
differences), and by rounding, which grows as the step shrinks: in double logarithmic scale a valley
with the best step at its bottom. A wrong gradient shows a plateau instead. At a kink the slopes to
the left and to the right differ however small the step. Read `gradient_check_view`, then `Element`.

Source: Press et al., Numerical Recipes (2007), section 5.7; kinks by one-sided derivatives, Clarke,
Optimization and Nonsmooth Analysis (1983), section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from minitensor.views.measured import Given, Problem, Sides, given_of, place_text
from minitensor.views.records import VERSION

STEPS = [10.0 ** (-1 - k / 2) for k in range(23)]
"""From 0.1 to 1e-12, two for each power of ten."""
MOST_ELEMENTS, MOST_ROWS, ON_CURVE = 64, 12, 4
LEAST = 1e-17
"""Where an error of exactly zero is drawn: a logarithmic axis has no zero."""
PROBES = {True: (1e-3, 1e-4, 1e-5, 1e-6), False: (1e-1, 3e-2, 1e-2, 3e-3)}
"""Steps for double precision, and for less."""
CLOSE = {True: 1e-6, False: 1e-2}
"""How far apart slopes may be, relative to their size, besides what measuring them may err."""
ORDER = ("wrong", "missing", "nan", "jump", "steep", "edge", "kink", "agrees")
"""Findings, the gravest first."""


SHORT = {
    "wrong": "wrong", "missing": "None, but has a slope", "nan": "no number", "jump": "a jump",
    "steep": "vertical", "edge": "defined on one side", "kink": "a kink", "agrees": "agrees",
}  # fmt: skip


@dataclass(frozen=True)
class CurveView:
    """The error for each step: its smallest value, where that is, and the slope above it."""

    name: str
    errors: list[float | None]
    best: int | None = None
    slope: float | None = None
    rounding: float | None = None


@dataclass(frozen=True)
class ElementView:
    """One element: the tape's gradient, and slopes to the left, to the right and across."""

    place: list[int]
    value: float
    gradient: float | None
    measured: float | None
    left: float | None
    right: float | None
    error: float | None
    kind: str
    text: str = ""


@dataclass(frozen=True)
class CheckedView:
    """One argument: the verdict, its worst elements, and the error for every step."""

    name: str
    shape: list[int]
    dtype: str
    verdict: str
    text: str
    checked: int
    elements: list[ElementView] = field(default_factory=list)
    curves: list[CurveView] = field(default_factory=list)


@dataclass(frozen=True)
class GradientCheckView:
    """The gradients of a function at a point, compared with measured slopes.

    `verdict` is the gravest of the arguments': "agrees", "kink", "edge", "steep", "jump", "nan",
    "missing" or "wrong"; or "random", "nothing" where there is none to compare.
    """

    title: str
    verdict: str
    text: str
    steps: list[float] = field(default_factory=list)
    arguments: list[CheckedView] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    version: int = VERSION


def gradient_check_view(what: Any, *given: Any) -> GradientCheckView:
    """Compare the gradients of a function with measured slopes.

    Args:
        what: a function of tensors, or a tape.
        *given: the function's arguments; or the target and the sources of a tape.

    Raises:
        DTypeError: (also a TypeError) for anything else.
    """
    chosen = given_of(what, given)
    title = f"Gradient of {chosen.name} at ({', '.join(chosen.names)})"
    notes = [f"Not checked: {text}." for text in chosen.skipped]
    if not chosen.arrays:
        text = (
            "There is nothing to check: no argument is floating, and a gradient is how the result "
            "changes with small steps. Pass float tensors, such as mt.constant(2.0)."
        )
        return GradientCheckView(title, "nothing", text, notes=notes)
    try:
        own = Problem(chosen, None)
        wide, why = _wide(chosen)
    except Exception as error:  # the picture says what the learner's function said
        text = "The function raised an error."
        return GradientCheckView(title, "nothing", text, notes=notes,
                                 error=f"{type(error).__name__}: {error}")  # fmt: skip
    problem = own if wide is None else wide
    notes += [why] if why else []
    if not problem.repeats():
        text = (
            "The function gives another result each time, so slopes cannot be measured. Give its "
            "random operations a seed, or switch them off (training=False)."
        )
        return GradientCheckView(title, "random", text, notes=notes)
    if problem.results != 1:
        notes.append(
            f"The {problem.results} elements of the result were weighted with fixed random "
            "numbers and added up, so that there is one number to differentiate."
        )
    arguments = [_checked(problem, own, number) for number in range(len(chosen.arrays))]
    worst = min(arguments, key=lambda item: ORDER.index(item.verdict))
    text = worst.text
    if worst.verdict == "agrees" and len(arguments) > 1:
        count = "Both" if len(arguments) == 2 else f"All {len(arguments)}"
        text = f"{count} gradients agree with the measured slopes."
    return GradientCheckView(title, worst.verdict, text, STEPS, arguments, notes)


def _wide(given: Given) -> tuple[Problem | None, str]:
    """The problem in double precision, where the function works in it."""
    try:
        wide = Problem(given, np.float64)
    except Exception:  # float32 variables inside: dtypes are never promoted silently
        return None, ("Checked in the arguments' own precision: with float64 the function raises "
                      "an error (it holds float32 tensors).")  # fmt: skip
    if wide.precise:
        return wide, ""
    return None, "Checked in the arguments' own precision: the results are not float64."


class Element:
    """One element of an argument, measured with several steps, and what it comes to."""

    def __init__(self, problem: Problem, number: int, place: tuple):
        self.problem, self.number, self.place = problem, number, place
        gradient = problem.gradients[number]
        self.gradient = None if gradient is None else float(gradient[place])
        steps = PROBES[problem.precise]
        self.steps = steps
        self.sides = [problem.sides(number, place, step) for step in steps]
        self.value = float(problem.arrays[number][place])
        rounding = np.finfo(problem.arrays[number].dtype).eps * problem.size
        self.noise = 3 * abs(self.sides[2].across - self.sides[3].across) + 10 * float(rounding)
        found = self.gradient or 0.0
        gaps = [abs(s.across - found) for s in self.sides]
        at = int(np.nanargmin(gaps)) if np.isfinite(gaps).any() else 2
        # Of steps that agree equally little, take a good one: curvature and rounding both small.
        self.best = at if gaps[at] <= self.slack(self.sides[at].across) else 2
        self.measured = self.sides[self.best].across
        self.error = abs(self.measured - found)
        self.kind = self._kind()

    def slack(self, slope: float) -> float:
        """How far the gradient may be from a slope."""
        relative = CLOSE[self.problem.precise] * max(abs(slope), abs(self.gradient or 0.0))
        return relative + self.noise

    def _kind(self) -> str:
        first, last = self.sides[0], self.sides[-1]
        if not np.isfinite(self.problem.start):
            return "nan"
        if not np.isfinite(last.left) or not np.isfinite(last.right):
            return "edge"
        growth = self.steps[0] / self.steps[-1]
        size, before = (max(abs(s.left), abs(s.right)) for s in (last, first))
        if size * self.steps[-1] > 1e-4 * self.problem.scale and size > before * growth / 4:
            return "jump"
        if size > 1e-2 * self.problem.scale and size > before * growth**0.25:
            return "steep"
        if not np.isfinite(self.gradient or 0.0):
            return "nan"
        apart, at_first = abs(last.right - last.left), abs(first.right - first.left)
        visible = 1e-3 * max(size, 1e-3 * self.problem.scale) * (1 if self.problem.precise else 30)
        if apart > visible and apart > 0.3 * at_first:
            return "kink"
        if self.error <= self.slack(self.measured):
            return "agrees"
        return "missing" if self.gradient is None else "wrong"

    def view(self) -> ElementView:
        """The record."""
        last = self.sides[-1]
        return ElementView(
            [int(i) for i in self.place], self.value, self.gradient, self.measured, last.left,
            last.right, self.error, self.kind, self.short(),
        )  # fmt: skip

    def short(self) -> str:
        """What was found, in a few words."""
        if self.kind == "kink" and self._is_between(self.gradient, self.sides[-1]):
            return "a kink; a subgradient"
        return SHORT[self.kind]

    def _is_between(self, gradient: float | None, sides: Sides) -> bool:
        low, high = sorted((sides.left, sides.right))
        slack = 1e-3 * (high - low)
        return gradient is not None and low - slack <= gradient <= high + slack

    def where(self, name: str) -> str:
        """The element in a sentence."""
        return f"element {place_text(self.place)} of {name}" if self.place else name

    def text(self) -> str:
        """What was found, as part of a sentence."""
        last, gradient = self.sides[-1], self.gradient
        which = ""
        if self.kind == "kink":
            entry = self.problem.entry(self.number, self.place, self.steps[-1], kink=True)
            if entry is not None:
                which, gradient, last = f" of result {entry[0]}", entry[1], entry[2]
        said = _number(gradient)
        sides = f"{_number(last.left)} to the left and {_number(last.right)} to the right"
        if self.kind == "kink":
            inside = self._is_between(gradient, last)
            verdict = "which lies between: a subgradient" if inside else "which is neither"
            return f"the slope{which} is {sides}; the tape says {said}, {verdict}"
        return {
            "wrong": f"{said} instead of {_number(self.measured)}",
            "missing": f"None, but the slope is {_number(self.measured)}",
            "nan": f"the tape says {said}, although the slope is {_number(self.measured)}",
            "jump": f"the function jumps here; the tape says {said}",
            "steep": f"the slope grows without bound; the tape says {said}",
            "edge": f"the function is no number on one side (slopes {sides}); the tape says {said}",
        }[self.kind]


def _number(value: float | None) -> str:
    return "None" if value is None else f"{value:.6g}"


def _checked(problem: Problem, own: Problem, number: int) -> CheckedView:
    """All that is said of one argument."""
    array, name = problem.arrays[number], problem.given.names[number]
    elements = [Element(problem, number, place) for place in _chosen(problem, number)]
    elements.sort(key=lambda e: (ORDER.index(e.kind), -np.nan_to_num(e.error, nan=np.inf)))
    verdict, text = _verdict(problem, number, name, elements)
    many = problem.affordable(4 * len(STEPS), 1, ON_CURVE)
    places = [e.place for e in elements[:1]]
    places += [e.place for e in sorted(elements[1:], key=lambda e: -abs(e.measured))
               if np.isfinite(e.measured)][: many - 1]  # fmt: skip
    return CheckedView(
        name, list(array.shape), own.arrays[number].dtype.name, verdict, text, len(elements),
        [e.view() for e in elements[:MOST_ROWS]], _curves(problem, own, number, places),
    )  # fmt: skip


def _chosen(problem: Problem, number: int) -> list[tuple]:
    """All elements of a small argument; of a large one, those with large gradients, and others.

    Where the function takes long, fewer are looked at.
    """
    array, gradient = problem.arrays[number], problem.gradients[number]
    most = problem.affordable(2 * len(PROBES[True]), 4, MOST_ELEMENTS)
    if array.size <= most:
        return list(np.ndindex(array.shape))
    sizes = np.zeros(array.size) if gradient is None else np.abs(gradient).reshape(-1)
    large = np.argsort(-np.nan_to_num(sizes, nan=np.inf), kind="stable")[: most // 2]
    spread = np.linspace(0, array.size - 1, most // 2).astype(int)
    flat = dict.fromkeys([*large.tolist(), *spread.tolist()])
    return [tuple(int(i) for i in np.unravel_index(i, array.shape)) for i in flat]


def _verdict(
    problem: Problem, number: int, name: str, elements: Sequence[Element]
) -> tuple[str, str]:
    if not elements:
        return "agrees", f"{name} has no elements: there is nothing to be wrong."
    worst, size = elements[0], problem.arrays[number].size
    alike = [e for e in elements if e.kind == worst.kind]
    share = "" if len(alike) == 1 else f" {len(alike)} of {len(elements)} elements are like this."
    if worst.kind == "agrees":
        if size > len(elements) and not _agrees_along(problem, number):
            return "wrong", (
                f"The gradient of {name} is wrong in elements that were not looked at one by one: "
                "along a random direction, the slope is another one."
            )
        if worst.gradient is None:
            return (
                "agrees",
                f"The gradient with respect to {name} is None, and {name} has no effect.",
            )
        largest = max(abs(e.measured) for e in elements) or 1.0
        error = max(e.error for e in elements) / largest
        which = f"all {size} elements" if size == len(elements) else (
            f"{len(elements)} of {size} elements, and all of them along a random direction"
        )  # fmt: skip
        which = "one element" if size == 1 else which
        shown = f"{error:.0e}" if error else "the last bit"
        return "agrees", f"The gradient with respect to {name} agrees to {shown} ({which})."
    if worst.kind in ("wrong", "missing"):
        return worst.kind, _mistake(problem, number, name, worst, alike) + share
    if worst.kind == "nan":
        if not np.isfinite(problem.start):
            return "nan", "The function itself gives no number here, so there is no slope."
        return "nan", f"The gradient is wrong in {worst.where(name)}: {worst.text()}.{share}"
    return worst.kind, f"Not differentiable at {worst.where(name)}: {worst.text()}.{share}"


def _mistake(problem: Problem, number: int, name: str, worst: Element, alike: Sequence) -> str:
    where = worst.where(name)
    if worst.kind == "missing":
        return (
            f"The gradient with respect to {name} is None, although the slope at {where} is "
            f"{_number(worst.measured)}: some operation on the way is not recorded."
        )
    entry = problem.entry(number, worst.place, worst.steps[2], kink=False)
    if entry is None:
        text = f"The gradient is wrong in {where}: {worst.text()}."
    else:
        result, found, slope = entry
        text = (
            f"The gradient is wrong in {where}: the derivative of result {result} is "
            f"{_number(found)} instead of {_number(slope.across)}."
        )
    ratios = [e.gradient / e.measured for e in alike if e.gradient is not None and e.measured]
    if len(ratios) > 1 and np.ptp(ratios) < 1e-3 * abs(ratios[0]):
        text += f" Everywhere it is {ratios[0]:.4g} times what it should be."
    return text


def _agrees_along(problem: Problem, number: int) -> bool:
    """Whether the gradient also says the slope along a direction that moves all elements."""
    gradient = problem.gradients[number]
    direction = np.random.default_rng(1).normal(size=problem.arrays[number].shape)
    direction /= np.linalg.norm(direction)
    found = 0.0 if gradient is None else float(np.sum(gradient * direction))
    slopes = [problem.along(number, direction, step) for step in PROBES[problem.precise]]
    noise = 3 * abs(slopes[2] - slopes[3]) + 10 * np.finfo(direction.dtype).eps * problem.size
    close = CLOSE[problem.precise]
    return any(abs(s - found) <= close * max(abs(s), abs(found)) + noise for s in slopes)


def _curves(problem: Problem, own: Problem, number: int, places: Sequence) -> list[CurveView]:
    """Errors of central and forward differences, in double and in the argument's own precision."""
    found = []
    by_type = {one.arrays[number].dtype.name: one for one in (own, problem)}
    for dtype, one in reversed(by_type.items()):
        gradient = one.gradients[number]
        exact = [0.0 if gradient is None else float(gradient[place]) for place in places]
        central: list[float | None] = []
        forward: list[float | None] = []
        for step in STEPS:
            sides = [one.sides(number, place, step) for place in places]
            central.append(_error([s.across for s in sides], exact))
            forward.append(_error([s.right for s in sides], exact))
        found += [_curve(f"central, {dtype}", central), _curve(f"forward, {dtype}", forward)]
    return found


def _error(slopes: Sequence[float], exact: Sequence[float]) -> float | None:
    """The largest difference, relative to the largest slope; None where there is no number."""
    if not slopes or not np.isfinite([*slopes, *exact]).all():
        return None
    size = max(map(abs, exact)) or max(map(abs, slopes)) or 1.0
    error = max(abs(a - b) for a, b in zip(slopes, exact, strict=True)) / size
    return float(f"{max(error, LEAST):.4g}")


def _curve(name: str, errors: list[float | None]) -> CurveView:
    known = [(e, i) for i, e in enumerate(errors) if e is not None]
    if not known:
        return CurveView(name, errors)
    best = min(known)[1]
    return CurveView(name, errors, best, _slope(errors, best, 1), _slope(errors, best, -1))


def _slope(errors: Sequence, best: int, side: int) -> float | None:
    """The usual slope on one side of the best step; None where there is no clear branch.

    Steps shrink along the list, half a power of ten at a time.
    """
    part = range(best - 1, -1, -1) if side > 0 else range(best + 1, len(errors))
    branch = [np.log10(errors[i]) for i in part
              if errors[i] is not None and 10 * errors[best] < errors[i] < 0.3]  # fmt: skip
    slopes = [2.0 * side * (b - a) for a, b in pairwise(branch)]
    return float(f"{np.median(slopes):.2g}") if len(slopes) >= 2 else None

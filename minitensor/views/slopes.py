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

from minitensor.views.measured import Given, Problem, given_of
from minitensor.views.probing import CLOSE, ORDER, PROBES, Element, in_words
from minitensor.views.records import VERSION

STEPS = [10.0 ** (-1 - k / 2) for k in range(23)]
"""From 0.1 to 1e-12, two for each power of ten."""
MOST_ELEMENTS, MOST_ROWS, ON_CURVE = 64, 12, 4
LEAST = 1e-17
"""Where an error of exactly zero is drawn: a logarithmic axis has no zero."""


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

    `verdict` is the gravest of the arguments': "agrees", "unclear", "kink", "held", "edge",
    "steep", "jump", "nan", "missing" or "wrong"; or "random", "nothing" where there is none to
    compare. Of several `results` the weighted sum is measured.
    """

    title: str
    verdict: str
    text: str
    steps: list[float] = field(default_factory=list)
    arguments: list[CheckedView] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    results: int = 1
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
            "There is nothing to check: no argument is of float16, float32 or float64, for which "
            "small steps are measured. Pass such a tensor, for example mt.constant(2.0)."
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
    return GradientCheckView(
        title, worst.verdict, text, STEPS, arguments, notes, results=problem.results
    )


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
        [_row(e) for e in elements[:MOST_ROWS]], _curves(problem, own, number, places),
    )  # fmt: skip


def _row(element: Element) -> ElementView:
    last = element.sides[-1]
    return ElementView(
        [int(i) for i in element.place], element.value, element.gradient, element.measured,
        last.left, last.right, element.error, element.kind, element.short(),
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
    worst = elements[0]
    alike = [e for e in elements if e.kind == worst.kind]
    share = "" if len(alike) == 1 else f" {len(alike)} of {len(elements)} elements are like this."
    if worst.kind == "agrees":
        return _agreement(problem, number, name, elements)
    if worst.kind in _SENTENCES:
        return worst.kind, _SENTENCES[worst.kind].format(worst.where(name), worst.text()) + share
    if worst.kind in ("wrong", "missing"):
        return worst.kind, _mistake(problem, number, name, worst, alike) + share
    if worst.kind == "nan":
        if not np.isfinite(problem.start):
            return "nan", "The function itself gives no number here, so there is no slope."
        return "nan", f"The gradient is wrong in {worst.where(name)}: {worst.text()}.{share}"
    return worst.kind, f"Not differentiable at {worst.where(name)}: {worst.text()}.{share}"


_SENTENCES = {
    "unclear": "Not clear at {0}: rounding is too large here to tell ({1}). Try the function where "
               "its result and its arguments are nearer to 1.",
    "held": "The function holds a part fixed by stop_gradient, which measured slopes move too: at "
            "{0} {1}. So they differ, and that alone is no mistake.",
}  # fmt: skip


def _agreement(
    problem: Problem, number: int, name: str, elements: Sequence[Element]
) -> tuple[str, str]:
    worst, size = elements[0], problem.arrays[number].size
    if size > len(elements) and not _agrees_along(problem, number):
        return "wrong", (
            f"The gradient of {name} is wrong in elements that were not looked at one by one: "
            "along a random direction, the slope is another one."
        )
    if worst.gradient is None:
        return "agrees", (
            f"The slope is 0 here and the tape gives None: near this point {name} has no effect."
        )
    seen = [e for e in elements if max(abs(e.measured), abs(e.gradient or 0.0)) > e.doubt]
    error = max((e.relative for e in seen), default=0.0)
    which = f"all {size} elements" if size == len(elements) else (
        f"{len(elements)} of {size} elements, and all of them along a random direction"
    )  # fmt: skip
    which = "one element" if size == 1 else which
    shown = f"{error:.0e}" if error else "the last bit"
    return "agrees", f"The gradient with respect to {name} agrees to {shown} ({which})."


def _mistake(problem: Problem, number: int, name: str, worst: Element, alike: Sequence) -> str:
    where = worst.where(name)
    if worst.kind == "missing":
        return (
            f"The gradient with respect to {name} is None, although the slope at {where} is "
            f"{in_words(worst.measured)}: some operation on the way is not recorded."
        )
    entry = problem.entry(number, worst.place, worst.step, kink=False)
    if entry is None:
        text = f"The gradient is wrong in {where}: {worst.text()}."
    else:
        result, found, slope = entry
        text = (
            f"The gradient is wrong in {where}: the derivative of result {result} is "
            f"{in_words(found)} instead of {in_words(slope.across)}."
        )
    ratios = [e.gradient / e.measured for e in alike if e.gradient is not None and e.measured]
    if len(ratios) > 1 and np.ptp(ratios) < 1e-3 * abs(ratios[0]):
        text += f" Everywhere it is {ratios[0]:.6g} times what it should be."
    return text


def _agrees_along(problem: Problem, number: int) -> bool:
    """Whether the gradient also says the slope along a direction that moves all elements."""
    gradient = problem.gradients[number]
    direction = np.random.default_rng(1).normal(size=problem.arrays[number].shape)
    direction /= np.linalg.norm(direction)
    found = 0.0 if gradient is None else float(np.sum(gradient * direction))
    slopes = [problem.along(number, direction, step) for step in PROBES[problem.precise]]
    rounding = [problem.noise / step for step in PROBES[problem.precise]]
    close = CLOSE[problem.precise]
    changes = [abs(b - a) for a, b in pairwise(slopes)]
    doubts = [a + b for a, b in zip([*changes, changes[-1]], rounding, strict=True)]
    slope, doubt = min(zip(slopes, doubts, strict=True), key=lambda pair: pair[1])
    return bool(abs(slope - found) <= close * max(abs(slope), abs(found)) + 3 * doubt)


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

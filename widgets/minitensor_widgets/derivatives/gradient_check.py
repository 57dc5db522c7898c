"""A gradient check as a figure: the error over all step sizes, and the worst elements.

`static/derivatives/check.js` is the form to walk in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from ..output import Output
from ..plot import STYLE, chart
from ..svg import card, text
from ..values import clip, number, shape_text
from .records import check_record

PAD, WIDE, TALL = 12.0, 460.0, 300.0
ROWS = 6
SIGNS = {"agrees": "✓", "wrong": "✗", "missing": "✗", "nan": "✗"}
COLUMNS = (0.0, 80.0, 170.0, 260.0, 350.0)
LABELS = ("step size h (times |x| where that is above 1)", "relative error")
ERRORS = (1e-17, 1e3)
WEIGHTED = "Derivatives of the weighted sum of all results:"


def power(step: float) -> str:
    """A step size in few characters.

    Example:
        >>> power(1e-3), power(10**-3.5)
        ('1e-3', '3.2e-4')
    """
    mantissa, exponent = f"{step:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def curve_text(curve: Mapping, steps: list[float]) -> str:
    """What one curve says: its best step, and the slopes of its two branches."""
    if curve["best"] is None:
        return f"{curve['name']}: no number at any step"
    best = curve["best"]
    text = f"{curve['name']}: best {power(steps[best])} ({error_text(curve['errors'][best])})"
    slopes = [number(curve[k], 2) for k in ("slope", "rounding") if curve[k] is not None]
    return f"{text}, slope{'s' * (len(slopes) > 1)} {'/'.join(slopes)}" if slopes else text


def error_text(error: float) -> str:
    """An error; the lowest one that is drawn stands for none.

    Example:
        >>> error_text(0.25), error_text(1e-17)
        ('0.25', '0')
    """
    return "0" if error <= ERRORS[0] else number(error, 2)


def place_text(item: Mapping) -> str:
    """The index of an element; of a scalar a dash."""
    return shape_text(item["place"]) if item["place"] else "—"


def _gradient(item: Mapping) -> str:
    return "None" if item["gradient"] is None else number(item["gradient"])


def _argument(argument: Mapping, steps: list[float], y: float, results: int) -> tuple[str, float]:
    """One argument: its verdict, curves, and worst elements; and where it ends."""
    sign = SIGNS.get(argument["verdict"], "!")
    head = f"{sign} {argument['name']} {shape_text(argument['shape'])} {argument['dtype']}"
    parts = [text(PAD, y, clip(head, 70), "h")]
    for line in textwrap.wrap(argument["text"], 78, break_long_words=True)[:5]:
        y += 16
        parts.append(text(PAD, y, line))
    if any(curve["best"] is not None for curve in argument["curves"]):
        lines = [{"name": curve_text(curve, steps), "x": steps, "y": curve["errors"]}
                 for curve in argument["curves"]]  # fmt: skip
        drawn = chart(lines, WIDE, TALL, labels=LABELS, log=(True, True), ends=(None, ERRORS))
        parts.append(f'<g transform="translate({PAD},{y + 6:.1f})">{drawn}</g>')
        y += TALL + 6
    rows = argument["elements"][:ROWS]
    if rows and results > 1:
        y += 18
        parts.append(text(PAD, y, WEIGHTED, "s"))
    if rows:
        y += 16
        heads = ("element", "value", "tape", "measured", "finding")
        parts += [text(PAD + x, y, h, "s") for x, h in zip(COLUMNS, heads, strict=True)]
    for item in rows:
        y += 16
        words = (place_text(item), number(item["value"]), _gradient(item), number(item["measured"]),
                 clip(item["text"], 46))  # fmt: skip
        parts += [text(PAD + x, y, w) for x, w in zip(COLUMNS, words, strict=True)]
    return "".join(parts), y + 30


def check_svg(record: Mapping, alt: str) -> str:
    """The figure: the verdict, then the arguments one below the other, the worst first."""
    parts, y = [text(PAD, 20, clip(record["title"], 80), "h")], 22.0
    sentences = [record["text"], record["error"], *record["notes"]]
    for sentence in filter(None, sentences):
        for line in textwrap.wrap(sentence, 90, break_long_words=True)[:6]:
            y += 15
            parts.append(text(PAD, y, line))
    y += 30
    items = sorted(record["arguments"], key=lambda item: item["verdict"] == "agrees")
    for item in items[:3]:
        drawn, y = _argument(item, record["steps"], y, record["results"])
        parts.append(drawn)
    if len(items) > 3:
        others = ", ".join(f"{item['name']} {item['verdict']}" for item in items[3:])
        parts.append(text(PAD, y, clip(f"… {len(items) - 3} more: {others}", 90)))
        y += 20
    return card(700, y, alt, "".join(parts), STYLE)


def describe(record: Mapping) -> str:
    """The whole as text."""
    lines = [f"{record['title']}: {record['text']}"]
    lines += [line for line in (record["error"], *record["notes"]) if line]
    for argument in record["arguments"]:
        lines.append(f"{argument['name']} {shape_text(argument['shape'])}: {argument['text']}")
        lines += [f"  {curve_text(curve, record['steps'])}" for curve in argument["curves"]]
        wrong = [item for item in argument["elements"] if item["kind"] != "agrees"]
        lines += [f"  {place_text(item)} {item['text']}" for item in wrong]
    return "\n".join(lines)


class GradientCheck(Output):
    """Gradients of a function at a point, compared with measured slopes.

    Args:
        what: a function of tensors, a tape, a GradientCheckView or the dict of one.
        *given: the function's arguments; or the target and the sources of a tape.
        step: the number of the step size looked at first; None is the best one.
        selected: the name of the argument looked at first.

    Example:
        >>> import minitensor as mt
        >>> GradientCheck(mt.exp, mt.constant(1.0))
        GradientCheck('Gradient of exp at (x)', agrees)
    """

    main = "derivatives/check"

    def __init__(self, what: Any, *given: Any, step: int | None = None, selected: str = "") -> None:
        self.record = check_record(what, *given)
        self.step, self.selected = step, selected

    def __repr__(self) -> str:
        return f"GradientCheck({self.record['title']!r}, {self.record['verdict']})"

    @property
    def title(self) -> str:
        """What stands above the curves."""
        return self.record["title"]

    @property
    def alt(self) -> str:
        """The verdict, and what the curves show."""
        first = self.record["arguments"][:1]
        curves = [curve_text(c, self.record["steps"]) for item in first for c in item["curves"]]
        return clip(f"{self.title}. {self.record['text']} {'; '.join(curves)}", 600)

    def description(self) -> str:
        """The verdict, curves and wrong elements of every argument."""
        return describe(self.record)

    def to_svg(self) -> str:
        """The static figure."""
        return check_svg(self.record, self.alt)

    def best(self) -> int:
        """The number of the step size at which the first curve is best."""
        for argument in self.record["arguments"]:
            for curve in argument["curves"]:
                if curve["best"] is not None:
                    return curve["best"]
        return 0

    def _state(self) -> dict[str, Any]:
        last = max(0, len(self.record["steps"]) - 1)
        step = self.best() if self.step is None else max(0, min(self.step, last))
        return {"check": self.record, "step": step, "selected": self.selected}


def gradient_check(what: Any, *given: Any) -> GradientCheck:
    """Check gradients against measured slopes, and show the error for every step size.

    Args:
        what: a function of tensors, or a tape.
        *given: the function's arguments; or the target and the sources of a tape.

    Raises:
        TypeError: for anything else.

    Example:
        >>> import minitensor as mt
        >>> gradient_check(mt.nn.relu, mt.constant([0.0, 1.0]))
        GradientCheck('Gradient of relu at (features)', kink)
    """
    return GradientCheck(what, *given)

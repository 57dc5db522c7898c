"""How the elements of one or many tensors are distributed: nine percentiles of each, as bands.

`static/tensors/distribution.js` draws it on the screen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..arrays import real
from ..output import Output
from ..records import VERSION, as_view, filled, of_kind, plain
from ..summaries import bands
from ..svg import card, text
from ..units import plural
from ..values import clip, number

MOST_COLUMNS, MOST_STEPS = 60, 500
POINTS = (0, 668, 1587, 3085, 5000, 6915, 8413, 9332, 10000)
"""Where percentiles are read off, in hundredths of a percent: those of TensorBoard."""
PAD, WIDE, TALL = 14.0, 700.0, 240.0
_DISTRIBUTION = {"version": VERSION, "name": "", "steps": None, "columns": [], "note": ""}
_COLUMN = {"name": "", "bands": None, "size": 0, "zeros": 0, "nans": 0, "infs": 0}


def column(value: Any, name: str) -> dict[str, Any]:
    """What is known of one tensor: the percentiles of its finite elements, and counts.

    Example:
        >>> column([0.0, 1.0, 2.0, float("nan")], "w")["nans"]
        1

    Raises:
        TypeError: for what are no real numbers.
        ValueError: for lists whose rows differ in length.
    """
    import numpy as np

    array = real(value, "distribution()")
    known = array[np.isfinite(array)]
    nans = int(np.isnan(array).sum())
    found = None
    if known.size:
        scale = 1.0 if math.isfinite(float(known.max()) - float(known.min())) else 0.5
        found = (np.quantile(known * scale, np.array(POINTS) / 10_000) / scale).tolist()
    return {
        "name": name,
        "bands": found,
        "size": int(array.size),
        "zeros": int((array == 0).sum()),
        "nans": nans,
        "infs": int(array.size - known.size - nans),
    }


def _name_of(value: Any, default: str) -> str:
    return str(getattr(value, "path", None) or getattr(value, "name", None) or default)


def _is_one(value: Any) -> bool:
    """Whether a value is a single tensor, not several: an array, or nested lists of numbers."""
    several = isinstance(value, Sequence) and any(hasattr(part, "shape") for part in value)
    return not (several or isinstance(value, Mapping))


def columns_of(value: Any, name: str, over: Sequence[float] | None) -> list[dict[str, Any]]:
    """The columns of a tensor, of a dict or list of tensors, or of tensors over steps."""
    if isinstance(value, Mapping):
        named = [(str(key), item) for key, item in value.items()]
    elif over is not None:
        named = [(number(step, 8), item) for step, item in zip(over, value, strict=True)]
    elif _is_one(value):
        named = [(name or _name_of(value, ""), value)]
    else:
        named = [(_name_of(item, str(i)), item) for i, item in enumerate(value)]
    return [column(item, label) for label, item in named]


def _listed(over: Any) -> list[Any]:
    """What was given as steps, one by one.

    Raises:
        TypeError: for what is no list.
    """
    if isinstance(over, str) or not isinstance(over, Iterable):
        raise TypeError(
            f"distribution() got over={clip(repr(over), 60)}: each tensor has a step of its own. "
            "Pass a list of numbers, such as over=range(2) for two tensors."
        )
    return list(over)


def _step(step: Any) -> float:
    """A step as a plain number, an int where it is whole.

    Raises:
        TypeError: for what is no number.
        ValueError: for one that is not finite.
    """
    words = (
        f"distribution() got the step {clip(repr(step), 40)} in over=: a step is a finite number"
    )
    try:
        found = float("" if isinstance(step, str) else step)
    except (TypeError, ValueError):
        raise TypeError(f"{words}. Count them, as by over=range(2) for two tensors.") from None
    if not math.isfinite(found):
        raise ValueError(f"{words}. Leave out the tensor that has no step, or count them.")
    return int(step) if found == int(found) else found


def _steps(over: Iterable[float] | None, value: Any) -> list[float] | None:
    """The steps as plain numbers, after a check that there is one for each tensor.

    Raises:
        ValueError: for steps that do not rise, or are more or fewer than the tensors.
        TypeError: for steps of what is not a list of tensors.
    """
    if over is None:
        return None
    if isinstance(value, Mapping) or not hasattr(value, "__len__"):
        raise TypeError(
            f"distribution() got over= and {type(value).__name__}: steps go with a list of "
            "tensors, one for each step. Pass a list, or leave over= out."
        )
    steps = [_step(step) for step in _listed(over)]
    if len(steps) != len(value):
        raise ValueError(
            f"distribution() got {plural(len(value), 'tensor')} and {plural(len(steps), 'step')}: "
            f"each tensor has its own step. Pass over=range({len(value)}) to count them."
        )
    if any(not a < b for a, b in pairwise(steps)):
        raise ValueError(
            f"distribution() got steps that do not rise: over={clip(str(steps), 60)}. Sort the "
            "tensors by their steps, and give each step once."
        )
    return steps


def distribution_record(value: Any, name: str = "", over: Iterable[float] | None = None) -> dict:
    """The complete record of a distribution, or of the dict of one.

    Raises:
        TypeError: for a dict of another view, or for what are no real numbers.
        ValueError: for steps that do not fit.
    """
    if isinstance(value, Mapping) and "version" in value:
        record = of_kind(as_view(value) or {}, "columns", _DISTRIBUTION)
        record["columns"] = [filled(item, _COLUMN) for item in record["columns"]]
        return record
    steps = _steps(over, value)
    found = columns_of(value, name, steps)
    most = MOST_COLUMNS if steps is None else MOST_STEPS
    note = ""
    if len(found) > most:
        kept = [round(k * (len(found) - 1) / (most - 1)) for k in range(most)]
        note = f"{most} of {len(found)} are shown, at even distances, the first and the last too."
        found, steps = [found[at] for at in kept], steps and [steps[at] for at in kept]
    return plain({**_DISTRIBUTION, "name": name, "steps": steps, "columns": found, "note": note})


def heading(record: Mapping) -> str:
    """Whose distribution it is."""
    found = record["columns"]
    what = plural(len(found), "tensor") if record["steps"] is None else plural(len(found), "step")
    if len(found) == 1 and record["steps"] is None:
        what = plural(found[0]["size"], "element")
    name = record["name"] or (found[0]["name"] if len(found) == 1 else "")
    return f"{name}: distribution of {what}" if name else f"Distribution of {what}"


def column_words(record: Mapping, at: int) -> str:
    """One column in words: its nine values, and what is no ordinary number."""
    item = record["columns"][at]
    name = f"step {item['name']}" if record["steps"] is not None else item["name"]
    words = [bands.told(item["bands"])] if item["size"] else ["no elements"]
    if item["zeros"]:
        words.append(f"{number(100 * item['zeros'] / item['size'], 3)} % zeros")
    words += [f"{item[key]} {label}" for key, label in (("nans", "NaN"), ("infs", "infinite"))
              if item[key]]  # fmt: skip
    return f"{name}: {', '.join(words)}" if name else ", ".join(words)


class Distribution(Output):
    """Nine percentiles of one or many tensors, as bands.

    Args:
        value: what to look at: see `distribution`; also the record of one.
        name: what to call it.
        over: the steps at which the tensors of a list were taken.

    Example:
        >>> Distribution([0.0, 1.0, 2.0], name="w")
        Distribution(w: distribution of 3 elements)
    """

    main = "tensors/distribution"

    def __init__(self, value: Any, name: str = "", over: Iterable[float] | None = None) -> None:
        self.record = distribution_record(value, name, over)

    def __repr__(self) -> str:
        return f"Distribution({heading(self.record)})"

    @property
    def title(self) -> str:
        """Whose distribution it is."""
        return heading(self.record)

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        return clip(". ".join(self._lines()), 600)

    def _lines(self) -> list[str]:
        record = self.record
        lines = [column_words(record, at) for at in range(len(record["columns"]))]
        return [heading(record), *lines, *filter(None, [record["note"]])]

    def description(self) -> str:
        """Every tensor with its nine values, as text."""
        return "\n  ".join(self._lines())

    def to_svg(self) -> str:
        """The static figure."""
        record = self.record
        rows = [item["bands"] for item in record["columns"]]
        names = [item["name"] for item in record["columns"]]
        wide = WIDE - 2 * PAD
        drawn = (
            bands.columns(names, rows, wide, TALL) if record["steps"] is None
            else bands.over_steps(record["steps"], rows, wide, TALL)
        )  # fmt: skip
        y = 54 + TALL
        parts = [
            text(PAD, 21, clip(heading(record), 80), "h"),
            bands.legend(PAD, 31),
            f'<g transform="translate({PAD:.0f},50)">{drawn}</g>',
        ]
        odd = [column_words({**record, "columns": [item]}, 0).replace(bands.told(item["bands"]), "")
               for item in record["columns"]
               if item["nans"] or item["infs"] or not item["size"]]  # fmt: skip
        more = [f"… and {len(odd) - 4} more"] if len(odd) > 4 else []
        for line in filter(None, [*odd[:4], *more, record["note"]]):
            parts.append(text(PAD, y + 8, clip(line.replace(": , ", ": "), 110), "s"))
            y += 14
        return card(WIDE, y + 8, self.alt, "".join(parts), bands.STYLE)

    def _state(self) -> dict[str, Any]:
        return {"distribution": self.record}


def distribution(
    value: Any, *, name: str | None = None, over: Iterable[float] | None = None
) -> Distribution:
    """Show how the elements of tensors are distributed, as nine percentiles each.

    The percentiles are those of TensorBoard's distributions: minimum, 7 %, 16 %, 31 %, median,
    69 %, 84 %, 93 % and maximum, which for normally distributed numbers are half a standard
    deviation apart. They are exact, and of finite elements; others are counted.

    Args:
        value: a tensor, variable, array or nested lists for one column; a list of tensors, or a
            dict of them by name, for columns side by side, such as the weights of all layers.
        name: what to call it.
        over: for a list of tensors, the step at which each was taken: bands over steps.

    Raises:
        TypeError: for what are no real numbers.
        ValueError: for steps that do not fit the tensors.

    Example:
        >>> distribution({"first": [0.0, 1.0], "second": [2.0]})
        Distribution(Distribution of 2 tensors)
        >>> distribution([0, 1, 2, 3, 4], name="w").description().split(": ")[-1][:40]
        'minimum 0, 7 % 0.2672, 16 % 0.6348, 31 %'
    """
    return Distribution(value, name or "", over)

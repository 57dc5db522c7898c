"""How healthy the layers of a model are over the steps of its training: the record, and its words.

`health_figure` and `static/summaries/health.js` draw it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from operator import index
from typing import Any

from ..output import Output
from ..records import VERSION, filled, of_kind, plain
from ..units import plural
from ..values import clip, number

MOST_CELLS = 24_000
"""Numbers in a record: layers × steps × measures."""
MOST_STEPS = 200
STRIPS = ("gradient_to_weight", "update_to_weight", "dead", "saturated", "not_finite")
"""The measures that have a strip over the steps; others are numbers beside the chosen layer."""
LEVELS = ("error", "warning", "hint")
SIGNS = {"error": "✗", "warning": "⚠", "hint": "·"}
SIGN_TEXT = (
    "Signs: ▲ ▼ above or below the usual, which alone is no worry; ✗ ⚠ named in what was found."
)
_HEALTH = {
    "version": VERSION, "name": "health", "examples": 0, "steps": [], "layers": [], "measures": [],
    "values": {}, "findings": [], "verdicts": [], "first_bad": None, "note": "",
}  # fmt: skip
_LAYER = {"kind": "", "activation": "", "units": None, "variables": [], "line": None}
_FINDING = {"level": "warning", "layer": "", "line": None}


def complete_health(value: Any, most: int = MOST_CELLS) -> dict[str, Any]:
    """The complete record of a model's health, with fewer steps where there are too many.

    Args:
        value: what `mt.summary.health` gave, a list of such, `callbacks.Health`, or their record.
        most: how many numbers it may hold.

    Raises:
        TypeError: for anything else.
        ValueError: for a record of another version, or a list of different models.
    """
    if not isinstance(value, Mapping):
        from minitensor.views import health_record

        value = _found(value, health_record)
    elif "version" not in value:
        raise TypeError(
            f"A dict with the keys {sorted(map(str, value))[:6]} is no record of health. Pass what "
            "mt.summary.health gave, keras.callbacks.Health, or what its record() gives."
        )
    record = of_kind(plain(value), "verdicts", _HEALTH)
    record["layers"] = [filled(layer, _LAYER) for layer in record["layers"]]
    record["findings"] = grouped(record["findings"])
    return _thinned(record, most)


def _found(value: Any, record: Callable[[Any], dict]) -> dict[str, Any]:
    """The record of what was found; a model itself, or anything else, is told what to pass."""
    try:
        return record(value)
    except TypeError:
        raise TypeError(
            f"model_health() got {clip(str(value), 60)} of class {type(value).__name__}; it shows "
            "what was found when a model was looked at. Pass what mt.summary.health(model, tape) "
            "gave, a list of such, or a keras.callbacks.Health after fit."
        ) from None


def grouped(findings: Sequence[Mapping]) -> list[dict[str, Any]]:
    """One finding for each kind and layer: the last sentence, the first and last step, how often.

    Example:
        >>> item = {"kind": "dead", "layer": "a", "sentence": "Half is dead.", "level": "warning"}
        >>> (found,) = grouped([{**item, "step": 0}, {**item, "step": 9, "sentence": "All."}])
        >>> found["sentence"], found["first"], found["step"], found["count"]
        ('All.', 0, 9, 2)
    """
    found: dict[tuple, dict] = {}
    for item in findings:
        key = item["kind"], item.get("layer", "")
        earlier = found.get(key, {"first": item["step"], "count": 0})
        found[key] = {**_FINDING, **item, "first": item.get("first", earlier["first"]),
                      "count": earlier["count"] + item.get("count", 1)}  # fmt: skip
    return sorted(found.values(), key=lambda item: LEVELS.index(item["level"]))


def _thinned(record: dict, most: int) -> dict:
    """With fewer steps, at even distances; that of the first NaN and the last are kept."""
    count = len(record["steps"])
    cells = len(record["layers"]) * len(record["measures"])
    fit = max(2, min(MOST_STEPS, most // max(1, cells)))
    if count <= fit:
        return record
    kept = {round(k * (count - 1) / (fit - 1)) for k in range(fit)}
    bad = record["first_bad"]
    kept |= (
        {record["steps"].index(bad["step"])} if bad and bad["step"] in record["steps"] else set()
    )
    places = sorted(kept)

    def chosen(row: Sequence) -> list:
        return [row[at] for at in places]

    values = {name: [chosen(row) for row in rows] for name, rows in record["values"].items()}
    note = f"{len(places)} of {count} looks are shown, at even distances, the last among them."
    return {**record, "steps": chosen(record["steps"]), "verdicts": chosen(record["verdicts"]),
            "values": values, "note": note}  # fmt: skip


def real(value: float | str | None) -> float | None:
    """A number of the record, where NaN and infinity are words.

    Example:
        >>> real(0.5), real("NaN"), real("-Infinity"), real(None)
        (0.5, nan, -inf, None)
    """
    return value if value is None else float(value)


def value_text(value: float | str | None, scale: str) -> str:
    """A number as it stands in the table; a share in percent.

    Example:
        >>> value_text(0.5, "share"), value_text("NaN", "log"), value_text(None, "log")
        ('50 %', 'NaN', '–')
    """
    found = real(value)
    if found is None:
        return "–"
    if not math.isfinite(found):
        return "NaN" if math.isnan(found) else "∞" if found > 0 else "−∞"
    if scale == "share":
        return f"{number(100 * found, 3)} %"
    if 0.1 <= abs(found) < 1e4 or not found:
        return number(found, 3)
    return f"{found:.1e}".replace("e-0", "e-").replace("e+0", "e+").replace(".0e", "e")


def beyond(value: float | str | None, measure: Mapping) -> str:
    """Whether a number is above or below where it usually is: a sign, or nothing.

    It goes by the digits that are shown: what reads 1e-2 is not above 1e-2.

    Example:
        >>> update = {"scale": "log", "good": [1e-4, 1e-2]}
        >>> beyond(0.5, update), beyond(1e-6, update), beyond(0.0101, update)
        ('▲', '▼', '')
    """
    found, good = real(value), measure["good"]
    if found is None or good is None:
        return ""
    found = float(f"{found:.{1 if measure['scale'] == 'log' else 2}e}")
    if math.isnan(found) or found > good[1]:
        return "▲"
    return "▼" if found < good[0] else ""


def strips(record: Mapping) -> list[Mapping]:
    """The measures that have a strip: of those, the ones that were measured anywhere."""
    return [
        item for item in record["measures"]
        if item["name"] in STRIPS
        and any(v is not None for row in record["values"][item["name"]] for v in row)
    ]  # fmt: skip


def step_text(step: float | None) -> str:
    """Where a look was."""
    return "one look" if step is None else f"step {step}"


def heading(record: Mapping) -> str:
    """How much was looked at."""
    layers, looks = plural(len(record["layers"]), "layer"), len(record["steps"])
    where = step_text(record["steps"][0]) if looks == 1 else plural(looks, "look")
    return f"Health of {layers}: {where}" if looks else "Health: nothing was looked at yet"


def bad_text(bad: Mapping) -> str:
    """Where the first NaN or infinity was made, in few words."""
    way = {"forward": "on the way forward", "backward": "on the way back"}.get(
        bad["direction"], f"in the {bad['direction']}"
    )
    layer = f", in layer {bad['layer']}" if bad["layer"] else ""
    return f"First {bad['what']}: {step_text(bad['step'])}, {way}{layer}"


def line_text(line: Mapping | None) -> str:
    """A line of the learner's program."""
    return f"{line['file']}:{line['line']}: {line['text']}" if line else ""


def finding_text(item: Mapping) -> str:
    """One finding with its sign, and how often it was found."""
    often = "" if item["count"] < 2 else (
        f" ({item['count']} times, step {item['first']} to {item['step']})"
    )  # fmt: skip
    return f"{SIGNS[item['level']]} {item['sentence']}{often}"


def layer_text(record: Mapping, at: int, step: int) -> str:
    """A layer and its numbers at a step, in words."""
    layer = record["layers"][at]
    parts = [
        f"{item['title']} {value_text(record['values'][item['name']][at][step], item['scale'])}"
        f"{beyond(record['values'][item['name']][at][step], item)}"
        for item in strips(record)
    ]
    kind = f" ({', '.join(filter(None, (layer['kind'], layer['activation'])))})"
    return f"{layer['name']}{kind}: {', '.join(parts) or 'nothing measured'}"


class ModelHealth(Output):
    """The health of a model, layer by layer and step by step.

    Args:
        value: see `model_health`; also its record.
        step: which look is chosen at first, counted from 0; the last by default.
        selected: the name of the layer looked at first.

    Example:
        >>> from minitensor_widgets.summaries.health_samples import watched
        >>> ModelHealth(watched())
        ModelHealth(3 layers, 12 looks, 2 findings)
    """

    main = "summaries/health"

    def __init__(self, value: Any, step: int | None = None, selected: str = "") -> None:
        self.record = complete_health(value)
        last = max(0, len(self.record["steps"]) - 1)
        self.step = last if step is None else max(0, min(_look(step), last))
        self.selected = selected

    def __repr__(self) -> str:
        record = self.record
        counts = [("layers", "layer"), ("steps", "look"), ("findings", "finding")]
        return f"ModelHealth({', '.join(plural(len(record[k]), word) for k, word in counts)})"

    @property
    def title(self) -> str:
        """How much was looked at."""
        return heading(self.record)

    @property
    def alt(self) -> str:
        """What the figure shows, in a few sentences."""
        return clip(". ".join(line.strip().removesuffix(".") for line in self._lines()), 600)

    def _lines(self) -> list[str]:
        record, lines = self.record, [heading(self.record)]
        if not record["steps"]:
            return lines
        lines.append(f"{step_text(record['steps'][self.step])}: {record['verdicts'][self.step]}")
        bad = record["first_bad"]
        lines += [bad_text(bad), line_text(bad["line"])] if bad else []
        for item in record["findings"]:
            lines += [f"  {finding_text(item)}", f"      {line_text(item['line'])}".rstrip()]
        lines += [f"  {layer_text(record, at, self.step)}" for at in range(len(record["layers"]))]
        return [line for line in [*lines, record["note"]] if line]

    def description(self) -> str:
        """The verdict, what was found with the learner's lines, and the numbers of each layer."""
        return "\n".join(self._lines())

    def to_svg(self) -> str:
        """The static figure."""
        from .health_figure import health_svg

        return health_svg(self.record, self.step, self.title, self.alt)

    def _state(self) -> dict[str, Any]:
        return {"health": self.record, "step": self.step, "selected": self.selected}


def _look(step: Any) -> int:
    try:
        return index(step)
    except TypeError:
        raise TypeError(
            f"model_health(step={clip(repr(step), 60)}): it is the number of a look, counted from "
            "0. Write step=0 for the first, or leave it out for the last."
        ) from None


def model_health(value: Any, *, step: int | None = None, selected: str = "") -> ModelHealth:
    """Show how healthy the layers of a model are: gradients, dead and saturated units, NaN.

    A row for each layer and a strip over the steps for each measure, below a sentence that says
    what looks wrong; then what was found, with the learner's line and what to try.

    Args:
        value: what `mt.summary.health(model, tape)` gave, a list of such over steps, or a
            `keras.callbacks.Health` after `fit`.
        step: which look is chosen at first, counted from 0; the last by default.
        selected: the name of the layer looked at first.

    Raises:
        TypeError: for anything else, and for a step that is no whole number.
        ValueError: for a list of different models.

    Example:
        >>> from minitensor_widgets.summaries.health_samples import watched
        >>> print(model_health(watched()).description().splitlines()[0])
        Health of 3 layers: 12 looks
    """
    return ModelHealth(value, step, selected)

"""A record of health made by hand, as `minitensor.views.health_record` would make it."""

from __future__ import annotations

from typing import Any

from ..samples import line

MEASURES = (
    ("gradient_to_weight", "gradient / weight", "log", None),
    ("update_to_weight", "update / weight", "log", [1e-4, 1e-2]),
    ("dead", "dead units", "share", [0.0, 0.1]),
    ("saturated", "saturated outputs", "share", [0.0, 1 / 3]),
    ("activation_mean", "mean output", "linear", None),
    ("weight_norm", "norm of the weights", "log", None),
    ("not_finite", "NaN and infinity", "share", [0.0, 0.0]),
)


def _values(layers: int, looks: int, ends: bool) -> dict[str, list[list[Any]]]:
    """The numbers of each measure: a row for each layer."""
    values: dict[str, list[list[Any]]] = {name: [] for name, *_ in MEASURES}
    for i in range(layers):
        last = i == layers - 1
        slope = [10.0 ** (i - layers) * 0.98**k for k in range(looks)]
        values["gradient_to_weight"].append([*slope[:-1], "NaN"] if last and ends else slope)
        values["update_to_weight"].append([v / 10 for v in slope])
        dead = [min(1.0, 0.05 + 0.08 * k) if not i else 0.02 for k in range(looks)]
        values["dead"].append([None] * looks if last else dead)
        values["saturated"].append([0.1] * looks if last else [None] * looks)
        values["activation_mean"].append([0.4 + 0.01 * k for k in range(looks)])
        values["weight_norm"].append([3.0 + i] * looks)
        values["not_finite"].append([0.0] * (looks - 1) + [0.5 if last and ends else 0.0])
    return values


def _layers(names: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "kind": "Dense", "activation": "relu" if name != names[-1] else "",
         "units": 64, "variables": [f"{name}/kernel", f"{name}/bias"],
         "line": line(5 + i, f"Dense(64),  # {name}")}
        for i, name in enumerate(names)
    ]  # fmt: skip


def watched(layers: int = 3, looks: int = 12, bad: bool = True) -> dict[str, Any]:
    """A net whose first layers hardly learn and whose first layer dies.

    Args:
        layers: how many; all but the last are of relu.
        looks: how many steps, ten apart.
        bad: whether the last look finds a NaN in the last layer.

    Example:
        >>> record = watched()
        >>> len(record["layers"]), record["steps"][-1], record["first_bad"]["what"]
        (3, 110, 'NaN')
    """
    names = [f"dense_{i}" if i else "dense" for i in range(layers)]
    steps = [10 * k for k in range(looks)]
    dying = f"More than a tenth of the units of {names[0]} are dead. Try a smaller learning rate."
    found: list[dict[str, Any]] = [
        {"step": at, "kind": "dead", "level": "warning", "layer": names[0], "sentence": dying,
         "line": line(5, 'Dense(64, activation="relu"),')}
        for at in steps[1:]
    ]  # fmt: skip
    first = None
    if bad and looks:
        made = f"At step {steps[-1]} the first NaN was made on the way back, by sqrt in layer"
        first = {"step": steps[-1], "layer": names[-1], "direction": "backward", "what": "NaN",
                 "op": "sqrt", "sentence": f"{made} {names[-1]}.",
                 "line": line(17, "y = mt.sqrt(x)")}  # fmt: skip
        found.append({"step": steps[-1], "kind": "not finite", "level": "error",
                      "layer": names[-1], "line": first["line"],
                      "sentence": f"{first['sentence']} Keep its input away from 0."})  # fmt: skip
    return {
        "version": 1,
        "name": "health",
        "examples": 32,
        "steps": steps,
        "layers": _layers(names),
        "measures": [dict(zip(("name", "title", "scale", "good"), item, strict=True))
                     for item in MEASURES],
        "values": _values(layers, looks, first is not None),
        "findings": found,
        "verdicts": [f"Look at {names[0]}: {dying}" if at else "Nothing looks wrong."
                     for at in steps],
        "first_bad": first,
    }  # fmt: skip

"""The health of a model over many steps as one record of plain Python, for viewers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.graph.ir import SourceLine, short_file
from minitensor.summary.health_limits import MANY_SATURATED, USUAL_DEAD, USUAL_UPDATE
from minitensor.summary.health_report import Finding, Health

__all__ = ["LEVELS", "MEASURES", "health_record"]

VERSION = 1
MEASURES: dict[str, dict[str, Any]] = {
    "gradient_to_weight": {"title": "gradient / weight", "scale": "log", "good": None},
    "update_to_weight": {"title": "update / weight", "scale": "log",
                         "good": [*USUAL_UPDATE]},
    "dead": {"title": "dead units", "scale": "share", "good": [0.0, USUAL_DEAD]},
    "saturated": {"title": "saturated outputs", "scale": "share", "good": [0.0, MANY_SATURATED]},
    "activation_mean": {"title": "mean output", "scale": "linear", "good": None},
    "activation_std": {"title": "spread of outputs", "scale": "linear", "good": None},
    "activation_gradient_norm": {"title": "gradient of the output", "scale": "log", "good": None},
    "weight_norm": {"title": "norm of the weights", "scale": "log", "good": None},
    "gradient_norm": {"title": "norm of the gradients", "scale": "log", "good": None},
    "not_finite": {"title": "NaN and infinity", "scale": "share", "good": [0.0, 0.0]},
}  # fmt: skip
"""What is measured of each layer, and where it is usually good."""
LEVELS = {"not finite": "error", "slow": "hint", "saturated": "warning", "fast": "warning"}
"""How bad a kind of finding is; "warning" for those that are not here."""


def health_record(history: Sequence[Health]) -> dict[str, Any]:
    """The record of the health at some steps of one model: `views.health_record`.

    Raises:
        InvalidArgumentError: (also a ValueError) when they are of models with other layers.
    """
    first = history[0] if history else Health([])
    names = [layer.name for layer in first.layers]
    layers = [{layer.name: layer for layer in health.layers} for health in history]
    for health, found in zip(history, layers, strict=True):
        if sorted(found) != sorted(names):
            raise InvalidArgumentError(
                message("health_record", f"layers {names} and then "
                        f"{[layer.name for layer in health.layers]}",
                        "they are not of one model", "one record tells how one model changed",
                        "make a record of each model")
            )  # fmt: skip
    return {
        "version": VERSION,
        "name": first.name,
        "examples": first.examples,
        "steps": [health.step for health in history],
        "layers": [
            {"name": x.name, "kind": x.kind, "activation": x.activation, "units": x.units,
             "variables": [v.name for v in x.variables], "line": _line(x.line)}
            for x in (layers[-1][name] for name in names)
        ],
        "measures": [{"name": name, **about} for name, about in MEASURES.items()],
        "values": {
            measure: [[_plain(getattr(found[name], measure)) for found in layers] for name in names]
            for measure in MEASURES
        },
        "findings": [_finding(f, h.step, len(history) > 1) for h in history for f in h.findings],
        "verdicts": [health.verdict for health in history],
        "first_bad": next(filter(None, map(_first_bad, history)), None),
    }  # fmt: skip


def _finding(finding: Finding, step: int | None, named: bool) -> dict[str, Any]:
    """A finding; `named` says that its numbers may stand beside those of other steps."""
    at = f"Step {step}: " if named and step is not None else ""
    return {"step": step, "kind": finding.kind, "level": LEVELS.get(finding.kind, "warning"),
            "layer": finding.layer, "sentence": at + finding.sentence,
            "line": _line(finding.line)}  # fmt: skip


def _first_bad(health: Health) -> dict[str, Any] | None:
    bad = health.first_bad
    if bad is None:
        return None
    return {"step": health.step, "layer": bad.layer, "direction": bad.direction, "what": bad.what,
            "op": bad.op, "sentence": bad.sentence, "line": _line(bad.line)}  # fmt: skip


def _line(line: SourceLine | None) -> dict[str, Any] | None:
    return line and {"file": short_file(line.file), "line": line.line, "text": line.text}


def _plain(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinity: they are told in words, as TensorBoard does."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"

"""`health_record`: how healthy a model was, step by step, as plain Python for viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.errors import ArgumentError, message, shorten
from minitensor.summary import health_record as _records
from minitensor.summary.health_report import Health

__all__ = ["health_record"]


def health_record(health: Any) -> dict[str, Any]:
    """The record of a `Health`, of a list of them over steps, or of a callback that has them.

    It is ready for `json.dumps`: `steps`, `layers`, `measures` (what was measured, on which scale,
    and where it is usually good), `values` (for each measure a row for each layer, with a number
    for each step; None where it was not measured, "NaN" and "Infinity" as words), `findings`,
    `verdicts` (one for each step) and `first_bad`, the first NaN or infinity, or None.

    Raises:
        ArgumentError: (also a TypeError) for anything else.
        InvalidArgumentError: (also a ValueError) for a list of different models.

    Example:
        >>> from minitensor.summary.health_report import Health, LayerHealth
        >>> record = health_record([Health([LayerHealth("dense", "Dense", dead=0.5)], step=7)])
        >>> record["steps"], record["values"]["dead"], record["verdicts"]
        ([7], [[0.5]], ['Nothing looks wrong in 1 layer.'])
    """
    found = [health] if isinstance(health, Health) else getattr(health, "history", health)
    if not isinstance(found, Sequence) or not all(isinstance(x, Health) for x in found):
        raise ArgumentError(
            message("health_record", shorten(health), "it holds no Health",
                    "the record is made of what mt.summary.health found",
                    "pass its result, a list of results, or keras.callbacks.Health after fit")
        )  # fmt: skip
    return _records.health_record(found)

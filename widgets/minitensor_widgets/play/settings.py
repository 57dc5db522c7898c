"""What can be set in a playground, and between which ends."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

SETS = ("circle", "xor", "gauss", "spiral", "moons")
GIVEN, OWN = "given", "own"
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
OPTIMIZERS = ("adam", "sgd", "momentum", "rmsprop")
DEEPEST, WIDEST = 4, 8


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of a playground.

    Example:
        >>> Settings(hidden=(3,)).hidden
        (3,)
    """

    data: str = "circle"
    """A set of points: one of `SETS`, `GIVEN` (the learner's arrays) or `OWN` (placed by hand)."""
    points: int = 200
    noise: float = 0.1
    train: int = 50
    """How many of a hundred points are learnt from; the others test."""
    batch: int = 10
    optimizer: str = "adam"
    learning_rate: float = 0.03
    activation: str = "tanh"
    hidden: tuple[int, ...] = (4, 2)
    """The width of each hidden layer."""
    l1: float = 0.0
    l2: float = 0.0
    seed: int = 0


NAMES = tuple(field.name for field in dataclasses.fields(Settings))


def _between(low: float, high: float, kind: type) -> Callable[[Any], Any]:
    def clamped(value: Any) -> Any:
        number = float(value)
        if math.isnan(number):
            raise ValueError("NaN is no setting")
        return kind(min(high, max(low, number)))

    return clamped


def _one_of(*known: str) -> Callable[[Any], str]:
    def chosen(value: Any) -> str:
        if value not in known:
            raise ValueError(f"it is one of {', '.join(map(repr, known))}")
        return value

    return chosen


def _widths(value: Any) -> tuple[int, ...]:
    return tuple(_between(1, WIDEST, int)(width) for width in list(value)[:DEEPEST])


_KINDS: dict[str, Callable[[Any], Any]] = {
    "data": _one_of(*SETS, GIVEN, OWN),
    "points": _between(4, 1000, int),
    "noise": _between(0.0, 0.5, float),
    "train": _between(10, 90, int),
    "batch": _between(1, 1000, int),
    "optimizer": _one_of(*OPTIMIZERS),
    "learning_rate": _between(1e-6, 100.0, float),
    "activation": _one_of(*ACTIVATIONS),
    "hidden": _widths,
    "l1": _between(0.0, 1.0, float),
    "l2": _between(0.0, 1.0, float),
    "seed": _between(0, 2**31 - 1, int),
}


def changed(before: Settings, wanted: Mapping[str, Any]) -> Settings:
    """Settings with others in their place; numbers that are too large or small are moved in.

    What is no setting, or cannot be one, is passed over: a page must not stop a kernel.

    Example:
        >>> changed(Settings(), {"noise": 9, "activation": "no such"}).noise
        0.5
    """
    found = {}
    for name in NAMES:
        if name in wanted:
            try:
                found[name] = _KINDS[name](wanted[name])
            except (TypeError, ValueError, OverflowError):
                continue
    return dataclasses.replace(before, **found)


def checked(wanted: Mapping[str, Any]) -> Settings:
    """Settings that a learner wrote in a call.

    Raises:
        TypeError: for a name that is no setting.
        ValueError: for a value that cannot be one.
    """
    for name, value in wanted.items():
        if name not in _KINDS:
            near = difflib.get_close_matches(name, NAMES, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(NAMES)}."
            raise TypeError(f"playground() has no setting {name!r}. {hint}")
        try:
            _KINDS[name](value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"playground({name}={value!r}): {error}.") from None
    return changed(Settings(), wanted)


def as_dict(settings: Settings) -> dict[str, Any]:
    """Settings as plain data.

    Example:
        >>> as_dict(Settings())["hidden"]
        [4, 2]
    """
    return {**dataclasses.asdict(settings), "hidden": list(settings.hidden)}

"""Surfaces to race on: losses of two parameters, each with a difficulty of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

Box = tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True)
class Surface:
    """A loss of two parameters, what of it is seen, and rates that suit it."""

    name: str
    loss: Callable[[Any, Any], Any]
    box: Box
    """Left, right, bottom, top."""
    start: tuple[float, float]
    minimum: tuple[float, float] | None
    rates: tuple[tuple[str, float], ...]


def ravine(x, y):
    """A long valley with walls 50 times as steep as its floor."""
    return 0.5 * (x**2 + 50.0 * y**2)


def saddle(x, y):
    """At (0, 0) the gradient is zero, and it is no minimum."""
    return 0.5 * x**2 - 0.5 * y**2 + 0.25 * y**4 + 0.25


def rosenbrock(x, y):
    """A curved valley; the minimum is at (1, 1)."""
    return (1.0 - x) ** 2 + 10.0 * (y - x**2) ** 2


def beale(x, y):
    """Flat plains between steep ridges; the minimum is at (3, 0.5)."""
    return (
        (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
    )  # fmt: skip


SURFACES = {
    found.name: found
    for found in (
        Surface("ravine", ravine, (-9.5, 5.0, -1.8, 1.8), (-8.0, 1.0), (0.0, 0.0),
                (("sgd", 0.036), ("momentum", 0.015), ("rmsprop", 0.2), ("adam", 0.5))),
        Surface("saddle", saddle, (-2.4, 1.6, -1.0, 1.8), (-2.0, 0.01), (0.0, 1.0),
                (("sgd", 0.1), ("momentum", 0.05), ("rmsprop", 0.1), ("adam", 0.1))),
        Surface("rosenbrock", rosenbrock, (-2.0, 2.0, -1.0, 3.0), (-1.5, 1.8), (1.0, 1.0),
                (("sgd", 0.015), ("momentum", 0.005), ("rmsprop", 0.05), ("adam", 0.2))),
        Surface("beale", beale, (-1.0, 4.5, -2.0, 2.0), (0.5, 1.5), (3.0, 0.5),
                (("sgd", 0.01), ("momentum", 0.005), ("rmsprop", 0.05), ("adam", 0.2))),
    )
}  # fmt: skip
GENERAL = (("sgd", 0.01), ("momentum", 0.01), ("rmsprop", 0.05), ("adam", 0.1))


def surface_of(
    given: str | Callable[[Any, Any], Any],
    start: tuple[float, float] | None,
    box: Box | None,
) -> Surface:
    """The surface of a name or of the learner's own function.

    Raises:
        TypeError: for what is neither.
        ValueError: for a name, a start or a box that cannot be.
    """
    if isinstance(given, str):
        if given not in SURFACES:
            raise ValueError(
                f"race({given!r}): there are {', '.join(SURFACES)}. Or pass a function of x and y "
                "in mt operations."
            )
        found = SURFACES[given]
    elif callable(given):
        around = tuple(start or (1.0, 1.0))
        far = max(2.0, 1.5 * max(abs(float(v)) for v in around))
        name = getattr(given, "__name__", type(given).__name__)
        name = "your surface" if name == "<lambda>" else name
        found = Surface(name, given, (-far, far, -far, far), around, None, GENERAL)  # pyright: ignore
    else:
        raise TypeError(
            f"race({type(given).__name__}): a surface is a name, such as 'ravine', or a function "
            "of x and y in mt operations."
        )
    place = _numbers("start", start or found.start, 2)
    seen = _numbers("box", box or found.box, 4)
    if not (seen[0] < seen[1] and seen[2] < seen[3]):
        raise ValueError(f"race(box={box}): a box is (left, right, bottom, top), left < right.")
    return dataclasses.replace(found, start=place, box=seen)


def _numbers(name: str, values: Any, count: int) -> Any:
    import math

    found = tuple(float(value) for value in values)
    if len(found) != count or not all(map(math.isfinite, found)):
        raise ValueError(f"race({name}={values!r}): {count} finite numbers are needed.")
    return found

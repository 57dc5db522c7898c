"""Points of two classes in the plane, to learn from.

Each set is a function of a random generator, a count and the noise. The playground's "Python for
this" quotes them, so each stands alone and needs nothing but NumPy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from .settings import GIVEN, OWN, Settings

EDGE = 1.5
Made = tuple[np.ndarray, np.ndarray]


def circle(rng, count, noise):
    """A disc (class 1) inside a ring (class 0)."""
    inside = np.arange(count) < count // 2
    radius = np.where(inside, rng.uniform(0.0, 0.5, count), rng.uniform(0.8, 1.2, count))
    angle = rng.uniform(0.0, 2 * np.pi, count)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return x + noise * rng.normal(size=(count, 2)), inside


def xor(rng, count, noise):
    """Four squares; two that touch at a corner are of one class."""
    x = rng.uniform(0.08, 1.2, (count, 2)) * rng.choice([-1.0, 1.0], (count, 2))
    label = x[:, 0] * x[:, 1] > 0
    return x + noise * rng.normal(size=(count, 2)), label


def gauss(rng, count, noise):
    """Two clouds, one around (0.6, 0.6) and one around (-0.6, -0.6)."""
    label = np.arange(count) < count // 2
    centre = np.where(label, 0.6, -0.6)[:, None]
    return centre + (0.1 + noise) * rng.normal(size=(count, 2)), label


def spiral(rng, count, noise):
    """Two arms wound around each other."""
    label = np.arange(count) < count // 2
    along = rng.uniform(0.08, 1.0, count)
    angle = 1.75 * 2 * np.pi * along + np.where(label, 0.0, np.pi)
    x = 1.25 * along[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return x + 0.4 * noise * rng.normal(size=(count, 2)), label


def moons(rng, count, noise):
    """Two half circles, each reaching into the other."""
    label = np.arange(count) < count // 2
    angle = rng.uniform(0.0, np.pi, count)
    x = np.where(label, np.cos(angle) + 0.5, np.cos(angle) - 0.5)
    y = np.where(label, 0.25 - np.sin(angle), np.sin(angle) - 0.25)
    return 0.85 * np.stack([x, y], axis=1) + noise * rng.normal(size=(count, 2)), label


MAKERS: dict[str, Callable[[Any, int, float], Made]] = {
    "circle": circle, "xor": xor, "gauss": gauss, "spiral": spiral, "moons": moons,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Points:
    """Points, what a step is to make of them, and their classes; the first `train` are learnt."""

    x: np.ndarray
    y: np.ndarray
    label: np.ndarray
    """Whether a point is of class 1."""
    train: int
    window: tuple[float, float, float, float]
    """What of the plane is seen: left, right, bottom, top."""


def make(settings: Settings) -> Points:
    """The points of a named set: shuffled, those to learn from first.

    Example:
        >>> made = make(Settings(data="moons", points=10))
        >>> made.x.shape, made.y.shape, made.train
        ((10, 2), (10, 1), 5)
    """
    rng = np.random.default_rng(settings.seed)
    x, label = MAKERS[settings.data](rng, settings.points, settings.noise)
    order = rng.permutation(len(x))
    return _points(x[order], label[order], settings)


def placed(found: list[list[float]]) -> Points:
    """Points that the learner placed by hand: (x, y, class); all are learnt from."""
    rows = np.asarray(found, "float32").reshape(-1, 3)
    return dataclasses.replace(
        _points(rows[:, :2], rows[:, 2] > 0.5, Settings(data=OWN)), train=len(rows)
    )


def given(x: Any, y: Any, settings: Settings) -> Points:
    """The learner's arrays: points (count, 2) and their classes.

    Raises:
        ValueError: when they do not fit together, or are not of two classes.
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 2 or x.shape[1:] != (2,) or len(x) != len(y) or len(x) < 2:
        raise ValueError(
            f"playground(data=(x, y)) got x with shape {x.shape} and y with shape {y.shape}; x is "
            "(count, 2), two numbers for each point, and y has a class for each point. "
            "Choose two columns of x, as in x[:, :2]."
        )
    one = y.reshape(len(y), -1)[:, -1]
    found = np.unique(one)
    if len(found) != 2:
        raise ValueError(
            f"playground(data=(x, y)) got y with {len(found)} different values; a playground tells "
            "two classes apart. Keep the points of two of them, for example those where y < 2."
        )
    if not np.isfinite(x).all():
        raise ValueError(
            "playground(data=(x, y)) got points that are NaN or infinite; they stand nowhere in "
            "the plane. Leave them out: x[np.isfinite(x).all(axis=1)]."
        )
    order = np.random.default_rng(settings.seed).permutation(len(x))
    made = _points(x[order], one[order] == found[1], settings)
    low, high = x.min(0).astype(float), x.max(0).astype(float)
    room = np.maximum((high - low) * 0.12, 1e-3)
    (left, bottom), (right, top) = low - room, high + room
    window = (float(left), float(right), float(bottom), float(top))
    return dataclasses.replace(made, y=y[order], window=window)


def _points(x: np.ndarray, label: np.ndarray, settings: Settings) -> Points:
    train = len(x) * settings.train // 100
    y = label[:, None].astype("float32")
    return Points(x.astype("float32"), y, label, max(1, train), (-EDGE, EDGE, -EDGE, EDGE))


def grid(window: tuple[float, float, float, float], size: int) -> np.ndarray:
    """The middles of size × size cells, row by row from the top left.

    Example:
        >>> grid((0.0, 2.0, 0.0, 2.0), 2).tolist()
        [[0.5, 1.5], [1.5, 1.5], [0.5, 0.5], [1.5, 0.5]]
    """
    left, right, bottom, top = window
    along = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(left + (right - left) * along, top - (top - bottom) * along)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype("float32")


def describe(name: str) -> str:
    """The name of a set in words."""
    return {GIVEN: "your arrays", OWN: "your own points"}.get(name, name)

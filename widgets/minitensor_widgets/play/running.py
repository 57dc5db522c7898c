"""A race: optimisers of the engine walk down a surface, each from the same start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..records import VERSION
from .codes import NONE, TOP, written
from .data import grid
from .network import rounded
from .surfaces import Surface
from .training import LearnerError, learners_code

CELLS, COARSE = 100, 40
MOST_POINTS = 200  # of a path in a record
FINE = 4000  # places along a side of the box
FAR = 3 * FINE


def optimizers_of(given: Sequence[Any] | None, rates: Sequence[tuple[str, float]]) -> list[Any]:
    """Fresh copies of the optimisers of a race, so that those of the learner stay as they are.

    Raises:
        ValueError: for an unknown name, or none at all.
    """
    import minitensor as mt

    known = mt.keras.optimizers
    if given is None:
        return [known.SGD(rate, momentum=0.9) if name == "momentum"
                else type(known.get(name))(rate) for name, rate in rates]  # fmt: skip
    if isinstance(given, str) or not len(given):
        raise ValueError("race(optimizers=[...]): give a list with at least one optimiser or name.")
    found = [known.get(one) for one in given]
    return [type(one).from_config(one.get_config()) for one in found]


def name_of(optimizer: Any) -> str:
    """An optimiser in a few words.

    Example:
        >>> name_of(mt.keras.optimizers.SGD(0.1, momentum=0.9))
        'SGD 0.1, momentum 0.9'
    """
    config = optimizer.get_config()
    rate = config.get("learning_rate")
    text = f" {rate:.4g}" if isinstance(rate, int | float) else " with a schedule"
    momentum = config.get("momentum") or 0
    return type(optimizer).__name__ + text + (f", momentum {momentum:g}" if momentum else "")


def named(optimizers: Sequence[Any]) -> list[str]:
    """A different name for each optimiser."""
    names: list[str] = []
    for name in map(name_of, optimizers):
        names.append(f"{name} ({names.count(name) + 1})" if name in names else name)
    return names


class Runner:
    """Optimisers that can be sent down a surface from any start; compiled once.

    Args:
        surface: what they walk on.
        optimizers: see `optimizers_of`.
        steps: how many steps each makes.
    """

    def __init__(self, surface: Surface, optimizers: Sequence[Any] | None, steps: int) -> None:
        self.surface, self.steps = surface, max(1, min(5000, int(steps)))
        self.optimizers = optimizers_of(optimizers, surface.rates)
        self.names = named(self.optimizers)
        self._walkers = [self._walker(optimizer) for optimizer in self.optimizers]

    def _walker(self, optimizer: Any) -> Callable[[Sequence[float]], tuple[np.ndarray, np.ndarray]]:
        import minitensor as mt

        w = mt.Variable(np.array(self.surface.start, "float32"))
        optimizer.build([w])
        first = [np.array(variable) for variable in optimizer.variables]

        @mt.function
        def step() -> Any:
            with mt.GradientTape() as tape:
                loss = self.surface.loss(w[0], w[1])
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
            return loss

        def walk(start: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
            w.assign(np.array(start, "float32"))
            for variable, value in zip(optimizer.variables, first, strict=True):
                variable.assign(value)
            path = np.full((self.steps + 1, 2), np.nan)
            loss = np.full(self.steps + 1, np.nan)
            path[0] = start
            with np.errstate(all="ignore"):
                for i in range(self.steps):
                    loss[i] = float(np.array(step()))
                    path[i + 1] = w.numpy()
                    if not (np.isfinite(loss[i]) and np.isfinite(path[i + 1]).all()):
                        break
                else:
                    loss[-1] = float(np.array(self.surface.loss(w[0], w[1])))
            return path, loss

        return walk

    def run(self, start: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each optimiser its path (steps + 1, 2) and the losses along it; NaN once it is lost.

        Raises:
            LearnerError: when the learner's function does.
        """
        with learners_code():
            return [walk(start) for walk in self._walkers]

    def field(self) -> np.ndarray:
        """The loss over the box, row by row from the top left.

        Raises:
            LearnerError: when the learner's function does.
        """
        import minitensor as mt

        with learners_code(), np.errstate(all="ignore"):
            x, y = (mt.constant(part) for part in _grid(self.surface.box, CELLS))
            found = np.array(self.surface.loss(x, y), float)
            if found.shape == (CELLS, CELLS):
                return found
            # A function of two numbers only: asked place by place, with fewer places.
            x, y = (part.ravel() for part in _grid(self.surface.box, COARSE))
            some = [float(np.array(self.surface.loss(mt.constant(a), mt.constant(b))))
                    for a, b in zip(x, y, strict=True)]  # fmt: skip
            return np.array(some).reshape(COARSE, COARSE)


def _grid(box: tuple[float, float, float, float], size: int) -> list[np.ndarray]:
    places = grid(box, size)
    return [places[:, k].reshape(size, size) for k in range(2)]


def log_levels(field: np.ndarray) -> list[int]:
    """Levels of what lies above the lowest loss, on a logarithmic scale.

    Example:
        >>> log_levels(np.array([[0.0, 1.0], [1000.0, np.nan]]))
        [0, 6, 62, 63]
    """
    known = field[np.isfinite(field)]
    if not known.size:
        return [NONE] * field.size
    above = np.clip(field - known.min(), 0.0, None)
    unit = (known.max() - known.min()) / 1000 or 1.0
    scale = np.log1p((known.max() - known.min()) / unit) or 1.0
    levels = np.floor(TOP * np.log1p(above / unit) / scale + 0.5)
    return np.where(np.isfinite(field), levels, NONE).astype(int).ravel().tolist()


def _outside(path: np.ndarray, box: tuple[float, float, float, float]) -> int | None:
    left, right, bottom, top = box
    x, y = path.T
    found = np.flatnonzero((x < left) | (x > right) | (y < bottom) | (y > top))
    return int(found[0]) if found.size else None


def _lost(path: np.ndarray, loss: np.ndarray) -> int | None:
    found = np.flatnonzero(~np.isfinite(path).all(1) | ~np.isfinite(loss))
    return int(found[0]) if found.size else None


def run_record(
    path: np.ndarray,
    loss: np.ndarray,
    box: tuple[float, float, float, float],
    most: float = float("inf"),
) -> dict[str, Any]:
    """A run as plain data: places as whole numbers, each the difference to the one before.

    The path ends where it is far outside the box; losses beyond `most` are left out.
    """
    left, right, bottom, top = box
    lost = _lost(path, loss)
    stride = -(-(len(path) - 1) // MOST_POINTS)
    kept = path[::stride] if lost is None else path[: max(1, lost) : stride]
    x = FINE * (kept[:, 0] - left) / (right - left)
    y = FINE * (top - kept[:, 1]) / (top - bottom)
    places = np.clip(np.stack([x, y], 1), -FAR, FAR).round().astype(int)
    far = np.flatnonzero((np.abs(places) == FAR).any(1))
    places = places[: far[0] + 1] if far.size else places
    moves = np.diff(places, axis=0, prepend=0)
    last = len(path) - 1 if lost is None else max(0, lost - 1)
    return {
        "moves": moves.ravel().tolist(),
        "loss": [_three(v) if not v > most else None for v in loss[::stride]],
        "end": [*rounded(path[last]), rounded(loss[last])],
        "left": _outside(path, box),
        "lost": lost,
    }


def _three(value: float) -> float | None:
    return float(f"{value:.3g}") if np.isfinite(value) else None


def starts_of(surface: Surface) -> list[list[float]]:
    """The start of a race and eight others, spread over the box."""
    left, right, bottom, top = surface.box
    parts = (0.15, 0.5, 0.85)
    around = [[left + (right - left) * a, bottom + (top - bottom) * b]
              for b in reversed(parts) for a in parts if (a, b) != (0.5, 0.5)]  # fmt: skip
    return [list(surface.start), *rounded(around)]


def record_of(runner: Runner, starts: Sequence[Sequence[float]]) -> dict[str, Any]:
    """A race as plain data, from each of some starts. What fails becomes its `problem`."""
    surface = runner.surface
    made: dict[str, Any] = {
        "version": VERSION, "surface": surface.name, "box": list(surface.box),
        "minimum": list(surface.minimum) if surface.minimum else None, "steps": runner.steps,
        "stride": -(-runner.steps // MOST_POINTS), "names": runner.names, "field": "",
        "span": [None, None], "starts": [list(map(float, one)) for one in starts], "races": [],
        "problem": None,
    }  # fmt: skip
    try:
        field = runner.field()
        made["field"] = written(log_levels(field))
        known = field[np.isfinite(field)]
        made["span"] = rounded([known.min(), known.max()]) if known.size else [None, None]
        most = 100 * max(1e-30, float(known.max())) if known.size else float("inf")
        made["races"] = [[run_record(*run, surface.box, most) for run in runner.run(start)]
                         for start in starts]  # fmt: skip
    except LearnerError as error:
        made["problem"] = error.problem
    return made

"""What a model knows at this moment: levels over the plane, losses, accuracy, margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import data as sets
from .network import SHOWN
from .training import Training, learners_code

FINE, SMALL = 100, 20
STEPS = 254  # levels of a live picture: 127 is the boundary, 255 no number


def levels(training: Training, x: np.ndarray) -> np.ndarray:
    """How sure the model is of class 1 at each point: 0 to 1, the boundary at one half.

    Raises:
        LearnerError: when the model does, or gives something else than one or two numbers a point.
    """
    if not len(x):
        return np.zeros(0)
    with learners_code():
        out = np.asarray(training.model(training._constant(x)), float)
        if out.shape[:1] != (len(x),) or out.size not in (len(x), 2 * len(x)):
            raise ValueError(
                f"The model gave shape {out.shape} for {len(x)} points. A playground needs one "
                "number for each point, or two. End the model with Dense(1)."
            )
    two = out.size == 2 * len(x)
    out = out.reshape(len(x), -1)
    if training.probability:
        return out[:, -1]
    score = out[:, 1] - out[:, 0] if two else out[:, 0]
    return 0.5 * (1.0 + np.tanh(0.5 * np.clip(score, -1e6, 1e6)))


def quantised(values: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Levels from 0 to 1 as whole numbers; `steps + 1` for NaN. One half stays one half.

    Example:
        >>> quantised(np.array([0.0, 0.5, 1.0, np.nan])).tolist()
        [0, 127, 254, 255]
    """
    known = np.nan_to_num(np.clip(values, 0.0, 1.0))
    found = np.floor(known * steps + 0.5)
    # A level just beside the boundary stays on its side.
    found = np.where((found == steps // 2) & (values > 0.5), steps // 2 + 1, found)
    found = np.where((found == steps // 2) & (values < 0.5), steps // 2 - 1, found)
    return np.where(np.isnan(values), steps + 1, found).astype("uint8")


def losses(training: Training, found: np.ndarray) -> tuple[float | None, float | None]:
    """The loss on the points learnt from and on the others; None where it is not known.

    Where no loss is known it is what the learner's steps returned, and the share of wrong answers
    where they returned nothing.
    """
    points, train = training.points, training.points.train
    if training.loss_of is not None:
        with learners_code():
            parts = [slice(0, train), slice(train, None)]
            both = [_loss(training, part) for part in parts]
        return both[0], both[1]
    if not training.recent:
        return None, None
    if training.silent:
        wrong = (found > 0.5) != points.label
        return _mean(wrong[:train]), _mean(wrong[train:])
    latest = float(np.mean(training.recent[-20:]))
    return (latest if np.isfinite(latest) else None), None


def _loss(training: Training, part: slice) -> float | None:
    x, y = training.points.x[part], training.y[part]
    if not len(x):
        return None
    value = np.mean(np.array(training.loss(training._constant(x), training._constant(y))))
    return float(value) if np.isfinite(value) else None


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def accuracy(training: Training, found: np.ndarray) -> list[float | None]:
    """The share of right answers on the points learnt from and on the others."""
    right = ((found > 0.5) == training.points.label) & ~np.isnan(found)
    train = training.points.train
    return [_mean(right[:train]), _mean(right[train:])]


def maps(training: Training) -> list[np.ndarray]:
    """What each neuron gives over the plane, a SMALL × SMALL picture each: 0 to 1, zero at 1/2."""
    if training.network is None:
        return []
    with learners_code():
        found = training.network.outputs(sets.grid(training.points.window, SMALL))
    made = []
    for layer in found:
        layer = layer[:, :SHOWN].T.astype(float)
        most = np.nan_to_num(np.abs(layer)).max(1, keepdims=True)
        made.append(0.5 + 0.5 * layer / np.maximum(most, 1e-12))
    return made


def silences(training: Training) -> list[list[float]]:
    """For each neuron the share of the points learnt from for which it gives exactly zero."""
    if training.network is None:
        return []
    with learners_code():
        found = training.network.outputs(training.points.x[: max(1, training.points.train)])
    return [[round(float((layer[:, i] == 0).mean()), 3) for i in range(min(SHOWN, layer.shape[1]))]
            for layer in found if len(layer)]  # fmt: skip


def crossings(field: np.ndarray, window: tuple[float, float, float, float]) -> np.ndarray:
    """Points of the boundary: where the level passes one half between two cells of the picture."""
    left, right, bottom, top = window
    size = len(field)
    along = (np.arange(size) + 0.5) / size
    xs, ys = left + (right - left) * along, top - (top - bottom) * along
    above = field - 0.5
    found = []
    for one, other, axis in ((above[:, :-1], above[:, 1:], 1), (above[:-1], above[1:], 0)):
        row, column = np.nonzero((one > 0) != (other > 0))
        a, b = one[row, column], other[row, column]
        part = a / np.where(a == b, 1.0, a - b)
        dx, dy = (xs[1] - xs[0]) * part * axis, (ys[1] - ys[0]) * part * (1 - axis)
        found.append(np.stack([xs[column] + dx, ys[row] + dy], 1))
    return np.concatenate(found)


def margin(training: Training, field: np.ndarray, found: np.ndarray) -> float | None:
    """How far the nearest right answer among the points learnt from is from the boundary."""
    train = training.points.train
    right = (found[:train] > 0.5) == training.points.label[:train]
    edge, x = crossings(field, training.points.window), training.points.x[:train][right]
    if not len(edge) or not len(x):
        return None
    far = ((x[:, None, :] - edge[None]) ** 2).sum(-1)
    return float(np.sqrt(far.min()))


def percent(part: float) -> str:
    """A share in whole percent.

    Example:
        >>> percent(0.625)
        '62 %'
    """
    return f"{round(100 * part)} %"


def reading(training: Training, field: np.ndarray, found: np.ndarray) -> str:
    """The picture of the boundary in words."""
    if not len(found):
        return "No points yet."
    train, test = accuracy(training, found)
    parts = [f"{percent(train)} of the training points are right" if train is not None else "",
             f"{percent(test)} of the test points" if test is not None else ""]  # fmt: skip
    share = float((field > 0.5).mean())
    far = margin(training, field, found)
    text = f"{', '.join(filter(None, parts))}. Class 1 takes {percent(share)} of the plane. "
    if far is None:
        return text + "There is no boundary in the picture."
    return text + f"Margin: the nearest right training point is {far:.2g} from the boundary."


def frame(training: Training, gradients: bool = False, words: bool = True) -> dict[str, Any]:
    """All that is drawn of this moment.

    Raises:
        LearnerError: when the learner's model does.
    """
    field = levels(training, sets.grid(training.points.window, FINE)).reshape(FINE, FINE)
    found = levels(training, training.points.x)
    layers = training.network.weights() if training.network is not None else []
    for layer, dead in zip(layers, silences(training), strict=False):
        layer["silent"] = dead
    made = {
        "step": training.steps,
        "losses": list(losses(training, found)),
        "accuracy": accuracy(training, found),
        "field": field,
        "maps": maps(training),
        "layers": layers,
        "slopes": [],
        "reading": reading(training, field, found) if words else "",
    }
    if gradients and training.network is not None and training.loss_of is not None:
        of = training.gradients()
        made["slopes"] = training.network.gradients(lambda v: of.get(id(v)))
    training.recent = training.recent[-20:]
    return made

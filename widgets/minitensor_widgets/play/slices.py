"""The loss around the present weights: a slice along two directions.

Source: Li, Xu, Taylor, Studer, Goldstein, "Visualizing the Loss Landscape of Neural Nets" (2018),
section 4: a random direction is scaled, neuron by neuron, to the size of that neuron's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .network import rounded
from .training import Training, learners_code

SIZE, REACH = 21, 0.5
KINDS = {"random": "two random directions", "gradient": "the gradient and a random direction"}


def random_direction(weights: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Noise as large as the weights, for each neuron; biases and other vectors stay.

    Example:
        >>> (direction,) = random_direction([np.full((4, 2), 3.0)], np.random.default_rng(0))
        >>> np.linalg.norm(direction, axis=0)
        array([6., 6.])
    """
    found = []
    for weight in weights:
        noise = rng.normal(size=weight.shape)
        if weight.ndim < 2:
            found.append(np.zeros_like(noise))
            continue
        axes = tuple(range(weight.ndim - 1))
        sizes = [np.sqrt((a * a).sum(axes, keepdims=True)) for a in (weight, noise)]
        found.append(noise * sizes[0] / np.maximum(sizes[1], 1e-12))
    return found


def _down(training: Training, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The way against the gradient, as long as all weights together."""
    of = training.gradients()
    found = [np.zeros(w.shape) if (g := of.get(id(v))) is None else -np.asarray(g, float)
             for v, w in zip(training.variables, weights, strict=True)]  # fmt: skip
    sizes = [np.sqrt(sum(float((a * a).sum()) for a in arrays)) for arrays in (weights, found)]
    return [g * sizes[0] / max(sizes[1], 1e-12) for g in found]


def can_slice(training: Training) -> bool:
    """Whether there is a loss to ask for and there are weights to move."""
    return training.loss_of is not None and bool(training.variables)


def surface(training: Training, kind: str = "random") -> dict[str, Any]:
    """The loss on the points learnt from, at SIZE × SIZE places around the present weights.

    The weights are put back, whatever happens.

    Raises:
        LearnerError: when the learner's model or loss does.
    """
    rng = np.random.default_rng(training.settings.seed)
    here = [np.array(variable) for variable in training.variables]
    first = _down(training, here) if kind == "gradient" else random_direction(here, rng)
    second = random_direction(here, rng)
    train = training.points.train
    x = training._constant(training.points.x[:train])
    y = training._constant(training.y[:train])
    along = np.linspace(-REACH, REACH, SIZE)
    values = np.empty((SIZE, SIZE))
    try:
        for row, b in enumerate(along[::-1]):
            for column, a in enumerate(along):
                for variable, w, d, e in zip(training.variables, here, first, second, strict=True):
                    variable.assign((w + a * d + b * e).astype(w.dtype))
                with learners_code():
                    values[row, column] = np.mean(np.array(training.loss(x, y)))
    finally:
        for variable, w in zip(training.variables, here, strict=True):
            variable.assign(w)
    middle = SIZE // 2
    return {
        "kind": KINDS[kind],
        "rows": rounded(values),
        "here": rounded(values[middle, middle]),
        "reading": _reading(values, along),
    }


def _reading(values: np.ndarray, along: np.ndarray) -> str:
    if not np.isfinite(values).any():
        return "The loss is no number anywhere on this slice."
    row, column = np.unravel_index(np.nanargmin(values), values.shape)
    middle = len(along) // 2
    place = f"{along[column]:.2g} along the first and {along[::-1][row]:.2g} along the second"
    lowest = "Here it is lowest." if (row, column) == (middle, middle) else (
        f"It is lowest, {values[row, column]:.3g}, at {place} direction.")  # fmt: skip
    return f"The loss here is {values[middle, middle]:.3g}. {lowest}"

"""How far an optimizer would move the weights, without moving them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.summary.health_measures import array_of
from minitensor.targets import whole
from minitensor.variable import Variable

__all__ = ["planned_updates"]


def planned_updates(
    model: Any, variables: Sequence, gradients: dict[int, Any]
) -> dict[int, np.ndarray]:
    """What the next update would add to each variable, by its id; nothing where that is not known.

    A copy of the model's optimizer, with copies of its moments, updates copies of the variables.
    """
    optimizer: Any = getattr(model, "optimizer", None)
    ours = [v for v in variables if id(whole(v)) in gradients]
    if not ours or not hasattr(optimizer, "get_config") or not hasattr(optimizer, "apply"):
        return {}
    everything = list(model.trainable_variables)
    known = {id(v): _copied(v) for v in everything}
    twin = type(optimizer).from_config(optimizer.get_config())
    twin.build(list(known.values()))
    if optimizer.built:
        for mine, theirs in zip(twin.variables, optimizer.variables, strict=True):
            mine.assign(theirs)
    twin.apply([gradients[id(whole(v))] for v in ours], [known[id(v)] for v in ours])
    with np.errstate(invalid="ignore"):  # infinite weights less infinite weights
        return {id(whole(v)): array_of(known[id(v)]) - array_of(v) for v in ours}  # type: ignore[operator]


def _copied(variable: Any) -> Variable:
    copy = Variable(variable.numpy(), name=variable.name.removesuffix(":0"))
    copy.constraint = getattr(variable, "constraint", None)
    return copy

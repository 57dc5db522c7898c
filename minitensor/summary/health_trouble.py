"""The first NaN or infinity of a pass: which operation made it, going forward or on the way back.

Source: the rule is that of `tf.debugging.enable_check_numerics`, for both directions: the first
operation whose result is not finite though all it was given is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minitensor.backward import Step
from minitensor.graph.ir import Node
from minitensor.summary.health_measures import array_of

__all__ = ["Trouble", "backward_trouble", "first_trouble", "forward_trouble", "not_finite"]


class Trouble(NamedTuple):
    """An operation that made something not finite, or was the first that was given it."""

    node: Node
    direction: str
    what: str
    """ "NaN" or "infinity"."""
    entered: Any = None
    """What it was given that was not finite already; None when it is the one that made it."""


def first_trouble(nodes: Sequence[Node], steps: Iterable[Step]) -> Trouble | None:
    """The first trouble of a pass forward and of the pass back; None when all is finite."""
    found = forward_trouble(nodes)
    return found or next(filter(None, map(backward_trouble, steps)), None)


def forward_trouble(nodes: Sequence[Node]) -> Trouble | None:
    """The first operation with a result that is not finite."""
    for node in nodes:
        what = next(filter(None, map(not_finite, node.outputs)), "")
        if what:
            entered = next((x for x in node.inputs if not_finite(x)), None)
            told = what if entered is None else not_finite(entered)
            return Trouble(node, "forward", told, entered)
    return None


def backward_trouble(step: Step) -> Trouble | None:
    """The trouble of one step of the pass back: it was given finite gradients, and gives others."""
    what = next(filter(None, (not_finite(send.raw) for send in step.sends)), "")
    if not what or any(not_finite(g) for g in step.cotangents if g is not None):
        return None
    return Trouble(step.node, "backward", what)


def not_finite(value: Any) -> str:
    """What is not finite in a value: "NaN", "infinity", or nothing."""
    array = array_of(value)
    if array is None or np.isfinite(array).all():
        return ""
    return "NaN" if np.isnan(array).any() else "infinity"

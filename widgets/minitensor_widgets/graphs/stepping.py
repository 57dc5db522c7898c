"""Backward passes as outputs: `step`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .records import steps_of
from .viewers import Island


def step(
    tape: Any,
    *args: Any,
    target: Any = None,
    sources: Any = None,
    collapsed: Iterable[str] | None = None,
    at: int = 0,
    check: bool = True,
) -> Island:
    """Step through a backward pass, with the values that were really computed.

    Of a tape: `step(tape, loss)`, `step(tape, loss, [w, b])`. Of a function, traced or not:
    `step(f, x, y)` calls it with these arguments under a tape, and opens the call. Of a tape of
    your own, which has three methods:

        nodes()                  all nodes, in the order they were computed
        describe(node)           (label, value, inputs): a text, a number or array, a list of nodes
        backward_steps(target)   for each node on the way back (node, g, sends): what arrived, and
                                 a list of (input, contribution) or (input, contribution, "g * b")

    More than 500 steps are grouped by scope: one step for each, to be opened and stepped inside.

    Args:
        tape: a GradientTape, a function, a tape of your own, a StepsView or the dict of one.
        *args: of a tape the target and, if wanted, the sources; of a function its arguments.
        target: the value whose gradient is taken, or a list of them; not needed for a view or a
            function.
        sources: what the gradient is taken with respect to; None means everything watched.
        collapsed: the scopes drawn closed at first; None closes what is too much to see.
        at: how many steps are taken at first.
        check: whether to measure slopes beside the gradients; it takes up to 0.2 seconds.

    Raises:
        TypeError: when a tape comes without a target, or a tape of your own lacks a method.
        ValueError: when the graph has more than 5000 nodes, or a view contradicts itself.

    Example:
        >>> from minitensor_widgets.samples import matmul_steps
        >>> step(matmul_steps())
        Island('loss = sum(x @ w + b)', 6 nodes, 5 edges, 10 steps)
    """
    view = steps_of(tape, *args, target=target, sources=sources, check=check)
    return Island(view, collapsed, step=at)

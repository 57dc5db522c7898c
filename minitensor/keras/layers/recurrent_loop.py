"""A cell along a sequence: one step after the other, each with the states that the last one left.

In a trace it is one loop of the graph, however many steps there are; else a loop of Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor import nest
from minitensor.op import state
from minitensor.ops import reverse, stack, transpose, unstack, where

__all__ = ["along", "reversed_steps", "steps_first", "where_counted"]

Step = Callable[[Any, Any], tuple[Any, Any]]


def along(step: Step, states: Any, rows: Any, unroll: bool = False) -> tuple[Any, Any]:
    """Run `step(states, row)`, which gives the next states and an output, for each row.

    Args:
        step: what to do.
        states: the states before the first step, a structure of tensors.
        rows: a structure of tensors with the steps as their first axis.
        unroll: whether a trace writes down each step on its own.

    Returns:
        The states after the last step, and all outputs, stacked along the first axis.
    """

    def same_structure(states: Any, row: Any) -> tuple[Any, Any]:
        after, output = step(states, row)
        return nest.pack_sequence_as(states, nest.flatten(after)), output

    loop = getattr(state.interpreter, "over_rows", None)
    if loop is not None and not unroll:
        return loop(same_structure, states, rows, False, "steps")
    outputs = []
    for row in zip(*(unstack(x, axis=0) for x in nest.flatten(rows)), strict=True):
        states, output = same_structure(states, nest.pack_sequence_as(rows, row))
        outputs.append(output)
    return states, stack(outputs, axis=0)


def where_counted(step: Step) -> Step:
    """A step that leaves states and output as they were in samples that it does not count for.

    Its states are (states, output before), its row is (row, mask of the batch).
    """

    def masked(before: Any, row: Any) -> tuple[Any, Any]:
        inputs, counts = row
        after, output = step(before[0], inputs)
        now = nest.pack_sequence_as(before, [*nest.flatten(after), output])

        def chosen(new: Any, old: Any) -> Any:
            wide = counts[(slice(None), *[None] * (len(new.shape) - 1))]
            return where(wide, new, old)

        now = nest.map_structure(chosen, now, before)
        return now, now[1]

    return masked


def steps_first(x: Any) -> Any:
    """The batch and the steps, the first two axes, in the other order."""
    return transpose(x, perm=(1, 0, *range(2, len(x.shape))))


def reversed_steps(x: Any) -> Any:
    """The steps, the first axis, from the last to the first."""
    return reverse(x, axis=[0])

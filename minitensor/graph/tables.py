"""Rows that are written into a variable: in its own memory, not in a copy of the whole table.

An embedding has many rows, and a training step changes few of them. As an op, a scatter gives a
new tensor; here it is found out where nobody sees the old one any more. Then indices are checked
where the scatter stands in the program, as this may fail, and rows are written at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minitensor.graph.ir import Node
from minitensor.graph.lower import PYTHON, Slot, Step
from minitensor.ops.scattering import tensor_scatter_nd
from minitensor.shapes import Spec

__all__ = ["write_rows_in_place"]


class Places(Step):
    """Finds the rows that indices mean, and fails where there are none such."""

    def __init__(self, node: Node, indices: Slot, variable: object):
        rows = Slot(Spec((None,), np.dtype(np.int64)), "dynamic")
        rows.roots = (rows, *indices.roots)
        super().__init__("places", node, [indices], [rows])
        self.variable = variable

    @property
    def may_raise(self) -> bool:
        """Whether it may fail: always."""
        return True


def write_rows_in_place(steps: list[Step], outputs: Sequence[Slot]) -> list[Step]:
    """Let assignments of changed rows write these alone, where nobody reads the old ones later."""
    if any(s.node.op.graphs or s.node.op.name in PYTHON for s in steps):
        return steps
    found = [(s, _scatter_of(s, steps)) for s in steps if s.kind == "assign"]
    tables = {scatter.inputs[0] for _, scatter in found if scatter is not None}
    for assign, scatter in found:
        if scatter is None or any(tables & set(slot.roots) for slot in scatter.inputs[1:]):
            continue  # without a scatter; or what is written may lie in a table, which changes
        if _is_last(assign, scatter, steps, outputs):
            steps = _rewritten(assign, scatter, steps)
    return steps


def _scatter_of(assign: Step, steps: list[Step]) -> Step | None:
    """The scatter into what a variable had before, if its result is assigned to this variable."""
    made = [s for s in steps if assign.inputs[0] in s.outputs]
    if not made or made[0].node.op is not tensor_scatter_nd or made[0].kind != "call":
        return None
    table = made[0].inputs[0]
    reads = [s for s in steps if s.kind == "read" and s.variable is assign.variable]
    known = tuple(assign.inputs[0].spec.shape) == tuple(assign.variable.shape)
    return made[0] if known and any(s.outputs[0] is table for s in reads) else None


def _is_last(assign: Step, scatter: Step, steps: list[Step], outputs: Sequence[Slot]) -> bool:
    """Whether nobody but the assignment reads the result, and nobody the old value afterwards."""
    table, result = scatter.inputs[0], scatter.outputs[0]
    if any({table, result} & set(out.roots) for out in outputs):
        return False
    later = False
    for step in steps:
        roots = {root for slot in step.inputs if isinstance(slot, Slot) for root in slot.roots}
        if step is assign:
            later = True
        elif result in roots or (table in roots and (later or step.kind == "assign")):
            return False
    return True


def _rewritten(assign: Step, scatter: Step, steps: list[Step]) -> list[Step]:
    """With the check in the place of the scatter, and the writing before the assignment."""
    table, indices, values = scatter.inputs
    places = Places(scatter.node, indices, assign.variable)
    result = Slot(scatter.outputs[0].spec, "claimed")
    write = Step("rows", scatter.node, [table, places.outputs[0], values], [result])
    assign.inputs, assign.claimed = [result], True
    found: list[Step] = []
    for step in steps:
        found += [write] if step is assign else []
        found.append(places if step is scatter else step)
    return found

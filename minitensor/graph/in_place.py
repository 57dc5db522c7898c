"""Rows that a loop writes into a variable that only it holds: they are written in place.

A TensorArray in a loop, and the sum of gradients for rows that a loop reads, are tensors of which
each iteration changes one row. As ops they give a new tensor each time; here it is found out which
of them no one else can see, so that a loop of n iterations writes n rows and not n tensors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minitensor.graph.ir import Graph, Node
from minitensor.ops.arithmetic import add
from minitensor.ops.rows import place, put_row, with_room, without_row, write_row

__all__ = ["RowUpdate", "row_updates"]


class RowUpdate(NamedTuple):
    """How one loop variable changes in an iteration."""

    variable: int
    index: Any
    row: Any
    """What is written or added; for "clear", the sizes that are left."""
    how: str
    grows: bool = False
    negative: bool = False

    def apply(self, store: Any, size: int, index: Any, row: Any) -> tuple[Any, int]:
        """Write or add a row; the memory, which may have room for more, and how many rows it has.

        Raises:
            Fault: when there is no such row.
        """
        if self.how == "clear":
            return _cleared(store, size, int(index), tuple(row.tolist()))
        number = place(index, None if self.grows else size, "writing to", self.negative)
        if self.how == "add":
            store[number] += row
            return store, size
        store = with_room(np, store, number, row, spare=number)
        store[number] = row
        return store, max(size, number + 1)


def row_updates(body: Graph, loops: int) -> list[RowUpdate]:
    """The loop variables of a body of which each iteration only changes one row."""
    makers = {id(out): node for node in body.nodes for out in node.outputs}
    uses: dict[int, int] = {}
    for x in (x for node in body.nodes for x in node.inputs):
        uses[id(x)] = uses.get(id(x), 0) + 1
    given = [id(x) for x in body.outputs]
    found = []
    for k, (before, after) in enumerate(zip(body.inputs[:loops], body.outputs, strict=False)):
        seen = id(before) in given or given.count(id(after)) > 1 or id(after) in uses
        update = None if seen else _update(k, before, makers.get(id(after)), makers, uses)
        if update is not None:
            found.append(update)
    return found


def _update(k: int, before: Any, node: Node | None, makers: dict, uses: dict) -> RowUpdate | None:
    if node is None:
        return None
    if node.op in (write_row, without_row) and node.inputs[0] is before:
        how = "write" if node.op is write_row else "clear"
        return RowUpdate(k, node.inputs[1], node.inputs[2], how, bool(node.attrs.get("grow")))
    if node.op is not add or all(x is not before for x in node.inputs):
        return None
    other = node.inputs[1] if node.inputs[0] is before else node.inputs[0]
    put = makers.get(id(other))
    if put is None or getattr(put.op, "base", put.op) is not put_row or uses[id(other)] > 1:
        return None
    return RowUpdate(k, put.inputs[1], put.inputs[0], "add", False, bool(put.attrs.get("negative")))


def _cleared(store: Any, size: int, number: int, sizes: tuple) -> tuple[Any, int]:
    """The rows of `without_row`, in the same memory if they fit there."""
    if sizes[0] > size or sizes[1:] != store.shape[1:]:
        return without_row.forward(np, store[:size], number, sizes), sizes[0]
    if number < size:
        store[number] = 0
    return store, sizes[0]

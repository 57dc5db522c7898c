"""Kernels as the numpy call that they come down to, where shapes alone decide which one it is.

A kernel looks at shapes and attributes each time it runs, which takes longer than a small product
itself. The generated program knows them: it says `dot(x, w.T, out)` and nothing else.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minitensor.graph.lower import Slot, Step, sample_of
from minitensor.ops.linalg import matmul
from minitensor.ops.reduction import reduce_max, reduce_mean, reduce_min, reduce_sum
from minitensor.shapes import axes_of

if TYPE_CHECKING:
    from minitensor.graph.codegen import Writer

__all__ = ["write_directly"]

LONGEST = 4096
"""Sums by BLAS are over at most this many elements, so that rounding errors do not add up."""


def write_directly(writer: Writer, step: Step) -> bool:
    """Write a kernel's step as plain numpy calls; False where the kernel itself has to decide."""
    if any(s.spec.dtype not in (np.float32, np.float64) for s in (*step.inputs, *step.outputs)):
        return False
    if not all(isinstance(s, Slot) and prod(s.spec.shape) for s in (*step.inputs, *step.outputs)):
        return False
    found = _WRITERS.get(step.node.op)
    return found is not None and found(writer, step)


def _matmul(writer: Writer, step: Step) -> bool:
    """Two matrices: BLAS reads a transposed one in place."""
    a, b = step.inputs
    if len(a.spec.shape) != 2 or len(b.spec.shape) != 2:
        return False
    attrs, out = step.node.attrs, writer.target(step.outputs[0], step.node)
    names = []
    for side, slot in zip("ab", (a, b), strict=True):
        turned = attrs.get(f"transpose_{side}") or attrs.get(f"adjoint_{side}")
        names.append(f"{writer.ref(slot)}.T" if turned else writer.ref(slot))
    writer.say(f"{writer.function(np.dot, 'dot')}({names[0]}, {names[1]}, {out})", step.node)
    return True


def _lines(step: Step) -> tuple[str, int, int] | None:
    """How a contiguous array is reduced: "rows" or "columns" of a matrix, or "all" of it."""
    slot = step.inputs[0]
    shape = tuple(slot.spec.shape)
    axes = axes_of(step.node.attrs.get("axis"), len(shape))
    if not sample_of(slot).flags.c_contiguous or not axes:
        return None
    kept = [i for i in range(len(shape)) if i not in axes]
    if not kept:
        return "all", 1, prod(shape)
    if kept == list(range(len(kept))):
        return "rows", prod(shape[: len(kept)]), prod(shape[len(kept) :])
    if kept == list(range(len(axes), len(shape))):
        return "columns", prod(shape[: len(axes)]), prod(shape[len(axes) :])
    return None


def _sum(writer: Writer, step: Step) -> bool:
    found = _lines(step)
    if found is None:
        return False
    kind, rows, columns = found
    length = rows if kind == "columns" else columns
    if length > LONGEST and kind != "all":
        return False
    slot, node = step.inputs[0], step.node
    target = step.outputs[0]
    writer.target(target, node)
    if kind == "all":
        _whole(writer, slot, target, step)
    else:
        x = writer.reshaped(slot, (rows, columns), node)
        out = writer.reshaped(target, (columns if kind == "columns" else rows,), node)
        ones = writer.constant_like(np.ones(length, slot.spec.dtype))
        pair = f"{ones}, {x}" if kind == "columns" else f"{x}, {ones}"
        writer.say(f"{writer.function(np.dot, 'dot')}({pair}, {out})", node)
    if node.op is reduce_mean:
        count = writer.constant_like(np.asarray(length, slot.spec.dtype))
        divide = writer.function(np.divide, "divide")
        writer.say(f"{divide}({target.name}, {count}, {target.name})", node)
    return True


def _whole(writer: Writer, slot: Slot, target: Slot, step: Step) -> None:
    x = writer.reshaped(slot, (prod(slot.spec.shape),), step.node)
    out = writer.reshaped(target, (), step.node)
    add = writer.function(np.add, "add")
    writer.say(f"{add}.reduce({x}, 0, None, {out})", step.node)


def _extreme(function: np.ufunc) -> Any:
    def write(writer: Writer, step: Step) -> bool:
        found = _lines(step)
        if found is None or found[0] != "rows" or found[1] > LONGEST:
            return False
        _, rows, columns = found
        slot, node = step.inputs[0], step.node
        writer.target(step.outputs[0], node)
        x = writer.reshaped(slot, (rows * columns,), node)
        out = writer.reshaped(step.outputs[0], (rows,), node)
        starts = writer.constant_like(np.arange(0, rows * columns, columns))
        name = writer.function(function, function.__name__)
        writer.say(f"{name}.reduceat({x}, {starts}, 0, None, {out})", node)
        return True

    return write


_WRITERS: dict[Any, Any] = {
    matmul: _matmul,
    reduce_sum: _sum,
    reduce_mean: _sum,
    reduce_max: _extreme(np.maximum),
    reduce_min: _extreme(np.minimum),
}

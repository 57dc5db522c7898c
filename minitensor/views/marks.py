"""What an op does to gradients and to memory: why no gradient comes back, and marks of edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor.dtypes import DType
from minitensor.graph.ir import Node
from minitensor.op import REGISTRY
from minitensor.tensor import Operand
from minitensor.variable import Variable

BROADCAST, IN_PLACE, VIEW, NEXT_ROUND = "broadcast", "in place", "view", "next round"

_STRETCHING = {"where", "pow", "clip_by_value", "floordiv", "floormod", "broadcast_to"}
"""Ops beside the elementwise ones that stretch their inputs."""
_REREADING = {
    "broadcast_to", "expand_dims", "getitem", "identity", "matrix_transpose", "reshape", "reverse",
    "slice", "split", "squeeze", "strided_slice", "transpose", "unstack",
}  # fmt: skip
_WORDS = {"i": "integer values", "u": "integer values", "b": "truth values", "O": "strings"}


def why_no_gradient(node: Node) -> str:
    """Why no gradient comes back through an op; empty where one does.

    What the optimiser made has no rule either, but gradients are taken before it comes.
    """
    op = node.op
    if op.name == "stop_gradient":
        return op.name
    if op.gradient_rule is None:
        return op.why_none or ("no gradient rule" if op.name in REGISTRY else "")
    if node.outputs and not any(_is_differentiable(x) for x in node.outputs):
        return _WORDS.get(node.outputs[0].dtype.kind, "no gradient rule")
    return ""


def why_no_leaf(value: Any) -> str:
    """Why no gradient is wanted for a variable or input; empty where one may be."""
    if isinstance(value, Variable) and not value.trainable:
        return "not trainable"
    if not isinstance(value, Operand) or _is_differentiable(value):
        return ""
    return _WORDS.get(value.dtype.kind, "no gradient rule")


def _is_differentiable(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(dtype, DType) and dtype.is_differentiable


def marks(node: Node, slot: int) -> list[str]:
    """What happens to input `slot` of an op beside being read."""
    op, x = node.op, node.inputs[slot]
    if isinstance(x, Variable):
        return [IN_PLACE] if op.stateful and op.name != "read_variable" else []
    found = []
    stretches = (op.fast and op.name != "matmul") or op.name in _STRETCHING
    if stretches and node.outputs and _is_stretched(_sizes(x), _sizes(node.outputs[0])):
        found.append(BROADCAST)
    if op.name in _REREADING and slot == 0:
        found.append(VIEW)
    return found


def _sizes(value: Any) -> Sequence[int | None] | None:
    return getattr(getattr(value, "_array", value), "shape", None)


def _is_stretched(given: Sequence[int | None] | None, result: Sequence[int | None] | None) -> bool:
    """Whether an input has fewer axes than the result, or size 1 where the result has more."""
    if given is None or result is None:
        return False
    if len(given) < len(result):
        return True
    return any(a == 1 and b != 1 for a, b in zip(given, result, strict=False))

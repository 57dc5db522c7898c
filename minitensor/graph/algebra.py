"""Rules that say a result in a simpler way, exactly: for NaN, inf, -0.0, and every dtype.

`RULES` lists, for an op, functions `(new, node)` that give a simpler value, or None. What
they give is used only where it has the shape and dtype of the result, so that they need not look.
What looks as simple and is wrong somewhere is listed in tests/test_unsound_rewrites.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor import ops
from minitensor.dtypes import as_dtype
from minitensor.errors import Fault
from minitensor.graph.ir import Node
from minitensor.graph.rewrite import VIEWS, Rewrite, fits, has_sizes, spec_of
from minitensor.op import Op
from minitensor.shapes import axes_of

__all__ = ["RULES", "without_broadcasts"]

Rule = Callable[[Rewrite, Node], Any]


def _made_by(new: Rewrite, x: Any, op: Op) -> Node | None:
    """The node that makes `x`, if it is one of `op`."""
    node = new.maker.get(id(x))
    return node if node is not None and node.op is op else None


def _kind(x: Any) -> str:
    return x._array.dtype.kind


def _is(new: Rewrite, x: Any, number: float, negative_zero: bool = False) -> bool:
    """Whether all of `x` is `number`; a zero must have the right sign."""
    found = new.number(x)
    if found is None or found.dtype.kind not in "fiu" or found != number:
        return False
    return number != 0 or bool(np.signbit(found)) == negative_zero


def same_value(new: Rewrite, node: Node) -> Any:
    """identity(x), stop_gradient(x), a cast to the dtype that x has → x."""
    return node.inputs[0]


def same_shape(new: Rewrite, node: Node) -> Any:
    """A reshape, broadcast or check to the shape that x has → x."""
    return node.inputs[0] if has_sizes(node.inputs[0]) else None


def view_of_view(new: Rewrite, node: Node) -> Any:
    """Of reshape(reshape(x)) the inner one can be left out: the elements keep their order.

    Not if others read it and x is transposed: a reshape must then copy, and one copy serves all.
    """
    inner = new.maker.get(id(node.inputs[0]))
    if inner is None or inner.op not in VIEWS or not has_sizes(node.outputs[0]):
        return None
    x, shape = inner.inputs[0], tuple(node.outputs[0]._array.shape)
    if fits(x, node.outputs[0]):
        return x
    source = new.maker.get(id(x))
    strided = source is not None and source.op in _STRIDED
    if strided and new.uses.get(id(node.inputs[0]), 2) > 1:
        return None
    return new.add(node, ops.reshape, [x], {"shape": shape})


_STRIDED = {ops.transpose, ops.matrix_transpose, ops.getitem, ops.broadcast_to}


def reshape_of_reduction(new: Rewrite, node: Node) -> Any:
    """reshape(reduce(x, axis, keepdims=True)) → reduce(x, axis), where it drops those axes."""
    inner = new.maker.get(id(node.inputs[0]))
    if inner is None or not inner.attrs.get("keepdims") or new.uses.get(id(node.inputs[0]), 2) > 1:
        return None
    sizes = inner.inputs[0]._array.shape
    if sizes is None:
        return None
    axes = axes_of(inner.attrs.get("axis"), len(sizes))
    left = tuple(d for i, d in enumerate(sizes) if i not in axes)
    if left != node.outputs[0]._array.shape:
        return None
    return new.add(node, inner.op, inner.inputs, inner.attrs | {"keepdims": False})


def transpose_of_transpose(new: Rewrite, node: Node) -> Any:
    """transpose(transpose(x)) → one transpose, or x."""
    rank = node.outputs[0]._array.ndim
    perm = _permutation(node, rank)
    x = node.inputs[0]
    inner = _made_by(new, x, ops.transpose)
    if inner is not None:
        first = _permutation(inner, rank)
        perm, x = [first[p] for p in perm], inner.inputs[0]
    if perm == sorted(perm):
        return x
    return None if inner is None else new.add(node, ops.transpose, [x], {"perm": tuple(perm)})


def _permutation(node: Node, rank: int) -> list[int]:
    perm = node.attrs.get("perm")
    return [p % rank for p in (reversed(range(rank)) if perm is None else perm)]


def exact_cast_back(new: Rewrite, node: Node) -> Any:
    """cast(cast(x, wider), dtype of x) → x: a wider dtype of the same kind loses nothing."""
    inner = _made_by(new, node.inputs[0], ops.cast)
    if inner is None:
        return None
    x = inner.inputs[0]
    before, between = x._array.dtype, node.inputs[0]._array.dtype
    widened = before.kind == between.kind and before.itemsize <= between.itemsize
    wanted = as_dtype(node.attrs["dtype"]).numpy
    return x if widened and before.kind in "fiuc" and wanted == before else None


def twice(new: Rewrite, node: Node) -> Any:
    """-(-x) → x, and not(not x) → x."""
    inner = _made_by(new, node.inputs[0], node.op)
    return None if inner is None else inner.inputs[0]


def add_nothing(new: Rewrite, node: Node) -> Any:
    """Of floats: x + (-0.0) → x, for x + 0.0 turns -0.0 into 0.0. Of integers: x + 0 → x."""
    if _kind(node.inputs[0]) not in "fiu":
        return None
    negative = _kind(node.inputs[0]) == "f"
    for x, other in (node.inputs, node.inputs[::-1]):
        if _is(new, other, 0, negative) and fits(x, node.outputs[0]):
            return x
    return None


def add_negative(new: Rewrite, node: Node) -> Any:
    """A + (-b) → a - b: IEEE 754 defines the one by the other."""
    for a, b in (node.inputs, node.inputs[::-1]):
        inner = _made_by(new, b, ops.negative)
        if inner is not None:
            return new.add(node, ops.subtract, [a, inner.inputs[0]])
    return None


def subtract_nothing(new: Rewrite, node: Node) -> Any:
    """Exactly x - 0.0 → x."""
    return node.inputs[0] if _is(new, node.inputs[1], 0) else None


def subtract_negative(new: Rewrite, node: Node) -> Any:
    """A - (-b) → a + b."""
    inner = _made_by(new, node.inputs[1], ops.negative)
    return None if inner is None else new.add(node, ops.add, [node.inputs[0], inner.inputs[0]])


def times_one(new: Rewrite, node: Node) -> Any:
    """Exactly x · 1 → x."""
    for x, other in (node.inputs, node.inputs[::-1]):
        if _is(new, other, 1) and fits(x, node.outputs[0]):
            return x
    return None


def by_one(new: Rewrite, node: Node) -> Any:
    """Exactly x / 1 → x."""
    return node.inputs[0] if _is(new, node.inputs[1], 1) else None


def both_negative(new: Rewrite, node: Node) -> Any:
    """(-a) · (-b) → a · b, and (-a) / (-b) → a / b: signs are exact."""
    a, b = (_made_by(new, x, ops.negative) for x in node.inputs)
    if a is None or b is None or _kind(node.inputs[0]) not in "fiu":
        return None
    return new.add(node, node.op, [a.inputs[0], b.inputs[0]])


def by_power_of_two(new: Rewrite, node: Node) -> Any:
    """Exactly x / 8 → x · 0.125: the same real number, rounded once. Products are faster."""
    divisor = new.number(node.inputs[1])
    if divisor is None or divisor.dtype.kind != "f" or not np.isfinite(divisor):
        return None
    with np.errstate(all="ignore"):
        factor = np.asarray(np.asarray(1, divisor.dtype) / divisor)
    tiny = np.finfo(divisor.dtype).smallest_normal
    if abs(np.frexp(divisor)[0]) != 0.5 or not tiny <= abs(factor) < np.inf:
        return None
    return new.add(node, ops.multiply, [node.inputs[0], new.constant(node, factor)])


def small_power(new: Rewrite, node: Node) -> Any:
    """x⁰ → 1 (IEEE 754: also for NaN), x¹ → x, x² → x · x, x³, x⁴, 1 / x, √x.

    Each is what numpy, or the kernel of `pow`, computes for a scalar exponent.
    """
    x, exponent = node.inputs
    number = new.number(exponent)
    if number is None or number.dtype.str[1:] not in ("f4", "f8"):
        return None
    if _kind(x) != "f" or exponent._array.shape != ():
        return None

    def times(a: Any, b: Any) -> Any:
        return new.add(node, ops.multiply, [a, b])

    def one() -> Any:
        shape = x._array.shape if has_sizes(x) else None
        return None if shape is None else new.filled(node, np.ones((), number.dtype), shape)

    def fourth() -> Any:
        square = times(x, x)
        return times(square, square)

    ways: dict[float, Callable] = {
        0.0: one, 1.0: lambda: x, 2.0: lambda: times(x, x), 3.0: lambda: times(times(x, x), x),
        4.0: fourth, -1.0: lambda: new.add(node, ops.reciprocal, [x]),
        0.5: lambda: new.add(node, ops.sqrt, [x]),
    }  # fmt: skip
    way = ways.get(float(number))
    return None if way is None else way()


def both_same(new: Rewrite, node: Node) -> Any:
    """max(x, x) → x, min(x, x) → x, x and x → x, x or x → x."""
    return node.inputs[0] if node.inputs[0] is node.inputs[1] else None


def known_condition(new: Rewrite, node: Node) -> Any:
    """where(True, x, y) → x."""
    condition = new.number(node.inputs[0])
    return None if condition is None else node.inputs[1 if condition else 2]


def known_mask(new: Rewrite, node: Node) -> Any:
    """keep_where(x, True) → x, and zeros where it is False."""
    condition = new.number(node.inputs[1])
    if condition is None:
        return None
    out = node.outputs[0]
    if condition or not has_sizes(out):
        return node.inputs[0] if condition else None
    return new.filled(node, np.zeros((), out._array.dtype), out._array.shape)


def one_part(new: Rewrite, node: Node) -> Any:
    """concat([x]) → x."""
    return node.inputs[0] if len(node.inputs) == 1 else None


def without_broadcasts(new: Rewrite, node: Node) -> Any:
    """Read y for broadcast_to(y), where the other inputs give the result its shape."""
    if len(node.inputs) < 2:
        return None
    given = list(node.inputs)
    for i, x in enumerate(node.inputs):
        smaller = _before_broadcast(new, node, x)
        if smaller is not None:
            given[i] = smaller
            if not _same_shape(given, node):
                given[i] = x
    if all(a is b for a, b in zip(given, node.inputs, strict=True)):
        return None
    return new.add(node, node.op, given, node.attrs)


def _before_broadcast(new: Rewrite, node: Node, x: Any) -> Any:
    """A smaller value that stretches to `x`; None when there is none."""
    inner = new.maker.get(id(x))
    if inner is not None:
        return inner.inputs[0] if inner.op in (ops.broadcast_to, ops.fill_) else None
    number = new.number(x) if x._array.shape else None
    return None if number is None else new.constant(node, number)


def _same_shape(inputs: Sequence, node: Node) -> bool:
    """Whether the op takes these inputs, which some that stretch others refuse, and to what."""
    if any(x._array.shape is None for x in inputs):
        return False
    try:
        found = node.op.infer(*map(spec_of, inputs), **node.attrs)
    except Fault:
        return False
    return found.shape == node.outputs[0]._array.shape


RULES: dict[Op, Sequence[Rule]] = {
    ops.identity: [same_value],
    ops.stop_gradient: [same_value],
    ops.ensure_shape: [same_shape],
    ops.broadcast_to: [same_shape],
    ops.cast: [same_value, exact_cast_back],
    ops.reshape: [same_shape, view_of_view, reshape_of_reduction],
    ops.squeeze: [same_shape, view_of_view, reshape_of_reduction],
    ops.expand_dims: [view_of_view],
    ops.transpose: [transpose_of_transpose],
    ops.negative: [twice],
    ops.logical_not: [twice],
    ops.add: [add_nothing, add_negative],
    ops.subtract: [subtract_nothing, subtract_negative],
    ops.multiply: [times_one, both_negative],
    ops.divide: [by_one, by_power_of_two, both_negative],
    ops.pow: [small_power],
    ops.maximum: [both_same],
    ops.minimum: [both_same],
    ops.logical_and: [both_same],
    ops.logical_or: [both_same],
    ops.where_: [known_condition],
    ops.keep_where: [known_mask],
    ops.concat: [one_part],
}

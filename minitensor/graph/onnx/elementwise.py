"""ONNX operators for elementwise ops, comparisons and reductions.

Operators of the same meaning are named in tables; the others are put together from several, in
forms that keep their accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.graph.onnx.exporter import Exporter, Mappings

__all__ = ["MAPPINGS"]

MAPPINGS = Mappings()
SAME = """
abs Abs, acos Acos, acosh Acosh, asin Asin, asinh Asinh, atan Atan, atanh Atanh, ceil Ceil, cos Cos,
cosh Cosh, erf Erf, exp Exp, floor Floor, log Log, negative Neg, reciprocal Reciprocal, round Round,
sigmoid Sigmoid, sign Sign, sin Sin, sinh Sinh, sqrt Sqrt, tan Tan, tanh Tanh, is_nan IsNaN,
is_inf IsInf, logical_not Not, invert BitwiseNot, relu Relu, elu Elu, selu Selu, softplus Softplus,
softsign Softsign, identity Identity, stop_gradient Identity, read_variable Identity,
add Add, subtract Sub, multiply Mul, maximum Max, minimum Min, pow Pow, equal Equal,
greater Greater, greater_equal GreaterOrEqual, less Less, less_equal LessOrEqual,
logical_and And,
logical_or Or, logical_xor Xor, bitwise_and BitwiseAnd, bitwise_or BitwiseOr,
bitwise_xor BitwiseXor, add_n Sum, det Det
"""
LIKE_IDENTITY = ("to_device", "check_numerics", "ensure_shape")
CHECKS = [f"assert{end}" for end in (
    "", "_equal", "_none_equal", "_less", "_less_equal", "_greater", "_greater_equal", "_near",
    "_positive", "_negative", "_non_negative", "_non_positive")]  # fmt: skip


def _plain(operator: str) -> Callable:
    def write(e: Exporter, *inputs: Any) -> str:
        return e.add(operator, *inputs)

    return write


for _entry in SAME.replace("\n", " ").split(","):
    _name, _operator = _entry.split()
    MAPPINGS[_name] = _plain(_operator)


@MAPPINGS.of(*LIKE_IDENTITY)
def identity(e: Exporter, x: Any, **_: Any) -> str:
    """Checks are left out of models, and so are devices."""
    return e.add("Identity", x)


@MAPPINGS.of(*CHECKS, "print_tensors")
def check(e: Exporter, *inputs: Any, **_: Any) -> Any:
    """Assertions and prints are left out of models; what asserts answers that it holds."""
    return [e.constant(np.array(True)) for _ in e.node.outputs]


@MAPPINGS.of()
def cast(e: Exporter, x: Any, dtype: Any) -> str:
    return e.cast(x, as_dtype(dtype).name)


@MAPPINGS.of()
def square(e: Exporter, x: Any) -> str:
    return e.add("Mul", x, x)


@MAPPINGS.of()
def rsqrt(e: Exporter, x: Any) -> str:
    return e.add("Reciprocal", e.add("Sqrt", x))


@MAPPINGS.of()
def squared_difference(e: Exporter, x: Any, y: Any) -> str:
    return square(e, e.add("Sub", x, y))


@MAPPINGS.of()
def not_equal(e: Exporter, x: Any, y: Any) -> str:
    return e.add("Not", e.add("Equal", x, y))


@MAPPINGS.of()
def is_finite(e: Exporter, x: Any) -> str:
    return e.add("Not", e.add("Or", e.add("IsNaN", x), e.add("IsInf", x)))


@MAPPINGS.of()
def divide(e: Exporter, x: Any, y: Any) -> str:
    if x.dtype.kind in "iu":
        x, y = (e.cast(v, e.node.outputs[0].dtype.name) for v in (x, y))
    return e.add("Div", x, y)


@MAPPINGS.of()
def floordiv(e: Exporter, x: Any, y: Any) -> str:
    """Rounded down: ONNX cuts off the fraction of integers."""
    if x.dtype.kind == "f":
        return e.add("Floor", e.add("Div", x, y))
    return e.add("Div", e.add("Sub", x, e.add("Mod", x, y)), y)


@MAPPINGS.of()
def floormod(e: Exporter, x: Any, y: Any) -> str:
    """With the sign of the divisor."""
    if x.dtype.kind != "f":
        return e.add("Mod", x, y)
    rest, zero = e.add("Mod", x, y, fmod=1), e.like(x, 0)
    differs = e.add("Xor", e.add("Less", rest, zero), e.add("Less", y, zero))
    wrong = e.add("And", differs, e.add("Not", e.add("Equal", rest, zero)))
    return e.add("Where", wrong, e.add("Add", rest, y), rest)


@MAPPINGS.of("divide_no_nan", "multiply_no_nan")
def no_nan(e: Exporter, x: Any, y: Any) -> str:
    operator = "Div" if e.node.op.name.startswith("divide") else "Mul"
    zero = e.like(x, 0)
    return e.add("Where", e.add("Equal", y, zero), zero, e.add(operator, x, y))


@MAPPINGS.of()
def expm1(e: Exporter, x: Any) -> str:
    """Near 0 by 2t / (1 - t) with t = tanh(x / 2), which cancels nothing."""
    t = e.add("Tanh", e.add("Mul", x, e.like(x, 0.5)))
    near = e.add("Div", e.add("Add", t, t), e.add("Sub", e.like(x, 1), t))
    small = e.add("Less", e.add("Abs", x), e.like(x, 1))
    return e.add("Where", small, near, e.add("Sub", e.add("Exp", x), e.like(x, 1)))


@MAPPINGS.of()
def log1p(e: Exporter, x: Any) -> str:
    """log(u) · x / (u - 1) with u = 1 + x, in which the rounding of u cancels (W. Kahan)."""
    return _log1p(e, x, e.like(x, 1))


def _log1p(e: Exporter, x: Any, one: np.ndarray) -> str:
    u = e.add("Add", x, one)
    d = e.add("Sub", u, one)
    exact = e.add("Or", e.add("Equal", d, one * 0), e.add("IsInf", u))
    safe = e.add("Where", exact, one, d)
    close = e.add("Mul", e.add("Log", u), e.add("Div", x, safe))
    return e.add("Where", e.add("Equal", d, one * 0), x,
                 e.add("Where", e.add("IsInf", u), e.add("Log", u), close))  # fmt: skip


@MAPPINGS.of()
def logaddexp(e: Exporter, x: Any, y: Any) -> str:
    low = e.add("Exp", e.add("Neg", e.add("Abs", e.add("Sub", x, y))))
    return e.add("Add", e.add("Max", x, y), _log1p(e, low, e.like(x, 1)))


@MAPPINGS.of()
def erfc(e: Exporter, x: Any) -> str:
    return e.add("Sub", e.like(x, 1), e.add("Erf", x))


@MAPPINGS.of()
def log_sigmoid(e: Exporter, x: Any) -> str:
    return e.add("Neg", e.add("Softplus", e.add("Neg", x)))


@MAPPINGS.of()
def relu6(e: Exporter, x: Any) -> str:
    return e.add("Clip", x, e.like(x, 0), e.like(x, 6))


@MAPPINGS.of()
def leaky_relu(e: Exporter, x: Any, alpha: float = 0.2) -> str:
    return e.add("LeakyRelu", x, alpha=float(alpha))


@MAPPINGS.of()
def silu(e: Exporter, x: Any) -> str:
    return e.add("Mul", x, e.add("Sigmoid", x))


@MAPPINGS.of()
def gelu(e: Exporter, x: Any, approximate: bool = False) -> str:
    if approximate:
        cube = e.add("Mul", e.add("Mul", e.add("Mul", x, x), x), e.like(x, 0.044715))
        inner = e.add("Tanh", e.add("Mul", e.add("Add", x, cube), e.like(x, sqrt(2 / pi))))
    else:
        inner = e.add("Erf", e.add("Mul", x, e.like(x, sqrt(0.5))))
    half = e.add("Mul", x, e.like(x, 0.5))
    return e.add("Mul", half, e.add("Add", inner, e.like(x, 1)))


@MAPPINGS.of()
def clip_by_value(e: Exporter, t: Any, clip_value_min: Any, clip_value_max: Any) -> str:
    return e.add("Max", e.add("Min", t, clip_value_max), clip_value_min)


@MAPPINGS.of("xlogy", "xlog1py", "xdivy")
def where_not_zero(e: Exporter, x: Any, y: Any) -> str:
    zero, name = e.like(x, 0), e.node.op.name
    if name == "xdivy":
        found = e.add("Div", x, y)
    else:
        found = e.add("Mul", x, log1p(e, y) if name == "xlog1py" else e.add("Log", y))
    return e.add("Where", e.add("Equal", x, zero), zero, found)


@MAPPINGS.of()
def where(e: Exporter, condition: Any, x: Any, y: Any) -> str:
    return e.add("Where", condition, x, y)


# Reductions.

_REDUCTIONS = {
    "reduce_sum": "ReduceSum", "reduce_mean": "ReduceMean", "reduce_max": "ReduceMax",
    "reduce_min": "ReduceMin", "reduce_prod": "ReduceProd", "reduce_euclidean_norm": "ReduceL2",
}  # fmt: skip


def _reduced(e: Exporter, operator: str, x: Any, axis: Any, keepdims: Any) -> str:
    if axis is None:
        return e.add(operator, x, keepdims=int(bool(keepdims)))
    if axis == ():
        return e.add("Identity", x)
    return e.add(operator, x, e.vector(axis), keepdims=int(bool(keepdims)))


@MAPPINGS.of(*_REDUCTIONS)
def reduction(e: Exporter, x: Any, axis: Any = None, keepdims: Any = False) -> str:
    return _reduced(e, _REDUCTIONS[e.node.op.name], x, axis, keepdims)


@MAPPINGS.of("reduce_all", "reduce_any")
def of_truths(e: Exporter, x: Any, axis: Any = None, keepdims: Any = False) -> str:
    """How many there are; for `all`, of those that do not hold."""
    every = e.node.op.name == "reduce_all"
    counted = e.cast(e.add("Not", x) if every else x, "int32")
    count, zero = _reduced(e, "ReduceSum", counted, axis, keepdims), np.array(0, np.int32)
    return e.add("Equal", count, zero) if every else e.add("Greater", count, zero)


@MAPPINGS.of("reduce_variance", "reduce_std")
def spread(e: Exporter, x: Any, axis: Any = None, keepdims: Any = False) -> str:
    centred = e.add("Sub", x, _reduced(e, "ReduceMean", x, axis, True))
    found = _reduced(e, "ReduceMean", square(e, centred), axis, keepdims)
    return e.add("Sqrt", found) if e.node.op.name == "reduce_std" else found


@MAPPINGS.of()
def reduce_logsumexp(e: Exporter, x: Any, axis: Any = None, keepdims: Any = False) -> str:
    """Less the largest, unless that is infinite."""
    zero = e.like(x, 0)
    top = _reduced(e, "ReduceMax", x, axis, True)
    top = e.add("Where", e.add("IsInf", top), zero, top)
    total = _reduced(e, "ReduceSum", e.add("Exp", e.add("Sub", x, top)), axis, True)
    found = e.add("Add", e.add("Log", total), top)
    return found if keepdims else _reduced(e, "ReduceSum", found, axis, False)


@MAPPINGS.of()
def count_nonzero(
    e: Exporter, x: Any, axis: Any = None, keepdims: Any = None, dtype: Any = "int64"
) -> str:
    there = x if x.dtype.kind == "b" else e.add("Not", e.add("Equal", x, e.like(x, 0)))
    found = _reduced(e, "ReduceSum", e.cast(there, "int64"), axis, keepdims)
    return e.cast(found, as_dtype(dtype).name)


@MAPPINGS.of("argmax", "argmin")
def position(e: Exporter, x: Any, axis: Any = None, output_type: Any = "int64") -> str:
    operator = "ArgMax" if e.node.op.name == "argmax" else "ArgMin"
    found = e.add(operator, x, axis=int(axis or 0), keepdims=0)
    return e.cast(found, as_dtype(output_type).name)


@MAPPINGS.of()
def cumsum(
    e: Exporter, x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False
) -> str:
    where_ = np.array(axis, np.int64)
    return e.add("CumSum", x, where_, exclusive=int(exclusive), reverse=int(reverse))

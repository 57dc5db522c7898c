"""Assertions as ops, so that they run each time a traced function does. `debugging` calls them.

Each gives True, or raises with what was compared. TensorFlow's words are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.backend import to_numpy
from minitensor.dtypes import name_of
from minitensor.errors import Fault
from minitensor.op import Op, op
from minitensor.shapes import Spec, broadcast_shapes, same

__all__ = [
    "assert_",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "check_numerics",
]

_WHY_NONE = "an assertion holds or does not: there is nothing to differentiate"
_FIX = "look where the values come from; mt.print shows them on the way"
_ORDERED = "fiu"
_PAIR = (np.array([1.0, 2.0]), np.array([3.0, 4.0]))


def _holds_spec(*specs: Spec, **_: Any) -> Spec:
    broadcast_shapes(*(s.shape for s in specs))
    return Spec((), np.dtype(bool))


def _relation(*arrays: Any, kinds: str = "fciubO") -> Callable[[Callable], Op]:
    """What all assertions about two tensors have in common, as arguments of `op`."""
    return op(infer=_holds_spec, types="TT", kinds=kinds, portable=False, stateful=True,
              why_none=_WHY_NONE, samples=samples.cases((arrays, {})))  # fmt: skip


def _sign(array: Any) -> Callable[[Callable], Op]:
    """What all assertions about the sign of a tensor have in common, as arguments of `op`."""
    return op(infer=_holds_spec, kinds="fiu", portable=False, stateful=True, why_none=_WHY_NONE,
              samples=samples.cases(((array,), {})))  # fmt: skip


@_relation(_PAIR[0], _PAIR[0])
def assert_equal(xp, x, y, *, message=None, summarize=None):
    """Raise unless x == y, element by element.

    Shape: broadcast → () bool.
    """
    return _require(xp, x == y, "==", x, y, message, summarize)


@_relation(*_PAIR)
def assert_none_equal(xp, x, y, *, message=None, summarize=None):
    """Raise unless x != y for all elements.

    Shape: broadcast → () bool.
    """
    return _require(xp, x != y, "!=", x, y, message, summarize)


@_relation(*_PAIR, kinds=_ORDERED)
def assert_less(xp, x, y, *, message=None, summarize=None):
    """Raise unless x < y for all elements.

    Shape: broadcast → () bool.
    """
    return _require(xp, x < y, "<", x, y, message, summarize)


@_relation(*_PAIR, kinds=_ORDERED)
def assert_less_equal(xp, x, y, *, message=None, summarize=None):
    """Raise unless x <= y for all elements.

    Shape: broadcast → () bool.
    """
    return _require(xp, x <= y, "<=", x, y, message, summarize)


@_relation(*_PAIR[::-1], kinds=_ORDERED)
def assert_greater(xp, x, y, *, message=None, summarize=None):
    """Raise unless x > y for all elements.

    Shape: broadcast → () bool.
    """
    return _require(xp, x > y, ">", x, y, message, summarize)


@_relation(*_PAIR[::-1], kinds=_ORDERED)
def assert_greater_equal(xp, x, y, *, message=None, summarize=None):
    """Raise unless x >= y for all elements.

    Shape: broadcast → () bool.
    """
    return _require(xp, x >= y, ">=", x, y, message, summarize)


@op(infer=_holds_spec, types="TT", kinds="fc", portable=False, stateful=True, why_none=_WHY_NONE,
    samples=samples.cases(((1.0, np.array([1.0, 1.0 + 1e-15])), {})))  # fmt: skip
def assert_near(xp, x, y, *, rtol=None, atol=None, message=None, summarize=None):
    """Raise unless |x - y| <= atol + rtol · |y| for all elements; 10 epsilon each by default.

    Shape: broadcast → () bool.
    """
    default = 10.0 * float(xp.finfo(x.dtype).eps) if x.dtype.kind in "fc" else 1e-1
    rtol, atol = (default if tolerance is None else tolerance for tolerance in (rtol, atol))
    if bool(xp.all(xp.abs(x - y) <= atol + rtol * xp.abs(y))):
        return xp.asarray(True)
    text = f"x and y not equal to tolerance rtol = {rtol:g}, atol = {atol:g}"
    text += "".join(f"\n{_described(name, v, summarize)}" for name, v in (("x", x), ("y", y)))
    raise Fault(_with(message, text), "near means |x - y| <= atol + rtol * |y|", _FIX)


@_sign(_PAIR[0])
def assert_positive(xp, x, *, message=None, summarize=None):
    """Raise unless x > 0 for all elements.

    Shape: any → () bool.
    """
    return _require_sign(xp, x > 0, "> 0", x, message, summarize)


@_sign(-_PAIR[0])
def assert_negative(xp, x, *, message=None, summarize=None):
    """Raise unless x < 0 for all elements.

    Shape: any → () bool.
    """
    return _require_sign(xp, x < 0, "< 0", x, message, summarize)


@_sign(_PAIR[0] - 1)
def assert_non_negative(xp, x, *, message=None, summarize=None):
    """Raise unless x >= 0 for all elements.

    Shape: any → () bool.
    """
    return _require_sign(xp, x >= 0, ">= 0", x, message, summarize)


@_sign(1 - _PAIR[0])
def assert_non_positive(xp, x, *, message=None, summarize=None):
    """Raise unless x <= 0 for all elements.

    Shape: any → () bool.
    """
    return _require_sign(xp, x <= 0, "<= 0", x, message, summarize)


def _assert_spec(condition: Spec, *data: Spec, **_: Any) -> Spec:
    return Spec((), np.dtype(bool))


@op(infer=_assert_spec, types="A", portable=False, stateful=True, why_none=_WHY_NONE,
    samples=samples.cases(((True, _PAIR[0]), {})))  # fmt: skip
def assert_(xp, *inputs, summarize=3):
    """Raise unless the first input is True; the others are what the error shows.

    Shape: () bool, any… → () bool.
    """
    if bool(xp.all(inputs[0])):
        return xp.asarray(True)
    data = "\n".join(_elements(to_numpy(x), summarize) for x in inputs[1:])
    raise Fault(f"Expected 'False' to be true. Summarized data: {data}",
                "the condition of an Assert holds", _FIX)  # fmt: skip


@op(infer=same, kinds="f", portable=False, stateful=True,
    samples=samples.cases(((_PAIR[0],), {"message": "x"}), (((),), {"message": "y"})))  # fmt: skip
def check_numerics(xp, tensor, *, message):
    """The same value, after a check that it has neither NaN nor infinity.

    Shape: any → same.

    Raises:
        InvalidArgumentError: (also a ValueError) with `message`, when it has.
    """
    if bool(xp.all(xp.isfinite(tensor))):
        return tensor
    tests = (("Inf", xp.isinf), ("NaN", xp.isnan))
    found = " and ".join(word for word, has in tests if bool(xp.any(has(tensor))))
    fix = "mt.debugging.enable_check_numerics() names the op that made the first one"
    raise Fault(f"Tensor had {found} values ({message})", "all elements must be finite", fix)


@check_numerics.gradient
def check_numerics_gradient(xp, g, out, tensor, *, message):
    return g


def _require(
    xp: Any, holds: Any, sign: str, x: Any, y: Any, message: str | None, summarize: int | None
) -> Any:
    if bool(xp.all(holds)):
        return xp.asarray(True)
    count = 3 if summarize is None else summarize
    text = f"Condition x {sign} y did not hold.\n"
    if x.shape == y.shape and x.ndim:
        places = xp.stack(xp.nonzero(~holds), axis=1)
        shown = len(places) if count < 0 else min(count, len(places))
        text += f"Indices of first {shown} different values:\n{places[:shown]}\n"
        text += f"Corresponding x values:\n{x[~holds][:shown]}\n"
        text += f"Corresponding y values:\n{y[~holds][:shown]}\n"
    for name, values in (("x", x.reshape(-1)), ("y", y.reshape(-1))):
        shown = len(values) if count < 0 else min(count, len(values))
        text += f"First {shown} elements of {name}:\n{values[:shown]}\n"
    raise Fault(
        _with(message, text.rstrip("\n")), f"each pair of elements must have x {sign} y", _FIX
    )


def _require_sign(
    xp: Any, holds: Any, sign: str, x: Any, message: str | None, summarize: int | None
) -> Any:
    if bool(xp.all(holds)):
        return xp.asarray(True)
    text = f"Condition x {sign} did not hold element-wise:\n{_described('x', x, summarize)}"
    raise Fault(_with(message, text), f"each element must have x {sign}", _FIX)


def _with(message: str | None, text: str) -> str:
    return f"{message}\n{text}" if message else text


def _described(name: str, x: Any, summarize: int | None) -> str:
    head = f"{name} (shape={tuple(x.shape)} dtype={name_of(x.dtype)}) = \n"
    return head + _elements(to_numpy(x), 3 if summarize is None else summarize)


def _elements(array: np.ndarray, summarize: int) -> str:
    flat = array.reshape(-1)
    shown = flat if summarize < 0 else flat[:summarize]
    return ", ".join(map(str, shown)) + (", ..." if len(shown) < len(flat) else "")

"""What flows through branches and loops: the tensors inside the values of Python variables.

A variable's value is a structure (`minitensor.nest`) whose leaves are tensors, numbers that can
become tensors, or anything else. Only the first two can depend on a tensor; anything else must be
the same whichever way the graph goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.dtypes import DType
from minitensor.graph.ir import Graph
from minitensor.graph.trace import trace
from minitensor.op import convert, state
from minitensor.operand import Operand
from minitensor.ops.creation import zeros
from minitensor.shapes import NoElements, TensorShape
from minitensor.tensor import IndexedSlices
from minitensor.variable import Variable

__all__ = ["Missing", "PendingReturnValue", "Undefined", "UndefinedReturnValue"]

NUMBERS = (bool, int, float, complex, str, bytes, np.ndarray, np.generic)
TO_FIX = "\n\nTo fix it: "


class Missing:
    """Stands for a variable that has no value."""


class Undefined(Missing):
    """A variable of the learner's that has no value yet."""

    def __init__(self, symbol_name: str):
        self.symbol_name = symbol_name

    def __repr__(self) -> str:
        return self.symbol_name


class UndefinedReturnValue(Missing):
    """The result of a function that may end without returning one."""


class PendingReturnValue(UndefinedReturnValue):
    """The result of a function that returns one on every path, before it has."""


def tracing() -> bool:
    """Whether ops are being written into a graph."""
    return getattr(state.interpreter, "cond", None) is not None


def is_staged(value: Any) -> bool:
    """Whether control flow that depends on a value must become part of a graph."""
    return isinstance(value, Operand) and tracing()


def trial(function: Callable, specs: Sequence = ()) -> Graph:
    """Run `function(*symbols)` in a trace of its own, a symbol for each spec; its graph.

    It is no part of the trace around it: what is only to be found out leaves nothing there.
    """

    def without_results(*symbols: Any) -> list:
        function(*symbols)
        return []

    return trace(without_results, specs, "trial", kind="branch")


def is_composite(leaf: Any) -> bool:
    """Whether a leaf holds tensors itself, as a TensorArray does, which flows as it is."""
    return isinstance(leaf, IndexedSlices) or hasattr(leaf, "_with_tensors")


def can_flow(leaf: Any) -> bool:
    """Whether a leaf is a tensor, holds tensors, or can become one."""
    return isinstance(leaf, (Operand, *NUMBERS)) or is_composite(leaf)


def flat(value: Any) -> list:
    """All leaves of a value."""
    return nest.flatten(value)


def packed(value: Any, leaves: Sequence) -> Any:
    """A value of the same structure with other leaves."""
    return nest.pack_sequence_as(value, leaves)


def flowing(value: Any) -> list:
    """The leaves of a value that are tensors or can become tensors."""
    return [leaf for leaf in flat(value) if can_flow(leaf)]


def difference(first: Any, second: Any) -> str:
    """Where two values are built differently; empty when they are not."""
    try:
        nest.assert_same_structure(first, second)
    except ValueError as error:
        return str(error).partition(" To fix it:")[0]
    for a, b in zip(flat(first), flat(second), strict=True):
        if is_composite(a) != is_composite(b):
            return f"one is a {type(a).__name__}, the other a {type(b).__name__}"
    return ""


def same_constant(first: Any, second: Any) -> bool:
    """Whether two leaves are one object, or equal Python values of one type."""
    if first is second:
        return True
    plain = (bool, int, float, complex, str, bytes)
    return type(first) is type(second) and isinstance(first, plain) and first == second


def as_tensor(leaf: Any, like: Any = None) -> Any:
    """A leaf as what flows; a Python number takes the dtype of a tensor of the same kind."""
    if isinstance(leaf, Operand) or is_composite(leaf):
        return leaf.value() if isinstance(leaf, Variable) else leaf
    if isinstance(leaf, (bool, int, float, complex)) and isinstance(like, Operand):
        kind = np.asarray(leaf).dtype.kind
        if kind == like.dtype.kind.replace("u", "i") and (kind != "i" or _fits(leaf, like.dtype)):
            return convert(leaf, like.dtype)
    return convert(leaf)


def _fits(number: Any, dtype: DType) -> bool:
    return dtype.min <= number <= dtype.max


def spec_of(leaf: Any, wide: Any = None) -> NoElements:
    """Shape and dtype of a tensor, or of what can become one; its shape may be a wider one."""
    if isinstance(leaf, Operand):
        shape = TensorShape(leaf.shape if wide is None else wide)
        return NoElements(None if shape.rank is None else tuple(shape), leaf._numpy_dtype)
    return spec_of(convert(leaf))


def filler(value: Any) -> Any:
    """Zeros like a value: what a variable holds where its real value will never be read.

    Raises:
        TypeError: when there are no zeros like it.
    """
    return packed(value, [_zeros(x) if can_flow(x) else x for x in flat(value)])


def _zeros(leaf: Any) -> Any:
    if is_composite(leaf):
        raise TypeError(
            f"Found an unsupported type {type(leaf).__name__!r} while creating placeholder for "
            f"{leaf}.{TO_FIX}make it before the branch or the loop."
        )
    spec = spec_of(leaf)
    return zeros([d or 0 for d in spec.shape or ()], spec.dtype)

"""What a tensor's shape is, as tensors, and the shape that two shapes stretch to."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, int32
from minitensor.errors import Fault, InvalidArgumentError, message
from minitensor.op import convert, op
from minitensor.shapes import Spec, TensorShape, broadcast_shapes

__all__ = [
    "broadcast_dynamic_shape",
    "broadcast_static_shape",
    "newaxis",
    "rank",
    "shape",
    "shape_n",
    "size",
]

newaxis = None
"""As an index, a new axis of size 1: `x[:, mt.newaxis]`."""

_SIZES = "sizes are whole numbers"


def _shape_spec(input: Spec, *, out_type: Any = int32) -> Spec:
    return Spec((len(input.shape),), as_dtype(out_type).numpy)


def _number_spec(input: Spec, *, out_type: Any = int32) -> Spec:
    return Spec((), as_dtype(out_type).numpy)


# portable=False from here on: the standard names dtypes by objects of its own.
@op(infer=_shape_spec, types="A", samples=samples.unary(), portable=False, why_none=_SIZES)
def shape(xp, input, *, out_type=int32):
    """The sizes of the axes, as a tensor; `x.shape` has them as a tuple.

    Shape: any → (rank,).
    """
    return xp.asarray(input.shape, dtype=as_dtype(out_type).numpy)


def shape_n(input: Any, out_type: Any = int32, name: str | None = None) -> list:
    """The shape of each tensor of a list.

    Shape: each any → (rank,).
    """
    return [shape(x, out_type=out_type, name=name) for x in input]


@op(infer=_number_spec, types="A", samples=samples.unary(), portable=False, why_none=_SIZES)
def size(xp, input, *, out_type=int32):
    """The number of elements, as a tensor.

    Shape: any → ().
    """
    return xp.asarray(prod(input.shape), dtype=as_dtype(out_type).numpy)


def _rank_spec(input: Spec) -> Spec:
    return Spec((), int32.numpy)


@op(infer=_rank_spec, types="A", samples=samples.unary(), portable=False, why_none=_SIZES)
def rank(xp, input):
    """The number of axes, as a tensor; `x.ndim` has it as a number.

    Shape: any → (); int32.
    """
    return xp.asarray(input.ndim, dtype=int32.numpy)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two shapes stretch to, aligned from the right.

    Raises:
        InvalidArgumentError: (also a ValueError) when they do not.

    Example:
        >>> broadcast_static_shape((2, 1), (3,))
        TensorShape([2, 3])
    """
    try:
        return TensorShape(broadcast_shapes(tuple(shape_x), tuple(shape_y)))
    except Fault as fault:
        found = fault
    given = f"shapes {tuple(shape_x)} and {tuple(shape_y)}"
    text = message("broadcast_static_shape", given, found.fault, found.rule, found.fix)
    raise InvalidArgumentError(text)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that two shapes, given as tensors, stretch to; as a tensor.

    Shape: (n,), (m,) → (max(n, m),); int32.

    Raises:
        InvalidArgumentError: (also a ValueError) when they do not.
    """
    x, y = (np.asarray(s).tolist() for s in (shape_x, shape_y))
    return convert(list(broadcast_static_shape(x, y)), "int32")

"""Arrays as wholes: their dtype, their shape, and how they are joined.

No arithmetic happens here; gradients send every element back to where it came from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.ops.state import identity
from minitensor.shapes import UNKNOWN_SIZE, Spec, axes_of, axis_of, broadcast_shapes, reshaped

__all__ = [
    "broadcast_to",
    "cast",
    "concat",
    "expand_dims",
    "identity_n",
    "reshape",
    "squeeze",
    "stack",
    "transpose",
]


def _cast_spec(x: Spec, *, dtype: Any) -> Spec:
    return Spec(x.shape, as_dtype(dtype).numpy)


# portable=False: the standard names dtypes by objects of its own.
@op(infer=_cast_spec, samples=samples.unary(dtype="float32"), conjugate=False, portable=False)
def cast(xp, x, *, dtype):
    """The same values in another dtype; fractions are cut off on the way to integers.

    Shape: any → same. To bool: whether the value is not 0. The gradient is cast back; through an
    integer it ends.

    Example:
        >>> import minitensor as mt
        >>> mt.cast([1.8, -1.8], mt.int32)
        <tf.Tensor: shape=(2,), dtype=int32, numpy=array([ 1, -1], dtype=int32)>
    """
    dtype = as_dtype(dtype).numpy
    if x.dtype == dtype:
        return x
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = xp.real(x)
    return x.astype(dtype) if xp is np else xp.astype(x, dtype)


@cast.gradient
def cast_gradient(xp, g, out, x, *, dtype):
    return cast.on(xp, g, dtype=as_dtype(x.dtype))  # of complex numbers the real part


def _reshape_spec(tensor: Spec, *, shape: Any) -> Spec:
    return Spec(reshaped(tensor.shape, shape), tensor.dtype)


@op(infer=_reshape_spec, types="A",
    samples=samples.cases((((3, 4),), {"shape": (2, -1)}), (((),), {"shape": (1,)}),
                          (((0, 2),), {"shape": (2, 0)})))  # fmt: skip
def reshape(xp, tensor, *, shape):
    """The same elements, in the same order, in another shape; one size may be -1.

    Shape: any → `shape` with as many elements.

    Raises:
        InvalidArgumentError: when the number of elements would change.
    """
    return xp.reshape(tensor, tuple(shape))


@reshape.gradient
def reshape_gradient(xp, g, out, tensor, *, shape):
    return xp.reshape(g, tensor.shape)


def _broadcast_to_spec(input: Spec, *, shape: Any) -> Spec:
    shape = tuple(shape)
    if None in shape:
        raise Fault(f"the shape {shape} has the size None", *UNKNOWN_SIZE)
    found = broadcast_shapes(input.shape, shape)
    if found != shape:
        raise Fault(f"it would stretch to {found}, not to {shape}",
                    "only axes of size 1, and new axes at the front, can be stretched",
                    "reshape first")  # fmt: skip
    return Spec(shape, input.dtype)


@op(infer=_broadcast_to_spec, types="A",
    samples=samples.cases((((3, 1),), {"shape": (2, 3, 4)}), (((),), {"shape": (2,)})))  # fmt: skip
def broadcast_to(xp, input, *, shape):
    """Repeat axes of size 1, and add axes at the front, until the tensor has `shape`.

    Shape: any that broadcasts to `shape` → `shape`.
    """
    return xp.broadcast_to(input, tuple(shape))


@broadcast_to.gradient
def broadcast_to_gradient(xp, g, out, input, *, shape):
    return g


def _transpose_spec(a: Spec, *, perm: Any = None) -> Spec:
    rank = len(a.shape)
    perm = tuple(reversed(range(rank))) if perm is None else tuple(perm)
    if sorted(axis_of(p, rank, "perm entry") for p in perm) != list(range(rank)):
        raise Fault(f"perm {perm} does not name each of the {rank} axes once",
                    "a permutation has every axis exactly once",
                    f"for example, perm={list(reversed(range(rank)))}")  # fmt: skip
    return Spec(tuple(a.shape[p] for p in perm), a.dtype)


@op(infer=_transpose_spec, types="A",
    samples=samples.cases((((2, 3, 4),), {"perm": (2, 0, 1)}), (((2, 3),), {}),
                          (((),), {})))  # fmt: skip
def transpose(xp, a, *, perm=None):
    """The axes in another order; by default in reverse.

    Shape: (d0, …, dn) → (d_perm[0], …, d_perm[n]).
    """
    return xp.permute_dims(a, tuple(reversed(range(a.ndim))) if perm is None else tuple(perm))


@transpose.gradient
def transpose_gradient(xp, g, out, a, *, perm=None):
    """`g transposed back`."""
    if perm is None:
        return xp.permute_dims(g, tuple(reversed(range(len(a.shape)))))
    rank = len(a.shape)
    positive = [p % rank for p in perm]
    return xp.permute_dims(g, tuple(positive.index(i) for i in range(rank)))


def _expand_spec(input: Spec, *, axis: Any) -> Spec:
    axes = axes_of(axis, len(input.shape) + (1 if np.ndim(axis) == 0 else len(axis)))
    sizes = iter(input.shape)
    rank = len(input.shape) + len(axes)
    return Spec(tuple(1 if i in axes else next(sizes) for i in range(rank)), input.dtype)


@op(infer=_expand_spec, types="A",
    samples=samples.cases((((3, 4),), {"axis": 1}), (((3, 4),), {"axis": -1}),
                          (((),), {"axis": 0})))  # fmt: skip
def expand_dims(xp, input, *, axis):
    """Insert an axis of size 1 at position `axis`.

    Shape: (…) → (…, 1, …).
    """
    return xp.expand_dims(input, axis=axis)


@expand_dims.gradient
def expand_dims_gradient(xp, g, out, input, *, axis):
    return xp.reshape(g, input.shape)


def _squeeze_spec(input: Spec, *, axis: Any = None) -> Spec:
    if axis is None or axis == ():
        if None in input.shape:
            raise Fault(f"the shape {tuple(input.shape)} is not fully known",
                        "without axis, the sizes decide what is removed",
                        "name the axis")  # fmt: skip
        return Spec(tuple(d for d in input.shape if d != 1), input.dtype)
    axes = axes_of(axis, len(input.shape))
    for a in axes:
        if input.shape[a] not in (1, None):
            raise Fault(f"axis {a} has size {input.shape[a]}", "only axes of size 1 can be removed",
                        "reduce over it, or take one element with x[...]")  # fmt: skip
    return Spec(tuple(d for i, d in enumerate(input.shape) if i not in axes), input.dtype)


@op(infer=_squeeze_spec, types="A",
    samples=samples.cases((((3, 1, 1),), {}), (((1, 3, 1),), {"axis": -1}),
                          (((1, 3, 1),), {"axis": (0, 2)})))  # fmt: skip
def squeeze(xp, input, *, axis=None):
    """Remove axes of size 1: all of them, or those named by `axis`.

    Shape: (…, 1, …) → (…).
    """
    return xp.reshape(input, _squeeze_spec(Spec(tuple(input.shape), input.dtype), axis=axis).shape)


@squeeze.gradient
def squeeze_gradient(xp, g, out, input, *, axis=None):
    return xp.reshape(g, input.shape)


def _concat_spec(*values: Spec, axis: int) -> Spec:
    if not values:
        raise Fault("there is nothing to join", "concat needs at least one tensor", "pass some")
    rank = len(values[0].shape)
    axis = axis_of(axis, rank)
    for i, value in enumerate(values):
        if len(value.shape) != rank:
            raise Fault(f"input {i} has rank {len(value.shape)} where input 0 has {rank}",
                        "all tensors need the same number of axes",
                        "use mt.expand_dims")  # fmt: skip
        for d in range(rank):
            if d != axis and len({value.shape[d], values[0].shape[d]} - {None}) > 1:
                raise Fault(f"axis {d} has sizes {values[0].shape[d]} and {value.shape[d]}",
                            f"all axes but axis {axis} must agree",
                            "reshape, pad or slice")  # fmt: skip
    sizes = [v.shape[axis] for v in values]
    total = None if None in sizes else sum(sizes)  # type: ignore[arg-type]
    first = values[0].shape
    return Spec((*first[:axis], total, *first[axis + 1 :]), values[0].dtype)


@op(infer=_concat_spec, kinds="fciubO",
    samples=samples.cases((((2, 3), (1, 3)), {"axis": 0}),
                          (((2, 1), (2, 2), (2, 0)), {"axis": -1})))  # fmt: skip
def concat(xp, *values, axis):
    """Join tensors along an axis that they have.

    Shape: (…, n, …), (…, m, …) → (…, n + m, …).
    """
    return xp.concat(values, axis=axis)


@concat.gradient
def concat_gradient(xp, g, out, *values, axis):
    """`its part of g`, for each tensor joined."""
    axis %= len(g.shape)
    starts = [0]
    for value in values:
        starts.append(starts[-1] + value.shape[axis])

    def part(i: int) -> Any:
        index = (slice(None),) * axis + (slice(starts[i], starts[i + 1]),)
        return lambda: g[index]

    return tuple(part(i) for i in range(len(values)))


def _stack_spec(*values: Spec, axis: int = 0) -> Spec:
    if not values:
        raise Fault("there is nothing to stack", "it takes at least one tensor",
                    "pass a list of tensors")  # fmt: skip
    first = values[0].shape
    for i, value in enumerate(values):
        if len(value.shape) != len(first) or any(
            None not in (a, b) and a != b for a, b in zip(first, value.shape, strict=True)
        ):
            raise Fault(f"values[0].shape = {list(first)} != values[{i}].shape = "
                        f"{list(value.shape)}", "shapes of all inputs must match",
                        "reshape or pad them, or use mt.concat along an existing axis")  # fmt: skip
    axis = axis_of(axis, len(first) + 1)
    return Spec((*first[:axis], len(values), *first[axis:]), values[0].dtype)


@op(infer=_stack_spec, kinds="fciubO",
    samples=samples.cases((((2, 3), (2, 3)), {"axis": 0}), (((2,), (2,), (2,)), {"axis": -1}),
                          (((), ()), {"axis": 0}), (((0, 2),), {"axis": 1})))  # fmt: skip
def stack(xp, *values, axis=0):
    """Join tensors of one shape along a new axis.

    Shape: n times (…) → (…, n, …).

    Example:
        >>> import minitensor as mt
        >>> mt.stack([[1, 2], [3, 4]], axis=1).numpy().tolist()
        [[1, 3], [2, 4]]
    """
    return xp.stack(values, axis=axis)


@stack.gradient
def stack_gradient(xp, g, out, *values, axis=0):
    """`its row of g`, for each tensor stacked."""
    before = (slice(None),) * (axis % len(g.shape))

    def part(i: int) -> Any:
        return lambda: g[(*before, i)]

    return tuple(part(i) for i in range(len(values)))


def identity_n(input: Any, name: str | None = None) -> list:
    """Each tensor of a list as a result of its own.

    Shape: each any → same.
    """
    return [identity(x, name=name) for x in input]

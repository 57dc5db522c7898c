"""Cutting a tensor into several: the way back of concat and stack."""

from __future__ import annotations

from typing import Any

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.ops.array import stack
from minitensor.shapes import Spec, axis_of

__all__ = ["split", "split_", "unstack", "unstack_"]


def _unstack_spec(value: Spec, *, num: int | None = None, axis: int = 0) -> tuple[Spec, ...]:
    axis = axis_of(axis, len(value.shape))
    size = num if value.shape[axis] is None else value.shape[axis]
    if size is None:
        raise Fault(f"cannot infer argument `num` from shape {tuple(value.shape)}",
                    "the number of results must be known", "pass num")  # fmt: skip
    if num is not None and num != size:
        raise Fault(f"input shape axis {axis} must equal {num}, got shape {list(value.shape)}",
                    "there is one result for each place along the axis",
                    "leave out num")  # fmt: skip
    part = Spec((*value.shape[:axis], *value.shape[axis + 1 :]), value.dtype)
    return (part,) * size


# portable=False: in the standard an index has an entry for every axis.
@op(infer=_unstack_spec, types="A", portable=False,
    samples=samples.cases((((3, 2),), {}), (((2, 3),), {"axis": -1}),
                          (((1, 2),), {"num": 1})))  # fmt: skip
def unstack_(xp, value, *, num=None, axis=0):
    """The slices of a tensor along an axis: stack turned round.

    Shape: (…, n, …) → n times (…).
    """
    before = (slice(None),) * (axis % value.ndim)
    return tuple(value[(*before, i)] for i in range(value.shape[axis]))


@unstack_.gradient
def unstack_gradient(xp, g, out, value, *, num=None, axis=0):
    return stack.on(xp, *(g if isinstance(g, tuple) else (g,)), axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str | None = None) -> list:
    """The slices of a tensor along an axis, as a list: stack turned round.

    Shape: (…, n, …) → n times (…). `num` is needed only where n is not known.

    Example:
        >>> import minitensor as mt
        >>> [t.numpy().tolist() for t in mt.unstack([[1, 2], [3, 4]], axis=1)]
        [[1, 3], [2, 4]]
    """
    return list(unstack_(value, num=num, axis=axis, name=name))


def _piece_sizes(size: int | None, num_or_size_splits: Any, axis: int) -> tuple:
    """How long each piece is; one -1 stands for the rest."""
    if isinstance(num_or_size_splits, int):
        if size is not None and (num_or_size_splits < 1 or size % num_or_size_splits):
            raise Fault(f"axis {axis} has size {size} and is to be split in {num_or_size_splits}",
                        "number of ways to split should evenly divide the split dimension",
                        "pass a list of sizes")  # fmt: skip
        piece = None if size is None else size // num_or_size_splits
        return (piece,) * num_or_size_splits
    sizes = tuple(num_or_size_splits)
    known = sum(s for s in sizes if s >= 0)
    fits = size is None or known == size or (-1 in sizes and known <= size)
    if not fits or sizes.count(-1) > 1 or min(sizes, default=0) < -1:
        raise Fault(f"axis {axis} has size {size} and the pieces {sizes}",
                    "the sizes of the pieces must sum to that of the axis; one may be -1",
                    "change the sizes")  # fmt: skip
    return tuple((None if size is None else size - known) if s == -1 else s for s in sizes)


def _split_spec(value: Spec, *, num_or_size_splits: Any, axis: int = 0) -> tuple[Spec, ...]:
    axis = axis_of(axis, len(value.shape))
    before, after = value.shape[:axis], value.shape[axis + 1 :]
    sizes = _piece_sizes(value.shape[axis], num_or_size_splits, axis)
    return tuple(Spec((*before, size, *after), value.dtype) for size in sizes)


# portable=False: in the standard an index has an entry for every axis.
@op(infer=_split_spec, types="A", portable=False,
    samples=samples.cases((((4, 2),), {"num_or_size_splits": 2}),
                          (((2, 5),), {"num_or_size_splits": (1, -1, 2), "axis": -1}),
                          (((3,),), {"num_or_size_splits": 1}),
                          (((0, 2),), {"num_or_size_splits": 2})))  # fmt: skip
def split_(xp, value, *, num_or_size_splits, axis=0):
    """The pieces of a tensor along an axis: concat turned round.

    Shape: (…, n, …) → (…, n0, …), (…, n1, …), …
    """
    axis %= value.ndim
    before, start, pieces = (slice(None),) * axis, 0, []
    for size in _piece_sizes(value.shape[axis], num_or_size_splits, axis):
        pieces.append(value[(*before, slice(start, start + size))])
        start += size
    return tuple(pieces)


@split_.gradient
def split_gradient(xp, g, out, value, *, num_or_size_splits, axis=0):
    return xp.concat(list(g) if isinstance(g, tuple) else [g], axis=axis)


def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None,
    name: str | None = None,
) -> list:  # fmt: skip
    """The pieces of a tensor along an axis, as a list: concat turned round.

    `num_or_size_splits` is a number of equal pieces, or a list of sizes, one of which may be -1.
    `num` has no effect: the number of sizes is always known.

    Shape: (…, n, …) → (…, n0, …), (…, n1, …), …

    Example:
        >>> import minitensor as mt
        >>> [t.numpy().tolist() for t in mt.split([1, 2, 3, 4], [1, 3])]
        [[1], [2, 3, 4]]
    """
    pieces = split_(value, num_or_size_splits=num_or_size_splits, axis=axis, name=name)
    return list(pieces)

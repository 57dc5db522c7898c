"""Elements by size: sorting, the largest few, where something would stand, what differs.

Where elements are equal, the one that comes first stays first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, int32
from minitensor.errors import Fault, suggest
from minitensor.op import op
from minitensor.ops.scattering import put_along_axis
from minitensor.shapes import Spec, axis_of

__all__ = [
    "TopK",
    "Unique",
    "UniqueWithCounts",
    "argsort",
    "searchsorted",
    "sort",
    "top_k",
    "top_k_",
    "unique",
    "unique_with_counts",
    "unique_with_counts_",
]

_PLACE = "a position is a whole number"
_DIRECTIONS = ("ASCENDING", "DESCENDING")


def _sort_spec(values: Spec, *, axis: int = -1, direction: str = "ASCENDING") -> Spec:
    axis_of(axis, len(values.shape))
    if direction not in _DIRECTIONS:
        raise Fault(f"direction is {direction!r}",
                    "direction should be one of ASCENDING, DESCENDING",
                    suggest(direction, _DIRECTIONS))  # fmt: skip
    return values


def _argsort_spec(
    values: Spec, *, axis: int = -1, direction: str = "ASCENDING", stable: bool = False
) -> Spec:  # fmt: skip
    return Spec(_sort_spec(values, axis=axis, direction=direction).shape, int32.numpy)


def _distinct(rng: np.random.Generator) -> samples.Samples:
    for shape, attrs in (((5,), {}), ((2, 4), {"direction": "DESCENDING"}), ((3, 2), {"axis": 0}),
                         ((0, 2), {"axis": 0}), ((2, 1), {})):  # fmt: skip
        yield (rng.permutation(int(np.prod(shape))).reshape(shape) / 7.0,), attrs


def _order(xp: Any, x: Any, axis: int, descending: bool) -> Any:
    """The positions in order of size; the earlier of equals first, in both directions."""
    stable = {"stable": True} if xp is np else {}  # the others always are
    if not descending:
        return xp.argsort(x, axis=axis, **stable)
    last_first = xp.argsort(xp.flip(x, axis=axis), axis=axis, **stable)
    return x.shape[axis] - 1 - xp.flip(last_first, axis=axis)


@op(infer=_argsort_spec, samples=_distinct, kinds="fiu", portable=False, why_none=_PLACE)
def argsort(xp, values, *, axis=-1, direction="ASCENDING", stable=False):
    """The positions of the elements along an axis in order of size.

    Shape: any → same; int32. `stable` has no effect: the first of equals always comes first.

    Example:
        >>> import minitensor as mt
        >>> mt.argsort([3.0, 1.0, 2.0]).numpy().tolist()
        [1, 2, 0]
    """
    return _order(xp, values, axis, direction == "DESCENDING").astype(int32.numpy)


@op(infer=_sort_spec, samples=_distinct, kinds="fiu")
def sort(xp, values, *, axis=-1, direction="ASCENDING"):
    """The elements along an axis in order of size.

    Shape: any → same. The gradient goes back to where each element stood.

    Example:
        >>> import minitensor as mt
        >>> mt.sort([3, 1, 2], direction="DESCENDING").numpy().tolist()
        [3, 2, 1]
    """
    ordered = xp.sort(values, axis=axis)
    return xp.flip(ordered, axis=axis) if direction == "DESCENDING" else ordered


@sort.gradient
def sort_gradient(xp, g, out, values, *, axis=-1, direction="ASCENDING"):
    """`g in the order before sorting`."""
    order = argsort.on(xp, values, axis=axis, direction=direction)
    return put_along_axis.on(xp, g, order, axis=axis, size=values.shape[axis])


class TopK(NamedTuple):
    """The largest elements, and where they stand."""

    values: Any
    indices: Any


def _top_k_spec(
    input: Spec, *, k: int = 1, sorted: bool = True, index_type: Any = int32
) -> tuple[Spec, Spec]:  # fmt: skip
    if not input.shape:
        raise Fault("the input is a scalar", "input must have at least one axis",
                    "reshape it to (1,)")  # fmt: skip
    size = input.shape[-1]
    if k < 0 or (size is not None and k > size):
        raise Fault(f"input must have at least k columns. Had {size}, needed {k}",
                    "k is from 0 to the size of the last axis", "lower k")  # fmt: skip
    shape = (*input.shape[:-1], k)
    return Spec(shape, input.dtype), Spec(shape, as_dtype(index_type).numpy)


def _ranked(rng: np.random.Generator) -> samples.Samples:
    for shape, k in (((5,), 2), ((2, 4), 3), ((3,), 0), ((0, 2), 1), ((2, 3), 3)):
        yield (rng.permutation(int(np.prod(shape))).reshape(shape) / 7.0,), {"k": k}


@op(infer=_top_k_spec, samples=_ranked, kinds="fiu", portable=False)
def top_k_(xp, input, *, k=1, sorted=True, index_type=int32):
    """The k largest elements along the last axis, largest first, and where they stand.

    Shape: (…, n) → (…, k), (…, k).
    """
    indices = _order(xp, input, -1, True)[..., :k]
    return xp.take_along_axis(input, indices, axis=-1), indices.astype(as_dtype(index_type).numpy)


@top_k_.gradient
def top_k_gradient(xp, g, out, input, *, k=1, sorted=True, index_type=int32):
    return put_along_axis.on(xp, g[0], out[1], axis=-1, size=input.shape[-1])


def top_k(
    input: Any, k: int = 1, sorted: bool = True, index_type: Any = int32, name: str | None = None
) -> TopK:
    """The k largest elements along the last axis, largest first, and where they stand.

    Shape: (…, n) → values (…, k), indices (…, k). `sorted` has no effect: the result always is.

    Example:
        >>> import minitensor as mt
        >>> values, indices = mt.math.top_k([1.0, 5.0, 3.0], k=2)
        >>> values.numpy().tolist(), indices.numpy().tolist()
        ([5.0, 3.0], [1, 2])
    """
    return TopK(*top_k_(input, k=k, sorted=sorted, index_type=index_type, name=name))


def _searchsorted_spec(
    sorted_sequence: Spec, values: Spec, *, side: str = "left", out_type: Any = int32
) -> Spec:  # fmt: skip
    if side not in ("left", "right"):
        raise Fault(f"side is {side!r}", "side must be 'right' or 'left'",
                    suggest(side, ("left", "right")))  # fmt: skip
    a, b = sorted_sequence.shape, values.shape
    if len(a) != len(b) or any(
        None not in (x, y) and x != y for x, y in zip(a[:-1], b[:-1], strict=True)
    ):
        raise Fault(f"the sequences have shape {a} and the values {b}",
                    "all axes but the last must agree: each sequence has its own values",
                    "reshape, or broadcast the sequences")  # fmt: skip
    return Spec(b, as_dtype(out_type).numpy)


@op(infer=_searchsorted_spec, types="TT", kinds="fiu", portable=False, why_none=_PLACE,
    samples=samples.cases((([1.0, 3.0, 3.0, 5.0], [0.0, 3.0, 9.0]), {}),
                          (([1.0, 3.0, 3.0, 5.0], [0.0, 3.0, 9.0]), {"side": "right"}),
                          (([[1, 2], [3, 4]], [[2], [0]]), {"out_type": "int64"}),
                          ((np.zeros(0), (2,)), {})))  # fmt: skip
def searchsorted(xp, sorted_sequence, values, *, side="left", out_type=int32):
    """Where each value would have to be inserted to keep its sequence sorted.

    Shape: (…, n), (…, m) → (…, m). side="left": before equal elements, "right": after them.

    Example:
        >>> import minitensor as mt
        >>> mt.searchsorted([1, 3, 5], [0, 3, 9]).numpy().tolist()
        [0, 1, 3]
    """
    dtype = as_dtype(out_type).numpy
    if sorted_sequence.ndim == 1:
        return xp.searchsorted(sorted_sequence, values, side=side).astype(dtype)
    lines = sorted_sequence.reshape((-1, sorted_sequence.shape[-1]))
    queries = values.reshape((len(lines), values.shape[-1]))
    pairs = zip(lines, queries, strict=True)
    found = [xp.searchsorted(line, query, side=side).astype(dtype) for line, query in pairs]
    return xp.stack(found).reshape(values.shape) if found else xp.zeros(values.shape, dtype=dtype)


class Unique(NamedTuple):
    """The different elements, and which of them each element is."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """The different elements, which of them each element is, and how often each occurs."""

    y: Any
    idx: Any
    count: Any


def _unique_spec(x: Spec, *, out_idx: Any = int32) -> tuple[Spec, Spec, Spec]:
    if len(x.shape) != 1:
        raise Fault(f"x has {len(x.shape)} axes", "unique expects a 1D vector",
                    "mt.reshape(x, [-1])")  # fmt: skip
    dtype = as_dtype(out_idx).numpy
    return Spec((None,), x.dtype), Spec(x.shape, dtype), Spec((None,), dtype)


@op(infer=_unique_spec, types="A", portable=False,
    samples=samples.cases((([3, 1, 3, 2, 1],), {}), ((np.zeros(0),), {}),
                          (([2.5, 0.5, 2.5],), {"out_idx": "int64"})),
    why_none="the smallest change of one element makes a new different one")  # fmt: skip
def unique_with_counts_(xp, x, *, out_idx=int32):
    """The different elements in order of appearance, which each element is, how often each occurs.

    Shape: (n,) → (m,), (n,), (m,).
    """
    y, first, which, count = xp.unique(
        x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    order = xp.argsort(first)
    dtype = as_dtype(out_idx).numpy
    return y[order], xp.argsort(order)[which].astype(dtype), count[order].astype(dtype)


def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Unique:
    """The different elements of a vector in order of appearance, and which of them each one is.

    Shape: (n,) → y (m,), idx (n,), with x = y[idx].

    Example:
        >>> import minitensor as mt
        >>> y, idx = mt.unique([5, 1, 5])
        >>> y.numpy().tolist(), idx.numpy().tolist()
        ([5, 1], [0, 1, 0])
    """
    y, idx, _ = unique_with_counts_(x, out_idx=out_idx, name=name)
    return Unique(y, idx)


def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> UniqueWithCounts:
    """The different elements in order of appearance, which each one is, and how often each occurs.

    Shape: (n,) → y (m,), idx (n,), count (m,).
    """
    return UniqueWithCounts(*unique_with_counts_(x, out_idx=out_idx, name=name))

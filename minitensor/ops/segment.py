"""Reductions over groups of rows: the rows of one group have the same segment id.

The sorted functions (`segment_sum`, …) take ids that never fall and make as many groups as the
last one says; the unsorted ones take ids in any order and the number of groups. Rows with a
negative id belong to no group there.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, kind_of, name_of
from minitensor.errors import DTypeError, Fault
from minitensor.op import convert, op
from minitensor.ops.scan import linear_recurrence
from minitensor.ops.scattering import add_rows
from minitensor.shapes import Spec

__all__ = [
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_reduce",
    "segment_sum",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sum",
]


def _segment_spec(
    data: Spec, segment_ids: Spec, *, how: str, num_segments: int | None = None
) -> Spec:  # fmt: skip
    ids, shape = segment_ids.shape, data.shape
    if how in ("max", "min") and data.dtype.kind == "c":
        raise Fault(f"the data has dtype {name_of(data.dtype)}", "complex numbers have no order",
                    "take the real part, or mt.abs, first", DTypeError)  # fmt: skip
    if num_segments is None and len(ids) != 1:
        raise Fault(f"segment_ids has {len(ids)} axes", "segment_ids should be a vector",
                    "use the unsorted function for ids with more axes")  # fmt: skip
    if num_segments is not None and num_segments < 0:
        raise Fault(f"num_segments is {num_segments}", "num_segments should be non-negative",
                    "pass the number of groups")  # fmt: skip
    if len(ids) > len(shape) or any(
        None not in (a, b) and a != b for a, b in zip(ids, shape, strict=False)
    ):
        raise Fault(f"segment_ids has shape {tuple(ids)} and the data {tuple(shape)}",
                    "segment_ids should be the same size as dimension 0 of the input: one id per "
                    "row", "make one id for each row")  # fmt: skip
    return Spec((num_segments, *shape[len(ids) :]), data.dtype)


def _check_ids(xp: Any, ids: Any, num_segments: int | None) -> int:
    """How many groups there are; the ids must be sorted, or below that number."""
    if num_segments is not None:
        if prod(ids.shape) and xp.max(ids) >= num_segments:
            place = tuple(int(i[0]) for i in xp.nonzero(ids >= num_segments))
            raise Fault(f"segment_ids{list(place)} = {int(ids[place])} is out of range "
                        f"[0, {num_segments})", "an id is below num_segments; negative ones are "
                        "left out", "raise num_segments")  # fmt: skip
        return num_segments
    if not prod(ids.shape):
        return 0
    if xp.any(ids[1:] < ids[:-1]):
        raise Fault("segment ids are not increasing", "the ids of a sorted segment reduction "
                    "never fall", "sort the rows, or use the unsorted function")  # fmt: skip
    if ids[0] < 0:
        raise Fault(f"segment id {int(ids[0])} is negative", "segment ids count from 0",
                    "use the unsorted function to leave rows out")  # fmt: skip
    return int(ids[-1]) + 1


def _identity(how: str, dtype: Any, of_sorted: bool) -> Any:
    """What a group without rows holds."""
    if how in ("sum", "prod") or of_sorted:
        return 1 if how == "prod" else 0
    lowest = how == "max"
    limits = as_dtype(dtype)
    return limits.min if lowest else limits.max


def _segments(rng: np.random.Generator) -> samples.Samples:
    for how in ("sum", "max", "min", "prod"):
        data = rng.permutation(10).reshape(5, 2) / 4.0 - 1
        yield (data, np.array([0, 0, 1, 3, 3])), {"how": how}
        yield (data, np.array([2, 0, -1, 1, 0])), {"how": how, "num_segments": 3}
        yield (data, np.array([[1, 0]] * 5)), {"how": how, "num_segments": 2}
    yield (np.zeros((0, 2)), np.zeros(0, int)), {"how": "sum", "num_segments": 2}
    yield (np.array([0.0, 2.0, 0.0, 0.0, 3.0]), np.array([0, 0, 0, 1, 1])), {"how": "prod"}


# portable=False: the standard cannot combine at repeated places.
@op(infer=_segment_spec, types="TI", kinds="fciu", portable=False, samples=_segments)
def segment_reduce(xp, data, segment_ids, *, how, num_segments=None):
    """The rows of each group as one: their sum, prod, max or min.

    Shape: ids.shape + (…), ids → (groups, …). Without `num_segments` the ids must be sorted. At a
    tie of max or min the gradient is split evenly; that of prod is right with zeros.

    Raises:
        InvalidArgumentError: for unsorted ids, or an id that is not below num_segments.
    """
    groups = _check_ids(xp, segment_ids, num_segments)
    ids, row = segment_ids.reshape(-1), tuple(data.shape[segment_ids.ndim :])
    rows = data.reshape((prod(ids.shape), *row))
    if num_segments is not None:
        kept = ids >= 0
        ids, rows = ids[kept], rows[kept]
    if how == "sum":
        return add_rows(xp, groups, ids, rows)
    return _combined(xp, how, rows, ids, groups, num_segments is None)


def _combined(xp: Any, how: str, rows: Any, ids: Any, groups: int, of_sorted: bool) -> Any:
    """Sort the rows by group, then reduce each run of equal ids."""
    out = np.full((groups, *rows.shape[1:]), _identity(how, rows.dtype, of_sorted), rows.dtype)
    ufunc = {"max": np.maximum, "min": np.minimum, "prod": np.multiply}[how]
    if xp is not np:  # cupy reduces no runs
        ids, rows = ids.get(), rows.get()
    if len(ids):
        order = np.argsort(ids, kind="stable")
        ids, rows = ids[order], rows[order]
        starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
        out[ids[starts]] = ufunc.reduceat(rows, starts, axis=0)
    return out if xp is np else xp.asarray(out)


@segment_reduce.gradient
def segment_reduce_gradient(xp, g, out, data, segment_ids, *, how, num_segments=None):
    rank, ids_rank = len(data.shape), len(segment_ids.shape)
    inside = xp.astype(segment_ids >= 0, g.dtype)
    inside = xp.reshape(inside, tuple(segment_ids.shape) + (1,) * (rank - ids_rank))
    ids = xp.maximum(segment_ids, xp.zeros_like(segment_ids))

    def of_group(x: Any) -> Any:
        return xp.take(x, ids, axis=0) * inside if g.shape[0] else xp.zeros_like(data)

    def to_data() -> Any:
        if how == "sum":
            return of_group(g)
        if how == "prod":
            rows = xp.reshape(data, (prod(segment_ids.shape), *data.shape[ids_rank:]))
            others = product_of_others(xp, rows, xp.reshape(segment_ids, (-1,)))
            return of_group(g) * xp.reshape(others, data.shape)
        chosen = xp.astype(data == of_group(out), g.dtype) * inside
        count = segment_reduce.on(xp, chosen, segment_ids, how="sum", num_segments=g.shape[0])
        return of_group(g / xp.maximum(count, xp.ones_like(count))) * chosen

    return to_data, None


def product_of_others(xp: Any, rows: Any, ids: Any) -> Any:
    """For each row the product of all others with the same id, computed without dividing.

    Shape: (n, …), (n,) → (n, …). The rows are sorted by id; what comes before and after a row in
    its group are recurrences that start anew where a group does.
    """
    if not rows.shape[0]:
        return rows
    from minitensor.ops.ordering import argsort

    order = argsort.on(xp, ids, axis=0)
    sorted_ids, sorted_rows = xp.take(ids, order, axis=0), xp.take(rows, order, axis=0)
    first = xp.astype(xp.asarray([True]), rows.dtype)
    starts = xp.astype(sorted_ids[1:] != sorted_ids[:-1], rows.dtype)
    wide = (rows.shape[0],) + (1,) * (len(rows.shape) - 1)
    opening = xp.broadcast_to(xp.reshape(xp.concat([first, starts], axis=0), wide), rows.shape)
    closing = xp.broadcast_to(xp.reshape(xp.concat([starts, first], axis=0), wide), rows.shape)
    edge = xp.zeros_like(sorted_rows[:1])
    previous = xp.concat([edge, sorted_rows[:-1]], axis=0) * (1 - opening)
    following = xp.concat([sorted_rows[1:], edge], axis=0) * (1 - closing)
    before = linear_recurrence.on(xp, previous, opening, axis=0)
    after = linear_recurrence.on(xp, following, closing, axis=0, reverse=True)
    return xp.take(before * after, argsort.on(xp, order, axis=0), axis=0)


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The sum of the rows of each group; the ids are sorted.

    Shape: (n, …), (n,) → (last id + 1, …). A group without rows is 0.

    Example:
        >>> import minitensor as mt
        >>> mt.math.segment_sum([1, 2, 3, 4], [0, 0, 2, 2]).numpy().tolist()
        [3, 0, 7]
    """
    return segment_reduce(data, segment_ids, how="sum", name=name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The mean of the rows of each group; the ids are sorted.

    Shape: (n, …), (n,) → (last id + 1, …). A group without rows is 0.
    """
    return _mean(data, segment_ids, None, name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The largest of the rows of each group, column by column; the ids are sorted.

    Shape: (n, …), (n,) → (last id + 1, …). A group without rows is 0.
    """
    return segment_reduce(data, segment_ids, how="max", name=name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The smallest of the rows of each group, column by column; the ids are sorted.

    Shape: (n, …), (n,) → (last id + 1, …). A group without rows is 0.
    """
    return segment_reduce(data, segment_ids, how="min", name=name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The product of the rows of each group; the ids are sorted.

    Shape: (n, …), (n,) → (last id + 1, …). A group without rows is 1.
    """
    return segment_reduce(data, segment_ids, how="prod", name=name)


def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: int, name: str | None = None
) -> Any:
    """The sum of the rows of each of `num_segments` groups; rows with a negative id are left out.

    Shape: ids.shape + (…), ids → (num_segments, …). A group without rows is 0.
    """
    return segment_reduce(data, segment_ids, how="sum", num_segments=num_segments, name=name)


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: int, name: str | None = None
) -> Any:
    """The mean of the rows of each of `num_segments` groups; rows with a negative id are left out.

    Shape: ids.shape + (…), ids → (num_segments, …). A group without rows is 0.
    """
    return _mean(data, segment_ids, num_segments, name)


def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: int, name: str | None = None
) -> Any:
    """The largest of the rows of each of `num_segments` groups; negative ids are left out.

    Shape: ids.shape + (…), ids → (num_segments, …). A group without rows is the least number.
    """
    return segment_reduce(data, segment_ids, how="max", num_segments=num_segments, name=name)


def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: int, name: str | None = None
) -> Any:
    """The smallest of the rows of each of `num_segments` groups; negative ids are left out.

    Shape: ids.shape + (…), ids → (num_segments, …). A group without rows is the largest number.
    """
    return segment_reduce(data, segment_ids, how="min", num_segments=num_segments, name=name)


def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: int, name: str | None = None
) -> Any:
    """The product of the rows of each of `num_segments` groups; negative ids are left out.

    Shape: ids.shape + (…), ids → (num_segments, …). A group without rows is 1.
    """
    return segment_reduce(data, segment_ids, how="prod", num_segments=num_segments, name=name)


def _mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None) -> Any:
    """Sum divided by count; whole numbers are divided as whole numbers."""
    from minitensor.ops.arithmetic import divide, floordiv, maximum
    from minitensor.ops.array import expand_dims
    from minitensor.ops.creation import ones_like

    data, ids = convert(data), convert(segment_ids)
    total = segment_reduce(data, ids, how="sum", num_segments=num_segments)
    count = segment_reduce(ones_like(ids, dtype=data.dtype), ids, how="sum",
                           num_segments=num_segments)  # fmt: skip
    for _ in range(len(total.shape) - 1):
        count = expand_dims(count, axis=-1)
    share = floordiv if kind_of(data.dtype) in "iu" else divide
    return share(total, maximum(count, ones_like(count)), name=name)

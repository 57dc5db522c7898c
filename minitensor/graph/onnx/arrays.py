"""ONNX operators for ops that move elements: shapes, slices, gathering, joining, sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.graph.onnx.exporter import Exporter, Mappings, Part
from minitensor.ops.indexing import strided_index

__all__ = ["MAPPINGS"]

MAPPINGS = Mappings()
LAST = np.iinfo(np.int64).max


# Shapes.


@MAPPINGS.of()
def shape(e: Exporter, x: Any, out_type: Any = "int32") -> str:
    return e.cast(e.add("Shape", x), as_dtype(out_type).name)


@MAPPINGS.of()
def size(e: Exporter, x: Any, out_type: Any = "int32") -> str:
    return e.cast(e.add("Size", x), as_dtype(out_type).name)


@MAPPINGS.of()
def rank(e: Exporter, x: Any) -> str:
    return e.cast(e.add("Size", e.add("Shape", x)), "int32")


@MAPPINGS.of()
def reshape(e: Exporter, x: Any, shape: Any) -> str:
    return e.add("Reshape", x, e.vector(shape), allowzero=1)


@MAPPINGS.of()
def expand_dims(e: Exporter, x: Any, axis: Any) -> str:
    return e.add("Unsqueeze", x, e.vector(axis))


@MAPPINGS.of()
def squeeze(e: Exporter, x: Any, axis: Any = None) -> str:
    return e.add("Squeeze", x, None if axis in (None, ()) else e.vector(axis))


@MAPPINGS.of()
def transpose(e: Exporter, x: Any, perm: Any = None) -> str:
    return e.add("Transpose", x, perm=None if perm is None else list(perm))


@MAPPINGS.of()
def matrix_transpose(e: Exporter, x: Any, conjugate: bool = False) -> str:
    return turned(e, x, x.shape.rank)


def turned(e: Exporter, x: Any, rank: int) -> str:
    """The last two axes exchanged."""
    return e.add("Transpose", x, perm=[*range(rank - 2), rank - 1, rank - 2])


@MAPPINGS.of()
def broadcast_to(e: Exporter, x: Any, shape: Any) -> str:
    return e.add("Expand", x, e.vector(shape))


@MAPPINGS.of()
def tile(e: Exporter, x: Any, multiples: Any) -> str:
    return e.add("Tile", x, e.vector(multiples))


@MAPPINGS.of()
def fill(e: Exporter, value: Any, dims: Any) -> str:
    return e.add("Expand", value, e.vector(dims))


@MAPPINGS.of("ones", "zeros")
def all_same(e: Exporter, shape: Any, dtype: Any = "float32") -> str:
    number = np.array(e.node.op.name == "ones", as_dtype(dtype).numpy)
    return e.add("Expand", number, e.vector(shape))


@MAPPINGS.of("ones_like", "zeros_like")
def all_same_like(e: Exporter, x: Any, dtype: Any = None) -> str:
    dtype = x.dtype if dtype is None else as_dtype(dtype)
    number = np.array(e.node.op.name == "ones_like", dtype.numpy)
    return e.add("Expand", number, e.shape(x))


@MAPPINGS.of("range")
def range_(e: Exporter, start: Any, limit: Any, delta: Any) -> str:
    return e.add("Range", start, limit, delta)


@MAPPINGS.of()
def eye(
    e: Exporter, num_rows: int, num_columns: Any = None, batch_shape: Any = None,
    dtype: Any = "float32",
) -> str:  # fmt: skip
    found = np.eye(num_rows, num_columns, dtype=as_dtype(dtype).numpy)
    return e.constant(np.broadcast_to(found, (*(batch_shape or ()), *found.shape)).copy())


# Joining and taking apart.


@MAPPINGS.of()
def concat(e: Exporter, *values: Any, axis: int) -> str:
    return e.add("Concat", *values, axis=axis)


@MAPPINGS.of()
def stack(e: Exporter, *values: Any, axis: int = 0) -> str:
    where = np.array([axis], np.int64)
    return e.add("Concat", *[e.add("Unsqueeze", x, where) for x in values], axis=axis)


@MAPPINGS.of()
def split(e: Exporter, x: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    count = len(e.node.outputs)
    if isinstance(num_or_size_splits, int):
        return _pieces(e.add("Split", x, outputs=count, axis=axis, num_outputs=count))
    sizes = list(num_or_size_splits)
    if -1 in sizes:
        sizes = [out.shape[axis] for out in e.node.outputs]
    if None in sizes:
        raise e.refusal("one of its sizes is open", "give all sizes as numbers")
    return _pieces(e.add("Split", x, np.array(sizes, np.int64), outputs=count, axis=axis))


def _pieces(found: Any) -> list:
    return [found] if isinstance(found, str) else found


@MAPPINGS.of()
def unstack(e: Exporter, x: Any, num: Any = None, axis: int = 0) -> Any:
    count = len(e.node.outputs)
    where = np.array([axis], np.int64)
    rows = _pieces(e.add("Split", x, outputs=count, axis=axis, num_outputs=count))
    return [e.add("Squeeze", row, where) for row in rows]


@MAPPINGS.of()
def pad(
    e: Exporter, x: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0
) -> str:
    word = {"CONSTANT": "constant", "REFLECT": "reflect"}.get(str(mode).upper())
    if word is None:
        raise e.refusal(f"ONNX does not pad by mode={mode!r}", "use 'REFLECT' or 'CONSTANT'")
    if not paddings:
        return e.add("Identity", x)
    before, after = zip(*paddings, strict=True)
    fill = e.like(x, constant_values) if word == "constant" else None
    return e.add("Pad", x, e.vector([*before, *after]), fill, mode=word)


@MAPPINGS.of()
def reverse(e: Exporter, x: Any, axis: Any) -> str:
    axes = [axis] if isinstance(axis, int) else list(axis)
    return _sliced(e, x, [(a, -1, -LAST, -1) for a in axes])


@MAPPINGS.of()
def roll(e: Exporter, x: Any, shift: Any, axis: Any) -> str:
    shifts, axes = ([v] if isinstance(v, int) else list(v) for v in (shift, axis))
    found = x
    for by, a in zip(shifts, axes, strict=True):
        count = x.shape[a]
        if count is None:
            raise e.refusal("the size of its axis is open", "trace it for a fixed size")
        cut = (-by) % max(count, 1)
        parts = [_sliced(e, found, [(a, cut, LAST, 1)]), _sliced(e, found, [(a, 0, cut, 1)])]
        found = e.add("Concat", *parts, axis=a)
    return found


# Slices and indices.


def _sliced(e: Exporter, x: Any, cuts: list[tuple]) -> Any:
    """Slices (axis, start, end, step) of a value."""
    if not cuts:
        return e.add("Identity", x)
    axes, starts, ends, steps = zip(*cuts, strict=True)
    return e.add("Slice", x, e.vector(starts), e.vector(ends), e.vector(axes), e.vector(steps))


@MAPPINGS.of()
def getitem(e: Exporter, x: Any, index: Any) -> str:
    return indexed(e, x, index)


@MAPPINGS.of()
def strided_slice(
    e: Exporter, x: Any, begin: Any, end: Any, strides: Any = None, **masks: Any
) -> str:
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    numbers = tuple(masks.get(name, 0) for name in names)
    return indexed(e, x, strided_index(begin, end, strides, numbers))


def indexed(e: Exporter, x: Any, index: Any) -> str:
    """Basic indexing: slices, then single places, then new axes."""
    entries = list(index) if isinstance(index, tuple) else [index]
    taken = sum(1 for v in entries if v is not None and v is not Ellipsis)
    if Ellipsis not in entries:
        entries.append(Ellipsis)
    if x.shape.rank is None:
        raise e.refusal("the rank of its input is open", "trace it for a known number of axes")
    place = next(i for i, v in enumerate(entries) if v is Ellipsis)
    entries[place : place + 1] = [slice(None)] * (x.shape.rank - taken)
    cuts, gone, new, axis, out = [], [], [], 0, 0
    for v in entries:
        if v is None:
            new.append(out)
            out += 1
            continue
        if isinstance(v, slice):
            cuts += _cut(v, axis)
            out += 1
        else:
            cuts.append(_single(e, v, axis))
            gone.append(axis)
        axis += 1
    found = _sliced(e, x, cuts)
    if gone:
        found = e.add("Squeeze", found, np.array(gone, np.int64))
    if new:
        found = e.add("Unsqueeze", found, np.array(new, np.int64))
    return found


def _cut(v: slice, axis: int) -> list[tuple]:
    step = 1 if v.step is None else v.step
    if isinstance(step, Part) or (v.start is None and v.stop is None and step == 1):
        return [(axis, 0, LAST, step)] if isinstance(step, Part) else []
    start = (0 if step > 0 else LAST) if v.start is None else v.start
    stop = (LAST if step > 0 else -LAST) if v.stop is None else v.stop
    return [(axis, start, stop, step)]


def _single(e: Exporter, v: Any, axis: int) -> tuple:
    if isinstance(v, Part):
        start = e.cast(v.name, "int64")
        after = e.add("Add", start, np.array(1, np.int64))
        zero = e.add("Equal", after, np.array(0, np.int64))
        return axis, v, Part(e.add("Where", zero, np.array(LAST, np.int64), after)), 1
    return axis, int(v), LAST if v == -1 else int(v) + 1, 1


@MAPPINGS.of("slice")
def slice_(e: Exporter, x: Any, begin: Any, size: Any) -> str:
    if isinstance(begin, Part) or isinstance(size, Part):
        raise e.refusal("where it begins is only known when it runs", "use x[a:b] instead")
    cuts = []
    for axis, (start, count) in enumerate(zip(begin, size, strict=True)):
        if isinstance(start, Part) or isinstance(count, Part):
            raise e.refusal("where it begins is only known when it runs", "use x[a:b] instead")
        cuts.append((axis, start, LAST if count == -1 else start + count, 1))
    return _sliced(e, x, cuts)


@MAPPINGS.of()
def gather(
    e: Exporter, params: Any, indices: Any, validate_indices: Any = None, axis: Any = None,
    batch_dims: int = 0,
) -> str:  # fmt: skip
    if batch_dims:
        if axis not in (None, batch_dims) or batch_dims < 0:
            raise e.refusal("ONNX gathers in batches only along the next axis", "transpose first")
        last = np.array([-1], np.int64)
        return e.add("GatherND", params, e.add("Unsqueeze", e.cast(indices, "int64"), last),
                     batch_dims=batch_dims)  # fmt: skip
    return e.add("Gather", params, indices, axis=int(axis or 0))


@MAPPINGS.of()
def gather_nd(e: Exporter, params: Any, indices: Any, batch_dims: int = 0) -> str:
    return e.add("GatherND", params, e.cast(indices, "int64"), batch_dims=batch_dims)


@MAPPINGS.of()
def take_along_axis(e: Exporter, params: Any, indices: Any, axis: int) -> str:
    return e.add("GatherElements", params, indices, axis=axis)


@MAPPINGS.of()
def boolean_mask(e: Exporter, tensor: Any, mask: Any, axis: Any = None) -> str:
    if mask.shape.rank == 1:
        return e.add("Compress", tensor, mask, axis=int(axis or 0))
    if axis:
        raise e.refusal("ONNX masks several axes only from the first on", "transpose first")
    where = e.add("Transpose", e.add("NonZero", mask), perm=[1, 0])
    return e.add("GatherND", tensor, where)


@MAPPINGS.of()
def indices_where(e: Exporter, condition: Any) -> str:
    if not condition.shape.rank:
        raise e.refusal("ONNX finds no indices in a scalar", "use mt.where with three arguments")
    return e.add("Transpose", e.add("NonZero", condition), perm=[1, 0])


@MAPPINGS.of()
def one_hot(
    e: Exporter, indices: Any, depth: int, on_value: Any = 1, off_value: Any = 0, axis: Any = None,
    dtype: Any = "float32",
) -> str:  # fmt: skip
    values = np.array([off_value, on_value], as_dtype(dtype).numpy)
    where, given = -1 if axis is None else axis, _not_negative(e, indices, depth)
    if indices.shape.rank == 0:
        given = e.add("Unsqueeze", given, np.array([0]))
        found = e.add("OneHot", given, e.vector(depth), values, axis=-1)
        return e.add("Squeeze", found, np.array([0]))
    return e.add("OneHot", given, e.vector(depth), values, axis=where)


def _not_negative(e: Exporter, indices: Any, depth: int) -> str:
    """Negative numbers have no place here; ONNX would count them from the end."""
    given = e.cast(indices, "int64")
    below = e.add("Less", given, np.array(0, np.int64))
    return e.add("Where", below, np.array(depth, np.int64), given)


@MAPPINGS.of()
def scatter_nd(e: Exporter, indices: Any, updates: Any, shape: Any) -> str:
    empty = e.add("Expand", e.like(updates, 0), e.vector(shape))
    return e.add("ScatterND", empty, e.cast(indices, "int64"), updates, reduction="add")


@MAPPINGS.of()
def tensor_scatter_nd(e: Exporter, tensor: Any, indices: Any, updates: Any, how: str) -> str:
    words = {"add": "add", "update": "none", "max": "max", "min": "min", "sub": "add"}
    if how not in words:
        raise e.refusal(f"ONNX does not scatter by {how!r}", f"use one of {sorted(words)}")
    updates = e.add("Neg", updates) if how == "sub" else updates
    where = e.cast(indices, "int64")
    return e.add("ScatterND", tensor, where, updates, reduction=words[how])


# Order.


@MAPPINGS.of()
def top_k(e: Exporter, x: Any, k: int = 1, sorted: bool = True, index_type: Any = "int32") -> Any:
    values, places = e.add("TopK", x, e.vector(k), outputs=2, sorted=int(sorted))
    return values, e.cast(places, as_dtype(index_type).name)


@MAPPINGS.of("sort", "argsort")
def sort(
    e: Exporter, x: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False
) -> str:
    count = e.add("Gather", e.shape(x), np.array([axis], np.int64))
    falling = int(str(direction).upper() == "DESCENDING")
    values, places = e.add("TopK", x, count, outputs=2, axis=axis, largest=falling)
    return values if e.node.op.name == "sort" else e.cast(places, "int32")


@MAPPINGS.of()
def unique_with_counts(e: Exporter, x: Any, out_idx: Any = "int32") -> Any:
    dtype = as_dtype(out_idx).name
    values, _, places, counts = e.add("Unique", x, outputs=4, sorted=0)
    return values, e.cast(places, dtype), e.cast(counts, dtype)

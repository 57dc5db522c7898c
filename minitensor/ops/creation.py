"""New tensors, made from sizes, from numbers, or in the likeness of another."""

from __future__ import annotations

import builtins
from math import ceil
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype
from minitensor.errors import DTypeError, Fault, InvalidArgumentError, message, suggest
from minitensor.op import convert, op
from minitensor.shapes import UNKNOWN_SIZE, Spec, axis_of, broadcast_shapes

__all__ = [
    "eye",
    "fill",
    "fill_",
    "linspace",
    "meshgrid",
    "one_hot",
    "one_hot_",
    "ones",
    "ones_like",
    "range",
    "range_",
    "sequence_mask",
    "zeros",
    "zeros_like",
]

_FLOAT32 = as_dtype("float32")
_CONSTANT = "a constant depends on nothing"


def _sizes(shape: Any) -> tuple[int, ...]:
    """A shape argument (a size, or several) as a tuple."""
    shape = tuple(shape) if np.ndim(shape) else (shape,)
    if None in shape:
        raise Fault(f"the shape {shape} has the size None", *UNKNOWN_SIZE)
    if any(d < 0 for d in shape):
        raise Fault(f"the shape {shape} has a negative size", "sizes are 0 or more",
                    "write the sizes out; -1 means something only to mt.reshape")  # fmt: skip
    return shape


def _constant_spec(*, shape: Any, dtype: Any = _FLOAT32) -> Spec:
    return Spec(_sizes(shape), as_dtype(dtype).numpy)


def _full(xp: Any, shape: Any, dtype: Any, value: int) -> Any:
    dtype = as_dtype(dtype).numpy
    if dtype.kind == "O":
        return np.full(_sizes(shape), b"" if value == 0 else str(value).encode(), dtype=object)
    return xp.full(_sizes(shape), value, dtype=dtype)


_SHAPES = samples.cases(((), {"shape": (2, 3)}), ((), {"shape": ()}), ((), {"shape": (0,)}),
                        ((), {"shape": 2, "dtype": "int32"}))  # fmt: skip


# portable=False here and below: the standard names dtypes by objects of its own.
@op(infer=_constant_spec, types="", samples=_SHAPES, portable=False, why_none=_CONSTANT)
def zeros(xp, *, shape, dtype=_FLOAT32):
    """A tensor of zeros.

    Shape: `shape`; of strings: empty ones.
    """
    return _full(xp, shape, dtype, 0)


@op(infer=_constant_spec, types="", samples=_SHAPES, portable=False, why_none=_CONSTANT)
def ones(xp, *, shape, dtype=_FLOAT32):
    """A tensor of ones.

    Shape: `shape`.
    """
    return _full(xp, shape, dtype, 1)


def _like_spec(input: Spec, *, dtype: Any = None) -> Spec:
    return Spec(input.shape, input.dtype if dtype is None else as_dtype(dtype).numpy)


@op(infer=_like_spec, samples=samples.unary(), types="A", portable=False,
    why_none="zeros do not depend on x")  # fmt: skip
def zeros_like(xp, input, *, dtype=None):
    """Zeros with the shape and dtype of another tensor.

    Shape: any → same.
    """
    return _full(xp, input.shape, input.dtype if dtype is None else dtype, 0)


@op(infer=_like_spec, samples=samples.unary(), types="A", portable=False,
    why_none="ones do not depend on x")  # fmt: skip
def ones_like(xp, input, *, dtype=None):
    """Ones with the shape and dtype of another tensor.

    Shape: any → same.
    """
    return _full(xp, input.shape, input.dtype if dtype is None else dtype, 1)


def _fill_spec(value: Spec, *, dims: Any) -> Spec:
    if value.shape:
        raise Fault(f"the value has shape {value.shape}", "one number fills the tensor",
                    "use mt.broadcast_to for more")  # fmt: skip
    return Spec(_sizes(dims), value.dtype)


_DIMS = samples.cases((((),), {"dims": (2, 3)}), (((),), {"dims": ()}), (((),), {"dims": (0,)}))


@op(infer=_fill_spec, types="A", samples=_DIMS)
def fill_(xp, value, *, dims):
    """One value everywhere.

    Shape: () → dims.
    """
    return xp.broadcast_to(value, _sizes(dims))


@fill_.gradient
def fill_gradient(xp, g, out, value, *, dims):
    return g


def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """A tensor of shape `dims` with one value everywhere.

    Shape: () → dims, with the dtype of the value.

    Example:
        >>> import minitensor as mt
        >>> mt.fill([2, 2], 9).numpy().tolist()
        [[9, 9], [9, 9]]
    """
    return fill_(value, dims=dims, name=name)


def _eye_spec(
    *, num_rows: int, num_columns: int | None = None, batch_shape: Any = None,
    dtype: Any = _FLOAT32,
) -> Spec:  # fmt: skip
    columns = num_rows if num_columns is None else num_columns
    return Spec(_sizes((*(batch_shape or ()), num_rows, columns)), as_dtype(dtype).numpy)


@op(infer=_eye_spec, types="", portable=False, why_none=_CONSTANT,
    samples=samples.cases(((), {"num_rows": 3}), ((), {"num_rows": 0}),
                          ((),
                           {"num_rows": 2, "num_columns": 3, "batch_shape": (2,)})))  # fmt: skip
def eye(xp, *, num_rows, num_columns=None, batch_shape=None, dtype=_FLOAT32):
    """The identity matrix, or a batch of them: ones on the diagonal, zeros elsewhere.

    Shape: batch_shape + (num_rows, num_columns); square by default.

    Example:
        >>> import minitensor as mt
        >>> mt.eye(2).numpy().tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    matrix = xp.eye(num_rows, num_columns, dtype=as_dtype(dtype).numpy)
    return xp.broadcast_to(matrix, (*(batch_shape or ()), *matrix.shape))


def _range_spec(start: Spec, limit: Spec, delta: Spec) -> Spec:
    for name, spec in (("start", start), ("limit", limit), ("delta", delta)):
        if spec.shape:
            raise Fault(f"{name} has shape {tuple(spec.shape)}",
                        "a range is given by single numbers",
                        "pass scalars")  # fmt: skip
    return Spec((None,), start.dtype)


@op(infer=_range_spec, types="TTT", kinds="fiu", portable=False,
    samples=samples.cases((np.array([0, 5, 2]), {}), (np.array([3, -3, -2]), {}),
                          (np.array([0, 0, 1]), {})),
    why_none="how many numbers there are is a whole number")  # fmt: skip
def range_(xp, start, limit, delta):
    """The numbers start, start + delta, … up to but without limit.

    Shape: (), (), () → (n,).

    Raises:
        InvalidArgumentError: when delta is 0 or leads away from the limit.
    """
    first, last, step = (x.item() for x in (start, limit, delta))
    if any(x != x for x in (first, last, step)):
        raise Fault("start, limit or delta is NaN", "a range is given by numbers", "check them")
    if step == 0:
        raise Fault("delta is 0", "requires delta != 0", "use 1, or -1 to count down")
    if (last - first) * step < 0:
        raise Fault(f"start is {first}, limit {last} and delta {step}",
                    "requires start <= limit when delta > 0, start >= limit when delta < 0",
                    "turn the sign of delta, or exchange start and limit")  # fmt: skip
    if start.dtype.kind in "iu":
        return xp.arange(first, last, step, dtype=start.dtype)
    return (first + xp.arange(ceil((last - first) / step)) * step).astype(start.dtype)


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None
) -> Any:
    """The numbers start, start + delta, … up to but without limit; `range(n)` starts at 0.

    Shape: (n,). The dtype is `dtype`, or the widest of the arguments'.

    Raises:
        InvalidArgumentError: when delta is 0 or leads away from the limit.

    Example:
        >>> import minitensor as mt
        >>> mt.range(3, 18, 3).numpy().tolist()
        [3, 6, 9, 12, 15]
    """
    from minitensor.ops.array import cast

    if limit is None:
        start, limit = 0, start
    order = ["int32", "int64", "float32", "float64"]
    numbers = [convert(x) for x in (start, limit, delta)]
    names = [as_dtype(x.dtype).name for x in numbers]
    if dtype is None:
        dtype = max(names, key=lambda n: order.index(n) if n in order else len(order))
    return range_(*(cast(x, dtype) for x in numbers), name=name)


def _linspace_spec(start: Spec, stop: Spec, *, num: int, axis: int = 0) -> Spec:
    if num < 0:
        raise Fault(f"num is {num}", "num counts numbers: it is 0 or more", "ask for more")
    shape = broadcast_shapes(start.shape, stop.shape)
    axis = axis_of(axis, len(shape) + 1)
    dtype = np.dtype(np.float64) if start.dtype.kind in "iu" else start.dtype
    return Spec((*shape[:axis], num, *shape[axis:]), dtype)


@op(infer=_linspace_spec, types="TT", kinds="fiu", portable=False,
    samples=samples.cases((((), ()), {"num": 5}), (((2,), (2,)), {"num": 3, "axis": -1}),
                          (((2, 1), (3,)), {"num": 4, "axis": 1}),
                          (((2,), ()), {"num": 1})))  # fmt: skip
def linspace(xp, start, stop, *, num, axis=0):
    """`num` evenly spaced numbers from start to stop, both included, along a new axis.

    Shape: broadcast of both, with an axis of size `num` inserted; float64 from integers.
    With num = 1 only start.

    Example:
        >>> import minitensor as mt
        >>> mt.linspace(0.0, 1.0, 5).numpy().tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    dtype = np.dtype(np.float64) if start.dtype.kind in "iu" else start.dtype
    return xp.linspace(start, stop, num, dtype=dtype, axis=axis)


@linspace.gradient
def linspace_gradient(xp, g, out, start, stop, *, num, axis=0):
    axis %= len(g.shape)
    weights = np.linspace(0.0, 1.0, num).reshape((num,) + (1,) * (len(g.shape) - 1 - axis))
    to_stop = xp.asarray(weights, dtype=g.dtype)
    return (
        lambda: xp.sum(g * (1 - to_stop), axis=axis),
        lambda: xp.sum(g * to_stop, axis=axis),
    )


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list:
    """Coordinates of all points of a grid: one tensor per axis.

    Shape: (n,), (m,) → [(m, n), (m, n)]; with indexing="ij" [(n, m), (n, m)].

    Example:
        >>> import minitensor as mt
        >>> [t.numpy().tolist() for t in mt.meshgrid([1, 2, 3], [4, 5])]
        [[[1, 2, 3], [1, 2, 3]], [[4, 4, 4], [5, 5, 5]]]
    """
    from minitensor.ops.array import broadcast_to, reshape
    from minitensor.ops.sizes import size

    if indexing not in ("xy", "ij"):
        raise InvalidArgumentError(
            message("meshgrid", f"{len(args)} tensors", f"indexing is {indexing!r}",
                    "`indexing` parameter must be either 'xy' or 'ij'",
                    suggest(indexing, ("xy", "ij")))
        )  # fmt: skip
    axes = list(builtins.range(len(args)))
    if indexing == "xy" and len(args) > 1:
        axes[0], axes[1] = 1, 0
    lines = [reshape(convert(x), shape=(-1,)) for x in args]
    sizes = [1] * len(args)
    for axis, line in zip(axes, lines, strict=True):
        sizes[axis] = size(line) if line.shape[0] is None else line.shape[0]
    grids = []
    for axis, line in zip(axes, lines, strict=True):
        along = [-1 if i == axis else 1 for i in builtins.range(len(args))]
        grids.append(broadcast_to(reshape(line, shape=tuple(along)), shape=tuple(sizes)))
    return grids


def _one_hot_spec(
    indices: Spec, *, depth: int, on_value: Any = 1, off_value: Any = 0, axis: int | None = None,
    dtype: Any = _FLOAT32,
) -> Spec:  # fmt: skip
    if depth < 0:
        raise Fault(f"depth is {depth}", "depth must be non-negative",
                    "depth is the number of classes")  # fmt: skip
    axis = axis_of(-1 if axis is None else axis, len(indices.shape) + 1)
    return Spec((*indices.shape[:axis], depth, *indices.shape[axis:]), as_dtype(dtype).numpy)


@op(infer=_one_hot_spec, types="I", portable=False, why_none="whole numbers carry no gradient",
    samples=samples.cases((([0, 2, -1],), {"depth": 3}), (([[0, 1]],), {"depth": 2, "axis": 0}),
                          ((1,), {"depth": 3, "on_value": 5, "off_value": -1,
                                  "dtype": "int32"})))  # fmt: skip
def one_hot_(xp, indices, *, depth, on_value=1, off_value=0, axis=None, dtype=_FLOAT32):
    """On where the place along a new axis equals the index, off elsewhere.

    Shape: (…) → (…, depth).
    """
    axis = axis_of(-1 if axis is None else axis, indices.ndim + 1)
    places = xp.arange(depth).reshape((depth,) + (1,) * (indices.ndim - axis))
    hot = xp.expand_dims(indices, axis=axis) == places
    if on_value == 1 and off_value == 0:
        return hot.astype(as_dtype(dtype).numpy)
    return xp.where(hot, on_value, off_value).astype(as_dtype(dtype).numpy)


def one_hot(
    indices: Any, depth: int, on_value: Any = None, off_value: Any = None, axis: int | None = None,
    dtype: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """For each index a vector of `depth` values: on at the index, off elsewhere.

    Shape: (…) → (…, depth), or with the new axis at `axis`. An index outside 0 … depth - 1 gives
    a vector that is off everywhere. The dtype is `dtype`, or that of the values, or float32.

    Example:
        >>> import minitensor as mt
        >>> mt.one_hot([0, 2], 3).numpy().tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    given = [convert(v, dtype) for v in (on_value, off_value) if v is not None]
    dtypes = {as_dtype(v.dtype) for v in given}
    if len(dtypes) > 1:
        raise DTypeError(
            message("one_hot", f"on_value {given[0].dtype.name}, off_value {given[1].dtype.name}",
                    "their dtypes differ", "both values stand in one tensor", "pass dtype")
        )  # fmt: skip
    dtype = next(iter(dtypes)) if dtypes else as_dtype(dtype or "float32")
    on, off = (given[0] if on_value is not None else 1), (given[-1] if off_value is not None else 0)
    return one_hot_(indices, depth=depth, on_value=on, off_value=off, axis=axis, dtype=dtype,
                    name=name)  # fmt: skip


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: str | None = None
) -> Any:
    """True for the first `lengths[i]` places of row i, False for the rest.

    Shape: (…) → (…, maxlen); maxlen is by default the largest length.

    Example:
        >>> import minitensor as mt
        >>> mt.sequence_mask([1, 3], 4).numpy().astype(int).tolist()
        [[1, 0, 0, 0], [1, 1, 1, 0]]
    """
    from minitensor.ops.array import cast, expand_dims
    from minitensor.ops.comparison import less
    from minitensor.ops.reduction import reduce_max

    lengths = convert(lengths)
    longest = reduce_max(lengths) if maxlen is None else cast(convert(maxlen), lengths.dtype)
    places = range(cast(convert(0), lengths.dtype), longest, cast(convert(1), lengths.dtype))
    return cast(less(places, expand_dims(lengths, axis=-1)), dtype=dtype)

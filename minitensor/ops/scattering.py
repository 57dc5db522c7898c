"""Putting rows and elements at given places: zeros with additions, and changed copies of a tensor.

Each op here is the way back of one in `gathering`. All of them turn their places into rows of a
tensor whose first axes are joined into one (`flat_rows`), and combine there.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.shapes import Spec

__all__ = [
    "put_along_axis",
    "scatter_nd",
    "scatter_rows",
    "tensor_scatter_nd",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_max",
    "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "tensor_scatter_rows",
]

# portable=False throughout: the standard has no way to add at repeated places.


def flat_rows(xp: Any, indices: Any, sizes: Any, batch: tuple = ()) -> Any:
    """Where each index tuple points once the axes `batch + sizes` are joined into one.

    Shape: batch + (…, len(sizes)) → batch + (…), int64.
    """
    indices = xp.astype(indices, xp.int64)
    leading = tuple(indices.shape[:-1])
    if batch:
        rows = xp.arange(prod(batch), dtype=xp.int64)
        rows = xp.broadcast_to(
            xp.reshape(rows, batch + (1,) * (len(leading) - len(batch))), leading
        )
    else:
        rows = xp.zeros(leading, dtype=xp.int64)
    for axis, size in enumerate(sizes):
        rows = rows * size + indices[..., axis]
    return rows


def check_rows(xp: Any, indices: Any, size: int) -> None:
    """Every index must be from 0 to size - 1.

    Raises:
        Fault: naming the first that is not.
    """
    if prod(indices.shape) == 0 or (xp.min(indices) >= 0 and xp.max(indices) < size):
        return
    place, where = _first(xp, (indices < 0) | (indices >= size))
    raise Fault(f"{where} = {int(indices[place])} is not in [0, {size})",
                f"an index counts from 0, and there are {size} rows along that axis",
                "check where the indices come from; -1 is not the last row")  # fmt: skip


def _first(xp: Any, wrong: Any) -> tuple[tuple[int, ...], str]:
    """Where the first True is, as an index and in words."""
    flat = int(xp.argmax(xp.reshape(wrong, (-1,))))
    place = tuple(int(i) for i in np.unravel_index(flat, tuple(wrong.shape)))
    return place, f"indices[{', '.join(map(str, place))}]" if place else "indices"


def check_places(xp: Any, indices: Any, sizes: tuple) -> None:
    """Each index tuple must point into a tensor whose first axes have `sizes`.

    Raises:
        Fault: naming the first that does not.
    """
    for axis, size in enumerate(sizes):
        part = indices[..., axis]
        if prod(part.shape) == 0 or (xp.min(part) >= 0 and xp.max(part) < size):
            continue
        place, where = _first(xp, (part < 0) | (part >= size))
        found = [int(i) for i in indices[place]]
        raise Fault(f"{where} = {found} does not index into param shape {list(sizes)}",
                    f"entry {axis} must be from 0 to {size - 1}",
                    "check where the indices come from")  # fmt: skip


def add_rows(xp: Any, rows: int, indices: Any, values: Any) -> Any:
    """Zeros with `rows` rows, to which `values[i]` is added at row `indices[i]`.

    Numpy adds at repeated places 5 to 50 times faster when it indexes one axis (measured), so the
    elements are addressed one by one.
    """
    width, dtype = prod(values.shape[1:]), values.dtype
    if xp is not np and dtype.kind in "iub":  # cupy adds few kinds of integers in place
        values = values.astype(xp.uint64)  # modulo 2⁶⁴, so negative numbers come out right
    out = xp.zeros(rows * width, dtype=values.dtype)
    places = indices if width == 1 else (indices[:, None] * width + xp.arange(width)).reshape(-1)
    xp.add.at(out, places, values.reshape(-1))
    return out.reshape((rows, *values.shape[1:])).astype(dtype, copy=False)


def _scatter_rows_spec(values: Spec, indices: Spec, *, rows: int) -> Spec:
    return Spec((rows, *values.shape[len(indices.shape) :]), values.dtype)


@op(infer=_scatter_rows_spec, types="TI", portable=False,
    samples=samples.cases((((3, 2), np.array([0, 2, 0])), {"rows": 4}),
                          (((2, 2), np.array([[1, 1], [0, 1]])), {"rows": 2}),
                          (((0, 2), np.zeros(0, int)), {"rows": 3})))  # fmt: skip
def scatter_rows(xp, values, indices, *, rows):
    """Zeros with `rows` rows, to which `values[i]` is added at row `indices[i]`.

    Shape: indices.shape + (…), indices → (rows, …).
    """
    count, row = prod(indices.shape), tuple(values.shape[indices.ndim :])
    return add_rows(xp, rows, indices.reshape(-1), values.reshape((count, *row)))


@scatter_rows.gradient
def scatter_rows_gradient(xp, g, out, values, indices, *, rows):
    return lambda: xp.take(g, indices, axis=0), None


def _check_updates(indices: Spec, updates: Spec, shape: tuple) -> None:
    """The updates must have one slice of a tensor of `shape` for each index tuple."""
    if not indices.shape:
        raise Fault("the indices are a scalar",
                    "their last axis holds one entry per axis addressed",
                    "wrap them: [[i]] for one row")  # fmt: skip
    depth = indices.shape[-1]
    if depth is None:
        return
    if depth > len(shape):
        raise Fault(f"the last axis of the indices has size {depth} for {len(shape)} axes",
                    "one index entry per axis at most", "shorten the last axis")  # fmt: skip
    wanted = (*indices.shape[:-1], *shape[depth:])
    if len(wanted) != len(updates.shape) or any(
        None not in (a, b) and a != b for a, b in zip(wanted, updates.shape, strict=True)
    ):
        raise Fault(f"the updates have shape {tuple(updates.shape)}",
                    f"with these indices they must have shape {wanted}: indices.shape[:-1] + "
                    f"shape[{depth}:]", "reshape or broadcast the updates")  # fmt: skip


def _scatter_nd_spec(indices: Spec, updates: Spec, *, shape: tuple) -> Spec:
    _check_updates(indices, updates, tuple(shape))
    return Spec(tuple(shape), updates.dtype)


@op(infer=_scatter_nd_spec, types="IT", portable=False,
    samples=samples.cases((([[0], [2], [0]], (3, 2)), {"shape": (4, 2)}),
                          (([[0, 1], [1, 1]], (2,)), {"shape": (2, 3)}),
                          ((np.zeros((2, 0), int), (2, 3)), {"shape": (3,)})))  # fmt: skip
def scatter_nd(xp, indices, updates, *, shape):
    """Zeros of `shape`, to which each slice of `updates` is added where its index tuple points.

    Shape: (…, k), (…) + shape[k:] → shape.

    Raises:
        InvalidArgumentError: for an index outside `shape`.

    Example:
        >>> import minitensor as mt
        >>> mt.scatter_nd([[4], [1], [1]], [9, 10, 11], [6]).numpy().tolist()
        [0, 21, 0, 0, 9, 0]
    """
    depth = indices.shape[-1]
    check_places(xp, indices, tuple(shape[:depth]))
    rows = flat_rows(xp, indices, shape[:depth]).reshape(-1)
    slices = updates.reshape((prod(rows.shape), *shape[depth:]))
    return add_rows(xp, prod(shape[:depth]), rows, slices).reshape(tuple(shape))


@scatter_nd.gradient
def scatter_nd_gradient(xp, g, out, indices, updates, *, shape):
    from minitensor.ops.gathering import gather_nd

    return None, lambda: gather_nd.on(xp, g, indices)


def _tensor_scatter_spec(tensor: Spec, indices: Spec, updates: Spec, *, how: str) -> Spec:
    _check_updates(indices, updates, tensor.shape)
    return tensor


def _scatter_samples(rng: np.random.Generator) -> samples.Samples:
    for how in ("add", "subtract", "update", "maximum", "minimum", "multiply"):
        yield (
            (rng.normal(size=(4, 2)), np.array([[0], [2], [0]]), rng.normal(size=(3, 2))),
            {"how": how},
        )
        yield (rng.normal(size=(2, 2)), np.array([[0, 1]]), rng.normal(size=1)), {"how": how}
    yield (rng.normal(size=3), np.zeros((0, 1), int), np.zeros(0)), {"how": "add"}


@op(infer=_tensor_scatter_spec, types="TIT", kinds="fciub", portable=False,
    samples=_scatter_samples)  # fmt: skip
def tensor_scatter_nd(xp, tensor, indices, updates, *, how):
    """A copy of the tensor, changed where the index tuples point.

    `how` is "add", "subtract", "update" (the last of equal indices wins), "maximum", "minimum" or
    "multiply".

    Shape: (…), (…, k), (…) + tensor.shape[k:] → tensor.shape. At a tie of maximum or minimum the
    gradient is split evenly.

    Raises:
        InvalidArgumentError: for an index outside the tensor.
    """
    out = xp.array(tensor, order="C")
    write_rows(xp, out, checked_rows(xp, indices, tuple(tensor.shape)), updates, how=how)
    return out


def checked_rows(xp: Any, indices: Any, shape: tuple) -> Any:
    """Where index tuples point, once the axes that they address are joined into one.

    Shape: (…, k) → (n,), int64.

    Raises:
        Fault: for an index tuple that points out of a tensor of that shape.
    """
    depth = indices.shape[-1]
    check_places(xp, indices, shape[:depth])
    return flat_rows(xp, indices, shape[:depth]).reshape(-1)


def write_rows(xp: Any, out: Any, rows: Any, updates: Any, *, how: str) -> None:
    """Change `out`, which lies in memory in order, at rows that `checked_rows` gave."""
    count = prod(rows.shape)
    if not count or not prod(updates.shape):
        return
    width = prod(updates.shape) // count
    table, slices = out.reshape((-1, width)), updates.reshape((count, width))
    if how == "update":
        table[rows] = slices
    elif xp is np:
        # Numpy combines at repeated places 5 to 50 times faster when it indexes one axis.
        places = rows if width == 1 else (rows[:, None] * width + np.arange(width)).reshape(-1)
        getattr(np, how).at(out.reshape(-1), places, slices.reshape(-1))
    elif how in ("add", "subtract") and out.dtype.kind != "b":
        total = add_rows(xp, table.shape[0], rows, slices)
        table[...] = table + total if how == "add" else table - total
    else:  # cupy combines at repeated places for few dtypes, and never multiplies
        host = table.get()
        getattr(np, how).at(host, rows.get(), slices.get())
        table[...] = xp.asarray(host)


@tensor_scatter_nd.gradient
def tensor_scatter_nd_gradient(xp, g, out, tensor, indices, updates, *, how):
    from minitensor.ops.gathering import gather_nd

    rule = {"add": _added, "subtract": _subtracted, "update": _updated, "multiply": _multiplied}
    to_tensor, to_updates = rule.get(how, _selected)(
        xp, g, out, tensor, indices, updates, gather_nd
    )
    return to_tensor, None, to_updates


def _added(xp, g, out, tensor, indices, updates, gather_nd):
    return lambda: g, lambda: gather_nd.on(xp, g, indices)


def _subtracted(xp, g, out, tensor, indices, updates, gather_nd):
    return lambda: g, lambda: -gather_nd.on(xp, g, indices)


def _updated(xp, g, out, tensor, indices, updates, gather_nd):
    """The places written to lose their old value; of equal indices only the last was written."""
    leading = tuple(indices.shape[:-1])

    def to_updates() -> Any:
        order = xp.reshape(xp.arange(1, prod(leading) + 1, dtype=xp.int64), leading)
        empty = xp.zeros(tuple(g.shape[: indices.shape[-1]]), dtype=xp.int64)
        last = tensor_scatter_nd.on(xp, empty, indices, order, how="maximum")
        won = gather_nd.on(xp, last, indices) == order
        won = xp.reshape(won, leading + (1,) * (len(updates.shape) - len(leading)))
        return gather_nd.on(xp, g, indices) * xp.astype(won, g.dtype)

    nothing = xp.zeros(tuple(updates.shape), dtype=g.dtype)
    return lambda: tensor_scatter_nd.on(xp, g, indices, nothing, how="update"), to_updates


def _multiplied(xp, g, out, tensor, indices, updates, gather_nd):
    from minitensor.ops.segment import product_of_others

    depth = indices.shape[-1]

    def to_updates() -> Any:
        rows = xp.reshape(flat_rows(xp, indices, tensor.shape[:depth]), (-1,))
        slices = xp.reshape(updates, (prod(rows.shape), *tensor.shape[depth:]))
        others = xp.reshape(product_of_others(xp, slices, rows), tuple(updates.shape))
        return gather_nd.on(xp, g * tensor, indices) * others

    return lambda: tensor_scatter_nd.on(xp, g, indices, updates, how="multiply"), to_updates


def _selected(xp, g, out, tensor, indices, updates, gather_nd):
    """Maximum and minimum: the gradient goes to whatever equals the result, in equal parts."""
    kept = xp.astype(out == tensor, g.dtype)
    chosen = xp.astype(gather_nd.on(xp, out, indices) == updates, g.dtype)
    share = g / (kept + scatter_nd.on(xp, indices, chosen, shape=tuple(g.shape)))
    return lambda: share * kept, lambda: gather_nd.on(xp, share, indices) * chosen


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """A copy of the tensor with `updates` added where the index tuples point.

    Shape: (…), (…, k), (…) + tensor.shape[k:] → tensor.shape.

    Example:
        >>> import minitensor as mt
        >>> mt.tensor_scatter_nd_add([1, 1, 1, 1], [[1], [1]], [5, 6]).numpy().tolist()
        [1, 12, 1, 1]
    """
    return tensor_scatter_nd(tensor, indices, updates, how="add", name=name)


def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """A copy of the tensor with `updates` subtracted where the index tuples point.

    Shape: (…), (…, k), (…) + tensor.shape[k:] → tensor.shape.
    """
    return tensor_scatter_nd(tensor, indices, updates, how="subtract", name=name)


def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Any:
    """A copy of the tensor with `updates` where the index tuples point; the last of equals wins.

    Shape: (…), (…, k), (…) + tensor.shape[k:] → tensor.shape.
    """
    return tensor_scatter_nd(tensor, indices, updates, how="update", name=name)


def tensor_scatter_nd_max(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """A copy of the tensor with the larger of old value and update where the index tuples point.

    Shape: (…), (…, k), (…) + tensor.shape[k:] → tensor.shape.
    """
    return tensor_scatter_nd(tensor, indices, updates, how="maximum", name=name)


def tensor_scatter_nd_min(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """A copy of the tensor with the smaller of old value and update where the index tuples point.

    Shape: (…), (…, k), (…) + tensor.shape[k:] → tensor.shape.
    """
    return tensor_scatter_nd(tensor, indices, updates, how="minimum", name=name)


def tensor_scatter_rows(
    tensor: Any, indices: Any, values: Any, how: str = "update", name: str | None = None
) -> Any:
    """A copy of the tensor whose rows `indices` are combined with `values`.

    Shape: (n, …), (m,), (m, …) → (n, …). `how` is as for `tensor_scatter_nd`.
    """
    from minitensor.ops.array import expand_dims

    return tensor_scatter_nd(tensor, expand_dims(indices, axis=-1), values, how=how, name=name)


def _put_along_spec(values: Spec, indices: Spec, *, axis: int, size: int) -> Spec:
    axis %= len(values.shape)
    return Spec((*values.shape[:axis], size, *values.shape[axis + 1 :]), values.dtype)


@op(infer=_put_along_spec, types="TI", portable=False,
    samples=samples.cases((((2, 3), [[0, 1, 0], [3, 2, 1]]), {"axis": 1, "size": 4}),
                          (((2, 3), [[0, 1, 0], [0, 2, 1]]), {"axis": 0, "size": 3}),
                          (((0, 3), np.zeros((0, 3), int)), {"axis": -1, "size": 2})))  # fmt: skip
def put_along_axis(xp, values, indices, *, axis, size):
    """Zeros with `size` places along `axis`, to which each value is added at its index there.

    Shape: (…, m, …), same → (…, size, …). The way back of `take_along_axis`.
    """
    back = xp.moveaxis(values, axis, -1)
    lines = prod(back.shape[:-1])
    places = xp.moveaxis(xp.broadcast_to(indices, values.shape), axis, -1)
    places = places.reshape((lines, back.shape[-1])) + size * xp.arange(lines)[:, None]
    out = add_rows(xp, lines * size, places.reshape(-1), back.reshape(-1))
    return xp.moveaxis(out.reshape((*back.shape[:-1], size)), -1, axis)


@put_along_axis.gradient
def put_along_axis_gradient(xp, g, out, values, indices, *, axis, size):
    return lambda: xp.take_along_axis(g, indices, axis=axis), None

"""Taking parts of a tensor, and putting parts back."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.shapes import Spec

__all__ = ["getitem", "put", "scatter_rows"]


def _selection_shape(shape: tuple, index: tuple) -> tuple:
    """The shape of `x[index]` for integers, slices, None and one Ellipsis."""
    used = sum(1 for part in index if part is not None and part is not Ellipsis)
    if used > len(shape):
        raise Fault(f"the index has {used} entries for {len(shape)} axes",
                    "index out of range: one entry per axis at most", "use fewer")  # fmt: skip
    full: list = []
    for part in index if Ellipsis in index else (*index, Ellipsis):
        full += [slice(None)] * (len(shape) - used) if part is Ellipsis else [part]
    result: list = []
    axis = 0
    for part in full:
        if part is None:
            result.append(1)
            continue
        size = shape[axis]
        if isinstance(part, slice):
            if part.step == 0:
                raise Fault(f"strides[{axis}] must be non-zero", "a step of 0 goes nowhere",
                            "use 1, or -1 to go backwards")  # fmt: skip
            result.append(None if size is None else len(range(*part.indices(size))))
        elif size is not None and not -size <= part < size:
            raise Fault(f"slice index {part} of dimension {axis} out of bounds",
                        f"axis {axis} has size {size}: indices {-size} to {size - 1}",
                        "choose one of those")  # fmt: skip
        axis += 1
    return tuple(result)


def _getitem_spec(input: Spec, *, index: tuple) -> Spec:
    return Spec(_selection_shape(input.shape, index), input.dtype)


_SAMPLES = samples.cases(
    (((3, 4),), {"index": (1,)}),
    (((3, 4),), {"index": (slice(None, None, -2), slice(1, 3))}),
    (((3, 4, 2),), {"index": (Ellipsis, None, -1)}),
)


@op(infer=_getitem_spec, samples=_SAMPLES, types="A")
def getitem(xp, input, *, index):
    """The part of a tensor that `tensor[index]` names: integers, slices, None and `...`.

    Shape: as numpy's basic indexing.
    """
    return input[index]


@getitem.gradient
def getitem_gradient(xp, g, out, input, *, index):
    return put.on(xp, g, index=index, shape=tuple(input.shape))


def _put_spec(values: Spec, *, index: tuple, shape: tuple) -> Spec:
    return Spec(tuple(shape), values.dtype)


@op(infer=_put_spec, types="A",
    samples=samples.cases((((4,),), {"index": (1,), "shape": (3, 4)}),
                          (((2, 2),), {"index": (slice(None, None, -2), slice(1, 3)), "shape": (3, 4)})))  # fmt: skip
def put(xp, values, *, index, shape):
    """Zeros of `shape` with `values` at the places that `index` names: getitem turned round.

    Shape: that of `zeros(shape)[index]` → shape.
    """
    out = xp.zeros(tuple(shape), dtype=values.dtype)
    out[index] = values
    return out


@put.gradient
def put_gradient(xp, g, out, values, *, index, shape):
    return g[index]


def _scatter_rows_spec(values: Spec, indices: Spec, *, rows: int) -> Spec:
    return Spec((rows, *values.shape[len(indices.shape) :]), values.dtype)


@op(infer=_scatter_rows_spec, types="TI", portable=False,
    samples=samples.cases((((3, 2), np.array([0, 2, 0])), {"rows": 4})))  # fmt: skip
def scatter_rows(xp, values, indices, *, rows):
    """Zeros with `rows` rows, to which `values[i]` is added at row `indices[i]`.

    Shape: indices.shape + (…), indices → (rows, …).
    """
    row = tuple(values.shape[indices.ndim :])
    out = xp.zeros((rows, *row), dtype=values.dtype)
    xp.add.at(out, indices.reshape(-1), values.reshape(-1, *row))
    return out


@scatter_rows.gradient
def scatter_rows_gradient(xp, g, out, values, indices, *, rows):
    return lambda: xp.take(g, indices, axis=0), None


def static_index(part: Any) -> Any:
    """One entry of an index as an integer, slice, None or Ellipsis; masks are not for here."""
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, slice):
        return slice(*(None if v is None else int(v) for v in (part.start, part.stop, part.step)))
    if isinstance(part, (bool, np.bool_)):
        raise ValueError("mask cannot be scalar")
    kind = as_dtype(part.dtype).kind if hasattr(part, "dtype") else "i"
    if isinstance(part, (float, str)) or np.ndim(part) or kind not in "iu":
        raise Fault(
            "only integers, slices (`:`), ellipsis (`...`), mt.newaxis (`None`) and scalar "
            f"int32/int64 tensors are valid indices, got {part!r}",
            "an index selects by position",
            "select several rows with mt.gather(x, indices), or elements with mt.gather_nd",
        )
    return int(part)

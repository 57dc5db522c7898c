"""Taking parts of a tensor, and putting parts back."""

from __future__ import annotations

from types import NoneType
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.shapes import Spec, axis_of, broadcast_shapes

__all__ = ["boolean_mask", "boolean_unmask", "getitem", "put", "setitem", "strided_slice"]


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
            result.append(None if size is None or _is_open(part)
                          else len(range(*part.indices(size))))  # fmt: skip
        elif size is not None and isinstance(part, int) and not -size <= part < size:
            raise Fault(f"slice index {part} of dimension {axis} out of bounds",
                        f"axis {axis} has size {size}: indices {-size} to {size - 1}",
                        "choose one of those")  # fmt: skip
        axis += 1
    return tuple(result)


def _is_open(part: slice) -> bool:
    """Whether an end of a slice is known only when the graph runs."""
    return any(not isinstance(v, (int, NoneType)) for v in (part.start, part.stop, part.step))


def _getitem_spec(input: Spec, *, index: tuple) -> Spec:
    return Spec(_selection_shape(input.shape, index), input.dtype)


_SAMPLES = samples.cases(
    (((3, 4),), {"index": (1,)}),
    (((3, 4),), {"index": (slice(None, None, -2), slice(1, 3))}),
    (((3, 4, 2),), {"index": (Ellipsis, None, -1)}),
)


# portable=False: the standard wants an entry for every axis, or an ellipsis.
@op(infer=_getitem_spec, samples=_SAMPLES, types="A", portable=False)
def getitem(xp, input, *, index):
    """The part of a tensor that `tensor[index]` names: integers, slices, None and `...`.

    Shape: as numpy's basic indexing.
    """
    # With an ellipsis, numpy gives a view also of a single element.
    return input[index if Ellipsis in index else (*index, Ellipsis)]


@getitem.gradient
def getitem_gradient(xp, g, out, input, *, index):
    """`g at its place, zeros elsewhere`."""
    return put.on(xp, g, index=index, shape=tuple(input.shape))


def _put_spec(values: Spec, *, index: tuple, shape: tuple) -> Spec:
    return Spec(tuple(shape), values.dtype)


@op(infer=_put_spec, types="A", portable=False,
    samples=samples.cases((((4,),), {"index": (1,), "shape": (3, 4)}),
                          (((2, 2),),
                           {"index": (slice(None, None, -2), slice(1, 3)),
                            "shape": (3, 4)})))  # fmt: skip
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


def strided_index(begin: Any, end: Any, strides: Any, masks: tuple[int, ...]) -> tuple:
    """The index that strided_slice's lists and masks stand for; bit i of a mask is for entry i."""
    begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask = masks
    strides = (1,) * len(begin) if strides is None else strides
    if not len(begin) == len(end) == len(strides):
        lengths = f"{len(begin)}, {len(end)} and {len(strides)}"
        raise Fault(f"begin, end and strides have {lengths} entries",
                    "there is one of each per entry", "make them equally long")  # fmt: skip
    index: list = []
    for i, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            index.append(Ellipsis)
        elif new_axis_mask & bit:
            index.append(None)
        elif shrink_axis_mask & bit:
            index.append(first)
        else:
            start, stop = None if begin_mask & bit else first, None if end_mask & bit else last
            index.append(slice(start, stop, step))
    return tuple(index)


def _setitem_spec(input: Spec, values: Spec, *, index: tuple) -> Spec:
    part = _selection_shape(input.shape, index)
    if None not in (*part, *values.shape) and broadcast_shapes(part, values.shape) != part:
        raise Fault(f"the part has shape {part} and the values {tuple(values.shape)}",
                    "values fill the part exactly, or stretch to it",
                    "reshape the values")  # fmt: skip
    return input


# portable=False: as getitem.
@op(infer=_setitem_spec, types="T", kinds="fciubO", portable=False,
    samples=samples.cases((((3, 4), (4,)), {"index": (1,)}),
                          (((3, 4), ()), {"index": (slice(None, None, -2), slice(1, 3))}),
                          (((3, 4), (3, 2)), {"index": (Ellipsis, slice(2, None))})))  # fmt: skip
def setitem(xp, input, values, *, index):
    """The tensor with `values` at the places that `index` names; the tensor itself never changes.

    Shape: (…), that of `input[index]` or what stretches to it → as input.
    """
    out = xp.array(input)
    out[index] = values
    return out


@setitem.gradient
def setitem_gradient(xp, g, out, input, values, *, index):
    """`g without the places, and g at the places`."""
    return lambda: setitem.on(xp, g, xp.zeros_like(values), index=index), lambda: g[index]


def _strided_spec(
    input_: Spec, *, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0,
    end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0,
    shrink_axis_mask: int = 0, var: Any = None,
) -> Spec:  # fmt: skip
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    index = strided_index(begin, end, strides, masks)
    return Spec(_selection_shape(input_.shape, index), input_.dtype)


@op(infer=_strided_spec, types="A", portable=False,
    samples=samples.cases((((4, 3),), {"begin": (1, 0), "end": (4, 2), "strides": (2, 1)}),
                          (((4,),), {"begin": (3,), "end": (0,), "strides": (-1,)}),
                          (((4,),), {"begin": (3,), "end": (0,), "strides": (-1,), "end_mask": 1}),
                          (((2, 3, 2),),
                           {"begin": (0, 0, 1), "end": (0, 0, 2), "strides": (1, 1, 1),
                                          "ellipsis_mask": 1, "new_axis_mask": 2,
                                          "shrink_axis_mask": 4})))  # fmt: skip
def strided_slice(
    xp, input_, *, begin, end, strides=None, begin_mask=0, end_mask=0, ellipsis_mask=0,
    new_axis_mask=0, shrink_axis_mask=0, var=None,
):  # fmt: skip
    """The part `input_[begin[0]:end[0]:strides[0], …]`.

    The masks are numbers whose bits stand for entries. A bit of begin_mask or end_mask leaves that
    end open; of ellipsis_mask makes the entry `...`, of new_axis_mask `None`, of shrink_axis_mask
    the single place `begin[i]`. `var` has no effect.

    Shape: as numpy's basic indexing.
    """
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    return input_[strided_index(begin, end, strides, masks)]


@strided_slice.gradient
def strided_slice_gradient(
    xp, g, out, input_, *, begin, end, strides=None, begin_mask=0, end_mask=0, ellipsis_mask=0,
    new_axis_mask=0, shrink_axis_mask=0, var=None,
):  # fmt: skip
    """`g at its place, zeros elsewhere`."""
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    index = strided_index(begin, end, strides, masks)
    return put.on(xp, g, index=index, shape=tuple(input_.shape))


def _mask_axis(mask: tuple, axis: Any, tensor: tuple) -> int:
    """The first axis that a mask covers."""
    if not mask:
        raise Fault("the mask is a scalar", "mask cannot be scalar: it has one truth value per row",
                    "compare a tensor, or use an `if` for a single truth value")  # fmt: skip
    first = axis_of(axis or 0, len(tensor))
    covered = tensor[first : first + len(mask)]
    if len(covered) < len(mask) or any(
        None not in (a, b) and a != b for a, b in zip(mask, covered, strict=True)
    ):
        raise Fault(f"the mask has shape {mask} and covers axes of sizes {covered}",
                    f"the shape of the mask must be that of the tensor from axis {first} on",
                    "make the mask from the same tensor, or choose another axis")  # fmt: skip
    return first


def _boolean_mask_spec(tensor: Spec, mask: Spec, *, axis: Any = None) -> Spec:
    first = _mask_axis(mask.shape, axis, tensor.shape)
    rest = tensor.shape[first + len(mask.shape) :]
    return Spec((*tensor.shape[:first], None, *rest), tensor.dtype)


_MASK = np.array([True, False, True])


# portable=False: in the standard a mask selects alone, without further axes.
@op(infer=_boolean_mask_spec, types="AB", portable=False,
    samples=samples.cases((((3, 2), _MASK), {}), (((2, 3), _MASK), {"axis": 1}),
                          (((2, 3), np.stack([_MASK, ~_MASK])), {}),
                          (((3,), ~_MASK & _MASK), {})))  # fmt: skip
def boolean_mask(xp, tensor, mask, *, axis=None):
    """The parts of a tensor for which the mask is True, in order; `axis` is where the mask starts.

    Shape: (p…, m…, q…), (m…) → (p…, n, q…), where n is the number of True values.

    Example:
        >>> import minitensor as mt
        >>> mt.boolean_mask([0, 1, 2, 3], [True, False, True, False]).numpy().tolist()
        [0, 2]
    """
    first = _mask_axis(tuple(mask.shape), axis, tuple(tensor.shape))
    return tensor[(slice(None),) * first + (mask,)]


@boolean_mask.gradient
def boolean_mask_gradient(xp, g, out, tensor, mask, *, axis=None):
    return lambda: boolean_unmask.on(xp, g, mask, axis=axis), None


def _boolean_unmask_spec(values: Spec, mask: Spec, *, axis: Any = None) -> Spec:
    first = axis_of(axis or 0, len(values.shape))
    return Spec((*values.shape[:first], *mask.shape, *values.shape[first + 1 :]), values.dtype)


@op(infer=_boolean_unmask_spec, types="TB", portable=False,
    samples=samples.cases((((2, 2), _MASK), {}), (((2, 2), _MASK), {"axis": 1})))  # fmt: skip
def boolean_unmask(xp, values, mask, *, axis=None):
    """Zeros with the values where the mask is True: boolean_mask turned round.

    Shape: (p…, n, q…), (m…) → (p…, m…, q…).
    """
    first = axis_of(axis or 0, len(values.shape))
    shape = (*values.shape[:first], *mask.shape, *values.shape[first + 1 :])
    out = xp.zeros(shape, dtype=values.dtype)
    out[(slice(None),) * first + (mask,)] = values
    return out


@boolean_unmask.gradient
def boolean_unmask_gradient(xp, g, out, values, mask, *, axis=None):
    return lambda: boolean_mask.on(xp, g, mask, axis=axis), None


def static_index(part: Any) -> Any:
    """One entry of an index as an integer, slice, None or Ellipsis; masks are not for here."""
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, slice):
        return slice(
            *(None if v is None else _number(v) for v in (part.start, part.stop, part.step))
        )
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
    return _number(part)


def _number(part: Any) -> Any:
    """An integer; as it is where only running the graph tells which."""
    known = getattr(part, "known", part)
    return part if known is None else int(known)

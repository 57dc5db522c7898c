"""Making a tensor larger at its edges, and cutting a block out of it: each the other's gradient."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault, suggest
from minitensor.op import op
from minitensor.ops.rearranging import add_along_axis
from minitensor.shapes import Spec

__all__ = ["pad", "slice", "slice_"]

_MODES = ("CONSTANT", "REFLECT", "SYMMETRIC")


def _check_mirror(shape: tuple, paddings: Any, mode: str) -> None:
    """A mirror can show at most what is there; REFLECT does not repeat the edge."""
    for axis, (size, (before, after)) in enumerate(zip(shape, paddings, strict=True)):
        most = None if size is None else size - (mode == "REFLECT")
        if most is not None and max(before, after) > max(most, 0):
            limit = "less than" if mode == "REFLECT" else "no greater than"
            raise Fault(f"axis {axis} has size {size} and paddings {before} and {after}",
                        f"with mode={mode!r} paddings must be {limit} the dimension size",
                        "pad less, or use mode='CONSTANT'")  # fmt: skip


def _pad_spec(
    tensor: Spec, *, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0
) -> Spec:  # fmt: skip
    mode = mode.upper()
    if mode not in _MODES:
        raise Fault(f"mode is {mode!r}", "there are three ways to pad", suggest(mode, _MODES))
    if np.shape(paddings) != (len(tensor.shape), 2) and len(tensor.shape):
        raise Fault(f"paddings has shape {np.shape(paddings)}",
                    f"the first dimension of paddings must be the rank of the input: "
                    f"{len(tensor.shape)} pairs (before, after)",
                    "use [0, 0] for axes that stay")  # fmt: skip
    if np.min(paddings, initial=0) < 0:
        raise Fault(f"paddings is {paddings}", "paddings must be non-negative",
                    "use mt.slice to cut off")  # fmt: skip
    if mode != "CONSTANT":
        _check_mirror(tensor.shape, paddings, mode)
    pairs = zip(tensor.shape, paddings, strict=True)
    return Spec(tuple(None if d is None else d + b + a for d, (b, a) in pairs), tensor.dtype)


_PADDED = samples.cases(
    (((2, 3),), {"paddings": ((1, 0), (0, 2))}),
    (((3,),), {"paddings": ((2, 2),), "constant_values": 7}),
    (((3, 4),), {"paddings": ((2, 1), (0, 3)), "mode": "REFLECT"}),
    (((3, 2),), {"paddings": ((3, 1), (2, 0)), "mode": "SYMMETRIC"}),
    (((0, 2),), {"paddings": ((1, 1), (0, 0))}),
    (((),), {"paddings": ()}),
)


def _mirrored(size: int, before: int, after: int, mode: str) -> np.ndarray:
    """For each place of a padded axis, which place it shows."""
    return np.pad(np.arange(size), (before, after), mode=mode.lower())  # type: ignore[call-overload]


# portable=False: the standard has no assignment to an index without an ellipsis.
@op(infer=_pad_spec, samples=_PADDED, portable=False)
def pad(xp, tensor, *, paddings, mode="CONSTANT", constant_values=0):
    """A tensor made larger: `paddings[i]` says how many places are added before and after axis i.

    They hold `constant_values`, or with mode="REFLECT" what a mirror on the edge shows, with
    "SYMMETRIC" what a mirror just outside the edge shows.

    Shape: (d0, …) → (before0 + d0 + after0, …).

    Example:
        >>> import minitensor as mt
        >>> mt.pad([1, 2, 3], [[2, 1]], "REFLECT").numpy().tolist()
        [3, 2, 1, 2, 3, 2]
    """
    if mode.upper() == "CONSTANT":
        shape = tuple(d + b + a for d, (b, a) in zip(tensor.shape, paddings, strict=True))
        out = xp.full(shape, constant_values, dtype=tensor.dtype)
        out[inside(tensor.shape, paddings)] = tensor
        return out
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            shown = _mirrored(tensor.shape[axis], before, after, mode)
            tensor = xp.take(tensor, xp.asarray(shown), axis=axis)
    return tensor


def inside(shape: Any, paddings: Any) -> tuple:
    """The index of a tensor inside its padding."""
    pairs = zip(shape, paddings, strict=True)
    return tuple(builtins.slice(before, before + size) for size, (before, _) in pairs)


@pad.gradient
def pad_gradient(xp, g, out, tensor, *, paddings, mode="CONSTANT", constant_values=0):
    """`g without the border`."""
    if mode.upper() == "CONSTANT":
        begin = tuple(before for before, _ in paddings)
        return slice_.on(xp, g, begin=begin, size=tuple(tensor.shape))
    for axis, (before, after) in enumerate(paddings):
        if before or after:
            size = tensor.shape[axis]
            g = add_along_axis(xp, g, _mirrored(size, before, after, mode), axis, size)
    return g


def _slice_spec(input_: Spec, *, begin: Any, size: Any) -> Spec:
    rank = len(input_.shape)
    if np.shape(begin) != (rank,) or np.shape(size) != (rank,):
        raise Fault(f"begin is {begin} and size is {size}",
                    f"both have one for each of the {rank} axes",
                    "use begin 0 and size -1 for axes that stay")  # fmt: skip
    shape = []
    for axis, (d, b, s) in enumerate(zip(input_.shape, begin, size, strict=True)):
        if b < 0 or (d is not None and b > d):
            raise Fault(f"expected begin[{axis}] in [0, {d}], but got {b}",
                        "a slice starts inside the tensor", "lower begin")  # fmt: skip
        if s < -1 or (d is not None and b + s > d):
            raise Fault(f"expected size[{axis}] in [0, {'?' if d is None else d - b}], but got {s}",
                        "a slice ends inside the tensor; -1 means up to the end",
                        "lower size")  # fmt: skip
        shape.append((None if d is None else d - b) if s == -1 else s)
    return Spec(tuple(shape), input_.dtype)


@op(infer=_slice_spec, types="A",
    samples=samples.cases((((3, 4),), {"begin": (1, 0), "size": (2, 3)}),
                          (((3, 4),), {"begin": (0, 2), "size": (-1, -1)}),
                          (((0, 2),), {"begin": (0, 1), "size": (0, 1)}),
                          (((),), {"begin": (), "size": ()})))  # fmt: skip
def slice_(xp, input_, *, begin, size):
    """The block of a tensor that starts at `begin` and has `size`; -1 means up to the end.

    Shape: any → size.

    Raises:
        InvalidArgumentError: when the block is not inside the tensor.

    Example:
        >>> import minitensor as mt
        >>> mt.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, 2]).numpy().tolist()
        [[2, 3], [5, 6]]
    """
    return input_[block_of(begin, size)]


def block_of(begin: Any, size: Any) -> tuple:
    """The index of the block that starts at `begin` and has `size`; -1 means up to the end."""
    ends = (None if s == -1 else b + s for b, s in zip(begin, size, strict=True))
    return tuple(builtins.slice(b, e) for b, e in zip(begin, ends, strict=True))


@slice_.gradient
def slice_gradient(xp, g, out, input_, *, begin, size):
    """`g at its place, zeros elsewhere`."""
    triples = zip(begin, g.shape, input_.shape, strict=True)
    return pad.on(xp, g, paddings=tuple((b, d - b - s) for b, s, d in triples))


slice = slice_

"""Shapes: the public `TensorShape`, and the rules that give an op's result shape from its inputs'.

Rules see `Spec(shape, dtype)` pairs and attributes, never data. A size that is only known when the
op runs is None. A rule that finds a mistake raises `Fault`; `Op` adds the operation and its inputs.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minitensor.errors import DTypeError, Fault, InvalidArgumentError, message, shorten

__all__ = ["NoElements", "Spec", "TensorShape"]

UNKNOWN_SIZE = (
    "while a function is traced, a size that only the call knows is None",
    "ask for it as a tensor: mt.shape(x)[0] instead of x.shape[0]",
)
"""Rule and fix for a shape that was made of sizes that are not known."""

Shape = tuple[int | None, ...]


class Spec(NamedTuple):
    """What a rule knows of a value: its shape (None for unknown sizes) and its numpy dtype."""

    shape: Shape
    dtype: np.dtype


class NoElements(NamedTuple):
    """Stands where an array would be, for a value that has shape and dtype but no elements.

    The shape is None where not even the rank is known.
    """

    shape: Any
    dtype: np.dtype
    nbytes = 0

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


class TensorShape(tuple):
    """The sizes of a tensor's axes; None for a size that is not known.

    A tuple, so numpy takes it wherever it takes a shape. `TensorShape(None)` has unknown rank.

    Example:
        >>> shape = TensorShape([None, 3])
        >>> shape.rank, shape[1], shape.is_fully_defined(), shape.as_list()
        (2, 3, False, [None, 3])
    """

    _unknown = False

    def __new__(cls, dims: Any = ()) -> TensorShape:  # noqa: D102 - the class says it
        if dims is None:
            return tuple.__new__(_UnknownShape)
        if isinstance(dims, TensorShape):
            return dims
        if isinstance(dims, (int, np.integer)):
            dims = (dims,)
        try:
            sizes = tuple(None if d is None else operator.index(d) for d in dims)
        except (TypeError, ValueError, AttributeError):
            raise DTypeError(
                message("TensorShape", shorten(dims), "it is not a list of whole numbers",
                        "a shape is a list of sizes; None stands for one that is not known",
                        "write for example [2, 3] or [None, 3]")
            ) from None  # fmt: skip
        if any(d is not None and d < 0 for d in sizes):
            raise InvalidArgumentError(
                message("TensorShape", repr(dims), "a size is negative",
                        "sizes are 0 or more; None stands for one that is not known",
                        "write None instead of -1")
            )  # fmt: skip
        return tuple.__new__(cls, sizes)

    @property
    def rank(self) -> int | None:
        """The number of axes; None when it is not known."""
        return None if self._unknown else len(self)

    @property
    def ndims(self) -> int | None:
        """The number of axes; None when it is not known."""
        return self.rank

    @property
    def dims(self) -> list[int | None] | None:
        """The sizes as a list; None when the rank is not known."""
        return None if self._unknown else list(self)

    def as_list(self) -> list[int | None]:
        """The sizes as a list.

        Raises:
            ValueError: when the rank is not known.
        """
        if self._unknown:
            raise _unknown_rank("as_list")
        return list(self)

    def num_elements(self) -> int | None:
        """How many elements a tensor of this shape has; None when a size is not known."""
        return prod(self) if self.is_fully_defined() else None  # type: ignore[type-var]

    def is_fully_defined(self) -> bool:
        """Whether rank and every size are known."""
        return not self._unknown and None not in self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether some shape fits both this one and `other`."""
        other = TensorShape(other)
        if self._unknown or other._unknown:
            return True
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise unless some shape fits both this one and `other`.

        Raises:
            InvalidArgumentError: (also a ValueError) when the two can never be equal.
        """
        if not self.is_compatible_with(other):
            raise InvalidArgumentError(
                message("TensorShape", f"shapes {self} and {TensorShape(other)}",
                        "they can never be equal", "known sizes must agree axis by axis",
                        "reshape the tensor")
            )  # fmt: skip

    def concatenate(self, other: Any) -> TensorShape:
        """This shape followed by the axes of `other`."""
        other = TensorShape(other)
        if self._unknown or other._unknown:
            return TensorShape(None)
        return TensorShape((*self, *other))

    def merge_with(self, other: Any) -> TensorShape:
        """The shape that has every size known to either; raises when they disagree."""
        other = TensorShape(other)
        self.assert_is_compatible_with(other)
        if self._unknown or other._unknown:
            return other if self._unknown else self
        return TensorShape(a if b is None else b for a, b in zip(self, other, strict=True))

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TensorShape) and (self._unknown or other._unknown):
            return self._unknown and other._unknown
        return tuple.__eq__(self, tuple(other)) if isinstance(other, (tuple, list)) else False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.dims if self._unknown else tuple(self))

    def __bool__(self) -> bool:
        return not self._unknown

    def __repr__(self) -> str:
        return "TensorShape(None)" if self._unknown else f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return "<unknown>" if self._unknown else tuple.__repr__(self)

    def __reduce__(self) -> tuple:
        return TensorShape, (self.dims,)


class _UnknownShape(TensorShape):
    """The shape of which not even the rank is known."""

    _unknown = True

    def __len__(self) -> int:
        raise _unknown_rank("len")

    def __iter__(self) -> Iterator:
        raise _unknown_rank("iter")

    def __getitem__(self, key: Any) -> Any:
        return TensorShape(None) if isinstance(key, slice) else None


def _unknown_rank(asked: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        message(f"TensorShape.{asked}", "TensorShape(None)", "its rank is not known",
                "only a shape of known rank has sizes to count or list",
                "ask shape.rank first; it is None here")
    )  # fmt: skip


def common(a: Any, b: Any) -> Any:
    """The most that can be said of a value that fits either spec; shapes may be None."""
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return NoElements(None, a.dtype)
    sizes = zip(a.shape, b.shape, strict=True)
    return Spec(tuple(x if x == y else None for x, y in sizes), a.dtype)


def same(x: Spec, **_: Any) -> Spec:
    """The result is like the first input."""
    return x


def broadcast(*specs: Spec, **_: Any) -> Spec:
    """The common shape of all inputs, with the dtype of the first."""
    return Spec(broadcast_shapes(*(s.shape for s in specs)), specs[0].dtype)


def comparison(*specs: Spec, **_: Any) -> Spec:
    """The common shape of all inputs; truth values."""
    return Spec(broadcast_shapes(*(s.shape for s in specs)), np.dtype(bool))


def predicate(x: Spec, **_: Any) -> Spec:
    """The shape of the input; truth values."""
    return Spec(x.shape, np.dtype(bool))


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that all given shapes stretch to, aligned from the right."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    result = []
    for axis, sizes in enumerate(zip(*padded, strict=True)):
        stretched = {d for d in sizes if d != 1}
        if len(stretched - {None}) > 1:
            raise Fault(
                f"axis {axis - rank} has sizes {' and '.join(map(str, sizes))}",
                "shapes are aligned from the right, and each pair of sizes must be equal "
                "or contain a 1",
                "reshape one of them, or insert an axis with x[:, None] or mt.expand_dims",
            )
        result.append(max(stretched, key=lambda d: d is not None) if stretched else 1)
    return tuple(result)


def axis_of(axis: Any, rank: int, name: str = "axis") -> int:
    """One axis as a number from 0 to rank - 1."""
    number = operator.index(axis)
    if not -rank <= number < rank:
        raise Fault(
            f"{name} {number} does not exist",
            f"a tensor of rank {rank} has axes {-rank} to {rank - 1}"
            if rank else "a scalar has no axes",
            "choose one of those" if rank else f"leave out {name}",
        )  # fmt: skip
    return number % rank


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes that `axis` (None for all, a number, or several) means, in rising order."""
    if axis is None:
        return tuple(range(rank))
    if isinstance(axis, Iterable):
        axes = [axis_of(a, rank) for a in axis]
        if len(set(axes)) < len(axes):
            raise Fault(
                f"axes {tuple(axis)} name one axis twice",
                "each axis can be reduced once", "leave out the repetition",
            )  # fmt: skip
        return tuple(sorted(axes))
    return (axis_of(axis, rank),)


def reduced(x: Spec, *, axis: Any = None, keepdims: bool = False, **_: Any) -> Spec:
    """The input without the axes reduced over, or with size 1 there."""
    axes = axes_of(axis, len(x.shape))
    kept = (1 if i in axes else d for i, d in enumerate(x.shape) if keepdims or i not in axes)
    return Spec(tuple(kept), x.dtype)


def matrix_product(a: Spec, b: Spec, **_: Any) -> Spec:
    """(..., n, k) times (..., k, m) is (..., n, m)."""
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise Fault(
            f"their ranks are {len(a.shape)} and {len(b.shape)}",
            "both need at least two axes (rows and columns)",
            "add an axis to a vector: x[None, :] for a row, x[:, None] for a column; "
            "or use mt.tensordot",
        )
    inner = {a.shape[-1], b.shape[-2]} - {None}
    if len(inner) > 1:
        raise Fault(
            f"the last axis of the left has size {a.shape[-1]}, "
            f"the second to last of the right {b.shape[-2]}",
            "(…, n, k) times (…, k, m): the two k must be equal",
            "transpose one of them (transpose_a=True, transpose_b=True) or reshape",
        )
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return Spec((*batch, a.shape[-2], b.shape[-1]), a.dtype)


def reshaped(size: Shape, target: Sequence[int]) -> Shape:
    """The shape that `target` means for a tensor of shape `size`, with its -1 filled in."""
    target = tuple(operator.index(d) for d in target)
    known = None if None in size else prod(size)  # type: ignore[type-var]
    if target.count(-1) > 1 or any(d < -1 for d in target):
        raise Fault(
            f"the new shape {target} has {target.count(-1)} sizes of -1"
            if target.count(-1) > 1 else f"the new shape {target} has a negative size",
            "one size may be -1 (the rest that fits); all others are 0 or more",
            "write the sizes out",
        )  # fmt: skip
    rest = prod(d for d in target if d != -1)
    if known is None:
        return tuple(None if d == -1 else d for d in target)
    fits = known == rest if -1 not in target else rest and known % rest == 0
    if not fits:
        raise Fault(
            f"it has {known} elements and the new shape {target} has "
            + (f"{rest}" if -1 not in target else f"a multiple of {rest}"),
            "a reshape keeps the number of elements",
            f"choose sizes whose product is {known}, or one -1",
        )
    return tuple(known // rest if d == -1 else d for d in target)

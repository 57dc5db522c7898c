"""Python's built-in functions, for tensors too: what converted code calls in their place.

Of anything but tensors they are the built-in functions themselves.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from typing import Any

from minitensor import ops
from minitensor.autograph.leaves import TO_FIX, is_staged, tracing
from minitensor.op import convert
from minitensor.ops.control import map_fn
from minitensor.ops.rows import read_row
from minitensor.ops.text import string_to_number

__all__ = ["OVERLOADS", "Rows", "rows_of"]

LENGTH_NEEDED = "len requires a non-scalar tensor, got one of shape {}"


class Rows:
    """Something whose elements are taken out of tensors one by one: what a `for` may run over.

    `count` is how many there are; `row(i)` gives one of them for a tensor `i`.
    """

    def __init__(self, count: Any, row: Callable, tensor: Any, plain: bool = False):
        self.count, self.row, self.tensor = count, row, tensor
        self.plain = plain
        """Whether they are simply the rows of `tensor`."""

    def __iter__(self) -> Iterator:
        return iter(self.tensor)  # a tensor's own error, which says what is possible


def rows_of(value: Any) -> Rows | None:
    """The rows of a tensor, of `enumerate(tensor)` and the like; None for what Python iterates."""
    if isinstance(value, Rows):
        return value
    if not is_staged(value):
        return None
    return Rows(length(value), lambda i: read_row(value, i), value, plain=True)


def length(tensor: Any) -> Any:
    """How many rows a tensor has: a Python number where that is known."""
    shape = tensor.shape
    if shape.rank == 0:
        raise TypeError(f"{LENGTH_NEEDED.format(tuple(shape))}{TO_FIX}a scalar has no rows; for "
                        "`for i in n` write `for i in mt.range(n)`.")  # fmt: skip
    first = None if shape.rank is None else shape[0]
    return ops.shape(tensor)[0] if first is None else int(first)


def len_(s: Any) -> Any:
    """`len(s)`."""
    if isinstance(s, Rows):
        return s.count
    if hasattr(s, "_with_tensors") and tracing():
        return s.size()
    return length(s) if is_staged(s) else len(s)


def abs_(x: Any) -> Any:
    """`abs(x)`."""
    return ops.abs(x) if is_staged(x) else abs(x)


def float_(x: Any = 0) -> Any:
    """`float(x)`: a float32 tensor of a tensor."""
    if not is_staged(x):
        return float(x)
    return ops.cast(x, "float32") if x.dtype.kind != "O" else string_to_number(x)


def int_(x: Any = 0, *base: Any, **named: Any) -> Any:
    """`int(x)`: an int32 tensor of a tensor."""
    if not is_staged(x):
        return int(x, *base, **named)
    if (*base, *named.values()) not in ((), (10,)):
        raise NotImplementedError(f"base {[*base, *named.values()][0]} not supported for int")
    return ops.cast(x, "int32") if x.dtype.kind != "O" else string_to_number(x, out_type="int32")


def bool_(x: Any = False) -> Any:
    """`bool(x)`: a bool tensor of a tensor."""
    return ops.cast(x, "bool") if is_staged(x) else bool(x)


def range_(*bounds: Any) -> Any:
    """`range(…)`: `mt.range` where a bound is a tensor; empty, not wrong, when it counts away."""
    if not any(map(is_staged, bounds)):
        return range(*bounds)
    if len(bounds) == 1:
        return ops.range(ops.maximum(bounds[0], 0))
    if len(bounds) == 2:
        return ops.range(bounds[0], ops.maximum(*bounds))
    start, stop, step = bounds
    return ops.range(
        start, ops.where(step > 0, ops.maximum(start, stop), ops.minimum(start, stop)), step
    )


def enumerate_(iterable: Any, start: Any = 0) -> Any:
    """`enumerate(iterable, start)`; a dataset has a method for it."""
    if tracing() and hasattr(iterable, "_graph_loop") and hasattr(iterable, "enumerate"):
        return iterable.enumerate(start)
    rows = rows_of(iterable)
    if rows is None:
        return enumerate(iterable, start)
    return Rows(rows.count, lambda i: (i + start, rows.row(i)), rows.tensor)


def zip_(*iterables: Any, strict: bool = False) -> Any:
    """`zip(…)`: with a tensor among several, all are stacked into tensors first."""
    if iterables and tracing() and all(hasattr(x, "element_spec") for x in iterables):
        return type(iterables[0]).zip(*iterables)
    if not any(rows_of(x) is not None for x in iterables):
        return zip(*iterables, strict=strict)
    several = [_as_rows(x) for x in iterables]
    counts = [rows.count for rows in several]
    if strict and len(set(map(str, counts))) > 1 and all(isinstance(n, int) for n in counts):
        raise ValueError("zip() arguments have different lengths")
    count = min(counts) if all(isinstance(n, int) for n in counts) else _smallest(counts)
    return Rows(count, lambda i: tuple(rows.row(i) for rows in several), several[0].tensor)


def _smallest(numbers: list) -> Any:
    return ops.reduce_min(ops.stack(numbers))


def _as_rows(value: Any) -> Rows:
    rows = rows_of(value)
    if rows is not None:
        return rows
    tensor = convert(list(value))
    return Rows(length(tensor), lambda i: read_row(tensor, i), tensor)


def map_(function: Callable, *iterables: Any, **options: Any) -> Any:
    """`map(function, …)`."""
    if not any(rows_of(x) is not None for x in iterables):
        return map(function, *iterables, **options)
    rows = zip_(*iterables)
    return Rows(rows.count, lambda i: function(*rows.row(i)), rows.tensor)


def sorted_(iterable: Any, /, *, key: Any = None, reverse: Any = False) -> Any:
    """`sorted(iterable)`: a sorted tensor of a tensor."""
    if not is_staged(iterable):
        return sorted(iterable, key=key, reverse=reverse)
    direction = "DESCENDING" if reverse else "ASCENDING"
    if key is None:
        return ops.sort(iterable, direction=direction)
    order = ops.argsort(map_fn(key, iterable), direction=direction, stable=True)
    return ops.gather(iterable, order)


def sum_(iterable: Any, /, start: Any = 0) -> Any:
    """`sum(iterable)`: over the rows of a tensor."""
    if not is_staged(iterable):
        return sum(iterable, start)
    return (
        ops.reduce_sum(iterable, axis=0) + start if start != 0 else ops.reduce_sum(iterable, axis=0)
    )


def any_(iterable: Any, /) -> Any:
    """`any(iterable)`."""
    return ops.reduce_any(ops.cast(iterable, "bool")) if is_staged(iterable) else any(iterable)


def all_(iterable: Any, /) -> Any:
    """`all(iterable)`."""
    return ops.reduce_all(ops.cast(iterable, "bool")) if is_staged(iterable) else all(iterable)


def max_(*values: Any, **options: Any) -> Any:
    """`max(…)`: of a tensor with one axis, or of scalar tensors."""
    return _extreme(max, ops.reduce_max, values, options)


def min_(*values: Any, **options: Any) -> Any:
    """`min(…)`: of a tensor with one axis, or of scalar tensors."""
    return _extreme(min, ops.reduce_min, values, options)


def _extreme(builtin: Callable, reduce: Callable, values: tuple, options: dict) -> Any:
    if not any(map(is_staged, values)):
        return builtin(*values, **options)
    name = builtin.__name__
    if options:
        raise ValueError(f"These keyword arguments are currently not supported: {tuple(options)}")
    if len(values) == 1:
        rank = values[0].shape.rank
        if rank == 0:
            return values[0]
        if rank == 1:
            return reduce(values[0], axis=0)
        raise ValueError(f"{name}(arg) currently support only tensor with rank 1, but got a tensor "
                         f"with rank {rank}{TO_FIX}use mt.reduce_{name}(x, axis=…).")  # fmt: skip
    for value in values:
        if getattr(value, "shape", ()) != ():
            raise ValueError(
                f"{name}(arg1, arg2, *args) currently support only scalar tensor, but got a tensor "
                f"with shape {value.shape}{TO_FIX}use mt.{name}imum(x, y)."
            )
    return reduce(ops.stack(list(values)), axis=0)


OVERLOADS: dict[Any, Callable] = {
    getattr(builtins, name.rstrip("_")): function
    for name, function in list(globals().items())
    if name.endswith("_") and not name.startswith("_") and callable(function)
}
"""The function for each built-in one that also takes tensors."""

"""Control flow over tensors: branches, loops, and a function along an axis.

While ops compute at once rows are taken one by one. An interpreter that writes graphs brings a
method `over_rows`, which makes one loop of them, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.dtypes import as_dtype
from minitensor.errors import DTypeError, InvalidArgumentError, OutOfRangeError, message
from minitensor.op import convert, state
from minitensor.ops.array import concat, expand_dims, stack
from minitensor.ops.branching import (
    case,
    check_callable,
    cond,
    group,
    no_op,
    switch_case,
    while_loop,
)
from minitensor.ops.indexing import getitem
from minitensor.ops.splitting import unstack

__all__ = [
    "case",
    "cond",
    "foldl",
    "foldr",
    "group",
    "map_fn",
    "no_op",
    "scan",
    "switch_case",
    "vectorized_map",
    "while_loop",
]


def map_fn(
    fn: Callable,
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """`fn` of each row of `elems`, stacked. Rows of a structure are structures of rows.

    `fn_output_signature` (or `dtype`) is needed where the results' dtypes or structure differ from
    those of `elems`. `parallel_iterations`, `back_prop`, `swap_memory` and `infer_shape` are
    TensorFlow's and have no effect.

    Shape: (n, …) → (n, …).

    Raises:
        DTypeError: (also a ValueError) when a result has another dtype than the signature.

    Example:
        >>> import minitensor as mt
        >>> mt.map_fn(lambda row: row[0] * row[1], mt.constant([[1, 2], [3, 4]])).numpy().tolist()
        [2, 12]
    """
    check_callable("map_fn", fn=fn)
    signature = fn_output_signature if fn_output_signature is not None else dtype
    if signature is None:
        signature = nest.map_structure(lambda x: convert(x).dtype, elems)

    def checked(row: Any) -> Any:
        found = nest.map_structure(convert, fn(row))
        _check_signature(signature, found)
        return found

    if _over_rows() is not None:
        return _loop("map_fn", lambda _, row: ((), checked(row)), (), elems, False, name)[1]
    rows = _rows("map_fn", elems)
    return _stacked([checked(row) for row in rows]) if rows \
        else nest.map_structure(_no_rows, signature)  # fmt: skip


def vectorized_map(
    fn: Callable, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """`fn` of each row of `elems`, stacked, as `map_fn` but of whatever dtypes `fn` returns.

    Here it runs row by row; the other arguments are TensorFlow's and have no effect.

    Shape: (n, …) → (n, …).
    """
    check_callable("vectorized_map", fn=fn)
    if _over_rows() is not None:
        return _loop("vectorized_map", lambda _, row: ((), fn(row)), (), elems, False, None)[1]
    results = [nest.map_structure(convert, fn(row)) for row in _rows("vectorized_map", elems)]
    if not results:
        return nest.map_structure(lambda x: _no_rows(convert(x).dtype), elems)
    return _stacked(results)


def foldl(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """`fn(accumulator, row)` over the rows from the first to the last; the last accumulator.

    Without `initializer`, the first row is the first accumulator. The other arguments are
    TensorFlow's and have no effect.

    Shape: (n, …) → that of the accumulator.

    Example:
        >>> import minitensor as mt
        >>> mt.foldl(lambda a, x: 10 * a + x, mt.constant([1, 2, 3])).numpy()
        np.int32(123)
    """
    return _folded("foldl", fn, elems, initializer, False, name)


def foldr(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """`fn(accumulator, row)` over the rows from the last to the first; the last accumulator.

    Shape: (n, …) → that of the accumulator.
    """
    return _folded("foldr", fn, elems, initializer, True, name)


def scan(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All accumulators of `foldl` (with `reverse`, of `foldr`), stacked where their rows are.

    Shape: (n, …) → (n, …) of accumulators.

    Example:
        >>> import minitensor as mt
        >>> mt.scan(lambda total, x: total + x, mt.constant([1, 2, 3])).numpy().tolist()
        [1, 3, 6]
    """
    if _over_rows() is not None:
        return _scan_in_graph(fn, elems, initializer, reverse, name)
    rows = _rows("scan", elems)
    found = _accumulated("scan", fn, rows[::-1] if reverse else rows, initializer)
    found = found if initializer is None else found[1:]
    return _stacked(found[::-1] if reverse else found)


def _over_rows() -> Callable | None:
    """How the active interpreter makes one loop of all rows; None when it computes at once."""
    return getattr(state.interpreter, "over_rows", None)


def _loop(
    what: str, step: Callable, carry: Any, elems: Any, reverse: bool, name: str | None
) -> tuple:
    """The last carry, and what was kept of each row, from one loop in the graph."""
    _check_rows(what, [convert(x) for x in nest.flatten(elems)])
    return _over_rows()(step, carry, elems, reverse, name)  # type: ignore[misc]


def _folded(
    what: str, fn: Callable, elems: Any, initializer: Any, reverse: bool, name: str | None
) -> Any:
    if _over_rows() is None:
        rows = _rows(what, elems)
        return _accumulated(what, fn, rows[::-1] if reverse else rows, initializer)[-1]
    start, elems = _started(what, elems, initializer, reverse)
    return _loop(what, lambda a, row: (fn(a, row), ()), start, elems, reverse, name)[0]


def _scan_in_graph(
    fn: Callable, elems: Any, initializer: Any, reverse: bool, name: str | None
) -> Any:
    start, rest = _started("scan", elems, initializer, reverse)

    def step(carry: Any, row: Any) -> tuple:
        after = nest.map_structure(convert, fn(carry, row))
        return after, after

    _, kept = _loop("scan", step, start, rest, reverse, name)
    if initializer is not None:
        return kept

    def joined(first: Any, others: Any) -> Any:
        first = expand_dims(first, axis=0)
        return concat([others, first] if reverse else [first, others], axis=0)

    return nest.map_structure(joined, start, kept)


def _started(what: str, elems: Any, initializer: Any, reverse: bool) -> tuple:
    """The first accumulator, and the rows that are left."""
    if initializer is not None:
        return nest.map_structure(convert, initializer), elems
    elems = nest.map_structure(convert, elems)
    flat = nest.flatten(elems)
    _check_rows(what, flat)
    if any(x.shape[0] == 0 for x in flat if x.shape.rank):
        raise _nothing_to_start_from(what)
    first, rest = (-1, slice(None, -1)) if reverse else (0, slice(1, None))
    return (nest.map_structure(lambda x: getitem(x, index=(first,)), elems),
            nest.map_structure(lambda x: getitem(x, index=(rest,)), elems))  # fmt: skip


def _accumulated(name: str, fn: Callable, rows: list, initializer: Any) -> list:
    if initializer is None:
        if not rows:
            raise _nothing_to_start_from(name)
        initializer, rows = rows[0], rows[1:]
    found = [nest.map_structure(convert, initializer)]
    for row in rows:
        found.append(nest.map_structure(convert, fn(found[-1], row)))
    return found


def _nothing_to_start_from(name: str) -> OutOfRangeError:
    return OutOfRangeError(
        message(name, "no rows and no initializer", "there is nothing to start from",
                "the first accumulator is the first row, or the initializer",
                "pass initializer=…")
    )  # fmt: skip


def _rows(name: str, elems: Any) -> list:
    """The rows of a structure of tensors, as structures."""
    flat = [convert(x) for x in nest.flatten(elems)]
    _check_rows(name, flat)
    columns = [unstack(x, axis=0) for x in flat]
    return [nest.pack_sequence_as(elems, list(row)) for row in zip(*columns, strict=True)]


def _check_rows(name: str, flat: list) -> None:
    sizes = {(x.shape[0] if x.shape.rank else "none") for x in flat if x.shape.rank is not None}
    if len(sizes - {None}) > 1 or "none" in sizes or not flat:
        shapes = " and ".join(str(x.shape) for x in flat)
        raise InvalidArgumentError(
            message(name, f"shapes {shapes}", "elements in elems must be 1+ dimensional Tensors "
                    "with as many rows each", "the function is called once for each row",
                    "pass tensors with the same first size")
        )  # fmt: skip


def _stacked(results: list) -> Any:
    columns = zip(*map(nest.flatten, results), strict=True)
    return nest.pack_sequence_as(results[0], [stack(list(c), axis=0) for c in columns])


def _no_rows(wanted: Any) -> Any:
    shape = tuple(getattr(wanted, "shape", None) or ())
    dtype = as_dtype(getattr(wanted, "dtype", wanted))
    return convert(np.zeros((0, *(size or 0 for size in shape)), dtype.numpy))


def _check_signature(signature: Any, found: Any) -> None:
    nest.assert_same_structure(
        nest.map_structure(lambda _: 0, signature), nest.map_structure(lambda _: 0, found)
    )
    for wanted, x in zip(nest.flatten(signature), nest.flatten(found), strict=True):
        _check_dtype(as_dtype(getattr(wanted, "dtype", wanted)), x)


def _check_dtype(wanted: Any, found: Any) -> None:
    if found.dtype != wanted:
        raise DTypeError(
            message("map_fn", f"a function that returns {found.dtype.name}",
                    f"TensorArray dtype is {wanted.name} but Op is trying to write dtype "
                    f"{found.dtype.name}", "results are expected to have the dtype of elems",
                    f"fn_output_signature=mt.{found.dtype.name}")
        )  # fmt: skip

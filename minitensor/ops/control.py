"""Control flow over tensors: branches, loops, and a function along an axis.

While ops compute at once this is Python's own control flow, and gradients follow from what ran. An
interpreter that writes graphs brings `cond` and `while_loop` methods of its own and is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.dtypes import as_dtype
from minitensor.errors import (
    ArgumentError,
    DTypeError,
    InvalidArgumentError,
    OutOfRangeError,
    message,
)
from minitensor.op import convert, state
from minitensor.ops.array import stack
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


def cond(
    pred: Any,
    true_fn: Callable | None = None,
    false_fn: Callable | None = None,
    name: str | None = None,
) -> Any:
    """The result of `true_fn()` if `pred` holds, else of `false_fn()`.

    Shape: pred () → that of the branch.

    Example:
        >>> import minitensor as mt
        >>> x = mt.constant(3.0)
        >>> mt.cond(x > 0, lambda: mt.sqrt(x), lambda: -x).numpy()
        np.float32(1.7320508)
    """
    _check_callable("cond", true_fn=true_fn, false_fn=false_fn)
    traced = getattr(state.interpreter, "cond", None)
    if traced is not None:
        return traced(pred, true_fn, false_fn, name)
    return true_fn() if _holds("cond", pred) else false_fn()  # type: ignore[misc]


def while_loop(
    cond: Callable,
    body: Callable,
    loop_vars: Sequence,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: int | None = None,
    name: str | None = None,
) -> Any:
    """Replace `loop_vars` by `body(*loop_vars)` as long as `cond(*loop_vars)` holds.

    `shape_invariants` matters only in graphs; `parallel_iterations`, `back_prop` and `swap_memory`
    are TensorFlow's and have no effect.

    Shape: each loop variable keeps its place in the structure.

    Example:
        >>> import minitensor as mt
        >>> mt.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s * 2), (mt.constant(0), 1))
        (<tf.Tensor: shape=(), dtype=int32, numpy=4>, <tf.Tensor: shape=(), dtype=int32, numpy=16>)
    """
    _check_callable("while_loop", cond=cond, body=body)
    if not isinstance(loop_vars, (list, tuple)) or not loop_vars:
        raise InvalidArgumentError(
            message("while_loop", repr(loop_vars), "'loop_vars' must be provided",
                    "it is a list or tuple of what changes from one iteration to the next",
                    "write [x] for a single one")
        )  # fmt: skip
    traced = getattr(state.interpreter, "while_loop", None)
    if traced is not None:
        return traced(cond, body, loop_vars, shape_invariants, maximum_iterations, name)
    structure, done = loop_vars, 0
    most = float("inf") if maximum_iterations is None else maximum_iterations
    while done < most and _holds("while_loop", cond(*loop_vars)):
        found = body(*loop_vars)
        loop_vars = found if isinstance(found, (list, tuple)) else type(structure)([found])
        nest.assert_same_structure(list(structure), list(loop_vars))
        done += 1
    return nest.map_structure(convert, loop_vars)


def switch_case(
    branch_index: Any, branch_fns: Any, default: Callable | None = None, name: str = "switch_case"
) -> Any:
    """The result of the branch with number `branch_index`; of the last one for a number beyond.

    Shape: branch_index () → that of the branch.

    Raises:
        InvalidArgumentError: (also a ValueError) when the numbers are not 0, 1, 2, …

    Example:
        >>> import minitensor as mt
        >>> mt.switch_case(mt.constant(1), [lambda: "zero", lambda: "one"])
        'one'
    """
    pairs: Any = branch_fns.items() if isinstance(branch_fns, dict) else branch_fns
    if pairs and all(callable(f) for f in pairs):
        pairs = enumerate(pairs)
    pairs = sorted(((int(i), branch) for i, branch in pairs), key=lambda pair: pair[0])
    numbers = [number for number, _ in pairs]
    if numbers != list(range(len(numbers))) or not numbers:
        raise InvalidArgumentError(
            message("switch_case", f"branches numbered {numbers}",
                    f"branch indices (keys) must form contiguous range of [0 to {len(numbers)})",
                    "each number has one branch", "number them 0, 1, 2, …")
        )  # fmt: skip
    branches = [branch for _, branch in pairs]
    _check_callable("switch_case", **{f"branch {i}": f for i, f in enumerate(branches)})
    if not hasattr(branch_index, "dtype") or as_dtype(branch_index.dtype).kind not in "iu":
        raise ArgumentError(
            message("switch_case", f"branch_index={branch_index!r}",
                    "'branch_index' must be an integer Tensor", "it counts branches from 0",
                    "mt.constant(1)")
        )  # fmt: skip
    otherwise = branches[-1] if default is None else default
    return _chain([(branch_index == i, f) for i, f in enumerate(branches)], otherwise)


def case(
    pred_fn_pairs: Sequence,
    default: Callable | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The result of the first function whose condition holds, else of `default()`.

    `strict` is TensorFlow's and has no effect.

    Shape: conditions () → that of the branch.

    Raises:
        InvalidArgumentError: when no condition holds and there is no default; with `exclusive`,
            when several hold.
    """
    pairs = [(convert(holds), branch) for holds, branch in pred_fn_pairs]
    if exclusive and sum(bool(holds) for holds, _ in pairs) > 1:
        raise InvalidArgumentError(
            message("case", f"{len(pairs)} conditions with exclusive=True",
                    "more than one condition evaluated as True",
                    "exclusive conditions exclude each other", "narrow the conditions")
        )  # fmt: skip

    def nothing() -> Any:
        raise InvalidArgumentError(
            message("case", f"{len(pairs)} conditions", "none of conditions evaluated as True",
                    "some function must give the result", "pass default=lambda: …")
        )  # fmt: skip

    return _chain(pairs, nothing if default is None else default)


def _chain(pairs: Sequence, otherwise: Callable) -> Any:
    if not pairs:
        return otherwise()
    holds, branch = pairs[0]
    return cond(holds, branch, lambda: _chain(pairs[1:], otherwise))


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
    _check_callable("map_fn", fn=fn)
    rows = _rows("map_fn", elems)
    signature = fn_output_signature if fn_output_signature is not None else dtype
    if signature is None:
        signature = nest.map_structure(lambda x: convert(x).dtype, elems)
    if not rows:
        return nest.map_structure(_no_rows, signature)
    results = [nest.map_structure(convert, fn(row)) for row in rows]
    nest.assert_same_structure(
        nest.map_structure(lambda _: 0, signature), nest.map_structure(lambda _: 0, results[0])
    )
    for wanted, found in zip(nest.flatten(signature), nest.flatten(results[0]), strict=True):
        _check_dtype(as_dtype(getattr(wanted, "dtype", wanted)), found)
    return _stacked(results)


def vectorized_map(
    fn: Callable, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """`fn` of each row of `elems`, stacked, as `map_fn` but of whatever dtypes `fn` returns.

    Here it runs row by row; the other arguments are TensorFlow's and have no effect.

    Shape: (n, …) → (n, …).
    """
    _check_callable("vectorized_map", fn=fn)
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
    return _accumulated("foldl", fn, _rows("foldl", elems), initializer)[-1]


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
    return _accumulated("foldr", fn, _rows("foldr", elems)[::-1], initializer)[-1]


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
    rows = _rows("scan", elems)
    found = _accumulated("scan", fn, rows[::-1] if reverse else rows, initializer)
    found = found if initializer is None else found[1:]
    return _stacked(found[::-1] if reverse else found)


def group(*inputs: Any, name: str | None = None) -> None:
    """Nothing: ops have run when they return. In graphs, ops with effects keep their order."""


def no_op(name: str | None = None) -> None:
    """Nothing; TensorFlow 1 needed an op that does nothing."""


def _accumulated(name: str, fn: Callable, rows: list, initializer: Any) -> list:
    if initializer is None:
        if not rows:
            raise OutOfRangeError(
                message(name, "no rows and no initializer", "there is nothing to start from",
                        "the first accumulator is the first row, or the initializer",
                        "pass initializer=…")
            )  # fmt: skip
        initializer, rows = rows[0], rows[1:]
    found = [nest.map_structure(convert, initializer)]
    for row in rows:
        found.append(nest.map_structure(convert, fn(found[-1], row)))
    return found


def _rows(name: str, elems: Any) -> list:
    """The rows of a structure of tensors, as structures."""
    flat = [convert(x) for x in nest.flatten(elems)]
    sizes = {x.shape[0] if len(x.shape) else "none" for x in flat}
    if len(sizes) != 1 or "none" in sizes:
        shapes = " and ".join(str(tuple(x.shape)) for x in flat)
        raise InvalidArgumentError(
            message(name, f"shapes {shapes}", "elements in elems must be 1+ dimensional Tensors "
                    "with as many rows each", "the function is called once for each row",
                    "pass tensors with the same first size")
        )  # fmt: skip
    columns = [unstack(x, axis=0) for x in flat]
    return [nest.pack_sequence_as(elems, list(row)) for row in zip(*columns, strict=True)]


def _stacked(results: list) -> Any:
    columns = zip(*map(nest.flatten, results), strict=True)
    return nest.pack_sequence_as(results[0], [stack(list(c), axis=0) for c in columns])


def _no_rows(wanted: Any) -> Any:
    shape = tuple(getattr(wanted, "shape", None) or ())
    dtype = as_dtype(getattr(wanted, "dtype", wanted))
    return convert(np.zeros((0, *(size or 0 for size in shape)), dtype.numpy))


def _check_dtype(wanted: Any, found: Any) -> None:
    if found.dtype != wanted:
        raise DTypeError(
            message("map_fn", f"a function that returns {found.dtype.name}",
                    f"TensorArray dtype is {wanted.name} but Op is trying to write dtype "
                    f"{found.dtype.name}", "results are expected to have the dtype of elems",
                    f"fn_output_signature=mt.{found.dtype.name}")
        )  # fmt: skip


def _holds(name: str, condition: Any) -> bool:
    """A condition as Python's truth: it must be a single value."""
    if np.size(condition) != 1:
        raise InvalidArgumentError(
            message(name, f"a condition of shape {np.shape(condition)}",
                    "it is not one truth value", "a branch is taken or not as a whole",
                    "reduce it with mt.reduce_any or mt.reduce_all, or choose element by element "
                    "with mt.where")
        )  # fmt: skip
    return bool(condition)


def _check_callable(name: str, **functions: Any) -> None:
    for role, function in functions.items():
        if not callable(function):
            raise ArgumentError(
                message(name, f"{role}={function!r}", f"{role!r} must be callable",
                        "branches and bodies are functions, called only when they are needed",
                        "write lambda: …")
            )  # fmt: skip

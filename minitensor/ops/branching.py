"""Branches and loops over tensors.

While ops compute at once this is Python's own control flow, and gradients follow from what ran. An
interpreter that writes graphs brings `cond` and `while_loop` methods of its own and is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.dtypes import as_dtype
from minitensor.errors import ArgumentError, InvalidArgumentError, message
from minitensor.op import convert, state
from minitensor.ops.array import cast, stack
from minitensor.ops.assertions import assert_, assert_less_equal
from minitensor.ops.reduction import reduce_any, reduce_sum

__all__ = [
    "case",
    "cond",
    "group",
    "no_op",
    "switch_case",
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
    check_callable("cond", true_fn=true_fn, false_fn=false_fn)
    traced = getattr(state.interpreter, "cond", None)
    if traced is not None and not isinstance(pred, (bool, np.bool_)):
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
    check_callable("while_loop", cond=cond, body=body)
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
    return nest.map_structure(lambda x: x if holds_tensors(x) else convert(x), loop_vars)


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
    check_callable("switch_case", **{f"branch {i}": f for i, f in enumerate(branches)})
    if not hasattr(branch_index, "dtype") or as_dtype(branch_index.dtype).kind not in "iu":
        raise ArgumentError(
            message("switch_case", f"branch_index={branch_index!r}",
                    "'branch_index' must be an integer Tensor", "it counts branches from 0",
                    "mt.constant(1)")
        )  # fmt: skip
    traced = getattr(state.interpreter, "switch_case", None)
    if traced is not None:
        return traced(branch_index, branches if default is None else [*branches, default], name)
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
    if getattr(state.interpreter, "cond", None) is not None and pairs:
        return _case_in_graph(pairs, default, exclusive)
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


def _case_in_graph(pairs: Sequence, default: Callable | None, exclusive: bool) -> Any:
    """The same where conditions are only known later: what must hold is asserted then."""
    conditions = stack([holds for holds, _ in pairs], axis=0)
    if exclusive:
        assert_less_equal(reduce_sum(cast(conditions, dtype="int32")), 1,
                          message="case: more than one condition evaluated as True")  # fmt: skip
    if default is None:
        text = "case: none of conditions evaluated as True; pass default=lambda: …"
        assert_([reduce_any(conditions), text])
        pairs, (_, default) = pairs[:-1], pairs[-1]
    return _chain(pairs, default)  # type: ignore[arg-type]


def _chain(pairs: Sequence, otherwise: Callable) -> Any:
    if not pairs:
        return otherwise()
    holds, branch = pairs[0]
    return cond(holds, branch, lambda: _chain(pairs[1:], otherwise))


def group(*inputs: Any, name: str | None = None) -> Any:
    """Nothing: ops have run when they return. In graphs, ops with effects keep their order.

    Only in graphs of which sessions run parts, it is an op that has run when all `inputs` have.
    """
    own = getattr(state.interpreter, "group", None)
    return None if own is None else own(inputs, name)


def no_op(name: str | None = None) -> Any:
    """Nothing; in graphs of which sessions run parts, an op that does nothing."""
    return group(name=name or "NoOp")


def holds_tensors(leaf: Any) -> bool:
    """Whether a leaf of a structure is no tensor itself but holds some, as a TensorArray does."""
    return hasattr(leaf, "_with_tensors")


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


def check_callable(name: str, **functions: Any) -> None:
    """Raise an ArgumentError for what should be a function and is none."""
    for role, function in functions.items():
        if not callable(function):
            raise ArgumentError(
                message(name, f"{role}={function!r}", f"{role!r} must be callable",
                        "branches and bodies are functions, called only when they are needed",
                        "write lambda: …")
            )  # fmt: skip

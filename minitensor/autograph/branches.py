"""Branches over tensors: `if`, `x if c else y`, `and`, `or`, `not`, and `assert`.

Both branches are traced, each from the values that the variables have before it, and `mt.cond`
makes a node of them. Its results are the variables that a branch sets and that are used later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitensor.autograph import leaves
from minitensor.autograph.blame import explain_raise
from minitensor.autograph.leaves import TO_FIX, Missing, PendingReturnValue, is_staged
from minitensor.debugging import Assert
from minitensor.dtypes import DType
from minitensor.op import convert
from minitensor.ops.array import reshape
from minitensor.ops.comparison import logical_not
from minitensor.ops.control import cond as choose

__all__ = ["and_", "assert_stmt", "if_exp", "if_stmt", "not_", "or_", "scalar"]


def if_stmt(
    cond: Any,
    body: Callable,
    orelse: Callable,
    get_state: Callable,
    set_state: Callable,
    names: Sequence[str],
    outputs: int,
) -> None:
    """`if cond: body() else: orelse()`.

    `get_state` and `set_state` read and write the variables `names`, of which the first `outputs`
    are used after the statement.
    """
    certain = _certain(cond)
    if certain is not None:
        (body if certain else orelse)()
        return
    before = get_state()

    def from_here(run: Callable) -> Callable:
        def values() -> Sequence:
            set_state(before)
            run()
            return get_state()[:outputs]

        return values

    try:
        merge = _Merge(names[:outputs], from_here(body), from_here(orelse))
        found = merge.chosen(scalar(cond, "if statement"))
    except Exception:
        set_state(before)
        raise
    set_state((*found, *before[outputs:]))


def if_exp(cond: Any, if_true: Callable, if_false: Callable, text: str) -> Any:
    """`if_true() if cond else if_false()`; `text` is the condition as it was written."""
    certain = _certain(cond)
    if certain is not None:
        return if_true() if certain else if_false()
    merge = _Merge([text], lambda: (if_true(),), lambda: (if_false(),))
    return merge.chosen(scalar(cond, "conditional expression"))[0]


def and_(first: Callable, second: Callable) -> Any:
    """`first() and second()`: the second is computed only where the first holds."""
    value = first()
    if not is_staged(value):
        return value and second()
    return if_exp(value, second, lambda: value, "and")


def or_(first: Callable, second: Callable) -> Any:
    """`first() or second()`: the second is computed only where the first does not hold."""
    value = first()
    if not is_staged(value):
        return value or second()
    return if_exp(value, lambda: value, second, "or")


def not_(value: Any) -> Any:
    """`not value`."""
    return logical_not(scalar(value, "not")) if is_staged(value) else not value


def assert_stmt(holds: Any, text: Callable) -> None:
    """`assert holds, text()`: of a tensor, an op that checks it each time the graph runs."""
    if is_staged(holds):
        said = text()
        Assert(scalar(holds, "assert"), said if isinstance(said, list) else [said])
    elif not holds:
        raise AssertionError(text())


def scalar(cond: Any, where: str) -> Any:
    """A condition as a tensor of one truth value.

    Raises:
        ValueError: when it is not bool, or has several elements.
    """
    value = convert(cond)
    said = f"condition of {where} expected to be `tf.bool` scalar, got {value}"
    hint = "to check for None, use `is not None`"
    if value.dtype.kind != "b":
        raise ValueError(f"{said}; to use as boolean Tensor, use `tf.cast`; {hint}{TO_FIX}"
                         "compare it, for example `x != 0`.")  # fmt: skip
    shape = value.shape
    if shape.rank == 0:
        return value
    if shape.rank is not None and np.prod([d for d in shape if d is not None], dtype=int) > 1:
        raise ValueError(f"{said}; {hint}{TO_FIX}reduce it with mt.reduce_all or mt.reduce_any, or "
                         "choose element by element with mt.where.")  # fmt: skip
    return reshape(value, [])


def _certain(cond: Any) -> bool | None:
    """The truth of a condition, unless only running the graph tells."""
    if not is_staged(cond):
        return bool(cond)
    known = getattr(cond, "known", None)
    return None if known is None or known.shape or known.dtype.kind != "b" else bool(known)


class _Adopt(Exception):  # noqa: N818 - it asks for another try
    """The number at `place` in the first branch would fit the second with another dtype."""

    def __init__(self, place: tuple[int, int], dtype: DType):
        super().__init__()
        self.place, self.dtype = place, dtype


class _Merge:
    """Joins what two branches leave in the variables `names`."""

    def __init__(self, names: Sequence[str], main: Callable, orelse: Callable):
        self.names, self.main, self.orelse = names, main, orelse
        self.ours: list = []
        self.adopted: dict[tuple[int, int], DType] = {}
        """Dtypes for Python numbers in the first branch, where the second has tensors."""

    def chosen(self, pred: Any) -> list:
        """The values after the first branch if `pred` holds, else after the second."""
        while True:
            try:
                found = choose(pred, self._first, self._second)
            except _Adopt as wish:
                self.adopted[wish.place] = wish.dtype
                continue
            return self._joined(iter(found))

    def _first(self) -> list:
        self.ours = values = self._run(self.main)
        for i, value in enumerate(values):
            if isinstance(value, PendingReturnValue):
                values[i] = leaves.filler(self._elsewhere(i))
        return [
            self._tensor(leaf, (i, j))
            for i, value in enumerate(values)
            for j, leaf in enumerate(leaves.flowing(value))
        ]

    def _second(self) -> list:
        self.theirs = values = self._run(self.orelse)
        results = []
        for i, (name, ours) in enumerate(zip(self.names, self.ours, strict=True)):
            if isinstance(values[i], PendingReturnValue) and not isinstance(ours, Missing):
                values[i] = leaves.filler(ours)
            _check_kinds(name, ours, values[i])
            pairs = zip(leaves.flowing(ours), leaves.flowing(values[i]), strict=True)
            for j, (a, b) in enumerate(pairs):
                results.append(_of_one_dtype(name, a, self._tensor(a, (i, j)), b, (i, j)))
        return results

    def _tensor(self, leaf: Any, place: tuple[int, int]) -> Any:
        dtype = self.adopted.get(place)
        return leaves.as_tensor(leaf) if dtype is None else convert(leaf, dtype)

    def _run(self, branch: Callable) -> list:
        try:
            return list(branch())
        except Exception as error:
            explain_raise(error)
            raise

    def _elsewhere(self, i: int) -> Any:
        """What the second branch would leave in a variable."""
        found: list = []
        leaves.trial(lambda: found.extend(self.orelse()))
        return found[i]

    def _joined(self, found: Any) -> list:
        joined = []
        for ours, theirs in zip(self.ours, self.theirs, strict=True):
            values = []
            for a, b in zip(leaves.flat(ours), leaves.flat(theirs), strict=True):
                result = next(found) if leaves.can_flow(a) else a
                values.append(a if leaves.same_constant(a, b) else result)
            joined.append(leaves.packed(ours, values))
        return joined


def _check_kinds(name: str, ours: Any, theirs: Any) -> None:
    """Raise unless two branches leave the same structure, with tensors at the same places.

    Raises:
        ValueError: when one of them leaves nothing, or None.
        TypeError: when they differ otherwise.
    """
    if isinstance(ours, Missing) or isinstance(theirs, Missing):
        if type(ours) is not type(theirs):
            raise _missing(name, ours, "main") if isinstance(ours, Missing) else _missing(
                name, theirs, "else")  # fmt: skip
        return
    difference = "" if ours is None or theirs is None else leaves.difference(ours, theirs)
    if difference:
        raise TypeError(
            f"'{name}' must have the same nested structure in the main and else branches:\n\n"
            f"{difference}{TO_FIX}build it the same way in both."
        )
    for a, b in zip(leaves.flat(ours), leaves.flat(theirs), strict=False):
        if (a is None) != (b is None):
            raise ValueError(
                f"'{name}' is None at the end of the {'main' if a is None else 'else'} branch."
                f"{TO_FIX}give it a tensor of the same dtype in both; a graph cannot hold None."
            )
        if leaves.can_flow(a) != leaves.can_flow(b) or not (leaves.can_flow(a) or a is b or a == b):
            raise TypeError(
                f"'{name}' is {a!r} at the end of the main branch, but {b!r} at the end of the "
                f"else branch{TO_FIX}only tensors, numbers and strings can depend on a tensor."
            )


def _missing(name: str, value: Missing, branch: str) -> ValueError:
    if isinstance(value, leaves.UndefinedReturnValue):
        return ValueError(
            f"the {branch} branch must also have a return statement.{TO_FIX}return a value on "
            "every path: put a `return` after the `if`, or into both branches."
        )
    return ValueError(
        f"'{name}' must also be initialized in the {branch} branch{TO_FIX}give {name} a value "
        "before the `if`, or in both branches: in a graph the branch that was not taken has to "
        "leave something of the same type."
    )


def _of_one_dtype(name: str, ours: Any, first: Any, theirs: Any, place: tuple[int, int]) -> Any:
    """`theirs` as a tensor of the dtype of `first`, which is `ours` as a tensor."""
    second = leaves.as_tensor(theirs, first)
    if leaves.is_composite(first) or first.dtype == second.dtype:
        return second
    if leaves.as_tensor(ours, second).dtype == second.dtype:
        raise _Adopt(place, second.dtype)
    raise TypeError(
        f"'{name}' has dtype {first.dtype.name} in the main branch, but dtype "
        f"{second.dtype.name} in the else branch{TO_FIX}give both the same dtype, for example "
        f"with mt.cast(…, mt.{first.dtype.name})."
    )

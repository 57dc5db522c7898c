"""Jacobians: one backward pass for each element of the target, stacked; for `GradientTape`.

The i-th row is what `gradient` gives when the cotangent to start from is 1 at element i and 0
elsewhere; the target has as many rows as elements, so a Jacobian costs that many gradients.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minitensor import nest, ops
from minitensor.eager import convert_to_tensor
from minitensor.errors import (
    DTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    message,
)
from minitensor.ops.control import vectorized_map
from minitensor.targets import flat_sources, result, wants_zero
from minitensor.tensor import Operand, Tensor
from minitensor.trail import learners_line

if TYPE_CHECKING:
    from minitensor.tape import GradientTape

__all__ = ["batch_jacobian", "jacobian"]


def jacobian(
    tape: GradientTape, target: Any, sources: Any, unconnected_gradients: str, vectorised: bool
) -> Any:
    """The derivative of each element of `target` with respect to each element of the sources.

    Shape: target.shape + source.shape, for each source.

    Raises:
        DTypeError: (also a TypeError) for a target that is not one tensor.
        FailedPreconditionError: (also a RuntimeError) when the tape is used up, or must be
            persistent.
    """
    zero = wants_zero(unconnected_gradients)
    _check_tensor("jacobian", target, "target")
    flat = flat_sources(sources)
    if not vectorised:
        _check_persistent(tape, "jacobian", "with eager execution enabled and with  "
                          "experimental_use_pfor set to False")  # fmt: skip
    tape.claim(target, flat)
    if not target.shape.is_fully_defined():
        results = _in_one_loop(tape, target, flat, zero)
        tape.release()
        return nest.pack_sequence_as(sources, results)
    shape = tuple(target.shape)
    rows = _rows(tape, target, flat, _unit_vectors(shape))
    results = [_assembled(x, column, (*shape, *x.shape), 0, zero)
               for x, column in zip(flat, zip(*rows, strict=True), strict=True)] if rows else [
        Tensor(np.zeros((*shape, *x.shape), x.dtype.numpy)) for x in flat
    ]  # fmt: skip
    tape.release()
    return nest.pack_sequence_as(sources, results)


def batch_jacobian(
    tape: GradientTape, target: Any, source: Any, parallel_iterations: Any, vectorised: bool
) -> Any:
    """The Jacobian of each example of a batch with respect to itself.

    The sum over the batch is differentiated: example k of the result is right because no other
    example depends on it.

    Shape: (b, …y), (b, …x) → (b, …y, …x).

    Raises:
        InvalidArgumentError: (also a ValueError) when ranks or batch sizes do not fit.
        FailedPreconditionError: (also a RuntimeError) when the tape is used up, or must be
            persistent.
    """
    _check_batches(target, source)
    if not vectorised:
        _check_persistent(tape, "batch_jacobian", "with eager execution enabled and with  "
                          "experimental_use_pfor set to False")  # fmt: skip
    if parallel_iterations is not None:
        _check_persistent(tape, "batch_jacobian", "with parallel_iterations")
    [source] = flat_sources(source)
    tape.claim(target, [source])
    if not target.shape.is_fully_defined():
        found = _batch_in_one_loop(tape, target, source)
        tape.release()
        return found
    batch, *row = target.shape
    starts = [np.broadcast_to(unit, target.shape) for unit in _unit_vectors(tuple(row))]
    column = [row[0] for row in _rows(tape, target, [source], starts)]
    shape = (batch, *row, *source.shape[1:])
    if column and column[0] is not None:
        found = _assembled(source, column, shape, 1, True)
    else:
        found = Tensor(np.zeros(shape, source.dtype.numpy))
    tape.release()
    return found


def _in_one_loop(tape: GradientTape, target: Any, sources: list, zero: bool) -> list:
    """In a trace, where the number of rows is not known: a loop over the elements."""
    given = ops.shape(target)
    found = _loop(tape, target, sources, ops.size(target), lambda unit: ops.reshape(unit, given))
    return [_zeros(ops.concat([given, ops.shape(x)], axis=0), x) if g is None and zero
            else None if g is None
            else ops.reshape(g, ops.concat([given, ops.shape(x)], axis=0))
            for x, g in zip(sources, found, strict=True)]  # fmt: skip


def _batch_in_one_loop(tape: GradientTape, target: Any, source: Any) -> Any:
    """The same for examples: a loop over the elements of one."""
    given, row = ops.shape(target), ops.shape(target)[1:]
    count = ops.reduce_prod(row)
    [found] = _loop(tape, target, [source], count,
                    lambda unit: ops.broadcast_to(ops.reshape(unit, row), given))  # fmt: skip
    shape = ops.concat([given, ops.shape(source)[1:]], axis=0)
    if found is None:
        return _zeros(shape, source)
    axes = ops.concat([[1, 0], ops.range(2, ops.rank(found))], axis=0)
    return ops.reshape(ops.transpose(found, axes), shape)


def _loop(tape: GradientTape, target: Any, sources: list, count: Any, start: Any) -> list:
    """The gradients of all sources for each unit vector, stacked; None where there is none."""
    there: list[bool] = []

    def gradients(i: Any) -> list:
        unit = start(ops.one_hot(i, count, dtype=target.dtype))
        [found] = tape.cotangents(target, sources, [unit])
        rows = [result(x, found.get(id(x)), False, None) for x in sources]
        there.extend(g is not None for g in rows)
        return [convert_to_tensor(g) for g in rows if g is not None]

    stacked = iter(vectorized_map(gradients, ops.range(count)))
    return [next(stacked) if known else None for known in there]


def _zeros(shape: Any, source: Any) -> Any:
    return ops.zeros(shape=shape, dtype=source.dtype)


def _unit_vectors(shape: tuple) -> list[np.ndarray]:
    """Every array of `shape` with a single 1."""
    size = prod(shape)
    return [(np.arange(size) == i).reshape(shape) for i in range(size)]


def _rows(tape: GradientTape, target: Any, sources: list, starts: list) -> list[list]:
    """For each start, the gradient of every source as a dense tensor; None where there is none."""
    origin = learners_line(None)
    rows = []
    for found in tape.cotangents(target, sources, starts):
        gradients = [result(x, found.get(id(x)), False, origin) for x in sources]
        rows.append([None if g is None else convert_to_tensor(g) for g in gradients])
    return rows


def _assembled(source: Any, column: Any, shape: tuple, axis: int, zero: bool) -> Any:
    if column[0] is not None:
        return ops.reshape(ops.stack(list(column), axis=axis), shape=shape)
    if not zero:
        return None
    return Tensor(np.zeros(shape, source.dtype.numpy))


def _check_tensor(what: str, value: Any, role: str) -> None:
    if not isinstance(value, Operand):
        raise DTypeError(
            message(f"GradientTape.{what}", f"a {role} of type {type(value).__name__}",
                    f"{type(value).__name__!r} object has no attribute 'shape'",
                    f"the {role} is one tensor, whose elements are differentiated one by one",
                    "ask for one at a time, on a persistent tape")
        )  # fmt: skip


def _check_persistent(tape: GradientTape, what: str, when: str) -> None:
    if not tape.persistent:
        raise FailedPreconditionError(
            message(f"GradientTape.{what}", "",
                    f"GradientTape must be created with persistent=True to compute the {what} "
                    f"{when}", "each row is then a gradient of its own",
                    "mt.GradientTape(persistent=True), or leave the argument out")
        )  # fmt: skip


def _check_batches(target: Any, source: Any) -> None:
    for role, value in (("target", target), ("source", source)):
        _check_tensor("batch_jacobian", value, role)
        if len(value.shape) < 2:
            raise InvalidArgumentError(
                message("GradientTape.batch_jacobian", f"a {role} of shape {value.shape}",
                        f"Shape {value.shape} must have rank at least 2",
                        "the first axis is the batch, the others are one example",
                        "use tape.jacobian, or add an axis with mt.expand_dims")
            )  # fmt: skip
    if target.shape[0] != source.shape[0]:
        raise InvalidArgumentError(
            message("GradientTape.batch_jacobian", "",
                    f"Need first dimension of target shape ({target.shape}) and source shape "
                    f"({source.shape}) to match", "the first axis is the batch, of one size",
                    "use tape.jacobian for tensors without a common batch")
        )  # fmt: skip

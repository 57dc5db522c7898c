"""What a gradient is asked for: targets with the cotangents to start from, and sources.

Everything a learner can get wrong in such a question is caught here. This floor knows no tape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import nest, ops
from minitensor.backend import NAMESPACE
from minitensor.eager import convert_to_tensor, executing_eagerly
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.op import state
from minitensor.tensor import IndexedSlices, Operand, Tensor
from minitensor.variable import Variable

__all__ = ["UnconnectedGradients", "flat_sources", "result", "seeds", "wants_zero"]


class UnconnectedGradients:
    """What `gradient` returns for a source that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


def wants_zero(choice: Any) -> bool:
    """Whether `unconnected_gradients` asks for zeros.

    Raises:
        InvalidArgumentError: (also a ValueError) for a word that is neither "none" nor "zero".
    """
    name = getattr(choice, "value", choice)
    if name not in (UnconnectedGradients.NONE, UnconnectedGradients.ZERO):
        raise InvalidArgumentError(
            message("GradientTape.gradient", f"unconnected_gradients={choice!r}",
                    f"Unknown value for unconnected_gradients: {choice!r}",
                    "it is 'none' or 'zero'", "choose one of the two")
        )  # fmt: skip
    return name == UnconnectedGradients.ZERO


def flat_sources(sources: Any) -> list:
    """The sources as a flat list.

    Raises:
        DTypeError: (also a ValueError and TypeError) for what is neither tensor nor variable.
    """
    flat = []
    for x in leaves(sources):
        if not isinstance(x, Operand):
            raise DTypeError(
                message("GradientTape.gradient", f"a source {x!r} of type {type(x).__name__}",
                        "it is neither a tensor nor a variable", "sources are what was watched",
                        "pass the variable or watched tensor itself")
            )  # fmt: skip
        flat.append(whole(x))
    return flat


def observed() -> bool:
    """Whether something active wants to see the ops of a backward pass: a tape, or a trace."""
    return not executing_eagerly() or any(tape.watching for tape in state.tapes)


def leaves(structure: Any) -> list:
    """The leaves of a structure; one tensor, the usual case, takes no search."""
    return [structure] if isinstance(structure, Operand) else nest.flatten(structure)


def whole(x: Any) -> Any:
    """The tensor that ops computed with, for a part of a variable; the variable behind a handle."""
    if type(x) is Tensor or type(x) is Variable:
        return x
    for name in ("whole", "_variable"):
        inner = getattr(x, name, None)
        if inner is not None:
            return inner
    return x


def seeds(target: Any, output_gradients: Any, symbolic: bool) -> dict[int, Any]:
    """The cotangents to start from, by the targets' ids: ones, or what was given.

    Raises:
        DTypeError: (also a ValueError and TypeError) for a target that is no tensor.
        InvalidArgumentError: (also a ValueError) when what was given does not fit the targets.
    """
    found: dict[int, Any] = {}
    for y, g in _pairs(target, output_gradients):
        if not isinstance(y, Operand):
            raise DTypeError(
                message("GradientTape.gradient", f"target {y!r}", "Argument `target` should be a "
                        "list or nested structure of Tensors or Variables to be differentiated, "
                        f"but received {y if y is None else type(y).__name__}",
                        "only tensors have a derivative",
                        "keep the computation in minitensor ops: numpy arrays and Python numbers "
                        "leave the tape")
            )  # fmt: skip
        y = whole(y)
        if y.dtype.is_differentiable:
            seed = _seed(y, g, symbolic)
            total = seed + found[id(y)] if id(y) in found else seed
            found[id(y)] = np.asarray(total) if isinstance(total, np.generic) else total
    return found


_ONES = object()


def _pairs(target: Any, output_gradients: Any) -> list[tuple[Any, Any]]:
    targets = leaves(target)
    if output_gradients is None:
        return [(y, _ONES) for y in targets]
    given = nest.flatten(output_gradients)
    if not nest.is_nested(target) and len(given) != 1:
        given = [output_gradients]
    if len(given) != len(targets):
        raise InvalidArgumentError(
            message("GradientTape.gradient", f"{len(targets)} targets and {len(given)} "
                    "output_gradients", "their numbers differ", "each target takes one",
                    "pass one per target, mt.ones_like(y) where nothing is weighted")
        )  # fmt: skip
    return list(zip(targets, given, strict=True))


def _seed(y: Any, g: Any, symbolic: bool) -> Any:
    if g is _ONES:
        array = y._array
        return (
            ops.ones_like(y) if symbolic else NAMESPACE[type(array)].ones(array.shape, array.dtype)
        )
    g = convert_to_tensor(g, y.dtype)
    try:
        g = g if g._array.shape == y._array.shape else ops.broadcast_to(g, shape=y.shape)
    except InvalidArgumentError:
        raise InvalidArgumentError(
            message("GradientTape.gradient", f"a target of shape {y.shape} and output_gradients of "
                    f"shape {g.shape}", "the shapes differ",
                    "an output gradient has the shape of its target", "reshape it")
        ) from None  # fmt: skip
    return g if symbolic else g._array


def result(source: Any, g: Any, zero: bool, origin: tuple | None) -> Any:
    """A cotangent as what the learner gets: a tensor, sparse rows, None, or zeros."""
    if g is None or not source.dtype.is_differentiable:
        return zeros_like(source) if zero and source.dtype.kind != "O" else None
    if isinstance(g, IndexedSlices):
        values, indices = (_tensor(x, source, origin) for x in (g.values, g.indices))
        shape = list(g.dense_shape)
        sizes = ops.shape(source) if None in shape else convert_to_tensor(shape)
        return IndexedSlices(values, indices, sizes)
    return _tensor(g, source, origin)


def _tensor(g: Any, source: Any, origin: tuple | None) -> Tensor:
    if isinstance(g, Tensor):
        return g
    tensor = Tensor(g, getattr(source, "_device", None))
    tensor._origin = origin
    return tensor


def zeros_like(source: Any) -> Tensor:
    """Zeros with the shape, dtype and device of a tensor or variable, made beside every tape."""
    if not executing_eagerly():
        return ops.zeros_like(source)
    return Tensor(np.zeros_like(source._array), getattr(source, "_device", None))

"""ForwardAccumulator: derivatives in the direction of the computation, one tangent at a time.

An accumulator stands among the active tapes. For every op with an input whose tangent is known it
computes the tangents of the results: the Jacobian-vector product. Ops have no rule for that; their
gradient rule g ↦ gᵀJ is linear in g, so differentiating ⟨gᵀJ, v⟩ with respect to g gives J·v.

Source: the double-backward trick, J. Townsend, A new trick for calculating Jacobian vector
products (2017).
"""

from __future__ import annotations

import logging
import weakref
from functools import partial
from typing import Any

from minitensor import backward, nest, ops
from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, message
from minitensor.graph.ir import Node
from minitensor.op import state
from minitensor.tape import GradientTape
from minitensor.targets import UnconnectedGradients, result, wants_zero, whole, zeros_like
from minitensor.tensor import Operand, Tensor
from minitensor.variable import Variable

__all__ = ["ForwardAccumulator"]

logger = logging.getLogger("minitensor")


class ForwardAccumulator:
    """Compute Jacobian-vector products J·v along with the values, in forward mode.

    One accumulator gives the derivative of everything computed inside it in one direction: cheap
    for few inputs and many outputs, where `GradientTape` is cheap for few outputs. Nothing that is
    computed is kept alive.

    Accumulators and tapes nest: an outer one sees the derivatives that an inner one computes, so
    that `outer.jvp(inner.jvp(y))` is a second derivative. A tape inside an accumulator gives
    Hessian-vector products: `accumulator.jvp(tape.gradient(y, x))`.

    Args:
        primals: the tensors or variables to differentiate by, in any structure.
        tangents: the direction v, in the same structure, of the primals' shapes.

    Raises:
        InvalidArgumentError: (also a ValueError) when structures or shapes differ, or the same
            primal is given twice.

    Example:
        >>> import minitensor as mt
        >>> x = mt.constant([2.0, 3.0])
        >>> with mt.autodiff.ForwardAccumulator(x, mt.constant([1.0, 0.0])) as accumulator:
        ...     y = x * x
        >>> accumulator.jvp(y).numpy().tolist()
        [4.0, 0.0]
    """

    watching = True
    persistent = True
    """Tangents are gradients of gradients: a call keeps what both orders need."""

    def __init__(self, primals: Any, tangents: Any):
        self.known: dict[int, tuple[Any, Any]] = {}
        self._primals = [whole(x) for x in nest.flatten(primals)]
        self._recording = False
        nest.assert_same_structure(primals, tangents)
        for primal, tangent in zip(self._primals, nest.flatten(tangents), strict=True):
            self._watch(primal, tangent)

    def _watch(self, primal: Any, tangent: Any) -> None:
        if not isinstance(primal, Operand) or id(primal) in self.known:
            raise InvalidArgumentError(
                message("ForwardAccumulator", f"the primal {primal!r}",
                        "Tensor was specified as a primal multiple times"
                        if id(primal) in self.known else "it is neither a tensor nor a variable",
                        "each primal is a tensor or variable, given once",
                        "sum the tangents of equal primals")
            )  # fmt: skip
        if not primal.dtype.is_differentiable:
            logger.warning("The dtype of the watched primal must be floating (e.g. tf.float32), "
                           "got %r", primal.dtype)  # fmt: skip
        tangent = convert_to_tensor(tangent, primal.dtype)
        if tuple(tangent.shape) != tuple(primal.shape):
            raise InvalidArgumentError(
                message("ForwardAccumulator", f"a primal of shape {primal.shape} and a tangent of "
                        f"shape {tangent.shape}", "the shapes differ",
                        "a tangent is a direction in the primal's own space", "reshape the tangent")
            )  # fmt: skip
        self._set(primal, tangent)

    def __enter__(self) -> ForwardAccumulator:
        if self._recording:
            raise InvalidArgumentError(
                message("ForwardAccumulator", "a second `with` on an active accumulator",
                        "Accumulator is already recording", "it records in one `with` block at a "
                        "time", "make a second accumulator")
            )  # fmt: skip
        self._recording = True
        state.tapes = (*state.tapes, self)
        return self

    def __exit__(self, *_: object) -> None:
        self._recording = False
        state.tapes = tuple(tape for tape in state.tapes if tape is not self)

    def jvp(self, target: Any, unconnected_gradients: str = UnconnectedGradients.NONE) -> Any:
        """The tangents of `target`: its Jacobian times the direction.

        Args:
            target: a tensor, variable or structure of them; the result has the same structure.
            unconnected_gradients: "none" for None, "zero" for zeros, where a target does not
                depend on the primals.
        """
        zero = wants_zero(unconnected_gradients)

        def fetch(x: Any) -> Any:
            found = self.known.get(id(whole(x)))
            if found is not None:
                return found[1]
            return zeros_like(convert_to_tensor(x)) if zero else None

        return nest.map_structure(fetch, target)

    # What the interpreter tells the accumulator.

    def record(self, node: Node) -> None:
        """Compute the tangents of what an op made. Only what stands outside may watch that."""
        if node.op.gradient_rule is None:
            return
        outputs = [out for out in node.outputs if out.dtype.is_differentiable]
        active = state.tapes
        state.tapes = active[: active.index(self)] if self in active else active
        try:
            tangents = self._push_forward(node, outputs) if outputs else []
        finally:
            state.tapes = active
        for out, tangent in zip(outputs, tangents, strict=True):
            if tangent is not None:
                self._set(out, convert_to_tensor(tangent))

    def _push_forward(self, node: Node, outputs: list[Tensor]) -> list:
        inputs = {id(x): x for x in node.inputs if id(x) in self.known}
        with GradientTape(watch_accessed_variables=False) as tape:
            dummies = [ops.zeros_like(out) for out in outputs]
            tape.watch(dummies)
            found = {id(out): g for out, g in zip(outputs, dummies, strict=True)}
            reached = set(inputs)
            for _ in backward.steps([node], found, reached, reached, True):
                pass
            sent = [(found[key], self.known[key][1]) for key in inputs if key in found]
            products = [convert_to_tensor(g) for g, _ in sent]
        [found] = tape.cotangents(products, dummies, [[tangent for _, tangent in sent]])
        return [result(dummy, found.get(id(dummy)), False, node.origin) for dummy in dummies]

    def read(self, variable: Variable, tensor: Tensor) -> None:
        """A variable's tangent is that of every reading of it."""
        found = self.known.get(id(variable))
        if found is not None and found[1].shape == tensor.shape:
            self._set(tensor, found[1])

    def overlook(self, node: Node) -> None:
        """An op with no known input has no tangent."""

    def detour(self, tensor: Tensor) -> None:
        """What numpy computes has no tangent."""

    def assigned(self, variable: Variable, tensor: Tensor) -> None:
        """A variable keeps its tangent when it is written."""

    def _set(self, value: Any, tangent: Tensor) -> None:
        """Note a tangent for as long as its value lives."""
        gone = partial(_forget, weakref.ref(self), id(value))
        self.known[id(value)] = (weakref.ref(value, gone), tangent)


def _forget(owner: weakref.ref, key: int, _: weakref.ref) -> None:
    """Drop what an accumulator knows of a value that is gone, before its id is used again."""
    accumulator = owner()
    if accumulator is not None:
        accumulator.known.pop(key, None)

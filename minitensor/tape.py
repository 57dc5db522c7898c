"""GradientTape: records the ops that watched values go through, and differentiates the record.

A tape is a list of `Node`s. While it is active, the eager interpreter appends every op that has a
known input; `gradient` walks the list backwards (`backward.steps`). What the tape overlooked, and
why, is kept as a trail of weak references for `explain`.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minitensor import backward, nest, ops
from minitensor.backend import NAMESPACE
from minitensor.eager import convert_to_tensor
from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message
from minitensor.graph.ir import ENGINE, Graph, Node
from minitensor.op import NO_ATTRS, state
from minitensor.ops.state import read_variable
from minitensor.tensor import IndexedSlices, Operand, Tensor
from minitensor.variable import Variable

__all__ = ["GradientTape", "UnconnectedGradients"]

logger = logging.getLogger("minitensor")


class UnconnectedGradients:
    """What `gradient` returns for a source that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


class GradientTape:
    """Record operations, then differentiate them.

    Trainable variables are watched as soon as they are read; constants after `watch`.

    Args:
        persistent: allow several gradients; the record is kept until the tape goes.
        watch_accessed_variables: False to watch only what `watch` names.

    Example:
        >>> import minitensor as mt
        >>> x = mt.Variable(3.0)
        >>> with mt.GradientTape() as tape:
        ...     y = x * x
        >>> tape.gradient(y, x).numpy()
        np.float32(6.0)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self._persistent, self._watch_accessed = persistent, watch_accessed_variables
        self.nodes: list[Node] = []
        self.known: dict[int, Any] = {}
        self.trail: list[Overlooked] = []
        self._variables: dict[int, Variable] = {}
        self._watched: dict[int, Tensor] = {}
        self._recording = self._entered = self._used = False

    def __enter__(self) -> GradientTape:
        if self._recording:
            raise InvalidArgumentError(
                message("GradientTape", "a second `with` on an active tape",
                        "Tape is still recording, This can happen if you try to re-enter an "
                        "already-active tape", "a tape records in one `with` block at a time",
                        "make a second tape, or leave the first block")
            )  # fmt: skip
        self._start()
        self._entered = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        state.tapes = (*state.tapes, self)
        self._recording = True

    def _stop(self) -> None:
        state.tapes = tuple(tape for tape in state.tapes if tape is not self)
        self._recording = False

    # What the interpreter tells the tape.

    def record(self, node: Node) -> None:
        """Append a node: one of its inputs is known."""
        self.nodes.append(node)
        for out in node.outputs:
            self.known[id(out)] = out

    def read(self, variable: Variable, tensor: Tensor) -> None:
        """Note that a variable was read: the reading is a node when the variable is watched."""
        watched = variable.trainable and self._watch_accessed
        if watched or id(variable) in self._variables:
            self._variables[id(variable)] = self.known[id(variable)] = variable
            origin = learners_line(read_variable)
            self.record(Node(read_variable, (variable,), NO_ATTRS, (tensor,), None, "", origin))

    def overlook(self, node: Node) -> None:
        """Note an op with no known input, holding nothing alive."""
        self.trail.append(Overlooked("op", node.op.name, node.outputs, node.inputs, node.origin))

    def detour(self, tensor: Tensor) -> None:
        """Note that a tensor was turned into a numpy array."""
        if id(tensor) in self.known:
            self.trail.append(Overlooked("numpy", "", (), (tensor,), learners_line(None)))

    def assigned(self, variable: Variable, tensor: Tensor) -> None:
        """Note that a variable was written."""
        self.trail.append(
            Overlooked("assign", variable.name, (variable,), (tensor,), learners_line(None))
        )

    # What a learner calls.

    def watch(self, tensor: Any) -> None:
        """Record what happens to `tensor` (or each of a structure) from now on.

        Raises:
            InvalidArgumentError: (also a ValueError) for anything but a tensor or variable.
        """
        for x in nest.flatten(tensor):
            if not isinstance(x, Operand):
                raise InvalidArgumentError(
                    message("GradientTape.watch", repr(x),
                            f"Passed in object {x!r} of type {type(x).__name__!r}, not tf.Tensor "
                            "or tf.Variable", "only tensors and variables can be watched",
                            "make it a tensor first: x = mt.constant(…)")
                )  # fmt: skip
            if not x.dtype.is_differentiable:
                logger.warning("The dtype of the watched tensor must be floating (e.g. tf.float32), "
                               "got %r", x.dtype)  # fmt: skip
            if isinstance(x, Variable):
                self._variables[id(x)] = self.known[id(x)] = x
            else:
                x = getattr(x, "whole", x)
                self._watched[id(x)] = self.known[id(x)] = x

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables watched so far, in the order they were met."""
        return tuple(self._variables.values())

    def reset(self) -> None:
        """Forget everything recorded so far."""
        self.nodes, self.known, self.trail = [], {}, []
        self._variables, self._watched = {}, {}

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Within it, nothing is recorded.

        Raises:
            FailedPreconditionError: (also a RuntimeError) when the tape is not recording.
        """
        if not self._recording:
            raise FailedPreconditionError(
                message("GradientTape.stop_recording", "",
                        "Trying to stop recording a tape which is not recording",
                        "recording can be paused only inside the tape's `with` block",
                        "move the call into it")
            )  # fmt: skip
        self._stop()
        try:
            yield
        finally:
            self._start()

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = UnconnectedGradients.NONE,
    ) -> Any:
        """The derivative of the sum of `target` with respect to each source.

        Args:
            target: a tensor, or a structure of them, which are summed.
            sources: tensors or variables in any structure; the result has the same one.
            output_gradients: one tensor per target to start from, instead of ones.
            unconnected_gradients: "none" for None, "zero" for zeros, where the target does not
                depend on a source. `explain(target, source)` says why it does not.

        Shape: each gradient has the shape and dtype of its source. A gather gives IndexedSlices.

        Raises:
            FailedPreconditionError: (also a RuntimeError) for a second gradient of a tape that is
                not persistent.
        """
        zero = _wants_zero(unconnected_gradients)
        self._claim()
        flat = [_source(x) for x in nest.flatten(sources)]
        found: dict[int, Any] = {}
        for _ in self._run(target, flat, output_gradients, found):
            pass
        results = [_result(x, found.get(id(x)), zero) for x in flat]
        if not self._persistent:
            self._release()
        return nest.pack_sequence_as(sources, results)

    def steps(
        self, target: Any, sources: Any = None, output_gradients: Any = None
    ) -> Iterator[backward.Step]:
        """The backward pass as a generator: one `Step` per node, in the order they are visited.

        Without `sources`, everything watched is one. Does not use the tape up.
        """
        given = [*self._watched.values(), *self._variables.values()] if sources is None else sources
        flat = [_source(x) for x in nest.flatten(given)]
        return self._run(target, flat, output_gradients, {})

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of each element of `target` with respect to each element of the sources.

        Shape: target.shape + source.shape, for each source.
        """
        from minitensor import jacobian

        return jacobian.jacobian(self, target, sources, unconnected_gradients,
                                 experimental_use_pfor)  # fmt: skip

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of each example of a batch with respect to itself.

        Shape: (b, …y), (b, …x) → (b, …y, …x).
        """
        from minitensor import jacobian

        return jacobian.batch_jacobian(self, target, source, unconnected_gradients)

    def graph(self) -> Graph:
        """The record as a graph."""
        inputs = [*self._watched.values(), *self._variables.values()]
        return Graph(self.nodes, inputs, "tape")

    def explain(self, target: Any, source: Any) -> Any:
        """Why the gradient of `target` with respect to `source` is None, or where it flows.

        Returns an `Explanation`: print it, or read its `cause`, `link`, `line` and `fix`.
        """
        from minitensor.explain import explain

        return explain(self, target, source)

    def _run(
        self, target: Any, sources: list, output_gradients: Any, found: dict[int, Any]
    ) -> Iterator[backward.Step]:
        """The steps from `target` to `sources`; at the end `found` has the sources' cotangents."""
        recording = self._recording and not self._persistent
        if recording:
            self._stop()
        try:
            symbolic = bool(state.tapes)
            seeds = _seeds(target, output_gradients, symbolic)
            found.update(seeds)
            reached = backward.reaching(self.nodes, sources)
            wanted = {id(x) for x in sources}
            for step in backward.steps(self.nodes, found, reached, wanted, symbolic):
                yield step
        finally:
            if recording:
                self._start()

    def _claim(self) -> None:
        """Check that a gradient may be asked for, and use the tape up if it is not persistent."""
        if (self._used and not self._persistent) or not self._entered:
            raise FailedPreconditionError(
                message("GradientTape.gradient", "",
                        "A non-persistent GradientTape can only be used to compute one set of "
                        "gradients (or jacobians)",
                        "the record is dropped after the first" if self._entered else
                        "this tape was never entered, so it recorded nothing",
                        "ask for all sources at once: tape.gradient(y, [a, b]), or make the tape "
                        "with persistent=True" if self._entered
                        else "compute inside `with mt.GradientTape() as tape:`")
            )  # fmt: skip
        if self._persistent and self._recording:
            logger.warning(
                "Calling GradientTape.gradient on a persistent tape inside its context is "
                "significantly less efficient than calling it outside the context (it causes the "
                "gradient ops to be recorded on the tape, leading to increased CPU and memory "
                "usage). Only call GradientTape.gradient inside the context if you actually want "
                "to trace the gradient in order to compute higher order derivatives."
            )
        self._used = True

    def _release(self) -> None:
        """Drop the values of the record, but keep its trail so that it can still be explained."""


class Overlooked:
    """Something that happened beside the tape: an op, a trip through numpy, or an assignment."""

    __slots__ = ("inputs", "kind", "name", "origin", "outputs")

    def __init__(self, kind: str, name: str, outputs: Sequence, inputs: Sequence, origin: Any):
        self.kind, self.name, self.origin = kind, name, origin
        self.outputs = [weakref.ref(x) for x in outputs]
        self.inputs = [weakref.ref(x) for x in inputs if isinstance(x, Operand)]


def note_detour(tensor: Tensor) -> None:
    """Tell the active tapes that a tensor leaves for numpy."""
    for tape in state.tapes:
        tape.detour(tensor)


def learners_line(op: Any) -> tuple:
    """Where in the learner's program we are: (op, code, instruction offset)."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(ENGINE) and frame.f_back is not None:
        frame = frame.f_back
    return op, frame.f_code, frame.f_lasti


def _source(x: Any) -> Any:
    if not isinstance(x, Operand):
        raise InvalidArgumentError(
            message("GradientTape.gradient", f"a source {x!r} of type {type(x).__name__}",
                    "it is neither a tensor nor a variable",
                    "sources are what was watched", "pass the variable or watched tensor itself")
        )  # fmt: skip
    return getattr(x, "whole", x)


def _seeds(target: Any, output_gradients: Any, symbolic: bool) -> dict[int, Any]:
    """The cotangents to start from: ones, or what was given, for each target."""
    targets = nest.flatten(target)
    given = [None] * len(targets) if output_gradients is None else nest.flatten(output_gradients)
    if len(given) != len(targets):
        raise InvalidArgumentError(
            message("GradientTape.gradient", f"{len(targets)} targets and {len(given)} "
                    "output_gradients", "their numbers differ", "each target takes one",
                    "pass one per target")
        )  # fmt: skip
    seeds: dict[int, Any] = {}
    for y, g in zip(targets, given, strict=True):
        if not isinstance(y, Operand):
            raise InvalidArgumentError(
                message("GradientTape.gradient", f"target {y!r}", "Argument `target` should be a "
                        "list or nested structure of Tensors or Variables to be differentiated, "
                        f"but received {type(y).__name__}", "only tensors have a derivative",
                        "keep the computation in minitensor ops: numpy arrays and Python numbers "
                        "leave the tape")
            )  # fmt: skip
        y = getattr(y, "whole", y)
        if y.dtype.is_differentiable:
            seed = _seed(y, g, symbolic)
            earlier = seeds.get(id(y))
            seeds[id(y)] = seed if earlier is None else earlier + seed
    return seeds


def _seed(y: Any, g: Any, symbolic: bool) -> Any:
    if g is None:
        return ops.ones_like(y) if symbolic else NAMESPACE[type(y._array)].ones_like(y._array)
    g = convert_to_tensor(g, y.dtype)
    try:
        g = ops.broadcast_to(g, y.shape)
    except InvalidArgumentError:
        raise InvalidArgumentError(
            message("GradientTape.gradient", f"a target of shape {y.shape} and output_gradients of "
                    f"shape {g.shape}", "the shapes differ",
                    "an output gradient has the shape of its target", "reshape it")
        ) from None  # fmt: skip
    return g if symbolic else g._array


def _result(source: Any, g: Any, zero: bool) -> Any:
    if not source.dtype.is_differentiable:
        return None
    if g is None:
        if not zero:
            return None
        return Tensor(np.zeros_like(source._array), getattr(source, "_device", None))
    if isinstance(g, IndexedSlices):
        wrap = [x if isinstance(x, Tensor) else Tensor(x) for x in (g.values, g.indices)]
        return IndexedSlices(*wrap, convert_to_tensor(list(g.dense_shape)))
    return g if isinstance(g, Tensor) else Tensor(g)


def _wants_zero(choice: Any) -> bool:
    name = getattr(choice, "value", choice)
    if name not in ("none", "zero"):
        raise InvalidArgumentError(
            message("GradientTape.gradient", f"unconnected_gradients={choice!r}",
                    f"Unknown value for unconnected_gradients: {choice!r}",
                    "it is 'none' or 'zero'", "choose one of the two")
        )  # fmt: skip
    return name == "zero"

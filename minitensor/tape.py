"""GradientTape: records the ops that watched values go through, and differentiates the record.

A tape is a list of `Node`s. While it is active, the eager interpreter appends every op that has a
known input; `gradient` walks the list backwards (`backward.steps`). What the tape overlooked, and
why, is kept as a trail of weak references for `explain`; so is the record itself once its values
are let go. Read `record`, `gradient`, then `cotangents`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import ref

from minitensor import backward, nest, trail
from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message
from minitensor.graph.ir import Graph, Node
from minitensor.op import NO_ATTRS, state
from minitensor.ops.state import read_variable
from minitensor.targets import (
    UnconnectedGradients,
    flat_sources,
    leaves,
    observed,
    result,
    seeds,
    wants_zero,
    whole,
)
from minitensor.tensor import Operand, Tensor
from minitensor.trail import UNWATCHED, Event, Leaf, Past, leaf, learners_line, noted, remember
from minitensor.variable import Variable

if TYPE_CHECKING:
    from minitensor.explain import Explanation

__all__ = ["GradientTape", "UnconnectedGradients"]

logger = logging.getLogger("minitensor")
SMALL_NODES, SMALL_BYTES = 1000, 1_000_000


class GradientTape:
    """Record operations, then differentiate them.

    Trainable variables are watched as soon as they are read; constants after `watch`.

    Args:
        persistent: allow several gradients; the record is kept until the tape goes. Otherwise the
            first gradient lets go of the recorded values, if they are large.
        watch_accessed_variables: False to watch only what `watch` names.

    Example:
        >>> import minitensor as mt
        >>> x = mt.Variable(3.0)
        >>> with mt.GradientTape() as tape:
        ...     y = x * x
        >>> tape.gradient(y, x).numpy()
        np.float32(6.0)
    """

    watching = True

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self.persistent, self._watch_accessed = persistent, watch_accessed_variables
        self._forgotten, self.reset_at = trail.NOTHING, None
        self._place: Any = None
        self._entered = self._used = False
        self._clear()

    def _clear(self) -> None:
        self.nodes: list[Node] = []
        self.known: dict[int, Any] = {}
        self.derived: list[tuple[int, int]] = []
        self._trail: deque[tuple] = deque(maxlen=trail.LONGEST)
        self._past = trail.NOTHING
        self.asked: list[ref] = []
        self._inputs: list[Leaf] | None = None
        self._variables: dict[int, Variable] = {}
        self._watched: dict[int, Tensor] = {}

    def __enter__(self) -> GradientTape:
        if self._place is not None:
            raise InvalidArgumentError(
                message("GradientTape", "a second `with` on an active tape",
                        "Tape is still recording, This can happen if you try to re-enter an "
                        "already-active tape", "a tape records in one `with` block at a time",
                        "make a second tape, or leave the first block")
            )  # fmt: skip
        if self.is_used_up:
            self._clear()
            self._used = False
        self._entered = True
        self._place = self
        state.tapes = (*state.tapes, self)
        return self

    def __exit__(self, *_: object) -> None:
        place, self._place = self._place, None
        state.tapes = tuple(tape for tape in state.tapes if tape is not place)

    def _replace(self, place: Any) -> None:
        """Put another in this tape's place among the active ones, if it is active."""
        if self._place is not None:
            before, self._place = self._place, place
            state.tapes = tuple(place if tape is before else tape for tape in state.tapes)

    def _resume(self) -> None:
        self._replace(trail.Bystander(self, trail.USED) if self.is_used_up else self)

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
        else:
            self.note_read(UNWATCHED, variable, tensor)

    def overlook(self, node: Node) -> None:
        """Note an op with no known input, holding nothing alive."""
        op, inputs, _, outputs, _, _, origin = node
        self._trail.append(noted(UNWATCHED, op, inputs, outputs, origin, len(self.nodes)))

    def detour(self, tensor: Tensor) -> None:
        """Note that a tensor was turned into a numpy array."""
        if id(tensor) in self.known and tensor.dtype.is_differentiable:
            self.note(trail.NUMPY, None, (tensor,), (), learners_line(None))

    def assigned(self, variable: Variable, tensor: Tensor) -> None:
        """Note that a variable was written."""
        variable = whole(variable)
        made = (variable, variable._value)
        self.note(trail.ASSIGNED, None, (tensor,), made, learners_line(None), variable._label)

    def note(
        self, kind: str, op: Any, inputs: Any, outputs: Any, origin: Any, name: Any = None
    ) -> None:
        """Remember something that happened beside the record, for `explain`."""
        at = len(self.nodes) or len(self._past.nodes)
        self._trail.append(noted(kind, op, inputs, outputs, origin, at, name))

    def note_read(self, kind: str, variable: Variable, tensor: Tensor) -> None:
        """Remember that a variable was read without being recorded."""
        self.note(kind, read_variable, (variable,), (tensor,), learners_line(read_variable))

    # What a learner calls.

    def watch(self, tensor: Any) -> None:
        """Record what happens to `tensor` (or each of a structure) from now on.

        Raises:
            InvalidArgumentError: (also a ValueError) for anything but a tensor or variable.
            FailedPreconditionError: (also a RuntimeError) before the tape's `with` block, or after
                a tape that is not persistent gave its gradient.
        """
        if not self._entered or self.is_used_up:
            raise FailedPreconditionError(
                message("GradientTape.watch", "",
                        "the tape gave its gradient already" if self._entered
                        else "the tape was not entered yet",
                        "a tape watches from its `with` block on, until its record is used up",
                        "call it inside: with mt.GradientTape() as tape: tape.watch(x)")
            )  # fmt: skip
        for x in nest.flatten(tensor):
            if not isinstance(x, Operand):
                raise InvalidArgumentError(
                    message("GradientTape.watch", repr(x),
                            f"Passed in object {x!r} of type {type(x).__name__!r}, not tf.Tensor "
                            "or tf.Variable", "only tensors and variables can be watched",
                            "make it a tensor first: x = mt.constant(…)")
                )  # fmt: skip
            if not x.dtype.is_differentiable:
                logger.warning("The dtype of the watched tensor must be floating (e.g. "
                               "tf.float32), got %r", x.dtype)  # fmt: skip
            x = whole(x)
            seen: Any = self._variables if isinstance(x, Variable) else self._watched
            seen[id(x)] = self.known[id(x)] = x

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables watched so far, in the order they were met."""
        return tuple(self._variables.values())

    def reset(self) -> None:
        """Forget everything recorded so far, and what was watched."""
        self._forgotten, self.reset_at = remember(self.nodes, self.known), learners_line(None)
        self._clear()
        self._used = False
        if isinstance(self._place, trail.Bystander) and self._place.why == trail.USED:
            self._resume()

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Within it, nothing is recorded.

        Raises:
            FailedPreconditionError: (also a RuntimeError) when the tape is not recording.
        """
        if self._place is not self:
            raise FailedPreconditionError(
                message("GradientTape.stop_recording", "",
                        "Trying to stop recording a tape which is not recording",
                        "recording can be paused only inside the tape's `with` block",
                        "move the call into it")
            )  # fmt: skip
        self._replace(trail.Bystander(self, trail.PAUSED))
        try:
            yield
        finally:
            self._resume()

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
        zero = wants_zero(unconnected_gradients)
        flat = flat_sources(sources)
        self.claim(target, flat)
        [found] = self.cotangents(target, flat, [output_gradients])
        origin = learners_line(None)
        results = [result(x, found.get(id(x)), zero, origin) for x in flat]
        self.release()
        if isinstance(sources, Operand):
            return results[0]
        return nest.pack_sequence_as(sources, results)

    def steps(
        self, target: Any, sources: Any = None, output_gradients: Any = None
    ) -> Iterator[backward.Step]:
        """The backward pass as a generator: one `Step` per node, in the order they are visited.

        Without `sources`, everything watched is one. Does not use the tape up.

        Raises:
            FailedPreconditionError: (also a RuntimeError) when the tape is used up.
        """
        self._check_usable()
        given = [*self._watched.values(), *self._variables.values()] if sources is None else sources
        flat = flat_sources(given)
        with self._aside():
            symbolic = observed()
            found = seeds(target, output_gradients, symbolic)
        reached = backward.reaching(self.nodes, flat)
        steps = backward.steps(self.nodes, found, reached, {id(x) for x in flat}, symbolic)
        return self._one_by_one(steps)

    def _one_by_one(self, steps: Iterator[backward.Step]) -> Iterator[backward.Step]:
        while True:
            with self._aside():
                step = next(steps, None)
            if step is None:
                return
            yield step

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of each element of `target` with respect to each element of the sources.

        Each row is one backward pass. `parallel_iterations` has no effect; with
        `experimental_use_pfor=False` the tape must be persistent, as in TensorFlow.

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

        Examples must not influence one another. Zeros where the target does not depend on the
        source, whatever `unconnected_gradients` says, as in TensorFlow.

        Shape: (b, …y), (b, …x) → (b, …y, …x).
        """
        from minitensor import jacobian

        return jacobian.batch_jacobian(self, target, source, parallel_iterations,
                                       experimental_use_pfor)  # fmt: skip

    def graph(self) -> Graph:
        """The record as a graph. Once its values are let go, it still has names and shapes."""
        if self._inputs is not None:
            return trail.graph_of(self._past, self._inputs)
        return Graph(self.nodes, [*self._watched.values(), *self._variables.values()], "tape")

    def explain(self, target: Any, source: Any) -> Explanation:
        """Why the gradient of `target` with respect to `source` is None, or where it flows.

        Works before and after the gradient was asked for. Print the answer, or read its `cause`,
        `link`, `line` and `fix`.

        Example:
            >>> import minitensor as mt
            >>> x = mt.constant(3.0)
            >>> with mt.GradientTape() as tape:
            ...     y = x * x
            >>> print(tape.gradient(y, x), tape.explain(y, x).cause, sep=": ")
            None: not watched
        """
        from minitensor.explain import explain

        return explain(self, target, source)

    @property
    def is_used_up(self) -> bool:
        """Whether the tape gave its one gradient."""
        return self._used and not self.persistent

    def events(self) -> list[Event]:
        """Everything the tape remembers, in the order it happened, for `explain`."""
        later = [*self.past().events(), *map(Event._make, self._trail)]
        later.sort(key=lambda event: (event.at, event.kind == trail.RECORDED))
        return [*self._forgotten.events(trail.FORGOTTEN), *later]

    def past(self) -> Past:
        """The record as it is without values."""
        return remember(self.nodes, self.known) if self._inputs is None else self._past

    def inputs(self) -> list[Leaf]:
        """What is watched, without values."""
        if self._inputs is not None:
            return self._inputs
        return [leaf(x) for x in (*self._watched.values(), *self._variables.values())]

    # How it differentiates.

    def claim(self, target: Any, sources: list) -> None:
        """Check that a gradient may be asked for, and use the tape up if it is not persistent."""
        self._check_usable()
        asked = [*leaves(target), *sources]
        self.asked = [ref(whole(x)) for x in asked if isinstance(x, Operand)]
        if self.persistent and self._place is self:
            logger.warning(
                "Calling GradientTape.gradient on a persistent tape inside its context is "
                "significantly less efficient than calling it outside the context (it causes the "
                "gradient ops to be recorded on the tape, leading to increased CPU and memory "
                "usage). Only call GradientTape.gradient inside the context if you actually want "
                "to trace the gradient in order to compute higher order derivatives."
            )
        self._used = True

    def _check_usable(self) -> None:
        if self.is_used_up or not self._entered:
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

    def cotangents(self, target: Any, sources: list, starts: Sequence) -> Iterator[dict[int, Any]]:
        """One backward pass for each of `starts` (output gradients): cotangents by source id."""
        nodes = self.nodes[:]
        reached = backward.reaching(nodes, sources)
        wanted = {id(x) for x in sources}
        for start in starts:
            with self._aside():
                symbolic = observed()
                found = seeds(target, start, symbolic)
                pull_back = getattr(state.interpreter, "pull_back", None)
                if pull_back is not None:
                    found = pull_back(nodes, found, reached, wanted)
                else:
                    backward.walk(nodes, found, reached, wanted, symbolic)
            yield found

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Within it, a tape that is not persistent does not record its own backward pass."""
        if self._place is not self or self.persistent:
            yield
            return
        self._replace(trail.Bystander(self, None))
        try:
            yield
        finally:
            self._replace(self)

    def release(self) -> None:
        """Let go of the values, unless persistent; keep what `explain` and `graph` need.

        A record that is small stays as it is, since taking it apart takes longer than it is worth.
        """
        if self.persistent:
            return
        if self._place is self:
            self._replace(trail.Bystander(self, trail.USED))
        if not _is_small(self.nodes):
            self._past, self._inputs = self.past(), self.inputs()
            self.nodes, self.known, self._watched = [], {}, {}


def _is_small(nodes: Sequence[Node]) -> bool:
    """Whether nodes are few and their results take less than a megabyte."""
    if len(nodes) > SMALL_NODES:
        return False
    size = 0
    for node in nodes:
        for out in node.outputs:
            size += out._array.nbytes
    return size < SMALL_BYTES

"""What a tape remembers of a computation without its values: enough to explain it afterwards.

Values are named by weak references, which keep nothing alive and, unlike ids, never name a second
value: Python gives the same reference to the same value as long as one is kept. What a tape
recorded, what it overlooked and why, trips through numpy and assignments are all `Event`s. Read
`Event`, then `remember`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

import numpy as np

from minitensor.dtypes import BY_NUMPY, DType
from minitensor.errors import OpError
from minitensor.graph.ir import ENGINE, Graph, Node, learners_frame
from minitensor.op import NO_ATTRS, Op
from minitensor.shapes import NoElements, Spec, TensorShape
from minitensor.tensor import Operand

if TYPE_CHECKING:
    from minitensor.tape import GradientTape

__all__ = ["Bystander", "Event", "Leaf", "Past", "Released", "learners_line", "remember"]

RECORDED, FORGOTTEN = "recorded", "forgotten"
UNWATCHED, PAUSED, USED = "unwatched", "paused", "used"
NUMPY, ASSIGNED = "numpy", "assigned"

LONGEST = 1 << 16
"""How many events beside the record a tape remembers: the latest ones."""


class Event(NamedTuple):
    """Something that happened while a tape was active. The middle seven fields are a `Node`'s."""

    kind: str
    """`recorded`; why an op was not recorded (`unwatched`, `paused`, `used`, `forgotten`); or what
    else breaks the chain: `numpy`, `assigned`."""
    op: Op | None
    inputs: Sequence
    """Weak references."""
    attrs: dict
    outputs: Sequence
    """Weak references."""
    name: str | None
    scope: str
    origin: tuple | None
    """(op, code, instruction offset) of the learner's line."""
    at: int
    """How many nodes the tape had recorded before it."""
    origins: Sequence = ()
    """Where the inputs of what was not recorded had come from, since they may be gone by now."""


class Leaf(NamedTuple):
    """What is left of a value that no recorded node made."""

    value: ref
    shape: Sequence
    dtype: np.dtype
    scalar: Any
    """The array itself when it is a single number, so that a graph can still print it."""
    origin: tuple | None


class Past(NamedTuple):
    """A record without its values: nodes with weak references, and what came from outside."""

    nodes: list[tuple]
    leaves: list[Leaf]

    def events(self, kind: str = RECORDED) -> list[Event]:
        """The nodes as events."""
        return [Event._make((kind, *node, at, ())) for at, node in enumerate(self.nodes)]


NOTHING = Past([], [])


class Released(Operand):
    """A value of a record that was let go: it still has a shape and a dtype, but no elements."""

    __slots__ = ("__weakref__", "_array", "shape")

    def __init__(self, left: Leaf):
        self.shape = TensorShape(left.shape)
        self._array = NoElements(self.shape, left.dtype) if left.scalar is None else left.scalar

    @property
    def dtype(self) -> DType:
        """The type that the elements had."""
        return BY_NUMPY[self._array.dtype]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


def _without_values(op: Any) -> Any:
    return op if type(op) is Op else op.without_values()


def remember(nodes: Sequence[Node], known: Mapping[int, Any]) -> Past:
    """What is left of nodes when their values are let go. `known` holds what they made.

    It runs once per gradient, after the backward pass, in half a microsecond a node.
    """
    bare: list[tuple] = [
        (_without_values(op), [*map(ref, inputs)], attrs,
         [*map(ref, outputs)], name, scope, origin)
        for op, inputs, attrs, outputs, name, scope, origin in nodes
    ]  # fmt: skip
    entered = {id(x): x for node in nodes for x in node[1] if id(x) not in known}
    return Past(bare, [leaf(x) for x in entered.values()])


def leaf(x: Any) -> Leaf:
    """What is left of a tensor or variable."""
    array = x._array
    scalar = None if isinstance(array, NoElements) or array.ndim else array
    return Leaf(ref(x), array.shape, array.dtype, scalar, getattr(x, "_origin", None))


def graph_of(past: Past, inputs: Sequence[Leaf]) -> Graph:
    """The graph of a record whose values were let go.

    Values that somebody else still holds stand in it themselves; of the others, shape and dtype
    are inferred again from the ops' rules. A size that depends on values is None.
    """
    values: dict[int, Any] = {}
    for x in (*inputs, *past.leaves):
        alive = x.value()
        values.setdefault(id(x.value), Released(x) if alive is None else alive)
    given = [values[id(x.value)] for x in inputs]
    nodes = []
    for op, references, attrs, made, name, scope, origin in past.nodes:
        ins = [values[id(r)] for r in references]
        outs = []
        for r, spec in zip(made, _specs(op, ins, attrs, made), strict=True):
            alive = r()
            left = Leaf(r, spec.shape, spec.dtype, None, origin)
            outs.append(Released(left) if alive is None else alive)
            values[id(r)] = outs[-1]
        nodes.append(Node(op, ins, attrs, outs, name, scope, origin))
    return Graph(nodes, given, "tape")


def _specs(op: Op, inputs: list, attrs: dict, made: list) -> list[Spec]:
    try:
        found = op.infer(*[Spec(tuple(x.shape), x._array.dtype) for x in inputs], **attrs)
    except (OpError, TypeError, ValueError):
        found = Spec((None,), inputs[0]._array.dtype)
    return [found] * len(made) if isinstance(found, Spec) else list(found)


class Bystander:
    """Stands where a tape does not record, for example while it is paused, and notes what passes.

    It knows no value, so the interpreter tells it of every op as one that it overlooks.
    """

    watching = False

    def __init__(self, tape: GradientTape, why: str | None):
        self.tape, self.why = tape, why
        self.known: dict[int, Any] = {}

    def overlook(self, node: Node) -> None:
        """Note an op, and why the tape missed it."""
        if self.why:
            self.tape.note(self.why, node.op, node.inputs, node.outputs, node.origin)

    def read(self, variable: Any, tensor: Any) -> None:
        """Note that a variable was read."""
        if self.why:
            self.tape.note_read(self.why, variable, tensor)

    def detour(self, tensor: Any) -> None:
        """Note a trip through numpy."""
        self.tape.detour(tensor)

    def assigned(self, variable: Any, tensor: Any) -> None:
        """Note that a variable was written."""
        self.tape.assigned(variable, tensor)


def noted(
    kind: str, op: Any, inputs: Sequence, outputs: Sequence, origin: tuple | None, at: int,
    name: str | None = None,
) -> tuple:  # fmt: skip
    """An `Event` as a plain tuple, which is made faster."""
    if type(op) is not Op and op is not None:
        op = op.without_values()
    origins = [getattr(x, "_origin", None) for x in inputs]
    return (kind, op, [*map(ref, inputs)], NO_ATTRS, [*map(ref, outputs)], name, "", origin, at,
            origins)  # fmt: skip


def learners_line(op: Any) -> tuple:
    """Where in the learner's program we are: (op, code, instruction offset).

    numpy and its neighbours are not the learner's.
    """
    frame = learners_frame(sys._getframe(1), _LIBRARIES)
    return op, frame.f_code, frame.f_lasti


_LIBRARIES = (ENGINE, f"{Path(np.__file__).parents[1]}{os.sep}")

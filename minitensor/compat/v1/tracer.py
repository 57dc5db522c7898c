"""Tracers that stay open, and the nodes that only graphs which are written first have.

A traced function opens a tracer, runs once, and closes it. Here the tracer of the default graph is
this thread's interpreter for as long as the learner wishes, and every op she calls is a further
node. What a session runs is cut out of that graph afterwards: see `programs`.

Constants, placeholders, variables and ops that do nothing but wait are nodes here, because they can
be fetched or waited for by name; and a node may wait for others besides its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from sys import _getframe
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.errors import (
    ArgumentError,
    FailedPreconditionError,
    InaccessibleTensorError,
    InvalidArgumentError,
)
from minitensor.graph import ir
from minitensor.graph.ir import Node
from minitensor.graph.names import name_of_op
from minitensor.graph.operations import Operation
from minitensor.graph.symbol import Symbol, out_of_scope
from minitensor.graph.trace import Tracer
from minitensor.op import Op, state
from minitensor.ops.array import stack
from minitensor.ops.comparison import equal, not_equal
from minitensor.ops.draws import DEFAULT_GRAPH_SEED, next_seed
from minitensor.ops.philox import hashed
from minitensor.scopes import control_dependencies as plain_control_dependencies
from minitensor.shapes import NoElements
from minitensor.tensor import IndexedSlices, Operand, Tensor

__all__ = ["GraphTracer", "anchor", "awaited", "control_dependencies", "open_tracer", "operation"]


class _Mark(Op):
    """An op that stands in a graph and is not run as such: `programs` knows what it means."""

    def __init__(self, name: str, doc: str, infer: Callable, gradient: Callable | None = None):
        super().__init__(
            lambda xp, *inputs, **attrs: inputs[0], infer=infer, samples=None, types="A",
            kinds="fciubO", scalar=None, fast=False, conjugate=False, portable=False,
            stateful=False, why_none=f"a {name} does not depend on anything",
        )  # fmt: skip
        self.name = self.__name__ = name
        self.__doc__, self.variadic, self.gradient_rule = doc, True, gradient
        self.expands = True

    def __reduce__(self) -> str:
        return self.name.upper()


CONST = _Mark("const", "A constant.", lambda: ())
PLACEHOLDER = _Mark("placeholder", "A value that every run is fed.", lambda: ())
VAR_HANDLE_OP = _Mark("var_handle_op", "A variable; each session has its value.", lambda: ())
NO_OP = _Mark("no_op", "Nothing; what waits for it waits for what it waits for.", lambda: ())
PLACEHOLDER_WITH_DEFAULT = _Mark(
    "placeholder_with_default", "A value that a run may be fed.",
    lambda default, *, shape: NoElements(shape, default.dtype),
    lambda xp, g, out, default, *, shape: g,
)  # fmt: skip
MARKS = (CONST, PLACEHOLDER, VAR_HANDLE_OP, NO_OP)
"""What does not run."""


class GraphTracer(Tracer):
    """The tracer of a graph that stays open."""

    stays_open = True
    graph: Any

    def __init__(self, graph: Any):
        super().__init__(graph)
        self.waits: dict[int, list] = {}
        """What each node waits for besides its inputs: symbols, or nodes without results."""
        self.fixed: dict[int, list[Symbol]] = {}
        """What attributes of each node were made of: constants, whose values are fixed by that."""
        self.unchecked: set[int] = set()
        """Readings (by id) that may meet a variable without a value."""
        self.awaited: list = []

    # Further nodes.

    def lift(self, tensor: Any, label: str) -> Symbol:
        """A constant, as a node."""
        symbol = super().lift(tensor, label)
        if not isinstance(tensor, Symbol):
            self.mark(CONST, symbol._label, symbol, value=symbol.known, dtype=symbol.dtype)
        return symbol

    def capture(self, value: Any, label: str = "Const") -> Symbol:
        """A constant for an eager tensor; tensors of other graphs are refused."""
        if isinstance(value, Symbol):
            raise out_of_scope(value)
        inner = self.lift(value, label)
        self._inside[id(value)] = value, inner
        return inner

    def mark(self, op: Op, label: str, *outputs: Any, **attrs: Any) -> Node:
        """Append a node of an op that only stands for something; `label` is its whole name."""
        if self.graph.finalized:
            raise FailedPreconditionError(
                "Graph is finalized and cannot be modified.\nNothing can be added after "
                "graph.finalize(). To fix it: build everything before that."
            )
        scope, _, leaf = label.rpartition("/")
        node = Node(op, (), attrs, outputs, leaf, scope, self._origin(op))
        for out in outputs:
            if isinstance(out, Symbol):
                out._origin = node.origin
        self.graph.nodes.append(node)
        self._wait(node)
        return node

    def _node(self, op: Op, inputs: Sequence, attrs: dict, specs: Sequence, label: str) -> tuple:
        if self.graph.finalized:
            self.mark(op, label)
        outputs = super()._node(op, inputs, attrs, specs, label)
        self._wait(self.graph.nodes[-1])
        return outputs

    def _append(self, op: Op, inputs: Sequence, attrs: dict, base: str, given: str | None) -> Any:
        found = super()._append(op, inputs, attrs, base, given)
        parts = nest.flatten(list(attrs.values())) if attrs else ()
        fixed = [x for x in parts if isinstance(x, Symbol) and x.known is not None]
        if fixed:
            self.fixed[anchor(self.graph.nodes[-1])] = fixed
        return found

    def _origin(self, op: Op) -> tuple:
        frame = ir.learners_frame(_getframe(2))
        return op, frame.f_code, frame.f_lasti

    # Order.

    def _wait(self, node: Node) -> None:
        if self.awaited:
            self.waits[anchor(node)] = list(self.awaited)

    def wait(self, thing: Any, others: Sequence) -> None:
        """Let a node (or the node of a symbol) wait for others."""
        self.waits.setdefault(anchor(thing), []).extend(others)

    def control_inputs(self, thing: Any) -> list:
        """The operations that a node waits for."""
        return [operation(self.graph, x) for x in self.waits.get(anchor(thing), ())]

    @contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Nodes made within it wait for these operations and tensors."""
        before = self.awaited
        further = [awaited(self, x) for x in control_inputs or ()]
        self.awaited = [] if control_inputs is None else [*before, *further]
        try:
            yield
        finally:
            self.awaited = before

    def group(self, inputs: Sequence, name: str | None) -> Operation:
        """A node that does nothing and waits for all `inputs`."""
        flat: list = []
        for x in inputs:
            flat.extend(x if isinstance(x, (list, tuple)) else [x])
        anchors = [awaited(self, x) for x in flat if x is not None]
        name = name or "group_deps"
        node = self.mark(NO_OP, name[:-1] if name.endswith("/") else self._unique(name))
        if anchors:
            self.wait(node, anchors)
        return operation(self.graph, node)

    # Random numbers.

    def apply(self, op: Op, inputs: Sequence, attrs: dict, name: str | None = None) -> Any:
        """Append an op; where seeds are given, draws follow from them and from the session."""
        if op is next_seed and (self.graph.seed, attrs.get("seed")) != (None, None):
            return self._seeded(attrs.get("seed"))
        return super().apply(op, inputs, attrs, name)

    def _seeded(self, op_seed: int | None) -> Any:
        """The next seed of a stream that each session counts for itself."""
        first = DEFAULT_GRAPH_SEED if self.graph.seed is None else self.graph.seed
        number = len(self.graph.nodes) if op_seed is None else int(op_seed)
        key = np.int64(hashed(hashed(first, 1), number))
        count = self.variable_class.hidden(np.int64(0), "seed_count")
        seed = stack([self.lift(Tensor(np.asarray(key)), "seed"), count.value()], axis=0)
        self.wait(seed, [count.assign_add(np.int64(1), read_value=False).node])
        return seed

    def binary(self, op: Op, x: Any, y: Any) -> Any:
        """Append an op that a Python operator asked for.

        `==` and `!=` are about identity where a learner writes them, as in TensorFlow, so that
        tensors can be looked for in lists. The rules of ops compare elements.
        """
        if op is equal or op is not_equal:
            caller = _getframe(3)  # behind this, Operand's helper, and its method
            if not caller.f_code.co_filename.startswith(ir.ENGINE):
                return (x is y) is (op is equal)
        return super().binary(op, x, y)

    def out_of_scope(self, symbol: Symbol) -> InaccessibleTensorError:
        """The error for a tensor of this graph that is used outside of it."""
        if isinstance(state.interpreter, Tracer):
            graphs = f"{self.graph!r} and {state.interpreter.graph!r}"
            where = f"must be from the same graph as what it is used with (graphs are {graphs})."
            fix = "build both in one graph, or feed the result of one to a placeholder of the other"
        else:
            where = "is a tensor of a graph, and is used where ops compute at once."
            fix = "build on it within `with graph.as_default():`, or use what session.run(…) gives"
        rule = "A tensor has a value only when its own graph runs."
        return InaccessibleTensorError(f"{symbol} {where}\n{rule} To fix it: {fix}.")

    # Doors to what is built on this.

    @property
    def variable_class(self) -> Any:
        """What variables made while this graph is written are."""
        from minitensor.compat.v1.variables import GraphVariable

        return GraphVariable

    def evaluate(self, thing: Any, feed_dict: Any, session: Any) -> Any:
        """What `tensor.eval()` gives, and `operation.run()` does."""
        from minitensor.compat.v1.session import evaluate

        return evaluate(thing, feed_dict, session)


def anchor(thing: Any) -> int:
    """What a node is known by, also after it was replaced: its first result, if it has one."""
    return id(thing.outputs[0] if isinstance(thing, Node) and thing.outputs else thing)


def operation(graph: ir.Graph, thing: Any) -> Operation:
    """The operation of a symbol, or of a node that has no results."""
    if not isinstance(thing, Node):
        return graph.operation_of(thing)
    name = f"{thing.scope}/{thing.name}" if thing.scope else str(thing.name)
    return Operation(graph, thing, name, name_of_op(thing.op).type)


def open_tracer() -> GraphTracer | None:
    """The tracer of the graph that is being written; None while ops compute at once."""
    interpreter = state.interpreter
    return interpreter if isinstance(interpreter, GraphTracer) else None


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Ops made within it run only after `control_inputs`, which run whenever one of them does.

    None forgets what the blocks around it asked for.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     v = tf.Variable(1.0)
        ...     with tf.control_dependencies([v.assign(5.0)]):
        ...         after = tf.identity(v)
        ...     print(session.run(after))
        5.0
    """
    with plain_control_dependencies(control_inputs):
        yield


def awaited(tracer: GraphTracer, thing: Any) -> Any:
    """What to wait for: the symbol of a tensor or variable, the node of an operation."""
    if isinstance(thing, Operation):
        if thing.graph is not tracer.graph:
            raise InvalidArgumentError(f"{thing!r} must be from the same graph as what waits.")
        node = thing.node
        return thing.outputs[0] if node is None or node.outputs else node
    if isinstance(thing, (Operand, IndexedSlices)):
        return thing if isinstance(thing, Symbol) else tracer.convert(thing)
    raise ArgumentError(
        f"Control input must be Operation or Tensor, not {type(thing).__name__}\nIt is something "
        "that runs. To fix it: pass what tf.assign, tf.group or another op gave."
    )

"""A graph as TensorFlow shows it: a list of operations, each with a unique name.

Our nodes read values, and constants, arguments and results are values. In TensorFlow's graphs
these are operations too: `Const`, `Placeholder`, `Identity`. An `Operation` is a view of any of
them; what runs is the node behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_not
from typing import Any, NoReturn

from minitensor.errors import ArgumentError, InvalidArgumentError, NotFoundError
from minitensor.graph.ir import Graph, Node, is_variable, source_line
from minitensor.graph.names import UniqueNames, name_of_op
from minitensor.graph.symbol import Symbol
from minitensor.op import state
from minitensor.tensor import Tensor

__all__ = ["MissingNameError", "Operation", "Operations"]

SMALL = 128
"""Values from outside with at most this many elements are shown as constants."""


_WITHOUT_ENDS = ("tape", "graph")
"""Kinds of graphs that are no functions, and so have no results to pass on."""


class MissingNameError(NotFoundError, KeyError):
    """No operation or tensor of that name is in the graph."""


class Operation:
    """One operation of a graph: what made a tensor.

    Two views are equal when they are of the same thing.
    """

    __slots__ = ("_thing", "attrs", "graph", "inputs", "name", "outputs", "type")

    def __init__(
        self, graph: Graph, thing: Any, name: str, type: str,
        inputs: Sequence = (), outputs: Sequence = (), attrs: dict | None = None,
    ):  # fmt: skip
        self.graph, self.name, self.type, self._thing = graph, name, type, thing
        self.inputs, self.outputs = tuple(inputs), list(outputs)
        self.attrs = attrs or {}

    @property
    def node(self) -> Node | None:
        """The node behind it; None for arguments, constants and results."""
        return self._thing if isinstance(self._thing, Node) else None

    @property
    def control_inputs(self) -> list:
        """Operations that have to run before it.

        Nodes run in the order in which they were made; only a graph of which parts are run also
        says what has to come along.
        """
        listed = getattr(self.graph.tracer, "control_inputs", None)
        return [] if listed is None else listed(self._thing)

    @property
    def device(self) -> str:
        """The device it was asked for; empty where the graph decides."""
        return ""

    @property
    def source(self) -> Any:
        """The learner's line that made it; None when it is not known."""
        node = self.node
        return source_line(node.origin if node else getattr(self._thing, "_origin", None))

    @property
    def node_def(self) -> Any:
        """The operation as it stands in `graph.as_graph_def()`."""
        from minitensor.graph.graphdef import node_def

        return node_def(self)

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Run it in a session, where the graph is one that sessions run.

        Raises:
            InvalidArgumentError: (also a ValueError) without a session, or while a function is
                traced.
        """
        evaluate = getattr(self.graph.tracer, "evaluate", None)
        if evaluate is None:
            raise InvalidArgumentError(
                f"Cannot execute operation using `run()`: {self!r} belongs to a traced function, "
                "which runs when it is called."
            )
        evaluate(self, feed_dict, session)

    def values(self) -> tuple:
        """The tensors it makes."""
        return tuple(self.outputs)

    def get_attr(self, name: str) -> Any:
        """One of its attributes.

        Raises:
            InvalidArgumentError: (also a ValueError) when there is none of that name.
        """
        if name not in self.attrs:
            known = ", ".join(map(repr, self.attrs)) or "none"
            raise InvalidArgumentError(
                f"Operation {self.name!r} has no attr named {name!r}. It has {known}."
            )
        return self.attrs[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operation) and self._thing is other._thing

    def __hash__(self) -> int:
        return id(self._thing)

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"


class Operations:
    """All operations of one graph, in order; it grows with the graph while that is traced."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._begin()

    def _begin(self) -> None:
        self._listed: list[Operation] = []
        self._ends: list[Operation] | None = None
        self._by_name: dict[str, Operation] = {}
        self._makers: dict[int, Operation] = {}
        self._outer: dict[int, Any] = {}
        self._unique = UniqueNames()
        self._nodes: list[Node] = []

    def all(self) -> list[Operation]:
        """Arguments first, then in the order of creation; a constant before what reads it."""
        self._grow()
        return [*self._listed, *(self._ends or ())]

    def of(self, tensor: Any) -> Operation:
        """The operation that makes a tensor.

        Raises:
            InvalidArgumentError: (also a ValueError) for a tensor of another graph.
        """
        found = self._makers.get(id(tensor))
        if found is None:
            self._grow()
            found = self._makers.get(id(tensor))
        if found is None:
            if not self._is_leaf(tensor):
                raise InvalidArgumentError(f"Tensor {tensor} is not an element of this graph.")
            found = self._leaf(tensor)
        return found

    def element(self, thing: Any, tensors: bool = True, operations: bool = True) -> Any:
        """The tensor or operation that a name (or itself) stands for; TensorFlow's errors."""
        wanted = " or ".join(["Tensor"] * tensors + ["Operation"] * operations)
        if isinstance(thing, str):
            return self._named(thing, tensors, operations, wanted)
        if tensors and isinstance(thing, Tensor):
            return self.of(thing) and thing
        if operations and isinstance(thing, Operation):
            if thing.graph is not self.graph:
                raise InvalidArgumentError(f"Operation {thing!r} is not an element of this graph.")
            return thing
        raise ArgumentError(f"Can not convert a {type(thing).__name__} into a {wanted}.")

    # Names.

    def _named(self, name: str, tensors: bool, operations: bool, wanted: str) -> Any:
        self._grow()
        if ":" in name:
            if not tensors:
                raise InvalidArgumentError(
                    f"Name {name!r} appears to refer to a Tensor, not a {wanted}."
                )
            return self._tensor(name)
        found = self._by_name.get(name)
        if operations:
            if found is None:
                raise MissingNameError(
                    f"The name {name!r} refers to an Operation not in the graph."
                )
            return found
        what = "refers to an" if found else "looks like an (invalid)"
        raise InvalidArgumentError(
            f"The name {name!r} {what} Operation{'' if found else ' name'}, not a {wanted}. "
            'Tensor names must be of the form "<op_name>:<output_index>".'
        )

    def _tensor(self, name: str) -> Any:
        op_name, _, index = name.rpartition(":")
        if not index.isdecimal() or ":" in op_name:
            raise InvalidArgumentError(
                f"The name {name!r} looks a like a Tensor name, but is not a valid one. "
                'Tensor names must be of the form "<op_name>:<output_index>".'
            )
        found = self._by_name.get(op_name)
        if found is None:
            self._missing(name, f"The operation, {op_name!r}, does not exist in the graph.")
        if int(index) >= len(found.outputs):
            self._missing(
                name, f"The operation, {op_name!r}, exists but only has "
                f"{len(found.outputs)} outputs.",
            )  # fmt: skip
        return found.outputs[int(index)]

    def _missing(self, name: str, why: str) -> NoReturn:
        raise MissingNameError(f"The name {name!r} refers to a Tensor which does not exist. {why}")

    # The list.

    def _grow(self) -> None:
        graph = self.graph
        if len(self._nodes) > len(graph.nodes) or any(map(is_not, self._nodes, graph.nodes)):
            self._begin()  # a node was replaced: gradients let loops give further results
        for value in graph.inputs:
            if id(value) not in self._makers:
                self._placeholder(value)
        if len(self._outer) != len(graph.captures):
            self._outer = {id(inner): outer for outer, inner in graph.captures}
        for node in graph.nodes[len(self._nodes) :]:
            self._add(node)
            self._nodes.append(node)
        if self._ends is None and graph.kind not in _WITHOUT_ENDS and not _is_open(graph):
            self._ends = []
            self._end()

    def _add(self, node: Node) -> None:
        name = _name_of_node(self.graph, node)
        inside = {id(v): v for graph in node.op.graphs for v in graph.variables}
        inputs = [*node.inputs, *(inside[key] for key in inside.keys() - set(map(id, node.inputs)))]
        for x in inputs:
            if id(x) not in self._makers:
                self._leaf(x, name)
        attrs = dict(node.attrs)
        for x in [*inputs, *node.outputs][:1]:
            attrs["T"] = x.dtype
        self._enter(node, name, name_of_op(node.op).type, inputs, node.outputs, attrs)

    def _placeholder(self, value: Any) -> Operation:
        attrs = {"dtype": value.dtype, "shape": value.shape}
        return self._enter(value, _label(self.graph, value), "Placeholder", (), [value], attrs)

    def _leaf(self, value: Any, reader: str = "") -> Operation:
        """The operation of a value that no node makes."""
        if is_variable(value):
            label = f"{reader}/resource" if reader else value._label
            attrs = {"dtype": value.dtype, "shape": value.shape}
            return self._enter(value, label, "Placeholder", (), [value], attrs)
        outer = self._outer.get(id(value))
        array = value._array if outer is None else outer._array
        known = getattr(value, "known", None)
        if known is None and not isinstance(outer, Symbol) and _size(array) <= SMALL:
            known = array
        if known is None or isinstance(outer, Symbol):
            return self._placeholder(value)
        attrs = {"value": known, "dtype": value.dtype}
        return self._enter(value, _label(self.graph, value), "Const", (), [value], attrs)

    def _is_leaf(self, value: Any) -> bool:
        return id(value) in self._outer or (
            isinstance(value, Symbol) and value._tracer is self.graph.tracer
        )

    def _end(self) -> None:
        """Results are passed on by an `Identity` each; effects are awaited by a `NoOp`."""
        graph = self.graph
        if graph.has_effects:
            self._enter(object(), "NoOp", "NoOp")
        for value in graph.outputs:
            if id(value) not in self._makers:
                self._leaf(value)
        ends = []
        for value in graph.outputs:
            name = self._unique("Identity")
            passed = Symbol(graph.tracer, value.spec, name)
            self._by_name[name] = Operation(graph, passed, name, "Identity", [value], [passed])
            self._makers[id(passed)] = self._by_name[name]
            ends.append(self._by_name[name])
        self._ends = ends

    def _enter(
        self, thing: Any, name: str, type: str, inputs: Sequence = (),
        outputs: Sequence = (), attrs: dict | None = None,
    ) -> Operation:  # fmt: skip
        name = self._unique(name)
        made = Operation(self.graph, thing, name, type, inputs, outputs, attrs)
        self._listed.append(made)
        self._by_name[name] = made
        self._makers |= {id(out): made for out in outputs}
        return made


def _is_open(graph: Graph) -> bool:
    """Whether the graph is being traced right now."""
    tracer: Any = state.interpreter
    while tracer is not None and tracer is not graph.tracer:
        tracer = getattr(tracer, "outer", None)
    return tracer is not None


def _name_of_node(graph: Graph, node: Node) -> str:
    if graph.tracer is None:
        return graph.name_of(node)
    return f"{node.scope}/{node.name}" if node.scope else str(node.name)


def _label(graph: Graph, value: Any) -> str:
    if isinstance(value, Symbol):
        return value._label
    return "Const" if graph.is_constant(value) else graph.name_of(value)


def _size(array: Any) -> float:
    shape = array.shape
    if shape is None or None in shape:
        return float("inf")
    size = 1
    for d in shape:
        size *= d
    return size

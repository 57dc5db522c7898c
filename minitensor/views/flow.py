"""Ops with graphs inside, opened: branches, loops, calls and gradients of a learner's own.

What lies inside stands in a scope of its own, which is closed at first. The op stays, inside that
scope, as the place where results leave: `cond/then` and `cond/else` lead to `cond`. What a graph
takes from outside comes straight from there. A loop's variables are inputs of their own, since
they change from round to round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from minitensor.graph.call import CallOp
from minitensor.graph.control import CondOp
from minitensor.graph.custom import TracedCustomOp
from minitensor.graph.ir import Graph, Node, is_variable
from minitensor.graph.loops import WhileOp
from minitensor.views.drawing import Drawing, dtype_of, shape_of
from minitensor.views.marks import NEXT_ROUND
from minitensor.views.records import EdgeView, GraphView, NodeView
from minitensor.views.traced import TracedDrawing

MOST_NODES = 4000
"""No further op is opened when a picture has as many nodes."""
LOOP = "A loop variable: it begins with what enters, and each round gives its next value."
ROW = "One row of a sequence: the next one in each round."
UPSTREAM = "The gradient that arrives at the result."


@dataclass(frozen=True)
class Part:
    """One graph inside an op, and how values get in and out; places are those of its inputs.

    What is neither taken from outside nor shared with the part before is a node of its own.
    """

    name: str
    graph: Graph
    takes: dict[int, tuple[int, Any]]
    """What comes straight from outside: slot and value, by place."""
    enters: dict[int, tuple[int, Any]] = field(default_factory=dict)
    """What nodes of its own begin with."""
    docs: Sequence[str] = ()
    """What its first inputs are."""
    named: bool = True
    """Whether its inputs have names that say something."""
    shares: int = 0
    """How many of its first inputs are those of the part before."""
    gives: int | None = None
    """How many of its results lead to the op; None for all."""
    again: int = 0
    """How many of its first results begin the next round."""


def opened(drawing: Drawing, view: GraphView) -> GraphView:
    """The view with the graphs inside of ops opened into nodes."""
    opener = _Opener(view)
    opener.open(drawing, view, "")
    used = {end for edge in opener.edges for end in (edge.source, edge.target)}
    before = {edge.source for edge in view.edges}
    nodes = [
        node for node in opener.nodes
        if node.kind != "constant" or node.id in used or node.id not in before
    ]  # fmt: skip
    more = sum(node.kind == "op" for node in nodes) - sum(x.kind == "op" for x in view.nodes)
    note = (
        f"{view.note}, {more} more inside {_places(drawing)}" if more and view.note else view.note
    )
    there = {path for node in nodes for path in _prefixes(node.scope)}
    closed = [path for path in (*view.closed, *opener.closed) if path in there]
    return replace(view, nodes=nodes, edges=opener.edges, closed=closed, note=note)


def _places(drawing: Drawing) -> str:
    """What kinds of ops with graphs inside there are."""
    kinds = {CondOp: "branches", WhileOp: "loops", CallOp: "calls", TracedCustomOp: "gradients"}
    found = [kinds.get(type(node.op), "ops") for node in drawing.shown() if node.op.graphs]
    return " and ".join(dict.fromkeys(found))


class _Opener:
    def __init__(self, view: GraphView):
        self.nodes: list[NodeView] = []
        self.edges: list[EdgeView] = []
        self.closed: list[str] = []
        self.variables: dict[int, str] = {}
        self.taken = {path for node in view.nodes for path in _prefixes(node.scope)}
        self.room = MOST_NODES - len(view.nodes)

    def open(self, drawing: Drawing, view: GraphView, scope: str) -> None:
        """Add the nodes of a drawing under a scope, and what lies inside of them."""
        for variable in drawing.graph.variables:
            if drawing.knows(variable):
                self.variables.setdefault(id(variable), drawing.ids[id(variable)])
        ops = {drawing.ids[id(node)]: node for node in drawing.shown() if node.op.graphs}
        kept = {edge.target: edge for edge in view.edges if edge.target in ops and not edge.slot}
        closed: set[str] = set()
        for record in view.nodes:
            record = replace(record, scope=_joined(scope, record.scope))
            node = ops.get(record.id)
            parts = [] if node is None else parts_of(node)
            size = sum(size_of(part.graph) for part in parts)
            if node is None or not parts or size > self.room:
                self.nodes.append(record)
                continue
            self.room -= size
            home = self._home(record.scope, node)
            self._inside(drawing, node, parts, home, record.id)
            label = record.label.replace(node.name or "", node.op.name)
            called = isinstance(node.op, CallOp)
            self.nodes.append(replace(record, scope=home, label=label if called else record.label))
            if not isinstance(node.op, TracedCustomOp):
                closed.add(record.id)
            if isinstance(node.op, CondOp):
                self.edges.append(kept[record.id])
        self.edges += [edge for edge in view.edges if edge.target not in closed]

    def _home(self, scope: str, node: Node) -> str:
        """A scope of the op's own, named after it, or after the function that is called."""
        name = node.op.name if isinstance(node.op, CallOp) else node.name or node.op.name
        wanted = home = _joined(scope, name)
        number = 1
        while home in self.taken:
            home, number = f"{wanted}_{number}", number + 1
        self._close(home)
        return home

    def _close(self, scope: str) -> None:
        self.taken.add(scope)
        self.closed.append(scope)

    def _inside(
        self, drawing: Drawing, node: Node, parts: list[Part], home: str, joiner: str
    ) -> None:
        inside = getattr(drawing, "inside", None) or TracedDrawing(Graph(), drawing.names).inside
        before: list[str] = []
        slot = len(node.inputs)
        for i, part in enumerate(parts):
            given: dict[Any, str] = {id(x): self.variables[id(x)] for x in part.graph.variables
                                     if id(x) in self.variables}  # fmt: skip
            given |= _outer_ids(drawing, node, part)
            given |= {id(part.graph.inputs[k]): before[k] for k in range(part.shares)}
            inner = inside(node, part.graph, f"{joiner}.{i}.", given)
            place = _joined(home, part.name)
            if part.name:
                self._close(place)
            first = len(self.nodes)
            self.open(inner, inner.view(), place)
            self._label(drawing, part, inner, home, first)
            for k, (at, x) in part.enters.items():
                ends = drawing.id_of(x, node, at), inner.ids[id(part.graph.inputs[k])]
                self.edges.append(EdgeView(*ends, shape_of(x), dtype_of(x), 0))
            slot = self._leave(part, inner, joiner, slot)
            before = [inner.ids[id(x)] for x in part.graph.inputs]

    def _label(
        self, drawing: Drawing, part: Part, inner: TracedDrawing, home: str, first: int
    ) -> None:
        """Name the inputs of a part, and put them beside it; its results are no outputs."""
        own = {inner.ids[id(x)]: k for k, x in enumerate(part.graph.inputs)
               if k not in part.takes and k >= part.shares}  # fmt: skip
        for at, record in enumerate(self.nodes[first:], first):
            k = own.get(record.id)
            if k is not None:
                label = _name(drawing, part, k, record.label)
                record = replace(record, scope=home, doc=part.docs[k], label=label)
            self.nodes[at] = replace(record, output=False)

    def _leave(self, part: Part, inner: TracedDrawing, joiner: str, slot: int) -> int:
        for k, x in enumerate(part.graph.outputs[: part.gives]):
            source = inner.ids[id(x)]
            found = [NEXT_ROUND] if k < part.again else []
            self.edges.append(EdgeView(source, joiner, shape_of(x), dtype_of(x), slot, found))
            slot += 1
        return slot


def _joined(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def _prefixes(scope: str) -> list[str]:
    parts = scope.split("/")
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _outer_ids(drawing: Drawing, node: Node, part: Part) -> dict[int, str]:
    """The ids of what a graph takes from outside."""
    entries = [*part.graph.inputs, *(inner for _, inner in part.graph.captures)]
    return {
        id(entries[k]): drawing.id_of(x, node, slot)
        for k, (slot, x) in part.takes.items() if k < len(entries)
    }  # fmt: skip


def _name(drawing: Drawing, part: Part, k: int, label: str) -> str:
    """What to call an input of a graph inside: by its own name, else by what enters."""
    given = label.rpartition("/")[2]
    if part.docs[k] == UPSTREAM:
        return "gradient"
    if (part.named and not given.startswith("loop_var_")) or given == "sum":
        return given
    outer = part.enters[k][1] if k in part.enters else None
    name = drawing.names.get(id(outer)) or (getattr(outer, "_label", "") if is_variable(outer)
                                            else "")  # fmt: skip
    if part.docs[k] == ROW:
        return f"row of {name}" if name else "row"
    return name or f"loop variable {k}"


def size_of(graph: Graph) -> int:
    """How many nodes a graph has, with those inside of its ops."""
    return len(graph.nodes) + sum(size_of(inner) for n in graph.nodes for inner in n.op.graphs)


def parts_of(node: Node) -> list[Part]:
    """The graphs inside of an op, and how values get in and out."""
    op, inputs = node.op, list(enumerate(node.inputs))
    if isinstance(op, CondOp):
        return _branches(op, inputs)
    if isinstance(op, WhileOp):
        return _rounds(op, inputs)
    if isinstance(op, TracedCustomOp):
        return _own_gradient(op, inputs)
    if isinstance(op, CallOp):
        return [Part("", op.graph, dict(enumerate(inputs)), gives=op.results)]
    return []


def _branches(op: CondOp, inputs: Sequence) -> list[Part]:
    names = [f"branch {i}" for i in range(len(op.branches))]
    if inputs[0][1].dtype.kind == "b":
        names = ["then", "else"]
    takes = dict(enumerate(inputs[1 : 1 + len(op.branches[0].inputs)]))
    return [Part(name, graph, takes) for name, graph in zip(names, op.branches, strict=True)]


def _rounds(op: WhileOp, inputs: Sequence) -> list[Part]:
    first, end = op.loops + op.rows, len(op.body.inputs)
    fixed = range(first, end)
    enters = dict(enumerate(inputs[:first]))
    takes, docs = {k: inputs[k] for k in fixed}, [LOOP] * op.loops + [ROW] * op.rows
    body = Part("body", op.body, takes, enters, docs, op.cond is not None, again=op.loops)
    if op.cond is None:
        return [body]
    rest = {op.loops + i: inputs[k] for i, k in enumerate(fixed)}
    return [body, Part("condition", op.cond, rest, shares=op.loops)]


def _own_gradient(op: TracedCustomOp, inputs: Sequence) -> list[Part]:
    if not op.graphs:
        return []
    [graph] = op.graphs
    rest = inputs[sum(op.counts) :]
    upstream = len(graph.inputs) - len(rest)
    takes = {upstream + i: pair for i, pair in enumerate(rest)}
    return [Part("gradients", graph, takes, docs=[UPSTREAM] * upstream, gives=0)]

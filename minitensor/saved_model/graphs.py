"""Graphs of JSON, read by tracing them anew.

Each node is appended through the op of its name, whose own rules check the number of inputs, their
dtypes and their shapes. What a node was said to give must agree with what the rules find.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from minitensor.errors import UnimplementedError, message
from minitensor.graph.call import CallOp, GraphFunction
from minitensor.graph.control import CondOp
from minitensor.graph.custom import CustomOp, TracedCustomOp
from minitensor.graph.dynamic import DynamicOp
from minitensor.graph.gradient import GradientOp
from minitensor.graph.ir import Graph, Node
from minitensor.graph.loops import WhileOp
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import Tracer, trace
from minitensor.op import REGISTRY, Op, state
from minitensor.ops.state import assign_variable, read_variable
from minitensor.saved_model.checks import agree, checked, entry_of, is_bad, label_of, spec_of
from minitensor.saved_model.values import Broken, decoded
from minitensor.variable import Variable

__all__ = ["GraphReader"]

_REFUSED = {"call_python"}
"""Ops that run Python code."""


class GraphReader:
    """One graph of the table: it can be appended to a trace, or made a graph of its own."""

    def __init__(self, reader: Any, entry: dict):
        self.reader, self.entry = reader, checked(entry, dict)
        self.below = len(reader.graphs)
        for named in (entry, *checked(entry["inputs"], list)):
            label_of(named["name"])

    def graph(self) -> Graph:
        """A graph with explicit inputs."""
        if self.entry["captures"]:
            raise Broken("a graph inside of another one captures tensors")
        specs = [spec_of(x) for x in self.entry["inputs"]]
        labels = [label_of(x["name"]) for x in self.entry["inputs"]]
        kind = self.entry["kind"]
        if kind not in ("function", "branch", "body"):
            raise Broken(f"there is no kind of graph called {kind!r}")

        def run(*symbols: Any) -> list:
            return self.append(symbols)

        return trace(run, specs, self.entry["name"], labels, kind)

    def check_inputs(self, given: Sequence[Symbol]) -> None:
        """Raise unless these can be the inputs."""
        specs = [spec_of(x) for x in self.entry["inputs"]]
        for x, spec in zip(given, specs, strict=True):
            if x._array.dtype != spec.dtype or not agree(x._array.shape, spec.shape):
                raise Broken(f"{x._label} is said to be {tuple(spec)} and {tuple(x._array)}")

    def append(self, inputs: Sequence[Symbol]) -> list:
        """Append the nodes to the graph that is being traced; the outputs."""
        tracer: Any = state.interpreter
        values: list = list(inputs)
        for x in checked(self.entry["captures"], list):
            constant = entry_of(self.reader.constants, x["constant"], "constant")
            values.append(tracer.symbol_of(constant, label_of(x["name"])))
        for entry in checked(self.entry["nodes"], list):
            values += _Appender(self, tracer, values).append(entry)
        return [
            _Appender(self, tracer, values).value(x) for x in checked(self.entry["outputs"], list)
        ]

    def inner(self, number: Any) -> Graph:
        """A graph inside of this one: it stands before it in the table."""
        if type(number) is not int or not 0 <= number < self.below:
            raise Broken(f"graph {number!r} cannot be inside of graph {self.below}")
        return self.reader.graphs[number].graph()


class _Appender:
    """Appends nodes to a trace; `values` are those that there are already."""

    def __init__(self, graph: GraphReader, tracer: Tracer, values: list):
        self.graph, self.tracer, self.values = graph, tracer, values
        self.constants: dict[tuple, Symbol] = {}

    def value(self, x: Any) -> Any:
        """What a reference stands for."""
        if not isinstance(x, dict):
            return entry_of(self.values, x, "value")
        if "variable" in x:
            return entry_of(self.graph.reader.variables, x["variable"], "variable")
        key = x["constant"], label_of(x["name"])
        if key not in self.constants:
            constant = entry_of(self.graph.reader.constants, key[0], "constant")
            self.constants[key] = self.tracer.lift(constant, key[1])
        return self.constants[key]

    def append(self, entry: dict) -> list:
        scope, _, leaf = label_of(entry["name"]).rpartition("/")
        before, state.scope = state.scope, scope
        try:
            found = self._appended(entry, leaf)
        finally:
            state.scope = before
        return _agreed(found, [spec_of(x) for x in checked(entry["gives"], list)], entry["name"])

    def _appended(self, entry: dict, leaf: str) -> Sequence:
        before, state.scope = state.scope, ""
        inputs = [self.value(x) for x in checked(entry["inputs"], list)]
        state.scope = before
        op = _op(entry, self.graph)
        _check_inputs(op, inputs)
        if op is read_variable:
            (variable,) = inputs
            return [self.tracer.read(checked(variable, Variable))]
        if op is assign_variable:
            variable, value = inputs
            self.tracer.assign(checked(variable, Variable), value)
            return []
        if isinstance(op, (CondOp, WhileOp)):
            return self.tracer.control(op, inputs, leaf)
        found = self.tracer.apply(op, inputs, _attrs(op, inputs, entry), leaf)
        return found if isinstance(found, tuple) else [found]


def _check_inputs(op: Op, inputs: Sequence) -> None:
    """Graphs inside take what the node gives them; only ops that use variables have any."""
    values, written = list(inputs), [x for x in inputs if isinstance(x, Variable)]
    if isinstance(op, CondOp):
        which, *values = inputs
        if which.shape.rank != 0 or which.dtype.kind not in (
            "b" if len(op.branches) == 2 else "iu"
        ):
            raise Broken("what chooses a branch is neither a truth value nor a number")
        _check_enters(op.branches[0].inputs, values, op.variables)
    elif isinstance(op, WhileOp):
        first, rows = op.loops, op.loops + op.rows
        fixed = values[rows : len(op.body.inputs)]
        _check_enters(op.body.inputs, values, op.variables, range(first, rows))
        if op.cond is not None:
            _check_enters(op.cond.inputs, [*values[:first], *fixed], {})
    elif isinstance(op, CallOp):
        _check_enters(op.graph.inputs, values, {})
    elif isinstance(op, TracedCustomOp):
        for graph in op.graphs:
            _check_enters(graph.inputs, values[op.counts[0] :], {})
    elif written and op not in (read_variable, assign_variable):
        raise Broken(f"{op.name} has a variable among its inputs")


def _check_enters(
    wanted: Sequence, given: Sequence, variables: dict, rows: Container[int] = ()
) -> None:
    """`given` are tensors for the inputs of a graph, then the variables that it writes."""
    if [id(x) for x in given[len(wanted) :]] != list(variables):
        raise Broken("a graph writes other variables than its node says, or has other inputs")
    for i, (inner, x) in enumerate(zip(wanted, given, strict=False)):
        shape = x.shape[1:] if i in rows and x.shape.rank else x.shape
        if isinstance(x, Variable) or x.dtype != inner.dtype:
            raise Broken(f"{inner._label} of a graph is {inner.dtype} and gets {x.dtype}")
        if not inner.shape.is_compatible_with(shape):
            raise Broken(f"{inner._label} of a graph is {inner.shape} and gets {shape}")


def _op(entry: dict, graph: GraphReader) -> Op:
    """The op of a node."""
    kind = entry.get("kind", "plain")
    if kind not in _KINDS:
        raise Broken(f"there is no kind of node called {kind!r}")
    return _KINDS[kind](entry, graph)


def _plain(entry: dict, graph: GraphReader) -> Op:
    found = REGISTRY.get(checked(entry["op"], str))
    if found is None or entry["op"] in _REFUSED:
        raise Broken(f"it asks for an op {entry['op']!r}, which there is not")
    return found


def _attrs(op: Op, inputs: Sequence, entry: dict) -> dict:
    attrs = {key: decoded(value) for key, value in entry["attrs"].items()}
    required = [
        name for name, p in op.__signature__.parameters.items()
        if name in op.attr_set and p.default is p.empty
    ]  # fmt: skip
    if not attrs.keys() <= op.attr_set or not attrs.keys() >= set(required):
        raise Broken(f"{op.name} has the attributes {sorted(attrs)}")
    if str(attrs.get("output_stream", "")).startswith("file:"):
        raise Broken(f"{op.name} would write to the file {attrs['output_stream']!r}")
    if not op.variadic and len(inputs) != op.arity:
        raise Broken(f"{op.name} takes {op.arity} inputs and has {len(inputs)}")
    return attrs


def _dynamic(entry: dict, graph: GraphReader) -> Op:
    base, holes = _plain(entry, graph), checked(entry["holes"], int)
    if not 0 < holes < len(entry["inputs"]) + 1:
        raise Broken(f"{base.name} has {holes} open attributes")
    return DynamicOp(base, holes, {key: decoded(value) for key, value in entry["attrs"].items()})


def _call(entry: dict, graph: GraphReader) -> Op:
    (number,) = entry["graphs"]
    return CallOp(GraphFunction(graph.inner(number)))


def _cond(entry: dict, graph: GraphReader) -> Op:
    branches = [graph.inner(number) for number in entry["graphs"]]
    takes, gives = ([_types(getattr(b, x)) for b in branches] for x in ("inputs", "outputs"))
    if any(x != takes[0] for x in takes) or any(x != gives[0] for x in gives):
        raise Broken("its branches take or give different things")
    return CondOp(branches)


def _loop(entry: dict, graph: GraphReader) -> Op:
    *cond, body = [graph.inner(number) for number in entry["graphs"]]
    loops, rows = checked(entry["loops"], int), checked(entry["rows"], int)
    count, reverse = checked(entry["count"], (int, type(None))), checked(entry["reverse"], bool)
    if len(cond) > 1 or (not cond and not rows):
        raise Broken("a loop has no condition and no rows")
    if min(loops, rows) < 0 or loops > len(body.outputs) or loops + rows > len(body.inputs):
        raise Broken(f"a loop says that it has {loops} variables and {rows} sequences")
    if _types(body.inputs[:loops]) != _types(body.outputs[:loops]):
        raise Broken("the variables of a loop change their dtypes")
    if cond and (_types(cond[0].outputs) != [np.dtype(bool)] or cond[0].outputs[0].shape.rank):
        raise Broken("the condition of a loop is no truth value")
    return WhileOp(cond[0] if cond else None, body, loops, rows, reverse, count)


def _custom(entry: dict, graph: GraphReader) -> Op:
    first, results = (checked(x, int) for x in entry["counts"])
    places, count = checked(entry["places"], list), len(entry["inputs"])
    graphs = [graph.inner(number) for number in entry["graphs"]]
    if first < 0 or results < 1 or first + results > count or len(graphs) > 1:
        raise Broken("a function with its own gradient has other inputs than it says")
    if any(is_bad(i, count) for i in places):
        raise Broken("a gradient gives other results than it says")
    for gradient in graphs:
        if len(gradient.inputs) != count - first or len(gradient.outputs) != len(places):
            raise Broken("a gradient takes or gives other things than it says")
    name = label_of(entry["op"])
    failure = None if graphs else UnimplementedError(
        message(name, "a gradient", "its grad_fn could not be traced when it was saved",
                "only what was traced is saved", "save it again without this function")
    )  # fmt: skip
    base = CustomOp(SimpleNamespace(__name__=name))  # type: ignore[arg-type]
    return TracedCustomOp(base, graphs, first, results, places, failure)


def _gradient(entry: dict, graph: GraphReader) -> Op:
    tracer: Any = state.interpreter
    values = [Symbol(tracer, spec_of(x), f"value_{i}") for i, x in enumerate(entry["values"])]
    nodes = []
    for x in checked(entry["nodes"], list):
        op = _op(x, graph)
        ins, outs = (
            [entry_of(values, i, "value") for i in x[key]] for key in ("inputs", "outputs")
        )
        attrs = {} if op.graphs or isinstance(op, TracedCustomOp) else _attrs(op, ins, x)
        nodes.append(Node(op, tuple(ins), attrs, tuple(outs), None, "", None))
    targets, sources = (
        [entry_of(values, i, "value") for i in entry[key]] for key in ("targets", "sources")
    )
    if len(entry["inputs"]) != len(targets) + len(values) or not sources:
        raise Broken("a gradient has other inputs than it says")
    keys, ends, starts = ([id(x) for x in xs] for xs in (values, targets, sources))
    return GradientOp(nodes, keys, ends, starts, sources)


_KINDS: dict[str, Callable[[dict, GraphReader], Op]] = {
    "plain": _plain,
    "dynamic": _dynamic,
    "call": _call,
    "cond": _cond,
    "while": _loop,
    "custom": _custom,
    "gradient": _gradient,
}


def _agreed(found: Sequence, specs: Sequence, name: str) -> list:
    """The results of a node, if they are what it was said to give."""
    if len(found) != len(specs):
        raise Broken(f"{name} gives {len(found)} results and is said to give {len(specs)}")
    for x, spec in zip(found, specs, strict=True):
        if x._array.dtype != spec.dtype or not agree(x._array.shape, spec.shape):
            raise Broken(f"{name} gives {tuple(x._array)} and is said to give {tuple(spec)}")
        x.set_shape(spec.shape)
    return list(found)


def _types(values: Sequence) -> list:
    return [x._array.dtype for x in values]

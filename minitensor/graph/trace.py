"""Tracing: run a Python function once on symbols, and write down its ops as a graph.

`Tracer` is the interpreter that writes; `trace` runs a function under it; `replay` runs the nodes
of a graph again, through whichever interpreter is active: eagerly it computes them one by one,
under another tracer it copies them into that graph, with shapes inferred anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import ceil
from sys import _getframe
from typing import Any

import numpy as np

from minitensor.eager import convert_inputs, convert_to_tensor, record
from minitensor.graph.dynamic import DynamicOp, take_out
from minitensor.graph.gradient import pull_back
from minitensor.graph.ir import Graph, Node, learners_frame
from minitensor.graph.names import UniqueNames, check_scope, name_of_op
from minitensor.graph.symbol import Symbol, out_of_scope
from minitensor.op import NO_ATTRS, Op, state
from minitensor.ops.creation import range_
from minitensor.ops.state import assign_variable, identity, read_variable
from minitensor.shapes import NoElements, Spec, common
from minitensor.tensor import Tensor
from minitensor.variable import Variable

__all__ = ["Tracer", "replay", "trace", "tracing"]

INNER = ("branch", "body")
"""Kinds of graphs in which a variable that nobody writes is read once."""
SMALL = 64
"""Integers up to this many are computed while tracing, so that shapes made of them are known."""
_OF_SHAPES = {"shape", "size", "rank"}


class Tracer:
    """The interpreter that appends each op to a graph instead of computing it."""

    def __init__(self, graph: Graph, outer: Tracer | None = None):
        self.graph, self.outer = graph, outer
        graph.tracer = self
        self.unique = UniqueNames()
        self.origin: tuple | None = None
        self.examples: dict[int, Any] = {}
        """Values of inputs in the call that is being traced, for variables made from them."""
        self.maker: Any = None
        """Gives variables that are made in this trace their first value."""
        self.instead: dict[int, Variable] = {}
        """Variables to use in the places of others, by id."""
        self.local: dict[Any, Any] = {}
        """Traces of functions that use tensors of this one."""
        self._inside: dict[int, tuple[Any, Symbol]] = {}
        self._readings: dict[int, tuple[Any, Symbol]] = {}
        self._prefix = ""

    # What ops and Python's operators call.

    def apply(self, op: Op, inputs: Sequence, attrs: dict, name: str | None = None) -> Any:
        """Append an op; returns its Symbol, or a tuple of them."""
        return self._append(op, inputs, attrs, name or name_of_op(op).function, name)

    def binary(self, op: Op, x: Any, y: Any) -> Any:
        """Append an op of two inputs that a Python operator asked for."""
        return self._append(op, (x, y), NO_ATTRS, name_of_op(op).operator, None)

    def function(self, op: Op, x: Any, y: Any) -> Any:
        """Append an op of two inputs that was called by its name."""
        return self._append(op, (x, y), NO_ATTRS, name_of_op(op).function, None)

    def convert(self, value: Any, dtype: Any = None) -> Symbol:
        """A symbol of this graph for a value: captured from outside, or a constant."""
        tensor = convert_to_tensor(value, dtype)
        return self.symbol_of(tensor) if tensor is value else self.lift(tensor, "Const")

    def constant(self, tensor: Any, name: str | None) -> Symbol:
        """A constant of this graph."""
        return self.lift(tensor, name or "Const")

    def read(self, variable: Any) -> Symbol:
        """The value that a variable will have at this point of the program."""
        variable = self.actual(variable)
        found = self._readings.get(id(variable))
        if found is not None:
            return found[1]
        name = f"{self._prefix}/ReadVariableOp" if self._prefix else "ReadVariableOp"
        shape = None if variable.shape.rank is None else tuple(variable.shape)
        spec = NoElements(shape, variable._numpy_dtype)
        reading = self._node(read_variable, (variable,), NO_ATTRS, (spec,), self._unique(name))[0]
        if self.graph.kind in INNER:
            self._readings[id(variable)] = variable, reading
        return reading

    def assign(self, variable: Any, tensor: Any) -> None:
        """Write a variable at this point of the program."""
        variable = self.actual(variable)
        inputs = (variable, self.symbol_of(tensor))
        self._readings.pop(id(variable), None)
        self._node(assign_variable, inputs, NO_ATTRS, (), self._unique("AssignVariableOp"))

    def actual(self, variable: Any) -> Variable:
        """The variable itself: not a handle of it, nor one that stands for it."""
        found: Any = getattr(variable, "_variable", variable)
        tracer: Tracer | None = self
        while tracer is not None:
            found, tracer = tracer.instead.get(id(found), found), tracer.outer
        return found

    def create(self, tensor: Any, name: str) -> Tensor:
        """The first value of a variable that is made while tracing, computed.

        Raises:
            InvalidArgumentError: (also a ValueError) where none may be made.
        """
        tracer = self
        while tracer.maker is None and tracer.outer is not None:
            tracer = tracer.outer
        if tracer.maker is None:
            raise out_of_scope(tensor)
        return tracer.maker(tensor, name)

    def cond(self, pred: Any, true_fn: Callable, false_fn: Callable, name: str | None = None,
             names: Sequence[str] | None = None) -> Any:  # fmt: skip
        """The result of one of two functions, both of which are traced."""
        from minitensor.graph.flow import branch

        return branch(pred, [true_fn, false_fn], name, names)

    def switch_case(self, index: Any, functions: Sequence[Callable], name: str | None) -> Any:
        """The result of one of several functions; of the last one for a number beyond."""
        from minitensor.graph.flow import branch

        return branch(index, functions, name, what="switch_case")

    def while_loop(self, cond: Callable, body: Callable, loop_vars: Sequence,
                   shape_invariants: Any = None, maximum_iterations: Any = None,
                   name: str | None = None, names: Sequence[str] | None = None) -> Any:  # fmt: skip
        """The loop variables after a loop whose body is traced once."""
        from minitensor.graph.flow import while_loop

        return while_loop(cond, body, loop_vars, shape_invariants, maximum_iterations, name, names)

    def over_rows(self, step: Callable, carry: Any, elems: Any, reverse: bool,
                  name: str | None) -> tuple[Any, Any]:  # fmt: skip
        """A loop over rows: the last carry, and what was kept of each row."""
        from minitensor.graph.flow import over_rows

        return over_rows(step, carry, elems, reverse, name)

    def control(self, op: Op, inputs: Sequence, name: str) -> Sequence[Symbol]:
        """Append an op with graphs inside; its inputs may be variables, which it writes."""
        inputs = [self.actual(x) if isinstance(x, Variable) else x for x in inputs]
        for x in inputs:
            self._readings.pop(id(x), None)
        values = [x if isinstance(x, Variable) else self.symbol_of(x) for x in inputs]
        specs = op.infer()
        specs = specs if type(specs) is tuple else (specs,)
        return self._node(op, values, NO_ATTRS, specs, self._unique(name))

    def unique_scope(self, wanted: str) -> str:
        """A scope name that no other scope or op of the graph has.

        Raises:
            InvalidArgumentError: (also a ValueError) for a name that graphs cannot have.
        """
        check_scope(wanted.removeprefix(f"{state.scope}/"), state.scope)
        return self.unique(wanted)

    def pull_back(
        self, nodes: Sequence[Node], found: dict, reached: set[int], wanted: set[int]
    ) -> dict:
        """The backward pass of a tape, written into the graph; cotangents by value id."""
        return pull_back(nodes, found, reached, wanted)

    # How values get in.

    def symbol_of(self, value: Any, label: str = "Const") -> Symbol:
        """The symbol of this graph that stands for a tensor; `label` names an eager one."""
        if isinstance(value, Symbol) and value._tracer is self:
            return value
        found = self._inside.get(id(value))
        inner = self.capture(value, label) if found is None else found[1]
        for tape in state._tapes:
            if id(value) in tape.known and id(inner) not in tape.known:
                tape.record(Node(identity, (value,), NO_ATTRS, (inner,), None, state.scope, None))
        return inner

    def capture(self, value: Any, label: str = "Const") -> Symbol:
        """A symbol for a value from outside: an eager tensor, or a symbol of an outer trace."""
        given = value
        if isinstance(value, Symbol):
            value = value.whole
            if value._tracer is not self.outer and self.outer is not None:
                value = self.outer.symbol_of(value)
                if id(value) in self._inside:
                    self._inside[id(given)] = given, self._inside[id(value)][1]
                    return self._inside[id(value)][1]
            spec, known = value.spec, value.known
        else:
            array = value._array
            spec = Spec(array.shape, array.dtype)
            known = array if _is_small(array) and isinstance(array, np.ndarray) else None
        inner = Symbol(self, spec, self._unique(getattr(value, "_label", label)), known)
        self._inside[id(value)] = value, inner
        self._inside[id(given)] = given, inner
        if known is None or not isinstance(value, Symbol):  # else it is the same constant here
            self.graph.captures.append((value, inner))
        return inner

    def lift(self, tensor: Any, label: str) -> Symbol:
        """A constant symbol; a symbol as it is."""
        if isinstance(tensor, Symbol):
            return self.symbol_of(tensor)
        array = tensor._array
        return Symbol(self, Spec(array.shape, array.dtype), self._unique(label), array)

    def add_input(self, spec: Any, label: str) -> Symbol:
        """A further argument of the graph."""
        symbol = Symbol(self, spec, self._unique(label))
        self.graph.inputs.append(symbol)
        return symbol

    # How nodes are made.

    def _append(self, op: Op, inputs: Sequence, attrs: dict, base: str, given: str | None) -> Any:
        if given is not None:
            check_scope(given, state.scope)
            label = self._unique(given)
        else:
            scope, _, leaf = base.rpartition("/")
            label = f"{self._unique(scope)}/{leaf}" if scope else self._unique(base)
        outer, self._prefix = self._prefix, label
        try:
            symbols = [self._operand(op, label, i, x, was) for i, (x, was) in enumerate(
                zip(convert_inputs(op, inputs), inputs, strict=True))]  # fmt: skip
        finally:
            self._prefix = outer
        further: list = []
        if attrs:
            attrs = {key: take_out(value, further) for key, value in attrs.items()}
        if further:
            op, symbols = (
                DynamicOp(op, len(further), attrs),
                [*symbols, *map(self.symbol_of, further)],
            )
        specs = infer(op, [s.spec for s in symbols], attrs)
        if op is range_:
            specs = _counted(symbols, specs)
        several = isinstance(specs, tuple) and not isinstance(specs, (Spec, NoElements))
        outputs = self._node(op, symbols, attrs, specs if several else (specs,), label)
        return outputs if several else outputs[0]

    def _operand(self, op: Op, label: str, i: int, tensor: Any, given: Any) -> Symbol:
        if isinstance(tensor, Symbol):
            return self.symbol_of(tensor)
        part = f"{op.input_names[0]}_{i}" if op.variadic else op.input_names[i]
        if tensor is given:
            return self.symbol_of(tensor, f"{label}/{part}")
        return self.lift(tensor, f"{label}/{part}")

    def _node(
        self, op: Op, inputs: Sequence, attrs: dict, specs: Sequence, label: str
    ) -> tuple[Symbol, ...]:
        if self.origin is None:
            frame = learners_frame(_getframe(2))
            origin = (op, frame.f_code, frame.f_lasti)
        else:
            origin = self.origin
        values = _known(op, inputs, attrs, specs)
        outputs = []
        for i, (spec, value) in enumerate(zip(specs, values, strict=True)):
            symbol = Symbol(self, spec, label if not i else f"{label}:{i}", value)
            symbol._origin = origin
            outputs.append(symbol)
        scope, _, leaf = label.rpartition("/")
        node = Node(op, tuple(inputs), attrs, tuple(outputs), leaf, scope, origin)
        self.graph.nodes.append(node)
        if state._tapes and op is not read_variable:
            record(node)
        return node.outputs  # type: ignore[return-value]

    def _unique(self, base: str) -> str:
        if base.startswith(f"{self._prefix}/") and self._prefix:
            return self.unique(base)
        return self.unique(f"{state.scope}/{base}" if state.scope else base)


def infer(op: Op, specs: Sequence, attrs: dict) -> Any:
    """The specs of an op's results, also where the rank of an input is not known."""
    if op.any_rank or all(spec.shape is not None for spec in specs):
        return op.infer_specs(specs, attrs)
    failure: Exception | None = None
    found = []
    for rank in (2, 1, 0, 3, 4):
        guess = [Spec((None,) * rank, s.dtype) if s.shape is None else s for s in specs]
        try:
            found.append(op.infer_specs(guess, attrs))
        except Exception as error:
            failure = failure or error
    if not found and failure is not None:
        raise failure
    if isinstance(found[0], (Spec, NoElements)):
        return reduce(common, found)
    several = [specs for specs in found if not isinstance(specs, NoElements)]
    return tuple(reduce(common, group) for group in zip(*several, strict=True))


def _counted(symbols: Sequence[Symbol], spec: Any) -> Any:
    """The spec of a range; its size is known where its ends are."""
    known = [x.known for x in symbols]
    if any(number is None for number in known):
        return spec
    first, last, step = (number.item() for number in known if number is not None)
    if not np.isfinite([first, last, step]).all() or not step or (last - first) * step < 0:
        return spec
    return Spec((ceil((last - first) / step),), spec.dtype)


def _is_small(array: Any) -> bool:
    return array.dtype.kind in "iub" and array.size <= SMALL


def _is_small_spec(spec: Any) -> bool:
    return spec.shape is not None and None not in spec.shape and np.prod(spec.shape) <= SMALL


def _known(op: Op, inputs: Sequence, attrs: dict, specs: Sequence) -> Sequence:
    """The results as arrays where they are small integers that follow from what is known."""
    nothing = [None] * len(specs)
    if op.stateful or op.graphs or any(spec.dtype.kind not in "iub" for spec in specs):
        return nothing
    arrays = []
    for x in inputs:
        array = getattr(x, "known", None)
        if op.name in _OF_SHAPES and isinstance(x, Symbol) and x.shape.is_fully_defined():
            array = np.broadcast_to(np.zeros((), x._array.dtype), x._array.shape)
        elif array is None or not _is_small(array):
            return nothing
        arrays.append(array)
    if not arrays or not all(_is_small_spec(spec) for spec in specs):
        return nothing
    try:
        found = op.implementation(np)(np, *arrays, **attrs)
    except Exception:  # 1 // 0 is an error only where it runs
        return nothing
    return [np.asarray(x) for x in (found if isinstance(found, tuple) else (found,))]


class tracing:  # noqa: N801 - reads as a word: with tracing(tracer)
    """Within it, ops are written into a tracer's graph, and no tape from outside sees them."""

    def __init__(self, tracer: Tracer):
        self.tracer = tracer

    def __enter__(self) -> Tracer:
        self.before = state.interpreter, state.tapes, state.scope, state.device
        state.interpreter, state.tapes, state.scope, state.device = self.tracer, (), "", None
        return self.tracer

    def __exit__(self, *_: object) -> None:
        state.interpreter, state.tapes, state.scope, state.device = self.before


def trace(
    function: Callable,
    specs: Sequence,
    name: str = "",
    labels: Sequence[str] = (),
    kind: str = "function",
    outer: Tracer | None = None,
) -> Graph:
    """The graph of `function(*symbols)`, which returns a list of tensors.

    Args:
        function: takes one symbol per spec.
        specs: shape and dtype of each argument.
        name: what to call the graph.
        labels: what to call the arguments.
        kind: "function", "branch" or "body".
        outer: the trace that this one stands in; by default the active one.
    """
    if outer is None and isinstance(state.interpreter, Tracer):
        outer = state.interpreter
    graph = Graph(kind=kind, name=name)
    labels = labels or [f"x{i}" if i else "x" for i in range(len(specs))]
    with tracing(Tracer(graph, outer)) as tracer:
        symbols = [tracer.add_input(s, label) for s, label in zip(specs, labels, strict=True)]
        graph.outputs = [tracer.convert(x) for x in function(*symbols)]
    return graph


def replay(graph: Graph, values: Sequence, captured: Sequence | None = None) -> list:
    """Run the nodes of a graph again through the active interpreter; its outputs.

    Args:
        graph: what to run.
        values: one tensor (or symbol) for each of the graph's inputs.
        captured: the same for its captures; by default what was captured.
    """
    env = {id(symbol): value for symbol, value in zip(graph.inputs, values, strict=True)}
    taken = [outer for outer, _ in graph.captures] if captured is None else captured
    env |= {id(inner): x for (_, inner), x in zip(graph.captures, taken, strict=True)}
    interpreter: Any = state.interpreter
    tracer = interpreter if isinstance(interpreter, Tracer) else None
    base = state.scope
    before = tracer.origin if tracer else None
    outside = state.replayed
    try:
        for node in graph.nodes:
            state.replayed = node.origin
            if tracer is not None:
                tracer.origin = node.origin
                state.scope = f"{base}/{node.scope}".strip("/")
            found = _run(node, [_value(x, env, node) for x in node.inputs])
            for out, value in zip(node.outputs, found, strict=True):
                env[id(out)] = value
    finally:
        state.scope, state.replayed = base, outside
        if tracer is not None:
            tracer.origin = before
    return [_value(out, env, None) for out in graph.outputs]


def _run(node: Node, inputs: list) -> Sequence:
    if node.op is read_variable:
        return (inputs[0].value(),)
    if node.op is assign_variable:
        inputs[0]._store(inputs[1])
        return ()
    again = getattr(node.op, "replay", None)
    if again is not None:
        found = again(inputs, node.attrs)
    else:
        found = state.interpreter.apply(node.op, inputs, node.attrs, node.name)
    return found if isinstance(found, (tuple, list)) else (found,)


def _value(x: Any, env: dict, node: Node | None) -> Any:
    """What a value of the graph is now: computed, a constant, or a variable."""
    found = env.get(id(x))
    if found is None and isinstance(x, Symbol):
        if x.known is None:
            raise AssertionError(f"{x!r} is used before it is computed")
        found = state.interpreter.constant(Tensor(x.known), x._label.rpartition("/")[2])
        env[id(x)] = found
    return x if found is None else found

"""Variables of a graph: named places that have a value in each session, once it was given one.

A variable is a node of the graph, and so are its initialiser and every reading and assignment. The
values live in sessions: a session has an ordinary variable for each one of its graph, and runs the
graph with that in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

from minitensor.compat.v1.building import group
from minitensor.compat.v1.keys import GraphKeys, global_variables, local_variables
from minitensor.compat.v1.tracer import VAR_HANDLE_OP, GraphTracer, open_tracer, operation
from minitensor.dtypes import as_dtype
from minitensor.eager import convert_to_tensor
from minitensor.errors import FailedPreconditionError, InvalidArgumentError
from minitensor.graph.symbol import Symbol
from minitensor.op import NO_ATTRS, state
from minitensor.ops.array import stack
from minitensor.ops.comparison import logical_not
from minitensor.ops.indexing import boolean_mask
from minitensor.ops.selection import where
from minitensor.ops.state import assign_variable, read_variable
from minitensor.shapes import Spec, TensorShape
from minitensor.tensor import Tensor
from minitensor.variable import Variable as EngineVariable

__all__ = [
    "GraphVariable",
    "Variable",
    "assign",
    "assign_add",
    "assign_sub",
    "global_variables_initializer",
    "initialize_all_variables",
    "is_variable_initialized",
    "local_variables_initializer",
    "report_uninitialized_variables",
    "variables_initializer",
]


class GraphVariable(EngineVariable):
    """A variable of a graph. Sessions hold its values; see `Variable` for the arguments."""

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
        *,
        collections: Sequence | None = None,
        whole_name: str | None = None,
    ):
        tracer = open_tracer()
        assert tracer is not None
        if initial_value is None:
            raise InvalidArgumentError(
                "The `initial_value` arg to `tf.Variable` must be specified except when you are "
                "not providing a `variable_def`. You provided neither.\nThe initialiser needs to "
                "know what to assign. To fix it: pass one, for example tf.Variable(0.0)."
            )
        self.trainable = trainable is None or bool(trainable)
        self.constraint = constraint
        self._collections = collections
        with _apart(tracer):
            self._name = whole_name or tracer._unique(name or "Variable")
            self._build(tracer, initial_value, dtype, validate_shape, shape)
        self._register(tracer.graph)

    def _build(
        self, tracer: GraphTracer, value: Any, dtype: Any, validate_shape: bool, shape: Any
    ) -> None:
        base = self._name
        with _inside(f"{base}/Initializer"):
            value = value() if callable(value) else value
        wanted = None if dtype is None else as_dtype(dtype)
        tensor = convert_to_tensor(value, wanted)
        if not isinstance(tensor, Symbol):
            with _inside(f"{base}/Initializer"):
                tensor = tracer.lift(tensor, "initial_value")
        self._initial = tracer.symbol_of(tensor)
        self._shape = TensorShape(tensor.shape if shape is None else shape)
        if self._shape.rank is None or (validate_shape and not self._shape.is_fully_defined()):
            self._refuse_shape(tensor)
        spec = Spec(tuple(self._shape), tensor._array.dtype)
        tracer.mark(VAR_HANDLE_OP, base, self, dtype=tensor.dtype, shape=self._shape)
        tracer._node(assign_variable, (self, self._initial), NO_ATTRS, (), f"{base}/Assign")
        self._assign = tracer.graph.nodes[-1]
        label = f"{base}/Read/ReadVariableOp"
        self._snapshot = tracer._node(read_variable, (self,), NO_ATTRS, (spec,), label)[0]
        for name in (f"{base}/Assign", label):
            tracer.unique(name)

    def _refuse_shape(self, tensor: Any) -> None:
        raise InvalidArgumentError(
            f"initial_value must have a shape specified: {tensor}\nA variable keeps its shape. To "
            "fix it: call set_shape on the initial value, or, where only sizes are open, make the "
            "variable with validate_shape=False."
        )

    def _register(self, graph: Any) -> None:
        names = [GraphKeys.GLOBAL_VARIABLES] if self._collections is None else self._collections
        if self.trainable and GraphKeys.TRAINABLE_VARIABLES not in names:
            names = [*names, GraphKeys.TRAINABLE_VARIABLES]
        graph.add_to_collections(names, self)

    @classmethod
    def hidden(cls, value: Any, name: str) -> GraphVariable:
        """A variable in no collection, which every session starts with `value`."""
        found = cls(value, trainable=False, name=name, collections=())
        found.start = value
        return found

    start: Any = None
    """The value in a new session; None for none."""
    _flag: Any = None
    tells: Any = None
    """The variable of which it says whether a session has a value of it."""

    # What it is in the graph.

    @property
    def _value(self) -> Any:  # type: ignore[override]
        return self._snapshot

    @_value.setter
    def _value(self, tensor: Any) -> None:
        raise FailedPreconditionError(
            f"Variable {self.name!r} belongs to a graph and has values only in sessions.\nTo fix "
            "it: run its assign op in a session, or call variable.load(value, session)."
        )

    @property
    def graph(self) -> Any:
        """The graph that it belongs to."""
        return self._snapshot.graph

    @property
    def op(self) -> Any:
        """The operation that stands for the variable."""
        return self.graph.operation_of(self)

    @property
    def initializer(self) -> Any:
        """The operation that gives it its first value."""
        return operation(self.graph, self._assign)

    @property
    def initial_value(self) -> Symbol:
        """The tensor that it is initialised with."""
        return self._initial

    def initialized_value(self) -> Any:
        """The value if the session has one, else the initial value."""
        tracer = self.graph.tracer
        raw = tracer.read(self)
        tracer.unchecked.add(id(raw))
        return where(is_variable_initialized(self), raw, self._initial)

    # In sessions.

    def eval(self, session: Any = None) -> Any:
        """The value in a session; by default in the default one."""
        return self._snapshot.eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Give it a value in a session, without a further op in the graph."""
        self.graph.tracer.evaluate(self.initializer, {self._initial: value}, session)

    def value(self) -> Tensor:
        """The value at this point of the graph, as a tensor."""
        return super().value().whole

    def numpy(self) -> Any:
        """Refused: only sessions have values."""
        raise NotImplementedError(
            "numpy() is only available when eager execution is enabled.\nA variable of a graph "
            "has a value in each session. To fix it: session.run(variable)."
        )

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None,
               read_value: bool = True) -> Any:  # fmt: skip
        """An op that replaces the value.

        Returns the tensor with the new value; with `read_value=False` the operation.
        """
        tensor = self._convert(value, self.dtype, "assign")
        self._check_shape(tensor)
        return self._written(tensor, read_value, name or "AssignVariableOp")

    def assign_add(self, delta: Any, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:  # fmt: skip
        """An op that adds to the value; returns as `assign`."""
        return self._changed(delta, "assign_add", read_value, name or "AssignAddVariableOp")

    def assign_sub(self, delta: Any, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:  # fmt: skip
        """An op that subtracts from the value; returns as `assign`."""
        return self._changed(delta, "assign_sub", read_value, name or "AssignSubVariableOp")

    def _changed(self, delta: Any, what: str, read_value: bool, name: str) -> Any:
        tracer = open_tracer()
        scope = state.scope if tracer is None else _label(tracer, name)
        with _inside(scope):
            delta = self._delta(delta, what)
            now = self._now()
            tensor = now + delta if what == "assign_add" else now - delta
        return self._written(tensor, read_value, f"{scope}/" if tracer else name)

    def _store(self, tensor: Tensor, read_value: bool = False) -> Any:
        return self._written(tensor, read_value, "AssignVariableOp")

    def _written(self, tensor: Tensor, read_value: bool, name: str) -> Any:
        tracer = open_tracer()
        if tracer is None or tracer.actual(self) is not self:
            state.interpreter.assign(self, tensor)
            return state.interpreter.read(self) if read_value else None
        label = _label(tracer, name)
        tracer._node(assign_variable, (self, tracer.symbol_of(tensor)), NO_ATTRS, (), label)
        node = tracer.graph.nodes[-1]
        for tape in state.tapes:
            tape.assigned(self, tensor)
        if not read_value:
            return operation(tracer.graph, node)
        reading = tracer.read(self)
        tracer.wait(reading, [node])
        return reading

    def count_up_to(self, limit: int) -> Any:
        """An op that adds 1 until the value is `limit`; the value before."""
        before = self.value()
        with self.graph.control_dependencies([before]):
            after = self.assign(where(before < limit, before + 1, before), read_value=False)
        self.graph.tracer.wait(before, [after.node])
        return before

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __reduce__(self) -> tuple:
        raise TypeError(f"variable {self.name!r} of a graph cannot be copied or pickled")

    def __deepcopy__(self, memo: dict) -> GraphVariable:
        raise TypeError(f"variable {self.name!r} of a graph cannot be copied or pickled")

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self._shape} dtype={self.dtype.name}>"

    __str__ = __repr__


def _label(tracer: GraphTracer, name: str) -> str:
    """The name of a node: unique, unless it ends with `/` and so is the whole name."""
    return name[:-1] if name.endswith("/") else tracer._unique(name)


@contextmanager
def _apart(tracer: GraphTracer) -> Any:
    """Within it, nodes wait for nothing: variables are made outside of blocks that order ops."""
    before, tracer.awaited = tracer.awaited, []
    try:
        yield
    finally:
        tracer.awaited = before


@contextmanager
def _inside(scope: str) -> Any:
    before, state.scope = state.scope, scope
    try:
        yield
    finally:
        state.scope = before


class _AnyVariable(type):
    def __call__(
        cls,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Sequence | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: Any = None,
        constraint: Callable | None = None,
        use_resource: bool | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> Any:
        given: dict[str, Any] = {"validate_shape": validate_shape, "name": name, "dtype": dtype,
                                 "constraint": constraint, "shape": shape}  # fmt: skip
        if open_tracer() is None:
            return EngineVariable(initial_value, trainable, **given)
        return GraphVariable(initial_value, trainable, collections=collections, **given)

    def __instancecheck__(cls, thing: Any) -> bool:
        return isinstance(thing, EngineVariable)


class Variable(metaclass=_AnyVariable):
    """A value that sessions keep from run to run, and that assign ops and optimisers change.

    It has no value before its `initializer` ran in the session. Where ops compute at once it is an
    ordinary `mt.Variable`.

    Args:
        initial_value: a value, a tensor of the graph, or a function without arguments that gives
            one.
        trainable: whether optimisers change it; True by default.
        collections: the lists that it goes into, by default `GraphKeys.GLOBAL_VARIABLES`.
        validate_shape: False for a variable whose shape may be open.
        name: its name, `"Variable"` by default.
        dtype: the dtype to convert a Python or numpy value to.
        constraint: what optimisers apply to the value after each step.
        shape: what shapes it may have.
        caching_device, variable_def, expected_shape, import_scope, use_resource, synchronization,
            aggregation: TensorFlow's; they have no effect.

    Shape: that of the initial value.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     w = tf.Variable(2.0, name="w")
        ...     session.run(tf.global_variables_initializer())
        ...     print(w, session.run(w * 3.0), session.run(w.assign_add(1.0)))
        <tf.Variable 'w:0' shape=() dtype=float32> 6.0 3.0
    """


# Assign ops as functions.


def assign(ref: Any, value: Any, validate_shape: bool | None = None,
           use_locking: bool | None = None, name: str | None = None) -> Any:  # fmt: skip
    """An op that replaces the value of a variable; the tensor with the new value."""
    return ref.assign(value, name=name)


def assign_add(ref: Any, value: Any, use_locking: bool | None = None,
               name: str | None = None) -> Any:  # fmt: skip
    """An op that adds to a variable; the tensor with the new value."""
    return ref.assign_add(value, name=name)


def assign_sub(ref: Any, value: Any, use_locking: bool | None = None,
               name: str | None = None) -> Any:  # fmt: skip
    """An op that subtracts from a variable; the tensor with the new value."""
    return ref.assign_sub(value, name=name)


def variables_initializer(var_list: Sequence, name: str = "init") -> Any:
    """An op that runs the initialisers of variables; None where ops compute at once."""
    return group(*[v.initializer for v in var_list if isinstance(v, GraphVariable)], name=name)


def global_variables_initializer() -> Any:
    """An op that initialises all variables there are by now; each call adds one."""
    return variables_initializer(global_variables() if open_tracer() else [])


initialize_all_variables = global_variables_initializer


def local_variables_initializer() -> Any:
    """An op that initialises the variables in the collection of local ones."""
    return variables_initializer(local_variables() if open_tracer() else [])


def is_variable_initialized(variable: GraphVariable) -> Tensor:
    """Whether the session has a value of a variable, when a run starts.

    Shape: ().
    """
    flag = variable._flag
    if flag is None:
        with variable.graph.as_default(), _inside(""):
            flag = variable._flag = GraphVariable.hidden(False, f"{variable._name}/IsInitialized")
            flag.tells = variable
    return flag.value()


def report_uninitialized_variables(
    var_list: Sequence | None = None, name: str = "report_uninitialized_variables"
) -> Any:
    """The names of the variables without a value in the session, when a run starts.

    Shape: (number of them,).
    """
    chosen = [*global_variables(), *local_variables()] if var_list is None else var_list
    tracer = open_tracer()
    assert tracer is not None
    names = tracer.convert([v._name for v in chosen] or [""])
    flags = [is_variable_initialized(v) for v in chosen] or [tracer.convert(True)]
    return boolean_mask(names, logical_not(stack(flags, axis=0)))


def readings(variable: GraphVariable) -> list[Symbol]:
    """The tensors that the graph reads a variable into."""
    return [
        node.outputs[0]
        for node in variable.graph.nodes
        if node.op is read_variable and node.inputs[0] is variable
    ]

"""The graph to write in, and which one is the default of a thread."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minitensor.compat.v1.tracer import (
    MARKS,
    PLACEHOLDER,
    GraphTracer,
    control_dependencies,
)
from minitensor.errors import InvalidArgumentError
from minitensor.graph import ir
from minitensor.graph.trace import Tracer, tracing
from minitensor.op import State, state
from minitensor.scopes import device, name_scope

__all__ = [
    "Graph",
    "disable_eager_execution",
    "enable_eager_execution",
    "get_default_graph",
    "reset_default_graph",
]


class _AnyGraph(type):
    """Graphs of traced functions are graphs too."""

    def __instancecheck__(cls, thing: Any) -> bool:
        return isinstance(thing, ir.Graph)


class Graph(ir.Graph, metaclass=_AnyGraph):
    """A graph to write in: `with graph.as_default():` every op is a further node of it.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> graph = tf.Graph()
        >>> with graph.as_default():
        ...     y = tf.constant(2.0, name="a") * 3.0
        >>> y, [op.name for op in graph.get_operations()]
        (<tf.Tensor 'mul:0' shape=() dtype=float32>, ['a', 'mul/y', 'mul'])
        >>> tf.Session(graph=graph).run(y)
        np.float32(6.0)
    """

    def __init__(self) -> None:
        super().__init__(kind="graph")
        self.tracer: Any = GraphTracer(self)
        self.seed: int | None = None
        self.finalized = False
        self._collections: dict[Any, list] = {}
        self.local: dict[str, Any] = {}
        """What variable scopes and the like remember of the graph."""

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Within it, this thread's ops are written into this graph."""
        stack = _here.graphs
        stack.append(self)
        try:
            with tracing(self.tracer):
                yield self
        finally:
            stack.remove(self)

    @property
    def building_function(self) -> bool:
        """False: it is not the graph of a function."""
        return False

    def get_name_scope(self) -> str:
        """The name scope that ops are made in."""
        return state.scope

    def plain(self) -> ir.Graph:
        """The graph as that of a function: placeholders are its inputs, constants are values."""
        kept = [node for node in self.nodes if node.op not in MARKS]
        fed = [out for node in self.nodes if node.op is PLACEHOLDER for out in node.outputs]
        graph = ir.Graph(kept, fed, kind="graph")
        graph.tracer = self.tracer
        return graph

    def finalize(self) -> None:
        """Allow no further nodes."""
        self.finalized = True

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """A name like `name` that nothing in the graph has."""
        whole = f"{state.scope}/{name}" if state.scope else name
        return self.tracer.unique(whole)

    name_scope = staticmethod(name_scope)
    device = staticmethod(device)

    def control_dependencies(self, control_inputs: Any) -> Any:
        """As `control_dependencies`."""
        return control_dependencies(control_inputs)

    # Collections.

    def add_to_collection(self, name: Any, value: Any) -> None:
        """Put a value into the list called `name`."""
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Put a value into several lists, once into each."""
        for name in [names] if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection(self, name: Any, scope: str | None = None) -> list:
        """The values in a list; with `scope`, those whose names match the pattern."""
        found = list(self._collections.get(name, ()))
        if scope is None:
            return found
        return [x for x in found if hasattr(x, "name") and re.match(scope, x.name)]

    def get_collection_ref(self, name: Any) -> list:
        """The list itself, to change it."""
        return self._collections.setdefault(name, [])

    def clear_collection(self, name: Any) -> None:
        """Empty a list."""
        self._collections.pop(name, None)

    def get_all_collection_keys(self) -> list:
        """The names of the lists."""
        return [name for name in self._collections if isinstance(name, str)]


class _Here(threading.local):
    """What is default in this thread."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.base: Graph | None = None
        self.eager_asked_for = False


_here = _Here()


def _base() -> Graph:
    if _here.base is None:
        _here.base = Graph()
    return _here.base


def get_default_graph() -> Any:
    """The graph that ops are written into, or would be if they did not compute at once."""
    interpreter = state.interpreter
    if isinstance(interpreter, Tracer):
        return interpreter.graph
    return home()


def home() -> Graph:
    """The graph that variables belong to: the innermost that is written first and run later."""
    return _here.graphs[-1] if _here.graphs else _base()


def reset_default_graph() -> None:
    """Begin a new default graph; what was in the old one is gone for good.

    Programs of TensorFlow 1 start with this call: unless `enable_eager_execution` was asked for,
    ops of this thread are written into the default graph from here on, as they were there.

    Raises:
        AssertionError: within `with graph.as_default()` or `with session`.
    """
    if _here.graphs:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared "
            "graph, exit the nesting and create a new graph."
        )
    was_open = _here.base is not None and state.interpreter is _here.base.tracer
    _here.base = None
    if was_open or not (_here.eager_asked_for or isinstance(state.interpreter, Tracer)):
        disable_eager_execution()


def disable_eager_execution() -> None:
    """From here on, ops of this thread are written into the default graph.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> tf.reset_default_graph()
        >>> tf.disable_eager_execution()
        >>> tf.constant(1.0) + 2.0
        <tf.Tensor 'add:0' shape=() dtype=float32>
        >>> tf.enable_eager_execution()
        >>> tf.reset_default_graph()
    """
    _here.eager_asked_for = False
    if not isinstance(state.interpreter, Tracer) or not _here.graphs:
        state.interpreter, state.tapes, state.scope = _base().tracer, (), ""


def enable_eager_execution(*_: Any, **__: Any) -> None:
    """From here on, ops of this thread compute at once, as at the start.

    Raises:
        InvalidArgumentError: (also a ValueError) within `with graph.as_default()`.
    """
    if _here.graphs:
        raise InvalidArgumentError(
            "tf.enable_eager_execution must be called at program startup.\nHere a graph is being "
            "written. To fix it: leave the block `with graph.as_default():` first."
        )
    _here.eager_asked_for = True
    if _here.base is not None and state.interpreter is _here.base.tracer:
        state.interpreter, state.scope = State.interpreter, ""

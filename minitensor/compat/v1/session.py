"""Sessions: run a part of a graph, on values that are fed, with variables of their own."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from minitensor.compat.v1.fetching import Fetches, fed_array, fetched, text_of
from minitensor.compat.v1.graphs import Graph, get_default_graph
from minitensor.compat.v1.programs import Held, Program
from minitensor.compat.v1.variables import GraphVariable, readings
from minitensor.errors import (
    ArgumentError,
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
)
from minitensor.graph.operations import Operation
from minitensor.graph.symbol import Symbol
from minitensor.op import State, state
from minitensor.scopes import get_logger
from minitensor.summary import messages

__all__ = [
    "InteractiveSession",
    "RunMetadata",
    "RunOptions",
    "Session",
    "get_default_session",
]

MOST_PROGRAMS = 128
"""How many combinations of fetches and fed tensors a session keeps programs for."""


class RunOptions:
    """Options of a run. They are TensorFlow's, are kept, and have no effect."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)

    def __init__(self, **options: Any):
        self.__dict__.update(options)


class RunMetadata:
    """What is known of a run, once `session.run` was given it.

    `graph` is the part of the graph that ran, with the session's variables; `source` the program
    that was generated for it; `seconds` how long it ran.
    """

    graph: Any = None
    source: str = ""
    seconds: float = 0.0

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """The part of the graph that ran, as TensorFlow's message of this name."""
        ran = [] if self.graph is None else [self.graph.as_graph_def(add_shapes=True)]
        return messages.RunMetadata(partition_graphs=ran).SerializeToString()


class _Here(threading.local):
    """The default sessions of this thread."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []


_here = _Here()


def get_default_session() -> Any:
    """The session that `tensor.eval()` uses; None when there is none."""
    return _here.sessions[-1] if _here.sessions else None


class Session:
    """Runs a graph: `session.run(fetches, feed_dict)` gives the values of the fetches.

    As a context manager it makes its graph the default graph and itself the default session, and
    closes itself at the end.

    Args:
        target: TensorFlow's; everything runs in this process.
        graph: what to run, by default the default graph.
        config: TensorFlow's `ConfigProto`; it is kept and has no effect.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     x = tf.placeholder(tf.float32, [], name="x")
        ...     y = x * x
        ...     with tf.Session() as session:
        ...         print(session.run([y, {"twice": 2.0 * y}], feed_dict={x: 3.0}))
        [np.float32(9.0), {'twice': np.float32(18.0)}]
    """

    def __init__(self, target: str = "", graph: Any = None, config: Any = None):
        self._graph = get_default_graph() if graph is None else graph
        if not isinstance(self._graph, Graph):
            raise ArgumentError(
                f'Argument `graph` must be a tf.Graph, but got type "{type(graph).__name__}"'
            )
        self.sess_str, self._config = target, config
        self._held: dict[int, tuple[GraphVariable, Held]] = {}
        self._programs: OrderedDict[tuple, Program] = OrderedDict()
        self._lock = threading.RLock()
        self._updating = threading.RLock()  # so that no thread's update is lost
        self._closed = False
        self._contexts: list = []

    @property
    def graph(self) -> Any:
        """The graph that it runs."""
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph in TensorFlow's exchange format."""
        return self._graph.as_graph_def()

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None,
            run_metadata: RunMetadata | None = None) -> Any:  # fmt: skip
        """The values of `fetches`, in the same structure; None for operations.

        Only what the fetches need is run, once, in the order in which it was made.

        Args:
            fetches: a tensor, variable, operation or name of one, or lists, tuples and dicts of
                them.
            feed_dict: values for tensors, by tensor or name. Any tensor may be fed; then what
                makes it does not run.
            options: a `RunOptions`; it has no effect.
            run_metadata: a `RunMetadata`, which is told what ran.

        Raises:
            FailedPreconditionError: (also a RuntimeError) for a closed session, an empty graph, or
                a variable without a value.
            InvalidArgumentError: (also a ValueError) for a placeholder that was not fed, a value
                of a wrong shape, and a name that is not in the graph.
            ArgumentError: (also a TypeError) for what can be neither fetched nor fed.
        """
        self._check_open()
        wanted = Fetches(self._graph, fetches)
        fed = self._fed(feed_dict)
        return self._run(wanted, [x for x, _ in fed], [array for _, array in fed], run_metadata)

    def _check_open(self) -> None:
        if self._closed:
            raise FailedPreconditionError(
                "Attempted to use a closed Session.\nIts variables are gone. To fix it: make a "
                "new tf.Session() and initialise the variables again."
            )
        if not self._graph.nodes:
            raise FailedPreconditionError(
                "The Session graph is empty. Add operations to the graph before calling run().\n"
                "Where ops compute at once they leave nothing in the default graph. To fix it: "
                "call tf.disable_eager_execution() first, or build within `with "
                "tf.Graph().as_default():`."
            )

    def _run(self, wanted: Fetches, fed: list, arrays: list, metadata: Any) -> Any:
        before = state.interpreter, state.tapes, state.scope
        state.interpreter, state.tapes, state.scope = State.interpreter, (), ""
        try:
            program = self._program(wanted.things, fed)
            start = time.perf_counter()
            with self._updating if program.writes else nullcontext():
                found = program(arrays)
            seconds = time.perf_counter() - start
        finally:
            state.interpreter, state.tapes, state.scope = before
        if metadata is not None:
            executable = program.function.executable(arrays)
            metadata.graph, metadata.source = program.function.graph, executable.source
            metadata.seconds = seconds
        return wanted.filled([fetched(x) for x in found])

    def _program(self, things: list, fed: list) -> Program:
        key = (*map(id, things), None, *map(id, fed))
        with self._lock:
            found = self._programs.get(key)
            if found is None:
                if len(self._programs) >= MOST_PROGRAMS:
                    self._programs.popitem(last=False)
                found = self._programs[key] = Program(self._graph, things, fed, self._holding)
        return found

    def _holding(self, variable: GraphVariable) -> Held:
        """The session's own variable for one of the graph."""
        with self._lock:
            if id(variable) not in self._held:
                self._held[id(variable)] = variable, Held(variable)
            return self._held[id(variable)][1]

    # Feeds.

    def _fed(self, feed_dict: Any) -> list[tuple[Symbol, np.ndarray]]:
        if not feed_dict:
            return []
        if not isinstance(feed_dict, Mapping):
            raise ArgumentError(
                f"'dict' must be a dictionary or collection.Mapping type object, instead of "
                f"{type(feed_dict).__name__!r}.\nfeed_dict says which tensor gets which value. To "
                "fix it: session.run(fetches, feed_dict={x: value})."
            )
        found = {}
        for key, value in feed_dict.items():
            symbol = self._feedable(key)
            array = fed_array(symbol, value)
            for x in readings(key) if isinstance(key, GraphVariable) else [symbol]:
                found[id(x)] = x, array
        return sorted(found.values(), key=lambda pair: id(pair[0]))

    def _feedable(self, key: Any) -> Symbol:
        if isinstance(key, GraphVariable):
            key = key._snapshot
        try:
            found = self._graph.as_graph_element(key, allow_operation=False)
        except (OpError, KeyError) as error:
            raise ArgumentError(
                f"Cannot interpret feed_dict key as Tensor: {text_of(error)}\nA value is fed for a "
                "tensor of the session's graph, or its name. To fix it: use the placeholder "
                "itself as the key, or a name like 'x:0'."
            ) from None
        return found._snapshot if isinstance(found, GraphVariable) else found

    # More ways to run.

    def make_callable(self, fetches: Any, feed_list: Sequence | None = None,
                      accept_options: bool = False) -> Callable:  # fmt: skip
        """A function that runs `fetches`; its arguments are fed for the tensors of `feed_list`."""
        wanted = Fetches(self._graph, fetches)
        symbols = [self._feedable(x) for x in feed_list or ()]

        def call(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            if len(values) != len(symbols):
                raise ArgumentError(
                    f"the callable takes {len(symbols)} values, but {len(values)} were given\nIt "
                    "feeds one value for each tensor of feed_list."
                )
            self._check_open()
            arrays = [fed_array(x, value) for x, value in zip(symbols, values, strict=True)]
            return self._run(wanted, symbols, arrays, run_metadata)

        return call

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """Within it, `tensor.eval()` and `operation.run()` use this session."""
        sessions = _here.sessions
        sessions.append(self)
        try:
            yield self
        finally:
            sessions.remove(self)

    def close(self) -> None:
        """Let go of the variables' values; the session cannot run any more."""
        self._closed = True
        self._held.clear()
        self._programs.clear()

    def list_devices(self) -> list:
        """The devices there are."""
        from minitensor.device import list_logical_devices

        return list_logical_devices()

    def __enter__(self) -> Session:
        contexts = self._graph.as_default(), self.as_default()
        for context in contexts:
            context.__enter__()
        self._contexts.append(contexts)
        return self

    def __exit__(self, *error: Any) -> None:
        for context in reversed(self._contexts.pop()):
            context.__exit__(*error)
        self.close()


class InteractiveSession(Session):
    """A session that is the default session from the start, for notebooks.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     session = tf.InteractiveSession()
        ...     print((tf.constant(2.0) * 3.0).eval())
        ...     session.close()
        6.0
    """

    def __init__(self, target: str = "", graph: Any = None, config: Any = None):
        super().__init__(target, graph, config)
        if any(isinstance(s, InteractiveSession) for s in _here.sessions):
            get_logger().warning(
                "An interactive session is already active. This can cause out-of-memory errors in "
                "some cases. You must explicitly call `InteractiveSession.close()` to release "
                "resources held by the other session(s)."
            )
        _here.sessions.append(self)
        self._opened = None
        if graph is not None:
            self._opened = self._graph.as_default()
            self._opened.__enter__()

    def close(self) -> None:
        """Be the default session no more, and let go of the variables' values."""
        super().close()
        if self in _here.sessions:
            _here.sessions.remove(self)
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
            self._opened = None


def evaluate(thing: Any, feed_dict: Any, session: Any) -> Any:
    """What `tensor.eval()` gives and `operation.run()` does, in a session or the default one.

    Raises:
        InvalidArgumentError: (also a ValueError) without a session, or for one of another graph.
    """
    is_operation = isinstance(thing, Operation)
    method, verb, what = (
        ("run", "execute", "operation") if is_operation else ("eval", "evaluate", "tensor")
    )
    chosen = get_default_session() if session is None else session
    if chosen is None:
        raise InvalidArgumentError(
            f"Cannot {verb} {what} using `{method}()`: No default session is registered. Use `with "
            f"sess.as_default(){':' * is_operation}` or pass an explicit session to "
            f"`{method}(session=sess)`"
        )
    if chosen.graph is not thing.graph:
        which = "the default" if session is None else "the given"
        raise InvalidArgumentError(
            f"Cannot use {which} session to {verb} {what}: the {what}'s graph is different from "
            "the session's graph. Pass an explicit session to "
            f"`{method}(session=sess)`."
        )
    return chosen.run(thing, feed_dict)

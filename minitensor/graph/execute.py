"""Running a graph: passes, plan, generated source, and a function from arrays to arrays."""

from __future__ import annotations

import itertools
import linecache
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from sys import getrefcount
from typing import Any
from weakref import finalize

import numpy as np

from minitensor.backend import restore, silence
from minitensor.errors import Fault
from minitensor.graph.codegen import generate
from minitensor.graph.ir import Graph
from minitensor.graph.lower import PYTHON
from minitensor.graph.passes import optimise
from minitensor.graph.plan import Plan
from minitensor.graph.report import Explanation, explain
from minitensor.graph.tiles import choose
from minitensor.graph.trace import replay
from minitensor.op import State, state
from minitensor.ops.state import assign_variable
from minitensor.shapes import Spec
from minitensor.tensor import Tensor
from minitensor.threads import spread
from minitensor.variable import Variable

__all__ = ["Executable"]

_numbers = itertools.count(1)
_gone: list[str] = []
"""Sources of programs that are gone: forgotten when the next one is made. Doing so while garbage is
collected could take them from under whoever walks over the cache."""


class Executable:
    """A graph whose shapes are known, ready to run on arrays.

    Each run takes a frame: the generated function with memory of its own. A second thread, or a
    function that calls itself, gets a second frame.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.passes = optimise(graph)
        self.plan = Plan(self.passes[-1].graph)
        self.program = generate(self.plan, graph.name or "graph")
        self.text = self.program.source
        self.file = f"<minitensor graph {self.program.name} {next(_numbers)}>"
        lines = self.text.splitlines(keepends=True)
        linecache.cache[self.file] = len(self.text), None, lines, self.file
        while _gone:
            linecache.cache.pop(_gone.pop(), None)
        finalize(self, _gone.append, self.file)
        python = any(node.op.name in PYTHON for node in graph.nodes)  # may wait for other threads
        written = () if python else [v for v in graph.variables if _is_written(v, graph)]
        self._lock = locked(written)
        self._code = compile(self.text, self.file, "exec")
        self._frames: list[Callable] = []

    def __call__(self, arrays: Sequence) -> list:
        """The outputs as arrays that share no memory with the program."""
        for array in arrays:
            if type(array) is not np.ndarray:
                return self.interpret(arrays)
        try:
            run = self._frames.pop()
        except IndexError:
            run = self._new_frame()
        token = silence()
        try:
            if self._lock is None:
                return run(*arrays)
            with self._lock:
                return run(*arrays)
        except Exception as error:
            raise self._lesson(error).with_traceback(error.__traceback__) from None
        finally:
            restore(token)
            self._frames.append(run)

    def _lesson(self, error: Exception) -> Exception:
        """What a learner sees of an error in the program: its node is kept as `error.node`."""
        trace = error.__traceback__
        node = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                node = self.program.lines.get(trace.tb_lineno)
            trace = trace.tb_next
        if node is None:
            return error
        specs = [Spec(x._array.shape, x._array.dtype) for x in node.inputs]
        if isinstance(error, Fault):
            lesson: Exception = node.op.error(error, specs, node.attrs)
        else:
            lesson = node.op.lesson(error, specs, node.attrs)
        if not hasattr(lesson, "node"):
            lesson.node = node  # type: ignore[attr-defined]
        return lesson

    @property
    def source(self) -> str:
        """The program, and those of the graphs inside that have run already."""
        texts = [self.text]
        for step in self.plan.steps:
            functions: Any = getattr(step.node.op, "_functions", ()) if step.kind == "call" else ()
            for function in filter(None, functions):
                for inner in function._compiled.values():
                    title = f"{step.node.name}: {function.graph.name or function.graph.kind}"
                    texts.append(f"# Inside {title}\n\n{inner.source}")
        return "\n\n".join(texts)

    def explain(self) -> Explanation:
        """What the compiler made of the graph, in figures."""
        return explain(self.program.name, self.graph, self.plan.graph, self.plan, self.passes)

    def _new_frame(self) -> Callable:
        namespace = {name: _HELPERS.get(value, value) if isinstance(value, str) else value
                     for name, value in self.program.namespace.items()}  # fmt: skip
        namespace["__name__"] = __name__  # errors in the program are the engine's own
        exec(self._code, namespace)
        return namespace[self.program.name]

    def interpret(self, arrays: Sequence) -> list:
        """The same without plan and program: node by node."""
        before = state.interpreter, state.tapes
        state.interpreter, state.tapes = State.interpreter, ()
        try:
            found = replay(self.graph, [Tensor(a) for a in arrays])
        finally:
            state.interpreter, state.tapes = before
        return [x._array for x in found]


def _is_written(variable: Variable, graph: Graph) -> bool:
    inside = (inner for node in graph.nodes for inner in node.op.graphs)
    return any(
        node.op is assign_variable and node.inputs[0] is variable for node in graph.nodes
    ) or any(_is_written(variable, inner) for inner in inside)


def locked(variables: Iterable[Variable]) -> Any:
    """What keeps programs that write the same variables from running at once; None for none.

    The variables of one program share a lock, and all programs that write them take it.
    """
    variables = list(variables)
    known = {id(v.lock): v.lock for v in variables if v.lock is not None}
    shared = next(iter(known.values()), None) or threading.RLock()
    for variable in variables:
        if variable.lock is None:
            variable.lock = shared
    locks = {id(v.lock): v.lock for v in variables}
    if len(locks) < 2:
        return shared if locks else None
    return _Several([locks[key] for key in sorted(locks)])


class _Several:
    """Several locks, always taken in the same order."""

    def __init__(self, locks: Sequence[Any]):
        self.locks = locks

    def __enter__(self) -> None:
        for lock in self.locks:
            lock.acquire()

    def __exit__(self, *_: object) -> None:
        for lock in reversed(self.locks):
            lock.release()


def _references(variable: Variable) -> tuple[int, int]:
    tensor = variable._value
    array = tensor._array
    return getrefcount(tensor), getrefcount(array)


@cache
def _alone() -> tuple[int, int]:
    """What `_references` counts when nobody but the variable holds its value."""
    return _references(Variable(np.zeros(1, np.float32)))


def claim(variable: Variable) -> np.ndarray:
    """Memory for a variable's next value: its own, if nobody else holds the value it has now.

    Whoever read the variable before keeps what was read: then the next value gets new memory.
    """
    tensor = variable._value
    array = tensor._array
    if (getrefcount(tensor), getrefcount(array)) == _alone():
        flags = array.flags
        if flags.owndata and flags.c_contiguous and flags.writeable:
            return array
    return np.empty(array.shape, array.dtype)


def owned(array: Any) -> Any:
    """An array that shows nobody else's memory."""
    return array if array.base is None else array.copy()


def contiguous(array: Any) -> np.ndarray:
    """The array, or a copy without gaps. Unlike numpy's `ascontiguousarray`, a number stays one."""
    return np.asarray(array, order="C")


_HELPERS = {
    "Tensor": Tensor,
    "asarray": np.asarray,
    "choose": choose,
    "claim": claim,
    "contiguous": contiguous,
    "owned": owned,
    "spread": spread,
}

"""Loops: `while` whose condition is a tensor, and `for` over the rows of one.

Such a loop becomes a `mt.while_loop`: its body is traced once, and the variables that it changes
flow from one iteration to the next. A loop that Python runs is unrolled; when its condition turns
into a tensor on the way, the rest of a `while` becomes a graph loop, and each further iteration of
a `for` a branch. A dataset brings a loop of its own; all else is iterated by Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from minitensor import ops
from minitensor.autograph import leaves
from minitensor.autograph.branches import if_stmt, scalar
from minitensor.autograph.builtin import Rows, rows_of
from minitensor.autograph.leaves import TO_FIX, Undefined, is_staged, tracing
from minitensor.autograph.variables import Flow, started
from minitensor.debugging import Assert
from minitensor.graph.trace import replay
from minitensor.op import convert
from minitensor.ops.control import while_loop
from minitensor.ops.creation import range_
from minitensor.shapes import TensorShape

__all__ = ["for_stmt", "while_stmt"]

MOST_UNROLLED = 10_000
"""How many iterations of a Python loop may hang on a tensor before it is taken for endless."""
INDEX = "<internal iterate>"


def while_stmt(
    test: Callable,
    body: Callable,
    get_state: Callable,
    set_state: Callable,
    names: Sequence[str],
    options: dict,
) -> None:
    """`while test(): body()`."""
    while True:
        holds = _tested(test)
        if is_staged(holds):
            _staged(test, body, get_state, set_state, names, options)
            return
        if not holds:
            return
        body()


def _tested(test: Callable) -> Any:
    """What `test()` gives. If that is a tensor its ops are forgotten: the loop tests it itself."""
    if not tracing():
        return test()
    found: list = []
    graph = leaves.trial(lambda: found.append(test()))
    if graph.has_effects and not is_staged(found[0]):
        replay(graph, [])
    return found[0]


def _staged(
    test: Callable,
    body: Callable,
    get_state: Callable,
    set_state: Callable,
    names: Sequence[str],
    options: dict,
    runs: bool = False,
) -> None:
    """A loop of the graph; `runs` when it is certain to run once."""
    before = get_state()
    try:
        start = started(before, names, body, get_state, set_state, options)
        try:
            _run(start, test, body, get_state, set_state, options, runs)
        except TypeError as error:
            again = start.adopting(body, get_state, set_state, error)
            _run(again, test, body, get_state, set_state, options, runs)
    except Exception:
        set_state(before)
        raise


def _run(
    flow: Flow,
    test: Callable,
    body: Callable,
    get_state: Callable,
    set_state: Callable,
    options: dict,
    runs: bool,
) -> None:
    waiting = bool(flow.missing) and not runs
    head = [False] if waiting or not flow.start else []

    def values(symbols: Sequence) -> Sequence:
        return symbols[len(head) :]

    def loop_test(*symbols: Any) -> Any:
        set_state(flow.packed(values(symbols)))
        return scalar(test(), "while loop")

    def loop_body(*symbols: Any) -> list:
        set_state(flow.packed(values(symbols)))
        body()
        after = flow.checked(get_state(), values(symbols))
        return [*[convert(True) for _ in head], *after]

    named: Any = loop_body
    named.loop_names = ["begun" for _ in head] + flow.labels(INDEX)
    shapes = [*[() for _ in head], *flow.shapes]
    found = while_loop(
        loop_test, loop_body, [*map(convert, head), *flow.start],
        shape_invariants=[TensorShape(s) for s in shapes],
        maximum_iterations=options.get("maximum_iterations"),
    )  # fmt: skip
    if waiting:
        missing = ", ".join(flow.missing)
        Assert(found[0], [f"loop must iterate at least once to initialize {missing}"])
    set_state(flow.packed(values(found)))


def for_stmt(
    iterated: Any,
    extra_test: Callable | None,
    body: Callable,
    get_state: Callable,
    set_state: Callable,
    names: Sequence[str],
    options: dict,
) -> None:
    """`for target in iterated: body(target)` as long as `extra_test()` holds."""
    if tracing() and hasattr(iterated, "_graph_loop"):
        own = iterated._graph_loop()
        _staged_for(own, extra_test, body, get_state, set_state, names, options)
        return
    rows = rows_of(iterated) if tracing() else None
    if rows is None:
        if extra_test is None:
            for target in iterated:
                body(target)
        else:
            _guarded(iter(iterated), extra_test, body, get_state, set_state, names)
        return
    if isinstance(rows.count, int) and rows.count == 0:
        return
    bounds = _bounds(rows)
    loop = _Rows(rows) if bounds is None else _Range(*bounds)
    _staged_for(loop, extra_test, body, get_state, set_state, names, options)


def _guarded(
    iterator: Iterator,
    extra_test: Callable,
    body: Callable,
    get_state: Callable,
    set_state: Callable,
    names: Sequence[str],
) -> None:
    """A Python loop that may be left early. If a tensor decides, each iteration is a branch."""
    for done in count():
        holds = extra_test()
        if not is_staged(holds) and not holds:
            return
        if done > MOST_UNROLLED and is_staged(holds):
            raise NotImplementedError(
                "break and return statements which depend on a TF condition are not supported in "
                f"Python for loops. Did you intend to make it a TF loop?{TO_FIX}loop over a tensor "
                "or mt.range: this loop has run more than "
                f"{MOST_UNROLLED} times while being traced, and a tensor is to end it."
            )
        try:
            target = next(iterator)
        except StopIteration:
            return
        if not is_staged(holds):
            body(target)
        else:
            run = _once(body, target)
            if_stmt(holds, run, _nothing, get_state, set_state, names, len(names))


def _once(body: Callable, target: Any) -> Callable:
    return lambda: body(target)


def _nothing() -> None:
    pass


class _Rows:
    """Counts through the rows of a tensor."""

    def __init__(self, rows: Rows):
        self.rows, self.count = rows, rows.count
        self.start: Any = convert(0)
        self.first: Any = None
        self.certain = isinstance(rows.count, int)

    def is_left(self, at: Any, wanted: Any = None) -> Any:
        """Whether there is an element at `at`, and another is `wanted`."""
        return _both(at < self.count, wanted)

    def element(self, at: Any) -> Any:
        """The element at `at`."""
        return self.rows.row(at)

    def next(self, at: Any) -> Any:
        """What comes after `at`."""
        return at + 1


class _Range:
    """Counts as `mt.range` does, without making a tensor of all its numbers."""

    def __init__(self, start: Any, limit: Any, delta: Any):
        self.start, self.limit, self.delta = start, limit, delta
        self.first: Any = start
        known = [getattr(x, "known", None) for x in (start, limit, delta)]
        self.certain = all(x is not None for x in known) and len(range(*map(int, known))) > 0  # type: ignore[arg-type]
        self.up = None if known[2] is None else bool(known[2] >= 0)

    def is_left(self, at: Any, wanted: Any = None) -> Any:
        """Whether `at` is in the range, and another number is `wanted`."""
        if self.up is not None:
            return _both(at < self.limit if self.up else at > self.limit, wanted)
        rising = self.delta >= 0
        left = ops.logical_or(
            ops.logical_and(rising, at < self.limit),
            ops.logical_and(ops.logical_not(rising), at > self.limit),
        )
        return _both(left, wanted)

    def element(self, at: Any) -> Any:
        """The number itself."""
        return at

    def next(self, at: Any) -> Any:
        """What comes after `at`."""
        return at + self.delta


def _both(left: Any, wanted: Any) -> Any:
    return left if wanted is None else ops.logical_and(left, wanted)


def _bounds(rows: Rows) -> Sequence | None:
    """Start, limit and delta of a range of integers that the trace has just made."""
    symbol = rows.tensor
    origin = getattr(symbol, "_origin", None)
    if not rows.plain or origin is None or origin[0] is not range_ or symbol.dtype.kind not in "iu":
        return None
    node = symbol.graph.node_of(symbol) if hasattr(symbol, "_tracer") else None
    return None if node is None else node.inputs


def _staged_for(
    loop: Any,
    extra_test: Callable | None,
    body: Callable,
    get_state: Callable,
    set_state: Callable,
    names: Sequence[str],
    options: dict,
) -> None:
    """A loop of the graph with one more variable: the place that it has reached."""
    at = loop.start

    def target_or(name: str, value: Any) -> Any:
        is_target = name == options["iterate_names"] and loop.first is not None
        return loop.first if is_target and isinstance(value, Undefined) else value

    def get() -> tuple:
        return (at, *map(target_or, names, get_state()))

    def put(values: Sequence) -> None:
        nonlocal at
        at, *rest = values
        set_state(tuple(rest))

    def step() -> None:
        nonlocal at
        body(loop.element(at))
        at = loop.next(at)

    def test() -> Any:
        # What else ends a loop are flags that `break` and `return` set: nothing that could fail.
        return loop.is_left(at, None if extra_test is None else extra_test())

    _staged(test, step, get, put, (INDEX, *names), options, loop.certain)

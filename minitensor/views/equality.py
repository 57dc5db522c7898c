"""Whether a pass kept what a graph computes: both graphs run on random inputs, and compared.

The graphs run node by node, beside every tape, and touch nothing: what they would write to
variables is compared, not written; what they would print is left out; and draws get the same seeds
in both. Read `compared`, then `Trimmed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from minitensor import ops
from minitensor.backend import Quiet, to_numpy
from minitensor.graph.call import specialise
from minitensor.graph.ir import Graph, Node, is_variable
from minitensor.graph.passes import PassResult, optimise
from minitensor.graph.rewrite import cost, label_of
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import replay
from minitensor.op import NO_ATTRS, Op, State, state
from minitensor.ops.draws import next_seed
from minitensor.ops.state import timestamp
from minitensor.python_function import call_python
from minitensor.shapes import Spec
from minitensor.tensor import Tensor
from minitensor.views.records import EqualityView

KINDS = ("ordinary", "whole", "special")
"""Normal numbers; small whole ones with many zeros; NaN, infinities, both zeros among others."""
OTHER_SIZES = (1, 3)
MOST_WORK = 60_000
"""In units of about 10 microseconds: one op, or 20 kB that it made, or 100 000 sums and products.
A number of steps, not a time: a record says the same on every machine."""
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 1.0)


class TooMuchWorkError(Exception):
    """The graphs would run for longer than a viewer may take."""


def compared(passes: Sequence[PassResult], concrete: Any = None) -> list[EqualityView | None]:
    """What came of running the graph before and after each pass; None for the first entry.

    Args:
        passes: the results of the optimiser.
        concrete: the concrete function, for trials with other sizes where some are left open.
    """
    if len(passes) < 2:
        return [None for _ in passes]
    found = [Findings() for _ in passes]
    meter = Meter()
    try:
        for number, kind in enumerate(KINDS):
            _trial(passes, found, meter, number, kind)
        for size in OTHER_SIZES if getattr(concrete, "is_general", False) else ():
            others = _for_size(concrete.graph, size)
            if [item.name for item in others] == [item.name for item in passes]:
                _trial(others, found, meter, size + len(KINDS), "ordinary")
    except TooMuchWorkError:
        for item in found:
            item.note = item.note or "running the graphs again would take too long"
    return [None, *(item.view() for item in found[1:])]


def _for_size(graph: Graph, size: int) -> list[PassResult]:
    """The passes over the graph with this size wherever one is open; none if it cannot have it."""
    specs = [x._array for x in graph.inputs]
    if len(graph.nodes) > 300 or any(spec.shape is None for spec in specs):
        return []
    shapes = [tuple(size if n is None else n for n in spec.shape) for spec in specs]
    try:
        fixed = [Spec(s, x.dtype) for s, x in zip(shapes, specs, strict=True)]
        return optimise(specialise(graph, fixed))
    except Exception:  # a size that the learner's own program refuses
        return []


def _trial(
    passes: Sequence[PassResult], found: list[Findings], meter: Meter, number: int, kind: str
) -> None:
    """Run all graphs on the same inputs, and note how each differs from the one before."""
    before: Any = None
    for item, findings in zip(passes, found, strict=True):
        trimmed = Trimmed(item.graph)
        findings.left_out = trimmed.left_out
        if trimmed.why:
            for each in found:
                each.note = each.note or trimmed.why
            return
        meter.charge(cost(trimmed.graph).operations / 1e5)
        after = trimmed.run(np.random.default_rng(number), kind, meter)
        if before is not None:
            findings.add(before, after, kind)
        before = after


class Trimmed:
    """A graph without effects: only what its results, and what it writes, are made of.

    `why` says what keeps it from running at all; `left_out` names what is not compared.
    """

    def __init__(self, graph: Graph):
        self.written: dict[int, Any] = {}
        self.instead: dict[int, Any] = {}
        self.unknown: set[int] = set()
        self.fed: list[tuple[str, Any]] = []
        nodes = [node for node in map(self._seen, graph.nodes) if node is not None]
        results = {f"result {i}": self._now(x) for i, x in enumerate(graph.outputs)}
        results |= {f"what is written to {_name(v)}": x for v, x in self.written.values()}
        known = {key: x for key, x in results.items() if id(x) not in self.unknown}
        self.left_out = [key for key in results if key not in known]
        self.names = list(known)
        self.graph = graph.replaced(
            nodes=_needed(nodes, known.values()), outputs=list(known.values()),
            inputs=[*graph.inputs, *(x for _, x in self.fed)],
        )  # fmt: skip
        self.count = len(graph.inputs)
        self.why = _why_not(graph, known, results)

    def _now(self, x: Any) -> Any:
        return self.instead.get(id(x), x)

    def _seen(self, node: Node) -> Node | None:
        """What stands for a node; None where its results are known in another way."""
        op = node.op
        inputs = tuple(map(self._now, node.inputs))
        if op is ops.read_variable and id(inputs[0]) in self.written:
            self.instead[id(node.outputs[0])] = self.written[id(inputs[0])][1]
            return None
        if op is ops.assign_variable:
            self.written[id(inputs[0])] = inputs
            return None
        if op in (next_seed, timestamp):
            self.fed.append((label_of(node), node.outputs[0]))
            return None
        if self._is_unsure(op, inputs):
            self.unknown.update(map(id, (node, *node.outputs)))
            for variable in filter(is_variable, inputs) if op.graphs else ():
                self.written[id(variable)] = variable, node
        return node._replace(inputs=inputs) if node.outputs else None

    def _is_unsure(self, op: Op, inputs: Sequence) -> bool:
        """Whether results cannot be compared: the learner's own code, effects in graphs inside."""
        inside = [v for graph in op.graphs for v in graph.variables]
        return (
            op is call_python
            or (bool(op.graphs) and (op.stateful or any(id(v) in self.written for v in inside)))
            or any(id(x) in self.unknown for x in inputs)
        )  # fmt: skip

    def run(self, rng: np.random.Generator, kind: str, meter: Meter) -> dict[str, Any] | None:
        """The results by name for random inputs; None where the graph refuses them."""
        values = [_random(rng, x._array, kind) for x in self.graph.inputs[: self.count]]
        for name, symbol in self.fed:
            seed = np.full(symbol._array.shape, crc32(name.encode()) % 1000)
            values.append(seed.astype(symbol._array.dtype))
        before = state.interpreter, state.tapes
        state.interpreter, state.tapes = meter, ()
        try:
            with Quiet():
                found = replay(self.graph, [Tensor(value) for value in values])
        except TooMuchWorkError:
            raise
        except Exception:  # an index out of range, an assertion: not every input is allowed
            return None
        finally:
            state.interpreter, state.tapes = before
        arrays = [np.asarray(to_numpy(x._array)) for x in found]
        return dict(zip(self.names, arrays, strict=True))


def _needed(nodes: list[Node], outputs: Any) -> list[Node]:
    wanted = set(map(id, outputs))
    kept = []
    for node in reversed(nodes):
        if any(id(out) in wanted for out in node.outputs):
            kept.append(node)
            wanted.update(map(id, node.inputs))
    return kept[::-1]


def _why_not(graph: Graph, known: dict, results: dict) -> str:
    if any(isinstance(outer, Symbol) for outer, _ in graph.captures):
        return "the graph uses tensors of the trace around it"
    if not results:
        return "the graph gives no result"
    if not known:
        return "every result depends on Python code or on effects inside a branch or loop"
    specs = [x._array for x in graph.inputs]
    if any(spec.shape is None or None in spec.shape for spec in specs):
        return "some sizes are open"
    if any(spec.dtype.kind not in "fciub" for spec in specs):
        return "it takes tensors that are no numbers"
    return ""


def _name(variable: Any) -> str:
    return variable.name.partition(":")[0]


def _random(rng: np.random.Generator, spec: Any, kind: str) -> np.ndarray:
    """Elements of one kind; integers are few and small, for they may be sizes or indices."""
    shape, dtype = spec.shape, spec.dtype
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        return np.asarray(rng.integers(0, 4 if kind == "ordinary" else 2, shape), dtype)
    if dtype.kind == "c":
        return (_floats(rng, shape, kind) + 1j * _floats(rng, shape, kind)).astype(dtype)
    with Quiet():
        return _floats(rng, shape, kind).astype(dtype)


def _floats(rng: np.random.Generator, shape: tuple, kind: str) -> np.ndarray:
    if kind == "whole":
        return np.asarray(rng.integers(-2, 3, shape), np.float64)
    values = np.asarray(rng.normal(size=shape))
    if kind == "special":
        chosen = rng.random(shape) < 0.3
        values = np.where(chosen, rng.choice(SPECIAL, shape), values)
    return values


class Meter:
    """An interpreter that computes, counts the work, and gives up when there is too much."""

    def __init__(self) -> None:
        self.inner, self.work = State.interpreter, 0.0
        self.convert, self.constant = self.inner.convert, self.inner.constant
        self.read, self.assign = self.inner.read, self.inner.assign

    def charge(self, work: float) -> None:
        """Add to the work done."""
        self.work += work
        if self.work > MOST_WORK:
            raise TooMuchWorkError

    def apply(self, op: Op, inputs: Sequence, attrs: dict, name: str | None = None) -> Any:
        """Run one op."""
        found = self.inner.apply(op, inputs, attrs, name)
        results = found if isinstance(found, tuple) else (found,)
        self.charge(1 + sum(x._array.nbytes for x in results) / 20_000)
        return found

    def binary(self, op: Op, x: Any, y: Any) -> Any:
        """Run an op of two inputs and no attributes."""
        return self.apply(op, (x, y), NO_ATTRS)

    function = binary


class Gap(NamedTuple):
    """How far two arrays are apart: in units of the last place, and of the largest element."""

    ulps: float = 0.0
    share: float = 0.0
    zeros: bool = False
    """Whether a zero has another sign."""
    wrong: str = ""


class Findings:
    """What the trials said about one pass."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.refused, self.worst, self.note = 0, Gap(), ""
        self.left_out: list[str] = []

    def add(self, before: dict | None, after: dict | None, kind: str) -> None:
        """One trial: the results of both graphs, None where a graph refused its inputs."""
        if before is None and after is None:
            self.refused += 1
            return
        self.tried.append(kind)
        if before is None or after is None:
            gaps = [Gap(wrong="one of the two graphs refuses inputs that the other takes")]
        else:
            gaps = [gap(before[key], after[key]) for key in before if key in after]
        for one in gaps:
            worst = self.worst
            self.worst = Gap(
                max(worst.ulps, one.ulps), max(worst.share, one.share), worst.zeros or one.zeros,
                worst.wrong or one.wrong,
            )  # fmt: skip

    def view(self) -> EqualityView:
        """The record: a verdict, and a sentence that says what was and was not compared."""
        if not self.tried:
            why = self.note or "the graph refuses random inputs"
            return EqualityView("not compared", f"Not compared: {why}.")
        worst = self.worst
        verdict = "different" if worst.wrong else "rounding" if worst.ulps else "equal"
        sentence = f"{self._difference()} on {_inputs(self.tried)}."
        if self.left_out:
            sentence += (
                f" Not compared: {', '.join(self.left_out)} (Python code or effects inside)."
            )
        return EqualityView(verdict, sentence, len(self.tried), worst.share, worst.ulps)

    def _difference(self) -> str:
        worst = self.worst
        if worst.wrong:
            return f"Not equal ({worst.wrong})"
        if worst.ulps > 64:
            return f"Differs by rounding, at most {worst.share:.1e} of the largest element,"
        if worst.ulps:
            return f"Differs by at most {worst.ulps:.3g} ulp (units in the last place)"
        return "Equal, but for the sign of zeros," if worst.zeros else "Equal to the last bit"


def _inputs(tried: Sequence[str]) -> str:
    count = f"{len(tried)} random input{'' if len(tried) == 1 else 's'}"
    return f"{count}, NaN and infinities among them" if "special" in tried else count


def gap(a: Any, b: Any) -> Gap:
    """How far the results of two graphs are apart."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return Gap(wrong=f"{a.dtype}{list(a.shape)} before, {b.dtype}{list(b.shape)} after")
    if a.dtype.kind not in "fcV":
        return Gap() if np.array_equal(a, b) else Gap(wrong="other elements")
    epsilon = _epsilon(a.dtype)
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(wide), b.astype(wide)
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return Gap(wrong="NaN or infinity on one side only")
    a, b = a[finite], b[finite]
    zeros = bool((np.signbit(a.real) != np.signbit(b.real))[a == b].any())
    apart, scale = np.abs(a - b), np.maximum(np.abs(a), np.abs(b))
    if not apart.any():
        return Gap(zeros=zeros)
    share = float(apart.max() / scale.max())
    place = epsilon * 2.0 ** np.floor(np.log2(np.where(scale > 0, scale, 1)))
    wrong = f"apart by {share:.1e} of the largest element" if share > 1024 * epsilon else ""
    return Gap(float((apart / place).max()), share, zeros, wrong)


def _epsilon(dtype: np.dtype) -> float:
    """The distance from 1 to the next number."""
    return 2.0**-7 if dtype.kind == "V" else float(np.finfo(dtype).eps)

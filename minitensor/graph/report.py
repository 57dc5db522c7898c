"""What the compiler made of a graph, in figures: nodes, numpy calls, bytes moved, memory."""

from __future__ import annotations

from typing import NamedTuple

from minitensor.graph.ir import Graph
from minitensor.graph.lower import Region
from minitensor.graph.plan import Plan
from minitensor.graph.rewrite import cost

__all__ = ["Explanation", "explain"]


class Figures(NamedTuple):
    """One side of the comparison."""

    nodes: int
    kernels: int
    """Calls of numpy or of a kernel; an elementwise region counts as one."""
    bytes: int
    """Bytes read and written by all of them."""
    memory: int
    """Bytes of intermediate results that are alive at the same time, at most."""


class Explanation(NamedTuple):
    """Figures before and after; print it."""

    name: str
    before: Figures
    after: Figures
    regions: int
    calls: int
    """numpy calls inside the elementwise regions."""
    in_place: int
    """Variables whose next value is computed in their own memory."""
    passes: list[tuple[str, int, int]]
    """Pass, nodes before, nodes after."""

    def __str__(self) -> str:
        rows = [
            ("nodes of the graph", self.before.nodes, self.after.nodes),
            ("kernels", self.before.kernels, self.after.kernels),
            ("bytes moved", _size(self.before.bytes), _size(self.after.bytes)),
            ("memory for intermediates", _size(self.before.memory), _size(self.after.memory)),
        ]
        lines = [
            f"{self.name}: what the compiler made of it",
            f"{'':28}{'traced':>12}{'compiled':>12}",
        ]
        lines += [f"  {what:26}{before:>12}{after:>12}" for what, before, after in rows]
        lines.append(f"  {self.regions} elementwise region{'s' * (self.regions != 1)} of "
                     f"{self.calls} numpy calls; {self.in_place} variable"
                     f"{'s' * (self.in_place != 1)} updated in place")  # fmt: skip
        lines += [f"  {name:26}{before:>12} → {after} nodes" for name, before, after in self.passes]
        return "\n".join(lines)

    __repr__ = __str__


def explain(name: str, traced: Graph, optimised: Graph, plan: Plan, passes: list) -> Explanation:
    """Compare a graph as it was traced with the program that runs."""
    regions = [step for step in plan.steps if isinstance(step, Region)]
    kernels = sum(step.kind in ("region", "kernel", "call", "copy", "rows") for step in plan.steps)
    claimed = sum(step.claimed for step in plan.steps)
    claimed += sum(len(slot.value.variables) for slot in plan.arenas)
    before = Figures(len(traced), len(traced), cost(traced).bytes, _peak(traced))
    after = Figures(len(optimised), kernels, _moved(plan), plan.size)
    return Explanation(
        name, before, after, len(regions), sum(len(r.calls) for r in regions), claimed,
        [(p.name, p.nodes_before, p.nodes_after) for p in passes[1:]],
    )  # fmt: skip


def _moved(plan: Plan) -> int:
    """Bytes that the steps read and write; what a region keeps in its tiles does not count."""
    slots = [s for step in plan.steps if step.kind not in ("view", "read", "assign")
             for s in (*step.inputs, *step.outputs, *_exits(step))]  # fmt: skip
    return sum(s.nbytes for s in slots if hasattr(s, "spec") and _is_sized(s))


def _exits(step: object) -> list:
    return [slot for _, slot in step.exits if slot not in step.outputs] if isinstance(
        step, Region) else []  # fmt: skip


def _is_sized(slot: object) -> bool:
    shape = slot.spec.shape  # type: ignore[attr-defined]
    return shape is not None and None not in shape


def _peak(graph: Graph) -> int:
    """Bytes of results alive at the same time when the nodes run one after the other."""
    last = {id(x): at for at, node in enumerate(graph.nodes) for x in node.inputs}
    last |= {id(x): len(graph.nodes) for x in graph.outputs}
    live: dict[int, int] = {}
    most = now = 0
    for at, node in enumerate(graph.nodes):
        for out in node.outputs:
            shape = out._array.shape
            size = 0 if shape is None or None in shape else out._array.dtype.itemsize
            for d in shape or ():
                size *= d or 0
            live[id(out)] = size
            now += size
        most = max(most, now)
        for x in (*node.inputs, *node.outputs):
            if last.get(id(x), at) <= at:
                now -= live.pop(id(x), 0)
    return most


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"

"""Fusing: nodes that run over the same elements become one.

What passes between them need not be written to memory and read again. A fused node is a node of a
`FusedOp` with the nodes that it stands for inside. Which nodes can run together is found from the
end of the graph, so that values are computed where they are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from minitensor import ops
from minitensor.graph.ir import Graph, Node, is_variable
from minitensor.graph.rewrite import has_sizes, is_elementwise, uses, writes
from minitensor.graph.trace import replay
from minitensor.op import NO_ATTRS, Op

__all__ = ["FusedOp", "fuse_elementwise", "fuse_matmul", "never_raises"]


class FusedOp(Op):
    """Several nodes as one op; `kind` is "elementwise" or "gemm epilogue"."""

    fused = True
    """That a code generator may look inside."""

    def __init__(self, graph: Graph, kind: str):
        super().__init__(
            self._compute, infer=self._results, samples=None, types="A", kinds="fciub",
            scalar=None, fast=False, conjugate=False, portable=False, stateful=False,
            why_none="a fused op stands in graphs that are run, not differentiated",
        )  # fmt: skip
        self.name = self.__name__ = f"fused_{kind.replace(' ', '_')}"
        self.__doc__ = "The nodes inside, run together."
        self.variadic = True
        self.kind, self.graphs = kind, (graph,)

    def replay(self, inputs: Sequence, attrs: dict) -> list:
        """The nodes inside, run again one by one."""
        return replay(self.graphs[0], inputs)

    def _results(self, *specs: Any) -> Any:
        found = tuple(out._array for out in self.graphs[0].outputs)
        return found[0] if len(found) == 1 else found

    def _compute(self, xp: Any, *arrays: Any) -> Any:
        graph = self.graphs[0]
        env = dict(zip(map(id, graph.inputs), arrays, strict=True))
        for node in graph.nodes:
            values = [env.get(id(x), getattr(x, "known", None)) for x in node.inputs]
            env[id(node.outputs[0])] = node.op.implementation(xp)(xp, *values, **node.attrs)
        found = tuple(xp.asarray(env[id(out)]) for out in graph.outputs)
        return found[0] if len(found) == 1 else found


def fuse_elementwise(graph: Graph) -> Graph:
    """Run elementwise nodes over the same elements together, piece by piece in the cache.

    a = x * y                   ┌─────────────┐
    b = tanh(a)        →        │ a = x * y   │
    c = b + 1.0                 │ b = tanh(a) │ → c
                                │ c = b + 1.0 │
                                └─────────────┘
    """
    after = _after(graph.nodes)
    regions = [group for group in Groups(graph.nodes, after).found() if len(group) > 1]
    return _fused(graph, regions, after, "elementwise") if regions else graph


def fuse_matmul(graph: Graph) -> Graph:
    """Add the bias and apply the activation while the product is still in the cache.

    a = matmul(x, w)            ┌──────────────────┐
    b = a + bias       →        │ a = matmul(x, w) │
    c = relu(b)                 │ b = a + bias     │ → c
                                │ c = relu(b)      │
                                └──────────────────┘
    """
    counts = uses(graph)
    made = {id(out): i for i, node in enumerate(graph.nodes) for out in node.outputs}
    regions = []
    for i, node in enumerate(graph.nodes):
        if not (_is_region(node) or never_raises(node)):
            continue
        shape = node.outputs[0]._array.shape
        for x in reversed(node.inputs):
            at = made.get(id(x))
            if at is None or graph.nodes[at].op is not ops.matmul or counts[id(x)] > 1:
                continue
            if x._array.shape == shape:
                regions.append([at, i])
                break
    if not regions:
        return graph
    return _fused(graph, regions, _after(graph.nodes), "gemm epilogue")


def _is_region(node: Node) -> bool:
    return isinstance(node.op, FusedOp) and node.op.kind == "elementwise"


def never_raises(node: Node) -> bool:
    """Whether a node is elementwise, and raises nothing whatever the values are."""
    if not is_elementwise(node.op) or not all(map(has_sizes, (*node.inputs, *node.outputs))):
        return False
    whole_power = node.op is ops.pow and node.outputs[0]._array.dtype.kind in "iu"
    return not whole_power and all(x._array.dtype.kind != "O" for x in node.inputs)


class Groups:
    """Nodes in groups that can each run in one go: no group waits for itself.

    They are built from the end: each node joins the group of those that read it. A group has the
    number of the node that it began with; `below` has a bit for each group that waits for it,
    directly or through others.
    """

    def __init__(self, nodes: Sequence[Node], after: list[list[int]]):
        self.nodes, self.after = nodes, after
        self.group = list(range(len(nodes)))
        self.members: dict[int, list[int]] = {}
        self.below = [0] * len(nodes)
        self.shapes = [
            node.outputs[0]._array.shape if never_raises(node) else None for node in nodes
        ]

    def found(self) -> list[list[int]]:
        """The groups, each as the numbers of its nodes in rising order."""
        for i in reversed(range(len(self.nodes))):
            later = dict.fromkeys(map(self.find, self.after[i]))
            for j in later:
                self.below[i] |= self.below[j] | 1 << j
            self.members[i] = [i]
            for j in later:
                if self.shapes[i] is not None and self.shapes[j] == self.shapes[i]:
                    self._merge(self.find(i), self.find(j))
        for readers in self._readers():
            for i, j in pairwise(readers):
                self._merge(self.find(i), self.find(j))
        return [sorted(group) for group in self.members.values()]

    def _readers(self) -> Iterator[list[int]]:
        """For each value the nodes that read all of it, element by element."""
        readers: dict[int, list[int]] = {}
        for i, (node, shape) in enumerate(zip(self.nodes, self.shapes, strict=True)):
            for x in node.inputs if shape is not None else ():
                if x._array.shape == shape:
                    readers.setdefault(id(x), []).append(i)
        yield from readers.values()

    def find(self, i: int) -> int:
        """The group that a node is in."""
        while self.group[i] != i:
            self.group[i] = i = self.group[self.group[i]]
        return i

    def _merge(self, a: int, b: int) -> None:
        """Let group `a` go over into `b`, unless something between them must run outside."""
        if a == b or self._apart(a, b) or self._apart(b, a):
            return
        pair = 1 << a | 1 << b
        below = (self.below[a] | self.below[b]) & ~pair
        if len(self.members[a]) > 1 or below & ~self.below[b]:
            for x in self.members:
                if self.below[x] & pair:
                    self.below[x] = self.below[x] & ~pair | below | 1 << b
        self.below[b] = below
        self.group[a] = b
        self.members[b] += self.members.pop(a)

    def _apart(self, a: int, b: int) -> bool:
        """Whether a group that waits for `a` is waited for by `b`."""
        if not self.below[a] >> b & 1:
            return False
        return any(self.below[x] >> b & 1 for x in _bits(self.below[a] & ~(1 << b)))


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _after(nodes: Sequence[Node]) -> list[list[int]]:
    """For each node the later ones that must run after it.

    Those that read its results; effects in their order; and of a variable, readings and writings.
    """
    after: list[list[int]] = [[] for _ in nodes]
    made: dict[int, int] = {}
    effect: int | None = None
    wrote: dict[Any, int] = {}
    read: dict[Any, list[int]] = {}
    for i, node in enumerate(nodes):
        before = {made[id(x)] for x in node.inputs if id(x) in made}
        if node.op.stateful:
            before |= {effect} if effect is not None else set()
            effect = i
        before |= _variables_before(node, i, wrote, read)
        for j in before:
            after[j].append(i)
        made.update((id(out), i) for out in node.outputs)
    return after


def _variables_before(node: Node, i: int, wrote: dict, read: dict) -> set[int]:
    """The nodes that must have read or written a variable before this one does."""
    before: set[int] = set()
    written = writes(node)
    if written is None:  # it may write any variable
        before.update(j for readers in read.values() for j in readers)
        read.clear()
        wrote.clear()
        wrote[None] = i
        return before
    for variable in {id(v) for v in written}:
        before.update(read.pop(variable, ()))
        wrote[variable] = i
    touched = [x for x in node.inputs if is_variable(x)]
    for variable in {id(v) for graph in node.op.graphs for v in graph.variables} | set(
        map(id, touched)
    ):
        before.update(j for j in (wrote.get(variable), wrote.get(None)) if j not in (None, i))
        read.setdefault(variable, []).append(i)
    return before


def _fused(graph: Graph, regions: list[list[int]], after: list[list[int]], kind: str) -> Graph:
    """The graph with each region as one node, in an order in which everything is ready."""
    nodes = graph.nodes
    before: list[list[int]] = [[] for _ in nodes]
    for i, later in enumerate(after):
        for j in later:
            before[j].append(i)
    group = {i: region for region in regions for i in region}
    outside = {id(x) for x in graph.outputs}
    entered = {id(x) for x in (*graph.inputs, *(inner for _, inner in graph.captures))}
    ordered: list[Node] = []
    for unit in _in_order(len(nodes), group, before):
        if len(unit) == 1:
            ordered.append(nodes[unit[0]])
        else:
            ordered.append(_fused_node(graph, unit, after, outside, entered, kind))
        entered.update(map(id, ordered[-1].outputs))
    return graph.replaced(nodes=ordered)


def _in_order(count: int, group: dict[int, list[int]], before: list[list[int]]) -> Iterator[list]:
    """Nodes and regions, each after what it waits for; a region stands where its last node did."""
    done = [False] * count
    for i in range(count):
        unit = group.get(i, [i])
        if done[i] or i != unit[-1]:
            continue
        waiting = [unit]
        while waiting:
            unit = waiting[-1]
            missing = [j for k in unit for j in before[k] if not done[j] and j not in unit]
            if missing:
                waiting += [group.get(j, [j]) for j in missing]
                continue
            waiting.pop()
            if not done[unit[0]]:
                yield unit
            for k in unit:
                done[k] = True


def _fused_node(
    graph: Graph, unit: list[int], after: list[list[int]], outside: set, entered: set, kind: str
) -> Node:
    """One node for several; those inside that are fused already are taken apart."""
    inside, members = set(unit), [graph.nodes[i] for i in unit]
    outputs = []
    for i, node in zip(unit, members, strict=True):
        leaves = any(j not in inside for j in after[i])
        outputs += [out for out in node.outputs if leaves or id(out) in outside]
    opened: list[Node] = []
    for node in members:
        opened += node.op.graphs[0].nodes if isinstance(node.op, FusedOp) else [node]
    inputs = {id(x): x for node in members for x in node.inputs if id(x) in entered}
    last = members[-1]
    inner = Graph(opened, list(inputs.values()), "fused", outputs, name=last.name or "")
    inner.tracer = graph.tracer
    return last._replace(
        op=FusedOp(inner, kind), inputs=tuple(inputs.values()), attrs=NO_ATTRS,
        outputs=tuple(outputs),
    )  # fmt: skip

"""Which nodes of two graphs are the same: by name first, then by what they do and where."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from difflib import SequenceMatcher

from minitensor.views.records import GraphView, NodeView


def matched(before: GraphView, after: GraphView) -> dict[str, str]:
    """For each node of `before` that is in `after` too, its id there.

    Names come first; what is left is compared as a sequence of operations with their shapes, scope
    by scope and then over all; inputs of what is the same are the same, where they do the same.

    Source: sequences are matched as Ratcliff and Metzener (1988) do, by `difflib`: the longest
    common run first, then what lies on either side of it.
    """
    pairs = _Pairs(before, after)
    pairs.by_name(lambda node: (node.scope, _name(node), node.kind, node.op))
    pairs.by_name(lambda node: (_name(node), node.kind, node.op), kinds=("variable", "input"))
    pairs.by_order(lambda node: (node.scope, node.op, _shape(node), node.dtype))
    pairs.by_users()
    pairs.by_order(lambda node: (node.op, _shape(node)))
    pairs.by_users()
    pairs.by_name(lambda node: (node.scope, _name(node), node.kind), kinds=("op",))
    pairs.by_order(lambda node: node.op)
    pairs.by_users()
    pairs.by_order(lambda node: node.kind, kinds=("input",))
    return pairs.found


def _name(node: NodeView) -> str:
    """The label without the name that a tape's learner gave to the result."""
    return node.label.rpartition(" = ")[2] if node.kind == "op" else node.label


def _shape(node: NodeView) -> Hashable:
    return None if node.shape is None else tuple(node.shape)


class _Pairs:
    def __init__(self, before: GraphView, after: GraphView):
        self.sides = before.nodes, after.nodes
        self.nodes = tuple({node.id: node for node in view.nodes} for view in (before, after))
        self.sources = tuple(_sources(view) for view in (before, after))
        self.found: dict[str, str] = {}
        self.taken: set[str] = set()

    def pair(self, a: str, b: str) -> None:
        """Note that two nodes are the same."""
        self.found[a] = b
        self.taken.add(b)

    def free(self, kinds: Iterable[str]) -> tuple[list[NodeView], list[NodeView]]:
        """What is not paired yet."""
        old = [n for n in self.sides[0] if n.id not in self.found and n.kind in kinds]
        return old, [n for n in self.sides[1] if n.id not in self.taken and n.kind in kinds]

    def by_name(self, key: Callable, kinds: tuple[str, ...] = ("op", "variable", "input")) -> None:
        """Pair what has the same key, in order, where as many have it in both graphs."""
        groups: tuple[dict, dict] = {}, {}
        for group, nodes in zip(groups, self.free(kinds), strict=True):
            for node in nodes:
                group.setdefault(key(node), []).append(node.id)
        for name, old in groups[0].items():
            new = groups[1].get(name, ())
            if len(old) == len(new):
                for a, b in zip(old, new, strict=True):
                    self.pair(a, b)

    def by_order(self, key: Callable, kinds: tuple[str, ...] = ("op",)) -> None:
        """Pair what stands in the same order in both graphs and has the same key."""
        old, new = self.free(kinds)
        runs = SequenceMatcher(None, list(map(key, old)), list(map(key, new)), autojunk=False)
        for i, j, size in runs.get_matching_blocks():
            for a, b in zip(old[i : i + size], new[j : j + size], strict=True):
                self.pair(a.id, b.id)

    def by_users(self) -> None:
        """Pair the inputs of pairs that do the same, and the inputs of these in turn."""
        waiting = list(self.found.items())
        while waiting:
            a, b = waiting.pop()
            for slot, source in self.sources[0].get(a, {}).items():
                other = self.sources[1].get(b, {}).get(slot)
                if other is None or source in self.found or other in self.taken:
                    continue
                one, two = self.nodes[0][source], self.nodes[1][other]
                given = {one.kind, two.kind} <= {"constant", "input"}
                if given or (one.kind, one.op) == (two.kind, two.op):
                    self.pair(source, other)
                    waiting.append((source, other))


def _sources(view: GraphView) -> dict[str, dict[int, str]]:
    """For each node, where the value in each slot comes from."""
    found: dict[str, dict[int, str]] = {}
    for edge in view.edges:
        found.setdefault(edge.target, {})[edge.slot] = edge.source
    return found

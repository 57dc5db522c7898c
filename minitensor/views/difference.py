"""The difference of two graphs: one graph in which each node says what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from minitensor.views.matching import matched
from minitensor.views.records import (
    EdgeView,
    GraphView,
    NodeView,
    SeriesView,
    SourceView,
    ValueView,
)
from minitensor.views.repeats import rolled, unrolled
from minitensor.views.sources import graph_view, latest_or_itself

MANY = 40
"""In a difference of more nodes, scopes in which nothing changed are closed."""


def difference_view(before: Any, after: Any = None) -> GraphView:
    """Two graphs as one: what was added, removed and changed, and what stayed the same.

    Args:
        before: anything `graph_view` takes, a GraphView, or the dict of one.
        after: the same. Without it, a function under `mt.function` or a concrete function is
            compared with what the optimiser made of it.

    Raises:
        InvalidArgumentError: (also a ValueError) for a model that was not built.
        DTypeError: (also a TypeError) for what has no graph, or no optimised one.

    Example:
        >>> import minitensor as mt
        >>> @mt.function
        ... def f(x):
        ...     return mt.sin(x) * 1.0
        >>> _ = f(mt.constant(2.0))
        >>> difference_view(f).note
        '0 added, 2 removed, 1 changed, 1 the same'
    """
    if after is None:
        concrete = latest_or_itself(before)
        traced, made = graph_view(concrete), graph_view(concrete.passes[-1].graph)
        before, after = traced, replace(made, title=f"optimised {traced.title}")
    return rolled(_Difference(_view(before), _view(after)).merged())


def _view(obj: Any) -> GraphView:
    if isinstance(obj, Mapping):
        obj = _from_json(obj)
    return unrolled(obj if isinstance(obj, GraphView) else graph_view(obj))


def _from_json(record: Mapping) -> GraphView:
    """The view that a dict was made from."""
    nodes = [
        _made(NodeView, {
            **node, "source": node.get("source") and _made(SourceView, node["source"]),
            "value": node.get("value") and _made(ValueView, node["value"]),
        })
        for node in record["nodes"]
    ]  # fmt: skip
    edges = [_made(EdgeView, {"shape": None, "dtype": "", "slot": 0, **edge})
             for edge in record["edges"]]  # fmt: skip
    series = [_made(SeriesView, one) for one in record.get("series", ())]
    whole = {"title": "", "kind": "tape", **record}
    return _made(GraphView, {**whole, "nodes": nodes, "edges": edges, "series": series})


def _made(cls: Any, record: Mapping) -> Any:
    known = {f.name for f in fields(cls)}
    given = {key: value for key, value in record.items() if key in known}
    return cls(**({"label": "", "kind": "op"} | given if cls is NodeView else given))


class _Difference:
    def __init__(self, before: GraphView, after: GraphView):
        self.before, self.after = before, after
        self.same = matched(before, after)
        self.partner = {b: a for a, b in self.same.items()}
        self.old = {node.id: node for node in before.nodes}
        self.new = {node.id: node for node in after.nodes}
        self.sources = _slots(before.edges, self.same.get), _slots(after.edges, lambda name: name)
        self.homes = self._homes()

    def merged(self) -> GraphView:
        """One graph of both."""
        order = self._order()
        ids = {name: f"n{i}" for i, (_, name) in enumerate(order)}
        ids |= {a: ids[_key(1, b)] for a, b in ((_key(0, a), b) for a, b in self.same.items())}
        nodes = [replace(self._node(side, name.partition(" ")[2]), id=ids[name])
                 for side, name in order]  # fmt: skip
        counts = Counter(node.change for node in nodes)
        note = (f"{counts['added']} added, {counts['removed']} removed, "
                f"{counts['changed']} changed, {counts['']} the same")  # fmt: skip
        title = self._title()
        return GraphView(f"Difference: {title}", "difference", nodes, self._edges(ids), note,
                         self._closed(nodes))  # fmt: skip

    def _title(self) -> str:
        """What both are called; where names differ, without what they take."""
        old, new = self.before.title or "before", self.after.title or "after"
        if old == new:
            return new
        short = old.partition("(")[0], new.partition("(")[0]
        old, new = short if short[0] != short[1] else (old, new)
        return f"{old} → {new}"

    def _order(self) -> list[tuple[int, str]]:
        """All nodes: those of the later graph, each with what was removed before it."""
        order: list[tuple[int, str]] = []
        gone: dict[str, list[str]] = {}
        waiting: list[str] = []
        for node in self.before.nodes:
            if node.id in self.same:
                gone.setdefault(self.same[node.id], []).extend(waiting)
                waiting = []
            else:
                waiting.append(node.id)
        for node in self.after.nodes:
            order += [(0, _key(0, name)) for name in gone.get(node.id, ())]
            order.append((1, _key(1, node.id)))
        return order + [(0, _key(0, name)) for name in waiting]

    def _node(self, side: int, name: str) -> NodeView:
        if side == 0:
            node = self.old[name]
            return replace(node, change="removed", scope=self._home(node.scope))
        node = self.new[name]
        if name not in self.partner:
            return replace(node, change="added")
        changes = self._changes(self.old[self.partner[name]], node)
        return replace(node, change="changed" if changes else "", changes=changes)

    def _changes(self, old: NodeView, new: NodeView) -> list[str]:
        """What is different, in words."""
        found = [f"{what} {a} → {b}" for what, a, b in [
            ("operation", old.op, new.op), ("kind", old.kind, new.kind),
            ("dtype", old.dtype, new.dtype),
        ] if a != b]  # fmt: skip
        alike = _fits if self.before.kind != self.after.kind else _is_same
        if not alike(old.shape, new.shape):
            found.append(f"shape {_text(old.shape)} → {_text(new.shape)}")
        found += _attribute_changes(old, new)
        if old.value and new.value and new.kind == "constant" and old.value != new.value:
            found.append(f"value {_value(old.value)} → {_value(new.value)}")
        if old.output != new.output and new.kind == "op":
            found.append("it is an output now" if new.output else "it is no output any more")
        return found + self._rewired(old, new)

    def _rewired(self, old: NodeView, new: NodeView) -> list[str]:
        one, two = self.sources[0].get(old.id, {}), self.sources[1].get(new.id, {})
        return [
            f"input {slot} {self._label(old.id, slot)} → "
            f"{self.new[two[slot]].label if slot in two else 'nothing'}"
            for slot in sorted(one.keys() | two.keys()) if one.get(slot, "") != two.get(slot, "")
        ]  # fmt: skip

    def _label(self, target: str, slot: int) -> str:
        names = (e.source for e in self.before.edges if e.target == target and e.slot == slot)
        name = next(names, None)
        return "nothing" if name is None else self.old[name].label

    def _homes(self) -> dict[str, str]:
        """Where the scopes of the earlier graph are in the later one."""
        votes: dict[str, Counter[str]] = {}
        for a, b in self.same.items():
            votes.setdefault(self.old[a].scope, Counter())[self.new[b].scope] += 1
        return {scope: count.most_common(1)[0][0] for scope, count in votes.items()}

    def _home(self, scope: str) -> str:
        parts = scope.split("/")
        for size in range(len(parts), 0, -1):
            outer = "/".join(parts[:size])
            if outer in self.homes:
                return "/".join(filter(None, [self.homes[outer], *parts[size:]]))
        return scope

    def _edges(self, ids: Mapping[str, str]) -> list[EdgeView]:
        """Lines of the later graph, and those of the earlier one to or from what was removed."""
        found = [replace(e, source=ids[_key(1, e.source)], target=ids[_key(1, e.target)])
                 for e in self.after.edges]  # fmt: skip
        return found + [
            replace(e, source=ids[_key(0, e.source)], target=ids[_key(0, e.target)])
            for e in self.before.edges if e.source not in self.same or e.target not in self.same
        ]  # fmt: skip

    def _closed(self, nodes: Sequence[NodeView]) -> list[str]:
        """Scopes that are closed at first: never one in which something changed."""
        restless = {path for node in nodes if node.change for path in _paths(node.scope)}
        closed = [*self.after.closed, *map(self._home, self.before.closed)]
        if len(nodes) > MANY:
            closed += [path for node in nodes for path in _paths(node.scope)]
        return [path for path in dict.fromkeys(closed) if path not in restless]


def _key(side: int, name: str) -> str:
    return f"{side} {name}"


def _slots(edges: Sequence[EdgeView], place: Any) -> dict[str, dict[int, str]]:
    """For each node the ids, in the later graph, of what enters it; removed ones are themselves."""
    found: dict[str, dict[int, str]] = {}
    for edge in edges:
        found.setdefault(edge.target, {})[edge.slot] = place(edge.source) or f"gone {edge.source}"
    return found


def _paths(scope: str) -> list[str]:
    parts = [part for part in scope.split("/") if part]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _fits(old: Sequence | None, new: Sequence | None) -> bool:
    """Whether two shapes may be the same; a size that is not known fits every size."""
    if old is None or new is None:
        return True
    pairs = zip(old, new, strict=False)
    return len(old) == len(new) and all(a is None or b is None or a == b for a, b in pairs)


def _is_same(old: Sequence | None, new: Sequence | None) -> bool:
    return (old and list(old)) == (new and list(new))


def _attribute_changes(old: NodeView, new: NodeView) -> list[str]:
    told = {key for key in old.attrs.keys() | new.attrs.keys()
            if key not in ("layer", "path") and not key.startswith("inside ")}  # fmt: skip
    return [
        f"{key} {old.attrs.get(key, 'not given')} → {new.attrs.get(key, 'not given')}"
        for key in sorted(told) if old.attrs.get(key) != new.attrs.get(key)
    ]  # fmt: skip


def _text(shape: Sequence | None) -> str:
    if shape is None:
        return "unknown"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _value(value: ValueView) -> str:
    if isinstance(value.text, str):
        return value.text
    return f"of mean {value.mean:.4g}" if value.mean is not None else "other"

"""Repeated scopes: siblings that hold the same are rolled up into one scope, `block ×10`."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from minitensor.views.records import GraphView, NodeView, SeriesView

FEWEST = 3
"""How many siblings alike make a series."""


def rolled(view: GraphView) -> GraphView:
    """The view with three or more sibling scopes alike in a scope around them, which is closed.

    Alike are scopes with the same operations on the same shapes and dtypes, connected in the same
    way, in the same order; numbers in names do not count. A series that leads out and in again
    stays as it is: no path would lead through its box otherwise.
    """
    roller = _Roller(view)
    roller.walk("", "")
    if not roller.series:
        return view
    nodes = [replace(node, scope=roller.renamed.get(node.scope, "")) for node in view.nodes]
    closed = [roller.renamed.get(path, path) for path in view.closed]
    wrappers = [series.path for series in roller.series]
    return replace(view, nodes=nodes, closed=[*closed, *wrappers], series=roller.series)


def unrolled(view: GraphView) -> GraphView:
    """The view without the scopes around series."""
    wraps = {series.path for series in view.series}

    def plain(scope: str) -> str:
        parts = scope.split("/")
        return "/".join(
            part for i, part in enumerate(parts) if "/".join(parts[: i + 1]) not in wraps
        )

    nodes = [replace(node, scope=plain(node.scope)) for node in view.nodes]
    closed = [plain(path) for path in view.closed if path not in wraps]
    return replace(view, nodes=nodes, closed=closed, series=[])


class _Roller:
    def __init__(self, view: GraphView):
        self.view, self.closed = view, set(view.closed)
        self.series: list[SeriesView] = []
        self.renamed = {"": ""}
        self.children: dict[str, list[str]] = {}
        self.inside: dict[str, list[int]] = {}
        place = {node.id: i for i, node in enumerate(view.nodes)}
        self.next: list[list[int]] = [[] for _ in view.nodes]
        self.before: list[list[tuple[int, int]]] = [[] for _ in view.nodes]
        for edge in view.edges:
            source, target = place[edge.source], place[edge.target]
            self.next[source].append(target)
            self.before[target].append((source, edge.slot))
        for i, node in enumerate(view.nodes):
            self._enter(i, node.scope)

    def _enter(self, i: int, scope: str) -> None:
        path = ""
        for part in scope.split("/") if scope else ():
            outer, path = path, f"{path}/{part}".lstrip("/")
            if path not in self.inside:
                self.inside[path] = []
                self.children.setdefault(outer, []).append(path)
            self.inside[path].append(i)

    def walk(self, path: str, new: str) -> None:
        """Give the scopes inside `path` their places inside `new`."""
        children = self.children.get(path, [])
        home = dict.fromkeys(children, new)
        for run in self._runs(path, children):
            names = [child.rpartition("/")[2] for child in run]
            wrapper = self._wrapper(names, new)
            home |= dict.fromkeys(run, wrapper)
            self.series.append(SeriesView(wrapper.rpartition("/")[2], wrapper, names))
        for child in children:
            self.renamed[child] = f"{home[child]}/{child.rpartition('/')[2]}".lstrip("/")
            self.walk(child, self.renamed[child])

    def _wrapper(self, names: list[str], new: str) -> str:
        label = f"{_common(names)} ×{len(names)}"
        taken = {series.path for series in self.series}
        path = wanted = f"{new}/{label}".lstrip("/")
        number = 1
        while path in taken:
            number += 1
            path = f"{wanted} ({number})"
        return path

    def _runs(self, path: str, children: list[str]) -> Iterable[list[str]]:
        alike: dict[tuple, list[str]] = {}
        for child in children:
            name = child.rpartition("/")[2]
            if not (path in self.closed and name.startswith("branch ")):
                alike.setdefault((_numberless(name), self._signature(child)), []).append(child)
        for group in alike.values():
            if len(group) < FEWEST:
                continue
            runs = [group] if self._is_whole(group) else self._parts(group)
            yield from (run for run in runs if len(run) >= FEWEST)

    def _parts(self, group: list[str]) -> list[list[str]]:
        """Neighbours that a box can hold together, since no path leads out of it and in again."""
        runs = [group[:1]]
        for child in group[1:]:
            if self._is_whole([*runs[-1], child]):
                runs[-1].append(child)
            else:
                runs.append([child])
        return runs

    def _is_whole(self, scopes: Sequence[str]) -> bool:
        inside = {i for scope in scopes for i in self.inside[scope]}
        seen = {j for i in inside for j in self.next[i]} - inside
        waiting = deque(seen)
        while waiting:
            for j in self.next[waiting.popleft()]:
                if j in inside:
                    return False
                if j not in seen:
                    seen.add(j)
                    waiting.append(j)
        return True

    def _signature(self, path: str) -> tuple:
        members = self.inside[path]
        place = {i: k for k, i in enumerate(members)}
        nodes = tuple(_kind(self.view.nodes[i], path) for i in members)
        edges = tuple(
            tuple(sorted((slot, place[j]) for j, slot in self.before[i] if j in place))
            for i in members
        )
        return nodes, edges


def _kind(node: NodeView, path: str) -> tuple:
    """What makes a node the same as another in a scope beside its own."""
    scope = tuple(_numberless(part) for part in node.scope[len(path) :].split("/"))
    label = _numberless(node.label) if node.kind != "constant" else ""
    shape = None if node.shape is None else tuple(node.shape)
    return node.kind, node.op, label, shape, node.dtype, scope, node.change


def _numberless(name: str) -> str:
    return re.sub(r"[_ ]?[0-9]+$", "", name)


def _common(names: list[str]) -> str:
    """What siblings are called without their numbers."""
    found = {re.sub(r"_[0-9]+$", "", name) for name in names}
    return found.pop() if len(found) == 1 else _numberless(names[0]) or names[0]

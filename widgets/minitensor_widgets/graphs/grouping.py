"""Steps of a long pass in groups, by scope: one step for each, to be opened and stepped inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise

from .layout import scope_prefixes

MOST_STEPS, MOST_RUNS, FEW = 500, 120, 24
_KINDS = {"forward": "forward", "result": "gradients", "seed": "seed"}


def step_groups(record: Mapping) -> list[dict]:
    """What to show as one step at first: `title`, and the numbers of its `first` to `last` step.

    Groups nest and never cross; an outer one comes before those inside. A pass of at most 500 steps
    has none.

    Example:
        >>> nodes = [{"id": str(i), "scope": f"part {i // 300}"} for i in range(600)]
        >>> steps = [{"node": node["id"], "phase": "forward"} for node in nodes]
        >>> step_groups({"graph": {"nodes": nodes}, "steps": steps})[0]
        {'title': 'forward through part 0', 'first': 0, 'last': 300}
    """
    steps = record["steps"]
    if len(steps) <= MOST_STEPS:
        return []
    scopes = {node["id"]: scope_prefixes(node["scope"]) for node in record["graph"]["nodes"]}
    keys = [(_KINDS.get(step["phase"], "backward"), tuple(scopes[step["node"]])) for step in steps]
    return list(_groups(keys, 0, len(keys), 0))


def _groups(keys: list[tuple], first: int, last: int, depth: int) -> Iterator[dict]:
    if last - first <= FEW:
        return
    runs = _runs(keys, first, last, depth)
    deepest = max(len(scopes) for _, scopes in keys[first:last])
    if len(runs) == 1 and depth <= deepest:
        yield from _groups(keys, first, last, depth + 1)
        return
    if len(runs) > MOST_RUNS or len(runs) == 1:
        size = max(FEW, -(-(last - first) // 40))
        cuts = [*range(first, last, size), last]
        runs = [(f"steps {a + 1} to {b}", a, b) for a, b in pairwise(cuts)]
        depth -= 1
    for title, start, end in runs:
        if end - start > 1:
            yield {"title": title, "first": start, "last": end}
            yield from _groups(keys, start, end, depth + 1)


def _runs(keys: list[tuple], first: int, last: int, depth: int) -> list[tuple[str, int, int]]:
    """Steps one after the other in one scope, with their kind: title, first and last."""
    found = []
    for (kind, scope), run in groupby(range(first, last), key=lambda i: _at(keys[i], depth)):
        numbers = list(run)
        title = f"{kind} through {scope}" if scope else kind
        found.append((title, numbers[0], numbers[-1] + 1))
    return found


def _at(key: tuple, depth: int) -> tuple[str, str]:
    kind, scopes = key
    if kind in ("seed", "gradients"):
        return kind, ""
    return kind, scopes[min(depth, len(scopes) - 1)] if scopes else ""

"""The learner's lines around those that ran, where they can still be read."""

from __future__ import annotations

import linecache
from collections.abc import Iterable

from minitensor.graph.ir import Node, short_file

AROUND = 2


def lines_around(nodes: Iterable[Node]) -> dict[str, dict[str, str]]:
    """By file and number: the lines that ran operations, and two before and after each."""
    wanted: dict[str, set[int]] = {}
    for node in nodes:
        line = node.source
        if line is not None:
            near = range(line.line - AROUND, line.line + AROUND + 1)
            wanted.setdefault(line.file, set()).update(near)
    found: dict[str, dict[str, str]] = {}
    for file, numbers in wanted.items():
        text = linecache.getlines(file)
        kept = {str(n): text[n - 1].rstrip() for n in sorted(numbers) if 1 <= n <= len(text)}
        if kept:
            found.setdefault(short_file(file), {}).update(kept)
    return found

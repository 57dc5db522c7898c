"""Gradients beside measured slopes: the recorded program run again with a source moved a little.

The program is run in float64 by the ops' own formulas, and only that part of it that depends on the
source. What cannot be run again, such as a draw of random numbers, is said. Read `checks`, then
`_Program.slope`.

Source: central differences, Press et al., Numerical Recipes (2007), section 5.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.backend import Quiet, to_numpy
from minitensor.dtypes import as_dtype
from minitensor.graph.custom import CustomOp
from minitensor.graph.ir import Node
from minitensor.tensor import IndexedSlices
from minitensor.views.records import CheckView

MOST_ELEMENTS, MOST_WORK, STEP = 16, 2e8, 1e-5
RELATIVE, ABSOLUTE = 2e-3, 2e-4
NOISE = 1e-9
"""What rounding makes of a slope, for each unit of the targets: 10^-16 / STEP, and room."""
DENSE = ("matmul", "einsum", "tensordot", "conv1d", "conv2d", "conv3d")


def checks(
    nodes: Sequence[Node], targets: Sequence, found: dict[str, tuple[Any, Any]]
) -> list[CheckView]:
    """A check for each source: `found` has, by the id of its node, the source and its gradient."""
    program = _Program(nodes, targets)
    share = MOST_WORK / max(1, len(found))
    return [_check(program, identity, *pair, share) for identity, pair in found.items()]


def _check(program: _Program, identity: str, source: Any, gradient: Any, work: float) -> CheckView:
    array = to_numpy(source._array)
    if array.dtype.kind != "f" or not array.size:
        what = "it has no elements" if not array.size else f"its dtype is {source.dtype.name}"
        return CheckView(identity, f"Cannot be checked: {what}.")
    if gradient is None:
        return CheckView(identity, "Nothing to check: the gradient is None.")
    dirty = program.depending(source)
    reason = next(filter(None, map(_cannot, dirty)), "")
    if reason:
        return CheckView(identity, f"Cannot be checked: {reason}.")
    most = min(MOST_ELEMENTS, int(work / (2 * sum(map(_work, dirty)) + 1)))
    if not most:
        return CheckView(identity, "Not measured: running the program again takes too long.")
    try:
        pairs = [
            (place, program.slope(source, array, place, dirty)) for place in _places(array, most)
        ]
    except Exception as error:  # an op's formula may refuse float64: the reason is data here
        return CheckView(identity, f"Cannot be checked: {type(error).__name__}: {error}")
    return _compared(identity, _dense(gradient, array.shape), pairs, NOISE * program.level)


def _compared(identity: str, expected: np.ndarray, slopes: list, noise: float) -> CheckView:
    pairs = np.array([(expected.flat[place], slope) for place, slope in slopes], np.float64)
    pairs[np.abs(pairs[:, 1]) <= noise, 1] = 0.0
    size, rows = expected.size, []
    for (place, _), pair in zip(slopes, pairs, strict=True):
        index = [int(i) for i in np.unravel_index(place, expected.shape)]
        rows.append([str(index) if index else "", *(f"{number:.5g}" for number in pair)])
    lost = np.flatnonzero(~np.isfinite(pairs[:, 1]))
    if lost.size:
        where = f" at element {rows[lost[0]][0]}" if rows[lost[0]][0] else ""
        return CheckView(identity, f"Nothing can be measured{where}: a small step from there gives "
                         "NaN or infinity.", None, rows)  # fmt: skip
    scale = float(np.nan_to_num(np.abs(pairs), posinf=0).max())
    with Quiet():
        gap = np.abs(pairs[:, 0] - pairs[:, 1])
        slack = RELATIVE * np.abs(pairs).max(axis=1) + ABSOLUTE * scale + noise
        agrees = bool(np.all(gap <= slack))
    some = "its one element" if size == 1 else f"{len(rows)} of its {size} elements"
    text = f"Measured with steps of {STEP:g} at {some}: "
    if agrees:
        tiny = " Both are 0 within rounding." if 0 < np.abs(pairs).max() <= noise else ""
        return CheckView(identity, f"{text}the slopes agree with the gradient.{tiny}", True, rows)
    worst = int(np.argmax(np.nan_to_num(gap, nan=np.inf, posinf=np.inf)))
    where = f" at element {rows[worst][0]}" if rows[worst][0] else ""
    return CheckView(
        identity, f"{text}the slopes differ most{where}: {rows[worst][1]} by the tape, "
        f"{rows[worst][2]} measured. A kink, NaN, or a gradient of your own may be the reason.",
        False, rows,
    )  # fmt: skip


def _places(array: np.ndarray, most: int) -> list[int]:
    """Positions spread evenly over all elements."""
    count = min(array.size, most)
    return [i * array.size // count for i in range(count)]


def _work(node: Node) -> int:
    """About how much there is to do at a node, in nanoseconds."""
    sizes = sum(_array(x).size for x in (*node.inputs, *node.outputs))
    return 10_000 + sizes * (200 if node.op.name in DENSE else 10)


def _dense(gradient: Any, shape: tuple) -> np.ndarray:
    if isinstance(gradient, IndexedSlices):
        rows = np.zeros(shape)
        indices, values = (_array(x) for x in (gradient.indices, gradient.values))
        np.add.at(rows, indices, values)
        return rows
    return np.broadcast_to(_array(gradient), shape)


def _array(x: Any) -> np.ndarray:
    return np.asarray(to_numpy(getattr(x, "_array", x)))


def _cannot(node: Node) -> str:
    """Why a node cannot be run again; empty when it can."""
    op = node.op
    if isinstance(op, CustomOp):
        return f"{op.name} has a gradient of its own, and only its result was recorded"
    effect = _effect(node)
    where = op.name if effect in ("", op.name) else f"{effect} inside of {op.name}"
    if effect == "call_python":
        return f"Python code of your own runs in {where}"
    if effect:
        return f"{where} gives something else each time it runs"
    return f"what is inside of {op.name} was not recorded" if op.graphs else ""


def _effect(node: Node) -> str:
    """The op of a node, or inside it, that does more than compute; empty when there is none."""
    if not node.op.graphs:
        return node.op.name if node.op.stateful else ""
    inside = (_effect(inner) for graph in node.op.graphs for inner in graph.nodes)
    return next(filter(None, inside), "")


class _Program:
    """A record that can be run again: from changed values to the sum of the targets."""

    def __init__(self, nodes: Sequence[Node], targets: Sequence):
        self.nodes = nodes
        self.targets = {id(x): x for x in targets}
        self.wide: dict[int, np.ndarray] = {}
        values = [self._wide(x) for x in targets]
        self.level = max(1.0, *(float(np.abs(v[np.isfinite(v)]).sum()) for v in values), 0.0)

    def depending(self, source: Any) -> list[Node]:
        """The nodes between a source and the targets, in order.

        What no gradient goes through, such as `stop_gradient`, is held as it was.
        """
        moved, found = {id(source)}, []
        for node in self.nodes:
            if node.op.gradient_rule and any(id(x) in moved for x in node.inputs):
                moved |= {id(out) for out in node.outputs}
                found.append(node)
        wanted, needed = set(self.targets), []
        for node in reversed(found):
            if any(id(out) in wanted for out in node.outputs):
                wanted |= {id(x) for x in node.inputs}
                needed.append(node)
        return needed[::-1]

    def slope(self, source: Any, array: np.ndarray, place: int, dirty: list[Node]) -> float:
        """How fast the sum of the targets grows with one element of a source."""
        moved = array.astype(np.float64)
        step = STEP * max(1.0, abs(float(moved.flat[place])))
        ends = []
        for sign in (1, -1):
            end = moved.copy()
            end.flat[place] += sign * step
            ends.append(self._run({id(source): end}, dirty))
        with Quiet():
            return sum(float(np.sum(a - b)) for a, b in zip(*ends, strict=True)) / (2 * step)

    def _run(self, env: dict[int, np.ndarray], dirty: list[Node]) -> list[np.ndarray]:
        """The targets; only `dirty` nodes are run, the values of others stay what they were."""
        with Quiet():
            for node in dirty:
                inputs = [env[id(x)] if id(x) in env else self._wide(x) for x in node.inputs]
                attrs = {key: _widened(key, value) for key, value in node.attrs.items()}
                made = node.op.on(np, *inputs, **attrs)
                results = made if isinstance(made, (tuple, list)) else (made,)
                env |= {
                    id(out): np.asarray(x) for out, x in zip(node.outputs, results, strict=True)
                }
        return [env[key] if key in env else self._wide(x) for key, x in self.targets.items()]

    def _wide(self, x: Any) -> np.ndarray:
        if id(x) not in self.wide:
            array = _array(x)
            self.wide[id(x)] = array.astype(np.float64) if array.dtype.kind in "fV" else array
        return self.wide[id(x)]


def _widened(key: str, value: Any) -> Any:
    """An attribute; a floating dtype is made wide."""
    if key == "dtype" and value is not None and as_dtype(value).numpy.kind in "fV":
        return as_dtype("float64")
    return value

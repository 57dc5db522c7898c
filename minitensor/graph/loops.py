"""Loops as ops with graphs inside: `WhileOp`.

`op.cond` takes the loop variables and what stays the same; `op.body` takes the loop variables, one
row of each sequence, and what stays the same. Where a gradient is wanted, the loop keeps of each
iteration what the way back needs; that is a `WhileOp` over these rows, from the last to the first,
and can be differentiated in the same way any number of times.

Source: keeping values per iteration is Yu et al., Dynamic Control Flow in Large-Scale Machine
Learning (2018), arXiv:1805.01772; a loop that reads and writes rows, so that its gradient is one of
its own kind, is `scan` of JAX (Bradbury et al., 2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from minitensor import ops
from minitensor.dtypes import as_dtype
from minitensor.graph.call import GraphFunction
from minitensor.graph.control import ControlOp, apply
from minitensor.graph.in_place import RowUpdate, row_updates
from minitensor.graph.ir import Graph, Node
from minitensor.graph.rows import Ragged, collected
from minitensor.graph.subgraphs import (
    Derivative,
    derivative,
    flowing,
    replace,
    retraced,
    spec_of,
    zeros,
)
from minitensor.graph.symbol import Symbol
from minitensor.graph.trace import Tracer, replay
from minitensor.op import state
from minitensor.shapes import NoElements, Spec, common
from minitensor.tensor import Tensor

__all__ = ["WhileOp"]

MOST_WIDENINGS = 32
"""How often the shapes of loop variables are generalised before a loop is given up."""


class WhileOp(ControlOp):
    """A loop: as long as `cond` holds or, without one, once for each row of its sequences.

    Inputs: `loops` loop variables, `rows` sequences, and what stays the same. The body gives the
    loop variables' next values, then what is kept: the op's results are the loop variables' last
    values, and the kept values of all iterations as rows. With `reverse`, iterations go from the
    last row to the first, and kept rows stand where the rows stood that they were made from.
    """

    def __init__(
        self, cond: Graph | None, body: Graph, loops: int, rows: int = 0, reverse: bool = False,
        count: int | None = None,
    ):  # fmt: skip
        self.cond, self.body = cond, body
        self.loops, self.rows, self.reverse, self.count = loops, rows, reverse, count
        kept = [_stacked(spec_of(x), count) for x in body.outputs[loops:]]
        graphs = [body] if cond is None else [cond, body]
        super().__init__("while_loop", graphs, [*map(spec_of, body.inputs[:loops]), *kept])
        self.__doc__ = "The loop variables after as many iterations as a condition holds for."

    def _parts(self, values: Sequence) -> tuple[list, list, list]:
        """Loop variables, sequences, and what stays the same."""
        first, end = self.loops + self.rows, len(self.body.inputs)
        return list(values[: self.loops]), list(values[self.loops : first]), [*values[first:end]]

    def replay(self, inputs: Sequence, attrs: dict) -> Sequence:
        """The loop run again: op by op, or as a loop of the graph that is being traced."""
        if not isinstance(state.interpreter, Tracer):
            return self._unrolled(inputs)
        loops, rows, fixed = self._parts(inputs)
        if self.cond is None and _count(rows) == 0:  # rows that were never made have no sizes
            return [*loops, *map(_no_rows, self.specs[self.loops :])]
        others = [*map(_row_spec, rows), *map(spec_of, fixed)]
        specs, body = widened(self.body, [spec_of(x) for x in loops], others)
        cond = None
        if self.cond is not None:
            cond = retraced(self.cond, [*specs, *map(spec_of, fixed)])
        op = WhileOp(cond, body, self.loops, self.rows, self.reverse, _count(rows))
        return apply(op, [*loops, *rows, *fixed], "while")

    def _unrolled(self, inputs: Sequence) -> list:
        loops, rows, fixed = self._parts(inputs)
        kept: list[list] = [[] for _ in self.specs[self.loops :]]
        for t in self._times(rows):
            if self.cond is not None and not replay(self.cond, [*loops, *fixed])[0]:
                break
            found = replay(self.body, [*loops, *(_row_of(x, t) for x in rows), *fixed])
            loops = found[: self.loops]
            for values, x in zip(kept, found[self.loops :], strict=True):
                values.append(x)
        return [*loops, *self._ordered(kept, _rows_of)]

    def _times(self, rows: Sequence) -> Iterable[int]:
        if self.cond is not None:
            return repeat(0)
        times = range(len(getattr(rows[0], "_array", rows[0])))
        return reversed(times) if self.reverse else times

    def _ordered(self, kept: list[list], assemble: Any) -> list:
        specs = self.specs[self.loops :]
        return [
            assemble(values[::-1] if self.reverse else values, spec)
            for values, spec in zip(kept, specs, strict=True)
        ]

    @cached_property
    def _parts_to_run(self) -> tuple[GraphFunction | None, GraphFunction, list[RowUpdate]]:
        """The condition, the body, and the loop variables whose rows are written in place."""
        updates = row_updates(self.body, self.loops)
        rows = {update.variable: update for update in updates}
        outputs: list = []
        for k, x in enumerate(self.body.outputs):
            outputs += [rows[k].index, rows[k].row] if k in rows else [x]
        test = None if self.cond is None else GraphFunction(self.cond)
        return test, GraphFunction(self.body.replaced(outputs=outputs)), updates

    def run(self, arrays: Sequence) -> Sequence:
        """The results, as arrays: the compiled body, again and again."""
        loops, rows, fixed = self._parts(arrays)
        test, step, updates = self._parts_to_run
        kept: list[list] = [[] for _ in self.specs[self.loops :]]
        steady = all(map(_is_known, self.specs[: self.loops])) and not any(
            isinstance(x, Ragged) for x in rows
        )
        for update in updates:
            loops[update.variable] = np.array(loops[update.variable])
        stores = {update.variable: loops[update.variable] for update in updates}
        check: Any = None
        advance: Any = None
        for t in self._times(rows):
            if test is not None:
                values = [*loops, *fixed]
                if check is None or not steady:
                    check = test.executable(values)
                if not check(values)[0]:
                    break
            values = [*loops, *[x[t, ...] for x in rows], *fixed]
            if advance is None or not steady:
                advance = step.executable(values)
            found = advance(values)
            if updates:
                found = _written(updates, stores, loops, found)
            loops = found[: self.loops]
            for i, past in enumerate(kept, self.loops):
                past.append(found[i])
        return [*loops, *self._ordered(kept, collected)]

    # The gradient.

    def pull_back(self, nodes: list, place: int, g: Sequence, inputs: Sequence) -> tuple:
        """A loop the other way round, over what this loop now keeps of each iteration."""
        given = [i for i, x in enumerate(g) if x is not None]
        carried, kept = self._carried(given), [i for i in given if i >= self.loops]
        back = self._back(carried, kept)
        places = {id(x): i for i, x in enumerate(self.body.inputs)}
        first = self.loops + self.rows
        fixed = [x for x in back.needs if places.get(id(x), -1) >= first]
        per_row = [x for x in back.needs if places.get(id(x), -1) < first]
        if not kept and not per_row:  # something must say how many iterations there were
            per_row = [min(self.body.outputs[: self.loops], key=_size)]
        saved = [x for x in per_row if not self.loops <= places.get(id(x), -1)]
        node = self._grow(nodes, place, saved)
        stacks = self._stacks(node) | {id(x): inputs[i] for x, i in _pairs(self, places)}
        sums = [i for i in back.gives if i >= first]
        loops = [zeros(self.specs[i], node.outputs[i]) if g[i] is None else g[i] for i in carried]
        loops += [zeros(spec_of(inputs[i]), inputs[i]) for i in sums]
        rows = [*(g[i] for i in kept), *(stacks[id(x)] for x in per_row)]
        body = _sorted(back, len(carried), len(kept), len(sums), [*per_row, *fixed])
        op = WhileOp(None, body, len(loops), len(rows), not self.reverse, _count(rows))
        found = apply(op, [*loops, *rows, *(inputs[places[id(x)]] for x in fixed)], "while")
        answer: list = [None] * len(inputs)
        for i, x in zip(back.gives, found, strict=True):
            answer[i] = x
        return tuple(answer)

    def _carried(self, given: Sequence[int]) -> list[int]:
        """The loop variables that cotangents reach in some iteration."""
        reached: set[int] = set(given)
        while True:
            active = flowing(self.body, [self.body.outputs[i] for i in reached])
            more = {i for i in range(self.loops) if id(self.body.inputs[i]) in active}
            if more <= reached:
                return sorted(i for i in reached if i < self.loops)
            reached |= more

    def _back(self, carried: Sequence[int], kept: Sequence[int]) -> Derivative:
        """The gradient of the body; sums over all iterations are further loop variables."""
        entered = [*self.body.inputs, *self.variables.values()]
        first = self.loops + self.rows

        def arrange(found: dict) -> tuple[list, list]:
            tracer: Any = state.interpreter
            outputs = [
                found[id(x)] if id(x) in found else zeros(spec_of(x), x)
                for x in (entered[i] for i in carried)
            ]
            sums = [i for i in range(first, len(entered)) if id(entered[i]) in found]
            for i in sums:
                so_far = tracer.add_input(spec_of(entered[i]), "sum")
                outputs.append(so_far + found[id(entered[i])])
            rows = [i for i in range(self.loops, first) if id(entered[i]) in found]
            outputs += [found[id(entered[i])] for i in rows]
            return outputs, [*carried, *sums, *rows]

        sources = [x for x in entered if x.dtype.is_differentiable]
        return derivative(self.body, sources, [*carried, *kept], arrange, "while_gradient")

    def _grow(self, nodes: list[Node], place: int, saved: Sequence[Symbol]) -> Node:
        """Let the loop keep values from inside the body, if it does not yet."""
        have = {id(x) for x in self.body.outputs[self.loops :]}
        new = [x for x in saved if id(x) not in have]
        if not new:
            return nodes[place]
        body = self.body.replaced(outputs=[*self.body.outputs, *new])
        op = WhileOp(self.cond, body, self.loops, self.rows, self.reverse, self.count)
        return replace(nodes, place, op, op.specs[len(self.specs) :])

    def _stacks(self, node: Node) -> dict[int, Any]:
        """What the op gives of the values that it keeps, by their ids inside the body."""
        inner = node.op.graphs[-1].outputs[self.loops :]
        return {id(x): y for x, y in zip(inner, node.outputs[self.loops :], strict=True)}


def _written(updates: list[RowUpdate], stores: dict, loops: list, found: list) -> list:
    """What a body gave, with rows written into the loop variables that they belong to.

    What the body showed of the rows as they were is copied before.
    """
    memory = list(stores.values())
    values = [_apart(x, memory) for x in found]
    for update in updates:
        k = update.variable
        index, row = values[k : k + 2]
        stores[k], size = update.apply(stores[k], len(loops[k]), index, row)
        values[k : k + 2] = [stores[k][:size]]
    return values


def _apart(x: Any, memory: list) -> Any:
    """The same elements, in memory of their own where they stand in that of the rows."""
    if isinstance(x, Ragged):
        return Ragged([_apart(row, memory) for row in x.rows])
    return np.array(x) if any(np.may_share_memory(x, rows) for rows in memory) else x


def widened(body: Graph, loops: list, others: list) -> tuple[list, Graph]:
    """The body for the first values of the loop variables, and specs that fit all iterations."""
    for _ in range(MOST_WIDENINGS):
        traced = retraced(body, [*loops, *others])
        wider = [common(s, spec_of(x)) for s, x in zip(loops, traced.outputs, strict=False)]
        if wider == loops:
            return loops, traced
        loops = wider
    raise AssertionError(f"the shapes of loop variables do not settle: {loops}")


def _sorted(back: Derivative, carried: int, kept: int, sums: int, needs: list) -> Graph:
    """The gradient of a body with its inputs in a loop's order: loop variables, rows, the rest."""
    cotangents = back.graph.inputs[:carried], back.graph.inputs[carried : carried + kept]
    rest = back.graph.inputs[carried + kept :]
    inner = {id(x): y for x, y in zip(back.needs, rest[sums:], strict=True)}
    inner |= {id(x): Symbol(back.graph.tracer, spec_of(x), "unused")
              for x in needs if id(x) not in inner}  # fmt: skip
    values = [inner[id(x)] for x in needs]
    return back.graph.replaced(inputs=[*cotangents[0], *rest[:sums], *cotangents[1], *values])


def _pairs(op: WhileOp, places: dict[int, int]) -> list[tuple[Any, int]]:
    """The rows that the body reads, each with the place of its sequence among the inputs."""
    return [(x, places[id(x)]) for x in op.body.inputs[op.loops : op.loops + op.rows]]


def _is_known(spec: Any) -> bool:
    return spec.shape is not None and None not in spec.shape


def _size(x: Any) -> float:
    spec = spec_of(x)
    return float(np.prod(spec.shape)) if _is_known(spec) else float("inf")


def _count(rows: Sequence) -> int | None:
    """How many rows there are, where that is known."""
    found = [spec_of(x).shape for x in rows]
    return next((shape[0] for shape in found if shape and shape[0] is not None), None)


def _stacked(spec: Any, count: int | None) -> Any:
    if spec.shape is None:
        return NoElements(None, spec.dtype)
    return Spec((count, *spec.shape), spec.dtype)


def _no_rows(spec: Any) -> Any:
    shape = (0, *(d or 0 for d in (spec.shape or ())[1:]))
    return ops.zeros(shape=shape, dtype=as_dtype(spec.dtype))


def _row_spec(x: Any) -> Any:
    spec = spec_of(x)
    return NoElements(None, spec.dtype) if spec.shape is None else Spec(spec.shape[1:], spec.dtype)


def _row_of(x: Tensor, t: int) -> Any:
    return Tensor(x._array[t]) if isinstance(x._array, Ragged) else x[t]


def _rows_of(values: list, spec: Any) -> Tensor:
    if values and len({tuple(x.shape) for x in values}) == 1:
        return ops.stack(values, axis=0)
    return Tensor(collected([x._array for x in values], spec))

"""What kind of matrix a Jacobian is, in words: where its zeros are, and which elements agree.

A pattern is first looked for in exact zeros; only if there is none, in elements that are zero but
for rounding. Of several patterns that hold, the one that allows the fewest elements is named.
Read `recognised`, then `PATTERNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from minitensor.backend import Quiet

ROUNDING = 8
"""How many units in the last place count as nothing: of the largest element of the row and of the
column, whichever is smaller, or of the larger one of two elements that are compared."""
MOST_FOR_RANK = 256


class Structure(NamedTuple):
    """A pattern: its name, a sentence, what it teaches, and how it was decided."""

    name: str
    sentence: str
    hint: str
    exact: bool


class Found(NamedTuple):
    """A pattern of zeros, and how many elements it allows not to be zero."""

    name: str
    sentence: str
    allowed: int
    hint: str = ""


class Matrix:
    """A matrix whose small elements are zeros, with the shapes of output and input behind it."""

    def __init__(self, values: Any, output: tuple, input_: tuple, exact: bool, epsilon: float):
        self.output, self.input = output, input_
        self.exact = exact
        self.slack = ROUNDING * epsilon
        self.values = values if exact else self._rounded(values)
        self.filled = self.values != 0  # NaN counts as filled
        self.rows, self.columns = values.shape
        self.square = self.rows == self.columns

    def _rounded(self, values: Any) -> Any:
        """The matrix with zeros where an element is nothing beside its row and its column."""
        if not values.size:
            return values
        sizes = np.abs(np.where(np.isfinite(values), values, 0.0))
        beside = np.minimum(sizes.max(1, keepdims=True), sizes.max(0, keepdims=True))
        return np.where(np.abs(values) <= self.slack * beside, 0.0, values)

    def same(self, a: Any, b: Any) -> bool:
        """Whether elements agree: all bits, or up to rounding."""
        a, b = np.broadcast_arrays(a, b)
        if self.exact:
            return bool(np.array_equal(a, b))
        with Quiet():  # infinite elements differ by NaN, which is no agreement
            return bool(np.all(np.abs(a - b) <= self.slack * np.maximum(np.abs(a), np.abs(b))))


def recognised(values: Any, output: tuple, input_: tuple, epsilon: float) -> Structure:
    """The structure of a matrix: the first one that holds, exactly or up to rounding."""
    dense: Structure | None = None
    for exact in (True, False):
        matrix = Matrix(values, output, input_, exact, epsilon)
        for pattern in (_empty, _zero, _diagonal, _selection):
            found = pattern(matrix)
            if found:
                return Structure(found.name, found.sentence, found.hint, exact)
        candidates = [item for pattern in PATTERNS for item in pattern(matrix)]
        if candidates:
            best = min(candidates, key=lambda item: item.allowed)
            return Structure(best.name, best.sentence, best.hint, exact)
        dense = dense or _rest(matrix)
    assert dense is not None
    return dense


def _empty(m: Matrix) -> Found | None:
    if m.values.size:
        return None
    return Found("empty", "There is no element: the output or the input has none.", 0)


def _zero(m: Matrix) -> Found | None:
    if m.filled.any():
        return None
    return Found("zero", "Every element is zero: the output does not react to this input.", 0,
                 "Where a gradient is wanted, ask tape.explain(target, source) for the cause, and "
                 "look for stop_gradient, round, argmax, or relu of negative numbers.")  # fmt: skip


def _diagonal(m: Matrix) -> Found | None:
    if not m.square or m.rows < 2 or (m.filled & ~np.eye(m.rows, dtype=bool)).any():
        return None
    diagonal = np.diagonal(m.values)
    one = m.same(diagonal, diagonal[0])
    if one and m.same(diagonal[0], 1.0):
        return Found("identity", "The identity: the output passes on every input as it is.", 0,
                     "Copies, reshapes and additions of other tensors do so.")  # fmt: skip
    if one:
        text = f"{float(diagonal[0]):.5g} times the identity: every input is scaled alike."
        return Found("scaled identity", text, 0)
    return Found(
        "diagonal", "Diagonal: output element i depends on input element i alone.", 0,
        "Elementwise operations (tanh, exp, multiply, …) have such Jacobians: the product with a "
        "cotangent is a product of elements, and nobody makes the matrix.",
    )  # fmt: skip


def _selection(m: Matrix) -> Found | None:
    """One 1 in each row at most: elements are moved, copied, or left out."""
    counts = m.filled.sum(1)
    if counts.max(initial=0) > 1 or m.values.size < 2 or not m.same(m.values[m.filled], 1.0):
        return None
    used = m.filled.sum(0)
    if m.square and (counts == 1).all() and (used == 1).all():
        return Found("permutation", "A permutation: every input moves to one place of the output.",
                     0, "transpose, reverse and roll do so; the gradient moves back.")  # fmt: skip
    hint = "Gather, slices, max and broadcasting do so; the gradient is scattered back and added."
    zeros = int((counts == 0).sum())
    more = f" {zeros} of {m.rows} rows are zero." if zeros else ""
    text = "A selection: every row has a single 1: each output element copies one input."
    if zeros:
        text = "A selection: every row has at most a single 1: outputs copy one input each."
    return Found("selection", text + more, 0, hint)


def _blocks(m: Matrix) -> Iterator[Found]:
    """Equal blocks on the diagonal; of all ways, that with the smallest blocks."""
    shared = gcd(m.rows, m.columns)
    for count in sorted((n for n in range(2, shared + 1) if shared % n == 0), reverse=True):
        rows, columns = m.rows // count, m.columns // count
        if count == m.rows == m.columns or m.rows * m.columns == count:
            continue
        tiles = m.filled.reshape(count, rows, count, columns).any((1, 3))
        if (tiles & ~np.eye(count, dtype=bool)).any():
            continue
        parts = m.values.reshape(count, rows, count, columns)
        blocks = parts[np.arange(count), :, np.arange(count)]
        alike = m.same(blocks, blocks[0])
        text = f"Block diagonal: {count} blocks of {rows} × {columns}"
        text += ", all the same." if alike else "; outside of them everything is zero."
        batch = m.output[:1] == m.input[:1] == (count,)
        hint = "Samples do not mix: tape.batch_jacobian gives the blocks alone, with " \
               f"{rows} backward passes in place of {m.rows}." if batch else ""  # fmt: skip
        yield Found("block diagonal", text, count * rows * columns, hint)
        return


def _interleaved(m: Matrix) -> Iterator[Found]:
    """A ⊗ I: every k × k part is a multiple of the identity."""
    shared = gcd(m.rows, m.columns)
    for k in sorted((n for n in range(2, shared + 1) if shared % n == 0), reverse=True):
        parts = m.filled.reshape(m.rows // k, k, m.columns // k, k)
        if (parts & ~np.eye(k, dtype=bool)[:, None]).any():
            continue
        numbers = m.values.reshape(parts.shape)[:, np.arange(k), :, np.arange(k)]
        alike = m.same(numbers, numbers[0])
        whose = "the same" if alike else "its own"
        yield Found(
            "interleaved blocks",
            f"{k} interleaved blocks of {m.rows // k} × {m.columns // k}: element i reacts to "
            f"every {k}th input only, with {whose} coefficients in each block.",
            m.rows * m.columns // k, "A ⊗ I: one matrix for many columns, as in x ↦ a @ x.",
        )  # fmt: skip
        return


def _uneven_blocks(m: Matrix) -> Iterator[Found]:
    """Blocks on the diagonal that differ in size: cut wherever nothing crosses."""
    cuts = list(_cuts(m))
    if not cuts:
        return
    corners = [(0, 0), *cuts, (m.rows, m.columns)]
    sizes = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(corners)]
    if len(set(sizes)) == 1 or any(0 in size for size in sizes):
        return
    shown = ", ".join(f"{rows} × {columns}" for rows, columns in sizes[:4])
    more = ", …" if len(sizes) > 4 else ""
    yield Found("block diagonal", f"Block diagonal: {len(sizes)} blocks of {shown}{more}.",
                sum(rows * columns for rows, columns in sizes))  # fmt: skip


def _cuts(m: Matrix) -> Iterator[tuple[int, int]]:
    first = np.where(m.filled.any(1), m.filled.argmax(1), m.columns)
    last = np.where(m.filled.any(1), m.columns - m.filled[:, ::-1].argmax(1), 0)
    reached = np.maximum.accumulate(last)
    ahead = np.minimum.accumulate(first[::-1])[::-1]
    done = 0
    for row in range(1, m.rows):
        if done < reached[row - 1] <= ahead[row]:
            done = int(reached[row - 1])
            yield row, done


def _reach(m: Matrix) -> tuple[int, int]:
    """How far from the main diagonal the non-zeros reach, below it and above it."""
    i, j = np.nonzero(m.filled)
    return int(np.max(i - j)), int(np.max(j - i))


def _band(m: Matrix) -> Iterator[Found]:
    """A few diagonals side by side."""
    n = min(m.rows, m.columns)
    if n < 3 or m.rows > 2 * m.columns or m.columns > 2 * m.rows:
        return
    below, above = _reach(m)
    width = below + above + 1
    if width <= max(3, n // 2) and below < m.rows - 1 and above < m.columns - 1:
        words = {(1, 1): "Tridiagonal", (1, 0): "Lower bidiagonal", (0, 1): "Upper bidiagonal"}
        name = words.get((below, above), "Banded")
        yield Found(
            name.lower(),
            f"{name}: the non-zeros lie on {width} neighbouring diagonals, from {_place(-below)} "
            f"to {_place(above)}.",
            width * n, "Each output depends on its neighbours alone, as in a convolution.",
        )  # fmt: skip


def _triangle(m: Matrix) -> Iterator[Found]:
    """Nothing on one side of the main diagonal."""
    if not m.square or m.rows < 2:
        return
    below, above = _reach(m)
    for kind, side, others, reach in (
        ("Lower", "above", "later", above), ("Upper", "below", "earlier", below)
    ):  # fmt: skip
        if reach <= 0:
            yield Found(
                f"{kind.lower()} triangular",
                f"{kind} triangular: everything {side} the main diagonal is zero.",
                m.rows * (m.rows + 1) // 2,
                f"No output depends on {others} inputs: cumsum, recurrent cells and causal "
                "attention do so.",
            )  # fmt: skip


def _place(offset: int) -> str:
    """A diagonal in words."""
    if not offset:
        return "the main one"
    return f"{abs(offset)} {'above' if offset > 0 else 'below'} the main one"


PATTERNS: tuple[Callable[[Matrix], Iterator[Found]], ...] = (
    _blocks, _interleaved, _uneven_blocks, _band, _triangle,
)  # fmt: skip


def _rest(m: Matrix) -> Structure:
    """No pattern of zeros: one number, one row or column, sparse or dense."""
    zeros = 1 - float(np.mean(m.filled))
    share = f" {_percent(zeros)} of its elements are zero." if zeros else ""
    if m.rows == m.columns == 1:
        return Structure("one number", "A single number: the ordinary derivative.", "", m.exact)
    if m.rows == 1:
        text = f"A single row: the output is one number, and this is its gradient.{share}"
        return Structure("row", text, "One backward pass gives all of it.", m.exact)
    if m.columns == 1:
        text = f"A single column: how all outputs react to one number.{share}"
        hint = "ForwardAccumulator gives it in one forward pass; here it took one pass per row."
        return Structure("column", text, hint, m.exact)
    if zeros >= 0.5:
        text = f"Sparse: {_percent(zeros)} of the elements are exactly zero, in no simple pattern."
        return Structure("sparse", text, "", m.exact)
    text = f"Dense: {_percent(zeros)} zeros." if zeros else "Dense: no element is zero."
    return Structure("dense", text, "", m.exact)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def facts(values: Any, epsilon: float) -> list[str]:
    """What else holds, beside the pattern of zeros."""
    if not values.size or not np.isfinite(values).all():
        return []
    found = []
    for exact in (True, False):
        m = Matrix(values, (), (), exact, epsilon)
        if m.filled.any() and min(values.shape) > 1:
            found += [(text, exact) for text, holds in _RELATIONS if holds(m)]
    texts: dict[str, str] = {}
    for text, exact in found:
        texts.setdefault(text, f"{text}{'' if exact else ' (up to rounding)'}")
    return [*texts.values(), *_rank(values, epsilon), *_idle(values)]


def _idle(values: Any) -> list[str]:
    """Outputs that react to nothing, and inputs that nothing reacts to."""
    filled = values != 0
    rows, columns = (int((~filled.any(axis)).sum()) for axis in (1, 0))
    if not filled.any() or min(values.shape) < 2:
        return []
    found = (
        [f"{rows} of {len(values)} rows are zero: outputs that react to nothing"] if rows else []
    )
    if columns:
        found.append(f"{columns} of {values.shape[1]} columns are zero: inputs without effect")
    return found


def _transposed(sign: float) -> Callable[[Matrix], bool]:
    return lambda m: m.square and m.same(m.values, sign * m.values.T)


def _sums_vanish(axis: int) -> Callable[[Matrix], bool]:
    def holds(m: Matrix) -> bool:
        sums = np.abs(m.values.sum(axis))
        limit = 0.0 if m.exact else m.slack * np.abs(m.values).sum(axis)
        return bool(np.all(sums <= limit))

    return holds


_RELATIONS: tuple[tuple[str, Callable[[Matrix], bool]], ...] = (
    ("Symmetric", _transposed(1.0)),
    ("Skew-symmetric", _transposed(-1.0)),
    ("All elements are the same", lambda m: m.same(m.values, m.values[0, 0])),
    ("Rows are constant: the output depends on the sum of the inputs",
     lambda m: m.same(m.values, m.values[:, :1])),
    ("All rows are the same: every output reacts alike", lambda m: m.same(m.values, m.values[:1])),
    ("Rows sum to zero: adding the same number to all inputs changes nothing", _sums_vanish(1)),
    ("Columns sum to zero: the sum of the outputs stays the same", _sums_vanish(0)),
)  # fmt: skip


def _even(values: Any) -> Any:
    """The matrix with rows and columns scaled to the same size, which keeps the rank."""
    for axis in (1, 0):
        sizes = np.abs(values).max(axis, keepdims=True)
        values = values / np.where(sizes > 0, sizes, 1.0)
    return values


def _rank_of(values: Any, epsilon: float) -> int:
    sizes = np.linalg.svd(values, compute_uv=False)
    return int(np.sum(sizes > sizes[0] * max(values.shape) * epsilon * 4))


def _rank(values: Any, epsilon: float) -> list[str]:
    """How many outputs can move independently of each other."""
    least = min(values.shape)
    if not 1 < least <= MOST_FOR_RANK or max(values.shape) > 16 * MOST_FOR_RANK:
        return []
    rank, other = _rank_of(values, epsilon), _rank_of(_even(values), epsilon)
    if not rank:
        return []
    if rank != other:
        low, high = sorted((rank, other))
        return [f"Rank {low} or more, at most {high}: its sizes differ too much to tell"]
    if rank == least:
        return [f"Full rank: {rank}"]
    if rank == 1:
        return ["Rank one: the product of a column and a row"]
    return [f"Rank {rank} of at most {least}"]

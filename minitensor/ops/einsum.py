"""einsum: sums of products over named axes, done by matrix multiplication.

Every axis has a letter. Two operands are brought into the form (batch, kept, summed) times (batch,
summed, kept), which is one batched matrix product; more operands are taken two at a time in the
order numpy finds cheapest. The gradient of an einsum is an einsum. Read `contract`, then the op.
"""

from __future__ import annotations

import operator
import string
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import kind_of
from minitensor.errors import Fault, shorten
from minitensor.op import convert, op
from minitensor.ops.linalg import matmul
from minitensor.shapes import Spec, axis_of

__all__ = ["einsum", "einsum_", "tensordot"]


@lru_cache(maxsize=1024)
def parse(equation: str, ranks: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """One string of letters per operand, and one for the result; "..." becomes letters too."""
    given, arrow, result = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    if len(terms) != len(ranks):
        raise Fault(f"the equation {equation!r} names {len(terms)} operands, and there are "
                    f"{len(ranks)}", "one term per operand, separated by commas",
                    "for example 'ij,jk->ik'")  # fmt: skip
    spare = [c for c in string.ascii_letters if c not in equation]
    widest = 0
    for term, rank in zip(terms, ranks, strict=True):
        hidden = rank - len(term.replace("...", ""))
        if hidden < 0 or (hidden > 0 and "..." not in term):
            raise Fault(f"the term {term!r} does not fit an operand of rank {rank}",
                        "one letter per axis; '...' stands for any number of axes",
                        "count the letters")  # fmt: skip
        widest = max(widest, hidden)
    dots = "".join(spare[:widest])
    named = tuple(
        term.replace("...", dots[widest - (rank - len(term.replace("...", ""))) :])
        for term, rank in zip(terms, ranks, strict=True)
    )
    if not arrow:
        once = [c for c in sorted(set(given) - set(".,")) if given.count(c) == 1]
        result = ("..." if "..." in given else "") + "".join(once)
    result = result.replace("...", dots)
    _check_result(equation, named, result)
    return named, result


def _check_result(equation: str, terms: tuple[str, ...], result: str) -> None:
    known = set("".join(terms))
    wrong = [c for c in result if c not in known or result.count(c) > 1]
    if wrong or not all(c in string.ascii_letters for c in known):
        raise Fault(f"the equation {equation!r} cannot be read"
                    + (f": {wrong[0]!r} in the result" if wrong else ""),
                    "axes are letters; each letter of the result stands there once and in a term",
                    "for example 'ij,jk->ik' or '...ij->...ji'")  # fmt: skip


def _spec(*inputs: Spec, equation: str) -> Spec:
    terms, result = parse(equation, tuple(len(x.shape) for x in inputs))
    return Spec(tuple(_sizes(terms, inputs, equation)[c] for c in result), inputs[0].dtype)


def _sizes(terms: Sequence[str], inputs: Sequence, equation: str = "...") -> dict[str, int | None]:
    """The size of each letter; only axes under "..." may be stretched from 1."""
    sizes: dict[str, int | None] = {}
    for i, (term, x) in enumerate(zip(terms, inputs, strict=True)):
        for c, size in zip(term, x.shape, strict=True):
            known = sizes.setdefault(c, size)
            if c in equation:
                sizes[c] = size if known is None else known
                fits = known == size or None in (known, size)
            else:
                sizes[c] = size if known == 1 or (known is None and size != 1) else known
                fits = known == size or not {None, 1}.isdisjoint((known, size))
            if not fits:
                raise Fault(f"axis {c!r} has sizes {known} and {size} (in input {i})",
                            "axes with the same letter have the same size",
                            "check the order of the letters, or transpose")  # fmt: skip
    return sizes


def contract(xp: Any, a: Any, b: Any, in_a: str, in_b: str, result: str) -> Any:
    """The einsum of two operands without repeated letters, as one batched matrix product."""
    both = [c for c in in_a if c in in_b]
    batch = [c for c in both if c in result]
    summed = [c for c in both if c not in result]
    left = [c for c in in_a if c not in in_b]
    right = [c for c in in_b if c not in in_a]
    sizes = dict(zip(in_a + in_b, (*a.shape, *b.shape), strict=True))

    def matrix(x: Any, letters: str, *groups: list[str]) -> Any:
        x = xp.permute_dims(x, tuple(letters.index(c) for group in groups for c in group))
        shape = [sizes[c] for c in groups[0]]
        return xp.reshape(x, (*shape, *(prod(sizes[c] for c in group) for group in groups[1:])))

    product = matmul.on(
        xp, matrix(a, in_a, batch, left, summed), matrix(b, in_b, batch, summed, right)
    )
    order = [*batch, *left, *right]
    product = xp.reshape(product, tuple(sizes[c] for c in order))
    return xp.permute_dims(product, tuple(order.index(c) for c in result))


def _pair(xp: Any, a: Any, b: Any, in_a: str, in_b: str, result: str) -> Any:
    """Two operands: first bring each to distinct letters that are still needed."""
    a, in_a = _reduced(xp, a, in_a, in_b + result)
    b, in_b = _reduced(xp, b, in_b, in_a + result)
    return contract(xp, a, b, in_a, in_b, result)


def _unstretched(xp: Any, x: Any, letters: str, sizes: dict) -> tuple[Any, str]:
    """An operand without the axes of size 1 that would be stretched: the others have them."""
    kept = [i for i, c in enumerate(letters) if x.shape[i] == sizes[c]]
    if len(kept) == len(letters):
        return x, letters
    return xp.reshape(x, tuple(x.shape[i] for i in kept)), "".join(letters[i] for i in kept)


def _reduced(xp: Any, x: Any, letters: str, needed: str) -> tuple[Any, str]:
    kept = "".join(dict.fromkeys(c for c in letters if c in needed))
    return (x, letters) if kept == letters else (_one(xp, f"{letters}->{kept}", x), kept)


def _one(xp: Any, equation: str, x: Any) -> Any:
    """Diagonals, sums and another order of the axes of one operand."""
    if kind_of(x.dtype) != "f" or x.dtype.itemsize > 2:
        return xp.einsum(equation, x)
    return xp.astype(xp.einsum(equation, xp.astype(x, xp.float32)), x.dtype)


_CASES = samples.cases(
    (((2, 3), (3, 4)), {"equation": "ij,jk->ik"}),
    (((2, 3), (3, 4)), {"equation": "ij,jk"}),
    (((2, 3, 4), (2, 5, 4)), {"equation": "bij,bkj->bik"}),
    (((2, 3), (3,)), {"equation": "ij,j->j"}),
    (((3,), (4,)), {"equation": "i,j->ij"}),
    (((3, 3),), {"equation": "ii->i"}),
    (((3, 3, 2),), {"equation": "iij->"}),
    (((2, 3, 4),), {"equation": "ijk->kj"}),
    (((2, 3), (3, 4), (4, 2)), {"equation": "ij,jk,kl->il"}),
    (((2, 1, 2, 3), (4, 3, 2)), {"equation": "...ij,...jk->...ik"}),
    (((2, 3, 4), (4,)), {"equation": "...i,i->..."}),
    (((3, 2, 4), (3, 4)), {"equation": "a...b,ab->b..."}),
    (((2, 3), (2, 3)), {"equation": "ij,ij->"}),
    (((2, 0), (0, 3)), {"equation": "ij,jk->ik"}),
    (((), (2,)), {"equation": ",i->i"}),
)  # fmt: skip


# np.einsum, for traces and sums of one operand, is beyond the array API standard.
@op(infer=_spec, samples=_CASES, kinds="fciu", portable=False)
def einsum_(xp, *inputs, equation):
    """Sum of products over named axes; the public form is `einsum(equation, *inputs)`.

    Shape: as the equation says.
    """
    terms, result = parse(equation, tuple(x.ndim for x in inputs))
    if len(inputs) == 1:
        return _one(xp, f"{terms[0]}->{result}", inputs[0])
    sizes = _sizes(terms, inputs)
    work = [_unstretched(xp, x, term, sizes) for x, term in zip(inputs, terms, strict=True)]
    if len(inputs) == 2:
        (a, in_a), (b, in_b) = work
        return _pair(xp, a, b, in_a, in_b, result)
    shapes = [np.broadcast_to(0, x.shape) for x, _ in work]
    written = ",".join(term for _, term in work)
    path = np.einsum_path(f"{written}->{result}", *shapes, optimize="greedy")[0]
    for step in path[1:]:
        chosen = [work.pop(i) for i in sorted(step, reverse=True)]
        needed = set(result).union(*(term for _, term in work))
        while len(chosen) > 1:
            (a, in_a), (b, in_b), *chosen = chosen
            wanted = needed.union(*(term for _, term in chosen))
            kept = "".join(c for c in dict.fromkeys(in_a + in_b) if c in wanted)
            chosen.append((_pair(xp, a, b, in_a, in_b, kept), kept))
        work.append(chosen[0])
    array, letters = work[0]
    return _one(xp, f"{letters}->{result}", array)


@einsum_.gradient
def einsum_gradient(xp, g, out, *inputs, equation):
    terms, result = parse(equation, tuple(len(x.shape) for x in inputs))
    sizes = _sizes(terms, inputs)
    work = [_unstretched(xp, x, term, sizes) for x, term in zip(inputs, terms, strict=True)]
    return tuple(
        _cotangent(xp, (g, result), work[:i] + work[i + 1 :], terms[i], inputs[i].shape, sizes)
        for i in range(len(inputs))
    )


def _cotangent(
    xp: Any, g: tuple, others: list, term: str, shape: tuple, sizes: dict
) -> Callable[[], Any]:
    """The cotangent of one operand: g times the others, summed down to the operand's letters."""

    def compute() -> Any:
        operands = [g, *others]
        known = set("".join(letters for _, letters in operands))
        own = dict(zip(term, shape, strict=True))
        # Not among the letters: axes only summed over (all elements get the same), and stretched.
        found = [c for c in own if c in known and own[c] == sizes[c]]
        equation = f"{','.join(letters for _, letters in operands)}->{''.join(found)}"
        out = einsum_.on(xp, *(x for x, _ in operands), equation=equation)
        if len(found) < len(own):
            out = xp.reshape(out, tuple(own[c] if c in found else 1 for c in own))
            out = xp.broadcast_to(out, tuple(own.values()))
        return out if len(own) == len(term) else _on_diagonal(xp, out, term, "".join(own), sizes)

    return compute


def _on_diagonal(xp: Any, x: Any, term: str, unique: str, sizes: dict) -> Any:
    """A letter that stands twice selects a diagonal: put the values there, zeros elsewhere."""
    spare = iter(c for c in string.ascii_letters if c not in term)
    letters, terms, eyes = "", [unique], []
    for i, c in enumerate(term):
        if c in term[:i]:
            fresh = next(spare)
            terms.append(c + fresh)
            eyes.append(xp.asarray(np.eye(sizes[c]), dtype=x.dtype))
            c = fresh
        letters += c
    return einsum_.on(xp, x, *eyes, equation=f"{','.join(terms)}->{letters}")


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Any:
    """Sum of products over named axes.

    Every axis has a letter. A letter missing after "->" is summed over; "..." stands for any axes,
    which broadcast. Without "->" the letters that stand once remain, in alphabetical order.

    Shape: as the equation says.

    Raises:
        InvalidArgumentError: when the equation does not fit the shapes.

    Example:
        >>> import minitensor as mt
        >>> mt.einsum("ij,j->i", mt.constant([[1.0, 2.0], [3.0, 4.0]]), [10.0, 1.0]).numpy()
        array([12., 34.], dtype=float32)
    """
    return einsum_(list(inputs), equation=equation, name=name)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Sum of products over some axes of `a` and as many of `b`.

    `axes` is a number n (the last n axes of a, the first n of b) or two lists of axes.

    Shape: the other axes of a, then those of b.

    Example:
        >>> import minitensor as mt
        >>> mt.tensordot([1, 2, 3], [4, 5, 6], axes=1).numpy()
        np.int32(32)
    """
    a = convert(a)
    b = b if hasattr(b, "dtype") else convert(b, a.dtype)
    try:
        equation = _tensordot_equation(len(a.shape), len(b.shape), axes)
    except Fault as fault:
        given = f"shapes {tuple(a.shape)} and {tuple(b.shape)}, axes={shorten(axes)}"
        raise fault.about("tensordot", given) from None
    return einsum_([a, b], equation=equation, name=name)


def _tensordot_axes(rank_a: int, rank_b: int, axes: Any) -> tuple[list[int], list[int]]:
    """The axes of `a`, and those of `b` that they meet."""
    rule = "axes is a number of axes, or two lists of axes of equal length"
    try:
        if np.ndim(axes) == 0:
            n = operator.index(axes)
            if not 0 <= n <= min(rank_a, rank_b):
                raise Fault(f"axes is {n}, and the ranks are {rank_a} and {rank_b}", rule,
                            f"choose a number from 0 to {min(rank_a, rank_b)}")  # fmt: skip
            return list(range(rank_a - n, rank_a)), list(range(n))
        in_a, in_b = ([operator.index(i) for i in np.reshape(side, -1)] for side in axes)
    except (TypeError, ValueError):
        raise Fault("axes has another form", rule, "write for example axes=[[1], [0]]") from None
    if len(in_a) != len(in_b):
        raise Fault(f"axes names {len(in_a)} axes of a and {len(in_b)} of b", rule,
                    "name as many of one as of the other")  # fmt: skip
    return in_a, in_b


def _tensordot_equation(rank_a: int, rank_b: int, axes: Any) -> str:
    in_a, in_b = _tensordot_axes(rank_a, rank_b, axes)
    letters = string.ascii_letters
    left, right = list(letters[:rank_a]), list(letters[rank_a : rank_a + rank_b])
    pairs = [(axis_of(i, rank_a), axis_of(j, rank_b)) for i, j in zip(in_a, in_b, strict=True)]
    for i, j in pairs:
        right[j] = left[i]
    rest = [c for c in left + right if not (c in left and c in right)]
    return f"{''.join(left)},{''.join(right)}->{''.join(rest)}"

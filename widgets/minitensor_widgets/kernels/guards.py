"""Advice for an index that misses its array: a guard about the index that the kernel wrote."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import islice
from types import CodeType

from ..units import plural

_LOOSE = (ast.IfExp, ast.Compare, ast.BoolOp, ast.NamedExpr, ast.Lambda)


def written_index(code: CodeType, source: Sequence[str], site: int) -> list[ast.expr]:
    """The expressions of the index at an instruction; none where its text is not known.

    Example:
        >>> code = compile("x[i + 1, j]", "", "eval")
        >>> found = [written_index(code, ["x[i + 1, j]"], at) for at in range(len(code.co_code))]
        >>> [ast.unparse(part) for part in max(found, key=len)]
        ['i + 1', 'j']
    """
    place = next(islice(code.co_positions(), site // 2, None), None)
    if place is None or None in place:
        return []
    first, last, start, end = (part or 0 for part in place)
    lines = [line.encode() for line in source[first - 1 : last]]
    if not lines:
        return []
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    try:
        node = ast.parse(b"\n".join(lines).decode().strip(), mode="eval").body
    except (SyntaxError, UnicodeDecodeError):
        return []
    if isinstance(node, ast.Call) and len(node.args) > 1:  # cuda.atomic.add(array, index, x)
        index = node.args[1]
    elif isinstance(node, ast.Subscript):
        index = node.slice
    else:
        return []
    return list(index.elts) if isinstance(index, ast.Tuple) else [index]


def guard(
    name: str, shape: Sequence[int], index: Sequence[int], written: Sequence[ast.expr]
) -> str:
    """What to do about an index outside of an array: a condition on the index as it was written.

    Example:
        >>> guard("x", (8,), (8,), [ast.parse("i + 1", mode="eval").body])
        'The index i + 1 is 8 here, and x has 8 elements: guard it with `if i + 1 < 8:`.'
    """
    if len(written) != len(shape):
        sizes = " and ".join(map(str, shape))
        return (
            f"Guard it: let only threads do this whose index is at least 0 and less than {sizes}."
        )
    told, conditions = [], []
    high = any(at >= size for at, size in zip(index, shape, strict=True))
    for axis, (at, size, node) in enumerate(zip(index, shape, written, strict=True)):
        words = ast.unparse(node)
        words = f"({words})" if isinstance(node, _LOOSE) else words
        of = f" along axis {axis}" if len(shape) > 1 else ""
        if not any(isinstance(part, ast.Name) for part in ast.walk(node)):
            if at >= size:
                return f"{name} has {plural(size, 'element')}{of}: its last index is {size - 1}."
            continue
        if not 0 <= at < size:
            told.append(f"the index {words} is {at} here, and {name} has "
                        f"{plural(size, 'element')}{of}")  # fmt: skip
        if at < 0:
            conditions.append(f"{words} >= 0")
        elif high:
            conditions.append(f"{words} < {size}")
    if not conditions:
        return "A negative index does not count from the end here: write the place itself."
    low = "" if high else "A negative index does not count from the end here: "
    text = f"{low}{', '.join(told)}: guard it with `if {' and '.join(conditions)}:`."
    return text[0].upper() + text[1:]

"""Loop nests of matmul and convolution as Python text, for each order of loops and each tiling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from math import prod

Sizes = dict[str, int]

BODY = {
    "matmul": "C[i, j] += A[i, k] * B[k, j]",
    "conv2d": "Y[i, j] += X[i + u, j + v] * K[u, v]",
}
LETTERS = {"matmul": "ijk", "conv2d": "ijuv"}
SHAPE = {"matmul": (6, 6, 6), "conv2d": (8, 8, 3, 3)}
MEANING = {
    "matmul": "(rows of A, columns of B, columns of A)",
    "conv2d": "(rows of X, columns of X, rows of K, columns of K)",
}
ORDERS = {
    "matmul": ["".join(letters) for letters in permutations("ijk")],
    "conv2d": ["ijuv", "jiuv", "uvij", "uvji", "iujv"],
}


def sizes(name: str, shape: Sequence[int]) -> Sizes:
    """How often each loop turns.

    Example:
        >>> sizes("conv2d", (8, 8, 3, 3))
        {'i': 6, 'j': 6, 'u': 3, 'v': 3}
    """
    if name == "matmul":
        return dict(zip("ijk", shape, strict=True))
    height, width, rows, columns = shape
    return {"i": height - rows + 1, "j": width - columns + 1, "u": rows, "v": columns}


def array_shapes(name: str, shape: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """The arrays of a nest and their shapes; the last is what it computes.

    Example:
        >>> array_shapes("matmul", (2, 3, 4))
        {'A': (2, 4), 'B': (4, 3), 'C': (2, 3)}
    """
    if name == "matmul":
        rows, columns, inner = shape
        return {"A": (rows, inner), "B": (inner, columns), "C": (rows, columns)}
    turns = sizes(name, shape)
    return {"X": tuple(shape[:2]), "K": tuple(shape[2:]), "Y": (turns["i"], turns["j"])}


def text(name: str, shape: Sequence[int], order: str, tile: Sequence[int] | None = None) -> str:
    """The nest as a Python function.

    Args:
        name: "matmul" or "conv2d".
        shape: its sizes, as `MEANING` says.
        order: the loops from the outside in.
        tile: edge lengths of a tile, one for each loop in the order of `LETTERS`.

    Example:
        >>> print(text("matmul", (4, 4, 4), "ikj"))
        def matmul(A, B, C):
            for i in range(4):
                for k in range(4):
                    for j in range(4):
                        C[i, j] += A[i, k] * B[k, j]
    """
    turns = sizes(name, shape)
    edges = dict(zip(LETTERS[name], tile or (), strict=False))
    loops, inner = [], []
    for letter in order:
        length, edge = turns[letter], edges.get(letter, 0)
        if not 0 < edge < length:
            inner.append(f"for {letter} in range({length}):")
            continue
        stop = f"{letter}0 + {edge}" if length % edge == 0 else f"min({letter}0 + {edge}, {length})"
        loops.append(f"for {letter}0 in range(0, {length}, {edge}):")
        inner.append(f"for {letter} in range({letter}0, {stop}):")
    lines = [f"def {name}({', '.join(array_shapes(name, shape))}):"]
    for depth, line in enumerate([*loops, *inner, BODY[name]], 1):
        lines.append("    " * depth + line)
    return "\n".join(lines)


def variants(name: str, shape: Sequence[int]) -> list[tuple[str, tuple[int, ...] | None]]:
    """The orders and tilings worth comparing.

    Example:
        >>> variants("matmul", (4, 4, 4))[-1]
        ('ikj', (2, 2, 2))
    """
    found: list[tuple[str, tuple[int, ...] | None]] = [(order, None) for order in ORDERS[name]]
    order = "ikj" if name == "matmul" else "ijuv"
    turns = sizes(name, shape)
    for edge in (2, 4):
        tile = tuple(edge if letter in "ijk" else turns[letter] for letter in LETTERS[name])
        if any(edge < turns[letter] for letter in LETTERS[name] if letter in "ijk"):
            found.append((order, tile))
    return found


def label(order: str, tile: Sequence[int] | None) -> str:
    """The name of a variant.

    Example:
        >>> label("ikj", (2, 2, 2))
        'ikj, tiles 2×2×2'
    """
    return f"{order}, tiles {'×'.join(map(str, tile))}" if tile else order


def filling(shape: Sequence[int], seed: int) -> list[float]:
    """Small whole numbers that differ: enough to check a result by head.

    Example:
        >>> filling((2, 2), 1)
        [1.0, 2.0, 3.0, 4.0]
    """
    return [float((seed + i) % 5) for i in range(prod(shape))]

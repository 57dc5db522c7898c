"""What a learner chooses for a loop nest, checked before anything large is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import nests
from .cache import Cache
from .recording import check_size


def check_cache(cache: Any) -> Cache:
    """A cache, the default one for None.

    Raises:
        TypeError: for what is no Cache.
    """
    if cache is None or isinstance(cache, Cache):
        return cache or Cache()
    raise TypeError(
        f"loops(cache={cache!r}): a cache is a Cache. Give for example Cache(line=4, lines=8)."
    )


def check_named(name: str, shape: Any, order: Any, tile: Any) -> tuple[tuple[int, ...], str]:
    """Shape and order of a named nest, the usual ones where none are given.

    Raises:
        TypeError: when shape or tile hold no whole numbers, or order is no text.
        ValueError: when they make no nest, or one whose arrays are too large.

    Example:
        >>> check_named("matmul", None, "", None)
        ((6, 6, 6), 'ijk')
    """
    letters = nests.LETTERS[name]
    found = nests.SHAPE[name] if shape is None else _whole(name, "shape", shape)
    order = letters if order is None or order == "" else order
    _check_shape(name, found)
    if not isinstance(order, str):
        raise TypeError(
            f"loops({name!r}, order={order!r}): an order is a text, for example "
            f"order={nests.ORDERS[name][1]!r}."
        )
    if sorted(order) != sorted(letters):
        raise ValueError(
            f"loops({name!r}, order={order!r}): an order has each of the loops {letters} once, "
            f"from the outside in. For example order={nests.ORDERS[name][1]!r}."
        )
    if tile is not None:
        _check_tile(name, _whole(name, "tile", tile))
    return found, order


def _whole(name: str, what: str, given: Any) -> tuple[int, ...]:
    whole = isinstance(given, Sequence) and all(hasattr(part, "__index__") for part in given)
    if isinstance(given, str) or not whole:
        example = nests.SHAPE[name] if what == "shape" else (2,) * len(nests.LETTERS[name])
        raise TypeError(
            f"loops({name!r}, {what}={given!r}): {what} is a tuple of whole numbers, for example "
            f"{what}={example}."
        )
    return tuple(int(part) for part in given)


def _check_shape(name: str, shape: tuple[int, ...]) -> None:
    turns = nests.sizes(name, shape) if len(shape) == len(nests.LETTERS[name]) else {"": 0}
    if min(*shape, *turns.values(), 1) < 1:
        raise ValueError(
            f"loops({name!r}, shape={shape}): a shape is {nests.MEANING[name]}, each at least 1"
            f"{', and K fits into X' if name == 'conv2d' else ''}. For example {nests.SHAPE[name]}."
        )
    for array, size in nests.array_shapes(name, shape).items():
        check_size(array, size)


def _check_tile(name: str, tile: tuple[int, ...]) -> None:
    letters = nests.LETTERS[name]
    if tile and (len(tile) != len(letters) or min(tile) < 1):
        raise ValueError(
            f"loops({name!r}, tile={tile}): a tile has an edge of at least 1 for each of "
            f"the {len(letters)} loops {letters}. For example tile={(2,) * len(letters)}."
        )

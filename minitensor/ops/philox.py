"""Philox 4×32-10: a counter-based generator, so that a draw is a function of key and position.

Every element of a draw has its own counter, so the numbers do not depend on the device, on how many
are drawn at once, or on a library's version. The same function runs on Python integers and on
arrays: integer multiplication, shifts and exclusive or are exact everywhere.

A seed is two 64-bit integers (a, b). The words of the counter and key:

    key 0, 1        low and high half of a
    counter 2, 3    low and high half of b
    counter 0, 1    the block's number; the top 16 bits of word 1 count attempts of samplers that
                    reject some proposals

Source: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011), 3.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROUNDS = 10
MULTIPLIER_0, MULTIPLIER_1 = 0xD2511F53, 0xCD9E8D57
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
MASK = 0xFFFFFFFF
TILE = 16384
"""Blocks computed at once on a CPU: the intermediate arrays then stay in the L2 cache."""


def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """Four random 32-bit words for a counter of four words and a key of two.

    Shape: any, uint64 arrays (or Python integers) below 2³² → the same.

    Example:
        >>> [hex(word) for word in philox(0, 0, 0, 0, 0, 0)]
        ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    for _ in range(ROUNDS):
        p0, p1 = c0 * MULTIPLIER_0, c2 * MULTIPLIER_1
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + WEYL_0) & MASK, (k1 + WEYL_1) & MASK
    return c0, c1, c2, c3


def blocks(seed: Any, numbers: Any, attempt: int = 0) -> tuple[Any, Any, Any, Any]:
    """The four words of each block in `numbers`.

    Shape: (2,) integers, (n,) uint64 → four of (n,) uint64.
    """
    # Ten rounds of key arithmetic cost a tenth on Python integers of what they do on 0-d arrays; a
    # GPU's seed stays there, since fetching it would wait for all the work in flight.
    a, b = seed.tolist() if isinstance(seed, np.ndarray) else seed.astype(np.uint64)
    high = (numbers >> 32) | (attempt << 16)
    return philox(numbers & MASK, high, b & MASK, b >> 32 & MASK, a & MASK, a >> 32 & MASK)


def fill(xp: Any, seed: Any, count: int, dtype: Any, each: int, values: Callable) -> Any:
    """`count` elements, `each` of them made from one block: `values(words)` returns that many.

    Element i comes from block i // each. Works a tile at a time, so that words are still in the
    cache when they become elements.

    Shape: (2,) integers → (count,).
    """
    total = -(-count // each)
    out = xp.empty((total, each), dtype=dtype)
    tile = TILE if xp is np else max(total, 1)
    for start in range(0, total, tile):
        stop = min(start + tile, total)
        four = blocks(seed, xp.arange(start, stop, dtype=np.uint64))
        for j, column in enumerate(values(four)):
            out[start:stop, j] = column
    return out.reshape(-1)[:count]


def doubled(four: tuple) -> tuple[Any, Any]:
    """Four words as two of 64 bits; the first of a pair is the low half."""
    return four[0] | four[1] << 32, four[2] | four[3] << 32


def hashed(a: int, b: int) -> int:
    """A signed 64-bit integer that depends on both arguments in every bit."""
    a, b = a & (2**64 - 1), b & (2**64 - 1)
    low, high, _, _ = philox(b & MASK, b >> 32, 0, 0, a & MASK, a >> 32)
    return signed(low | high << 32)


def signed(word: int) -> int:
    """A 64-bit pattern as the int64 it stands for."""
    word &= 2**64 - 1
    return word - 2**64 if word >> 63 else word


def unit(high: Any) -> Any:
    """32 random bits as a float64 in (0, 1]: (word + 1) / 2³². Never 0, so its log is finite."""
    return (high.astype(np.float64) + 1.0) * 2.0**-32


def fraction(high: Any) -> Any:
    """32 random bits as a float64 in [0, 1): word / 2³²."""
    return high.astype(np.float64) * 2.0**-32


def rejection(xp: Any, seed: Any, count: int, propose: Callable[[tuple, Any], tuple]) -> Any:
    """One accepted proposal per element; element i in attempt k uses block i of attempt k.

    `propose(words, elements)` returns values and whether each is accepted. So no element depends
    on how often another was rejected.

    Shape: (2,) integers → (count,) float64.
    """
    out = xp.zeros(count, dtype=np.float64)
    tile = 4 * TILE if xp is np else max(count, 1)
    for start in range(0, count, tile):
        waiting = xp.arange(start, min(start + tile, count), dtype=np.uint64)
        for attempt in range(2**16):
            places = waiting.astype(np.int64)
            values, good = propose(blocks(seed, waiting, attempt), places)
            out[places[good]] = values[good]
            waiting = waiting[~good]
            if not waiting.size:
                break
    return out

"""Random numbers of pipelines: each is a function of a seed, a walk, and a place.

A stage that draws has a seed from the moment it is made. A walk through the pipeline has a number,
and a stage that walks over another repeatedly gives each walk a number of its own. So an element
is drawn the same way whichever thread computes it, and again when a walk is restored.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from minitensor.errors import ArgumentError, message, shorten
from minitensor.ops.draws import stream_key
from minitensor.ops.philox import blocks, hashed

__all__ = ["Dice", "ElementStreams", "new_seed", "part"]

BLOCK = 256
"""Counters per call of the generator: arrays this long cost hardly more than single numbers."""


def new_seed(seed: Any = None) -> int:
    """The seed of a stage: from its own seed and the global one, as ops have theirs.

    Raises:
        ArgumentError: (also a TypeError) for a seed that is no whole number.
    """
    try:
        return stream_key(None if seed is None else int(seed))
    except (TypeError, ValueError):
        raise ArgumentError(
            message("Dataset", f"seed={shorten(seed)}", "it is not a whole number",
                    "a seed is a whole number, or None", "pass for example seed=1")
        ) from None  # fmt: skip


def part(run: int, number: int) -> int:
    """The number of a walk inside of another."""
    return hashed(run, number + 1)


class Dice:
    """A stream of random numbers whose place can be saved."""

    def __init__(self, key: int, at: int = 0):
        self.key, self.at = key, at
        self._words: list[int] = []

    def word(self) -> int:
        """32 random bits."""
        place = self.at % (4 * BLOCK)
        if not self._words or not place:
            numbers = np.arange(BLOCK, dtype=np.uint64) + self.at // (4 * BLOCK) * BLOCK
            self._words = np.stack(blocks(np.array([self.key, 0]), numbers), 1).ravel().tolist()
        self.at += 1
        return self._words[place]

    def below(self, count: int) -> int:
        """A whole number from 0 to below `count`."""
        return self.word() * count >> 32

    def uniform(self) -> float:
        """A number in [0, 1)."""
        return self.word() * 2.0**-32


def permutation(key: int, count: int) -> np.ndarray:
    """A random order of `count` things.

    Shape: → (count,) int64.
    """
    numbers = np.arange(-(-count // 2), dtype=np.uint64)
    a, b, c, d = blocks(np.array([key, 1]), numbers)
    words = np.stack([a | b << 32, c | d << 32], axis=1).ravel()[:count]
    return np.argsort(words, kind="stable")


class ElementStreams:
    """What random ops draw from while one element is computed (as `ops.draws.Streams`)."""

    def __init__(self, seed: int, run: int, element: int):
        self.seed, self.place = seed, hashed(run, element)
        self.outer: Any = None
        self._streams: dict[int | None, tuple[int, itertools.count]] = {}

    def next(self, op_seed: int | None = None) -> tuple[int, int]:
        """The seed of the next draw of this op seed's stream."""
        if op_seed not in self._streams:
            self._streams[op_seed] = self.key(op_seed), itertools.count()
        key, draws = self._streams[op_seed]
        return key, next(draws)

    def key(self, op_seed: int | None = None) -> int:
        """Where the stream of an op seed starts."""
        return hashed(self.seed if op_seed is None else self.outer.key(op_seed), self.place)

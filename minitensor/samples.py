"""Inputs on which the generated tests run each op: iterators of `(arrays, attrs)`.

Real inputs are float64, so that finite differences are sharp; every family holds a scalar, an
empty array and, for several inputs, broadcasting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Samples = Iterator[tuple[tuple, dict]]


def unary(low: float = -2.0, high: float = 2.0, **attrs: Any) -> Callable[..., Samples]:
    """One real input with elements from (low, high)."""

    def make(rng: np.random.Generator) -> Samples:
        for shape in ((), (3,), (2, 3), (0, 2)):
            yield (rng.uniform(low, high, shape),), dict(attrs)

    return make


def binary(
    low: float = -2.0, high: float = 2.0, low2: float | None = None, high2: float | None = None
) -> Callable[..., Samples]:
    """Two real inputs that broadcast; the second from (low2, high2) when given."""
    low2, high2 = (low if low2 is None else low2), (high if high2 is None else high2)

    def make(rng: np.random.Generator) -> Samples:
        for a, b in (
            ((2, 3), (2, 3)),
            ((2, 3), (3,)),
            ((2, 1), (1, 3)),
            ((), (4,)),
            ((0, 2), (2,)),
        ):
            yield (rng.uniform(low, high, a), rng.uniform(low2, high2, b)), {}

    return make


def integer_pairs(low: int = 1, high: int = 20) -> Callable[..., Samples]:
    """Two int32 inputs that broadcast, without zero."""

    def make(rng: np.random.Generator) -> Samples:
        for a, b in (((2, 3), (2, 3)), ((2, 3), (3,)), ((), (4,))):
            pair = rng.integers(low, high, a), rng.integers(low, high, b)
            yield tuple(np.asarray(x, np.int32) for x in pair), {}

    return make


def bools(count: int) -> Callable[..., Samples]:
    """`count` truth-value inputs that broadcast."""

    def make(rng: np.random.Generator) -> Samples:
        for shapes in (((2, 3), (3,)), ((), ()), ((0,), (1,))):
            yield tuple(np.asarray(rng.random(s) < 0.5) for s in shapes[:count]), {}

    return make


def reductions(low: float = -2.0, high: float = 2.0) -> Callable[..., Samples]:
    """One real input reduced over all, one, the last, or two axes, with and without keepdims."""

    def make(rng: np.random.Generator) -> Samples:
        for axis in (None, 0, -1, (0, 1)):
            for keepdims in (False, True):
                yield (rng.uniform(low, high, (2, 3, 4)),), {"axis": axis, "keepdims": keepdims}
        yield (rng.uniform(low, high, ()),), {"axis": None, "keepdims": False}

    return make


def cases(*built: tuple[Any, dict]) -> Callable[..., Samples]:
    """Fixed cases: each `((shape or array, …), attrs)`; shapes are filled with normal draws."""

    def make(rng: np.random.Generator) -> Samples:
        for inputs, attrs in built:
            arrays = (rng.normal(size=x) if isinstance(x, tuple) else np.asarray(x) for x in inputs)
            yield tuple(np.asarray(a) for a in arrays), dict(attrs)

    return make

"""Random draws as ops: each is a function of its seed, so that a record of it can be repeated.

`next_seed` alone has a memory: it takes the next seed from the program's streams each time it
runs. Public functions are in `random`; the generator is in `philox`.
"""

from __future__ import annotations

import itertools
import os
import threading
from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, name_of
from minitensor.errors import DTypeError, Fault
from minitensor.op import op
from minitensor.ops.philox import fraction, hashed, rejection, signed, unit, words
from minitensor.shapes import Spec

__all__ = [
    "next_seed",
    "random_bits",
    "random_normal",
    "random_truncated_normal",
    "random_uniform",
]

DEFAULT_GRAPH_SEED = 87654321
"""What TensorFlow takes for the global seed where only an op seed is given."""

_NO_GRADIENT = "a draw does not depend smoothly on its seed"
_SEED = np.array([7, 1 << 40])


class Streams:
    """Where seeds come from: one stream of draws per op seed, all from one global seed.

    Without a global seed, the stream of ops without their own seed starts from the system's
    entropy. Safe to share between threads.
    """

    def __init__(self, seed: int | None = None):
        self.seed = seed
        self._lock = threading.Lock()
        self._streams: dict[int | None, tuple[int, itertools.count]] = {}

    def next(self, op_seed: int | None = None) -> tuple[int, int]:
        """The seed of the next draw of this op seed's stream."""
        with self._lock:
            if op_seed not in self._streams:
                self._streams[op_seed] = self._key(op_seed), itertools.count()
            key, draws = self._streams[op_seed]
            return key, next(draws)

    def _key(self, op_seed: int | None) -> int:
        if self.seed is None and op_seed is None:
            return signed(int.from_bytes(os.urandom(8), "little"))
        first = DEFAULT_GRAPH_SEED if self.seed is None else self.seed
        return hashed(first, 0) if op_seed is None else hashed(hashed(first, 1), op_seed)


class _Own(threading.local):
    """The streams of a thread that has called `set_seed`; None for the program's."""

    streams: Streams | None = None


_program = Streams()
_own = _Own()


def set_seed(seed: int) -> None:
    """Start every stream of random numbers anew from `seed`.

    In the main thread it is the seed of the whole program. A thread that sets a seed of its own
    draws from its own streams from then on, undisturbed by the others.

    Example:
        >>> import minitensor as mt
        >>> mt.random.set_seed(1)
        >>> first = mt.random.uniform([2])
        >>> mt.random.set_seed(1)
        >>> bool(mt.reduce_all(mt.random.uniform([2]) == first))
        True
    """
    global _program
    streams = Streams(int(seed))
    if threading.current_thread() is threading.main_thread():
        _program = streams
    else:
        _own.streams = streams


def _seed_spec(*, seed: Any = None) -> Spec:
    return Spec((2,), np.dtype(np.int64))


@op(infer=_seed_spec, samples=samples.cases(((), {"seed": 3})), types="A", portable=False,
    stateful=True, why_none=_NO_GRADIENT)  # fmt: skip
def next_seed(xp, *, seed=None):
    """The seed of the next draw: different each time this runs.

    Shape: none → (2,) int64.
    """
    return xp.asarray((_own.streams or _program).next(seed), dtype=np.int64)


def _draw_spec(seed: Spec, *, shape: Any, dtype: Any) -> Spec:
    _check_seed(seed)
    return Spec(tuple(shape), as_dtype(dtype).numpy)


def _check_seed(seed: Spec) -> None:
    if tuple(seed.shape) != (2,):
        raise Fault(f"seed must have shape [2], not {list(seed.shape)}",
                    "a seed is two integers, which together name one draw",
                    "pass for example seed=[1, 2]")  # fmt: skip


def _float_spec(seed: Spec, *, shape: Any, dtype: Any) -> Spec:
    spec = _draw_spec(seed, shape=shape, dtype=dtype)
    if as_dtype(dtype).kind != "f":
        fault = f"dtype {name_of(spec.dtype)} is not a floating type"
        raise Fault(fault, "this distribution is continuous", "pass dtype=mt.float32", DTypeError)
    return spec


def _drawing(*more: Any, dtypes: tuple = ("float32", "float64")) -> Any:
    cases = [
        ((_SEED, *more), {"shape": shape, "dtype": dtype})
        for shape in ((), (5,), (2, 3), (0, 2))
        for dtype in dtypes
    ]
    return samples.cases(*cases)


@op(infer=_draw_spec, samples=_drawing(dtypes=("uint32", "int64")), types="I", portable=False,
    why_none=_NO_GRADIENT)  # fmt: skip
def random_bits(xp, seed, *, shape, dtype):
    """Integers of `dtype` with every value equally likely: the generator's words as they come.

    Shape: (2,) → shape.
    """
    wanted = as_dtype(dtype).numpy
    per = max(wanted.itemsize // 4, 1)
    found = words(xp, seed, per * prod(shape))
    if per == 2:
        found = _long(found)
    return found.astype(np.dtype(f"u{wanted.itemsize}")).view(wanted).reshape(shape)


def _long(found: Any) -> Any:
    """Pairs of words as 64-bit words; the first of a pair is the low half."""
    return found[0::2].astype(np.uint64) | found[1::2].astype(np.uint64) << 32


@op(infer=_float_spec, samples=_drawing(), types="I", portable=False, why_none=_NO_GRADIENT)
def random_uniform(xp, seed, *, shape, dtype):
    """Uniform numbers in [0, 1): the top bits of a word as an integer times a power of two.

    As many bits as the significand holds: 24 of float32, 53 of float64 (from two words), 11 of
    float16, 8 of bfloat16. So all values are exact, evenly spaced, and below 1.

    Shape: (2,) → shape.
    """
    dtype = as_dtype(dtype)
    bits = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}[dtype.name]
    if dtype.name == "float64":
        found = _long(words(xp, seed, 2 * prod(shape))) >> 11
        return (found.astype(np.float64) * 2.0**-53).reshape(shape)
    found = (words(xp, seed, prod(shape)) >> (32 - bits)).astype(np.float32)
    return (found * np.float32(2.0**-bits)).astype(dtype.numpy).reshape(shape)


@op(infer=_float_spec, samples=_drawing(), types="I", portable=False, why_none=_NO_GRADIENT)
def random_normal(xp, seed, *, shape, dtype):
    """Normal numbers with mean 0 and standard deviation 1, two from each pair of uniform ones.

    r = √(−2 log u), z = r cos 2πv and r sin 2πv with u in (0, 1] and v in [0, 1). Computed in
    float64 and then rounded, so that float32 results are the same on every machine, whichever
    logarithm it has.

    Shape: (2,) → shape.
    Source: Box & Muller, A note on the generation of random normal deviates (1958).
    """
    dtype = as_dtype(dtype)
    count = prod(shape)
    pairs = -(-count // 2)
    wide = dtype.name == "float64"
    out = xp.empty((pairs, 2), dtype=dtype.numpy)
    found = words(xp, seed, (4 if wide else 2) * pairs)
    for start in range(0, pairs, _PAIRS if xp is np else max(pairs, 1)):
        part = slice(start, start + (_PAIRS if xp is np else max(pairs, 1)))
        if wide:
            four = found.reshape(-1, 4)[part].reshape(-1)
            top = (_long(four) >> 11).reshape(-1, 2).astype(np.float64)
            u, v = (top[:, 0] + 1.0) * 2.0**-53, top[:, 1] * 2.0**-53
        else:
            two = found.reshape(-1, 2)[part]
            u, v = unit(two[:, 0]), fraction(two[:, 1])
        r, angle = xp.sqrt(-2.0 * xp.log(u)), (2.0 * np.pi) * v
        out[part, 0] = r * xp.cos(angle)
        out[part, 1] = r * xp.sin(angle)
    return out.reshape(-1)[:count].reshape(shape)


_PAIRS = 16384


@op(infer=_float_spec, samples=_drawing(), types="I", portable=False, why_none=_NO_GRADIENT)
def random_truncated_normal(xp, seed, *, shape, dtype):
    """Normal numbers, drawn again where they are more than 2 from 0.

    Shape: (2,) → shape.
    """

    def propose(four: tuple, elements: Any) -> tuple:
        r, angle = xp.sqrt(-2.0 * xp.log(unit(four[0]))), (2.0 * np.pi) * fraction(four[1])
        first, second = r * xp.cos(angle), r * xp.sin(angle)
        z = xp.where(xp.abs(first) < 2.0, first, second)
        return z, xp.abs(z) < 2.0

    found = rejection(xp, seed, prod(shape), propose)
    return found.astype(as_dtype(dtype).numpy).reshape(shape)

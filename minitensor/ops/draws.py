"""Random draws as ops: each is a function of its seed, so that a record of it can be repeated.

`next_seed` alone has a memory: it takes the next seed from the program's streams each time it
runs. Public functions are in `random`; the generator is in `philox`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import as_dtype, name_of
from minitensor.errors import ArgumentError, DTypeError, Fault, message, shorten
from minitensor.op import op
from minitensor.ops.philox import doubled, fill, fraction, hashed, signed, unit
from minitensor.shapes import UNKNOWN_SIZE, Spec

__all__ = [
    "next_seed",
    "random_bits",
    "random_normal",
    "random_uniform",
]

DEFAULT_GRAPH_SEED = 87654321
"""What TensorFlow takes for the global seed where only an op seed is given."""

NO_GRADIENT = "a draw does not depend smoothly on its seed"
SEED = np.array([7, 1 << 40])


class Streams:
    """Where seeds come from: one stream of draws per op seed, all from one global seed.

    Without a global seed, the stream of ops without their own seed starts from the system's
    entropy. Safe to share between threads.
    """

    def __init__(self, seed: int | None = None):
        self.seed = seed
        self._lock = threading.Lock()
        self._streams: dict[int | None, list[int]] = {}
        """For each op seed the key of its stream, and how many draws there were."""

    def next(self, op_seed: int | None = None) -> tuple[int, int]:
        """The seed of the next draw of this op seed's stream."""
        with self._lock:
            if op_seed not in self._streams:
                self._streams[op_seed] = [self.key(op_seed), 0]
            stream = self._streams[op_seed]
            key, draws = stream
            stream[1] = draws + 1
            return key, draws

    def key(self, op_seed: int | None = None) -> int:
        """Where the stream of an op seed starts."""
        if self.seed is None and op_seed is None:
            return signed(int.from_bytes(os.urandom(8), "little"))
        first = DEFAULT_GRAPH_SEED if self.seed is None else self.seed
        return hashed(first, 0) if op_seed is None else hashed(hashed(first, 1), op_seed)

    def save_state(self) -> dict[str, Any]:
        """The seed, and where each stream is: plain data."""
        with self._lock:
            streams = [[op_seed, *stream] for op_seed, stream in self._streams.items()]
        return {"seed": self.seed, "streams": streams}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Go on from where `save_state` was called.

        Raises:
            Exception: for what `save_state` does not give; nothing changes then.
        """
        seed = None if state["seed"] is None else int(state["seed"])
        streams = {
            None if op_seed is None else int(op_seed): [int(key), int(draws)]
            for op_seed, key, draws in state["streams"]
        }
        with self._lock:
            self.seed, self._streams = seed, streams


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
    try:
        streams = Streams(int(seed))
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(
            message("random.set_seed", f"seed={shorten(seed)}", "it is not a whole number",
                    "a seed is a whole number", "pass for example 1")
        ) from None  # fmt: skip
    if threading.current_thread() is threading.main_thread():
        _program = streams
    else:
        _own.streams = streams


def program_streams() -> Streams:
    """The streams that this thread draws from."""
    return _own.streams or _program


def stream_key(op_seed: int | None = None) -> int:
    """The key of a new stream for something that draws outside of the ops, such as a pipeline.

    With an op seed it depends on that and the global seed alone; without one, each call gives
    another, repeatable after `set_seed`.
    """
    streams = _own.streams or _program
    return hashed(*streams.next()) if op_seed is None else streams.key(op_seed)


class drawing_from:  # noqa: N801 - reads as a word: with drawing_from(streams)
    """Within it, random ops of this thread take their seeds from `streams`.

    `streams.outer` are those that they take them from otherwise.
    """

    def __init__(self, streams: Any):
        self.streams = streams

    def __enter__(self) -> None:
        self.before = _own.streams
        self.streams.outer = self.before or _program
        _own.streams = self.streams

    def __exit__(self, *_: object) -> None:
        _own.streams = self.before


def _seed_spec(*, seed: Any = None) -> Spec:
    return Spec((2,), np.dtype(np.int64))


@op(infer=_seed_spec, samples=samples.cases(((), {"seed": 3})), types="A", portable=False,
    stateful=True, why_none=NO_GRADIENT)  # fmt: skip
def next_seed(xp, *, seed=None):
    """The seed of the next draw: different each time this runs.

    Shape: none → (2,) int64.
    """
    return xp.asarray((_own.streams or _program).next(seed), dtype=np.int64)


def draw_spec(seed: Spec, *, shape: Any, dtype: Any) -> Spec:
    """The shape rule of a draw that has no parameters."""
    check_seed(seed)
    if not isinstance(shape, int) and None in shape:
        raise Fault(f"the shape {shape} has the size None", *UNKNOWN_SIZE)
    if isinstance(shape, int) or any(size < 0 for size in shape):
        fix = f"write shape=[{shape}]" if isinstance(shape, int) else "check the sizes"
        raise Fault(f"shape is {shape!r}", "a shape is a list of sizes, none of them negative", fix)
    return Spec(tuple(shape), as_dtype(dtype).numpy)


def check_seed(seed: Spec) -> None:
    """Raise unless the seed is two integers."""
    if tuple(seed.shape) != (2,):
        raise Fault(f"seed must have shape [2], not {list(seed.shape)}",
                    "a seed is two integers, which together name one draw",
                    "pass for example seed=[1, 2]")  # fmt: skip


def float_spec(seed: Spec, *, shape: Any, dtype: Any) -> Spec:
    """As `draw_spec`, for floating types only."""
    spec = draw_spec(seed, shape=shape, dtype=dtype)
    if as_dtype(dtype).kind != "f":
        fault = f"dtype {name_of(spec.dtype)} is not a floating type"
        raise Fault(fault, "this distribution is continuous", "pass dtype=mt.float32", DTypeError)
    return spec


def drawing(dtypes: tuple = ("float32", "float64")) -> Any:
    """Samples of a draw that has no parameters."""
    cases = [
        ((SEED,), {"shape": shape, "dtype": dtype})
        for shape in ((), (5,), (2, 3), (0, 2))
        for dtype in dtypes
    ]
    return samples.cases(*cases)


@op(infer=draw_spec, samples=drawing(dtypes=("uint32", "int64")), types="I", portable=False,
    why_none=NO_GRADIENT)  # fmt: skip
def random_bits(xp, seed, *, shape, dtype):
    """Integers of `dtype` with every value equally likely: the generator's words as they come.

    Shape: (2,) → shape.
    """
    wanted = as_dtype(dtype).numpy
    wide = wanted.itemsize == 8
    plain = np.dtype(f"u{wanted.itemsize}")
    each, values = (2, doubled) if wide else (4, lambda four: four)
    return fill(xp, seed, prod(shape), plain, each, values).view(wanted).reshape(shape)


@op(infer=float_spec, samples=drawing(), types="I", portable=False, why_none=NO_GRADIENT)
def random_uniform(xp, seed, *, shape, dtype):
    """Uniform numbers in [0, 1): the top bits of a word as an integer times a power of two.

    As many bits as the significand holds: 24 of float32, 53 of float64 (from two words), 11 of
    float16, 8 of bfloat16. So all values are exact, evenly spaced, and below 1.

    Shape: (2,) → shape.
    """
    dtype = as_dtype(dtype)
    bits = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}[dtype.name]

    def narrow(four: tuple) -> Iterator:
        return ((word >> (32 - bits)).astype(np.float32) * np.float32(2.0**-bits) for word in four)

    def wide(four: tuple) -> Iterator:
        return ((word >> 11) * 2.0**-53 for word in doubled(four))

    each, values = (2, wide) if bits == 53 else (4, narrow)
    return fill(xp, seed, prod(shape), dtype.numpy, each, values).reshape(shape)


@op(infer=float_spec, samples=drawing(), types="I", portable=False, why_none=NO_GRADIENT)
def random_normal(xp, seed, *, shape, dtype):
    """Normal numbers with mean 0 and standard deviation 1, two from each pair of uniform ones.

    r = √(−2 log u), z = r cos 2πv and r sin 2πv with u in (0, 1] and v in [0, 1). Computed in
    float64 and then rounded, so that float32 results are the same on every machine, whichever
    logarithm it has.

    Shape: (2,) → shape.
    Source: Box & Muller, A note on the generation of random normal deviates (1958).
    """
    dtype = as_dtype(dtype)

    def narrow(four: tuple) -> Iterator:
        for u, v in ((four[0], four[1]), (four[2], four[3])):
            yield from _box_muller(xp, unit(u), fraction(v))

    def wide(four: tuple) -> tuple:
        u, v = doubled(four)
        return _box_muller(xp, ((u >> 11) + 1) * 2.0**-53, (v >> 11) * 2.0**-53)

    each, values = (2, wide) if dtype.name == "float64" else (4, narrow)
    return fill(xp, seed, prod(shape), dtype.numpy, each, values).reshape(shape)


def _box_muller(xp: Any, u: Any, v: Any) -> tuple[Any, Any]:
    r, angle = xp.sqrt(-2.0 * xp.log(u)), (2.0 * np.pi) * v
    return r * xp.cos(angle), r * xp.sin(angle)

"""Random tensors, `mt.random`: functions that draw, and generators that remember where they are.

`set_seed` makes the functions repeatable; `stateless_…` functions take their seed as an argument;
a `Generator` keeps a seed of its own, in a variable. Numbers come from Philox 4×32-10 and are the
same on every machine, on CPU and GPU, whatever the versions of the libraries underneath.
"""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import Any

from minitensor.dtypes import float32, int32, int64, uint64
from minitensor.errors import InvalidArgumentError, UnimplementedError, message
from minitensor.op import convert
from minitensor.ops import random_bits
from minitensor.ops.draws import set_seed as set_seed
from minitensor.ops.philox import hashed, signed
from minitensor.ops.random import categorical as categorical
from minitensor.ops.random import gamma as gamma
from minitensor.ops.random import normal as normal
from minitensor.ops.random import poisson as poisson
from minitensor.ops.random import shuffle as shuffle
from minitensor.ops.random import stateless_binomial as stateless_binomial
from minitensor.ops.random import stateless_categorical as stateless_categorical
from minitensor.ops.random import stateless_fold_in as stateless_fold_in
from minitensor.ops.random import stateless_gamma as stateless_gamma
from minitensor.ops.random import stateless_normal as stateless_normal
from minitensor.ops.random import stateless_poisson as stateless_poisson
from minitensor.ops.random import stateless_shuffle as stateless_shuffle
from minitensor.ops.random import stateless_split as stateless_split
from minitensor.ops.random import stateless_truncated_normal as stateless_truncated_normal
from minitensor.ops.random import stateless_uniform as stateless_uniform
from minitensor.ops.random import truncated_normal as truncated_normal
from minitensor.ops.random import uniform as uniform
from minitensor.variable import Variable

__all__ = [
    "Generator",
    "categorical",
    "create_rng_state",
    "experimental",
    "fold_in",
    "gamma",
    "get_global_generator",
    "normal",
    "poisson",
    "set_global_generator",
    "set_seed",
    "shuffle",
    "split",
    "stateless_binomial",
    "stateless_categorical",
    "stateless_fold_in",
    "stateless_gamma",
    "stateless_normal",
    "stateless_poisson",
    "stateless_shuffle",
    "stateless_split",
    "stateless_truncated_normal",
    "stateless_uniform",
    "truncated_normal",
    "uniform",
]

split, fold_in = stateless_split, stateless_fold_in


class Generator:
    """A source of random numbers with a state of its own, kept in a variable.

    The state is [0, number of draws so far, key]; with it, draws can be repeated.

    Args:
        copy_from: a generator whose state to copy.
        state: three integers.
        alg: "philox", the only one here.

    Example:
        >>> import minitensor as mt
        >>> generator = mt.random.Generator.from_seed(1)
        >>> first = generator.normal([2])
        >>> generator.reset_from_seed(1)
        >>> bool(mt.reduce_all(generator.normal([2]) == first))
        True
    """

    def __init__(self, copy_from: Generator | None = None, state: Any = None, alg: Any = None):
        _check_algorithm(alg)
        if (copy_from is None) == (state is None):
            raise InvalidArgumentError(
                message("random.Generator", "both copy_from and state" if state is not None else "",
                        "it needs exactly one of copy_from and state",
                        "a generator starts somewhere", "use Generator.from_seed(1)")
            )  # fmt: skip
        start = state if copy_from is None else copy_from.state.value()
        self._state = Variable(_as_state(start), trainable=False, name="StateVar")
        self._lock = threading.Lock()

    @classmethod
    def from_state(cls, state: Any, alg: Any = None) -> Generator:
        """A generator that goes on from `state`."""
        return cls(state=state, alg=alg)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """A generator that starts from one number."""
        return cls(state=create_rng_state(seed, alg))

    @classmethod
    def from_key_counter(cls, key: int, counter: Any, alg: Any = None) -> Generator:
        """A generator with this key and a counter of two integers, the first of them 0."""
        return cls(state=[*(int(word) for word in counter), signed(int(key))], alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that starts from the system's entropy."""
        return cls(state=[0, 0, signed(int.from_bytes(os.urandom(8), "little"))], alg=alg)

    @property
    def state(self) -> Variable:
        """The variable that holds the state."""
        return self._state

    @property
    def key(self) -> Any:
        """The part of the state that stays."""
        return self._state[2]

    @property
    def algorithm(self) -> int:
        """TensorFlow's number for Philox."""
        return 1

    def reset(self, state: Any) -> None:
        """Go on from `state`."""
        self._state.assign(_as_state(state))

    def reset_from_seed(self, seed: int) -> None:
        """Start anew from one number."""
        self.reset(create_rng_state(seed))

    def reset_from_key_counter(self, key: int, counter: Any) -> None:
        """Start anew with this key and counter."""
        self.reset([*(int(word) for word in counter), signed(int(key))])

    def skip(self, delta: int) -> Any:
        """Pass over `delta` draws; returns the state before."""
        with self._lock:
            before = self._state.read_value()
            self._state.assign_add([0, delta, 0])
        return before

    def _next(self) -> Any:
        return self.skip(1)[:0:-1]  # key and counter: the seed of this draw

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Numbers from `minval` to below `maxval`; as `mt.random.uniform`."""
        return stateless_uniform(shape, self._next(), minval, maxval, dtype, name)

    def uniform_full_int(self, shape: Any, dtype: Any = uint64, name: str | None = None) -> Any:
        """Integers of `dtype`, every one of its values equally likely."""
        return random_bits(self._next(), shape=shape, dtype=dtype, name=name)

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Numbers from the normal distribution; as `mt.random.normal`."""
        return stateless_normal(shape, self._next(), mean, stddev, dtype, name)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Normal numbers within two standard deviations; as `mt.random.truncated_normal`."""
        return stateless_truncated_normal(shape, self._next(), mean, stddev, dtype, name)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = int32, name: str | None = None
    ) -> Any:
        """How many of `counts` trials succeed; as `mt.random.stateless_binomial`."""
        return stateless_binomial(shape, self._next(), counts, probs, dtype, name)

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for `stateless_…` functions, one per column.

        Shape: → (2, count) int64.
        """
        return random_bits(self._next(), shape=(2, count), dtype=int64)

    def split(self, count: int = 1) -> list[Generator]:
        """`count` new generators, independent of each other and of what this one draws next."""
        keys = random_bits(self._next(), shape=(count,), dtype=int64).numpy().tolist()
        return [Generator(state=[0, 0, key]) for key in keys]

    def __deepcopy__(self, memo: dict) -> Generator:
        return Generator(copy_from=self)

    def __reduce__(self) -> tuple:
        return Generator.from_state, (self._state.numpy().tolist(),)

    def __repr__(self) -> str:
        _, draws, key = self._state.numpy().tolist()
        return f"<Generator: philox, key {key}, {draws} draws so far>"


def create_rng_state(seed: int, alg: Any = None) -> list[int]:
    """The state of a generator that starts from one number: [0, 0, seed].

    Example:
        >>> create_rng_state(1)
        [0, 0, 1]
    """
    _check_algorithm(alg)
    seed = int(seed)
    return [0, 0, signed(seed) if -(2**63) <= seed < 2**64 else hashed(seed, seed >> 64)]


_global: Generator | None = None
_lock = threading.Lock()


def get_global_generator() -> Generator:
    """The generator that parts of a program share; starts from entropy when first asked for."""
    global _global
    with _lock:
        if _global is None:
            _global = Generator.from_non_deterministic_state()
        return _global


def set_global_generator(generator: Generator) -> None:
    """Make `generator` the one that `get_global_generator` gives."""
    global _global
    with _lock:
        _global = generator


def _as_state(state: Any) -> Any:
    state = state.value() if isinstance(state, Variable) else state
    tensor = convert(state, None if hasattr(state, "dtype") else int64)
    if tuple(tensor.shape) != (3,) or int(tensor[0]):
        raise InvalidArgumentError(
            message("random.Generator", f"the state {tensor.numpy().tolist()}",
                    "that is no state of this generator",
                    "a state is [0, draws so far, key]: the first word counts within a draw",
                    "take it from generator.state, or use Generator.from_seed(1)")
        )  # fmt: skip
    return tensor


def _check_algorithm(alg: Any) -> None:
    if getattr(alg, "value", alg) not in (None, 1, 3, "philox", "auto_select"):
        raise UnimplementedError(
            message("random.Generator", f"alg={alg!r}", "there is no such algorithm here",
                    "numbers come from Philox 4×32-10", "pass alg='philox'")
        )  # fmt: skip


experimental = SimpleNamespace(
    Generator=Generator,
    create_rng_state=create_rng_state,
    get_global_generator=get_global_generator,
    set_global_generator=set_global_generator,
    stateless_fold_in=stateless_fold_in,
    stateless_shuffle=stateless_shuffle,
    stateless_split=stateless_split,
)
"""The same under the names they had before they became stable."""

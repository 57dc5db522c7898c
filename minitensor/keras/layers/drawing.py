"""`Drawing`: a layer that draws random numbers."""

from __future__ import annotations

from typing import Any

from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import is_size, refused
from minitensor.ops.draws import next_seed
from minitensor.random import Generator

__all__ = ["Drawing"]


class Drawing(Layer):
    """The base of layers that draw: from a stream of their own if they have a seed.

    Args:
        seed: a whole number: a layer made anew with it draws the same again. By default, it
            draws from the program's streams, which `mt.random.set_seed` starts anew.
        **kwargs: as `Layer`.
    """

    def __init__(self, *, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if seed is not None and not is_size(seed, -(2**63)):
            raise refused(self, f"seed={seed!r} is not a whole number", "a seed names one sequence "
                          "of random numbers", "pass for example seed=1")  # fmt: skip
        self.seed = seed
        self._stream = None if seed is None else Generator.from_seed(seed)

    def _next_seed(self) -> Any:
        """The seed of the next draw.

        Shape: → (2,) int64.
        """
        return next_seed() if self._stream is None else self._stream.make_seeds()[:, 0]

"""`cuda`: what a kernel calls, under the names of numba.cuda."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .memory import Memory
    from .simulator import Machine


class EndlessError(Exception):
    """A thread turned round too often."""


class Dim3(NamedTuple):
    """Three sizes or indices; x runs fastest."""

    x: int
    y: int = 1
    z: int = 1


class Arrays:
    """`cuda.shared` or `cuda.local`."""

    def __init__(self, machine: Machine, space: str) -> None:
        self._machine, self._space = machine, space

    def array(self, shape: int | Sequence[int], dtype: Any = "float32") -> Memory:
        """An array of this space; what it holds is not known until it is written."""
        frame = self._machine.kernel_frame(sys._getframe(1))
        return self._machine.allocate(self._space, frame.f_lasti, shape, dtype)


class Atomic:
    """`cuda.atomic`: operations that no other thread can come between."""

    def add(self, array: Memory, index: Any, value: Any) -> Any:
        """Add to an element; gives what was there."""
        return array.change(index, value, lambda old, new: old + new)

    def sub(self, array: Memory, index: Any, value: Any) -> Any:
        """Subtract from an element; gives what was there."""
        return array.change(index, value, lambda old, new: old - new)

    def max(self, array: Memory, index: Any, value: Any) -> Any:
        """Keep the larger number; gives what was there."""
        return array.change(index, value, max)

    def min(self, array: Memory, index: Any, value: Any) -> Any:
        """Keep the smaller number; gives what was there."""
        return array.change(index, value, min)


class Thread:
    """What `cuda` is for one thread while its kernel runs."""

    __slots__ = (
        "_machine", "atomic", "blockDim", "blockIdx", "gridDim", "local", "shared", "threadIdx",
    )  # fmt: skip
    atomics = Atomic()

    def __init__(self, machine: Machine, thread: Dim3) -> None:
        self._machine = machine
        self.threadIdx, self.blockIdx = thread, Dim3(0, 0, 0)
        self.blockDim, self.gridDim = machine.block, machine.grid
        self.shared, self.local, self.atomic = machine.shared, machine.local, self.atomics

    def grid(self, ndim: int) -> Any:
        """The place of this thread in the whole grid: one index, or a tuple of two or three."""
        places = zip(self.threadIdx, self.blockIdx, self.blockDim, strict=True)
        found = tuple(t + b * size for t, b, size in places)[:ndim]
        return found[0] if ndim == 1 else found

    def gridsize(self, ndim: int) -> Any:
        """How many threads the whole grid has along each axis."""
        pairs = zip(self.blockDim, self.gridDim, strict=True)
        found = tuple(a * b for a, b in pairs)[:ndim]
        return found[0] if ndim == 1 else found

    def __getattr__(self, name: str) -> Any:
        if name == "syncthreads":
            raise TypeError(
                "cuda.syncthreads() stands on a line of its own in the kernel itself, not in an "
                "expression or in a function that the kernel calls."
            )
        raise AttributeError(f"cuda has no {name!r}. A kernel can use {', '.join(Cuda.INSIDE)}.")

    def tick(self) -> None:
        """A turn of a loop."""
        machine = self._machine
        machine.turns_left -= 1
        if machine.turns_left < 0 or len(machine.log) > machine.most_accesses:
            raise EndlessError


class Cuda:
    """What kernels use of the GPU, under the names of `numba.cuda`.

    Inside a kernel: `threadIdx`, `blockIdx`, `blockDim` and `gridDim` with x, y and z; `grid(n)`
    and `gridsize(n)`; `syncthreads()`; `shared.array(shape, dtype)` and `local.array`;
    `atomic.add(array, index, value)`, also `sub`, `max` and `min`. `@cuda.jit` is `@kernel`.

    Example:
        >>> cuda
        <cuda: usable inside a kernel>
    """

    __name__ = "cuda"
    INSIDE = (
        "threadIdx", "blockIdx", "blockDim", "gridDim", "grid", "gridsize", "syncthreads",
        "shared", "local", "atomic",
    )  # fmt: skip

    def __repr__(self) -> str:
        return "<cuda: usable inside a kernel>"

    @property
    def jit(self) -> Any:
        """The decorator `kernel`, under the name it has in numba."""
        from .source import kernel

        return kernel

    def __getattr__(self, name: str) -> Any:
        if name in self.INSIDE:
            raise RuntimeError(
                f"cuda.{name} exists only while a kernel runs: put @kernel before the function "
                "and start it with launch(function, grid, block, args)."
            )
        raise AttributeError(
            f"cuda has no {name!r}. A kernel can use {', '.join(self.INSIDE)}; "
            "@cuda.jit marks a kernel."
        )


cuda: Any = Cuda()

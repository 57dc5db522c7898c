"""Kernels that every course on GPUs has, with arguments and what numpy says of the result."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minitensor_widgets import cuda, kernel

TPB, TILE = 8, 4


@dataclass
class Program:
    """A kernel, how to launch it, and the arrays it should leave: by the number of the argument."""

    kernel: Any
    grid: Any
    block: Any
    args: Callable[[], list[Any]]
    expected: Callable[..., dict[int, Any]]

    @property
    def name(self) -> str:
        return self.kernel.__name__


def written(folder: Path, *statements: str, parameters: str = "a") -> Any:
    """A kernel from lines of text: it needs a file to have a source."""
    path = folder / "written.py"
    body = "".join(f"    {line}\n" for line in statements)
    path.write_text(
        "import math\nimport numpy as np\nfrom minitensor_widgets import cuda, kernel\nN = 4\n"
        f"@kernel\ndef made({parameters}):\n{body}"
    )
    spec = importlib.util.spec_from_file_location("written", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.made


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


@kernel
def add_ten(a, out):
    i = cuda.threadIdx.x
    out[i] = a[i] + 10


@kernel
def zip_add(a, b, out):
    i = cuda.threadIdx.x
    out[i] = a[i] + b[i]


@kernel
def guarded(a, out, size):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i < size:
        out[i] = math.exp(-(a[i] ** 2) / 2)


@kernel
def map_2d(a, out):
    i, j = cuda.grid(2)
    rows, columns = a.shape
    if i < rows and j < columns:
        out[i, j] = max(a[i, j], 0.0) * 2


@kernel
def outer(a, b, out):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    j = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
    if i < len(a) and j < len(b):
        out[i, j] = a[i] * b[j]


@kernel
def block_sum(a, out, size):
    cache = cuda.shared.array(TPB, np.float32)
    i = cuda.grid(1)
    t = cuda.threadIdx.x
    cache[t] = a[i] if i < size else 0.0
    cuda.syncthreads()
    stride = TPB // 2
    while stride > 0:
        if t < stride:
            cache[t] += cache[t + stride]
        cuda.syncthreads()
        stride //= 2
    if t == 0:
        out[cuda.blockIdx.x] = cache[0]


@kernel
def prefix_sum(a, out, sums):
    """Hillis and Steele's scan in two buffers, one block at a time."""
    line = cuda.shared.array((2, TPB), np.float32)
    i = cuda.grid(1)
    t = cuda.threadIdx.x
    line[0, t] = a[i]
    cuda.syncthreads()
    now, reach = 0, 1
    while reach < TPB:
        value = line[now, t]
        if t >= reach:
            value += line[now, t - reach]
        line[1 - now, t] = value
        cuda.syncthreads()
        now = 1 - now
        reach *= 2
    out[i] = line[now, t]
    if t == TPB - 1:
        sums[cuda.blockIdx.x] = line[now, t]


@kernel
def tiled_matmul(a, b, out, size):
    left = cuda.shared.array((TILE, TILE), np.float32)
    right = cuda.shared.array((TILE, TILE), np.float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    row = cuda.blockIdx.y * TILE + y
    column = cuda.blockIdx.x * TILE + x
    total = 0.0
    for start in range(0, size, TILE):
        left[y, x] = a[row, start + x] if row < size and start + x < size else 0.0
        right[y, x] = b[start + y, column] if start + y < size and column < size else 0.0
        cuda.syncthreads()
        for k in range(TILE):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < size and column < size:
        out[row, column] = total


@kernel
def convolution(a, taps, out, size):
    """Each block reads its part of `a` and the halo of two elements behind it once."""
    part = cuda.shared.array(TPB + 2, np.float32)
    i = cuda.grid(1)
    t = cuda.threadIdx.x
    part[t] = a[i] if i < size else 0.0
    if t < 2:
        far = i + TPB
        part[t + TPB] = a[far] if far < size else 0.0
    cuda.syncthreads()
    if i < size:
        total = 0.0
        for k in range(3):
            total += part[t + k] * taps[k]
        out[i] = total


@kernel
def transpose(a, out):
    tile = cuda.shared.array((32, 33), np.float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    tile[y, x] = a[y, x]
    cuda.syncthreads()
    out[y, x] = tile[x, y]


@kernel
def transpose_without_padding(a, out):
    tile = cuda.shared.array((32, 32), np.float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    tile[y, x] = a[y, x]
    cuda.syncthreads()
    out[y, x] = tile[x, y]


@kernel
def saxpy(factor, x, y, size):
    for i in range(cuda.grid(1), size, cuda.gridsize(1)):
        y[i] += factor * x[i]


@kernel
def count_values(values, counts, largest):
    i = cuda.grid(1)
    if 0 <= i < values.shape[0]:
        cuda.atomic.add(counts, values[i] % 4, 1)
        cuda.atomic.max(largest, 0, values[i])


@kernel
def dot(a, b, out):
    cuda.atomic.add(out, 0, a[cuda.grid(1)] * b[cuda.grid(1)])


@kernel
def sorted_columns(a, out):
    """Each thread sorts a column in local memory; loops forth and back, and swaps."""
    column = cuda.local.array(5, np.float32)
    j = cuda.threadIdx.x
    for i in range(5):
        column[i] = a[i, j]
    for last in range(4, 0, -1):
        for i in range(last):
            if column[i] > column[i + 1]:
                column[i], column[i + 1] = column[i + 1], column[i]
    for i in range(5):
        out[i, j] = column[i]


@kernel
def cube(a, out):
    i, j, k = cuda.grid(3)
    out[i, j, k] = a[k, j, i] + i - j * k


def _windows(a: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(np.pad(a, (0, 2)), 3)


INTEGERS = np.random.default_rng(1).integers(0, 50, 20).astype(np.int32)
PROGRAMS = [
    Program(add_ten, 1, 4, lambda: [floats(4), zeros(4)], lambda a, o: {1: a + 10}),
    Program(
        zip_add, 1, 5, lambda: [floats(5), floats(5, seed=1), zeros(5)],
        lambda a, b, o: {2: a + b},
    ),
    Program(
        guarded, 3, 4, lambda: [floats(10), zeros(10), 10],
        lambda a, o, n: {1: np.exp(-(a**2) / 2)},
    ),
    Program(
        map_2d, (2, 3), (3, 2), lambda: [floats(5, 6), zeros(5, 6)],
        lambda a, o: {1: np.maximum(a, 0) * 2},
    ),
    Program(
        outer, (2, 2), (3, 3), lambda: [floats(5), floats(4, seed=1), zeros(5, 4)],
        lambda a, b, o: {2: np.outer(a, b)},
    ),
    Program(
        block_sum, 3, TPB, lambda: [floats(20), zeros(3), 20],
        lambda a, o, n: {1: np.pad(a, (0, 4)).reshape(3, 8).sum(1)},
    ),
    Program(
        prefix_sum, 2, TPB, lambda: [floats(16), zeros(16), zeros(2)],
        lambda a, o, s: {1: a.reshape(2, 8).cumsum(1).ravel(), 2: a.reshape(2, 8).sum(1)},
    ),
    Program(
        tiled_matmul, (2, 2), (TILE, TILE),
        lambda: [floats(7, 7), floats(7, 7, seed=1), zeros(7, 7), 7],
        lambda a, b, o, n: {2: a @ b},
    ),
    Program(
        convolution, 3, TPB, lambda: [floats(20), floats(3, seed=1), zeros(20), 20],
        lambda a, k, o, n: {2: _windows(a) @ k},
    ),
    Program(transpose, 1, (32, 32), lambda: [floats(32, 32), zeros(32, 32)], lambda a, o: {1: a.T}),
    Program(
        saxpy, 2, 4, lambda: [2.5, floats(30), floats(30, seed=1), 30],
        lambda f, x, y, n: {2: f * x + y},
    ),
    Program(
        count_values, 4, 6, lambda: [INTEGERS, np.zeros(4, np.int32), np.zeros(1, np.int32)],
        lambda v, c, m: {1: np.bincount(v % 4, minlength=4), 2: [v.max()]},
    ),
    Program(
        dot, 2, 4, lambda: [floats(8), floats(8, seed=1), zeros(1)],
        lambda a, b, o: {2: [a @ b]},
    ),
    Program(
        sorted_columns, 1, 6, lambda: [floats(5, 6), zeros(5, 6)],
        lambda a, o: {1: np.sort(a, axis=0)},
    ),
    Program(
        cube, (1, 3, 2), (2, 1, 2), lambda: [floats(4, 3, 2), zeros(2, 3, 4)],
        lambda a, o: {1: a.T + np.fromfunction(lambda i, j, k: i - j * k, (2, 3, 4))},
    ),
]  # fmt: skip

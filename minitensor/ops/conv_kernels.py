"""Convolution into given memory, with fewer multiplications where that pays.

Take a filter of r rows as the coefficients of a polynomial, and m rows of a cotangent as those of
another: their product has m + r - 1 coefficients, and is known from its values at m + r - 1 points.
At the points, products are element by element. So with m + r - 1 = 6, six products do the work of
r · m. A convolution is such a product transposed: with V(n) the values at the points of n
coefficients,

    m rows of the result = V(m)ᵀ ((V(r) filter) · (V(6)⁻ᵀ six rows of the image))

For 3 rows that is half the multiplications of a direct sum, for about twice its rounding error. The
points 0, ±√½, ±√2 and ∞ keep it that small. Along a row nothing is transformed: windows of a row
are runs of memory, so the matrices of the products are overlapping views and nothing is copied.

Infinities meet in these sums as inf - inf, and each NaN would spread over six rows: what is not
finite is computed again, directly. Read `SixPoints`, then `_correlate`.
Source: Winograd, Arithmetic Complexity of Computations (1980), chapter 4; Lavin & Gray, Fast
Algorithms for Convolutional Neural Networks (2016), section 4; choice of points: Barabasz,
Anderson, Soodhalter & Gregg, Error Analysis and Improving the Accuracy of Winograd Convolution for
Deep Neural Networks (2020), section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import prod, sqrt
from typing import Any, NamedTuple

import numpy as np

from minitensor.ops.conv import (
    conv2d,
    conv2d_backprop_filter,
    conv2d_backprop_input,
    convolve,
    send_back,
    sent_size,
    sum_products,
)
from minitensor.ops.windows import (
    Lent,
    Pair,
    Window,
    columns_size,
    frame,
    largest_block,
    padded_size,
    sizes_of,
    window_of,
    workspace,
)
from minitensor.shapes import Spec

__all__: list[str] = []

POINTS = (0, sqrt(0.5), -sqrt(0.5), sqrt(2), -sqrt(2))  # and infinity
# Elements of one part of the work. 64 images of 26×26×32 under 64 filters of 3×3 took 8.1 ms with
# 2 to 8 images a part (13.2 directly) with 256-bit instructions; with 512 bits, where products cost
# half, 4.0 ms with 2, and 4.6 with 4 or 8.
CACHED = 2**18
# With fewer channels, or a larger share of the direct multiplications, transforms cost more than
# they save (measured).
FEWEST, SHARE = 8, 0.75


@cache
def values(coefficients: int, dtype: np.dtype) -> np.ndarray:
    """V(n): what a polynomial of n coefficients is at the points; at ∞ it is its last one."""
    rows = [[p**k for k in range(coefficients)] for p in POINTS]
    return np.array([*rows, [0.0] * (coefficients - 1) + [1.0]]).astype(dtype)


@cache
def spreading(dtype: np.dtype) -> np.ndarray:
    """V(6)⁻ᵀ."""
    return np.linalg.inv(values(6, np.dtype(float))).T.astype(dtype)


class SixPoints(NamedTuple):
    """How images are cut: into parts of `images` each, and those into blocks of `step` rows."""

    images: int
    kernel: Pair
    out: Pair
    """Height and width of what the filters give."""
    channels: Pair
    """How many the images have, and how many the result."""

    @property
    def step(self) -> int:
        """How many rows of the result six rows of images give."""
        return 7 - self.kernel[0]

    @property
    def across(self) -> int:
        """The width of the images."""
        return self.out[1] + self.kernel[1] - 1

    @property
    def block(self) -> tuple[int, int]:
        """How many blocks one image has, and places (elements without channels) in a block."""
        return -(-self.out[0] // self.step), self.across

    @property
    def places(self) -> int:
        """How many places one part has, rounded up to windows that lie side by side."""
        wide = self.kernel[1]
        return -(-self.images * prod(self.block) // wide) * wide

    def padded(self) -> int:
        """How many elements a part of the images has with padding."""
        return self.images * (self.out[0] + self.kernel[0] - 1) * self.across * self.channels[0]


def six_points(window: Window, n: int, channels: Pair, out: Pair) -> SixPoints | None:
    """How to cut images so that multiplications are saved; None where that does not pay."""
    (high, wide), kh = out, window.size[0]
    pads = zip(window.pads, window.size, strict=True)
    plain = window.strides == window.dilations == (1, 1) and all(max(p) < k for p, k in pads)
    if not (plain and 2 <= kh <= 5 and n and min(channels) >= FEWEST and min(out) > 0):
        return None
    one = SixPoints(1, window.size, out, channels)
    if 6 * prod(one.block) > SHARE * kh * high * wide:
        return None
    return one._replace(images=largest(n, 6 * prod(one.block) * sum(channels)))


def largest(n: int, elements: int) -> int:
    """How many images a part has."""
    return min(max(1, CACHED // elements), n)


def room_for(cut: SixPoints, padded: bool, dtype: Any, turned: int = 0) -> tuple[Spec, ...]:
    """What `_correlate` works in: padded images, their transforms, products, weights, filters."""
    depth, channels = cut.channels
    spare = 2 * cut.kernel[1]
    return (
        Spec((cut.padded() if padded else 0,), dtype),
        Spec((6, cut.places + spare, depth), dtype),
        Spec((6, cut.places, channels), dtype),
        Spec((6, cut.kernel[1] * depth, channels), dtype),
        Spec((turned,), dtype),
    )


def view(array: np.ndarray, shape: tuple, strides: tuple) -> np.ndarray:
    """The memory of a contiguous array with other strides (in elements); may overlap itself."""
    size = array.itemsize
    return np.ndarray(shape, array.dtype, array, 0, tuple(s * size for s in strides))


def framed(images: np.ndarray, memory: np.ndarray, cut: SixPoints, corner: Pair) -> Callable:
    """The function from a slice of images to those images, at `corner` inside a frame of zeros.

    Without memory for a frame, to the images as they are.
    """
    if not memory.size:
        return lambda some: images[some]
    (kh, _), (high, _) = cut.kernel, cut.out
    whole = memory.reshape(-1, high + kh - 1, cut.across, images.shape[3])
    whole[...] = 0
    (top, left), (down, right) = corner, images.shape[1:3]
    hole = whole[:, top : top + down, left : left + right]

    def fill(some: slice) -> np.ndarray:
        part = images[some]
        hole[: len(part)] = part
        return whole[: len(part)]

    return fill


def _spread(matrix: np.ndarray, rows: np.ndarray, out: np.ndarray, step: int) -> None:
    """Multiply blocks of rows by the matrix; what the last block lacks counts as zeros.

    Shape: matrix (6, size), rows (n, height, run), out (n, blocks, 6, run); a block begins each
    `step` rows, and has `size`.
    """
    n, height, run = rows.shape
    size = matrix.shape[1]
    full = (height - size) // step + 1
    if full > 0:
        parts = view(rows, (n, full, size, run), (height * run, step * run, run, 1))
        np.matmul(matrix, parts, out=out[:, :full])
    if full < out.shape[1]:
        rest = rows[:, max(full, 0) * step :]
        np.matmul(matrix[:, : rest.shape[1]], rest, out=out[:, -1])


def _blocks(memory: np.ndarray, cut: SixPoints, n: int, wide: int) -> np.ndarray:
    """Transforms (6, places, channels) as rows of n images: (n, blocks, 6, wide · channels)."""
    (count, across), (_, places, channels) = cut.block, memory.shape
    strides = (count * across * channels, across * channels, places * channels, 1)
    return view(memory, (n, count, 6, wide * channels), strides)


def _runs(memory: np.ndarray, cut: SixPoints) -> np.ndarray:
    """All windows along rows as matrices: (6, kw, places / kw, kw · channels).

    BLAS wants rows that do not overlap: windows that lie side by side are one matrix, and those
    that begin one place later the next.
    """
    kw, (_, places, channels) = cut.kernel[1], memory.shape
    shape = (6, kw, cut.places // kw, kw * channels)
    return view(memory, shape, (places * channels, channels, kw * channels, 1))


def _correlate(
    out: np.ndarray, work: tuple, part: Callable, filters: np.ndarray, cut: SixPoints,
    direct: Callable,
) -> None:  # fmt: skip
    """Write the convolution of all parts into `out`; `direct(some)` does so without detour."""
    _, spread, products, weights, _ = work
    (kh, kw), (high, wide), (depth, channels) = cut.kernel, cut.out, cut.channels
    back = values(cut.step, out.dtype).T
    np.matmul(values(kh, out.dtype), filters.reshape(kh, -1), out=weights.reshape(6, -1))
    weights = weights.reshape(6, 1, kw * depth, channels)
    runs = _runs(spread, cut)
    results = view(products, (6, kw, cut.places // kw, channels),
                   (cut.places * channels, channels, kw * channels, 1))  # fmt: skip
    full, rest = divmod(high, cut.step)
    for start in range(0, len(out), cut.images):
        some = slice(start, start + cut.images)
        images, done = part(some), out[some]
        n = len(done)
        _spread(spreading(out.dtype), images.reshape(n, -1, cut.across * depth),
                _blocks(spread, cut, n, cut.across), cut.step)  # fmt: skip
        np.matmul(runs, weights, out=results)
        rows = _blocks(products, cut, n, wide)
        top = done[:, : high - rest].reshape(n, full, cut.step, wide * channels)
        np.matmul(back, rows[:, :full], out=top)
        if rest:
            bottom = done[:, high - rest :].reshape(n, rest, wide * channels)
            np.matmul(back[:rest], rows[:, full], out=bottom)
        if not _finite(done):
            direct(some)


def _finite(array: np.ndarray) -> bool:
    """Whether the sum of squares is finite: if so, all elements are."""
    flat = array.reshape(-1)
    return bool(np.isfinite(np.dot(flat, flat)))


def _half(dtype: Any) -> bool:
    return dtype.itemsize == 2


_NAMES = ("padded", "columns", "sum")


def _setting(image: tuple, kernel: tuple, attrs: dict) -> Window:
    return window_of(image, kernel, attrs["strides"], attrs["padding"], attrs.get("dilations"))


def conv2d_workspace(input: Spec, filters: Spec, **attrs: Any) -> tuple[Spec, ...]:
    """Memory for the way by six points, or else for windows as rows of a matrix."""
    (n, *image, depth), dtype = sizes_of(input), input.dtype
    window = _setting(tuple(image), filters.shape[:2], attrs)
    cut = six_points(window, n, (depth, sizes_of(filters)[3]), window.out)
    if _half(dtype):
        return (Spec((0,), dtype),)
    if cut:
        return room_for(cut, window.padded, dtype)
    size = columns_size(window, n, depth)
    return Spec((padded_size(window, tuple(image), n, depth),), dtype), Spec((size,), dtype)


@conv2d.into(workspace=conv2d_workspace)
def conv2d_into(
    out, work, input, filters, *, strides, padding, data_format="NHWC", dilations=None
):  # fmt: skip
    window = window_of(input.shape[1:3], filters.shape[:2], strides, padding, dilations)
    cut = six_points(window, len(input), filters.shape[2:], window.out)
    if _half(input.dtype):
        out[...] = conv2d.forward(np, input, filters, strides=strides, padding=padding,
                                  dilations=dilations)  # fmt: skip
    elif cut is None:
        convolve(np, out, input, filters, window, Lent(_NAMES[:2], work))
    else:

        def direct(some: slice) -> None:
            out[some] = conv2d.forward(np, input[some], filters, strides=strides, padding=padding)

        corner = window.pads[0][0], window.pads[1][0]
        _correlate(out, work, framed(input, work[0], cut, corner), filters, cut, direct)


def _turned_corner(window: Window) -> Pair:
    """Where a cotangent begins in the frame in which filters, turned round, slide over it."""
    return window.size[0] - 1 - window.pads[0][0], window.size[1] - 1 - window.pads[1][0]


def backprop_input_workspace(
    filters: Spec, out_backprop: Spec, *, input_sizes: Any, **attrs: Any
) -> tuple[Spec, ...]:
    """As conv2d_workspace, with turned filters; or else for what each filter element sends."""
    (n, *_, channels), dtype = sizes_of(out_backprop), out_backprop.dtype
    image, (*kernel, depth, _) = tuple(input_sizes)[-3:-1], sizes_of(filters)
    window = _setting(image, tuple(kernel), attrs)
    cut = six_points(window, n, (channels, depth), image)
    if _half(dtype):
        return (Spec((0,), dtype),)
    if cut:
        return room_for(cut, True, dtype, prod(sizes_of(filters)))
    images = largest_block(n, sent_size(window, image, depth, channels))
    padded = images * prod(frame(window, image)) * depth if window.padded else 0
    return Spec((padded,), dtype), Spec((images * prod(window.out) * depth,), dtype)


@conv2d_backprop_input.into(workspace=backprop_input_workspace)
def conv2d_backprop_input_into(
    out, work, filters, out_backprop, *, input_sizes, strides, padding, data_format="NHWC",
    dilations=None,
):  # fmt: skip
    image, g = out.shape[1:3], out_backprop
    window = window_of(image, filters.shape[:2], strides, padding, dilations)
    cut = six_points(window, len(g), (g.shape[3], filters.shape[2]), image)
    to = {"input_sizes": input_sizes, "strides": strides, "padding": padding,
          "dilations": dilations}  # fmt: skip
    if _half(g.dtype):
        out[...] = conv2d_backprop_input.forward(np, filters, g, **to)
    elif cut is None:
        send_back(np, out, filters, g, window, Lent(_NAMES[:2], work))
    else:

        def direct(some: slice) -> None:
            out[some] = conv2d_backprop_input.forward(np, filters, g[some], **to)

        turned = work[-1].reshape(*cut.kernel, *cut.channels)
        turned[...] = filters[::-1, ::-1].swapaxes(2, 3)
        part = framed(g, work[0], cut, _turned_corner(window))
        _correlate(out, work, part, turned, cut, direct)


def backprop_filter_workspace(
    input: Spec, out_backprop: Spec, *, filter_sizes: Any, **attrs: Any
) -> tuple[Spec, ...]:
    """Memory for transforms of images and cotangents, and for sums; or as conv2d_workspace."""
    (n, *image, depth), dtype = sizes_of(input), input.dtype
    kernel, channels = tuple(filter_sizes)[:2], sizes_of(out_backprop)[3]
    window = _setting(tuple(image), kernel, attrs)
    cut = six_points(window, n, (depth, channels), window.out)
    if _half(dtype):
        return (Spec((0,), dtype),)
    if cut:
        padded, spread, products, weights, _ = room_for(cut, window.padded, dtype)
        sums = Spec((kernel[1], *weights.shape), dtype)
        return padded, spread, products, weights, sums
    size = columns_size(window, n, depth)
    padded = padded_size(window, tuple(image), n, depth)
    return tuple(Spec((d,), dtype) for d in (padded, size, prod(filter_sizes)))


@conv2d_backprop_filter.into(workspace=backprop_filter_workspace)
def conv2d_backprop_filter_into(
    out, work, input, out_backprop, *, filter_sizes, strides, padding, data_format="NHWC",
    dilations=None,
):  # fmt: skip
    g = out_backprop
    window = window_of(input.shape[1:3], out.shape[:2], strides, padding, dilations)
    cut = six_points(window, len(input), out.shape[2:], window.out)
    if cut is not None and not _half(input.dtype):
        corner = window.pads[0][0], window.pads[1][0]
        _correlate_filter(out, work, framed(input, work[0], cut, corner), g, cut)
        if _finite(out):
            return
    elif not _half(input.dtype):
        sum_products(np, out, input, g, window, Lent(_NAMES, work))
        return
    out[...] = conv2d_backprop_filter.forward(
        np, input, g, filter_sizes=filter_sizes, strides=strides, padding=padding,
        dilations=dilations,
    )  # fmt: skip


def _correlate_filter(
    out: np.ndarray, work: tuple, part: Callable, g: np.ndarray, cut: SixPoints
) -> None:
    """V(r)ᵀ Σ (V(6)⁻ᵀ images) · (V(m) cotangents), summed over all places.

    The width of images is more than that of cotangents: there the cotangents are zero.
    """
    _, spread, cotangents, weights, sums = work
    (kh, kw), (_, wide), (depth, channels) = cut.kernel, cut.out, cut.channels
    spread[...] = 0
    cotangents[...] = 0
    weights[...] = 0
    runs = _runs(spread, cut).swapaxes(2, 3)
    back = view(cotangents, (6, kw, cut.places // kw, channels),
                (cut.places * channels, channels, kw * channels, 1))  # fmt: skip
    sums = sums.reshape(6, kw, kw * depth, channels)
    for start in range(0, len(g), cut.images):
        some = slice(start, start + cut.images)
        images, here = part(some), g[some]
        n = len(here)
        if n < cut.images:
            cotangents[...] = 0
        _spread(spreading(g.dtype), images.reshape(n, -1, cut.across * depth),
                _blocks(spread, cut, n, cut.across), cut.step)  # fmt: skip
        _spread(values(cut.step, g.dtype), here.reshape(n, -1, wide * channels),
                _blocks(cotangents, cut, n, wide), cut.step)  # fmt: skip
        np.matmul(runs, back, out=sums)
        for one in range(kw):
            np.add(weights, sums[:, one], out=weights)
    np.matmul(values(kh, g.dtype).T, weights.reshape(6, -1), out=out.reshape(kh, -1))


def _register_eager(op: Any) -> None:
    """Let eager execution use the same kernel, so that a function gives what its ops give."""

    @op.kernel("numpy")
    def run(xp: Any, *arrays: Any, **attrs: Any) -> Any:
        arrays = tuple(np.ascontiguousarray(a) for a in arrays)
        specs = [Spec(a.shape, a.dtype) for a in arrays]
        work = tuple(
            workspace.take(np, f"lent {i}", spec.shape, spec.dtype)
            for i, spec in enumerate(op.workspace(*specs, **attrs))
        )
        out = np.empty(op.infer(*specs, **attrs).shape, arrays[0].dtype)
        op.write(out, work, *arrays, **attrs)
        return out


for _op in (conv2d, conv2d_backprop_input, conv2d_backprop_filter):
    _register_eager(_op)

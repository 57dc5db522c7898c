"""Pooling: the largest or the mean element of each window, channel by channel.

A window is visited one position at a time: for 2×2 windows four passes over shifted images, a few
images at a time. Which element was the largest is found again by comparing with the result, so
nothing has to be stored between the forward and the backward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import convert, op
from minitensor.ops.array import expand_dims, squeeze
from minitensor.ops.windows import (
    Window,
    blocks,
    frame,
    images_only,
    inside,
    padded,
    pair_of,
    taps,
    window_of,
    workspace,
)
from minitensor.shapes import Spec

__all__ = ["avg_pool", "avg_pool1d", "avg_pool2d", "avg_pool_backprop", "max_pool", "max_pool1d",
           "max_pool2d", "max_pool_backprop", "max_pool_select"]  # fmt: skip


def _window(images: Any, ksize: Any, strides: Any, padding: Any) -> Window:
    return window_of(images.shape[1:3], pair_of(ksize, "ksize"), strides, padding)


def _pool_spec(input: Spec, *, ksize: Any, strides: Any, padding: Any,
               data_format: Any = "NHWC") -> Spec:  # fmt: skip
    images_only(data_format)
    if len(input.shape) != 4:
        raise Fault(f"the input has rank {len(input.shape)}",
                    "images have the four axes (batch, height, width, channels)",
                    "add a missing axis with mt.expand_dims, or use the 1d form")  # fmt: skip
    window = _window(input, ksize, strides, padding)
    return Spec((input.shape[0], *window.out, input.shape[3]), input.dtype)


_SETTINGS = [
    ((2, 4, 6, 2), {"ksize": 2, "strides": 2, "padding": "VALID"}),
    ((1, 5, 4, 2), {"ksize": (3, 2), "strides": (1, 2), "padding": "SAME"}),
    ((1, 5, 5, 1), {"ksize": (1, 2, 2, 1), "strides": (1, 3, 3, 1), "padding": "VALID"}),
    ((0, 3, 3, 2), {"ksize": 2, "strides": 1, "padding": "SAME"}),
]


def _result(image: tuple, attrs: dict) -> tuple:
    window = window_of(image[1:3], pair_of(attrs["ksize"], ""), attrs["strides"], attrs["padding"])
    return (image[0], *window.out, image[3])


_POOLS = samples.cases(*(((x,), attrs) for x, attrs in _SETTINGS))
_PAIRS = samples.cases(*(((x, _result(x, attrs)), attrs) for x, attrs in _SETTINGS))
_TWINS = samples.cases(*(((x, x), attrs) for x, attrs in _SETTINGS))
_SPREAD = samples.cases(
    *(((_result(x, attrs),), {"input_sizes": x, **attrs}) for x, attrs in _SETTINGS)
)


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind not in "iu" else np.iinfo(dtype).min


def _hits(xp: Any, part: Any, largest: Any, window: Window) -> Any:
    """For each position in the windows: where to look, and in which windows the maximum is there.

    The first position that holds the maximum takes it. `~(a < b)`, not `a >= b`, finds NaN too.
    """
    free = xp.ones(largest.shape, dtype=bool)
    for _, _, under in taps(window):
        smaller = part[under] < largest
        yield under, free & ~smaller
        free &= smaller


# Assigning into parts of an array is beyond the array API standard, here and below.
@op(infer=_pool_spec, samples=_POOLS, kinds="fiu", portable=False)
def max_pool2d(xp, input, *, ksize, strides, padding, data_format="NHWC"):
    """The largest element of each window. The gradient goes to the first one that is largest.

    Shape: (batch, height, width, c) → (batch, positions down, positions right, c). `ksize` is the
    window's size, `strides` its step, as in conv2d; padding never wins.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.constant([1.0, 5.0, 2.0, 3.0]), [1, 2, 2, 1])
        >>> mt.reshape(mt.nn.max_pool2d(image, ksize=2, strides=2, padding="VALID"), [-1]).numpy()
        array([5.], dtype=float32)
    """
    window = _window(input, ksize, strides, padding)
    n, _, _, c = input.shape
    out = xp.empty((n, *window.out, c), dtype=input.dtype)
    for some in blocks(xp, n, input[:1].size):
        part = padded(xp, input[some], window, _lowest(input.dtype))
        largest = out[some]
        for i, j, under in taps(window):
            if i == j == 0:
                largest[...] = part[under]
            else:
                xp.maximum(largest, part[under], out=largest)
    return out


@max_pool2d.gradient
def max_pool2d_gradient(xp, g, out, input, *, ksize, strides, padding, data_format="NHWC"):
    """`g at the largest element of each window`."""
    return max_pool_backprop.on(xp, input, g, ksize=ksize, strides=strides, padding=padding)


def _first(input: Spec, *_: Any, **__: Any) -> Spec:
    return input


@op(infer=_first, samples=_PAIRS, kinds="f", portable=False)
def max_pool_backprop(xp, input, out_backprop, *, ksize, strides, padding):
    """The gradient of max_pool2d: each window's cotangent, at the first of its largest elements.

    Shape: images, (batch, positions down, positions right, c) → shape of the images.
    """
    window = _window(input, ksize, strides, padding)
    whole = (*frame(window, input.shape[1:3]), input.shape[3])
    out = xp.empty(input.shape, dtype=input.dtype)
    for some in blocks(xp, len(out), input[:1].size):
        part, g = padded(xp, input[some], window, _lowest(input.dtype)), out_backprop[some]
        largest = _largest(xp, part, window)
        sums = workspace.take(xp, "columns", (len(part), *whole), input.dtype)
        sums[...] = 0
        for under, here in _hits(xp, part, largest, window):
            sums[under] += xp.where(here, g, xp.zeros_like(g))
        out[some] = sums[inside(window, input.shape[1:3])]
    return out


def _largest(xp: Any, part: Any, window: Window) -> Any:
    views = [part[under] for _, _, under in taps(window)]
    largest = views[0].copy()
    for view in views[1:]:
        xp.maximum(largest, view, out=largest)
    return largest


@max_pool_backprop.gradient
def max_pool_backprop_gradient(xp, g, out, input, out_backprop, *, ksize, strides, padding):
    return None, lambda: max_pool_select.on(
        xp, input, g, ksize=ksize, strides=strides, padding=padding
    )


def _select_spec(input: Spec, values: Spec, **attrs: Any) -> Spec:
    return _pool_spec(input, **attrs)


@op(infer=_select_spec, samples=_TWINS, kinds="f", portable=False)
def max_pool_select(xp, input, values, *, ksize, strides, padding):
    """From `values`, the element of each window where `input` has its first largest one.

    Shape: images, same → (batch, positions down, positions right, c).
    """
    window = _window(input, ksize, strides, padding)
    part = padded(xp, input, window, _lowest(input.dtype)).copy()
    values = padded(xp, values, window)
    out = xp.zeros((len(part), *window.out, part.shape[3]), dtype=values.dtype)
    for under, here in _hits(xp, part, _largest(xp, part, window), window):
        out += xp.where(here, values[under], xp.zeros_like(out))
    return out


@max_pool_select.gradient
def max_pool_select_gradient(xp, g, out, input, values, *, ksize, strides, padding):
    return None, lambda: max_pool_backprop.on(
        xp, input, g, ksize=ksize, strides=strides, padding=padding
    )


def _share(xp: Any, window: Window, image: tuple, dtype: Any) -> Any:
    """One divided by how many elements of the image each window covers, (down, right, 1)."""
    counts = []
    for axis in (0, 1):
        first = np.arange(window.out[axis]) * window.strides[axis] - window.pads[axis][0]
        last = np.minimum(first + window.size[axis], image[axis])
        counts.append(last - np.maximum(first, 0))
    return xp.asarray(1 / np.outer(*counts)[:, :, None], dtype=dtype)


@op(infer=_pool_spec, samples=_POOLS, kinds="f", portable=False)
def avg_pool2d(xp, input, *, ksize, strides, padding, data_format="NHWC"):
    """The mean of each window; padding does not count.

    Shape: (batch, height, width, c) → (batch, positions down, positions right, c). Arguments as in
    max_pool2d.
    """
    window = _window(input, ksize, strides, padding)
    n, _, _, c = input.shape
    out = xp.zeros((n, *window.out, c), dtype=input.dtype)
    for some in blocks(xp, n, input[:1].size):
        part = padded(xp, input[some], window)
        for _, _, under in taps(window):
            out[some] += part[under]
    out *= _share(xp, window, input.shape[1:3], out.dtype)
    return out


@avg_pool2d.gradient
def avg_pool2d_gradient(xp, g, out, input, *, ksize, strides, padding, data_format="NHWC"):
    """`g / window size, spread over each window`."""
    sizes = tuple(input.shape)
    return avg_pool_backprop.on(
        xp, g, input_sizes=sizes, ksize=ksize, strides=strides, padding=padding
    )


def _spread_spec(out_backprop: Spec, *, input_sizes: Any, **_: Any) -> Spec:
    return Spec((out_backprop.shape[0], *tuple(input_sizes)[1:]), out_backprop.dtype)


@op(infer=_spread_spec, samples=_SPREAD, kinds="f", portable=False)
def avg_pool_backprop(xp, out_backprop, *, input_sizes, ksize, strides, padding):
    """The gradient of avg_pool2d: each window's cotangent, shared out over its elements.

    Shape: (batch, positions down, positions right, c) → input_sizes.
    """
    image = tuple(input_sizes)[1:3]
    window = window_of(image, pair_of(ksize, "ksize"), strides, padding)
    n, c = len(out_backprop), out_backprop.shape[3]
    whole = frame(window, image)
    shared = out_backprop * _share(xp, window, image, out_backprop.dtype)
    out = xp.empty((n, *image, c), dtype=out_backprop.dtype)
    for some in blocks(xp, n, whole[0] * whole[1] * c):
        sums = workspace.take(xp, "padded", (len(out[some]), *whole, c), out.dtype)
        sums[...] = 0
        for _, _, under in taps(window):
            sums[under] += shared[some]
        out[some] = sums[inside(window, image)]
    return out


@avg_pool_backprop.gradient
def avg_pool_backprop_gradient(xp, g, out, out_backprop, *, input_sizes, ksize, strides, padding):
    return avg_pool2d.on(xp, g, ksize=ksize, strides=strides, padding=padding)


def _flat(value: Any) -> Any:
    numbers = list(value) if isinstance(value, (tuple, list)) else [value]
    return [1, numbers[1] if len(numbers) == 3 else numbers[0]]


def _pool1d(pool: Any, input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any,
            name: str | None) -> Any:  # fmt: skip
    images = {"NWC": "NHWC", "NCW": "NCHW"}.get(data_format, data_format)
    padding = padding if isinstance(padding, str) else [padding[0], [0, 0], *padding[1:]]
    out = pool(expand_dims(input, axis=1), ksize=_flat(ksize), strides=_flat(strides),
               padding=padding, data_format=images, name=name)  # fmt: skip
    return squeeze(out, axis=1)


def max_pool1d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The largest element of each window of sequences.

    Shape: (batch, time, c) → (batch, positions, c).
    """
    return _pool1d(max_pool2d, convert(input), ksize, strides, padding, data_format, name)


def avg_pool1d(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NWC",
               name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window of sequences; padding does not count.

    Shape: (batch, time, c) → (batch, positions, c).
    """
    return _pool1d(avg_pool2d, convert(input), ksize, strides, padding, data_format, name)


def max_pool(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
             name: str | None = None) -> Any:  # fmt: skip
    """The largest element of each window of sequences (rank 3) or images (rank 4).

    Shape: (batch, …, c) → (batch, positions …, c).
    """
    input = convert(input)
    pool = max_pool1d if len(input.shape) == 3 else max_pool2d
    return pool(input, ksize, strides, padding, data_format, name=name)


def avg_pool(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None,
             name: str | None = None) -> Any:  # fmt: skip
    """The mean of each window of sequences (rank 3) or images (rank 4); padding does not count.

    Shape: (batch, …, c) → (batch, positions …, c).
    """
    input = convert(input)
    pool = avg_pool1d if len(input.shape) == 3 else avg_pool2d
    return pool(input, ksize, strides, padding, data_format, name=name)

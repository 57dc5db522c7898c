"""Pooling: the largest or the mean element of each window, channel by channel.

A window is visited one position at a time: for 2×2 windows four passes over shifted images, a few
images at a time. Which element was the largest is found again by comparing with the result, so
nothing has to be stored between the forward and the backward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import convert, op
from minitensor.ops.array import expand_dims, squeeze
from minitensor.ops.windows import (
    Lent,
    Room,
    Window,
    blocks,
    frame,
    images_only,
    inside,
    largest_block,
    padded,
    padded_size,
    pair_of,
    sizes_of,
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


# Integers that can hold the bits of floats.
WORDS = {size: np.dtype(f"i{size}") for size in (2, 4, 8)}


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind not in "iu" else np.iinfo(dtype).min


def _hits(xp: Any, part: Any, largest: Any, window: Window, room: Room) -> Iterator[tuple]:
    """For each position in the windows: where to look, and in which windows the maximum is there.

    The first position that holds the maximum takes it. `~(a < b)`, not `a >= b`, finds NaN too.
    """
    flags = room.take(xp, "flags", (3, *largest.shape), np.dtype(bool))
    free, smaller, here = flags
    free[...] = True
    for _, _, under in taps(window):
        xp.less(part[under], largest, out=smaller)
        xp.greater(free, smaller, out=here)
        yield under, here
        free &= smaller


def _kept(xp: Any, values: Any, here: Any, out: Any) -> None:
    """The values where they are wanted, 0 elsewhere.

    As integers times 0 or 1: no branch, on which a processor would guess wrong at every other
    element, and exact for inf and NaN.
    """
    word = WORDS[out.dtype.itemsize]
    xp.multiply(values.view(word), here, out=out.view(word))


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
    _pool_largest(xp, out, input, window, workspace)
    return out


def _pool_largest(xp: Any, out: Any, input: Any, window: Window, room: Room) -> None:
    for some in blocks(xp, len(out), prod(input.shape[1:])):
        part = padded(xp, input[some], window, _lowest(input.dtype), room)
        _largest(xp, part, window, out[some])


def _largest(xp: Any, part: Any, window: Window, out: Any) -> Any:
    for i, j, under in taps(window):
        if i == j == 0:
            out[...] = part[under]
        else:
            xp.maximum(out, part[under], out=out)
    return out


def _pool_workspace(input: Spec, *, ksize: Any, strides: Any, padding: Any, **_: Any) -> tuple:
    """Memory for a padded part of the images."""
    (n, *image, c), window = sizes_of(input), _window(input, ksize, strides, padding)
    images = largest_block(n, prod(image) * c)
    return (Spec((padded_size(window, tuple(image), images, c),), input.dtype),)


@max_pool2d.into(workspace=_pool_workspace)
def max_pool2d_into(out, work, input, *, ksize, strides, padding, data_format="NHWC"):
    window = _window(input, ksize, strides, padding)
    _pool_largest(np, out, input, window, Lent(("padded",), work))


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
    out = xp.empty(input.shape, dtype=input.dtype)
    window = _window(input, ksize, strides, padding)
    _send_to_largest(xp, out, input, xp.ascontiguousarray(out_backprop), window, workspace)
    return out


def _send_to_largest(
    xp: Any, out: Any, input: Any, g: Any, window: Window, room: Room
) -> None:  # fmt: skip
    """Write into `out` the sum of what arrives at each element."""
    image, c = input.shape[1:3], input.shape[3]
    covered = window.apart and prod(window.out) * prod(window.size) == prod(frame(window, image))
    for some in blocks(xp, len(out), 3 * prod(input.shape[1:])):  # more than images is at work
        part, sums = padded(xp, input[some], window, _lowest(input.dtype), room), out[some]
        if window.padded:
            sums = room.take(xp, "sums", (len(part), *frame(window, image), c), out.dtype)
        largest, sent = room.take(xp, "windows", (2, len(part), *window.out, c), out.dtype)
        _largest(xp, part, window, largest)
        if not covered:
            sums[...] = 0
        for under, here in _hits(xp, part, largest, window, room):
            if window.apart:
                _kept(xp, g[some], here, sums[under])
            else:
                _kept(xp, g[some], here, sent)
                sums[under] += sent
        if window.padded:
            out[some] = sums[inside(window, image)]


_NAMES = ("padded", "sums", "windows", "flags")


def _hits_workspace(input: Spec, *_: Spec, **attrs: Any) -> tuple:
    """Memory for parts of padded images and of sums, and for what `_hits` needs."""
    (n, *image, c), dtype = sizes_of(input), input.dtype
    (pads,), window = _pool_workspace(input, **attrs), _window(input, **attrs)
    places = largest_block(n, prod(image) * c) * prod(window.out) * c
    flags = Spec((3 * places,), np.dtype(bool))
    return pads, pads, Spec((2 * places,), dtype), flags


@max_pool_backprop.into(workspace=_hits_workspace)
def max_pool_backprop_into(out, work, input, out_backprop, *, ksize, strides, padding):
    window = _window(input, ksize, strides, padding)
    _send_to_largest(np, out, input, out_backprop, window, Lent(_NAMES, work))


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
    values = padded(xp, xp.ascontiguousarray(values), window)
    largest, out, sent = xp.zeros((3, len(part), *window.out, part.shape[3]), dtype=values.dtype)
    _largest(xp, part, window, largest)
    for under, here in _hits(xp, part, largest, window, workspace):
        _kept(xp, values[under], here, sent)
        out += sent
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
    out = xp.empty((len(input), *window.out, input.shape[3]), dtype=input.dtype)
    _pool_mean(xp, out, input, window, workspace)
    return out


def _pool_mean(xp: Any, out: Any, input: Any, window: Window, room: Room) -> None:
    share = _share(xp, window, input.shape[1:3], out.dtype)
    for some in blocks(xp, len(out), prod(input.shape[1:])):
        part, total = padded(xp, input[some], window, room=room), out[some]
        for i, j, under in taps(window):
            if i == j == 0:
                total[...] = part[under]
            else:
                total += part[under]
        total *= share


@avg_pool2d.into(workspace=_pool_workspace)
def avg_pool2d_into(out, work, input, *, ksize, strides, padding, data_format="NHWC"):
    window = _window(input, ksize, strides, padding)
    _pool_mean(np, out, input, window, Lent(_NAMES[:1], work))


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
    g, image = out_backprop, tuple(input_sizes)[1:3]
    window = window_of(image, pair_of(ksize, "ksize"), strides, padding)
    out = xp.empty((len(g), *image, g.shape[3]), dtype=g.dtype)
    _send_shares(xp, out, g, window, workspace)
    return out


def _send_shares(xp: Any, out: Any, g: Any, window: Window, room: Room) -> None:
    """Write into `out` the sum of what the windows over each element send it."""
    image, c = out.shape[1:3], out.shape[3]
    share = _share(xp, window, image, out.dtype)
    for some in blocks(xp, len(out), prod(out.shape[1:])):
        sums, shared = out[some], room.take(xp, "windows", g[some].shape, g.dtype)
        xp.multiply(g[some], share, out=shared)
        if window.padded:
            sums = room.take(xp, "padded", (len(sums), *frame(window, image), c), out.dtype)
        sums[...] = 0
        for _, _, under in taps(window):
            sums[under] += shared
        if window.padded:
            out[some] = sums[inside(window, image)]


def _shares_workspace(out_backprop: Spec, *, input_sizes: Any, **attrs: Any) -> tuple:
    """Memory for a padded part of the sums, and for the shares of its windows."""
    (n, high, wide, c), (_, down, right, _) = sizes_of(out_backprop), input_sizes
    (padded,) = _pool_workspace(Spec((n, down, right, c), out_backprop.dtype), **attrs)
    shared = largest_block(n, down * right * c) * high * wide * c
    return padded, Spec((shared,), out_backprop.dtype)


@avg_pool_backprop.into(workspace=_shares_workspace)
def avg_pool_backprop_into(
    out, work, out_backprop, *, input_sizes, ksize, strides, padding
):  # fmt: skip
    window = window_of(out.shape[1:3], pair_of(ksize, "ksize"), strides, padding)
    _send_shares(np, out, out_backprop, window, Lent(("padded", "windows"), work))


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

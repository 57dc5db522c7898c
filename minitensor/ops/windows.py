"""Sliding windows over images: where they lie, and how to walk over them in cache-sized parts.

What convolution and pooling share. Images are (batch, height, width, channels). There are two ways
to walk: `columns` lays the windows of a few images out as the rows of a matrix (im2col), `taps`
visits one position inside all windows at a time.
Source: Chellapilla, Puri & Simard, High performance convolutional neural networks for document
processing (2006), section 3.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minitensor.errors import Fault
from minitensor.shapes import Spec

__all__: list[str] = []

# Elements of one part of the work, so that it stays near a core's L2 cache. 64 images of 26×26×32
# under 64 filters of 3×3 took 7.4 ms with 2 to 4 images a part, 7.8 with 1, 9 with all of them.
CACHED = 2**19
FEW_CHANNELS = 2

Pair = tuple[int, int]


class Window(NamedTuple):
    """The geometry of a kernel that slides over images: height first, width second."""

    size: Pair
    strides: Pair
    dilations: Pair
    pads: tuple[Pair, Pair]
    """Rows of zeros above and below, columns left and right."""
    out: tuple[Any, Any]
    """How many positions the window takes; None where that is not known yet."""

    @property
    def padded(self) -> bool:
        """Whether there is any padding."""
        return any(map(any, self.pads))

    @property
    def apart(self) -> bool:
        """Whether no two positions of the window overlap."""
        return all(s >= k for s, k in zip(self.strides, self.size, strict=True))


def pair_of(value: Any, name: str) -> Pair:
    """Strides, dilations or a pool size as (height, width), from any form TensorFlow takes."""
    numbers = [operator.index(v) for v in (value if isinstance(value, (tuple, list)) else [value])]
    if len(numbers) == 4 and numbers[0] == numbers[3] == 1:
        numbers = numbers[1:3]
    elif len(numbers) == 1:
        numbers *= 2
    if len(numbers) != 2 or min(numbers) < 1:
        raise Fault(f"{name}={value!r} is not understood",
                    f"{name} is a positive number, (height, width), or (1, height, width, 1): "
                    "windows do not move over images or channels",
                    f"for example {name}=2")  # fmt: skip
    return numbers[0], numbers[1]


def window_of(
    image: tuple, size: tuple, strides: Any, padding: Any, dilations: Any = None
) -> Window:
    """Place a window of `size` on images of (height, width) `image`.

    "VALID" keeps the window inside; "SAME" pads with zeros so that ceil(size / stride) positions
    fit, the odd zero below or on the right; explicit padding is [[0, 0], [above, below], [left,
    right], [0, 0]].
    """
    strides = pair_of(strides, "strides")
    dilations = pair_of(1 if dilations is None else dilations, "dilations")
    spans: list[Any] = [
        None if k is None else (k - 1) * d + 1 for k, d in zip(size, dilations, strict=True)
    ]
    pads: list[Pair] = []
    out: list[Any] = []
    for axis in (0, 1):
        n, span, step = image[axis], spans[axis], strides[axis]
        before, after = _pads(padding, axis, n or 0, span or 1, step)
        pads.append((before, after))
        if n is None or span is None:
            out.append(None)
            continue
        count = (n + before + after - span) // step + 1
        if count < 1 and n:
            raise Fault(f"the window spans {spans[0]}×{spans[1]} elements and the image has "
                        f"{image[0]}×{image[1]}", "a window must fit inside the padded image",
                        'use padding="SAME", a smaller window, or larger images')  # fmt: skip
        out.append(max(count, 0))
    return Window((size[0], size[1]), strides, dilations, (pads[0], pads[1]), (out[0], out[1]))


def _pads(padding: Any, axis: int, n: int, span: int, step: int) -> Pair:
    word = str(padding).upper()
    if word == "VALID":
        return 0, 0
    if word == "SAME":
        total = max((-(-n // step) - 1) * step + span - n, 0)
        return total // 2, total - total // 2
    explicit = [] if isinstance(padding, str) else [tuple(p) for p in padding]
    if [len(p) for p in explicit] == [2] * 4 and not any((*explicit[0], *explicit[3])):
        before, after = map(operator.index, explicit[axis + 1])
        if min(before, after) >= 0:
            return before, after
    raise Fault(f"padding={padding!r} is not understood",
                'padding is "SAME", "VALID", or explicit numbers of zeros',
                "write for example padding=[[0, 0], [1, 1], [1, 1], [0, 0]]")  # fmt: skip


def images_only(data_format: Any) -> None:
    """Refuse channels first, as TensorFlow does on a CPU."""
    if data_format not in (None, "NHWC"):
        raise Fault(f"data_format={data_format!r} is not supported", "channels stand last: 'NHWC'",
                    "transpose images (batch, channels, height, width) with "
                    "mt.transpose(x, [0, 2, 3, 1])")  # fmt: skip


class Workspace(threading.local):
    """One buffer per name and thread that kernels fill again and again; never part of a result."""

    def __init__(self) -> None:
        self.buffers: dict[str, np.ndarray] = {}

    def take(self, xp: Any, name: str, shape: tuple, dtype: Any) -> Any:
        """An array with any contents; valid until the same name is taken again."""
        if xp is not np:  # cupy reuses memory by itself
            return xp.empty(shape, dtype=dtype)
        size = prod(shape) * dtype.itemsize
        buffer = self.buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = np.empty(size, np.uint8)
            if size <= 32 * CACHED:  # give very large ones back
                self.buffers[name] = buffer
        return buffer[:size].view(dtype).reshape(shape)


workspace = Workspace()


class Lent:
    """Memory that a caller lends for one call, in the place of the thread's own workspace."""

    def __init__(self, names: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
        self.arrays = dict(zip(names, arrays, strict=True))

    def take(self, xp: Any, name: str, shape: tuple, dtype: Any) -> Any:
        """The array lent under this name, or its beginning, in this shape."""
        return self.arrays[name][: prod(shape)].reshape(shape)


Room = Workspace | Lent


def largest_block(count: int, elements: int) -> int:
    """How many things the largest slice of `blocks` has on a CPU."""
    return min(max(1, CACHED // max(elements, 1)), count)


def columns_size(window: Window, n: int, c: int) -> int:
    """How many elements the largest matrix of `columns` has on a CPU, for n images."""
    high, row = window.out[0], window.out[1] * prod(window.size) * c
    images = largest_block(n, high * row)
    return images * largest_block(high, images * row) * row


def sizes_of(spec: Spec) -> tuple[Any, ...]:
    """A shape that is wholly known, as it is when a graph is compiled."""
    return spec.shape


def padded_size(window: Window, image: tuple, n: int, c: int) -> int:
    """How many elements a padded part of those images has; 0 without padding."""
    return n * prod(frame(window, image)) * c if window.padded else 0


def blocks(xp: Any, count: int, elements: int) -> Iterator[slice]:
    """Slices of `count` things that hold `elements` each, so that one part stays in the cache."""
    budget = CACHED if xp is np else 256 * CACHED
    step = max(1, budget // max(elements, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def padded(xp: Any, images: Any, window: Window, fill: float = 0, room: Room = workspace) -> Any:
    """The images with their padding, in a workspace; the images themselves without padding."""
    if not window.padded:
        return images
    n, h, w, c = images.shape
    (top, bottom), (left, right) = window.pads
    out = room.take(xp, "padded", (n, top + h + bottom, left + w + right, c), images.dtype)
    out[:, :top], out[:, top + h :] = fill, fill
    out[:, :, :left], out[:, :, left + w :] = fill, fill
    out[:, top : top + h, left : left + w] = images
    return out


def columns(
    xp: Any, images: Any, window: Window, room: Room = workspace
) -> Iterator[tuple[slice, slice, Any]]:
    """Lay windows out as matrix rows, part by part: (which images, which rows of them, matrix).

    Shape: matrix (images · rows · out width, kernel height · kernel width · channels). It lies in
    `room`: the next part overwrites it.
    """
    n, _, _, c = images.shape
    high, wide = window.out
    row = wide * prod(window.size) * c
    for some in blocks(xp, n, high * row):
        part = padded(xp, images[some], window, room=room)
        for rows in blocks(xp, high, len(part) * row):
            yield some, rows, _unfold(xp, part, window, rows, room)


def _unfold(xp: Any, part: Any, window: Window, rows: slice, room: Room) -> Any:
    """Copy the windows at some rows of positions into a matrix."""
    n, _, _, c = part.shape
    (kh, kw), (sh, sw), (dh, dw) = window.size, window.strides, window.dilations
    image, down, right, channel = part.strides
    places = (n, rows.stop - rows.start, window.out[1])
    place_strides = (image, down * sh, right * sw)
    tap_strides = (down * dh, right * dw, channel)
    part = part[:, rows.start * sh :]
    strided = xp.lib.stride_tricks.as_strided
    if c > FEW_CHANNELS:
        matrix = room.take(xp, "columns", (*places, kh, kw, c), part.dtype)
        matrix[...] = strided(part, matrix.shape, place_strides + tap_strides)
        return matrix.reshape(-1, kh * kw * c)
    # A short run of channels copies slowly, so the positions, a long run, stand last.
    matrix = room.take(xp, "columns", (kh, kw, c, *places), part.dtype)
    matrix[...] = strided(part, matrix.shape, tap_strides + place_strides)
    return matrix.reshape(kh * kw * c, -1).T


def taps(window: Window) -> Iterator[tuple[int, int, tuple]]:
    """Each position (i, j) inside the window, and the index of what lies there in padded images."""
    (sh, sw), (dh, dw), (high, wide) = window.strides, window.dilations, window.out
    for i in range(window.size[0]):
        for j in range(window.size[1]):
            down = slice(i * dh, i * dh + (high - 1) * sh + 1, sh)
            right = slice(j * dw, j * dw + (wide - 1) * sw + 1, sw)
            yield i, j, (slice(None), down, right)


def inside(window: Window, image: tuple) -> tuple:
    """The index of the images inside their padding."""
    (top, _), (left, _) = window.pads
    return slice(None), slice(top, top + image[0]), slice(left, left + image[1])


def frame(window: Window, image: tuple) -> tuple[int, int]:
    """Height and width of a padded image."""
    return tuple(n + sum(p) for n, p in zip(image, window.pads, strict=True))

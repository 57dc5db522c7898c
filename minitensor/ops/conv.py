"""Convolution of images with filters, as machine learning means it: without turning the filter.

The forward pass lays windows out as rows of a matrix, a few images at a time, and multiplies it by
the filters: one matrix product per part (see `windows`). conv2d is linear in the images and in the
filters, and so are its two gradients. These three ops are each other's gradients, to any order.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import convert, op
from minitensor.ops.array import expand_dims, squeeze
from minitensor.ops.windows import (
    Room,
    Window,
    blocks,
    columns,
    frame,
    images_only,
    inside,
    taps,
    window_of,
    workspace,
)
from minitensor.shapes import Spec

__all__ = ["conv1d", "conv1d_transpose", "conv2d", "conv2d_backprop_filter",
           "conv2d_backprop_input", "conv2d_transpose"]  # fmt: skip


def _rank_4(x: Any, name: str, axes: str) -> None:
    if len(x.shape) != 4:
        raise Fault(f"{name} has rank {len(x.shape)}", f"{name} has the four axes {axes}",
                    "add a missing axis with mt.expand_dims or x[..., None]")  # fmt: skip


def _checked(input: Any, filters: Any) -> None:
    _rank_4(input, "the input", "(batch, height, width, channels)")
    _rank_4(filters, "filters", "(height, width, channels in, channels out)")
    depths = {input.shape[3], filters.shape[2]} - {None}
    if len(depths) > 1:
        raise Fault(f"the input has {input.shape[3]} channels (its last axis), the filters take "
                    f"{filters.shape[2]} (their third axis)", "both must be the same",
                    "make filters of shape (height, width, "
                    f"{input.shape[3]}, channels out)")  # fmt: skip


def _conv2d_spec(input: Spec, filters: Spec, *, strides: Any, padding: Any,
                 data_format: Any = "NHWC", dilations: Any = None) -> Spec:  # fmt: skip
    images_only(data_format)
    _checked(input, filters)
    window = window_of(input.shape[1:3], filters.shape[:2], strides, padding, dilations)
    return Spec((input.shape[0], *window.out, filters.shape[3]), input.dtype)


_SETTINGS = [
    ((2, 5, 4, 3), (3, 2, 3, 2), {"strides": 1, "padding": "VALID"}),
    ((2, 5, 4, 1), (3, 2, 1, 2), {"strides": (1, 1, 1, 1), "padding": "SAME"}),
    ((1, 6, 5, 2), (3, 3, 2, 3), {"strides": (2, 1), "padding": "SAME"}),
    ((1, 5, 6, 1), (2, 2, 1, 1), {"strides": 2, "padding": ((0, 0), (0, 2), (1, 0), (0, 0))}),
    ((1, 6, 7, 3), (2, 3, 3, 1), {"strides": 1, "padding": "SAME", "dilations": 2}),
    ((2, 3, 3, 3), (1, 1, 3, 2), {"strides": 1, "padding": "VALID"}),
    ((1, 5, 5, 2), (1, 1, 2, 2), {"strides": 3, "padding": "SAME"}),
    ((0, 3, 3, 2), (2, 2, 2, 2), {"strides": 1, "padding": "SAME"}),
]


def _positions(image: tuple, kernel: tuple, attrs: dict) -> tuple:
    settings = {k: v for k, v in attrs.items() if k in ("strides", "padding", "dilations")}
    return window_of(image[1:3], kernel[:2], **settings).out


_FORWARD = samples.cases(*(((x, w), attrs) for x, w, attrs in _SETTINGS))
_TO_INPUT = samples.cases(
    *(((w, (x[0], *_positions(x, w, attrs), w[3])), {"input_sizes": x, **attrs})
      for x, w, attrs in _SETTINGS)
)  # fmt: skip
_TO_FILTER = samples.cases(
    *(((x, (x[0], *_positions(x, w, attrs), w[3])), {"filter_sizes": w, **attrs})
      for x, w, attrs in _SETTINGS)
)  # fmt: skip


def _widened(xp: Any, *arrays: Any) -> tuple:
    """Two-byte floats as float32: numpy has no BLAS for them, and sums need the digits."""
    if xp is np and arrays[0].dtype.itemsize == 2:
        return tuple(a.astype(np.float32) for a in arrays)
    return arrays


def _pointwise(window: Window) -> bool:
    return window.size == window.strides == (1, 1) and not window.padded


# Strided views of memory are beyond the array API standard, here and in the two gradients.
@op(infer=_conv2d_spec, samples=_FORWARD, kinds="f", portable=False)
def conv2d(xp, input, filters, *, strides, padding, data_format="NHWC", dilations=None):
    """Slide filters over images, and sum the products of what lies under them.

    out[b, y, x, o] = Σ_ijc input[b, y·stride + i, x·stride + j, c] · filters[i, j, c, o]

    Shape: (batch, height, width, c), (kernel height, kernel width, c, o) → (batch, positions down,
    positions right, o).

    `strides` is a number, (down, right) or (1, down, right, 1). `padding` is "VALID" (the window
    stays inside), "SAME" (ceil(size / stride) positions; an odd zero goes below or right), or
    [[0, 0], [above, below], [left, right], [0, 0]]. `dilations` is the distance of neighbouring
    filter elements in the image.

    Raises:
        InvalidArgumentError: when channels differ or the window does not fit.

    Example:
        >>> import minitensor as mt
        >>> image = mt.reshape(mt.constant([1.0, 2.0, 4.0, 8.0]), [1, 1, 4, 1])
        >>> edges = mt.reshape(mt.constant([-1.0, 1.0]), [1, 2, 1, 1])
        >>> mt.reshape(mt.nn.conv2d(image, edges, strides=1, padding="VALID"), [-1]).numpy()
        array([1., 2., 4.], dtype=float32)
    """
    kind = input.dtype
    input, filters = _widened(xp, input, filters)
    window = window_of(input.shape[1:3], filters.shape[:2], strides, padding, dilations)
    out = xp.empty((input.shape[0], *window.out, filters.shape[3]), dtype=input.dtype)
    convolve(xp, out, input, filters, window, workspace)
    return out.astype(kind, copy=False)


def convolve(xp: Any, out: Any, input: Any, filters: Any, window: Window, room: Room) -> None:
    """Write the convolution into `out`: windows as rows of a matrix, times the filters."""
    channels = filters.shape[3]
    matrix = filters.reshape(-1, channels)
    if _pointwise(window):
        xp.matmul(input.reshape(-1, input.shape[3]), matrix, out=out.reshape(-1, channels))
        return
    for some, rows, windows in columns(xp, input, window, room):
        xp.matmul(windows, matrix, out=out[some, rows].reshape(-1, channels))


@conv2d.gradient
def conv2d_gradient(
    xp, g, out, input, filters, *, strides, padding, data_format="NHWC", dilations=None
):
    """`g correlated with filters turned round`, and `input correlated with g`."""
    to = {"strides": strides, "padding": padding, "dilations": dilations}
    return (
        lambda: conv2d_backprop_input.on(xp, filters, g, input_sizes=tuple(input.shape), **to),
        lambda: conv2d_backprop_filter.on(xp, input, g, filter_sizes=tuple(filters.shape), **to),
    )


def _backprop_input_spec(
    filters: Spec, out_backprop: Spec, *, input_sizes: Any, strides: Any, padding: Any,
    data_format: Any = "NHWC", dilations: Any = None,
) -> Spec:  # fmt: skip
    _rank_4(out_backprop, "out_backprop", "(batch, height, width, channels)")
    sizes = tuple(input_sizes)
    image = Spec((out_backprop.shape[0], *sizes[-3:]), out_backprop.dtype)
    forward = _conv2d_spec(image, filters, strides=strides, padding=padding,
                           data_format=data_format, dilations=dilations)  # fmt: skip
    _same_positions(forward.shape, out_backprop.shape, "the images that are asked for")
    batch = {out_backprop.shape[0], sizes[0] if len(sizes) == 4 else None} - {None, -1}
    if len(batch) > 1:
        raise Fault(f"the batch is {out_backprop.shape[0]}, and {sizes[0]} is asked for",
                    "the number of images stays", f"ask for {out_backprop.shape[0]}")  # fmt: skip
    return image


def _same_positions(expected: tuple, given: tuple, what: str) -> None:
    for axis in (1, 2, 3):
        if len({expected[axis], given[axis]} - {None}) > 1:
            raise Fault(f"axis {axis} has size {given[axis]}, but {what} have "
                        f"{expected[axis]} there after a convolution",
                        "it has the shape of a convolution's result",
                        "check sizes, strides and padding")  # fmt: skip


@op(infer=_backprop_input_spec, samples=_TO_INPUT, kinds="f", portable=False)
def conv2d_backprop_input(
    xp, filters, out_backprop, *, input_sizes, strides, padding, data_format="NHWC", dilations=None
):
    """The gradient of conv2d with respect to its images: what `out_backprop` sends to each pixel.

    Each filter element (i, j) sends out_backprop @ filters[i, j]ᵀ to the pixels it touched: one
    matrix product per filter element, added at the right places. For 3×3 filters it is as fast as
    a convolution with turned filters, and it serves every stride.

    Shape: (kh, kw, c, o), (batch, positions down, positions right, o) → (batch, height, width, c),
    of which `input_sizes` gives the last three.
    """
    kind = out_backprop.dtype
    filters, g = _widened(xp, filters, out_backprop)
    image = tuple(input_sizes)[-3:-1]
    window = window_of(image, filters.shape[:2], strides, padding, dilations)
    out = xp.empty((len(g), *image, filters.shape[2]), dtype=g.dtype)
    send_back(xp, out, filters, xp.ascontiguousarray(g), window, workspace)
    return out.astype(kind, copy=False)


def send_back(xp: Any, out: Any, filters: Any, g: Any, window: Window, room: Room) -> None:
    """Write into `out` what `g` sends to each pixel: one matrix product per filter element."""
    n, high, wide, channels = g.shape
    image, depth = out.shape[1:3], filters.shape[2]
    if _pointwise(window):
        xp.matmul(g.reshape(-1, channels), filters[0, 0].T, out=out.reshape(-1, depth))
        return
    for some in blocks(xp, n, sent_size(window, image, depth, channels)):
        part = g[some].reshape(-1, channels)
        sums = out[some]
        if window.padded:
            whole = frame(window, image)
            sums = room.take(xp, "padded", (len(sums), *whole, depth), g.dtype)
        sent = room.take(xp, "columns", (len(part), depth), g.dtype)
        sums[...] = 0
        for i, j, touched in taps(window):
            xp.matmul(part, filters[i, j].T, out=sent)
            sums[touched] += sent.reshape(-1, high, wide, depth)
        if window.padded:
            out[some] = sums[inside(window, image)]


def sent_size(window: Window, image: tuple, depth: int, channels: int) -> int:
    """How many elements one image occupies in `send_back`."""
    return max(prod(window.out) * max(depth, channels), prod(frame(window, image)) * depth)


@conv2d_backprop_input.gradient
def conv2d_backprop_input_gradient(
    xp, g, out, filters, out_backprop, *, input_sizes, strides, padding, data_format="NHWC",
    dilations=None,
):  # fmt: skip
    to = {"strides": strides, "padding": padding, "dilations": dilations}
    shape = tuple(filters.shape)
    return (
        lambda: conv2d_backprop_filter.on(xp, g, out_backprop, filter_sizes=shape, **to),
        lambda: conv2d.on(xp, g, filters, **to),
    )


def _backprop_filter_spec(
    input: Spec, out_backprop: Spec, *, filter_sizes: Any, strides: Any, padding: Any,
    data_format: Any = "NHWC", dilations: Any = None,
) -> Spec:  # fmt: skip
    _rank_4(out_backprop, "out_backprop", "(batch, height, width, channels)")
    filters = Spec(tuple(filter_sizes), input.dtype)
    forward = _conv2d_spec(input, filters, strides=strides, padding=padding,
                           data_format=data_format, dilations=dilations)  # fmt: skip
    _same_positions(forward.shape, out_backprop.shape, "the images given")
    return filters


@op(infer=_backprop_filter_spec, samples=_TO_FILTER, kinds="f", portable=False)
def conv2d_backprop_filter(
    xp, input, out_backprop, *, filter_sizes, strides, padding, data_format="NHWC", dilations=None
):
    """The gradient of conv2d with respect to its filters: each window times what came back for it.

    With the windows as rows of a matrix it is that matrix, transposed, times `out_backprop`,
    summed over parts.

    Shape: (batch, height, width, c), (batch, positions down, positions right, o) → filter_sizes.
    """
    kind = input.dtype
    input, g = _widened(xp, input, out_backprop)
    window = window_of(input.shape[1:3], tuple(filter_sizes)[:2], strides, padding, dilations)
    out = xp.empty(tuple(filter_sizes), dtype=g.dtype)
    sum_products(xp, out, input, g, window, workspace)
    return out.astype(kind, copy=False)


def sum_products(xp: Any, out: Any, input: Any, g: Any, window: Window, room: Room) -> None:
    """Write into `out` the sum over all windows of each of their elements times `g`."""
    channels = g.shape[3]
    out = out.reshape(-1, channels)
    if _pointwise(window):
        xp.matmul(input.reshape(-1, input.shape[3]).T, g.reshape(-1, channels), out=out)
        return
    part = room.take(xp, "sum", out.shape, out.dtype)
    out[...] = 0
    for some, rows, windows in columns(xp, input, window, room):
        back = xp.ascontiguousarray(g[some, rows]).reshape(-1, channels)
        out += xp.matmul(windows.T, back, out=part)


@conv2d_backprop_filter.gradient
def conv2d_backprop_filter_gradient(
    xp, g, out, input, out_backprop, *, filter_sizes, strides, padding, data_format="NHWC",
    dilations=None,
):  # fmt: skip
    to = {"strides": strides, "padding": padding, "dilations": dilations}
    shape = tuple(input.shape)
    return (
        lambda: conv2d_backprop_input.on(xp, g, out_backprop, input_sizes=shape, **to),
        lambda: conv2d.on(xp, input, g, **to),
    )


def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME",
    data_format: str = "NHWC", dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of conv2d, which makes images larger: its gradient used as a forward pass.

    Shape: (batch, height, width, c), filters (kh, kw, o, c) → output_shape, (batch, h, w, o). Note
    that the filters name the output channels first.

    Raises:
        InvalidArgumentError: when a convolution of output_shape would not give the input's shape.

    Example:
        >>> import minitensor as mt
        >>> x, w = mt.ones([1, 2, 2, 1]), mt.ones([2, 2, 1, 1])
        >>> mt.nn.conv2d_transpose(x, w, [1, 4, 4, 1], strides=2).shape
        TensorShape([1, 4, 4, 1])
    """
    input = convert(input)
    return conv2d_backprop_input(
        filters, input, input_sizes=output_shape, strides=strides, padding=padding,
        data_format=data_format, dilations=dilations, name=name,
    )  # fmt: skip


def _one(value: Any) -> Any:
    """A stride or dilation of a sequence as one of an image of height 1."""
    if value is None:
        return None
    numbers = list(value) if isinstance(value, (tuple, list)) else [value]
    return [1, numbers[1] if len(numbers) == 3 else numbers[0]]


def _image_format(data_format: Any) -> Any:
    return {"NWC": "NHWC", "NCW": "NCHW"}.get(data_format, data_format)


def _flat(padding: Any) -> Any:
    return padding if isinstance(padding, str) else [padding[0], [0, 0], *padding[1:]]


def conv1d(
    input: Any, filters: Any, stride: Any, padding: Any, data_format: str = "NWC",
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Slide filters over sequences: conv2d on images of height 1.

    Shape: (batch, time, c), (kernel, c, o) → (batch, positions, o).
    """
    image = expand_dims(convert(input), axis=1)
    out = conv2d(image, expand_dims(filters, axis=0), _one(stride), _flat(padding),
                 _image_format(data_format), _one(dilations), name=name)  # fmt: skip
    return squeeze(out, axis=1)


def conv1d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME",
    data_format: str = "NWC", dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of conv1d: its gradient used as a forward pass.

    Shape: (batch, time, c), filters (kernel, o, c) → output_shape, (batch, t, o).
    """
    sizes = list(output_shape)
    image = expand_dims(convert(input), axis=1)
    out = conv2d_transpose(
        image, expand_dims(filters, axis=0), [*sizes[:-2], 1, *sizes[-2:]], _one(strides),
        _flat(padding), _image_format(data_format), _one(dilations), name=name,
    )  # fmt: skip
    return squeeze(out, axis=1)

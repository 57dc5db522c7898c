"""The elements of a tensor in another order or more often: tile, repeat, reverse, roll, blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault, InvalidArgumentError, message
from minitensor.op import convert, op
from minitensor.ops.array import reshape, transpose
from minitensor.ops.scattering import scatter_rows
from minitensor.shapes import Spec, axes_of, axis_of

__all__ = [
    "add_along_axis",
    "depth_to_space",
    "repeat",
    "reverse",
    "reverse_sequence",
    "roll",
    "space_to_depth",
    "tile",
]


def add_along_axis(xp: Any, values: Any, indices: Any, axis: int, size: int) -> Any:
    """Zeros with `size` places along `axis`, to which slice i of `values` is added at indices[i].

    Shape: (…, m, …), (m,) → (…, size, …). The way back of taking those slices.
    """
    rank = len(values.shape)
    front = (axis, *(i for i in range(rank) if i != axis))
    rows = xp.permute_dims(values, front)
    rows = scatter_rows.on(xp, rows, xp.asarray(indices, dtype=xp.int64), rows=size)
    return xp.permute_dims(rows, tuple(front.index(i) for i in range(rank)))


def _tile_spec(input: Spec, *, multiples: Any) -> Spec:
    if np.ndim(multiples) != 1 or len(multiples) != len(input.shape):
        raise Fault(f"multiples is {multiples} for {len(input.shape)} axes",
                    "there is one number of copies for each axis",
                    "use 1 for the axes that stay")  # fmt: skip
    if min(multiples, default=0) < 0:
        raise Fault(f"multiples is {tuple(multiples)}", "numbers of copies are 0 or more",
                    "use 0 for an empty result")  # fmt: skip
    sizes = (None if d is None else d * m for d, m in zip(input.shape, multiples, strict=True))
    return Spec(tuple(sizes), input.dtype)


@op(infer=_tile_spec, types="A",
    samples=samples.cases((((2, 3),), {"multiples": (2, 1)}), (((2, 3),), {"multiples": (3, 2)}),
                          (((),), {"multiples": ()}), (((2,),), {"multiples": (0,)})))  # fmt: skip
def tile(xp, input, *, multiples):
    """Copies of a tensor side by side, `multiples[i]` of them along axis i.

    Shape: (d0, …) → (d0 · multiples[0], …).

    Example:
        >>> import minitensor as mt
        >>> mt.tile([[1, 2]], [2, 2]).numpy().tolist()
        [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    return xp.tile(input, tuple(multiples))


@tile.gradient
def tile_gradient(xp, g, out, input, *, multiples):
    """`sum of g over the copies`."""
    pairs = zip(multiples, input.shape, strict=True)
    copies = xp.reshape(g, tuple(size for pair in pairs for size in pair))
    return xp.sum(copies, axis=tuple(range(0, 2 * len(input.shape), 2)))


def _repeat_spec(input: Spec, *, repeats: Any, axis: int | None = None) -> Spec:
    if axis is None:
        known = None if None in input.shape else int(np.prod(input.shape))  # type: ignore[arg-type]
        shape: tuple = (known,)
        axis = 0
    else:
        axis, shape = axis_of(axis, len(input.shape)), input.shape
    size = shape[axis]
    if np.min(repeats, initial=0) < 0:
        raise Fault(f"repeats is {repeats}", "numbers of copies are 0 or more", "raise them")
    if np.ndim(repeats) and len(repeats) == 1:
        repeats = repeats[0]
    if np.ndim(repeats) == 0:
        size = None if size is None else size * repeats
    elif size is not None and len(repeats) != size:
        raise Fault(f"repeats has {len(repeats)} entries and axis {axis} has size {size}",
                    "there is one number for all, or one for each place along the axis",
                    "change repeats or axis")  # fmt: skip
    else:
        size = sum(repeats)
    return Spec((*shape[:axis], size, *shape[axis + 1 :]), input.dtype)


# portable=False: cupy and the standard disagree on what repeats may be.
@op(infer=_repeat_spec, types="A", portable=False,
    samples=samples.cases((((2, 3),), {"repeats": 2}), (((2, 3),), {"repeats": 3, "axis": 0}),
                          (((2, 3),), {"repeats": (2, 0, 1), "axis": -1}),
                          (((3,),), {"repeats": (2,), "axis": 0}),
                          (((),), {"repeats": 2})))  # fmt: skip
def repeat(xp, input, *, repeats, axis=None):
    """Each slice along `axis` several times in a row; without an axis, each element.

    Shape: (…, n, …) → (…, n · repeats, …), or the sum of `repeats` when there is one per slice.

    Example:
        >>> import minitensor as mt
        >>> mt.repeat([[1, 2], [3, 4]], repeats=[2, 1], axis=0).numpy().tolist()
        [[1, 2], [1, 2], [3, 4]]
    """
    repeats = repeats if np.ndim(repeats) == 0 else list(repeats)
    return xp.repeat(input, repeats, axis=axis)


@repeat.gradient
def repeat_gradient(xp, g, out, input, *, repeats, axis=None):
    """`sum of g over the copies`."""
    flat = int(np.prod(input.shape))
    size = flat if axis is None else input.shape[axis]
    origin = np.repeat(np.arange(size), repeats)
    place = 0 if axis is None else axis % len(input.shape)
    return xp.reshape(add_along_axis(xp, g, origin, place, size), input.shape)


def _reverse_spec(tensor: Spec, *, axis: Any) -> Spec:
    axes_of(axis, len(tensor.shape))
    return tensor


@op(infer=_reverse_spec, types="A",
    samples=samples.cases((((2, 3),), {"axis": (1,)}), (((2, 3),), {"axis": (0, -1)}),
                          (((2, 3),), {"axis": ()}), (((4,),), {"axis": 0})))  # fmt: skip
def reverse(xp, tensor, *, axis):
    """The elements in the opposite order along each of the axes.

    Shape: any → same.
    """
    axes = axes_of(axis, tensor.ndim)
    return xp.flip(tensor, axis=axes) if axes else tensor


@reverse.gradient
def reverse_gradient(xp, g, out, tensor, *, axis):
    return reverse.on(xp, g, axis=axis)


def _roll_spec(input: Spec, *, shift: Any, axis: Any) -> Spec:
    axes = axis if np.ndim(axis) else (axis,)
    for a in axes:
        axis_of(a, len(input.shape))
    if np.ndim(shift) != np.ndim(axis) or np.size(shift) != np.size(axis):
        raise Fault(f"shift is {shift} and axis is {axis}", "there is one shift for each axis",
                    "give both the same length")  # fmt: skip
    return input


@op(infer=_roll_spec, types="A",
    samples=samples.cases((((5,),), {"shift": 2, "axis": 0}), (((0, 2),), {"shift": 1, "axis": 0}),
                          (((2, 3),), {"shift": (1, -1), "axis": (0, 1)})))  # fmt: skip
def roll(xp, input, *, shift, axis):
    """The elements moved on by `shift` places; what falls out comes in at the other end.

    Shape: any → same.
    """
    return xp.roll(input, shift, axis=axis)


@roll.gradient
def roll_gradient(xp, g, out, input, *, shift, axis):
    """`g rolled back`."""
    back = tuple(-s for s in shift) if np.ndim(shift) else -shift
    return roll.on(xp, g, shift=back, axis=axis)


def _reverse_sequence_spec(
    input: Spec, seq_lengths: Spec, *, seq_axis: int, batch_axis: int = 0
) -> Spec:  # fmt: skip
    rank = len(input.shape)
    seq, batch = axis_of(seq_axis, rank, "seq_axis"), axis_of(batch_axis, rank, "batch_axis")
    if seq == batch:
        raise Fault(f"seq_axis and batch_axis are both {seq}", "they must be different axes",
                    "choose others")  # fmt: skip
    if len(seq_lengths.shape) != 1 or len({seq_lengths.shape[0], input.shape[batch]} - {None}) > 1:
        raise Fault(f"seq_lengths has shape {tuple(seq_lengths.shape)}",
                    f"there is one length for each of the {input.shape[batch]} sequences",
                    "change seq_lengths or batch_axis")  # fmt: skip
    return input


# portable=False: the standard has no take_along_axis before its 2024 edition.
@op(infer=_reverse_sequence_spec, types="AI", portable=False,
    samples=samples.cases((((2, 4), [3, 1]), {"seq_axis": 1}),
                          (((3, 2, 2), [0, 3]), {"seq_axis": 0, "batch_axis": -1})))  # fmt: skip
def reverse_sequence(xp, input, seq_lengths, *, seq_axis, batch_axis=0):
    """The first `seq_lengths[i]` elements of sequence i in the opposite order, the rest unchanged.

    Shape: any, (batch,) → same.

    Example:
        >>> import minitensor as mt
        >>> mt.reverse_sequence([[1, 2, 3, 4], [5, 6, 7, 8]], [2, 3], seq_axis=1).numpy().tolist()
        [[2, 1, 3, 4], [7, 6, 5, 8]]
    """
    rank, size = input.ndim, input.shape[seq_axis]
    if xp.any((seq_lengths < 0) | (seq_lengths > size)):
        raise Fault(f"seq_lengths is {seq_lengths.tolist()}",
                    f"a length is at most the size {size} of axis {seq_axis}, and not negative",
                    "shorten the lengths")  # fmt: skip
    ends = seq_lengths.reshape(tuple(-1 if i == batch_axis % rank else 1 for i in range(rank)))
    place = xp.arange(size).reshape(tuple(-1 if i == seq_axis % rank else 1 for i in range(rank)))
    origin = xp.where(place < ends, ends - 1 - place, place)
    return xp.take_along_axis(input, xp.broadcast_to(origin, input.shape), axis=seq_axis)


@reverse_sequence.gradient
def reverse_sequence_gradient(xp, g, out, input, seq_lengths, *, seq_axis, batch_axis=0):
    same = {"seq_axis": seq_axis, "batch_axis": batch_axis}
    return lambda: reverse_sequence.on(xp, g, seq_lengths, **same), None


def space_to_depth(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """Blocks of pixels become channels.

    Shape: (n, h·b, w·b, c) → (n, h, w, b·b·c); (n, c, h·b, w·b) → (n, b·b·c, h, w) for "NCHW".
    """
    x = _channels_last(convert(input), data_format, "space_to_depth")
    n, height, width, channels = x.shape
    if block_size < 1 or height % block_size or width % block_size:
        raise InvalidArgumentError(
            message("space_to_depth", f"shape {tuple(input.shape)} and block_size={block_size}",
                    f"image width {width} and height {height} should be divisible by block_size",
                    "the image is cut into whole blocks", "pad it first")
        )  # fmt: skip
    rows, columns = height // block_size, width // block_size
    x = reshape(x, shape=(n, rows, block_size, columns, block_size, channels))
    x = transpose(x, perm=(0, 1, 3, 2, 4, 5))
    x = reshape(x, shape=(n, rows, columns, block_size * block_size * channels))
    return _in_format(x, data_format)


def depth_to_space(
    input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """Channels become blocks of pixels: space_to_depth turned round.

    Shape: (n, h, w, b·b·c) → (n, h·b, w·b, c); (n, b·b·c, h, w) → (n, c, h·b, w·b) for "NCHW".
    """
    x = _channels_last(convert(input), data_format, "depth_to_space")
    n, rows, columns, depth = x.shape
    if block_size < 1 or depth % (block_size * block_size):
        raise InvalidArgumentError(
            message("depth_to_space", f"shape {tuple(input.shape)} and block_size={block_size}",
                    f"there are {depth} channels", "their number should be divisible by "
                    "block_size²", "choose another block_size")
        )  # fmt: skip
    channels = depth // (block_size * block_size)
    x = reshape(x, shape=(n, rows, columns, block_size, block_size, channels))
    x = transpose(x, perm=(0, 1, 3, 2, 4, 5))
    x = reshape(x, shape=(n, rows * block_size, columns * block_size, channels))
    return _in_format(x, data_format)


def _channels_last(x: Any, data_format: str, caller: str) -> Any:
    if data_format not in ("NHWC", "NCHW") or len(x.shape) != 4:
        raise InvalidArgumentError(
            message(caller, f"shape {tuple(x.shape)} and data_format={data_format!r}",
                    "that is no batch of images in a known format",
                    "images have four axes, in the order 'NHWC' or 'NCHW'", "reshape the input")
        )  # fmt: skip
    return x if data_format == "NHWC" else transpose(x, perm=(0, 2, 3, 1))


def _in_format(x: Any, data_format: str) -> Any:
    return x if data_format == "NHWC" else transpose(x, perm=(0, 3, 1, 2))

"""What networks are built from besides products: softmax, bias, dropout, embeddings.

Activations that work element by element are in `activation`, losses in `losses`, normalisation in
`normalization`, convolutions in `conv` and `depthwise`, pooling in `pooling`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor import samples
from minitensor.dtypes import kind_of
from minitensor.errors import DTypeError, Fault, InvalidArgumentError, message
from minitensor.op import convert, op
from minitensor.ops.arithmetic import add
from minitensor.ops.array import cast, reshape
from minitensor.ops.draws import next_seed, random_uniform
from minitensor.ops.gathering import gather
from minitensor.ops.norms import clip_by_norm
from minitensor.ops.reduction import reduce_sum
from minitensor.shapes import Spec, axis_of, broadcast_shapes

__all__ = ["bias_add", "dropout", "dropout_", "embedding_lookup", "in_top_k", "l2_loss",
           "log_softmax", "softmax"]  # fmt: skip


def _softmax_spec(logits: Spec, *, axis: int = -1) -> Spec:
    if axis is not None:
        axis_of(axis, len(logits.shape))
    return logits


_LOGITS = samples.cases(
    (((3,),), {}), (((2, 3),), {}), (((2, 3, 4),), {"axis": 1}), (((2, 1),), {"axis": -2}),
    (((0, 3),), {}),
)  # fmt: skip


@op(infer=_softmax_spec, samples=_LOGITS, kinds="f")
def softmax(xp, logits, *, axis=-1):
    """Positive numbers that sum to 1 along `axis`: exp(x) / Σ exp(x).

    Shape: any → same. The largest element is subtracted first, so that exp cannot overflow.

    Example:
        >>> import minitensor as mt
        >>> mt.nn.softmax([0.0, 0.0]).numpy()
        array([0.5, 0.5], dtype=float32)
    """
    axis = -1 if axis is None else axis
    if not logits.shape[axis]:
        return logits
    out = xp.exp(logits - xp.max(logits, axis=axis, keepdims=True))
    return out / xp.sum(out, axis=axis, keepdims=True)


softmax.composite = True


@softmax.gradient
def softmax_gradient(xp, g, out, logits, *, axis=-1):
    """`out · (g - sum(g · out))`."""
    axis = -1 if axis is None else axis
    return out * (g - xp.sum(g * out, axis=axis, keepdims=True))


@op(infer=_softmax_spec, samples=_LOGITS, kinds="f")
def log_softmax(xp, logits, *, axis=-1):
    """Logarithm of softmax, x - log Σ exp(x), which stays exact where softmax is tiny.

    Shape: any → same. The largest element is subtracted first, so that exp cannot overflow.
    """
    axis = -1 if axis is None else axis
    if not logits.shape[axis]:
        return logits
    out = logits - xp.max(logits, axis=axis, keepdims=True)
    out -= xp.log(xp.sum(xp.exp(out), axis=axis, keepdims=True))
    return out


@log_softmax.gradient
def log_softmax_gradient(xp, g, out, logits, *, axis=-1):
    """`g - softmax(logits) · sum(g)`."""
    axis = -1 if axis is None else axis
    return g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True)


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """Add one number to each channel.

    Shape: (batch, …, c), (c,) → (batch, …, c); with a data_format that begins with "NC" the
    channels are axis 1.

    Raises:
        InvalidArgumentError: when the bias is not a vector with one element per channel.
    """
    value = convert(value)
    bias = bias if hasattr(bias, "dtype") else convert(bias, value.dtype)
    rank = len(value.shape)
    axis = 1 if data_format is not None and data_format.startswith("NC") else rank - 1
    fits = rank >= 2 and len(bias.shape) == 1
    if not fits or len({value.shape[axis], bias.shape[0]} - {None}) > 1:
        raise InvalidArgumentError(
            message("bias_add", f"shapes {tuple(value.shape)} and {tuple(bias.shape)}",
                    f"the bias is not a vector of the size of axis {axis}",
                    "a bias has one element per channel", "check the channel axis and data_format")
        )  # fmt: skip
    if axis == 1 and rank > 2:
        bias = reshape(bias, [-1] + [1] * (rank - 2))
    return add(value, bias, name=name)


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Half the sum of squares, Σ t² / 2.

    Shape: any → ().
    """
    t = convert(t)
    return reduce_sum(t * t) * 0.5


def _noise_shape(x: Any, noise_shape: Any) -> tuple:
    """The shape of the mask: sizes of `noise_shape`, where None stands for the size of x."""
    if noise_shape is None:
        return tuple(x.shape)
    return tuple(d if n is None else n for n, d in zip(noise_shape, x.shape, strict=True))


def _dropout_spec(x: Spec, rate: Spec, seed: Spec, *, noise_shape: Any = None) -> tuple[Spec, Spec]:
    if rate.shape or (noise_shape is not None and len(noise_shape) != len(x.shape)):
        raise Fault(f"rate has shape {rate.shape}, noise_shape is {noise_shape}",
                    "rate is one number, noise_shape has an entry for each axis of x",
                    "write 1 for axes to be dropped as a whole, None for others")  # fmt: skip
    mask = _noise_shape(x, noise_shape)
    if broadcast_shapes(x.shape, mask) != tuple(x.shape):
        raise Fault(f"noise_shape {mask} does not fit", "each of its sizes is 1 or that of x",
                    "write 1 for axes to be dropped as a whole, None for others")  # fmt: skip
    return x, Spec(mask, np.dtype(bool))


@op(infer=_dropout_spec, types="TTI", kinds="f", portable=False,
    samples=samples.cases((((3, 4), 0.3, [1, 2]), {}), (((), 0.5, [3, 4]), {}),
                          (((3, 4), 0.5, [1, 2]), {"noise_shape": (1, None)})))  # fmt: skip
def dropout_(xp, x, rate, seed, *, noise_shape=None):
    """Each element 0 with probability `rate`, else divided by 1 - rate; and which were kept.

    Shape: any, (), (2,) → same, and the same or `noise_shape`.
    """
    drawn = random_uniform.on(xp, seed, shape=_noise_shape(x, noise_shape), dtype="float32")
    kept = drawn >= rate
    return xp.where(kept, x / (1 - rate), xp.zeros_like(x)), kept


@dropout_.gradient
def dropout_gradient(xp, g, out, x, rate, seed, *, noise_shape=None):
    """`g where x was kept, scaled as x was`."""
    (to_out, _), (result, kept) = g, out
    return (
        lambda: xp.where(kept, to_out / (1 - rate), xp.zeros_like(to_out)),
        lambda: to_out * result / (1 - rate),
        None,
    )


def dropout(
    x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Each element 0 with probability `rate`, otherwise divided by 1 - rate.

    The expected value stays the same. Axes of size 1 in `noise_shape` are kept or dropped as a
    whole; None stands for the size of x.

    Shape: any → same.

    Raises:
        InvalidArgumentError: for a rate outside [0, 1), or an integer x.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, Dropout (2014).
    """
    x = convert(x)
    if kind_of(x.dtype) != "f":
        raise DTypeError(
            message("dropout", f"a tensor of dtype {x.dtype.name}", "x has to be a floating point "
                    "tensor since it is going to be scaled", "what is kept is divided by 1 - rate",
                    "mt.cast(x, mt.float32)")
        )  # fmt: skip
    if isinstance(rate, (int, float)):
        if not 0 <= rate < 1:
            raise InvalidArgumentError(
                message("dropout", f"rate={rate}", "rate is not a probability below 1",
                        "rate is the share of elements to drop: 0 drops none, 0.9 nine of ten",
                        "choose a rate in [0, 1)")
            )  # fmt: skip
        if rate == 0:
            return x
    rate = cast(rate, x.dtype) if hasattr(rate, "dtype") else float(rate)
    return dropout_(x, rate, next_seed(seed=seed), noise_shape=noise_shape, name=name)[0]


def embedding_lookup(
    params: Any, ids: Any, max_norm: float | None = None, name: str | None = None
) -> Any:
    """The rows of a table that `ids` name, as `gather`; none longer than `max_norm`.

    Shape: (n, …), any ids → ids.shape + (…). The gradient is IndexedSlices: only the rows used.

    Raises:
        InvalidArgumentError: for an id outside the table.
    """
    if isinstance(params, (list, tuple)):
        if len(params) != 1:
            raise InvalidArgumentError(
                message("embedding_lookup", f"{len(params)} tables", "tables in parts are not "
                        "supported", "one table holds all rows", "join them with mt.concat")
            )  # fmt: skip
        params = params[0]
    rows = gather(params, ids, name=name)
    if max_norm is None:
        return rows
    ids = convert(ids)
    inner = list(range(len(ids.shape), len(rows.shape)))
    return clip_by_norm(rows, max_norm, axes=inner)


def _top_spec(targets: Spec, predictions: Spec, *, k: int) -> Spec:
    if len(predictions.shape) != 2 or len(targets.shape) != 1:
        raise Fault(f"the ranks are {len(targets.shape)} and {len(predictions.shape)}",
                    "targets are (batch,), predictions (batch, classes)",
                    "reshape the one that differs")  # fmt: skip
    if len({targets.shape[0], predictions.shape[0]} - {None}) > 1:
        raise Fault(f"there are {targets.shape[0]} targets for {predictions.shape[0]} predictions",
                    "each row of predictions has one target", "check the batch axis")  # fmt: skip
    return Spec(targets.shape, np.dtype(bool))


@op(infer=_top_spec, types="IF", portable=False, why_none="truth values carry no gradient",
    samples=samples.cases((([2, 0, 5], (3, 4)), {"k": 2})))  # fmt: skip
def in_top_k(xp, targets, predictions, *, k):
    """Whether fewer than k classes are predicted more strongly than the target.

    Shape: (batch,), (batch, classes) → (batch,). Classes as strong as the target do not count
    against it; a target that is no class, or whose prediction is not finite, is not in the top.
    """
    inside = (targets >= 0) & (targets < predictions.shape[1])
    rows = xp.arange(predictions.shape[0])
    own = predictions[rows, xp.where(inside, targets, 0)]
    stronger = xp.sum(predictions > own[:, None], axis=1)
    return inside & xp.isfinite(own) & (stronger < k)

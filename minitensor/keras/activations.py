"""Activations: functions that layers apply to what they computed.

Where a layer takes `activation="relu"`, the name stands for a function of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor import ops
from minitensor.errors import public_names
from minitensor.keras.configuration import Names
from minitensor.keras.configuration import deserialize as _deserialize
from minitensor.keras.configuration import serialize as _serialize
from minitensor.keras.losses.logits import remember_logits
from minitensor.op import convert

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

__getattr__, __dir__ = public_names(__name__, __all__)


def linear(x: Any) -> Any:
    """The input as it is."""
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None,
         threshold: float = 0.0) -> Any:  # fmt: skip
    """Each x where it is at least `threshold`, else negative_slope · (x - threshold).

    Nothing becomes greater than `max_value`.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.activations.relu(mt.constant([-2.0, 1.0, 9.0]), 0.1, max_value=6.0).numpy()
        array([-0.2,  1. ,  6. ], dtype=float32)
    """
    x = convert(x)
    if not threshold and max_value is None:
        return ops.leaky_relu(x, alpha=negative_slope) if negative_slope else ops.relu(x)
    kept = ops.where(x > threshold, x, 0.0) if threshold else ops.relu(x)
    if max_value is not None:
        kept = ops.minimum(kept, max_value)
    return kept - negative_slope * ops.relu(threshold - x) if negative_slope else kept


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Each x where it is positive, else negative_slope · x.

    Shape: any → same.
    """
    return ops.leaky_relu(x, alpha=negative_slope)


def relu6(x: Any) -> Any:
    """x, but at least 0 and at most 6.

    Shape: any → same.
    """
    return ops.relu6(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Each x where it is positive, else alpha · (exp(x) - 1).

    Shape: any → same.
    """
    x = convert(x)
    if alpha == 1:
        return ops.elu(x)
    return ops.relu(x) + alpha * ops.minimum(ops.elu(x), 0.0)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """Each x where it is positive, else alpha · (exp(x / alpha) - 1).

    Shape: any → same.
    """
    return elu(convert(x) / alpha) * alpha


def selu(x: Any) -> Any:
    """`elu` with the two factors that keep mean 0 and variance 1 from layer to layer.

    Shape: any → same.
    """
    return ops.selu(x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), a smooth relu.

    Shape: any → same.
    """
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """`x / (1 + |x|)`.

    Shape: any → same.
    """
    return ops.softsign(x)


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + √(x² + b)) / 2, a smooth relu without exponentials.

    Shape: any → same.
    """
    x = convert(x)
    return (x + ops.sqrt(x * x + float(b))) / 2


def silu(x: Any) -> Any:
    """`x · sigmoid(x)`; also called swish.

    Shape: any → same.
    """
    return ops.silu(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Each x times the probability that a normal number is below x.

    Shape: any → same. With `approximate`, by a tanh.
    """
    return ops.gelu(x, approximate=approximate)


def glu(x: Any, axis: int = -1) -> Any:
    """The first half of an axis, times the sigmoid of the second half.

    Shape: (…, 2n, …) → (…, n, …).
    """
    first, second = ops.split(convert(x), 2, axis=axis)
    return first * ops.sigmoid(second)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent, in (-1, 1).

    Shape: any → same.
    """
    return ops.tanh(x)


def tanh_shrink(x: Any) -> Any:
    """`x - tanh(x)`.

    Shape: any → same.
    """
    x = convert(x)
    return x - ops.tanh(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), in (0, 1).

    Shape: any → same.
    """
    return remember_logits(ops.sigmoid(x), x, "sigmoid")


def log_sigmoid(x: Any) -> Any:
    """The logarithm of the sigmoid.

    Shape: any → same.
    """
    return ops.log_sigmoid(x)


def exponential(x: Any) -> Any:
    """exp(x).

    Shape: any → same.
    """
    return ops.exp(x)


def hard_sigmoid(x: Any) -> Any:
    """A sigmoid of straight lines: relu6(x + 3) / 6.

    Shape: any → same.
    """
    return ops.relu6(convert(x) + 3.0) / 6.0


def hard_silu(x: Any) -> Any:
    """`x · hard_sigmoid(x)`; also called hard_swish.

    Shape: any → same.
    """
    x = convert(x)
    return x * hard_sigmoid(x)


def hard_tanh(x: Any) -> Any:
    """x, but at least -1 and at most 1.

    Shape: any → same.
    """
    return ops.clip_by_value(x, -1.0, 1.0)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Each x where its size is above `threshold`, else 0.

    Shape: any → same.
    """
    x = convert(x)
    return ops.where(ops.abs(x) > threshold, x, 0.0)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Each x, brought nearer to 0 by `threshold`; 0 where it is nearer than that.

    Shape: any → same.
    """
    x = convert(x)
    return ops.relu(x - threshold) - ops.relu(-x - threshold)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Each x where it is above `threshold`, else `default_value`.

    Shape: any → same.
    """
    x = convert(x)
    return ops.where(x > threshold, x, float(default_value))


def sparse_plus(x: Any) -> Any:
    """0 up to -1, x from 1 on, and (x + 1)² / 4 between.

    Shape: any → same.
    """
    x = convert(x)
    bow = ops.square(ops.clip_by_value(x, -1.0, 1.0) + 1.0) / 4.0
    return bow + ops.relu(x - 1.0)


def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, 1 from 1 on, and (x + 1) / 2 between.

    Shape: any → same.
    """
    return (ops.clip_by_value(x, -1.0, 1.0) + 1.0) / 2.0


def mish(x: Any) -> Any:
    """`x · tanh(softplus(x))`.

    Shape: any → same.
    """
    x = convert(x)
    return x * ops.tanh(ops.softplus(x))


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x), divided by its sum along an axis, or several: probabilities.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.activations.softmax(mt.constant([0.0, 0.0])).numpy()
        array([0.5, 0.5], dtype=float32)
    """
    if isinstance(axis, int):
        return remember_logits(ops.softmax(x, axis=axis), x, "softmax", axis)
    return ops.exp(log_softmax(x, axis))


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of the softmax.

    Shape: any → same.
    """
    if isinstance(axis, int):
        return ops.log_softmax(x, axis=axis)
    x = convert(x)
    return x - ops.reduce_logsumexp(x, axis=tuple(axis), keepdims=True)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """Probabilities like those of softmax, but small ones are exactly 0.

    Shape: any → same.
    Source: Martins & Astudillo, From softmax to sparsemax (2016), algorithm 1.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.activations.sparsemax(mt.constant([1.0, 0.5, -1.0])).numpy()
        array([0.75, 0.25, 0.  ], dtype=float32)
    """
    x = convert(x)
    ordered = ops.sort(x, axis=axis, direction="DESCENDING")
    sizes = [1] * x.ndim
    sizes[axis] = -1
    rank = ops.reshape(ops.range(1, ops.shape(x)[axis] + 1, dtype=x.dtype), sizes)
    counts = ordered * rank > ops.cumsum(ordered, axis=axis) - 1.0
    among = ops.cast(counts, x.dtype)
    total = ops.reduce_sum(ordered * among, axis=axis, keepdims=True)
    return ops.relu(x - (total - 1.0) / ops.reduce_sum(among, axis=axis, keepdims=True))


swish, hard_swish = silu, hard_silu

_NAMES = Names(
    "activation function",
    {
        function.__name__: function
        for function in (
            celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh,
            leaky_relu, linear, log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu,
            soft_shrink, softmax, softplus, softsign, sparse_plus, sparse_sigmoid, sparsemax,
            squareplus, tanh, tanh_shrink, threshold,
        )
    } | {"swish": silu, "hard_swish": hard_silu},
)  # fmt: skip


def get(identifier: Any) -> Callable:
    """The function for a name, a configuration, a layer or a function; `linear` for None.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, with the nearest name.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.activations.get("relu").__name__
        'relu'
    """
    return linear if identifier is None else _NAMES.get(identifier)


def serialize(activation: Any) -> Any:
    """An activation as plain data: its name."""
    return _serialize(activation)


def deserialize(config: Any, custom_objects: Any = None) -> Callable:
    """The activation that `serialize` wrote."""
    return get(config if isinstance(config, str) else _deserialize(config, custom_objects))

"""Normalisation: what is computed is shifted and scaled to mean 0 and variance 1.

The fused op keeps mean and variance as results, so that the backward pass does not have to compute
them again, and so that a batch-normalisation layer can average them over time.
Source: Ioffe & Szegedy, Batch normalization (2015); Ba, Kiros & Hinton, Layer normalization (2016).
"""

from __future__ import annotations

from math import prod
from typing import Any

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import convert, op
from minitensor.ops.array import reshape
from minitensor.ops.elementwise import rsqrt
from minitensor.shapes import Spec, axes_of, broadcast_shapes, reduced

__all__ = ["batch_normalization", "fused_batch_norm", "layer_normalization",
           "layer_normalization_"]  # fmt: skip


def _layer_spec(
    x: Spec, scale: Spec, offset: Spec, *, axis: Any = -1, epsilon: float = 1e-5
) -> Any:
    moments = reduced(x, axis=axis, keepdims=True)
    for name, part in (("scale", scale), ("offset", offset)):
        if broadcast_shapes(x.shape, part.shape) != x.shape:
            raise Fault(f"{name} has shape {part.shape}, x {x.shape}",
                        f"{name} has the sizes of the last axes of x, or 1",
                        "for the last axis alone a vector of its size")  # fmt: skip
    return x, moments, moments


_LAYERS = samples.cases(
    (((4, 3), (3,), (3,)), {}),
    (((2, 3, 4), (3, 4), (3, 4)), {"axis": (1, 2)}),
    (((5, 2, 3), (3,), (3,)), {"axis": (0, 1), "epsilon": 1e-3}),
    (((2, 3, 4), (), (4,)), {"axis": 1}),
)  # fmt: skip


@op(infer=_layer_spec, samples=_LAYERS, kinds="f")
def layer_normalization_(xp, x, scale, offset, *, axis=-1, epsilon=1e-5):
    """(x - mean) / √(variance + epsilon) · scale + offset, and the mean and variance over `axis`.

    Shape: any, and two that broadcast to it → same, and twice the same with size 1 along `axis`.
    """
    mean = xp.mean(x, axis=axis, keepdims=True)
    centred = x - mean
    variance = xp.mean(centred * centred, axis=axis, keepdims=True)
    centred /= xp.sqrt(variance + epsilon)
    centred *= scale
    centred += offset
    return centred, mean, variance


@layer_normalization_.gradient
def layer_normalization_gradient(xp, g, out, x, scale, offset, *, axis=-1, epsilon=1e-5):
    (to_out, to_mean, to_variance), (_, mean, variance) = g, out
    inverse = rsqrt.on(xp, variance + xp.asarray(epsilon, dtype=x.dtype))
    centred = x - mean

    def to_x() -> Any:
        unit = centred * inverse
        scaled = to_out * scale
        along = xp.mean(scaled * unit, axis=axis, keepdims=True)
        result = (scaled - xp.mean(scaled, axis=axis, keepdims=True) - unit * along) * inverse
        count = prod(x.shape[a] for a in axes_of(axis, len(x.shape)))
        return result + (to_mean + 2 * to_variance * centred) / count

    return to_x, lambda: to_out * centred * inverse, lambda: to_out


def layer_normalization(
    x: Any, scale: Any, offset: Any, axis: Any = -1, epsilon: float = 1e-5,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Each slice along `axis` shifted to mean 0 and scaled to variance 1, then scale and offset.

    With `axis` -1 layer normalisation, with the axes of height and width instance normalisation,
    with all axes but the channels batch normalisation.

    Shape: any, and two that broadcast to it → same.

    Example:
        >>> import minitensor as mt
        >>> mt.nn.layer_normalization([[1.0, 3.0]], [1.0, 1.0], [0.0, 0.0], epsilon=0.0).numpy()
        array([[-1.,  1.]], dtype=float32)
    """
    return layer_normalization_(x, scale, offset, axis=axis, epsilon=epsilon, name=name)[0]


def fused_batch_norm(
    x: Any, scale: Any, offset: Any, epsilon: float = 1e-3, name: str | None = None
) -> tuple[Any, Any, Any]:
    """Normalise every channel (the last axis) over all other axes.

    Returns the result, and the mean and the variance of each channel, to be averaged over time.

    Shape: (…, c), (c,), (c,) → (…, c), (c,), (c,).
    """
    x = convert(x)
    axes = tuple(range(len(x.shape) - 1))
    out, mean, variance = layer_normalization_(
        x, scale, offset, axis=axes, epsilon=epsilon, name=name
    )
    return out, reshape(mean, [-1]), reshape(variance, [-1])


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Normalise with a given mean and variance: (x - mean) / √(variance + ε) · scale + offset.

    `offset` and `scale` may be None. In this form it is one product and one sum, as at inference.

    Shape: any, and others that broadcast to it → same.
    """
    x = convert(x)
    factor = rsqrt(convert(variance) + variance_epsilon)
    if scale is not None:
        factor = factor * scale
    shift = -mean * factor if offset is None else offset - mean * factor
    return x * factor + shift

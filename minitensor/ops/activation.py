"""Activation functions: what a neural network puts between its linear layers.

Each is written so that no finite input overflows, and each slope from the result where that saves
work. At a kink the slope is TensorFlow's: that of the left side for relu and relu6 at 0, that of
the flat side at 6.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from minitensor import samples
from minitensor.op import convert, op
from minitensor.ops.selection import keep_where, where_
from minitensor.ops.special import erf
from minitensor.shapes import same

__all__ = [
    "elu",
    "gelu",
    "leaky_relu",
    "log_sigmoid",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "silu_",
    "softplus",
    "softsign",
    "swish",
]

# Fixed points of mean 0 and variance 1: Klambauer et al., Self-Normalizing Neural Networks (2017),
# equation 14.
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA_SCALE = 1.6732632423543772848170429916717 * SELU_SCALE
GELU_SLOPE, GELU_CUBE = sqrt(2 / pi), 0.044715
AWAY_FROM_0 = samples.unary(0.1, 3)


def _like(xp: Any, value: float, x: Any) -> Any:
    """A number in the dtype of x: bfloat16 times a Python float would be float32."""
    return xp.asarray(value, dtype=x.dtype)


@op(infer=same, samples=samples.unary(-5, 5), scalar="T(1) / (T(1) + exp(-{0}))", kinds="fc",
    fast=True)  # fmt: skip
def sigmoid(xp, x):
    """Logistic function 1 / (1 + exp(-x)), in (0, 1).

    Shape: any → same. Where exp(-x) overflows to inf, the quotient is 0, which is right.

    Example:
        >>> import minitensor as mt
        >>> mt.sigmoid([0.0, 2.0]).numpy()
        array([0.5      , 0.8807971], dtype=float32)
    """
    return 1 / (1 + xp.exp(-x))


@sigmoid.gradient
def sigmoid_gradient(xp, g, out, x):
    return g * out * (1 - out)


@op(infer=same, samples=samples.unary(-5, 5), kinds="f", fast=True,
    scalar="(min({0}, T(0)) - log1p(exp(-abs({0}))))")  # fmt: skip
def log_sigmoid(xp, x):
    """Logarithm of the logistic function, -log(1 + exp(-x)).

    Shape: any → same. Computed as min(x, 0) - log1p(exp(-|x|)), which cannot overflow.
    """
    return xp.minimum(x, xp.zeros_like(x)) - xp.log1p(xp.exp(-xp.abs(x)))


@log_sigmoid.gradient
def log_sigmoid_gradient(xp, g, out, x):
    return g * sigmoid.on(xp, -x)


@op(infer=same, samples=samples.unary(-5, 5), kinds="f", fast=True,
    scalar="(max({0}, T(0)) + log1p(exp(-abs({0}))))")  # fmt: skip
def softplus(xp, features):
    """log(1 + exp(x)), a smooth relu.

    Shape: any → same. Computed as max(x, 0) + log1p(exp(-|x|)), which cannot overflow.
    """
    return xp.maximum(features, xp.zeros_like(features)) + xp.log1p(xp.exp(-xp.abs(features)))


@softplus.gradient
def softplus_gradient(xp, g, out, features):
    return g * sigmoid.on(xp, features)


@op(infer=same, samples=AWAY_FROM_0, scalar="{0} / (T(1) + abs({0}))", kinds="f", fast=True)
def softsign(xp, features):
    """The element divided by one more than its size, x / (1 + |x|), in (-1, 1).

    Shape: any → same.
    """
    return features / (1 + xp.abs(features))


@softsign.gradient
def softsign_gradient(xp, g, out, features):
    """`g / (1 + abs(features))²`."""
    bottom = 1 + xp.abs(features)
    return g / (bottom * bottom)


@op(infer=same, samples=AWAY_FROM_0, scalar="max({0}, T(0))", kinds="fiu", fast=True)
def relu(xp, features):
    """The element where it is positive, else 0. The gradient at 0 is 0.

    Shape: any → same.

    Example:
        >>> import minitensor as mt
        >>> mt.nn.relu([-1.0, 2.0]).numpy()
        array([0., 2.], dtype=float32)
    """
    return xp.maximum(features, xp.zeros_like(features))


@relu.gradient
def relu_gradient(xp, g, out, features):
    """`g where out > 0, else 0`."""
    return keep_where.on(xp, g, out > 0)


@op(infer=same, samples=samples.unary(-2, 5.9), scalar="min(max({0}, T(0)), T(6))", kinds="fiu",
    fast=True)  # fmt: skip
def relu6(xp, features):
    """The element where it lies between 0 and 6, else the nearer of the two.

    Shape: any → same. The gradient at 0 and at 6 is 0.
    """
    return xp.astype(xp.clip(features, 0, 6), features.dtype, copy=False)  # bfloat16 stays


@relu6.gradient
def relu6_gradient(xp, g, out, features):
    """`g where 0 < out < 6, else 0`."""
    return keep_where.on(xp, g, xp.logical_and(out > 0, out < 6))


@op(infer=same, samples=AWAY_FROM_0, kinds="f", fast=True)
def leaky_relu(xp, features, *, alpha=0.2):
    """The element where it is positive, else alpha times the element.

    Shape: any → same. The gradient at 0 is alpha.
    """
    return where_.on(xp, features > 0, features, _like(xp, alpha, features) * features)


@leaky_relu.gradient
def leaky_relu_gradient(xp, g, out, features, *, alpha=0.2):
    """`g where features > 0, else alpha · g`."""
    return where_.on(xp, features > 0, g, _like(xp, alpha, g) * g)


@op(infer=same, samples=AWAY_FROM_0, kinds="f", fast=True,
    scalar="({0} < T(0) ? expm1({0}) : {0})")  # fmt: skip
def elu(xp, features):
    """The element where it is positive, else exp(x) - 1. The gradient at 0 is 1.

    Shape: any → same.
    """
    return where_.on(xp, features < 0, xp.expm1(features), features)


@elu.gradient
def elu_gradient(xp, g, out, features):
    """`g where out ≥ 0, else g · (out + 1)`."""
    return where_.on(xp, out < 0, g * (out + 1), g)


@op(infer=same, samples=AWAY_FROM_0, kinds="f", fast=True,
    scalar=f"({{0}} < T(0) ? T({SELU_ALPHA_SCALE}) * expm1({{0}}) : "
           f"T({SELU_SCALE}) * {{0}})")  # fmt: skip
def selu(xp, features):
    """An elu, scaled: scale · x where x is positive, else scale · alpha · (exp(x) - 1).

    Shape: any → same. With scale 1.0507 and alpha 1.6733, activations of mean 0 and variance 1
    keep them from layer to layer.

    Source: Klambauer et al., Self-Normalizing Neural Networks (2017), equation 2.
    """
    scale, alpha_scale = (_like(xp, c, features) for c in (SELU_SCALE, SELU_ALPHA_SCALE))
    return where_.on(xp, features < 0, alpha_scale * xp.expm1(features), scale * features)


@selu.gradient
def selu_gradient(xp, g, out, features):
    """`scale · g where out ≥ 0, else g · (out + scale · alpha)`."""
    scale, alpha_scale = (_like(xp, c, g) for c in (SELU_SCALE, SELU_ALPHA_SCALE))
    return where_.on(xp, out < 0, g * (out + alpha_scale), scale * g)


def _gelu_samples(rng: Any) -> samples.Samples:
    for approximate in (False, True):
        yield from samples.unary(-3, 3, approximate=approximate)(rng)


@op(infer=same, samples=_gelu_samples, kinds="f", fast=True)
def gelu(xp, features, *, approximate=False):
    """The element times Φ(x), the probability that a standard normal number is below it.

    Shape: any → same. Φ(x) is (1 + erf(x / √2)) / 2; with `approximate`, a tanh that is within
    0.0003 of it.

    Source: Hendrycks & Gimpel, Gaussian Error Linear Units (2016), section 2.
    """
    return features * _gelu_share(xp, features, approximate)


def _gelu_share(xp: Any, x: Any, approximate: bool) -> Any:
    """Φ(x), or the tanh in its place."""
    if approximate:
        slope, cube = _like(xp, GELU_SLOPE, x), _like(xp, GELU_CUBE, x)
        return (1 + xp.tanh(slope * (x + cube * (x * x * x)))) / 2
    return (1 + erf.on(xp, x * _like(xp, sqrt(0.5), x))) / 2


@gelu.gradient
def gelu_gradient(xp, g, out, features, *, approximate=False):
    """`g · (Φ(features) + features · φ(features))`."""
    x = features
    share = _gelu_share(xp, x, approximate)
    if approximate:
        inner = _like(xp, GELU_SLOPE, x) * (1 + _like(xp, 3 * GELU_CUBE, x) * (x * x))
        slope = 2 * share * (1 - share) * inner
    else:
        slope = _like(xp, sqrt(0.5 / pi), x) * xp.exp(x * x / -2)
    return g * (share + x * slope)


@op(infer=same, samples=samples.unary(-5, 5), scalar="{0} / (T(1) + exp(-{0}))", kinds="fc",
    fast=True)  # fmt: skip
def silu_(xp, features):
    """The element times its sigmoid; `mt.nn.silu` and `mt.nn.swish` are the public names.

    Shape: any → same.
    """
    return features / (1 + xp.exp(-features))


@silu_.gradient
def silu_gradient(xp, g, out, features):
    """`g · (s + out · (1 - s)) with s = sigmoid(features)`."""
    share = sigmoid.on(xp, features)
    return g * (share + out * (1 - share))


def silu(features: Any, beta: Any = 1.0, name: str | None = None) -> Any:
    """The element times a sigmoid, x · sigmoid(beta · x); also called swish.

    Shape: any → same. Both arguments have a gradient.

    Source: Ramachandran et al., Searching for Activation Functions (2017), section 4.
    """
    if isinstance(beta, (int, float)) and beta == 1:
        return silu_(features, name=name)
    features = convert(features)
    return features * sigmoid(features * beta, name=name)


swish = silu

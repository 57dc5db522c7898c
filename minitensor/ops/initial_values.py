"""Numbers for weights to begin with: what initialisers of Keras and of TensorFlow 1 draw.

Each function takes a shape, a dtype and a seed of two integers: the same seed, the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minitensor.dtypes import as_dtype
from minitensor.errors import InvalidArgumentError, message, suggest
from minitensor.ops.arithmetic import sign
from minitensor.ops.array import cast, reshape, transpose
from minitensor.ops.creation import eye
from minitensor.ops.decomposition import qr
from minitensor.ops.diagonal import diag_part
from minitensor.ops.random import stateless_normal, stateless_truncated_normal, stateless_uniform

__all__: list[str] = []

DISTRIBUTIONS = ("normal", "truncated_normal", "uniform", "untruncated_normal")
MODES = ("fan_avg", "fan_in", "fan_out")

_LEFT = 0.87962566103423978
"""The standard deviation of normal numbers that are cut off at two of theirs."""


def fans(shape: Sequence[int]) -> tuple[float, float]:
    """How many inputs and outputs a weight of this shape has.

    Example:
        >>> fans([3, 3, 16, 32])
        (144, 288)
    """
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def variance_scaling(shape: Sequence[int], dtype: Any, seed: Any, scale: float = 1.0,
                     mode: str = "fan_in",
                     distribution: str = "truncated_normal") -> Any:  # fmt: skip
    """Draws whose variance is scale / n, for layers that keep the variance of what they are given.

    n is the number of inputs ("fan_in"), of outputs ("fan_out") or their mean ("fan_avg").

    Shape: → shape.
    Source: Glorot & Bengio (2010); He et al. (2015).
    """
    into, out = fans(shape)
    count = {"fan_in": into, "fan_out": out, "fan_avg": (into + out) / 2.0}[mode]
    variance = scale / max(1.0, count)
    if distribution == "uniform":
        limit = math.sqrt(3.0 * variance)
        return stateless_uniform(shape, seed, -limit, limit, dtype)
    if distribution == "untruncated_normal":
        return stateless_normal(shape, seed, 0.0, math.sqrt(variance), dtype)
    return stateless_truncated_normal(shape, seed, 0.0, math.sqrt(variance) / _LEFT, dtype)


def check_scaling(scale: float, mode: str, distribution: str) -> None:
    """Compare the settings of `variance_scaling` with what there is.

    Raises:
        InvalidArgumentError: (also a ValueError) for a scale that is not above 0, and for a mode
            or distribution that does not exist.
    """
    if scale <= 0:
        raise InvalidArgumentError(
            message("VarianceScaling", "",
                    f"Argument `scale` must be positive float. Received: scale={scale}",
                    "scale / n is a variance", "write scale=1.0")
        )  # fmt: skip
    for name, value, known in (
        ("mode", mode, MODES),
        ("distribution", distribution, DISTRIBUTIONS),
    ):
        if value not in known:
            raise InvalidArgumentError(
                message("VarianceScaling", "", f"Invalid `{name}` argument: {value}",
                        f"`{name}` is one of {', '.join(known)}", suggest(str(value), known))
            )  # fmt: skip


def orthogonal(shape: Sequence[int], dtype: Any, seed: Any, gain: float = 1.0) -> Any:
    """A matrix with orthonormal rows or columns, times `gain`; axes before the last are one.

    Shape: → shape.

    Raises:
        InvalidArgumentError: (also a ValueError) for fewer than two axes.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning (2014).
    """
    if len(shape) < 2:
        raise InvalidArgumentError(
            message("Orthogonal", f"shape={[*shape]}", "The tensor to initialize must be at least "
                    f"two-dimensional. Received: shape={[*shape]} of rank {len(shape)}",
                    "rows or columns of a matrix are orthogonal to one another",
                    "choose another initializer for vectors")
        )  # fmt: skip
    rows, columns = math.prod(shape[:-1]), shape[-1]
    wide = "float64" if as_dtype(dtype).name == "float64" else "float32"
    drawn = stateless_normal([max(rows, columns), min(rows, columns)], seed, dtype=wide)
    q, r = qr(drawn)
    q = q * sign(diag_part(r))  # without it, some matrices would be likelier than others
    return cast(reshape(transpose(q) if rows < columns else q, shape) * gain, dtype)


def identity_matrix(shape: Sequence[int], dtype: Any, gain: float = 1.0) -> Any:
    """A multiple of the identity matrix.

    Shape: → shape, which has two axes.

    Raises:
        InvalidArgumentError: (also a ValueError) for another number of axes.
    """
    if len(shape) != 2:
        raise InvalidArgumentError(
            message("Identity", f"shape={[*shape]}", "Identity matrix initializer can only be used "
                    f"for 2D matrices. Received: shape={[*shape]} of rank {len(shape)}",
                    "the identity is a matrix", "choose another initializer for this shape")
        )  # fmt: skip
    return eye(shape[0], num_columns=shape[1], dtype=dtype) * gain

"""Initialisers: what weights begin with.

Each is a function of a shape and a dtype. With `seed`, it gives the same numbers each time; without
one, it draws from the program's streams, which `mt.random.set_seed` starts anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.eager import constant as make_constant
from minitensor.errors import ArgumentError, FailedPreconditionError, message, public_names, shorten
from minitensor.keras.configuration import Configurable, Names
from minitensor.keras.configuration import deserialize as _deserialize
from minitensor.keras.configuration import serialize as _serialize
from minitensor.op import convert
from minitensor.ops import broadcast_to, initial_values
from minitensor.ops import random as draws
from minitensor.ops.draws import next_seed
from minitensor.tensor import Operand

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal",
    "OrthogonalInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros", "constant", "default_for", "deserialize", "get",
    "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "serialize",
    "truncated_normal", "variance_scaling", "zeros",
]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)

_KERAS_ONLY = ("input_axes", "output_axes")
"""What configurations that Keras wrote hold, and nothing here knows."""


class Initializer(Configurable):
    """The base of all initialisers: subclass it and define `__call__(shape, dtype)`.

    Example:
        >>> import minitensor as mt
        >>> class Alternating(mt.keras.initializers.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         signs = mt.range(shape[-1], dtype=dtype) % 2 * 2 - 1
        ...         return mt.broadcast_to(signs, shape)
        >>> layer = mt.keras.layers.Dense(3, kernel_initializer=Alternating())
        >>> layer.build((None, 1))
        >>> layer.kernel.numpy()
        array([[-1.,  1., -1.]], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The values to begin with. To be defined by each initialiser."""
        cls = type(self).__name__
        raise FailedPreconditionError(
            message(cls, f"shape={shape}", "Initializer subclasses must implement the "
                    "`__call__()` method", "an initializer gives a tensor of a shape",
                    "define `__call__(self, shape, dtype=None)` in the class")
        )  # fmt: skip

    def clone(self) -> Any:
        """A new initialiser with the same configuration."""
        return self.from_config(self.get_config())

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An initialiser made with what a configuration says; what only Keras knows is left out."""
        return super().from_config({k: v for k, v in config.items() if k not in _KERAS_ONLY})


class Constant(Initializer):
    """The same value everywhere, or an array that is spread to the shape.

    Args:
        value: a number, or an array.

    Shape: shape → shape.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.initializers.Constant(3.0)((2,)).numpy()
        array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The value, brought to a shape."""
        return broadcast_to(make_constant(self.value, dtype=dtype or "float32"), tuple(shape))


class Zeros(Initializer):
    """Zeros.

    Shape: shape → shape.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Zeros of a shape."""
        return Constant(0)(shape, dtype)


class Ones(Initializer):
    """Ones.

    Shape: shape → shape.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Ones of a shape."""
        return Constant(1)(shape, dtype)


class Identity(Initializer):
    """A multiple of the identity matrix, for a kernel that begins by passing its input on.

    Args:
        gain: the factor.

    Shape: (n, m) → (n, m).

    Raises:
        InvalidArgumentError: (also a ValueError) for a shape that has not two axes.
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The matrix of a shape."""
        return initial_values.identity_matrix(shape, dtype or "float32", self.gain)


class _Drawn(Initializer):
    """What draws random numbers."""

    seed: int | None = None

    def _keep_seed(self, seed: int | None) -> None:
        if seed is not None and not isinstance(seed, (int, np.integer)):
            raise ArgumentError(
                message(type(self).__name__, f"seed={shorten(seed)}",
                        "it is not a whole number", "a seed names one sequence of random numbers",
                        "pass for example seed=1")
            )  # fmt: skip
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Draws of a shape."""
        seed = next_seed() if self.seed is None else convert([0, int(self.seed)], "int64")
        return self._draw([int(size) for size in shape], as_dtype(dtype or "float32"), seed)

    def _draw(self, shape: list[int], dtype: Any, seed: Any) -> Any: ...


class RandomNormal(_Drawn):
    """Normal numbers.

    Args:
        mean: their mean.
        stddev: their standard deviation.
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape.

    Example:
        >>> import minitensor as mt
        >>> initializer = mt.keras.initializers.RandomNormal(seed=1)
        >>> bool(mt.reduce_all(initializer((2, 3)) == initializer((2, 3))))
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        self._keep_seed(seed)
        self.mean, self.stddev = mean, stddev

    def _draw(self, shape: list[int], dtype: Any, seed: Any) -> Any:
        return draws.stateless_normal(shape, seed, self.mean, self.stddev, dtype)


class TruncatedNormal(RandomNormal):
    """Normal numbers, drawn again where they are two or more deviations from the mean.

    Args:
        mean: their mean.
        stddev: their standard deviation before the ends are cut off.
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape.
    """

    def _draw(self, shape: list[int], dtype: Any, seed: Any) -> Any:
        return draws.stateless_truncated_normal(shape, seed, self.mean, self.stddev, dtype)


class RandomUniform(_Drawn):
    """Uniform numbers from minval (may be reached) to maxval (may not).

    Args:
        minval: the lower end.
        maxval: the upper end.
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        self._keep_seed(seed)
        self.minval, self.maxval = minval, maxval

    def _draw(self, shape: list[int], dtype: Any, seed: Any) -> Any:
        return draws.stateless_uniform(shape, seed, self.minval, self.maxval, dtype)


class VarianceScaling(_Drawn):
    """Draws whose variance is scale / n, for layers that keep the variance of what they are given.

    Args:
        scale: the variance times n.
        mode: what n is: "fan_in" the number of inputs of the weight, "fan_out" that of outputs,
            "fan_avg" their mean.
        distribution: "truncated_normal" (cut off at two deviations), "untruncated_normal" or
            "uniform".
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape. The inputs are the last axis but one times all axes before it.

    Raises:
        InvalidArgumentError: (also a ValueError) for settings that do not exist.

    Source: Glorot & Bengio (2010); He et al. (2015).

    Example:
        >>> import minitensor as mt
        >>> initializer = mt.keras.initializers.VarianceScaling(scale=2.0, seed=1)
        >>> deviation = mt.math.reduce_std(initializer((50, 400)))
        >>> abs(float(deviation) - (2 / 50) ** 0.5) < 0.002
        True
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in",
                 distribution: str = "truncated_normal", seed: int | None = None):  # fmt: skip
        initial_values.check_scaling(scale, mode, distribution)
        self._keep_seed(seed)
        self.scale, self.mode = scale, mode
        self.distribution = "truncated_normal" if distribution == "normal" else distribution

    def _draw(self, shape: list[int], dtype: Any, seed: Any) -> Any:
        return initial_values.variance_scaling(
            shape, dtype, seed, self.scale, self.mode, self.distribution
        )


class _Scaled(VarianceScaling):
    """One of the settings of `VarianceScaling` that has a name."""

    setting: tuple[float, str, str] = 1.0, "fan_in", "uniform"

    def __init__(self, seed: int | None = None):
        super().__init__(*self.setting, seed)


class GlorotUniform(_Scaled):
    """Uniform draws with variance 1 / mean of inputs and outputs: the default of kernels.

    Args:
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape; within ±√(6 / (inputs + outputs)).
    Source: Glorot & Bengio, Understanding the difficulty of training deep networks (2010).
    """

    setting = 1.0, "fan_avg", "uniform"


class GlorotNormal(_Scaled):
    """Truncated normal draws with variance 1 / mean of inputs and outputs.

    Args:
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape.
    Source: Glorot & Bengio, Understanding the difficulty of training deep networks (2010).
    """

    setting = 1.0, "fan_avg", "truncated_normal"


class HeUniform(_Scaled):
    """Uniform draws with variance 2 / inputs, for layers with relu.

    Args:
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape; within ±√(6 / inputs).
    Source: He et al., Delving deep into rectifiers (2015).
    """

    setting = 2.0, "fan_in", "uniform"


class HeNormal(_Scaled):
    """Truncated normal draws with variance 2 / inputs, for layers with relu.

    Args:
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape.
    Source: He et al., Delving deep into rectifiers (2015).
    """

    setting = 2.0, "fan_in", "truncated_normal"


class LecunUniform(_Scaled):
    """Uniform draws with variance 1 / inputs.

    Args:
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape; within ±√(3 / inputs).
    Source: LeCun et al., Efficient backprop (1998).
    """

    setting = 1.0, "fan_in", "uniform"


class LecunNormal(_Scaled):
    """Truncated normal draws with variance 1 / inputs, for layers with selu.

    Args:
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape.
    Source: LeCun et al., Efficient backprop (1998).
    """

    setting = 1.0, "fan_in", "truncated_normal"


class Orthogonal(_Drawn):
    """A matrix with orthonormal rows or columns; axes before the last are taken as one.

    Args:
        gain: a factor.
        seed: a whole number, for the same numbers each time.

    Shape: shape → shape.

    Raises:
        InvalidArgumentError: (also a ValueError) for a shape with fewer than two axes.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning (2014).

    Example:
        >>> import minitensor as mt
        >>> w = mt.keras.initializers.Orthogonal(seed=1)((3, 3))
        >>> bool(mt.reduce_all(abs(w @ mt.transpose(w) - mt.eye(3)) < 1e-5))
        True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        self._keep_seed(seed)
        self.gain = gain

    def _draw(self, shape: list[int], dtype: Any, seed: Any) -> Any:
        return initial_values.orthogonal(shape, dtype, seed, self.gain)


constant, zeros, ones, identity = Constant, Zeros, Ones, Identity
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, orthogonal = VarianceScaling, Orthogonal
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal

_NAMES = Names(
    "initializer",
    {
        "constant": Constant, "zeros": Zeros, "zero": Zeros, "ones": Ones, "one": Ones,
        "identity": Identity, "random_normal": RandomNormal, "normal": RandomNormal,
        "random_uniform": RandomUniform, "uniform": RandomUniform,
        "truncated_normal": TruncatedNormal, "variance_scaling": VarianceScaling,
        "orthogonal": Orthogonal, "glorot_normal": GlorotNormal, "glorot_uniform": GlorotUniform,
        "he_normal": HeNormal, "he_uniform": HeUniform, "lecun_normal": LecunNormal,
        "lecun_uniform": LecunUniform,
    },
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The initialiser for a name, a configuration, a class, a function or an array.

    Raises:
        InvalidArgumentError: (also a ValueError) for anything else, with the nearest name.

    Example:
        >>> import minitensor as mt
        >>> type(mt.keras.initializers.get("he_normal")).__name__
        'HeNormal'
    """
    if isinstance(identifier, (np.ndarray, Operand)):
        return Constant(identifier)
    return _NAMES.get(identifier)


def serialize(initializer: Any) -> Any:
    """An initialiser as plain data."""
    return _serialize(initializer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The initialiser that `serialize` wrote."""
    return _deserialize(config, custom_objects)


def default_for(dtype: Any) -> str:
    """The name of what a weight of a dtype begins with if nobody says: zeros, or Glorot's draws.

    Example:
        >>> default_for("float32"), default_for("int64")
        ('glorot_uniform', 'zeros')
    """
    return "glorot_uniform" if as_dtype(dtype).is_floating else "zeros"

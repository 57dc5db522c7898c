"""What variables begin with: `tf.initializers`, and the same under their longer names.

Each is a function of shape and dtype that makes tensors in the graph.
"""

from __future__ import annotations

from typing import Any

from minitensor.dtypes import as_dtype, float32
from minitensor.eager import constant as make_constant
from minitensor.ops import initial_values, random
from minitensor.ops import ones as make_ones
from minitensor.ops import zeros as make_zeros
from minitensor.ops.draws import next_seed

__all__ = [
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]


class Initializer:
    """What an initialiser is: called with a shape, it gives a tensor. Abstract."""

    dtype: Any = float32

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """The tensor to begin with. `partition_info` is TensorFlow's and has no effect."""
        return self.make([int(size) for size in shape], as_dtype(dtype or self.dtype))

    def make(self, shape: list, dtype: Any) -> Any:
        """The tensor, for sizes that are known."""
        raise TypeError(f"{type(self).__name__} makes nothing: use one of tf.initializers")


class zeros(Initializer):  # noqa: N801 - TensorFlow's name
    """Zeros."""

    def __init__(self, dtype: Any = float32):
        self.dtype = dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """Zeros of a shape."""
        return make_zeros(shape, dtype=dtype)


class ones(Initializer):  # noqa: N801 - TensorFlow's name
    """Ones."""

    def __init__(self, dtype: Any = float32):
        self.dtype = dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """Ones of a shape."""
        return make_ones(shape, dtype=dtype)


class constant(Initializer):  # noqa: N801 - TensorFlow's name
    """The same value everywhere, or given values in order. `verify_shape` has no effect."""

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False):
        self.value, self.dtype = value, dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """The value, brought to a shape."""
        return make_constant(self.value, dtype=dtype, shape=shape)


class random_uniform(Initializer):  # noqa: N801 - TensorFlow's name
    """Uniform numbers from minval (with) to maxval (without)."""

    def __init__(self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None,
                 dtype: Any = float32):  # fmt: skip
        self.minval, self.maxval, self.seed, self.dtype = minval, maxval, seed, dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """Draws of a shape."""
        most = 1.0 if self.maxval is None and not dtype.is_integer else self.maxval
        return random.uniform(shape, self.minval, most, dtype, self.seed)


class random_normal(Initializer):  # noqa: N801 - TensorFlow's name
    """Normal numbers."""

    def __init__(self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None,
                 dtype: Any = float32):  # fmt: skip
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """Draws of a shape."""
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)


class truncated_normal(random_normal):  # noqa: N801 - TensorFlow's name
    """Normal numbers, drawn again where they are more than two deviations from the mean."""

    def make(self, shape: list, dtype: Any) -> Any:
        """Draws of a shape."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class variance_scaling(Initializer):  # noqa: N801 - TensorFlow's name
    """Draws whose variance is scale / n, for layers that keep the variance of what they are given.

    n is the number of inputs ("fan_in"), of outputs ("fan_out") or their mean ("fan_avg").

    Source: Glorot & Bengio (2010); He et al. (2015).
    """

    def __init__(self, scale: float = 1.0, mode: str = "fan_in",
                 distribution: str = "truncated_normal", seed: int | None = None,
                 dtype: Any = float32):  # fmt: skip
        initial_values.check_scaling(scale, mode, distribution)
        self.scale, self.mode = scale, mode
        self.distribution = "truncated_normal" if distribution == "normal" else distribution
        self.seed, self.dtype = seed, dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """Draws of a shape."""
        seed = next_seed(seed=self.seed)
        return initial_values.variance_scaling(
            shape, dtype, seed, self.scale, self.mode, self.distribution
        )


class _Fixed(variance_scaling):
    scaled: tuple[float, str, str] = 1.0, "fan_in", "uniform"

    def __init__(self, seed: int | None = None, dtype: Any = float32):
        super().__init__(*self.scaled, seed, dtype)


class glorot_uniform(_Fixed):  # noqa: N801 - TensorFlow's name
    """Uniform draws with variance 1 / mean of inputs and outputs."""

    scaled = 1.0, "fan_avg", "uniform"


class glorot_normal(_Fixed):  # noqa: N801 - TensorFlow's name
    """Normal draws with variance 1 / mean of inputs and outputs."""

    scaled = 1.0, "fan_avg", "truncated_normal"


class he_uniform(_Fixed):  # noqa: N801 - TensorFlow's name
    """Uniform draws with variance 2 / inputs, for relu."""

    scaled = 2.0, "fan_in", "uniform"


class he_normal(_Fixed):  # noqa: N801 - TensorFlow's name
    """Normal draws with variance 2 / inputs, for relu."""

    scaled = 2.0, "fan_in", "truncated_normal"


class lecun_uniform(_Fixed):  # noqa: N801 - TensorFlow's name
    """Uniform draws with variance 1 / inputs."""

    scaled = 1.0, "fan_in", "uniform"


class lecun_normal(_Fixed):  # noqa: N801 - TensorFlow's name
    """Normal draws with variance 1 / inputs."""

    scaled = 1.0, "fan_in", "truncated_normal"


class identity(Initializer):  # noqa: N801 - TensorFlow's name
    """A multiple of the identity matrix."""

    def __init__(self, gain: float = 1.0, dtype: Any = float32):
        self.gain, self.dtype = gain, dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """The matrix of a shape."""
        return initial_values.identity_matrix(shape, dtype, self.gain)


class orthogonal(Initializer):  # noqa: N801 - TensorFlow's name
    """A matrix with orthonormal rows or columns; axes before the last are taken as one.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning (2014).
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32):
        self.gain, self.seed, self.dtype = gain, seed, dtype

    def make(self, shape: list, dtype: Any) -> Any:
        """The matrix of a shape."""
        seed = next_seed(seed=self.seed)
        return initial_values.orthogonal(shape, dtype, seed, self.gain)

"""`keras.backend`: settings of the session, and Keras 2's short names for ops.

Losses and metrics of one's own were written with them: `K.mean(K.square(y_true - y_pred))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitensor import nn, ops, random
from minitensor.errors import public_names
from minitensor.keras.session import backend as backend
from minitensor.keras.session import clear_session as clear_session
from minitensor.keras.session import epsilon as epsilon
from minitensor.keras.session import floatx as floatx
from minitensor.keras.session import set_floatx as set_floatx
from minitensor.keras.symbolic import is_symbolic as is_keras_tensor
from minitensor.variable import Variable

__all__ = [
    "abs", "all", "any", "argmax", "argmin", "backend", "cast", "clear_session", "clip",
    "concatenate", "cos", "dot", "epsilon", "equal", "eval", "exp", "expand_dims", "flatten",
    "floatx", "gather", "get_value", "greater", "greater_equal", "image_data_format", "int_shape",
    "is_keras_tensor", "l2_normalize", "less", "less_equal", "log", "max", "maximum", "mean", "min",
    "minimum", "ndim", "not_equal", "one_hot", "ones", "ones_like", "permute_dimensions", "pow",
    "prod", "random_normal", "random_uniform", "relu", "reshape", "round", "set_floatx",
    "set_value", "shape", "sigmoid", "sign", "sin", "softmax", "softplus", "sqrt", "square",
    "squeeze", "stack", "std", "stop_gradient", "sum", "tanh", "tile", "transpose", "var",
    "variable", "zeros", "zeros_like",
]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)

abs, cos, exp, log, sign, sin = ops.abs, ops.cos, ops.exp, ops.log, ops.sign, ops.sin
sqrt, square, tanh = ops.sqrt, ops.square, ops.tanh
equal, not_equal, maximum, minimum = ops.equal, ops.not_equal, ops.maximum, ops.minimum
greater, greater_equal, less, less_equal = ops.greater, ops.greater_equal, ops.less, ops.less_equal
all, any, max, min = ops.reduce_all, ops.reduce_any, ops.reduce_max, ops.reduce_min
var, std = ops.reduce_variance, ops.reduce_std
prod, sum, cast, clip, pow = ops.reduce_prod, ops.reduce_sum, ops.cast, ops.clip_by_value, ops.pow
gather, one_hot, reshape, round, shape = ops.gather, ops.one_hot, ops.reshape, ops.round, ops.shape
squeeze, stack, tile, transpose = ops.squeeze, ops.stack, ops.tile, ops.transpose
permute_dimensions, stop_gradient, dot = ops.transpose, ops.stop_gradient, ops.matmul
ones, ones_like, zeros, zeros_like = ops.ones, ops.ones_like, ops.zeros, ops.zeros_like
relu, sigmoid, softmax, softplus = nn.relu, ops.sigmoid, nn.softmax, nn.softplus
l2_normalize, variable = nn.l2_normalize, Variable
random_normal, random_uniform = random.normal, random.uniform


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean; that of truth values is the share of those that are true."""
    x = ops.cast(x, floatx()) if x.dtype.name == "bool" else x
    return ops.reduce_mean(x, axis, keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    """Where the largest elements are, along the last axis by default."""
    return ops.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Where the smallest elements are, along the last axis by default."""
    return ops.argmin(x, axis)


def concatenate(tensors: Sequence, axis: int = -1) -> Any:
    """Tensors side by side, along the last axis by default."""
    return ops.concat(tensors, axis)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """The same elements with one more axis, the last by default."""
    return ops.expand_dims(x, axis)


def flatten(x: Any) -> Any:
    """All elements in one row."""
    return ops.reshape(x, [-1])


def int_shape(x: Any) -> tuple:
    """The sizes as a tuple, None for those that only data tells."""
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(x.shape)


def get_value(x: Any) -> Any:
    """The elements as a numpy array."""
    return x.numpy()


eval = get_value


def set_value(x: Variable, value: Any) -> None:
    """Give a variable another value."""
    x.assign(value)


def image_data_format() -> str:
    """The order of the axes of images: "channels_last"."""
    return "channels_last"

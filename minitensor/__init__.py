"""minitensor: a tensor library that teaches how tensor libraries work.

The names and arguments are TensorFlow 2's, so `import minitensor as tf` runs TensorFlow code.
"""

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from minitensor import autodiff as autodiff
from minitensor import bitwise as bitwise
from minitensor import config as config
from minitensor import debugging as debugging
from minitensor import device_lib as device_lib
from minitensor import dtypes as dtypes
from minitensor import errors as errors
from minitensor import linalg as linalg
from minitensor import math as math
from minitensor import nest as nest
from minitensor import nn as nn
from minitensor import random as random
from minitensor import strings as strings
from minitensor import test as test
from minitensor import testing as testing
from minitensor.config import experimental as experimental
from minitensor.custom_gradient import custom_gradient as custom_gradient
from minitensor.custom_gradient import grad_pass_through as grad_pass_through
from minitensor.custom_gradient import recompute_grad as recompute_grad
from minitensor.debugging import Assert as Assert
from minitensor.debugging import assert_rank as assert_rank
from minitensor.dtypes import DType as DType
from minitensor.dtypes import as_dtype as as_dtype
from minitensor.dtypes import bfloat16 as bfloat16
from minitensor.dtypes import bool as bool
from minitensor.dtypes import complex64 as complex64
from minitensor.dtypes import complex128 as complex128
from minitensor.dtypes import double as double
from minitensor.dtypes import float16 as float16
from minitensor.dtypes import float32 as float32
from minitensor.dtypes import float64 as float64
from minitensor.dtypes import half as half
from minitensor.dtypes import int8 as int8
from minitensor.dtypes import int16 as int16
from minitensor.dtypes import int32 as int32
from minitensor.dtypes import int64 as int64
from minitensor.dtypes import string as string
from minitensor.dtypes import uint8 as uint8
from minitensor.dtypes import uint16 as uint16
from minitensor.dtypes import uint32 as uint32
from minitensor.dtypes import uint64 as uint64
from minitensor.eager import constant as constant
from minitensor.eager import convert_to_tensor as convert_to_tensor
from minitensor.eager import executing_eagerly as executing_eagerly
from minitensor.eager import is_tensor as is_tensor
from minitensor.errors import suggest
from minitensor.graph.asking import get_static_value as get_static_value
from minitensor.graph.asking import inside_function as inside_function
from minitensor.graph.asking import is_symbolic_tensor as is_symbolic_tensor
from minitensor.graph.function import function as function
from minitensor.math import divide as divide
from minitensor.module import Module as Module
from minitensor.ops import IndexedSlices as IndexedSlices
from minitensor.ops import abs as abs
from minitensor.ops import acos as acos
from minitensor.ops import acosh as acosh
from minitensor.ops import add as add
from minitensor.ops import add_n as add_n
from minitensor.ops import argmax as argmax
from minitensor.ops import argmin as argmin
from minitensor.ops import argsort as argsort
from minitensor.ops import as_string as as_string
from minitensor.ops import asin as asin
from minitensor.ops import asinh as asinh
from minitensor.ops import assert_equal as assert_equal
from minitensor.ops import assert_greater as assert_greater
from minitensor.ops import assert_less as assert_less
from minitensor.ops import atan as atan
from minitensor.ops import atan2 as atan2
from minitensor.ops import atanh as atanh
from minitensor.ops import boolean_mask as boolean_mask
from minitensor.ops import broadcast_dynamic_shape as broadcast_dynamic_shape
from minitensor.ops import broadcast_static_shape as broadcast_static_shape
from minitensor.ops import broadcast_to as broadcast_to
from minitensor.ops import cast as cast
from minitensor.ops import clip_by_global_norm as clip_by_global_norm
from minitensor.ops import clip_by_norm as clip_by_norm
from minitensor.ops import clip_by_value as clip_by_value
from minitensor.ops import complex as complex
from minitensor.ops import concat as concat
from minitensor.ops import cos as cos
from minitensor.ops import cosh as cosh
from minitensor.ops import cumsum as cumsum
from minitensor.ops import einsum as einsum
from minitensor.ops import ensure_shape as ensure_shape
from minitensor.ops import equal as equal
from minitensor.ops import exp as exp
from minitensor.ops import expand_dims as expand_dims
from minitensor.ops import eye as eye
from minitensor.ops import fill as fill
from minitensor.ops import floor as floor
from minitensor.ops import gather as gather
from minitensor.ops import gather_nd as gather_nd
from minitensor.ops import greater as greater
from minitensor.ops import greater_equal as greater_equal
from minitensor.ops import histogram_fixed_width as histogram_fixed_width
from minitensor.ops import identity as identity
from minitensor.ops import identity_n as identity_n
from minitensor.ops import less as less
from minitensor.ops import less_equal as less_equal
from minitensor.ops import linspace as linspace
from minitensor.ops import logical_and as logical_and
from minitensor.ops import logical_not as logical_not
from minitensor.ops import logical_or as logical_or
from minitensor.ops import matmul as matmul
from minitensor.ops import maximum as maximum
from minitensor.ops import meshgrid as meshgrid
from minitensor.ops import minimum as minimum
from minitensor.ops import multiply as multiply
from minitensor.ops import negative as negative
from minitensor.ops import newaxis as newaxis
from minitensor.ops import norm as norm
from minitensor.ops import not_equal as not_equal
from minitensor.ops import one_hot as one_hot
from minitensor.ops import ones as ones
from minitensor.ops import ones_like as ones_like
from minitensor.ops import pad as pad
from minitensor.ops import pow as pow
from minitensor.ops import range as range
from minitensor.ops import rank as rank
from minitensor.ops import reduce_all as reduce_all
from minitensor.ops import reduce_any as reduce_any
from minitensor.ops import reduce_logsumexp as reduce_logsumexp
from minitensor.ops import reduce_max as reduce_max
from minitensor.ops import reduce_mean as reduce_mean
from minitensor.ops import reduce_min as reduce_min
from minitensor.ops import reduce_prod as reduce_prod
from minitensor.ops import reduce_sum as reduce_sum
from minitensor.ops import repeat as repeat
from minitensor.ops import reshape as reshape
from minitensor.ops import reverse as reverse
from minitensor.ops import reverse_sequence as reverse_sequence
from minitensor.ops import roll as roll
from minitensor.ops import round as round
from minitensor.ops import scalar_mul as scalar_mul
from minitensor.ops import scatter_nd as scatter_nd
from minitensor.ops import searchsorted as searchsorted
from minitensor.ops import sequence_mask as sequence_mask
from minitensor.ops import shape as shape
from minitensor.ops import shape_n as shape_n
from minitensor.ops import sigmoid as sigmoid
from minitensor.ops import sign as sign
from minitensor.ops import sin as sin
from minitensor.ops import sinh as sinh
from minitensor.ops import size as size
from minitensor.ops import slice as slice
from minitensor.ops import sort as sort
from minitensor.ops import split as split
from minitensor.ops import sqrt as sqrt
from minitensor.ops import square as square
from minitensor.ops import squeeze as squeeze
from minitensor.ops import stack as stack
from minitensor.ops import stop_gradient as stop_gradient
from minitensor.ops import strided_slice as strided_slice
from minitensor.ops import subtract as subtract
from minitensor.ops import tan as tan
from minitensor.ops import tanh as tanh
from minitensor.ops import tensor_scatter_nd_add as tensor_scatter_nd_add
from minitensor.ops import tensor_scatter_nd_max as tensor_scatter_nd_max
from minitensor.ops import tensor_scatter_nd_min as tensor_scatter_nd_min
from minitensor.ops import tensor_scatter_nd_sub as tensor_scatter_nd_sub
from minitensor.ops import tensor_scatter_nd_update as tensor_scatter_nd_update
from minitensor.ops import tensordot as tensordot
from minitensor.ops import tile as tile
from minitensor.ops import timestamp as timestamp
from minitensor.ops import transpose as transpose
from minitensor.ops import truediv as truediv
from minitensor.ops import unique as unique
from minitensor.ops import unique_with_counts as unique_with_counts
from minitensor.ops import unstack as unstack
from minitensor.ops import where as where
from minitensor.ops import zeros as zeros
from minitensor.ops import zeros_like as zeros_like
from minitensor.ops.control import case as case
from minitensor.ops.control import cond as cond
from minitensor.ops.control import foldl as foldl
from minitensor.ops.control import foldr as foldr
from minitensor.ops.control import group as group
from minitensor.ops.control import map_fn as map_fn
from minitensor.ops.control import no_op as no_op
from minitensor.ops.control import scan as scan
from minitensor.ops.control import switch_case as switch_case
from minitensor.ops.control import vectorized_map as vectorized_map
from minitensor.ops.control import while_loop as while_loop
from minitensor.ops.printing import print as print
from minitensor.python_function import numpy_function as numpy_function
from minitensor.python_function import py_function as py_function
from minitensor.scopes import control_dependencies as control_dependencies
from minitensor.scopes import device as device
from minitensor.scopes import get_current_name_scope as get_current_name_scope
from minitensor.scopes import get_logger as get_logger
from minitensor.scopes import init_scope as init_scope
from minitensor.scopes import name_scope as name_scope
from minitensor.shapes import TensorShape as TensorShape
from minitensor.tape import GradientTape as GradientTape
from minitensor.tape import UnconnectedGradients as UnconnectedGradients
from minitensor.tensor import Tensor as Tensor
from minitensor.tensor import TensorSpec as TensorSpec
from minitensor.tensor_array import TensorArray as TensorArray
from minitensor.variable import Variable as Variable

if TYPE_CHECKING:
    from minitensor import autograph as autograph
    from minitensor import compat as compat
    from minitensor import data as data
    from minitensor import keras as keras
    from minitensor import saved_model as saved_model
    from minitensor import summary as summary
    from minitensor import train as train
    from minitensor.compat.v1 import Graph as Graph
    from minitensor.keras import initializers as initializers
    from minitensor.keras import losses as losses
    from minitensor.keras import metrics as metrics
    from minitensor.keras import optimizers as optimizers

__version__ = "0.1.0"

__all__ = [
    "Assert", "DType", "GradientTape", "Graph", "IndexedSlices", "Module", "Tensor", "TensorArray",
    "TensorShape", "TensorSpec", "UnconnectedGradients", "Variable", "__version__", "abs", "acos",
    "acosh", "add", "add_n", "argmax", "argmin", "argsort", "as_dtype", "as_string", "asin",
    "asinh", "assert_equal", "assert_greater", "assert_less", "assert_rank", "atan", "atan2",
    "atanh", "autodiff", "autograph", "bfloat16", "bitwise", "bool", "boolean_mask",
    "broadcast_dynamic_shape", "broadcast_static_shape", "broadcast_to", "case", "cast",
    "clip_by_global_norm", "clip_by_norm", "clip_by_value", "compat", "complex", "complex64",
    "complex128", "concat", "cond", "config", "constant", "control_dependencies",
    "convert_to_tensor", "cos", "cosh", "cumsum", "custom_gradient", "data", "debugging", "device",
    "device_lib", "divide", "double", "dtypes", "einsum", "ensure_shape", "equal", "errors",
    "executing_eagerly", "exp", "expand_dims", "experimental", "eye", "fill", "float16", "float32",
    "float64", "floor", "foldl", "foldr", "function", "gather", "gather_nd",
    "get_current_name_scope", "get_logger", "get_static_value", "grad_pass_through", "greater",
    "greater_equal", "group", "half", "histogram_fixed_width", "identity", "identity_n",
    "init_scope", "initializers", "inside_function", "int8", "int16", "int32", "int64",
    "is_symbolic_tensor", "is_tensor", "keras", "less", "less_equal", "linalg", "linspace",
    "logical_and", "logical_not", "logical_or", "losses", "map_fn", "math", "matmul", "maximum",
    "meshgrid", "metrics", "minimum", "multiply", "name_scope", "negative", "nest", "newaxis",
    "nn", "no_op", "norm", "not_equal", "numpy_function", "one_hot", "ones", "ones_like",
    "optimizers", "pad", "pow", "print", "py_function", "random", "range", "rank",
    "recompute_grad", "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean",
    "reduce_min", "reduce_prod", "reduce_sum", "repeat", "reshape", "reverse", "reverse_sequence",
    "roll", "round", "saved_model", "scalar_mul", "scan", "scatter_nd", "searchsorted",
    "sequence_mask", "shape", "shape_n", "sigmoid", "sign", "sin", "sinh", "size", "slice", "sort",
    "split", "sqrt", "square", "squeeze", "stack", "stop_gradient", "strided_slice", "string",
    "strings", "subtract", "summary", "switch_case", "tan", "tanh", "tensor_scatter_nd_add",
    "tensor_scatter_nd_max", "tensor_scatter_nd_min", "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update", "tensordot", "test", "testing", "tile", "timestamp", "train",
    "transpose", "truediv", "uint8", "uint16", "uint32", "uint64", "unique", "unique_with_counts",
    "unstack", "vectorized_map", "where", "while_loop", "zeros", "zeros_like",
]  # fmt: skip


_LATER = {
    name: f"minitensor.{name}"
    for name in ("autograph", "compat", "data", "keras", "saved_model", "summary", "train")
} | {
    name: f"minitensor.keras.{name}" for name in ("initializers", "losses", "metrics", "optimizers")
}
"""Names of modules that are imported when they are used first, and where these are."""


def __dir__() -> list[str]:
    """What `mt.` completes to: the public names, without the engine's own modules."""
    return sorted({*__all__, *_LATER, "Graph", *(n for n in globals() if n.startswith("__"))})


def __getattr__(name: str) -> object:
    if name in _LATER:
        return import_module(_LATER[name])
    if name == "Graph":
        return import_module("minitensor.compat.v1").Graph
    raise AttributeError(f"module 'minitensor' has no attribute {name!r}: {_hint(name)}", name=name)


def _hint(name: str) -> str:
    """What to write instead of a name that is not there."""
    if not name.startswith("_") and name in vars(import_module("minitensor.compat.v1")):
        return f"it is TensorFlow 1's, so write tf.compat.v1.{name} (minitensor.compat.v1)"
    if get_close_matches(name, __all__, cutoff=0.7):
        return suggest(name, __all__)
    return "dir(minitensor) lists what there is"

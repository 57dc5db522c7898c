"""minitensor: a tensor library that teaches how tensor libraries work.

The names and arguments are TensorFlow 2's, so `import minitensor as tf` runs TensorFlow code.
"""

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
from minitensor import test as test
from minitensor import testing as testing
from minitensor.config import experimental as experimental
from minitensor.custom_gradient import custom_gradient as custom_gradient
from minitensor.custom_gradient import grad_pass_through as grad_pass_through
from minitensor.custom_gradient import recompute_grad as recompute_grad
from minitensor.debugging import Assert as Assert
from minitensor.debugging import assert_equal as assert_equal
from minitensor.debugging import assert_greater as assert_greater
from minitensor.debugging import assert_less as assert_less
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
from minitensor.graph.ir import Graph as Graph
from minitensor.ops.activation import sigmoid as sigmoid
from minitensor.ops.arithmetic import abs as abs
from minitensor.ops.arithmetic import add as add
from minitensor.ops.arithmetic import divide as divide
from minitensor.ops.arithmetic import maximum as maximum
from minitensor.ops.arithmetic import minimum as minimum
from minitensor.ops.arithmetic import multiply as multiply
from minitensor.ops.arithmetic import negative as negative
from minitensor.ops.arithmetic import pow as pow
from minitensor.ops.arithmetic import scalar_mul as scalar_mul
from minitensor.ops.arithmetic import sign as sign
from minitensor.ops.arithmetic import square as square
from minitensor.ops.arithmetic import subtract as subtract
from minitensor.ops.arithmetic import truediv as truediv
from minitensor.ops.array import broadcast_to as broadcast_to
from minitensor.ops.array import cast as cast
from minitensor.ops.array import concat as concat
from minitensor.ops.array import expand_dims as expand_dims
from minitensor.ops.array import identity_n as identity_n
from minitensor.ops.array import reshape as reshape
from minitensor.ops.array import squeeze as squeeze
from minitensor.ops.array import stack as stack
from minitensor.ops.array import transpose as transpose
from minitensor.ops.comparison import equal as equal
from minitensor.ops.comparison import greater as greater
from minitensor.ops.comparison import greater_equal as greater_equal
from minitensor.ops.comparison import less as less
from minitensor.ops.comparison import less_equal as less_equal
from minitensor.ops.comparison import logical_and as logical_and
from minitensor.ops.comparison import logical_not as logical_not
from minitensor.ops.comparison import logical_or as logical_or
from minitensor.ops.comparison import not_equal as not_equal
from minitensor.ops.complex_numbers import complex as complex
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
from minitensor.ops.creation import eye as eye
from minitensor.ops.creation import fill as fill
from minitensor.ops.creation import linspace as linspace
from minitensor.ops.creation import meshgrid as meshgrid
from minitensor.ops.creation import one_hot as one_hot
from minitensor.ops.creation import ones as ones
from minitensor.ops.creation import ones_like as ones_like
from minitensor.ops.creation import range as range
from minitensor.ops.creation import sequence_mask as sequence_mask
from minitensor.ops.creation import zeros as zeros
from minitensor.ops.creation import zeros_like as zeros_like
from minitensor.ops.einsum import einsum as einsum
from minitensor.ops.einsum import tensordot as tensordot
from minitensor.ops.elementwise import exp as exp
from minitensor.ops.elementwise import floor as floor
from minitensor.ops.elementwise import round as round
from minitensor.ops.elementwise import sqrt as sqrt
from minitensor.ops.gathering import gather as gather
from minitensor.ops.gathering import gather_nd as gather_nd
from minitensor.ops.indexing import boolean_mask as boolean_mask
from minitensor.ops.indexing import strided_slice as strided_slice
from minitensor.ops.linalg import matmul as matmul
from minitensor.ops.lists import add_n as add_n
from minitensor.ops.norms import clip_by_global_norm as clip_by_global_norm
from minitensor.ops.norms import clip_by_norm as clip_by_norm
from minitensor.ops.norms import norm as norm
from minitensor.ops.ordering import argsort as argsort
from minitensor.ops.ordering import searchsorted as searchsorted
from minitensor.ops.ordering import sort as sort
from minitensor.ops.ordering import unique as unique
from minitensor.ops.ordering import unique_with_counts as unique_with_counts
from minitensor.ops.padding import pad as pad
from minitensor.ops.padding import slice as slice
from minitensor.ops.printing import print as print
from minitensor.ops.rearranging import repeat as repeat
from minitensor.ops.rearranging import reverse as reverse
from minitensor.ops.rearranging import reverse_sequence as reverse_sequence
from minitensor.ops.rearranging import roll as roll
from minitensor.ops.rearranging import tile as tile
from minitensor.ops.reduction import argmax as argmax
from minitensor.ops.reduction import argmin as argmin
from minitensor.ops.reduction import reduce_all as reduce_all
from minitensor.ops.reduction import reduce_any as reduce_any
from minitensor.ops.reduction import reduce_logsumexp as reduce_logsumexp
from minitensor.ops.reduction import reduce_max as reduce_max
from minitensor.ops.reduction import reduce_mean as reduce_mean
from minitensor.ops.reduction import reduce_min as reduce_min
from minitensor.ops.reduction import reduce_prod as reduce_prod
from minitensor.ops.reduction import reduce_sum as reduce_sum
from minitensor.ops.scan import cumsum as cumsum
from minitensor.ops.scattering import scatter_nd as scatter_nd
from minitensor.ops.scattering import tensor_scatter_nd_add as tensor_scatter_nd_add
from minitensor.ops.scattering import tensor_scatter_nd_max as tensor_scatter_nd_max
from minitensor.ops.scattering import tensor_scatter_nd_min as tensor_scatter_nd_min
from minitensor.ops.scattering import tensor_scatter_nd_sub as tensor_scatter_nd_sub
from minitensor.ops.scattering import tensor_scatter_nd_update as tensor_scatter_nd_update
from minitensor.ops.selection import clip_by_value as clip_by_value
from minitensor.ops.selection import where as where
from minitensor.ops.sizes import broadcast_dynamic_shape as broadcast_dynamic_shape
from minitensor.ops.sizes import broadcast_static_shape as broadcast_static_shape
from minitensor.ops.sizes import newaxis as newaxis
from minitensor.ops.sizes import rank as rank
from minitensor.ops.sizes import shape as shape
from minitensor.ops.sizes import shape_n as shape_n
from minitensor.ops.sizes import size as size
from minitensor.ops.slices import IndexedSlices as IndexedSlices
from minitensor.ops.splitting import split as split
from minitensor.ops.splitting import unstack as unstack
from minitensor.ops.state import ensure_shape as ensure_shape
from minitensor.ops.state import identity as identity
from minitensor.ops.state import stop_gradient as stop_gradient
from minitensor.ops.state import timestamp as timestamp
from minitensor.ops.statistics import histogram_fixed_width as histogram_fixed_width
from minitensor.ops.trigonometric import acos as acos
from minitensor.ops.trigonometric import acosh as acosh
from minitensor.ops.trigonometric import asin as asin
from minitensor.ops.trigonometric import asinh as asinh
from minitensor.ops.trigonometric import atan as atan
from minitensor.ops.trigonometric import atan2 as atan2
from minitensor.ops.trigonometric import atanh as atanh
from minitensor.ops.trigonometric import cos as cos
from minitensor.ops.trigonometric import cosh as cosh
from minitensor.ops.trigonometric import sin as sin
from minitensor.ops.trigonometric import sinh as sinh
from minitensor.ops.trigonometric import tan as tan
from minitensor.ops.trigonometric import tanh as tanh
from minitensor.python_function import numpy_function as numpy_function
from minitensor.python_function import py_function as py_function
from minitensor.scopes import control_dependencies as control_dependencies
from minitensor.scopes import device as device
from minitensor.scopes import get_logger as get_logger
from minitensor.scopes import init_scope as init_scope
from minitensor.scopes import name_scope as name_scope
from minitensor.shapes import TensorShape as TensorShape
from minitensor.tape import GradientTape as GradientTape
from minitensor.tape import UnconnectedGradients as UnconnectedGradients
from minitensor.tensor import Tensor as Tensor
from minitensor.tensor import TensorSpec as TensorSpec
from minitensor.variable import Variable as Variable

__version__ = "0.1.0"

__all__ = [
    "Assert",
    "DType",
    "GradientTape",
    "Graph",
    "IndexedSlices",
    "Tensor",
    "TensorShape",
    "TensorSpec",
    "UnconnectedGradients",
    "Variable",
    "__version__",
    "abs",
    "acos",
    "acosh",
    "add",
    "add_n",
    "argmax",
    "argmin",
    "argsort",
    "as_dtype",
    "asin",
    "asinh",
    "assert_equal",
    "assert_greater",
    "assert_less",
    "assert_rank",
    "atan",
    "atan2",
    "atanh",
    "autodiff",
    "bfloat16",
    "bitwise",
    "bool",
    "boolean_mask",
    "broadcast_dynamic_shape",
    "broadcast_static_shape",
    "broadcast_to",
    "case",
    "cast",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "complex",
    "complex64",
    "complex128",
    "concat",
    "cond",
    "config",
    "constant",
    "control_dependencies",
    "convert_to_tensor",
    "cos",
    "cosh",
    "cumsum",
    "custom_gradient",
    "debugging",
    "device",
    "device_lib",
    "divide",
    "double",
    "dtypes",
    "einsum",
    "ensure_shape",
    "equal",
    "errors",
    "executing_eagerly",
    "exp",
    "expand_dims",
    "experimental",
    "eye",
    "fill",
    "float16",
    "float32",
    "float64",
    "floor",
    "foldl",
    "foldr",
    "gather",
    "gather_nd",
    "get_logger",
    "grad_pass_through",
    "greater",
    "greater_equal",
    "group",
    "half",
    "histogram_fixed_width",
    "identity",
    "identity_n",
    "init_scope",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_tensor",
    "less",
    "less_equal",
    "linalg",
    "linspace",
    "logical_and",
    "logical_not",
    "logical_or",
    "map_fn",
    "math",
    "matmul",
    "maximum",
    "meshgrid",
    "minimum",
    "multiply",
    "name_scope",
    "negative",
    "nest",
    "newaxis",
    "nn",
    "no_op",
    "norm",
    "not_equal",
    "numpy_function",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "pow",
    "print",
    "py_function",
    "random",
    "range",
    "rank",
    "recompute_grad",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "repeat",
    "reshape",
    "reverse",
    "reverse_sequence",
    "roll",
    "round",
    "scalar_mul",
    "scan",
    "scatter_nd",
    "searchsorted",
    "sequence_mask",
    "shape",
    "shape_n",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "size",
    "slice",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "strided_slice",
    "string",
    "subtract",
    "switch_case",
    "tan",
    "tanh",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_max",
    "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "tensordot",
    "test",
    "testing",
    "tile",
    "timestamp",
    "transpose",
    "truediv",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "unique",
    "unique_with_counts",
    "unstack",
    "vectorized_map",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]

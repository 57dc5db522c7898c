"""Functions that TensorFlow 1 had under another name, or with other arguments.

Where an argument had two names, both are taken; giving both is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from minitensor import debugging, linalg, math, ops, python_function, random
from minitensor.compat.v1.tracer import control_dependencies, open_tracer
from minitensor.dtypes import float32, float64, int32, int64
from minitensor.errors import ArgumentError, InvalidArgumentError
from minitensor.graph.symbol import Symbol
from minitensor.op import convert
from minitensor.ops import printing
from minitensor.ops.branching import cond as cond_
from minitensor.ops.branching import while_loop as while_loop_

__all__ = [
    "Assert",
    "Print",
    "argmax",
    "argmin",
    "cond",
    "count_nonzero",
    "div",
    "expand_dims",
    "multinomial",
    "norm",
    "ones_like",
    "print",
    "py_func",
    "random_crop",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "squeeze",
    "to_double",
    "to_float",
    "to_int32",
    "to_int64",
    "tuple",
    "where",
    "while_loop",
    "zeros_like",
]


def either(name: str, value: Any, old_name: str, old: Any, default: Any = None) -> Any:
    """The value of an argument that has an old and a new name.

    Raises:
        InvalidArgumentError: (also a ValueError) when both were given.
    """
    if old is None:
        return default if value is None else value
    if value is not None:
        raise InvalidArgumentError(
            f"Cannot specify both '{name}' and '{old_name}'.\nThey are two names of one argument. "
            f"To fix it: keep '{name}'."
        )
    return old


def _reduction(op: Any) -> Callable:
    def reduce(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None,
               reduction_indices: Any = None, keep_dims: Any = None) -> Any:  # fmt: skip
        axis = either("axis", axis, "reduction_indices", reduction_indices)
        keepdims = either("keepdims", keepdims, "keep_dims", keep_dims, False)
        return op(input_tensor, axis=axis, keepdims=bool(keepdims), name=name)

    reduce.__name__ = reduce.__qualname__ = op.name
    reduce.__doc__ = (
        f"As `mt.{op.name}`; `reduction_indices` and `keep_dims` are old names of `axis` and "
        "`keepdims`."
    )
    return reduce


reduce_all = _reduction(ops.reduce_all)
reduce_any = _reduction(ops.reduce_any)
reduce_logsumexp = _reduction(ops.reduce_logsumexp)
reduce_max = _reduction(ops.reduce_max)
reduce_mean = _reduction(ops.reduce_mean)
reduce_min = _reduction(ops.reduce_min)
reduce_prod = _reduction(ops.reduce_prod)
reduce_sum = _reduction(ops.reduce_sum)


def count_nonzero(input_tensor: Any = None, axis: Any = None, keepdims: Any = None,
                  dtype: Any = int64, name: str | None = None, reduction_indices: Any = None,
                  keep_dims: Any = None, input: Any = None) -> Any:  # fmt: skip
    """As `mt.math.count_nonzero`, with the old names of arguments too."""
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims, False)
    tensor = either("input", input, "input_tensor", input_tensor)
    return math.count_nonzero(tensor, axis=axis, keepdims=bool(keepdims), dtype=dtype, name=name)


def argmax(input: Any, axis: Any = None, name: str | None = None, dimension: Any = None,
           output_type: Any = int64) -> Any:  # fmt: skip
    """Where the largest element along an axis is; `dimension` is the old name of `axis`."""
    axis = either("axis", axis, "dimension", dimension, 0)
    return ops.argmax(input, axis=axis, output_type=output_type, name=name)


def argmin(input: Any, axis: Any = None, name: str | None = None, dimension: Any = None,
           output_type: Any = int64) -> Any:  # fmt: skip
    """Where the smallest element along an axis is; `dimension` is the old name of `axis`."""
    axis = either("axis", axis, "dimension", dimension, 0)
    return ops.argmin(input, axis=axis, output_type=output_type, name=name)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """A further axis of size 1; `dim` is the old name of `axis`."""
    return ops.expand_dims(input, axis=either("axis", axis, "dim", dim), name=name)


def squeeze(input: Any, axis: Any = None, name: str | None = None,
            squeeze_dims: Any = None) -> Any:  # fmt: skip
    """Without axes of size 1; `squeeze_dims` is the old name of `axis`."""
    axis = either("axis", axis, "squeeze_dims", squeeze_dims)
    return ops.squeeze(input, axis=axis or None if axis == [] else axis, name=name)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None,
         name: str | None = None, keep_dims: Any = None) -> Any:  # fmt: skip
    """As `mt.norm`; `keep_dims` is the old name of `keepdims`."""
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims, False)
    return linalg.norm(tensor, ord, axis, bool(keepdims), name)


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None,
               optimize: bool = True) -> Any:  # fmt: skip
    """Zeros of the shape of a tensor. `optimize` is TensorFlow's and has no effect."""
    return ops.zeros_like(tensor, dtype=dtype, name=name)


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None,
              optimize: bool = True) -> Any:  # fmt: skip
    """Ones of the shape of a tensor. `optimize` is TensorFlow's and has no effect."""
    return ops.ones_like(tensor, dtype=dtype, name=name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """X where the condition holds, else y; a vector of conditions chooses among rows.

    With the condition alone, the positions where it holds.
    """
    if x is None or y is None:
        return ops.where(condition, x, y, name)
    condition, x, y = convert(condition), convert(x), convert(y)
    if condition.shape.rank == 1 and (x.shape.rank or 0) > 1:
        ones = [1] * ((x.shape.rank or 1) - 1)
        condition = ops.reshape(condition, [-1, *ones])
    return ops.where(condition, x, y, name)


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """Division as Python 2 had it: whole numbers give a whole number, rounded down."""
    x = convert(x)
    return (math.floordiv if x.dtype.is_integer else ops.divide)(x, y, name=name)


def _cast_to(dtype: Any) -> Callable:
    def to(x: Any, name: str | None = None) -> Any:
        return ops.cast(x, dtype=dtype, name=name)

    to.__doc__ = f"The tensor as {dtype.name}."
    return to


to_float, to_double = _cast_to(float32), _cast_to(float64)
to_int32, to_int64 = _cast_to(int32), _cast_to(int64)


def multinomial(logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None,
                output_dtype: Any = None) -> Any:  # fmt: skip
    """As `mt.random.categorical`."""
    return random.categorical(logits, num_samples, output_dtype, seed, name)


def random_crop(value: Any, size: Sequence, seed: int | None = None,
                name: str | None = None) -> Any:  # fmt: skip
    """A part of a tensor of a size, at a place drawn at random."""
    value, size = convert(value), [int(n) for n in size]
    room = ops.shape(value) - convert(size)
    drawn = random.uniform([len(size)], 0, 2**31 - 1, int32, seed)
    return ops.slice(value, ops.floormod(drawn, room + 1), size, name=name)


def py_func(func: Callable, inp: Any, Tout: Any, stateful: bool = True,
            name: str | None = None) -> Any:  # fmt: skip
    """Call a Python function of numpy arrays; see `mt.numpy_function`."""
    return python_function.numpy_function(func, inp, Tout, stateful, name)


# Control flow.


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, strict: bool = False,
         name: str | None = None, fn1: Any = None, fn2: Any = None) -> Any:  # fmt: skip
    """As `mt.cond`; `fn1` and `fn2` are the old names of the branches.

    A structure of one tensor is given back as that tensor, unless `strict`.
    """
    found = cond_(pred, either("true_fn", true_fn, "fn1", fn1),
                  either("false_fn", false_fn, "fn2", fn2), name)  # fmt: skip
    return found if strict else _alone(found)


def while_loop(
    cond: Callable,
    body: Callable,
    loop_vars: Sequence,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: int | None = None,
    return_same_structure: bool = False,
) -> Any:
    """As `mt.while_loop`; one loop variable is given back by itself.

    With `return_same_structure`, in the structure that it came in.
    """
    found = while_loop_(
        cond, body, loop_vars, shape_invariants, parallel_iterations, back_prop, swap_memory,
        maximum_iterations, name,
    )  # fmt: skip
    return found if return_same_structure else _alone(found)


def _alone(found: Any) -> Any:
    return found[0] if type(found) in (list, _TUPLE) and len(found) == 1 else found


def tuple(tensors: Sequence, name: str | None = None, control_inputs: Any = None) -> list:
    """The tensors, each only once all of them (and `control_inputs`) were computed."""
    awaits = [x for x in tensors if x is not None] + list(control_inputs or ())
    with control_dependencies(awaits):
        return [None if x is None else ops.identity(x) for x in tensors]


_TUPLE = type(())


# Ops that do something: operations, which run when they are fetched or waited for.


def effect(function: Callable) -> Callable:
    """The function; while a graph is written, it gives the operation that it added."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        tracer = open_tracer()
        before = 0 if tracer is None else len(tracer.graph.nodes)
        found = function(*args, **kwargs)
        if tracer is None or (found is not None and not isinstance(found, Symbol)):
            return found
        added = [node for node in tracer.graph.nodes[before:] if node.op.stateful]
        if not added:
            return found
        return tracer.graph.operation_of(added[-1].outputs[0])

    return wrapped


print = effect(printing.print)
Assert = effect(debugging.Assert)


def _assertion(name: str) -> Callable:
    check = effect(getattr(debugging, name))
    two = name in _OF_TWO

    def assertion(x: Any, *rest: Any, **options: Any) -> Any:
        """An operation that fails unless the condition holds."""
        options.pop("data", None)
        return check(x, *rest[: 1 if two else 0], **options)

    assertion.__name__ = assertion.__qualname__ = name
    assertion.__doc__ = (
        f"An operation that does what `mt.debugging.{name}` does. `data` has no effect: what "
        "failed is shown anyway."
    )
    return assertion


_OF_TWO = ("assert_equal", "assert_greater", "assert_greater_equal", "assert_less",
           "assert_less_equal", "assert_near", "assert_none_equal")  # fmt: skip
_OF_ONE = ("assert_negative", "assert_non_negative", "assert_non_positive", "assert_positive")
for _name in (*_OF_TWO, *_OF_ONE):
    globals()[_name] = _assertion(_name)
__all__ += [*_OF_TWO, *_OF_ONE]


def Print(input_: Any, data: Sequence, message: str | None = None,  # noqa: N802 - TensorFlow's name
          first_n: int | None = None, summarize: int | None = None,
          name: str | None = None) -> Any:  # fmt: skip
    """The input; whenever it is computed, `data` is printed to stderr.

    `first_n` must be None: every time is printed.
    """
    if first_n is not None:
        raise ArgumentError("Print: first_n is not supported. To fix it: leave it out.")
    shown = [*([message] if message else []), *data]
    done = print(*shown, summarize=3 if summarize is None else summarize, output_stream=sys.stderr)
    if done is None:
        return ops.identity(input_, name=name)
    with control_dependencies([done]):
        return ops.identity(input_, name=name)


# The same under another name: where to find it in minitensor.

_PLACES = """
math log log1p log_sigmoid expm1 erf erfc lgamma digamma zeta polygamma is_nan is_inf is_finite
math squared_difference reciprocal rsqrt rint floormod floordiv ceil real imag conj angle mod lbeta
math accumulate_n cumprod bincount confusion_matrix segment_sum segment_mean segment_max
math segment_min segment_prod unsorted_segment_sum unsorted_segment_mean unsorted_segment_max
math unsorted_segment_min unsorted_segment_prod logical_xor is_non_decreasing
math is_strictly_increasing div_no_nan=divide_no_nan floor_div=floordiv
linalg matrix_band_part=band_part matrix_diag=diag matrix_diag_part=diag_part matrix_solve=solve
linalg matrix_set_diag=set_diag matrix_triangular_solve=triangular_solve matrix_determinant=det
linalg matrix_inverse=inv cholesky qr svd cross trace matrix_transpose global_norm diag=tensor_diag
linalg diag_part=tensor_diag_part self_adjoint_eig=eigh self_adjoint_eigvals=eigvalsh
random random_uniform=uniform random_normal=normal random_gamma=gamma random_poisson=poisson
random truncated_normal random_shuffle=shuffle
debugging assert_integer assert_proper_iterable assert_rank assert_rank_at_least assert_rank_in
debugging assert_same_float_dtype assert_scalar assert_type check_numerics is_numeric_tensor
debugging verify_tensor_all_finite=assert_all_finite
nn depth_to_space space_to_depth
strings reduce_join regex_replace string_join=join string_strip=strip string_to_number=to_number
strings substr
- arg_max=argmax arg_min=argmin lin_space=linspace realdiv=divide reverse_v2=reverse where_v2=where
"""


def _places() -> dict[str, str]:
    found = {}
    for line in _PLACES.strip().splitlines():
        place, *names = line.split()
        for old, _, new in (name.partition("=") for name in names):
            found[old] = new or old if place == "-" else f"{place}.{new or old}"
    return found


ELSEWHERE = _places()
"""Names of TensorFlow 1 that are other names of something in minitensor: where to find it there."""

"""What numpy calls an elementwise op is made of, found by running its formula on recorders.

A formula such as `0.5 * xp.tanh(0.5 * x) + 0.5` is written for whole arrays, and numpy makes a new
array at each step. Run on a `Recorder` instead of an array, it leaves a list of ufunc calls, which
the code generator can run in pieces that stay in the cache, into memory that it chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minitensor.backend import Quiet
from minitensor.op import Op
from minitensor.shapes import Spec

__all__ = ["Call", "Recorder", "Unrecordable", "record_calls"]


class Unrecordable(Exception):  # noqa: N818 - an answer, not an error
    """A formula does something that is not one numpy ufunc after another."""


class Call(NamedTuple):
    """`result = function(*arguments)`, elementwise; arguments are Recorders or arrays."""

    function: Any
    """A numpy ufunc, or `np.where`, or `np.copyto` for a change of dtype or a broadcast."""
    arguments: tuple
    result: Recorder


class Recorder(NDArrayOperatorsMixin):
    """Stands for an array in a formula, and notes the ufuncs that it goes through."""

    __array_priority__ = 1000

    def __init__(self, calls: list[Call], shape: tuple, dtype: Any):
        self.calls, self.shape, self.dtype = calls, tuple(shape), np.dtype(dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape))

    def astype(self, dtype: Any, copy: bool = True) -> Recorder:
        """The elements as another dtype."""
        if np.dtype(dtype) == self.dtype:
            return self
        return self._noted(np.copyto, (self,), self.shape, dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or ufunc.signature is not None or ufunc.nout != 1 or kwargs:
            raise Unrecordable
        return self._computed(ufunc, ufunc, inputs)

    def __array_function__(self, func: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        if func is np.where and len(args) == 3 and not kwargs:
            return self._computed(np.where, np.where, args)
        if func in (np.zeros_like, np.ones_like) and isinstance(args[0], Recorder):
            value = 0 if func is np.zeros_like else 1
            return np.asarray(value, kwargs.get("dtype") or args[0].dtype)
        if func is np.broadcast_to and isinstance(args[0], Recorder) and not kwargs:
            return self._noted(np.copyto, (args[0],), tuple(args[1]), args[0].dtype)
        if func in (np.clip,):
            return np.minimum(np.maximum(args[0], args[1]), args[2])
        raise Unrecordable

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise Unrecordable

    def __bool__(self) -> bool:
        raise Unrecordable

    def __getitem__(self, index: Any) -> Any:
        raise Unrecordable

    def __getattr__(self, name: str) -> Any:
        raise Unrecordable(name)

    def _computed(self, function: Any, sample: Any, inputs: Sequence) -> Recorder:
        """Note a call; dtype and shape are those that numpy gives for one element."""
        kept = tuple(x if isinstance(x, Recorder) else _constant(x, inputs) for x in inputs)
        shape = np.broadcast_shapes(*(x.shape for x in kept))
        tiny = [np.ones(1, x.dtype) if isinstance(x, Recorder) else x for x in inputs]
        with Quiet():
            dtype = sample(*tiny).dtype
        return self._noted(function, kept, shape, dtype)

    def _noted(self, function: Any, inputs: tuple, shape: tuple, dtype: Any) -> Recorder:
        result = Recorder(self.calls, shape, dtype)
        self.calls.append(Call(function, inputs, result))
        return result


def _constant(value: Any, beside: Sequence) -> np.ndarray:
    """A number in a formula as the array that numpy would take it for beside those inputs."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, (bool, np.generic)):
        return np.asarray(value)
    if not isinstance(value, (int, float, complex)):
        raise Unrecordable
    dtypes = [x.dtype for x in beside if hasattr(x, "dtype")]
    with Quiet():
        return np.asarray(value, np.result_type(*dtypes, value))


def record_calls(op: Op, arguments: Sequence, attrs: dict, result: Spec) -> tuple | None:
    """The calls that `op` makes for arguments given as recorders, and what they result in.

    None when the op is not a sequence of ufuncs.
    """
    calls = next(x.calls for x in arguments if isinstance(x, Recorder))
    before = len(calls)
    for formula in dict.fromkeys((op.implementation(np), op.forward)):
        try:
            out = formula(np, *arguments, **attrs)
            if _same(out, result):
                return calls[before:], out
        except Exception:  # whatever a formula does with a recorder, it was not made for one
            pass
        del calls[before:]
    return None


def _same(out: Any, result: Spec) -> bool:
    """Whether the formula gave what the shape rule promised; one number may stand for many."""
    if not isinstance(out, (Recorder, np.ndarray)):
        return False
    fits = tuple(out.shape) == tuple(result.shape)
    return out.dtype == result.dtype and (fits or (isinstance(out, np.ndarray) and out.size == 1))

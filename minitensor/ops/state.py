"""Ops that pass a value on and change how it is treated: read, copied, cut off from gradients."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.shapes import Spec, TensorShape, same

__all__ = [
    "assign_variable",
    "ensure_shape",
    "identity",
    "read_variable",
    "stop_gradient",
    "timestamp",
    "to_device",
]


@op(infer=same, samples=samples.unary(), types="A")
def identity(xp, input):
    """The same value, as a result of its own.

    Shape: any → same.
    """
    return input


identity.expands = True


@identity.gradient
def identity_gradient(xp, g, out, input):
    return g


@op(infer=same, samples=samples.unary(), types="A",
    why_none="stop_gradient lets the value through and holds the gradient back")  # fmt: skip
def stop_gradient(xp, input):
    """The same value, through which no gradient flows: a constant, to the tape.

    Shape: any → same.
    """
    return input


@op(infer=same, samples=samples.unary(), types="A")
def read_variable(xp, variable):
    """The value that a variable has at this moment.

    Shape: any → same.
    """
    return variable


read_variable.expands = True


@read_variable.gradient
def read_variable_gradient(xp, g, out, variable):
    return g


def _nothing(variable: Spec, value: Spec) -> tuple:
    return ()


@op(infer=_nothing, types="A", portable=False, stateful=True,
    samples=samples.cases((((2,), (2,)), {})), why_none="an assignment has no result")  # fmt: skip
def assign_variable(xp, variable, value):
    """Nothing: while a graph runs, the variable gets the value.

    Shape: any, that of the variable → none.
    """
    return ()


@op(infer=same, samples=samples.unary(), types="A")
def to_device(xp, input, *, device=None, source=None):
    """A copy of the value on another device; the gradient travels back to `source`.

    Shape: any → same.
    """
    return input if device is None else device.place(input)


@to_device.gradient
def to_device_gradient(xp, g, out, input, *, device=None, source=None):
    return to_device.on(xp, g, device=source, source=device)


def _ensured(x: Spec, *, shape: Any) -> Spec:
    wanted = TensorShape(shape)
    if not wanted.is_compatible_with(x.shape):
        raise Fault(f"shape of tensor x {list(x.shape)} is not compatible with expected shape "
                    f"{wanted.dims}", "known sizes must agree axis by axis",
                    "reshape the tensor, or write None for a size that may be any")  # fmt: skip
    return Spec(tuple(wanted.merge_with(x.shape)), x.dtype)


@op(infer=_ensured, types="A", portable=False,
    samples=samples.cases((((2, 3),), {"shape": (None, 3)}), (((),), {"shape": ()})))  # fmt: skip
def ensure_shape(xp, x, *, shape):
    """The same value, after a check that it has `shape` (None for a size that may be any).

    Shape: any that fits `shape` → same.

    Raises:
        InvalidArgumentError: (also a ValueError) when it does not.
    """
    _ensured(Spec(tuple(x.shape), x.dtype), shape=shape)
    return x


@ensure_shape.gradient
def ensure_shape_gradient(xp, g, out, x, *, shape):
    return g


def _moment_spec() -> Spec:
    return Spec((), np.dtype(np.float64))


@op(infer=_moment_spec, types="A", samples=samples.cases(((), {})), portable=False, stateful=True,
    why_none="time does not depend on tensors")  # fmt: skip
def timestamp(xp):
    """Seconds since 1970, at the moment this runs.

    Shape: none → () float64.
    """
    return xp.asarray(time.time(), dtype=np.float64)

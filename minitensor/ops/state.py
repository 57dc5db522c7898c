"""Ops that pass a value on and change how it is treated: read, copied, or cut off from gradients."""

from __future__ import annotations

from minitensor import samples
from minitensor.op import op
from minitensor.shapes import same

__all__ = ["identity", "read_variable", "stop_gradient", "to_device"]


@op(infer=same, samples=samples.unary(), types="A")
def identity(xp, input):
    """The same value, as a result of its own.

    Shape: any → same.
    """
    return input


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


@read_variable.gradient
def read_variable_gradient(xp, g, out, variable):
    return g


@op(infer=same, samples=samples.unary(), types="A")
def to_device(xp, input, *, device=None, source=None):
    """A copy of the value on another device; the gradient travels back to `source`.

    Shape: any → same.
    """
    return input if device is None else device.place(input)


@to_device.gradient
def to_device_gradient(xp, g, out, input, *, device=None, source=None):
    return to_device.on(xp, g, device=source, source=device)

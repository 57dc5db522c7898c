"""Sums over lists of tensors."""

from __future__ import annotations

from typing import Any

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.shapes import Spec, broadcast_shapes

__all__ = ["accumulate_n", "add_n"]


def _summed(*inputs: Spec) -> Spec:
    if not inputs:
        raise Fault("there is nothing to add", "add_n needs at least one tensor", "pass some")
    known = broadcast_shapes(*(s.shape for s in inputs))
    for i, spec in enumerate(inputs):
        apart = len(spec.shape) != len(known) or any(
            None not in (a, b) and a != b for a, b in zip(spec.shape, known, strict=False)
        )
        if apart:
            raise Fault(f"input {i} has shape {spec.shape}, the others reach {known}",
                        "all inputs have one shape",
                        "add tensors that broadcast with +")  # fmt: skip
    return Spec(known, inputs[0].dtype)


@op(infer=_summed, kinds="fciu",
    samples=samples.cases((((2, 3), (2, 3), (2, 3)), {}), (((),), {}),
                          (((0,), (0,)), {})))  # fmt: skip
def add_n(xp, *inputs):
    """Sum of a list of tensors of one shape.

    Shape: a list of equal shapes → the same.
    """
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total


@add_n.gradient
def add_n_gradient(xp, g, out, *inputs):
    """`g`."""
    return tuple((lambda: g) for _ in inputs)


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:
    """Sum of a list of tensors of one shape, as `add_n`, which can be told what it will be.

    Shape: a list of equal shapes → the same. `shape` and `tensor_dtype`, when given, are checked.
    """
    total = add_n(inputs, name=name)
    if tensor_dtype is not None and total.dtype != tensor_dtype:
        raise add_n.error(
            Fault(f"tensor_dtype says {tensor_dtype}", "all inputs have that dtype", "use mt.cast"),
            [Spec(tuple(total.shape), total.dtype)], {},
        )  # fmt: skip
    if shape is not None:
        total.shape.assert_is_compatible_with(shape)
    return total

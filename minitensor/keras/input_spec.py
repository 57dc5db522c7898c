"""What a layer expects of its input, and the error when it gets something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minitensor import nest
from minitensor.dtypes import as_dtype
from minitensor.errors import ArgumentError, InvalidArgumentError, message
from minitensor.keras.calling import signature_of
from minitensor.shapes import TensorShape

__all__ = ["AXES", "InputSpec", "check_inputs", "check_shapes"]


class InputSpec:
    """Rank, sizes and dtype that an input must have; what is None may be anything.

    Args:
        dtype: the dtype.
        shape: the sizes; None for one that may be anything.
        ndim: the number of axes.
        max_ndim: the most axes.
        min_ndim: the fewest axes.
        axes: sizes of some axes: `{-1: 3}`.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing or too many.
        name: the name of the input.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.layers.InputSpec(min_ndim=2, axes={-1: 3})
        InputSpec(min_ndim=2, axes={-1: 3})
    """

    def __init__(self, dtype: Any = None, shape: Any = None, ndim: int | None = None,
                 max_ndim: int | None = None, min_ndim: int | None = None,
                 axes: Mapping[int, int] | None = None, allow_last_axis_squeeze: bool = False,
                 name: str | None = None):  # fmt: skip
        self.dtype = None if dtype is None else as_dtype(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {} if axes is None else {int(k): v for k, v in axes.items()}
        self.allow_last_axis_squeeze, self.name = allow_last_axis_squeeze, name

    def __repr__(self) -> str:
        said = {"dtype": self.dtype, "shape": self.shape,
                "ndim": None if self.shape else self.ndim, "max_ndim": self.max_ndim,
                "min_ndim": self.min_ndim, "axes": self.axes}  # fmt: skip
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in said.items() if v)})"

    def fault(self, x: Any) -> str | None:
        """What is wrong with an input, in Keras's words; None if nothing is."""
        shape = tuple(x.shape)
        if self.fault_of_rank(shape):
            return self.fault_of_rank(shape)
        if self.dtype is not None and x.dtype not in (self.dtype, None):
            return f"expected dtype={self.dtype.name}, found dtype={x.dtype.name}"
        axes = dict(enumerate(self.shape)) if self.shape else self.axes
        for axis, size in axes.items():
            there = size is not None and -len(shape) <= axis < len(shape)
            if there and shape[axis] not in (size, None):
                return (f"expected axis {axis} of input shape to have value {size}, but "
                        f"received input with shape {shape}")  # fmt: skip
        return None

    def fault_of_rank(self, shape: tuple) -> str | None:
        """What is wrong with the number of axes."""
        full = f"Full shape received: {shape}"
        if self.ndim is not None and len(shape) != self.ndim and not self._squeezes(shape):
            return f"expected ndim={self.ndim}, found ndim={len(shape)}. {full}"
        if self.max_ndim is not None and len(shape) > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={len(shape)}"
        if self.min_ndim is not None and len(shape) < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={len(shape)}. {full}"
        return None

    def _squeezes(self, shape: tuple) -> bool:
        if not self.allow_last_axis_squeeze or self.ndim is None:
            return False
        return len(shape) == self.ndim - 1 or (len(shape) == self.ndim + 1 and shape[-1] == 1)


AXES = {
    1: ("batch", "steps", "channels"),
    2: ("batch", "height", "width", "channels"),
}
"""The axes of what layers take that look along one axis, or two."""


def check_inputs(layer: str, spec: Any, inputs: Any, asking: Any = None) -> None:
    """Compare inputs with what a layer expects.

    Args:
        layer: its name.
        spec: what it expects: an `InputSpec`, or one for each input.
        inputs: what it got.
        asking: the layer itself; None for a model, which knows the shapes of its inputs.

    Raises:
        InvalidArgumentError: (also a ValueError) naming the input, the axis and both sizes.
    """
    if spec is None:
        return
    specs = nest.flatten(spec)
    found = nest.flatten(inputs)
    if isinstance(spec, InputSpec) and len(found) == 1 and nest.is_nested(inputs):
        raise InvalidArgumentError(
            message(f"layer '{layer}'", f"a {type(inputs).__name__} with one tensor inside",
                    f"Layer '{layer}' expected the tensor itself",
                    "a list or dict is for layers of several inputs", "take the tensor out of it")
        )  # fmt: skip
    shapes = ", ".join("none" if x is None else str(tuple(x.shape)) for x in found)
    if len(specs) != len(found):
        raise InvalidArgumentError(
            message(f"layer '{layer}'", f"inputs of shapes {shapes}",
                    f"Layer '{layer}' expected {len(specs)} input(s). Received {len(found)}",
                    "a layer takes as many inputs as it was made for", "pass them as one list")
        )  # fmt: skip
    for i, (one, x) in enumerate(zip(specs, found, strict=True)):
        if one is None or x is None:
            continue
        fault = one.fault(x)
        if fault:
            raise InvalidArgumentError(
                message(f"layer '{layer}'", f"an input of shape {tuple(x.shape)}",
                        f"Input {i} with name '{one.name}' of layer '{layer}' is incompatible with "
                        f"the layer: {fault}", *_advice(asking, one, x))
            )  # fmt: skip


def _advice(layer: Any, spec: InputSpec, x: Any) -> tuple[str, str]:
    """The rule that an input breaks, and what to do."""
    shape = tuple(x.shape)
    if layer is None:
        return ("a model takes inputs of the shape that it was drawn up with",
                f"give it inputs of shape {spec.shape}; None may be any size")  # fmt: skip
    kind = type(layer).__name__
    if spec.fault_of_rank(shape) and layer.axis_names:
        return f"{kind} takes ({', '.join(layer.axis_names)})", _missing(layer.axis_names, shape)
    if layer.built and layer.weights:
        return ("a layer's weights fit inputs like the first one",
                "give the layer inputs of the sizes it was built for (the first axis is the "
                "batch), or make a new layer")  # fmt: skip
    if spec.fault_of_rank(shape):
        return f"{kind} counts the axes of its input, the batch is the first", (
            "x[None] makes a batch of one, mt.reshape(x, …) other axes")  # fmt: skip
    return f"{kind} says in its `input_spec` what it takes: {spec}", (
        "give it such an input: mt.reshape changes sizes, mt.cast the dtype")  # fmt: skip


def _missing(names: tuple[str, ...], shape: tuple) -> str:
    """How an input of another rank gets the axes that a layer takes."""
    last = names[-1]
    if len(shape) != len([name for name in names if name != "…"]) - 1:
        return "look at x.shape; mt.reshape(x, …) gives it these axes"
    if shape[0] is not None:
        fix = f"x[..., None] adds the axis of {last}, of size 1; x[None] makes a batch of one"
    else:
        whole = (*shape[1:], 1)
        fix = f"add the axis of {last}: keras.Input({whole}) and x[..., None] for the data"
    if last == "features" and "steps" in names:
        fix += "; a recurrent layer before it needs return_sequences=True"
    return fix


def check_shapes(layer: Any, args: tuple, kwargs: Mapping[str, Any]) -> None:
    """Compare the shapes that a layer is to be built for with what it expects.

    Raises:
        ArgumentError: (also a TypeError) for a shape that is missing.
        InvalidArgumentError: (also a ValueError) for what is no shape, or does not fit.
    """
    needed, spec = signature_of(type(layer), "build").required, layer.input_spec
    missing = [name for name in needed[len(args) :] if name not in kwargs]
    if spec is not None and args and args[0] is None:
        missing = [*needed[:1], *missing]
    if missing:
        raise ArgumentError(
            message(f"layer '{layer.name}'", "",
                    f"{type(layer).__name__}.build misses `{missing[0]}`",
                    "weights have the sizes that the inputs ask for",
                    "call the layer on all its inputs, or say their shapes: layer.build((None, 8))")
        )  # fmt: skip
    places = [_place(shape) for shape in args if shape is not None]
    if spec is not None and places:
        check_inputs(layer.name, spec, places[0], layer)


class _Place:
    """What is known of an input before there is one."""

    dtype = None

    def __init__(self, shape: Any):
        self.shape = TensorShape(shape)


def _place(shape: Any) -> Any:
    """A shape as something that can be compared; for a list or dict of shapes, each of them."""
    if isinstance(shape, Mapping):
        return {key: _place(one) for key, one in shape.items()}
    if isinstance(shape, (list, tuple)) and any(isinstance(x, (list, tuple)) for x in shape):
        return [None if one is None else _place(one) for one in shape]
    return _Place(shape)

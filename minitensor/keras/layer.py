"""`Layer`: a function of tensors that has weights, which it makes when it is called first.

`__call__` is the one way in. Read it first: it brings the inputs into shape, builds the layer if
this is its first call, says what `training` is, runs `call`, and hands the mask on.
"""

from __future__ import annotations

from sys import _getframe
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.autograph.calls import converted_call
from minitensor.eager import convert_to_tensor
from minitensor.errors import (
    ArgumentError,
    FailedPreconditionError,
    InvalidArgumentError,
    message,
    shorten,
    suggest,
)
from minitensor.graph.ir import learners_frame
from minitensor.keras import symbolic, tracking
from minitensor.keras.calling import calls, mask_of, set_mask, signature_of
from minitensor.keras.configuration import kind_of
from minitensor.keras.input_spec import InputSpec, check_inputs
from minitensor.keras.naming import auto_name, checked_name
from minitensor.keras.weighted import Weighted, dtype_name
from minitensor.ops import cast
from minitensor.ops import shape as sizes_of
from minitensor.shapes import TensorShape
from minitensor.tensor import Operand, Tensor

__all__ = ["InputSpec", "Layer"]

KEYWORDS = ("activity_regularizer", "autocast", "batch_input_shape", "batch_shape", "batch_size",
            "dtype", "input_dim", "input_shape", "name", "trainable")  # fmt: skip


class Layer(Weighted):
    """The base of all layers: subclass it, make weights in `build`, compute in `call`.

    Args:
        activity_regularizer: a function of the output; what it gives is added to the loss.
        trainable: whether its weights are trained.
        dtype: the dtype of its weights and of what it computes, "float32" by default.
        name: its name; by default that of the class, with a number: `dense_1`.
        **kwargs: `input_shape`, `batch_input_shape`, `input_dim` and `batch_size` say the shape of
            the input, for a layer that begins a `Sequential` model; `autocast=False` leaves
            floating inputs in their own dtype.

    Raises:
        InvalidArgumentError: (also a ValueError) for other keywords.

    Example:
        >>> import minitensor as mt
        >>> class Scale(mt.keras.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")
        ...     def call(self, inputs):
        ...         return inputs * self.scale
        >>> layer = Scale(name="per_column")
        >>> layer(mt.ones((2, 3))).shape, [w.path for w in layer.weights]
        (TensorShape([2, 3]), ['per_column/scale'])
    """

    supports_masking = False
    """Whether the mask of the input is also that of the output."""
    input_spec: Any = None
    """What inputs must be like: an `InputSpec`, or one for each input."""
    axis_names: tuple[str, ...] = ()
    """What the axes of its input are called, for messages; "…" stands for any more."""
    autocast = True
    input_dtype: str | None = None
    """The dtype of the input that begins a `Sequential` with it, where that is not its own."""
    takes_plain_data = False
    """Whether its first argument may be other than tensors: text, lists of text."""
    activity_regularizer: Any = None
    _first_shape: tuple | None = None
    _config_calls_from = 0
    """The number that Keras's configurations give its first call, where they name inputs and
    outputs of a model: 0, and 1 for a functional model, whose own making counts as a call."""
    _last_call = 0
    """The number of the outermost call (`calls.number`) in which it was called last."""
    _output_shapes: list | tuple = ()
    """The shapes of what its first call gave, for `summary()`."""
    _nodes: list
    """Its calls on KerasTensors, as `Node`s, in their order."""
    _built_of: tuple[str, ...] = ()
    """The dtypes of the inputs that it was built for, for views."""
    _made_at: tuple[str, int] | None = None
    """File and line of the program that made it, for views."""
    _added_losses: tuple[int, list] = (0, [])
    """What `add_loss` was given, and the number of the outermost call in which that was."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """A layer without weights; works without `super().__init__()`."""
        layer = super().__new__(cls, *args, **kwargs)
        layer._made_weights, layer._nodes = [], []
        frame = learners_frame(_getframe(1))
        layer._made_at = frame.f_code.co_filename, frame.f_lineno
        return layer

    def __init__(self, *, activity_regularizer: Any = None, trainable: bool = True,
                 dtype: Any = None, name: str | None = None, **kwargs: Any):  # fmt: skip
        self._first_shape = _first_shape(kwargs)
        self.autocast = kwargs.pop("autocast", True)
        if kwargs:
            cls, known = type(self).__name__, {*self._given.arguments, *KEYWORDS} - {*kwargs}
            raise InvalidArgumentError(
                message(cls, "", f"Unrecognized keyword arguments passed to {cls}: {kwargs}",
                        "a layer takes its own arguments and those of all layers",
                        suggest(next(iter(kwargs)), known))
            )  # fmt: skip
        self._own_name = auto_name(type(self).__name__) if name is None else checked_name(name)
        if dtype is not None:
            self._layer_dtype = dtype_name(dtype)
        if activity_regularizer is not None:
            from minitensor.keras import regularizers

            self.activity_regularizer = regularizers.get(activity_regularizer)
        self._is_trainable = bool(trainable)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The output for an input. To be defined by each layer."""
        cls = type(self).__name__
        raise FailedPreconditionError(
            message(f"layer '{self.name}'", "",
                    f"Layer {cls} does not have a `call()` method implemented",
                    "a layer says what it computes", "define `call(self, inputs)` in the class")
        )  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The output for an input: `call`, with everything around it.

        Args:
            *args: what `call` takes: a tensor or array, or a list or dict of them.
            **kwargs: further arguments of `call`. Each layer also takes `training`, whether the
                model is being trained (by default as in the layer that calls), and `mask`, which
                steps of the first input count (by default the mask that the input carries).

        Raises:
            InvalidArgumentError: (also a ValueError) for an input that does not fit.
            ArgumentError: (also a TypeError) for a missing input.
        """
        try:
            args = tuple([self._tensors(x) for x in args])
            kwargs = {name: self._tensors(x) for name, x in kwargs.items()}
            if symbolic.any_symbolic(args, kwargs):
                return symbolic.connect(self, args, kwargs)
            training = self._settle_training(args, kwargs)
            with calls.of(self, training):
                self._last_call = calls.number
                self._check_given(args, kwargs)
                first = not self.built
                if first:
                    self._build_for(args, kwargs)
                if self.input_spec is not None and args:
                    check_inputs(self.name, self.input_spec, args[0], self)
                mask = self._settle_masks(args, kwargs)
                outputs = converted_call(self.call, args, kwargs)
                if first:
                    self._output_shapes = [_shape_of(x) for x in nest.flatten(outputs)]
                if self.activity_regularizer is not None:
                    self._regularize(outputs)
            if self.supports_masking or _makes_masks(type(self)):
                found = self.compute_mask(args[0] if args else None, mask)
                if found is not None:
                    set_mask(outputs, found)
            return outputs
        except Exception as error:
            calls.shorten(error)
            raise

    def _settle_training(self, args: tuple, kwargs: dict) -> Any:
        """What `training` is: as given, else as the caller's, else the default of `call`."""
        takes = signature_of(type(self))
        at = takes.position("training")
        if at < len(args):
            return args[at]
        training = kwargs.pop("training", None)
        if training is None:
            training = calls.training
        if training is None:
            training = takes.training
        if takes.takes("training") and training is not None:
            kwargs["training"] = training
        return training

    def _settle_masks(self, args: tuple, kwargs: dict) -> Any:
        """The mask of the first argument; `call` is given the masks that it takes."""
        takes = signature_of(type(self))
        at = takes.position("mask")
        mask = args[at] if at < len(args) else kwargs.pop("mask", None)
        if mask is None and args:
            mask = mask_of(args[0])
        if mask is not None and takes.takes("mask") and len(args) <= at:
            kwargs["mask"] = mask
        for name, value in (*zip(takes.names, args, strict=False), *list(kwargs.items())):
            own = f"{name}_mask"
            if takes.takes(own) and len(args) <= takes.position(own) and kwargs.get(own) is None:
                kwargs[own] = mask_of(value)
        return mask

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Which steps of the output count, given which of the input do."""
        return previous_mask

    # Inputs and shapes.

    def _tensors(self, value: Any) -> Any:
        """An input as a tensor of the layer's dtype, a structure of inputs as one of tensors."""
        if isinstance(value, (np.ndarray, Operand)):
            return self._tensor(value)
        if not isinstance(value, (list, tuple, dict)):
            return value
        leaves = nest.flatten(value)
        if any(isinstance(x, (np.ndarray, Operand)) for x in leaves):
            return nest.map_structure(self._tensors, value)
        if isinstance(value, list) and any(isinstance(x, (int, float)) for x in leaves):
            raise self._not_tensors(value)
        return value

    def _tensor(self, x: Any) -> Any:
        if symbolic.is_symbolic(x):
            return x
        tensor = x if isinstance(x, Tensor) else convert_to_tensor(x)
        if self.autocast and tensor.dtype.is_floating and tensor.dtype.name != self.compute_dtype:
            return cast(tensor, self.compute_dtype)
        return tensor

    def _check_given(self, args: tuple, kwargs: dict) -> None:
        """Refuse calls without an input, and with something else in its place."""
        needed = signature_of(type(self)).required
        if len(args) >= len(needed) and args and isinstance(args[0], Tensor):
            return
        known = {"mask", "training", *kwargs}
        missing = [name for name in needed[len(args) :] if name not in known]
        if missing:
            raise ArgumentError(
                message(f"layer '{self.name}'", "", f"{type(self).__name__}.call misses the "
                        f"argument `{missing[0]}`", f"it takes {', '.join(needed)}",
                        f"pass {missing[0]}=…")
            )  # fmt: skip
        ours = kind_of(type(self)) == "layers"
        wrong = [x for x in nest.flatten(args[:1]) if not isinstance(x, Tensor)
                 and (x is not None or (ours and args[0] is None))]  # fmt: skip
        if (wrong or (ours and args and not nest.flatten(args[0]))) and not self.takes_plain_data:
            raise self._not_tensors(args[0])

    def _not_tensors(self, value: Any) -> InvalidArgumentError:
        return InvalidArgumentError(
            message(f"layer '{self.name}'", shorten(value),
                    "Only input tensors may be passed as positional arguments. The following "
                    f"argument value should be passed as a keyword argument: {shorten(value)} "
                    f"(of type {type(value)})", "a layer takes a tensor, or a list of its inputs",
                    "make one tensor of the numbers: mt.constant(…)")
        )  # fmt: skip

    def _build_for(self, args: tuple, kwargs: dict) -> None:
        """Build it for the shapes of its first inputs, or of those that `build` names."""
        names = signature_of(type(self), "build").names
        given = dict(zip(signature_of(type(self)).names, args, strict=False)) | kwargs
        inputs = [given.get(name.removesuffix("_shape")) for name in names]
        if not inputs or not _holds_tensors(inputs[0]):
            inputs = [*args, *kwargs.values()]
        tensors = [x for x in inputs if _holds_tensors(x)]
        shapes = [nest.map_structure(_shape_of, x) for x in tensors]
        self._built_of = tuple(map(_dtype_of, tensors))
        if type(self).build is Weighted.build:
            calls.builds(self)
            self.built = True
            self._built_for = tuple(shapes) if self._layers else ()
            return
        self.build(*shapes[: max(1, len(names))])

    def compute_output_shape(self, *input_shapes: Any) -> Any:
        """The shape of the output for inputs of a shape; builds the layer if need be."""
        inputs = [symbolic.placeholders(shape, self.compute_dtype) for shape in input_shapes]
        outputs = symbolic.inferred(self, tuple(inputs), {})
        return nest.map_structure(_shape_of, outputs)

    @property
    def input(self) -> Any:
        """The KerasTensor that it was called on first."""
        return self._node("input").args[0]

    @property
    def output(self) -> Any:
        """The KerasTensor that it gave when it was called first."""
        return self._node("output").outputs

    def _node(self, what: str) -> symbolic.Node:
        if not self._nodes:
            raise AttributeError(
                message(f"layer '{self.name}'", "",
                        f"The layer {self.name} has never been called and thus has no defined "
                        f"{what}", "a layer has inputs and outputs as a part of a model",
                        "call it on keras.Input(…), or put it into a Sequential model with one")
            )  # fmt: skip
        return self._nodes[0]

    # Losses.

    def add_loss(self, loss: Any) -> None:
        """Add a number to the loss that is trained, from within `call`."""
        if self._added_losses[0] != calls.number:
            self._added_losses = calls.number, []
        self._added_losses[1].extend(nest.flatten(loss))

    def _regularize(self, outputs: Any) -> None:
        for x in nest.flatten(outputs):
            batch = cast(sizes_of(x)[0], x.dtype) if x.ndim else 1.0
            self.add_loss(self.activity_regularizer(x) / batch)

    @property
    def losses(self) -> list:
        """What `call` added in the last call, and what regularisers say of the weights."""
        layers = [self, *self._flatten_layers()]
        added = [layer._added_losses for layer in layers]
        said = [x for call, losses in added if call == self._last_call for x in losses]
        weights = tracking.unique(w for layer in layers for w in layer.trainable_weights)
        kept = [w for w in weights if getattr(w, "regularizer", None) is not None]
        return [*said, *(w.regularizer(w) for w in kept)]  # type: ignore[attr-defined]

    def _flatten_layers(self) -> list[Layer]:
        """All layers inside of it, and inside of these."""
        return self._walk()[1:]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _first_shape(kwargs: dict) -> tuple | None:
    """The shape of the input as a keyword says it, with the batch."""
    batch = kwargs.pop("batch_size", None)
    whole = kwargs.pop("batch_input_shape", None)
    shape, size = kwargs.pop("input_shape", None), kwargs.pop("input_dim", None)
    if whole is not None:
        return tuple(TensorShape(whole))
    if shape is None and size is None:
        return None
    return (batch, *((size,) if shape is None else TensorShape(shape)))


def _holds_tensors(value: Any) -> bool:
    return any(isinstance(x, Tensor) for x in nest.flatten(value))


def _dtype_of(value: Any) -> str:
    """The dtype of the first tensor in a structure."""
    return next(x for x in nest.flatten(value) if isinstance(x, Tensor)).dtype.name


def _shape_of(x: Any) -> Any:
    return tuple(x.shape) if isinstance(x, Tensor) else None


def _makes_masks(cls: type) -> bool:
    return cls.compute_mask is not Layer.compute_mask  # type: ignore[attr-defined]

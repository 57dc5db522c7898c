"""`Weighted`: what layers are apart from their calls: a name, a dtype, weights, a configuration.

Weights are found by looking, in the order in which attributes were made: a layer's own first, those
that are trained before those that are not, then those of the layers inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.keras import tracking
from minitensor.keras.allowance import allowed
from minitensor.keras.calling import calls
from minitensor.keras.configuration import Configurable
from minitensor.keras.input_spec import check_shapes
from minitensor.keras.naming import auto_name, checked_name
from minitensor.keras.weight import Weight
from minitensor.module import Module
from minitensor.scopes import init_scope
from minitensor.shapes import TensorShape
from minitensor.variable import Variable

__all__ = ["Weighted", "dtype_name"]

_KERAS_ONLY = ("quantization_config", "sparse", "ragged", "optional", "input_axes", "output_axes")
"""What configurations that Keras wrote hold, and nothing here knows."""


class Weighted(Configurable, Module):
    """The base of `Layer`: everything that is not about calls."""

    _own_name: str | None = None
    _layer_dtype = "float32"
    _is_trainable = True
    _made_weights: list[Weight]
    _built_for: tuple = ()
    built = False
    """Whether its weights exist."""

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _building(vars(cls)["build"])

    # Names and dtypes.

    @property
    def name(self) -> str:
        """The name: given, or made from that of the class."""
        if self._own_name is None:
            self._own_name = auto_name(type(self).__name__)
        return self._own_name

    @name.setter
    def name(self, name: str) -> None:
        self._own_name = checked_name(name)

    @property
    def dtype(self) -> str:
        """The dtype of its weights and its results."""
        return self._layer_dtype

    compute_dtype = variable_dtype = dtype

    def get_config(self) -> dict[str, Any]:
        """What it was made with, as plain data."""
        own = {"name": self.name, "trainable": self._is_trainable, "dtype": self.dtype}
        given = super().get_config()
        config = {k: v for k, v in given.items() if v is not None or k != "activity_regularizer"}
        return config | own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made with what a configuration says; what only Keras knows is left out."""
        known = {k: v for k, v in config.items() if k not in _KERAS_ONLY}
        return super().from_config(known)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape it was built for; None before."""
        shapes = self._built_for
        if not shapes:
            return None
        return {"input_shape": shapes[0]} if len(shapes) == 1 else {"input_shapes": list(shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build it for the shape that a configuration names."""
        shapes = config.get("input_shapes") or [config.get("input_shape")]
        if not self.built and shapes[0] is not None:
            self.build(*(_as_shape(shape) for shape in shapes))

    # Weights.

    def add_weight(self, shape: Any = None, initializer: Any = None, dtype: Any = None,
                   trainable: bool = True, regularizer: Any = None, constraint: Any = None,
                   name: str | None = None, **kwargs: Any) -> Weight:  # fmt: skip
        """A new weight of the layer.

        Args:
            shape: its sizes, () by default.
            initializer: what it begins with: Glorot's uniform numbers, zeros for integers.
            dtype: its dtype; the layer's by default.
            trainable: whether it is trained.
            regularizer: a function of the weight that is added to the loss.
            constraint: a function that optimisers apply to it after each step.
            name: its name, "variable" by default.
            **kwargs: TensorFlow's `aggregation`, `autocast` and the like; they have no effect.

        Raises:
            InvalidArgumentError: (also a ValueError) for a size that is not known.
        """
        from minitensor.keras import constraints, initializers, regularizers

        if isinstance(shape, str):  # Keras 2: add_weight(name, shape)
            name, shape = shape, initializer
            initializer = kwargs.pop("initializer", None)
        sizes = tuple(TensorShape(() if shape is None else shape))
        if None in sizes:
            raise InvalidArgumentError(
                message(f"add_weight of layer '{self.name}'", f"shape={sizes}", "a size is None",
                        "a weight has sizes that are known", "give the input's last axis a size: "
                        "keras.Input((3,)), or call the layer on data")
            )  # fmt: skip
        allowed.check(self.name, sizes)
        dtype = self.variable_dtype if dtype is None else dtype
        start = initializers.default_for(dtype) if initializer is None else initializer
        make = initializers.get(start)
        path = calls.path if calls.is_building(self) else "/".join(
            filter(None, [calls.path, self.name]))  # fmt: skip
        with init_scope():
            weight = Weight(
                make(sizes, dtype=dtype), path=f"{path}/{name or 'variable'}", dtype=dtype,
                trainable=trainable, regularizer=regularizers.get(regularizer),
                constraint=constraints.get(constraint),
            )  # fmt: skip
        self._made_weights.append(weight)
        return weight

    add_variable = add_weight

    @property
    def _layers(self) -> list[Any]:
        """The layers directly inside of it."""
        return [x for x in tracking.parts(self) if isinstance(x, Weighted)]

    def _walk(self, enters: Callable[[Any], bool] = lambda layer: True) -> list[Any]:
        """Itself and all layers inside of it, each once, also where they hold each other.

        Layers that `enters` says no to are left out, with what is in them.
        """
        found: dict[int, Any] = {}
        waiting = [self]
        while waiting:
            layer = waiting.pop()
            if id(layer) not in found and enters(layer):
                found[id(layer)] = layer
                waiting += reversed(layer._layers)
        return list(found.values())

    def _own_weights(self) -> list[Variable]:
        """Its own, without those of layers inside: trainable ones first."""
        found: list[Variable] = []
        for x in tracking.parts(self):
            if isinstance(x, Variable):
                found.append(x)
            elif _is_plain_module(x):
                found += x.variables
        found = tracking.unique(found)
        return sorted(found, key=lambda v: not getattr(v, "_was_trainable", v.trainable))

    @property
    def weights(self) -> list[Variable]:
        """All its weights, and those of the layers inside of it."""
        return tracking.unique(w for x in self._walk() for w in x._own_weights())

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that are trained; none where `trainable` is False."""
        trained = self._walk(lambda layer: layer._is_trainable)
        return tracking.unique(w for x in trained for w in x._own_weights() if w.trainable)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that are not trained."""
        trained = {id(w) for w in self.trainable_weights}
        return [w for w in self.weights if id(w) not in trained]

    @property
    def variables(self) -> list[Variable]:  # type: ignore[override]
        """Its weights, and the variables of its metrics."""
        return tracking.unique([*self.weights, *(v for m in self.metrics for v in m.variables)])

    @property
    def trainable_variables(self) -> list[Variable]:  # type: ignore[override]
        """As `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:  # type: ignore[override]
        """All variables that are not trained, those of metrics too."""
        trained = {id(w) for w in self.trainable_weights}
        return [v for v in self.variables if id(v) not in trained]

    @property
    def trainable(self) -> bool:
        """Whether it is trained; setting it sets it for all layers inside, too."""
        return self._is_trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._walk():
            layer._set_trainable(bool(value))

    def _set_trainable(self, value: bool) -> None:
        self._is_trainable = value
        for weight in self._own_weights():
            if not hasattr(weight, "_was_trainable"):
                weight._was_trainable = weight.trainable  # type: ignore[attr-defined]
            weight.trainable = value and weight._was_trainable  # type: ignore[attr-defined]

    @property
    def metrics(self) -> list:
        """The metrics in its attributes, and in those of the layers inside."""
        parts = (x for layer in self._walk() for x in tracking.parts(layer))
        return tracking.unique(x for x in parts if _is_metric(x))

    def count_params(self) -> int:
        """The number of elements of all its weights.

        Raises:
            InvalidArgumentError: (also a ValueError) before it is built.
        """
        if not self.built:
            raise InvalidArgumentError(
                message(f"layer '{self.name}'", "",
                        f"You tried to call `count_params` on layer '{self.name}', but the layer "
                        "isn't built", "weights are made when the first input tells their shapes",
                        "You can build it manually via: `layer.build(input_shape)`")
            )  # fmt: skip
        return sum(int(np.prod(w.shape)) for w in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights as numpy arrays."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence) -> None:
        """Replace all weights, in the order of `weights`; nothing changes if one does not fit.

        Raises:
            InvalidArgumentError: (also a ValueError) for another number of weights or other shapes.
        """
        own = self.weights
        if not isinstance(weights, (list, tuple, np.ndarray)):
            raise ArgumentError(
                message("set_weights", shorten(weights), f"a {type(weights).__name__} is no list "
                        "of arrays", "each weight gets one array, in the order of layer.weights",
                        "pass what get_weights() gave")
            )  # fmt: skip
        if len(own) != len(weights):
            raise InvalidArgumentError(
                message("set_weights", f"{len(weights)} arrays",
                        f"You called `set_weights(weights)` on layer '{self.name}' with a weight "
                        f"list of length {len(weights)}, but the layer was expecting {len(own)} "
                        "weights", "each weight gets one array, in the order of layer.weights",
                        "build the layer first, and pass what get_weights() gave")
            )  # fmt: skip
        arrays = [np.asarray(value) for value in weights]
        for weight, array in zip(own, arrays, strict=True):
            if tuple(weight.shape) != array.shape:
                raise InvalidArgumentError(
                    message(f"set_weights of {weight.name}", f"an array of shape {array.shape}",
                            f"Layer {self.name} weight shape {tuple(weight.shape)} is not "
                            f"compatible with provided weight shape {array.shape}",
                            "a weight keeps its shape", "compare with layer.get_weights()")
                )  # fmt: skip
        for weight, array in zip(own, arrays, strict=True):
            weight.assign(array.astype(weight.dtype.numpy))

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Make the weights, for inputs of a shape. To be defined where there are any."""


def _is_metric(x: Any) -> bool:
    """Whether it counts results; a layer that is shown data beforehand does not."""
    return hasattr(x, "update_state") and not isinstance(x, Weighted)


def _building(build: Callable) -> Callable:
    """A class's `build`, run outside of traces, with the layer's name before those of weights."""

    @wraps(build)
    def built(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            with nullcontext() if calls.is_building(self) else _outside(self):
                calls.builds(self)
                check_shapes(self, args, kwargs)
                found = build(self, *args, **kwargs)
        except Exception as error:
            calls.shorten(error)
            raise
        self.built = True
        if not self._built_for:
            self._built_for = (*args, *kwargs.values())
        return found

    return built


@contextmanager
def _outside(layer: Any) -> Iterator[None]:
    """Within it, a layer is built that nothing calls."""
    with calls.of(layer, calls.training), init_scope():
        yield


def _as_shape(shape: Any) -> Any:
    """A shape as JSON holds it, or several: lists become tuples."""
    if shape and isinstance(shape[0], (list, tuple)):
        return [tuple(one) for one in shape]
    return None if shape is None else tuple(shape)


def _is_plain_module(x: Any) -> bool:
    """Whether it is a `mt.Module` that a learner wrote: no layer, metric or optimiser."""
    return isinstance(x, Module) and not isinstance(x, Configurable)


def dtype_name(dtype: Any) -> str:
    """The name of a dtype, or of a policy's dtype."""
    return as_dtype(getattr(dtype, "name", dtype)).name

"""`Sequential`: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitensor.errors import InvalidArgumentError, OutOfRangeError, message
from minitensor.graph.failure import shortening
from minitensor.keras.configuration import deserialize, serialize
from minitensor.keras.functional import LayerGraph
from minitensor.keras.layer import Layer
from minitensor.keras.layers.input_layer import InputLayer
from minitensor.keras.model import Model
from minitensor.keras.symbolic import is_symbolic, placeholders
from minitensor.shapes import TensorShape

__all__ = ["Sequential"]


class Sequential(Model):
    """A model whose layers each take what the one before gives.

    Args:
        layers: the layers; `add` appends more. An `Input` in front says the shape at once.
        trainable: whether its weights are trained.
        name: its name.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no layer, and for two layers of one
            name.

    Example:
        >>> import minitensor as mt
        >>> layers = mt.keras.layers
        >>> model = mt.keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(2)])
        >>> model.weights
        []
        >>> model(mt.ones((1, 3))).shape, len(model.weights)
        (TensorShape([1, 2]), 4)
    """

    @shortening
    def __init__(self, layers: Iterable | None = None, trainable: bool = True,
                 name: str | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._in_order: list[Layer] = []
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._rebuild()

    @shortening
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer."""
        if is_symbolic(layer) and layer.node is not None:
            layer = layer.node.layer  # keras.Input(…) in a list of layers
        if not isinstance(layer, Layer):
            raise InvalidArgumentError(
                message("Sequential.add", "",
                        "Only instances of `keras.Layer` can be added to a Sequential model. "
                        f"Received: {layer} (of type {type(layer)})",
                        "a model is made of layers", "wrap a function in keras.layers.Lambda")
            )  # fmt: skip
        if any(layer.name == other.name for other in self._in_order):
            raise InvalidArgumentError(
                message("Sequential.add", "",
                        "All layers added to a Sequential model should have unique names. Name "
                        f"{layer.name!r} is already the name of a layer in this model",
                        "names tell weights apart",
                        "Update the `name` argument to pass a unique name")
            )  # fmt: skip
        if isinstance(layer, InputLayer) and self._in_order:
            raise InvalidArgumentError(
                message("Sequential.add", f"the input '{layer.name}'",
                        f"Sequential model '{self.name}' already has a beginning, "
                        f"'{self._in_order[0].name}'", "an input stands before all layers",
                        "add keras.Input(…) first, or leave it out")
            )  # fmt: skip
        first = getattr(layer, "_first_shape", None)
        if not self._in_order and first is not None and not isinstance(layer, InputLayer):
            self._in_order.append(InputLayer(batch_shape=first))
        self._in_order.append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away; returns it.

        Raises:
            OutOfRangeError: (also an IndexError) when there is none.
        """
        if not self._in_order:
            raise OutOfRangeError(
                message(f"Sequential model '{self.name}'", "", "there is no layer to take away",
                        "pop takes the layer that was added last", "call model.add(layer) first")
            )  # fmt: skip
        layer = self._in_order.pop()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """After a change: connected anew if the shape of the input is known."""
        self._graph, self.built, self._nodes = None, False, []
        head, *rest = self._in_order or [None]
        if isinstance(head, InputLayer) and rest:
            self.build(head.batch_shape)

    def build(self, input_shape: Any = None) -> None:
        """Make all weights, for inputs of a shape (with the batch).

        Raises:
            InvalidArgumentError: (also a ValueError) without layers, and for what is no shape.
        """
        if not self._in_order:
            raise InvalidArgumentError(
                message(f"Sequential model '{self.name}'", "",
                        f"Sequential model {self.name} cannot be built because it has no layers",
                        "a model is made of layers", "Call `model.add(layer)`")
            )  # fmt: skip
        head, layers = self._in_order[0], self._in_order
        if isinstance(head, InputLayer):
            inputs, layers = head.output, layers[1:]
        else:
            shape = self._batch_of_any_size(input_shape)
            inputs = placeholders(shape, layers[0].input_dtype or self.compute_dtype)
        x = inputs
        for layer in layers:
            x = layer(x)
        self._graph = LayerGraph(inputs, x)

    def _batch_of_any_size(self, shape: Any) -> Any:
        if isinstance(shape, (dict, list)):
            return shape
        if not isinstance(shape, (tuple, TensorShape)) or len(shape) == 0:
            raise InvalidArgumentError(
                message(f"Sequential model '{self.name}'", f"input_shape={shape!r}",
                        "You must provide an `input_shape` argument", "it is a tuple of sizes, "
                        "first that of the batch", "write model.build((None, 8))")
            )  # fmt: skip
        return (None, *shape[1:])

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """What the last layer gives."""
        if self._graph is not None:
            return super().call(inputs, training=training, mask=mask)
        for layer in self._in_order:
            inputs = layer(inputs)
        return inputs

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        return [layer for layer in self._in_order if not isinstance(layer, InputLayer)]

    def get_config(self) -> dict[str, Any]:
        """The layers and the shape it was built for."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._is_trainable,
                                  "dtype": self.dtype}  # fmt: skip
        config["layers"] = [serialize(layer) for layer in self._in_order]
        if self._built_for:
            config["build_input_shape"] = serialize(list(self._built_for[0]))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Sequential:
        """A model of new layers, made as a configuration says."""
        layers = [deserialize(layer, custom_objects) for layer in config["layers"]]
        model = cls(layers, trainable=config.get("trainable", True), name=config.get("name"))
        shape = config.get("build_input_shape")
        if not model.built and shape is not None:
            model.build(tuple(shape))
        return model

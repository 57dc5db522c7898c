"""`Model`: a layer that can be trained, saved and summarised."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message, suggest
from minitensor.graph.failure import shortening
from minitensor.keras.configuration import serialize
from minitensor.keras.functional import LayerGraph
from minitensor.keras.layer import Layer
from minitensor.keras.layers.input_layer import InputLayer
from minitensor.keras.symbolic import any_symbolic, is_symbolic
from minitensor.keras.training.trainer import Trainer
from minitensor.train.objects import attributes

__all__ = ["Functional", "Model"]


class Model(Trainer, Layer):
    """Layers that belong together.

    Either a class of your own, which makes layers in `__init__` and calls them in `call`; or a
    functional model, `Model(inputs, outputs)`, of what lies between KerasTensors.

    Args:
        inputs: of a functional model: what `keras.Input` gave, or a list or dict of that.
        outputs: what layers gave when they were called on the inputs.
        **kwargs: those of all layers: `name`, `trainable`, `dtype`.

    Example:
        >>> import minitensor as mt
        >>> class Net(mt.keras.Model):
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.hidden = mt.keras.layers.Dense(8, activation="relu", name="hidden")
        ...         self.out = mt.keras.layers.Dense(1)
        ...     def call(self, x):
        ...         return self.out(self.hidden(x))
        >>> net = Net(name="net")
        >>> net(mt.ones((2, 4))).shape, net.weights[0].path
        (TensorShape([2, 1]), 'net/hidden/kernel')
    """

    _graph: LayerGraph | None = None
    """Of a functional model: its layers and how they are connected."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """A model; `Model(inputs, outputs)` makes a functional one."""
        functional = cls is Model and any_symbolic(args, kwargs)
        made: Any = Functional if functional else cls
        return super().__new__(made, *args, **kwargs)

    @shortening
    def __init__(self, *args: Any, **kwargs: Any):
        inputs, outputs = (*args, None, None)[:2]
        inputs, outputs = kwargs.pop("inputs", inputs), kwargs.pop("outputs", outputs)
        if len(args) > 2:
            kwargs["name"] = args[2]
        super().__init__(**kwargs)
        if inputs is not None or outputs is not None:
            self._connect(LayerGraph(inputs, outputs))

    def _connect(self, graph: LayerGraph) -> None:
        self._graph, self._parts, self.built = graph, graph.layers, True

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for inputs. To be defined by models that are not functional."""
        if self._graph is None:
            return super().call(inputs)
        return self._graph.run(self.name, inputs)

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside of it."""
        return self._layers

    @property
    def inputs(self) -> list | None:
        """The KerasTensors that a functional model begins with; None for others."""
        return None if self._graph is None else self._graph.flat_inputs

    @property
    def outputs(self) -> list | None:
        """The KerasTensors that a functional model ends with; None for others."""
        return None if self._graph is None else nest.flatten(self._graph.outputs)

    @property
    def input(self) -> Any:
        """The inputs of a functional model as they were given."""
        return super().input if self._graph is None else self._graph.inputs

    @property
    def output(self) -> Any:
        """The outputs of a functional model as they were given."""
        return super().output if self._graph is None else self._graph.outputs

    @property
    def input_shape(self) -> Any:
        """The shape of its input; a list of shapes for several."""
        return _shapes(self.input)

    @property
    def output_shape(self) -> Any:
        """The shape of its output; a list of shapes for several."""
        return _shapes(self.output)

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that a functional model ends with."""
        return [x.node.layer.name for x in self.outputs or []]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at an index.

        Raises:
            InvalidArgumentError: (also a ValueError) when there is none.
        """
        layers = self.layers
        if index is not None and -len(layers) <= index < len(layers):
            return layers[index]
        found = next((layer for layer in layers if layer.name == name), None)
        if index is None and found is not None:
            return found
        what = f"index {index}" if index is not None else f"name {name!r}"
        names = [layer.name for layer in layers]
        raise InvalidArgumentError(
            message("get_layer", what, f"No such layer: {name if index is None else index}",
                    f"the model has {len(names)} layers", suggest(str(name), names))
        )  # fmt: skip

    def summary(self, line_length: int | None = None, positions: Any = None,
                print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False,
                show_trainable: bool = False, layer_range: Any = None) -> None:  # fmt: skip
        """Show the layers with their output shapes and numbers of parameters.

        A table in a notebook, text elsewhere.

        Args:
            line_length: the characters in a line of the text; by default as many as it needs, at
                most those of the terminal, or 100. No effect on the table in a notebook.
            positions: Keras's; no effect.
            print_fn: called with the text, in place of showing it.
            expand_nested: whether layers inside of layers are shown.
            show_trainable: whether a column says which are trained.
            layer_range: the names of the first and last layer to show.
        """
        from minitensor.keras.summary import show

        show(self, line_length, print_fn, expand_nested, show_trainable, layer_range)

    # Configurations and files.

    def _checkpoint_parts(self) -> Iterator[tuple[str, Any]]:
        """What checkpoints look into: layers under `layers`, without inputs, and attributes."""
        if "_in_order" in vars(self) or "_parts" in vars(self):
            yield "layers", [x for x in self.layers if not isinstance(x, InputLayer)]
        for name, value in attributes(self):
            if name not in ("_in_order", "_parts"):
                yield name, value

    def get_config(self) -> dict[str, Any]:
        """What it is made of, as plain data; for an own class, the arguments it was made with."""
        if self._graph is None or type(self).__init__ is not Model.__init__:
            return super().get_config()
        return {"name": self.name, "trainable": self._is_trainable, **self._graph.get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A model with new weights, made as a configuration says."""
        if "input_layers" not in config:
            return super().from_config(config)
        graph = LayerGraph.from_config(config)
        return cls(graph.inputs, graph.outputs, name=config.get("name"),
                   trainable=config.get("trainable", True))  # fmt: skip

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON text; `keras.models.model_from_json` reads it.

        Args:
            **kwargs: what `json.dumps` takes: `indent=2`.
        """
        return json.dumps(serialize(self), **kwargs)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write configuration, weights and the optimiser's state into a `.keras` file."""
        from minitensor.keras import saving

        saving.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights into a file: `.weights.h5` or `.safetensors`."""
        from minitensor.keras import saving

        saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Replace the weights by those of a file; see `keras.saving.load_weights`."""
        from minitensor.keras import saving

        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)


def _shapes(places: Any) -> Any:
    """The shape of a KerasTensor, or a list with that of each."""
    if is_symbolic(places):
        return tuple(places.shape)
    return [tuple(x.shape) for x in nest.flatten(places)]


class Functional(Model):
    """What `Model(inputs, outputs)` makes."""

    _config_calls_from = 1

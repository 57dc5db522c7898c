"""`clone_model`: the same model again, with weights of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layer import Layer
from minitensor.keras.layers.input_layer import Input, InputLayer
from minitensor.keras.model import Functional, Model
from minitensor.keras.sequential import Sequential
from minitensor.keras.symbolic import is_symbolic

__all__ = ["clone_model"]


def clone_model(model: Model, input_tensors: Any = None,
                clone_function: Callable[[Any], Any] | None = None) -> Model:  # fmt: skip
    """A model of new layers like those of another, with new weights.

    Args:
        model: what to copy.
        input_tensors: for a functional model: KerasTensors to begin with, in place of new ones.
        clone_function: makes the new layer for each layer; by default one of the same
            configuration. Inputs are not asked for.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no model, and for these arguments
            with a model that is a class of your own.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.Input((3,)), mt.keras.layers.Dense(2)])
        >>> again = mt.keras.models.clone_model(model)
        >>> again.weights[0] is model.weights[0], again.weights[0].shape
        (False, TensorShape([3, 2]))
    """
    if not isinstance(model, Model):
        raise _refused("`model` argument must be a `keras.Model` instance", repr(model))
    copy = clone_function or _again
    if isinstance(model, Sequential):
        return _sequential(model, copy, input_tensors)
    if isinstance(model, Functional):
        return _functional(model, copy, input_tensors)
    if clone_function is not None or input_tensors is not None:
        raise _refused("Arguments `clone_function` and `input_tensors` are only supported for "
                       "Sequential models or Functional models", type(model).__name__)  # fmt: skip
    return type(model).from_config(model.get_config())


def _sequential(model: Sequential, copy: Callable, input_tensors: Any) -> Sequential:
    layers = [x if isinstance(x, InputLayer) else copy(x) for x in model._in_order]
    layers = [Input(batch_shape=x.batch_shape, dtype=x.dtype) if isinstance(x, InputLayer) else x
              for x in layers]  # fmt: skip
    if input_tensors is not None:
        layers = [x for x in layers if isinstance(x, Layer)]
        shape = nest.flatten(input_tensors)[0].shape
        layers.insert(0, Input(batch_shape=tuple(shape)))
    clone = Sequential(layers, name=model.name, trainable=model.trainable)
    if model.built and not clone.built and model._built_for:
        clone.build(model._built_for[0])
    return clone


def _functional(model: Functional, copy: Callable, input_tensors: Any) -> Model:
    """The graph, walked through once more with the new layers."""
    graph: Any = model._graph
    given = nest.flatten(input_tensors) if input_tensors is not None else [
        Input(batch_shape=tuple(x.shape), dtype=x.dtype, name=x.name) for x in graph.flat_inputs
    ]  # fmt: skip
    values = {id(old): new for old, new in zip(graph.flat_inputs, given, strict=True)}
    layers: dict[int, Any] = {}

    def now(x: Any) -> Any:
        return values[id(x)] if is_symbolic(x) else x

    for node in graph.nodes:
        if not node.inputs:
            continue
        layer = layers.get(id(node.layer)) or layers.setdefault(id(node.layer), copy(node.layer))
        found = layer(*nest.map_structure(now, node.args), **nest.map_structure(now, node.kwargs))
        for old, new in zip(nest.flatten(node.outputs), nest.flatten(found), strict=True):
            values[id(old)] = new
    inputs = nest.map_structure(now, graph.inputs)
    outputs = nest.map_structure(now, graph.outputs)
    return Model(inputs, outputs, name=model.name, trainable=model.trainable)


def _again(layer: Any) -> Any:
    if isinstance(layer, Model):
        return clone_model(layer)
    return type(layer).from_config(layer.get_config())


def _refused(fault: str, given: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("clone_model", given, fault, "layers are copied by their configurations",
                "for a class of your own: clone_model(model) alone")
    )  # fmt: skip

"""Graphs of layers: what lies between the inputs and the outputs of a functional model.

Found by walking back from the outputs; run by calling the layers in order. Layers that are used
twice are one layer with two nodes, so their weights are shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras import tracking
from minitensor.keras.configuration import deserialize, serialize
from minitensor.keras.input_spec import InputSpec, check_inputs
from minitensor.keras.symbolic import KerasTensor, Node, is_symbolic
from minitensor.ops import cast, expand_dims

__all__ = ["LayerGraph"]


class LayerGraph:
    """The calls of layers that lead from some KerasTensors to others.

    Args:
        inputs: a KerasTensor, or a list or dict of them.
        outputs: the same.

    Raises:
        InvalidArgumentError: (also a ValueError) for inputs or outputs that are no KerasTensors,
            and when the outputs need an input that is not named.
    """

    def __init__(self, inputs: Any, outputs: Any):
        self.inputs, self.outputs = inputs, outputs
        self.flat_inputs: list[KerasTensor] = nest.flatten(inputs)
        for what, x in (*(("inputs", x) for x in self.flat_inputs),
                        *(("outputs", x) for x in nest.flatten(outputs))):  # fmt: skip
            if not is_symbolic(x):
                raise _no_place(what, x)
        order = _between(self.flat_inputs, nest.flatten(outputs))
        self.nodes = [node for node in order if node.inputs]
        self.specs = [InputSpec(shape=(None, *x.shape[1:]), name=x.name) for x in self.flat_inputs]
        own = [x.node for x in self.flat_inputs if x.node is not None and not x.node.inputs]
        self.layers = tracking.unique(node.layer for node in (*order, *own))

    def run(self, name: str, inputs: Any) -> Any:
        """The outputs for tensors in the places of the inputs."""
        values = self._matched(name, inputs)
        env = {id(k): x for k, x in zip(self.flat_inputs, values, strict=True)}
        for node in self.nodes:
            args = [_filled(x, env) for x in node.args]
            found = node.layer(*args, **{k: _filled(x, env) for k, x in node.kwargs.items()})
            if is_symbolic(node.outputs):
                env[id(node.outputs)] = found
            else:
                for place, x in zip(nest.flatten(node.outputs), nest.flatten(found), strict=True):
                    env[id(place)] = x
        return _filled(self.outputs, env)

    def _matched(self, name: str, inputs: Any) -> list:
        """One tensor for each input, by name where they are given as a dict."""
        wanted = self.flat_inputs
        if isinstance(inputs, Mapping) and not isinstance(self.inputs, Mapping):
            missing = [x.name for x in wanted if x.name not in inputs]
            if missing:
                raise InvalidArgumentError(
                    message(f"model '{name}'", f"inputs named {list(inputs)}",
                            f"Missing data for input {missing[0]!r}",
                            "a dict of inputs has one entry for each input of the model",
                            f"pass the keys {[x.name for x in wanted]}")
                )  # fmt: skip
            values = [inputs[x.name] for x in wanted]
        elif isinstance(inputs, Mapping) and isinstance(self.inputs, Mapping):
            values = nest.flatten({key: inputs.get(key) for key in self.inputs})
        else:
            values = nest.flatten(inputs)
        if len(values) != len(wanted) or any(x is None for x in values):
            names = [x.name for x in wanted]
            raise InvalidArgumentError(
                message(f"model '{name}'", f"{len(values)} input tensors",
                        f'Layer "{name}" expects {len(wanted)} input(s), but it received '
                        f"{len(values)} input tensors", "a model takes one tensor for each input",
                        f"pass a list in this order, or a dict with these keys: {names}")
            )  # fmt: skip
        values = [_fitted(x, place) for x, place in zip(values, wanted, strict=True)]
        check_inputs(name, self.specs, values)
        return values

    # Configurations.

    def get_config(self) -> dict[str, Any]:
        """Layers, the calls that connect them, inputs and outputs, in Keras's form."""
        layers = []
        for layer in self.layers:
            nodes = [node for node in layer._nodes if node in self.nodes]
            found = serialize(layer)
            calls = [] if not layer.built and not nodes else [self._call_config(n) for n in nodes]
            layers.append(found | {"name": layer.name, "inbound_nodes": calls})
        return {
            "layers": layers,
            "input_layers": self._structure_config(self.inputs),
            "output_layers": self._structure_config(self.outputs),
        }

    def _call_config(self, node: Node) -> dict[str, Any]:
        def written(x: Any) -> Any:
            if not is_symbolic(x):
                return serialize(x)
            config = {"shape": list(x.shape), "dtype": x.dtype.name,
                      "keras_history": self._history(x)}  # fmt: skip
            return {"class_name": "__keras_tensor__", "config": config}

        args = [nest.map_structure(written, x) for x in node.args]
        return {"args": args, "kwargs": nest.map_structure(written, node.kwargs)}

    def _history(self, x: KerasTensor) -> list:
        """Where a KerasTensor is from: the layer's name, which of its calls, which result."""
        node = x.node
        if node is None or (node not in self.nodes and node.inputs):
            raise InvalidArgumentError(
                message("get_config", f"KerasTensor {x.name}", "it begins inside of another model",
                        "a configuration begins at inputs", "begin the model at keras.Input(…)")
            )  # fmt: skip
        among = [other for other in node.layer._nodes if other in self.nodes or not other.inputs]
        return [node.layer.name, among.index(node), x.index]

    def _structure_config(self, structure: Any) -> Any:
        found = nest.map_structure(self._history_tuple, structure)
        return _listed(found)

    def _history_tuple(self, x: KerasTensor) -> _History:
        name, call, index = self._history(x)
        return _History([name, call + x.node.layer._config_calls_from, index])  # type: ignore[union-attr]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LayerGraph:
        """The graph that a configuration describes, with new layers."""
        return _Reader(config).read()


class _History:
    """A leaf for `nest`: a list stands for one KerasTensor here."""

    def __init__(self, parts: list):
        self.parts = parts


def _listed(found: Any) -> Any:
    if isinstance(found, _History):
        return found.parts
    if isinstance(found, Mapping):
        return {key: _listed(x) for key, x in found.items()}
    return [_listed(x) for x in found]


class _Reader:
    """Makes the layers of a configuration and calls them as it says."""

    def __init__(self, config: dict[str, Any]):
        self.config = config
        self.layers: dict[str, Any] = {}

    def read(self) -> LayerGraph:
        for entry in self.config["layers"]:
            layer = deserialize({k: v for k, v in entry.items() if k != "build_config"})
            self.layers[entry["name"]] = layer
        waiting = [(self.layers[entry["name"]], call) for entry in self.config["layers"]
                   for call in entry["inbound_nodes"]]  # fmt: skip
        while waiting:
            later: list[tuple[Any, dict]] = []
            for layer, call in waiting:  # the calls of one layer in their order
                if any(layer is other for other, _ in later) or not self._call(layer, call):
                    later.append((layer, call))
            if len(later) == len(waiting):
                raise InvalidArgumentError(
                    message("from_config", f"layer {later[0][0].name!r}",
                            "it is called on something that no layer gives",
                            "the calls of a model lead from inputs to outputs",
                            "compare `inbound_nodes` with the names of the layers")
                )  # fmt: skip
            waiting = later
        inputs, outputs = (self._structure(self.config[f"{k}_layers"]) for k in ("input", "output"))
        return LayerGraph(inputs, outputs)

    def _call(self, layer: Any, call: dict) -> bool:
        """Call a layer if all its inputs are there."""
        try:
            args, kwargs = self._filled(call["args"]), self._filled(call["kwargs"])
        except LookupError:
            return False
        layer(*args, **{k: v for k, v in kwargs.items() if v is not None})
        return True

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            return self._place(value["config"]["keras_history"])
        if isinstance(value, dict) and "class_name" not in value:
            return {key: self._filled(x) for key, x in value.items()}
        if isinstance(value, list):
            return [self._filled(x) for x in value]
        return deserialize(value)

    def _place(self, history: Any) -> KerasTensor:
        name, call, index = history
        return nest.flatten(self.layers[name]._nodes[call].outputs)[index]

    def _structure(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._structure(x) for key, x in value.items()}
        if value and isinstance(value[0], str):
            name, call, index = value
            return self._place([name, call - self.layers[name]._config_calls_from, index])
        return [self._structure(x) for x in value]


def _between(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[Node]:
    """The nodes that the outputs need, each after those it needs: the deepest first.

    Those of the inputs themselves are among them.
    """
    ends = {id(x) for x in inputs}
    order: list[Node] = []
    seen: set[int] = set()
    waiting = [(x, False) for x in reversed(outputs)]
    while waiting:
        x, done = waiting.pop()
        node = x.node
        if done and node is not None:
            order.append(node)
        elif id(x) not in ends and (node is None or not node.inputs):
            raise _not_connected(x)
        elif node is not None and id(node) not in seen and (id(x) not in ends or not node.inputs):
            seen.add(id(node))
            waiting.append((x, True))
            waiting += [(y, False) for y in reversed(node.inputs)]
    depth = dict.fromkeys(map(id, order), 0)
    for node in reversed(order):
        for x in node.inputs:
            maker = x.node
            if maker is not None and (id(x) not in ends or not maker.inputs):
                depth[id(maker)] = max(depth[id(maker)], depth[id(node)] + 1)
    return sorted(order, key=lambda node: -depth[id(node)])


def _filled(value: Any, env: dict[int, Any]) -> Any:
    """What stands in the places of KerasTensors."""
    if is_symbolic(value):
        return env[id(value)]
    if isinstance(value, (list, tuple, dict)):
        return nest.map_structure(lambda x: env[id(x)] if is_symbolic(x) else x, value)
    return value


def _fitted(x: Any, place: KerasTensor) -> Any:
    """A tensor of the input's dtype; a missing last axis of size 1 is added."""
    if x.dtype != place.dtype and x.dtype.name != "string":
        x = cast(x, place.dtype)
    if place.shape.rank == len(x.shape) + 1 and place.shape[-1] == 1:
        x = expand_dims(x, -1)
    return x


def _no_place(what: str, x: Any) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("Model", f"{what}={x!r}", f"All `{what}` values must be KerasTensors. Received: "
                f"{what}={x} including invalid value {x} of type {type(x)}",
                "a functional model is drawn up from keras.Input(…)",
                "call the layers on keras.Input(…) and pass what they give")
    )  # fmt: skip


def _not_connected(x: KerasTensor) -> InvalidArgumentError:
    return InvalidArgumentError(
        message("Model", f"an output that needs {x!r}",
                f"Output is not connected to `inputs`: {x.name} is not among them",
                "every way back from an output ends at an input of the model",
                f"add {x.name} to the inputs, or begin at another KerasTensor")
    )  # fmt: skip

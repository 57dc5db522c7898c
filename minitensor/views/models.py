"""Models of layers: traced once for the shapes that they take, each layer a scope."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from minitensor import nest
from minitensor.autograph.experimental import converting
from minitensor.errors import InvalidArgumentError, OpError, message
from minitensor.graph.ir import Graph, Node, learners_frame, line_of
from minitensor.graph.trace import trace
from minitensor.keras.calling import signature_of
from minitensor.keras.layer import Layer
from minitensor.keras.symbolic import placeholders
from minitensor.tensor import Tensor
from minitensor.views.drawing import NOT_LEARNERS, source_of
from minitensor.views.records import SourceView
from minitensor.views.traced import TracedDrawing

_KINDS = ("int32", "int64", "string")
"""Dtypes that are tried when a model of one's own does not take numbers with a fraction."""


class ModelDrawing(TracedDrawing):
    """Draws the trace of a model: its operations know their layer, and the line that made it."""

    def __init__(self, model: Any, graph: Graph, names: dict[int, str], scope: str = "",
                 prefix: str = "", given: dict[Any, str] | None = None):  # fmt: skip
        self.model, self.scope = model, scope
        frame = learners_frame(sys._getframe(1), NOT_LEARNERS)
        self.here = frame.f_code, frame.f_lasti
        super().__init__(graph, names, prefix, given)

    def inside(self, node: Node, graph: Graph, prefix: str, given: dict[Any, str]) -> ModelDrawing:
        """The drawing of a graph inside of an op."""
        return ModelDrawing(self.model, graph, self.names, self._scope(node), prefix, given)

    def source(self, node: Node) -> SourceView | None:
        """The learner's line in a `call` of hers; else the line where she made the layer."""
        origin = node.origin
        if origin is not None:
            _, code, offset = origin
            if not code.co_filename.startswith(NOT_LEARNERS) and (code, offset) != self.here:
                return super().source(node)
        made = next((x._made_at for x in reversed(self._around(node)) if x._made_at), None)
        return None if made is None else source_of(line_of(*made))

    def attributes(self, node: Node) -> dict[str, str]:
        """The op's own, and its layer with the number of its parameters."""
        around = self._around(node)
        if not around:
            return super().attributes(node)
        layer = around[-1]
        count = parameters_of(layer)
        told = f"{type(layer).__name__} {layer.name}, {count:,} parameters"
        return {**super().attributes(node), "layer": told}

    def _scope(self, node: Node) -> str:
        return "/".join(part for part in (self.scope, node.scope) if part)

    def _around(self, node: Node) -> list[Any]:
        """The layers that an op is inside of, without the model, outermost first."""
        found: list[Any] = []
        layer = self.model
        for part in self._scope(node).split("/"):
            names = {part, re.sub(r"_[0-9]+$", "", part)}
            inner = [x for x in layer._layers if _scope_name(x.name) in names]
            inner.sort(key=lambda x: _scope_name(x.name) != part)
            if inner:
                layer = inner[0]
                found.append(layer)
        return found


def _scope_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.>-]", "_", name)


def model_drawing(model: Layer, names: dict[int, str]) -> ModelDrawing:
    """The drawing of a model's trace.

    Raises:
        InvalidArgumentError: (also a ValueError) for a model that was not built.
    """
    return ModelDrawing(model, _traced(model), names)


def parameters_of(layer: Any) -> int:
    """How many numbers the weights of a layer hold."""
    return sum(weight.shape.num_elements() or 0 for weight in layer.weights)


def note_of(model: Layer, operations: int) -> str:
    """What stands under the title of a model."""
    own = getattr(model, "layers", [])
    layers = f"{len(own)} layer{'' if len(own) == 1 else 's'}, " if own else ""
    return (
        f"{operations} operation{'' if operations == 1 else 's'} of a model as it predicts: "
        f"{layers}{parameters_of(model):,} parameters"
    )


def _traced(model: Any) -> Graph:
    graph = getattr(model, "_graph", None)
    if graph is not None:
        return _trace(model, [graph.inputs])
    if not model.built or not model._built_for:
        raise InvalidArgumentError(
            message("graph_view", f"the model {model.name!r}", "it is not built, so it has no "
                    "operations yet", "a model is traced for the shapes that it was built for",
                    f"call {model.name} once on data, or begin it with keras.Input(shape)")
        )  # fmt: skip
    failure: Exception | None = None
    known = [model._built_of] if len(model._built_of) == len(model._built_for) else []
    guesses = [[dtype] * len(model._built_for) for dtype in (model.compute_dtype, *_KINDS)]
    for dtypes in known or guesses:
        for shapes in (tuple(map(_of_any_size, model._built_for)), model._built_for):
            try:
                return _trace(model, list(map(placeholders, shapes, dtypes)))
            except (OpError, TypeError, ValueError) as error:
                failure = failure or error
    assert failure is not None
    raise failure


def _of_any_size(shape: Any) -> Any:
    """A shape, or a structure of them, with a batch of any size."""
    if isinstance(shape, dict):
        return {key: _of_any_size(one) for key, one in shape.items()}
    if isinstance(shape, list):
        return [_of_any_size(one) for one in shape]
    return (None, *tuple(shape)[1:])


def _trace(model: Any, arguments: list) -> Graph:
    """The graph of a model; its name is no scope, since everything would stand in it."""
    places = nest.flatten(arguments)

    def run(*symbols: Any) -> list:
        given = nest.pack_sequence_as(arguments, list(symbols))
        with converting(True):
            found = model(*given)
        return [x for x in nest.flatten(found) if isinstance(x, Tensor)]

    specs = [x.spec for x in places]
    name = type(model).__name__
    title = model.name if name == "Functional" else f"{name} {model.name}"
    graph = trace(run, specs, title, list(_labels(model, arguments)))
    outer = graph.nodes[0].scope.split("/")[0] if graph.nodes else ""
    nodes = [node._replace(scope=_without(node.scope, outer)) for node in graph.nodes]
    if all(node.scope.split("/")[0] == outer for node in graph.nodes):
        graph = graph.replaced(nodes=nodes)
    return graph


def _without(scope: str, outer: str) -> str:
    return scope.removeprefix(outer).removeprefix("/")


def _labels(model: Any, arguments: list) -> Iterator[str]:
    """What the learner calls the inputs: as she named them, else as `call` does."""
    names = signature_of(type(model)).names
    for i, argument in enumerate(arguments):
        own = names[i] if i < len(names) else "inputs"
        leaves = nest.flatten(argument)
        keys = list(argument) if isinstance(argument, Mapping) else []
        for k, x in enumerate(leaves):
            if not x.name.startswith("keras_tensor"):
                yield x.name
            elif len(keys) == len(leaves):
                yield str(keys[k])
            else:
                yield own if len(leaves) == 1 else f"{own}_{k}"

"""The layers of a model, and which operations of a tape's record belong to each.

Keras layers run in name scopes, so an operation tells its layer by its scope. Elsewhere an
operation belongs to the variables that were read last on the way to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minitensor.backend import to_numpy
from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.graph.ir import Node, SourceLine, is_variable, line_of, source_line
from minitensor.module import Module
from minitensor.ops.state import read_variable
from minitensor.targets import whole

__all__ = ["Part", "name_of", "parts_of"]

ACTIVATIONS = ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign",
               "sigmoid", "tanh", "softmax", "log_softmax")  # fmt: skip
"""Operations that layers end with, by their names."""
_SCALING = ("multiply", "divide")
"""What makes an activation a part of another one: of mish, of a gate."""


@dataclass
class Part:
    """A layer: its trainable variables, and its operations on a tape."""

    name: str
    kind: str
    variables: list[Any]
    line: SourceLine | None = None
    layer: Any = None
    inside: Part | None = None
    nodes: list[Node] = field(default_factory=list)
    output: Node | None = None
    """The operation whose result the layer gives."""

    @property
    def is_layer(self) -> bool:
        """Whether it has variables, or computes by itself: a model of other layers does neither."""
        return self.layer is None or bool(self.variables) or not self.layer._layers

    @property
    def activations(self) -> list[Node]:
        """The activations that it ends with; those that are a part of another one are none."""
        whole = [n for n in self.nodes if _is_activation(n) or n.op.name in _SCALING]
        inside = {id(x) for node in whole for x in node.inputs}
        return [n for n in self.nodes if _is_activation(n) and id(n.outputs[0]) not in inside]

    def line_at(self, node: Node) -> SourceLine | None:
        """The learner's line of an operation: of her own code, else where she made the layer."""
        origin = node.origin
        if self.layer is not None and self.line is not None and not _is_own_code(self, origin):
            return self.line
        return source_line(origin)


def parts_of(model: Any, nodes: Sequence[Node]) -> list[Part]:
    """The layers of a model in the order in which they ran; those that did not run come last.

    Raises:
        InvalidArgumentError: (also a ValueError) for what has no variables to look at.
    """
    if hasattr(model, "_flatten_layers"):
        parts = list(_layers(model, "", None, True, set()))
        _by_scopes(model, parts, nodes)
        parts = _merged(parts)
        _number_names(parts)
    else:
        parts = _by_readings(_owners(model), nodes)
    order = {id(node): i for i, node in enumerate(nodes)}
    return sorted(parts, key=lambda x: order[id(x.nodes[0])] if x.nodes else len(order))


def name_of(variable: Any) -> str:
    """What a variable is called."""
    path = getattr(variable, "path", None)
    return path if isinstance(path, str) else variable.name.removesuffix(":0")


# Keras layers.


def _layers(
    layer: Any, prefix: str, inside: Part | None, trained: bool, seen: set[int]
) -> Iterator[Part]:
    """A layer and those inside of it, outermost first; a model is called by its name."""
    seen.add(id(layer))
    trained = trained and layer.trainable
    own = [w for w in layer._own_weights() if w.trainable and trained and _has_fractions(w)]
    made = None if layer._made_at is None else line_of(*layer._made_at)
    part = Part(prefix or layer.name, type(layer).__name__, own, made, layer, inside)
    yield part
    for x in layer._layers:
        if id(x) not in seen:
            name = f"{prefix}/{x.name}" if prefix else x.name
            yield from _layers(x, name, part, trained, seen)


def _by_scopes(model: Any, parts: list[Part], nodes: Sequence[Node]) -> None:
    by_layer = {id(part.layer): part for part in parts}
    whose = {id(whole(v)): part for part in parts for v in part.variables}
    known: dict[str, Part | None] = {}
    read: Part | None = None
    for node in nodes:
        if node.op is read_variable:
            read = whose.get(id(node.inputs[0]))
            continue
        if node.scope not in known:
            layer = _innermost(model, node.scope)
            known[node.scope] = None if layer is None else by_layer[id(layer)]
        part = known[node.scope]
        if part is not None and read is not None and _is_called_as(read, part):
            part = read  # layers of one name have one scope
        if part is not None:
            part.nodes.append(node)
    for part in parts:
        part.output = _output(part, nodes)


def _is_called_as(part: Part, other: Part) -> bool:
    return part.inside is other.inside and part.layer.name == other.layer.name


def _output(part: Part, nodes: Sequence[Node]) -> Node | None:
    """The operation that gives the result: an activation, else the last that others read."""
    if not part.nodes or _is_activation(part.nodes[-1]):
        return part.nodes[-1] if part.nodes else None
    own = {id(node) for node in part.nodes}
    read = {id(x) for node in nodes if id(node) not in own for x in node.inputs}
    used = [n for n in part.nodes if any(id(x) in read for x in n.outputs)]
    return used[-1] if used else part.nodes[-1]


def _innermost(model: Any, scope: str) -> Any:
    """The layer that a scope such as `model/block/dense` stands for."""
    layer: Any = None
    for name in scope.split("/"):
        if layer is None and name == _scope_name(model.name):
            layer = model
            continue
        inner = [x for x in (layer or model)._layers if _scope_name(x.name) == name]
        layer = inner[0] if inner else layer
    return layer


def _scope_name(name: str) -> str:
    """What a name scope is called that a layer of this name opens."""
    return re.sub(r"[^A-Za-z0-9_.>-]", "_", name)


def _merged(parts: list[Part]) -> list[Part]:
    """The same, with cells that ran as one with their layer as a part of it."""
    found = []
    for part in parts:
        host = part.inside
        if part.variables and not part.nodes and host and host.inside and host.nodes:
            host.variables += part.variables
        else:
            found.append(part)
    return found


# Modules, and variables without any.


def _owners(model: Any) -> list[tuple[str, str, Any]]:
    """Variables with the names and kinds of what they belong to, in the order of attributes."""
    if isinstance(model, Module):
        variables = list(filter(_has_fractions, model.trainable_variables))
        owned = {id(v): (path, type(owner).__name__) for path, owner in _modules(model, "", set())
                 for v in vars(owner).values() if is_variable(v)}  # fmt: skip
        whose = (model.name, type(model).__name__)
        return [(*owned.get(id(v), whose), v) for v in variables]
    found = list(model.values()) if isinstance(model, Mapping) else model
    if not isinstance(found, (list, tuple)) or not found or not all(map(_is_alone, found)):
        raise InvalidArgumentError(
            message("health", shorten(model), "it is no model: it has no layers and no variables",
                    "a model is a keras.Model, a mt.Module, or a list of variables",
                    "write mt.summary.health([w, b], tape)")
        )  # fmt: skip
    learning = list(filter(_has_fractions, found))
    if not learning:
        raise InvalidArgumentError(
            message("health", f"variables of dtype {', '.join(v.dtype.name for v in found)}",
                    "none of them has a gradient", "what is trained are numbers with a fraction",
                    "make them of a float dtype, as in mt.Variable(1.0)")
        )  # fmt: skip
    return [("", "Variable", v) for v in learning]


def _is_alone(value: Any) -> bool:
    """Whether a value is a variable; layers can be trained, too."""
    return is_variable(value) and hasattr(value, "assign")


def _has_fractions(variable: Any) -> bool:
    return variable.dtype.is_differentiable


def _modules(module: Module, path: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
    """The modules inside of one, with the attributes that lead there: `blocks/0`."""
    seen.add(id(module))
    yield path or module.name, module
    for name, value in vars(module).items():
        many = isinstance(value, (list, tuple))
        for i, x in enumerate(value if many else [value]):
            if isinstance(x, Module) and id(x) not in seen:
                here = f"{name}/{i}" if many else name
                yield from _modules(x, f"{path}/{here}" if path else here, seen)


def _by_readings(owners: list[tuple[str, str, Any]], nodes: Sequence[Node]) -> list[Part]:
    """One part for each owner of variables, or, of several matrices, for each with what follows."""
    place = {id(whole(v)): i for i, (_, _, v) in enumerate(owners)}
    read = dict.fromkeys(place[id(n.inputs[0])] for n in nodes
                         if n.op is read_variable and id(n.inputs[0]) in place)  # fmt: skip
    groups: list[list[int]] = []
    for i in [*read, *(i for i in range(len(owners)) if i not in read)]:
        alone = not groups or owners[groups[-1][0]][:2] != owners[i][:2]
        matrix = len(owners[i][2].shape) > 1
        if alone or (matrix and any(len(owners[k][2].shape) > 1 for k in groups[-1])):
            groups.append([])
        groups[-1].append(i)
    whose = [owners[group[0]][0] for group in groups]
    parts = []
    for group, owner in zip(groups, whose, strict=True):
        first = owners[group[0]]
        single = owner and whose.count(owner) == 1
        parts.append(Part(owner if single else name_of(first[2]), first[1],
                          [owners[i][2] for i in group]))  # fmt: skip
    _number_names(parts)
    _follow(parts, nodes)
    return parts


def _number_names(parts: list[Part]) -> None:
    """Names that several have get numbers, which make no name that another one has."""
    taken = {part.name for part in parts}
    seen: set[str] = set()
    for part in parts:
        name, count = part.name, 0
        while part.name in seen or (count and part.name in taken):
            count += 1
            part.name = f"{name}_{count}"
        seen.add(part.name)


def _follow(parts: list[Part], nodes: Sequence[Node]) -> None:
    """Give each node to the part whose variables were read last on the way to it.

    A part ends with its last activation, or, without one, with the last operation that joins its
    variables and data; what follows, such as a loss, belongs to no part.
    """
    part_of = {id(whole(v)): i for i, part in enumerate(parts) for v in part.variables}
    weights: set[int] = set()
    """The values that were computed from variables alone."""
    for node in nodes:
        places = [part_of[id(x)] for x in node.inputs if id(x) in part_of]
        if not places:
            continue
        place = max(places)
        outs = [id(x) for x in node.outputs]
        part_of |= dict.fromkeys(outs, place)
        if node.op is read_variable or all(id(x) in weights or x.ndim == 0 for x in node.inputs):
            weights |= set(outs)
            continue
        part = parts[place]
        part.nodes.append(node)
        joins = any(id(x) in weights and part_of[id(x)] == place for x in node.inputs)
        if joins or _is_activation(node):
            part.output = node
    for part in parts:
        end = part.nodes.index(part.output) + 1 if part.output is not None else 0
        part.nodes = part.nodes[:end]


def _is_activation(node: Node) -> bool:
    """Whether an operation is a function that layers end with; `maximum` with 0 is one."""
    if node.op.name != "maximum":
        return node.op.name in ACTIVATIONS
    return any(x.ndim == 0 and not to_numpy(x._array) for x in node.inputs)


def _is_own_code(part: Part, origin: tuple | None) -> bool:
    """Whether an operation ran in code of the learner's inside of a layer, such as her `call`."""
    if origin is None:
        return False
    own = not type(part.layer).__module__.startswith("minitensor.")
    if own or hasattr(part.layer, "function"):
        return True
    first = part.nodes[0].origin if part.nodes else None
    return first is not None and origin[1:] != first[1:]

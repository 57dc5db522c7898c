"""Where the variables of a model stand in a file: Keras 3's names.

A file has a place for each layer, `layers/lstm`, and for what it is made of, `layers/lstm/cell`.
Its own variables are numbered there: `layers/dense/vars/0`. Layers in lists are named after their
classes, and not by their own names, which count up while a program runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from minitensor.keras.layer import Layer
from minitensor.keras.metrics import Metric
from minitensor.keras.model import Functional, Model
from minitensor.keras.naming import snake_case
from minitensor.keras.optimizers import Optimizer
from minitensor.keras.sequential import Sequential
from minitensor.variable import Variable

__all__ = ["Place", "key_of", "places"]


class Place(NamedTuple):
    """A layer, an optimiser or a metric, and where it stands."""

    path: str
    owner: Any
    variables: list[Variable]


def key_of(path: str, number: int) -> str:
    """The name of a variable in a file.

    Example:
        >>> key_of("layers/dense", 0), key_of("", 1)
        ('layers/dense/vars/0', 'vars/1')
    """
    return "/".join(filter(None, [path, "vars", str(number)]))


def places(model: Model, optimizer: bool = True) -> list[Place]:
    """All places of a model, each object once; with its optimiser or without."""
    found: list[Place] = []
    _visit(model, "", found, set() if optimizer else {id(getattr(model, "optimizer", None))})
    return found


def _visit(owner: Any, path: str, found: list[Place], seen: set[int]) -> None:
    if id(owner) in seen:
        return
    seen.add(id(owner))
    own = owner._own_weights() if isinstance(owner, Layer) else list(owner.variables)
    found.append(Place(path, owner, own))
    for name, value in () if isinstance(owner, Optimizer) else _parts(owner):
        _enter(value, f"{path}/{name}".lstrip("/"), found, seen)


def _enter(value: Any, path: str, found: list[Place], seen: set[int]) -> None:
    if isinstance(value, (Layer, Metric, Optimizer)):
        _visit(value, path, found, seen)
    elif isinstance(value, (list, tuple, Mapping)) and id(value) not in seen:
        seen.add(id(value))
        counts: Counter[str] = Counter()
        for item in value.values() if isinstance(value, Mapping) else value:
            known = isinstance(item, (Layer, Metric, Optimizer))
            kind = snake_case(type(item).__name__) if known else "container"
            if known or isinstance(item, (list, tuple, Mapping)):
                name = f"{kind}_{counts[kind]}" if counts[kind] else kind
                counts[kind] += 1
                _enter(item, f"{path}/{name}", found, seen)


def _parts(owner: Any) -> Iterator[tuple[str, Any]]:
    """What it is made of: attributes by their names, private ones last.

    The layers of a model stand under `layers`: at the beginning if they are all that it is made of,
    else in their place among the attributes.
    """
    if isinstance(owner, (Functional, Sequential)):
        yield "layers", owner.layers
    ignored = _ignored(isinstance(owner, Model))
    named = [(_public(owner, name, x), x) for name, x in vars(owner).items()
             if name not in ignored]  # fmt: skip
    if isinstance(owner, Model):
        named += [("layers", owner.layers), ("optimizer", getattr(owner, "optimizer", None))]
    yield from sorted(named, key=lambda pair: (pair[0].startswith("_"), pair[0]))


@cache
def _ignored(model: bool) -> set[str]:
    """Attributes that every layer or model has: they hold nothing that is its own."""
    made = Model(name="model") if model else Layer(name="layer")
    return {*dir(made), *vars(made), *made._TF_MODULE_IGNORED_PROPERTIES, "_in_order", "_parts"}


def _public(owner: Any, name: str, value: Any) -> str:
    """The name without `_`, where a property gives the same thing under it."""
    public = name.lstrip("_")
    if isinstance(getattr(type(owner), public, None), property) and name != public:
        return public if getattr(owner, public) is value else name
    return name

"""`Module`: an object that knows the variables it is made of.

Variables are found by looking: in attributes, in lists and dicts, and in modules inside of these.
Nothing has to be registered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message
from minitensor.scopes import name_scope
from minitensor.variable import Variable

__all__ = ["Module", "Trackable"]


class Trackable:
    """What a checkpoint looks into: its attributes.

    An object may be restored before all of its parts exist. What the checkpoint holds for the
    missing ones waits here, and each gets its value when it becomes an attribute.
    """

    _waiting: Any = None
    _TF_MODULE_IGNORED_PROPERTIES: frozenset[str] = frozenset({"_waiting", "_given"})
    """Attributes that nobody looks into; `_given` are the arguments of a Keras object."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if self._waiting is not None:
            self._waiting.look(name)


class Module(Trackable):
    """The base of everything that has variables: subclass it, and put variables into attributes.

    Example:
        >>> import minitensor as mt
        >>> class Line(mt.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.w, self.b = mt.Variable(2.0, name="w"), mt.Variable(1.0, name="b")
        ...     def __call__(self, x):
        ...         return self.w * x + self.b
        >>> line = Line()
        >>> line(3.0).numpy(), [v.name for v in line.trainable_variables]
        (np.float32(7.0), ['b:0', 'w:0'])
    """

    def __new__(cls, *_: Any, **__: Any) -> Any:  # noqa: D102 - works without super().__init__()
        module = super().__new__(cls)
        module._name = _snake_case(cls.__name__)
        module._scope = f"{module._name}/"
        return module

    def __init__(self, name: str | None = None):
        name = _snake_case(type(self).__name__) if name is None else name
        if not isinstance(name, str) or not name.isidentifier():
            raise InvalidArgumentError(
                message("Module", f"name={name!r}", f"{name!r} is not a valid module name",
                        "Module names must be valid Python identifiers (e.g. a valid class name)",
                        "use letters, digits and '_', for example name='layer_1'")
            )  # fmt: skip
        self._name = name
        with name_scope(name) as scope:
            self._scope = scope

    @property
    def name(self) -> str:
        """The name: that of the class, `my_layer` for `MyLayer`, unless another was given."""
        return self._name

    @property
    def name_scope(self) -> name_scope:
        """A scope of that name: `with self.name_scope:` makes names begin with it."""
        return name_scope(self._scope)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables and those of its submodules, by the names of the attributes."""
        return tuple(self._flatten(lambda x: isinstance(x, Variable)))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those of its variables that tapes watch."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """Those of its variables that tapes do not watch."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """The modules inside of it, and inside of these."""
        return tuple(self._flatten(lambda x: isinstance(x, Module)))

    @classmethod
    def with_name_scope(cls, method: Callable) -> Callable:
        """Run a method in the module's name scope. For use as a decorator."""

        @wraps(method)
        def scoped(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped

    def _flatten(self, wanted: Callable[[Any], bool]) -> Iterator:
        """What is wanted, each thing once: first its own, then that of the modules inside."""
        seen = {id(self)}
        level: list[Module] = [self]
        while level:
            inside: list[Module] = []
            for leaf in (leaf for module in level for leaf in module._leaves()):
                if id(leaf) in seen:
                    continue
                seen.add(id(leaf))
                if wanted(leaf):
                    yield leaf
                if isinstance(leaf, Module):
                    inside.append(leaf)
            level = inside

    def _leaves(self) -> Iterator:
        """What its attributes hold, in the order of their names."""
        for name, value in sorted(vars(self).items()):
            if name not in self._TF_MODULE_IGNORED_PROPERTIES:
                yield from _leaves(value)


def _leaves(value: Any) -> Iterator:
    if isinstance(value, Mapping):
        for key in _in_order(value):
            yield from _leaves(value[key])
    elif isinstance(value, (list, tuple)) and nest.is_nested(value):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _in_order(mapping: Mapping) -> list:
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def _snake_case(name: str) -> str:
    """`MyThingHTTPNet` → `my_thing_http_net`."""
    return re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name).lower()

"""Configurations: what objects were made with, as plain data, and objects made from that again.

A layer, an initialiser, a loss: each remembers the arguments of its constructor. `get_config` gives
them, `from_config` makes an equal object; `serialize` adds the class, so that a whole model becomes
JSON. Reading JSON never imports or runs anything: classes are looked up among Keras's own and among
those that were registered.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minitensor.dtypes import DType
from minitensor.errors import InvalidArgumentError, message, shorten, suggest
from minitensor.keras.constructing import explaining
from minitensor.keras.naming import snake_case
from minitensor.shapes import TensorShape
from minitensor.tensor import Operand

__all__ = [
    "Configurable",
    "Names",
    "custom_object_scope",
    "deserialize",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize",
]


class Given(NamedTuple):
    """The arguments that an object was made with."""

    arguments: dict[str, Any]


class Configurable:
    """The base of everything that can be written as a configuration.

    The arguments of the constructor are kept as they were given, and with their defaults, so a
    subclass has a configuration without doing anything. What changes later, or cannot be written as
    plain data, is for an own `get_config` and `from_config`.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.Dense(3, activation="relu", name="hidden")
        >>> again = mt.keras.layers.Dense.from_config(layer.get_config())
        >>> again.units, again.name
        (3, 'hidden')
    """

    _given: Given
    _always_shown: tuple[str, ...] = ()
    """Arguments that its repr shows even if they are the defaults."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """An object that remembers its arguments."""
        made = super().__new__(cls)
        made._given = Given(_bound(cls, args, kwargs))
        return made

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if kind_of(cls) and "__init__" in vars(cls):
            cls.__init__ = explaining(cls.__init__)
        if cls.__module__.startswith("minitensor.keras") and not cls.__name__.startswith("_"):
            BUILT_IN[kind_of(cls), cls.__name__] = cls

    def get_config(self) -> dict[str, Any]:
        """What it was made with, as plain data that JSON can hold.

        Raises:
            InvalidArgumentError: (also a ValueError) for an argument that is neither data nor an
                object with a configuration of its own.
        """
        config = {}
        for name, value in self._given.arguments.items():
            try:
                config[name] = serialize(value)
            except InvalidArgumentError as error:
                raise InvalidArgumentError(
                    message(f"{type(self).__name__}.get_config", f"{name}={shorten(value)}",
                            str(error), "a configuration is plain data",
                            "define `get_config` and `from_config` in the class")
                ) from None  # fmt: skip
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object made with what a configuration says."""
        return cls(**{name: deserialize(value) for name, value in config.items()})

    def _shown(self) -> dict[str, Any]:
        """The arguments that its repr may show, with their values of now."""
        return self._given.arguments

    def __repr__(self) -> str:
        parameters = _signature(type(self)).parameters
        shown = []
        for name, value in self._shown().items():
            usual = parameters[name].default if name in parameters else None
            if name in self._always_shown or not _same(value, usual):
                shown.append(f"{name}={shorten(value, 40)}")
        return f"<{' '.join([type(self).__name__, ', '.join(shown)]).rstrip()}>"


def _same(value: Any, usual: Any) -> bool:
    """Whether an argument is its default; arrays and the like never are."""
    plain = (bool, float, int, str, tuple, list)
    return value is usual or (isinstance(value, plain) and bool(value == usual))


BUILT_IN: dict[tuple[str, str], Any] = {}
"""Keras's own classes by kind and name: ("losses", "Hinge")."""
_REGISTERED: dict[str, Any] = {}


class _Custom(threading.local):
    """What `custom_object_scope` adds, in this thread."""

    objects: Mapping[str, Any] = {}


_custom = _Custom()


def kind_of(cls: Any) -> str:
    """The namespace of a class of ours: "layers" for `minitensor.keras.layers.core.Dense`."""
    parts = cls.__module__.split(".")
    ours = parts[:2] == ["minitensor", "keras"] and len(parts) > 2
    return parts[2] if ours and parts[2] in KINDS else ""


def _module_of(cls: Any) -> str:
    """Where Keras has the class, so that it can read what is written here."""
    if not cls.__module__.startswith("minitensor."):
        return cls.__module__
    if cls.__name__ == "Functional":
        return "keras.src.models.functional"
    if cls.__module__.endswith(".schedules"):
        return "keras.optimizers.schedules"
    return f"keras.{kind_of(cls)}".rstrip(".")


KINDS = ("layers", "initializers", "regularizers", "constraints", "activations", "optimizers",
         "losses", "metrics", "callbacks")  # fmt: skip


@lru_cache(maxsize=512)
def _signature(cls: type) -> inspect.Signature:
    return inspect.signature(cls.__init__)


def _bound(cls: type, args: tuple, kwargs: dict) -> dict[str, Any]:
    """The arguments by name, defaults included; further keywords stand among them."""
    signature = _signature(cls)
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        return dict(kwargs)  # __init__ will say what is wrong
    bound.apply_defaults()
    arguments = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            arguments |= value
        elif kind is not inspect.Parameter.VAR_POSITIONAL or value:
            arguments[name] = value
    return arguments


def serialize(value: Any) -> Any:
    """A value as plain data that JSON can hold; `deserialize` is the way back.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is neither data, an object with a
            configuration, nor a function with a registered name.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, DType):
        return value.name
    if isinstance(value, (list, TensorShape)):
        return [serialize(item) for item in value]
    if isinstance(value, tuple):
        return {"class_name": "__tuple__", "items": [serialize(item) for item in value]}
    if isinstance(value, Mapping):
        return {str(key): serialize(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, Operand)):
        array = np.asarray(value)
        config = {"value": array.tolist(), "dtype": str(array.dtype)}
        return {"class_name": "__numpy__", "config": config}
    return _serialize_object(value)


def _serialize_object(value: Any) -> Any:
    registered = get_registered_name(value)
    if isinstance(value, Configurable) or hasattr(value, "get_config"):
        cls = type(value)
        ours = cls.__module__.startswith("minitensor.")
        found = {
            "module": _module_of(cls),
            "class_name": cls.__name__,
            "config": value.get_config(),
            "registered_name": None if ours else get_registered_name(cls) or cls.__name__,
        }
        build = getattr(value, "get_build_config", lambda: None)()
        return found | ({"build_config": build} if build else {})
    if registered is not None:
        return {"module": "builtins", "class_name": "function", "config": value.__name__,
                "registered_name": registered}  # fmt: skip
    name = getattr(value, "__name__", None) or getattr(value, "name", None)
    if callable(value) and name and getattr(value, "__module__", "").startswith("minitensor."):
        return name
    raise InvalidArgumentError(
        message("serialize", shorten(value), f"a {type(value).__name__} is not plain data",
                "what is saved is numbers, text, lists, dicts, and objects that know their "
                "configuration", "decorate the class or function with "
                "@keras.saving.register_keras_serializable()")
    )  # fmt: skip


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The value that `serialize` wrote; plain data is returned as it is.

    Raises:
        InvalidArgumentError: (also a ValueError) for a class that is not known, with its name.
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(config)
    if isinstance(config, list):
        return [deserialize(item) for item in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or not {"config", "items"} & set(config):
        return {key: deserialize(item) for key, item in config.items()}
    name, inner = config["class_name"], config.get("config")
    if name == "__tuple__":
        return tuple(deserialize(item) for item in config["items"])
    if name == "__numpy__" and isinstance(inner, dict):
        return np.array(inner["value"], dtype=inner["dtype"])
    if name in ("DTypePolicy", "Policy") and isinstance(inner, dict):
        return inner["name"]
    if name == "function":
        return _found("", str(inner), config.get("registered_name"))
    made = _made(config, str(name), inner)
    if config.get("build_config") and hasattr(made, "build_from_config"):
        made.build_from_config(config["build_config"])
    return made


def _made(config: dict, name: str, inner: Any) -> Any:
    """An object of the class that is named, made with the arguments that are inside."""
    if not (inner is None or isinstance(inner, dict)):
        raise InvalidArgumentError(
            message("deserialize", shorten(config), f"the config of {name} is a "
                    f"{type(inner).__name__}", "a configuration is a dict of arguments",
                    "write what get_config() gives")
        )  # fmt: skip
    cls = _found(str(config.get("module") or ""), name, config.get("registered_name"))
    return cls.from_config(inner or {}) if hasattr(cls, "from_config") else cls(**(inner or {}))


def _found(module: str, name: str, registered: Any) -> Any:
    """A class or function by its name: registered ones first, then Keras's own."""
    for key in (registered, name):
        found = get_registered_object(key) if isinstance(key, str) else None
        if found is not None:
            return found
    kinds = [part for part in module.split(".") if part in KINDS] or ["", *KINDS]
    for kind in kinds:
        if (kind, name) in BUILT_IN:
            return BUILT_IN[kind, name]
    known = [*(n for _, n in BUILT_IN), *_REGISTERED, *_custom.objects]
    raise InvalidArgumentError(
        message("deserialize", f"class {name!r} of module {module!r}",
                f"Could not locate class '{name}'", "classes are looked up among Keras's own and "
                "the registered ones; nothing is imported because a file says so",
                f"{suggest(name, known) if name else 'give a class name'}; a class of your own: "
                f"pass custom_objects={{{name!r}: {name}}}, or decorate it with "
                "@keras.saving.register_keras_serializable()")
    )  # fmt: skip


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable:
    """Let files name a class or function of yours. A decorator.

    Raises:
        InvalidArgumentError: (also a ValueError) for a class without `get_config`.

    Example:
        >>> import minitensor as mt
        >>> @mt.keras.saving.register_keras_serializable(package="mine")
        ... def double(x):
        ...     return 2 * x
        >>> mt.keras.saving.get_registered_name(double)
        'mine>double'
    """

    def register(thing: Any) -> Any:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise InvalidArgumentError(
                message("register_keras_serializable", thing.__name__,
                        "Cannot register a class that does not have a get_config() method",
                        "a file holds the configuration of an object", "define get_config")
            )  # fmt: skip
        _REGISTERED[f"{package}>{name or thing.__name__}"] = thing
        return thing

    return register


def get_registered_name(thing: Any) -> str | None:
    """The name under which a class or function is registered; None where it is not."""
    for known in (_custom.objects, _REGISTERED):
        for name, registered in known.items():
            if registered is thing:
                return name
    return None


def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """What is registered under a name, also without its package; None where nothing is."""
    for known in (custom_objects or {}, _custom.objects, _REGISTERED):
        if name in known:
            return known[name]
    return next((x for key, x in _REGISTERED.items() if key.rpartition(">")[2] == name), None)


def get_custom_objects() -> dict[str, Any]:
    """Everything registered, by name: a dict that can be added to."""
    return _REGISTERED


@contextmanager
def custom_object_scope(objects: Mapping[str, Any]) -> Iterator[None]:
    """Within it, names in configurations may stand for these classes and functions."""
    before = _custom.objects
    _custom.objects = {**before, **objects}
    try:
        yield
    finally:
        _custom.objects = before


class Names:
    """What a string can stand for where an argument takes an object: `activation="relu"`.

    Args:
        kind: what is looked for, as messages call it: "activation".
        known: names and what they stand for; a class is made into an object without arguments.
    """

    def __init__(self, kind: str, known: Mapping[str, Any]):
        self.kind, self.known = kind, dict(known)

    def get(self, identifier: Any) -> Any:
        """The object for a name, a configuration, a class or an object; None for None.

        Raises:
            InvalidArgumentError: (also a ValueError) for anything else, with the nearest name.
        """
        if identifier is None:
            return None
        found = identifier
        if isinstance(found, Mapping):
            found = deserialize(dict(found))
        if isinstance(found, str):
            found = self._named(found)
        if inspect.isclass(found):
            found = found()
        if callable(found) or isinstance(found, Configurable):
            return found
        raise self._unknown(identifier)

    def _named(self, name: str) -> Any:
        custom = get_registered_object(name)
        if custom is not None:
            return custom
        for form in (name, name.lower(), snake_case(name)):
            if form in self.known:
                return self.known[form]
        raise self._unknown(name)

    def _unknown(self, identifier: Any) -> InvalidArgumentError:
        return InvalidArgumentError(
            message(f"{self.kind} {identifier!r}", "",
                    f"Could not interpret {self.kind} identifier: {identifier}",
                    "a name, an object or a configuration of this kind is meant",
                    suggest(str(identifier), self.known))
        )  # fmt: skip
